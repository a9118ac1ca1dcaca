"""Writes the tutorials' plots as PNG into the folder given, and says where."""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import pullback.numpy as jnp
from pullback import grad, random, vmap
from tour import goldfield


def tanh_derivatives(axes):
    x = jnp.linspace(-4, 4, 1000)
    func = jnp.tanh
    axes.plot(x, func(x), label="tanh")
    for order in range(1, 5):
        func = grad(func)
        axes.plot(x, vmap(func)(x), label=f"derivative {order}")
    axes.legend()


def sines(axes):
    x = jnp.linspace(-2 * jnp.pi, 2 * jnp.pi, 1000)
    for func in (jnp.sin, jnp.cos):
        axes.plot(x, func(x), "k-")
        axes.plot(x, -vmap(grad(grad(func)))(x), "w--", lw=2)
    axes.set_title("sin and cos, and minus their second derivatives")


def gold(axes):
    X, Y = jnp.meshgrid(jnp.arange(-1.5, 1.5, 0.05), jnp.arange(-1.5, 1.5, 0.05))
    axes.plot_surface(np.asarray(X), np.asarray(Y), np.asarray(goldfield(X, Y)), cmap="coolwarm", alpha=0.6)
    gradient = grad(goldfield, argnums=(0, 1))
    x, y, path = 0.1, -0.1, []
    for _ in range(300):
        path.append((float(x), float(y), float(goldfield(x, y))))
        dx, dy = gradient(x, y)
        x, y = x - dx * 0.01, y - dy * 0.01
    axes.plot(*zip(*path), "k-", lw=2)
    axes.view_init(elev=20.0, azim=20)


def regression(axes):
    key = random.PRNGKey(1)
    X = random.normal(key, (100, 10))
    y = X.dot(random.normal(key, (10,))) + 0.1 * random.normal(key, (100,))
    descent = grad(lambda w: jnp.sum((X.dot(w) - y) ** 2) / X.shape[0])
    w = jnp.zeros(10)
    for _ in range(100):
        w = w - 0.1 * descent(w)
    at = np.arange(10)
    axes.bar(at - 0.2, w, 0.4, label="gradient descent")
    axes.bar(at + 0.2, jnp.linalg.pinv(X).dot(y), 0.4, label="pseudo-inverse")
    axes.legend()


def main(folder):
    plots = {"tanh": tanh_derivatives, "sines": sines, "goldfield": gold, "regression": regression}
    for name, draw in plots.items():
        figure = plt.figure(figsize=(10, 7))
        draw(figure.add_subplot(projection="3d" if name == "goldfield" else None))
        path = Path(folder, f"{name}.png").resolve()
        figure.savefig(path, dpi=80)
        plt.close(figure)
        print(f"wrote {path}")


if __name__ == "__main__":
    main(sys.argv[1])
