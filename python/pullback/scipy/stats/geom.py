"""The distribution `geom`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.geom")
