//! Rounding, and looking at numbers as floating point holds them.

use pullback_core::primitives::binary::lt_to::lt_to;
use pullback_core::primitives::rules as lax;
use pullback_core::primitives::unary::{self, Accepts};
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::api;

use super::common::{
    broadcast, check, filled, inexact, inexact_pair, not_equal_itself, number, select,
};
use crate::api::ApiFn;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &FLOOR_API,
    &CEIL_API,
    &TRUNC_API,
    &RINT_API,
    &ROUND_API,
    &NAN_TO_NUM_API,
    &ISNAN_API,
    &ISINF_API,
    &ISFINITE_API,
    &ISPOSINF_API,
    &ISNEGINF_API,
    &SIGNBIT_API,
    &COPYSIGN_API,
    &LDEXP_API,
    &FREXP_API,
    &MODF_API,
    &REAL_API,
    &IMAG_API,
    &CONJUGATE_API,
    &ANGLE_API,
    &ISREAL_API,
    &ISCOMPLEX_API,
];

fn is_whole(x: &Array) -> bool {
    x.dtype().is_integer() || x.dtype() == DType::Bool
}

/// The largest whole number that is not above each element.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::floor(&Array::from([1.5, -1.5]))?, Array::from([1.0, -2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn floor(x: &Array) -> Result<Array> {
    if is_whole(x) { Ok(x.clone()) } else { lax::floor(x) }
}

/// The smallest whole number that is not below each element.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::ceil(&Array::from([1.5, -1.5]))?, Array::from([2.0, -1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn ceil(x: &Array) -> Result<Array> {
    if is_whole(x) { Ok(x.clone()) } else { lax::ceil(x) }
}

/// Each element without its fraction.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::trunc(&Array::from([1.5, -1.5]))?, Array::from([1.0, -1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn trunc(x: &Array) -> Result<Array> {
    if is_whole(x) {
        return Ok(x.clone());
    }
    check("trunc", x, Accepts::Float)?;
    select(&lax::lt(x, &number(0.0, x))?, &lax::ceil(x)?, &lax::floor(x)?)
}

/// The whole number nearest to each element, as a real number; halves go to the even one.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::rint(&Array::from([0.5, 1.5, -2.6]))?, Array::from([0.0, 2.0, -3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn rint(x: &Array) -> Result<Array> {
    match is_whole(x) {
        true => lax::convert_element_type(x, promote::default_float()),
        false => round(x, 0, ()),
    }
}

/// Each element to the given number of decimals; halves go to the even neighbour.
///
/// Whole numbers stay as they are; for them a negative number of decimals is an error.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([0.5, 2.5, 3.75]);
/// assert_eq!(jnp::round(&x, 0, ())?, Array::from([0.0, 2.0, 4.0]));
/// assert_eq!(jnp::round(&x, 1, ())?, Array::from([0.5, 2.5, 3.8]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("around"), defaults(decimals = 0))]
pub fn round(a: &Array, decimals: i64, out: ()) -> Result<Array> {
    let () = out;
    check("round", a, Accepts::Number)?;
    if is_whole(a) {
        if decimals < 0 {
            return Err(Error::value_error(
                "round",
                "integer np.round not implemented for decimals < 0",
            ));
        }
        return Ok(a.clone());
    }
    if a.dtype().is_complex() {
        let part = |x: Array| round(&x, decimals, ());
        return lax::complex(&part(lax::real(a)?)?, &part(lax::imag(a)?)?);
    }
    if decimals == 0 {
        return lax::round(a);
    }
    // Half precision has no room for the factor.
    let narrow = matches!(a.dtype(), DType::F16 | DType::BF16);
    let x = if narrow { lax::convert_element_type(a, DType::F32)? } else { a.clone() };
    let factor = number(10f64.powi(decimals.clamp(-400, 400) as i32), &x);
    let y = lax::div(&lax::round(&lax::mul(&x, &factor)?)?, &factor)?;
    if narrow { lax::convert_element_type(&y, a.dtype()) } else { Ok(y) }
}

/// The elements with NaN, infinity and minus infinity replaced: by default by zero and the
/// largest and smallest finite number.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, f64::INFINITY]);
/// let y = jnp::nan_to_num(&x, true, &0.0.into(), Some(&9.0.into()), None)?;
/// assert_eq!(y, Array::from([1.0, 0.0, 9.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(copy = true, nan = 0.0))]
pub fn nan_to_num(
    x: &Array,
    copy: bool,
    nan: &Array,
    posinf: Option<&Array>,
    neginf: Option<&Array>,
) -> Result<Array> {
    let _ = copy;
    if is_whole(x) {
        return Ok(x.clone());
    }
    if x.dtype().is_complex() {
        let part = |part: Array| nan_to_num(&part, true, nan, posinf, neginf);
        return lax::complex(&part(lax::real(x)?)?, &part(lax::imag(x)?)?);
    }
    let largest = largest(x.dtype());
    let of_type = |value: Option<&Array>, default: f64| match value {
        Some(value) => lax::convert_element_type(value, x.dtype()),
        None => Ok(number(default, x)),
    };
    let replace = |condition: Array, value: Array, x: Array| select(&condition, &value, &x);
    let y = replace(not_equal_itself(x)?, of_type(Some(nan), 0.0)?, x.clone())?;
    let above = lax::eq(&y, &number(f64::INFINITY, &y))?;
    let y = replace(above, of_type(posinf, largest)?, y)?;
    let below = lax::eq(&y, &number(f64::NEG_INFINITY, &y))?;
    replace(below, of_type(neginf, -largest)?, y)
}

/// The largest finite number of a floating type.
pub(crate) fn largest(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::MAX,
        DType::F16 => 65504.0,
        DType::BF16 => 3.3895313892515355e38,
        DType::F8E4M3Fn => 448.0,
        DType::F8E5M2 => 57344.0,
        _ => f32::MAX as f64,
    }
}

/// The distance from one to the next number of a floating type.
pub(crate) fn epsilon(dtype: DType) -> f64 {
    match dtype.real() {
        DType::F64 => f64::EPSILON,
        DType::F16 => 2f64.powi(-10),
        DType::BF16 => 2f64.powi(-7),
        DType::F8E4M3Fn => 0.125,
        DType::F8E5M2 => 0.25,
        _ => f32::EPSILON as f64,
    }
}

/// The smallest positive number of full precision of a floating type.
pub(crate) fn smallest_normal(dtype: DType) -> f64 {
    match dtype.real() {
        DType::F64 => f64::MIN_POSITIVE,
        DType::F16 => 2f64.powi(-14),
        _ => f32::MIN_POSITIVE as f64,
    }
}

/// Whether each element is a NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, f64::INFINITY]);
/// assert_eq!(jnp::isnan(&x)?, Array::from([false, true, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn isnan(x: &Array) -> Result<Array> {
    not_equal_itself(x)
}

/// Whether each element is infinite, of either sign.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, f64::NEG_INFINITY]);
/// assert_eq!(jnp::isinf(&x)?, Array::from([false, false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn isinf(x: &Array) -> Result<Array> {
    if is_whole(x) {
        return broadcast(&Array::from(false), x.shape());
    }
    if x.dtype().is_complex() {
        return lax::or(&isinf(&lax::real(x)?)?, &isinf(&lax::imag(x)?)?);
    }
    let size = lax::abs(x)?;
    lax::eq(&size, &number(f64::INFINITY, &size))
}

/// Whether each element is neither infinite nor a NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, f64::INFINITY]);
/// assert_eq!(jnp::isfinite(&x)?, Array::from([true, false, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn isfinite(x: &Array) -> Result<Array> {
    if is_whole(x) {
        return broadcast(&Array::from(true), x.shape());
    }
    if x.dtype().is_complex() {
        return lax::and(&isfinite(&lax::real(x)?)?, &isfinite(&lax::imag(x)?)?);
    }
    lax::is_finite(x)
}

/// Whether each element is infinity.
///
/// Complex numbers are an error.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([f64::INFINITY, f64::NEG_INFINITY]);
/// assert_eq!(jnp::isposinf(&x, ())?, Array::from([true, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn isposinf(x: &Array, out: ()) -> Result<Array> {
    let () = out;
    is_infinity("isposinf", x, f64::INFINITY)
}

/// Whether each element is minus infinity.
///
/// Complex numbers are an error.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([f64::INFINITY, f64::NEG_INFINITY]);
/// assert_eq!(jnp::isneginf(&x, ())?, Array::from([false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn isneginf(x: &Array, out: ()) -> Result<Array> {
    let () = out;
    is_infinity("isneginf", x, f64::NEG_INFINITY)
}

fn is_infinity(function: &str, x: &Array, infinity: f64) -> Result<Array> {
    if is_whole(x) {
        return broadcast(&Array::from(false), x.shape());
    }
    if x.dtype().is_complex() {
        return Err(Error::value_error(function, "not well defined for complex type"));
    }
    lax::eq(x, &number(infinity, x))
}

/// Whether the sign bit of each element is set: also that of -0 and of some NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::signbit(&Array::from([1.0, -0.0, -2.0]))?, Array::from([false, true, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn signbit(x: &Array) -> Result<Array> {
    check("signbit", x, Accepts::Ordered)?;
    match x.dtype() {
        DType::Bool => broadcast(&Array::from(false), x.shape()),
        // In the total order all numbers whose sign bit is set come before zero.
        dtype if dtype.is_float() => lt_to(x, &number(0.0, x)),
        _ => lax::lt(x, &number(0.0, x)),
    }
}

/// The elements of `x1` with the sign of those of `x2`.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::copysign(&Array::from([1.0, -2.0]), &Array::from([-0.0, 3.0]))?;
/// assert_eq!(y, Array::from([-1.0, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn copysign(x1: &Array, x2: &Array) -> Result<Array> {
    let [x, y] = inexact_pair("copysign", x1, x2)?;
    check("copysign", &x, Accepts::Float)?;
    let size = lax::abs(&x)?;
    select(&signbit(&y)?, &lax::neg(&size)?, &size)
}

/// `x1 * 2**x2`, where `x2` are whole numbers.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::ldexp(&Array::from([1.5, 3.0]), &Array::from([2, -1]))?;
/// assert_eq!(y, Array::from([6.0, 1.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn ldexp(x1: &Array, x2: &Array) -> Result<Array> {
    if !is_whole(x2) || x1.dtype().is_complex() {
        return Err(Error::value_error(
            "ldexp",
            format!("not supported for input types ({}, {})", x1.dtype(), x2.dtype()),
        ));
    }
    let x = inexact(x1)?;
    let x = lax::convert_element_type(&x, x.dtype())?;
    let exponent = lax::convert_element_type(x2, x.dtype())?;
    let mut operands = [x, exponent];
    promote::promote_ranks("ldexp", &mut operands)?;
    let [x, exponent] = operands;
    // In three steps of at most a third of all exponents each, so that no factor overflows.
    let bound = if x.dtype() == DType::F64 { 1023.0 } else { 127.0 };
    let bound = if x.dtype() == DType::F16 { 15.0 } else { bound };
    let (low, high) = (number(-bound, &x), number(bound, &x));
    let mut y = x;
    let mut rest = exponent;
    for _ in 0..3 {
        let step = lax::min(&lax::max(&rest, &low)?, &high)?;
        y = lax::mul(&y, &unary::exp2::exp2(&step)?)?;
        rest = lax::sub(&rest, &step)?;
    }
    Ok(y)
}

/// Each element as a fraction between a half and one, and a power of two.
///
/// Zeros, infinities and NaN come back with the power 0. The powers are of type int32.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (fraction, power) = jnp::frexp(&Array::from([6.0, 0.25]))?;
/// assert_eq!(fraction, Array::from([0.75, 0.5]));
/// assert_eq!(power, Array::from([3, -1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn frexp(x: &Array) -> Result<(Array, Array)> {
    let x = inexact(x)?;
    check("frexp", &x, Accepts::Float)?;
    let size = lax::abs(&x)?;
    let zero = lax::eq(&x, &number(0.0, &x))?;
    let plain = lax::or(&zero, &lax::not(&lax::is_finite(&x)?)?)?;
    let safe = select(&plain, &filled(1.0, &size)?, &size)?;
    // Numbers below full precision are scaled up before their logarithm is taken.
    let tiny = lax::lt(&safe, &number(smallest_normal(x.dtype()), &x))?;
    let bits = if x.dtype() == DType::F64 { 53.0 } else { 24.0 };
    let scaled = lax::mul(&safe, &number(f64::powf(2.0, bits), &x))?;
    let exponent_of = |value: &Array| lax::floor(&unary::log2::log2(value)?);
    let exponent =
        select(&tiny, &lax::sub(&exponent_of(&scaled)?, &number(bits, &x))?, &exponent_of(&safe)?)?;
    let exponent = lax::add(&exponent, &number(1.0, &x))?;
    let whole = lax::convert_element_type(&exponent, DType::I32)?;
    let fraction = ldexp(&safe, &lax::neg(&whole)?)?;
    // The logarithm is rounded: near a power of two it can be off by one.
    let one = number(1.0, &x);
    let low = lax::lt(&fraction, &number(0.5, &x))?;
    let high = lax::ge(&fraction, &one)?;
    let fraction = select(&low, &lax::mul(&fraction, &number(2.0, &x))?, &fraction)?;
    let fraction = select(&high, &lax::mul(&fraction, &number(0.5, &x))?, &fraction)?;
    let unit = number(1.0, &whole);
    let whole = select(&low, &lax::sub(&whole, &unit)?, &whole)?;
    let whole = select(&high, &lax::add(&whole, &unit)?, &whole)?;
    let fraction = select(&plain, &x, &copysign(&fraction, &x)?)?;
    Ok((fraction, select(&plain, &filled(0.0, &whole)?, &whole)?))
}

/// The fraction and the whole part of each element, both with its sign.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (fraction, whole) = jnp::modf(&Array::from([1.5, -2.25]), ())?;
/// assert_eq!(fraction, Array::from([0.5, -0.25]));
/// assert_eq!(whole, Array::from([1.0, -2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn modf(x: &Array, out: ()) -> Result<(Array, Array)> {
    let () = out;
    let x = inexact(x)?;
    check("modf", &x, Accepts::Float)?;
    let whole = trunc(&x)?;
    Ok((lax::sub(&x, &whole)?, whole))
}

/// The real part of each element.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let z = pullback::lax::complex(&Array::from([1.0]), &Array::from([2.0]))?;
/// assert_eq!(jnp::real(&z)?, Array::from([1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn real(val: &Array) -> Result<Array> {
    if val.dtype().is_complex() { lax::real(val) } else { Ok(val.clone()) }
}

/// The imaginary part of each element.
///
/// Of real numbers it is zero.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let z = pullback::lax::complex(&Array::from([1.0]), &Array::from([2.0]))?;
/// assert_eq!(jnp::imag(&z)?, Array::from([2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn imag(val: &Array) -> Result<Array> {
    if val.dtype().is_complex() { lax::imag(val) } else { filled(0.0, val) }
}

/// The elements with the other sign of the imaginary part.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let z = pullback::lax::complex(&Array::from([1.0]), &Array::from([2.0]))?;
/// assert_eq!(jnp::imag(&jnp::conjugate(&z)?)?, Array::from([-2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("conj"))]
pub fn conjugate(x: &Array) -> Result<Array> {
    if x.dtype().is_complex() { lax::conj(x) } else { Ok(x.clone()) }
}

/// The angle of each element in the complex plane, in radians or degrees.
///
/// It lies between -π and π; that of a negative real number is π.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let z = pullback::lax::complex(&Array::from([0.0]), &Array::from([2.0]))?;
/// assert!((jnp::angle(&z, true)?.to_vec::<f32>()?[0] - 90.0).abs() < 1e-4);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(deg = false))]
pub fn angle(z: &Array, deg: bool) -> Result<Array> {
    let angle = super::transcendental::arctan2(&imag(z)?, &real(z)?)?;
    let angle = lax::convert_element_type(&angle, angle.dtype())?;
    if deg { super::transcendental::rad2deg(&angle) } else { Ok(angle) }
}

/// Whether the imaginary part of each element is zero.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let z = pullback::lax::complex(&Array::from([1.0, 1.0]), &Array::from([0.0, 2.0]))?;
/// assert_eq!(jnp::isreal(&z)?, Array::from([true, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn isreal(x: &Array) -> Result<Array> {
    let part = imag(x)?;
    lax::eq(&part, &number(0.0, &part))
}

/// Whether the imaginary part of each element is not zero.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let z = pullback::lax::complex(&Array::from([1.0, 1.0]), &Array::from([0.0, 2.0]))?;
/// assert_eq!(jnp::iscomplex(&z)?, Array::from([false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn iscomplex(x: &Array) -> Result<Array> {
    let part = imag(x)?;
    lax::ne(&part, &number(0.0, &part))
}
