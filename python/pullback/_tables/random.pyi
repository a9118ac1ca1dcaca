# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike

def PRNGKey(seed: ArrayLike, *, impl: Any = None) -> Array:
    """A key from a whole number, as a pair of 32-bit words."""

def ball(key: ArrayLike, d: int, p: ArrayLike = 2, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Points of a ball of `d` dimensions by the norm of power `p`, all equally probable.
    
    The points have `d` coordinates along a last axis."""

def bernoulli(key: ArrayLike, p: ArrayLike = 0.5, shape: int | Sequence[int] | None = None, mode: str = 'low', *, out_sharding: Any = None) -> Array:
    """Truth values, each true with probability `p`."""

def beta(key: ArrayLike, a: ArrayLike, b: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, method: str = 'exact', out_sharding: Any = None) -> Array:
    """Numbers of the beta distribution with parameters `a` and `b`."""

def binomial(key: ArrayLike, n: ArrayLike, p: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None) -> Array:
    """How many of `n` trials succeed, each with probability `p`.
    
    Where few are expected by counting failures between successes; else by W. Hörmann 1993, "The
    generation of binomial random variates"."""

def bits(key: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Uniform bits, as unsigned integers.
    
    They are of type uint32 if none is given. They are those of Threefry with 20 rounds: J. Salmon
    and others 2011, "Parallel random numbers: as easy as 1, 2, 3"."""

def categorical(key: ArrayLike, logits: ArrayLike, axis: int = -1, shape: int | Sequence[int] | None = None, replace: bool = True, mode: str | None = None, *, out_sharding: Any = None) -> Array:
    """Indices along an axis, with probabilities whose logarithms are given, up to a constant.
    
    By the largest of the logarithms, to which numbers of the Gumbel distribution are added; without
    replacement by several of the largest. The logarithms need not be normalized."""

def cauchy(key: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers of the standard Cauchy distribution.
    
    The density is `1 / (π (1 + x²))`. There is no mean; half of the numbers lie between -1 and 1."""

def chisquare(key: ArrayLike, df: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, method: str = 'exact', out_sharding: Any = None) -> Array:
    """Numbers of the chi-square distribution with `df` degrees of freedom."""

def choice(key: ArrayLike, a: ArrayLike, shape: int | Sequence[int] = (), replace: bool = True, p: ArrayLike | None = None, axis: int = 0, mode: str | None = None) -> Array:
    """Elements of an array, or numbers below one given: with or without replacement, all equally
    probable or with probabilities `p`.
    
    Without replacement there must be as many as are drawn."""

def clone(key: ArrayLike) -> Array:
    """A copy of a key, which may be used although the key has been."""

def dirichlet(key: ArrayLike, alpha: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Vectors of shares that add up to one, of the Dirichlet distribution with the parameters along
    the last axis of `alpha`."""

def double_sided_maxwell(key: ArrayLike, loc: ArrayLike, scale: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None) -> Array:
    """Numbers of [`maxwell`] of either sign, scaled and moved."""

def exponential(key: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers of the standard exponential distribution.
    
    The density is `exp(-x)`."""

def f(key: ArrayLike, dfnum: ArrayLike, dfden: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers of the F distribution: quotients of two chi-square numbers, each divided by its degrees
    of freedom."""

def fold_in(key: ArrayLike, data: ArrayLike) -> Array:
    """A key from a key and a number."""

def gamma(key: ArrayLike, a: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, method: str = 'exact', out_sharding: Any = None) -> Array:
    """Numbers of the gamma distribution with parameter `a`.
    
    By G. Marsaglia and W. W. Tsang 2000, "A simple method for generating gamma variables". The
    numbers have derivatives with respect to `a`."""

def generalized_normal(key: ArrayLike, p: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers whose density falls off with the power `p` of their magnitude.
    
    The density is proportional to `exp(-|x|^p)`."""

def geometric(key: ArrayLike, p: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """How many trials it takes until one succeeds, each with probability `p`."""

def gumbel(key: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, mode: str | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers of the standard Gumbel distribution.
    
    The density is `exp(-x - exp(-x))`, and the mean Euler's constant."""

def key(seed: ArrayLike, *, impl: Any = None, dtype: Any = None) -> Array:
    """A key from a whole number.
    
    Equal numbers give equal keys, and equal keys equal random numbers: split a key to draw again."""

def key_data(keys: ArrayLike) -> Array:
    """The words of keys, along a new last axis."""

def key_impl(keys: ArrayLike) -> Any:
    """The name of the generator of keys."""

def laplace(key: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers of the standard Laplace distribution.
    
    The density is `exp(-|x|) / 2`."""

def loggamma(key: ArrayLike, a: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, method: str = 'exact', out_sharding: Any = None) -> Array:
    """The logarithms of numbers of the gamma distribution with parameter `a`, also where those are too
    small to be told from zero."""

def logistic(key: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers of the standard logistic distribution.
    
    The density is `exp(-x) / (1 + exp(-x))²`; the variance π²/3."""

def lognormal(key: ArrayLike, sigma: ArrayLike = 1.0, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Exponentials of normal numbers with deviation `sigma`."""

def maxwell(key: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Lengths of vectors of three normal numbers.
    
    The density is `sqrt(2 / π) x² exp(-x² / 2)`; the mean `2 sqrt(2 / π)`."""

def multinomial(key: ArrayLike, n: ArrayLike, p: ArrayLike, *, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, unroll: Any = None) -> Array:
    """How many of `n` trials end in each way, with the probabilities along the last axis of `p`."""

def multivariate_normal(key: ArrayLike, mean: ArrayLike, cov: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, method: str = 'cholesky', *, out_sharding: Any = None) -> Array:
    """Normal vectors with the given mean and covariance.
    
    `method` says how the covariance is decomposed: "cholesky", "eigh" or "svd"."""

def normal(key: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Normal numbers of mean 0 and variance 1.
    
    Complex numbers have variance 1 too, half of it in each part."""

def orthogonal(key: ArrayLike, n: int, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, m: int | None = None, *, out_sharding: Any = None) -> Array:
    """Matrices with orthonormal columns or rows, all equally probable.
    
    By the QR decomposition of normal matrices: F. Mezzadri 2007, "How to generate random matrices
    from the classical compact groups"."""

def pareto(key: ArrayLike, b: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers of the Pareto distribution with exponent `b`.
    
    The density is `b / x^(b + 1)`, from 1 on."""

def permutation(key: ArrayLike, x: ArrayLike, axis: int = 0, independent: bool = False, *, out_sharding: Any = None) -> Array:
    """The array, or the numbers from zero on, in random order along an axis; with `independent`
    every row in an order of its own."""

def poisson(key: ArrayLike, lam: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, method: str = 'exact', out_sharding: Any = None) -> Array:
    """Counts of events that happen at the rate `lam`.
    
    Small rates by the method of Knuth, which multiplies uniform numbers; others by that of W.
    Hörmann 1993, "The transformed rejection method for generating Poisson random variables"."""

def rademacher(key: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """-1 or 1, equally probable."""

def randint(key: ArrayLike, shape: int | Sequence[int], minval: ArrayLike, maxval: ArrayLike, dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Whole numbers from `minval` up to and without `maxval`, all equally probable."""

def rayleigh(key: ArrayLike, scale: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers of the Rayleigh distribution.
    
    The density is `x / scale² exp(-x² / (2 scale²))`."""

def split(key: ArrayLike, num: int | Sequence[int] = 2) -> Array:
    """Independent keys from one key: `num` of them, or an array of them."""

def t(key: ArrayLike, df: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers of Student's t distribution with `df` degrees of freedom."""

def triangular(key: ArrayLike, left: ArrayLike, mode: ArrayLike, right: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers between `left` and `right`, most of them near `mode`."""

def truncated_normal(key: ArrayLike, lower: ArrayLike, upper: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Normal numbers between two bounds."""

def uniform(key: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None, minval: ArrayLike = 0.0, maxval: ArrayLike = 1.0, *, out_sharding: Any = None) -> Array:
    """Real numbers from `minval` up to and without `maxval`, all equally probable."""

def wald(key: ArrayLike, mean: ArrayLike, shape: int | Sequence[int] | None = None, dtype: DTypeLike | None = None, *, out_sharding: Any = None) -> Array:
    """Numbers of the inverse Gaussian distribution with the given mean.
    
    By J. R. Michael, W. R. Schucany and R. W. Haas 1976, "Generating random variates using
    transformations with multiple roots"."""

def weibull_min(key: ArrayLike, scale: ArrayLike, concentration: ArrayLike, shape: int | Sequence[int] = (), dtype: DTypeLike | None = None) -> Array:
    """Numbers of the Weibull distribution.
    
    With `c` for the concentration, the share of numbers above `x` is `exp(-(x / scale)^c)`."""

def wrap_key_data(key_bits_array: ArrayLike, *, impl: Any = None, dtype: Any = None) -> Array:
    """Keys from their words, along the last axis."""
