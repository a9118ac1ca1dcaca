"""The distribution `binom`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.binom")
