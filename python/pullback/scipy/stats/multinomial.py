"""The distribution `multinomial`."""

from pullback import _modules

_modules.fill(globals(), "scipy.stats.multinomial")
