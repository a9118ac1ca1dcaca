"""Functions with derivatives of the user's own."""

from typing import Any

from pullback import tree_util as _tree_util
from pullback._api import closure_convert, custom_gradient, custom_jvp, custom_vjp  # noqa: F401


class CustomVJPPrimal:
    """An argument of a forward rule: its value, and whether it is differentiated."""

    def __init__(self, value: Any, perturbed: bool):
        self.value = value
        self.perturbed = perturbed


class SymbolicZero:
    """A tangent or cotangent that is known to be zero: only its type is there."""

    def __init__(self, aval):
        self.aval = aval

    def __repr__(self):
        return f"SymbolicZero({self.aval})"


def zero_from_primal(val, symbolic_zeros=False):
    """The zero tangent of a value, symbolic or as an array."""
    from pullback import core, numpy as jnp

    aval = core.ShapeDtypeStruct(jnp.shape(val), jnp.asarray(val).dtype)
    return SymbolicZero(aval) if symbolic_zeros else jnp.zeros(aval.shape, aval.dtype)



_tree_util.register_pytree_node(
    CustomVJPPrimal,
    lambda p: ((p.value,), p.perturbed),
    lambda perturbed, value: CustomVJPPrimal(*value, perturbed),
)
