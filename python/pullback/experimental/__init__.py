"""Parts of the interface that JAX has under this name."""

from pullback._config import disable_jit, enable_x64  # noqa: F401
from pullback._pullback import transforms as _transforms


def disable_x64():
    """Uses 32-bit types for a while."""
    return enable_x64(False)


def io_callback(callback, result_shape_dtypes, *args, sharding=None, ordered=False, **kwargs):
    """The results of a function of Python that acts on the world, inside a traced function."""
    return _transforms.callback(
        callback, "io", result_shape_dtypes, args, kwargs, "sequential", ordered
    )
