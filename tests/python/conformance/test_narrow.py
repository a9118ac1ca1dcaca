"""Arithmetic on the types of four and eight bits, beside JAX's: computed wider, and rounded."""

import numpy as np
import pytest

import pullback

jax = pytest.importorskip("jax")

TYPES = ["int4", "uint4", "float8_e4m3fn", "float8_e5m2"]
OPERATIONS = {
    "add": lambda m, x, y: x + y,
    "subtract": lambda m, x, y: y - x,
    "multiply": lambda m, x, y: x * y,
    "by a number": lambda m, x, y: x * 2,
    "negative": lambda m, x, y: -y,
    "compare": lambda m, x, y: x < y,
    "maximum": lambda m, x, y: m.numpy.maximum(x, y),
    "sort": lambda m, x, y: m.numpy.sort(y),
    "argmax": lambda m, x, y: m.numpy.argmax(y),
    "dot": lambda m, x, y: m.numpy.dot(x[:1], y[:1]),
    "clip": lambda m, x, y: m.numpy.clip(x, 1, 2),
    "where": lambda m, x, y: m.numpy.where(x > y, x, y),
    "jit": lambda m, x, y: m.jit(lambda x, y: x * y + x)(x, y),
    "vmap": lambda m, x, y: m.vmap(lambda x, y: x + y)(x, y),
    "scalar": lambda m, x, y: x[0] + y[0],
}
OF_FLOATS = {
    "divide": lambda m, x, y: x / y,
    "sine": lambda m, x, y: m.numpy.sin(x),
    "exponential": lambda m, x, y: m.numpy.exp(x),
    "sum": lambda m, x, y: m.numpy.sum(x),
    "gradient": lambda m, x, y: m.grad(lambda x: m.numpy.sum(x * y))(x),
}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", [*OPERATIONS, *OF_FLOATS])
def test_arithmetic(name, dtype):
    if name in OF_FLOATS and "int" in dtype:
        return
    results = []
    for m in (pullback, jax):
        x = m.numpy.asarray([1, 2, 3, 7], dtype)
        y = m.numpy.asarray([2, 7, 1, 5], dtype)
        results.append((OPERATIONS | OF_FLOATS)[name](m, x, y))
    ours, theirs = results
    assert str(ours.dtype) == str(theirs.dtype)
    np.testing.assert_array_equal(
        np.asarray(ours).astype(np.float32), np.asarray(theirs).astype(np.float32)
    )


@pytest.mark.parametrize("name", ["population_count", "clz"])
def test_bits_of_narrow_types_are_refused(name):
    with pytest.raises(TypeError, match="not defined for int4"):
        getattr(pullback.lax, name)(pullback.numpy.asarray([1, 2], "int4"))


@pytest.mark.parametrize("dtype", TYPES)
def test_programs_show_numbers_of_narrow_types(dtype):
    ours, theirs = (
        str(m.make_jaxpr(lambda x: x * 3)(m.numpy.asarray([1, 2], dtype))) for m in (pullback, jax)
    )
    assert ours == theirs
