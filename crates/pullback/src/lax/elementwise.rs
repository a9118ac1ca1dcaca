//! Operations of single elements, as programs have them: operands of one type, and of one rank or
//! scalar.

use pullback_core::primitives::nary::round::Round;
use pullback_core::primitives::{binary, nary, rules, unary};
use pullback_core::trace::bind1;
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::api;

use crate::api::ApiFn;

/// The functions of this module.
pub(super) static FUNCTIONS: &[&ApiFn] = &[
    &ABS_API,
    &ACOS_API,
    &ACOSH_API,
    &ASIN_API,
    &ASINH_API,
    &ATAN_API,
    &ATANH_API,
    &BESSEL_I0E_API,
    &BESSEL_I1E_API,
    &CBRT_API,
    &CEIL_API,
    &CLZ_API,
    &COS_API,
    &COSH_API,
    &DIGAMMA_API,
    &ERF_API,
    &ERF_INV_API,
    &ERFC_API,
    &EXP_API,
    &EXP2_API,
    &EXPM1_API,
    &FLOOR_API,
    &IMAG_API,
    &IS_FINITE_API,
    &LGAMMA_API,
    &LOG_API,
    &LOG1P_API,
    &LOG2_API,
    &LOGISTIC_API,
    &NEG_API,
    &ONE_MINUS_SQUARE_API,
    &POPULATION_COUNT_API,
    &REAL_API,
    &RSQRT_API,
    &SIGN_API,
    &SIN_API,
    &SINH_API,
    &SQRT_API,
    &SQUARE_API,
    &TAN_API,
    &TANH_API,
    &BITWISE_NOT_API,
    &CONJ_API,
    &RECIPROCAL_API,
    &ROUND_API,
    &REDUCE_PRECISION_API,
    &INTEGER_POW_API,
    &ADD_API,
    &ATAN2_API,
    &DIV_API,
    &MAX_API,
    &MIN_API,
    &MULHI_API,
    &NEXTAFTER_API,
    &REM_API,
    &SHIFT_LEFT_API,
    &SHIFT_RIGHT_ARITHMETIC_API,
    &SHIFT_RIGHT_LOGICAL_API,
    &SUB_API,
    &IGAMMA_API,
    &IGAMMAC_API,
    &IGAMMA_GRAD_A_API,
    &RANDOM_GAMMA_GRAD_API,
    &POLYGAMMA_API,
    &ZETA_API,
    &EQ_API,
    &GE_API,
    &GT_API,
    &LE_API,
    &LT_API,
    &NE_API,
    &BITWISE_AND_API,
    &BITWISE_OR_API,
    &BITWISE_XOR_API,
    &MUL_API,
    &COMPLEX_API,
    &POW_API,
    &BETAINC_API,
    &CLAMP_API,
    &SELECT_API,
    &SELECT_N_API,
    &POLYNOMIAL_API,
];

/// The magnitude of each element.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::abs(&Array::from([-1, 2]))?, Array::from([1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn abs(x: &Array) -> Result<Array> {
    unary::abs::abs(x)
}

/// The arc cosine.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::acos(&0.0.into())?.to_f64()? - 1.570796).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn acos(x: &Array) -> Result<Array> {
    unary::acos::acos(x)
}

/// The inverse of the hyperbolic cosine.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::acosh(&2.0.into())?.to_f64()? - 1.316958).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn acosh(x: &Array) -> Result<Array> {
    unary::acosh::acosh(x)
}

/// The arc sine.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::asin(&1.0.into())?.to_f64()? - 1.570796).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn asin(x: &Array) -> Result<Array> {
    unary::asin::asin(x)
}

/// The inverse of the hyperbolic sine.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::asinh(&1.0.into())?.to_f64()? - 0.881374).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn asinh(x: &Array) -> Result<Array> {
    unary::asinh::asinh(x)
}

/// The arc tangent.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::atan(&1.0.into())?.to_f64()? - 0.785398).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn atan(x: &Array) -> Result<Array> {
    unary::atan::atan(x)
}

/// The inverse of the hyperbolic tangent.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::atanh(&0.5.into())?.to_f64()? - 0.549306).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn atanh(x: &Array) -> Result<Array> {
    unary::atanh::atanh(x)
}

/// `exp(-|x|)` times the modified Bessel function of the first kind and order zero.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::bessel_i0e(&1.0.into())?.to_f64()? - 0.465760).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn bessel_i0e(x: &Array) -> Result<Array> {
    unary::bessel_i0e::bessel_i0e(x)
}

/// `exp(-|x|)` times the modified Bessel function of the first kind and order one.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::bessel_i1e(&1.0.into())?.to_f64()? - 0.207910).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn bessel_i1e(x: &Array) -> Result<Array> {
    unary::bessel_i1e::bessel_i1e(x)
}

/// The cube root.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::cbrt(&27.0.into())?.to_f64()? - 3.0).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn cbrt(x: &Array) -> Result<Array> {
    unary::cbrt::cbrt(x)
}

/// The smallest whole number that is not below each element.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::ceil(&Array::from([1.5, -1.5]))?, Array::from([2.0, -1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn ceil(x: &Array) -> Result<Array> {
    unary::ceil::ceil(x)
}

/// The number of leading zero bits.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::clz(&Array::from([1, 0, -1]))?, Array::from([31, 32, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn clz(x: &Array) -> Result<Array> {
    unary::clz::clz(x)
}

/// The cosine.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::cos(&1.0.into())?.to_f64()? - 0.540302).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn cos(x: &Array) -> Result<Array> {
    unary::cos::cos(x)
}

/// The hyperbolic cosine.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::cosh(&1.0.into())?.to_f64()? - 1.543081).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn cosh(x: &Array) -> Result<Array> {
    unary::cosh::cosh(x)
}

/// The derivative of the logarithm of the gamma function.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::digamma(&1.0.into())?.to_f64()? + 0.577216).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn digamma(x: &Array) -> Result<Array> {
    unary::digamma::digamma(x)
}

/// The error function.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::erf(&1.0.into())?.to_f64()? - 0.842701).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn erf(x: &Array) -> Result<Array> {
    unary::erf::erf(x)
}

/// The inverse of the error function.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::erf_inv(&0.5.into())?.to_f64()? - 0.476936).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn erf_inv(x: &Array) -> Result<Array> {
    unary::erf_inv::erf_inv(x)
}

/// One minus the error function, also precise where that is small.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::erfc(&1.0.into())?.to_f64()? - 0.157299).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn erfc(x: &Array) -> Result<Array> {
    unary::erfc::erfc(x)
}

/// The exponential.
///
/// Whole numbers are an error: nothing is promoted.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::exp(&Array::from([0.0]))?, Array::from([1.0]));
/// assert!(lax::exp(&Array::from([0])).is_err());
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn exp(x: &Array) -> Result<Array> {
    unary::exp::exp(x)
}

/// Two to the power of each element.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::exp2(&Array::from([3.0, -1.0]))?, Array::from([8.0, 0.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn exp2(x: &Array) -> Result<Array> {
    unary::exp2::exp2(x)
}

/// The exponential minus one, also precise near zero.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::expm1(&1e-10.into())?.to_f64()? / 1e-10 - 1.0).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn expm1(x: &Array) -> Result<Array> {
    unary::expm1::expm1(x)
}

/// The largest whole number that is not above each element.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::floor(&Array::from([1.5, -1.5]))?, Array::from([1.0, -2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn floor(x: &Array) -> Result<Array> {
    unary::floor::floor(x)
}

/// The imaginary part of complex numbers.
///
/// ```
/// # use pullback::{Array, lax};
/// let z = lax::complex(&Array::from([1.0]), &Array::from([2.0]))?;
/// assert_eq!(lax::imag(&z)?, Array::from([2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn imag(x: &Array) -> Result<Array> {
    unary::imag::imag(x)
}

/// Whether each element is neither infinite nor NaN.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([1.0, f64::INFINITY, f64::NAN]);
/// assert_eq!(lax::is_finite(&x)?, Array::from([true, false, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn is_finite(x: &Array) -> Result<Array> {
    unary::is_finite::is_finite(x)
}

/// The logarithm of the magnitude of the gamma function.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::lgamma(&5.0.into())?.to_f64()? - 24f64.ln()).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn lgamma(x: &Array) -> Result<Array> {
    unary::lgamma::lgamma(x)
}

/// The natural logarithm.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::log(&Array::from([1.0, 0.0]))?, Array::from([0.0, f64::NEG_INFINITY]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn log(x: &Array) -> Result<Array> {
    unary::log::log(x)
}

/// The logarithm of one plus each element, also precise near zero.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::log1p(&1e-10.into())?.to_f64()? / 1e-10 - 1.0).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn log1p(x: &Array) -> Result<Array> {
    unary::log1p::log1p(x)
}

/// The logarithm to base two.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::log2(&Array::from([1.0, 8.0]))?, Array::from([0.0, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn log2(x: &Array) -> Result<Array> {
    unary::log2::log2(x)
}

/// `1 / (1 + exp(-x))`.
///
/// ```
/// # use pullback::lax;
/// assert_eq!(lax::logistic(&0.0.into())?, 0.5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn logistic(x: &Array) -> Result<Array> {
    unary::logistic::logistic(x)
}

/// The elements with the other sign.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::neg(&Array::from([1, -2]))?, Array::from([-1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn neg(x: &Array) -> Result<Array> {
    unary::neg::neg(x)
}

/// One minus the square of each element.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::one_minus_square(&Array::from([0.5, 2.0]))?, Array::from([0.75, -3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn one_minus_square(x: &Array) -> Result<Array> {
    unary::one_minus_square::one_minus_square(x)
}

/// The number of bits that are set.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::population_count(&Array::from([7, 8]))?, Array::from([3, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn population_count(x: &Array) -> Result<Array> {
    unary::population_count::population_count(x)
}

/// The real part of complex numbers.
///
/// ```
/// # use pullback::{Array, lax};
/// let z = lax::complex(&Array::from([1.0]), &Array::from([2.0]))?;
/// assert_eq!(lax::real(&z)?, Array::from([1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn real(x: &Array) -> Result<Array> {
    unary::real::real(x)
}

/// One divided by the square root.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::rsqrt(&4.0.into())?.to_f64()? - 0.5).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn rsqrt(x: &Array) -> Result<Array> {
    unary::rsqrt::rsqrt(x)
}

/// -1, 0 or 1 as each element is negative, zero or positive; of a complex number `x / |x|`.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::sign(&Array::from([-3.0, 0.0, 5.0]))?, Array::from([-1.0, 0.0, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sign(x: &Array) -> Result<Array> {
    unary::sign::sign(x)
}

/// The sine.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::sin(&1.0.into())?.to_f64()? - 0.841471).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn sin(x: &Array) -> Result<Array> {
    unary::sin::sin(x)
}

/// The hyperbolic sine.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::sinh(&1.0.into())?.to_f64()? - 1.175201).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sinh(x: &Array) -> Result<Array> {
    unary::sinh::sinh(x)
}

/// The square root.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::sqrt(&Array::from([4.0, 9.0]))?, Array::from([2.0, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn sqrt(x: &Array) -> Result<Array> {
    unary::sqrt::sqrt(x)
}

/// The square of each element.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::square(&Array::from([-2, 3]))?, Array::from([4, 9]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn square(x: &Array) -> Result<Array> {
    unary::square::square(x)
}

/// The tangent.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::tan(&1.0.into())?.to_f64()? - 1.557408).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn tan(x: &Array) -> Result<Array> {
    unary::tan::tan(x)
}

/// The hyperbolic tangent.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::tanh(&1.0.into())?.to_f64()? - 0.761594).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(accuracy))]
pub fn tanh(x: &Array) -> Result<Array> {
    unary::tanh::tanh(x)
}

/// The complement of the bits; of truth values, the negation.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::bitwise_not(&Array::from([0, 5]))?, Array::from([-1, -6]));
/// assert_eq!(lax::bitwise_not(&Array::from([true]))?, Array::from([false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn bitwise_not(x: &Array) -> Result<Array> {
    unary::not::not(x)
}

/// The elements with the other imaginary part, as complex numbers.
///
/// ```
/// # use pullback::{Array, lax};
/// let z = lax::complex(&Array::from([1.0]), &Array::from([2.0]))?;
/// assert_eq!(lax::imag(&lax::conj(&z)?)?, Array::from([-2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn conj(x: &Array) -> Result<Array> {
    match x.dtype().is_complex() {
        true => unary::conj::conj(x),
        false => rules::complex(x, &rules::zeros_like(x)?),
    }
}

/// One divided by each element.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::reciprocal(&Array::from([2.0, 4.0]))?, Array::from([0.5, 0.25]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn reciprocal(x: &Array) -> Result<Array> {
    rules::integer_pow(x, -1)
}

/// The nearest whole number; halves go away from zero (0) or to even numbers (1).
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([0.5, 2.5, -1.6]);
/// assert_eq!(lax::round(&x, 0)?, Array::from([1.0, 3.0, -2.0]));
/// assert_eq!(lax::round(&x, 1)?, Array::from([0.0, 2.0, -2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(rounding_method = 0))]
pub fn round(x: &Array, rounding_method: i64) -> Result<Array> {
    let to_even = match rounding_method {
        0 => false,
        1 => true,
        other => {
            return Err(Error::value_error("round", format!("no rounding method {other}")));
        }
    };
    bind1(Round { to_even }, &[x])
}

/// The elements rounded to a type of so many bits of exponent and mantissa, and back.
///
/// ```
/// # use pullback::{Array, lax};
/// // One bit of mantissa.
/// assert_eq!(lax::reduce_precision(&Array::from([1.2, 1.3]), 8, 1)?, Array::from([1.0, 1.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn reduce_precision(operand: &Array, exponent_bits: i64, mantissa_bits: i64) -> Result<Array> {
    let bits = |bits: i64| {
        u8::try_from(bits)
            .map_err(|_| Error::value_error("reduce_precision", format!("cannot have {bits} bits")))
    };
    rules::reduce_precision(operand, bits(exponent_bits)?, bits(mantissa_bits)?)
}

/// The elements to a whole power.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::integer_pow(&Array::from([2, 3]), 3)?, Array::from([8, 27]));
/// assert_eq!(lax::integer_pow(&Array::from([2.0]), -1)?, Array::from([0.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn integer_pow(x: &Array, y: i64) -> Result<Array> {
    let y = i32::try_from(y)
        .map_err(|_| Error::value_error("integer_pow", format!("the exponent {y} is too large")))?;
    rules::integer_pow(x, y)
}

/// Operands of equal rank, or scalars, as operations of two operands take them.
fn check_ranks(function: &str, x: &Array, y: &Array) -> Result<()> {
    if x.rank() == y.rank() || x.rank() == 0 || y.rank() == 0 {
        return Ok(());
    }
    Err(Error::type_error(
        function,
        format!(
            "arrays must have the same number of dimensions, got {} and {}",
            x.aval(),
            y.aval()
        ),
    ))
}

/// The sum.
///
/// Nothing is promoted, in all functions of this module: both have one type, and one shape or are
/// scalars.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([1, 2]);
/// assert_eq!(lax::add(&x, &Array::from([10, 20]))?, Array::from([11, 22]));
/// assert!(lax::add(&x, &Array::from([1, 2, 3])).is_err());
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn add(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("add", x, y)?;
    binary::add::add(x, y)
}

/// The angle of the point whose second coordinate is `x` and whose first is `y`.
///
/// It lies between -π and π, in radians.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::atan2(&1.0.into(), &(-1.0).into())?.to_f64()? - 2.356194).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn atan2(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("atan2", x, y)?;
    binary::atan2::atan2(x, y)
}

/// The quotient; of whole numbers, rounded towards zero.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::div(&Array::from([7, -7]), &Array::from([2, 2]))?, Array::from([3, -3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn div(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("div", x, y)?;
    binary::div::div(x, y)
}

/// The larger of both; NaN if either is.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::max(&Array::from([1, 5]), &Array::from([4, 2]))?, Array::from([4, 5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn max(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("max", x, y)?;
    binary::max::max(x, y)
}

/// The smaller of both; NaN if either is.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::min(&Array::from([1, 5]), &Array::from([4, 2]))?, Array::from([1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn min(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("min", x, y)?;
    binary::min::min(x, y)
}

/// The upper half of the product of whole numbers.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::mulhi(&Array::from([i32::MAX]), &Array::from([4]))?, Array::from([1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn mulhi(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("mulhi", x, y)?;
    binary::mulhi::mulhi(x, y)
}

/// The next number of the type from the first towards the second.
///
/// ```
/// # use pullback::lax;
/// assert_eq!(lax::nextafter(&1.0.into(), &2.0.into())?, 1.0 + f32::EPSILON);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn nextafter(x1: &Array, x2: &Array) -> Result<Array> {
    check_ranks("nextafter", x1, x2)?;
    binary::nextafter::nextafter(x1, x2)
}

/// The remainder of the quotient rounded towards zero.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::rem(&Array::from([7, -7]), &Array::from([3, 3]))?, Array::from([1, -1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn rem(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("rem", x, y)?;
    binary::rem::rem(x, y)
}

/// The bits moved up; none are left beyond the width of the type.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::shift_left(&Array::from([1, 3]), &Array::from([2, 32]))?, Array::from([4, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn shift_left(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("shift_left", x, y)?;
    binary::shift_left::shift_left(x, y)
}

/// The bits moved down, with the sign in front.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::shift_right_arithmetic(&Array::from([8, -8]), &Array::from([1, 1]))?;
/// assert_eq!(y, Array::from([4, -4]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn shift_right_arithmetic(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("shift_right_arithmetic", x, y)?;
    binary::shift_right_arithmetic::shift_right_arithmetic(x, y)
}

/// The bits moved down, with zeros in front.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::shift_right_logical(&Array::from([8, -8]), &Array::from([1, 28]))?;
/// assert_eq!(y, Array::from([4, 15]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn shift_right_logical(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("shift_right_logical", x, y)?;
    binary::shift_right_logical::shift_right_logical(x, y)
}

/// The difference.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::sub(&Array::from([5, 7]), &Array::from([1, 10]))?, Array::from([4, -3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sub(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("sub", x, y)?;
    binary::sub::sub(x, y)
}

/// The regularized lower incomplete gamma function of a parameter and a bound.
///
/// It is `1 / gamma(a)` times the integral of `exp(-t) t^(a - 1)` from 0 to `x`; by the series
/// 8.7.1 of the Digital Library of Mathematical Functions, <https://dlmf.nist.gov>.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::igamma(&1.0.into(), &1.0.into())?.to_f64()? - 0.632121).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn igamma(a: &Array, x: &Array) -> Result<Array> {
    check_ranks("igamma", a, x)?;
    binary::igamma::igamma(a, x)
}

/// The regularized upper incomplete gamma function of a parameter and a bound.
///
/// It is one minus [`igamma`]; by the continued fraction 8.9.2 of <https://dlmf.nist.gov>.
///
/// ```
/// # use pullback::lax;
/// assert!((lax::igammac(&1.0.into(), &1.0.into())?.to_f64()? - 0.367879).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn igammac(a: &Array, x: &Array) -> Result<Array> {
    check_ranks("igammac", a, x)?;
    binary::igammac::igammac(a, x)
}

/// The derivative of [`igamma`] with respect to the parameter.
///
/// ```
/// # use pullback::lax;
/// let at = |a: f64| lax::igamma(&a.into(), &1.0.into())?.to_f64();
/// let difference = (at(2.05)? - at(1.95)?) / 0.1;
/// let slope = lax::igamma_grad_a(&2.0.into(), &1.0.into())?.to_f64()?;
/// assert!((slope - difference).abs() < 1e-3);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn igamma_grad_a(a: &Array, x: &Array) -> Result<Array> {
    check_ranks("igamma_grad_a", a, x)?;
    binary::igamma_grad_a::igamma_grad_a(a, x)
}

/// How much a sample of the gamma distribution, the second argument, moves with the parameter, the
/// first.
///
/// It is the derivative of [`igamma`] with respect to the parameter, divided by the density, with
/// the other sign.
///
/// ```
/// # use pullback::{Array, lax};
/// let (a, x) = (Array::from(1.0), Array::from(1.0));
/// let density = (-1f64).exp();
/// let expected = -lax::igamma_grad_a(&a, &x)?.to_f64()? / density;
/// assert!((lax::random_gamma_grad(&a, &x)?.to_f64()? - expected).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn random_gamma_grad(a: &Array, x: &Array) -> Result<Array> {
    check_ranks("random_gamma_grad", a, x)?;
    binary::random_gamma_grad::random_gamma_grad(a, x)
}

/// The derivative of the digamma function, of an order and an argument.
///
/// ```
/// # use pullback::lax;
/// // π² / 6
/// assert!((lax::polygamma(&1.0.into(), &1.0.into())?.to_f64()? - 1.644934).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn polygamma(m: &Array, x: &Array) -> Result<Array> {
    check_ranks("polygamma", m, x)?;
    binary::polygamma::polygamma(m, x)
}

/// The zeta function of Hurwitz, of an exponent and a start.
///
/// It is the sum of `(q + k)^-x` for all `k` from zero on; by the formula of Euler and Maclaurin,
/// 25.11.43 of <https://dlmf.nist.gov>.
///
/// ```
/// # use pullback::lax;
/// // π² / 6
/// assert!((lax::zeta(&2.0.into(), &1.0.into())?.to_f64()? - 1.644934).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn zeta(x: &Array, q: &Array) -> Result<Array> {
    check_ranks("zeta", x, q)?;
    binary::zeta::zeta(x, q)
}

/// Whether the elements are equal.
///
/// ```
/// # use pullback::{Array, lax};
/// let (x, y) = (Array::from([1, 2, 3]), Array::from([2, 2, 2]));
/// assert_eq!(lax::eq(&x, &y)?, Array::from([false, true, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn eq(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("eq", x, y)?;
    binary::eq::eq(x, y)
}

/// Whether the first element is not smaller.
///
/// ```
/// # use pullback::{Array, lax};
/// let (x, y) = (Array::from([1, 2, 3]), Array::from([2, 2, 2]));
/// assert_eq!(lax::ge(&x, &y)?, Array::from([false, true, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn ge(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("ge", x, y)?;
    binary::ge::ge(x, y)
}

/// Whether the first element is larger.
///
/// ```
/// # use pullback::{Array, lax};
/// let (x, y) = (Array::from([1, 2, 3]), Array::from([2, 2, 2]));
/// assert_eq!(lax::gt(&x, &y)?, Array::from([false, false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn gt(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("gt", x, y)?;
    binary::gt::gt(x, y)
}

/// Whether the first element is not larger.
///
/// ```
/// # use pullback::{Array, lax};
/// let (x, y) = (Array::from([1, 2, 3]), Array::from([2, 2, 2]));
/// assert_eq!(lax::le(&x, &y)?, Array::from([true, true, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn le(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("le", x, y)?;
    binary::le::le(x, y)
}

/// Whether the first element is smaller.
///
/// ```
/// # use pullback::{Array, lax};
/// let (x, y) = (Array::from([1, 2, 3]), Array::from([2, 2, 2]));
/// assert_eq!(lax::lt(&x, &y)?, Array::from([true, false, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn lt(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("lt", x, y)?;
    binary::lt::lt(x, y)
}

/// Whether the elements differ.
///
/// ```
/// # use pullback::{Array, lax};
/// let (x, y) = (Array::from([1, 2, 3]), Array::from([2, 2, 2]));
/// assert_eq!(lax::ne(&x, &y)?, Array::from([true, false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn ne(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("ne", x, y)?;
    binary::ne::ne(x, y)
}

/// The bits that both have.
///
/// ```
/// # use pullback::lax;
/// assert_eq!(lax::bitwise_and(&0b1100.into(), &0b1010.into())?, 0b1000);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn bitwise_and(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("bitwise_and", x, y)?;
    binary::and::and(x, y)
}

/// The bits that either has.
///
/// ```
/// # use pullback::lax;
/// assert_eq!(lax::bitwise_or(&0b1100.into(), &0b1010.into())?, 0b1110);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn bitwise_or(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("bitwise_or", x, y)?;
    binary::or::or(x, y)
}

/// The bits that exactly one has.
///
/// ```
/// # use pullback::lax;
/// assert_eq!(lax::bitwise_xor(&0b1100.into(), &0b1010.into())?, 0b0110);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn bitwise_xor(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("bitwise_xor", x, y)?;
    binary::xor::xor(x, y)
}

/// The product.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::mul(&Array::from([2, 3]), &Array::from([5, 7]), None)?;
/// assert_eq!(y, Array::from([10, 21]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(out_dtype))]
pub fn mul(x: &Array, y: &Array, out_dtype: Option<DType>) -> Result<Array> {
    check_ranks("mul", x, y)?;
    let Some(dtype) = out_dtype.map(promote::canonical) else {
        return binary::mul::mul(x, y);
    };
    let converted = |x: &Array| rules::convert_element_type(x, dtype);
    binary::mul::mul(&converted(x)?, &converted(y)?)
}

/// The complex numbers of real and imaginary parts.
///
/// ```
/// # use pullback::{Array, DType, lax};
/// let z = lax::complex(&Array::from([3.0]), &Array::from([4.0]))?;
/// assert_eq!(z.dtype(), DType::C64);
/// assert_eq!(lax::abs(&z)?, Array::from([5.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn complex(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("complex", x, y)?;
    rules::complex(x, y)
}

/// The first to the power of the second, which may be a whole number.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::pow(&Array::from([2.0, 9.0]), &Array::from([3, 2]))?;
/// assert_eq!(y, Array::from([8.0, 81.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn pow(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("pow", x, y)?;
    if !x.dtype().is_inexact() {
        return Err(Error::DType {
            function: "pow".into(),
            dtype: x.dtype(),
            accepted: "floating and complex types as the base",
        });
    }
    match y.dtype().is_integer() {
        true => rules::pow(x, &promote::to_type(y, x.dtype(), y.is_weak())?),
        false => rules::pow(x, y),
    }
}

/// The share of the beta distribution with parameters `a` and `b` that lies below `x`.
///
/// By the continued fraction 8.17.22 of the Digital Library of Mathematical Functions,
/// <https://dlmf.nist.gov>.
///
/// ```
/// # use pullback::lax;
/// let y = lax::betainc(&2.0.into(), &1.0.into(), &0.5.into())?;
/// assert!((y.to_f64()? - 0.25).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn betainc(a: &Array, b: &Array, x: &Array) -> Result<Array> {
    check_ranks("betainc", a, b)?;
    check_ranks("betainc", a, x)?;
    nary::betainc::betainc(a, b, x)
}

/// `x`, but not below `min` nor above `max`.
///
/// The bounds have the shape of `x`, or are scalars.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::clamp(&0.into(), &Array::from([-1, 2, 9]), &5.into())?;
/// assert_eq!(y, Array::from([0, 2, 5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn clamp(min: &Array, x: &Array, max: &Array) -> Result<Array> {
    rules::clamp(min, x, max)
}

/// `on_true` where `pred` holds, else `on_false`; `pred` is a scalar, or all have one shape.
///
/// ```
/// use pullback::{Array, lax};
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, -2.0], &[2])?;
/// let y = lax::select(&lax::lt(&x, &Array::from(0.0))?, &lax::neg(&x)?, &x)?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 2.0]);
/// # Ok(())
/// # }
/// ```
#[api]
pub fn select(pred: &Array, on_true: &Array, on_false: &Array) -> Result<Array> {
    rules::select_n(pred, &[on_false, on_true])
}

/// The element of the case that `which` names; it is a scalar, or all have one shape.
///
/// `which` has whole numbers of type int32, or truth values, for two cases.
///
/// ```
/// # use pullback::{Array, lax};
/// let cases = [Array::from([1, 2]), Array::from([10, 20])];
/// assert_eq!(lax::select_n(&Array::from([0, 1]), &cases)?, Array::from([1, 20]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(variadic(cases))]
pub fn select_n(which: &Array, cases: &[Array]) -> Result<Array> {
    if cases.is_empty() {
        return Err(Error::value_error("select_n", "must have at least one case"));
    }
    rules::select_n(which, &cases.iter().collect::<Vec<_>>())
}

/// A polynomial of the elements, whose coefficients begin with the constant.
///
/// By the scheme of Horner.
///
/// ```
/// # use pullback::lax;
/// // 1 + 2 x + 3 x²
/// let coefficients = [1.0.into(), 2.0.into(), 3.0.into()];
/// assert_eq!(lax::polynomial(&2.0.into(), &coefficients)?, 17.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(), ignored(unroll))]
pub fn polynomial(x: &Array, coeffs: &[Array]) -> Result<Array> {
    let Some((last, rest)) = coeffs.split_last() else { return rules::zeros_like(x) };
    let mut y = rules::broadcast_to(last, x.shape())?;
    for coefficient in rest.iter().rev() {
        y = add(&mul(&y, x, None)?, coefficient)?;
    }
    Ok(y)
}
