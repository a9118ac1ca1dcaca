"""Functions of neural networks."""

from pullback import _modules
from pullback.nn import initializers as initializers

_modules.fill(globals(), "nn")
