"""Functions that only Python can write: they take functions or types, or answer about types."""

import functools as _functools

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


def _parse(signature):
    def core(text):
        groups = text.strip().lstrip("(").rstrip(")").split("),")
        return [
            tuple(d.strip() for d in g.strip().lstrip("(").split(",") if d.strip()) for g in groups
        ]

    inputs, outputs = signature.split("->")
    return core(inputs), core(outputs)


def vectorize(pyfunc, *, excluded=frozenset(), signature=None):
    """A function of arrays by broadcasting, from one of single elements or cores."""
    from pullback import vmap

    if any(not isinstance(name, (str, int)) for name in excluded):
        raise TypeError(
            "jax.numpy.vectorize can only exclude integer or string arguments, but excluded="
            f"{excluded!r}"
        )

    @_functools.wraps(pyfunc)
    def wrapped(*args, **kwargs):
        jnp = _jnp()
        fixed = {i: a for i, a in enumerate(args) if i in excluded or a is None}
        named = {k: v for k, v in kwargs.items() if k in excluded}
        mapped_names = [k for k in kwargs if k not in excluded]
        arrays = [_pullback.as_array(a) for i, a in enumerate(args) if i not in fixed]
        arrays += [_pullback.as_array(kwargs[k]) for k in mapped_names]
        if signature is None:
            in_cores, out_cores = [()] * len(arrays), None
        else:
            in_cores, out_cores = _parse(signature)
            if len(in_cores) != len(arrays):
                raise TypeError(
                    f"wrong number of positional arguments: expected {len(in_cores)}, got "
                    f"{len(arrays)}"
                )
        sizes = {}
        for array, cores in zip(arrays, in_cores):
            if array.ndim < len(cores):
                raise ValueError(
                    f"input with shape {array.shape} does not have enough dimensions for all core "
                    f"dimensions {cores!r} on vectorized function"
                )
            for name, n in zip(cores, array.shape[array.ndim - len(cores) :]):
                if sizes.setdefault(name, n) != n:
                    raise ValueError(
                        f"inconsistent size for core dimension {name!r}: {n} vs {sizes[name]} on "
                        "vectorized function"
                    )
        outer = [a.shape[: a.ndim - len(c)] for a, c in zip(arrays, in_cores)]
        common = broadcast_shapes(*outer)

        def call(*values):
            values = list(values)
            positional, rest = [], iter(values)
            for i in range(len(args)):
                positional.append(fixed[i] if i in fixed else next(rest))
            keywords = dict(named, **{k: next(rest) for k in mapped_names})
            out = pyfunc(*positional, **keywords)
            if out_cores is not None:
                outs = out if isinstance(out, tuple) else (out,)
                if len(outs) != len(out_cores):
                    raise TypeError(
                        f"wrong number of outputs from pyfunc: expected {len(out_cores)}, got "
                        f"{len(outs)}"
                    )
            return out

        # One `vmap` for each common axis, the innermost first; axes of size 1 are not mapped.
        squeezed, plans = [], []
        rank = len(common)
        for array, cores, shape in zip(arrays, in_cores, outer):
            shape = (1,) * (rank - len(shape)) + tuple(shape)
            mapped = [n != 1 or common[i] == 1 for i, n in enumerate(shape)]
            keep = [n for n, on in zip(shape, mapped) if on]
            tail = array.shape[array.ndim - len(cores) :]
            squeezed.append(jnp.reshape(array, (*keep, *tail)))
            plans.append(mapped)
        function = call
        for axis in reversed(range(rank)):
            in_axes = tuple(0 if plan[axis] else None for plan in plans)
            function = vmap(function, in_axes=in_axes, axis_size=common[axis])
        return function(*squeezed)

    return wrapped
