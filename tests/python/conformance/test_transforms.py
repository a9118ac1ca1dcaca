"""Transformations beside JAX's, nested in each other, and the text of their programs."""

import re

import numpy as np
import pytest

import pullback

jax = pytest.importorskip("jax")
IMPLEMENTATIONS = {}
X = np.linspace(-1.5, 1.5, 5, dtype=np.float32)


def programs(m):
    """Functions of one array to be transformed, over the implementation `m`."""
    jnp, lax = m.numpy, m.lax
    scan_body = lambda carry, x: (carry * jnp.cos(x), carry + x)
    return {
        "tanh": jnp.tanh,
        "polynomial": lambda x: 3 * x**2 + 4 * x - 3,
        "product": lambda x: jnp.sin(x) * jnp.exp(x),
        "softmax": lambda x: m.nn.softmax(x),
        "norm": lambda x: jnp.sqrt(jnp.sum(x**2) + 1.0),
        "where": lambda x: jnp.where(x > 0, x, 0.1 * x),
        "sorted": lambda x: jnp.sort(x) * jnp.arange(jnp.size(x)).reshape(jnp.shape(x)),
        "indexed": lambda x: x[1:4] * x[0] + x[-1],
        "matmul": lambda x: jnp.outer(x, x) @ x,
        "cond": lambda x: lax.cond(jnp.sum(x) > 0, lambda x: x * 2, lambda x: jnp.sin(x), x),
        "fori": lambda x: lax.fori_loop(0, 3, lambda i, x: x * 1.5 + i, x),
        "scan": lambda x: lax.scan(scan_body, jnp.sum(x), x)[1],
        "jit": m.jit(lambda x: jnp.cumsum(x) * jnp.max(x)),
        "remat": m.checkpoint(lambda x: jnp.sin(jnp.sin(x))),
    }


def scalar(m, f):
    return lambda x: m.numpy.sum(m.numpy.sin(f(x)))


TRANSFORMS = {
    "value": lambda m, f: f,
    "grad": lambda m, f: m.grad(scalar(m, f)),
    "jit-grad": lambda m, f: m.jit(m.grad(scalar(m, f))),
    "grad-jit": lambda m, f: m.grad(m.jit(scalar(m, f))),
    "jacfwd": lambda m, f: m.jacfwd(f),
    "jacrev": lambda m, f: m.jacrev(f),
    "hessian": lambda m, f: m.hessian(scalar(m, f)),
    "vmap-grad": lambda m, f: lambda x: m.vmap(m.grad(scalar(m, f)))(m.numpy.stack([x, 2 * x, -x])),
    "grad-vmap": lambda m, f: lambda x: m.grad(
        lambda x: m.numpy.sum(m.vmap(f)(m.numpy.stack([x, 2 * x])))
    )(x),
    "jvp": lambda m, f: lambda x: m.jvp(f, (x,), (m.numpy.ones_like(x),))[1],
    "vjp": lambda m, f: lambda x: m.vjp(scalar(m, f), x)[1](m.numpy.float32(2.0))[0],
}


@pytest.mark.parametrize("program", list(programs(jax)))
@pytest.mark.parametrize("transform", list(TRANSFORMS))
def test_transformed_programs_agree(program, transform):
    results = []
    for m in (pullback, jax):
        f = TRANSFORMS[transform](m, programs(m)[program])
        results.append(f(m.numpy.asarray(X)))
    ours, theirs = results
    assert ours.shape == theirs.shape
    assert str(ours.dtype) == str(theirs.dtype)
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-4, atol=1e-5)


TEXTS = {
    "polynomial": lambda m: lambda x: 3 * x**2 + 4 * x - 3,
    "grad": lambda m: m.grad(lambda x: 3 * x**2 + 4 * x - 3),
    "tanh": lambda m: m.grad(m.numpy.tanh),
    "sines": lambda m: lambda x: m.numpy.sin(x) * m.numpy.cos(x) + 2.0,
    "exp": lambda m: lambda x: m.numpy.exp(-x) / (1 + x),
    "vmap": lambda m: m.vmap(lambda x: m.numpy.sin(x) * x),
}


@pytest.mark.parametrize("name", list(TEXTS))
def test_program_text_is_equal(name):
    x = np.ones(3, np.float32) if name == "vmap" else 1.0
    ours, theirs = (str(m.make_jaxpr(TEXTS[name](m))(x)) for m in (pullback, jax))
    assert ours == theirs


VECTOR_TEXTS = {
    "jacfwd": lambda m: m.jacfwd(lambda x: x**2),
    "jacrev": lambda m: m.jacrev(m.numpy.sin),
    "jacobian of a tree": lambda m: lambda x: m.jacrev(lambda d: d["a"] * 2)({"a": x, "b": x}),
    "map": lambda m: lambda x: m.lax.map(lambda x: x * 2, x, batch_size=5),
    "vectorize": lambda m: m.numpy.vectorize(lambda x: x * x + 1),
}


@pytest.mark.parametrize("name", list(VECTOR_TEXTS))
def test_program_text_of_a_vector_is_equal(name):
    x = np.ones(3, np.float32)
    ours, theirs = (str(m.make_jaxpr(VECTOR_TEXTS[name](m))(x)) for m in (pullback, jax))
    # JAX shows that some of its sizes are numbers of NumPy.
    assert ours == re.sub(r"np\.int64\((\d+)\)", r"\1", theirs)


JACOBIANS = {
    "of a weak scalar": lambda m: m.jacfwd(lambda x: x**2)(3.0),
    "reverse, of a weak scalar": lambda m: m.jacrev(lambda x: x**2)(3.0),
    "second, of a weak scalar": lambda m: m.hessian(lambda x: x**3)(3.0),
    "holomorphic": lambda m: m.jacfwd(lambda x: x**2, holomorphic=True)(1j),
    "of integers": lambda m: m.jacrev(lambda x: x * 2.0, allow_int=True)(m.numpy.arange(2)),
    "over trees": lambda m: m.jacrev(lambda d: {"s": d["a"] * d["b"], "t": (d["a"],)})(
        {"a": 1.0, "b": m.numpy.asarray(X)}
    ),
    "forward, over trees": lambda m: m.jacfwd(lambda d: {"s": d["a"] * d["b"], "t": (d["a"],)})(
        {"a": 1.0, "b": m.numpy.asarray(X)}
    ),
    "with auxiliary results": lambda m: m.hessian(
        lambda x: (m.numpy.sum(x**3), {"x": x}), has_aux=True
    )(m.numpy.asarray(X)),
    "of several arguments": lambda m: m.jacfwd(lambda x, y, z: x * y * z, argnums=(0, -1))(
        m.numpy.asarray(X), 2.0, m.numpy.asarray(X)
    ),
    "a mapped loop": lambda m: m.lax.map(lambda x: x**2, m.numpy.asarray(X), batch_size=2),
    "an associative scan": lambda m: m.lax.associative_scan(
        lambda a, b: (a[0] * b[0], a[1] * b[0] + b[1]),
        (m.numpy.asarray(X), m.numpy.asarray(X) + 1),
        reverse=True,
    ),
    "of bools": lambda m: m.lax.associative_scan(m.numpy.logical_or, m.numpy.asarray(X) > 0),
}


@pytest.mark.parametrize("name", list(JACOBIANS))
def test_types_and_trees_of_jacobians_agree(name):
    ours, theirs = (JACOBIANS[name](m) for m in (pullback, jax))
    ours, own = pullback.tree.flatten(ours)
    theirs, structure = jax.tree.flatten(theirs)
    assert str(own) == str(structure)
    for x, y in zip(ours, theirs, strict=True):
        assert (x.shape, str(x.dtype), x.weak_type) == (y.shape, str(y.dtype), y.weak_type)
        np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=1e-4, atol=1e-5)


def test_while_has_a_reverse_mode():
    f = lambda x: pullback.lax.while_loop(lambda x: x < 10.0, lambda x: x * x, x)
    assert float(pullback.grad(f)(3.0)) == 4 * 3.0**3
