# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike

def cholesky(x: ArrayLike, *, symmetrize_input: bool = True) -> Array:
    """The lower factor `l` of positive definite matrices `l l*`.
    
    Matrices that are not positive definite give NaN."""

def eigh(x: ArrayLike, *, lower: bool = True, symmetrize_input: bool = True, sort_eigenvalues: bool = True, subset_by_index: Any = None, implementation: Any = None) -> tuple[Array, Array]:
    """The eigenvectors of Hermitian matrices, as columns, and their eigenvalues in rising order.
    
    `lower` says which triangle is read, where the matrices are not symmetrized first."""

def householder_product(a: ArrayLike, taus: ArrayLike) -> Array:
    """The matrices with orthonormal columns that the reflections of a QR decomposition make: the
    vectors below the diagonals of `a`, and their factors."""

def lu(x: ArrayLike) -> tuple[Array, Array, Array]:
    """Lower and upper triangular factors in one matrix, the row that each row was exchanged with, and
    the permutation that the exchanges make.
    
    The lower factor has ones on its diagonal, which are left out."""

def lu_pivots_to_permutation(pivots: ArrayLike, permutation_size: int) -> Array:
    """The permutation that exchanges of rows make."""

def ormqr(a: ArrayLike, taus: ArrayLike, c: ArrayLike, *, left: bool = True, transpose: bool = False) -> Array:
    """The product of `c` with the square matrices that the reflections of a QR decomposition make, or
    their adjoints; from the left or from the right."""

def qr(x: ArrayLike, *, pivoting: bool = False, full_matrices: bool = True, use_magma: Any = None) -> tuple[Array, Array]:
    """Factors `q r` with orthonormal columns and an upper triangle."""

def svd(x: ArrayLike, *, full_matrices: bool = True, compute_uv: bool = True, subset_by_index: Any = None, algorithm: Any = None) -> Any:
    """Factors `u`, `s`, `vh` of each matrix, with singular values in falling order; `s` alone
    without `compute_uv`."""

def symmetric_product(a_matrix: ArrayLike, c_matrix: ArrayLike, *, alpha: float = 1.0, beta: float = 0.0, symmetrize_output: bool = False) -> Array:
    """`alpha a aᵀ + beta c`."""

def triangular_solve(a: ArrayLike, b: ArrayLike, *, left_side: bool = False, lower: bool = False, transpose_a: bool = False, conjugate_a: bool = False, unit_diagonal: bool = False) -> Array:
    """The solution of `a x = b`, or of `x a = b`, for triangular matrices."""

def tridiagonal_solve(dl: ArrayLike, d: ArrayLike, du: ArrayLike, b: ArrayLike, *, perturb_singular: bool = False) -> Array:
    """The solution of systems with three diagonals: the one below, whose first element does not
    count; the middle; and the one above, whose last does not. Rows are exchanged where that is
    more precise."""
