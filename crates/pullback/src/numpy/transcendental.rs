//! Exponentials, logarithms, trigonometric and hyperbolic functions.
//!
//! Whole numbers and bools become real numbers first.

use pullback_core::primitives::rules as lax;
use pullback_core::primitives::{binary, unary};
use pullback_core::{Array, Error, Result};
use pullback_macros::api;

use super::common::{filled, inexact, inexact_pair, not_equal_itself, number, select};
use crate::api::ApiFn;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &SQRT_API,
    &CBRT_API,
    &EXP_API,
    &EXP2_API,
    &EXPM1_API,
    &LOG_API,
    &LOG2_API,
    &LOG1P_API,
    &SIN_API,
    &COS_API,
    &TAN_API,
    &ARCSIN_API,
    &ARCCOS_API,
    &ARCTAN_API,
    &SINH_API,
    &COSH_API,
    &TANH_API,
    &ARCSINH_API,
    &ARCCOSH_API,
    &ARCTANH_API,
    &LOG10_API,
    &SINC_API,
    &DEG2RAD_API,
    &RAD2DEG_API,
    &DEGREES_API,
    &RADIANS_API,
    &ARCTAN2_API,
    &HYPOT_API,
    &LOGADDEXP_API,
    &LOGADDEXP2_API,
];

/// The square root.
///
/// Of negative real numbers it is NaN; of complex ones the root with a real part that is not
/// negative.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, 4.0, 9.0]);
/// assert_eq!(jnp::sqrt(&x)?, Array::from([1.0, 2.0, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sqrt(x: &Array) -> Result<Array> {
    unary::sqrt::sqrt(&inexact(x)?)
}

/// The cube root.
///
/// Negative numbers have a negative one.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::cbrt(&(-27).into())?.to_f64()? + 3.0).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn cbrt(x: &Array) -> Result<Array> {
    unary::cbrt::cbrt(&inexact(x)?)
}

/// The exponential.
///
/// Whole numbers become real ones.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert_eq!(jnp::exp(&0.into())?, 1.0);
/// assert!((jnp::exp(&1.0.into())?.to_f64()? - 2.718282).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn exp(x: &Array) -> Result<Array> {
    unary::exp::exp(&inexact(x)?)
}

/// Two to the power of each element.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::exp2(&Array::from([0.0, 3.0, -1.0]))?, Array::from([1.0, 8.0, 0.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn exp2(x: &Array) -> Result<Array> {
    unary::exp2::exp2(&inexact(x)?)
}

/// `exp(x) - 1`, also precise where `x` is small.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from(1e-10);
/// assert!((jnp::expm1(&x)?.to_f64()? / 1e-10 - 1.0).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn expm1(x: &Array) -> Result<Array> {
    unary::expm1::expm1(&inexact(x)?)
}

/// The natural logarithm.
///
/// Of zero it is minus infinity, of negative real numbers NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::log(&Array::from([1.0, 0.0]))?, Array::from([0.0, f64::NEG_INFINITY]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn log(x: &Array) -> Result<Array> {
    unary::log::log(&inexact(x)?)
}

/// The logarithm to base 2.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::log2(&Array::from([1.0, 8.0]))?, Array::from([0.0, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn log2(x: &Array) -> Result<Array> {
    unary::log2::log2(&inexact(x)?)
}

/// `log(1 + x)`, also precise where `x` is small.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from(1e-10);
/// assert!((jnp::log1p(&x)?.to_f64()? / 1e-10 - 1.0).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn log1p(x: &Array) -> Result<Array> {
    unary::log1p::log1p(&inexact(x)?)
}

/// The sine, of an angle in radians.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::sin(&1.0.into())?.to_f64()? - 0.841471).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sin(x: &Array) -> Result<Array> {
    unary::sin::sin(&inexact(x)?)
}

/// The cosine, of an angle in radians.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::cos(&1.0.into())?.to_f64()? - 0.540302).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn cos(x: &Array) -> Result<Array> {
    unary::cos::cos(&inexact(x)?)
}

/// The tangent, of an angle in radians.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::tan(&1.0.into())?.to_f64()? - 1.557408).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn tan(x: &Array) -> Result<Array> {
    unary::tan::tan(&inexact(x)?)
}

/// The angle in radians that has the given sine.
///
/// It lies between -π/2 and π/2; real numbers beyond -1 and 1 have none and give NaN.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::arcsin(&1.0.into())?.to_f64()? - 1.570796).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("asin"))]
pub fn arcsin(x: &Array) -> Result<Array> {
    unary::asin::asin(&inexact(x)?)
}

/// The angle in radians that has the given cosine.
///
/// It lies between 0 and π; real numbers beyond -1 and 1 have none and give NaN.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::arccos(&0.0.into())?.to_f64()? - 1.570796).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("acos"))]
pub fn arccos(x: &Array) -> Result<Array> {
    unary::acos::acos(&inexact(x)?)
}

/// The angle in radians that has the given tangent.
///
/// It lies between -π/2 and π/2; for all four quadrants see [`arctan2`].
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::arctan(&1.0.into())?.to_f64()? - 0.785398).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("atan"))]
pub fn arctan(x: &Array) -> Result<Array> {
    unary::atan::atan(&inexact(x)?)
}

/// The hyperbolic sine.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::sinh(&1.0.into())?.to_f64()? - 1.175201).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sinh(x: &Array) -> Result<Array> {
    unary::sinh::sinh(&inexact(x)?)
}

/// The hyperbolic cosine.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::cosh(&1.0.into())?.to_f64()? - 1.543081).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn cosh(x: &Array) -> Result<Array> {
    unary::cosh::cosh(&inexact(x)?)
}

/// The hyperbolic tangent.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::tanh(&1.0.into())?.to_f64()? - 0.761594).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn tanh(x: &Array) -> Result<Array> {
    unary::tanh::tanh(&inexact(x)?)
}

/// The inverse of the hyperbolic sine.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::arcsinh(&1.0.into())?.to_f64()? - 0.881374).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("asinh"))]
pub fn arcsinh(x: &Array) -> Result<Array> {
    unary::asinh::asinh(&inexact(x)?)
}

/// The inverse of the hyperbolic cosine.
///
/// Real numbers below 1 have none and give NaN.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::arccosh(&2.0.into())?.to_f64()? - 1.316958).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("acosh"))]
pub fn arccosh(x: &Array) -> Result<Array> {
    unary::acosh::acosh(&inexact(x)?)
}

/// The inverse of the hyperbolic tangent.
///
/// Real numbers beyond -1 and 1 have none and give NaN.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::arctanh(&0.5.into())?.to_f64()? - 0.549306).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("atanh"))]
pub fn arctanh(x: &Array) -> Result<Array> {
    unary::atanh::atanh(&inexact(x)?)
}

/// The logarithm to base 10.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::log10(&1000.0.into())?.to_f64()? - 3.0).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn log10(x: &Array) -> Result<Array> {
    let y = lax::log(&inexact(x)?)?;
    let factor = |part: &Array| Array::constant(std::f64::consts::LOG10_E, part.dtype());
    let scaled = |part: &Array| lax::mul(part, &factor(part));
    match y.dtype().is_complex() {
        // By parts: a product of complex numbers would make NaN of an infinite part.
        true => lax::complex(&scaled(&lax::real(&y)?)?, &scaled(&lax::imag(&y)?)?),
        false => scaled(&y),
    }
}

/// `sin(pi x) / (pi x)`, and 1 at zero.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::sinc(&Array::from([0.0, 1.0, 2.0]))?;
/// assert_eq!(jnp::absolute(&y)?, Array::from([1.0, 0.0, 0.0]));
/// assert!((jnp::sinc(&0.5.into())?.to_f64()? - 0.636620).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sinc(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    if x.dtype().is_complex() {
        let angle = lax::mul(&x, &number(std::f64::consts::PI, &x))?;
        let size = lax::abs(&angle)?;
        let near = lax::lt(&size, &number(1.0, &size))?;
        let series = sinc_series(&select(&near, &angle, &filled(0.0, &x)?)?)?;
        let far = select(&near, &filled(1.0, &x)?, &angle)?;
        return select(&near, &series, &lax::div(&lax::sin(&far)?, &far)?);
    }
    // With x = c + h and c whole, sin(pi x) = ±sin(pi h): exact zeros at whole numbers. Near zero
    // a polynomial, so that all derivatives exist there.
    let infinite = lax::eq(&lax::abs(&x)?, &number(f64::INFINITY, &x))?;
    let finite = select(&infinite, &filled(0.0, &x)?, &x)?;
    let whole = lax::round(&finite)?;
    let angle = lax::mul(&number(std::f64::consts::PI, &x), &lax::sub(&finite, &whole)?)?;
    let near = lax::eq(&whole, &number(0.0, &x))?;
    let half = lax::round(&lax::mul(&whole, &number(0.5, &x))?)?;
    let odd = lax::ne(&lax::mul(&half, &number(2.0, &x))?, &whole)?;
    let sine = lax::sin(&angle)?;
    let sine = select(&odd, &lax::neg(&sine)?, &sine)?;
    let far = select(&near, &filled(1.0, &x)?, &finite)?;
    let divisor = lax::mul(&number(std::f64::consts::PI, &x), &far)?;
    let series = sinc_series(&select(&near, &angle, &filled(0.0, &x)?)?)?;
    let y = select(&near, &series, &lax::div(&sine, &divisor)?)?;
    select(&infinite, &filled(0.0, &x)?, &y)
}

/// `sin(x) / x` by its series: 1 - x²/6 (1 - x²/20 (1 - x²/42 (...))).
fn sinc_series(x: &Array) -> Result<Array> {
    let square = lax::square(x)?;
    let mut y = filled(1.0, x)?;
    for divisor in [342.0, 272.0, 210.0, 156.0, 110.0, 72.0, 42.0, 20.0, 6.0] {
        let term = lax::mul(&lax::div(&square, &number(divisor, x))?, &y)?;
        y = lax::sub(&number(1.0, x), &term)?;
    }
    Ok(y)
}

/// Degrees as radians.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::deg2rad(&180.0.into())?.to_f64()? - 3.141593).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn deg2rad(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    lax::mul(&x, &number(std::f64::consts::PI / 180.0, &x))
}

/// Radians as degrees.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::rad2deg(&1.0.into())?.to_f64()? - 57.29578).abs() < 1e-4);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn rad2deg(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    lax::mul(&x, &number(180.0 / std::f64::consts::PI, &x))
}

/// Radians as degrees.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::degrees(&1.0.into())?.to_f64()? - 57.29578).abs() < 1e-4);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn degrees(x: &Array) -> Result<Array> {
    rad2deg(x)
}

/// Degrees as radians.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::radians(&180.0.into())?.to_f64()? - 3.141593).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn radians(x: &Array) -> Result<Array> {
    deg2rad(x)
}

/// The angle of the point `(x2, x1)` in radians, between -pi and pi.
///
/// ```
/// # use pullback::numpy as jnp;
/// let angle = jnp::arctan2(&1.0.into(), &(-1.0).into())?;
/// assert!((angle.to_f64()? - 2.356194).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("atan2"))]
pub fn arctan2(x1: &Array, x2: &Array) -> Result<Array> {
    let [y, x] = inexact_pair("arctan2", x1, x2)?;
    if !y.dtype().is_complex() {
        return lax::atan2(&y, &x);
    }
    // -i log((x + iy) / sqrt(x² + y²)).
    let imaginary = lax::complex(&filled(0.0, &lax::real(&y)?)?, &filled(1.0, &lax::real(&y)?)?)?;
    let length = lax::sqrt(&lax::add(&lax::square(&x)?, &lax::square(&y)?)?)?;
    let point = lax::add(&x, &lax::mul(&imaginary, &y)?)?;
    let angle = lax::neg(&lax::mul(&imaginary, &lax::log(&lax::div(&point, &length)?)?)?)?;
    let origin = lax::eq(&length, &number(0.0, &length))?;
    select(&origin, &number(0.0, &angle), &angle)
}

/// `sqrt(x1² + x2²)`, without overflow on the way.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert_eq!(jnp::hypot(&3.0.into(), &4.0.into())?, 5.0);
/// assert!(jnp::hypot(&3e30.into(), &4e30.into())?.to_f64()?.is_finite());
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn hypot(x1: &Array, x2: &Array) -> Result<Array> {
    let [x, y] = inexact_pair("hypot", x1, x2).map_err(|error| match error {
        // The shapes are repeated before anything else.
        Error::Elementwise { function, lhs, rhs } => Error::Broadcast { function, lhs, rhs },
        error => error,
    })?;
    if x.dtype().is_complex() {
        return Err(Error::value_error(
            "hypot",
            format!("is not defined for complex numbers, got {} and {}", x1.aval(), x2.aval()),
        ));
    }
    let (x, y) = (lax::abs(&x)?, lax::abs(&y)?);
    let (large, small) = (lax::max(&x, &y)?, lax::min(&x, &y)?);
    let zero = lax::eq(&large, &number(0.0, &large))?;
    let infinite = lax::eq(&large, &number(f64::INFINITY, &large))?;
    // Infinity wins over NaN, and both are kept out of the quotient.
    let flat = lax::or(&zero, &infinite)?;
    let divisor = select(&flat, &filled(1.0, &large)?, &large)?;
    let small = select(&flat, &filled(0.0, &large)?, &small)?;
    let ratio = lax::div(&small, &divisor)?;
    let scale = unary::sqrt::sqrt(&lax::add(&number(1.0, &large), &lax::square(&ratio)?)?)?;
    let y_infinite = lax::or(
        &lax::eq(&x, &number(f64::INFINITY, &x))?,
        &lax::eq(&y, &number(f64::INFINITY, &y))?,
    )?;
    let length = lax::mul(&large, &scale)?;
    select(&y_infinite, &filled(f64::INFINITY, &length)?, &length)
}

/// `log(exp(x) + exp(y))`, without overflow on the way.
///
/// ```
/// # use pullback::numpy as jnp;
/// let y = jnp::logaddexp(&1000.0.into(), &1000.0.into())?;
/// assert!((y.to_f64()? - 1000.693).abs() < 1e-3);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn logaddexp(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = inexact_pair("logaddexp", x, y)?;
    add_exponentials(&x, &y, lax::exp, 1.0)
}

/// `log2(2**x + 2**y)`, without overflow on the way.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert_eq!(jnp::logaddexp2(&300.0.into(), &300.0.into())?, 301.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn logaddexp2(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = inexact_pair("logaddexp2", x, y)?;
    add_exponentials(&x, &y, unary::exp2::exp2, std::f64::consts::LOG2_E)
}

fn add_exponentials(
    x: &Array,
    y: &Array,
    exp: impl Fn(&Array) -> Result<Array>,
    scale: f64,
) -> Result<Array> {
    let difference = lax::sub(x, y)?;
    // Of complex numbers, the one with the larger real part.
    let (larger, distance) = match x.dtype().is_complex() {
        true => {
            let left = lax::ge(&lax::real(x)?, &lax::real(y)?)?;
            let larger = select(&left, x, y)?;
            (larger, select(&left, &lax::neg(&difference)?, &difference)?)
        }
        false => (binary::max::max(x, y)?, lax::neg(&lax::abs(&difference)?)?),
    };
    let mut rest = unary::log1p::log1p(&exp(&distance)?)?;
    if scale != 1.0 {
        rest = lax::mul(&number(scale, &rest), &rest)?;
    }
    // Where both are the same infinity the difference is NaN, and the sum is right.
    let both = not_equal_itself(&difference)?;
    select(&both, &lax::add(x, y)?, &lax::add(&larger, &rest)?)
}
