"""The distribution `poisson`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.poisson")
