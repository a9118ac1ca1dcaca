"""Pytrees, under short names."""

from pullback.tree_util import (  # noqa: F401
    _broadcast_prefix,
    tree_all as all,
    tree_flatten as flatten,
    tree_flatten_with_path as flatten_with_path,
    tree_leaves as leaves,
    tree_leaves_with_path as leaves_with_path,
    tree_map as map,
    tree_map_with_path as map_with_path,
    tree_reduce as reduce,
    tree_structure as structure,
    tree_transpose as transpose,
    tree_unflatten as unflatten,
)


def broadcast(prefix_tree, full_tree, is_leaf=None):
    """The tree in which every leaf of a prefix is repeated for the leaves below it."""
    leaves_ = _broadcast_prefix(prefix_tree, full_tree, is_leaf)
    return unflatten(structure(full_tree), leaves_)
