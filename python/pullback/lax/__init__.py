"""Primitive operations, control flow, and collectives over named axes."""

from pullback import _modules
from pullback._pullback import transforms as _transforms
from pullback.lax import linalg  # noqa: F401
from pullback.lax._control import (  # noqa: F401
    associative_scan,
    broadcast_shapes,
    cond,
    fori_loop,
    map,
    optimization_barrier,
    scan,
    shape_as_value,
    stop_gradient,
    switch,
    while_loop,
    with_sharding_constraint,
)
from pullback.lax._windows import conv_dimension_numbers, reduce_window  # noqa: F401
from pullback.lax._types import (  # noqa: F401
    ConvDimensionNumbers,
    FftType,
    GatherDimensionNumbers,
    GatherScatterMode,
    Precision,
    RoundingMethod,
    ScatterDimensionNumbers,
)

all_gather = _transforms.all_gather
all_to_all = _transforms.all_to_all
axis_index = _transforms.axis_index
axis_size = _transforms.axis_size
pbroadcast = _transforms.pbroadcast
pmax = _transforms.pmax
pmean = _transforms.pmean
pmin = _transforms.pmin
ppermute = _transforms.ppermute
pshuffle = _transforms.pshuffle
psum = _transforms.psum
psum_scatter = _transforms.psum_scatter
pswapaxes = _transforms.pswapaxes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pullback._tables.lax import *  # noqa: F403

_modules.fill(globals(), "lax")
