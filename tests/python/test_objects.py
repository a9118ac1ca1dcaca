"""Objects of `Array` and calls of compiled functions: how they live, die and are called."""

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import pullback
import pullback.numpy as jnp


def test_memory_of_dead_arrays_is_used_again():
    Array = type(jnp.float32(0))
    x = jnp.arange(3.0)
    seen = set()
    before = sys.getrefcount(Array)
    for _ in range(10_000):
        y = x + 1
        seen.add(id(y))
        del y
    assert len(seen) < 100
    assert abs(sys.getrefcount(Array) - before) < 100
    many = [jnp.float32(n) + 1.0 for n in range(1000)]
    assert [float(y) for y in many] == [n + 1.0 for n in range(1000)]
    assert sys.getrefcount(Array) - before > 900
    del many
    assert sys.getrefcount(Array) - before < 300


def test_the_collector_has_nothing_to_do():
    x = jnp.arange(3.0)
    gc.collect()
    kept = [x + n for n in range(1000)]
    assert not any(gc.is_tracked(y) for y in kept)
    assert not gc.is_tracked(pullback.jit(lambda x: x + 1)(x))


def test_weak_references_are_told():
    told = []
    for n in range(300):
        x = jnp.float32(n) * 2.0
        reference = weakref.ref(x, told.append)
        assert reference() is x
        del x
        assert reference() is None
        # Where it was is another one now, to which no reference leads.
        y = jnp.float32(n) * 2.0
        assert weakref.getweakrefcount(y) == 0 and reference() is None
    assert len(told) == 300


def test_arrays_die_in_other_threads():
    def work():
        x = jnp.arange(16.0)
        for _ in range(2000):
            x = x * 1.0 + 0.0
        results.append(float(x.sum()))

    results = []
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [120.0] * 4


def test_tracers_die_as_other_objects_do():
    kept = []

    def f(x):
        kept.append(x * 2)
        return x * 3

    assert pullback.grad(f)(1.0) == 3.0
    tracer = weakref.ref(kept[0])
    kept.clear()
    assert tracer() is None


def test_deleted_arrays_are_refused():
    x = jnp.float32(1)
    x.delete()
    f = pullback.jit(lambda x: x + 1)
    f(jnp.float32(1))
    for use in (lambda: x + x, lambda: 1 + x, lambda: x / 2.0, lambda: float(x), lambda: f(x)):
        with pytest.raises(RuntimeError, match="deleted"):
            use()


def test_operators_of_the_class():
    Array = type(jnp.float32(0))
    x = jnp.float32(3)
    assert Array.__add__(x, 1.0) == 4 and Array.__rsub__(x, 1.0) == -2
    assert Array.__add__(x, "a") is NotImplemented
    assert x.__float__() == 3.0 and type(x.__float__()) is float

    class Other:
        def __radd__(self, x):
            return "other"

    assert x + Other() == "other"


def test_debug_nans_sees_numbers():
    x = jnp.float32(0)
    with pullback.debug_nans(True):
        with pytest.raises(FloatingPointError):
            x / x
    assert np.isnan(x / x)


def test_compiled_functions_take_arguments_in_every_way():
    @pullback.jit
    def f(x, y=2.0, *rest, scale=1.0):
        return (x + y + sum(rest)) * scale

    x = jnp.float32(1)
    for _ in range(3):
        assert f(x) == 3
        assert f(x, 5.0) == 6
        assert f(x, y=5.0) == 6
        assert f(y=x, x=x) == 2
        assert f(x, 5.0, 1.0, 1.0, scale=2.0) == 16
        assert f(*[x] * 8) == 8
        assert f(**{"x": x, "scale": 3.0}) == 9
    with pytest.raises(TypeError):
        f()
    with pytest.raises(TypeError):
        f(x, scales=1.0)
    with pytest.raises(TypeError):
        f("one")


def test_compiled_functions_as_methods():
    class Model:
        @pullback.jit
        def double(self, x):
            return x * 2

        def __hash__(self):
            return 1

    pullback.tree_util.register_pytree_node(Model, lambda m: ((), None), lambda _, __: Model())
    model = Model()
    for _ in range(3):
        assert model.double(jnp.float32(2)) == 4
        assert Model.double(model, jnp.float32(2)) == 4


def test_a_compiled_function_of_many_kinds():
    f = pullback.jit(lambda tree: pullback.tree_util.tree_map(lambda x: x + 1, tree))
    trees = [jnp.float32(1), 1.0, 1, [jnp.ones(3)], {"a": 1.0, "b": (jnp.zeros(2), None)}, jnp.int32(2)]
    for _ in range(3):
        for tree in trees:
            result = f(tree)
            expected = pullback.tree_util.tree_map(lambda x: x + 1, tree)
            flat, flat_expected = pullback.tree_util.tree_leaves(result), pullback.tree_util.tree_leaves(expected)
            assert len(flat) == len(flat_expected)
            for a, b in zip(flat, flat_expected):
                assert np.array_equal(a, b)
    assert f._cache_size() == len(trees)
    f.clear_cache()
    assert f._cache_size() == 0 and f(1) == 2


def test_errors_of_compiled_functions_pass():
    def f(x):
        if x.shape == (2,):
            raise KeyError("two")
        return x

    g = pullback.jit(f)
    assert g(jnp.ones(3)).shape == (3,)
    for _ in range(2):
        with pytest.raises(KeyError, match="two"):
            g(jnp.ones(2))
    assert g(jnp.ones(3)).shape == (3,)
