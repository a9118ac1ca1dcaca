"""What extensions build on."""

from pullback import core  # noqa: F401
