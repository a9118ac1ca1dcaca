"""How arrays are laid out over devices; there is one."""

from pullback._devices import SingleDeviceSharding  # noqa: F401
