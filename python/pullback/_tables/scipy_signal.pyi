# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike

def convolve(in1: ArrayLike, in2: ArrayLike, mode: str = 'full', method: str = 'auto', precision: Any = None) -> Array:
    """The convolution of two arrays over all axes.
    
    `mode` says which places: all in the "full" one, those of the first array in the "same" one,
    those where one array covers the other in the "valid" one. `method` is "direct", "fft" or "auto"."""

def convolve2d(in1: ArrayLike, in2: ArrayLike, mode: str = 'full', boundary: str = 'fill', fillvalue: float = 0, precision: Any = None) -> Array:
    """The convolution of two matrices; `mode` is as for [`convolve`]."""

def correlate(in1: ArrayLike, in2: ArrayLike, mode: str = 'full', method: str = 'auto', precision: Any = None) -> Array:
    """The correlation of two arrays over all axes; arguments are those of [`convolve`]."""

def correlate2d(in1: ArrayLike, in2: ArrayLike, mode: str = 'full', boundary: str = 'fill', fillvalue: float = 0, precision: Any = None) -> Array:
    """The correlation of two matrices; `mode` is as for [`convolve`]."""

def fftconvolve(in1: ArrayLike, in2: ArrayLike, mode: str = 'full', axes: int | Sequence[int] | None = None) -> Array:
    """The convolution of two arrays by Fourier transforms, over all axes or those given; along all
    others entries run together. `mode` is as for [`convolve`]."""
