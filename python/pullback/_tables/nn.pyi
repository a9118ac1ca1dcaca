# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike

def celu(x: ArrayLike, alpha: ArrayLike = 1.0) -> Array:
    """`max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1)`.
    
    J. T. Barron 2017, "Continuously differentiable exponential linear units"."""

def dot_product_attention(query: ArrayLike, key: ArrayLike, value: ArrayLike, bias: ArrayLike | None = None, mask: ArrayLike | None = None, *, scale: float | None = None, is_causal: bool = False, query_seq_lengths: ArrayLike | None = None, key_value_seq_lengths: ArrayLike | None = None, local_window_size: int | Sequence[int] | None = None, implementation: str | None = None, return_residual: bool = False) -> Any:
    """For each query the mean of the values, weighted by the softmax of its products with the keys.
    
    Axes are, from the last, those of the vectors, the heads, the sequence and the batch, which
    can lack. Keys and values can have fewer heads than the queries have: groups share them."""

def elu(x: ArrayLike, alpha: ArrayLike = 1.0) -> Array:
    """`x` where it is positive, else `alpha * (exp(x) - 1)`."""

def gelu(x: ArrayLike, approximate: bool = True) -> Array:
    """`x` times the probability that a normal variable is smaller.
    
    By default by an approximation with the hyperbolic tangent.
    
    D. Hendrycks and K. Gimpel 2016, "Gaussian error linear units"."""

def glu(x: ArrayLike, axis: int = -1) -> Array:
    """The first half of an axis times the sigmoid of the second.
    
    The size of the axis must be even."""

def hard_sigmoid(x: ArrayLike) -> Array:
    """`relu6(x + 3) / 6`."""

def hard_silu(x: ArrayLike) -> Array:
    """`x * hard_sigmoid(x)`."""

hard_swish = hard_silu

def hard_tanh(x: ArrayLike) -> Array:
    """`x` between -1 and 1, else the bound it passes."""

def identity(x: ArrayLike) -> Array:
    """The elements as they are."""

def leaky_relu(x: ArrayLike, negative_slope: ArrayLike = 0.01) -> Array:
    """`x` where it is positive, else a small multiple of it."""

def log1mexp(x: ArrayLike) -> Array:
    """`log(1 - exp(-x))` for positive `x`, also precise where that is large or small."""

def log_sigmoid(x: ArrayLike) -> Array:
    """`log(sigmoid(x))`.
    
    It is also precise where the sigmoid is too small to be told from zero."""

def log_softmax(x: ArrayLike, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """The logarithm of [`softmax`]."""

def logmeanexp(x: ArrayLike, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None, keepdims: bool = False) -> Array:
    """The logarithm of the mean of exponentials over axes."""

def logsumexp(a: ArrayLike, axis: int | Sequence[int] | None = None, b: ArrayLike | None = None, keepdims: bool = False, return_sign: bool = False, where: ArrayLike | None = None) -> Any:
    """The logarithm of the sum of exponentials over axes.
    
    Each exponential counts as often as `b` says. The largest element is taken away first, so that
    none overflows. With `return_sign` the result is the logarithm of the magnitude, and the sign."""

def mish(x: ArrayLike) -> Array:
    """`x * tanh(softplus(x))`.
    
    D. Misra 2019, "Mish: A self regularized non-monotonic activation function"."""

def one_hot(x: ArrayLike, num_classes: int, *, dtype: DTypeLike | None = None, axis: int = -1) -> Array:
    """For each class a row with a one at its place among `num_classes`, and zeros elsewhere.
    
    A class beyond gives zeros alone. The type is float32 if none is given, or float64 with 64-bit
    types enabled."""

def relu(x: ArrayLike) -> Array:
    """`x` where it is positive, else 0; the derivative at 0 is 0."""

def relu6(x: ArrayLike) -> Array:
    """`x` between 0 and 6, else the bound it passes."""

def selu(x: ArrayLike) -> Array:
    """The exponential linear unit, scaled so that mean and variance keep.
    
    G. Klambauer and others 2017, "Self-normalizing neural networks"."""

def sigmoid(x: ArrayLike) -> Array:
    """`1 / (1 + exp(-x))`."""

def silu(x: ArrayLike) -> Array:
    """`x * sigmoid(x)`."""

swish = silu

def soft_sign(x: ArrayLike) -> Array:
    """`x / (1 + |x|)`."""

def softmax(x: ArrayLike, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Exponentials divided by their sum over axes, of the elements that `where` has.
    
    The largest element is taken away first, so that no exponential overflows. Without axes the sum
    is over all."""

def softplus(x: ArrayLike) -> Array:
    """`log(1 + exp(x))`.
    
    It does not overflow where `x` is large."""

def sparse_plus(x: ArrayLike) -> Array:
    """0 up to -1, `x` from 1 on, and a parabola between."""

def sparse_sigmoid(x: ArrayLike) -> Array:
    """0 up to -1, 1 from 1 on, and a line between."""

def squareplus(x: ArrayLike, b: ArrayLike = 4) -> Array:
    """`(x + sqrt(x² + b)) / 2`.
    
    J. T. Barron 2021, "Squareplus: A softplus-like algebraic rectifier"."""

def standardize(x: ArrayLike, axis: int | Sequence[int] | None = -1, mean: ArrayLike | None = None, variance: ArrayLike | None = None, epsilon: ArrayLike = 1e-5, where: ArrayLike | None = None) -> Array:
    """`x` with mean 0 and variance 1 along axes.
    
    `epsilon` is added to the variance, so that a constant gives zeros."""

def tanh(x: ArrayLike) -> Array:
    """The hyperbolic tangent."""
