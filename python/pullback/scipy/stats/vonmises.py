"""The distribution `vonmises`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.vonmises")
