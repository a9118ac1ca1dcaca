"""Wrong calls, run on JAX and on us: both raise, in one class, and our message says enough.

A row is a call over a module, which is JAX or stands for it, and what our message must contain:
the function called, and the shapes, types or values that it was given. Where JAX ends the process
or raises an error of its compiler, the row is among those that only we are asked, at the end.
"""

from importlib import import_module

import numpy as np
import pytest

import pullback

jax = pytest.importorskip("jax")

for root in ("jax", "pullback"):
    for name in ("flatten_util", "nn", "scipy.special", "scipy.stats.norm"):
        import_module(f"{root}.{name}")


def row(call, *fragments):
    return call, fragments


SHAPES = [
    row(lambda jax, jnp: jnp.ones(3) + jnp.ones(2), "add", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.ones((2, 2)) + jnp.ones(3), "add", "(2, 2)", "(3,)"),
    row(lambda jax, jnp: jnp.subtract(jnp.ones((4, 5)), jnp.ones((4, 6))), "subtract", "(4, 5)", "(4, 6)"),
    row(lambda jax, jnp: jnp.ones((2, 3, 4)) * jnp.ones((2, 4, 4)), "multiply", "(2, 3, 4)", "(2, 4, 4)"),
    row(lambda jax, jnp: jnp.ones(3) / jnp.ones(2), "divide", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.ones(3) ** jnp.ones(2), "power", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.ones(3) < jnp.ones(2), "less", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.maximum(jnp.ones(3), jnp.ones(2)), "maximum", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.logaddexp(jnp.ones(3), jnp.ones(2)), "logaddexp", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.arctan2(jnp.ones(3), jnp.ones(2)), "arctan2", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.hypot(jnp.ones(3), jnp.ones(2)), "hypot", "(3,)", "(2,)"),
    row(lambda jax, jnp: divmod(jnp.ones(3), jnp.ones(2)), "divmod", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.ones(3, int) & jnp.ones(2, int), "bitwise_and", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.where(True, jnp.ones(3), jnp.ones(2)), "where", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.where(jnp.ones(4, bool), jnp.ones(3), 0.0), "where", "(4,)", "(3,)"),
    row(lambda jax, jnp: jnp.clip(jnp.ones(3), jnp.zeros(2), 1.0), "clip", "(2,)", "(3,)"),
    row(lambda jax, jnp: jnp.select([jnp.ones(3, bool)], [jnp.ones(2)]), "select", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.isclose(jnp.ones(3), jnp.ones(2)), "isclose", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.broadcast_to(jnp.ones(3), (2, 2)), "broadcast_to", "(3,)", "(2, 2)"),
    row(lambda jax, jnp: jnp.broadcast_to(jnp.ones((2, 3)), (3,)), "broadcast_to", "(2, 3)", "(3,)"),
    row(lambda jax, jnp: jnp.broadcast_arrays(jnp.ones(3), jnp.ones(2)), "broadcast_arrays", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.broadcast_shapes((3,), (2,)), "broadcast_shapes", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.full((2, 3), jnp.ones(4)), "full", "(4,)", "(2, 3)"),
    row(lambda jax, jnp: jnp.linspace(jnp.ones(3), jnp.ones(2)), "linspace", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.sum(jnp.ones(3), where=jnp.ones(2, bool)), "sum", "(2,)", "(3,)"),
    row(lambda jax, jnp: jax.nn.logsumexp(jnp.ones(3), b=jnp.ones(2)), "logsumexp", "(3,)", "(2,)"),
    row(lambda jax, jnp: jax.scipy.stats.norm.logpdf(jnp.ones(3), jnp.ones(2)), "logpdf", "(3,)", "(2,)"),
    row(lambda jax, jnp: exec("x += y", {"x": jnp.ones(3), "y": jnp.ones(2)}), "add", "(3,)", "(2,)"),
]

PRODUCTS = [
    row(lambda jax, jnp: jnp.dot(jnp.ones(3), jnp.ones(4)), "dot", "float32[3]", "float32[4]"),
    row(lambda jax, jnp: jnp.dot(jnp.ones((2, 3)), jnp.ones((4, 5))), "dot", "float32[2,3]", "float32[4,5]"),
    row(lambda jax, jnp: jnp.ones((2, 3)) @ jnp.ones(4), "matmul", "float32[2,3]", "float32[4]"),
    row(
        lambda jax, jnp: jnp.matmul(jnp.ones((2, 3, 4)), jnp.ones((3, 4, 5))),
        "matmul", "float32[2,3,4]", "float32[3,4,5]",
    ),
    row(lambda jax, jnp: jnp.matmul(jnp.ones((2, 3)), 2.0), "matmul", "operand 1", "ndim 0"),
    row(lambda jax, jnp: jnp.vdot(jnp.ones(3), jnp.ones(4)), "vdot", "float32[3]", "float32[4]"),
    row(lambda jax, jnp: jnp.vecdot(jnp.ones(3), jnp.ones(4)), "vecdot", "float32[3]", "float32[4]"),
    row(lambda jax, jnp: jnp.matvec(jnp.ones((2, 3)), jnp.ones(4)), "matvec", "float32[2,3]", "float32[4]"),
    row(lambda jax, jnp: jnp.vecmat(jnp.ones(3), jnp.ones((4, 2))), "vecmat", "float32[3]", "float32[4,2]"),
    row(lambda jax, jnp: jnp.inner(jnp.ones((2, 3)), jnp.ones((2, 4))), "inner", "float32[2,3]", "float32[2,4]"),
    row(
        lambda jax, jnp: jnp.tensordot(jnp.ones((2, 3)), jnp.ones((4, 5)), 1),
        "tensordot", "float32[2,3]", "float32[4,5]",
    ),
    row(lambda jax, jnp: jnp.tensordot(jnp.ones((2, 3)), jnp.ones((3, 5)), 3), "tensordot", "3", "float32[2,3]"),
    row(lambda jax, jnp: jnp.tensordot(jnp.ones((2, 3)), jnp.ones((3, 5)), ((0, 1), (0,))), "tensordot", "[0, 1]", "[0]"),
    row(lambda jax, jnp: jnp.tensordot(jnp.ones((2, 3)), jnp.ones((3, 5)), ((5,), (0,))), "tensordot", "axis 5", "dimension 2"),
    row(lambda jax, jnp: jnp.einsum("ij,jk->ik", jnp.ones((2, 3)), jnp.ones((4, 5))), "einsum", "'ij,jk->ik'", "3 and 4"),
    row(lambda jax, jnp: jnp.einsum("ij,jk->ik", jnp.ones((2, 3))), "einsum", "'ij,jk->ik'", "2 operands", "1"),
    row(lambda jax, jnp: jnp.einsum("ijk->i", jnp.ones((2, 3))), "einsum", "'ijk'", "float32[2,3]"),
    row(lambda jax, jnp: jnp.einsum("ij->k", jnp.ones((2, 3))), "einsum", "'ij->k'"),
    row(lambda jax, jnp: jnp.einsum("ij->ii", jnp.ones((2, 3))), "einsum", "'ij->ii'"),
    row(lambda jax, jnp: jnp.cross(jnp.ones(4), jnp.ones(4)), "cross", "float32[4]"),
]

AXES = [
    row(lambda jax, jnp: jnp.sum(jnp.ones((2, 3)), axis=2), "sum", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.sum(jnp.ones((2, 3)), axis=-3), "sum", "axis -3", "dimension 2"),
    row(lambda jax, jnp: jnp.sum(jnp.ones((2, 3)), axis=(0, 0)), "sum", "duplicate", "(0, 0)"),
    row(lambda jax, jnp: jnp.sum(jnp.ones((2, 3)), axis=(0, -2)), "sum", "duplicate", "(0, -2)"),
    row(lambda jax, jnp: jnp.sum(jnp.ones((2, 3)), axis=0.0), "sum", "'axis'", "0.0", "float"),
    row(lambda jax, jnp: jnp.ones((2, 3)).mean(axis=2), "mean", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.var(jnp.ones((2, 3)), axis=2), "var", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.argmax(jnp.ones((2, 3)), axis=2), "argmax", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.argmax(jnp.ones((2, 3)), axis=(0, 1)), "argmax", "'axis'", "(0, 1)"),
    row(lambda jax, jnp: jnp.cumsum(jnp.ones((2, 3)), axis=2), "cumsum", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.sort(jnp.ones((2, 3)), axis=2), "sort", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.sort(jnp.ones((2, 3)), axis="a"), "sort", "'axis'", "'a'"),
    row(lambda jax, jnp: jnp.median(jnp.ones((2, 3)), axis=2), "median", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.flip(jnp.ones((2, 3)), axis=2), "flip", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.fliplr(jnp.ones(3)), "fliplr", "axis 1", "dimension 1"),
    row(lambda jax, jnp: jnp.roll(jnp.ones((2, 3)), 1, axis=2), "roll", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.roll(jnp.ones((2, 3)), (1, 2), axis=(0, 1, 1)), "roll", "2 shifts", "3 axes"),
    row(lambda jax, jnp: jnp.rot90(jnp.ones((2, 3)), axes=(0, 0)), "rot90", "(0, 0)"),
    row(lambda jax, jnp: jnp.squeeze(jnp.ones((2, 3)), axis=0), "squeeze", "(2, 3)", "axis 0"),
    row(lambda jax, jnp: jnp.squeeze(jnp.ones((2, 1)), axis=5), "squeeze", "axis 5", "dimension 2"),
    row(lambda jax, jnp: jnp.expand_dims(jnp.ones((2, 3)), axis=5), "expand_dims", "axis 5", "dimension 3"),
    row(lambda jax, jnp: jnp.expand_dims(jnp.ones((2, 3)), axis=(0, 0)), "expand_dims", "(0, 0)"),
    row(lambda jax, jnp: jnp.swapaxes(jnp.ones((2, 3)), 0, 2), "swapaxes", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.moveaxis(jnp.ones((2, 3)), 0, 2), "moveaxis", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.moveaxis(jnp.ones((2, 3)), (0, 1), (0,)), "moveaxis", "2 vs 1"),
    row(lambda jax, jnp: jnp.moveaxis(jnp.ones((2, 3)), (0, 0), (0, 1)), "moveaxis", "(0, 0)", "float32[2,3]"),
    row(lambda jax, jnp: jnp.transpose(jnp.ones((2, 3)), (0, 0)), "transpose", "(0, 0)", "float32[2,3]"),
    row(lambda jax, jnp: jnp.transpose(jnp.ones((2, 3)), (0, 1, 2)), "transpose", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.ones((2, 3)).transpose("a"), "transpose", "'axes'", "a"),
    row(lambda jax, jnp: jnp.diagonal(jnp.ones((2, 3)), axis1=0, axis2=0), "diagonal", "float32[2,3]"),
    row(lambda jax, jnp: jnp.trace(jnp.ones(3)), "trace", "float32[3]"),
    row(lambda jax, jnp: jnp.tril(jnp.ones(())), "tril", "float32[]"),
    row(lambda jax, jnp: jnp.matrix_transpose(jnp.ones(3)), "matrix_transpose", "float32[3]"),
    row(lambda jax, jnp: jax.nn.softmax(jnp.ones((2, 3)), axis=2), "softmax", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jax.nn.standardize(jnp.ones((2, 3)), axis=3), "standardize", "axis 3", "dimension 2"),
    row(lambda jax, jnp: jax.nn.one_hot(jnp.arange(3), 3, axis=5), "one_hot", "axis 5", "dimension 2"),
    row(lambda jax, jnp: jnp.max(jnp.ones((0, 3))), "max", "zero-size"),
    row(lambda jax, jnp: jnp.argmax(jnp.ones((0,))), "argmax", "empty"),
    row(lambda jax, jnp: jnp.apply_along_axis(jnp.sum, 5, jnp.ones((2, 3))), "apply_along_axis", "axis 5"),
]

RESHAPING = [
    row(lambda jax, jnp: jnp.ones((2, 3)).reshape(4), "reshape", "(2, 3)", "size 6", "(4,)"),
    row(lambda jax, jnp: jnp.ones((2, 3)).reshape(-1, -1), "reshape", "(-1, -1)"),
    row(lambda jax, jnp: jnp.reshape(jnp.ones((2, 3)), (4, -1)), "reshape", "(2, 3)", "(4, -1)"),
    row(lambda jax, jnp: jnp.reshape(jnp.ones((2, 3)), (-2, -3)), "reshape", "(-2, -3)"),
    row(lambda jax, jnp: jnp.reshape(jnp.ones((2, 3)), (2.0, 3)), "reshape", "'shape'", "(2.0, 3)"),
    row(lambda jax, jnp: jnp.ones((2, 3)).reshape("ab"), "reshape", "'shape'", "ab"),
    row(lambda jax, jnp: jnp.reshape(jnp.ones((2, 3)), (3, 2), order="K"), "reshape", "'order'", "K"),
    row(lambda jax, jnp: jnp.ravel(jnp.ones((2, 3)), order="X"), "ravel", "'order'", "X"),
    row(lambda jax, jnp: jnp.ones((2, 3)).reshape(), "reshape", "'shape'"),
]

JOINING = [
    row(lambda jax, jnp: jnp.concatenate([jnp.ones((2, 3)), jnp.ones((3, 4))]), "concatenate", "float32[2,3]", "float32[3,4]"),
    row(lambda jax, jnp: jnp.concatenate([jnp.ones((2, 3)), jnp.ones(3)]), "concatenate", "float32[2,3]", "float32[3]"),
    row(lambda jax, jnp: jnp.concatenate([jnp.ones((2, 3))] * 2, axis=2), "concatenate", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.concatenate([]), "concatenate", "at least one"),
    row(lambda jax, jnp: jnp.concatenate([1.0, 2.0]), "concatenate", "zero-dimensional"),
    row(lambda jax, jnp: jnp.concatenate(3.0), "concatenate", "'arrays'", "float32[]"),
    row(lambda jax, jnp: jnp.stack([jnp.ones((2, 3)), jnp.ones((3, 2))]), "stack", "float32[2,3]", "float32[3,2]"),
    row(lambda jax, jnp: jnp.stack([]), "stack", "at least one"),
    row(lambda jax, jnp: jnp.stack([jnp.ones(3)] * 2, axis=2), "stack", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jnp.vstack([jnp.ones(3), jnp.ones(2)]), "vstack", "float32[1,3]", "float32[1,2]"),
    row(lambda jax, jnp: jnp.hstack([jnp.ones((2, 3)), jnp.ones((3, 3))]), "hstack", "float32[2,3]", "float32[3,3]"),
    row(lambda jax, jnp: jnp.column_stack([jnp.ones(3), jnp.ones(2)]), "column_stack", "float32[3,1]", "float32[2,1]"),
    row(lambda jax, jnp: jnp.append(jnp.ones((2, 3)), jnp.ones((3, 4)), axis=0), "append", "float32[2,3]", "float32[3,4]"),
    row(lambda jax, jnp: jnp.split(jnp.ones(5), 2), "split", "float32[5]", "2 equal"),
    row(lambda jax, jnp: jnp.split(jnp.ones(4), 2, axis=1), "split", "axis 1", "dimension 1"),
    row(lambda jax, jnp: jnp.split(jnp.ones(4), 0), "split", "float32[4]", "0 sections"),
    row(lambda jax, jnp: jnp.array_split(jnp.ones(4), 0), "array_split", "float32[4]", "0 sections"),
    row(lambda jax, jnp: jnp.hsplit(jnp.ones(()), 1), "hsplit", "axis 1", "dimension 0"),
    row(lambda jax, jnp: jnp.unstack(jnp.ones(())), "unstack", "scalar"),
    row(lambda jax, jnp: jnp.tile(jnp.ones(3), 1.5), "tile", "'reps'", "1.5"),
    row(lambda jax, jnp: jnp.meshgrid(jnp.ones((2, 3)), jnp.ones(2)), "meshgrid", "float32[2,3]"),
    row(lambda jax, jnp: jnp.meshgrid(jnp.ones(3), indexing="ab"), "meshgrid", "'xy'", "ab"),
]

CREATION = [
    row(lambda jax, jnp: jnp.arange(), "arange", "'start'"),
    row(lambda jax, jnp: jnp.arange("a"), "arange", "str"),
    row(lambda jax, jnp: jnp.arange(jnp.ones(3)), "arange", "float32[3]"),
    row(lambda jax, jnp: jnp.arange(3j), "arange", "complex64[]"),
    row(lambda jax, jnp: jnp.arange(0, 5, 0), "arange", "step"),
    row(lambda jax, jnp: jnp.arange(0.0, 5.0, 0.0), "arange", "step"),
    row(lambda jax, jnp: jnp.arange(float("nan")), "arange", "finite"),
    row(lambda jax, jnp: jnp.arange(float("inf")), "arange", "too many"),
    row(lambda jax, jnp: jnp.arange(3, dtype="foo"), "arange", "'foo'"),
    row(lambda jax, jnp: jnp.linspace(0, 1, -1), "linspace", "-1"),
    row(lambda jax, jnp: jnp.linspace(0, 1, 2.5), "linspace", "'num'", "2.5"),
    row(lambda jax, jnp: jnp.linspace(0, 1, 5, axis=3), "linspace", "axis 3"),
    row(lambda jax, jnp: jnp.logspace(0, 1, -1), "logspace", "-1"),
    row(lambda jax, jnp: jnp.zeros(-1), "zeros", "(-1,)"),
    row(lambda jax, jnp: jnp.ones((2, -3)), "ones", "(2, -3)"),
    row(lambda jax, jnp: jnp.zeros(2.5), "zeros", "'shape'", "2.5"),
    row(lambda jax, jnp: jnp.zeros("ab"), "zeros", "'shape'", "'ab'"),
    row(lambda jax, jnp: jnp.zeros(((1, 2), 3)), "zeros", "'shape'", "((1, 2), 3)"),
    row(lambda jax, jnp: jnp.zeros(3, dtype="float33"), "zeros", "'float33'"),
    row(lambda jax, jnp: jnp.zeros(3, dtype=object), "zeros", "object"),
    row(lambda jax, jnp: jnp.full((2, 3), "a"), "full", "str", "position 1"),
    row(lambda jax, jnp: jnp.eye(-1), "eye", "-1"),
    row(lambda jax, jnp: jnp.eye(2.5), "eye", "'N'", "2.5"),
    row(lambda jax, jnp: jnp.tri(-3), "tri", "-3"),
    row(lambda jax, jnp: jnp.identity("3"), "identity", "'n'", "'3'"),
    row(lambda jax, jnp: jnp.diag(jnp.ones((2, 2, 2))), "diag", "float32[2,2,2]"),
    row(lambda jax, jnp: jnp.vander(jnp.ones((2, 2))), "vander", "float32[2,2]"),
    row(lambda jax, jnp: jnp.ones(2**45), "ones", "35184372088832", "float32"),
    row(lambda jax, jnp: jnp.zeros((2**31, 2**31)), "zeros", "4611686018427387904", "float32"),
    row(lambda jax, jnp: jnp.broadcast_to(1.0, (2**31, 2**31)), "broadcast_to", "4611686018427387904"),
    row(lambda jax, jnp: jnp.tile(jnp.ones(2**20), 2**25), "tile", "35184372088832", "float32"),
]

CONVERSIONS = [
    row(lambda jax, jnp: jnp.array("a"), "array", "'a'", "str"),
    row(lambda jax, jnp: jnp.asarray(None), "asarray", "None"),
    row(lambda jax, jnp: jnp.array(object()), "array", "object"),
    row(lambda jax, jnp: jnp.array({"a": 1}), "array", "dict"),
    row(lambda jax, jnp: jnp.array({1, 2}), "array", "set"),
    row(lambda jax, jnp: jnp.array(len), "array", "builtin_function"),
    row(lambda jax, jnp: jnp.array(np.array([1, None], dtype=object)), "array", "object"),
    row(lambda jax, jnp: jnp.array(np.array(["a", "b"])), "array", "str"),
    row(lambda jax, jnp: jnp.array(np.datetime64("2020-01-01")), "array", "datetime64"),
    row(lambda jax, jnp: jnp.array(["a", "b"]), "array", "'a'"),
    row(lambda jax, jnp: jnp.array([1.0, None]), "array", "None"),
    row(lambda jax, jnp: jnp.array([[1, 2], [3]]), "array", "lengths"),
    row(lambda jax, jnp: jnp.array([[1, 2], 3]), "array", "lengths"),
    row(lambda jax, jnp: jnp.array([jnp.ones(2), jnp.ones(3)]), "array", "float32[2]", "float32[3]"),
    row(lambda jax, jnp: jnp.array(1.0, dtype="foo"), "array", "'foo'"),
    row(lambda jax, jnp: jnp.array(1.0, dtype=jnp.ones(3)), "array", "float32[3]"),
    row(lambda jax, jnp: jnp.array(2**40), "array", "1099511627776", "int32"),
    row(lambda jax, jnp: jnp.array(2**70), "array", "1180591620717411303424", "int32"),
    row(lambda jax, jnp: jnp.array([1, -(2**40)]), "array", "-1099511627776", "int32"),
    row(lambda jax, jnp: jnp.int8(1000), "1000", "int8"),
    row(lambda jax, jnp: jnp.uint8(-1), "-1", "uint8"),
    row(lambda jax, jnp: jnp.int32(2**70), "1180591620717411303424", "int32"),
    row(lambda jax, jnp: jnp.array([-1, 300], dtype="uint8"), "array", "-1", "uint8"),
    row(lambda jax, jnp: jnp.array([1.5, 300.0], dtype="int8"), "array", "300", "int8"),
    row(lambda jax, jnp: jnp.array(float("nan"), dtype="int32"), "array", "NaN"),
    row(lambda jax, jnp: jnp.array(1j, dtype="float32"), "array", "complex"),
    row(lambda jax, jnp: jnp.float32("a"), "'a'"),
    row(lambda jax, jnp: jnp.int32(None), "None"),
    row(lambda jax, jnp: jnp.add(jnp.int32(1), 2**40), "add", "1099511627776", "int32"),
    row(lambda jax, jnp: jnp.int32(1) + 2**40, "add", "1099511627776", "int32"),
    row(lambda jax, jnp: jnp.float32(1) * 2**70, "multiply", "1180591620717411303424", "int32"),
    row(lambda jax, jnp: jnp.where(True, 2**40, 1), "where", "1099511627776", "int32"),
    row(lambda jax, jnp: jnp.arange(3).at[0].set(2**40), "set", "1099511627776", "int32"),
    row(lambda jax, jnp: jnp.ones(3).astype("foo"), "astype", "'foo'"),
    row(lambda jax, jnp: jnp.ones(3).astype(object), "astype", "object"),
    row(lambda jax, jnp: jnp.ones(3).astype(jnp.ones(3)), "astype", "float32[3]"),
    row(lambda jax, jnp: jnp.int4(1) + jnp.int8(1), "add", "'int4'", "'int8'"),
    row(lambda jax, jnp: jnp.float8_e5m2(1) + jnp.float8_e4m3fn(1), "add", "'float8_e5m2'", "'float8_e4m3fn'"),
    row(lambda jax, jnp: jnp.dtype("foo"), "'foo'"),
    row(lambda jax, jnp: jnp.finfo("int32"), "int32"),
    row(lambda jax, jnp: jax.device_put("a"), "'a'", "str"),
]

ARGUMENTS = [
    row(lambda jax, jnp: jnp.sum([1, 2, 3]), "sum", "list"),
    row(lambda jax, jnp: jnp.sin("a"), "sin", "str"),
    row(lambda jax, jnp: jnp.sin(None), "sin", "NoneType"),
    row(lambda jax, jnp: jnp.add(1.0, None), "add", "NoneType", "position 1"),
    row(lambda jax, jnp: jnp.add(1), "add()", "'y'"),
    row(lambda jax, jnp: jnp.add(1, 2, 3, 4, 5), "add()", "2", "5"),
    row(lambda jax, jnp: jnp.sin(1.0, foo=2), "sin()", "'foo'"),
    row(lambda jax, jnp: jnp.sum(jnp.ones(3), a=1), "sum()", "'a'"),
    row(lambda jax, jnp: jnp.sum(jnp.ones(3), out=jnp.ones(())), "sum", "'out'"),
    row(lambda jax, jnp: jnp.sum(jnp.ones(3), dtype="foo"), "sum", "'foo'"),
    row(lambda jax, jnp: jnp.max(jnp.ones(3), where=jnp.ones(3, bool)), "max", "'initial'"),
    row(lambda jax, jnp: jnp.clip(jnp.ones(3), "a", 1), "clip", "str"),
    row(lambda jax, jnp: jnp.clip(jnp.ones(3), foo=1), "clip()", "'foo'"),
    row(lambda jax, jnp: jnp.round(jnp.ones(3), 1.5), "round", "'decimals'", "1.5"),
    row(lambda jax, jnp: jnp.where(True, 1.0), "where", "both or neither"),
    row(lambda jax, jnp: jnp.select([jnp.ones(3, bool)], []), "select", "1 vs 0"),
    row(lambda jax, jnp: jnp.select([], []), "select", "non-empty"),
    row(lambda jax, jnp: jnp.searchsorted(jnp.ones(3), 1.0, side="foo"), "searchsorted", "foo", "'left'"),
    row(lambda jax, jnp: jnp.searchsorted(jnp.ones(3), 1.0, method="foo"), "searchsorted", "foo", "'scan'"),
    row(lambda jax, jnp: jnp.searchsorted(jnp.ones((2, 3)), 1.0), "searchsorted", "float32[2,3]"),
    row(lambda jax, jnp: jnp.digitize(jnp.ones(3), jnp.ones((2, 2))), "digitize", "float32[2,2]"),
    row(lambda jax, jnp: jnp.bincount(jnp.ones(3)), "bincount", "float32[3]"),
    row(lambda jax, jnp: jnp.bincount(jnp.ones((2, 2), int)), "bincount", "int32[2,2]"),
    row(lambda jax, jnp: jnp.bincount(jnp.arange(3), length=-1), "bincount", "-1"),
    row(lambda jax, jnp: jnp.histogram(jnp.ones(3), bins="a"), "histogram", "str"),
    row(lambda jax, jnp: jnp.percentile(jnp.ones(3), 50, method="foo"), "percentile", "'linear'"),
    row(lambda jax, jnp: jnp.quantile(jnp.ones(3), jnp.ones((2, 2))), "quantile", "float32[2,2]"),
    row(lambda jax, jnp: jnp.average(jnp.ones((2, 3)), weights=jnp.ones(3)), "average", "float32[2,3]", "float32[3]"),
    row(lambda jax, jnp: jnp.average(jnp.ones((2, 3)), axis=0, weights=jnp.ones(3)), "average", "float32[2,3]", "float32[3]"),
    row(lambda jax, jnp: jnp.partition(jnp.ones(3), 5), "partition", "5", "3"),
    row(lambda jax, jnp: jnp.nonzero(jnp.float32(1)), "nonzero", "0d"),
    row(lambda jax, jnp: jnp.lexsort([]), "lexsort"),
    row(lambda jax, jnp: jnp.piecewise(jnp.ones(3), [jnp.ones(3, bool)], [1, 2, 3]), "1 or 2", "3"),
    row(lambda jax, jnp: jnp.vectorize(lambda x, y: x, signature="(n),(n)->(n)")(jnp.ones(3), jnp.ones(2)), "vectorize", "'n'", "2 vs 3"),
    row(lambda jax, jnp: jnp.vectorize(lambda x: x, signature="(n)->(n)")(1.0), "vectorize", "()", "('n',)"),
    row(lambda jax, jnp: jax.nn.one_hot(jnp.arange(3), -1), "one_hot", "-1"),
    row(lambda jax, jnp: jax.nn.one_hot(jnp.arange(3), 2.5), "one_hot", "'num_classes'", "2.5"),
    row(lambda jax, jnp: jax.nn.relu([1.0]), "relu", "list"),
    row(lambda jax, jnp: jnp.not_a_function, "pullback.numpy", "not_a_function"),
    row(lambda jax, jnp: jax.not_a_function, "pullback", "not_a_function"),
    row(lambda jax, jnp: jax.lax.not_a_function, "pullback.lax", "not_a_function"),
    row(lambda jax, jnp: jax.random.not_a_function, "pullback.random", "not_a_function"),
    row(lambda jax, jnp: jnp.linalg.not_a_function, "pullback.numpy.linalg", "not_a_function"),
    row(lambda jax, jnp: jax.config.update("not_an_option", 1), "not_an_option"),
]

OPERATIONS = [
    row(lambda jax, jnp: jnp.ones(3) & jnp.ones(3), "bitwise_and", "float32"),
    row(lambda jax, jnp: jnp.ones(3) | 1, "bitwise_or", "float32"),
    row(lambda jax, jnp: jnp.bitwise_xor(1.0, 2.0), "bitwise_xor", "float32"),
    row(lambda jax, jnp: ~jnp.ones(3), "invert", "float32"),
    row(lambda jax, jnp: jnp.ones(3) << 1, "left_shift", "float32"),
    row(lambda jax, jnp: jnp.right_shift(1.0, 2), "right_shift", "float32"),
    row(lambda jax, jnp: -jnp.ones(3, bool), "negative", "bool"),
    row(lambda jax, jnp: jnp.ones(3, bool) - jnp.ones(3, bool), "subtract", "bool"),
    row(lambda jax, jnp: jnp.floor(1j), "floor", "complex64"),
    row(lambda jax, jnp: jnp.mod(1j, 2.0), "remainder", "complex64"),
    row(lambda jax, jnp: jnp.ones(3, complex) // 2, "floor_divide", "complex"),
    row(lambda jax, jnp: jnp.cbrt(1j), "cbrt", "complex64"),
    row(lambda jax, jnp: jnp.hypot(1j, 1.0), "hypot", "complex64"),
    row(lambda jax, jnp: jnp.clip(jnp.ones(3, complex), 0, 1), "clip", "complex"),
    row(lambda jax, jnp: jnp.bitwise_count(1.0), "bitwise_count", "float32"),
    row(lambda jax, jnp: jnp.ldexp(1.0, 1.5), "ldexp", "float32"),
    row(lambda jax, jnp: jax.scipy.special.erf(1j), "erf", "complex64"),
    row(lambda jax, jnp: jax.scipy.special.gammaln(1j), "gammaln", "complex64"),
    row(lambda jax, jnp: jnp.ones(3) + [1, 2, 3], "+", "list"),
    row(lambda jax, jnp: jnp.ones(3) + "a", "+", "str"),
    row(lambda jax, jnp: jnp.ones(3) < "a", "<", "str"),
    row(lambda jax, jnp: jnp.ones(3) @ [1, 2, 3], "@", "list"),
    row(lambda jax, jnp: jnp.ones(3) ** None, "**", "NoneType"),
]

PROTOCOLS = [
    row(lambda jax, jnp: hash(jnp.ones(3)), "unhashable", "Array"),
    row(lambda jax, jnp: bool(jnp.ones(3)), "bool", "float32[3]"),
    row(lambda jax, jnp: bool(jnp.ones(0)), "bool", "float32[0]"),
    row(lambda jax, jnp: int(jnp.ones(3)), "int", "float32[3]"),
    row(lambda jax, jnp: int(jnp.ones((1,))), "int", "float32[1]"),
    row(lambda jax, jnp: float(jnp.ones(3)), "float", "float32[3]"),
    row(lambda jax, jnp: complex(jnp.ones(3)), "complex", "float32[3]"),
    row(lambda jax, jnp: float(jnp.complex64(1j)), "float", "complex"),
    row(lambda jax, jnp: int(jnp.float32("nan")), "NaN"),
    row(lambda jax, jnp: int(jnp.float32("inf")), "infinity"),
    row(lambda jax, jnp: [1][jnp.float32(0)], "index", "float32[]"),
    row(lambda jax, jnp: [1][jnp.zeros(1, int)], "index", "int32[1]"),
    row(lambda jax, jnp: range(jnp.float32(3)), "index", "float32[]"),
    row(lambda jax, jnp: len(jnp.float32(1)), "len()", "float32[]"),
    row(lambda jax, jnp: list(jnp.float32(1)), "iteration", "float32[]"),
    row(lambda jax, jnp: exec("a, b = x", {"x": jnp.ones(3)}), "unpack"),
    row(lambda jax, jnp: exec("x[0] = 1", {"x": jnp.ones(3)}), "immutable", ".at[]"),
    row(lambda jax, jnp: exec("x.shape = (3, 1)", {"x": jnp.ones(3)}), "shape"),
    row(lambda jax, jnp: jnp.ones(3).item(), "item", "float32[3]"),
    row(lambda jax, jnp: jnp.ones(3).item(5), "5", "3"),
    row(lambda jax, jnp: jnp.ones(3).tobytes("Q"), "order", "Q"),
    row(lambda jax, jnp: f"{jnp.ones(3):.3f}", "format", ".3f", "float32[3]"),
    row(lambda jax, jnp: round(jnp.ones(3), "a"), "str"),
    row(lambda jax, jnp: jnp.ones(3)(1), "Array", "callable"),
    row(lambda jax, jnp: jnp.ones(3).foo, "Array", "'foo'"),
]

INDEXING = [
    row(lambda jax, jnp: jnp.ones(3)[1, 2], "indexing", "1-dimensional", "2 were indexed"),
    row(lambda jax, jnp: jnp.float32(1)[0], "indexing", "0-dimensional", "1 were indexed"),
    row(lambda jax, jnp: jnp.ones(3)[[0, 1]], "indexing", "sequence"),
    row(lambda jax, jnp: jnp.ones(3)["a"], "indexing", "str"),
    row(lambda jax, jnp: jnp.ones(3)[{}], "indexing", "dict"),
    row(lambda jax, jnp: jnp.ones(3)[1.5], "indexing", "float32"),
    row(lambda jax, jnp: jnp.ones(3)[np.ones(2)], "indexing", "float32"),
    row(lambda jax, jnp: jnp.ones(3)[2**40], "indexing", "1099511627776", "int32"),
    row(lambda jax, jnp: jnp.ones(3)[jnp.ones(4, bool)], "indexing", "(4,)", "(3,)"),
    row(lambda jax, jnp: jnp.ones((2, 3))[jnp.ones((3, 2), bool)], "indexing", "(3, 2)", "(2, 3)"),
    row(lambda jax, jnp: jnp.ones((2, 3))[..., ...], "indexing", "ellipsis"),
    row(lambda jax, jnp: jnp.ones(3)[::0], "indexing", "step"),
    row(lambda jax, jnp: jnp.ones(3)[1.5:], "indexing", "1.5"),
    row(lambda jax, jnp: jnp.ones(3)["a":], "indexing", "a"),
    row(lambda jax, jnp: jnp.ones((4, 5))[jnp.arange(2), jnp.arange(3)], "indexing", "(2,)", "(3,)"),
    row(lambda jax, jnp: jnp.ones(3).at[0].set(jnp.ones(2)), "at[].set", "(2,)", "()"),
    row(lambda jax, jnp: jnp.ones((2, 3)).at[0].add(jnp.ones(2)), "at[].add", "(2,)", "(3,)"),
    row(lambda jax, jnp: jnp.ones(3).at[0:2].set([1.0, 2.0, 3.0]), "at[].set", "(3,)", "(2,)"),
    row(lambda jax, jnp: jnp.ones(3).at[0].set("a"), "at[].set", "'a'"),
    row(lambda jax, jnp: jnp.ones(3).at[0].set(None), "at[].set", "None"),
    row(lambda jax, jnp: jnp.ones(3).at[0].set(1.0, mode="foo"), "at", "foo"),
    row(lambda jax, jnp: jnp.ones(3).at[0].get(mode="foo"), "at", "foo"),
    row(lambda jax, jnp: jnp.ones(3).at[0, 1].set(1.0), "1-dimensional", "2 were indexed"),
    row(lambda jax, jnp: jnp.ones(3).at[1.5].set(1.0), "float32"),
    row(lambda jax, jnp: jnp.ones(3).at[0].apply(3), "callable"),
    row(lambda jax, jnp: jnp.ones(3).at.set(1.0), "'set'"),
]

GRAD = [
    row(lambda jax, jnp: jax.grad(lambda x: x)(jnp.ones(3)), "grad", "scalar", "float32[3]"),
    row(lambda jax, jnp: jax.value_and_grad(lambda x: x)(jnp.ones((2, 3))), "value_and_grad", "float32[2,3]"),
    row(lambda jax, jnp: jax.grad(lambda x: x)(3), "grad", "int32"),
    row(lambda jax, jnp: jax.grad(lambda x: x.sum())(jnp.arange(3)), "grad", "int32"),
    row(lambda jax, jnp: jax.grad(lambda x: x * 1.0)(True), "grad", "bool"),
    row(lambda jax, jnp: jax.grad(jax.random.normal)(jax.random.key(0)), "grad", "key<fry>"),
    row(lambda jax, jnp: jax.grad(lambda x: jnp.int32(3))(3.0), "grad", "int32", "outputs"),
    row(lambda jax, jnp: jax.grad(lambda x: x * 1j)(3.0), "grad", "complex64", "holomorphic=True"),
    row(lambda jax, jnp: jax.grad(lambda x: (x, x))(3.0), "grad", "scalar"),
    row(lambda jax, jnp: jax.grad(lambda x: None)(3.0), "grad", "None"),
    row(lambda jax, jnp: jax.grad(lambda x: "a")(3.0), "grad", "'a'", "str"),
    row(lambda jax, jnp: jax.grad(lambda x: 1.0)("a"), "grad", "'a'", "str"),
    row(lambda jax, jnp: jax.grad(lambda x: x, argnums=1)(3.0), "grad", "argnums=1", "1 positional"),
    row(lambda jax, jnp: jax.grad(lambda x, y: x, argnums=(0, 2))(3.0, 4.0), "grad", "argnums=(0, 2)", "2 positional"),
    row(lambda jax, jnp: jax.grad(lambda x: x, argnums=-2)(3.0), "grad", "argnums=-2"),
    row(lambda jax, jnp: jax.grad(lambda x, y: x * y, argnums=(0, 0))(3.0, 4.0), "grad", "argnums=(0, 0)"),
    row(lambda jax, jnp: jax.grad(lambda x: x, argnums=0.5)(3.0), "grad", "argnums", "0.5"),
    row(lambda jax, jnp: jax.grad(lambda x: x)(x=3.0), "grad", "argnums=0", "0 positional"),
    row(lambda jax, jnp: jax.grad(3), "grad", "callable", "3"),
    row(lambda jax, jnp: jax.grad(lambda x: x, holomorphic=True)(3.0), "grad", "holomorphic=True", "float32"),
    row(lambda jax, jnp: jax.grad(jnp.real, holomorphic=True)(3.0 + 1j), "grad", "holomorphic=True", "float32"),
    row(lambda jax, jnp: jax.grad(lambda x: x, has_aux=True)(3.0), "grad", "pair"),
    row(lambda jax, jnp: jax.value_and_grad(lambda x: (x, x, x), has_aux=True)(3.0), "value_and_grad", "pair"),
    row(lambda jax, jnp: jax.jacfwd(lambda x: x)(3), "jacfwd", "int32"),
    row(lambda jax, jnp: jax.jacfwd(lambda x: x)(3j), "jacfwd", "complex64"),
    row(lambda jax, jnp: jax.jacfwd(lambda x: x, argnums=1)(3.0), "jacfwd", "argnums=1", "1 positional"),
    row(lambda jax, jnp: jax.jacfwd(lambda x: x, holomorphic=True)(3.0), "jacfwd", "float32"),
    row(lambda jax, jnp: jax.jacfwd(jnp.real, holomorphic=True)(3.0 + 1j), "jacfwd", "float32"),
    row(lambda jax, jnp: jax.jacrev(lambda x: x)(3), "jacrev", "int32"),
    row(lambda jax, jnp: jax.jacrev(lambda x: x * 1j)(3.0), "jacrev", "complex64"),
    row(lambda jax, jnp: jax.jacrev(lambda x: jnp.int32(1))(3.0), "jacrev", "int32"),
    row(lambda jax, jnp: jax.hessian(lambda x: x)(3), "jacfwd", "int32"),
]

FORWARD = [
    row(lambda jax, jnp: jax.jvp(jnp.sin, 1.0, 1.0), "jvp", "tuples or lists", "float"),
    row(lambda jax, jnp: jax.jvp(jnp.sin, (1.0,), (1,)), "jvp", "float32", "int32"),
    row(lambda jax, jnp: jax.jvp(lambda x: x, (1,), (1.0,)), "jvp", "int32", "float0", "float32"),
    row(lambda jax, jnp: jax.jvp(jnp.sin, (1.0,), (jnp.ones(2),)), "jvp", "float32[]", "float32[2]"),
    row(lambda jax, jnp: jax.jvp(jnp.sin, (1.0,), ((1.0,),)), "jvp", "PyTreeDef((*,))", "PyTreeDef(((*,),))"),
    row(lambda jax, jnp: jax.jvp(jnp.add, (1.0, 2.0), (1.0,)), "jvp", "PyTreeDef((*, *))", "PyTreeDef((*,))"),
    row(lambda jax, jnp: jax.jvp(jnp.sin, (1.0,), (1.0,), has_aux=True), "jvp", "pair"),
    row(lambda jax, jnp: jax.jvp(3, (1.0,), (1.0,)), "jvp", "callable", "3"),
    row(lambda jax, jnp: jax.vjp(jnp.sin, 1.0)[1](jnp.ones(2)), "vjp", "float32[2]", "float32[]"),
    row(lambda jax, jnp: jax.vjp(jnp.sin, 1.0)[1](jnp.int32(2)), "vjp", "int32[]", "float32[]"),
    row(lambda jax, jnp: jax.vjp(jnp.sin, 1.0)[1]((1.0, 2.0)), "vjp", "PyTreeDef((*, *))", "PyTreeDef(*)"),
    row(lambda jax, jnp: jax.vjp(jnp.sin, 1.0)[1]("a"), "vjp", "'a'"),
    row(lambda jax, jnp: jax.vjp(3, 1.0), "vjp", "callable", "3"),
    row(lambda jax, jnp: jax.vjp(lambda x: "a", 1.0), "vjp", "'a'"),
    row(lambda jax, jnp: jax.linearize(jnp.sin, 1.0)[1](jnp.ones(2)), "linearize", "float32[2]", "float32[]"),
    row(lambda jax, jnp: jax.linearize(jnp.sin, 1.0)[1](1), "linearize", "int32[]", "float32[]"),
    row(lambda jax, jnp: jax.linearize(jnp.sin, 1.0)[1](1.0, 2.0), "linearize", "PyTreeDef((*, *))"),
    row(lambda jax, jnp: jax.linear_transpose(jnp.sin, 1.0)(1.0), "linear_transpose", "'sin'"),
    row(lambda jax, jnp: jax.linear_transpose(lambda x: 2 * x, 1.0)(jnp.ones(2)), "linear_transpose", "float32[2]", "float32[]"),
    row(lambda jax, jnp: jax.linear_transpose(lambda x: 2 * x, 1.0)(jnp.int32(1)), "linear_transpose", "int32[]", "float32[]"),
    row(lambda jax, jnp: jax.linear_transpose(lambda x: 2 * x, 1.0)((1.0,)), "linear_transpose", "PyTreeDef((*,))"),
]

VMAP = [
    row(lambda jax, jnp: jax.vmap(lambda x, y: x)(jnp.ones(2), jnp.ones(3)), "vmap", "float32[2]", "float32[3]"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, axis_size=3)(jnp.ones(2)), "vmap", "float32[2]", "3"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, in_axes=None)(jnp.ones(2)), "vmap", "in_axes"),
    row(lambda jax, jnp: jax.vmap(lambda x, y: x, in_axes=(None, None))(jnp.ones(2), 1.0), "vmap", "in_axes"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, in_axes=(0, 0))(jnp.ones(2)), "vmap", "len(in_axes)=2", "len(args)=1"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, in_axes=1)(jnp.ones(2)), "vmap", "in_axes", "axis 1", "float32[2]"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, in_axes=-2)(jnp.ones(2)), "vmap", "in_axes", "axis -2", "float32[2]"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, in_axes="a")(jnp.ones(2)), "vmap", "in_axes", "a"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, in_axes=0.5)(jnp.ones(2)), "vmap", "in_axes", "0.5"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, in_axes=("a",))(jnp.ones(2)), "vmap", "in_axes", "a"),
    row(
        lambda jax, jnp: jax.vmap(lambda x: x["a"], in_axes=({"a": 0, "b": 0},))({"a": jnp.ones(2)}),
        "vmap", "in_axes", "{'a': 0, 'b': 0}", "PyTreeDef({'a': *})",
    ),
    row(lambda jax, jnp: jax.vmap(lambda x: x, in_axes=((0, 0),))([jnp.ones(2)] * 2), "vmap", "in_axes", "PyTreeDef([*, *])"),
    row(lambda jax, jnp: jax.vmap(lambda x: x)(1.0), "vmap", "axis 0", "float32[]"),
    row(lambda jax, jnp: jax.vmap(lambda: 1.0)(), "vmap", "at least one argument"),
    row(lambda jax, jnp: jax.vmap(lambda x: x)("ab"), "vmap", "'ab'"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, out_axes=None)(jnp.ones(2)), "vmap", "out_axes", "float32[]"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, out_axes=2)(jnp.ones((2, 3))), "vmap", "out_axes", "axis 2", "float32[3]"),
    row(lambda jax, jnp: jax.vmap(lambda x: (x, x), out_axes=(0, 0, 0))(jnp.ones(2)), "vmap", "out_axes", "PyTreeDef((*, *))"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, out_axes="a")(jnp.ones(2)), "vmap", "out_axes", "a"),
    row(lambda jax, jnp: jax.vmap(lambda x: x, out_axes={"a": 0})(jnp.ones(2)), "vmap", "out_axes", "{'a': 0}"),
    row(lambda jax, jnp: jax.vmap(3), "vmap", "callable", "3"),
    row(lambda jax, jnp: jax.vmap(lambda x: "a")(jnp.ones(2)), "vmap", "'a'"),
    row(lambda jax, jnp: jax.vmap(lambda x: x if x > 0 else -x)(jnp.ones(2)), "bool", "bool[]"),
    row(lambda jax, jnp: jax.vmap(float)(jnp.ones(2)), "float", "float32[]"),
    row(lambda jax, jnp: jax.vmap(lambda x: np.sin(x))(jnp.ones(2)), "NumPy", "float32[]"),
    row(lambda jax, jnp: jax.vmap(lambda x: [1, 2][x])(jnp.zeros(2, int)), "index", "int32[]"),
    row(lambda jax, jnp: jax.vmap(lambda x: x[x > 0])(jnp.ones((2, 3))), "indexing", "bool[3]"),
    row(lambda jax, jnp: jax.vmap(lambda x: x.item())(jnp.ones(2)), "item", "float32[]"),
]

LEAKED = []


def leaked(transform, arg):
    LEAKED.clear()
    transform(lambda x: LEAKED.append(x) or x)(arg)
    return LEAKED[-1] + 1


class Unregistered:
    x = 1.0


JIT = [
    row(lambda jax, jnp: jax.jit(3), "jit", "callable", "3"),
    row(lambda jax, jnp: jax.jit(lambda x: x)("a"), "jit", "'a'", "str"),
    row(lambda jax, jnp: jax.jit(lambda f, x: f(x))(jnp.sin, 1.0), "jit", "function"),
    row(lambda jax, jnp: jax.jit(lambda x: x)(object()), "jit", "object"),
    row(lambda jax, jnp: jax.jit(lambda p: p.x)(Unregistered()), "jit", "Unregistered"),
    row(lambda jax, jnp: jax.jit(lambda x: "a")(1.0), "jit", "'a'", "str"),
    row(lambda jax, jnp: jax.jit(lambda x, n: x, static_argnums=1)(1.0, [1]), "jit", "static argument 1", "list"),
    row(lambda jax, jnp: jax.jit(lambda x, n: x, static_argnums=1)(1.0, jnp.ones(2)), "jit", "static argument 1", "Array"),
    row(lambda jax, jnp: jax.jit(lambda x, n: x, static_argnames="n")(1.0, n=[1]), "jit", "static argument n", "list"),
    row(lambda jax, jnp: jax.jit(lambda x: x, static_argnums=1), "jit", "static_argnums=(1,)", "1 positional"),
    row(lambda jax, jnp: jax.jit(lambda x: x, static_argnums=-2), "jit", "static_argnums=(-2,)", "1 positional"),
    row(lambda jax, jnp: jax.jit(lambda x: x, static_argnames="y"), "jit", "'y'", "static_argnames"),
    row(lambda jax, jnp: jax.jit(lambda x: x, static_argnums=0.5), "jit", "static_argnums", "0.5"),
    row(lambda jax, jnp: jax.jit(lambda x: x, donate_argnums=1), "jit", "donate_argnums=(1,)", "1 positional"),
    row(lambda jax, jnp: jax.jit(lambda x: x, donate_argnames="y"), "jit", "'y'", "donate_argnames"),
    row(lambda jax, jnp: jax.jit(lambda x: x, donate_argnums="a"), "jit", "donate_argnums", "'a'"),
    row(lambda jax, jnp: jax.jit(lambda x, y: x, static_argnums=1, donate_argnums=1), "jit", "static and donated"),
    row(lambda jax, jnp: jax.jit(lambda x, y: x)(1.0), "'y'"),
    row(lambda jax, jnp: jax.jit(lambda x: x)(1.0, z=2.0), "'z'"),
    row(lambda jax, jnp: jax.jit(lambda x: x if x > 0 else -x)(1.0), "bool", "bool[]"),
    row(lambda jax, jnp: jax.jit(lambda x: not x)(True), "bool", "bool[]"),
    row(lambda jax, jnp: jax.jit(lambda x: x if x > 0 else -x)(jnp.ones(3)), "bool", "bool[3]"),
    row(lambda jax, jnp: jax.jit(float)(1.0), "float", "float32[]"),
    row(lambda jax, jnp: jax.jit(int)(1), "int", "int32[]"),
    row(lambda jax, jnp: jax.jit(complex)(1j), "complex", "complex64[]"),
    row(lambda jax, jnp: jax.jit(lambda x: np.sin(x))(1.0), "NumPy", "float32[]"),
    row(lambda jax, jnp: jax.jit(np.asarray)(jnp.ones((2, 3))), "NumPy", "float32[2,3]"),
    row(lambda jax, jnp: jax.jit(lambda x: [1, 2][x])(1), "index", "int32[]"),
    row(lambda jax, jnp: jax.jit(lambda n: list(range(n)))(3), "index", "int32[]"),
    row(lambda jax, jnp: jax.jit(lambda x: x[x > 0])(jnp.ones(3)), "indexing", "bool[3]"),
    row(lambda jax, jnp: jax.jit(lambda x: x.at[x > 0].get())(jnp.ones(3)), "indexing", "bool[3]"),
    row(lambda jax, jnp: jax.jit(lambda n: jnp.ones(3)[:n])(2), "indexing", "static"),
    row(lambda jax, jnp: jax.jit(jnp.nonzero)(jnp.ones(3)), "nonzero", "bool[3]"),
    row(lambda jax, jnp: jax.jit(lambda x: jnp.where(x))(jnp.ones(3)), "where", "bool[3]"),
    row(lambda jax, jnp: jax.jit(jnp.unique)(jnp.ones(3)), "unique", "bool[3]"),
    row(lambda jax, jnp: jax.jit(jnp.zeros)(2), "zeros", "'shape'", "int32[]"),
    row(lambda jax, jnp: jax.jit(lambda n: jnp.ones(4).reshape(n, 2))(2), "reshape", "'shape'", "int32[]"),
    row(lambda jax, jnp: jax.jit(jnp.arange)(2), "arange", "int32[]"),
    row(lambda jax, jnp: jax.jit(lambda n: jnp.linspace(0, 1, n))(2), "linspace", "'num'", "int32[]"),
    row(lambda jax, jnp: jax.jit(lambda n: jnp.sum(jnp.ones((2, 3)), axis=n))(1), "sum", "'axis'", "int32[]"),
    row(lambda jax, jnp: jax.jit(jnp.eye)(2), "eye", "'N'", "int32[]"),
    row(lambda jax, jnp: jax.jit(lambda x: x.item())(1.0), "item", "float32[]"),
    row(lambda jax, jnp: jax.jit(lambda x: x.tolist())(jnp.ones(2)), "tolist", "float32[2]"),
    row(lambda jax, jnp: jax.jit(list)(1.0), "iteration", "float32[]"),
    row(lambda jax, jnp: jax.jit(lambda x: {x: 1})(1.0), "unhashable"),
    row(lambda jax, jnp: jax.jit(lambda x: f"{x:.3f}")(1.0), "format", ".3f", "float32[]"),
    row(lambda jax, jnp: leaked(jax.jit, 1.0), "float32[]", "ended"),
    row(lambda jax, jnp: leaked(jax.vmap, jnp.ones(2)), "float32[]", "ended"),
    row(lambda jax, jnp: leaked(jax.grad, 1.0), "float32[]", "ended"),
    row(lambda jax, jnp: leaked(jax.make_jaxpr, 1.0), "float32[]", "ended"),
    row(lambda jax, jnp: jax.make_jaxpr(3), "make_jaxpr", "callable", "3"),
    row(lambda jax, jnp: jax.make_jaxpr(lambda x: x)("a"), "make_jaxpr", "'a'"),
    row(lambda jax, jnp: jax.eval_shape(lambda x: x, "a"), "eval_shape", "'a'"),
    row(
        lambda jax, jnp: jax.eval_shape(jnp.add, *(jax.ShapeDtypeStruct((n,), "float32") for n in (2, 3))),
        "add", "(2,)", "(3,)",
    ),
    row(lambda jax, jnp: jax.ShapeDtypeStruct((3,), None), "ShapeDtypeStruct", "dtype"),
    row(lambda jax, jnp: jax.checkpoint(3)(1.0), "checkpoint", "callable", "3"),
    row(lambda jax, jnp: jax.checkpoint(lambda x: x)("a"), "checkpoint", "'a'"),
    row(lambda jax, jnp: jax.checkpoint(lambda x: x if x > 0 else -x)(1.0), "bool", "bool[]"),
    row(lambda jax, jnp: jax.checkpoint(lambda x: x, static_argnums=(3,))(1.0), "checkpoint", "static_argnums=3"),
]

CONTROL = [
    row(lambda jax, jnp: jax.lax.cond(True, lambda: 1.0, lambda: (1.0, 2.0)), "cond", "PyTreeDef(*)", "PyTreeDef((*, *))"),
    row(lambda jax, jnp: jax.lax.cond(True, lambda: {"a": 1.0}, lambda: {"b": 1.0}), "cond", "{'a': *}", "{'b': *}"),
    row(lambda jax, jnp: jax.lax.cond(True, lambda: jnp.ones(2), lambda: jnp.ones(3)), "cond", "float32[2]", "float32[3]"),
    row(lambda jax, jnp: jax.lax.cond(True, lambda x: x, lambda x: x.astype(int), jnp.ones(2)), "cond", "float32[2]", "int32[2]"),
    row(lambda jax, jnp: jax.lax.cond(jnp.ones(2), lambda: 1.0, lambda: 2.0), "cond", "pred", "float32[2]"),
    row(lambda jax, jnp: jax.lax.cond("a", lambda: 1.0, lambda: 2.0), "cond", "pred", "'a'"),
    row(lambda jax, jnp: jax.lax.cond(None, lambda: 1.0, lambda: 2.0), "cond", "pred", "None"),
    row(lambda jax, jnp: jax.lax.cond(True, 1.0, 2.0), "cond", "callable"),
    row(lambda jax, jnp: jax.lax.cond(True), "cond()", "'true_fun'"),
    row(lambda jax, jnp: jax.lax.cond(True, lambda x: 1.0, lambda x: 2.0, "a"), "cond", "'a'"),
    row(lambda jax, jnp: jax.lax.cond(True, lambda: "a", lambda: "b"), "cond", "'a'"),
    row(lambda jax, jnp: jax.lax.cond(True, lambda x: x if x > 0 else x, lambda x: x, 1.0), "bool", "bool[]"),
    row(lambda jax, jnp: jax.lax.switch(1.0, [lambda: 1.0, lambda: 2.0]), "switch", "float32[]"),
    row(lambda jax, jnp: jax.lax.switch(jnp.arange(2), [lambda: 1.0, lambda: 2.0]), "switch", "int32[2]"),
    row(lambda jax, jnp: jax.lax.switch(0, []), "switch", "empty"),
    row(lambda jax, jnp: jax.lax.switch(0, [1.0, 2.0]), "switch", "callables"),
    row(
        lambda jax, jnp: jax.lax.switch(0, [lambda: jnp.ones(2), lambda: jnp.ones(2), lambda: jnp.ones(3)]),
        "switch", "branch 2", "float32[2]", "float32[3]",
    ),
    row(lambda jax, jnp: jax.lax.while_loop(lambda x: x, lambda x: x, 1.0), "while_loop", "cond_fun", "float32[]"),
    row(lambda jax, jnp: jax.lax.while_loop(lambda x: x > 0, lambda x: x, jnp.ones(3)), "while_loop", "cond_fun", "bool[3]"),
    row(lambda jax, jnp: jax.lax.while_loop(lambda x: (x > 0, x), lambda x: x, 1.0), "while_loop", "cond_fun", "PyTreeDef((*, *))"),
    row(lambda jax, jnp: jax.lax.while_loop(lambda x: x > 0, lambda x: (x, x), 1.0), "while_loop", "PyTreeDef(*)", "PyTreeDef((*, *))"),
    row(lambda jax, jnp: jax.lax.while_loop(lambda x: x > 0, lambda x: x.astype(int), jnp.float32(1)), "while_loop", "float32[]", "int32[]"),
    row(lambda jax, jnp: jax.lax.while_loop(lambda x: x.sum() > 0, lambda x: x[1:], jnp.ones(3)), "while_loop", "float32[3]", "float32[2]"),
    row(lambda jax, jnp: jax.lax.while_loop(1, lambda x: x, 1.0), "while_loop", "callable"),
    row(lambda jax, jnp: jax.lax.while_loop(lambda x: True, lambda x: x, "a"), "while_loop", "'a'"),
    row(lambda jax, jnp: jax.lax.fori_loop(0.0, 1, lambda i, x: x, 0), "fori_loop", "float32[]", "int32[]"),
    row(lambda jax, jnp: jax.lax.fori_loop(jnp.int8(0), jnp.int16(3), lambda i, x: x, 0), "fori_loop", "int8[]", "int16[]"),
    row(lambda jax, jnp: jax.lax.fori_loop(jnp.arange(2), 3, lambda i, x: x, 0), "fori_loop", "int32[2]", "int32[]"),
    row(lambda jax, jnp: jax.lax.fori_loop(0, 3, lambda i, x: x.astype(int), jnp.float32(0)), "fori_loop", "float32[]", "int32[]"),
    row(lambda jax, jnp: jax.lax.fori_loop(0, 3, lambda i, x: (x, x), 0.0), "fori_loop", "PyTreeDef"),
    row(lambda jax, jnp: jax.lax.fori_loop(0, 3, lambda i, x: jnp.append(x, i), jnp.ones(2)), "fori_loop", "float32[2]", "float32[3]"),
    row(lambda jax, jnp: jax.lax.fori_loop(0, 3, 1.0, 0.0), "fori_loop", "callable", "1.0"),
    row(lambda jax, jnp: jax.lax.scan(lambda c, x: c, 0.0, jnp.ones(2)), "scan", "pair"),
    row(lambda jax, jnp: jax.lax.scan(lambda c, x: ((c, c), x), 0.0, jnp.ones(2)), "scan", "PyTreeDef(*)", "PyTreeDef((*, *))"),
    row(lambda jax, jnp: jax.lax.scan(lambda c, x: (c.astype(int), x), jnp.float32(0), jnp.ones(2)), "scan", "float32[]", "int32[]"),
    row(lambda jax, jnp: jax.lax.scan(lambda c, x: (jnp.append(c, x), x), jnp.ones(2), jnp.ones(2)), "scan", "float32[2]", "float32[3]"),
    row(lambda jax, jnp: jax.lax.scan(lambda c, x: (c, x), 0.0, (jnp.ones(2), jnp.ones(3))), "scan", "float32[2]", "float32[3]"),
    row(lambda jax, jnp: jax.lax.scan(lambda c, x: (c, x), 0.0), "scan", "length"),
    row(lambda jax, jnp: jax.lax.scan(lambda c, x: (c, x), 0.0, jnp.ones(2), length=3), "scan", "length 3", "float32[2]"),
    row(lambda jax, jnp: jax.lax.scan(lambda c, x: (c, x), 0.0, 3.0), "scan", "float32[]"),
    row(lambda jax, jnp: jax.lax.scan(3, 0.0, jnp.ones(2)), "scan", "callable", "3"),
    row(lambda jax, jnp: jax.lax.scan(lambda c, x: (c, x), "a", jnp.ones(2)), "scan", "'a'"),
    row(lambda jax, jnp: jax.jit(lambda n: jax.lax.scan(lambda c, x: (c, x), 0.0, None, n))(3), "scan", "'length'", "int32[]"),
    row(lambda jax, jnp: jax.lax.map(lambda x: x, 1.0), "map", "float32[]"),
    row(lambda jax, jnp: jax.lax.map(lambda x: x, (jnp.ones(2), jnp.ones(3))), "map", "float32[2]", "float32[3]"),
    row(lambda jax, jnp: jax.lax.associative_scan(3, jnp.ones(2)), "associative_scan", "callable", "3"),
    row(lambda jax, jnp: jax.lax.associative_scan(lambda a, b: a, (jnp.ones(2), jnp.ones(3))), "associative_scan", "float32[2]", "float32[3]"),
    row(lambda jax, jnp: jax.lax.associative_scan(jnp.add, jnp.ones(2), axis=1), "associative_scan", "axis 1", "float32[2]"),
    row(lambda jax, jnp: jax.lax.associative_scan(lambda a, b: (a, b, a), (jnp.ones(4),) * 2), "associative_scan", "PyTreeDef"),
]


def custom_vjp(jax, fwd, bwd):
    f = jax.custom_vjp(lambda x: x)
    f.defvjp(fwd, bwd)
    return jax.grad(f)(1.0)


def custom_jvp(jax, rule):
    f = jax.custom_jvp(lambda x: x)
    f.defjvp(rule)
    return jax.grad(f)(1.0)


CUSTOM = [
    row(lambda jax, jnp: jax.custom_vjp(lambda x: x)(1.0), "custom_vjp", "defvjp"),
    row(lambda jax, jnp: custom_vjp(jax, lambda x: x, lambda r, g: (g,)), "custom_vjp", "fwd", "pair"),
    row(lambda jax, jnp: custom_vjp(jax, lambda x: (x, x, x), lambda r, g: (g,)), "custom_vjp", "fwd", "pair"),
    row(lambda jax, jnp: custom_vjp(jax, lambda x: (x, None), lambda r, g: g), "custom_vjp", "bwd", "PyTreeDef"),
    row(lambda jax, jnp: custom_vjp(jax, lambda x: (x, None), lambda r, g: (g, g)), "custom_vjp", "bwd", "PyTreeDef((*, *))"),
    row(lambda jax, jnp: custom_vjp(jax, lambda x: (x, None), lambda r, g: ((g, g),)), "custom_vjp", "bwd", "PyTreeDef(((*, *),))"),
    row(lambda jax, jnp: custom_vjp(jax, lambda x: (x, None), lambda r, g: (jnp.ones(2),)), "custom_vjp", "bwd", "float32[2]", "float32[]"),
    row(lambda jax, jnp: custom_vjp(jax, lambda x: (x, None), lambda r, g: ("a",)), "custom_vjp", "bwd"),
    row(lambda jax, jnp: jax.custom_jvp(lambda x: x)(1.0), "custom_jvp", "defjvp"),
    row(lambda jax, jnp: custom_jvp(jax, lambda p, t: p[0]), "custom_jvp", "pair"),
    row(lambda jax, jnp: custom_jvp(jax, lambda p, t: (p[0], p[0], p[0])), "custom_jvp", "pair"),
    row(lambda jax, jnp: custom_jvp(jax, lambda p, t: (p[0], (t[0], t[0]))), "custom_jvp", "PyTreeDef(*)", "PyTreeDef((*, *))"),
    row(lambda jax, jnp: custom_jvp(jax, lambda p, t: (p[0], jnp.ones(2) * t[0])), "custom_jvp", "float32[]", "float32[2]"),
    row(lambda jax, jnp: custom_jvp(jax, lambda p, t: (p[0], jnp.int32(1))), "custom_jvp", "float32[]", "int32[]"),
    row(lambda jax, jnp: jax.custom_jvp(lambda n, x: x, nondiff_argnums=(0,)).defjvps(None), "custom_jvp", "defjvps"),
]


def registered(jax, flatten, times):
    class Node:
        pass

    for _ in range(times):
        jax.tree_util.register_pytree_node(Node, flatten, lambda aux, children: Node())
    return jax.tree_util.tree_leaves(Node())


TREES = [
    row(lambda jax, jnp: jax.tree_util.tree_map(lambda a, b: a, (1, 2), (1, 2, 3)), "tree_map", "(1, 2, 3)"),
    row(lambda jax, jnp: jax.tree_util.tree_map(lambda a, b: a, {"a": 1}, {"b": 1}), "tree_map", "{'a': *}", "{'b': 1}"),
    row(lambda jax, jnp: jax.tree_util.tree_map(lambda a, b: a, (1, 2), [1, 2]), "tree_map", "(*, *)", "[1, 2]"),
    row(lambda jax, jnp: jax.tree_util.tree_map(lambda a, b: a, (1, None), (1, 2)), "tree_map", "None", "2"),
    row(lambda jax, jnp: jax.tree_util.tree_map(lambda a: a, (1, 2), (1, 2)), "1 positional argument", "2"),
    row(lambda jax, jnp: jax.tree_util.tree_map(3, (1, 2)), "int", "callable"),
    row(lambda jax, jnp: jax.tree_util.tree_unflatten(jax.tree_util.tree_structure((1, 2)), [1]), "tree_unflatten", "expected 2", "1"),
    row(lambda jax, jnp: jax.tree_util.tree_unflatten(jax.tree_util.tree_structure((1, 2)), [1, 2, 3]), "tree_unflatten", "expected 2", "3"),
    row(lambda jax, jnp: jax.tree_util.tree_flatten({1: 1, "a": 2}), "keys"),
    row(lambda jax, jnp: jax.tree_util.register_pytree_node(tuple, lambda x: (x, None), lambda a, x: x), "register_pytree_node", "tuple"),
    row(lambda jax, jnp: registered(jax, lambda x: ((), None), 2), "register_pytree_node", "Node"),
    row(lambda jax, jnp: registered(jax, lambda x: 3, 1), "(children, aux_data)", "3"),
    row(lambda jax, jnp: jax.tree_util.tree_reduce(lambda a, b: a + b, []), "tree_reduce", "no initial value"),
    row(
        lambda jax, jnp: jax.tree_util.tree_transpose(
            jax.tree_util.tree_structure((1, 2)), jax.tree_util.tree_structure([1, 2, 3]), ([1, 2], [3, 4])
        ),
        "tree_transpose", "[*, *, *]", "[*, *]",
    ),
    row(lambda jax, jnp: jax.flatten_util.ravel_pytree({"a": jnp.ones(2)})[1](jnp.ones(3)), "(2,)", "(3,)"),
]

RANDOM = [
    row(lambda jax, jnp: jax.random.key(1.5), "key", "float32[]"),
    row(lambda jax, jnp: jax.random.key(jnp.arange(2)), "key", "int32[2]"),
    row(lambda jax, jnp: jax.random.key("a"), "key", "str"),
    row(lambda jax, jnp: jax.random.key(0, impl="foo"), "key", "'foo'", "threefry2x32"),
    row(lambda jax, jnp: jax.random.PRNGKey(0.5), "PRNGKey", "float32[]"),
    row(lambda jax, jnp: jax.random.normal(0), "normal", "int32[]"),
    row(lambda jax, jnp: jax.random.normal(jnp.ones(2)), "normal", "float32[2]"),
    row(lambda jax, jnp: jax.random.normal(jnp.zeros(3, "uint32")), "normal", "uint32[3]"),
    row(lambda jax, jnp: jax.random.normal(None), "normal", "NoneType"),
    row(lambda jax, jnp: jax.random.normal(jax.random.split(jax.random.key(0), 3)), "normal", "single key", "(3,)"),
    row(lambda jax, jnp: jax.random.split(jax.random.split(jax.random.key(0))), "split", "single key", "(2,)"),
    row(lambda jax, jnp: jax.random.fold_in(jax.random.split(jax.random.key(0)), 1), "fold_in", "single key", "(2,)"),
    row(lambda jax, jnp: jax.random.split(jax.random.key(0), 2.5), "split", "'num'", "2.5"),
    row(lambda jax, jnp: jax.random.fold_in(jax.random.key(0), jnp.arange(2)), "fold_in", "int32[2]"),
    row(lambda jax, jnp: jax.random.normal(jax.random.key(0), (1.5,)), "normal", "'shape'", "(1.5,)"),
    row(lambda jax, jnp: jax.random.normal(jax.random.key(0), (2,), dtype="int32"), "normal", "int32"),
    row(lambda jax, jnp: jax.random.normal(jax.random.key(0), (2,), dtype="foo"), "normal", "'foo'"),
    row(lambda jax, jnp: jax.random.uniform(jax.random.key(0), (2,), dtype=int), "uniform", "int32"),
    row(lambda jax, jnp: jax.random.uniform(jax.random.key(0), (2,), minval=jnp.zeros(3)), "uniform", "(3,)", "(2,)"),
    row(lambda jax, jnp: jax.random.uniform(jax.random.key(0), (2,), minval=jnp.zeros((2, 2))), "uniform", "(2, 2)", "(2,)"),
    row(lambda jax, jnp: jax.random.randint(jax.random.key(0), (2,), 0, 3, dtype="float32"), "randint", "float32"),
    row(lambda jax, jnp: jax.random.randint(jax.random.key(0), (2,)), "randint()", "'minval'"),
    row(lambda jax, jnp: jax.random.randint(jax.random.key(0), (2,), jnp.zeros(3, int), 3), "randint", "(3,)", "(2,)"),
    row(lambda jax, jnp: jax.random.bernoulli(jax.random.key(0), jnp.ones(3), (2,)), "bernoulli", "(3,)", "(2,)"),
    row(lambda jax, jnp: jax.random.choice(jax.random.key(0), 5, (2,), p=jnp.ones(3)), "choice", "(5,)", "float32[3]"),
    row(lambda jax, jnp: jax.random.choice(jax.random.key(0), 3, (5,), replace=False), "choice", "size 5", "size 3"),
    row(lambda jax, jnp: jax.random.choice(jax.random.key(0), 0, (5,)), "choice", "greater than 0"),
    row(lambda jax, jnp: jax.random.choice(jax.random.key(0), jnp.ones((2, 3)), (5,), axis=2), "choice", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jax.random.permutation(jax.random.key(0), 1.5), "permutation", "float32[]"),
    row(lambda jax, jnp: jax.random.categorical(jax.random.key(0), jnp.ones((2, 3)), axis=2), "categorical", "axis 2", "dimension 2"),
    row(lambda jax, jnp: jax.random.categorical(jax.random.key(0), jnp.ones((2, 3)), shape=(5,)), "categorical", "(2,)", "(5,)"),
    row(lambda jax, jnp: jax.random.truncated_normal(jax.random.key(0), jnp.zeros(3), 1.0, (2,)), "truncated_normal", "(3,)", "(2,)"),
    row(lambda jax, jnp: jax.random.multivariate_normal(jax.random.key(0), 1.0, jnp.eye(2)), "multivariate_normal", "float32[]"),
    row(lambda jax, jnp: jax.random.multivariate_normal(jax.random.key(0), jnp.ones(2), jnp.eye(3)), "multivariate_normal", "float32[2]", "float32[3,3]"),
    row(lambda jax, jnp: jax.random.multivariate_normal(jax.random.key(0), jnp.ones(2), jnp.eye(2), method="foo"), "multivariate_normal", "'foo'"),
    row(lambda jax, jnp: jax.random.bits(jax.random.key(0), (2,), dtype="float32"), "bits", "float32"),
    row(lambda jax, jnp: jax.random.key_data(jnp.ones(2)), "key_data", "float32[2]"),
    row(lambda jax, jnp: jax.random.wrap_key_data(jnp.zeros(3, "uint32")), "wrap_key_data", "uint32[3]"),
    row(lambda jax, jnp: jax.random.wrap_key_data(jnp.zeros(2)), "wrap_key_data", "float32[2]"),
    row(lambda jax, jnp: jax.random.key(0) + 1, "add", "key<fry>", "int32"),
    row(lambda jax, jnp: jnp.sin(jax.random.key(0)), "sin", "key<fry>"),
    row(lambda jax, jnp: jnp.sum(jax.random.split(jax.random.key(0))), "sum", "key<fry>"),
    row(lambda jax, jnp: jax.random.key(0) < jax.random.key(1), "less", "key<fry>"),
    row(lambda jax, jnp: np.asarray(jax.random.key(0)), "PRNGKey", "key_data"),
]

LINALG = [
    *(
        row(lambda jax, jnp, name=name, shape=shape: getattr(jnp.linalg, name)(jnp.ones(shape)), name, text)
        for name in ("inv", "det", "slogdet", "cholesky", "eigh", "eigvalsh")
        for shape, text in (((2, 3), "float32[2,3]"), ((3,), "float32[3]"))
    ),
    *(
        row(lambda jax, jnp, name=name: getattr(jnp.linalg, name)(jnp.ones(3)), name, "float32[3]")
        for name in ("svd", "pinv", "qr")
    ),
    row(lambda jax, jnp: jnp.linalg.det(jnp.ones((2, 3, 4))), "det", "float32[2,3,4]"),
    row(lambda jax, jnp: jnp.linalg.solve(jnp.ones((2, 3)), jnp.ones(2)), "solve", "float32[2,3]"),
    row(lambda jax, jnp: jnp.linalg.solve(jnp.eye(3), jnp.ones(2)), "solve", "float32[3,3]", "float32[2]"),
    row(lambda jax, jnp: jnp.linalg.solve(jnp.eye(3), jnp.ones((2, 2))), "solve", "float32[3,3]", "float32[2,2]"),
    row(lambda jax, jnp: jnp.linalg.solve(jnp.ones((2, 3, 3)), jnp.ones((4, 3, 1))), "solve", "float32[2,3,3]", "float32[4,3,1]"),
    row(lambda jax, jnp: jnp.linalg.matrix_power(jnp.eye(3), 1.5), "matrix_power", "'n'", "1.5"),
    row(lambda jax, jnp: jnp.linalg.matrix_power(jnp.ones((2, 3)), 2), "matrix_power", "float32[2,3]"),
    row(lambda jax, jnp: jnp.linalg.qr(jnp.eye(3), mode="foo"), "qr", "'foo'"),
    row(lambda jax, jnp: jnp.linalg.inv("a"), "inv", "str"),
    row(lambda jax, jnp: jnp.linalg.inv([[1.0, 2.0], [3.0, 4.0]]), "inv", "list"),
]

SIGNAL = [
    row(lambda jax, jnp: jnp.fft.fft(jnp.ones(3), 0), "fft", "(0,)"),
    row(lambda jax, jnp: jnp.fft.fft(jnp.ones(3), axis=1), "fft", "axis 1"),
    row(lambda jax, jnp: jnp.fft.fft(jnp.ones(3), norm="wrong"), "fft", "wrong"),
    row(lambda jax, jnp: jnp.fft.rfft(jnp.ones(3) + 0j), "rfft", "complex64[3]"),
    row(lambda jax, jnp: jnp.fft.fftn(jnp.ones((2, 3)), (2,), (0, 1)), "fftn", "(2,)", "(0, 1)"),
    row(lambda jax, jnp: jnp.fft.fft2(jnp.ones(3)), "fft2"),
    row(lambda jax, jnp: jax.lax.fft(jnp.ones(3), "FFT", (4,)), "fft", "complex64[3]", "(4,)"),
    row(lambda jax, jnp: jax.lax.fft(jnp.ones(3), "wrong", (3,)), "fft", "wrong"),
    row(lambda jax, jnp: jnp.convolve(jnp.ones((2, 3)), jnp.ones(3)), "convolve", "float32[2,3]"),
    row(lambda jax, jnp: jnp.convolve(jnp.ones(3), jnp.ones(0)), "convolve", "float32[0]"),
    row(lambda jax, jnp: jnp.correlate(jnp.ones(3), jnp.ones(3), "wrong"), "correlate", "wrong"),
    row(lambda jax, jnp: jax.lax.conv(jnp.ones((1, 2, 5)), jnp.ones((1, 3, 2)), (1,), "SAME"), "conv", "float32[1,2,5]", "float32[1,3,2]"),
    row(lambda jax, jnp: jax.lax.conv(jnp.ones((1, 2, 5)), jnp.ones((1, 2)), (1,), "SAME"), "conv", "(1, 2, 5)", "(1, 2)"),
    row(lambda jax, jnp: jax.lax.conv(jnp.ones((1, 2, 5)), jnp.ones((1, 2, 2), int), (1,), "SAME"), "conv", "float32", "int32"),
    row(lambda jax, jnp: jax.lax.conv_general_dilated(jnp.ones((1, 2, 5)), jnp.ones((3, 2, 2)), (1,), "SAME", feature_group_count=3), "conv_general_dilated", "feature_group_count", "3"),
    row(lambda jax, jnp: jax.lax.conv_general_dilated(jnp.ones((1, 2, 5)), jnp.ones((3, 2, 2)), (1,), "SAME", dimension_numbers=("NC", "OI", "NC")), "conv_general_dilated", "'OI'"),
    row(lambda jax, jnp: jax.lax.reduce_window(jnp.ones(4), 0.0, jax.lax.add, (2, 2)), "reduce_window", "(2, 2)"),
    row(lambda jax, jnp: jax.lax.reduce_window(jnp.ones(4), 0.0, jax.lax.add, (2,), (0,)), "reduce_window", "(0,)"),
]

TOPICS = {
    name: table
    for name, table in globals().items()
    if name.isupper() and isinstance(table, list) and table
}


def rows():
    for topic, table in TOPICS.items():
        for at, (call, fragments) in enumerate(table):
            yield pytest.param(call, fragments, id=f"{topic.lower()}-{at}-{fragments[0]}")


def raised(call, module):
    with pytest.raises(Exception) as caught:
        call(module, module.numpy)
    return caught.value


@pytest.mark.parametrize("call, fragments", rows())
def test_wrong_calls_raise_as_in_jax(call, fragments):
    theirs = raised(call, jax)
    ours = raised(call, pullback)
    kind = type(theirs)
    if kind.__module__ == "builtins":
        assert isinstance(ours, kind), ours
    else:
        assert kind.__name__ in [base.__name__ for base in type(ours).__mro__], ours
    message = str(ours)
    assert "internal error" not in message
    for fragment in fragments:
        assert fragment in message


def test_there_are_enough():
    assert sum(map(len, TOPICS.values())) > 400


# Here JAX ends the process, does not end, or raises an error of its compiler.
OURS = [
    (lambda jax, jnp: jnp.arange(2**45), MemoryError, ("arange", "35184372088832", "int32")),
    (lambda jax, jnp: jnp.eye(2**24), MemoryError, ("eye", "281474976710656")),
    (lambda jax, jnp: jnp.ones((2**40,) * 3), MemoryError, ("ones", "float32")),
    (lambda jax, jnp: jnp.zeros((2**20, 2**20)) + 1, MemoryError, ("zeros", "1099511627776")),
    (lambda jax, jnp: jnp.outer(jnp.ones(2**22), jnp.ones(2**22)), MemoryError, ("outer", "17592186044416")),
    (lambda jax, jnp: jnp.ones(2**70), OverflowError, ("ones", "'shape'", "1180591620717411303424")),
    (lambda jax, jnp: jnp.tril_indices(2**31), MemoryError, ("tril_indices",)),
    (lambda jax, jnp: jnp.array_split(jnp.ones(3), 2**60), MemoryError, ("array_split",)),
    (lambda jax, jnp: jnp.tile(jnp.ones(3), -1), TypeError, ("tile", "(-1,)")),
    (lambda jax, jnp: jnp.array(1.0, ndmin=2**40), ValueError, ("array", "1099511627776")),
    (lambda jax, jnp: jax.random.normal(jax.random.key(0), (-1,)), TypeError, ("normal", "(-1,)")),
    (lambda jax, jnp: jax.random.normal(jax.random.key(0), (2**40, 2**40)), MemoryError, ("normal",)),
    (lambda jax, jnp: jax.random.split(jax.random.key(0), -1), TypeError, ("split", "(-1,)")),
    (lambda jax, jnp: jax.random.split(jax.random.key(0), 2**45), MemoryError, ("split",)),
    (lambda jax, jnp: exec("del x[0]", {"x": jnp.ones(3)}), TypeError, ("deleted",)),
]


@pytest.mark.parametrize("call, kind, fragments", OURS, ids=range(len(OURS)))
def test_wrong_calls_raise(call, kind, fragments):
    ours = raised(call, pullback)
    assert isinstance(ours, kind), ours
    message = str(ours)
    assert "internal error" not in message
    for fragment in fragments:
        assert fragment in message
