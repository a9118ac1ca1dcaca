"""Pytrees: nested containers of arrays."""

# The class of `functools`, without that module and what it imports, which takes a tenth of a start.
from _functools import partial as _partial

from pullback._pullback import tree as _tree

PyTreeDef = _tree.PyTreeDef
DictKey = _tree.DictKey
SequenceKey = _tree.SequenceKey
GetAttrKey = _tree.GetAttrKey
FlattenedIndexKey = _tree.FlattenedIndexKey
KeyPath = tuple

all_leaves = _tree.all_leaves
keystr = _tree.keystr
register_dataclass = _tree.register_dataclass
register_pytree_node = _tree.register_pytree_node
register_pytree_node_class = _tree.register_pytree_node_class
register_pytree_with_keys = _tree.register_pytree_with_keys
register_pytree_with_keys_class = _tree.register_pytree_with_keys_class
register_static = _tree.register_static
tree_all = _tree.tree_all
tree_flatten = _tree.tree_flatten
tree_flatten_with_path = _tree.tree_flatten_with_path
tree_leaves = _tree.tree_leaves
tree_leaves_with_path = _tree.tree_leaves_with_path
tree_map = _tree.tree_map
tree_map_with_path = _tree.tree_map_with_path
tree_reduce = _tree.tree_reduce
tree_structure = _tree.tree_structure
tree_transpose = _tree.tree_transpose
tree_unflatten = _tree.tree_unflatten
treedef_children = _tree.treedef_children
treedef_is_leaf = _tree.treedef_is_leaf
treedef_tuple = _tree.treedef_tuple
_broadcast_prefix = _tree.broadcast_prefix


class Partial(_partial):
    """A `functools.partial` that is a pytree: its arguments are children."""

    def __new__(cls, func, *args, **kwargs):
        return super().__new__(cls, func, *args, **kwargs)


register_pytree_node(
    Partial,
    lambda p: ((p.args, p.keywords), p.func),
    lambda func, parts: Partial(func, *parts[0], **parts[1]),
    lambda p: (((GetAttrKey("args"), p.args), (GetAttrKey("keywords"), p.keywords)), p.func),
)
