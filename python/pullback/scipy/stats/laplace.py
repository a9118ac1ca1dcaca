"""The distribution `laplace`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.laplace")
