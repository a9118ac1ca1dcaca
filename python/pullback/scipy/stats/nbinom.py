"""The distribution `nbinom`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.nbinom")
