"""Linear algebra beside JAX's: values, types, and derivatives."""

import numpy as np
import pytest

import pullback
from rows import check, raises_alike, row

rng = np.random.RandomState(0)


def matrix(*shape):
    return rng.randn(*shape).astype(np.float32)


def complex_matrix(*shape):
    return (rng.randn(*shape) + 1j * rng.randn(*shape)).astype(np.complex64)


A2, A3, A4, A5 = (matrix(n, n) for n in (2, 3, 4, 5))
STACK = matrix(2, 3, 4, 4)
PAIRS = matrix(2, 2, 2)
C4 = complex_matrix(4, 4)
TALL, WIDE = matrix(5, 3), matrix(3, 5)
V4 = matrix(4)
B4 = matrix(4, 2)
S4 = (A4 @ A4.T + np.eye(4)).astype(np.float32)
H4 = (C4 @ C4.conj().T + np.eye(4)).astype(np.complex64)
INT = np.array([[2, 1, 0], [1, 3, 1], [0, 1, 4]], np.int32)
SINGULAR4 = np.diag([1.0, 2.0, 3.0, 0.0]).astype(np.float32)
RANK2 = np.diag([1.0, 2.0, 0.0, 0.0]).astype(np.float32)
INF = float("inf")

NORMS = (
    [row("numpy.linalg.norm", V4, ord=p, grad=p != 0) for p in (None, 0, 1, 2, 3, 0.5, -1, INF, -INF)]
    + [
        row("numpy.linalg.norm", A4, ord=p, grad=True)
        for p in (None, "fro", "nuc", 1, -1, 2, -2, INF, -INF)
    ]
    + [row("numpy.linalg.norm", TALL, ord=p, keepdims=True) for p in (None, "nuc", 1, -1, 2, INF)]
    + [row("numpy.linalg.norm", STACK, ord=p, axis=(1, -1)) for p in (None, "nuc", 1, -1, 2, INF)]
    + [row("numpy.linalg.norm", STACK, ord=p, axis=(3, 0)) for p in ("fro", 1, -1, INF, -INF)]
    + [row("numpy.linalg.norm", STACK, axis=1, keepdims=True)]
    + [row("numpy.linalg.norm", STACK), row("numpy.linalg.norm", C4), row("numpy.linalg.norm", INT)]
    + [row("numpy.linalg.norm", C4[0], ord=p, grad=p == 2) for p in (1, 2, 3, INF)]
    + [row("numpy.linalg.vector_norm", STACK, ord=p, axis=(0, 2)) for p in (1, 2, 3, INF)]
    + [row("numpy.linalg.vector_norm", A4), row("numpy.linalg.matrix_norm", STACK)]
    + [row("numpy.linalg.matrix_norm", STACK, ord="nuc", keepdims=True)]
    + [row("numpy.linalg.cond", A4, p=p, rtol=1e-4) for p in (None, 2, -2, 1, INF, "fro")]
    + [row("numpy.linalg.cond", TALL, rtol=1e-4)]
)

SOLUTIONS = [
    row("numpy.linalg.solve", A4, V4, grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.solve", A4, B4, grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.solve", STACK, V4, grad=True, rtol=1e-3, atol=1e-4),
    row("numpy.linalg.solve", STACK, B4, grad=True, rtol=1e-3, atol=1e-4),
    row("numpy.linalg.solve", A4, matrix(3, 4, 2), grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.solve", C4, V4.astype(np.complex64), grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.solve", INT, np.array([1, 2, 3], np.int32)),
    row("numpy.linalg.inv", A3, grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.inv", STACK, grad=True, rtol=1e-3, atol=1e-3),
    row("numpy.linalg.inv", C4, grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.pinv", TALL, grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.pinv", WIDE, grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.pinv", RANK2, grad=True),
    row("numpy.linalg.pinv", S4, hermitian=True, grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.pinv", complex_matrix(3, 2), grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.pinv", TALL, rtol=0.9),
    row("numpy.linalg.lstsq", TALL, matrix(5), rtol=1e-4, atol=1e-5),
    row("numpy.linalg.lstsq", TALL, matrix(5, 2), rtol=1e-4, atol=1e-5),
    row("numpy.linalg.lstsq", WIDE, matrix(3), rtol=1e-4, atol=1e-5),
    row("numpy.linalg.lstsq", WIDE, matrix(3), numpy_resid=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.lstsq", RANK2, V4),
    row("numpy.linalg.tensorinv", matrix(4, 6, 8, 3), rtol=1e-3, atol=1e-3),
    row("numpy.linalg.tensorsolve", matrix(2, 3, 6), matrix(2, 3), rtol=1e-3, atol=1e-4),
    row("numpy.linalg.tensorsolve", matrix(6, 2, 3), matrix(2, 3), axes=(0,), rtol=1e-3, atol=1e-4),
]

DETERMINANTS = (
    [row("numpy.linalg.det", x, grad=True, rtol=1e-4, atol=1e-5) for x in (A2, A3, A4, A5, PAIRS)]
    + [row("numpy.linalg.det", x, grad=True, rtol=1e-4, atol=1e-4) for x in (STACK, C4)]
    + [row("numpy.linalg.det", np.zeros((n, n), np.float32), grad=True) for n in (1, 2, 3, 4)]
    + [row("numpy.linalg.det", SINGULAR4, grad=True), row("numpy.linalg.det", RANK2, grad=True)]
    + [row("numpy.linalg.det", INT)]
    + [row("numpy.linalg.slogdet", x, grad=True, rtol=1e-4, atol=1e-5) for x in (A2, A3, A4, STACK)]
    + [row("numpy.linalg.slogdet", C4, grad=True, rtol=1e-4, atol=1e-5)]
    + [row("numpy.linalg.slogdet", SINGULAR4), row("numpy.linalg.slogdet", A4[:1, :1])]
)

FACTORS = [
    row("numpy.linalg.cholesky", S4, grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.cholesky", S4, upper=True),
    row("numpy.linalg.cholesky", H4, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.cholesky", A4, symmetrize_input=False),
    row("numpy.linalg.qr", TALL, grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.qr", A4, "complete", grad=True, rtol=1e-4, atol=1e-5),
    row("numpy.linalg.qr", WIDE, "r"),
    row("numpy.linalg.svd", TALL, compute_uv=False, grad=True),
    row("numpy.linalg.svd", S4, compute_uv=False, hermitian=True, grad=True),
    row("numpy.linalg.svdvals", STACK),
    row("numpy.linalg.eigvalsh", S4, grad=True),
    row("numpy.linalg.eigvalsh", A4, "U", symmetrize_input=False),
    row("numpy.linalg.matrix_rank", RANK2),
    row("numpy.linalg.matrix_rank", STACK),
    row("numpy.linalg.matrix_rank", S4, hermitian=True),
    row("numpy.linalg.matrix_rank", A4, 0.9),
    row("numpy.linalg.matrix_rank", V4),
]

PRODUCTS = [
    row("numpy.linalg.matrix_power", A3, 5, grad=True, rtol=1e-4, atol=1e-4),
    row("numpy.linalg.matrix_power", A3, 0),
    row("numpy.linalg.matrix_power", A3, -2, rtol=1e-3, atol=1e-3),
    row("numpy.linalg.multi_dot", [matrix(2, 7), matrix(7, 3), matrix(3, 4)], rtol=1e-4, atol=1e-5),
    row("numpy.linalg.multi_dot", [matrix(7), matrix(7, 3), matrix(3)], rtol=1e-4, atol=1e-5),
    row("numpy.linalg.matmul", A4, B4, grad=True),
    row("numpy.linalg.tensordot", A4, B4, axes=1),
    row("numpy.linalg.tensordot", A4, B4, axes=((0,), (0,))),
    row("numpy.tensordot", A4, B4, axes=((0,), (0,)), grad=True),
    row("numpy.tensordot", A4, B4, axes=([1], [0])),
    row("numpy.linalg.vecdot", A4, V4, grad=True),
    row("numpy.linalg.vecdot", C4, C4, axis=0),
    row("numpy.linalg.outer", V4, V4[:2]),
    row("numpy.linalg.cross", A3, A3[::-1].copy(), grad=True),
    row("numpy.linalg.diagonal", STACK, offset=1),
    row("numpy.linalg.trace", STACK, grad=True),
    row("numpy.linalg.matrix_transpose", STACK),
]


@pytest.mark.parametrize(
    "path, args, kwargs, grad, rtol, atol", NORMS + SOLUTIONS + DETERMINANTS + FACTORS + PRODUCTS
)
def test_agrees_with_jax(path, args, kwargs, grad, rtol, atol):
    check(path, args, kwargs, grad, rtol, atol)


ERRORS = [
    row("numpy.linalg.norm", STACK, ord=2),
    row("numpy.linalg.norm", V4, ord="fro"),
    row("numpy.linalg.norm", A4, ord=3),
    row("numpy.linalg.solve", TALL, matrix(5)),
    row("numpy.linalg.solve", A4, matrix(3)),
    row("numpy.linalg.solve", matrix(2, 2, 2), matrix(3, 2)),
    row("numpy.linalg.inv", TALL),
    row("numpy.linalg.det", TALL),
    row("numpy.linalg.slogdet", A4, method="other"),
    row("numpy.linalg.cholesky", TALL),
    row("numpy.linalg.qr", TALL, "other"),
    row("numpy.linalg.eigh", A4, "X"),
    row("numpy.linalg.lstsq", A4, matrix(3)),
    row("numpy.linalg.lstsq", STACK, V4),
    row("numpy.linalg.matrix_power", TALL, 2),
    row("numpy.linalg.multi_dot", [A4]),
    row("numpy.linalg.multi_dot", [A4, A3]),
    row("numpy.linalg.outer", A4, V4),
    row("numpy.linalg.cross", A4, A4),
    row("numpy.linalg.tensorinv", A4, 0),
]


@pytest.mark.parametrize("path, args, kwargs, grad, rtol, atol", ERRORS)
def test_refuses_like_jax(path, args, kwargs, grad, rtol, atol):
    raises_alike(path, args, kwargs)


def test_results_have_the_names_of_their_parts():
    linalg, S = pullback.numpy.linalg, pullback.numpy.asarray(S4)
    assert linalg.slogdet(S).logabsdet.shape == ()
    assert linalg.eigh(S).eigenvectors.shape == (4, 4)
    assert linalg.qr(S).Q.shape == (4, 4)
    assert linalg.svd(S).S.shape == (4,)


@pytest.mark.parametrize("x", [S4, H4, A4], ids=["real", "complex", "square"])
def test_factors_make_up_their_matrix(x):
    linalg = pullback.numpy.linalg
    U, S, Vh = (np.asarray(y) for y in linalg.svd(pullback.numpy.asarray(x)))
    np.testing.assert_allclose((U * S) @ Vh, x, atol=1e-4)
    hermitian = (x + x.conj().T) / 2
    w, v = (np.asarray(y) for y in linalg.eigh(pullback.numpy.asarray(x)))
    np.testing.assert_allclose((v * w) @ v.conj().T, hermitian, atol=1e-4)
    U, S, Vh = (np.asarray(y) for y in linalg.svd(pullback.numpy.asarray(hermitian), hermitian=True))
    np.testing.assert_allclose((U * S) @ Vh, hermitian, atol=1e-4)


def test_second_derivatives_of_solutions():
    jax = pytest.importorskip("jax")

    def second(m):
        f = lambda a: m.numpy.sum(m.numpy.sin(m.numpy.linalg.solve(a, m.numpy.asarray(B4))))
        g = lambda a: m.numpy.sum(m.numpy.cos(m.grad(f)(a)))
        return np.asarray(m.grad(g)(m.numpy.asarray(S4)))

    np.testing.assert_allclose(second(pullback), second(jax), rtol=1e-3, atol=1e-4)


def test_solutions_and_determinants_are_mapped_and_compiled():
    for name, args in [("solve", (STACK[0], B4)), ("det", (STACK[0],)), ("pinv", (STACK[0],))]:
        f = getattr(pullback.numpy.linalg, name)
        args = [pullback.numpy.asarray(x) for x in args]
        axes = (0,) + (None,) * (len(args) - 1)
        scalar = lambda *args: pullback.numpy.sum(f(*args) ** 2)
        for g in (f, pullback.grad(scalar)):
            mapped = pullback.vmap(g, in_axes=axes)(*args)
            looped = pullback.numpy.stack([g(x, *args[1:]) for x in args[0]])
            np.testing.assert_allclose(mapped, looped, rtol=1e-3, atol=1e-3)
            np.testing.assert_allclose(
                pullback.jit(g)(args[0][0], *args[1:]), looped[0], rtol=1e-3, atol=1e-3
            )
