"""The distribution `norm`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.norm")
