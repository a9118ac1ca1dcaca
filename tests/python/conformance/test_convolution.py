"""Convolutions beside JAX's: values, types, derivatives, batching, and what they refuse."""

import itertools

import numpy as np
import pytest

from rows import check, compare, jax, raises_alike, row

import pullback

for root in ("jax", "pullback"):
    __import__(f"{root}.scipy.signal")


def wave(*shape, dtype=np.float32):
    return np.sin(np.arange(np.prod(shape)) * 1.7 + 0.3).reshape(shape).astype(dtype)


X, W = wave(2, 3, 6), wave(4, 3, 3)
IMAGE, KERNEL = wave(2, 6, 5, 4), wave(3, 2, 4, 6)
NHWC = ("NHWC", "HWIO", "NHWC")
U, V = wave(7), wave(3)
P, Q = wave(5, 6), wave(3, 2)
C = (wave(5, 6) + 1j * wave(6, 5).reshape(5, 6)).astype(np.complex64)
I = np.arange(-6, 6, dtype=np.int32)
J = np.array([2, -1, 3], dtype=np.int32)


def conv(lhs, rhs, *args, **kwargs):
    return row("lax.conv_general_dilated", lhs, rhs, *args, grad=True, **kwargs)


LAX = (
    [conv(X, W, (s,), p) for s in (1, 2) for p in ("VALID", "SAME", "same_lower", [(2, -1)])]
    + [conv(X, W, (1,), [(1, 3)], lhs_dilation=(l,), rhs_dilation=(r,)) for l, r in ((2, 1), (1, 2), (3, 2))]
    + [conv(X, W, (2,), [(2, 3)], lhs_dilation=(2,), rhs_dilation=(3,))]
    + [conv(IMAGE, KERNEL, s, p, dimension_numbers=NHWC) for s, p in (((1, 1), "SAME"), ((2, 1), "VALID"))]
    + [conv(IMAGE, wave(3, 3, 1, 8), (1, 1), "SAME", dimension_numbers=NHWC, feature_group_count=4)]
    + [conv(IMAGE, wave(3, 3, 1, 4), (2, 1), "SAME", dimension_numbers=NHWC, feature_group_count=4)]
    + [conv(IMAGE, wave(3, 3, 4, 2), (1, 1), "SAME", dimension_numbers=NHWC, batch_group_count=2)]
    + [conv(IMAGE, wave(2, 2, 2, 6), (1, 1), [(1, 0), (2, 2)], (2, 1), (1, 2), NHWC, 2)]
    + [conv(IMAGE, wave(6, 5, 4, 2), (1, 1), [(1, 1), (1, 1)], dimension_numbers=NHWC)]
    + [conv(wave(2, 3, 4, 3, 5), wave(2, 3, 2, 2, 3), (1, 2, 1), "SAME")]
    + [conv(wave(2, 3), wave(4, 3), (), "VALID"), conv(wave(0, 3, 4), W, (1,), "SAME")]
    + [conv(IMAGE, KERNEL, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "CWNH"))]
    + [conv(X.astype(np.float16), W.astype(np.float16), (1,), "SAME", rtol=2e-3, atol=2e-3)]
    + [row("lax.conv_general_dilated", X.astype(np.float16), W.astype(np.float16), (1,), "SAME", preferred_element_type="float32", rtol=1e-5)]
    + [row("lax.conv_general_dilated", I.reshape(1, 3, 4), J.reshape(1, 3, 1), (1,), "SAME")]
    + [row("lax.conv_general_dilated", I.astype(np.int8).reshape(1, 3, 4), J.astype(np.int8).reshape(1, 3, 1), (1,), "SAME", preferred_element_type="int32")]
    + [row("lax.conv", X, W, (2,), "SAME", grad=True)]
    + [row("lax.conv_with_general_padding", X, W, (1,), [(0, 2)], (2,), None, grad=True)]
    + [row("lax.conv_transpose", wave(2, 5, 3), wave(k, 3, 4), (s,), p, grad=True)
       for k, s, p in itertools.product((2, 3), (1, 2, 3), ("SAME", "VALID", [(1, 0)]))]
    + [row("lax.conv_transpose", wave(2, 5, 3), wave(3, 4, 3), (2,), [(1, 0)], transpose_kernel=True)]
    + [row("lax.conv_transpose", IMAGE, wave(3, 3, 4, 2), (2, 2), "SAME", rhs_dilation=(2, 1), dimension_numbers=NHWC)]
    + [row("lax.conv_general_dilated_patches", IMAGE, (2, 3), (1, 2), "SAME", dimension_numbers=NHWC, grad=True)]
    + [row("lax.conv_general_dilated_patches", X, (2,), (1,), "VALID", rhs_dilation=(2,))]
    + [row("lax.conv_general_dilated_local", X, wave(4, 6, 5), (1,), "VALID", (2,), grad=True)]
    + [row("lax.conv_dimension_numbers", (1, 5, 5, 3), (3, 3, 3, 8), NHWC)]
    + [row("lax.conv_dimension_numbers", (1, 5, 3), (3, 3, 8), None), row("lax.ConvDimensionNumbers", (0,), (1,), (2,))]
    + [row("lax.padtype_to_pads", (5, 6), (3, 2), (1, 2), p) for p in ("VALID", "SAME", "SAME_LOWER")]
)
MODES = ("full", "same", "valid")
ROWS = (
    [row(f"numpy.{name}", a, v, mode, grad=True)
     for name in ("convolve", "correlate") for a, v in ((U, V), (V, U), (U, U[:4])) for mode in MODES]
    + [row(f"numpy.{name}", C[0], C[1][:3], mode) for name in ("convolve", "correlate") for mode in MODES]
    + [row(f"numpy.{name}", I, J) for name in ("convolve", "correlate")]
    + [row(f"numpy.{name}", I, J, preferred_element_type="int32") for name in ("convolve", "correlate")]
    + [row(f"scipy.signal.{name}", a, v, mode, method, grad=True, atol=1e-5)
       for name in ("convolve", "correlate") for a, v in ((U, V), (P, Q)) for mode in MODES for method in ("auto", "direct", "fft")]
    + [row(f"scipy.signal.{name}", a, v, mode, grad=True)
       for name in ("convolve2d", "correlate2d") for a, v in ((P, Q), (Q, P), (P, P), (Q, P[:4, :3])) for mode in MODES]
    + [row("scipy.signal.correlate2d", C, Q, mode) for mode in MODES]
    + [row("scipy.signal.correlate", V, U, "full"), row("scipy.signal.convolve", V, U, "same")]
    + [row("scipy.signal.fftconvolve", P, Q, mode, grad=True, atol=1e-5) for mode in MODES]
    + [row("scipy.signal.fftconvolve", P, P[:, :3], "same", 1, atol=1e-5), row("scipy.signal.fftconvolve", C, Q, atol=1e-5)]
    + [row("scipy.signal.fftconvolve", P[:1], Q[:, :1]), row("scipy.signal.convolve", I, J)]
)


@pytest.mark.parametrize("path,args,kwargs,grad,rtol,atol", LAX + ROWS)
def test_agrees_with_jax(path, args, kwargs, grad, rtol, atol):
    check(path, args, kwargs, grad, rtol, max(atol, 1e-5))


@pytest.mark.parametrize("axes", [(0, 0), (2, None), (None, 1), (1, 3)])
@pytest.mark.parametrize("groups", [(1, 1), (2, 1), (1, 2)])
def test_mapped_and_compiled(axes, groups):
    lhs, rhs = wave(4, 4, 6), wave(6, 4 // groups[0], 3)

    def f(module):
        def g(x, w):
            return module.lax.conv_general_dilated(
                x, w, (1,), "SAME", feature_group_count=groups[0], batch_group_count=groups[1]
            )

        given = [
            module.numpy.asarray(np.stack([x, 2 * x, -x], axis) if axis is not None else x)
            for x, axis in zip((lhs, rhs), axes)
        ]
        mapped = module.jit(module.vmap(g, axes))
        y, pull = module.vjp(mapped, *given)
        return [y, *pull(module.numpy.ones(y.shape, y.dtype))]

    for mine, other in zip(f(pullback), f(jax)):
        compare(mine, other, 1e-4, 1e-4)


def test_the_text_of_a_program():
    def f(module):
        def g(x, w):
            return module.lax.conv_general_dilated(x, w, (1, 2), "SAME", dimension_numbers=NHWC)

        given = [module.numpy.asarray(x) for x in (IMAGE, KERNEL)]
        return str(module.make_jaxpr(g)(*given))

    assert f(pullback) == f(jax)


REFUSED = [
    row("lax.conv", X, W[0], (1,), "SAME"), row("lax.conv", X, W[:, :2], (1,), "SAME"),
    row("lax.conv", X, W.astype(np.float16), (1,), "SAME"), row("lax.conv", X, W, (1, 1), "VALID"),
    row("lax.conv_general_dilated", X, W, (1,), "SAME", feature_group_count=2),
    row("lax.conv_general_dilated", X, W, (1,), "SAME", feature_group_count=0),
    row("lax.conv_general_dilated", X, W, (1,), "SAME", batch_group_count=3),
    row("lax.conv_general_dilated", X, W, (1,), "SAME", dimension_numbers=("NCH", "OIH")),
    row("lax.conv_general_dilated", X, W, (1,), "SAME", dimension_numbers=("NCH", "OIW", "NCH")),
    row("lax.conv_general_dilated", X, W, (1,), "SAME", dimension_numbers=("NCH", "OOH", "NCH")),
    row("lax.conv_general_dilated", X, W, (1,), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW")),
    row("lax.conv_general_dilated", X, W, (1,), "SAME", (2,)), row("lax.conv_dimension_numbers", (1, 2), (1,), None),
    row("numpy.convolve", P, U), row("numpy.convolve", U, V, "other"), row("numpy.correlate", U[:0], V),
    row("scipy.signal.convolve2d", U, V), row("scipy.signal.convolve", U, P), row("scipy.signal.convolve", U, V, "other"),
    row("scipy.signal.convolve", P, Q.T.repeat(3, 1)), row("scipy.signal.convolve", U, V, "full", "other"),
    row("scipy.signal.convolve2d", P, Q, boundary="wrap"), row("scipy.signal.fftconvolve", U, P),
    row("scipy.signal.fftconvolve", P, Q, axes=0), row("scipy.signal.fftconvolve", P, Q, "other"),
]


@pytest.mark.parametrize("path,args,kwargs,grad,rtol,atol", REFUSED)
def test_what_is_refused(path, args, kwargs, grad, rtol, atol):
    raises_alike(path, args, kwargs)
