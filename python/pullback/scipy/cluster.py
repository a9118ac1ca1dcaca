"""Clusters."""

from pullback import _modules

_modules.fill(globals(), "scipy.cluster")
