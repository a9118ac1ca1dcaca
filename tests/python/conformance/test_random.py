"""The random draws are those of JAX, bit for bit, in both layouts."""

import numpy as np
import pytest

import pullback
from pullback import random

jax = pytest.importorskip("jax")

SHAPES = [(), (1,), (3,), (1000,), (7, 5)]


def draws(random, seed, shape):
    key = random.PRNGKey(seed)
    typed = random.key(seed)
    yield random.key_data(random.split(typed, 3))
    yield random.key_data(random.fold_in(typed, 7))
    yield random.bits(key, shape)
    yield random.uniform(key, shape)
    yield random.randint(key, shape, -5, 17)
    yield random.bernoulli(key, 0.3, shape)


@pytest.mark.parametrize("partitionable", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 44, 2**31 - 1])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_draws_are_equal(partitionable, seed, shape):
    with jax.threefry_partitionable(partitionable), pullback.threefry_partitionable(partitionable):
        for ours, theirs in zip(draws(random, seed, shape), draws(jax.random, seed, shape)):
            assert str(ours.dtype) == str(theirs.dtype)
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_uniform_draws_between_other_bounds():
    ours = random.uniform(random.key(3), (1000,), minval=-2.0, maxval=3.0)
    theirs = jax.random.uniform(jax.random.key(3), (1000,), minval=-2.0, maxval=3.0)
    # XLA contracts the scaling into one rounding, which may differ in the last place.
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-6, atol=3e-7)


@pytest.mark.parametrize("partitionable", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_normal_draws(partitionable, shape):
    with jax.threefry_partitionable(partitionable), pullback.threefry_partitionable(partitionable):
        ours = random.normal(random.key(3), shape)
        theirs = jax.random.normal(jax.random.key(3), shape)
        # The bits agree; the inverse error function may differ in the last place.
        np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=4e-6, atol=1e-6)


@pytest.mark.parametrize("name, args", [("permutation", (10,)), ("choice", (10, (4,)))])
def test_orders(name, args):
    ours = getattr(random, name)(random.key(5), *args)
    theirs = getattr(jax.random, name)(jax.random.key(5), *args)
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
