"""Functions whose derivatives compute again what they need."""

from pullback import checkpoint_policies  # noqa: F401
from pullback._api import checkpoint, remat  # noqa: F401
