"""Functions of neural networks."""

from pullback import _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pullback._tables.nn import *  # noqa: F403

_modules.fill(globals(), "nn")
