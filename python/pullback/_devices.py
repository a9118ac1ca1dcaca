"""The devices there are: one, the processor."""


class Device:
    """A device that computes."""

    platform = "cpu"
    device_kind = "cpu"
    id = 0
    process_index = 0
    local_hardware_id = 0

    def memory_stats(self):
        """What the memory of arrays comes to, in bytes; see `pullback.runtime.memory_stats`."""
        from pullback import runtime

        return runtime.memory_stats()

    def __repr__(self):
        return "CpuDevice(id=0)"

    def __str__(self):
        return "TFRT_CPU_0"


cpu = Device()


class SingleDeviceSharding:
    """All elements on one device."""

    def __init__(self, device=cpu, *, memory_kind=None):
        self._device = device

    @property
    def device_set(self):
        return {self._device}

    def __repr__(self):
        return f"SingleDeviceSharding(device={self._device!r})"

    def __eq__(self, other):
        return isinstance(other, SingleDeviceSharding) and self._device is other._device

    def __hash__(self):
        return hash(self._device)


def array_devices():
    """The devices of any array."""
    return {cpu}


def single_device_sharding():
    """The layout of any array."""
    return SingleDeviceSharding(cpu)
