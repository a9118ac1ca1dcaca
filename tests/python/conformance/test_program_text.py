"""The text of programs beside JAX's, character for character.

Only what names a place on one machine is taken out: addresses of functions, and the files and
lines that JAX notes beside names.
"""

import re

import numpy as np
import pytest

import pullback

jax = pytest.importorskip("jax")

V = np.linspace(-1.0, 1.0, 4, dtype=np.float32)
M = np.arange(12, dtype=np.float32).reshape(3, 4)
S = np.eye(3, dtype=np.float32) * 2 + 0.1
I = np.array([3, 1, 2, 0], dtype=np.int32)
B = np.array([True, False, True, False])
C = (V + 1j * V).astype(np.complex64)


def programs(m):
    """Programs and their arguments, over the implementation `m`."""
    jnp, lax, nn = m.numpy, m.lax, m.nn
    grad, jit, vmap = m.grad, m.jit, m.vmap
    f32 = jnp.float32
    sin2 = lambda x: jnp.sin(x) * jnp.cos(x)
    step = lambda c, x: (c * jnp.cos(x), c + x)

    @m.custom_jvp
    def forward(x):
        return jnp.sin(x)

    @forward.defjvp
    def _(primals, tangents):
        (x,), (dx,) = primals, tangents
        return forward(x), 2.0 * jnp.cos(x) * dx

    @m.custom_vjp
    def reverse(x):
        return jnp.sin(x)

    reverse.defvjp(lambda x: (jnp.sin(x), x), lambda x, ct: (2.0 * jnp.cos(x) * ct,))

    inner = jit(lambda x, y: x * y + 1.0)
    named = lambda f, **k: vmap(f, axis_name="i", **k)
    key = lambda: m.random.key(0)
    return {
        # Arithmetic and types.
        "add-ints": (lambda x: x + 1, (3,)),
        "polynomial": (lambda x: 3 * x**2 + 4 * x - 3, (1.0,)),
        "true-divide": (lambda x: x / 2, (I,)),
        "floor-divide": (lambda x: x // 2, (I,)),
        "remainder": (lambda x: x % 3.0, (V,)),
        "weak-and-strong": (lambda x: (x * 2.0, x.astype(jnp.bfloat16) + 1), (V,)),
        "mixed": (lambda x, i: x * i, (V, I)),
        "power": (lambda x: (x**3, x**0.5, x**x, 2**x), (V,)),
        "compare": (lambda x: jnp.where((x > 0) & (x < 1), x, -x), (V,)),
        "complex": (lambda x: (jnp.real(x), jnp.conj(x) * 2j, jnp.abs(x)), (C,)),
        "bits": (lambda i: ((i & 3) | 4) ^ (i << 1) ^ ~i ^ (i >> 1), (I,)),
        "clip": (lambda x: jnp.clip(x, -0.5, 0.5), (V,)),
        "rounding": (lambda x: (jnp.floor(x), jnp.round(x), jnp.trunc(x), jnp.sign(x)), (V,)),
        "casts": (lambda i: (i.astype("float32"), i.astype(bool), jnp.int8(i)), (I,)),
        "arrays-made": (lambda: (jnp.zeros((2, 3)), jnp.arange(4), jnp.ones(2, "int8"), jnp.eye(2)), ()),
        "constant": (lambda x: x + np.arange(4, dtype=np.float32), (V,)),
        "scalar-constant": (lambda x: x * np.float32(2.5) + np.int32(1), (V,)),
        "unused": (lambda x, y: jnp.sin(x), (V, 1.0)),
        "dead": (lambda x: (jnp.sin(x), x)[1], (V,)),
        "results": (lambda x: {"b": x, "a": (x, 1.0)}, (V,)),
        # Reductions, shapes, indexing.
        "reductions": (lambda x: (x.sum(), x.max(0), x.min(1), x.prod(), x.argmax(1), (x > 0).any()), (M,)),
        "mean-var": (lambda x: (jnp.mean(x), jnp.var(x, axis=0)), (M,)),
        "cumulative": (lambda x: (jnp.cumsum(x, 1), lax.cummax(x), lax.cumlogsumexp(x, reverse=True)), (M,)),
        "shapes": (lambda x: (x.T, x.reshape(2, 6), x[None], jnp.squeeze(x[:1], 0), jnp.flip(x, 1)), (M,)),
        "broadcast": (lambda x, y: x + y, (M, V)),
        "concatenate": (lambda x: jnp.concatenate([x, x[:1]]), (M,)),
        "stack": (lambda x: jnp.stack([x, 2 * x], 1), (V,)),
        "pad": (lambda x: jnp.pad(x, 1), (M,)),
        "slices": (lambda x: x[1:, ::2], (M,)),
        "reversed": (lambda x: x[::-1], (V,)),
        "element": (lambda x: x[1], (V,)),
        "last": (lambda x: x[-1, 2], (M,)),
        "take": (lambda x, i: x[i], (V, I)),
        "take-scalar": (lambda x, i: x[i], (V, np.int32(1))),
        "take-two": (lambda x, i: x[i[:2], i[2:]], (M, I)),
        "set": (lambda x, i: x.at[i].set(0.0), (V, I)),
        "add-at": (lambda x, i: x.at[i].add(1.0), (V, I)),
        "set-slice": (lambda x: x.at[1:3].set(5.0), (V,)),
        "dynamic": (lambda x, i: (lax.dynamic_slice(x, (i,), (2,)), lax.dynamic_update_slice(x, x[:2], (i,))), (V, np.int32(1))),
        "dynamic-in-dim": (lambda x, i: lax.dynamic_index_in_dim(x, i, 0), (M, np.int32(1))),
        "dot": (lambda x, y: x @ y, (M, V)),
        "dot-general": (lambda x: lax.dot_general(x, x, (((1,), (1,)), ((), ())), preferred_element_type=f32), (M,)),
        "einsum": (lambda x: jnp.einsum("ij,kj->ik", x, x), (M,)),
        "sort": (lambda x: jnp.sort(x), (M,)),
        "argsort": (lambda x: jnp.argsort(x), (V,)),
        "sort-lax": (lambda x, i: lax.sort((x, i), num_keys=1), (V, I)),
        "top-k": (lambda x: lax.top_k(x, 2), (V,)),
        "select": (lambda i, x: lax.select_n(i, x, 2 * x), (B, V)),
        "nan-to-num": (lambda x: jnp.nan_to_num(x), (V,)),
        "linspace": (lambda x: jnp.linspace(0.0, x, 3), (1.0,)),
        "softmax": (lambda x: nn.softmax(x), (V,)),
        "relu": (lambda x: nn.relu(x), (V,)),
        "logsumexp": (lambda x: m.scipy.special.logsumexp(x), (V,)),
        "reduce-precision": (lambda x: lax.reduce_precision(x, 5, 10), (V,)),
        "bitcast": (lambda x: lax.bitcast_convert_type(x, jnp.int32), (V,)),
        "iota": (lambda: lax.broadcasted_iota(jnp.int32, (2, 3), 1), ()),
        "clamp": (lambda x: lax.clamp(0.0, x, 1.0), (V,)),
        "special": (lambda x: (lax.erf(x), lax.lgamma(x), lax.digamma(x), lax.erf_inv(x), lax.rsqrt(x)), (V,)),
        # Nested programs.
        "jit": (jit(sin2), (V,)),
        "jit-in": (lambda x: inner(x, 2.0) - 1.0, (V,)),
        "jit-twice": (lambda x: inner(inner(x, 2.0), x), (V,)),
        "jit-closes-over": (lambda x: jit(lambda y: x * y)(2.0), (V,)),
        "jit-static": (lambda x: jit(lambda x, n: x * n, static_argnums=1)(x, 3), (V,)),
        "jit-inline": (lambda x: jit(sin2, inline=True)(x), (V,)),
        "cond": (lambda x: lax.cond(x > 0, lambda x: x * 2, lambda x: jnp.sin(x), x), (1.0,)),
        "cond-closes-over": (lambda x, y: lax.cond(x > 0, lambda: y * x, lambda: y), (1.0, 2.0)),
        "switch": (lambda i, x: lax.switch(i, [jnp.sin, jnp.cos, lambda x: x], x), (1, V)),
        "while": (lambda x: lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1] * 2.0), (0, x)), (V,)),
        "while-closes-over": (lambda x, y: lax.while_loop(lambda c: c < y, lambda c: c * y, x), (1.0, 2.0)),
        "fori": (lambda x: lax.fori_loop(0, 3, lambda i, c: c * 2.0 + i, x), (V,)),
        "fori-unknown": (lambda n, x: lax.fori_loop(0, n, lambda i, c: c * 2.0, x), (3, V)),
        "scan": (lambda x: lax.scan(step, f32(1.0), x), (V,)),
        "scan-weak": (lambda x: lax.scan(step, 1.0, x), (V,)),
        "scan-length": (lambda x: lax.scan(lambda c, _: (c * 2.0, None), x, None, length=5), (V,)),
        "scan-reverse": (lambda x: lax.scan(step, f32(1.0), x, reverse=True), (V,)),
        "scan-closes-over": (lambda w, x: lax.scan(lambda c, x: (jnp.tanh(w * c + x), c), f32(0.0), x), (np.float32(2.0), V)),
        "map": (lambda x: lax.map(lambda y: y * 2.0, x), (V,)),
        "checkpoint": (m.checkpoint(sin2), (V,)),
        "custom-jvp": (lambda x: forward(x) * 2.0, (V,)),
        "custom-vjp": (lambda x: reverse(x) * 2.0, (V,)),
        # Transformed.
        "grad": (grad(lambda x: jnp.sin(x) * x), (1.0,)),
        "grad-tanh": (grad(jnp.tanh), (1.0,)),
        "grad-grad": (grad(grad(lambda x: x**3)), (1.0,)),
        "grad3": (grad(grad(grad(jnp.sin))), (1.0,)),
        "value-and-grad": (m.value_and_grad(lambda x, y: jnp.dot(x, y)), (V, V)),
        "grad-sum": (grad(lambda x: jnp.sum(x**2)), (V,)),
        "grad-matmul": (grad(lambda w, x: jnp.sum(jnp.tanh(x @ w))), (V, M)),
        "grad-index": (grad(lambda x: x[1] * x[2]), (V,)),
        "grad-custom-jvp": (grad(forward), (1.0,)),
        "grad-custom-vjp": (grad(reverse), (1.0,)),
        "grad-jit": (grad(jit(lambda x: jnp.sin(x) * 2.0)), (1.0,)),
        "grad-checkpoint": (grad(m.checkpoint(lambda x: jnp.sin(jnp.sin(x)))), (1.0,)),
        "grad-cond": (grad(lambda x: lax.cond(x > 0, lambda x: x * x, jnp.sin, x)), (1.0,)),
        "grad-scan": (grad(lambda x: lax.scan(step, f32(1.0), x)[0]), (V,)),
        "jvp": (lambda x, dx: m.jvp(sin2, (x,), (dx,)), (1.0, 1.0)),
        "jvp-jit": (lambda x, dx: m.jvp(jit(sin2), (x,), (dx,)), (1.0, 1.0)),
        "jvp-scan": (lambda x, dx: m.jvp(lambda x: lax.scan(step, f32(1.0), x)[0], (x,), (dx,)), (V, V)),
        "jvp-jvp": (lambda x: m.jvp(lambda x: m.jvp(jnp.sin, (x,), (1.0,))[1], (x,), (1.0,))[1], (1.0,)),
        "vjp": (lambda x, ct: m.vjp(sin2, x)[1](ct), (V, V)),
        "linearize": (lambda x, dx: m.linearize(sin2, x)[1](dx), (V, V)),
        "linear-transpose": (lambda x: m.linear_transpose(lambda y: 3.0 * y, x)(x), (V,)),
        "vmap": (vmap(lambda x: jnp.sin(x) * x), (V,)),
        "vmap-dot": (vmap(jnp.dot), (M, M)),
        "vmap-in-axes": (vmap(lambda x, y: x @ y, in_axes=(1, None)), (M, np.ones(3, np.float32))),
        "vmap-out-axes": (vmap(lambda x: x * 2.0, out_axes=1), (M,)),
        "vmap-index": (vmap(lambda x, i: x[i], in_axes=(None, 0)), (V, I)),
        "vmap-sort": (vmap(jnp.sort), (M,)),
        "vmap-cond": (vmap(lambda x: lax.cond(x > 0, lambda x: x * 2, jnp.sin, x)), (V,)),
        "vmap-scan": (vmap(lambda x: lax.scan(step, f32(1.0), x)[0]), (M,)),
        "vmap-while": (vmap(lambda x: lax.while_loop(lambda c: c < 3.0, lambda c: c + 1.0, x)), (V,)),
        "vmap-jit": (vmap(jit(sin2)), (V,)),
        "vmap-vmap": (vmap(vmap(lambda x, y: x * y, (None, 0)), (0, None)), (V, V)),
        "vmap-grad": (vmap(grad(jnp.sin)), (V,)),
        "grad-vmap": (grad(lambda x: jnp.sum(vmap(jnp.sin)(x))), (V,)),
        "jit-vmap-grad": (jit(vmap(grad(jnp.sin))), (V,)),
        "vmap-grad-jit": (vmap(grad(jit(lambda x: x * jnp.sin(x)))), (V,)),
        "vmap-jvp-grad": (vmap(lambda x: m.jvp(grad(jnp.sin), (x,), (1.0,))), (V,)),
        "jacfwd": (m.jacfwd(lambda x: jnp.sin(x)), (V,)),
        "jacrev": (m.jacrev(lambda x: jnp.sin(x)), (V,)),
        "hessian": (m.hessian(lambda x: jnp.sum(x**3)), (V,)),
        # Named axes.
        "psum": (named(lambda x: x / lax.psum(x, "i")), (V,)),
        "psum-constant": (named(lambda x: x / lax.psum(1, "i")), (V,)),
        "pmax": (named(lambda x: lax.pmax(x, "i") - lax.pmin(x, "i")), (V,)),
        "pmean": (named(lambda x: lax.pmean(x, "i")), (V,)),
        "axis-index": (named(lambda x: x + lax.axis_index("i")), (V,)),
        "all-gather": (named(lambda x: lax.all_gather(x, "i")), (V,)),
        "ppermute": (named(lambda x: lax.ppermute(x, "i", [(0, 1), (1, 2), (2, 3), (3, 0)])), (V,)),
        "all-to-all": (named(lambda x: lax.all_to_all(x, "i", 0, 0)), (np.ones((4, 4), np.float32),)),
        "psum-scatter": (named(lambda x: lax.psum_scatter(x, "i")), (np.ones((4, 4), np.float32),)),
        # Random numbers and linear algebra.
        "random-key": (lambda seed: m.random.key(seed), (0,)),
        "random-split": (lambda k: m.random.split(k), (key(),)),
        "random-fold-in": (lambda k: m.random.fold_in(k, 1), (key(),)),
        "random-bits": (lambda k: m.random.bits(k, (3,)), (key(),)),
        "random-uniform": (lambda k: m.random.uniform(k, (3,)), (key(),)),
        "random-normal": (lambda k: m.random.normal(k, (3,)), (key(),)),
        "random-randint": (lambda k: m.random.randint(k, (3,), 0, 5), (key(),)),
        "random-bernoulli": (lambda k: m.random.bernoulli(k, 0.5, (3,)), (key(),)),
        "random-permutation": (lambda k: m.random.permutation(k, 4), (key(),)),
        "random-categorical": (lambda k, x: m.random.categorical(k, x), (key(), V)),
        "old-key": (lambda k: m.random.uniform(k), (m.random.PRNGKey(0),)),
        "cholesky": (lambda a: jnp.linalg.cholesky(a), (S,)),
        "cholesky-lax": (lambda a: lax.linalg.cholesky(a), (S,)),
        "solve": (lambda a, b: jnp.linalg.solve(a, b), (S, S[0])),
        "inv": (lambda a: jnp.linalg.inv(a), (S,)),
        "qr": (lambda a: jnp.linalg.qr(a), (S,)),
        "qr-lax": (lambda a: lax.linalg.qr(a), (S,)),
        "svd-lax": (lambda a: lax.linalg.svd(a), (S,)),
        "eigh-lax": (lambda a: lax.linalg.eigh(a), (S,)),
        "eigh": (lambda a: jnp.linalg.eigh(a), (S,)),
        "svd": (lambda a: jnp.linalg.svd(a), (S,)),
        "lu-lax": (lambda a: lax.linalg.lu(a), (S,)),
        "triangular-solve": (lambda a, b: lax.linalg.triangular_solve(a, b, lower=True), (S, S)),
        "det": (lambda a: jnp.linalg.det(a), (S,)),
        "norm": (lambda x: jnp.linalg.norm(x), (V,)),
    }


NESTED = "JAX jits the function: its operations are a program of their own there"
WEAK = "a carry that begins weakly is recorded as what it becomes; JAX converts it in each step"
SCANNED = "JAX prints the containers of its own that carry what a scan keeps"
FORWARDED = "JAX hands a residual that is an input to the linear part, and not through the result"
# Programs that are written otherwise, and why.
OTHERWISE = {
    **dict.fromkeys(
        (
            "floor-divide remainder compare clip rounding mean-var cumulative shapes pad "
            "dynamic-in-dim sort argsort nan-to-num linspace vmap-sort ppermute random-uniform "
            "random-normal random-randint random-bernoulli random-permutation random-categorical "
            "old-key cholesky solve inv qr eigh svd det norm"
        ).split(),
        NESTED,
    ),
    "scan-weak": WEAK,
    "grad-scan": SCANNED,
    "jvp-scan": SCANNED,
    "vmap-grad-jit": FORWARDED,
    "complex": "`conj` notes the type of its operand in JAX",
    "stack": "JAX has a primitive for it",
    "relu": "JAX gives it a derivative of its own",
    "logsumexp": "JAX takes a sign that it does not use",
    "jit-inline": "a function that is to be inlined is recorded as its operations",
    "grad-checkpoint": "JAX writes out what it computes of a checkpointed function at first",
    "grad-cond": "JAX leaves residuals of other branches uninitialised",
    "vmap-cond": "JAX hides operands from branches that are not taken",
    "vmap-while": "JAX tells entries that are done from others when it compiles",
    "vmap-vmap": "the operands get their axes in another order",
    "hessian": "JAX splits the identity, also where there is one part",
    "all-to-all": "JAX goes by two reshapes",
    "cholesky-lax": "the factor has no upper part that would have to be cleared",
}


def text(m, name):
    f, args = programs(m)[name]
    text = str(m.make_jaxpr(f)(*args))
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    # Which class of Python a whole number in a parameter has tells nothing.
    text = re.sub(r"np\.int64\((-?\d+)\)", r"\1", text)
    return re.sub(r" at /?[\w/.<>-]+:\d+", "", text)


def rows():
    for name in programs(jax):
        reason = OTHERWISE.get(name)
        marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
        yield pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", list(rows()))
def test_texts_are_equal(name):
    assert text(pullback, name) == text(jax, name)
