"""The programs of the tutorials, in Python: prints `name<TAB>figure` a line.

Run with real JAX instead by changing the two import lines.
"""

from functools import partial

import pullback as jax
import pullback.numpy as jnp
from pullback import grad, random, vmap
from pullback.scipy.stats import norm
from pullback.test_util import check_grads


def show(name, figure):
    print(f"{name}\t{float(figure)!r}")


def first_derivatives():
    show("grad of 3x+1 at 4", grad(lambda x: 3 * x + 1)(4.0))

    def polynomial(x):
        return 3 * x**2 + 4 * x - 3

    dpolynomial = grad(polynomial)
    show("grad of 3x²+4x-3 at 3", dpolynomial(3.0))
    start = 3.0
    for _ in range(200):
        start -= dpolynomial(start) * 0.01
    show("second derivative of 3x²+4x-3", grad(dpolynomial)(start))
    show("200 steps toward the minimum", start)


def maximum_likelihood(layout):
    key = random.PRNGKey(44)
    real_mu, real_log_sigma = -3.0, jnp.log(2.0)
    data = random.normal(key, shape=(1000,)) * jnp.exp(real_log_sigma) + real_mu

    def negloglike(mu, log_sigma, data):
        return -jnp.sum(norm.logpdf(data, loc=mu, scale=jnp.exp(log_sigma)))

    mu, log_sigma = -6.0, jnp.log(2.0)
    show(f"negative log likelihood, {layout}", negloglike(mu, log_sigma, data))
    gradient = partial(grad(negloglike, argnums=(0, 1)), data=data)
    dmu, dlog_sigma = gradient(mu, log_sigma)
    show(f"d/dmu, {layout}", dmu)
    show(f"d/dlog sigma, {layout}", dlog_sigma)
    for _ in range(300):
        dmu, dlog_sigma = gradient(mu, log_sigma)
        mu -= dmu * 0.0001
        log_sigma -= dlog_sigma * 0.0001
    show(f"fitted mu, {layout}", mu)
    show(f"fitted sigma, {layout}", jnp.exp(log_sigma))


def goldfield(x, y):
    return (2 * x**2) - (4 * x * y) + (y**4 + 2)


def search_for_gold():
    gradient = grad(goldfield, argnums=(0, 1))
    dx, dy = gradient(3.0, 4.0)
    show("goldfield d/dx at (3, 4)", dx)
    show("goldfield d/dy at (3, 4)", dy)
    # The published figure is reached from here; from (0.1, 0.1) the same steps lead to (1, 1).
    x, y = 0.1, -0.1
    for _ in range(300):
        dx, dy = gradient(x, y)
        x -= dx * 0.01
        y -= dy * 0.01
    show("goldfield minimum x", x)
    show("goldfield minimum y", y)
    along_x = grad(partial(goldfield, y=1.2))
    x = 0.1
    for _ in range(300):
        x -= along_x(x) * 0.01
    show("along x alone", x)


def higher_orders():
    show("tanh' at 2", grad(jnp.tanh)(2.0))
    show("tanh'' at 2", grad(grad(jnp.tanh))(2.0))
    show("tanh''' at 2", grad(grad(grad(jnp.tanh)))(2.0))

    def cubic(x):
        return x**3 + 2 * x**2 - 3 * x + 1

    for order in range(1, 5):
        cubic = grad(cubic)
        show(f"cubic{order * chr(39)} at 1", cubic(1.0))


def logistic_regression(layout):
    key = random.key(0)
    inputs = jnp.array([[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39]])
    targets = jnp.array([True, True, False, True])

    def predict(W, b):
        return 0.5 * (jnp.tanh((jnp.dot(inputs, W) + b) / 2) + 1)

    def loss(W, b):
        preds = predict(W, b)
        label_probs = preds * targets + (1 - preds) * (1 - targets)
        return -jnp.sum(jnp.log(label_probs))

    key, W_key, b_key = random.split(key, 3)
    W = random.normal(W_key, (3,))
    b = random.normal(b_key, ())
    value, (W_grad, b_grad) = jax.value_and_grad(loss, (0, 1))(W, b)
    for at in range(3):
        show(f"logistic W gradient {at}, {layout}", W_grad[at])
    show(f"logistic b gradient, {layout}", b_grad)
    show(f"logistic loss, {layout}", value)
    tree = grad(lambda params: loss(params["W"], params["b"]))({"W": W, "b": b})
    assert jnp.allclose(tree["W"], W_grad) and jnp.allclose(tree["b"], b_grad)
    if layout == "old layout":
        eps = 1e-4
        difference = (loss(W, b + eps / 2.0) - loss(W, b - eps / 2.0)) / eps
        show("b gradient by differences, old layout", difference)
        key, subkey = random.split(key)
        vec = random.normal(subkey, W.shape)
        unitvec = vec / jnp.sqrt(jnp.vdot(vec, vec))
        difference = (loss(W + eps / 2.0 * unitvec, b) - loss(W - eps / 2.0 * unitvec, b)) / eps
        show("W gradient along a direction by differences, old layout", difference)
        show("W gradient along a direction, old layout", jnp.vdot(grad(loss)(W, b), unitvec))
    else:
        check_grads(loss, (W, b), order=2)
        show("check_grads of the logistic loss, order 2", 1.0)


def linear_regression():
    key = random.PRNGKey(1)
    X = random.normal(key, (100, 10))
    true_w = random.normal(key, (10,))
    y = X.dot(true_w) + 0.1 * random.normal(key, (100,))

    def squared_error(w):
        return jnp.sum(jnp.power(X.dot(w) - y, 2)) / X.shape[0]

    descent = grad(squared_error)
    w = jnp.zeros(10)
    for _ in range(100):
        w = w - 0.1 * descent(w)
    by_pinv = jnp.linalg.pinv(X).dot(y)
    by_inverse = jnp.dot(jnp.dot(jnp.linalg.inv(jnp.dot(X.T, X)), X.T), y)
    assert jnp.allclose(by_pinv, by_inverse, rtol=1e-3)
    show("regression against pinv, largest relative error", jnp.max(jnp.abs((w - by_pinv) / by_pinv)))


def trigonometry():
    x = jnp.linspace(-2 * jnp.pi, 2 * jnp.pi, 1000)
    for name, func in (("sin", jnp.sin), ("cos", jnp.cos)):
        second = vmap(grad(grad(func)))
        show(f"{name}'' + {name}, largest", jnp.max(jnp.abs(second(x) + func(x))))


if __name__ == "__main__":
    first_derivatives()
    search_for_gold()
    higher_orders()
    linear_regression()
    trigonometry()
    for layout, partitionable in (("old layout", False), ("new layout", True)):
        with jax.threefry_partitionable(partitionable):
            maximum_likelihood(layout)
            logistic_regression(layout)
