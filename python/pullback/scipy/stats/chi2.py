"""The distribution `chi2`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.chi2")
