"""Element types as callables: `float32(1)` is an array, and `dtype=float32` names the type."""

from pullback import _pullback


class _ScalarMeta(type):
    _pullback_dtype: str

    @property
    def dtype(cls):
        return _pullback.dtype(cls._pullback_dtype)

    def __hash__(cls):
        return hash(cls.dtype)

    def __eq__(cls, other):
        if cls is other:
            return True
        if isinstance(other, _ScalarMeta):
            return cls._pullback_dtype == other._pullback_dtype
        try:
            return cls.dtype == other
        except TypeError:
            return False

    def __ne__(cls, other):
        return not cls == other

    def __call__(cls, x=0):
        from pullback import numpy

        return numpy.asarray(x, dtype=cls)

    def __instancecheck__(cls, instance):
        return isinstance(instance, cls.dtype.type)


def _scalar(name, label=None):
    namespace = {"_pullback_dtype": name, "__module__": "pullback.numpy"}
    return _ScalarMeta(label or name, (object,), namespace)


bool_ = _scalar("bool", "bool")
int4 = _scalar("int4")
int8 = _scalar("int8")
int16 = _scalar("int16")
int32 = _scalar("int32")
int64 = _scalar("int64")
uint4 = _scalar("uint4")
uint8 = _scalar("uint8")
uint16 = _scalar("uint16")
uint32 = _scalar("uint32")
uint64 = _scalar("uint64")
float8_e4m3fn = _scalar("float8_e4m3fn")
float8_e5m2 = _scalar("float8_e5m2")
bfloat16 = _scalar("bfloat16")
float16 = _scalar("float16")
float32 = _scalar("float32")
float64 = _scalar("float64")
complex64 = _scalar("complex64")
complex128 = _scalar("complex128")
half, single, double = float16, float32, float64
csingle, cdouble = complex64, complex128
int_, uint, float_, complex_ = int64, uint64, float64, complex128
