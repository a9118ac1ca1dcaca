"""Checks of derivatives against finite differences."""

from pullback import _pullback, tree_util

EPS = 1e-4


def _default_tolerance(leaves):
    import numpy as np

    wide = all(np.dtype(_pullback.as_array(x).dtype).itemsize >= 8 for x in leaves)
    return 1e-5 if wide else 2e-2


def _random_like(rng, x):
    import numpy as np

    x = np.asarray(x)
    if np.issubdtype(x.dtype, np.complexfloating):
        return (rng.randn(*x.shape) + 1j * rng.randn(*x.shape)).astype(x.dtype)
    if np.issubdtype(x.dtype, np.floating) or x.dtype.name == "bfloat16":
        return np.asarray(rng.randn(*x.shape)).astype(x.dtype)
    import pullback

    return np.zeros(x.shape, pullback.dtypes.float0)


def _close(a, b, atol, rtol, message):
    import numpy as np

    a, b = (tree_util.tree_leaves(t) for t in (a, b))
    for x, y in zip(a, b):
        x, y = np.asarray(x), np.asarray(y)
        if x.dtype.names:
            continue
        np.testing.assert_allclose(x, y, atol=atol, rtol=rtol, err_msg=message)


def _inner(a, b):
    import numpy as np

    total = 0.0
    for x, y in zip(tree_util.tree_leaves(a), tree_util.tree_leaves(b)):
        x, y = np.asarray(x), np.asarray(y)
        if not x.dtype.names and not y.dtype.names:
            total = total + np.sum(np.real(np.conj(x.astype("complex128")) * y))
    return total


def numerical_jvp(f, primals, tangents, eps=EPS):
    """The tangents of the results by a central difference."""
    import numpy as np

    def move(sign):
        def one(x, dx):
            x = np.asarray(x)
            if np.asarray(dx).dtype.names:
                return x
            return (x + sign * (0.5 * eps) * dx).astype(x.dtype)

        return f(*tree_util.tree_map(one, tuple(primals), tuple(tangents)))

    plus, minus = move(1.0), move(-1.0)
    return tree_util.tree_map(
        lambda a, b: (np.asarray(a) - np.asarray(b)) / np.asarray(eps, np.asarray(a).real.dtype),
        plus, minus,
    )


def check_jvp(f, f_jvp, args, atol=None, rtol=None, eps=EPS, err_msg=""):
    """Whether a forward derivative agrees with differences."""
    import numpy as np

    rng = np.random.RandomState(0)
    tangents = tree_util.tree_map(lambda x: _random_like(rng, x), tuple(args))
    y, dy = f_jvp(tuple(args), tangents)
    tolerance = _default_tolerance(tree_util.tree_leaves(args))
    atol, rtol = atol or tolerance, rtol or tolerance
    _close(f(*args), y, atol, rtol, f"{err_msg} JVP primal")
    _close(numerical_jvp(f, args, tangents, eps), dy, atol, rtol, f"{err_msg} JVP tangent")


def check_vjp(f, f_vjp, args, atol=None, rtol=None, eps=EPS, err_msg=""):
    """Whether a reverse derivative agrees with differences."""
    import numpy as np

    rng = np.random.RandomState(0)
    y, pullback = f_vjp(*args)
    tangents = tree_util.tree_map(lambda x: _random_like(rng, x), tuple(args))
    differences = numerical_jvp(f, args, tangents, eps)
    ct = tree_util.tree_map(lambda x: _random_like(rng, x), y)
    conjugated = tree_util.tree_map(
        lambda c: c if np.asarray(c).dtype.names else np.conj(c), ct
    )
    back = pullback(conjugated)
    tolerance = _default_tolerance(tree_util.tree_leaves(args))
    atol, rtol = atol or tolerance, rtol or tolerance
    _close(f(*args), y, atol, rtol, f"{err_msg} VJP primal")
    conj = lambda t: tree_util.tree_map(  # noqa: E731
        lambda c: c if np.asarray(c).dtype.names else np.conj(np.asarray(c)), t
    )
    np.testing.assert_allclose(
        _inner(ct, differences), _inner(conj(back), tangents), atol=atol, rtol=rtol,
        err_msg=f"{err_msg} VJP cotangent projection",
    )


def check_grads(f, args, order, modes=("fwd", "rev"), atol=None, rtol=None, eps=None):
    """Checks derivatives up to an order against finite differences, in the modes given."""
    import pullback

    args = tuple(args)
    eps = eps or EPS
    import numpy as np

    wide = all(np.dtype(_pullback.as_array(x).dtype).itemsize >= 8 for x in tree_util.tree_leaves(args))
    if not wide and eps == EPS:
        # Differences in single precision need a longer step to be of use.
        eps = 1e-2

    def check(f, args, order, message):
        if "fwd" in modes:
            rule = lambda xs, dxs: pullback.jvp(f, xs, dxs)  # noqa: E731
            check_jvp(f, rule, args, atol, rtol, eps, f"{message} forward")
            if order > 1:
                tangents = tree_util.tree_map(
                    lambda x: _random_like(np.random.RandomState(1), x), args
                )
                check(lambda *xs: pullback.jvp(f, xs, tangents), args, order - 1,
                      f"{message} forward of")
        if "rev" in modes:
            check_vjp(f, lambda *xs: pullback.vjp(f, *xs), args, atol, rtol, eps,
                      f"{message} reverse")
            if order > 1:
                ct = tree_util.tree_map(
                    lambda x: _random_like(np.random.RandomState(1), x), f(*args)
                )

                def pulled(*xs):
                    y, pullback_ = pullback.vjp(f, *xs)
                    return y, pullback_(ct)

                check(pulled, args, order - 1, f"{message} reverse of")

    check(f, args, order, "check_grads:")
