"""Linear algebra, with SciPy's names."""

from pullback import _modules

_modules.fill(globals(), "scipy.linalg")
