"""The distribution `gumbel_l`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.gumbel_l")
