"""Times beside JAX, row by row: the same source on both, in alternating rounds.

Results are compared before times are. Prints a table, and writes it to docs/performance.md when
asked to, with a picture. Name groups to run only those: `python benches/kernels.py fused dispatch`.
The groups here are compiled functions; those of `calls.py` are compiling and calling.
"""

import argparse
import importlib
import math
import os
import pathlib
import platform
import statistics
import sys
import time

import calls
import jax
import jax.scipy.stats.norm
import limits
import networks
import numpy as np
import plot
from rows import GROUPS, group, numbers

import pullback
import pullback.scipy.stats.norm

ROUNDS = 11
# Seconds that a round of one row takes about.
SPAN = 0.02


@group
def fused(m):
    np_ = m.numpy

    def cheap(x):
        return np_.maximum(x * 2.0 + 1.0, 0.5) * x - x * x * 0.25 + np_.minimum(x, 3.0) * 0.5

    def transcendental(x):
        return np_.tanh(np_.exp(-x * x) + np_.log(x * x + 1.0))

    def black_scholes(spot, strike, time_):
        rate, sigma = 0.05, 0.2
        d1 = (np_.log(spot / strike) + (rate + sigma**2 / 2) * time_) / (sigma * np_.sqrt(time_))
        d2 = d1 - sigma * np_.sqrt(time_)
        cdf = lambda x: 0.5 * (1.0 + m.lax.erf(x / math.sqrt(2.0)))  # noqa: E731
        return spot * cdf(d1) - strike * np_.exp(-rate * time_) * cdf(d2)

    def greeks(*args):
        return m.grad(lambda *a: black_scholes(*a).sum(), argnums=(0, 2))(*args)

    # The form of the equation of state of sea water: a quotient of polynomials in three variables,
    # of 25 and 23 terms.
    rng = np.random.default_rng(3)
    terms = [(i, j, k) for i in range(5) for j in range(5) for k in range(5) if i + j + k < 6][:48]
    factors = [float(x) for x in rng.uniform(0.5, 1.5, 48)]

    def equation_of_state(salinity, temperature, pressure):
        def polynomial(terms, factors):
            total = 1.0
            for (i, j, k), factor in zip(terms, factors, strict=True):
                total = total + factor * salinity**i * temperature**j * pressure**k
            return total

        return polynomial(terms[:25], factors[:25]) / polynomial(terms[25:], factors[25:])

    for dtype in ("float32", "float64"):
        sea = [numbers(1_000_000, dtype=dtype, low=0.1, high=1.0, seed=s) for s in range(3)]
        yield f"equation of state {dtype} 1e+06", equation_of_state, sea
        for size in (1_000, 100_000, 10_000_000):
            x = numbers(size, dtype=dtype)
            yield f"cheap chain {dtype} {size:.0e}", cheap, (x,)
            yield f"transcendental chain {dtype} {size:.0e}", transcendental, (x,)
            options = [numbers(size, dtype=dtype, low=0.5, high=2.0, seed=s) for s in range(3)]
            yield f"Black-Scholes greeks {dtype} {size:.0e}", greeks, options


@group
def reductions(m):
    np_ = m.numpy
    functions = {
        "sum": np_.sum,
        "mean": np_.mean,
        "var": np_.var,
        "max": np_.max,
        "argmax": np_.argmax,
        "logsumexp": m.scipy.special.logsumexp,
    }
    matrix, line = numbers(1000, 1000), numbers(1_000_000)
    for name, f in functions.items():
        yield f"{name} 1e6", f, (line,)
        for axis in (0, 1):
            yield f"{name} 1000x1000 axis {axis}", lambda x, f=f, a=axis: f(x, axis=a), (matrix,)

    def layer_norm(x, axis):
        centred = x - x.mean(axis=axis, keepdims=True)
        return centred / np_.sqrt((centred**2).mean(axis=axis, keepdims=True) + 1e-5)

    places = {"axis 0": (matrix, 0), "axis 1": (matrix, 1), "1e6": (line, 0)}
    for place, (x, axis) in places.items():
        weights = numbers(*x.shape, seed=1)
        for name, f in {"softmax": m.nn.softmax, "layer norm": layer_norm}.items():
            yield f"{name} {place}", lambda x, f=f, a=axis: f(x, axis=a), (x,)
            loss = lambda x, w, f=f, a=axis: (f(x, axis=a) * w).sum()  # noqa: E731
            yield f"{name} {place}, gradient", m.grad(loss), (x, weights)
        for name in ("var", "max", "logsumexp"):
            loss = lambda x, f=functions[name], a=axis: (f(x, axis=a) ** 2).sum()  # noqa: E731
            yield f"{name} {place}, gradient", m.grad(loss), (x,)
    residual = lambda x, w, y: ((x * w - y) ** 2).sum()  # noqa: E731
    three = [numbers(1_000_000, seed=s) for s in range(3)]
    yield "sum of squares 1e6", residual, three
    yield "sum of squares 1e6, gradient", m.grad(residual, argnums=1), three


@group
def products(m):
    np_ = m.numpy
    for size in (8, 64, 256, 512, 1024, 2048):
        for dtype in ("float32", "float64") if size not in (512, 2048) else ("float32",):
            pair = numbers(size, size, dtype=dtype), numbers(size, size, dtype=dtype, seed=1)
            yield f"matmul {size} {dtype}", np_.matmul, pair
    for rows, depth, columns in ((1000, 8, 1000), (10_000, 64, 64), (64, 10_000, 64)):
        pair = numbers(rows, depth), numbers(depth, columns, seed=1)
        yield f"matmul {rows}x{depth} by {depth}x{columns}", np_.matmul, pair
    for size in (8, 64):
        count = 1000 if size == 8 else 100
        pair = numbers(count, size, size), numbers(count, size, size, seed=1)
        yield f"batched matmul {count}x{size}x{size}", np_.matmul, pair
    matrix, line = numbers(1000, 1000), numbers(1000, seed=1)
    yield "matrix times vector 1000", np_.matmul, (matrix, line)
    yield "vector times matrix 1000", np_.matmul, (line, matrix)
    yield "outer product 1000", np_.outer, (line, numbers(1000, seed=2))
    yield "inner product 1e6", np_.dot, (numbers(1_000_000), numbers(1_000_000, seed=1))
    pair = numbers(512, 512), numbers(512, 512, seed=1)
    yield "transposed matmul 512", lambda x, y: x.T @ y, pair
    yield "matmul transposed 512", lambda x, y: x @ y.T, pair
    yield "transposed matmul transposed 512", lambda x, y: x.T @ y.T, pair
    einsums = {
        "bij,bjk->bik": ((16, 128, 64), (16, 64, 128)),
        "ij,kj->ik": ((300, 200), (400, 200)),
        "bhqd,bhkd->bhqk": ((4, 8, 128, 64), (4, 8, 128, 64)),
        "bqhd,bkhd->bhqk": ((4, 128, 8, 64), (4, 128, 8, 64)),
    }
    for text, (left, right) in einsums.items():
        einsum = lambda x, y, text=text: np_.einsum(text, x, y)  # noqa: E731
        yield f"einsum {text}", einsum, (numbers(*left), numbers(*right, seed=1))
    integers = [np.random.default_rng(s).integers(-9, 9, (256, 256)).astype("int32") for s in (0, 1)]
    yield "matmul 256 int32", np_.matmul, integers
    pair = numbers(256, 256), numbers(256, 256, seed=1)
    for dtype in ("bfloat16", "float16"):
        halves = [np_.asarray(x, dtype=dtype) for x in pair]
        product = lambda x, y: (x @ y).astype("float32")  # noqa: E731
        yield f"matmul 256 {dtype}", product, halves
    yield "matmul 256 complex64", np_.matmul, [(x + 1j * x.T).astype("complex64") for x in pair]


group(networks.networks)


@group
def moves(m):
    np_, lax = m.numpy, m.lax
    million, matrix = numbers(1_000_000), numbers(1000, 1000)
    some = np.random.default_rng(0).integers(0, 1000, 1_000_000).astype("int32")
    many = np.random.default_rng(1).integers(0, 1_000_000, 1_000_000).astype("int32")

    yield "transpose 1000x1000", lambda x: x.T + 0.0, (matrix,)
    # A transpose alone is a view with us; with a sum it moves.
    moved = lambda x, axes=None: np_.transpose(x, axes) + x.dtype.type(0)  # noqa: E731
    yield "transpose 2048x2048", moved, (numbers(2048, 2048),)
    yield "transpose 1000x1000 float64", moved, (numbers(1000, 1000, dtype="float64"),)
    yield "transpose 1000x1000 uint8", lambda x: x.T + np.uint8(1), (numbers(1000, 1000, low=0).astype("uint8"),)
    yield "transpose 32x128x256 to 0, 2, 1", lambda x: moved(x, (0, 2, 1)), (numbers(32, 128, 256),)
    yield "transpose 100x100x100 to 2, 1, 0", moved, (numbers(100, 100, 100),)
    yield "concatenate", lambda x, y: np_.concatenate([x, y]), (million[:500_000], million[500_000:])
    yield "concatenate axis 1", lambda x, y: np_.concatenate([x, y], 1), (matrix[:, :500], matrix[:, 500:])
    yield "pad", lambda x: np_.pad(x, (10, 20)), (million,)
    yield "pad 1000x1000", lambda x: np_.pad(x, 1), (matrix,)
    yield "pad between", lambda x: lax.pad(x, x[0, 0], [(1, 1, 1), (1, 1, 1)]), (matrix[:500, :500],)
    yield "flip axis 1", lambda x: np_.flip(x, 1), (matrix,)
    yield "roll", lambda x: np_.roll(x, 300), (million,)
    yield "tile", lambda x: np_.tile(x, 4), (million[:250_000],)
    yield "repeat", lambda x: np_.repeat(x, 4), (million[:250_000],)

    yield "gather from 1e3", lambda x, i: x[i], (million[:1000], some)
    yield "gather from 1e6", lambda x, i: x[i], (million, many)
    yield "gather rows of 64", lambda x, i: x[i], (numbers(1000, 64), some[:20_000])
    yield "take along axis 1", lambda x, i: np_.take_along_axis(x, i, 1), (matrix, some.reshape(1000, 1000))
    yield "one element", lambda x, i: x[i], (million, np.int32(7))
    yield "dynamic slice", lambda x, i: lax.dynamic_slice(x, (i,), (500_000,)), (million, np.int32(7))
    update = lambda x, y, i: lax.dynamic_update_slice(x, y, (i,))  # noqa: E731
    yield "dynamic update slice", update, (million, million[:1000], np.int32(7))
    yield "searchsorted", lambda x, y: np_.searchsorted(x, y), (np.sort(million[:1000]), million[:100_000])

    zeros = np_.zeros
    yield "scatter-add into 1e3", lambda x, i: zeros(1000, x.dtype).at[i].add(x), (million, some)
    yield "scatter-add into 1e6", lambda x, i: zeros(1_000_000, x.dtype).at[i].add(x), (million, many)
    yield "scatter-max into 1e3", lambda x, i: zeros(1000, x.dtype).at[i].max(x), (million, some)
    near = 1.0 + 1e-6 * million
    yield "scatter-mul into 1e3", lambda x, i: np_.ones(1000, x.dtype).at[i].multiply(x), (near, some)
    ones = np.random.default_rng(2).permutation(1_000_000).astype("int32")
    yield "scatter-set into 1e6", lambda x, i: zeros(1_000_000, x.dtype).at[i].set(x), (million, ones)
    rows = numbers(20_000, 64), some[:20_000]
    yield "scatter-add rows of 64", lambda x, i: zeros((1000, 64), x.dtype).at[i].add(x), rows
    segment = lambda x, i: m.ops.segment_sum(x, i, 1000)  # noqa: E731
    yield "segment sum", segment, (million, some)
    yield "segment sum, sorted", segment, (million, np.sort(some))

    yield "sort 1e6", np_.sort, (million,)
    yield "sort rows", lambda x: np_.sort(x, 1), (matrix,)
    yield "sort columns", lambda x: np_.sort(x, 0), (matrix,)
    yield "argsort 1e6", np_.argsort, (million,)
    yield "argsort rows", lambda x: np_.argsort(x, 1), (matrix,)
    yield "top_k 1e5", lambda x: lax.top_k(x, 10), (million[:100_000],)
    yield "top_k rows", lambda x: lax.top_k(x, 10), (matrix,)
    yield "argmin axis 1", lambda x: np_.argmin(x, 1), (matrix,)
    for name in ("cumsum", "cumprod"):
        f = getattr(np_, name)
        yield f"{name} 1e6", f, (near,)
        yield f"{name} axis 0", lambda x, f=f: f(x, 0), (near.reshape(1000, 1000),)
        yield f"{name} axis 1", lambda x, f=f: f(x, 1), (near.reshape(1000, 1000),)
    yield "cummax 1e6", lax.cummax, (million,)


@group
def random(m):
    key, million = m.random.key(0), (1_000_000,)
    for dtype in ("uint8", "uint32", "uint64"):
        yield f"bits 1e6 {dtype}", lambda k, d=dtype: m.random.bits(k, million, d), (key,)
    for dtype in ("float32", "float64"):
        yield f"uniform 1e6 {dtype}", lambda k, d=dtype: m.random.uniform(k, million, d), (key,)
        yield f"normal 1e6 {dtype}", lambda k, d=dtype: m.random.normal(k, million, d), (key,)
        yield f"gamma 1e4 {dtype}", lambda k, d=dtype: m.random.gamma(k, 2.5, (10_000,), d), (key,)
    yield "exponential 1e6", lambda k: m.random.exponential(k, million, "float32"), (key,)
    yield "bernoulli 1e6", lambda k: m.random.bernoulli(k, 0.3, million), (key,)
    yield "randint 1e6", lambda k: m.random.randint(k, million, 0, 1000, "int32"), (key,)
    yield "categorical 1e4 of 100", lambda k, x: m.random.categorical(k, x), (key, numbers(10_000, 100))
    yield "permutation 1e5", lambda k: m.random.permutation(k, 100_000), (key,)
    yield "split 1e5", lambda k: m.random.key_data(m.random.split(k, 100_000)), (key,)


@group
def signal(m):
    np_, lax = m.numpy, m.lax
    rng = np.random.default_rng(0)

    def complex_numbers(*shape):
        return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype("complex64")

    yield "fft 1e5 complex64", np_.fft.fft, (complex_numbers(100_000),)
    yield "fft2 1000x1000 complex64", np_.fft.fft2, (complex_numbers(1000, 1000),)
    yield "rfft 1e6", np_.fft.rfft, (numbers(1_000_000),)
    yield "irfft of rfft 1000x1000", lambda x: np_.fft.irfft(np_.fft.rfft(x)), (numbers(1000, 1000),)

    yield "convolve 1e5 with 1e3", np_.convolve, (numbers(100_000), numbers(1000, seed=1))


@group
def decompositions(m):
    linalg = m.numpy.linalg

    def positive(x):
        return x @ np.swapaxes(x, -1, -2) / x.shape[-1] + np.eye(x.shape[-1], dtype=x.dtype)

    # Vectors are known but for their signs: of them, the sums of squares are compared.
    def svd(x):
        u, s, vh = linalg.svd(x)
        return s, (u**2).sum(), (vh**2).sum()

    def eigh(x):
        values, vectors = linalg.eigh(x)
        return values, (vectors**2).sum()

    for shape in ((1000, 8, 8), (64, 64), (256, 256), (512, 512)):
        x = numbers(*shape)
        named = "x".join(map(str, shape))
        yield f"cholesky {named}", linalg.cholesky, (positive(x),)
        yield f"solve {named}", linalg.solve, (positive(x), x)
        yield f"inv {named}", linalg.inv, (positive(x),)
        yield f"det {named}", lambda x: linalg.slogdet(x)[1], (positive(x),)
        yield f"lu {named}", lambda x: m.lax.linalg.lu(x)[0], (positive(x),)
        triangular = lambda a, b: m.lax.linalg.triangular_solve(  # noqa: E731
            a, b, left_side=True, lower=True
        )
        yield f"triangular solve {named}", triangular, (positive(x), x)
        yield f"qr {named}", lambda x: linalg.qr(x)[1], (x,)
        yield f"qr with Q {named}", linalg.qr, (x,)
        yield f"svd values {named}", lambda x: linalg.svd(x, compute_uv=False), (x,)
        yield f"eigh values {named}", linalg.eigvalsh, (positive(x),)
        yield f"svd {named}", svd, (positive(x),)
        yield f"eigh {named}", eigh, (positive(x),)


@group
def loops(m):
    np_, lax = m.numpy, m.lax

    def lorenz(state):
        x, y, z = state
        return np_.stack([10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z])

    def steps(f, state, count):
        def step(_, s):
            k1 = f(s)
            k2 = f(s + 0.005 * k1)
            k3 = f(s + 0.005 * k2)
            k4 = f(s + 0.01 * k3)
            return s + 0.01 / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)

        return lax.fori_loop(0, count, step, state)

    yield "Lorenz, 100 steps", lambda s: steps(lorenz, s, 100), (numbers(3, low=0.5, high=1.0),)

    def newton(x):
        def condition(pair):
            return np_.abs(pair[0] * pair[0] - pair[1]) > 1e-3

        return lax.while_loop(condition, lambda p: (0.5 * (p[0] + p[1] / p[0]), p[1]), (x, x))[0]

    yield "Newton's square root", newton, (np.float32(1e6),)

    def recurrent(w, u, xs):
        def cell(h, x):
            h = np_.tanh(w @ h + u @ x)
            return h, h

        return lax.scan(cell, np_.zeros(16, xs.dtype), xs)[1].sum()

    small = numbers(16, 16, low=-0.3, high=0.3), numbers(16, 8, low=-0.3, high=0.3, seed=1)
    xs = numbers(1000, 8, seed=2)
    yield "recurrent cell, 1000 steps", recurrent, (*small, xs)
    yield "recurrent cell, 1000 steps, gradient", m.grad(recurrent), (*small, xs)
    wide = lambda s: np_.stack(lorenz(s))  # noqa: E731
    yield "Lorenz, 64 at once", lambda s: steps(wide, s, 100), (numbers(3, 64, low=0.5, high=1.0),)

    def lstm(w, u, b, xs):
        def cell(carry, x):
            h, c = carry
            i, f, g, o = np_.split(w @ h + u @ x + b, 4)
            c = m.nn.sigmoid(f) * c + m.nn.sigmoid(i) * np_.tanh(g)
            h = m.nn.sigmoid(o) * np_.tanh(c)
            return (h, c), h

        zero = np_.zeros(16, xs.dtype)
        return lax.scan(cell, (zero, zero), xs)[1].sum()

    gates = numbers(64, 16, low=-0.3, high=0.3), numbers(64, 8, low=-0.3, high=0.3, seed=1)
    bias = numbers(64, low=-0.1, high=0.1, seed=3)
    yield "LSTM, 1000 steps", lstm, (*gates, bias, xs)
    yield "LSTM, 1000 steps, gradient", m.grad(lstm, argnums=(0, 1, 2)), (*gates, bias, xs)

    def gru(w, u, xs):
        def cell(h, x):
            from_h, from_x = w @ h, u @ x
            r = m.nn.sigmoid(from_h[:16] + from_x[:16])
            z = m.nn.sigmoid(from_h[16:32] + from_x[16:32])
            n = np_.tanh(from_x[32:] + r * from_h[32:])
            h = (1.0 - z) * n + z * h
            return h, h

        return lax.scan(cell, np_.zeros(16, xs.dtype), xs)[1].sum()

    doors = numbers(48, 16, low=-0.3, high=0.3), numbers(48, 8, low=-0.3, high=0.3, seed=1)
    yield "GRU, 1000 steps", gru, (*doors, xs)
    yield "GRU, 1000 steps, gradient", m.grad(gru, argnums=(0, 1)), (*doors, xs)

    def kalman(f, h, q, r, ys):
        def step(carry, y):
            x, p = carry
            x, p = f @ x, f @ p @ f.T + q
            s = h @ p @ h.T + r
            det = s[0, 0] * s[1, 1] - s[0, 1] * s[1, 0]
            inverse = np_.stack(
                [np_.stack([s[1, 1], -s[0, 1]]), np_.stack([-s[1, 0], s[0, 0]])]
            ) / det
            gain = p @ h.T @ inverse
            e = y - h @ x
            return (x + gain @ e, p - gain @ h @ p), -0.5 * (e @ inverse @ e + np_.log(det))

        first = np_.zeros(4, ys.dtype), np_.eye(4, dtype=ys.dtype)
        return lax.scan(step, first, ys)[1].sum()

    motion = np.eye(4, dtype="float32") + 0.1 * np.eye(4, k=2, dtype="float32")
    seen = np.eye(2, 4, dtype="float32")
    noise = 0.01 * np.eye(4, dtype="float32"), 0.1 * np.eye(2, dtype="float32")
    yield "Kalman filter, 1000 steps", kalman, (motion, seen, *noise, numbers(1000, 2, seed=4))

    def forward(transition, scores):
        def step(alpha, score):
            joint = alpha[:, None] + transition
            most = joint.max(axis=0)
            return np_.log(np_.exp(joint - most).sum(axis=0)) + most + score, None

        last = lax.scan(step, scores[0], scores[1:])[0]
        return m.scipy.special.logsumexp(last)

    yield "HMM forward, 16 states", forward, (numbers(16, 16), numbers(1000, 16, seed=5))

    def leapfrog(q, p, precision):
        force = m.grad(lambda q: -0.5 * q @ (precision @ q))

        def step(_, pair):
            q, p = pair
            p = p + 0.005 * force(q)
            q = q + 0.01 * p
            return q, p + 0.005 * force(q)

        return lax.fori_loop(0, 1000, step, (q, p))[0]

    yield "leapfrog, 1000 steps", leapfrog, (
        numbers(8), numbers(8, seed=1), np.eye(8, dtype="float32") * 2.0
    )

    # Dormand and Prince's pair of orders 5 and 4, whose steps follow the error.
    rows = [
        [1 / 5],
        [3 / 40, 9 / 40],
        [44 / 45, -56 / 15, 32 / 9],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
        [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ]
    errors = [71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40]

    def orbit(y):
        cube = (y[0] ** 2 + y[1] ** 2) ** 1.5
        return np_.stack([y[2], y[3], -y[0] / cube, -y[1] / cube])

    def odeint(y, end):
        def step(state):
            time_, y, h = state
            slopes = [orbit(y)]
            for row in rows:
                middle = y + h * sum(a * k for a, k in zip(row, slopes, strict=True))
                slopes.append(orbit(middle))
            error = h * sum(a * k for a, k in zip(errors, slopes, strict=True))
            ratio = np_.sqrt(np_.mean((error / (1e-6 + 1e-5 * np_.abs(y))) ** 2))
            grown = h * np_.clip(0.9 * (ratio + 1e-10) ** -0.2, 0.2, 5.0)
            is_good = ratio <= 1.0
            time_ = np_.where(is_good, time_ + h, time_)
            return time_, np_.where(is_good, middle, y), np_.minimum(grown, end - time_)

        start = np_.zeros_like(end), y, np_.full_like(end, 0.01)
        return lax.while_loop(lambda state: state[0] < end, step, start)[1]

    yield "odeint, an orbit", odeint, (np.array([1, 0, 0, 0.8], dtype="float32"), np.float32(10))
    yield "associative scan 1e5", lambda x: lax.associative_scan(np_.multiply, x), (
        numbers(100_000, low=0.9, high=1.1),
    )


@group
def models(m):
    np_ = m.numpy

    def mixture(means, scales, weights, x):
        z = (x[:, None] - means) / scales
        each = -0.5 * z * z - np_.log(scales) + np_.log(weights)
        return m.scipy.special.logsumexp(each, axis=1).sum()

    yield "Gaussian mixture, gradient", m.grad(mixture, argnums=(0, 1, 2)), (
        numbers(8), numbers(8, low=0.5, high=2.0), np.full(8, 0.125, "float32"), numbers(10_000, seed=1)
    )

    def posterior(w, x, y):
        z = x @ w
        return (y * z - np_.logaddexp(0.0, z)).sum() - 0.5 * w @ w

    x, y = numbers(10_000, 32, low=-1, high=1), (numbers(10_000, seed=1) > 0).astype("float32")
    yield "logistic regression, gradient", m.grad(posterior), (numbers(32, low=-0.1, high=0.1), x, y)

    def process(theta, x, y):
        distance = (x[:, None] - x[None, :]) / np_.exp(theta[0])
        k = np_.exp(theta[1] - 0.5 * distance**2) + 0.1 * np_.eye(x.size, dtype=x.dtype)
        low = np_.linalg.cholesky(k)
        half = m.scipy.linalg.solve_triangular(low, y, lower=True)
        return -0.5 * half @ half - np_.log(np_.diagonal(low)).sum()

    yield "Gaussian process 200, gradient", m.grad(process), (
        np.zeros(2, "float32"), numbers(200), numbers(200, seed=1)
    )

    def forces(position):
        difference = position[:, None] - position[None, :]
        square = (difference**2).sum(-1) + 0.01
        return (difference * (square**-1.5)[..., None]).sum(1)

    yield "N-body forces 500", forces, (numbers(500, 3),)

    def rosenbrock(x):
        return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()

    hvp = lambda x, v: m.jvp(m.grad(rosenbrock), (x,), (v,))[1]  # noqa: E731
    yield "Rosenbrock 1e5, Hessian times vector", hvp, (
        numbers(100_000, low=-1, high=1), numbers(100_000, low=-1, high=1, seed=1)
    )

    def residuals(camera, point):
        angle = camera[:3]
        turned = point + np_.cross(angle, point) + camera[3:6]
        image = turned[:2] / turned[2]
        square = image @ image
        return image * (1.0 + camera[6] * square + camera[7] * square**2)

    blocks = m.vmap(m.jacrev(residuals, argnums=(0, 1)))
    yield "bundle adjustment blocks", blocks, (
        numbers(1000, 8, low=-0.1, high=0.1), numbers(1000, 3, low=2.0, high=4.0)
    )


def machine():
    """The processor, by its name where the system tells, and how many there are."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return f"{os.cpu_count()} x {names[0] if names else platform.machine()}"


def rounds(f, repeat):
    start = time.perf_counter()
    for _ in range(repeat):
        y = f()
    jax.block_until_ready(y)
    return (time.perf_counter() - start) / repeat


def compared(name, ours, theirs):
    flat = lambda m, y: [np.asarray(x) for x in m.tree_util.tree_leaves(y)]  # noqa: E731
    for a, b in zip(flat(pullback, ours), flat(jax, theirs), strict=True):
        # Sums in other orders, and ill-conditioned elements of many, differ by more than an ulp.
        tolerance = {"float32": 2e-3, "complex64": 2e-3, "float64": 1e-6}.get(str(a.dtype), 0.0)
        scale = max(1.0, float(np.max(np.abs(b)))) if tolerance else 0.0
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale, err_msg=name)


def measure(name, here, there):
    """Medians of compiled functions, called again and again."""
    (f, mine), (g, other) = here, there
    f, g = pullback.jit(f), jax.jit(g)
    mine = [pullback.numpy.asarray(x) if isinstance(x, np.ndarray | np.generic) else x for x in mine]
    other = [jax.numpy.asarray(x) if isinstance(x, np.ndarray | np.generic) else x for x in other]
    compared(name, f(*mine), g(*other))
    calls = [lambda: waited(f(*mine)), lambda: waited(g(*other))]
    return alternating(calls, ROUNDS, SPAN)


def waited(y):
    """Waits for a result, so that a call does not run beside the next one."""
    if isinstance(y, tuple | list | dict):
        return jax.block_until_ready(y)
    return y.block_until_ready()


def alternating(calls, count, span):
    """Medians over rounds in turn, each of which takes about so long.

    The first calls take longer than those that count: pages are touched, and threads started.
    """
    shortest = [min(rounds(call, 1) for _ in range(10)) if span else 1.0 for call in calls]
    repeats = [max(1, int(span / least)) for least in shortest]
    times = [[], []]
    for _ in range(count):
        for call, repeat, own in zip(calls, repeats, times, strict=True):
            rest()
            own.append(rounds(call, repeat))
    return [statistics.median(own) * 1e6 for own in times]


def rest():
    """Waits until no thread is at work: those of libraries look for more for some milliseconds after
    each call, and would take a processor from whoever is measured next."""
    for _ in range(50):
        before = time.process_time()
        time.sleep(0.002)
        if time.process_time() - before < 0.0005:
            return


def measure_call(group, name, here, there):
    """Medians of functions that are called as they are."""
    (f, *options), (g, *_) = here, there
    options = options[0] if options else {}
    if group == "dispatch":
        key = lambda y: hasattr(y, "dtype") and "key" in str(y.dtype)  # noqa: E731
        ours, theirs = f(), g()
        if not key(theirs):
            compared(name, ours, theirs)
    span = SPAN if group == "dispatch" else 0.0
    return alternating([f, g], options.get("rounds", ROUNDS), span)


def rows_of(name, long):
    """The rows of a group: names, and what gives the two times."""
    if name in GROUPS:
        here, there = GROUPS[name](pullback), GROUPS[name](jax)
        for (row, *mine), (_, *other) in zip(here, there, strict=True):
            yield row, lambda row=row, mine=mine, other=other: measure(row, mine, other)
        return
    options = {"long": long} if name == "compile" else {}
    here, there = calls.GROUPS[name](pullback, **options), calls.GROUPS[name](jax, **options)
    for (row, *mine), (_, *other) in zip(here, there, strict=True):
        yield row, lambda row=row, mine=mine, other=other: measure_call(name, row, mine, other)


def installed_size(*modules):
    """Bytes of the packages on disk, without caches."""
    total = 0
    for module in modules:
        root = pathlib.Path(importlib.import_module(module).__file__).parent
        files = (path for path in root.rglob("*") if path.is_file())
        total += sum(path.stat().st_size for path in files if "__pycache__" not in path.parts)
    return total


def sections(text):
    """The groups of a table that was written before: names and lines."""
    found, name = {}, None
    for line in text.splitlines():
        if line.startswith("## "):
            name = line[3:].strip()
        if name:
            found.setdefault(name, []).append(line)
    return found


def write(measured):
    """Writes the table, with the groups that were not measured as they were, and its picture."""
    target = pathlib.Path(__file__).parent.parent / "docs" / "performance.md"
    ours, theirs = installed_size("pullback"), installed_size("jax", "jaxlib")
    head = [
        "# Performance",
        "",
        f"Times beside JAX {jax.__version__}, in alternating rounds of one run: medians. Of compiled",
        "functions each result is waited for before the next call; a round begins when no thread of the",
        "process is at work any more.",
        f"{machine()}, Python {platform.python_version()}. Written by `make bench`.",
        "",
        "Compiled functions by family; then what it takes to compile one, and to call small ones.",
        f"Installed, pullback takes {ours / 1e6:.1f} MB, jax and jaxlib {theirs / 1e6:.1f} MB.",
        "",
        "![Ratios by group](performance.svg)",
        "",
    ]
    before = sections(target.read_text()) if target.exists() else {}
    names = [name for name in [*GROUPS, *calls.GROUPS] if name in measured or name in before]
    lines = [line for name in names for line in measured.get(name, before.get(name))]
    lines = [*"\n".join(lines).rstrip().splitlines(), "", *limits.section(lines)]
    target.write_text("\n".join(head + lines).rstrip() + "\n")
    plot.main()
    print(f"wrote {target} and its picture", file=sys.stderr)


def main():
    known = [*GROUPS, *calls.GROUPS]
    parser = argparse.ArgumentParser()
    parser.add_argument("groups", nargs="*", default=[], help=", ".join(known))
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and .svg")
    parser.add_argument(
        "--short", action="store_true", help="leave out what JAX takes minutes to compile"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.groups) - set(known):
        parser.error(f"no such groups: {', '.join(sorted(unknown))}")
    measured = {}
    for name in arguments.groups or known:
        lines = [f"## {name}", "", "| row | pullback µs | JAX µs | ratio |", "|---|---|---|---|"]
        print(*lines, sep="\n")
        ratios = []
        with jax.enable_x64(name in GROUPS), pullback.enable_x64(name in GROUPS):
            for row, times in rows_of(name, not arguments.short):
                a, b = times()
                ratios.append(a / b)
                lines.append(f"| {row} | {a:.1f} | {b:.1f} | {a / b:.3f} |")
                print(lines[-1], flush=True)
        mean = math.exp(statistics.fmean(map(math.log, ratios)))
        lines += [f"| geometric mean | | | {mean:.3f} |", ""]
        print(lines[-2], "\n")
        if name == "compile":
            lines += [*calls.growth(pullback), ""]
        measured[name] = lines
    if arguments.write:
        write(measured)


if __name__ == "__main__":
    main()
