"""What only the front end does: protocols of Python, settings, options of `jit`, effects."""

import collections
import copy
import dataclasses
import pickle
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

import pullback as jax
import pullback.numpy as jnp
from pullback import ad_checkpoint, checkpoint_policies, dlpack, lax
from pullback.experimental import io_callback


def address(array):
    return np.asarray(array).ctypes.data


def lines(count):
    """An array of NumPy that begins at a cache line and fills whole ones."""
    memory = np.zeros(16 * count + 16, np.float32)
    start = -memory.ctypes.data % 64 // 4
    return memory[start : start + 16 * count]


# Memory.


def test_the_buffer_protocol_shares_memory_and_refuses_writing():
    x = jnp.arange(6.0).reshape(2, 3)
    view = memoryview(x)
    assert view.readonly and view.shape == (2, 3)
    assert np.asarray(view).ctypes.data == address(x)


def test_array_protocol():
    x = jnp.arange(3.0)
    assert address(x) == address(x)
    assert x.__array__(np.float64).dtype == np.float64
    written = np.array(x, copy=True)
    written[0] = 7
    assert x[0] == 0
    assert isinstance(np.ones(3) + x, jax.Array) and isinstance(np.float32(2) * x, jax.Array)
    assert x.__array_priority__ == 100


def test_dlpack_shares_memory_both_ways():
    x = jnp.arange(32.0)
    given = np.from_dlpack(x)
    assert given.ctypes.data == address(x) and not given.flags.writeable
    taken = lines(4)
    taken[:] = np.arange(64)
    y = jnp.from_dlpack(taken)
    assert address(y) == taken.ctypes.data
    assert jax.jit(lambda y: (y + 1).sum())(y) == 64 * 65 / 2
    assert address(dlpack.from_dlpack(taken)) == taken.ctypes.data
    assert address(jnp.from_dlpack(taken, copy=True)) != taken.ctypes.data
    # What was shared is not written to when its place is taken by a result.
    assert (y.at[0].set(5.0)[0], taken[0]) == (5, 0)
    del y
    assert taken[3] == 3


def test_dlpack_copies_what_cannot_be_shared():
    odd = lines(2)[1:6]
    assert address(jnp.from_dlpack(odd)) != odd.ctypes.data
    with pytest.raises(ValueError, match="cannot be shared"):
        jnp.from_dlpack(odd, copy=False)
    assert jnp.from_dlpack(np.ones(16)).dtype == np.float32


def test_deleted_arrays_are_refused():
    x = jnp.ones(3)
    assert not x.is_deleted()
    x.delete()
    assert x.is_deleted() and x.shape == (3,) and x.dtype == np.float32 and len(x) == 3
    x.delete()
    uses = [
        repr, str, lambda x: x + 1, lambda x: 1 + x, jnp.sin, np.asarray, lambda x: x[0], list,
        lambda x: x.at[0].set(1), lambda x: x.T, lambda x: x.item(), lambda x: x.tolist(),
        jax.jit(lambda x: x), jax.grad(jnp.sum), lambda x: jax.jit(lambda: x + 1)(), lambda x: -x,
        lambda x: x == x, lambda x: x.sum(), lambda x: np.from_dlpack(x), pickle.dumps,
        lambda y: jax.vmap(jnp.sin)(y), lambda y: jnp.stack([y, y]), lambda y: lax.scan(lambda c, x: (c, x), 0, y),
    ]
    for use in uses:
        with pytest.raises(RuntimeError, match=r"Array has been deleted with shape=float32\[3\]"):
            use(x)


def test_donated_arguments_are_used_up():
    x, y = jnp.ones(4), jnp.ones(4)
    f = jax.jit(lambda x, y: x + y, donate_argnums=(0, 1))
    assert f(x, y)[0] == 2
    # One result takes the place of one argument.
    assert x.is_deleted() and not y.is_deleted()
    tree = {"x": jnp.ones(3), "n": 1.0}
    jax.jit(lambda tree: {"x": 2 * tree["x"]}, donate_argnums=0)(tree)
    assert tree["x"].is_deleted()
    z = jnp.ones(4)
    jax.jit(lambda *, z: z * 2, donate_argnames="z")(z=z)
    assert z.is_deleted()
    w = jnp.ones(4)
    assert jax.jit(lambda w: w.sum(), donate_argnums=0)(w) == 4 and not w.is_deleted()
    # Inside another transformation, arguments stand for those of the caller.
    assert jax.grad(lambda w: f(w, w).sum())(w)[0] == 2 and not w.is_deleted()
    assert f.lower(w, w).compile()(w, w)[0] == 2


def test_pickle_and_copies():
    x = jnp.arange(3.0)
    for again in (pickle.loads(pickle.dumps(x)), copy.copy(x), copy.deepcopy(x)):
        assert (again == x).all() and again.dtype == x.dtype
    with pytest.raises(jax.errors.ConcretizationTypeError):
        jax.jit(lambda x: pickle.dumps(x) and x)(1.0)


def test_hashing_is_refused():
    for use in (hash, lambda x: {x}, jax.jit(lambda x: hash(x) and x)):
        with pytest.raises(TypeError, match="unhashable type"):
            use(jnp.ones(2))


# Numbers and types.


@pytest.mark.parametrize("number", [
    np.float32(2), np.float64(2), np.int64(2), np.int8(2), np.bool_(True), np.complex64(2), 2, 2.0,
    True, np.array(2.0), np.float16(2),
])
def test_numbers_of_every_kind_are_taken(number):
    reference = pytest.importorskip("jax")
    x = np.arange(1, 4, dtype=np.float32)
    calls = [
        lambda m: m.numpy.asarray(x) * number, lambda m: number * m.numpy.asarray(x),
        lambda m: m.numpy.add(number, number), lambda m: m.numpy.where(True, number, number),
        lambda m: m.numpy.full((2,), number), lambda m: m.jit(lambda y: y + number)(m.numpy.asarray(x)),
        lambda m: m.jit(lambda n: m.numpy.asarray(x) + n)(number), lambda m: m.numpy.asarray(number),
    ]
    for call in calls:
        ours, theirs = call(jax), call(reference)
        assert str(ours.dtype) == str(theirs.dtype) and ours.weak_type == theirs.weak_type
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_weak_types():
    x = jnp.arange(3.0)
    assert jnp.asarray(1).weak_type and (2 * jnp.asarray(1)).weak_type
    assert not jnp.array([1]).weak_type and not (x * 2).weak_type
    assert not jnp.asarray(np.float32(1)).weak_type
    assert (jnp.ones(2, jnp.bfloat16) * 2.0).dtype == jnp.bfloat16
    assert jax.jit(lambda x: x)(1).weak_type


TRACERS = {
    "jit": lambda m, note: m.jit(note)(1.0),
    "grad": lambda m, note: m.grad(note)(1.0),
    "vector": lambda m, note: m.grad(lambda x: note(x).sum())(m.numpy.arange(3.0)),
    "vmap": lambda m, note: m.vmap(note)(m.numpy.arange(3.0)),
    "jvp": lambda m, note: m.jvp(note, (m.numpy.arange(3.0),), (m.numpy.ones(3),)),
    "grad in jit": lambda m, note: m.jit(m.grad(note))(1.0),
    "grad in vmap": lambda m, note: m.vmap(m.grad(note))(m.numpy.arange(3.0)),
}


@pytest.mark.parametrize("name", TRACERS)
def test_text_of_traced_arrays(name):
    texts = []
    for module in (jax, pytest.importorskip("jax")):
        TRACERS[name](module, lambda x: texts.append(repr(x)) or x)
    assert texts[0] == texts[-1]


# Settings.


def test_settings_by_update_context_and_attribute():
    for name, value, other in [
        ("jax_enable_x64", False, True), ("jax_debug_nans", False, True),
        ("jax_disable_jit", False, True), ("jax_threefry_partitionable", True, False),
        ("jax_numpy_dtype_promotion", "standard", "strict"),
        ("jax_numpy_rank_promotion", "allow", "raise"),
        ("jax_default_matmul_precision", None, "float32"), ("jax_log_compiles", False, True),
    ]:
        assert getattr(jax.config, name) == value == jax.config.read(name)
        assert jax.config.values[name] == value
        jax.config.update(name, other)
        assert getattr(jax.config, name) == other
        jax.config.update(name, value)
        with getattr(jax, name[4:])(other):
            assert getattr(jax.config, name) == other
        assert getattr(jax.config, name) == value
    for wrong in (lambda: jax.config.update("jax_nonsense", 1), lambda: jax.config.jax_nonsense):
        with pytest.raises(AttributeError, match="jax_nonsense"):
            wrong()


def test_strict_promotion():
    ints, floats = jnp.ones(2, "int32"), jnp.ones(2)
    with jax.numpy_dtype_promotion("strict"):
        for call in (
            lambda: ints + floats, lambda: ints * jnp.ones(2, "int8"), lambda: ints + 1.5,
            lambda: jnp.where(True, jnp.int32(1), 2.5), lambda: jnp.concatenate([ints, floats]),
            lambda: jnp.ones(2, bool) + 1, lambda: jax.jit(lambda: ints + floats)(),
        ):
            with pytest.raises(jax.dtypes.TypePromotionError, match="strict"):
                call()
        assert (floats + 1).dtype == (floats * 2.5).dtype == np.float32
        assert (ints + 1).dtype == np.int32 and (ints / 2).dtype == np.float32
        assert jnp.mean(ints) == 1 and jnp.sin(jnp.int32(0)) == 0
    assert (ints + floats).dtype == np.float32
    with pytest.raises(TypeError):
        jax.numpy_dtype_promotion(3)


def test_rank_promotion():
    x, y = jnp.ones((2, 3)), jnp.ones(3)
    with jax.numpy_rank_promotion("raise"):
        for call in (lambda: x + y, lambda: jnp.multiply(y, x), lambda: jax.jit(lambda: x < y)()):
            with pytest.raises(ValueError, match="jax_numpy_rank_promotion='raise'"):
                call()
        assert (x + 1).shape == (x + x).shape == jnp.broadcast_to(y, (2, 3)).shape == (2, 3)
    with jax.numpy_rank_promotion("warn"), pytest.warns(UserWarning, match="rank promotion for add"):
        assert (x + y).shape == (2, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x + y
    with pytest.raises(ValueError):
        jax.numpy_rank_promotion("sometimes")


@pytest.mark.parametrize("name, value, program, expected", [
    ("JAX_ENABLE_X64", "1", "jnp.asarray(1.0).dtype", "float64"),
    ("JAX_ENABLE_X64", "false", "jnp.asarray(1.0).dtype", "float32"),
    ("PULLBACK_ENABLE_X64", "True", "jnp.asarray(1).dtype", "int64"),
    ("JAX_NUMPY_RANK_PROMOTION", "raise", "jax.config.jax_numpy_rank_promotion", "raise"),
    ("JAX_NUMPY_DTYPE_PROMOTION", "strict", "jax.config.jax_numpy_dtype_promotion", "strict"),
    ("JAX_DEBUG_NANS", "yes", "jax.config.jax_debug_nans", "True"),
])
def test_settings_from_the_environment(name, value, program, expected):
    import os

    code = f"import pullback as jax, pullback.numpy as jnp; print({program})"
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, env=dict(os.environ, **{name: value}), capture_output=True, text=True)
    assert out.stdout.strip() == expected, out.stderr


def test_contexts_hold_for_one_thread():
    seen = []
    with jax.enable_x64(True):
        thread = threading.Thread(target=lambda: seen.append(jnp.asarray(1.0).dtype))
        thread.start()
        thread.join()
        assert jnp.asarray(1.0).dtype == np.float64
    assert seen == [np.float32]


# Trees.


def test_containers():
    Point = collections.namedtuple("Point", "x y")
    trees = [
        {"b": 1, "a": 2}, collections.OrderedDict(b=1, a=2), Point(1, 2), None, (), [1, (2, None)],
        collections.defaultdict(list, b=1, a=[2]),
    ]
    for tree in trees:
        doubled = jax.tree.map(lambda x: 2 * x, tree)
        assert type(doubled) is type(tree)
        assert jax.tree.leaves(doubled) == [2 * x for x in jax.tree.leaves(tree)]
        assert jax.tree.structure(doubled) == jax.tree.structure(tree)
        assert jax.tree.leaves(jax.jit(lambda t: t)(tree)) == jax.tree.leaves(tree)
    assert jax.tree.leaves(trees[0]) == [2, 1] and jax.tree.leaves(trees[1]) == [1, 2]
    assert jax.tree.map(abs, trees[-1]).default_factory is list


def test_dataclasses_with_static_fields():
    @jax.tree_util.register_dataclass
    @dataclasses.dataclass
    class Layer:
        w: object
        kind: str = dataclasses.field(metadata=dict(static=True), default="relu")

    layer = Layer(jnp.ones(2))
    g = jax.grad(lambda layer: (layer.w**2).sum() if layer.kind == "relu" else 0.0)(layer)
    assert isinstance(g, Layer) and g.kind == "relu" and (g.w == 2).all()
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path({"l": [layer]})]
    assert paths == ["['l'][0].w"]


# Options of `jit`, and its stages.


def test_stages_of_jit():
    f = jax.jit(lambda x, n: x * n, static_argnums=1, keep_unused=True)
    x = jnp.arange(3.0)
    assert f.lower(x, 2).compile()(x)[2] == 4
    assert "mul" in str(f.trace(x, 2).jaxpr)
    assert f.trace(x, 2).lower().compile()(x)[1] == 2
    assert f.eval_shape(x, 2) == jax.ShapeDtypeStruct((3,), "float32")
    with pytest.raises(TypeError, match="compiled"):
        f.lower(x, 2).compile()(jnp.ones(5))
    with pytest.raises(ValueError, match="[Nn]on-hashable"):
        f(x, [2])
    assert jax.jit(lambda x: x + 1, inline=True)(1) == 2


def test_policies_of_checkpoints():
    def loss(x):
        y = ad_checkpoint.checkpoint_name(jnp.sin(x), "y")
        return jnp.sum(jnp.cos(y) * (y @ y))

    x = jnp.arange(3.0)
    expected = jax.grad(loss)(x)
    named = checkpoint_policies.save_only_these_names("y")
    others = checkpoint_policies.save_any_names_but_these("y")
    policies = {
        "everything_saveable": 0, "nothing_saveable": 1, "dots_saveable": 1, "checkpoint_dots": 1,
        "dots_with_no_batch_dims_saveable": 1, "checkpoint_dots_with_no_batch_dims": 1,
        named: 0, others: 1,
        checkpoint_policies.save_from_both_policies(others, named): 0,
        checkpoint_policies.save_anything_except_these_names("y"): 0,
    }
    for policy, again in policies.items():
        policy = getattr(checkpoint_policies, policy) if isinstance(policy, str) else policy
        g = jax.grad(jax.checkpoint(loss, policy=policy))
        np.testing.assert_allclose(np.asarray(g(x)), np.asarray(expected), rtol=1e-6)
        text = str(jax.make_jaxpr(g)(x))
        # How often `y` is computed again for the derivative.
        assert text.count(" = sin") >= 1 + again, text


def test_names_in_programs():
    text = str(jax.make_jaxpr(lambda x: ad_checkpoint.checkpoint_name({"a": x}, "n"))(1.0))
    assert text == "{ lambda ; a:f32[]. let b:f32[] = name[name=n] a in (b,) }"
    assert jax.vmap(jax.grad(lambda x: ad_checkpoint.checkpoint_name(x**2, "n")))(jnp.ones(2))[0] == 2


def test_derivatives_of_ones_own():
    square = jax.custom_gradient(lambda x: (x**2, lambda ct: (ct * 5.0,)))
    assert jax.grad(square)(3.0) == 5

    def outer(x):
        inner, constants = jax.closure_convert(lambda y: x * y, 1.0)
        return inner(2.0, *constants)

    assert jax.grad(outer)(3.0) == 2
    assert jax.named_call(jnp.sin, name="part")(0.0) == 0


# Effects.


def test_prints_in_order(capsys):
    def body(i, x):
        jax.debug.print("{i} {x:.1f}", i=i, x=x, ordered=True)
        return x * 2

    jax.jit(lambda x: lax.fori_loop(0, 3, body, x))(1.0)
    jax.effects_barrier()
    assert capsys.readouterr().out == "0 1.0\n1 2.0\n2 4.0\n"


def test_callbacks_with_effects():
    seen = []
    jax.jit(lambda x: (jax.debug.callback(lambda x: seen.append(float(x)), x), x)[1])(2.0)
    assert seen == [2]

    def step(carry, x):
        y = io_callback(lambda x: (seen.append(int(x)), np.int32(10 * x))[1],
                        jax.ShapeDtypeStruct((), "int32"), x, ordered=True)
        return carry + y, None

    assert jax.jit(lambda: lax.scan(step, 0, jnp.arange(4))[0])() == 60
    assert seen == [2, 0, 1, 2, 3]


# The process.


def test_interrupts_are_raised_between_calls():
    # A parent that runs in the background may have its children ignore the signal.
    code = (
        "import os, signal, sys, threading\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import pullback as jax, pullback.numpy as jnp\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
        "f = jax.jit(lambda x: jnp.sin(x) + 1)\n"
        "threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "x = jnp.ones(1000)\n"
        "try:\n"
        "    while True:\n"
        "        x = f(x)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped', f(jnp.zeros(2))[0])\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert out.stdout == "stopped 1.0\n", out.stderr


def test_threads_share_a_jitted_function():
    f = jax.jit(lambda x: jnp.cumsum(x) * 2)
    results = [None] * 8

    def work(i):
        for _ in range(20):
            results[i] = float(f(jnp.full(10 + i % 2, float(i)))[-1])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [2 * i * (10 + i % 2) for i in range(8)]


@pytest.mark.parametrize("module", [jax, jnp, lax, jax.random, jax.nn, jax.tree_util])
def test_missing_names_say_so(module):
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name
