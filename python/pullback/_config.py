"""Settings of the process, and contexts that change them for a while in one thread."""

from pullback import _pullback

_core = _pullback.config

# Settings that are accepted and remembered, and change nothing.
_accepted = {
    "check_tracer_leaks": False,
    "checking_leaks": False,
    "compilation_cache_dir": None,
    "debug_infs": False,
    "debug_key_reuse": False,
    "default_device": None,
    "default_matmul_precision": None,
    "default_prng_impl": "threefry2x32",
    "enable_checks": False,
    "enable_custom_prng": False,
    "legacy_prng_key": "allow",
    "log_compiles": False,
    "platform_name": "",
    "platforms": None,
    "softmax_custom_jvp": True,
    "traceback_filtering": "auto",
    "transfer_guard": "allow",
    "random_seed_offset": 0,
}
_ours = (
    "enable_x64", "threefry_partitionable", "debug_nans", "disable_jit", "numpy_dtype_promotion",
    "numpy_rank_promotion",
)
_words = {
    "default_matmul_precision": (
        None, "default", "high", "highest", "bfloat16", "tensorfloat32", "float32",
    ),
    "default_prng_impl": ("threefry2x32",),
    "legacy_prng_key": ("allow", "warn", "error"),
}


def _checked(name, value):
    """The value, if a setting that is only remembered takes it."""
    if name in _words and value not in _words[name]:
        raise ValueError(f"{name}: must be in {list(_words[name])}, got {value!r}")
    if name == "default_device" and not (
        value is None or value == "cpu" or hasattr(value, "platform")
    ):
        raise ValueError(
            f"default_device must be a device or the name of a platform, got {value!r}"
        )
    return value


def _plain(name):
    return name[4:] if name.startswith("jax_") else name


class _Config:
    """The settings of the process."""

    def update(self, name, value):
        """Sets a setting."""
        plain = _plain(name)
        if plain in _ours:
            _core["set_global"](plain, value)
        elif plain in _accepted:
            _accepted[plain] = _checked(plain, value)
        else:
            raise AttributeError(f"Unrecognized config option: {name}")

    def read(self, name):
        """The value of a setting."""
        plain = _plain(name)
        if plain in _ours:
            return _core["get"](plain)
        if plain in _accepted:
            return _accepted[plain]
        raise AttributeError(f"Unrecognized config option: {name}")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self.read(name)

    @property
    def values(self):
        """All settings by name."""
        result = {f"jax_{name}": _core["get"](name) for name in _ours}
        result.update({f"jax_{name}": value for name, value in _accepted.items()})
        return result

    @property
    def x64_enabled(self):
        return _core["get"]("enable_x64")


config = _Config()


class _Context:
    """A setting with a value for a while; also a decorator."""

    def __init__(self, name, value):
        self._name = name
        self._value = value if name in _ours else _checked(name, value)
        self._before = []
        if name in _ours:
            # What is not a value of the setting is refused here, as in JAX, and not on entry.
            _core["check"](name, value)

    def __enter__(self):
        if self._name in _ours:
            self._before.append(_core["set_local"](self._name, self._value))
        else:
            self._before.append(_accepted[self._name])
            _accepted[self._name] = self._value

    def __exit__(self, *_):
        before = self._before.pop()
        if self._name in _ours:
            _core["set_local"](self._name, before)
        else:
            _accepted[self._name] = before

    def __call__(self, function):
        import functools

        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        return wrapped


class _State:
    """A setting: `setting(value)` is a context, and `setting.value` what holds now."""

    def __init__(self, name):
        self._name = name
        self.__name__ = name

    def __call__(self, value=True):
        return _Context(self._name, value)

    @property
    def value(self):
        return config.read(self._name)


enable_x64 = _State("enable_x64")
threefry_partitionable = _State("threefry_partitionable")
debug_nans = _State("debug_nans")
disable_jit = _State("disable_jit")
debug_infs = _State("debug_infs")
enable_checks = _State("enable_checks")
check_tracer_leaks = _State("check_tracer_leaks")


def checking_leaks():
    """A context in which traced arrays that outlive their trace are looked for."""
    return check_tracer_leaks(True)


default_device = _State("default_device")
default_matmul_precision = _State("default_matmul_precision")
default_prng_impl = _State("default_prng_impl")
enable_custom_prng = _State("enable_custom_prng")
log_compiles = _State("log_compiles")
no_tracing = _State("enable_checks")
numpy_dtype_promotion = _State("numpy_dtype_promotion")
numpy_rank_promotion = _State("numpy_rank_promotion")
transfer_guard = _State("transfer_guard")
