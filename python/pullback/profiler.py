"""What happened when: traces that Perfetto (ui.perfetto.dev) and `chrome://tracing` open.

Recorded is every step of every program, with the types of its operands and results and what it
computes and moves; every compilation; what the threads of the pool were at work on; and
annotations. While nothing is recorded, a program takes one load more.
"""

import contextlib
import datetime
import functools
import gzip
import os
import pathlib
import platform
import threading

from pullback import _pullback

_core = _pullback.runtime
_lock = threading.Lock()
_target = None


def start_trace(log_dir, create_perfetto_link=False, create_perfetto_trace=False,
                profiler_options=None):
    """Records from now on, to write a trace under `log_dir` in the end.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     start_trace(folder)
    ...     stop_trace()
    ...     [path.suffix for path in pathlib.Path(folder).rglob("*.trace.json.gz")]
    ['.gz']
    """
    global _target
    if create_perfetto_link:
        raise NotImplementedError(
            "start_trace: create_perfetto_link is not supported; open the file at ui.perfetto.dev"
        )
    with _lock:
        if not _core.start_recording():
            raise RuntimeError(
                "Profile has already been started. Only one profile may be run at a time."
            )
        _target = (pathlib.Path(os.fspath(log_dir)), create_perfetto_trace)


def stop_trace():
    """Ends the recording, and writes `plugins/profile/<time>/<host>.trace.json.gz`.

    >>> stop_trace()
    Traceback (most recent call last):
    RuntimeError: No profile started
    """
    global _target
    with _lock:
        text = _core.stop_recording()
        if text is None or _target is None:
            raise RuntimeError("No profile started")
        (folder, perfetto), _target = _target, None
        now = datetime.datetime.now().strftime("%Y_%m_%d_%H_%M_%S")
        folder = folder / "plugins" / "profile" / now
        folder.mkdir(parents=True, exist_ok=True)
        data = gzip.compress(text.encode(), compresslevel=1)
        (folder / f"{platform.node() or 'host'}.trace.json.gz").write_bytes(data)
        if perfetto:
            (folder / "perfetto_trace.json.gz").write_bytes(data)


@contextlib.contextmanager
def trace(log_dir, create_perfetto_link=False, create_perfetto_trace=False, profiler_options=None):
    """Records while the block runs, and writes a trace under `log_dir`.

    >>> import pathlib, tempfile
    >>> import pullback.numpy as jnp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with trace(folder):
    ...         _ = jnp.arange(4.0).sum()
    ...     len(list(pathlib.Path(folder).rglob("*.trace.json.gz")))
    1
    """
    start_trace(log_dir, create_perfetto_link, create_perfetto_trace, profiler_options)
    try:
        yield
    finally:
        stop_trace()


class TraceAnnotation(contextlib.ContextDecorator):
    """A span of the trace with a name of your own, and more to say of it.

    >>> with TraceAnnotation("load", batch=3):
    ...     pass
    """

    def __init__(self, name, **kwargs):
        self._name = name
        self._more = kwargs
        self._starts = []

    def __enter__(self):
        self._starts.append(_core.recording_time() if _core.is_recording() else None)
        return self

    def __exit__(self, *_):
        start = self._starts.pop()
        if start is not None:
            _core.record(self._name, start, self._more)

    @staticmethod
    def is_enabled():
        """Whether something is recorded."""
        return _core.is_recording()


class StepTraceAnnotation(TraceAnnotation):
    """A span that is one step of a program's loop.

    >>> for n in range(2):
    ...     with StepTraceAnnotation("train", step_num=n):
    ...         pass
    """


def annotate_function(func=None, name=None, **decorator_kwargs):
    """A function whose calls are spans of the trace, by its name or the one given.

    >>> @annotate_function
    ... def f(x):
    ...     return x + 1
    >>> f(1)
    2
    """
    if func is None:
        return functools.partial(annotate_function, name=name, **decorator_kwargs)
    label = name or getattr(func, "__qualname__", None) or func.__class__.__qualname__

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        with TraceAnnotation(label, **decorator_kwargs):
            return func(*args, **kwargs)

    return wrapper
