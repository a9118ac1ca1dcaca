# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike

def abs(x: ArrayLike) -> Array:
    """The magnitude of each element."""

def acos(x: ArrayLike) -> Array:
    """The arc cosine."""

def acosh(x: ArrayLike) -> Array:
    """The inverse of the hyperbolic cosine."""

def add(x: ArrayLike, y: ArrayLike) -> Array:
    """The sum.
    
    Nothing is promoted, in all functions of this module: both have one type, and one shape or are
    scalars."""

def approx_max_k(operand: ArrayLike, k: int, reduction_dimension: int = -1, recall_target: float = 0.95, reduction_input_size_override: int = -1, aggregate_to_topk: bool = True) -> tuple[Array, Array]:
    """The `k` largest elements along an axis in falling order, and their positions: all of them,
    whatever share of them is asked for."""

def approx_min_k(operand: ArrayLike, k: int, reduction_dimension: int = -1, recall_target: float = 0.95, reduction_input_size_override: int = -1, aggregate_to_topk: bool = True) -> tuple[Array, Array]:
    """The `k` smallest elements along an axis in rising order, and their positions."""

def argmax(operand: ArrayLike, axis: int, index_dtype: DTypeLike | None) -> Array:
    """The position of the largest element along an axis."""

def argmin(operand: ArrayLike, axis: int, index_dtype: DTypeLike | None) -> Array:
    """The position of the smallest element along an axis."""

def asin(x: ArrayLike) -> Array:
    """The arc sine."""

def asinh(x: ArrayLike) -> Array:
    """The inverse of the hyperbolic sine."""

def atan(x: ArrayLike) -> Array:
    """The arc tangent."""

def atan2(x: ArrayLike, y: ArrayLike) -> Array:
    """The angle of the point whose second coordinate is `x` and whose first is `y`.
    
    It lies between -π and π, in radians."""

def atanh(x: ArrayLike) -> Array:
    """The inverse of the hyperbolic tangent."""

def batch_matmul(lhs: ArrayLike, rhs: ArrayLike, precision: Any = None) -> Array:
    """The products of matrices in the last two axes; the others run along."""

def bessel_i0e(x: ArrayLike) -> Array:
    """`exp(-|x|)` times the modified Bessel function of the first kind and order zero."""

def bessel_i1e(x: ArrayLike) -> Array:
    """`exp(-|x|)` times the modified Bessel function of the first kind and order one."""

def betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """The share of the beta distribution with parameters `a` and `b` that lies below `x`.
    
    By the continued fraction 8.17.22 of the Digital Library of Mathematical Functions,
    <https://dlmf.nist.gov>."""

def bitcast_convert_type(operand: ArrayLike, new_dtype: DTypeLike | None) -> Array:
    """The bits of the elements as those of another type; several narrow elements are along a last
    axis."""

def bitwise_and(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that both have."""

def bitwise_not(x: ArrayLike) -> Array:
    """The complement of the bits; of truth values, the negation."""

def bitwise_or(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that either has."""

def bitwise_xor(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that exactly one has."""

def broadcast(operand: ArrayLike, sizes: int | Sequence[int], *, out_sharding: Any = None) -> Array:
    """The array repeated along new axes in front."""

def broadcast_in_dim(operand: ArrayLike, shape: int | Sequence[int], broadcast_dimensions: int | Sequence[int] | None, *, out_sharding: Any = None) -> Array:
    """The array repeated to a shape, where its axes are those given."""

def broadcast_like(arr: ArrayLike, like_arr: ArrayLike) -> Array:
    """The array repeated to the shape of another."""

def broadcast_to_rank(x: ArrayLike, rank: int) -> Array:
    """The array with axes of size 1 in front, up to a rank."""

def broadcasted_iota(dtype: DTypeLike | None, shape: int | Sequence[int], dimension: int, *, out_sharding: Any = None) -> Array:
    """The index of each place along one axis of an array of the given shape."""

def cbrt(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """The cube root."""

def ceil(x: ArrayLike) -> Array:
    """The smallest whole number that is not below each element."""

def clamp(min: ArrayLike, x: ArrayLike, max: ArrayLike) -> Array:
    """`x`, but not below `min` nor above `max`.
    
    The bounds have the shape of `x`, or are scalars."""

def clz(x: ArrayLike) -> Array:
    """The number of leading zero bits."""

def collapse(operand: ArrayLike, start_dimension: int, stop_dimension: int | None = None) -> Array:
    """The axes from the first given up to and without the second as one."""

def complex(x: ArrayLike, y: ArrayLike) -> Array:
    """The complex numbers of real and imaginary parts."""

def concatenate(operands: Sequence[ArrayLike] | Array, dimension: int) -> Array:
    """The arrays one after another along an axis."""

def conj(x: ArrayLike) -> Array:
    """The elements with the other imaginary part, as complex numbers."""

def conv(lhs: ArrayLike, rhs: ArrayLike, window_strides: int | Sequence[int], padding: Any, precision: Any = None, preferred_element_type: DTypeLike | None = None) -> Array:
    """The convolution of `lhs` with `rhs`, axes being batch, features, then space."""

def conv_dimension_numbers(lhs_shape: int | Sequence[int], rhs_shape: int | Sequence[int], dimension_numbers: Any) -> Any:
    """The axes of a convolution in numbers: batch, features and space of the left operand; output
    features, input features and space of the right one; and those of the result."""

def conv_general_dilated(lhs: ArrayLike, rhs: ArrayLike, window_strides: int | Sequence[int], padding: Any, lhs_dilation: int | Sequence[int] | None = None, rhs_dilation: int | Sequence[int] | None = None, dimension_numbers: Any = None, feature_group_count: int = 1, batch_group_count: int = 1, precision: Any = None, preferred_element_type: DTypeLike | None = None, out_sharding: Any = None) -> Array:
    """The convolution of `lhs` with the window `rhs`.
    
    Axes are batch, features, then space, unless `dimension_numbers` says otherwise. Along each axis
    of space the window moves in strides over `lhs`, which is padded, and has `lhs_dilation - 1` zeros
    between neighbours, as the window has `rhs_dilation - 1`. Groups of features, or of the batch, are
    convolved each with a part of the window's output features."""

def conv_general_dilated_local(lhs: ArrayLike, rhs: ArrayLike, window_strides: int | Sequence[int], padding: Any, filter_shape: int | Sequence[int], lhs_dilation: int | Sequence[int] | None = None, rhs_dilation: int | Sequence[int] | None = None, dimension_numbers: Any = None, precision: Any = None) -> Array:
    """A convolution with another window at each place: `rhs` has the taps of all input features along
    the axis of these, and the places along the axes of space."""

def conv_general_dilated_patches(lhs: ArrayLike, filter_shape: int | Sequence[int], window_strides: int | Sequence[int], padding: Any, lhs_dilation: int | Sequence[int] | None = None, rhs_dilation: int | Sequence[int] | None = None, dimension_numbers: Any = None, precision: Any = None, preferred_element_type: DTypeLike | None = None) -> Array:
    """The elements under a window at each of its places, as features: for each feature of `lhs` all
    elements of its patch."""

def conv_transpose(lhs: ArrayLike, rhs: ArrayLike, strides: int | Sequence[int], padding: Any, rhs_dilation: int | Sequence[int] | None = None, dimension_numbers: Any = None, transpose_kernel: bool = False, precision: Any = None, preferred_element_type: DTypeLike | None = None, use_consistent_padding: bool = False) -> Array:
    """The convolution that undoes the strides of another one: the transpose of it, if the kernel is
    transposed too.
    
    Axes are batch, space, then features by default. Padding in words is that of the other
    convolution; in pairs it is that of this one, unless `use_consistent_padding`."""

def conv_with_general_padding(lhs: ArrayLike, rhs: ArrayLike, window_strides: int | Sequence[int], padding: Any, lhs_dilation: int | Sequence[int] | None, rhs_dilation: int | Sequence[int] | None, precision: Any = None, preferred_element_type: DTypeLike | None = None) -> Array:
    """The convolution of `lhs` with `rhs`, with padding and dilations; axes are batch, features, then
    space."""

def convert_element_type(operand: ArrayLike, new_dtype: DTypeLike | None) -> Array:
    """The elements as another type.
    
    Real numbers become whole ones towards zero."""

def cos(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """The cosine."""

def cosh(x: ArrayLike) -> Array:
    """The hyperbolic cosine."""

def cumlogsumexp(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """The logarithms of the sums of exponentials up to each element along an axis."""

def cummax(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """The largest up to each element along an axis, from the end if `reverse` says so."""

def cummin(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """The smallest up to each element along an axis, from the end if `reverse` says so."""

def cumprod(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """The products up to each element along an axis, from the end if `reverse` says so."""

def cumsum(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """The sums up to each element along an axis, from the end if `reverse` says so."""

def digamma(x: ArrayLike) -> Array:
    """The derivative of the logarithm of the gamma function."""

def div(x: ArrayLike, y: ArrayLike) -> Array:
    """The quotient; of whole numbers, rounded towards zero."""

def dot(lhs: ArrayLike, rhs: ArrayLike, *, dimension_numbers: Any = None, preferred_element_type: DTypeLike | None = None, precision: Any = None, out_sharding: Any = None) -> Array:
    """The product of two vectors, of a matrix and a vector, or of two matrices; or, with
    `dimension_numbers`, what [`dot_general`] gives."""

def dot_general(lhs: ArrayLike, rhs: ArrayLike, dimension_numbers: Any, precision: Any = None, preferred_element_type: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """The sum of products over axes, which `dimension_numbers` lists for both operands, after which
    come those that run along together."""

def dtype(x: ArrayLike) -> Any:
    """The element type of an array or a number."""

def dynamic_index_in_dim(operand: ArrayLike, index: ArrayLike, axis: int = 0, keepdims: bool = True, *, allow_negative_indices: bool = True) -> Array:
    """The entry along an axis at a position."""

def dynamic_slice(operand: ArrayLike, start_indices: Sequence[ArrayLike] | Array, slice_sizes: int | Sequence[int], *, allow_negative_indices: bool = True) -> Array:
    """A window of the sizes given at a position, moved so that it lies within the array."""

def dynamic_slice_in_dim(operand: ArrayLike, start_index: ArrayLike, slice_size: int, axis: int = 0, *, allow_negative_indices: bool = True) -> Array:
    """A window along one axis; see [`dynamic_slice`]."""

def dynamic_update_index_in_dim(operand: ArrayLike, update: ArrayLike, index: ArrayLike, axis: int, *, allow_negative_indices: bool = True) -> Array:
    """The array with the entry along an axis at a position replaced."""

def dynamic_update_slice(operand: ArrayLike, update: ArrayLike, start_indices: Sequence[ArrayLike] | Array, *, allow_negative_indices: bool = True) -> Array:
    """The array with a window replaced, which is moved so that it lies within the array."""

def dynamic_update_slice_in_dim(operand: ArrayLike, update: ArrayLike, start_index: ArrayLike, axis: int, *, allow_negative_indices: bool = True) -> Array:
    """The array with a window along one axis replaced; see [`dynamic_update_slice`]."""

def empty(shape: int | Sequence[int], dtype: DTypeLike | None, *, out_sharding: Any = None) -> Array:
    """An array to be filled; it holds zeros."""

def eq(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the elements are equal."""

def erf(x: ArrayLike) -> Array:
    """The error function."""

def erf_inv(x: ArrayLike) -> Array:
    """The inverse of the error function."""

def erfc(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """One minus the error function, also precise where that is small."""

def exp(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """The exponential.
    
    Whole numbers are an error: nothing is promoted."""

def exp2(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """Two to the power of each element."""

def expand_dims(array: ArrayLike, dimensions: int | Sequence[int] | None) -> Array:
    """The array with further axes of size 1 at the positions given, which count in the result."""

def expm1(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """The exponential minus one, also precise near zero."""

def fft(x: ArrayLike, fft_type: Any, fft_lengths: int | Sequence[int]) -> Array:
    """The discrete Fourier transform over the last axes, as many as there are lengths.
    
    `fft_type` is "FFT", "IFFT", "RFFT" or "IRFFT", or the number of one in this order; the lengths
    are those of the axes, of the real numbers where one side is real."""

def floor(x: ArrayLike) -> Array:
    """The largest whole number that is not above each element."""

def full(shape: int | Sequence[int], fill_value: ArrayLike, dtype: DTypeLike | None = None, *, sharding: Any = None) -> Array:
    """One value repeated to a shape."""

def full_like(x: ArrayLike, fill_value: ArrayLike, dtype: DTypeLike | None = None, shape: int | Sequence[int] | None = None, *, sharding: Any = None) -> Array:
    """One value repeated to the shape of `x`, with its type, or to those given."""

def gather(operand: ArrayLike, start_indices: ArrayLike, dimension_numbers: Any, slice_sizes: int | Sequence[int], *, fill_value: float | None = None, indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """Windows of the operand at positions, which are vectors along the last axis of `start_indices`.
    
    `dimension_numbers` says which axes of the result run along windows, which axes of the windows,
    of size 1, it lacks, and which axis of the operand each component of a position belongs to."""

def ge(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the first element is not smaller."""

def gt(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the first element is larger."""

def igamma(a: ArrayLike, x: ArrayLike) -> Array:
    """The regularized lower incomplete gamma function of a parameter and a bound.
    
    It is `1 / gamma(a)` times the integral of `exp(-t) t^(a - 1)` from 0 to `x`; by the series
    8.7.1 of the Digital Library of Mathematical Functions, <https://dlmf.nist.gov>."""

def igamma_grad_a(a: ArrayLike, x: ArrayLike) -> Array:
    """The derivative of [`igamma`] with respect to the parameter."""

def igammac(a: ArrayLike, x: ArrayLike) -> Array:
    """The regularized upper incomplete gamma function of a parameter and a bound.
    
    It is one minus [`igamma`]; by the continued fraction 8.9.2 of <https://dlmf.nist.gov>."""

def imag(x: ArrayLike) -> Array:
    """The imaginary part of complex numbers."""

def index_in_dim(operand: ArrayLike, index: int, axis: int = 0, keepdims: bool = True) -> Array:
    """The entry along an axis at a position."""

def index_take(src: ArrayLike, idxs: Sequence[ArrayLike] | Array, axes: int | Sequence[int] | None) -> Array:
    """The elements at positions along some axes, one array of positions for each; the other axes
    come last."""

def integer_pow(x: ArrayLike, y: int) -> Array:
    """The elements to a whole power."""

def iota(dtype: DTypeLike | None, size: int) -> Array:
    """The numbers from zero up to and without `size`."""

def is_finite(x: ArrayLike) -> Array:
    """Whether each element is neither infinite nor NaN."""

def le(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the first element is not larger."""

def lgamma(x: ArrayLike) -> Array:
    """The logarithm of the magnitude of the gamma function."""

def log(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """The natural logarithm."""

def log1p(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """The logarithm of one plus each element, also precise near zero."""

def log2(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """The logarithm to base two."""

def logistic(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """`1 / (1 + exp(-x))`."""

def lt(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the first element is smaller."""

def max(x: ArrayLike, y: ArrayLike) -> Array:
    """The larger of both; NaN if either is."""

def min(x: ArrayLike, y: ArrayLike) -> Array:
    """The smaller of both; NaN if either is."""

def mul(x: ArrayLike, y: ArrayLike, *, out_dtype: DTypeLike | None = None) -> Array:
    """The product."""

def mulhi(x: ArrayLike, y: ArrayLike) -> Array:
    """The upper half of the product of whole numbers."""

def ne(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the elements differ."""

def neg(x: ArrayLike) -> Array:
    """The elements with the other sign."""

def nextafter(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The next number of the type from the first towards the second."""

def one_minus_square(x: ArrayLike) -> Array:
    """One minus the square of each element."""

def pad(operand: ArrayLike, padding_value: ArrayLike, padding_config: Any) -> Array:
    """The array with `padding_value` before, after and between its elements along each axis, as many
    as the three numbers for each axis say; negative ones take elements away."""

def padtype_to_pads(in_shape: int | Sequence[int], window_shape: int | Sequence[int], window_strides: int | Sequence[int], padding: Any) -> Any:
    """How much is put before and after each axis by a padding in words."""

def polygamma(m: ArrayLike, x: ArrayLike) -> Array:
    """The derivative of the digamma function, of an order and an argument."""

def polynomial(x: ArrayLike, coeffs: Sequence[ArrayLike] | Array, *, unroll: Any = None) -> Array:
    """A polynomial of the elements, whose coefficients begin with the constant.
    
    By the scheme of Horner."""

def population_count(x: ArrayLike) -> Array:
    """The number of bits that are set."""

def pow(x: ArrayLike, y: ArrayLike) -> Array:
    """The first to the power of the second, which may be a whole number."""

def random_gamma_grad(a: ArrayLike, x: ArrayLike) -> Array:
    """How much a sample of the gamma distribution, the second argument, moves with the parameter, the
    first.
    
    It is the derivative of [`igamma`] with respect to the parameter, divided by the density, with
    the other sign."""

def real(x: ArrayLike) -> Array:
    """The real part of complex numbers."""

def reciprocal(x: ArrayLike) -> Array:
    """One divided by each element."""

def reduce_and(operand: ArrayLike, axes: int | Sequence[int] | None) -> Array:
    """The bits that all elements over axes have."""

def reduce_max(operand: ArrayLike, axes: int | Sequence[int] | None, *, out_sharding: Any = None) -> Array:
    """The largest element over axes."""

def reduce_min(operand: ArrayLike, axes: int | Sequence[int] | None, *, out_sharding: Any = None) -> Array:
    """The smallest element over axes."""

def reduce_or(operand: ArrayLike, axes: int | Sequence[int] | None) -> Array:
    """The bits that any element over axes has."""

def reduce_precision(operand: ArrayLike, exponent_bits: int, mantissa_bits: int) -> Array:
    """The elements rounded to a type of so many bits of exponent and mantissa, and back."""

def reduce_prod(operand: ArrayLike, axes: int | Sequence[int] | None) -> Array:
    """The product over axes."""

def reduce_sum(operand: ArrayLike, axes: int | Sequence[int] | None, *, out_sharding: Any = None) -> Array:
    """The sum over axes."""

def reduce_xor(operand: ArrayLike, axes: int | Sequence[int] | None) -> Array:
    """The bits that an odd number of elements over axes have."""

def rem(x: ArrayLike, y: ArrayLike) -> Array:
    """The remainder of the quotient rounded towards zero."""

def reshape(operand: ArrayLike, new_sizes: int | Sequence[int], dimensions: int | Sequence[int] | None = None, *, out_sharding: Any = None) -> Array:
    """The elements under another shape, taken in the order of the axes given."""

def rev(operand: ArrayLike, dimensions: int | Sequence[int] | None) -> Array:
    """The elements in reverse along axes."""

def round(x: ArrayLike, rounding_method: int = 0) -> Array:
    """The nearest whole number; halves go away from zero (0) or to even numbers (1)."""

def rsqrt(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """One divided by the square root."""

def scatter(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Any, *, indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with windows replaced by the updates.
    
    Positions are vectors along the last axis of `scatter_indices`; `dimension_numbers` says which
    axes of the updates run along windows, which axes of the operand windows lack, and which axis of
    the operand each component of a position belongs to. Where several updates meet, one of them is
    kept."""

def scatter_add(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Any, *, indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with the updates added to windows."""

def scatter_max(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Any, *, indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with the larger of windows and updates."""

def scatter_min(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Any, *, indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with the smaller of windows and updates."""

def scatter_mul(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Any, *, indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with windows multiplied by the updates."""

def scatter_sub(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Any, *, indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with the updates subtracted from windows."""

def select(pred: ArrayLike, on_true: ArrayLike, on_false: ArrayLike) -> Array:
    """`on_true` where `pred` holds, else `on_false`; `pred` is a scalar, or all have one shape."""

def select_n(which: ArrayLike, *cases: ArrayLike) -> Array:
    """The element of the case that `which` names; it is a scalar, or all have one shape.
    
    `which` has whole numbers of type int32, or truth values, for two cases."""

def shift_left(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits moved up; none are left beyond the width of the type."""

def shift_right_arithmetic(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits moved down, with the sign in front."""

def shift_right_logical(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits moved down, with zeros in front."""

def sign(x: ArrayLike) -> Array:
    """-1, 0 or 1 as each element is negative, zero or positive; of a complex number `x / |x|`."""

def sin(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """The sine."""

def sinh(x: ArrayLike) -> Array:
    """The hyperbolic sine."""

def slice(operand: ArrayLike, start_indices: int | Sequence[int], limit_indices: int | Sequence[int], strides: int | Sequence[int] | None = None) -> Array:
    """The elements from `start_indices` up to and without `limit_indices`, in steps of `strides`."""

def slice_in_dim(operand: ArrayLike, start_index: int | None, limit_index: int | None, stride: int = 1, axis: int = 0) -> Array:
    """The elements along one axis from `start_index` up to and without `limit_index`; negative ones
    count from the end."""

def sort(operand: Sequence[ArrayLike] | Array, dimension: int = -1, is_stable: bool = True, num_keys: int = 1) -> Any:
    """The array in rising order along an axis; of several arrays, all in the order of the first
    `num_keys`."""

def sort_key_val(keys: ArrayLike, values: ArrayLike, dimension: int = -1, is_stable: bool = True) -> tuple[Array, Array]:
    """Keys in rising order along an axis, and the values in the same order."""

def split(operand: ArrayLike, sizes: int | Sequence[int], axis: int = 0) -> list[Array]:
    """The array cut along an axis into parts of the sizes given."""

def sqrt(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """The square root."""

def square(x: ArrayLike) -> Array:
    """The square of each element."""

def squeeze(array: ArrayLike, dimensions: int | Sequence[int] | None) -> Array:
    """The array without axes of size 1."""

def stack(operands: Sequence[ArrayLike] | Array, axis: int = 0) -> Array:
    """The arrays side by side along a new axis."""

def sub(x: ArrayLike, y: ArrayLike) -> Array:
    """The difference."""

def tan(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """The tangent."""

def tanh(x: ArrayLike, *, accuracy: Any = None) -> Array:
    """The hyperbolic tangent."""

def tile(operand: ArrayLike, reps: int | Sequence[int]) -> Array:
    """The array repeated as often along each axis as `reps` says."""

def top_k(operand: ArrayLike, k: int, *, axis: int = -1, is_stable: bool = True) -> tuple[Array, Array]:
    """The `k` largest elements along an axis in falling order, and their positions."""

def transpose(operand: ArrayLike, permutation: int | Sequence[int] | None) -> Array:
    """The axes in the order given."""

def unstack(x: ArrayLike, axis: int = 0) -> Any:
    """The entries along an axis."""

def zeta(x: ArrayLike, q: ArrayLike) -> Array:
    """The zeta function of Hurwitz, of an exponent and a start.
    
    It is the sum of `(q + k)^-x` for all `k` from zero on; by the formula of Euler and Maclaurin,
    25.11.43 of <https://dlmf.nist.gov>."""
