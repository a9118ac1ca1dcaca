"""What networks are made of, and steps that train them."""

import math

import numpy as np
from rows import numbers


def networks(m):
    np_ = m.numpy

    def attention(q, k, v):
        scores = np_.einsum("bhqd,bhkd->bhqk", q, k) / math.sqrt(q.shape[-1])
        return np_.einsum("bhqk,bhkd->bhqd", m.nn.softmax(scores, axis=-1), v)

    heads = [numbers(4, 8, 128, 64, low=-1.0, high=1.0, seed=s) for s in range(3)]
    yield "attention", attention, heads
    loss = lambda *args: (attention(*args) ** 2).sum()  # noqa: E731
    yield "attention, gradient", m.grad(loss, argnums=(0, 1, 2)), heads

    def step(parameters, x, y):
        def loss(parameters):
            h = x
            for w, b in parameters[:-1]:
                h = np_.maximum(h @ w + b, 0.0)
            w, b = parameters[-1]
            return ((h @ w + b - y) ** 2).mean()

        gradients = m.grad(loss)(parameters)
        return [
            (w - 1e-3 * dw, b - 1e-3 * db)
            for (w, b), (dw, db) in zip(parameters, gradients, strict=True)
        ]

    def flat(*args):
        *parameters, x, y = args
        return step(list(zip(parameters[::2], parameters[1::2], strict=True)), x, y)

    for batch, sizes in ((32, (16, 64, 1)), (128, (784, 512, 512, 10))):
        layers = []
        for seed, (rows, columns) in enumerate(zip(sizes, sizes[1:], strict=False)):
            scale = 1.0 / math.sqrt(rows)
            layers += [numbers(rows, columns, low=-scale, high=scale, seed=seed), numbers(columns)]
        data = numbers(batch, sizes[0], low=-1.0, high=1.0), numbers(batch, sizes[-1], seed=1)
        yield f"training step, layers {sizes} of {batch}", flat, (*layers, *data)
    yield from convolutions(m)
    yield transformer(m)


def convolutions(m):
    np_, lax = m.numpy, m.lax
    axes = ("NHWC", "HWIO", "NHWC")
    rng = np.random.default_rng(0)

    def conv(x, w, strides=(1, 1), **options):
        return lax.conv_general_dilated(x, w, strides, "SAME", dimension_numbers=axes, **options)

    def squares(x, w):
        return (conv(x, w) ** 2).sum()

    for batch, side, inputs, outputs in ((32, 28, 1, 32), (8, 56, 64, 64), (32, 14, 128, 128)):
        x, w = numbers(batch, side, side, inputs), numbers(3, 3, inputs, outputs, seed=1)
        size = f"{batch}x{side}x{side}x{inputs} to {outputs}"
        yield f"convolution 3x3 {size}", conv, (x, w)
        yield f"convolution 3x3 {size}, gradients", m.grad(squares, argnums=(0, 1)), (x, w)
    x, w = numbers(8, 56, 56, 64), numbers(3, 3, 64, 64, seed=1)
    yield "convolution 3x3 stride 2", lambda x, w: conv(x, w, (2, 2)), (x, w)
    halved = lambda x, w: (conv(x, w, (2, 2)) ** 2).sum()  # noqa: E731
    yield "convolution 3x3 stride 2, gradients", m.grad(halved, argnums=(0, 1)), (x, w)
    depthwise = lambda x, w: conv(x, w, feature_group_count=64)  # noqa: E731
    yield "depthwise 3x3 8x56x56x64", depthwise, (x, w[:, :, :1])
    each = m.grad(lambda x, w: (depthwise(x, w) ** 2).sum(), argnums=(0, 1))
    yield "depthwise 3x3 8x56x56x64, gradients", each, (x, w[:, :, :1])

    def pool(x):
        return lax.reduce_window(x, -np.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def mean(x):
        return lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4.0

    yield "max pool 2x2 8x56x56x64", pool, (x,)
    yield "max pool 2x2 8x56x56x64, gradient", m.grad(lambda x: (pool(x) ** 2).sum()), (x,)
    yield "mean pool 2x2 8x56x56x64", mean, (x,)
    yield "mean pool 2x2 8x56x56x64, gradient", m.grad(lambda x: (mean(x) ** 2).sum()), (x,)

    def loss(params, images, labels):
        w1, b1, w2, b2, w3, b3 = params
        h = pool(m.nn.relu(conv(images, w1) + b1))
        h = pool(m.nn.relu(conv(h, w2) + b2))
        scores = h.reshape(h.shape[0], -1) @ w3 + b3
        return -(m.nn.log_softmax(scores) * labels).sum(1).mean()

    def step(images, labels, *params):
        slopes = m.grad(loss)(params, images, labels)
        return [x - 0.01 * dx for x, dx in zip(params, slopes)]

    shapes = (3, 3, 1, 32), (32,), (3, 3, 32, 64), (64,), (7 * 7 * 64, 10), (10,)
    params = [numbers(*shape) * np.float32(0.02) for shape in shapes]
    labels = np.eye(10, dtype="float32")[rng.integers(0, 10, 64)]
    yield "CNN training step, 64 images 28x28", step, (numbers(64, 28, 28, 1), labels, *params)


def transformer(m):
    """A step that trains one block: attention and two layers, each after a normalisation."""
    np_ = m.numpy
    batch, length, width, heads = 8, 64, 128, 4

    def norm(x, scale):
        centred = x - x.mean(axis=-1, keepdims=True)
        return scale * centred / np_.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)

    def block(params, x):
        scales, joint, out, wide, narrow = params
        h = norm(x, scales[0]) @ joint
        q, k, v = np_.moveaxis(h.reshape(batch, length, 3, heads, width // heads), 2, 0)
        scores = np_.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(width // heads)
        scores = np_.where(np.tri(length, dtype=bool), scores, -np.inf)
        h = np_.einsum("bhqk,bkhd->bqhd", m.nn.softmax(scores, axis=-1), v)
        x = x + h.reshape(x.shape) @ out
        return x + m.nn.gelu(norm(x, scales[1]) @ wide) @ narrow

    def step(x, y, *params):
        slopes = m.grad(lambda params: ((block(params, x) - y) ** 2).mean())(params)
        return [x - 0.01 * dx for x, dx in zip(params, slopes)]

    shapes = (width, 3 * width), (width, width), (width, 4 * width), (4 * width, width)
    params = [numbers(*shape, seed=n) * np.float32(0.02) for n, shape in enumerate(shapes)]
    data = [numbers(batch, length, width, seed=seed) for seed in (5, 6)]
    name = f"transformer training step, {batch}x{length}x{width}"
    return name, step, (*data, np.ones((2, width), dtype="float32"), *params)
