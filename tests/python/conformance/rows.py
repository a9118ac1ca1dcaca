"""One call of a function on both sides, and what is compared.

NumPy arrays become arrays of either side first. `grad=True` compares derivatives too: the
cotangents of all floating arguments, for cotangents of the results that are made up.
"""

import numpy as np
import pytest

import pullback

jax = pytest.importorskip("jax")


def row(path, *args, grad=False, rtol=2e-5, atol=2e-6, **kwargs):
    name = f"{path}-{len(args)}-{'-'.join(f'{k}={v}' for k, v in kwargs.items() if not isinstance(v, np.ndarray))}"
    return pytest.param(path, args, kwargs, grad, rtol, atol, id=name[:80])


def find(module, path):
    __import__(f"{module.__name__}")
    for name in path.split("."):
        if not hasattr(module, name):
            __import__(f"{module.__name__}.{name}")
        module = getattr(module, name)
    return module


def converted(module, x):
    if isinstance(x, np.ndarray):
        return module.numpy.asarray(x)
    if isinstance(x, tuple) and any(isinstance(y, np.ndarray) for y in x):
        return tuple(converted(module, y) for y in x)
    if isinstance(x, list):
        return [converted(module, y) for y in x]
    return x


def call(module, path, args, kwargs):
    given = [converted(module, x) for x in args]
    named = {name: converted(module, x) for name, x in kwargs.items()}
    return find(module, path)(*given, **named)


def leaves(value):
    if isinstance(value, (tuple, list)):
        return [leaf for entry in value for leaf in leaves(entry)]
    return [value]


def compare(mine, other, rtol, atol):
    if isinstance(other, (bool, int)) and not hasattr(other, "dtype"):
        assert mine == other
        return
    assert mine.shape == other.shape
    assert str(mine.dtype) == str(other.dtype)
    if hasattr(other, "weak_type"):
        assert mine.weak_type == other.weak_type
    if str(mine.dtype).startswith("key"):
        return
    x, y = np.asarray(mine), np.asarray(other)
    if x.dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        x, y = x.astype(np.float32), y.astype(np.float32)
    np.testing.assert_allclose(x, y, rtol=rtol, atol=atol)


def cotangents(value):
    """Numbers like those of the results, from a simple wave."""
    rows = []
    for leaf in leaves(value):
        leaf = np.asarray(leaf)
        wave = np.cos(np.arange(leaf.size) + 0.3).reshape(leaf.shape)
        rows.append(wave.astype(leaf.dtype))
    return rows


def inexact(x):
    return isinstance(x, np.ndarray) and np.issubdtype(x.dtype, np.inexact)


def gradients(module, path, args, kwargs):
    places = [i for i, x in enumerate(args) if inexact(x)]

    def f(*chosen):
        given = list(args)
        for i, x in zip(places, chosen):
            given[i] = x
        results = leaves(call(module, path, given, kwargs))
        return [y for y in results if np.issubdtype(np.dtype(str(y.dtype)), np.inexact)]

    primals = [module.numpy.asarray(args[i]) for i in places]
    y, pull = module.vjp(f, *primals)
    return pull([module.numpy.asarray(ct) for ct in cotangents(y)])


def check(path, args, kwargs, grad, rtol, atol):
    ours = leaves(call(pullback, path, args, kwargs))
    theirs = leaves(call(jax, path, args, kwargs))
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs):
        compare(mine, other, rtol, atol)
    if grad:
        ours = gradients(pullback, path, args, kwargs)
        theirs = gradients(jax, path, args, kwargs)
        for mine, other in zip(ours, theirs):
            compare(mine, other, 20 * rtol, 20 * atol)


def raises_alike(path, args, kwargs):
    """Both sides refuse the call, with exceptions of one kind."""
    with pytest.raises(Exception) as theirs:
        call(jax, path, args, kwargs)
    kinds = (TypeError, ValueError, IndexError, NotImplementedError, OverflowError, AssertionError)
    expected = next(kind for kind in kinds if isinstance(theirs.value, kind))
    with pytest.raises(expected):
        call(pullback, path, args, kwargs)
