"""Images of many dimensions."""

from pullback import _modules

_modules.fill(globals(), "scipy.ndimage")
