"""Linear algebra, with NumPy's names."""

from pullback import _modules

_modules.fill(globals(), "numpy.linalg")
