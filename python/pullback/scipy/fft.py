"""Fourier transforms, with SciPy's names."""

from pullback import _modules

_modules.fill(globals(), "scipy.fft")
