"""The distribution `norm`."""

from pullback import _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pullback._tables.scipy_stats_norm import *  # noqa: F403

_modules.fill(globals(), "scipy.stats.norm")
