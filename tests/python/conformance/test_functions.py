"""Every public function beside JAX's: values, shapes, dtypes and weak types.

A row is a function's path and the arguments of one call. NumPy arrays become
arrays of either side first.
"""

import numpy as np
import pytest

import pullback

jax = pytest.importorskip("jax")

A = np.linspace(-1.7, 2.3, 12, dtype=np.float32).reshape(3, 4)
B = np.linspace(0.3, 1.9, 4, dtype=np.float32)
P = np.abs(A) + np.float32(0.1)
U = np.linspace(-0.9, 0.9, 12, dtype=np.float32).reshape(3, 4)
I = np.arange(-5, 7, dtype=np.int32).reshape(3, 4)
J = np.array([3, -2, 1, 5], dtype=np.int32)
N = np.array([0, 3, 1, 5], dtype=np.int32)
T = np.array([True, False, True, True])
C = (A + 1j * A[::-1]).astype(np.complex64)
S = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]], dtype=np.float32)
R = np.array([0.5, -1.0, 2.0], dtype=np.float32)
X = np.array([1.0, np.nan, -np.inf, np.inf, 0.0, -0.0], dtype=np.float32)


def row(path, *args, **kwargs):
    return pytest.param(path, args, kwargs, id=f"{path}-{len(args)}-{'-'.join(kwargs)}")


UNARY = "sin cos tan arctan sinh cosh tanh arcsinh exp exp2 expm1 square abs absolute negative positive sign floor ceil trunc rint fabs deg2rad rad2deg degrees radians isnan isinf isfinite signbit sinc"
POSITIVE = "log log2 log10 log1p sqrt cbrt reciprocal"
UNIT = "arcsin arccos arctanh"
BINARY = "add subtract multiply divide true_divide floor_divide remainder mod fmod maximum minimum fmax fmin arctan2 hypot copysign logaddexp logaddexp2 equal not_equal less less_equal greater greater_equal heaviside nextafter"
INTEGER = "bitwise_and bitwise_or bitwise_xor left_shift right_shift"
REDUCTIONS = "sum prod mean var std max min any all argmax argmin ptp median nansum nanmean nanmax nanmin count_nonzero"
ROWS = (
    [row(f"numpy.{name}", A) for name in UNARY.split()]
    + [row(f"numpy.{name}", I) for name in "sin exp sqrt abs negative sign square floor mean var cbrt".split()]
    + [row(f"numpy.{name}", 2.5) for name in "sin exp sqrt abs negative floor".split()]
    + [row(f"numpy.{name}", 3) for name in "sin exp sqrt abs negative square".split()]
    + [row(f"numpy.{name}", P) for name in POSITIVE.split()]
    + [row(f"numpy.{name}", U) for name in UNIT.split()]
    + [row(f"numpy.{name}", C) for name in "real imag conj abs angle exp sin cos square sqrt negative".split()]
    + [row(f"numpy.{name}", A, B) for name in BINARY.split()]
    + [row(f"numpy.{name}", A, 2) for name in BINARY.split()]
    + [row(f"numpy.{name}", I, 3) for name in "add subtract multiply divide floor_divide remainder maximum power".split()]
    + [row(f"numpy.{name}", I, 2.5) for name in "add subtract multiply divide floor_divide remainder maximum".split()]
    + [row(f"numpy.{name}", I, J) for name in "add subtract multiply divide floor_divide remainder".split()]
    + [row(f"numpy.{name}", I, N) for name in INTEGER.split()]
    + [row(f"numpy.{name}", T, T[::-1].copy()) for name in "logical_and logical_or logical_xor add multiply".split()]
    + [row(f"numpy.{name}", A) for name in REDUCTIONS.split()]
    + [row(f"numpy.{name}", A, axis=0) for name in REDUCTIONS.split()]
    + [row(f"numpy.{name}", I, axis=1) for name in "sum prod mean max min argmax cumsum cumprod".split()]
    + [row(f"numpy.{name}", A, axis=1, keepdims=True) for name in "sum mean max min prod var".split()]
    + [
        row("numpy.power", P, B),
        row("numpy.power", A, 3),
        row("numpy.power", 2.0, B),
        row("numpy.sum", T),
        row("numpy.sum", A, axis=(0, 1)),
        row("numpy.var", A, ddof=1),
        row("numpy.cumsum", A),
        row("numpy.cumsum", A, axis=0),
        row("numpy.cumprod", A, axis=1),
        row("numpy.clip", A, -0.5, 0.5),
        row("numpy.where", T, B, 0.0),
        row("numpy.where", T, 1, 2),
        row("numpy.nan_to_num", X),
        row("numpy.isclose", A, A + np.float32(1e-9)),
        row("numpy.reshape", A, (2, 6)),
        row("numpy.reshape", A, (-1,)),
        row("numpy.ravel", A),
        row("numpy.transpose", A),
        row("numpy.swapaxes", A, 0, 1),
        row("numpy.moveaxis", A, 0, -1),
        row("numpy.squeeze", A[:1]),
        row("numpy.expand_dims", A, 1),
        row("numpy.broadcast_to", B, (3, 4)),
        row("numpy.flip", A),
        row("numpy.flip", A, 1),
        row("numpy.roll", A, 2),
        row("numpy.roll", A, 1, axis=0),
        row("numpy.rot90", A),
        row("numpy.tile", B, (2, 2)),
        row("numpy.tril", A),
        row("numpy.triu", A),
        row("numpy.diag", B),
        row("numpy.diagonal", A),
        row("numpy.trace", A),
        row("numpy.eye", 3),
        row("numpy.identity", 3),
        row("numpy.zeros", (2, 3)),
        row("numpy.ones", 3),
        row("numpy.full", (2, 2), 7),
        row("numpy.zeros_like", A),
        row("numpy.ones_like", I),
        row("numpy.full_like", A, 2),
        row("numpy.arange", 5),
        row("numpy.arange", 1, 4),
        row("numpy.arange", 0.0, 1.0, 0.25),
        row("numpy.linspace", -1, 1, 7),
        row("numpy.logspace", 0, 2, 5),
        row("numpy.geomspace", 1, 100, 5),
        row("numpy.dot", A, B),
        row("numpy.dot", B, B),
        row("numpy.matmul", A, A.T.copy()),
        row("numpy.vdot", B, B),
        row("numpy.inner", A, A),
        row("numpy.outer", B, R),
        row("numpy.tensordot", A, A.T.copy(), 1),
        row("numpy.cross", R, R[::-1].copy()),
        row("numpy.kron", R, R),
        row("numpy.sort", A[::-1].copy(), axis=0),
        row("numpy.argsort", R),
        row("numpy.searchsorted", np.sort(R), np.float32(0.7)),
        row("numpy.searchsorted", np.array([-np.inf, 0, 0, 1, np.nan], "float32"),
            np.array([[np.nan, -0.0, 1], [np.inf, -np.inf, 0]], "float32"), side="right"),
        row("numpy.searchsorted", np.array([1, 2, 2, 5], "int8"), np.arange(7, dtype="int8")),
        row("numpy.allclose", A, A),
        row("numpy.array_equal", A, A),
        row("numpy.round", A, 1),
        row("numpy.average", B),
        row("numpy.atleast_2d", B),
        row("numpy.linalg.inv", S),
        row("numpy.linalg.det", S),
        row("numpy.linalg.slogdet", S),
        row("numpy.linalg.solve", S, R),
        row("numpy.linalg.cholesky", S),
        row("numpy.linalg.pinv", A),
        row("numpy.linalg.eigvalsh", S),
        row("numpy.linalg.matrix_power", S, 3),
        row("nn.relu", A),
        row("nn.sigmoid", A),
        row("nn.softplus", A),
        row("nn.softmax", A),
        row("nn.log_softmax", A),
        row("nn.one_hot", N, 6),
        row("nn.gelu", A),
        row("nn.silu", A),
        row("nn.elu", A),
        row("nn.leaky_relu", A),
        row("scipy.special.logsumexp", A),
        row("scipy.special.expit", A),
        row("scipy.special.logit", P / np.float32(3)),
        row("scipy.special.gammaln", P),
        row("scipy.special.digamma", P),
        row("scipy.special.erf", A),
        row("scipy.special.erfc", A),
        row("scipy.special.erfinv", U),
        row("scipy.special.xlogy", P, P),
        row("scipy.special.ndtr", A),
        row("scipy.special.log_ndtr", A),
        row("scipy.stats.norm.logpdf", A, 0.5, 2.0),
        row("scipy.stats.norm.pdf", A),
        row("scipy.stats.norm.cdf", A),
        row("scipy.stats.norm.logcdf", A),
        row("scipy.stats.norm.ppf", P / np.float32(3)),
    ]
)


def find(module, path):
    for name in path.split("."):
        module = getattr(module, name)
    return module


def imported(root):
    for path in ("scipy.special", "scipy.stats.norm", "nn", "random"):
        __import__(f"{root}.{path}")


imported("jax")
imported("pullback")


def leaves(value):
    return list(value) if isinstance(value, (tuple, list)) else [value]


def call(module, path, args, kwargs):
    given = [module.numpy.asarray(x) if isinstance(x, np.ndarray) else x for x in args]
    return find(module, path)(*given, **kwargs)


@pytest.mark.parametrize("path, args, kwargs", ROWS)
def test_agrees_with_jax(path, args, kwargs):
    ours = leaves(call(pullback, path, args, kwargs))
    theirs = leaves(call(jax, path, args, kwargs))
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs):
        assert mine.shape == other.shape
        assert str(mine.dtype) == str(other.dtype)
        assert mine.weak_type == other.weak_type
        np.testing.assert_allclose(np.asarray(mine), np.asarray(other), rtol=2e-5, atol=2e-6)
