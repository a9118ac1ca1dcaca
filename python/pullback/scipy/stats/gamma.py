"""The distribution `gamma`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.gamma")
