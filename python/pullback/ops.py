"""Sums over segments."""

from pullback import _modules

_modules.fill(globals(), "ops")
