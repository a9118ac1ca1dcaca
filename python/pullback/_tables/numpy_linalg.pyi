# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike

def cholesky(a: ArrayLike, *, upper: bool = False, symmetrize_input: bool = True) -> Array:
    """The lower factor `l` of positive definite matrices `l l*`; with `upper` the upper one.
    
    Matrices that are not positive definite give NaN."""

def cond(x: ArrayLike, p: Any = None) -> Array:
    """How much larger an error of a solution can be than that of its right side, by the norm `p`.
    
    Without `p` it is the quotient of the largest singular value and the smallest."""

def cross(x1: ArrayLike, x2: ArrayLike, *, axis: int = -1) -> Array:
    """The cross product of vectors of three components along an axis."""

def det(a: ArrayLike) -> Array:
    """The determinant of each matrix."""

def diagonal(x: ArrayLike, *, offset: int = 0) -> Array:
    """The diagonals of the matrices in the last two axes."""

def eigh(a: ArrayLike, UPLO: str | None = None, symmetrize_input: bool = True) -> tuple[Array, Array]:
    """Eigenvalues, ascending, and eigenvectors of Hermitian matrices.
    
    Eigenvectors are columns. `uplo` says which triangle is read, "L" or "U", where the matrices are
    not symmetrized first."""

def eigvalsh(a: ArrayLike, UPLO: str | None = 'L', *, symmetrize_input: bool = True) -> Array:
    """Eigenvalues of Hermitian matrices, ascending."""

def inv(a: ArrayLike) -> Array:
    """The inverse of each matrix.
    
    That of a singular matrix has infinities or NaN."""

def lstsq(a: ArrayLike, b: ArrayLike, rcond: float | None = None, *, numpy_resid: bool = False) -> tuple[Array, Array, Array, Array]:
    """The `x` for which `a x` is closest to `b`, by the sum of squares; also the sums of the squares
    that are left, the rank of `a`, and its singular values.
    
    Singular values below `rcond` times the largest count as zero. With `numpy_resid` the second
    result is empty where NumPy's is."""

def matmul(x1: ArrayLike, x2: ArrayLike, *, preferred_element_type: DTypeLike | None = None, precision: Any = None) -> Array:
    """The product of matrices in the last two axes; other axes broadcast together."""

def matrix_norm(x: ArrayLike, *, keepdims: bool = False, ord: Any = 'fro') -> Array:
    """The norm of the matrices in the last two axes."""

def matrix_power(a: ArrayLike, n: int) -> Array:
    """The matrix times itself, `n` times; a negative `n` is that of the inverse."""

def matrix_rank(M: ArrayLike, rtol: ArrayLike | None = None, *, hermitian: bool = False, tol: ArrayLike | None = None) -> Array:
    """The number of singular values above `rtol`, which by default depends on the largest."""

def matrix_transpose(x: ArrayLike) -> Array:
    """The matrices with their last two axes exchanged."""

def multi_dot(arrays: Sequence[ArrayLike] | Array, *, precision: Any = None) -> Array:
    """The product of several matrices, in the order that takes the fewest multiplications. The first
    and the last may be vectors."""

def norm(x: ArrayLike, ord: Any = None, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Array:
    """The length of vectors along an axis, or the norm of matrices along two, or the root of the sum
    of all squares.
    
    For vectors `ord` is the power that is summed, for matrices 1, 2, -1, -2, infinities, "fro" or
    "nuc"."""

def outer(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The products of every element of one vector with every element of another."""

def pinv(a: ArrayLike, rtol: ArrayLike | None = None, hermitian: bool = False, *, rcond: ArrayLike | None = None) -> Array:
    """The pseudo-inverse of each matrix; singular values below `rtol` times the largest count as
    zero. By default `rtol` is ten times the larger size times the precision of the type."""

def qr(a: ArrayLike, mode: str = 'reduced') -> Any:
    """Factors `q r` with orthonormal columns and an upper triangle; the latter alone for mode "r"."""

def slogdet(a: ArrayLike, *, method: str | None = None) -> tuple[Array, Array]:
    """The sign and the logarithm of the absolute value of each determinant.
    
    That of a singular matrix has the sign 0 and the logarithm minus infinity."""

def solve(a: ArrayLike, b: ArrayLike) -> Array:
    """The solution `x` of `a x = b`. A `b` of one axis is one right side for all matrices; else its
    columns are."""

def svd(a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False, *, subset_by_index: Any = None) -> Any:
    """Factors `u`, `s`, `vh` of each matrix, with singular values in descending order; `s` alone
    without `compute_uv`."""

def svdvals(x: ArrayLike) -> Array:
    """The singular values of each matrix, in descending order."""

def tensordot(x1: ArrayLike, x2: ArrayLike, *, axes: Any = 2, preferred_element_type: DTypeLike | None = None, precision: Any = None, out_sharding: Any = None) -> Array:
    """The sum of products over axes of both; see [`products::tensordot`]."""

def tensorinv(a: ArrayLike, ind: int = 2) -> Array:
    """The inverse of a tensor as a map from its last axes to its first `ind`."""

def tensorsolve(a: ArrayLike, b: ArrayLike, axes: int | Sequence[int] | None = None) -> Array:
    """The tensor `x` for which the sums of products of `a` with it over its axes are `b`."""

def trace(x: ArrayLike, *, offset: int = 0, dtype: DTypeLike | None = None) -> Array:
    """The sums of the diagonals of the matrices in the last two axes."""

def vecdot(x1: ArrayLike, x2: ArrayLike, *, axis: int = -1, preferred_element_type: DTypeLike | None = None, precision: Any = None) -> Array:
    """The sums of products along an axis, the elements of `x1` conjugated."""

def vector_norm(x: ArrayLike, *, axis: int | Sequence[int] | None = None, keepdims: bool = False, ord: Any = 2) -> Array:
    """The length of vectors along an axis, or along several as if they were one."""
