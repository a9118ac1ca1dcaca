"""Behaviour is that of JAX 0.12; where Python is too old for it, what differs by version is left out."""

import pathlib

import jax
import pytest

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(config, items):
    version = tuple(int(part) for part in jax.__version__.split(".")[:2])
    if version >= (0, 12):
        return
    lines = (HERE / "older_jax.txt").read_text().splitlines()
    differing = {line for line in lines if line and not line.startswith("#")}
    reason = f"JAX {jax.__version__} differs from 0.12"
    for item in items:
        name = f"{item.path.relative_to(HERE.parent.parent)}{item.nodeid[item.nodeid.find('::'):]}"
        if name in differing or name.split("::")[0] in differing:
            item.add_marker(pytest.mark.skip(reason=reason))
