"""Decompositions of matrices and systems of equations, as programs have them."""

from pullback import _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pullback._tables.lax_linalg import *  # noqa: F403

_modules.fill(globals(), "lax.linalg")
