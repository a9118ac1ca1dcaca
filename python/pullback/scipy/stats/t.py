"""The distribution `t`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.t")
