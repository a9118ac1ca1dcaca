"""Functions of neural networks."""

from pullback import _modules
from pullback.nn import initializers as initializers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pullback._tables.nn import *  # noqa: F403

_modules.fill(globals(), "nn")
