# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike

def block_diag(*arrs: ArrayLike) -> Array:
    """The matrices with the arrays along their diagonal; rows are matrices of one row."""

def cho_factor(a: ArrayLike, lower: bool = False, overwrite_a: Any = None, check_finite: Any = None) -> tuple[Array, bool]:
    """The factor of [`cholesky`], and which of the two it is: what [`cho_solve`] takes."""

def cho_solve(c_and_lower: Any, b: ArrayLike, overwrite_b: Any = None, check_finite: Any = None) -> Array:
    """The solution of `a x = b` with what [`cho_factor`] gave for `a`."""

def cholesky(a: ArrayLike, lower: bool = False, overwrite_a: Any = None, check_finite: Any = None) -> Array:
    """The lower factor `l` of positive definite matrices `l l*`, or the upper one `u` of `u* u`.
    The other triangle is not read."""

def circulant(c: ArrayLike) -> Array:
    """The matrices whose columns are `c`, each rolled on by one."""

def companion(a: ArrayLike) -> Array:
    """The matrices whose characteristic polynomials have the coefficients `a`, from the highest."""

def convolution_matrix(a: ArrayLike, n: int, mode: str = 'full') -> Array:
    """The matrices that convolve rows of `n` elements with `a`; `mode` is that of `convolve`."""

def det(a: ArrayLike, overwrite_a: Any = None, check_finite: Any = None) -> Array:
    """The determinant of each matrix."""

def dft(n: int, scale: str | None = None, *, dtype: DTypeLike | None = None) -> Array:
    """The matrix of the discrete Fourier transform, divided by the root of `n` or by `n` for a
    `scale` of "sqrtn" or "n"."""

def eigh(a: ArrayLike, b: ArrayLike | None = None, lower: bool = True, eigvals_only: bool = False, overwrite_a: Any = None, overwrite_b: Any = None, turbo: Any = None, eigvals: int | Sequence[int] | None = None, type: int = 1, check_finite: Any = None) -> Any:
    """Eigenvalues, rising, and eigenvectors of Hermitian matrices; with a positive definite `b` those
    of `a v = w b v` (`kind` 1), `a b v = w v` (2) or `b a v = w v` (3). The eigenvalues alone with
    `eigvals_only`."""

def eigh_tridiagonal(d: ArrayLike, e: ArrayLike, *, eigvals_only: bool = False, select: str = 'a', select_range: int | Sequence[int] | None = None, tol: Any = None, key: Any = None) -> Any:
    """Eigenvalues, rising, and eigenvectors of a Hermitian matrix with the diagonal `d` and `e` next
    to it: all of them, or with `select` "i" those with numbers from the first to the last of
    `select_range`."""

def expm(A: ArrayLike, *, upper_triangular: bool = False, max_squarings: int = 16) -> Array:
    """The exponential of each matrix. Matrices too large to be scaled by `max_squarings` halvings
    give NaN."""

def expm_frechet(A: ArrayLike, E: ArrayLike, method: Any = None, compute_expm: bool = True) -> Any:
    """The exponential of each matrix and its derivative in the direction `e`; the latter alone
    without `compute_expm`."""

def fiedler(a: ArrayLike) -> Array:
    """The matrices of the distances between elements."""

def fiedler_companion(a: ArrayLike) -> Array:
    """The matrices with five diagonals whose characteristic polynomials have the coefficients `a`,
    from the highest."""

def hadamard(n: int, dtype: DTypeLike | None = None) -> Array:
    """The matrix of ones and minus ones with orthogonal rows, for powers of two."""

def hankel(c: ArrayLike, r: ArrayLike | None = None) -> Array:
    """The matrices whose antidiagonals are constant, with first columns `c` and last rows `r`, the
    first element of which does not count; by default `r` is zero."""

def helmert(n: int, full: bool = False) -> Array:
    """The orthonormal matrix whose row `k` compares element `k` with the mean of those before it;
    the constant first row is there with `full` only."""

def hilbert(n: int) -> Array:
    """`1 / (i + j + 1)`, for rows and columns counted from zero."""

def inv(a: ArrayLike, overwrite_a: Any = None, check_finite: Any = None) -> Array:
    """The inverse of each matrix."""

def invhilbert(n: int) -> Array:
    """The inverse of [`hilbert`]."""

def invpascal(n: int, kind: str | None = None) -> Array:
    """The inverse of [`pascal`]."""

def leslie(f: ArrayLike, s: ArrayLike) -> Array:
    """The matrices with first rows `f` and with `s` below the diagonal."""

def lu(a: ArrayLike, permute_l: bool = False, overwrite_a: Any = None, check_finite: Any = None) -> Any:
    """Factors `p`, `l`, `u` of each matrix: a permutation, a lower triangle with ones on its diagonal
    and an upper triangle. With `permute_l` the first two are multiplied."""

def lu_factor(a: ArrayLike, overwrite_a: Any = None, check_finite: Any = None) -> tuple[Array, Array]:
    """Lower and upper triangular factors in one matrix, and the row that each row was exchanged
    with: what [`lu_solve`] takes."""

def lu_solve(lu_and_piv: Any, b: ArrayLike, trans: int = 0, overwrite_b: Any = None, check_finite: Any = None) -> Array:
    """The solution of `a x = b` with what [`lu_factor`] gave for `a`; of `aᵀ x = b` for a `trans` of
    1, and of `a* x = b` for 2."""

def pascal(n: int, kind: str | None = None) -> Array:
    """Pascal's triangle: below the diagonal, above it, or the product of the two."""

def polar(a: ArrayLike, side: str = 'right', *, method: str = 'qdwh', eps: Any = None, max_iterations: Any = None) -> tuple[Array, Array]:
    """A unitary matrix `u` and a positive semidefinite one `p`, of which each matrix is the product
    `u p`, or `p u` for `side` "left"."""

def qr(a: ArrayLike, overwrite_a: Any = None, lwork: Any = None, mode: str = 'full', pivoting: bool = False, check_finite: Any = None) -> Any:
    """Factors `q r` with orthonormal columns and an upper triangle, for mode "full" or "economic";
    the latter alone for "r"."""

def qr_multiply(a: ArrayLike, c: ArrayLike, mode: str = 'right', pivoting: bool = False, conjugate: bool = False, overwrite_a: Any = None, overwrite_c: Any = None) -> tuple[Array, Array]:
    """`c q`, or `q c` for mode "left", with the orthonormal columns `q` of [`qr`]; and its `r`."""

def solve(a: ArrayLike, b: ArrayLike, lower: bool = False, overwrite_a: Any = None, overwrite_b: Any = None, debug: Any = None, check_finite: Any = None, assume_a: str = 'gen') -> Array:
    """The solution `x` of `a x = b`. For `assume_a` "pos" the matrices are positive definite, and
    the triangle that `lower` says is read."""

def solve_triangular(a: ArrayLike, b: ArrayLike, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False, overwrite_b: Any = None, debug: Any = None, check_finite: Any = None) -> Array:
    """The solution of `a x = b` for triangular matrices, or of `aᵀ x = b` or `a* x = b`."""

def svd(a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True, overwrite_a: Any = None, check_finite: Any = None, lapack_driver: Any = None) -> Any:
    """Factors `u`, `s`, `vh` of each matrix, with singular values in falling order; `s` alone
    without `compute_uv`."""

def toeplitz(c: ArrayLike, r: ArrayLike | None = None) -> Array:
    """The matrices whose diagonals are constant, with first columns `c` and first rows `r`, the
    first element of which does not count; by default `r` is the conjugate of `c`."""
