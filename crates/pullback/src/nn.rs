//! What neural networks are made of, with the names and meanings of `jax.nn`.

use pullback_core::primitives::rules as lax;
use pullback_core::primitives::unary::{erfc, expm1, logistic};
use pullback_core::{Array, DType, Result, promote};
use pullback_macros::api;

use crate::api::{ApiFn, Axes};
use crate::numpy::arithmetic::{multiply, true_divide};
use crate::numpy::common::{axis_of, filled, inexact, number, pair, select, shape_of, truth};
use crate::numpy::joining;
use crate::numpy::reductions::{self, Extreme, Mean, Sum};
use crate::numpy::transcendental::logaddexp;
use crate::scipy::special;
use pullback_core::primitives::custom::stop_gradient::stop_gradient;

pub mod attention;
pub mod initializers;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &RELU_API,
    &RELU6_API,
    &SIGMOID_API,
    &SOFTPLUS_API,
    &SOFT_SIGN_API,
    &SILU_API,
    &LOG_SIGMOID_API,
    &ELU_API,
    &LEAKY_RELU_API,
    &HARD_TANH_API,
    &CELU_API,
    &SELU_API,
    &GELU_API,
    &GLU_API,
    &HARD_SIGMOID_API,
    &HARD_SILU_API,
    &MISH_API,
    &SQUAREPLUS_API,
    &SPARSE_PLUS_API,
    &SPARSE_SIGMOID_API,
    &TANH_API,
    &IDENTITY_API,
    &SOFTMAX_API,
    &LOG_SOFTMAX_API,
    &LOGSUMEXP_API,
    &LOGMEANEXP_API,
    &LOG1MEXP_API,
    &STANDARDIZE_API,
    &ONE_HOT_API,
];

/// `x` where it is positive, else 0; the derivative at 0 is 0.
///
/// ```
/// # use pullback::{Array, nn};
/// assert_eq!(nn::relu(&Array::from([-1.0, 2.0]))?, Array::from([0.0, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn relu(x: &Array) -> Result<Array> {
    // Not the maximum, whose derivative at a tie is a half. A NaN is not below zero, and stays.
    select(&lax::le(x, &number(0.0, x))?, &filled(0.0, x)?, x)
}

/// `x` between 0 and 6, else the bound it passes.
///
/// ```
/// # use pullback::{Array, nn};
/// assert_eq!(nn::relu6(&Array::from([-1.0, 2.0, 8.0]))?, Array::from([0.0, 2.0, 6.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn relu6(x: &Array) -> Result<Array> {
    lax::min(&lax::max(x, &number(0.0, x))?, &number(6.0, x))
}

/// `1 / (1 + exp(-x))`.
///
/// ```
/// # use pullback::nn;
/// assert_eq!(nn::sigmoid(&0.0.into())?, 0.5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sigmoid(x: &Array) -> Result<Array> {
    logistic::logistic(&inexact(x)?)
}

/// `log(1 + exp(x))`.
///
/// It does not overflow where `x` is large.
///
/// ```
/// # use pullback::nn;
/// assert!((nn::softplus(&0.0.into())?.to_f64()? - 0.693147).abs() < 1e-6);
/// assert_eq!(nn::softplus(&1000.0.into())?, 1000.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn softplus(x: &Array) -> Result<Array> {
    logaddexp(x, &Array::from(0.0))
}

/// `x / (1 + |x|)`.
///
/// ```
/// # use pullback::{Array, nn};
/// assert_eq!(nn::soft_sign(&Array::from([-1.0, 3.0]))?, Array::from([-0.5, 0.75]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn soft_sign(x: &Array) -> Result<Array> {
    let size = lax::abs(x)?;
    true_divide(x, &lax::add(&size, &number(1.0, &size))?)
}

/// `x * sigmoid(x)`.
///
/// ```
/// # use pullback::nn;
/// assert!((nn::silu(&1.0.into())?.to_f64()? - 0.731059).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("swish"))]
pub fn silu(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    lax::mul(&x, &sigmoid(&x)?)
}

/// `log(sigmoid(x))`.
///
/// It is also precise where the sigmoid is too small to be told from zero.
///
/// ```
/// # use pullback::nn;
/// assert_eq!(nn::log_sigmoid(&(-1000.0).into())?, -1000.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn log_sigmoid(x: &Array) -> Result<Array> {
    lax::neg(&softplus(&lax::neg(x)?)?)
}

/// `x` where it is positive, else `alpha * (exp(x) - 1)`.
///
/// ```
/// # use pullback::{Array, nn};
/// let y = nn::elu(&Array::from([-1.0, 2.0]), &1.0.into())?.to_vec::<f32>()?;
/// assert!((y[0] + 0.632121).abs() < 1e-6 && y[1] == 2.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(alpha = 1.0))]
pub fn elu(x: &Array, alpha: &Array) -> Result<Array> {
    let x = inexact(x)?;
    let positive = lax::gt(&x, &number(0.0, &x))?;
    // The exponential of what is not used could overflow, and spoil derivatives.
    let negative = select(&positive, &filled(0.0, &x)?, &x)?;
    let [low, x] = pair("elu", &multiply(alpha, &expm1::expm1(&negative)?)?, &x)?;
    select(&positive, &x, &low)
}

/// `x` where it is positive, else a small multiple of it.
///
/// ```
/// # use pullback::{Array, nn};
/// let y = nn::leaky_relu(&Array::from([-2.0, 2.0]), &0.25.into())?;
/// assert_eq!(y, Array::from([-0.5, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(negative_slope = 0.01))]
pub fn leaky_relu(x: &Array, negative_slope: &Array) -> Result<Array> {
    let x = inexact(x)?;
    let [low, y] = pair("leaky_relu", &multiply(negative_slope, &x)?, &x)?;
    select(&lax::ge(&x, &number(0.0, &x))?, &y, &low)
}

/// `x` between -1 and 1, else the bound it passes.
///
/// ```
/// # use pullback::{Array, nn};
/// assert_eq!(nn::hard_tanh(&Array::from([-3.0, 0.5, 2.0]))?, Array::from([-1.0, 0.5, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn hard_tanh(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    let (one, minus) = (number(1.0, &x), number(-1.0, &x));
    let y = select(&lax::lt(&x, &minus)?, &minus, &x)?;
    select(&lax::gt(&x, &one)?, &one, &y)
}

/// `max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1)`.
///
/// J. T. Barron 2017, "Continuously differentiable exponential linear units".
///
/// ```
/// # use pullback::{Array, nn};
/// let y = nn::celu(&Array::from([-2.0, 2.0]), &2.0.into())?.to_vec::<f32>()?;
/// assert!((y[0] + 2.0 * 0.632121).abs() < 1e-5 && y[1] == 2.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(alpha = 1.0))]
pub fn celu(x: &Array, alpha: &Array) -> Result<Array> {
    let x = inexact(x)?;
    let zero = number(0.0, &x);
    let low = expm1::expm1(&true_divide(&lax::min(&x, &zero)?, alpha)?)?;
    crate::numpy::arithmetic::add(&lax::max(&x, &zero)?, &multiply(alpha, &low)?)
}

/// The exponential linear unit, scaled so that mean and variance keep.
///
/// G. Klambauer and others 2017, "Self-normalizing neural networks".
///
/// ```
/// # use pullback::{Array, nn};
/// let y = nn::selu(&Array::from([-1.0, 1.0]))?.to_vec::<f32>()?;
/// assert!((y[0] + 1.111331).abs() < 1e-5 && (y[1] - 1.050701).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn selu(x: &Array) -> Result<Array> {
    let y = elu(x, &Array::from(1.673_263_242_354_377_2))?;
    lax::mul(&number(1.050_700_987_355_480_5, &y), &y)
}

/// `x` times the probability that a normal variable is smaller.
///
/// By default by an approximation with the hyperbolic tangent.
///
/// D. Hendrycks and K. Gimpel 2016, "Gaussian error linear units".
///
/// ```
/// # use pullback::nn;
/// assert!((nn::gelu(&1.0.into(), false)?.to_f64()? - 0.841345).abs() < 1e-6);
/// assert!((nn::gelu(&1.0.into(), true)?.to_f64()? - 0.841192).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(approximate = true))]
pub fn gelu(x: &Array, approximate: bool) -> Result<Array> {
    let x = inexact(x)?;
    if !approximate {
        let angle = lax::mul(&lax::neg(&x)?, &number(std::f64::consts::FRAC_1_SQRT_2, &x))?;
        let half = lax::mul(&number(0.5, &x), &x)?;
        return lax::mul(&half, &erfc::erfc(&angle)?);
    }
    let cubic = lax::mul(&number(0.044715, &x), &lax::integer_pow(&x, 3)?)?;
    let scale = number((2.0 / std::f64::consts::PI).sqrt(), &x);
    let angle = lax::mul(&scale, &lax::add(&x, &cubic)?)?;
    let share = lax::mul(&number(0.5, &x), &lax::add(&number(1.0, &x), &lax::tanh(&angle)?)?)?;
    lax::mul(&x, &share)
}

/// The first half of an axis times the sigmoid of the second.
///
/// The size of the axis must be even.
///
/// ```
/// # use pullback::{Array, nn};
/// let y = nn::glu(&Array::from([4.0, 6.0, 0.0, 0.0]), -1)?;
/// assert_eq!(y, Array::from([2.0, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1))]
pub fn glu(x: &Array, axis: i64) -> Result<Array> {
    let halves = joining::split(x, 2.into(), axis)?;
    lax::mul(&halves[0], &sigmoid(&halves[1])?)
}

/// `relu6(x + 3) / 6`.
///
/// ```
/// # use pullback::{Array, nn};
/// assert_eq!(nn::hard_sigmoid(&Array::from([-4.0, 0.0, 4.0]))?, Array::from([0.0, 0.5, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn hard_sigmoid(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    lax::div(&relu6(&lax::add(&x, &number(3.0, &x))?)?, &number(6.0, &x))
}

/// `x * hard_sigmoid(x)`.
///
/// ```
/// # use pullback::{Array, nn};
/// assert_eq!(nn::hard_silu(&Array::from([-4.0, 0.0, 4.0]))?, Array::from([0.0, 0.0, 4.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("hard_swish"))]
pub fn hard_silu(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    lax::mul(&x, &hard_sigmoid(&x)?)
}

/// `x * tanh(softplus(x))`.
///
/// D. Misra 2019, "Mish: A self regularized non-monotonic activation function".
///
/// ```
/// # use pullback::nn;
/// assert!((nn::mish(&1.0.into())?.to_f64()? - 0.865098).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn mish(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    lax::mul(&x, &lax::tanh(&softplus(&x)?)?)
}

/// `(x + sqrt(x² + b)) / 2`.
///
/// J. T. Barron 2021, "Squareplus: A softplus-like algebraic rectifier".
///
/// ```
/// # use pullback::{Array, nn};
/// assert_eq!(nn::squareplus(&Array::from([0.0, 1.5]), &4.0.into())?, Array::from([1.0, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(b = 4))]
pub fn squareplus(x: &Array, b: &Array) -> Result<Array> {
    let x = inexact(x)?;
    let root = lax::sqrt(&crate::numpy::arithmetic::add(&lax::square(&x)?, b)?)?;
    let y = crate::numpy::arithmetic::add(&x, &root)?;
    lax::div(&y, &number(2.0, &y))
}

/// 0 up to -1, `x` from 1 on, and a parabola between.
///
/// ```
/// # use pullback::{Array, nn};
/// assert_eq!(nn::sparse_plus(&Array::from([-2.0, 0.0, 3.0]))?, Array::from([0.0, 0.25, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sparse_plus(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    let one = number(1.0, &x);
    let curve = lax::div(&lax::integer_pow(&lax::add(&x, &one)?, 2)?, &number(4.0, &x))?;
    let y = select(&lax::ge(&x, &one)?, &x, &curve)?;
    select(&lax::le(&x, &number(-1.0, &x))?, &number(0.0, &x), &y)
}

/// 0 up to -1, 1 from 1 on, and a line between.
///
/// ```
/// # use pullback::{Array, nn};
/// assert_eq!(nn::sparse_sigmoid(&Array::from([-2.0, 0.0, 3.0]))?, Array::from([0.0, 0.5, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sparse_sigmoid(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    let y = lax::max(&number(0.0, &x), &lax::add(&x, &number(1.0, &x))?)?;
    lax::mul(&number(0.5, &x), &lax::min(&number(2.0, &x), &y)?)
}

/// The hyperbolic tangent.
///
/// ```
/// # use pullback::nn;
/// assert!((nn::tanh(&1.0.into())?.to_f64()? - 0.761594).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn tanh(x: &Array) -> Result<Array> {
    lax::tanh(&inexact(x)?)
}

/// The elements as they are.
///
/// ```
/// # use pullback::{Array, nn};
/// assert_eq!(nn::identity(&Array::from([-1.0, 2.0]))?, Array::from([-1.0, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn identity(x: &Array) -> Result<Array> {
    Ok(x.clone())
}

/// `x` without its largest element along axes, so that exponentials stay small; those that do
/// not count are minus infinity.
fn below_largest(x: &Array, axis: Option<&Axes>, mask: Option<&Array>) -> Result<Array> {
    let infinity = number(f64::NEG_INFINITY, x);
    let x = match mask {
        Some(mask) => select(&truth(mask)?, x, &infinity)?,
        None => x.clone(),
    };
    let options = Extreme {
        axis: axis.cloned(),
        keepdims: true,
        initial: Some(infinity),
        ..Extreme::default()
    };
    let largest = reductions::max(&x, options)?;
    crate::numpy::arithmetic::subtract(&x, &stop_gradient(&largest)?)
}

fn total(x: &Array, axis: Option<&Axes>) -> Result<Array> {
    reductions::sum(x, Sum { axis: axis.cloned(), keepdims: true, ..Sum::default() })
}

/// Exponentials divided by their sum over axes, of the elements that `where` has.
///
/// The largest element is taken away first, so that no exponential overflows. Without axes the sum
/// is over all.
///
/// ```
/// # use pullback::{Array, nn};
/// let y = nn::softmax(&Array::from([1000.0, 1000.0]), Some((-1).into()), None)?;
/// assert_eq!(y, Array::from([0.5, 0.5]));
/// let mask = Array::from([true, false]);
/// let y = nn::softmax(&Array::from([3.0, 7.0]), Some((-1).into()), Some(&mask))?;
/// assert_eq!(y, Array::from([1.0, 0.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1))]
pub fn softmax(x: &Array, axis: Option<Axes>, r#where: Option<&Array>) -> Result<Array> {
    let axis = axis.as_ref();
    let x = inexact(x)?;
    let exponentials = lax::exp(&below_largest(&x, axis, r#where)?)?;
    let Some(mask) = r#where else {
        let total = total(&exponentials, axis)?;
        return lax::div(&exponentials, &total);
    };
    let mask = truth(mask)?;
    let zero = number(0.0, &x);
    let exponentials = select(&mask, &exponentials, &zero)?;
    let y = lax::div(&exponentials, &total(&exponentials, axis)?)?;
    select(&mask, &y, &zero)
}

/// The logarithm of [`softmax`].
///
/// ```
/// # use pullback::{Array, nn};
/// let y = nn::log_softmax(&Array::from([0.0, 1000.0]), Some((-1).into()), None)?;
/// assert_eq!(y, Array::from([-1000.0, 0.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1))]
pub fn log_softmax(x: &Array, axis: Option<Axes>, r#where: Option<&Array>) -> Result<Array> {
    let axis = axis.as_ref();
    let x = inexact(x)?;
    let shifted = below_largest(&x, axis, r#where)?;
    let exponentials = lax::exp(&shifted)?;
    let Some(mask) = r#where else {
        return lax::sub(&shifted, &lax::log(&total(&exponentials, axis)?)?);
    };
    let mask = truth(mask)?;
    let exponentials = select(&mask, &exponentials, &number(0.0, &x))?;
    let y = lax::sub(&shifted, &lax::log(&total(&exponentials, axis)?)?)?;
    select(&mask, &y, &number(f64::NEG_INFINITY, &x))
}

/// The logarithm of the sum of exponentials over axes.
///
/// Each exponential counts as often as `b` says. The largest element is taken away first, so that
/// none overflows. With `return_sign` the result is the logarithm of the magnitude, and the sign.
///
/// ```
/// # use pullback::{Array, nn};
/// use pullback::api::Value;
/// let x = Array::from([1000.0, 1000.0]);
/// let Value::Array(y) = nn::logsumexp(&x, None, None, false, false, None)? else {
///     panic!("no sign was asked for")
/// };
/// assert!((y.to_f64()? - 1000.693).abs() < 1e-3);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(keepdims = false, return_sign = false))]
pub fn logsumexp(
    a: &Array,
    axis: Option<&Axes>,
    b: Option<&Array>,
    keepdims: bool,
    return_sign: bool,
    r#where: Option<&Array>,
) -> Result<crate::api::Value> {
    special::logsumexp(a, axis, b, keepdims, return_sign, r#where)
}

/// `x` with mean 0 and variance 1 along axes.
///
/// `epsilon` is added to the variance, so that a constant gives zeros.
///
/// ```
/// # use pullback::{Array, nn};
/// let x = Array::from([1.0, 3.0]);
/// let y = nn::standardize(&x, Some((-1).into()), None, None, &0.0.into(), None)?.to_vec::<f32>()?;
/// assert!((y[0] + 1.0).abs() < 1e-5 && (y[1] - 1.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1, epsilon = 1e-5))]
pub fn standardize(
    x: &Array,
    axis: Option<Axes>,
    mean: Option<&Array>,
    variance: Option<&Array>,
    epsilon: &Array,
    r#where: Option<&Array>,
) -> Result<Array> {
    let axis = axis.as_ref();
    let x = inexact(x)?;
    let options = || Mean {
        axis: axis.cloned(),
        keepdims: true,
        r#where: r#where.cloned(),
        ..Mean::default()
    };
    let mean = match mean {
        Some(mean) => mean.clone(),
        None => reductions::mean(&x, options())?,
    };
    let variance = match variance {
        Some(variance) => variance.clone(),
        None => {
            let squares = reductions::mean(&lax::square(&x)?, options())?;
            let y = crate::numpy::arithmetic::subtract(&squares, &lax::square(&mean)?)?;
            // Rounding can take it below zero.
            lax::max(&number(0.0, &y), &y)?
        }
    };
    let centered = crate::numpy::arithmetic::subtract(&x, &mean)?;
    let scale = lax::rsqrt(&crate::numpy::arithmetic::add(&variance, epsilon)?)?;
    multiply(&centered, &scale)
}

/// For each class a row with a one at its place among `num_classes`, and zeros elsewhere.
///
/// A class beyond gives zeros alone. The type is float32 if none is given, or float64 with 64-bit
/// types enabled.
///
/// ```
/// # use pullback::{Array, nn};
/// let y = nn::one_hot(&Array::from([2, 0, 5]), 3, None, -1)?;
/// assert_eq!(y, Array::from([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1), keyword_only(dtype))]
pub fn one_hot(x: &Array, num_classes: i64, dtype: Option<DType>, axis: i64) -> Result<Array> {
    let count = shape_of("one_hot", &[num_classes])?[0];
    let rank = x.rank() + 1;
    let axis = axis_of("one_hot", axis, rank)?;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_float));
    let classes = lax::expand_dims(x, &[axis])?;
    let mut shape = vec![1; rank];
    shape[axis] = count;
    let kind = if x.dtype() == DType::Bool { promote::default_int() } else { x.dtype() };
    let classes = lax::convert_element_type(&classes, kind)?;
    let all = lax::iota(kind, &shape, axis)?;
    lax::convert_element_type(&lax::eq(&classes, &all)?, dtype)
}

/// The logarithm of the mean of exponentials over axes.
///
/// ```
/// use pullback::Array;
/// use pullback::nn::logmeanexp;
///
/// let y = logmeanexp(&Array::from([2.0f32, 2.0]), None, None, false)?;
/// assert_eq!(y, 2.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(keepdims = false))]
pub fn logmeanexp(
    x: &Array,
    axis: Option<&Axes>,
    r#where: Option<&Array>,
    keepdims: bool,
) -> Result<Array> {
    let crate::api::Value::Array(y) = special::logsumexp(x, axis, None, keepdims, false, r#where)?
    else {
        unreachable!("without its sign a sum is one array");
    };
    let ones = match r#where {
        Some(mask) => crate::numpy::common::broadcast(&truth(mask)?, x.shape())?,
        None => crate::numpy::common::broadcast(&Array::from(true), x.shape())?,
    };
    let options = Sum { axis: axis.cloned(), keepdims, dtype: Some(y.dtype()), ..Sum::default() };
    lax::sub(&y, &lax::log(&reductions::sum(&ones, options)?)?)
}

/// `log(1 - exp(-x))` for positive `x`, also precise where that is large or small.
///
/// ```
/// use pullback::Array;
/// use pullback::nn::log1mexp;
///
/// let y = log1mexp(&Array::from([std::f32::consts::LN_2]))?;
/// assert!((y.to_vec::<f32>()?[0] - 0.5f32.ln()).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn log1mexp(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    let mut y = crate::custom_rules::with_jvp(
        "log1mexp",
        &[&x],
        |x| Ok(vec![log1mexp_value(&x[0])?]),
        |x, dx| {
            let y = log1mexp_value(&x[0])?;
            let dy = dx[0].map(&y.aval(), |dx| lax::div(dx, &expm1::expm1(&x[0])?))?;
            Ok((vec![y], vec![dy]))
        },
    )?;
    Ok(y.swap_remove(0))
}

fn log1mexp_value(x: &Array) -> Result<Array> {
    let minus = lax::neg(x)?;
    let near = lax::log(&lax::neg(&expm1::expm1(&minus)?)?)?;
    let far = pullback_core::primitives::unary::log1p::log1p(&lax::neg(&lax::exp(&minus)?)?)?;
    select(&lax::lt(x, &number(std::f64::consts::LN_2, x))?, &near, &far)
}
