"""The distribution `gennorm`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.gennorm")
