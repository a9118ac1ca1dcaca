"""Signal processing."""

from pullback import _modules

_modules.fill(globals(), "scipy.signal")
