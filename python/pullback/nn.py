"""Functions of neural networks."""

from pullback import _modules

_modules.fill(globals(), "nn")
