"""The distribution `dirichlet`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.dirichlet")
