"""Threads, memory, engines; what compiled functions say of themselves; traces of the profiler."""

import doctest
import gzip
import json
import os
import subprocess
import sys
import threading

import jax as reference
import jax.numpy as reference_numpy
import numpy as np
import pullback as jax
import pullback.numpy as jnp
import pytest
from pullback import profiler, runtime


def process(code, **environment):
    """What a program prints in a process of its own."""
    path = [os.path.dirname(os.path.dirname(jax.__file__)), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), **environment}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("module", [runtime, profiler])
def test_examples_of_the_documentation(module):
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0 and result.failed == 0


def test_number_of_threads():
    before = jax.num_threads()
    try:
        jax.set_num_threads(2)
        assert jax.num_threads() == runtime.num_threads() == 2
        jax.set_num_threads(10_000)
        assert jax.num_threads() == 256
    finally:
        jax.set_num_threads(before)
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            jax.set_num_threads(wrong)
    show = "import pullback; print(pullback.num_threads())"
    assert process(show, PULLBACK_NUM_THREADS="7") == "7"


def test_engines():
    assert runtime.engine() in ("auto", "native", "tile", "oracle")
    with pytest.raises(ValueError, match="oracle"):
        runtime.set_engine("fast")
    show = "from pullback import runtime; print(runtime.engine())"
    assert process(show, PULLBACK_ENGINE="oracle") == "oracle"
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(70, 40)).astype("float32"))

    def f(x):
        y = jnp.tanh(x.T * 2.0) @ x
        return jax.lax.fori_loop(0, 60, lambda _, z: jnp.sin(z) + y.mean(), y).sum(axis=0)

    before, results = runtime.engine(), []
    try:
        for engine in ("oracle", "tile", "native"):
            runtime.set_engine(engine)
            results.append(np.asarray(jax.jit(jax.value_and_grad(lambda x: f(x).sum()))(x)[1]))
    finally:
        runtime.set_engine(before)
    assert all((result == results[0]).all() for result in results)


def test_instruction_sets():
    # What is computed is the same with lesser vectors, and without.
    compute = """
import pullback as jax, pullback.numpy as jnp
from pullback import runtime
runtime.set_engine("native")
x = jnp.linspace(-2.0, 3.0, 37 * 41).reshape(37, 41)
def f(x):
    y = jnp.where(x > 0, jnp.tanh(x), jnp.exp(x)) / jnp.sqrt(1 + x * x)
    z = jax.lax.fori_loop(0, 30, lambda i, z: jnp.sin(z + i) * y[0, :20], y[0, 20:40])
    return jax.nn.softmax(y, axis=1).std() + (y @ y.T).max() + z.sum()
gradient = jax.jit(jax.grad(f))(x)
print(runtime.instruction_set(), hash(gradient.tobytes()))
"""
    best = runtime.instruction_set()
    sets = ("baseline", "avx2", "avx512")
    shown = {name: process(compute, PULLBACK_ISA=name, PYTHONHASHSEED="1") for name in sets}
    results = [result.split() for result in shown.values()]
    assert [name for name, _ in results] == [min(name, best, key=sets.index) for name in sets]
    assert len({result for _, result in results}) == 1


def test_memory_is_counted():
    runtime.release_memory()
    runtime.reset_peak_memory()
    before = runtime.memory_stats()
    x = jnp.ones(1 << 20) + 1
    now = jax.devices()[0].memory_stats()
    assert now["bytes_in_use"] >= before["bytes_in_use"] + (4 << 20)
    assert now["peak_bytes_in_use"] >= now["bytes_in_use"]
    assert now["largest_alloc_size"] >= 4 << 20
    del x
    assert runtime.memory_stats()["bytes_kept"] >= 4 << 20
    assert runtime.release_memory() >= 4 << 20
    assert runtime.memory_stats()["bytes_kept"] == 0


def test_memory_is_limited():
    x = jnp.arange(1000.0)
    try:
        runtime.set_memory_limit(runtime.memory_stats()["bytes_in_use"] + (2 << 20))
        assert runtime.memory_limit() == runtime.memory_stats()["bytes_limit"]
        for large in (
            lambda: jnp.arange(2_000_000.0) + 1,
            lambda: jax.jit(lambda x: jnp.outer(x, x) @ jnp.outer(x, x))(x),
            lambda: jax.random.normal(jax.random.key(0), (1000, 1000)),
        ):
            with pytest.raises(MemoryError, match="RESOURCE_EXHAUSTED: out of memory allocating"):
                large()
            with pytest.raises(jax.errors.JaxRuntimeError):
                large()
        assert float((x + 1).sum()) == 500500
    finally:
        runtime.set_memory_limit(None)
    assert float((jnp.arange(2_000_000.0) + 1)[-1]) == 2_000_000
    with pytest.raises(ValueError, match="number of bytes"):
        runtime.set_memory_limit(-1)
    show = "from pullback import runtime; print(runtime.memory_limit())"
    assert process(show, PULLBACK_MEMORY_LIMIT="3M") == str(3 << 20)
    assert process(show) == "None"


def test_memory_is_limited_on_all_threads():
    code = """
import threading
import pullback.numpy as jnp
from pullback import runtime

runtime.set_memory_limit(20 << 20)
outcomes = []

def work():
    for n in range(50):
        try:
            outcomes.append(float((jnp.arange(1_000_000.0 + n) * 2)[1]))
        except MemoryError:
            outcomes.append(2.0)
        assert runtime.memory_stats()["bytes_in_use"] <= 20 << 20

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(outcomes), set(outcomes), runtime.memory_stats()["peak_bytes_in_use"] <= 20 << 20)
"""
    assert process(code) == "200 {2.0} True"


def programs(m):
    np_ = m.numpy
    line, square = np.linspace(0.5, 1.5, 1000, dtype="float32"), np.ones((64, 64), "float32")
    yield "sum and sine", lambda x: np_.sin(x) * 2 + x, (line,)
    yield "chain", lambda x: np_.tanh(np_.exp(x)) + np_.log(x), (line,)
    yield "choice", lambda x: np_.where(x > 0, x, -x), (line,)
    yield "conversion", lambda x: x.astype("int32"), (line,)
    yield "product", lambda x, y: x @ y, (square, square)
    yield "transpose", lambda x: x.T + 1, (square,)
    yield "power", lambda x: x**2.5, (line,)
    images = np.ones((1, 3, 32, 32), "float32"), np.ones((8, 3, 3, 3), "float32")
    yield "convolution", lambda x, w: m.lax.conv(x, w, (1, 1), "SAME"), images


@pytest.mark.parametrize(
    "ours, theirs",
    [
        pytest.param(ours, theirs, id=ours[0])
        for ours, theirs in zip(programs(jax), programs(reference))
    ],
)
def test_costs_are_those_of_jax(ours, theirs):
    (name, f, args), (_, g, _) = ours, theirs
    cost = jax.jit(f).lower(*args).compile().cost_analysis()
    expected = reference.jit(g).lower(*args).compile().cost_analysis()
    for key in ("flops", "transcendentals"):
        assert cost[key] == expected.get(key, 0.0), key
    if name != "convolution":
        # XLA pads the image first.
        assert cost["bytes accessed"] == expected["bytes accessed"]
    assert cost["optimal_seconds"] > 0


def test_costs_of_reductions_and_loops():
    x = jnp.ones(1000)
    assert jax.jit(jnp.sum).lower(x).cost_analysis()["flops"] == 999
    loop = lambda x: jax.lax.fori_loop(0, 10, lambda _, x: jnp.sin(x) * 2, x)
    cost = jax.jit(loop).lower(x).compile().cost_analysis()
    # JAX counts one iteration; here all are.
    assert cost["transcendentals"] == 10_000
    choose = lambda x: jax.lax.cond(x[0] > 0, jnp.sin, lambda x: x * x * x, x)
    cost = jax.jit(choose).lower(x).compile().cost_analysis()
    assert cost["transcendentals"] == 1000 and cost["flops"] >= 2000


def test_memory_of_programs():
    x = jnp.ones((100, 100))
    f = lambda x: jnp.sin(x @ x) @ x
    ours = jax.jit(f).lower(x).compile().memory_analysis()
    square = reference_numpy.ones((100, 100))
    g = lambda x: reference_numpy.sin(x @ x) @ x
    theirs = reference.jit(g).lower(square).compile().memory_analysis()
    for name in ("argument_size_in_bytes", "output_size_in_bytes", "temp_size_in_bytes"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.peak_memory_in_bytes == 3 * 40_000
    assert ours.alias_size_in_bytes == 0 and ours.host_temp_size_in_bytes == 0
    assert "temp_size_in_bytes=40000" in repr(ours)
    shared = jax.jit(lambda x: (x.T, x + 1)).lower(x).compile().memory_analysis()
    assert shared.alias_size_in_bytes == 40_000


def test_stages():
    f = jax.jit(lambda x, y: {"z": jnp.sin(x) * y["a"]})
    args = jnp.ones(3), {"a": 2.0}
    traced = f.trace(*args)
    lowered = traced.lower()
    compiled = lowered.compile()
    for stage, kind in zip((traced, lowered, compiled), ("Traced", "Lowered", "Compiled")):
        assert type(stage).__name__ == kind and isinstance(stage, getattr(jax.stages, kind))
        (x, y), keywords = stage.in_avals
        assert x.shape == (3,) and y["a"].shape == () and keywords == {}
        assert stage.out_info["z"].shape == (3,)
        assert stage.out_tree == jax.tree.structure({"z": 0})
    assert lowered.as_text() == str(traced.jaxpr) and "sin" in lowered.as_text()
    text = compiled.as_text()
    assert text.startswith("plan(%0: f32[3] 12 B, %1: f32[] 4 B)")
    assert "elementwise sin mul %0! %1!  # 3 flops, 3 transcendentals, 28 B moved, about" in text
    assert compiled.as_timed_text(*args).count("measured") == 1
    assert compiled.output_shardings["z"] == jnp.ones(1).sharding
    assert not hasattr(lowered, "__call__") and (compiled(*args)["z"] == f(*args)["z"]).all()
    with pytest.raises(TypeError, match="Argument types differ"):
        compiled.as_timed_text(jnp.ones(4), {"a": 2.0})


def events(folder):
    (path,) = folder.rglob("*.trace.json.gz")
    return json.loads(gzip.decompress(path.read_bytes()))["traceEvents"]


def test_a_trace(tmp_path):
    f = jax.jit(lambda x: jnp.sin(x @ x).sum())

    @profiler.annotate_function
    def work(x):
        return f(x)

    with profiler.trace(tmp_path):
        with profiler.StepTraceAnnotation("train", step_num=3):
            work(jnp.ones((200, 200))).block_until_ready()
        other = threading.Thread(target=lambda: f(jnp.ones((20, 20))))
        other.start()
        other.join()
    spans = [event for event in events(tmp_path) if event["ph"] == "X"]
    by_name = {event["name"]: event for event in spans}
    dot = next(e for e in spans if e["name"] == "dot_general" and "200" in e["args"]["outputs"])
    assert dot["args"]["inputs"] == "f32[200,200] f32[200,200]"
    assert dot["args"]["flops"] == 16_000_000 and dot["args"]["bytes"] == 480_000
    train = by_name["train"]
    assert train["args"]["step_num"] == 3
    assert train["ts"] <= dot["ts"] and dot["ts"] + dot["dur"] <= train["ts"] + train["dur"]
    assert any("work" in name for name in by_name)
    assert {"trace", "passes", "lower"} <= by_name.keys()
    assert len({event["tid"] for event in spans if event["name"] == "dot_general"}) == 2
    names = [event for event in events(tmp_path) if event["ph"] == "M"]
    assert {"process_name", "thread_name"} == {event["name"] for event in names}


def test_nothing_is_recorded_before_and_after(tmp_path):
    x = jnp.ones(10)
    jnp.cos(x)
    with profiler.TraceAnnotation("before"):
        pass
    profiler.start_trace(str(tmp_path), create_perfetto_trace=True)
    with pytest.raises(RuntimeError, match="already been started"):
        profiler.start_trace(tmp_path)
    jnp.sin(x)
    profiler.stop_trace()
    jnp.tan(x)
    with pytest.raises(RuntimeError, match="No profile started"):
        profiler.stop_trace()
    assert len(list(tmp_path.rglob("perfetto_trace.json.gz"))) == 1
    text = json.dumps(events(tmp_path))
    assert "elementwise sin" in text
    assert "cos" not in text and "tan" not in text and "before" not in text
