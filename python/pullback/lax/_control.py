"""Control flow, in a module of its own: the functions of the table that `lax` takes in have the
names of builtins."""

from pullback import _pullback, tree_util
from pullback._pullback import transforms as _transforms

_UNSET = object()


def cond(pred, true_fun, false_fun, *operands, operand=_UNSET, linear=None):
    """The results of `true_fun` if `pred` holds, else those of `false_fun`."""
    if operand is not _UNSET:
        operands = (operand,)
    if not (callable(true_fun) and callable(false_fun)) and len(operands) >= 2:
        # The old form: cond(pred, true_operand, true_fun, false_operand, false_fun).
        t_operand, t_fun, f_operand, f_fun = true_fun, false_fun, *operands
        if callable(t_fun) and callable(f_fun):
            return _transforms.cond(
                pred, lambda t, f: t_fun(t), lambda t, f: f_fun(f), (t_operand, f_operand)
            )
    return _transforms.cond(pred, true_fun, false_fun, operands)


def switch(index, branches, *operands, operand=_UNSET):
    """The results of the branch that `index` says."""
    if operand is not _UNSET:
        operands = (operand,)
    return _transforms.switch(index, list(branches), operands)


def while_loop(cond_fun, body_fun, init_val):
    """Repeats `body_fun` as long as `cond_fun` holds."""
    return _transforms.while_loop(cond_fun, body_fun, init_val)


def scan(f, init, xs=None, length=None, reverse=False, unroll=1, _split_transpose=False):
    """Repeats a function over the leading axis of arrays, handing on a carry."""
    return _transforms.scan(f, init, xs, length, reverse)


def _shown(x):
    """The type of an array, as messages show it."""
    return f"{x.dtype}[{','.join(str(size) for size in x.shape)}]"


def _bounds(lower, upper):
    """The bounds of a loop, which must be whole numbers of one type."""
    from pullback import dtypes
    import numpy as np

    bounds = [_pullback.as_array(bound) for bound in (lower, upper)]
    shown = " and ".join(f"{_shown(x)}" for x in bounds)
    if any(x.ndim or not dtypes.issubdtype(x.dtype, np.integer) for x in bounds):
        raise TypeError(
            f"fori_loop: lower and upper must be scalars of integer types, got {shown}"
        )
    if bounds[0].dtype != bounds[1].dtype and not any(x.weak_type for x in bounds):
        raise TypeError(f"fori_loop: lower and upper must have equal types, got {shown}")


def _concrete(x):
    try:
        return int(x.__index__())
    except TypeError:
        return None


def fori_loop(lower, upper, body_fun, init_val, *, unroll=None):
    """Repeats `body_fun(i, value)` for `i` from `lower` up to `upper`."""
    if not callable(body_fun):
        raise TypeError(f"fori_loop: body_fun should be callable, got {body_fun!r}")
    from pullback import dtypes, numpy as jnp

    _bounds(lower, upper)
    first, last = _concrete(lower), _concrete(upper)
    if first is not None and last is not None:
        def step(carry, _):
            i, value = carry
            return (i + 1, body_fun(i, value)), None

        count = max(last - first, 0)
        if isinstance(lower, int):
            start = lower
        else:
            start = lower
        carry = (start, init_val)
        (_, result), _ = _transforms.scan(step, carry, None, count, False, "fori_loop")
        return result

    def body(carry):
        i, upper, value = carry
        return i + 1, upper, body_fun(i, value)

    lower = jnp.asarray(lower)
    upper = jnp.asarray(upper)
    dtype = dtypes.result_type(lower, upper)
    carry = (lower.astype(dtype), upper.astype(dtype), init_val)
    condition = lambda carry: carry[0] < carry[1]  # noqa: E731
    return _transforms.while_loop(condition, body, carry, "fori_loop")[2]


def map(f, xs, *, batch_size=None):
    """The results of a function on every entry of arrays, one after another."""
    if batch_size is not None:
        from pullback import numpy as jnp, vmap

        leaves = tree_util.tree_leaves(xs)
        count = leaves[0].shape[0]
        whole = count // batch_size
        head = tree_util.tree_map(
            lambda x: x[: whole * batch_size].reshape(whole, batch_size, *x.shape[1:]), xs
        )
        _, ys = scan(lambda _, x: ((), vmap(f)(x)), (), head)
        ys = tree_util.tree_map(lambda y: y.reshape(whole * batch_size, *y.shape[2:]), ys)
        if whole * batch_size == count:
            return ys
        rest = vmap(f)(tree_util.tree_map(lambda x: x[whole * batch_size :], xs))
        return tree_util.tree_map(lambda a, b: jnp.concatenate([a, b]), ys, rest)
    return _transforms.scan(lambda _, x: ((), f(x)), (), xs, None, False, "map")[1]


def associative_scan(fn, elems, reverse=False, axis=0):
    """All partial results of an associative function along an axis, in logarithmic depth."""
    from pullback import numpy as jnp

    if not callable(fn):
        raise TypeError(f"associative_scan: fn should be callable, got {fn!r}")
    flat, structure = tree_util.tree_flatten(elems)
    flat = [_pullback.as_array(x) for x in flat]
    if not flat:
        return elems
    shapes = ", ".join(f"{_shown(x)}" for x in flat)
    rank = flat[0].ndim
    if not -rank <= axis < rank or any(x.ndim <= axis % rank for x in flat):
        raise _pullback.AxisError(
            f"associative_scan: axis {axis} is out of bounds for arrays of types {shapes}"
        )
    axis = axis % rank
    size = flat[0].shape[axis]
    if any(x.shape[axis] != size for x in flat):
        raise ValueError(
            f"associative_scan: arrays must have equal sizes along axis {axis}, got {shapes}"
        )
    if reverse:
        flat = [jnp.flip(x, axis) for x in flat]

    def combine(a, b):
        a = tree_util.tree_unflatten(structure, a)
        b = tree_util.tree_unflatten(structure, b)
        leaves, given = tree_util.tree_flatten(fn(a, b))
        if given != structure:
            raise ValueError(
                "associative_scan: fn must give the structure that it is given, got "
                f"{given} for {structure}"
            )
        return leaves

    def part(x, start, stop, step=1):
        return x[(slice(None),) * axis + (slice(start, stop, step),)]

    def interleave(even, odd):
        count = odd.shape[axis]
        pairs = jnp.stack([part(even, 0, count), odd], axis=axis + 1)
        shape = (*odd.shape[:axis], 2 * count, *odd.shape[axis + 1 :])
        both = jnp.reshape(pairs, shape)
        if even.shape[axis] > count:
            both = jnp.concatenate([both, part(even, count, None)], axis=axis)
        return both

    def scanned(xs):
        count = xs[0].shape[axis]
        if count < 2:
            return xs
        pairs = combine([part(x, 0, count - 1, 2) for x in xs], [part(x, 1, None, 2) for x in xs])
        odd = scanned(pairs)
        if count % 2 == 0:
            even = combine([part(x, 0, -1) for x in odd], [part(x, 2, None, 2) for x in xs])
        else:
            even = combine(odd, [part(x, 2, None, 2) for x in xs])
        even = [
            jnp.concatenate([part(x, 0, 1), y], axis=axis) for x, y in zip(xs, even)
        ]
        return [interleave(e, o) for e, o in zip(even, odd)]

    result = scanned(flat)
    if reverse:
        result = [jnp.flip(x, axis) for x in result]
    return tree_util.tree_unflatten(structure, result)


def broadcast_shapes(*shapes):
    """The shape that arrays of these shapes are repeated to when they meet."""
    import numpy as np

    return np.broadcast_shapes(*shapes)


def shape_as_value(shape):
    """A shape as an array."""
    from pullback import numpy as jnp

    return jnp.asarray(tuple(shape), dtype="int32")


def optimization_barrier(operand, /):
    """The same tree; nothing is moved across it."""
    return tree_util.tree_map(_pullback.as_array, operand)


def with_sharding_constraint(x, shardings):
    """The same tree; there is one device."""
    return tree_util.tree_map(_pullback.as_array, x)


def stop_gradient(x):
    """The same tree, as a constant to derivatives."""
    return tree_util.tree_map(_transforms.stop_gradient, x)
