"""Windows that move: arguments and results that only Python can take apart."""

from pullback import _pullback
from pullback._pullback import transforms as _transforms
from pullback.lax._types import ConvDimensionNumbers

_TABLE = _pullback.functions("lax")


def conv_dimension_numbers(lhs_shape, rhs_shape, dimension_numbers):
    """The axes of a convolution in numbers: batch, features and space of each array."""
    specs = _TABLE["conv_dimension_numbers"](lhs_shape, rhs_shape, dimension_numbers)
    return ConvDimensionNumbers(*specs)


def reduce_window(
    operand, init_value, computation, window_dimensions, window_strides=None, padding="VALID",
    base_dilation=None, window_dilation=None,
):
    """What a function of two scalars makes of the elements under a window, at each of its places."""
    return _transforms.reduce_window(
        operand, init_value, computation, window_dimensions, window_strides, padding,
        base_dilation, window_dilation,
    )
