"""Interpolation."""

from pullback import _modules

_modules.fill(globals(), "scipy.interpolate")
