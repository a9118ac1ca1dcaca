"""Types for annotations."""

from typing import Any, Union

from pullback._pullback import Array

ArrayLike = Union[Array, bool, int, float, complex, Any]
DTypeLike = Any
