"""Transformations as Python calls them: decorators, defaults, and compositions of others."""

from _functools import partial as _partial

from pullback import _devices, _pullback, tree_util
from pullback._pullback import transforms as _transforms

_UNSET = object()


def _dress(wrapper, fun):
    """The wrapper with name, text and attributes of the function."""
    import functools

    return functools.update_wrapper(wrapper, fun)


def _tuple(value, kind):
    if value is None:
        return ()
    return (value,) if isinstance(value, kind) else tuple(value)


def jit(fun=_UNSET, /, *, static_argnums=None, static_argnames=None, donate_argnums=None,
        donate_argnames=None, keep_unused=False, inline=False, in_shardings=None,
        out_shardings=None, device=None, backend=None, abstracted_axes=None,
        compiler_options=None):
    """Compiles a function: recorded once for each kind of arguments, then run as a whole."""
    if fun is _UNSET:
        return _partial(
            jit, static_argnums=static_argnums, static_argnames=static_argnames,
            donate_argnums=donate_argnums, donate_argnames=donate_argnames, inline=inline,
        )
    numbers = _several("static_argnums", static_argnums, int)
    names = _several("static_argnames", static_argnames, str)
    donated = _several("donate_argnums", donate_argnums, int)
    donated_names = _several("donate_argnames", donate_argnames, str)
    if numbers or names:
        numbers, names = _resolve(fun, numbers, names, "static")
    if donated or donated_names:
        donated, donated_names = _resolve(fun, donated, donated_names, "donate")
        both = sorted({*numbers, *names} & {*donated, *donated_names}, key=str)
        if both:
            raise ValueError(f"jit: arguments cannot be static and donated at once: {both}")
    jitted = _transforms.jit(fun, list(numbers), list(names), bool(inline))
    if donated or donated_names:
        return _Donating(jitted, donated, donated_names)
    return jitted


class _Donating:
    """A jitted function that uses up arguments: arrays whose place a result can take."""

    def __init__(self, jitted, numbers, names):
        self._jitted = jitted
        self._numbers = numbers
        self._names = names
        _dress(self, jitted)

    def __call__(self, *args, **kwargs):
        results = self._jitted(*args, **kwargs)
        given = [args[n] for n in self._numbers if -len(args) <= n < len(args)]
        given += [kwargs[name] for name in self._names if name in kwargs]
        places = [_kind(leaf) for leaf in tree_util.tree_leaves(results)]
        for leaf in tree_util.tree_leaves(given):
            if isinstance(leaf, _pullback.Array) and not leaf._is_tracer and _kind(leaf) in places:
                places.remove(_kind(leaf))
                leaf.delete()
        return results

    def __getattr__(self, name):
        return getattr(self._jitted, name)

    def __get__(self, instance, owner=None):
        return self if instance is None else _partial(self, instance)


def _kind(leaf):
    return (leaf.shape, leaf.dtype) if isinstance(leaf, _pullback.Array) else None


def _several(option, value, kind):
    """One number or name, or several, as a tuple."""
    single = isinstance(value, str) or hasattr(value, "__index__")
    try:
        values = () if value is None else (value,) if single else tuple(value)
        if kind is int:
            return tuple(one.__index__() for one in values)
        if all(isinstance(one, str) for one in values):
            return values
    except (AttributeError, TypeError):
        pass
    raise TypeError(f"jit: {option} must be {kind.__name__} or several of them, got {value!r}")


def _resolve(fun, numbers, names, option):
    """Arguments by position and by name, each completed by the other."""
    import inspect

    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
        return numbers, names
    kinds = inspect.Parameter
    positional = [
        p.name for p in parameters if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    ]
    variadic = any(p.kind == kinds.VAR_POSITIONAL for p in parameters)
    known = {p.name for p in parameters}
    if not any(p.kind == kinds.VAR_KEYWORD for p in parameters):
        for name in names:
            if name not in known:
                raise ValueError(
                    f"jit: the function takes no argument of the name {name!r} in "
                    f"{option}_argnames"
                )
    for number in numbers:
        if not variadic and not -len(positional) <= number < len(positional):
            raise ValueError(
                f"jit: the function has {option}_argnums={numbers} but only accepts "
                f"{len(positional)} positional arguments"
            )
    by_name = [positional.index(name) for name in names if name in positional]
    by_number = [positional[n] for n in numbers if -len(positional) <= n < len(positional)]
    merged_numbers = [n % len(positional) if n < 0 else n for n in numbers] + by_name
    return sorted(set(merged_numbers)), list(dict.fromkeys([*names, *by_number]))


def vmap(fun, in_axes=0, out_axes=0, axis_name=None, axis_size=None, spmd_axis_name=None,
         sum_match=False):
    """Vectorises a function over an axis of its arguments and results."""
    return _transforms.vmap(fun, in_axes, out_axes, axis_name, axis_size)


def pmap(fun, axis_name=None, *, in_axes=0, out_axes=0, static_broadcasted_argnums=(), **_):
    """As `vmap` under `jit`; there is one device."""
    return jit(vmap(fun, in_axes, out_axes, axis_name))


jacfwd = _transforms.jacfwd
jacrev = jacobian = _transforms.jacrev
hessian = _transforms.hessian


def _split(name, fun, argnums, args, kwargs):
    """A function of the chosen arguments alone, and those arguments."""
    numbers = tuple(n + len(args) if n < 0 else n for n in argnums)
    for n in numbers:
        if not 0 <= n < len(args):
            raise ValueError(
                f"{name}: differentiating with respect to argnums={argnums} requires at least {n + 1} "
                f"positional arguments to be passed by the caller, but got only {len(args)} "
                "positional arguments."
            )

    def partial(*chosen):
        full = list(args)
        for n, value in zip(numbers, chosen):
            full[n] = value
        return fun(*full, **kwargs)

    return partial, tuple(args[n] for n in numbers)


def fwd_and_bwd(fun, argnums, has_aux=False, jitted=True):
    """The two halves of reverse mode as functions of their own."""
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def fwd(*args, **kwargs):
        partial, chosen = _split("fwd_and_bwd", fun, numbers, args, kwargs)
        return _transforms.vjp(partial, *chosen, has_aux=has_aux)

    def bwd(pullback, ct):
        return pullback(ct)

    return fwd, bwd


def _positional(fun, args, kwargs):
    """The arguments of a call as positional ones, defaults included."""
    if not kwargs:
        return args
    import inspect

    bound = inspect.signature(fun).bind(*args, **kwargs)
    bound.apply_defaults()
    if bound.kwargs:
        raise TypeError(
            "keyword arguments could not be resolved to positions for a function with a custom "
            "derivative"
        )
    return bound.args


class custom_jvp:
    """A function with a forward derivative of its own."""

    def __init__(self, fun, nondiff_argnums=(), nondiff_argnames=()):
        _dress(self, fun)
        self.fun = fun
        self.nondiff_argnums = _tuple(nondiff_argnums, int)
        self.jvp = None
        self.symbolic_zeros = False

    def defjvp(self, jvp, symbolic_zeros=False):
        """Sets the derivative: from primals and tangents to the results and theirs."""
        self.jvp = jvp
        self.symbolic_zeros = symbolic_zeros
        return jvp

    def defjvps(self, *jvps):
        """Sets the derivative with respect to each argument; `None` is zero."""
        if self.nondiff_argnums:
            raise TypeError("custom_jvp: defjvps cannot be used with nondiff_argnums")

        def jvp(primals, tangents):
            out = self(*primals)
            parts = [rule(t, out, *primals) for rule, t in zip(jvps, tangents) if rule]
            zeros = lambda x: _zeros_like_tangent(x)  # noqa: E731
            if not parts:
                return out, tree_util.tree_map(zeros, out)
            total = parts[0]
            for part in parts[1:]:
                total = tree_util.tree_map(lambda a, b: a + b, total, part)
            return out, total

        self.defjvp(jvp)

    def __call__(self, *args, **kwargs):
        if self.jvp is None:
            raise AttributeError(
                f"custom_jvp: no derivative was defined for {self.__name__} using defjvp"
            )
        args = _positional(self.fun, args, kwargs)
        fun, rule, args = _without(self.fun, self.jvp, self.nondiff_argnums, args)
        return _transforms.custom_jvp_call(
            fun, rule, getattr(self, "__name__", "fun"), tuple(args), self.symbolic_zeros
        )

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return _partial(self, instance)


def _zeros_like_tangent(x):
    from pullback import numpy as jnp

    return jnp.zeros_like(_pullback.as_array(x))


def _without(fun, rule, numbers, args):
    """A function and its rule with arguments that are not differentiated fixed."""
    if not numbers:
        return fun, rule, args
    numbers = [n + len(args) if n < 0 else n for n in numbers]
    fixed = {n: args[n] for n in numbers}
    rest = [a for n, a in enumerate(args) if n not in fixed]

    def partial(*dynamic):
        dynamic = iter(dynamic)
        return fun(*(fixed[n] if n in fixed else next(dynamic) for n in range(len(args))))

    first = [args[n] for n in numbers]
    return partial, _partial(rule, *first), rest


class custom_vjp:
    """A function with a reverse derivative of its own."""

    def __init__(self, fun, nondiff_argnums=(), nondiff_argnames=()):
        _dress(self, fun)
        self.fun = fun
        self.nondiff_argnums = _tuple(nondiff_argnums, int)
        self.fwd = None
        self.bwd = None
        self.symbolic_zeros = False

    def defvjp(self, fwd, bwd, symbolic_zeros=False, optimize_remat=False):
        """Sets the two halves of the derivative."""
        self.fwd = fwd
        self.bwd = bwd
        self.symbolic_zeros = symbolic_zeros

    def __call__(self, *args, **kwargs):
        if self.fwd is None or self.bwd is None:
            raise AttributeError(
                f"custom_vjp: no derivative was defined for {self.__name__} using defvjp"
            )
        args = _positional(self.fun, args, kwargs)
        numbers = [n + len(args) if n < 0 else n for n in self.nondiff_argnums]
        fixed = {n: args[n] for n in numbers}
        dynamic = [a for n, a in enumerate(args) if n not in fixed]

        def with_fixed(function):
            if not fixed:
                return function

            def partial(*given):
                given = iter(given)
                return function(*(fixed[n] if n in fixed else next(given) for n in range(len(args))))

            return partial

        bwd = _partial(self.bwd, *(args[n] for n in numbers)) if numbers else self.bwd
        return _transforms.custom_vjp_call(
            with_fixed(self.fun), with_fixed(self.fwd), bwd, getattr(self, "__name__", "fun"),
            tuple(dynamic), self.symbolic_zeros,
        )

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return _partial(self, instance)


def custom_gradient(fun):
    """A function that returns its value and its reverse derivative."""

    def value(*args):
        return fun(*args)[0]

    wrapped = custom_vjp(_dress(value, fun))

    def fwd(*args):
        value, rule = fun(*args)
        rule, constants = closure_convert(rule, value)
        return value, (tree_util.Partial(rule), constants, args)

    def bwd(residuals, ct):
        rule, constants, args = residuals
        cts = rule(ct, *constants)
        # One argument may be given its cotangent without a tuple around it.
        return tuple(cts) if isinstance(cts, (tuple, list)) else (cts,)

    wrapped.defvjp(fwd, bwd)
    return wrapped


def closure_convert(fun, *example_args):
    """A function with the traced arrays it closes over as further arguments, and those arrays."""
    return _transforms.closure_convert(fun, example_args)


def checkpoint(fun=_UNSET, /, *, prevent_cse=True, policy=None, static_argnums=(), concrete=False):
    """A function whose derivative computes again what it needs, instead of keeping it."""
    if fun is _UNSET:
        return _partial(
            checkpoint, prevent_cse=prevent_cse, policy=policy, static_argnums=static_argnums
        )
    return _transforms.checkpoint(fun, policy, _tuple(static_argnums, int), prevent_cse)


remat = checkpoint


def pure_callback(callback, result_shape_dtypes, *args, sharding=None, vmap_method=None,
                  vectorized=None, **kwargs):
    """The results of a function of Python that only computes, inside a traced function."""
    if vectorized is not None and vmap_method is None:
        vmap_method = "legacy_vectorized" if vectorized else "sequential"
    return _transforms.callback(
        callback, "pure", result_shape_dtypes, args, kwargs, vmap_method, False
    )


def named_call(fun, *, name=None):
    """The function; names of parts are not recorded."""
    if not callable(fun):
        raise TypeError(f"named_call: expected a callable value, got {fun!r}")
    return fun


class named_scope:
    """A name for a part of a program; names of parts are not recorded."""

    def __init__(self, name):
        if not isinstance(name, str):
            raise TypeError(f"named_scope: name argument must be a string, got {name!r}")
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def __call__(self, fun):
        return fun


ensure_compile_time_eval = _transforms.ensure_compile_time_eval


def device_put(x, device=None, *, src=None, donate=False, may_alias=None):
    """A tree with its leaves as arrays."""
    return tree_util.tree_map(_pullback.as_array, x)


def device_get(x):
    """A tree with its arrays as arrays of NumPy."""
    import numpy as np

    return tree_util.tree_map(
        lambda leaf: np.asarray(leaf) if isinstance(leaf, _pullback.Array) else leaf, x
    )


def effects_barrier():
    """Waits for effects; they have always happened when a call returns."""


def block_until_ready(x):
    """The tree, computed; it always is."""
    return x


def _check_backend(function, backend):
    """Refuses backends other than the processor."""
    if backend is not None and not isinstance(backend, str):
        raise TypeError(f"{function}: expected the name of a backend, got {backend!r}")
    if backend not in (None, "cpu"):
        raise RuntimeError(
            f"{function}: Unknown backend: {backend!r} requested, but no platforms that are "
            f"instances of {backend} are present. Platforms present are: cpu"
        )


def devices(backend=None):
    """The devices there are."""
    _check_backend("devices", backend)
    return [_devices.cpu]


def local_devices(process_index=None, backend=None, host_id=None):
    """The devices of this process."""
    _check_backend("local_devices", backend)
    if process_index is not None and not isinstance(process_index, int):
        raise TypeError(f"local_devices: expected a process index, got {process_index!r}")
    if process_index not in (None, 0):
        raise ValueError(f"local_devices: unknown process index {process_index!r}")
    return [_devices.cpu]


def device_count(backend=None):
    """The number of devices."""
    _check_backend("device_count", backend)
    return 1


def local_device_count(backend=None):
    """The number of devices of this process."""
    _check_backend("local_device_count", backend)
    return 1


def process_index(backend=None):
    """The number of this process."""
    _check_backend("process_index", backend)
    return 0


def process_count(backend=None):
    """The number of processes."""
    _check_backend("process_count", backend)
    return 1


def default_backend():
    """What computes."""
    return "cpu"


def clear_caches():
    """Forgets what was compiled."""


def live_arrays(platform=None):
    """Arrays are not tracked."""
    _check_backend("live_arrays", platform)
    return []


def make_array_from_callback(shape, sharding, data_callback, dtype=None):
    """An array from a function of its index."""
    return _pullback.as_array(data_callback((slice(None),) * len(shape)))
