"""Types of arrays that are not computed, and programs."""

from pullback import _pullback
from pullback._pullback import Array

ClosedJaxpr = _pullback.transforms.ClosedJaxpr
Jaxpr = ClosedJaxpr
JaxprEqn = _pullback.transforms.JaxprEqn


class _TracerMeta(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, Array) and instance._is_tracer


class Tracer(metaclass=_TracerMeta):
    """An array that is traced by a transformation; for `isinstance`."""


class ShapeDtypeStruct:
    """The shape and the type of an array, without its elements."""

    __slots__ = ("shape", "dtype", "weak_type", "sharding", "vma", "is_ref")

    def __init__(self, shape, dtype, *, sharding=None, weak_type=False, vma=None, is_ref=False):
        if dtype is None:
            raise ValueError("ShapeDtypeStruct: dtype must be specified.")
        self.shape = tuple(shape)
        self.dtype = _pullback.dtype(dtype)
        self.sharding = sharding
        self.weak_type = weak_type
        self.vma = vma
        self.is_ref = is_ref

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        size = 1
        for n in self.shape:
            size *= n
        return size

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def update(self, **changes):
        """The same with some attributes changed."""
        fields = {"shape": self.shape, "dtype": self.dtype, "weak_type": self.weak_type}
        fields.update(changes)
        return ShapeDtypeStruct(**fields)

    def __repr__(self):
        weak = ", weak_type=True" if self.weak_type else ""
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={self.dtype}{weak})"

    def __eq__(self, other):
        if not isinstance(other, ShapeDtypeStruct):
            return False
        mine = (self.shape, self.dtype, self.weak_type)
        return mine == (other.shape, other.dtype, other.weak_type)

    def __hash__(self):
        return hash((self.shape, self.dtype, self.weak_type))


class ShapedArray(ShapeDtypeStruct):
    """What is known of an array before it is computed."""

    __slots__ = ()

    def str_short(self, short_dtypes=False):
        """As in the text of programs."""
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"

    def __repr__(self):
        weak = ", weak_type=True" if self.weak_type else ""
        return f"ShapedArray({self.str_short()}{weak})"
