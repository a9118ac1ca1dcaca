"""The distribution `logistic`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.logistic")
