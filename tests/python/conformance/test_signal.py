"""Fourier transforms beside JAX's: values, types, derivatives, batching, and what they refuse."""

import numpy as np
import pytest

from rows import check, compare, jax, raises_alike, row

import pullback

for root in ("jax", "pullback"):
    __import__(f"{root}.numpy.fft")

A = np.linspace(-1.7, 2.3, 24, dtype=np.float32).reshape(2, 3, 4)
X = np.sin(np.arange(24, dtype=np.float32) * 1.3).reshape(4, 6)
Z = (X + 1j * np.cos(X[::-1] * 2)).astype(np.complex64)
I = np.arange(-5, 7, dtype=np.int32).reshape(3, 4)
H = X.astype(np.float16)
T = X > 0

LINES = "fft ifft rfft irfft hfft ihfft".split()
PLANES = "fft2 ifft2 rfft2 irfft2".split()
VOLUMES = "fftn ifftn rfftn irfftn".split()


def of(name):
    """What the transform takes."""
    return X if name in ("rfft", "ihfft", "rfft2", "rfftn") else Z


FOURIER = (
    [row(f"numpy.fft.{name}", of(name), grad=True) for name in LINES + PLANES + VOLUMES]
    + [row(f"numpy.fft.{name}", X) for name in LINES + PLANES + VOLUMES]
    + [row(f"numpy.fft.{name}", of(name), n, axis, norm, grad=True)
       for name in LINES for n in (3, 8, 9) for axis, norm in ((0, "ortho"), (-1, "forward"), (1, "backward"))]
    + [row(f"numpy.fft.{name}", of(name), (5, 4), (1, 0), "ortho", grad=True) for name in PLANES + VOLUMES]
    + [row(f"numpy.fft.{name}", of(name), s=(3, 8), grad=True) for name in PLANES + VOLUMES]
    + [row(f"numpy.fft.{name}", A, axes=(0, 2), norm="forward") for name in PLANES + VOLUMES]
    + [row(f"numpy.fft.{name}", A.reshape(2, 3, 2, 2), grad=name == "rfftn") for name in VOLUMES]
    + [row(f"numpy.fft.{name}", I) for name in ("fft", "rfft", "irfft", "fft2")]
    + [row("numpy.fft.fft", H), row("numpy.fft.fft", T), row("numpy.fft.rfft", T)]
    + [row("numpy.fft.fftn", X, s=(4,)), row("numpy.fft.fftn", X, axes=(0,)), row("numpy.fft.fftn", X, axes=())]
    + [row("numpy.fft.fftn", np.float32(2)), row("numpy.fft.irfft", X[:, :1], n=1), row("numpy.fft.fft", X[:0])]
    + [row("numpy.fft.fftfreq", n) for n in (1, 4, 5)]
    + [row("numpy.fft.rfftfreq", n, 0.25) for n in (1, 4, 5)]
    + [row("numpy.fft.fftfreq", 4, dtype="float16"), row("numpy.fft.fftfreq", 4, d=np.float32(2))]
    + [row(f"numpy.fft.{name}", A) for name in ("fftshift", "ifftshift")]
    + [row(f"numpy.fft.{name}", A, axes, grad=True) for name in ("fftshift", "ifftshift") for axes in (1, (0, -1))]
    + [row("lax.fft", Z, kind, (4, 6), grad=True) for kind in ("FFT", "ifft")]
    + [row("lax.fft", X, "RFFT", (6,), grad=True), row("lax.fft", Z, "irfft", (10,), grad=True)]
    + [row("lax.FftType", 2)]
    + [row("lax.fft", Z, "irfft", (4, 11), grad=True), row("lax.fft", X, "fft", ()), row("lax.fft", I, "rfft", (4,))]
)


@pytest.mark.parametrize("path,args,kwargs,grad,rtol,atol", FOURIER)
def test_fourier(path, args, kwargs, grad, rtol, atol):
    check(path, args, kwargs, grad, rtol, max(atol, 1e-5))


@pytest.mark.parametrize("name", LINES + VOLUMES)
def test_mapped_and_compiled(name):
    stack = np.stack([of(name), 2 * of(name), of(name)[::-1]], 1)

    def f(module):
        function = module.jit(module.vmap(getattr(module.numpy.fft, name), 1, 2))
        return function(module.numpy.asarray(stack))

    compare(f(pullback), f(jax), 2e-5, 1e-5)


def test_the_type_of_a_transform():
    for name in ("FFT", "IFFT"):
        y = pullback.lax.fft(pullback.numpy.asarray(Z), getattr(pullback.lax.FftType, name), (6,))
        compare(y, jax.lax.fft(Z, getattr(jax.lax.FftType, name), (6,)), 2e-5, 1e-5)


REFUSED = [
    row("numpy.fft.fft", X, 0), row("numpy.fft.fft", X, axis=2), row("numpy.fft.fft", np.float32(1)),
    row("numpy.fft.fft", X, norm="other"), row("numpy.fft.rfft", Z), row("numpy.fft.fftn", X, (2,), (0, 1)),
    row("numpy.fft.fft2", X, axes=(0,)), row("numpy.fft.fftn", X, axes=(0, 0)), row("numpy.fft.rfft", H),
    row("lax.fft", Z, "other", (6,)), row("lax.fft", Z, "FFT", (5,)), row("lax.fft", X, "RFFT", (4, 5)),
    row("lax.fft", X[0], "FFT", (4, 6)), row("lax.fft", Z, "IRFFT", (3, 10)),
]


@pytest.mark.parametrize("path,args,kwargs,grad,rtol,atol", REFUSED)
def test_what_is_refused(path, args, kwargs, grad, rtol, atol):
    raises_alike(path, args, kwargs)
