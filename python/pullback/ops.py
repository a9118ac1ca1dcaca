"""Sums over segments."""

from pullback import _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pullback._tables.ops import *  # noqa: F403

_modules.fill(globals(), "ops")
