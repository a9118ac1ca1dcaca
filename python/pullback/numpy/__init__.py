"""Functions over arrays, with the names and meanings of NumPy's."""

import math as _math

from pullback import _modules, _pullback
from pullback._pullback import Array as ndarray
from pullback.numpy._types import (  # noqa: F401
    bfloat16,
    bool_,
    cdouble,
    complex64,
    complex128,
    complex_,
    csingle,
    double,
    float16,
    float32,
    float64,
    float8_e4m3fn,
    float8_e5m2,
    float_,
    half,
    int4,
    int8,
    int16,
    int32,
    int64,
    int_,
    single,
    uint,
    uint4,
    uint8,
    uint16,
    uint32,
    uint64,
)

bool = bool_
pi = _math.pi
e = _math.e
euler_gamma = 0.5772156649015329
inf = _math.inf
nan = _math.nan
newaxis = None


def _numpy(name):
    def get():
        import numpy

        return getattr(numpy, name)

    return get


def _submodule(name):
    def get():
        import importlib

        return importlib.import_module(f"pullback.numpy.{name}")

    return get


def _function(name):
    def get():
        from pullback.numpy import _functions

        return getattr(_functions, name)

    return get


_LAZY = {
    name: _numpy(name)
    for name in (
        "dtype generic number inexact floating integer signedinteger unsignedinteger "
        "complexfloating flexible character object_ printoptions set_printoptions "
        "get_printoptions array_repr array_str array2string save savez"
    ).split()
}
_LAZY.update({name: _submodule(name) for name in ("linalg", "fft")})
_LAZY.update(
    {
        name: _function(name)
        for name in (
            "vectorize apply_along_axis apply_over_axes piecewise issubdtype result_type "
            "promote_types can_cast finfo iinfo isdtype shape ndim size isscalar iscomplexobj "
            "isrealobj load from_dlpack fromfunction frombuffer fromiter fromstring "
            "broadcast_shapes index_exp s_ iterable"
        ).split()
    }
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pullback._tables.numpy import *  # noqa: F403

_modules.fill(globals(), "numpy")
