"""The distribution `multivariate_normal`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.multivariate_normal")
