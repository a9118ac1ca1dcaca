"""Symbolic zeros in the rules of functions with derivatives of their own, beside JAX's."""

import jax
import numpy as np
import pullback
import pytest

MODULES = [pullback, jax]


def jvp_example(m, log):
    @m.custom_jvp
    def f(x, y):
        return x * y, x + y

    def rule(primals, tangents):
        zero = m.custom_derivatives.SymbolicZero
        log.append([(type(t) is zero, tuple(t.aval.shape) if type(t) is zero else None)
                    for t in tangents])
        (x, y), (dx, dy) = primals, tangents
        out = x * y, x + y
        if type(dx) is zero:
            return out, (dy * x, dy)
        return out, (dx * y, dx)

    f.defjvp(rule, symbolic_zeros=True)
    return f


@pytest.mark.parametrize("argnums", [0, 1])
def test_custom_jvp(argnums):
    results, logs = [], []
    for m in MODULES:
        log = []
        f = jvp_example(m, log)
        x = np.array([1.0, 2.0], np.float32)
        g = m.grad(lambda x, y: f(x, y)[0].sum(), argnums=argnums)
        results.append(np.asarray(g(x, 3 * x)))
        logs.append(log)
    np.testing.assert_allclose(*results)
    assert logs[0] == logs[1]


def test_a_rule_may_return_a_symbolic_zero():
    for m in MODULES:
        @m.custom_jvp
        def f(x, y):
            return x * y

        def rule(primals, tangents):
            zero = [t for t in tangents if type(t) is m.custom_derivatives.SymbolicZero]
            return f(*primals), zero[0]

        f.defjvp(rule, symbolic_zeros=True)
        assert float(m.grad(f)(2.0, 3.0)) == 0.0


def test_custom_vjp():
    logs = []
    for m in MODULES:
        log = []

        @m.custom_vjp
        def f(x, y):
            return x * y, x + y

        def fwd(x, y):
            log.append((x.perturbed, y.perturbed))
            return (x.value * y.value, x.value + y.value), (x.value, y.value)

        def bwd(residuals, cts):
            zero = m.custom_derivatives.SymbolicZero
            log.append([type(ct) is zero for ct in cts])
            x, y = residuals
            return cts[0] * y, cts[0] * x

        f.defvjp(fwd, bwd, symbolic_zeros=True)
        assert float(m.grad(lambda x: f(x, 3.0)[0])(2.0)) == 3.0
        logs.append(log)
    assert logs[0] == logs[1]


def test_compile_time_evaluation():
    for m in MODULES:
        seen = []

        @m.jit
        def f(x):
            with m.ensure_compile_time_eval():
                y = m.numpy.sin(m.numpy.arange(3.0)).sum()
                seen.append(float(y))
                z = x + 1
            return z * y

        np.testing.assert_allclose(f(2.0), 3 * np.sin([0, 1, 2]).sum(), rtol=1e-6)
        np.testing.assert_allclose(seen, [np.sin([0, 1, 2]).sum()], rtol=1e-6)
