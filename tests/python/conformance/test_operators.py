"""Operators of arrays and numbers, beside JAX's: results, types, and whether they are weak."""

import itertools
import operator

import jax
import numpy as np
import pytest

import pullback

OPERATORS = ["lt", "eq", "ne", "ge", "add", "sub", "truediv", "floordiv", "mod", "pow"]
NUMBERS = [
    1, -2, 2**31 - 1, 2**31, 2**70, 1.5, float("nan"), True, 1j, None, "1", [1], np.float64(2),
    np.int8(3),
]


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
@pytest.mark.parametrize("dtype", ["float32", "int32", "uint32", "bool", "float16", "complex64"])
@pytest.mark.filterwarnings("ignore")
def test_numbers_meet_as_in_jax(dtype, number):
    value = np.ones((), dtype)
    for operate in (
        lambda x: x + number,
        lambda x: number + x,
        lambda x: x - number,
        lambda x: number - x,
        lambda x: x * number,
        lambda x: x / number,
        lambda x: number / x,
        float,
    ):
        outcomes = []
        for asarray in (pullback.numpy.asarray, jax.numpy.asarray):
            try:
                y = operate(asarray(value))
                value_of = np.asarray(y)
                weak = getattr(y, "weak_type", None)
                outcomes.append((str(value_of.dtype), weak, repr(value_of)))
            except Exception as error:
                classes = type(error).__mro__
                outcomes.append(next(c for c in classes if c.__module__ == "builtins"))
        assert outcomes[0] == outcomes[1]


def _operands(module):
    """Numbers and arrays of several types, weak ones and bare ones among them."""
    np_ = module.numpy
    return {
        "bool": np_.bool_(True),
        "uint8": np_.uint8(3),
        "int32": np_.int32(3),
        "float16": np_.float16(2),
        "float32": np_.float32(1.5),
        "weak int32": module.jit(lambda: 2)(),
        "weak float32": module.jit(lambda: 1.5)(),
        "int32[3]": np_.arange(3),
        "float32[3]": np_.arange(3.0),
        "int": 2,
        "float": 2.5,
        "true": True,
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OPERATORS)
def test_results_of_operators_are_as_weak_as_in_jax(name):
    operate = getattr(operator, name)
    ours, theirs = _operands(pullback), _operands(jax)
    for left, right in itertools.product(ours, ours):
        if {left, right} <= {"int", "float", "true"}:
            continue
        kinds = []
        for operands in (ours, theirs):
            try:
                result = operate(operands[left], operands[right])
                kinds.append((str(result.dtype), bool(result.weak_type)))
            except Exception as error:
                kinds.append(type(error).__name__)
        # By squaring, where the exponents are truth values: ours stay weak.
        if name == "pow" and right == "bool" and left in ("int", "weak int32"):
            continue
        assert kinds[0] == kinds[1], (left, right)
