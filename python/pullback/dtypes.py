"""Element types and the questions one asks about them."""

from pullback import _pullback
from pullback._pullback import TypePromotionError  # noqa: F401

_KEY = None


class _KeyType:
    """The type of random keys."""

    def __init__(self, name):
        self.name = name
        self.itemsize = 8
        self._pullback_dtype = name

    def __repr__(self):
        return self.name

    def __eq__(self, other):
        return type(other) is _KeyType and self.name == other.name

    def __hash__(self):
        return hash(("pullback key", self.name))


def _key_type(name):
    return _KeyType(name)


class extended:
    """Types that hold no numbers."""


class prng_key(extended):
    """Types of random keys."""


def __getattr__(name):
    if name == "float0":
        return _pullback.dtype("float0")
    if name == "bfloat16":
        return _pullback.dtype("bfloat16")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def canonicalize_dtype(dtype, allow_extended_dtype=False):
    """The type used where `dtype` is asked for."""
    return _pullback.canonical_dtype(dtype)


def issubdtype(a, b):
    """Whether a type is, or belongs to, another."""
    import numpy as np

    if isinstance(b, type) and issubclass(b, extended):
        return isinstance(a, _KeyType)
    if isinstance(a, _KeyType):
        return a == b
    if isinstance(a, type) and issubclass(a, extended):
        return False
    name = None
    if not (isinstance(a, type) and issubclass(a, np.generic)):
        try:
            name = _pullback.dtype(a).name
        except TypeError:
            pass
    if name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        if b in (np.floating, np.inexact, np.number, np.generic):
            return True
        return not _is_abstract(b) and _pullback.dtype(b).name == name
    if name in ("int4", "uint4"):
        kind = np.signedinteger if name == "int4" else np.unsignedinteger
        if b in (kind, np.integer, np.number, np.generic):
            return True
        return not _is_abstract(b) and _pullback.dtype(b).name == name
    if name is not None:
        a = _pullback.dtype(a)
    if not _is_abstract(b):
        b = _pullback.dtype(b)
    return np.issubdtype(a, b)


def _is_abstract(b):
    import numpy as np

    return isinstance(b, type) and issubclass(b, np.generic) and b in (
        np.generic, np.number, np.integer, np.signedinteger, np.unsignedinteger, np.inexact,
        np.floating, np.complexfloating, np.flexible, np.character,
    )


def isdtype(dtype, kind):
    """Whether a type is of a kind, or of one of several, as the array API names them."""
    import numpy as np

    kinds = {
        "bool": np.bool_, "signed integer": np.signedinteger,
        "unsigned integer": np.unsignedinteger, "integral": np.integer,
        "real floating": np.floating, "complex floating": np.complexfloating,
        "numeric": np.number,
    }
    for one in kind if isinstance(kind, tuple) else (kind,):
        if isinstance(one, str) and one in kinds:
            if issubdtype(dtype, kinds[one]):
                return True
        elif _pullback.dtype(dtype) == _pullback.dtype(one):
            return True
    return False


def _types(args):
    from pullback.numpy import zeros

    for arg in args:
        if isinstance(arg, (bool, int, float, complex, _pullback.Array)):
            yield arg
        elif hasattr(arg, "dtype") and hasattr(arg, "shape") and not isinstance(arg, type):
            yield arg
        else:
            yield zeros((), dtype=_pullback.canonical_dtype(arg))


def result_type(*args, return_weak_type_flag=False):
    """The type in which arrays, numbers and types meet."""
    if not args:
        raise ValueError("at least one array or dtype is required")
    from pullback.numpy import zeros  # noqa: F401

    dtype, weak = _pullback.result_type(list(_types(args)))
    return (dtype, weak) if return_weak_type_flag else dtype


def promote_types(a, b):
    """The type in which two types meet."""
    return result_type(a, b)


def scalar_type_of(x):
    """The type of Python that a number is of."""
    for kind in (bool, int, float, complex):
        if isinstance(x, kind):
            return kind
    raise TypeError(f"Invalid scalar value {x}")


class finfo:
    """The limits of a floating type."""

    def __new__(cls, dtype):
        import numpy as np

        dtype = _pullback.dtype(getattr(dtype, "dtype", dtype))
        if dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
            import ml_dtypes

            return ml_dtypes.finfo(dtype)
        return np.finfo(dtype)


class iinfo:
    """The limits of an integer type."""

    def __new__(cls, dtype):
        import numpy as np

        dtype = _pullback.dtype(getattr(dtype, "dtype", dtype))
        if dtype.name in ("int4", "uint4"):
            import ml_dtypes

            return ml_dtypes.iinfo(dtype)
        return np.iinfo(dtype)
