//! Integrals that have names: exponential integrals, the dilogarithm, Dawson's.
//!
//! Series and continued fractions have as many terms as the element type has digits for.

use std::f64::consts::PI;

use pullback_core::primitives::rules as lax;
use pullback_core::primitives::unary;
use pullback_core::{Array, DType, Result};
use pullback_macros::api;

use super::special::{float, polynomial};
use crate::api::ApiFn;
use crate::custom_rules::with_jvp;
use crate::numpy::common::{broadcast_all, inexact_pair, not_equal_itself, number, select};

/// The functions of this module.
pub static FUNCTIONS: &[&ApiFn] =
    &[&EXPI_API, &EXP1_API, &EXPN_API, &SPENCE_API, &ERFCX_API, &DAWSN_API];

const EULER: f64 = 0.577_215_664_901_532_9;

/// A function of one number with its derivative, which is given the number and the value.
fn with_derivative(
    name: &str,
    x: &Array,
    f: impl Fn(&Array) -> Result<Array> + Clone + Send + Sync + 'static,
    df: impl Fn(&Array, &Array) -> Result<Array> + Send + Sync + 'static,
) -> Result<Array> {
    let value = f.clone();
    let mut y = with_jvp(
        name,
        &[x],
        move |x| Ok(vec![f(&x[0])?]),
        move |x, dx| {
            let y = value(&x[0])?;
            let dy = dx[0].map(&y.aval(), |dx| lax::mul(dx, &df(&x[0], &y)?))?;
            Ok((vec![y], vec![dy]))
        },
    )?;
    Ok(y.swap_remove(0))
}

/// Narrow types are computed in a wider one, and the result rounded.
fn widened(x: &Array, f: impl FnOnce(&Array) -> Result<Array>) -> Result<Array> {
    match x.dtype() {
        DType::F16 | DType::BF16 => {
            let y = f(&lax::convert_element_type(x, DType::F32)?)?;
            lax::convert_element_type(&y, x.dtype())
        }
        _ => f(x),
    }
}

fn is_double(x: &Array) -> bool {
    x.dtype() == DType::F64
}

/// The coefficients of `x^k / (k k!)`, from the constant on.
fn integrated_exponential(count: usize) -> Vec<f64> {
    let mut factorial = 1.0;
    (0..count)
        .map(|k| {
            if k == 0 {
                return 0.0;
            }
            factorial *= k as f64;
            1.0 / (k as f64 * factorial)
        })
        .collect()
}

/// The integral of `exp(t) / t` from minus infinity to `x`, around the pole at zero.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::integrals::expi;
///
/// # fn main() -> pullback::Result<()> {
/// assert!((expi(&Array::from(1.0f32))?.to_f64()? - 1.8951178).abs() < 1e-6);
/// # Ok(())
/// # }
/// ```
#[api]
pub fn expi(x: &Array) -> Result<Array> {
    let x = float("expi", x)?;
    widened(&x, |x| with_derivative("expi", x, expi_value, |x, _| lax::div(&lax::exp(x)?, x)))
}

fn expi_value(x: &Array) -> Result<Array> {
    let (zero, one) = (number(0.0, x), number(1.0, x));
    let below = lax::lt(x, &zero)?;
    let negative = lax::neg(&exp1_value(&select(&below, &lax::neg(x)?, &one)?)?)?;
    let positive = select(&below, &one, x)?;

    // Up to where the asymptotic series is precise: the power series, all of one sign.
    let (edge, terms, far_terms) = if is_double(x) { (40.0, 120, 40) } else { (18.0, 60, 18) };
    let near = lax::le(&positive, &number(edge, x))?;
    let small = select(&near, &positive, &one)?;
    let series = polynomial(&small, &integrated_exponential(terms))?;
    let series = lax::add(&lax::add(&number(EULER, x), &lax::log(&small)?)?, &series)?;

    // exp(x) / x times the sum of k! / x^k. Half of the exponential at a time does not overflow
    // before the quotient does.
    let large = select(&near, &number(edge, x), &positive)?;
    let inverse = lax::div(&one, &large)?;
    let mut factorial = 1.0;
    let factorials: Vec<f64> = (0..far_terms)
        .map(|k| {
            factorial *= k.max(1) as f64;
            factorial
        })
        .collect();
    let half = lax::exp(&lax::mul(&large, &number(0.5, x))?)?;
    let sum = lax::mul(&polynomial(&inverse, &factorials)?, &inverse)?;
    let far = lax::mul(&lax::mul(&sum, &half)?, &half)?;
    let infinite = lax::eq(&large, &number(f64::INFINITY, x))?;
    let far = select(&infinite, &number(f64::INFINITY, x), &far)?;

    select(&below, &negative, &select(&near, &series, &far)?)
}

/// The integral of `exp(-t) / t` from `x` to infinity.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::integrals::exp1;
///
/// let y = exp1(&Array::from([1.0f32]))?;
/// assert!((y.to_vec::<f32>()?[0] - 0.219_383_93).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn exp1(x: &Array) -> Result<Array> {
    let x = float("exp1", x)?;
    widened(&x, |x| {
        with_derivative("exp1", x, exp1_value, |x, _| {
            lax::neg(&lax::div(&lax::exp(&lax::neg(x)?)?, x)?)
        })
    })
}

fn exp1_value(x: &Array) -> Result<Array> {
    expn_value(&number(1.0, x), x)
}

/// The integral of `exp(-x t) / t^n` for `t` from 1 to infinity.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::integrals::expn;
///
/// let y = expn(&Array::from([2]), &Array::from([1.0f32]))?;
/// assert!((y.to_vec::<f32>()?[0] - 0.148_495_51).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn expn(n: &Array, x: &Array) -> Result<Array> {
    let [n, x] = inexact_pair("expn", n, x)?;
    let both = broadcast_all("expn", &[lax::floor(&n)?, float("expn", &x)?])?;
    let dtype = both[1].dtype();
    let wide = if dtype == DType::F64 { DType::F64 } else { DType::F32 };
    let (n, x) =
        (lax::convert_element_type(&both[0], wide)?, lax::convert_element_type(&both[1], wide)?);
    let y = with_derivative(
        "expn",
        &x,
        {
            let n = n.clone();
            move |x| expn_value(&n, x)
        },
        move |x, _| {
            // That of n is minus that of n - 1; below one there is a closed form.
            let one = number(1.0, x);
            let first = lax::lt(&n, &one)?;
            let before = lax::neg(&expn_value(&lax::sub(&n, &one)?, x)?)?;
            let decay = lax::exp(&lax::neg(x)?)?;
            let inverse = lax::div(&one, x)?;
            let more = lax::add(&inverse, &lax::square(&inverse)?)?;
            select(&first, &lax::neg(&lax::mul(&decay, &more)?)?, &before)
        },
    )?;
    lax::convert_element_type(&y, dtype)
}

/// For whole numbers `n`.
fn expn_value(n: &Array, x: &Array) -> Result<Array> {
    let (zero, one) = (number(0.0, x), number(1.0, x));
    let n = crate::numpy::common::broadcast(n, x.shape())?;
    let near = lax::le(x, &one)?;
    let decay = lax::exp(&lax::neg(x)?)?;
    let (terms, depth) = if is_double(x) { (20, 100) } else { (12, 24) };

    // The power series, whose term n - 1 has a logarithm: DLMF 8.19.8.
    let inside = lax::and(&near, &lax::gt(x, &zero)?)?;
    let small = select(&inside, x, &one)?;
    let safe = lax::max(&n, &one)?;
    let last = lax::sub(&safe, &one)?;
    let logarithm = lax::log(&small)?;
    let size = lax::sub(&lax::mul(&last, &logarithm)?, &unary::lgamma::lgamma(&safe)?)?;
    let odd = lax::ne(&lax::rem(&last, &number(2.0, x))?, &zero)?;
    let size = lax::exp(&size)?;
    let signed = select(&odd, &lax::neg(&size)?, &size)?;
    let special = lax::mul(&signed, &lax::sub(&lax::digamma(&safe)?, &logarithm)?)?;
    let mut series = special;
    let mut power = 1.0;
    for m in 0..terms {
        if m > 0 {
            power /= -(m as f64);
        }
        let order = number(m as f64, x);
        let gap = lax::sub(&order, &last)?;
        let taken = lax::eq(&gap, &zero)?;
        let gap = select(&taken, &one, &gap)?;
        let factor = lax::div(&number(power, x), &gap)?;
        let factor = select(&taken, &zero, &factor)?;
        let term = lax::mul(&factor, &lax::integer_pow(&small, m)?)?;
        series = lax::sub(&series, &term)?;
    }

    // A continued fraction, from its end: DLMF 8.19.17, contracted.
    let large = select(&near, &number(2.0, x), x)?;
    let sum = lax::add(&large, &safe)?;
    let mut tail = zero.clone();
    for k in (1..depth).rev() {
        let k = k as f64;
        let above = lax::mul(&number(k, x), &lax::add(&last, &number(k, x))?)?;
        let below = lax::sub(&lax::add(&sum, &number(2.0 * k, x))?, &tail)?;
        tail = lax::div(&above, &below)?;
    }
    let fraction = lax::div(&decay, &lax::sub(&sum, &tail)?)?;
    let infinite = lax::eq(x, &number(f64::INFINITY, x))?;
    let fraction = select(&infinite, &zero, &fraction)?;

    let y = select(&near, &series, &fraction)?;
    // At zero there is a limit; for n of zero a closed form; below zero nothing.
    let limit = lax::div(&one, &select(&lax::gt(&n, &one)?, &last, &zero)?)?;
    let y = select(&lax::eq(x, &zero)?, &limit, &y)?;
    let y = select(&lax::eq(&n, &zero)?, &lax::div(&decay, x)?, &y)?;
    let outside = lax::or(&lax::lt(&n, &zero)?, &lax::lt(x, &zero)?)?;
    let outside = lax::or(&outside, &not_equal_itself(x)?)?;
    select(&outside, &number(f64::NAN, x), &y)
}

/// The integral of `-log(t) / (t - 1)` from 1 to `x`: the dilogarithm of `1 - x`.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::integrals::spence;
///
/// let y = spence(&Array::from([0.0f32]))?;
/// assert!((y.to_vec::<f32>()?[0] - 1.644_934).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn spence(x: &Array) -> Result<Array> {
    if !matches!(x.dtype(), DType::F32 | DType::F64) {
        return Err(pullback_core::Error::type_error(
            "spence",
            format!("{} is not supported", x.dtype()),
        ));
    }
    with_derivative("spence", x, spence_value, |x, _| {
        let one = number(1.0, x);
        let end = lax::eq(x, &one)?;
        let safe = select(&end, &number(2.0, x), x)?;
        let slope = lax::div(&lax::log(&safe)?, &lax::sub(&one, &safe)?)?;
        select(&end, &number(-1.0, x), &slope)
    })
}

/// By the series in u = log(x) for x between 1/2 and 2,
/// -(u + u²/4 + the sum of B₂ₖ u²ᵏ⁺¹ / (2k+1)!), and reflections to there.
fn spence_value(x: &Array) -> Result<Array> {
    // B₂ₖ / (2k+1)!
    const ODD: [f64; 10] = [
        1.0,
        1.0 / 36.0,
        -1.0 / 3600.0,
        1.0 / 211680.0,
        -1.0 / 10886400.0,
        1.0 / 526901760.0,
        -4.064_761_645_144_226e-11,
        8.921_691_020_456_453e-13,
        -1.993_929_586_072_107_6e-14,
        4.518_980_029_619_918e-16,
    ];
    let (zero, one) = (number(0.0, x), number(1.0, x));
    let above = lax::gt(x, &number(2.0, x))?;
    let below = lax::lt(x, &number(0.5, x))?;
    let inside = select(&lax::gt(x, &zero)?, x, &one)?;
    let inverse = lax::div(&one, &inside)?;
    let mirrored = lax::sub(&one, &inside)?;
    let near = select(&above, &inverse, &inside)?;
    let near = select(&below, &mirrored, &near)?;
    let u = lax::log(&near)?;
    let square = lax::square(&u)?;
    let series = lax::mul(&u, &polynomial(&square, &ODD)?)?;
    let even = lax::mul(&square, &number(0.25, x))?;
    let value = lax::neg(&lax::add(&series, &even)?)?;

    let logarithm = lax::log(&inside)?;
    let half = lax::mul(&lax::square(&logarithm)?, &number(0.5, x))?;
    let far = lax::neg(&lax::add(&value, &half)?)?;
    let safe = select(&below, &mirrored, &one)?;
    let product = lax::mul(&logarithm, &lax::log(&safe)?)?;
    let sixth = number(PI * PI / 6.0, x);
    let close = lax::sub(&lax::sub(&sixth, &product)?, &value)?;
    let y = select(&above, &far, &value)?;
    let y = select(&below, &close, &y)?;
    let y = select(&lax::eq(x, &zero)?, &sixth, &y)?;
    let outside = lax::or(&lax::lt(x, &zero)?, &not_equal_itself(x)?)?;
    select(&outside, &number(f64::NAN, x), &y)
}

/// `exp(x²) erfc(x)`, also precise where the factors leave the range of numbers.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::integrals::erfcx;
///
/// let y = erfcx(&Array::from([1.0f32]))?;
/// assert!((y.to_vec::<f32>()?[0] - 0.427_583_58).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn erfcx(x: &Array) -> Result<Array> {
    let x = float("erfcx", x)?;
    widened(&x, |x| {
        with_derivative("erfcx", x, erfcx_value, |x, y| {
            let grown = lax::mul(&lax::mul(&number(2.0, x), x)?, y)?;
            lax::sub(&grown, &number(2.0 / PI.sqrt(), x))
        })
    })
}

fn erfcx_value(x: &Array) -> Result<Array> {
    let one = number(1.0, x);
    let near = lax::lt(x, &one)?;
    let small = select(&near, x, &one)?;
    let product = lax::mul(&lax::exp(&lax::square(&small)?)?, &unary::erfc::erfc(&small)?)?;
    // A continued fraction, from its end: DLMF 7.9.4.
    let large = select(&near, &one, x)?;
    let depth = if is_double(x) { 160 } else { 40 };
    let mut tail = large.clone();
    for k in (1..depth).rev() {
        tail = lax::add(&large, &lax::div(&number(k as f64 / 2.0, x), &tail)?)?;
    }
    let fraction = lax::div(&number(1.0 / PI.sqrt(), x), &tail)?;
    select(&near, &product, &fraction)
}

/// Dawson's integral: `exp(-x²)` times the integral of `exp(t²)` from 0 to `x`.
///
/// By Rybicki's sum over odd n of exp(-(x - n h)²) / n / √π.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::integrals::dawsn;
///
/// let y = dawsn(&Array::from([1.0f32]))?;
/// assert!((y.to_vec::<f32>()?[0] - 0.538_079_5).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn dawsn(x: &Array) -> Result<Array> {
    let x = float("dawsn", x)?;
    widened(&x, |x| {
        with_derivative("dawsn", x, dawsn_value, |x, y| {
            let product = lax::mul(&lax::mul(&number(2.0, x), x)?, y)?;
            lax::sub(&number(1.0, x), &product)
        })
    })
}

fn dawsn_value(x: &Array) -> Result<Array> {
    // The Taylor series near zero, where the terms of the sum cancel.
    const NEAR: [f64; 9] = [
        1.0,
        -2.0 / 3.0,
        4.0 / 15.0,
        -8.0 / 105.0,
        16.0 / 945.0,
        -32.0 / 10395.0,
        64.0 / 135135.0,
        -128.0 / 2027025.0,
        256.0 / 34459425.0,
    ];
    let (step, terms) = if is_double(x) { (0.2, 32) } else { (0.4, 12) };
    let near = lax::lt(&lax::abs(x)?, &number(0.2, x))?;
    let small = select(&near, x, &number(0.0, x))?;
    let series = lax::mul(&small, &polynomial(&lax::square(&small)?, &NEAR)?)?;
    let large = select(&near, &number(1.0, x), x)?;
    // Counted from the even multiple of the step that is nearest; far out 1 / (2 x) is left.
    let bounded = lax::max(&lax::min(&large, &number(1e4, x))?, &number(-1e4, x))?;
    let pairs = lax::round(&lax::div(&bounded, &number(2.0 * step, x))?)?;
    let centre = lax::mul(&pairs, &number(2.0, x))?;
    let rest = lax::sub(&bounded, &lax::mul(&centre, &number(step, x))?)?;
    let mut sum = number(0.0, x);
    for k in 0..terms {
        let odd = (2 * k + 1) as f64;
        for n in [odd, -odd] {
            let gap = lax::square(&lax::sub(&rest, &number(n * step, x))?)?;
            let place = lax::add(&centre, &number(n, x))?;
            sum = lax::add(&sum, &lax::div(&lax::exp(&lax::neg(&gap)?)?, &place)?)?;
        }
    }
    let sum = lax::div(&sum, &number(PI.sqrt(), x))?;
    let beyond = lax::gt(&lax::abs(&large)?, &number(1e3, x))?;
    let far = lax::div(&number(0.5, x), &large)?;
    select(&near, &series, &select(&beyond, &far, &sum)?)
}
