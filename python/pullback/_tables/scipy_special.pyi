# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike

def bernoulli(n: int) -> Array:
    """The Bernoulli numbers from 0 to `n`."""

def beta(a: ArrayLike, b: ArrayLike) -> Array:
    """The beta function, `gamma(a) gamma(b) / gamma(a + b)`."""

def betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """The regularized incomplete beta function."""

def betaln(a: ArrayLike, b: ArrayLike) -> Array:
    """The logarithm of the magnitude of the beta function."""

def boxcox(x: ArrayLike, lmbda: ArrayLike) -> Array:
    """The power transform `(x^lmbda - 1) / lmbda` of Box and Cox, and the logarithm for `lmbda` of
    zero."""

def boxcox1p(x: ArrayLike, lmbda: ArrayLike) -> Array:
    """[`boxcox`] of `1 + x`."""

def comb(N: ArrayLike, k: ArrayLike, *, repetition: bool = False) -> Array:
    """The number of ways to choose `k` out of `n`; with `repetition` each as often as one likes."""

def dawsn(x: ArrayLike) -> Array:
    """Dawson's integral: `exp(-x²)` times the integral of `exp(t²)` from 0 to `x`.
    
    By Rybicki's sum over odd n of exp(-(x - n h)²) / n / √π."""

def digamma(x: ArrayLike) -> Array:
    """The derivative of [`gammaln`].
    
    At 1 it is minus Euler's constant."""

psi = digamma

def entr(x: ArrayLike) -> Array:
    """`-x log(x)`; 0 at 0, and minus infinity below."""

def erf(x: ArrayLike) -> Array:
    """The error function.
    
    It is `2 / sqrt(π)` times the integral of `exp(-t²)` from 0 to `x`."""

def erfc(x: ArrayLike) -> Array:
    """One minus the error function, also precise where that is small."""

def erfcinv(y: ArrayLike) -> Array:
    """The inverse of [`erfc`]."""

def erfcx(x: ArrayLike) -> Array:
    """`exp(x²) erfc(x)`, also precise where the factors leave the range of numbers."""

def erfinv(x: ArrayLike) -> Array:
    """The inverse of the error function.
    
    It is infinite at -1 and 1, and NaN beyond."""

def exp1(x: ArrayLike) -> Array:
    """The integral of `exp(-t) / t` from `x` to infinity."""

def expi(x: ArrayLike) -> Array:
    """The integral of `exp(t) / t` from minus infinity to `x`, around the pole at zero."""

def expit(x: ArrayLike) -> Array:
    """`1 / (1 + exp(-x))`."""

def expn(n: ArrayLike, x: ArrayLike) -> Array:
    """The integral of `exp(-x t) / t^n` for `t` from 1 to infinity."""

def factorial(n: ArrayLike, exact: bool = False) -> Array:
    """`gamma(n + 1)`, and 0 where `n` is negative.
    
    Exact results, of unlimited whole numbers, are an error."""

def gamma(x: ArrayLike) -> Array:
    """The gamma function, which continues the factorials.
    
    At negative whole numbers it is NaN."""

def gammainc(a: ArrayLike, x: ArrayLike) -> Array:
    """The regularized lower incomplete gamma function."""

def gammaincc(a: ArrayLike, x: ArrayLike) -> Array:
    """The regularized upper incomplete gamma function, one minus [`gammainc`]."""

def gammaln(x: ArrayLike) -> Array:
    """The logarithm of the magnitude of the gamma function."""

def gammasgn(x: ArrayLike) -> Array:
    """The sign of the gamma function.
    
    It is NaN at negative whole numbers, where the gamma function has none."""

def i0(x: ArrayLike) -> Array:
    """The modified Bessel function of the first kind and order zero."""

def i0e(x: ArrayLike) -> Array:
    """`exp(-|x|)` times the modified Bessel function of the first kind and order zero.
    
    It does not overflow where `x` is large."""

def i1(x: ArrayLike) -> Array:
    """The modified Bessel function of the first kind and order one."""

def i1e(x: ArrayLike) -> Array:
    """`exp(-|x|)` times the modified Bessel function of the first kind and order one.
    
    It does not overflow where `x` is large."""

def kl_div(p: ArrayLike, q: ArrayLike) -> Array:
    """`p log(p / q) - p + q`."""

def log_ndtr(x: ArrayLike, series_order: int = 3) -> Array:
    """The logarithm of [`ndtr`], also precise where that is small.
    
    Far below zero by its asymptotic series, of which `series_order` terms are taken: -x²/2 -
    log(-x) - log(2π)/2 + log(1 - 1/x² + 3/x⁴ - ...); M. Abramowitz and I. A. Stegun, 26.2.12."""

def log_softmax(x: ArrayLike, *, axis: int | Sequence[int] | None = None) -> Array:
    """The logarithm of [`softmax`]."""

def loggamma(x: ArrayLike) -> Array:
    """The logarithm of the gamma function; NaN where that is negative."""

def logit(x: ArrayLike) -> Array:
    """`log(x / (1 - x))`, the inverse of [`expit`]."""

def logsumexp(a: ArrayLike, axis: int | Sequence[int] | None = None, b: ArrayLike | None = None, keepdims: bool = False, return_sign: bool = False, where: ArrayLike | None = None) -> Any:
    """The logarithm of the sum of exponentials over axes, each times its factor `b`; with
    `return_sign` of the magnitude of the sum, and its sign.
    
    The largest element is taken away first, so that no exponential overflows."""

def multigammaln(a: ArrayLike, d: int) -> Array:
    """The logarithm of the gamma function of `d` dimensions.
    
    It is the sum of `gammaln(a - j / 2)` for `j` below `d`, and `d (d - 1) log(π) / 4`."""

def ndtr(x: ArrayLike) -> Array:
    """The probability that a normal variable is below `x`."""

def ndtri(p: ArrayLike) -> Array:
    """The number that a normal variable is below with probability `p`: the inverse of [`ndtr`].
    
    By the rational approximations of Wichura, "Algorithm AS 241", Applied Statistics 37 (1988)."""

def poch(z: ArrayLike, m: ArrayLike) -> Array:
    """`gamma(z + m) / gamma(z)`, a rising factorial."""

def polygamma(n: ArrayLike, x: ArrayLike) -> Array:
    """The derivative of [`digamma`] of the order `n`."""

def rel_entr(p: ArrayLike, q: ArrayLike) -> Array:
    """`p log(p / q)`; 0 where `p` is 0 and `q` is not negative, infinity outside the domain."""

def softmax(x: ArrayLike, *, axis: int | Sequence[int] | None = None) -> Array:
    """Exponentials divided by their sum over axes: all, if none are given."""

def spence(x: ArrayLike) -> Array:
    """The integral of `-log(t) / (t - 1)` from 1 to `x`: the dilogarithm of `1 - x`."""

def xlog1py(x: ArrayLike, y: ArrayLike) -> Array:
    """`x log(1 + y)`, and 0 where `x` is 0."""

def xlogy(x: ArrayLike, y: ArrayLike) -> Array:
    """`x log(y)`, and 0 where `x` is 0."""

def zeta(x: ArrayLike, q: ArrayLike | None = None) -> Array:
    """Hurwitz's zeta function: the sum of `1 / (k + q)^x` for `k` from zero."""
