"""Transformations of functions."""

from functools import partial

import numpy as np
import pytest

import pullback as jax
import pullback.numpy as jnp
from pullback import grad, hessian, jacfwd, jacrev, jit, jvp, lax, value_and_grad, vjp, vmap
from pullback.test_util import check_grads


def close(a, b, rtol=1e-5):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=1e-6)


def test_grad():
    f = lambda x: 3 * x**2 + 4 * x - 3
    assert repr(grad(f)(3.0)) == "Array(22., dtype=float32, weak_type=True)"
    assert grad(grad(f))(3.0) == 6
    assert grad(lambda x: 3.0)(1.0) == 0
    value, (dx, dy) = value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
    assert (value, dx, dy) == (10, 5, 2)
    assert grad(lambda x, y: x * y, argnums=-1)(2.0, 5.0) == 2


def test_grad_of_trees_and_aux():
    params = {"w": jnp.ones(3), "b": (jnp.float32(2.0), None)}

    def loss(p, x, scale=1.0):
        y = p["w"] @ x + p["b"][0]
        return scale * y**2, {"y": y, "note": "kept"}

    g, aux = grad(loss, has_aux=True)(params, jnp.arange(3.0), scale=2.0)
    close(g["w"], 4 * 5.0 * np.arange(3.0))
    assert g["b"][0] == 20 and g["b"][1] is None
    assert aux["note"] == "kept" and aux["y"] == 5 and not aux["y"]._is_tracer


def test_python_control_flow_under_grad():
    def f(x):
        return x**2 if x > 0 else -x

    assert grad(f)(3.0) == 6 and grad(f)(-3.0) == -1


def test_jvp_vjp_linearize():
    y, dy = jvp(jnp.sin, (0.5,), (2.0,))
    close((y, dy), (np.sin(0.5), 2 * np.cos(0.5)))
    y, back = vjp(lambda a, b: (a * b, a), 3.0, 4.0)
    close(back((1.0, 10.0)), (14.0, 3.0))
    y, push = jax.linearize(lambda x: x**3, 2.0)
    assert y == 8 and push(1.0) == 12
    y, back, aux = vjp(lambda x: (x**2, "n"), 3.0, has_aux=True)
    assert aux == "n" and back(1.0) == (6,)
    transposed = jax.linear_transpose(lambda x: 3.0 * x, jax.ShapeDtypeStruct((2,), "float32"))
    close(transposed(jnp.ones(2))[0], [3, 3])


def test_jacobians():
    f = lambda x: jnp.stack([x[0] * x[1], x[1] ** 2, x[0]])
    x = jnp.array([2.0, 3.0])
    expected = [[3, 2], [0, 6], [1, 0]]
    close(jacfwd(f)(x), expected)
    close(jacrev(f)(x), expected)
    close(hessian(lambda x: x[0] ** 2 * x[1])(x), [[6, 4], [4, 0]])
    j = jacrev(lambda p: {"y": p["a"] * p["b"]})({"a": jnp.ones(2), "b": 3.0})
    close(j["y"]["a"], 3 * np.eye(2))
    close(j["y"]["b"], np.ones(2))


def test_vmap():
    close(vmap(lambda x, y: x + y, in_axes=(0, None))(jnp.arange(3.0), 10.0), [10, 11, 12])
    close(vmap(lambda x: x.sum(), in_axes=1)(jnp.arange(6.0).reshape(2, 3)), [3, 5, 7])
    assert vmap(lambda x: x, out_axes=1)(jnp.ones((2, 3))).shape == (3, 2)
    out = vmap(lambda d: {"s": d["a"] * d["b"]}, in_axes=({"a": 0, "b": None},))(
        {"a": jnp.arange(3.0), "b": 2.0}
    )
    close(out["s"], [0, 2, 4])
    close(vmap(grad(jnp.sin))(jnp.arange(3.0)), np.cos(np.arange(3.0)))
    close(vmap(lambda: jnp.float32(1), axis_size=2)(), [1, 1])
    close(vmap(vmap(lambda x, y: x * y, (None, 0)), (0, None))(jnp.arange(2.0), jnp.arange(3.0)),
          np.outer(np.arange(2.0), np.arange(3.0)))


def test_jit():
    count = []

    @jit
    def f(x, y=1.0):
        count.append(1)
        return {"z": x * y, "n": None}

    assert f(2.0)["z"] == 2 and f(3.0)["z"] == 3 and len(count) == 1
    f(jnp.ones(2))
    assert len(count) == 2
    assert f(2.0, y=5.0)["z"] == 10 and f(2.0, 4.0)["z"] == 8
    f.clear_cache()
    assert f._cache_size() == 0


def test_jit_static():
    @partial(jit, static_argnums=1, static_argnames="mode")
    def f(x, n, mode="add"):
        return x + n if mode == "add" else x * n

    assert f(2.0, 3) == 5 and f(2.0, 3, mode="mul") == 6 and f(2.0, n=4) == 6
    with pytest.raises(ValueError, match="[Nn]on-hashable"):
        f(2.0, [1])


def test_jit_nests_and_closes_over_tracers():
    @jit
    def outer(x):
        @jit
        def inner(y):
            return x * y

        return inner(2.0) + grad(lambda z: inner(z))(1.0)

    assert outer(3.0) == 9
    close(grad(jit(lambda x: jnp.sin(x) ** 2))(0.3), 2 * np.sin(0.3) * np.cos(0.3))
    close(vmap(jit(lambda x: x**2))(jnp.arange(3.0)), [0, 1, 4])
    close(jit(lambda x: jnp.repeat(x, 2))(jnp.arange(3.0)), [0, 0, 1, 1, 2, 2])


def test_jit_as_method():
    class Model:
        scale = 2.0

        @partial(jit, static_argnums=0)
        def apply(self, x):
            return self.scale * x

    assert Model().apply(3.0) == 6


def test_lower_and_shapes():
    stage = jit(lambda x: x + 1).lower(jax.ShapeDtypeStruct((2,), "float32"))
    close(stage.compile()(jnp.zeros(2)), [1, 1])
    out = jax.eval_shape(lambda x: (x @ x.T, 1), jnp.ones((2, 3)))
    assert out[0].shape == (2, 2) and out[0].dtype == np.float32


def test_make_jaxpr():
    text = str(jax.make_jaxpr(lambda x: 3 * x**2 + 4 * x - 3)(3.0))
    assert text == (
        "{ lambda ; a:f32[]. let\n    b:f32[] = integer_pow[y=2] a\n    c:f32[] = mul 3.0:f32[] b\n"
        "    d:f32[] = mul 4.0:f32[] a\n    e:f32[] = add c d\n    f:f32[] = sub e 3.0:f32[]\n"
        "  in (f,) }"
    )


def test_custom_jvp():
    @jax.custom_jvp
    def f(x, y):
        return jnp.sin(x) * y

    @f.defjvp
    def _(primals, tangents):
        (x, y), (dx, dy) = primals, tangents
        return f(x, y), 100.0 * dx + dy

    assert grad(f)(2.0, 3.0) == 100
    assert jit(grad(f, argnums=1))(2.0, 3.0) == 1
    close(vmap(grad(f))(jnp.ones(2), jnp.ones(2)), [100, 100])

    @jax.custom_jvp
    def g(x):
        return x**2

    g.defjvps(lambda dx, out, x: 7.0 * dx)
    assert grad(g)(1.0) == 7


def test_custom_vjp():
    @partial(jax.custom_vjp, nondiff_argnums=(0,))
    def clip(limit, x):
        return x

    clip.defvjp(lambda limit, x: (x, None), lambda limit, _, ct: (jnp.clip(ct, -limit, limit),))
    assert grad(lambda x: 5.0 * clip(1.0, x))(2.0) == 1
    assert jit(grad(lambda x: 5.0 * clip(2.0, x)))(2.0) == 2
    close(vmap(grad(lambda x: 5.0 * clip(1.0, x)))(jnp.ones(3)), [1, 1, 1])


def test_stop_gradient_and_checkpoint():
    assert grad(lambda x: x * lax.stop_gradient(x))(3.0) == 3
    f = lambda x: jnp.sin(jnp.sin(x))
    close(grad(jax.checkpoint(f))(0.7), grad(f)(0.7))
    dots = jax.checkpoint(f, policy=jax.checkpoint_policies.dots_saveable)
    close(jit(grad(dots))(0.7), grad(f)(0.7))


def test_checkpoints_keep_values_by_name():
    from pullback.ad_checkpoint import checkpoint_name

    f = lambda x: jnp.sin(jnp.sin(checkpoint_name(jnp.sin(x), "inner")))
    policies = jax.checkpoint_policies

    def sines(policy):
        df = grad(jax.checkpoint(f, policy=policy))
        close(df(0.7), grad(f)(0.7))
        close(vmap(jit(df))(jnp.array([0.7])), [grad(f)(0.7)])
        return str(jax.make_jaxpr(df)(0.7)).count("= sin ")

    assert sines(None) == 5
    assert sines(policies.save_only_these_names("inner")) == 4
    assert sines(policies.save_any_names_but_these("inner")) == 5
    assert sines(policies.save_anything_except_these_names("inner")) == 3
    assert checkpoint_name({"a": 1.0}, "tree") == {"a": 1.0}
    assert "name[name=inner]" in str(jax.make_jaxpr(f)(1.0))


def test_cond_and_switch():
    f = lambda p, x: lax.cond(p, lambda x: x**2, lambda x: -x, x)
    assert f(True, 3.0) == 9 and f(False, 3.0) == -3
    assert jit(f)(True, 3.0) == 9
    assert grad(f, argnums=1)(True, 3.0) == 6
    close(vmap(f)(jnp.array([True, False]), jnp.array([3.0, 4.0])), [9, -4])
    branches = [lambda x: x, lambda x: 2 * x, lambda x: 3 * x]
    assert [float(lax.switch(i, branches, 1.0)) for i in (-1, 0, 1, 2, 9)] == [1, 1, 2, 3, 3]


def test_loops():
    assert lax.while_loop(lambda x: x < 100, lambda x: 2 * x, 3) == 192
    assert lax.fori_loop(0, 5, lambda i, x: x + i, 0) == 10
    assert jit(lambda n: lax.fori_loop(0, n, lambda i, x: x * 2.0, 1.0))(4) == 16
    assert grad(lambda x: lax.fori_loop(0, 3, lambda i, y: y * x, 1.0))(2.0) == 12
    assert grad(lambda x: lax.while_loop(lambda y: y < 50, lambda y: y * x, x))(2.0) == 6 * 2**5
    carry, ys = lax.scan(lambda c, x: (c + x, c * x), 0.0, jnp.arange(4.0))
    assert carry == 6
    close(ys, [0, 0, 2, 9])
    _, ys = lax.scan(lambda c, _: (c + 1, c), 0, None, length=3)
    close(ys, [0, 1, 2])
    close(lax.map(lambda x: x**2, jnp.arange(3.0)), [0, 1, 4])
    close(lax.associative_scan(lambda a, b: a + b, jnp.arange(7.0)), np.cumsum(np.arange(7.0)))
    x = jnp.float32(0.5)
    loss = lambda w: lax.scan(lambda h, x: (jnp.tanh(w * h + x), h), x, jnp.arange(3.0))[0]
    check_grads(loss, (jnp.float32(0.3),), order=1)


def test_callbacks(capsys):
    double = lambda x: np.asarray(x) * 2
    f = lambda x: jax.pure_callback(double, jax.ShapeDtypeStruct((2,), "float32"), x)
    close(jit(f)(jnp.arange(2.0)), [0, 2])
    jit(lambda x: (jax.debug.print("x is {}", x), x)[1])(1.0)
    assert "x is 1.0" in capsys.readouterr().out


def test_check_grads():
    check_grads(lambda x, y: jnp.tanh(x) * y, (jnp.float32(0.4), jnp.ones(3)), order=2)
    with pytest.raises(AssertionError):

        @jax.custom_jvp
        def wrong(x):
            return x**2

        wrong.defjvps(lambda dx, out, x: 3.0 * x * dx)
        check_grads(wrong, (jnp.float32(2.0),), order=1)


def test_disable_jit_and_settings():
    with jax.disable_jit():
        seen = []
        jit(lambda x: seen.append(x) or x)(1.0)
        assert seen == [1.0]
    assert jax.config.jax_enable_x64 is False
    with jax.enable_x64(True):
        assert jnp.asarray(1.0).dtype == np.float64
        assert jit(lambda x: x)(1.0).dtype == np.float64
    assert jit(lambda x: x)(1.0).dtype == np.float32
    with pytest.raises(AttributeError):
        jax.config.update("no_such_setting", 1)
    with jax.debug_nans(True), pytest.raises(FloatingPointError):
        jnp.log(jnp.float32(-1.0))


@pytest.mark.parametrize("shape", [(4, 4), (7, 3), (3, 7), (90, 90), (200, 150), (5, 8, 8)])
def test_decompositions_of_which_a_part_is_used(shape):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    linalg = jnp.linalg
    r = jit(lambda x: linalg.qr(x)[1])(x)
    np.testing.assert_array_equal(r, linalg.qr(x)[1])
    square = np.swapaxes(x, -1, -2) @ x
    for function in (linalg.eigvalsh, lambda x: linalg.svd(x, compute_uv=False)):
        values = jit(function)(square)
        everything = jit(lambda x: linalg.svd(x))(square)[1]
        values = np.sort(np.abs(values), axis=-1)[..., ::-1]
        np.testing.assert_allclose(values, everything, atol=2e-5 * np.max(everything))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "int32"])
def test_products_of_single_terms(dtype):
    x = jnp.asarray([[-2.0], [0.0], [3.5]]).astype(dtype)
    y = jnp.asarray([[-0.0, 1.5, -3.0, 0.0]]).astype(dtype)
    bits = lambda z: np.asarray(z).view(f"u{np.asarray(z).itemsize}")  # noqa: E731
    np.testing.assert_array_equal(bits(jit(jnp.matmul)(x, y)), bits(x @ y))
    np.testing.assert_array_equal(bits(jit(lambda x, y: y.T @ x.T)(x, y)), bits(y.T @ x.T))
    batch = jit(lambda x, y: jnp.einsum("bi,bj->bij", x, y))
    np.testing.assert_array_equal(batch(x, x * 2), x[:, :, None] * (x * 2)[:, None, :])
