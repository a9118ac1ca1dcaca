"""Arrays from other libraries, without a copy where possible."""

from pullback.numpy import from_dlpack  # noqa: F401
