# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike

def fft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The Fourier transform along an axis, cut off or filled with zeros to `n` elements."""

def fft2(a: ArrayLike, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The Fourier transform over two axes, the last ones by default."""

def fftfreq(n: int, d: ArrayLike = 1.0, *, dtype: DTypeLike | None = None, device: Any = None) -> Array:
    """The frequencies of the elements of a transform of `n` numbers that are `d` apart."""

def fftn(a: ArrayLike, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The Fourier transform over several axes: all, if neither sizes nor axes are given."""

def fftshift(x: ArrayLike, axes: int | Sequence[int] | None = None) -> Array:
    """The elements along the axes, all by default, with those of frequency zero moved to the middle."""

def hfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The Fourier transform, which is real, of numbers that are their own mirror image; `a` is the
    first half of them."""

def ifft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The inverse of the Fourier transform along an axis."""

def ifft2(a: ArrayLike, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The inverse of the Fourier transform over two axes, the last ones by default."""

def ifftn(a: ArrayLike, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The inverse of the Fourier transform over several axes."""

def ifftshift(x: ArrayLike, axes: int | Sequence[int] | None = None) -> Array:
    """The inverse of [`fftshift`]."""

def ihfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The first half of the inverse Fourier transform of real numbers: the inverse of [`hfft`]."""

def irfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The real numbers whose Fourier transform begins with `a`: the inverse of [`rfft`].
    
    There are `n` of them, or twice as many as steps in `a`."""

def irfft2(a: ArrayLike, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The real numbers whose Fourier transform over two axes is halved to `a`."""

def irfftn(a: ArrayLike, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The real numbers whose Fourier transform over several axes is halved to `a`."""

def rfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The first half of the Fourier transform of real numbers along an axis; the other half is its
    mirror image."""

def rfft2(a: ArrayLike, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The Fourier transform of real numbers over two axes, of which the second is halved."""

def rfftfreq(n: int, d: ArrayLike = 1.0, *, dtype: DTypeLike | None = None, device: Any = None) -> Array:
    """The frequencies of the elements of the first half of a transform."""

def rfftn(a: ArrayLike, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The Fourier transform of real numbers over several axes, of which the last is halved."""
