"""Groups of rows, and what their functions are called with."""

import numpy as np

GROUPS = {}


def group(function):
    """A group of rows: a function from a namespace like JAX's to names, functions and arguments."""
    GROUPS[function.__name__] = function
    return function


def numbers(*shape, dtype="float32", low=-4.0, high=4.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(low, high, shape).astype(dtype)
