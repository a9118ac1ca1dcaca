"""Statistics."""

from pullback import _modules

_DISTRIBUTIONS = (
    "norm bernoulli beta betabinom binom cauchy chi2 dirichlet expon gamma gennorm geom gumbel_l "
    "gumbel_r laplace logistic multinomial multivariate_normal nbinom pareto poisson t truncnorm uniform vonmises wrapcauchy"
).split()


def _submodule(name):
    def get():
        import importlib

        return importlib.import_module(f"pullback.scipy.stats.{name}")

    return get


_LAZY = {name: _submodule(name) for name in _DISTRIBUTIONS}
_modules.fill(globals(), "scipy.stats")
