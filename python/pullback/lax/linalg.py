"""Decompositions of matrices and systems of equations, as programs have them."""

from pullback import _modules

_modules.fill(globals(), "lax.linalg")
