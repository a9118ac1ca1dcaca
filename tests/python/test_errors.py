"""Wrong programs, and the class of the error that JAX raises for each."""

import numpy as np
import pytest

import pullback as jax
import pullback.numpy as jnp
from pullback import errors, grad, jit, lax, vmap

LEAKED = []


def use_leaked():
    jit(lambda x: LEAKED.append(x) or x)(1.0)
    return LEAKED[-1] + 1


WRONG = [
    (lambda: jnp.ones(3) + jnp.ones(2), TypeError),
    (lambda: jnp.ones((2, 2)) + jnp.ones(3), ValueError),
    (lambda: jnp.where(True, jnp.ones(3), jnp.ones(2)), ValueError),
    (lambda: jnp.int4(1) + jnp.int8(1), jax.dtypes.TypePromotionError),
    (lambda: jnp.ones(3) + [1, 2, 3], TypeError),
    (lambda: jnp.sum([1, 2, 3]), TypeError),
    (lambda: jnp.add(1), TypeError),
    (lambda: jnp.add(1, 2, 3, 4, 5), TypeError),
    (lambda: jnp.sum(jnp.ones(3), foo=1), TypeError),
    (lambda: jnp.sin("a"), TypeError),
    (lambda: jnp.asarray("a"), TypeError),
    (lambda: jnp.asarray(None), ValueError),
    (lambda: jnp.add(jnp.int32(1), 2**40), OverflowError),
    (lambda: hash(jnp.ones(3)), TypeError),
    (lambda: bool(jnp.ones(3)), ValueError),
    (lambda: int(jnp.ones(3)), TypeError),
    (lambda: float(jnp.ones(3)), TypeError),
    (lambda: [1][jnp.float32(0)], TypeError),
    (lambda: len(jnp.float32(1)), TypeError),
    (lambda: iter(jnp.float32(1)), TypeError),
    (lambda: jnp.ones(3).__setitem__(0, 1), TypeError),
    (lambda: jnp.ones(3)[1, 2], IndexError),
    (lambda: jnp.ones(3)[[0, 1]], TypeError),
    (lambda: jnp.ones(3)["a"], TypeError),
    (lambda: jnp.ones(3)[1.5], TypeError),
    (lambda: jnp.ones((2, 3)).sum(axis=2), ValueError),
    (lambda: jnp.ones((2, 3)).reshape(4), TypeError),
    (lambda: jit(lambda x: x if x > 0 else -x)(1.0), errors.TracerBoolConversionError),
    (lambda: jit(lambda x: float(x))(1.0), errors.ConcretizationTypeError),
    (lambda: jit(lambda x: int(x))(1), errors.ConcretizationTypeError),
    (lambda: jit(lambda x: np.sin(x))(1.0), errors.TracerArrayConversionError),
    (lambda: jit(lambda x: [1, 2][x])(1), errors.TracerIntegerConversionError),
    (lambda: jit(lambda x: x[x > 0])(jnp.ones(3)), errors.NonConcreteBooleanIndexError),
    (lambda: jit(lambda n: jnp.ones(3)[:n])(2), IndexError),
    (lambda: jit(lambda n: jnp.zeros(n))(2), TypeError),
    (lambda: jit(lambda x: "a")(1.0), TypeError),
    (lambda: jit(lambda x: x)("a"), TypeError),
    (lambda: jit(3), TypeError),
    (use_leaked, errors.UnexpectedTracerError),
    (lambda: grad(lambda x: x)(jnp.ones(3)), TypeError),
    (lambda: grad(lambda x: x)(3), TypeError),
    (lambda: grad(lambda x: x * 1j)(3.0), TypeError),
    (lambda: grad(lambda x: (x, x))(3.0), TypeError),
    (lambda: grad(lambda x: x, argnums=1)(3.0), TypeError),
    (lambda: grad(lambda x: x, has_aux=True)(3.0), TypeError),
    (lambda: grad(lambda x: "a")(3.0), TypeError),
    (lambda: jax.jvp(jnp.sin, 1.0, 1.0), TypeError),
    (lambda: jax.jvp(jnp.sin, (1.0,), (1,)), TypeError),
    (lambda: jax.jvp(jnp.sin, (1.0,), (jnp.ones(2),)), ValueError),
    (lambda: jax.jvp(jnp.sin, (1.0,), ((1.0,),)), TypeError),
    (lambda: jax.vjp(jnp.sin, 1.0)[1](jnp.ones(2)), ValueError),
    (lambda: jax.vjp(jnp.sin, 1.0)[1]((1.0, 2.0)), ValueError),
    (lambda: vmap(lambda x, y: x)(jnp.ones(2), jnp.ones(3)), ValueError),
    (lambda: vmap(lambda x: x, in_axes=None)(jnp.ones(2)), ValueError),
    (lambda: vmap(lambda x: x, in_axes=(0, 0))(jnp.ones(2)), ValueError),
    (lambda: vmap(lambda x: x, in_axes=1)(jnp.ones(2)), ValueError),
    (lambda: vmap(lambda x: x, out_axes=None)(jnp.ones(2)), ValueError),
    (lambda: vmap(lambda x: x, in_axes="a")(jnp.ones(2)), TypeError),
    (lambda: lax.cond(True, lambda: 1.0, lambda: (1.0, 2.0)), TypeError),
    (lambda: lax.cond(True, lambda: jnp.ones(2), lambda: jnp.ones(3)), TypeError),
    (lambda: lax.cond(jnp.ones(2), lambda: 1.0, lambda: 2.0), TypeError),
    (lambda: lax.switch(1.0, [lambda: 1.0, lambda: 2.0]), TypeError),
    (lambda: lax.switch(0, []), ValueError),
    (lambda: lax.while_loop(lambda x: x, lambda x: x, 1.0), TypeError),
    (lambda: lax.while_loop(lambda x: x > 0, lambda x: (x, x), 1.0), TypeError),
    (lambda: lax.while_loop(lambda x: True, lambda x: x.astype("int32"), jnp.float32(1)), TypeError),
    (lambda: lax.scan(lambda c, x: c, 0.0, jnp.ones(2)), TypeError),
    (lambda: lax.scan(lambda c, x: ((c, c), x), 0.0, jnp.ones(2)), TypeError),
    (lambda: lax.scan(lambda c, x: (c, x), 0.0, (jnp.ones(2), jnp.ones(3))), ValueError),
    (lambda: lax.scan(lambda c, x: (c, x), 0.0), ValueError),
    (lambda: lax.fori_loop(0.0, 1, lambda i, x: x, 0), TypeError),
    (lambda: jax.custom_vjp(lambda x: x)(1.0), AttributeError),
]


@pytest.mark.parametrize("program, kind", WRONG, ids=range(len(WRONG)))
def test_wrong_programs(program, kind):
    with pytest.raises(kind) as caught:
        program()
    assert "internal error" not in str(caught.value)


def test_an_exception_passes_through_unchanged():
    class Mine(Exception):
        pass

    def f(x):
        raise Mine("here")

    for transform in (grad, jit, vmap, jax.make_jaxpr):
        with pytest.raises(Mine, match="here") as caught:
            transform(f)(jnp.ones(2) if transform is vmap else 1.0)
        assert any(entry.name == "f" for entry in caught.traceback)


def test_classes_are_related_as_in_jax():
    assert issubclass(errors.TracerBoolConversionError, errors.ConcretizationTypeError)
    assert issubclass(errors.ConcretizationTypeError, TypeError)
    assert issubclass(errors.NonConcreteBooleanIndexError, IndexError)
    assert issubclass(errors.UnexpectedTracerError, TypeError)
