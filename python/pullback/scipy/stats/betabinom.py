"""The distribution `betabinom`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.betabinom")
