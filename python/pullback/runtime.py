"""What runs programs: threads, the memory of arrays, and the engine.

Threads, memory and engine are those of the whole process. Each has an environment variable, read
when it is first needed: `PULLBACK_NUM_THREADS`, `PULLBACK_MEMORY_LIMIT` (a number of bytes, which
may end in `K`, `M`, `G` or `T`) and `PULLBACK_ENGINE`. `PULLBACK_ISA` takes a lesser instruction set
than the processor has.
"""

from pullback import _pullback

_core = _pullback.runtime


def num_threads():
    """How many threads compute, the calling one included. Results do not depend on it.

    >>> num_threads() >= 1
    True
    """
    return _core.num_threads()


def set_num_threads(count):
    """Sets how many threads compute from now on; at most 256.

    >>> before = num_threads()
    >>> set_num_threads(3)
    >>> num_threads()
    3
    >>> set_num_threads(before)
    """
    _core.set_num_threads(count)


def memory_stats():
    """What the memory of arrays comes to, in bytes.

    `bytes_in_use` is that of arrays, `peak_bytes_in_use` the most of it so far, `bytes_kept` what is
    kept for the next arrays, `bytes_limit` the most that both may take, or None.

    >>> import pullback.numpy as jnp
    >>> x = jnp.zeros(1000) + 1
    >>> stats = memory_stats()
    >>> stats["peak_bytes_in_use"] >= stats["bytes_in_use"] >= 4000
    True
    """
    return _core.memory_stats()


def memory_limit():
    """The most bytes that arrays and what is kept may take, or None.

    >>> memory_limit() is None
    True
    """
    return _core.memory_limit()


def set_memory_limit(bytes):
    """Limits the bytes that arrays and what is kept may take; None lifts the limit.

    What would exceed the limit frees what is kept and, if that does not do, is an error: one of
    JAX's runtime, and a MemoryError.

    >>> import pullback.numpy as jnp
    >>> set_memory_limit(memory_stats()["bytes_in_use"] + 1_000_000)
    >>> try:
    ...     jnp.arange(1_000_000) + 1
    ... except MemoryError as error:
    ...     print(str(error)[:18])
    RESOURCE_EXHAUSTED
    >>> set_memory_limit(None)
    """
    _core.set_memory_limit(bytes)


def release_memory():
    """Hands the memory that is kept for the next arrays back to the system; returns its bytes.

    >>> _ = release_memory()
    >>> memory_stats()["bytes_kept"]
    0
    """
    return _core.release_memory()


def reset_peak_memory():
    """Begins to look for the peak again.

    >>> reset_peak_memory()
    >>> stats = memory_stats()
    >>> stats["peak_bytes_in_use"] == stats["bytes_in_use"]
    True
    """
    _core.reset_peak_memory()


def engine():
    """What runs programs: 'auto', 'native', 'tile' or 'oracle'.

    >>> engine() in ("auto", "native", "tile", "oracle")
    True
    """
    return _core.engine()


def set_engine(name):
    """Sets what runs programs; the results are the same, bit for bit.

    'tile' interprets them over small pieces of arrays, 'native' compiles them to machine code where
    that is possible, and 'auto' does so once it pays. 'oracle' is the reference that they are
    compared with: element by element, on one thread.

    >>> import pullback.numpy as jnp
    >>> before, x = engine(), jnp.linspace(0.0, 1.0, 5)
    >>> y = jnp.sin(x)
    >>> set_engine("oracle")
    >>> bool((jnp.sin(x) == y).all())
    True
    >>> set_engine(before)
    """
    _core.set_engine(name)


def instruction_set():
    """The instruction set that kernels and code are made for: 'avx512', 'avx2' or 'baseline'.

    It is the best that the processor has, or the lesser one that the environment variable
    `PULLBACK_ISA` says. Results are the same, but for the last digits of products, Fourier transforms
    and decompositions: these may differ without vectors, and those of large bfloat16 products with any.

    >>> instruction_set() in ("avx512", "avx2", "baseline")
    True
    """
    return _core.instruction_set()
