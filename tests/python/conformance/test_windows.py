"""Reductions over windows beside JAX's: values, types, derivatives, batching, and what they refuse."""

import numpy as np
import pytest

from rows import compare, jax

import pullback


def shuffled(*shape, dtype=np.float32):
    """Distinct numbers in no order."""
    count = int(np.prod(shape))
    return ((np.arange(count) * 37 % 101 + np.arange(count) / 1000) - 50).reshape(shape).astype(dtype)


X, IMAGE = shuffled(9), shuffled(2, 6, 5, 3)
I = shuffled(8, dtype=np.int32)
LINE = [
    dict(window_dimensions=(3,)),
    dict(window_dimensions=(2,), window_strides=(2,)),
    dict(window_dimensions=(3,), window_strides=(2,), padding="SAME"),
    dict(window_dimensions=(2,), window_strides=(1,), padding="SAME_LOWER"),
    dict(window_dimensions=(3,), padding=[(2, 1)]),
    dict(window_dimensions=(2,), padding=[(1, -2)]),
]
DILATED = [
    dict(window_dimensions=(2,), window_dilation=(3,)),
    dict(window_dimensions=(3,), base_dilation=(2,), padding=[(1, 1)]),
    dict(window_dimensions=(2,), window_strides=(1,), base_dilation=(2,), window_dilation=(2,), padding="SAME"),
]
POOL = [
    dict(window_dimensions=(1, 2, 2, 1), window_strides=(1, 2, 2, 1)),
    dict(window_dimensions=(1, 3, 2, 1), window_strides=(1, 1, 2, 1), padding="SAME"),
    dict(window_dimensions=(2, 1, 3, 2), window_strides=(1, 1, 1, 1), padding="SAME"),
]
OPS = {
    "add": (0.0, lambda m: m.lax.add),
    "max": (-np.inf, lambda m: m.lax.max),
    "min": (np.inf, lambda m: m.lax.min),
    "mul": (1.0, lambda m: m.lax.mul),
}


def cases():
    for name in OPS:
        for options in LINE + DILATED:
            yield pytest.param("lax.reduce_window", name, X / 50, options, id=f"{name}-{options}")
        for options in POOL:
            yield pytest.param("lax.reduce_window", name, IMAGE / 50, options, id=f"{name}-{options}")


@pytest.mark.parametrize("path,name,x,options", cases())
def test_agrees_with_jax(path, name, x, options):
    init, computation = OPS[name]
    differentiable = name != "mul"
    # JAX has no gradients of extremes over such windows.
    plain = not {"base_dilation", "window_dilation"} & set(options) and "-2" not in str(options)

    def f(module):
        def reduce(x):
            return module.lax.reduce_window(x, init, computation(module), **options)

        given = module.numpy.asarray(x)
        results = [reduce(given), module.jit(reduce)(given)]
        stack = module.numpy.stack([given, -given], 1)
        results.append(module.vmap(reduce, 1, 1)(stack))
        if differentiable:
            results += module.jvp(reduce, (given,), (module.numpy.cos(given),))
        if differentiable and (plain or name == "add"):
            gradient = module.grad(lambda x: (reduce(x) ** 2).sum())
            y, pull = module.vjp(reduce, given)
            results += pull(module.numpy.cos(module.numpy.arange(y.size, dtype="float32")).reshape(y.shape))
            results.append(module.vmap(gradient, 1)(stack))
        return results

    for mine, other in zip(f(pullback), f(jax)):
        compare(mine, other, 1e-4, 1e-4)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", ["add", "max", "min"])
def test_types(dtype, name):
    def f(module):
        x = module.numpy.asarray(np.abs(I)).astype(dtype)
        if name == "add":
            init = 0
        elif "int" in dtype:
            info = module.numpy.iinfo(dtype)
            init = module.numpy.asarray(info.min if name == "max" else info.max, dtype)
        else:
            init = module.numpy.asarray(-np.inf if name == "max" else np.inf, dtype)
        return module.lax.reduce_window(x, init, OPS[name][1](module), (2,))

    compare(f(pullback), f(jax), 1e-2, 1e-2)


def test_other_beginnings_and_functions():
    def f(module):
        lax, jnp = module.lax, module.numpy
        x = jnp.asarray(X)
        both = lax.reduce_window(
            (x, x * 2), (np.float32(0), np.float32(1)), lambda a, b: (a[0] + b[0], a[1] + b[0] * b[1]), (3,)
        )
        return [
            lax.reduce_window(x, np.float32(2), lax.add, (2,), (1,), padding="SAME"),
            lax.reduce_window(x, np.float32(3), lax.max, (2,), (1,), padding="SAME"),
            lax.reduce_window(x, np.float32(0), lambda a, b: a * 0.5 + b, (3,), (2,)),
            *both,
        ]

    for mine, other in zip(f(pullback), f(jax)):
        compare(mine, other, 1e-5, 1e-5)


def test_the_text_of_programs():
    def texts(module):
        def pool(x, init=-np.inf, op=module.lax.max):
            return module.lax.reduce_window(x, init, op, (1, 2, 2, 1), (1, 2, 2, 1), "SAME")

        x = module.numpy.asarray(IMAGE)
        yield str(module.make_jaxpr(pool)(x))
        yield str(module.make_jaxpr(lambda x: module.jvp(pool, (x,), (x,)))(x))
        yield str(module.make_jaxpr(lambda x: pool(x, 0.0, module.lax.add))(x))

    for mine, other in zip(texts(pullback), texts(jax)):
        assert mine == other


REFUSED = [
    lambda m, x: m.lax.reduce_window(x, 0.0, m.lax.add, (2, 2)),
    lambda m, x: m.lax.reduce_window(x, 0.0, m.lax.add, (2,), (1, 1)),
    lambda m, x: m.lax.reduce_window(x, 0.0, m.lax.add, (0,)),
    lambda m, x: m.lax.reduce_window(x, 0.0, m.lax.add, (2,), (0,)),
    lambda m, x: m.lax.reduce_window(x, (0.0, 0.0), m.lax.add, (2,)),
    lambda m, x: m.lax.reduce_window((), (), m.lax.add, (2,)),
    lambda m, x: m.lax.reduce_window(x > 0, False, m.lax.add, (2,)),
]


@pytest.mark.parametrize("call", REFUSED)
def test_what_is_refused(call):
    with pytest.raises((TypeError, ValueError)) as theirs:
        call(jax, jax.numpy.asarray(X))
    with pytest.raises(theirs.type):
        call(pullback, pullback.numpy.asarray(X))
