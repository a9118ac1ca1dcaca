"""The distribution `wrapcauchy`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.wrapcauchy")
