"""The distribution `uniform`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.uniform")
