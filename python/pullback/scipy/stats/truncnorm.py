"""The distribution `truncnorm`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.truncnorm")
