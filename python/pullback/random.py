"""Random numbers from explicit keys."""

from pullback import _modules

_modules.fill(globals(), "random")
