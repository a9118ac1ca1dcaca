"""The distribution `beta`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.beta")
