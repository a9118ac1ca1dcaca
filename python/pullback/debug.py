"""Looking into traced programs."""

from pullback._pullback import transforms as _transforms


def callback(callback, *args, ordered=False, partitioned=False, **kwargs):
    """Calls a function of Python when a program gets there; its result is ignored."""
    _transforms.callback(callback, "debug", (), args, kwargs, None, ordered)


def print(fmt, *args, ordered=False, partitioned=False, skip_format_check=False,
          _use_logging=False, **kwargs):
    """Prints values when a program gets there."""
    import builtins

    if not skip_format_check:
        _check(fmt, args, kwargs)

    def show(*args, **kwargs):
        builtins.print(fmt.format(*args, **kwargs))

    callback(show, *args, ordered=ordered, **kwargs)


def _check(fmt, args, kwargs):
    import string

    class Formatter(string.Formatter):
        def format_field(self, value, format_spec):
            return ""

        def check_unused_args(self, used, args, kwargs):
            unused = [a for i, a in enumerate(args) if i not in used]
            missing = [k for k in kwargs if k not in used]
            if unused or missing:
                raise ValueError(
                    f"Unused arguments to debug.print: positional {len(unused)}, named {missing}. "
                    "Did you mean to use them in the format string, as in '{}'?"
                )

    Formatter().vformat(fmt, args, kwargs)
