"""Signal processing."""

from pullback import _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pullback._tables.scipy_signal import *  # noqa: F403

_modules.fill(globals(), "scipy.signal")
