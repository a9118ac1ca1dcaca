"""Linear algebra and special functions of SciPy."""

import numpy as np
import pytest

from rows import check, raises_alike, row

RANDOM = np.random.default_rng(0)


def real(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def complex_(*shape):
    return (RANDOM.normal(size=shape) + 1j * RANDOM.normal(size=shape)).astype(np.complex64)


def positive(*shape):
    x = real(*shape)
    return (x @ np.swapaxes(x, -1, -2) + shape[-1] * np.eye(shape[-1])).astype(np.float32)


def hermitian(n):
    x = complex_(n, n)
    return (x @ x.conj().T + n * np.eye(n)).astype(np.complex64)


SQUARE = real(4, 4) + 3 * np.eye(4, dtype=np.float32)
STACK = real(3, 4, 4) + 3 * np.eye(4, dtype=np.float32)
POSITIVE = positive(4, 4)
SIDE = real(4, 2)
LOWER = np.tril(SQUARE)
LU, PIVOTS = SQUARE, np.array([2, 3, 2, 3], np.int32)
C = "scipy.linalg"

LINALG = [
    row(f"{C}.cholesky", POSITIVE, lower=True, grad=True),
    row(f"{C}.cholesky", POSITIVE, grad=True),
    row(f"{C}.cholesky", hermitian(3)),
    row(f"{C}.cholesky", positive(2, 3, 3), lower=True, grad=True),
    row(f"{C}.cho_solve", (POSITIVE, True), SIDE, grad=True),
    row(f"{C}.cho_solve", (POSITIVE, False), SIDE[:, 0]),
    row(f"{C}.cho_solve", (positive(2, 4, 4), False), SIDE),
    row(f"{C}.cho_solve", (hermitian(3), False), complex_(3, 2)),
    row(f"{C}.cho_solve", (hermitian(3), True), complex_(3, 2)),
    row(f"{C}.svd", SQUARE, compute_uv=False, grad=True),
    row(f"{C}.det", STACK, grad=True),
    row(f"{C}.eigh", POSITIVE, eigvals_only=True, grad=True),
    row(f"{C}.eigh", POSITIVE, positive(4, 4), eigvals_only=True, rtol=1e-4),
    row(f"{C}.eigh", POSITIVE, positive(4, 4), eigvals_only=True, type=2, rtol=1e-4, atol=1e-4),
    row(f"{C}.eigh", POSITIVE, positive(4, 4), eigvals_only=True, type=3, rtol=1e-4, atol=1e-4),
    row(f"{C}.eigh_tridiagonal", real(5), real(4), eigvals_only=True, rtol=1e-4, atol=1e-5),
    row(
        f"{C}.eigh_tridiagonal", real(5), real(4), eigvals_only=True, select="i",
        select_range=(1, 3), rtol=1e-4, atol=1e-5,
    ),
    row(f"{C}.inv", STACK, grad=True),
    row(f"{C}.lu_factor", SQUARE, grad=True),
    row(f"{C}.lu_factor", STACK),
    row(f"{C}.lu_factor", real(4, 6)),
    row(f"{C}.lu_solve", (LU, PIVOTS), SIDE, rtol=1e-4, atol=1e-4),
    row(f"{C}.lu_solve", (LU, PIVOTS), SIDE, trans=1, rtol=1e-4, atol=1e-4),
    row(f"{C}.lu_solve", (LU, PIVOTS), SIDE[:, 0], trans=2, rtol=1e-4, atol=1e-4),
    row(f"{C}.lu", SQUARE, grad=True),
    row(f"{C}.lu", real(4, 6)),
    row(f"{C}.lu", real(6, 4), permute_l=True),
    row(f"{C}.lu", STACK),
    row(f"{C}.lu", complex_(3, 3)),
    row(f"{C}.qr", real(5, 3), mode="economic"),
    row(f"{C}.qr", SQUARE, grad=True),
    row(f"{C}.qr", real(5, 3), mode="r"),
    row(f"{C}.qr", SQUARE, False, None, "r"),
    row(f"{C}.qr_multiply", real(5, 3), real(2, 5)),
    row(f"{C}.qr_multiply", real(5, 3), real(3, 2), mode="left"),
    row(f"{C}.qr_multiply", real(5, 3), real(5)),
    row(f"{C}.solve", SQUARE, SIDE, grad=True),
    row(f"{C}.solve", SQUARE, SIDE[:, 0], grad=True),
    row(f"{C}.solve", POSITIVE, SIDE, assume_a="pos", grad=True),
    row(f"{C}.solve", POSITIVE, SIDE[:, 0], assume_a="pos", lower=True, grad=True),
    row(f"{C}.solve", positive(3, 4, 4), real(3, 4, 2), assume_a="pos", grad=True),
    row(f"{C}.solve", POSITIVE, SIDE, assume_a="her"),
    row(f"{C}.solve_triangular", LOWER, SIDE, lower=True, grad=True),
    row(f"{C}.solve_triangular", SQUARE, SIDE, grad=True),
    row(f"{C}.solve_triangular", LOWER, SIDE[:, 0], lower=True, trans="T", grad=True),
    row(f"{C}.solve_triangular", LOWER, SIDE, lower=True, unit_diagonal=True, trans=2),
    row(f"{C}.solve_triangular", complex_(3, 3), complex_(3), trans="C", rtol=1e-4, atol=1e-4),
    row(f"{C}.solve_triangular", STACK, SIDE),
    row(f"{C}.expm", 0.3 * SQUARE, grad=True, rtol=1e-4, atol=1e-4),
    row(f"{C}.expm", real(3, 2, 2), grad=True, rtol=1e-4, atol=1e-4),
    row(f"{C}.expm", complex_(3, 3), rtol=1e-4, atol=1e-4),
    row(f"{C}.expm", np.triu(SQUARE), upper_triangular=True, rtol=1e-4, atol=1e-3),
    row(f"{C}.expm", np.array([[1, 2], [0, 1]]), rtol=1e-5),
    row(f"{C}.expm", np.zeros((2, 2), np.float32)),
    row(f"{C}.expm", 1e6 * np.eye(2, dtype=np.float32)),
    row(f"{C}.expm_frechet", 0.3 * SQUARE, STACK[0], rtol=1e-4, atol=1e-4),
    row(f"{C}.expm_frechet", real(3, 3), real(3, 3), compute_expm=False, rtol=1e-4, atol=1e-4),
    row(f"{C}.polar", SQUARE, rtol=1e-4, atol=1e-5),
    row(f"{C}.polar", real(3, 5), side="left", rtol=1e-4, atol=1e-5),
    row(f"{C}.polar", real(3, 5), method="svd", rtol=1e-4, atol=1e-5),
    row(f"{C}.block_diag", SIDE, 2.0, SQUARE, np.arange(3), grad=True),
    row(f"{C}.block_diag"),
    row(f"{C}.block_diag", np.zeros((0, 2), np.float32), np.ones((1, 1), np.float32)),
    row(f"{C}.toeplitz", real(3), grad=True),
    row(f"{C}.toeplitz", complex_(3)),
    row(f"{C}.toeplitz", np.arange(4), np.arange(3) + 5.0),
    row(f"{C}.toeplitz", real(2, 3), real(4), grad=True),
    row(f"{C}.toeplitz", 3.0),
    row(f"{C}.hankel", real(3), grad=True),
    row(f"{C}.hankel", np.arange(4), np.arange(3)),
    row(f"{C}.circulant", real(2, 4), grad=True),
    row(f"{C}.leslie", real(4), real(3), grad=True),
    row(f"{C}.companion", real(4), grad=True),
    row(f"{C}.companion", np.array([1, 2])),
    row(f"{C}.fiedler", real(4)),
    row(f"{C}.fiedler", np.array([1, 4, 7])),
    row(f"{C}.fiedler_companion", real(6)),
    row(f"{C}.fiedler_companion", real(3)),
    row(f"{C}.fiedler_companion", real(2)),
    row(f"{C}.convolution_matrix", real(3), 5),
    row(f"{C}.convolution_matrix", real(3), 5, mode="same"),
    row(f"{C}.convolution_matrix", real(2, 6), 3, mode="valid"),
    row(f"{C}.hilbert", 4),
    row(f"{C}.invhilbert", 4, rtol=1e-4),
    row(f"{C}.pascal", 5, rtol=1e-4),
    row(f"{C}.pascal", 5, kind="lower", rtol=1e-4),
    row(f"{C}.invpascal", 5, kind="upper", rtol=1e-4),
    row(f"{C}.invpascal", 4, rtol=1e-4, atol=1e-4),
    row(f"{C}.helmert", 5),
    row(f"{C}.helmert", 4, full=True),
    row(f"{C}.hadamard", 8),
    row(f"{C}.hadamard", 4, dtype="float32"),
    row(f"{C}.dft", 6, atol=5e-6),
    row(f"{C}.dft", 4, scale="sqrtn", atol=5e-6),
]

REFUSED = [
    row(f"{C}.cholesky", real(2, 3)),
    row(f"{C}.solve", SQUARE, real(3, 2)),
    row(f"{C}.solve", SQUARE, SIDE, assume_a="tri"),
    row(f"{C}.solve_triangular", SQUARE, SIDE, trans=3),
    row(f"{C}.lu_solve", (LU, PIVOTS), SIDE, trans=3),
    row(f"{C}.qr", SQUARE, mode="raw"),
    row(f"{C}.eigh", SQUARE, eigvals=(0, 1)),
    row(f"{C}.eigh", SQUARE, type=4),
    row(f"{C}.expm", real(2, 3)),
    row(f"{C}.polar", real(5, 3), side="left"),
    row(f"{C}.block_diag", real(2, 2, 2)),
    row(f"{C}.leslie", real(4), real(4)),
    row(f"{C}.companion", real(1)),
    row(f"{C}.hadamard", 6),
    row(f"{C}.dft", 4, scale="m"),
    row(f"{C}.pascal", 4, kind="both"),
    row("scipy.special.zeta", 2.0),
    row("scipy.special.polygamma", 1.5, 2.0),
    row("scipy.special.bernoulli", -1),
    row("scipy.special.factorial", 3, exact=True),
    row("scipy.special.spence", 3),
]

S = "scipy.special"
POINTS = np.array([0.05, 0.3, 0.9, 1.0, 1.7, 2.5, 6.0, 30.0], np.float32)
SIGNED = np.concatenate([-POINTS, POINTS])

SPECIAL = [
    row(f"{S}.betainc", POINTS, POINTS[::-1].copy(), np.float32(0.3), grad=False),
    row(f"{S}.betainc", 2, 3, np.linspace(0, 1, 7, dtype=np.float32), grad=True, rtol=1e-4),
    row(f"{S}.gammainc", POINTS, np.float32(2.0), grad=True, rtol=1e-4),
    row(f"{S}.gammaincc", 2, POINTS, grad=True, rtol=1e-4),
    row(f"{S}.loggamma", SIGNED),
    row(f"{S}.zeta", np.array([1.5, 2, 3, 8], np.float32), 1.0, rtol=1e-4),
    row(f"{S}.zeta", np.array([1.5, 2, 3, 8], np.float32), np.array([0.4, 1, 3, 9], np.float32)),
    row(f"{S}.polygamma", 1, POINTS, grad=True, rtol=1e-4),
    row(f"{S}.polygamma", np.array([0, 1, 2]), np.float32(1.5), rtol=1e-4),
    row(f"{S}.comb", np.array([5, 5, 5, -1, 3]), np.array([0, 2, 6, 1, 3]), rtol=1e-4),
    row(f"{S}.comb", 5.0, np.array([0.0, 2.0, 7.0], np.float32), repetition=True, rtol=1e-4),
    row(f"{S}.bernoulli", 12, rtol=1e-5),
    row(f"{S}.bernoulli", 1),
    row(f"{S}.boxcox", POINTS, 0.3, grad=True),
    row(f"{S}.boxcox", POINTS, np.zeros(8, np.float32)),
    row(f"{S}.boxcox1p", POINTS, -0.5, grad=True),
    row(f"{S}.erfcinv", np.array([0.0, 1e-6, 0.1, 0.5, 1.0, 1.9, 2.0, 2.5], np.float32), rtol=1e-4, atol=1e-6),
    row(f"{S}.expi", SIGNED, grad=True, rtol=1e-4),
    row(f"{S}.expi", np.array([0.0, -np.inf, np.nan, 80.0, 88.5], np.float32), rtol=1e-4),
    row(f"{S}.exp1", POINTS, grad=True, rtol=1e-4),
    row(f"{S}.exp1", np.array([0.0, -1.0, np.inf, np.nan, 80.0], np.float32), rtol=1e-4),
    row(f"{S}.expn", np.array([0, 1, 2, 3, 7, 30, 2, 3]), POINTS, grad=True, rtol=1e-4),
    row(f"{S}.expn", 2, np.array([0.0, 0.5, 3.0, -1.0, np.nan], np.float32), rtol=1e-4),
    row(f"{S}.spence", np.array([0.0, 0.1, 0.5, 1.0, 1.4, 2.0, 7.0, -1.0, np.nan], np.float32), atol=2e-6),
    row(f"{S}.erfcx", SIGNED[8:], grad=True, rtol=1e-4),
    row(f"{S}.erfcx", np.array([-3.0, -1.0, 0.0, 1e10], np.float32), rtol=1e-4),
    row(f"{S}.dawsn", np.concatenate([SIGNED, [0.0, 1e-5, 1e5]]).astype(np.float32), grad=True, rtol=1e-4),
]

NN = [
    row("nn.log1mexp", POINTS, grad=True),
    row("nn.logmeanexp", SQUARE, grad=True),
    row("nn.logmeanexp", SQUARE, axis=1, where=SQUARE > -2, keepdims=True),
    row("ops.segment_sum", SIDE, np.array([0, 2, 0, 5]), grad=True),
    row("ops.segment_sum", SIDE, np.array([0, 2, -1, 5]), num_segments=3, grad=True),
    row("ops.segment_sum", np.arange(6), np.array([0, 0, 1, 1, 3, 2]), bucket_size=2),
    row("ops.segment_sum", SIDE, np.array([0, 0, 1, 5]), num_segments=3, mode="clip"),
    row("ops.segment_prod", SIDE, np.array([0, 2, 0, 1]), 4),
    row("ops.segment_max", SIDE, np.array([0, 2, 0, 3]), grad=True),
    row("ops.segment_min", np.arange(4), np.array([0, 2, 0, 3])),
    row("ops.segment_max", np.array([True, False]), np.array([0, 2])),
    row("numpy.block", [[SQUARE, SIDE], [np.ones((1, 6), np.float32)]]),
    row("numpy.block", [SIDE[0], 3.0]),
    row("numpy.block", SIDE),
    row("numpy.cumulative_sum", np.arange(4, dtype=np.int8), include_initial=True),
    row("numpy.cumulative_sum", SQUARE, axis=-1, grad=True),
    row("numpy.cumulative_prod", SQUARE, axis=0, include_initial=True, grad=True),
    row("numpy.cumulative_prod", np.array([True, False])),
    row("numpy.minmax", SQUARE, axis=1, grad=True),
    row("numpy.tril_indices_from", SIDE),
    row("numpy.triu_indices_from", SIDE, k=1),
    row("numpy.diag_indices_from", SQUARE),
]


@pytest.mark.parametrize("path, args, kwargs, grad, rtol, atol", LINALG + SPECIAL + NN)
def test_agrees_with_jax(path, args, kwargs, grad, rtol, atol):
    check(path, args, kwargs, grad, rtol, atol)


@pytest.mark.parametrize("path, args, kwargs, grad, rtol, atol", REFUSED)
def test_refuses_as_jax(path, args, kwargs, grad, rtol, atol):
    raises_alike(path, args, kwargs)
