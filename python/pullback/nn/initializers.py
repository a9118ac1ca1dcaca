"""What the weights of layers start from: functions of a key, a shape and a type."""

from typing import Protocol as _Protocol, runtime_checkable as _runtime_checkable

from pullback import _pullback

_DRAWS = _pullback.functions("nn.initializers.draw")

zeros = _DRAWS["zeros"]
ones = _DRAWS["ones"]


@_runtime_checkable
class Initializer(_Protocol):
    """A function of a key, a shape and a type, to the array that weights start from."""

    def __call__(self, key, shape, dtype=None, out_sharding=None):
        """The array."""


def _later(name, dtype, **options):
    """The draw, as a function of what is known when there are weights."""
    draw = _DRAWS[name]
    given = dtype

    def init(key, shape, dtype=given, out_sharding=None):
        return draw(key, shape, dtype, **options)

    return init


def constant(value, dtype=None):
    """One value."""
    return _later("constant", dtype, value=value)


def uniform(scale=1e-2, dtype=None):
    """Uniform numbers from 0 to `scale`."""
    return _later("uniform", dtype, scale=scale)


def normal(stddev=1e-2, dtype=None):
    """Normal numbers of mean 0 and deviation `stddev`."""
    return _later("normal", dtype, stddev=stddev)


def truncated_normal(stddev=1e-2, dtype=None, lower=-2.0, upper=2.0):
    """Normal numbers between `lower` and `upper`, times `stddev`."""
    return _later("truncated_normal", dtype, stddev=stddev, lower=lower, upper=upper)


def variance_scaling(
    scale, mode, distribution, in_axis=-2, out_axis=-1, batch_axis=(), dtype=None
):
    """Numbers whose variance depends on how many inputs and outputs the weights have."""
    return _later(
        "variance_scaling",
        dtype,
        scale=scale,
        mode=mode,
        distribution=distribution,
        in_axis=in_axis,
        out_axis=out_axis,
        batch_axis=batch_axis,
    )


def _scaling(name):
    def make(in_axis=-2, out_axis=-1, batch_axis=(), dtype=None):
        return _later(name, dtype, in_axis=in_axis, out_axis=out_axis, batch_axis=batch_axis)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = _DRAWS[name].__doc__
    return make


glorot_uniform = xavier_uniform = _scaling("glorot_uniform")
glorot_normal = xavier_normal = _scaling("glorot_normal")
lecun_uniform = _scaling("lecun_uniform")
lecun_normal = _scaling("lecun_normal")
he_uniform = kaiming_uniform = _scaling("he_uniform")
he_normal = kaiming_normal = _scaling("he_normal")


def orthogonal(scale=1.0, column_axis=-1, dtype=None):
    """Orthonormal columns along an axis, times `scale`."""
    return _later("orthogonal", dtype, scale=scale, column_axis=column_axis)


def delta_orthogonal(scale=1.0, column_axis=-1, dtype=None):
    """Orthogonal weights in the middle of a kernel of zeros."""
    return _later("delta_orthogonal", dtype, scale=scale, column_axis=column_axis)
