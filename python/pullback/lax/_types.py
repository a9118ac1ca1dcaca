"""Names of options, and of which axes belong together."""

import enum
from typing import NamedTuple


class Precision(enum.Enum):
    """How precisely products are computed: always fully."""

    DEFAULT = 0
    HIGH = 1
    HIGHEST = 2

    def __str__(self):
        return self.name


class RoundingMethod(enum.IntEnum):
    """Which whole number halves are rounded to."""

    AWAY_FROM_ZERO = 0
    TO_NEAREST_EVEN = 1


class FftType(enum.IntEnum):
    """Which Fourier transform."""

    FFT = 0
    IFFT = 1
    RFFT = 2
    IRFFT = 3


class GatherScatterMode(str, enum.Enum):
    """What happens out of bounds."""

    CLIP = "clip"
    FILL_OR_DROP = "fill"
    PROMISE_IN_BOUNDS = "promise_in_bounds"
    ONE_HOT = "one_hot"

    @classmethod
    def from_any(cls, mode):
        """The mode of a name, or a mode itself."""
        if isinstance(mode, cls):
            return mode
        if mode is None or mode in ("fill", "drop"):
            return cls.FILL_OR_DROP
        return cls(mode)


class GatherDimensionNumbers(NamedTuple):
    """Which axes of operand, indices and result of a gather belong together."""

    offset_dims: tuple
    collapsed_slice_dims: tuple
    start_index_map: tuple
    operand_batching_dims: tuple = ()
    start_indices_batching_dims: tuple = ()


class ScatterDimensionNumbers(NamedTuple):
    """Which axes of operand, indices and updates of a scatter belong together."""

    update_window_dims: tuple
    inserted_window_dims: tuple
    scatter_dims_to_operand_dims: tuple
    operand_batching_dims: tuple = ()
    scatter_indices_batching_dims: tuple = ()


class ConvDimensionNumbers(NamedTuple):
    """Which axes of the operands and the result of a convolution are which."""

    lhs_spec: tuple
    rhs_spec: tuple
    out_spec: tuple
