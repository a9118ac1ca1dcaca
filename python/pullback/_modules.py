"""Modules made from the table of functions."""

from pullback import _pullback


def fill(namespace, table):
    """Gives a module the functions of the table under its name."""
    functions = _pullback.functions(table)
    for name, function in functions.items():
        namespace.setdefault(name, function)
    module = namespace["__name__"]
    lazy = namespace.get("_LAZY", {})

    def __getattr__(name):
        if name in lazy:
            value = namespace[name] = lazy[name]()
            return value
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise AttributeError(
            f"module {module!r} has no attribute {name!r}; it is not (yet) provided by pullback"
        )

    namespace["__getattr__"] = __getattr__
