"""Results do not depend on the number of threads, and a forked process computes on."""

import os
import subprocess
import sys

import numpy as np
import pullback
import pullback.numpy as jnp
import pytest

PROGRAM = """
import hashlib
import numpy as np
import pullback
import pullback.numpy as jnp

x = jnp.asarray(np.random.default_rng(0).normal(size=(700, 501)).astype(np.float32))

def loss(x):
    y = jnp.tanh(x @ x.T) * jnp.exp(-jnp.abs(x).sum(axis=1))
    return (y * jnp.sin(x[:, :1])).mean() + jnp.linalg.norm(x[:64, :64])

digest = hashlib.sha256()
for value in [loss(x), pullback.jit(pullback.grad(loss))(x), jnp.sort(x, axis=0), jnp.cumsum(x),
              pullback.random.normal(pullback.random.key(0), (300, 400))]:
    digest.update(np.asarray(value).tobytes())
print(digest.hexdigest())
"""


def test_the_same_bits_on_any_number_of_threads():
    digests = set()
    for threads in ["1", "2", "5"]:
        path = [os.path.dirname(os.path.dirname(pullback.__file__))]
        path += os.environ.get("PYTHONPATH", "").split(os.pathsep)
        environment = {
            **os.environ, "PULLBACK_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join(path)
        }
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_a_forked_process_computes():
    x = jnp.asarray(np.arange(1e6, dtype=np.float32))
    expected = np.asarray(jnp.sin(x) + x)
    child = os.fork()
    if child == 0:
        same = np.array_equal(np.asarray(jnp.sin(x) + x), expected)
        os._exit(0 if same else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
