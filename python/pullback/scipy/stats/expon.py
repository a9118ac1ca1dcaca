"""The distribution `expon`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.expon")
