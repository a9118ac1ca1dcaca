"""Functions over arrays, with the names and meanings of SciPy's."""

_SUBMODULES = frozenset("special stats linalg signal optimize fft ndimage interpolate integrate cluster spatial".split())


def __getattr__(name):
    if name in _SUBMODULES:
        import importlib

        return importlib.import_module(f"pullback.scipy.{name}")
    raise AttributeError(f"module 'pullback.scipy' has no attribute {name!r}")
