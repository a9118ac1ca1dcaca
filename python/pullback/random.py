"""Random numbers from explicit keys."""

from pullback import _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pullback._tables.random import *  # noqa: F403

_modules.fill(globals(), "random")
