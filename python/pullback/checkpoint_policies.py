"""What the derivative of a checkpointed function may keep."""


def everything_saveable(prim, *_, **params):
    """Keeps everything."""
    return True


def nothing_saveable(prim, *_, **params):
    """Keeps nothing."""
    return False


def dots_saveable(prim, *_, **params):
    """Keeps the results of products of matrices."""
    return str(prim) in ("dot_general", "conv_general_dilated", "ragged_dot")


checkpoint_dots = dots_saveable


def dots_with_no_batch_dims_saveable(prim, *_, **params):
    """Keeps the results of products of matrices without batch axes."""
    if str(prim) != "dot_general":
        return False
    _, (batch, _) = params["dimension_numbers"]
    return not batch


checkpoint_dots_with_no_batch_dims = dots_with_no_batch_dims_saveable


def save_from_both_policies(first, second):
    """Keeps what either policy keeps."""

    def policy(prim, *args, **params):
        return first(prim, *args, **params) or second(prim, *args, **params)

    return policy


def save_only_these_names(*names):
    """Keeps values with these names."""
    known = frozenset(names)

    def policy(prim, *_, **params):
        return str(prim) == "name" and params["name"] in known

    return policy


def save_any_names_but_these(*names):
    """Keeps values with names other than these."""
    known = frozenset(names)

    def policy(prim, *_, **params):
        return str(prim) == "name" and params["name"] not in known

    return policy


def save_anything_except_these_names(*names):
    """Keeps everything but values with these names."""
    known = frozenset(names)

    def policy(prim, *_, **params):
        return not (str(prim) == "name" and params["name"] in known)

    return policy
