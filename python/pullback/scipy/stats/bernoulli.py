"""The distribution `bernoulli`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.bernoulli")
