"""Functions that only Python can write: they take functions or types, or answer about types."""


import numpy as _np

from pullback import _pullback, core as _core, dtypes as _dtypes
from pullback._pullback import Array as _Array

issubdtype = _dtypes.issubdtype
result_type = _dtypes.result_type
promote_types = _dtypes.promote_types
finfo = _dtypes.finfo
iinfo = _dtypes.iinfo
isdtype = _dtypes.isdtype
can_cast = _np.can_cast
index_exp = _np.index_exp
s_ = _np.s_
iterable = _np.iterable


def _jnp():
    from pullback import numpy

    return numpy


def broadcast_shapes(*shapes):
    """The shape that arrays of these shapes are repeated to when they meet."""
    try:
        return _np.broadcast_shapes(*shapes)
    except ValueError:
        shown = ", ".join(map(str, shapes))
        raise ValueError(
            f"broadcast_shapes: got incompatible shapes for broadcasting: {shown}"
        ) from None


def shape(a):
    """The sizes of the axes."""
    return _arraylike(a, "shape").shape


def ndim(a):
    """The number of axes."""
    return _arraylike(a, "ndim").ndim


def size(a, axis=None):
    """The number of elements, in all or along axes."""
    a = _arraylike(a, "size")
    if axis is None:
        return a.size
    axes = (axis,) if isinstance(axis, int) else axis
    result = 1
    for axis in axes:
        result *= a.shape[axis]
    return result


def _arraylike(a, name):
    if isinstance(a, (list, tuple)):
        raise TypeError(
            f"{name} requires ndarray or scalar arguments, got {type(a)} at position 0."
        )
    return _pullback.as_array(a)


def isscalar(element):
    """Whether an object is a number or an array of rank 0."""
    if isinstance(element, _Array):
        return element.ndim == 0
    return _np.isscalar(element)


def iscomplexobj(x):
    """Whether an object is of a complex type."""
    return _dtypes.issubdtype(_pullback.as_array(x).dtype, _np.complexfloating)


def isrealobj(x):
    """Whether an object is of a type that is not complex."""
    return not iscomplexobj(x)


def load(file, *args, **kwargs):
    """An array from a file of NumPy's."""
    out = _np.load(file, *args, **kwargs)
    return _jnp().asarray(out) if isinstance(out, _np.ndarray) else out


def from_dlpack(x, /, *, device=None, copy=None):
    """The array that an object hands over by DLPack: over the same memory if that begins at a cache
    line and fills whole ones, else a copy."""
    if not hasattr(x, "__dlpack__"):
        raise TypeError(
            f"from_dlpack: expected an object with __dlpack__ and __dlpack_device__, got {type(x)}"
        )
    given = _np.from_dlpack(x)
    array = None if copy else _pullback.shared(given)
    if array is not None:
        return array
    if copy is False:
        raise ValueError(
            f"from_dlpack: memory of {given.dtype}{list(given.shape)} cannot be shared without a "
            "copy: it does not begin at a cache line and fill whole ones, or is of another type"
        )
    return _jnp().asarray(given)


def frombuffer(buffer, dtype=float, count=-1, offset=0):
    """The elements in a buffer."""
    dtype = _pullback.canonical_dtype(dtype) if dtype is float else dtype
    return _jnp().asarray(_np.frombuffer(buffer, dtype, count, offset))


def fromiter(iter, dtype, count=-1):
    """The elements that an iterator gives."""
    return _jnp().asarray(_np.fromiter(iter, dtype, count))


def fromstring(string, dtype=float, count=-1, *, sep):
    """The numbers in a text."""
    return _jnp().asarray(_np.fromstring(string, dtype, count, sep=sep))


def fromfunction(function, shape, *, dtype=float, **kwargs):
    """A function of the indices of every element."""
    from pullback import vmap

    jnp = _jnp()
    shape = tuple(shape)
    for axis in range(len(shape)):
        in_axes = tuple(0 if i == axis else None for i in reversed(range(len(shape))))[::-1]
        function = vmap(function, in_axes=in_axes, out_axes=axis)
    return function(*(jnp.arange(s, dtype=dtype) for s in shape), **kwargs)


def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    """A function of every row along an axis."""
    from pullback import vmap

    arr = _pullback.as_array(arr)
    if not -arr.ndim <= axis < arr.ndim:
        raise _pullback.AxisError(
            f"apply_along_axis: axis {axis} is out of bounds for array of dimension {arr.ndim}"
        )
    axis = axis + arr.ndim if axis < 0 else axis
    function = lambda row: func1d(row, *args, **kwargs)  # noqa: E731
    for i in range(1, arr.ndim - axis):
        function = vmap(function, in_axes=i, out_axes=-1)
    for _ in range(axis):
        function = vmap(function, in_axes=0, out_axes=0)
    return function(arr)


def apply_over_axes(func, a, axes):
    """A function applied along one axis after another."""
    a = _pullback.as_array(a)
    for axis in axes:
        b = func(a, axis=axis)
        if b.ndim == a.ndim - 1:
            b = _jnp().expand_dims(b, axis)
        a = b
    return a


def piecewise(x, condlist, funclist, *args, **kw):
    """The function of each element whose condition holds; the last one stands for the others."""
    from pullback import vmap
    from pullback.lax import switch

    jnp = _jnp()
    x = _pullback.as_array(x)
    count = len(condlist)
    if len(funclist) == count:
        funclist = [0, *funclist]
    elif len(funclist) == count + 1:
        funclist = [funclist[-1], *funclist[:-1]]
    else:
        raise ValueError(f"with {count} condition(s), either {count} or {count + 1} functions are expected; got {len(funclist)}")
    which = jnp.zeros(x.shape, dtype="int32")
    for number, condition in reversed(list(enumerate(condlist, 1))):
        which = jnp.where(jnp.asarray(condition), jnp.int32(number), which)

    def branch(function):
        if callable(function):
            return lambda x: jnp.asarray(function(x, *args, **kw), dtype=x.dtype)
        return lambda x: jnp.asarray(function, dtype=x.dtype)

    branches = [branch(function) for function in funclist]
    pick = lambda i, x: switch(i, branches, x)  # noqa: E731
    for _ in range(x.ndim):
        pick = vmap(pick)
    return pick(which, x)


def vectorize(pyfunc, *, excluded=frozenset(), signature=None):
    """A function of arrays by broadcasting, from one of single elements or cores."""
    return _pullback.transforms.vectorize(pyfunc, excluded, signature)
