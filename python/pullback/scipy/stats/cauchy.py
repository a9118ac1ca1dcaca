"""The distribution `cauchy`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.cauchy")
