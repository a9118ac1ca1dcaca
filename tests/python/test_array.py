"""Arrays as Python sees them: operators, conversions, indexing, text."""

import copy
import pickle

import numpy as np
import pytest

import pullback
import pullback.numpy as jnp

X = np.array([[1.5, -2.0, 3.0], [4.0, 0.5, -6.0]], np.float32)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + 1,
        lambda x: 2.5 - x,
        lambda x: x * x,
        lambda x: 1 / x,
        lambda x: x // 2,
        lambda x: 7 % x,
        lambda x: x**2,
        lambda x: 2**x,
        lambda x: x @ x.T,
        lambda x: -x,
        lambda x: abs(x),
        lambda x: divmod(x, 2)[1],
        lambda x: x > 1,
        lambda x: (x > 1) & (x < 4),
        lambda x: ~(x > 1),
        lambda x: x.T,
        lambda x: x.sum(),
        lambda x: x.mean(axis=1, keepdims=True),
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape((6,)),
        lambda x: x.transpose(1, 0),
        lambda x: x.max(axis=0),
        lambda x: x.flatten(),
        lambda x: x.astype("int32"),
        lambda x: x.real,
        lambda x: x.argmax(),
        lambda x: x[0],
        lambda x: x[:, 1:],
        lambda x: x[..., None, ::-1],
        lambda x: x[np.array([1, 0, 1])],
        lambda x: x[:, [True, False, True]] if isinstance(x, np.ndarray) else x[:, np.array([True, False, True])],
        lambda x: x[x > 1],
        lambda x: x[1, 2],
        lambda x: x[-1, -2:],
    ],
)
def test_as_numpy(f):
    expected = np.asarray(f(X))
    found = np.asarray(f(jnp.asarray(X)))
    np.testing.assert_allclose(found, expected, rtol=2e-6)
    assert found.shape == expected.shape


def test_numbers_are_weak():
    x = jnp.asarray(1.0)
    assert x.weak_type and x.dtype == np.float32
    y = jnp.ones(2, jnp.float16) + 1.0
    assert y.dtype == jnp.float16 and not y.weak_type
    assert (jnp.ones(2, jnp.int8) + 1).dtype == jnp.int8
    assert (jnp.ones(2, jnp.int8) + 1.0).dtype == jnp.float32


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: jnp.asarray(3.0), "Array(3., dtype=float32, weak_type=True)"),
        (lambda: jnp.float32(3), "Array(3., dtype=float32)"),
        (lambda: jnp.array([1, 2]), "Array([1, 2], dtype=int32)"),
        (lambda: jnp.array([True, False]), "Array([ True, False], dtype=bool)"),
        (lambda: jnp.zeros((0, 2)), "Array([], shape=(0, 2), dtype=float32)"),
        (lambda: jnp.array([0.1, 1e10]), "Array([1.e-01, 1.e+10], dtype=float32)"),
    ],
)
def test_repr(make, text):
    assert repr(make()) == text


def test_str_and_format():
    assert str(jnp.float32(4)) == "4.0"
    assert f"{jnp.float32(0.1)}" == "0.10000000149011612"
    assert f"{jnp.float32(3.14159):.2f}" == "3.14"
    assert str(jnp.arange(3)) == "[0 1 2]"


def test_conversions():
    assert float(jnp.float32(2.5)) == 2.5
    assert int(jnp.int32(7)) == 7
    assert complex(jnp.float32(1)) == 1 + 0j
    assert bool(jnp.array(True))
    assert [10, 20, 30][jnp.int32(1)] == 20
    assert jnp.arange(3).tolist() == [0, 1, 2]
    assert jnp.float32(1.5).item() == 1.5
    assert len(jnp.ones((4, 2))) == 4
    assert [int(x) for x in jnp.arange(3)] == [0, 1, 2]
    assert 2 in jnp.arange(3) and 5 not in jnp.arange(3)


def test_numpy_shares_memory_and_cannot_write():
    x = jnp.arange(6.0).reshape(2, 3)
    y = np.asarray(x.T)
    assert y.shape == (3, 2) and y.strides == (4, 12)
    with pytest.raises(ValueError):
        y[0, 0] = 1.0
    assert isinstance(np.add(np.ones(2), 1), np.ndarray)
    assert isinstance(np.ones(2) + jnp.ones(2), pullback.Array)


def test_pickle_and_copy():
    x = jnp.arange(5.0)
    assert (pickle.loads(pickle.dumps(x)) == x).all()
    assert copy.deepcopy(x) is x
    assert pickle.loads(pickle.dumps(jnp.asarray(1.0))).weak_type


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int32", "float16", "float32", "complex64"])
def test_round_trip(dtype):
    x = np.array([[0, 1], [2, 3]]).astype(dtype)
    y = np.asarray(jnp.asarray(x))
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(x, y)


def test_wide_types_are_narrowed():
    assert jnp.asarray(np.ones(2)).dtype == np.float32
    assert jnp.asarray(np.arange(2)).dtype == np.int32
    with pytest.warns(UserWarning, match="truncated"):
        assert jnp.zeros(2, dtype=jnp.float64).dtype == np.float32
    with pullback.enable_x64(True):
        assert jnp.asarray(np.ones(2)).dtype == np.float64
        assert jnp.zeros(2).dtype == np.float64
    assert jnp.zeros(2).dtype == np.float32


@pytest.mark.parametrize(
    "f, expected",
    [
        (lambda x: x.at[1].set(9.0), [0, 9, 2, 3]),
        (lambda x: x.at[::2].add(1.0), [1, 1, 3, 3]),
        (lambda x: x.at[np.array([0, 0])].add(5.0), [10, 1, 2, 3]),
        (lambda x: x.at[2].multiply(3.0), [0, 1, 6, 3]),
        (lambda x: x.at[3].min(1.0), [0, 1, 2, 1]),
        (lambda x: x.at[0].max(1.0), [1, 1, 2, 3]),
        (lambda x: x.at[1].apply(lambda v: v + 7), [0, 8, 2, 3]),
        (lambda x: x.at[10].set(5.0), [0, 1, 2, 3]),
        (lambda x: x.at[jnp.array([1, 9])].get(mode="fill", fill_value=-1), [1, -1]),
    ],
)
def test_at(f, expected):
    np.testing.assert_array_equal(np.asarray(f(jnp.arange(4.0))), expected)


def test_a_missing_name_says_so():
    with pytest.raises(AttributeError, match="not \\(yet\\) provided by pullback"):
        jnp.no_such_function


def test_types_are_callable_and_compare():
    assert jnp.float32(1).dtype == jnp.float32 == np.float32
    assert np.dtype(jnp.int8) == np.int8
    assert jnp.issubdtype(jnp.float16, jnp.floating)
    assert jnp.result_type(jnp.float16, 1.0) == jnp.float16
    assert jnp.finfo(jnp.float32).eps == np.finfo(np.float32).eps
