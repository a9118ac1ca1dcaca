"""A tree of arrays as one vector."""

from pullback import _pullback, tree_util


def ravel_pytree(pytree):
    """The leaves of a tree one after another, and the function that puts them back."""
    from pullback import dtypes, numpy as jnp

    leaves, structure = tree_util.tree_flatten(pytree)
    leaves = [_pullback.as_array(leaf) for leaf in leaves]
    if not leaves:
        empty = jnp.zeros((0,), dtype="float32")
        return empty, lambda _: tree_util.tree_unflatten(structure, [])
    dtype = dtypes.result_type(*leaves)
    flat = jnp.concatenate([jnp.ravel(leaf).astype(dtype) for leaf in leaves])
    shapes = [leaf.shape for leaf in leaves]
    kinds = [leaf.dtype for leaf in leaves]
    sizes = [leaf.size for leaf in leaves]
    total = sum(sizes)

    def unravel(vector):
        if vector.shape != (total,):
            raise ValueError(
                f"The unravel function expected an input of shape {(total,)}, got shape "
                f"{vector.shape}."
            )
        if vector.dtype != dtype:
            raise TypeError(
                f"unravel function given array of dtype {vector.dtype}, but expected dtype {dtype}"
            )
        parts, start = [], 0
        for shape, kind, size in zip(shapes, kinds, sizes):
            parts.append(jnp.reshape(vector[start : start + size], shape).astype(kind))
            start += size
        return tree_util.tree_unflatten(structure, parts)

    return flat, unravel
