"""Transformations beside JAX's, nested in each other, and the text of their programs."""

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


def test_while_has_a_reverse_mode():
    f = lambda x: pullback.lax.while_loop(lambda x: x < 10.0, lambda x: x * x, x)
    assert float(pullback.grad(f)(3.0)) == 4 * 3.0**3
