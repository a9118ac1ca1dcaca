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


def fori_loop(lower, upper, body_fun, init_val, *, unroll=None):
    """Repeats `body_fun(i, value)` for `i` from `lower` up to `upper`."""
    return _transforms.fori_loop(lower, upper, body_fun, init_val)


def map(f, xs, *, batch_size=None):
    """The results of a function on every entry of arrays, one after another."""
    return _transforms.map(f, xs, batch_size)


def associative_scan(fn, elems, reverse=False, axis=0):
    """All partial results of an associative function along an axis, in logarithmic depth."""
    return _transforms.associative_scan(fn, elems, reverse, axis)


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
