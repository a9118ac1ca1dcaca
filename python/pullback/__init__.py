"""Composable transformations of numerical functions: grad, vmap, jit, jvp, vjp over arrays.

`import pullback as jax; import pullback.numpy as jnp` is all that a JAX program has to change.
"""

from pullback import _pullback
from pullback import tree, tree_util  # noqa: F401
from pullback._api import (  # noqa: F401
    checkpoint,
    closure_convert,
    custom_gradient,
    custom_jvp,
    custom_vjp,
    device_get,
    device_put,
    block_until_ready,
    effects_barrier,
    ensure_compile_time_eval,
    fwd_and_bwd,
    hessian,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    live_arrays,
    make_array_from_callback,
    named_call,
    named_scope,
    pmap,
    process_count,
    process_index,
    remat,
    vmap,
    devices,
    local_devices,
    device_count,
    local_device_count,
    default_backend,
    clear_caches,
)
from pullback._config import (  # noqa: F401
    config,
    check_tracer_leaks,
    checking_leaks,
    debug_infs,
    debug_nans,
    default_device,
    default_matmul_precision,
    default_prng_impl,
    disable_jit,
    enable_checks,
    enable_custom_prng,
    enable_x64,
    log_compiles,
    no_tracing,
    numpy_dtype_promotion,
    numpy_rank_promotion,
    threefry_partitionable,
    transfer_guard,
)
from pullback.core import ShapeDtypeStruct  # noqa: F401
from pullback.runtime import num_threads, set_num_threads  # noqa: F401

__version__ = "0.1.0"

Array = _pullback.Array
Device = None
grad = _pullback.transforms.grad
value_and_grad = _pullback.transforms.value_and_grad
jvp = _pullback.transforms.jvp
vjp = _pullback.transforms.vjp
linearize = _pullback.transforms.linearize
linear_transpose = _pullback.transforms.linear_transpose
make_jaxpr = _pullback.transforms.make_jaxpr
eval_shape = _pullback.transforms.eval_shape

_SUBMODULES = frozenset(
    "ad_checkpoint core custom_derivatives debug dlpack dtypes errors "
    "experimental image lax nn numpy ops profiler random runtime scipy sharding stages test_util "
    "typing checkpoint_policies extend flatten_util".split()
)


def __getattr__(name):
    if name in _SUBMODULES:
        import importlib

        return importlib.import_module(f"pullback.{name}")
    if name == "pure_callback":
        from pullback._api import pure_callback

        return pure_callback
    if name.startswith("__"):
        raise AttributeError(f"module 'pullback' has no attribute {name!r}")
    raise AttributeError(
        f"module 'pullback' has no attribute {name!r}; it is not (yet) provided by pullback"
    )
