"""Integration."""

from pullback import _modules

_modules.fill(globals(), "scipy.integrate")
