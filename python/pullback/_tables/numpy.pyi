# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike

def absolute(x: ArrayLike) -> Array:
    """The magnitude of each element.
    
    Of complex numbers it is real."""

abs = absolute

def add(x: ArrayLike, y: ArrayLike) -> Array:
    """The sum of two arrays, element by element; of truth values, whether one holds.
    
    Shapes broadcast together, and types are promoted."""

def all(a: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, keepdims: bool = False, *, where: ArrayLike | None = None) -> Array:
    """Whether all elements over axes are true.
    
    Numbers are true where they are not zero. Of no elements it holds."""

def allclose(a: ArrayLike, b: ArrayLike, rtol: ArrayLike = 1e-05, atol: ArrayLike = 1e-08, equal_nan: bool = False) -> Array:
    """Whether all elements of two arrays are equal within `atol + rtol * |b|`."""

def angle(z: ArrayLike, deg: bool = False) -> Array:
    """The angle of each element in the complex plane, in radians or degrees.
    
    It lies between -π and π; that of a negative real number is π."""

def any(a: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, keepdims: bool = False, *, where: ArrayLike | None = None) -> Array:
    """Whether any element over axes is true.
    
    Numbers are true where they are not zero. Of no elements it does not hold."""

def append(arr: ArrayLike, values: ArrayLike, axis: int | None = None) -> Array:
    """`values` after `arr` along an axis; along one row, if there is none."""

def arange(start: ArrayLike, stop: ArrayLike | None = None, step: ArrayLike | None = None, dtype: DTypeLike | None = None, *, device: Any = None, out_sharding: Any = None) -> Array:
    """Numbers from `start` up to and without `stop`, in steps; from zero, if only one is given.
    
    The bounds are real scalars whose values are known. A step of zero is an error."""

def arccos(x: ArrayLike) -> Array:
    """The angle in radians that has the given cosine.
    
    It lies between 0 and π; real numbers beyond -1 and 1 have none and give NaN."""

acos = arccos

def arccosh(x: ArrayLike) -> Array:
    """The inverse of the hyperbolic cosine.
    
    Real numbers below 1 have none and give NaN."""

acosh = arccosh

def arcsin(x: ArrayLike) -> Array:
    """The angle in radians that has the given sine.
    
    It lies between -π/2 and π/2; real numbers beyond -1 and 1 have none and give NaN."""

asin = arcsin

def arcsinh(x: ArrayLike) -> Array:
    """The inverse of the hyperbolic sine."""

asinh = arcsinh

def arctan(x: ArrayLike) -> Array:
    """The angle in radians that has the given tangent.
    
    It lies between -π/2 and π/2; for all four quadrants see [`arctan2`]."""

atan = arctan

def arctan2(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The angle of the point `(x2, x1)` in radians, between -pi and pi."""

atan2 = arctan2

def arctanh(x: ArrayLike) -> Array:
    """The inverse of the hyperbolic tangent.
    
    Real numbers beyond -1 and 1 have none and give NaN."""

atanh = arctanh

def argmax(a: ArrayLike, axis: int | None = None, out: Any = None, keepdims: bool | None = False) -> Array:
    """The index of the largest element along an axis, or in the array as one row; the first of
    several, and of a NaN if there is one."""

def argmin(a: ArrayLike, axis: int | None = None, out: Any = None, keepdims: bool | None = False) -> Array:
    """The index of the smallest element along an axis, or in the array as one row; the first of
    several, and of a NaN if there is one."""

def argpartition(a: ArrayLike, kth: int, axis: int = -1) -> Array:
    """The positions that partition an array; see [`partition`]."""

def argsort(a: ArrayLike, axis: int | None = -1, *, kind: str | None = None, order: str | None = None, stable: bool = True, descending: bool = False, dtype: DTypeLike | None = None) -> Array:
    """The positions that put the elements in rising order along an axis.
    
    Equal elements keep their order."""

def argwhere(a: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """The indices of elements that are not zero, a row each.
    
    The size must be known, as for [`nonzero`]."""

def array(object: ArrayLike, dtype: DTypeLike | None = None, *, copy: bool | None = True, order: str | None = 'K', ndmin: int = 0, device: Any = None, out_sharding: Any = None) -> Array:
    """The object as an array of the type given, or of its own.
    
    `ndmin` says how many axes it has at least; new ones of size 1 come first. Arrays never change,
    so that `copy` makes no difference."""

def array_equal(a1: ArrayLike, a2: ArrayLike, equal_nan: bool = False) -> Array:
    """Whether two arrays have one shape and equal elements."""

def array_equiv(a1: ArrayLike, a2: ArrayLike) -> Array:
    """Whether two arrays broadcast together, and are equal then."""

def array_split(ary: ArrayLike, indices_or_sections: int | Sequence[int] | None, axis: int = 0) -> list[Array]:
    """The array in parts that are as equal as can be, or cut at the positions given."""

def asarray(a: ArrayLike, dtype: DTypeLike | None = None, order: str | None = None, *, copy: bool | None = None, device: Any = None, out_sharding: Any = None) -> Array:
    """The object as an array of the type given, or of its own."""

def astype(x: ArrayLike, dtype: DTypeLike | None = None, *, copy: bool = False, device: Any = None) -> Array:
    """The array with elements of another type. Complex numbers lose their imaginary part.
    
    Real numbers become whole ones towards zero."""

def atleast_1d(*arys: ArrayLike) -> Any:
    """Arrays of at least one axis.
    
    Of one array the result is an array, of several a list."""

def atleast_2d(*arys: ArrayLike) -> Any:
    """Arrays of at least two axes; new ones come first.
    
    Of one array the result is an array, of several a list."""

def atleast_3d(*arys: ArrayLike) -> Any:
    """Arrays of at least three axes; new ones come on both sides of a vector, and after a matrix.
    
    Of one array the result is an array, of several a list."""

def average(a: ArrayLike, axis: int | Sequence[int] | None = None, weights: ArrayLike | None = None, returned: bool = False, keepdims: bool = False) -> Any:
    """The mean of the elements, each as often as its weight says; with `returned` also the sum of
    the weights."""

def bartlett(M: int) -> Array:
    """The window of Bartlett: a triangle."""

def bincount(x: ArrayLike, weights: ArrayLike | None = None, minlength: int = 0, *, length: int | None = None, out_sharding: Any = None) -> Array:
    """How often each whole number occurs, or the sum of the weights of its occurrences.
    
    How many counts there are follows from the largest number, which must be known, unless `length`
    is given. Negative numbers count as zero, those beyond the length not at all."""

def bitwise_and(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that are set in both elements.
    
    Elements are integers or truth values, here and in the other functions of bits."""

def bitwise_count(x: ArrayLike) -> Array:
    """The number of bits that are set in the magnitude of each element."""

def bitwise_or(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that are set in one element at least."""

def bitwise_xor(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that are set in exactly one element."""

def blackman(M: int) -> Array:
    """The window of Blackman: a constant and two cosines.
    
    The factors are 0.42, 0.5 and 0.08."""

def block(arrays: Any) -> Array:
    """The arrays of nested lists laid together: those of the innermost lists along the last axis,
    those of the lists around them along the one before, and so on."""

def broadcast_arrays(*args: ArrayLike) -> list[Array]:
    """The arrays repeated to one shape."""

def broadcast_to(array: ArrayLike, shape: int | Sequence[int], *, out_sharding: Any = None) -> Array:
    """The array repeated to a shape, by the rules of broadcasting."""

def cbrt(x: ArrayLike) -> Array:
    """The cube root.
    
    Negative numbers have a negative one."""

def ceil(x: ArrayLike) -> Array:
    """The smallest whole number that is not below each element."""

def choose(a: ArrayLike, choices: Sequence[ArrayLike] | Array, out: Any = None, mode: str = 'raise') -> Array:
    """For each place, the element there of the choice that `a` names.
    
    A number that names none is an error for the mode "raise", counted around for "wrap", and moved
    to the nearest for "clip"."""

def clip(arr: ArrayLike, min: ArrayLike | None = None, max: ArrayLike | None = None) -> Array:
    """The elements, but not below `min` nor above `max`.
    
    Complex numbers are an error: they have no order."""

def column_stack(tup: Sequence[ArrayLike] | Array) -> Array:
    """The arrays side by side; vectors are columns."""

def compress(condition: ArrayLike, a: ArrayLike, axis: int | None = None, *, size: int | None = None, fill_value: ArrayLike = 0, out: Any = None) -> Array:
    """The entries along an axis for which the condition holds; without an axis, the elements of the
    array as one row.
    
    How many there are must be known: the condition is concrete, or `size` says how many to give;
    too few are filled up with `fill_value`."""

def concat(arrays: Sequence[ArrayLike] | Array, *, axis: int | None = 0) -> Array:
    """The arrays one after another along an axis; along one row, if there is none."""

def concatenate(arrays: Sequence[ArrayLike] | Array, axis: int | None = 0, dtype: DTypeLike | None = None) -> Array:
    """The arrays one after another along an axis; along one row, if there is none.
    
    The other axes must have the same sizes."""

def conjugate(x: ArrayLike) -> Array:
    """The elements with the other sign of the imaginary part."""

conj = conjugate

def convolve(a: ArrayLike, v: ArrayLike, mode: str = 'full', *, preferred_element_type: DTypeLike | None = None, precision: Any = None) -> Array:
    """The convolution of two rows: of the products of elements those summed whose places add up.
    
    `mode` says which places: all in the "full" one, those of the longer row in the "same" one, those
    where one row covers the other in the "valid" one."""

def copy(a: ArrayLike, order: str | None = None) -> Array:
    """A copy of the array. Arrays never change, so that this is the array itself."""

def copysign(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The elements of `x1` with the sign of those of `x2`."""

def corrcoef(x: ArrayLike, y: ArrayLike | None = None, rowvar: bool = True, dtype: DTypeLike | None = None) -> Array:
    """The correlations of variables, which are the rows of `x` and `y`, or else the columns.
    
    They are covariances divided by both deviations, so that they lie between -1 and 1."""

def correlate(a: ArrayLike, v: ArrayLike, mode: str = 'valid', *, preferred_element_type: DTypeLike | None = None, precision: Any = None) -> Array:
    """The correlation of two rows: the sums of products with the other row, conjugated, at each place.
    
    `mode` is as for [`convolve`]."""

def cos(x: ArrayLike) -> Array:
    """The cosine, of an angle in radians."""

def cosh(x: ArrayLike) -> Array:
    """The hyperbolic cosine."""

def count_nonzero(a: ArrayLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Array:
    """How many elements are not zero, over axes."""

def cov(m: ArrayLike, y: ArrayLike | None = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None, fweights: ArrayLike | None = None, aweights: ArrayLike | None = None, dtype: DTypeLike | None = None) -> Array:
    """The covariances of variables, which are the rows of `m` and `y`, or else the columns."""

def cross(a: ArrayLike, b: ArrayLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Array:
    """The cross product of vectors of three components along an axis.
    
    Vectors of two components, or of any other number, are an error."""

def cumprod(a: ArrayLike, axis: int | None = None, dtype: DTypeLike | None = None, out: Any = None) -> Array:
    """The products of the elements up to each along an axis, or along the array as one row."""

def cumsum(a: ArrayLike, axis: int | None = None, dtype: DTypeLike | None = None, out: Any = None) -> Array:
    """The sums of the elements up to each along an axis, or along the array as one row."""

def cumulative_prod(x: ArrayLike, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False) -> Array:
    """The products of the elements up to each along an axis; with `include_initial` a one before
    them."""

def cumulative_sum(x: ArrayLike, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False) -> Array:
    """The sums of the elements up to each along an axis; with `include_initial` a zero before them."""

def deg2rad(x: ArrayLike) -> Array:
    """Degrees as radians."""

def degrees(x: ArrayLike) -> Array:
    """Radians as degrees."""

def delete(arr: ArrayLike, obj: Any, axis: int | None = None, *, assume_unique_indices: bool = False) -> Array:
    """The array without the entries along an axis that `obj` names: a position, a slice, positions
    or a mask. Without an axis, the elements of the array as one row.
    
    Positions must be known, unless they are known to be distinct."""

def diag(v: ArrayLike, k: int = 0) -> Array:
    """Of a vector the matrix with it on a diagonal; of a matrix its diagonal."""

def diag_indices(n: int, ndim: int = 2) -> Any:
    """The indices of the diagonal of an array of `ndim` axes of size `n`."""

def diag_indices_from(arr: ArrayLike) -> Any:
    """[`diag_indices`] for arrays of the sizes of `arr`, which are all the same."""

def diagflat(v: ArrayLike, k: int = 0) -> Array:
    """The matrix with the elements of an array on a diagonal."""

def diagonal(a: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The diagonal of the planes of two axes, as a last axis."""

def diff(a: ArrayLike, n: int = 1, axis: int = -1, prepend: ArrayLike | None = None, append: ArrayLike | None = None) -> Array:
    """The differences of neighbouring entries along an axis, taken `n` times."""

def digitize(x: ArrayLike, bins: ArrayLike, right: bool = False, *, method: str | None = None) -> Array:
    """The bin that each element lies in, from the bounds of the bins, rising or falling.
    
    Bin 0 lies before the first bound. A bin includes its lower bound, or with `right` its upper
    one."""

def divmod(x1: ArrayLike, x2: ArrayLike) -> tuple[Array, Array]:
    """The quotient rounded down and the remainder, element by element."""

def dot(a: ArrayLike, b: ArrayLike, *, preferred_element_type: DTypeLike | None = None, precision: Any = None, out_sharding: Any = None) -> Array:
    """The sum of products over the last axis of `a` and the last but one of `b`, or its only one.
    
    A scalar multiplies every element."""

def dsplit(ary: ArrayLike, indices_or_sections: int | Sequence[int] | None) -> list[Array]:
    """The array in equal parts along its third axis."""

def dstack(tup: Sequence[ArrayLike] | Array, dtype: DTypeLike | None = None) -> Array:
    """The arrays one behind the other, along the third axis."""

def ediff1d(ary: ArrayLike, to_end: ArrayLike | None = None, to_begin: ArrayLike | None = None) -> Array:
    """The differences of neighbouring elements of the array as one row, between further values."""

def einsum(subscripts: str, *operands: ArrayLike, preferred_element_type: DTypeLike | None = None, out: Any = None, optimize: Any = None, precision: Any = None, _dot_general: Any = None, out_sharding: Any = None) -> Array:
    """The sum of products of the operands: axes of one name run together, and those that the
    result does not have are summed over.
    
    `"ij,jk->ik"` is the product of matrices, `"ii->i"` a diagonal, `"...i->..."` a sum over the
    last axis. Without an arrow the result has the axes named once, in alphabetical order."""

def empty(shape: int | Sequence[int], dtype: DTypeLike | None = None, *, device: Any = None, out_sharding: Any = None) -> Array:
    """An array to be filled; it holds zeros.
    
    The type is float32 if none is given, or float64 with 64-bit types enabled."""

def empty_like(prototype: ArrayLike, dtype: DTypeLike | None = None, shape: int | Sequence[int] | None = None, *, device: Any = None) -> Array:
    """An array to be filled, of the type and shape of `a` or of those given; it holds zeros."""

def equal(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the elements of two arrays are equal.
    
    Shapes broadcast together, as for all comparisons."""

def exp(x: ArrayLike) -> Array:
    """The exponential.
    
    Whole numbers become real ones."""

def exp2(x: ArrayLike) -> Array:
    """Two to the power of each element."""

def expand_dims(a: ArrayLike, axis: int | Sequence[int] | None) -> Array:
    """Further axes of size 1 at the positions given, which count in the result."""

def expm1(x: ArrayLike) -> Array:
    """`exp(x) - 1`, also precise where `x` is small."""

def extract(condition: ArrayLike, arr: ArrayLike, *, size: int | None = None, fill_value: ArrayLike = 0) -> Array:
    """The elements for which the condition holds, as one row; see [`compress`]."""

def eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None, *, device: Any = None) -> Array:
    """Ones on a diagonal, zeros elsewhere.
    
    `n` rows and `m` columns, or as many; `k` counts diagonals upwards from the main one."""

def fabs(x: ArrayLike) -> Array:
    """The magnitude of each element, as real numbers.
    
    Complex numbers are an error; [`absolute`] takes them."""

def fill_diagonal(a: ArrayLike, val: ArrayLike, wrap: bool = False, *, inplace: bool = True) -> Array:
    """The array with `val` on its diagonal; several values one after another."""

def flatnonzero(a: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """The indices of elements that are not zero, in the array as one row.
    
    The size must be known, as for [`nonzero`]."""

def flip(m: ArrayLike, axis: int | Sequence[int] | None = None) -> Array:
    """The elements in reverse along axes: those given, or all."""

def fliplr(m: ArrayLike) -> Array:
    """The elements in reverse along the second axis."""

def flipud(m: ArrayLike) -> Array:
    """The elements in reverse along the first axis."""

def float_power(x: ArrayLike, y: ArrayLike) -> Array:
    """`x` to the power of `y`, element by element, as real numbers."""

def floor(x: ArrayLike) -> Array:
    """The largest whole number that is not above each element."""

def floor_divide(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The quotient rounded down, element by element.
    
    The type stays that of the operands. Complex numbers are an error."""

def fmax(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The larger of two arrays, element by element, where a NaN gives way to the other."""

def fmin(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The smaller of two arrays, element by element, where a NaN gives way to the other."""

def fmod(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The remainder of the quotient rounded towards zero, element by element: it has the
    dividend's sign."""

def frexp(x: ArrayLike) -> tuple[Array, Array]:
    """Each element as a fraction between a half and one, and a power of two.
    
    Zeros, infinities and NaN come back with the power 0. The powers are of type int32."""

def full(shape: int | Sequence[int], fill_value: ArrayLike, dtype: DTypeLike | None = None, *, device: Any = None, out_sharding: Any = None) -> Array:
    """`fill_value` repeated to a shape.
    
    The value may be an array, which is broadcast. The type is that of the value if none is given."""

def full_like(a: ArrayLike, fill_value: ArrayLike, dtype: DTypeLike | None = None, shape: int | Sequence[int] | None = None, *, device: Any = None, out_sharding: Any = None) -> Array:
    """`fill_value` repeated to the shape of `a`, with its type, or to the shape and type given."""

def gcd(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The greatest common divisor of the elements of two arrays.
    
    It is not negative, and that of zero and zero is zero. Numbers that are not whole are an error."""

def geomspace(start: ArrayLike, stop: ArrayLike, num: int = 50, endpoint: bool = True, dtype: DTypeLike | None = None, axis: int = 0) -> Array:
    """`num` numbers from `start` to `stop`, each the same multiple of the one before it."""

def gradient(f: ArrayLike, *varargs: ArrayLike, axis: int | Sequence[int] | None = None, edge_order: int | None = None) -> Any:
    """The slope at each place along axes, from its neighbours; at the ends from one of them.
    
    `varargs` says how far places are from each other: one distance for all axes, or for each axis
    a distance or the coordinates of its places."""

def greater(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the elements of `x` are larger than those of `y`."""

def greater_equal(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the elements of `x` are larger than those of `y`, or equal to them."""

def hamming(M: int) -> Array:
    """The window of Hamming: a constant and a cosine, not quite zero at the ends.
    
    The factors are 0.54 and 0.46."""

def hanning(M: int) -> Array:
    """The window of von Hann: a constant and a cosine, zero at the ends."""

def heaviside(x1: ArrayLike, x2: ArrayLike) -> Array:
    """0 where `x1` is negative, 1 where it is positive, and `x2` where it is zero."""

def histogram(a: ArrayLike, bins: ArrayLike = 10, range: ArrayLike | None = None, weights: ArrayLike | None = None, density: bool | None = None, *, out_sharding: Any = None) -> tuple[Array, Array]:
    """How many elements lie in each bin, and the bounds of the bins.
    
    A bin includes its lower bound; the last one its upper bound too."""

def histogram2d(x: ArrayLike, y: ArrayLike, bins: Any = 10, range: ArrayLike | None = None, weights: ArrayLike | None = None, density: bool | None = None) -> tuple[Array, Array, Array]:
    """How many points lie in each bin of two variables, and the bounds of the bins of both."""

def histogram_bin_edges(a: ArrayLike, bins: ArrayLike = 10, range: ArrayLike | None = None, weights: ArrayLike | None = None) -> Array:
    """The bounds of bins of equal width, or those given."""

def histogramdd(sample: ArrayLike, bins: Any = 10, range: ArrayLike | None = None, weights: ArrayLike | None = None, density: bool | None = None) -> Any:
    """How many samples, which are rows, lie in each bin of several variables, and the bounds of the
    bins.
    
    Counts are whole numbers, unless there are weights or a density is asked for."""

def hsplit(ary: ArrayLike, indices_or_sections: int | Sequence[int] | None) -> list[Array]:
    """The array in equal parts along its second axis, or its only one."""

def hstack(tup: Sequence[ArrayLike] | Array, dtype: DTypeLike | None = None) -> Array:
    """The arrays side by side; vectors one after another."""

def hypot(x1: ArrayLike, x2: ArrayLike) -> Array:
    """`sqrt(x1² + x2²)`, without overflow on the way."""

def i0(x: ArrayLike) -> Array:
    """The modified Bessel function of the first kind and order zero.
    
    It grows as `exp(|x|)`; [`i0e`](crate::scipy::special::i0e) is scaled down by that."""

def identity(n: int, dtype: DTypeLike | None = None) -> Array:
    """The identity matrix."""

def imag(val: ArrayLike) -> Array:
    """The imaginary part of each element.
    
    Of real numbers it is zero."""

def indices(dimensions: int | Sequence[int], dtype: DTypeLike | None = None, sparse: bool = False) -> Any:
    """The indices of the places of an array of the given shape, one array an axis.
    
    With `sparse` each array has size 1 along all axes but its own."""

def inner(a: ArrayLike, b: ArrayLike, *, preferred_element_type: DTypeLike | None = None, precision: Any = None) -> Array:
    """The sums of products along the last axes of both."""

def insert(arr: ArrayLike, obj: Any, values: ArrayLike, axis: int | None = None) -> Array:
    """The array with further entries along an axis, each before the position given for it. Without
    an axis, the elements of the array as one row."""

def interp(x: ArrayLike, xp: ArrayLike, fp: ArrayLike, left: Any = None, right: Any = None, period: ArrayLike | None = None) -> Array:
    """The values at `x` of the lines that join the samples `fp` at the rising places `xp`.
    
    Beyond the samples the first and the last count, or what `left` and `right` say: a value, or
    "extrapolate". With a `period`, places are counted around."""

def intersect1d(ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False, return_indices: bool = False, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Any:
    """The elements that both arrays have, in rising order; with `return_indices` also where each
    first occurs in both.
    
    The size must be known, as for [`union1d`]."""

def invert(x: ArrayLike) -> Array:
    """The bits that are not set.
    
    Of truth values, the negation."""

bitwise_not = invert

bitwise_invert = invert

def isclose(a: ArrayLike, b: ArrayLike, rtol: ArrayLike = 1e-05, atol: ArrayLike = 1e-08, equal_nan: bool = False) -> Array:
    """Whether the elements of two arrays are equal within `atol + rtol * |b|`.
    
    Infinities are close to themselves, NaN to nothing unless `equal_nan` says so."""

def iscomplex(x: ArrayLike) -> Array:
    """Whether the imaginary part of each element is not zero."""

def isfinite(x: ArrayLike) -> Array:
    """Whether each element is neither infinite nor a NaN."""

def isin(element: ArrayLike, test_elements: ArrayLike, assume_unique: bool = False, invert: bool = False, *, method: str = 'auto') -> Array:
    """Whether each element is among those of another array."""

def isinf(x: ArrayLike) -> Array:
    """Whether each element is infinite, of either sign."""

def isnan(x: ArrayLike) -> Array:
    """Whether each element is a NaN."""

def isneginf(x: ArrayLike, out: Any = None) -> Array:
    """Whether each element is minus infinity.
    
    Complex numbers are an error."""

def isposinf(x: ArrayLike, out: Any = None) -> Array:
    """Whether each element is infinity.
    
    Complex numbers are an error."""

def isreal(x: ArrayLike) -> Array:
    """Whether the imaginary part of each element is zero."""

def ix_(*args: ArrayLike) -> Any:
    """Positions along several axes as arrays that broadcast to a grid of all combinations; masks
    become the positions where they hold."""

def kaiser(M: int, beta: ArrayLike) -> Array:
    """The window of Kaiser, by a Bessel function; the larger `beta`, the faster it falls off.
    
    The weights are `i0(beta sqrt(1 - t²)) / i0(beta)`, for `t` from -1 to 1; a `beta` of 0 is a
    rectangle."""

def kron(a: ArrayLike, b: ArrayLike) -> Array:
    """The Kronecker product: every element of `a` times the whole of `b`, in its place."""

def lcm(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The least common multiple of the elements of two arrays.
    
    It is not negative, and zero if one of both is. Numbers that are not whole are an error."""

def ldexp(x1: ArrayLike, x2: ArrayLike) -> Array:
    """`x1 * 2**x2`, where `x2` are whole numbers."""

def left_shift(x: ArrayLike, y: ArrayLike) -> Array:
    """The elements of `x` shifted to the left by as many bits as `y` says."""

bitwise_left_shift = left_shift

def less(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the elements of `x` are smaller than those of `y`.
    
    Complex numbers are ordered by real part first, then by imaginary part."""

def less_equal(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the elements of `x` are smaller than those of `y`, or equal to them."""

def lexsort(keys: Sequence[ArrayLike] | Array, axis: int = -1, *, batch_size: Any = None) -> Array:
    """The positions that sort by several keys, the last of them first."""

def linspace(start: ArrayLike, stop: ArrayLike, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: DTypeLike | None = None, axis: int = 0, *, device: Any = None) -> Any:
    """`num` numbers from `start` to `stop` at equal distances; with `retstep` also the distance.
    
    Without `endpoint` the last number comes one distance before `stop`. Bounds that are arrays are
    broadcast, and the numbers run along `axis` of the result."""

def log(x: ArrayLike) -> Array:
    """The natural logarithm.
    
    Of zero it is minus infinity, of negative real numbers NaN."""

def log10(x: ArrayLike) -> Array:
    """The logarithm to base 10."""

def log1p(x: ArrayLike) -> Array:
    """`log(1 + x)`, also precise where `x` is small."""

def log2(x: ArrayLike) -> Array:
    """The logarithm to base 2."""

def logaddexp(x: ArrayLike, y: ArrayLike) -> Array:
    """`log(exp(x) + exp(y))`, without overflow on the way."""

def logaddexp2(x: ArrayLike, y: ArrayLike) -> Array:
    """`log2(2**x + 2**y)`, without overflow on the way."""

def logical_and(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether both elements are true.
    
    Numbers are true where they are not zero."""

def logical_not(x: ArrayLike) -> Array:
    """Whether the element is not true."""

def logical_or(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether one element at least is true."""

def logical_xor(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether exactly one element is true."""

def logspace(start: ArrayLike, stop: ArrayLike, num: int = 50, endpoint: bool = True, base: ArrayLike = 10.0, dtype: DTypeLike | None = None, axis: int = 0) -> Array:
    """`num` powers of `base`, whose exponents go from `start` to `stop` at equal distances."""

def matmul(a: ArrayLike, b: ArrayLike, *, preferred_element_type: DTypeLike | None = None, precision: Any = None, out_sharding: Any = None) -> Array:
    """The product of matrices in the last two axes; other axes broadcast together.
    
    A vector is a row on the left and a column on the right. Scalars are an error."""

def matrix_transpose(x: ArrayLike) -> Array:
    """The last two axes swapped."""

def matvec(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The products of matrices and vectors; other axes broadcast together."""

def max(a: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, keepdims: bool = False, initial: ArrayLike | None = None, where: ArrayLike | None = None) -> Array:
    """The largest element over axes; NaN if any is.
    
    Of no elements there is none, which is an error without an initial value."""

amax = max

def maximum(x: ArrayLike, y: ArrayLike) -> Array:
    """The larger of two arrays, element by element; NaN if either is."""

def mean(a: ArrayLike, axis: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, out: Any = None, keepdims: bool = False, where: ArrayLike | None = None) -> Array:
    """The mean of the elements over axes.
    
    That of whole numbers is real; that of no elements is NaN."""

def median(a: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Array:
    """The middle of the elements over axes.
    
    Of an even number of elements the mean of the two in the middle; NaN if any is."""

def meshgrid(*xi: ArrayLike, copy: bool = True, sparse: bool = False, indexing: str = 'xy') -> list[Array]:
    """The coordinates of the points of a grid, from those along its axes.
    
    With the `indexing` "xy" the first array runs along the second axis and the second along the
    first; with "ij" each along its own."""

def min(a: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, keepdims: bool = False, initial: ArrayLike | None = None, where: ArrayLike | None = None) -> Array:
    """The smallest element over axes; NaN if any is.
    
    Of no elements there is none, which is an error without an initial value."""

amin = min

def minimum(x: ArrayLike, y: ArrayLike) -> Array:
    """The smaller of two arrays, element by element; NaN if either is."""

def minmax(a: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, keepdims: bool = False, initial: ArrayLike | None = None, where: ArrayLike | None = None) -> tuple[Array, Array]:
    """The least and the largest of the elements over axes."""

def modf(x: ArrayLike, out: Any = None) -> tuple[Array, Array]:
    """The fraction and the whole part of each element, both with its sign."""

def moveaxis(a: ArrayLike, source: int | Sequence[int] | None, destination: int | Sequence[int] | None) -> Array:
    """Axes moved to other positions; the others keep their order."""

def multiply(x: ArrayLike, y: ArrayLike) -> Array:
    """The product of two arrays, element by element; of truth values, whether both hold."""

def nan_to_num(x: ArrayLike, copy: bool = True, nan: ArrayLike = 0.0, posinf: ArrayLike | None = None, neginf: ArrayLike | None = None) -> Array:
    """The elements with NaN, infinity and minus infinity replaced: by default by zero and the
    largest and smallest finite number."""

def nanargmax(a: ArrayLike, axis: int | None = None, out: Any = None, keepdims: bool | None = False) -> Array:
    """The index of the largest element that is not NaN; -1 if there is none."""

def nanargmin(a: ArrayLike, axis: int | None = None, out: Any = None, keepdims: bool | None = False) -> Array:
    """The index of the smallest element that is not NaN; -1 if there is none."""

def nancumprod(a: ArrayLike, axis: int | None = None, dtype: DTypeLike | None = None, out: Any = None) -> Array:
    """The products of the elements up to each along an axis, without those that are NaN."""

def nancumsum(a: ArrayLike, axis: int | None = None, dtype: DTypeLike | None = None, out: Any = None) -> Array:
    """The sums of the elements up to each along an axis, without those that are NaN."""

def nanmax(a: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, keepdims: bool = False, initial: ArrayLike | None = None, where: ArrayLike | None = None) -> Array:
    """The largest element over axes, without those that are NaN.
    
    NaN where there is no other element."""

def nanmean(a: ArrayLike, axis: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, out: Any = None, keepdims: bool = False, where: ArrayLike | None = None) -> Array:
    """The mean of the elements over axes, without those that are NaN."""

def nanmedian(a: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Array:
    """The middle of the elements over axes, without those that are NaN."""

def nanmin(a: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, keepdims: bool = False, initial: ArrayLike | None = None, where: ArrayLike | None = None) -> Array:
    """The smallest element over axes, without those that are NaN.
    
    NaN where there is no other element."""

def nanpercentile(a: ArrayLike, q: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, overwrite_input: bool = False, method: str = 'linear', keepdims: bool = False, *, weights: Any = None) -> Array:
    """The elements below which so many of a hundred lie, over axes, without those that are NaN.
    
    The methods are those of [`quantile`]."""

def nanprod(a: ArrayLike, axis: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, out: Any = None, keepdims: bool = False, initial: ArrayLike | None = None, where: ArrayLike | None = None, promote_integers: bool = True) -> Array:
    """The product of the elements over axes, without those that are NaN."""

def nanquantile(a: ArrayLike, q: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, overwrite_input: bool = False, method: str = 'linear', keepdims: bool = False, *, weights: Any = None) -> Array:
    """The elements below which the shares `q` of all lie, over axes, without those that are NaN.
    
    The methods are those of [`quantile`]."""

def nanstd(a: ArrayLike, axis: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, out: Any = None, ddof: float = 0, keepdims: bool = False, where: ArrayLike | None = None, mean: ArrayLike | None = None, correction: float | None = None) -> Array:
    """The square root of the variance over axes, without elements that are NaN."""

def nansum(a: ArrayLike, axis: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, out: Any = None, keepdims: bool = False, initial: ArrayLike | None = None, where: ArrayLike | None = None, promote_integers: bool = True) -> Array:
    """The sum of the elements over axes, without those that are NaN."""

def nanvar(a: ArrayLike, axis: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, out: Any = None, ddof: float = 0, keepdims: bool = False, where: ArrayLike | None = None, mean: ArrayLike | None = None, correction: float | None = None) -> Array:
    """The variance of the elements over axes, without those that are NaN."""

def negative(x: ArrayLike) -> Array:
    """The elements with the other sign."""

def nextafter(x: ArrayLike, y: ArrayLike) -> Array:
    """The next number of the type from `x` towards `y`."""

def nonzero(a: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Any:
    """The indices of elements that are not zero, one array an axis.
    
    How many there are must be known: the array is concrete, or `size` says how many to give; too
    few are filled up."""

def not_equal(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether the elements of two arrays differ."""

def ones(shape: int | Sequence[int], dtype: DTypeLike | None = None, *, device: Any = None, out_sharding: Any = None) -> Array:
    """Ones.
    
    The type is float32 if none is given, or float64 with 64-bit types enabled."""

def ones_like(a: ArrayLike, dtype: DTypeLike | None = None, shape: int | Sequence[int] | None = None, *, device: Any = None, out_sharding: Any = None) -> Array:
    """Ones of the type and shape of `a`, or of those given."""

def outer(a: ArrayLike, b: ArrayLike, out: Any = None) -> Array:
    """The products of every element of `a` with every element of `b`.
    
    Arrays of several axes are treated as one row each."""

def packbits(a: ArrayLike, axis: int | None = None, bitorder: str = 'big') -> Array:
    """Bytes of eight truth values each, along an axis or of the array as one row.
    
    What is not zero counts as true. A last byte that is not full ends with zeros. With the
    `bitorder` "big" the first value is the highest bit, with "little" the lowest."""

def pad(array: ArrayLike, pad_width: Any, mode: str = 'constant', *, constant_values: ArrayLike | None = None, stat_length: Any = None, end_values: ArrayLike | None = None, reflect_type: str | None = None) -> Array:
    """The array with borders before and after each axis.
    
    `pad_width` says how wide they are: one number for all, a pair of before and after, or such a
    pair for each axis. `mode` says what they hold: "constant" values; the "edge" repeated; the
    array by "reflect" without or "symmetric" with its edge; the other end, by "wrap"; a
    "linear_ramp" from the edge; its "maximum", "mean", "median" or "minimum"; or anything, by
    "empty"."""

def partition(a: ArrayLike, kth: int, axis: int = -1) -> Array:
    """The array with the element at `kth` where it would be if sorted, smaller ones before it and
    larger ones after."""

def percentile(a: ArrayLike, q: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, overwrite_input: bool = False, method: str = 'linear', keepdims: bool = False, *, weights: Any = None, out_sharding: Any = None) -> Array:
    """The elements below which so many of a hundred lie, over axes.
    
    The methods are those of [`quantile`]."""

def place(arr: ArrayLike, mask: ArrayLike, vals: ArrayLike, *, inplace: bool = True) -> Array:
    """The array with `vals` one after another where the mask holds; they begin anew at their end."""

def polyadd(a1: ArrayLike, a2: ArrayLike) -> Array:
    """The sum of two polynomials.
    
    Coefficients begin with that of the highest power, here and in the other functions of
    polynomials."""

def polyder(p: ArrayLike, m: int = 1) -> Array:
    """The `m`th derivative of a polynomial."""

def polydiv(u: ArrayLike, v: ArrayLike, *, trim_leading_zeros: bool = False) -> tuple[Array, Array]:
    """The quotient of two polynomials, and the remainder."""

def polyfit(x: ArrayLike, y: ArrayLike, deg: int, rcond: float | None = None, full: bool = False, w: ArrayLike | None = None, cov: Any = False) -> Any:
    """The polynomial of a degree that is closest to the samples `y` at the places `x`, by the sum of
    squares; each sample counts with its weight `w`.
    
    With `full` also the sum of squared residuals, the rank, the singular values and `rcond`; with
    `cov` the covariance of the coefficients."""

def polyint(p: ArrayLike, m: int = 1, k: ArrayLike | None = None) -> Array:
    """The `m`th integral of a polynomial, with the constants `k`.
    
    There are `m` constants, or one for all; without any they are zero."""

def polymul(a1: ArrayLike, a2: ArrayLike, *, trim_leading_zeros: bool = False) -> Array:
    """The product of two polynomials.
    
    With `trim_leading_zeros` zeros at the front of both are left out first, which needs concrete
    arrays."""

def polysub(a1: ArrayLike, a2: ArrayLike) -> Array:
    """The difference of two polynomials."""

def polyval(p: ArrayLike, x: ArrayLike, *, unroll: Any = None) -> Array:
    """The value of a polynomial at each element of `x`; further axes of `p` hold further polynomials."""

def positive(x: ArrayLike) -> Array:
    """The elements as they are."""

def power(x1: ArrayLike, x2: ArrayLike) -> Array:
    """`x1` to the power of `x2`, element by element.
    
    A bare whole number as the exponent is a fixed power, which is exact for whole numbers and
    differentiable everywhere.
    
    Whole numbers to a fixed negative power are an error."""

pow = power

def prod(a: ArrayLike, axis: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, out: Any = None, keepdims: bool = False, initial: ArrayLike | None = None, where: ArrayLike | None = None, promote_integers: bool = True) -> Array:
    """The product of the elements over axes.
    
    The types are those of [`sum`]. Of no elements it is one."""

def ptp(a: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, keepdims: bool = False) -> Array:
    """The distance between the largest and the smallest element over axes."""

def put(a: ArrayLike, ind: ArrayLike, v: ArrayLike, mode: str | None = None, *, inplace: bool = True) -> Array:
    """The array with `v` at the positions `ind`, counted as if it were one row; `v` begins anew at
    its end."""

def put_along_axis(arr: ArrayLike, indices: ArrayLike, values: ArrayLike, axis: int | None, inplace: bool = True, *, mode: str | None = None) -> Array:
    """The array with `values` at the positions that `indices` has along an axis."""

def quantile(a: ArrayLike, q: ArrayLike, axis: int | Sequence[int] | None = None, out: Any = None, overwrite_input: bool = False, method: str = 'linear', keepdims: bool = False, *, weights: Any = None) -> Array:
    """The elements below which the shares `q` of all lie, over axes.
    
    Where a share ends between two elements, `method` says which counts: "linear" for a number
    between them, "lower", "higher", "midpoint" or "nearest". NaN if any element is."""

def rad2deg(x: ArrayLike) -> Array:
    """Radians as degrees."""

def radians(x: ArrayLike) -> Array:
    """Degrees as radians."""

def ravel(a: ArrayLike, order: str = 'C', *, out_sharding: Any = None) -> Array:
    """The elements along one axis.
    
    `order` is as for [`reshape`]."""

def ravel_multi_index(multi_index: Sequence[ArrayLike] | Array, dims: int | Sequence[int], mode: str = 'raise', order: str = 'C', *, dtype: DTypeLike | None = None) -> Array:
    """The positions of places in an array as one row, from their index along each axis."""

def real(val: ArrayLike) -> Array:
    """The real part of each element."""

def reciprocal(x: ArrayLike) -> Array:
    """One divided by each element, as real numbers."""

def remainder(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The remainder of the quotient rounded down, element by element: it has the divisor's sign."""

mod = remainder

def repeat(a: ArrayLike, repeats: ArrayLike, axis: int | None = None, *, total_repeat_length: int | None = None, out_sharding: Any = None) -> Array:
    """The entries along an axis, each as often as `repeats` says; without an axis, the elements of
    the array as one row.
    
    How many come out must be known: the repeats are concrete, or `total_repeat_length` says it."""

def reshape(a: ArrayLike, shape: int | Sequence[int], order: str = 'C', *, copy: bool | None = None, out_sharding: Any = None) -> Array:
    """The elements under another shape, of which one size may be -1: whatever is left.
    
    `order` says how elements are counted: the last axis fastest for "C", the first for "F"."""

def resize(a: ArrayLike, new_shape: int | Sequence[int]) -> Array:
    """The elements one after another, beginning anew at their end, under another shape."""

def right_shift(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The elements of `x1` shifted to the right by as many bits as `x2` says; the sign is kept."""

bitwise_right_shift = right_shift

def rint(x: ArrayLike) -> Array:
    """The whole number nearest to each element, as a real number; halves go to the even one."""

def roll(a: ArrayLike, shift: ArrayLike | None, axis: int | Sequence[int] | None = None) -> Array:
    """The elements moved along axes; those that leave at the end come back at the start.
    
    Without axes the array is treated as one row."""

def rollaxis(a: ArrayLike, axis: int, start: int = 0) -> Array:
    """An axis moved backwards to before another one."""

def rot90(m: ArrayLike, k: int = 1, axes: int | Sequence[int] | None = None) -> Array:
    """The array turned by quarters in the plane of two axes, from the first towards the second."""

def round(a: ArrayLike, decimals: int = 0, out: Any = None) -> Array:
    """Each element to the given number of decimals; halves go to the even neighbour.
    
    Whole numbers stay as they are; for them a negative number of decimals is an error."""

around = round

def searchsorted(a: ArrayLike, v: ArrayLike, side: str = 'left', sorter: ArrayLike | None = None, *, method: str = 'scan') -> Array:
    """Where to put elements into a sorted array: before those equal to them, or after ("right")."""

def select(condlist: Sequence[ArrayLike] | Array, choicelist: Sequence[ArrayLike] | Array, default: ArrayLike = 0) -> Array:
    """Each element from the first of several arrays whose condition holds, else `default`."""

def setdiff1d(ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """The elements that the first array has and the second has not, in rising order.
    
    The size must be known, as for [`union1d`]."""

def setxor1d(ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """The elements that exactly one of the arrays has, in rising order.
    
    The size must be known, as for [`union1d`]."""

def sign(x: ArrayLike) -> Array:
    """-1, 0 or 1 as each element is negative, zero or positive; of a complex number `x / |x|`."""

def signbit(x: ArrayLike) -> Array:
    """Whether the sign bit of each element is set: also that of -0 and of some NaN."""

def sin(x: ArrayLike) -> Array:
    """The sine, of an angle in radians."""

def sinc(x: ArrayLike) -> Array:
    """`sin(pi x) / (pi x)`, and 1 at zero."""

def sinh(x: ArrayLike) -> Array:
    """The hyperbolic sine."""

def sort(a: ArrayLike, axis: int | None = -1, *, kind: str | None = None, order: str | None = None, stable: bool = True, descending: bool = False) -> Array:
    """The elements in rising order along an axis; NaN comes last.
    
    Complex numbers are ordered by real part first. Without an axis the array is treated as one row."""

def sort_complex(a: ArrayLike) -> Array:
    """The elements as complex numbers in rising order, by real part first."""

def spacing(x: ArrayLike) -> Array:
    """The distance from each element to the next number of its type, away from zero."""

def split(ary: ArrayLike, indices_or_sections: int | Sequence[int] | None, axis: int = 0) -> list[Array]:
    """The array in equal parts, or cut at the positions given.
    
    An axis that cannot be cut in equal parts is an error; see [`array_split`]."""

def sqrt(x: ArrayLike) -> Array:
    """The square root.
    
    Of negative real numbers it is NaN; of complex ones the root with a real part that is not
    negative."""

def square(x: ArrayLike) -> Array:
    """The square of each element."""

def squeeze(a: ArrayLike, axis: int | Sequence[int] | None = None) -> Array:
    """Axes of size 1 taken away: those given, or all.
    
    An axis of another size is an error."""

def stack(arrays: Sequence[ArrayLike] | Array, axis: int = 0, out: Any = None, dtype: DTypeLike | None = None) -> Array:
    """The arrays side by side along a new axis."""

def std(a: ArrayLike, axis: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, out: Any = None, ddof: float = 0, keepdims: bool = False, where: ArrayLike | None = None, mean: ArrayLike | None = None, correction: float | None = None) -> Array:
    """The square root of the variance, over axes."""

def subtract(x: ArrayLike, y: ArrayLike) -> Array:
    """The difference of two arrays, element by element."""

def sum(a: ArrayLike, axis: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, out: Any = None, keepdims: bool = False, initial: ArrayLike | None = None, where: ArrayLike | None = None, promote_integers: bool = True) -> Array:
    """The sum of the elements over axes.
    
    Truth values are counted, and narrow whole numbers are added in the default width, unless a type
    is given. Of no elements it is zero."""

def swapaxes(a: ArrayLike, axis1: int, axis2: int) -> Array:
    """Two axes swapped."""

def take(a: ArrayLike, indices: ArrayLike, axis: int | None = None, out: Any = None, mode: str | None = None, unique_indices: bool = False, indices_are_sorted: bool = False, fill_value: float | None = None) -> Array:
    """The entries along an axis at the positions given; without an axis, the elements of the array
    as one row.
    
    Positions out of bounds give `fill_value`, which by default is NaN, or an extreme integer. With
    the mode "clip" they are moved to the nearest end, and with "wrap" they are counted around."""

def take_along_axis(arr: ArrayLike, indices: ArrayLike, axis: int | None = -1, mode: str | None = None, fill_value: float | None = None, *, wrap_negative_indices: bool = True) -> Array:
    """For each place, the entry along an axis at the position that `indices` has there."""

def tan(x: ArrayLike) -> Array:
    """The tangent, of an angle in radians."""

def tanh(x: ArrayLike) -> Array:
    """The hyperbolic tangent."""

def tensordot(a: ArrayLike, b: ArrayLike, axes: Any = 2, *, preferred_element_type: DTypeLike | None = None, precision: Any = None, out_sharding: Any = None) -> Array:
    """The sum of products over axes of both: the given number of last axes of `a` and first axes
    of `b`, or those listed for each."""

def tile(A: ArrayLike, reps: int | Sequence[int]) -> Array:
    """The array repeated as often along each axis as `reps` says."""

def top_k(a: ArrayLike, k: int, *, axis: int = -1, mode: str = 'largest', sorted: bool = True) -> tuple[Array, Array]:
    """The `k` largest elements along an axis in falling order, and their positions; the smallest in
    rising order, if `mode` is "smallest"."""

def trace(a: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: DTypeLike | None = None, out: Any = None) -> Array:
    """The sum of the diagonal of the planes of two axes."""

def transpose(a: ArrayLike, axes: int | Sequence[int] | None = None) -> Array:
    """The axes in the order given, or in reverse."""

permute_dims = transpose

def trapezoid(y: ArrayLike, x: ArrayLike | None = None, dx: ArrayLike = 1.0, axis: int = -1) -> Array:
    """The area under samples along an axis, at the places `x` or at equal distances `dx`, where lines
    join neighbours."""

def tri(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Array:
    """Ones on a diagonal and below it, zeros elsewhere."""

def tril(m: ArrayLike, k: int = 0) -> Array:
    """The matrices with zeros above a diagonal."""

def tril_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Array, Array]:
    """The rows and columns of the places on a diagonal of a matrix, and below it."""

def tril_indices_from(arr: ArrayLike, k: int = 0) -> tuple[Array, Array]:
    """[`tril_indices`] for matrices of the size of `arr`."""

def trim_zeros(filt: ArrayLike, trim: str = 'fb', axis: int | Sequence[int] | None = None) -> Array:
    """The array without zeros at the front ("f") and the back ("b") of axes: those given, or all.
    
    The array must be concrete."""

def triu(m: ArrayLike, k: int = 0) -> Array:
    """The matrices with zeros below a diagonal."""

def triu_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Array, Array]:
    """The rows and columns of the places on a diagonal of a matrix, and above it."""

def triu_indices_from(arr: ArrayLike, k: int = 0) -> tuple[Array, Array]:
    """[`triu_indices`] for matrices of the size of `arr`."""

def true_divide(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The quotient of two arrays, element by element, as real numbers.
    
    Whole numbers become real ones; a division by zero gives an infinity or NaN."""

divide = true_divide

def trunc(x: ArrayLike) -> Array:
    """Each element without its fraction."""

def union1d(ar1: ArrayLike, ar2: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """The elements that either array has, in rising order.
    
    How many there are must be known: the arrays are concrete, or `size` says how many to give."""

def unique(ar: ArrayLike, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False, axis: int | None = None, *, equal_nan: bool = True, size: int | None = None, fill_value: ArrayLike | None = None, sorted: bool = True) -> Any:
    """The distinct elements in rising order; also where each first occurs, which of them every
    element is, and how often each occurs, as asked for.
    
    How many there are must be known: the array is concrete, or `size` says how many to give."""

def unique_all(x: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Any:
    """The distinct elements; where each first occurs, which of them every element is, and how often
    each occurs.
    
    The size must be known, as for [`union1d`]."""

def unique_counts(x: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Any:
    """The distinct elements, and how often each occurs.
    
    The size must be known, as for [`union1d`]."""

def unique_inverse(x: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Any:
    """The distinct elements, and which of them every element is.
    
    The size must be known, as for [`union1d`]."""

def unique_values(x: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """The distinct elements.
    
    The size must be known, as for [`union1d`]."""

def unpackbits(a: ArrayLike, axis: int | None = None, count: int | None = None, bitorder: str = 'big') -> Array:
    """The bits of bytes, along an axis or of the array as one row: `count` of them, or all.
    
    The array must be of type uint8. With the `bitorder` "big" the highest bit comes first."""

def unravel_index(indices: ArrayLike, shape: int | Sequence[int]) -> Any:
    """The index along each axis of the places at the given positions in an array as one row."""

def unstack(x: ArrayLike, *, axis: int = 0) -> list[Array]:
    """The entries along an axis."""

def unwrap(p: ArrayLike, discont: ArrayLike | None = None, axis: int = -1, period: ArrayLike = 6.283185307179586) -> Array:
    """Angles along an axis, with whole turns added so that neighbours differ by less than
    `discont`, by default half a turn. `period` says how much a turn is."""

def vander(x: ArrayLike, N: int | None = None, increasing: bool = False) -> Array:
    """The matrix of powers of the elements of a vector, falling from left to right."""

def var(a: ArrayLike, axis: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, out: Any = None, ddof: float = 0, keepdims: bool = False, where: ArrayLike | None = None, mean: ArrayLike | None = None, correction: float | None = None) -> Array:
    """The mean of the squared distances from the mean, over axes.
    
    The sum of squares is divided by the number of elements less `ddof`."""

def vdot(a: ArrayLike, b: ArrayLike, *, preferred_element_type: DTypeLike | None = None, precision: Any = None) -> Array:
    """The sum of the products of all elements, those of `a` conjugated."""

def vecdot(x1: ArrayLike, x2: ArrayLike, *, axis: int = -1, preferred_element_type: DTypeLike | None = None, precision: Any = None) -> Array:
    """The sums of products along an axis, the elements of `x1` conjugated."""

def vecmat(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The products of conjugated vectors and matrices; other axes broadcast together."""

def vsplit(ary: ArrayLike, indices_or_sections: int | Sequence[int] | None) -> list[Array]:
    """The array in equal parts along its first axis."""

def vstack(tup: Sequence[ArrayLike] | Array, dtype: DTypeLike | None = None) -> Array:
    """The arrays one below the other; vectors are rows."""

def where(condition: ArrayLike, x: ArrayLike | None = None, y: ArrayLike | None = None, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Any:
    """`x` where the condition holds, else `y`; with a condition alone, the indices where it holds."""

def zeros(shape: int | Sequence[int], dtype: DTypeLike | None = None, *, device: Any = None, out_sharding: Any = None) -> Array:
    """Zeros.
    
    The type is float32 if none is given, or float64 with 64-bit types enabled."""

def zeros_like(a: ArrayLike, dtype: DTypeLike | None = None, shape: int | Sequence[int] | None = None, *, device: Any = None, out_sharding: Any = None) -> Array:
    """Zeros of the type and shape of `a`, or of those given."""
