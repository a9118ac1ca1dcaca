"""Times beside JAX, in alternating rounds of one run: medians and ratios.

Each row is the same source over either implementation. Results are compared before times are.
"""

import importlib
import pathlib
import statistics
import subprocess
import sys
import time

import jax
import numpy as np

import pullback

ROUNDS = 7


def clock(f, repeat):
    start = time.perf_counter()
    for _ in range(repeat):
        f()
    return (time.perf_counter() - start) / repeat


def rows(m):
    jnp = m.numpy
    x, y = jnp.float32(2.0), jnp.float32(3.0)
    polynomial = lambda x: 3 * x**2 + 4 * x - 3
    gradient = m.grad(polynomial)
    jitted = m.jit(lambda x: x * 2 + 1)
    tree = {f"k{i}": jnp.float32(i) for i in range(100)}
    leaves = m.jit(lambda t: {k: v + 1 for k, v in t.items()})

    def descent():
        x = 3.0
        for _ in range(200):
            x -= gradient(x) * 0.01
        return x

    data = jnp.asarray(np.linspace(-5, 1, 1000, dtype=np.float32))
    loglike = lambda mu, ls: -jnp.sum(m.scipy.stats.norm.logpdf(data, loc=mu, scale=jnp.exp(ls)))
    dlog = m.grad(loglike, argnums=(0, 1))

    def fit():
        mu, ls = -6.0, 0.7
        for _ in range(300):
            dmu, dls = dlog(mu, ls)
            mu -= dmu * 0.0001
            ls -= dls * 0.0001
        return mu

    def cold(size):
        def build(scale):
            def f(x):
                for i in range(size // 2):
                    x = jnp.sin(x) * (scale + i)
                return x

            return m.jit(m.grad(f))(1.0)

        return build

    counter = iter(range(10**9))
    return {
        "eager scalar x + y": (lambda: x + y, 2000),
        "grad(polynomial)(3.), un-jitted": (lambda: gradient(3.0), 100),
        "descent of 200 steps, un-jitted": (descent, 1),
        "fit of 300 steps, un-jitted": (fit, 1),
        "jitted call, scalar": (lambda: jitted(x), 2000),
        "jitted call, 100 leaves": (lambda: leaves(tree), 200),
        "cold jit(grad), 10 operations": (lambda: cold(10)(1.0 + next(counter) * 1e-3), 1),
        "cold jit(grad), 100 operations": (lambda: cold(100)(1.0 + next(counter) * 1e-3), 1),
        "cold jit(grad), 1000 operations": (lambda: cold(1000)(1.0 + next(counter) * 1e-3), 1),
    }


def import_time(name):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
    return time.perf_counter() - start


def installed_size(*modules):
    """Bytes of the packages on disk, without caches."""
    total = 0
    for module in modules:
        root = pathlib.Path(importlib.import_module(module).__file__).parent
        files = (path for path in root.rglob("*") if path.is_file())
        total += sum(path.stat().st_size for path in files if "__pycache__" not in path.parts)
    return total


def report(name, ours, theirs):
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"{name:36} {a * 1e6:12.1f} {b * 1e6:12.1f} {a / b:9.4f} {b / a:9.1f}x")


def main():
    import jax.scipy.stats.norm  # noqa: F401
    import pullback.scipy.stats.norm  # noqa: F401

    print(f"{'row':36} {'pullback µs':>12} {'JAX µs':>12} {'ratio':>9} {'faster':>10}")
    empty = [import_time("sys") for _ in range(5)]
    ours, theirs = [], []
    for _ in range(5):
        ours.append(import_time("pullback") - statistics.median(empty))
        theirs.append(import_time("jax") - statistics.median(empty))
    report("import", ours, theirs)
    a, b = installed_size("pullback"), installed_size("jax", "jaxlib")
    print(f"{'installed size':36} {a / 1e6:9.1f} MB {b / 1e6:9.1f} MB {a / b:9.4f} {b / a:9.1f}x")
    here, there = rows(pullback), rows(jax)
    for name, (f, repeat) in here.items():
        g = there[name][0]
        a, b = f(), g()
        if not name.startswith("cold") and not isinstance(a, dict):
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-4)
        ours, theirs = [], []
        rounds = 3 if name.startswith(("cold", "fit", "descent")) else ROUNDS
        for _ in range(rounds):
            ours.append(clock(f, repeat))
            theirs.append(clock(lambda: jax.block_until_ready(g()), repeat))
        report(name, ours, theirs)


if __name__ == "__main__":
    main()
