"""Draws from the further distributions: JAX's bits, and values as near as two libraries' are."""

import numpy as np
import pytest

import pullback

jax = pytest.importorskip("jax")

A = np.array([0.3, 0.9, 1.0, 2.5, 20.0], np.float32)
P = np.array([0.05, 0.5, 0.9], np.float32)
N = np.array([3.0, 8.0, 60.0], np.float32)

DRAWS = [
    ("gamma", (A, (40, 5)), {}),
    ("gamma", (2.0, (7,)), {}),
    ("gamma", (np.float32(0.5),), {}),
    ("loggamma", (A, (40, 5)), {}),
    ("beta", (A, 2.0, (20, 5)), {}),
    ("beta", (0.4, 0.3, (20,)), {}),
    ("chisquare", (4.0 * A, (20, 5)), {}),
    ("dirichlet", (A, (9,)), {}),
    ("dirichlet", (A,), {}),
    ("f", (A, 3.0, (20, 5)), {}),
    ("t", (A, (20, 5)), {}),
    ("generalized_normal", (1.5, (30,)), {}),
    ("ball", (3,), {"shape": (10,)}),
    ("ball", (3, 1.0, (4,)), {}),
    ("poisson", (3.0, (50,)), {}),
    ("poisson", (np.array([0.0, 0.5, 9.0, 11.0, 40.0, 300.0], np.float32), (50, 6)), {}),
    ("poisson", (20.0, (4, 3)), {"dtype": "int16"}),
    ("binomial", (N, P, (50, 3)), {}),
    ("binomial", (10.0, 0.3, (50,)), {}),
    ("binomial", (100.0, 0.7, (50,)), {}),
    ("multinomial", (8.0, np.array([0.2, 0.3, 0.5], np.float32)), {}),
    ("multinomial", (30.0, np.array([0.2, 0.3, 0.5], np.float32)), {"shape": (6, 3)}),
    ("geometric", (P, (30, 3)), {}),
    ("geometric", (0.25, (30,)), {}),
    ("maxwell", ((30,),), {}),
    ("double_sided_maxwell", (1.0, 2.0, (30,)), {}),
    ("triangular", (-1.0, 0.5, 2.0, (30,)), {}),
    ("triangular", (-1.0, A - 0.3, 20.0, (30, 5)), {}),
    ("wald", (A[:4], (30, 4)), {}),
    ("orthogonal", (4,), {}),
    ("orthogonal", (3, (2,)), {}),
    ("orthogonal", (4,), {"m": 6}),
    ("orthogonal", (3,), {"dtype": "complex64"}),
    ("rayleigh", (2.0, (30,)), {}),
    ("gumbel", ((30,),), {}),
    ("gumbel", ((30,),), {"mode": "high"}),
    ("weibull_min", (2.0, 1.5, (30,)), {}),
    ("pareto", (A, (30, 5)), {}),
    ("lognormal", (0.5, (30,)), {}),
    ("logistic", ((30,),), {}),
    ("laplace", ((30,),), {}),
    ("cauchy", ((30,),), {}),
    ("exponential", ((30,),), {}),
    ("rademacher", ((30,),), {}),
    ("truncated_normal", (-1.0, 2.0, (30,)), {}),
    ("multivariate_normal", (np.zeros(3, np.float32), np.diag([1.0, 2.0, 3.0]).astype(np.float32), (4,)), {}),
]


def draw(module, name, args, kwargs, seed=11):
    args = [module.numpy.asarray(x) if isinstance(x, np.ndarray) else x for x in args]
    return getattr(module.random, name)(module.random.key(seed), *args, **kwargs)


@pytest.mark.parametrize("partitionable", [False, True])
@pytest.mark.parametrize("name, args, kwargs", DRAWS, ids=lambda x: x if isinstance(x, str) else "")
def test_draws(partitionable, name, args, kwargs):
    with jax.threefry_partitionable(partitionable), pullback.threefry_partitionable(partitionable):
        ours = draw(pullback, name, args, kwargs)
        theirs = draw(jax, name, args, kwargs)
    assert ours.shape == theirs.shape
    assert str(ours.dtype) == str(theirs.dtype)
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["gamma", "loggamma"])
def test_derivative_by_concentration(name):
    def total(module):
        def f(a):
            return getattr(module.random, name)(module.random.key(3), a, (6, 5)).sum()

        return np.asarray(module.grad(f)(module.numpy.asarray(A)))

    np.testing.assert_allclose(total(pullback), total(jax), rtol=2e-3)


def test_gamma_over_a_batch():
    def f(module):
        def one(key, a):
            return module.random.gamma(key, a, (2,))

        keys = module.random.split(module.random.key(0), 5)
        return np.asarray(module.vmap(one)(keys, module.numpy.asarray(A)))

    np.testing.assert_allclose(f(pullback), f(jax), rtol=2e-4)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint8", "uint16", "uint32"])
@pytest.mark.parametrize("bounds", [(0, 100), (-5, 17), (-1000, 1000), (3, 3)])
def test_whole_numbers(dtype, bounds):
    ours = pullback.random.randint(pullback.random.key(4), (50,), *bounds, dtype)
    theirs = jax.random.randint(jax.random.key(4), (50,), *bounds, dtype)
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
