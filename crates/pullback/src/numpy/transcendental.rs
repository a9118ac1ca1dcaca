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
#[api]
pub fn sqrt(x: &Array) -> Result<Array> {
    unary::sqrt::sqrt(&inexact(x)?)
}

/// The cube root.
#[api]
pub fn cbrt(x: &Array) -> Result<Array> {
    unary::cbrt::cbrt(&inexact(x)?)
}

/// The exponential.
#[api]
pub fn exp(x: &Array) -> Result<Array> {
    unary::exp::exp(&inexact(x)?)
}

/// Two to the power of each element.
#[api]
pub fn exp2(x: &Array) -> Result<Array> {
    unary::exp2::exp2(&inexact(x)?)
}

/// `exp(x) - 1`, also precise where `x` is small.
#[api]
pub fn expm1(x: &Array) -> Result<Array> {
    unary::expm1::expm1(&inexact(x)?)
}

/// The natural logarithm.
#[api]
pub fn log(x: &Array) -> Result<Array> {
    unary::log::log(&inexact(x)?)
}

/// The logarithm to base 2.
#[api]
pub fn log2(x: &Array) -> Result<Array> {
    unary::log2::log2(&inexact(x)?)
}

/// `log(1 + x)`, also precise where `x` is small.
#[api]
pub fn log1p(x: &Array) -> Result<Array> {
    unary::log1p::log1p(&inexact(x)?)
}

/// The sine, of an angle in radians.
#[api]
pub fn sin(x: &Array) -> Result<Array> {
    unary::sin::sin(&inexact(x)?)
}

/// The cosine, of an angle in radians.
#[api]
pub fn cos(x: &Array) -> Result<Array> {
    unary::cos::cos(&inexact(x)?)
}

/// The tangent, of an angle in radians.
#[api]
pub fn tan(x: &Array) -> Result<Array> {
    unary::tan::tan(&inexact(x)?)
}

/// The angle in radians that has the given sine.
#[api(aliases("asin"))]
pub fn arcsin(x: &Array) -> Result<Array> {
    unary::asin::asin(&inexact(x)?)
}

/// The angle in radians that has the given cosine.
#[api(aliases("acos"))]
pub fn arccos(x: &Array) -> Result<Array> {
    unary::acos::acos(&inexact(x)?)
}

/// The angle in radians that has the given tangent.
#[api(aliases("atan"))]
pub fn arctan(x: &Array) -> Result<Array> {
    unary::atan::atan(&inexact(x)?)
}

/// The hyperbolic sine.
#[api]
pub fn sinh(x: &Array) -> Result<Array> {
    unary::sinh::sinh(&inexact(x)?)
}

/// The hyperbolic cosine.
#[api]
pub fn cosh(x: &Array) -> Result<Array> {
    unary::cosh::cosh(&inexact(x)?)
}

/// The hyperbolic tangent.
#[api]
pub fn tanh(x: &Array) -> Result<Array> {
    unary::tanh::tanh(&inexact(x)?)
}

/// The inverse of the hyperbolic sine.
#[api(aliases("asinh"))]
pub fn arcsinh(x: &Array) -> Result<Array> {
    unary::asinh::asinh(&inexact(x)?)
}

/// The inverse of the hyperbolic cosine.
#[api(aliases("acosh"))]
pub fn arccosh(x: &Array) -> Result<Array> {
    unary::acosh::acosh(&inexact(x)?)
}

/// The inverse of the hyperbolic tangent.
#[api(aliases("atanh"))]
pub fn arctanh(x: &Array) -> Result<Array> {
    unary::atanh::atanh(&inexact(x)?)
}

/// The logarithm to base 10.
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
#[api]
pub fn deg2rad(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    lax::mul(&x, &number(std::f64::consts::PI / 180.0, &x))
}

/// Radians as degrees.
#[api]
pub fn rad2deg(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    lax::mul(&x, &number(180.0 / std::f64::consts::PI, &x))
}

/// Radians as degrees.
#[api]
pub fn degrees(x: &Array) -> Result<Array> {
    rad2deg(x)
}

/// Degrees as radians.
#[api]
pub fn radians(x: &Array) -> Result<Array> {
    deg2rad(x)
}

/// The angle of the point `(x2, x1)` in radians, between -pi and pi.
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
#[api]
pub fn logaddexp(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = inexact_pair("logaddexp", x, y)?;
    add_exponentials(&x, &y, lax::exp, 1.0)
}

/// `log2(2**x + 2**y)`, without overflow on the way.
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
