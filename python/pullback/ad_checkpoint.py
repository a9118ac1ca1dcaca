"""Functions whose derivatives compute again what they need."""

from pullback import _pullback, checkpoint_policies, tree_util  # noqa: F401
from pullback._api import checkpoint, remat  # noqa: F401


def checkpoint_name(x, name):
    """The same tree, under a name that policies of what to keep know it by."""
    return tree_util.tree_map(
        lambda leaf: _pullback.transforms.checkpoint_name(leaf, name), x
    )
