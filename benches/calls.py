"""What calls cost beside JAX: recording and compiling a function for the first time, and
dispatching small operations and calls, compiled or not.

Groups of rows for `kernels.py`. A row of `compile` is a function that makes something new to be
compiled each time; a row of `dispatch` is called again and again.
"""

import atexit
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

# Makes every function to be compiled another one, so that no cache knows it.
fresh = itertools.count()


def chain(m, size, scale):
    """A function of so many operations."""

    def f(x):
        for i in range(size // 2):
            x = m.numpy.sin(x) * (scale + i)
        return x

    return f


def cold(m, size):
    """What compiles and calls the gradient of a function of so many operations, a new one each time."""

    def run():
        scale = 1.0 + next(fresh) * 1e-3
        return m.jit(m.grad(chain(m, size, scale)))(1.0)

    return run


def growth(m):
    """Lines on how the time to compile grows with the number of operations."""
    lines = [
        "The same for longer functions, without JAX, which takes half a minute for 10,000 operations:",
        "",
        "| operations | ms | µs each |",
        "|---|---|---|",
    ]
    for size in (100, 1000, 10_000, 100_000):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            cold(m, size)()
            times.append(time.perf_counter() - start)
        seconds = statistics.median(times)
        lines.append(f"| {size:,} | {seconds * 1e3:.1f} | {seconds / size * 1e6:.1f} |")
    return lines


def compile(m, long=True):
    for size in (10, 100, 1000):
        yield f"cold jit(grad(f)), {size} operations", cold(m, size), {"rounds": 3}
    # JAX takes minutes for it.
    if long:
        yield "cold jit(grad(f)), 10000 operations", cold(m, 10_000), {"rounds": 1}

    def shapes():
        scale = np.float32(1.0 + next(fresh) * 1e-3)

        def loss(x, w):
            return (m.numpy.tanh(x @ w) * scale).sum()

        f = m.jit(m.grad(loss, argnums=1))
        for n in range(10):
            y = f(np.ones((n + 2, 8), "float32"), np.ones((8, 3), "float32"))
        return y

    yield "ten shapes in a row", shapes, {"rounds": 3}

    # Modules are compiled by the first start, as they are by an installation.
    compiled = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, compiled, True)
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def started(code):
        return lambda: subprocess.run([sys.executable, "-c", code], check=True, env=environment)

    name = m.__name__
    first = (
        f"import {name} as m; import {name}.numpy as np_; "
        "m.jit(m.grad(lambda x: np_.tanh(x) * x))(1.0).block_until_ready()"
    )
    yield "import, from process start", started(f"import {name}"), {"rounds": 7}
    yield "first gradient, from process start", started(first), {"rounds": 7}


def dispatch(m):
    np_, random = m.numpy, m.random
    scalar, other = np_.float32(2.0), np_.float32(3.0)
    line = np_.asarray(np.linspace(-5, 1, 1000, dtype="float32"))
    matrix = np_.asarray(np.ones((30, 40), "float32"))
    yield "eager scalar x + y", lambda: scalar + other
    yield "eager x + y, 1000", lambda: line + line
    yield "eager sin, 1000", lambda: np_.sin(line)
    yield "eager sum, 1000", lambda: line.sum()
    yield "eager matmul 30x40x30", lambda: matrix @ matrix.T
    yield "eager reshape", lambda: matrix.reshape(40, 30)

    jitted = m.jit(lambda x: x * 2 + 1)
    yield "jitted call, a scalar", lambda: jitted(scalar)
    yield "jitted call, an array of 1000", lambda: jitted(line)
    each = m.jit(lambda t: {k: v + 1 for k, v in t.items()})
    for count in (10, 100):
        tree = {f"k{i}": np_.float32(i) for i in range(count)}
        yield f"jitted call, {count} leaves", lambda tree=tree: each(tree)

    polynomial = lambda x: 3 * x**2 + 4 * x - 3  # noqa: E731
    gradient, mapped = m.grad(polynomial), m.vmap(polynomial)
    yield "un-jitted grad of a polynomial", lambda: gradient(3.0)
    yield "un-jitted grad of grad", lambda: m.grad(gradient)(3.0)
    yield "un-jitted jvp", lambda: m.jvp(polynomial, (3.0,), (1.0,))[1]
    yield "un-jitted vmap", lambda: mapped(line)
    yield "un-jitted vmap of grad", lambda: m.vmap(gradient)(line)
    density = m.scipy.stats.norm.logpdf
    likelihood = lambda mu, s: -np_.sum(density(line, loc=mu, scale=np_.exp(s)))  # noqa: E731
    slopes = m.grad(likelihood, argnums=(0, 1))
    yield "un-jitted grad of a likelihood", lambda: slopes(-6.0, 0.7)[0]

    def descent():
        x = 3.0
        for _ in range(200):
            x -= gradient(x) * 0.01
        return x

    yield "un-jitted descent of 200 steps", descent, {"rounds": 3}

    key = random.key(0)
    yield "random.key", lambda: random.key(1)
    yield "random.split", lambda: random.split(key)
    yield "random.split and unpack", lambda: tuple(random.split(key))[0]
    yield "random.fold_in", lambda: random.fold_in(key, 3)
    yield "random.normal, 10", lambda: random.normal(key, (10,))

    places, mask = np_.asarray([3, 1, 4, 1, 5]), line > 0
    yield "x[3]", lambda: line[3]
    yield "x[2:500]", lambda: line[2:500]
    yield "x[:, 3]", lambda: matrix[:, 3]
    yield "x[places]", lambda: line[places]
    yield "x[mask]", lambda: line[mask]
    yield "x.at[3].set", lambda: line.at[3].set(1.0)
    yield "x.at[2:500].set", lambda: line.at[2:500].set(1.0)
    yield "x.at[places].add", lambda: line.at[places].add(1.0)


GROUPS = {"compile": compile, "dispatch": dispatch}
