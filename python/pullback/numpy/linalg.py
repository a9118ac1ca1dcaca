"""Linear algebra, with NumPy's names."""

from pullback import _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pullback._tables.numpy_linalg import *  # noqa: F403

_modules.fill(globals(), "numpy.linalg")
