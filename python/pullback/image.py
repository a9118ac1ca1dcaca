"""Images."""

from pullback import _modules

_modules.fill(globals(), "image")
