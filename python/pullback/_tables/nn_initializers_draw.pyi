# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike

def constant(key: ArrayLike | None = None, shape: int | Sequence[int], dtype: DTypeLike | None = None, value: ArrayLike) -> Array:
    """One value."""

def delta_orthogonal(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, scale: ArrayLike = 1.0, column_axis: int = -1) -> Array:
    """Zeros but for [`orthogonal`] weights in the middle of a kernel whose last two axes are the
    inputs and outputs."""

def glorot_normal(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, in_axis: int | Sequence[int] | None = -2, out_axis: int | Sequence[int] | None = -1, batch_axis: int | Sequence[int] | None = ()) -> Array:
    """Normal numbers within two deviations, of the variance of [`glorot_uniform`]."""

def glorot_uniform(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, in_axis: int | Sequence[int] | None = -2, out_axis: int | Sequence[int] | None = -1, batch_axis: int | Sequence[int] | None = ()) -> Array:
    """Uniform numbers of the variance of one over the mean number of inputs and outputs."""

def he_normal(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, in_axis: int | Sequence[int] | None = -2, out_axis: int | Sequence[int] | None = -1, batch_axis: int | Sequence[int] | None = ()) -> Array:
    """Normal numbers within two deviations, of the variance of [`he_uniform`]."""

def he_uniform(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, in_axis: int | Sequence[int] | None = -2, out_axis: int | Sequence[int] | None = -1, batch_axis: int | Sequence[int] | None = ()) -> Array:
    """Uniform numbers of the variance of two over the number of inputs."""

def lecun_normal(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, in_axis: int | Sequence[int] | None = -2, out_axis: int | Sequence[int] | None = -1, batch_axis: int | Sequence[int] | None = ()) -> Array:
    """Normal numbers within two deviations, of the variance of [`lecun_uniform`]."""

def lecun_uniform(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, in_axis: int | Sequence[int] | None = -2, out_axis: int | Sequence[int] | None = -1, batch_axis: int | Sequence[int] | None = ()) -> Array:
    """Uniform numbers of the variance of one over the number of inputs."""

def normal(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, stddev: ArrayLike = 0.01) -> Array:
    """Normal numbers of mean 0 and deviation `stddev`."""

def ones(key: ArrayLike | None = None, shape: int | Sequence[int], dtype: DTypeLike | None = None, out_sharding: Any = None) -> Array:
    """Ones."""

def orthogonal(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, scale: ArrayLike = 1.0, column_axis: int = -1) -> Array:
    """Orthonormal columns along an axis, or orthonormal rows if there are more columns, times
    `scale`."""

def truncated_normal(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, stddev: ArrayLike = 0.01, lower: ArrayLike = -2.0, upper: ArrayLike = 2.0) -> Array:
    """Normal numbers between `lower` and `upper`, times `stddev`."""

def uniform(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, scale: ArrayLike = 0.01) -> Array:
    """Uniform numbers from 0 to `scale`."""

def variance_scaling(key: ArrayLike, shape: int | Sequence[int], dtype: DTypeLike | None = None, scale: float, mode: str, distribution: str, in_axis: int | Sequence[int] | None = -2, out_axis: int | Sequence[int] | None = -1, batch_axis: int | Sequence[int] | None = ()) -> Array:
    """Numbers of the variance `scale` over the number of inputs ("fan_in"), of outputs ("fan_out"),
    or the arithmetic ("fan_avg") or geometric ("fan_geo_avg") mean of the two. The distribution is
    "truncated_normal", "normal" or "uniform"."""

def zeros(key: ArrayLike | None = None, shape: int | Sequence[int], dtype: DTypeLike | None = None, out_sharding: Any = None) -> Array:
    """Zeros."""
