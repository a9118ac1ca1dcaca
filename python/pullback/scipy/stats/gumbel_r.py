"""The distribution `gumbel_r`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.gumbel_r")
