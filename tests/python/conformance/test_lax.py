"""The operations of `lax` beside JAX's: values, types, derivatives, and what they refuse."""

import numpy as np
import pytest

from rows import call, check, compare, jax, leaves, raises_alike, row

import pullback

A = np.linspace(-1.7, 2.3, 12, dtype=np.float32).reshape(3, 4)
P = np.abs(A) + np.float32(0.1)
U = np.linspace(-0.9, 0.9, 12, dtype=np.float32).reshape(3, 4)
H = A.astype(np.float16)
I = np.arange(-5, 7, dtype=np.int32).reshape(3, 4)
N = np.abs(I)
J = np.array([[3, -2, 1, 5]] * 3, dtype=np.int32)
B = np.linspace(0.3, 1.9, 4, dtype=np.float32)
V = np.array([3.0, 1.0, 2.0, 5.0, 4.0], dtype=np.float32)
C = (A + 1j * A[::-1]).astype(np.complex64)
T = A > 0
S = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]], dtype=np.float32)
M = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7], [0.1, 0.9, 1.1]], dtype=np.float32)
STACK = np.cos(np.arange(24, dtype=np.float32)).reshape(2, 3, 4)

UNARY = (
    "abs asinh atan ceil cos cosh erf erfc exp exp2 expm1 floor is_finite logistic neg "
    "one_minus_square sign sin sinh square tan tanh round bessel_i0e bessel_i1e conj"
)
FLAT = "ceil floor sign is_finite round conj"
ELEMENTWISE = (
    [row(f"lax.{name}", A, grad=name not in FLAT.split()) for name in UNARY.split()]
    + [row(f"lax.{name}", P, grad=True) for name in "log log1p log2 sqrt rsqrt cbrt reciprocal lgamma digamma".split()]
    + [row(f"lax.{name}", U, grad=True) for name in "acos asin atanh erf_inv".split()]
    + [row("lax.acosh", P + np.float32(1), grad=True)]
    + [row(f"lax.{name}", I) for name in "abs neg sign square bitwise_not clz population_count".split()]
    + [row(f"lax.{name}", C) for name in "real imag conj abs exp sin sqrt neg square".split()]
    + [row(f"lax.{name}", A, P, grad=True) for name in "add sub mul div max min atan2".split()]
    + [row("lax.rem", A, P), row("lax.nextafter", A, P), row("lax.pow", P, A, grad=True)]
    + [row("lax.pow", A, 3, grad=True), row("lax.pow", P, N), row("lax.pow", P, 2.5)]
    + [row(f"lax.{name}", I, J) for name in "add sub mul max min div rem".split()]
    + [row(f"lax.{name}", N, N) for name in "bitwise_and bitwise_or bitwise_xor shift_left shift_right_arithmetic shift_right_logical mulhi".split()]
    + [row(f"lax.{name}", A, P) for name in "eq ne lt le gt ge".split()]
    + [row(f"lax.{name}", A, 1.5) for name in "add mul lt max".split()]
    + [row("lax.add", 1, 2), row("lax.mul", 1.5, 2.5), row("lax.add", np.float32(1), B)]
    + [row("lax.integer_pow", A, 3, grad=True), row("lax.integer_pow", A, -2)]
    + [row("lax.mul", A, A, out_dtype="float16")]
    + [row("lax.complex", A, P, grad=True)]
    + [row("lax.round", A * 2 + np.float32(0.5), 1), row("lax.reduce_precision", A, 5, 3)]
    + [row("lax.clamp", -0.5, A, 0.5, grad=True), row("lax.clamp", -P, A, P, grad=True)]
    + [row("lax.clamp", -2, I, 5)]
    + [row("lax.select", T, A, P, grad=True), row("lax.select", True, A, P)]
    + [row("lax.select_n", np.array([0, 2, 1, 0]), B, 2 * B, 3 * B, grad=True)]
    + [row("lax.select_n", T, A, P), row("lax.polynomial", A, [1.0, 2.0, 3.0], grad=True)]
)
SPECIAL = [
    row("lax.igamma", P, P.T.reshape(3, 4).copy(), grad=True, rtol=1e-4, atol=1e-5),
    row("lax.igammac", P, 3 * P, grad=True, rtol=1e-4, atol=1e-5),
    row("lax.igamma", np.array([0.0, 1, 2, np.inf, 0, -1], np.float32), np.array([1.0, 0, np.inf, 1, 0, 1], np.float32)),
    row("lax.igammac", np.array([0.0, 1, 2, np.inf, 0, -1], np.float32), np.array([1.0, 0, np.inf, 1, 0, 1], np.float32)),
    row("lax.igamma", np.float32(50) * P, np.float32(50) * P, rtol=1e-4, atol=1e-5),
    row("lax.igamma_grad_a", P, 2 * P, rtol=1e-3, atol=1e-5),
    row("lax.random_gamma_grad", P, 2 * P, rtol=1e-3, atol=1e-5),
    row("lax.betainc", P, 2 * P, (U + np.float32(1)) / np.float32(2), rtol=1e-4, atol=1e-5),
    row("lax.betainc", np.array([0.0, 1, np.inf, 2, 0], np.float32), np.array([1.0, 0, 1, 2, 0], np.float32), np.array([0.5, 0.5, 0.5, 1, 0.5], np.float32)),
    row("lax.zeta", P + np.float32(1), P, rtol=1e-4),
    row("lax.polygamma", np.array([0.0, 1, 2, 3], np.float32), B, rtol=1e-4),
]
TYPES = (
    [row("lax.convert_element_type", A, t, grad=t == "float16") for t in "int32 float16 bool complex64 uint8 bfloat16".split()]
    + [row("lax.convert_element_type", 1, float), row("lax.convert_element_type", 2.7, "int32")]
    + [row("lax.bitcast_convert_type", A, "int32"), row("lax.bitcast_convert_type", A, "int8")]
    + [row("lax.full", (2, 3), 1.5), row("lax.full", (2,), 1, "float32"), row("lax.full", (), True)]
    + [row("lax.full_like", A, 2), row("lax.full_like", A, 2, "int32", (4,))]
    + [row("lax.iota", "int32", 4), row("lax.iota", float, 3)]
    + [row("lax.broadcasted_iota", "uint8", (2, 3), 1), row("lax.empty", (2,), "float32")]
)
SHAPES = [
    row("lax.broadcast", A, (2, 1), grad=True),
    row("lax.broadcast_in_dim", B, (3, 4, 2), (1,), grad=True),
    row("lax.broadcast_in_dim", 1.0, (2,), ()),
    row("lax.broadcast_to_rank", B, 3),
    row("lax.broadcast_like", B, A),
    row("lax.reshape", A, (2, 6), grad=True),
    row("lax.reshape", A, (12,), (1, 0), grad=True),
    row("lax.collapse", STACK, 1),
    row("lax.collapse", STACK, 0, 2),
    row("lax.transpose", STACK, (2, 0, 1), grad=True),
    row("lax.squeeze", A[:1], (0,)),
    row("lax.squeeze", A[:1], (-2,)),
    row("lax.expand_dims", A, (0, -1)),
    row("lax.rev", A, (0, 1), grad=True),
    row("lax.concatenate", [A, P], 1),
    row("lax.stack", [B, 2 * B], 1),
    row("lax.unstack", A, 1),
    row("lax.split", A, (1, 3), 1, grad=True),
    row("lax.tile", A, (2, 1), grad=True),
    row("lax.pad", A, 0.5, ((1, 2, 0), (-1, 0, 2)), grad=True),
    row("lax.pad", A, np.float32(1), [(1, 0, 1), (0, -2, 0)], grad=True),
    row("lax.slice", A, (0, 1), (2, 4), grad=True),
    row("lax.slice", A, (0, 0), (3, 4), (2, 3)),
    row("lax.slice_in_dim", A, 0, 2),
    row("lax.slice_in_dim", A, -3, None, axis=1, grad=True),
    row("lax.slice_in_dim", A, 0, 4, 2, axis=-1),
    row("lax.index_in_dim", A, -1, 1),
    row("lax.index_in_dim", A, 1, 1, False),
]
WINDOWS = [
    row("lax.dynamic_slice", A, (0, 3), (2, 2), grad=True),
    row("lax.dynamic_slice", A, (np.int32(1), -2), (2, 2)),
    row("lax.dynamic_slice", A, np.array([1, 1]), (2, 2)),
    row("lax.dynamic_slice_in_dim", A, 1, 2, 1, grad=True),
    row("lax.dynamic_index_in_dim", A, 1),
    row("lax.dynamic_index_in_dim", A, -1, 0, False, grad=True),
    row("lax.dynamic_update_slice", A, np.zeros((2, 2), np.float32), (1, 3), grad=True),
    row("lax.dynamic_update_slice_in_dim", A, np.zeros((3, 1), np.float32), 1, 1, grad=True),
    row("lax.dynamic_update_index_in_dim", A, B, 1, 0, grad=True),
    row("lax.index_take", STACK, (np.array([0, 1]), np.array([2, 0])), (0, 2)),
]
REDUCED = (
    [row(f"lax.{name}", A, (0,), grad=True) for name in "reduce_sum reduce_prod reduce_max reduce_min".split()]
    + [row(f"lax.{name}", I, (0, 1)) for name in "reduce_sum reduce_max reduce_and reduce_or reduce_xor".split()]
    + [row("lax.reduce_and", T, (1,)), row("lax.argmax", A, 1, "int32"), row("lax.argmin", A, 0, "int8")]
    + [row(f"lax.{name}", A, grad=True) for name in "cumsum cumprod cummax cummin cumlogsumexp".split()]
    + [row(f"lax.{name}", A, 1, True) for name in "cumsum cumprod cummax cummin cumlogsumexp".split()]
    + [row("lax.dot", B, B, grad=True), row("lax.dot", A, B, grad=True)]
    + [row("lax.dot", A, A, dimension_numbers=(((1,), (1,)), ((), ())))]
    + [row("lax.dot_general", STACK, STACK, (((2,), (2,)), ((0,), (0,))), grad=True)]
    + [row("lax.dot_general", I, I, (((0,), (0,)), ((), ())), preferred_element_type="float32")]
    + [row("lax.dot_general", H, H, (((1,), (1,)), ((), ())), preferred_element_type="float32", rtol=1e-2)]
    + [row("lax.batch_matmul", STACK, np.swapaxes(STACK, 1, 2).copy(), grad=True)]
    + [row("lax.sort", A[:, ::-1].copy(), grad=True), row("lax.sort", A[::-1].copy(), 0)]
    + [row("lax.sort", (V, np.arange(5, dtype=np.float32)))]
    + [row("lax.sort", (np.array([1, 0, 1, 0, 1]), V), num_keys=2)]
    + [row("lax.sort_key_val", V, np.arange(5), grad=True)]
    + [row("lax.top_k", A, 2, grad=True), row("lax.top_k", A, 2, axis=0)]
    + [row("lax.approx_max_k", V, 2), row("lax.approx_min_k", V, 2)]
)
LINALG = [
    row("lax.linalg.cholesky", S, grad=True, rtol=1e-4),
    row("lax.linalg.cholesky", M @ M.T + S, symmetrize_input=False),
    row("lax.linalg.lu", M),
    row("lax.linalg.lu_pivots_to_permutation", np.array([2, 2, 3], np.int32), 5),
    row("lax.linalg.lu_pivots_to_permutation", np.array([[2, 2, 2], [1, 2, 2]], np.int32), 3),
    row("lax.linalg.qr", M, rtol=1e-4, atol=1e-5),
    row("lax.linalg.qr", STACK, full_matrices=False, rtol=1e-4, atol=1e-5),
    row("lax.linalg.svd", STACK, compute_uv=False, rtol=1e-4, atol=1e-5),
    row("lax.linalg.triangular_solve", S, M, grad=True, rtol=1e-4),
    row("lax.linalg.triangular_solve", S, M, left_side=True, lower=True, transpose_a=True),
    row("lax.linalg.triangular_solve", S, B[:3], left_side=True, unit_diagonal=True),
    row("lax.linalg.tridiagonal_solve", V, V[::-1].copy(), V, np.stack([V, V + 1], 1), rtol=1e-4, atol=1e-5),
    row("lax.linalg.tridiagonal_solve", V, V + np.float32(9), V, np.stack([V, V + 1], 1), grad=True, rtol=1e-4, atol=1e-5),
    row("lax.linalg.tridiagonal_solve", np.stack([V, V]), np.stack([V + 9, V + 7]), np.stack([V, -V]), np.ones((2, 5, 1), np.float32), rtol=1e-4),
    row("lax.linalg.householder_product", M, B[:2], rtol=1e-4, atol=1e-5),
    row("lax.linalg.ormqr", M, B[:3], M.T.copy(), rtol=1e-4, atol=1e-5),
    row("lax.linalg.ormqr", M, B[:3], M.T.copy(), left=False, transpose=True, rtol=1e-4, atol=1e-5),
    row("lax.linalg.symmetric_product", A, S, alpha=2.0, beta=0.5, symmetrize_output=True),
]


@pytest.mark.parametrize(
    "path, args, kwargs, grad, rtol, atol",
    ELEMENTWISE + SPECIAL + TYPES + SHAPES + WINDOWS + REDUCED + LINALG,
)
def test_agrees_with_jax(path, args, kwargs, grad, rtol, atol):
    check(path, args, kwargs, grad, rtol, atol)


ERRORS = [
    row("lax.add", A, 1),
    row("lax.add", I, 1.0),
    row("lax.add", A, I),
    row("lax.add", H, 1.0),
    row("lax.add", A, B),
    row("lax.add", B, V),
    row("lax.add", A, True),
    row("lax.add", [1, 2], B),
    row("lax.sin", 1),
    row("lax.sin", I),
    row("lax.sqrt", True),
    row("lax.real", A),
    row("lax.pow", I, 2),
    row("lax.integer_pow", I, -1),
    row("lax.max", A, 0),
    row("lax.eq", A, 1),
    row("lax.lt", 1, 2.0),
    row("lax.select", T, A, 0.0),
    row("lax.select", T, A, I),
    row("lax.select", T[0], A, A),
    row("lax.clamp", 0, A, 1),
    row("lax.clamp", B, A, B),
    row("lax.convert_element_type", A, None),
    row("lax.full", (2,), B),
    row("lax.broadcast_in_dim", B, (4, 2), (1,)),
    row("lax.broadcasted_iota", "int32", (2, 3), -1),
    row("lax.reshape", A, (-1,)),
    row("lax.transpose", A, (0, 0)),
    row("lax.squeeze", A, (0,)),
    row("lax.rev", A, (2,)),
    row("lax.concatenate", [A, I], 0),
    row("lax.concatenate", [A, B], 0),
    row("lax.concatenate", [], 0),
    row("lax.pad", A, 0, [(1, 1, 0), (0, 0, 0)]),
    row("lax.slice", A, (0,), (2,)),
    row("lax.slice", A, (0, 1), (2, 9)),
    row("lax.index_in_dim", A, 7, 1),
    row("lax.dynamic_slice", A, (0,), (1, 2)),
    row("lax.dynamic_update_slice", A, I[:1], (0, 1)),
    row("lax.dot", A, A),
    row("lax.reduce_sum", A, (-1,)),
    row("lax.argmax", A, -1, "int32"),
    row("lax.cumsum", A, -1),
    row("lax.cumsum", T),
    row("lax.top_k", A, 9),
    row("lax.sort", (V, V), num_keys=3),
]


@pytest.mark.parametrize("path, args, kwargs, grad, rtol, atol", ERRORS)
def test_refuses_like_jax(path, args, kwargs, grad, rtol, atol):
    raises_alike(path, args, kwargs)


GATHERS = [
    (A, [[1], [0], [9]], ((1,), (0,), (0,)), (1, 4)),
    (A, [[1, 2], [0, 3], [9, -1]], ((), (0, 1), (0, 1)), (1, 1)),
    (A, [[1, 2], [0, 0]], ((1, 2), (), (0, 1)), (2, 2)),
    (STACK, [[[1], [2]], [[0], [3]]], ((2,), (2,), (2,), (0,), (0,)), (1, 3, 1)),
]


@pytest.mark.parametrize("mode", [None, "fill", "clip", "enum"])
@pytest.mark.parametrize("x, at, dims, sizes", GATHERS, ids=range(len(GATHERS)))
def test_gathers(x, at, dims, sizes, mode):
    results = []
    for m in (pullback, jax):
        lax, chosen = m.lax, mode
        if mode == "enum":
            chosen = lax.GatherScatterMode.CLIP
        numbers = lax.GatherDimensionNumbers(*dims)
        f = lambda x: lax.gather(x, m.numpy.asarray(at), numbers, sizes, mode=chosen)  # noqa: E731
        y, pull = m.vjp(f, m.numpy.asarray(x))
        results.append((y, pull(m.numpy.cos(y * 0 + 1))[0]))
    for mine, other in zip(*results):
        compare(mine, other, 1e-6, 1e-6)


UPDATES = [
    (A, [[1], [0], [9]], A + 1, ((1,), (0,), (0,))),
    (A, [[1, 2], [0, 3], [9, -1]], B[:3], ((), (0, 1), (0, 1))),
    (A, [[1, 2], [0, 0]], np.ones((2, 2, 2), np.float32), ((1, 2), (), (0, 1))),
]


@pytest.mark.parametrize("name", "scatter scatter_add scatter_sub scatter_mul scatter_min scatter_max".split())
@pytest.mark.parametrize("x, at, updates, dims", UPDATES, ids=range(len(UPDATES)))
def test_scatters(name, x, at, updates, dims):
    results = []
    for m in (pullback, jax):
        numbers = m.lax.ScatterDimensionNumbers(*dims)
        f = getattr(m.lax, name)
        args = (m.numpy.asarray(x), m.numpy.asarray(at), m.numpy.asarray(updates), numbers)
        results.append([f(*args), f(*args, mode="clip")])
    for mine, other in zip(*results):
        compare(mine, other, 1e-6, 1e-6)


def test_decompositions_make_up_their_matrix():
    linalg = pullback.lax.linalg
    x = pullback.numpy.asarray(S)
    v, w = (np.asarray(y) for y in linalg.eigh(x))
    np.testing.assert_allclose((v * w) @ v.T, S, atol=1e-5)
    u, s, vh = (np.asarray(y) for y in linalg.svd(x))
    np.testing.assert_allclose((u * s) @ vh, S, atol=1e-5)
    assert len(leaves(call(pullback, "lax.linalg.lu", (S,), {}))) == 3
