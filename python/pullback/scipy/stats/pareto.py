"""The distribution `pareto`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.pareto")
