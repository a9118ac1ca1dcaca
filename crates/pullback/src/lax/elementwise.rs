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
#[api]
pub fn abs(x: &Array) -> Result<Array> {
    unary::abs::abs(x)
}

/// The arc cosine.
#[api]
pub fn acos(x: &Array) -> Result<Array> {
    unary::acos::acos(x)
}

/// The inverse of the hyperbolic cosine.
#[api]
pub fn acosh(x: &Array) -> Result<Array> {
    unary::acosh::acosh(x)
}

/// The arc sine.
#[api]
pub fn asin(x: &Array) -> Result<Array> {
    unary::asin::asin(x)
}

/// The inverse of the hyperbolic sine.
#[api]
pub fn asinh(x: &Array) -> Result<Array> {
    unary::asinh::asinh(x)
}

/// The arc tangent.
#[api]
pub fn atan(x: &Array) -> Result<Array> {
    unary::atan::atan(x)
}

/// The inverse of the hyperbolic tangent.
#[api]
pub fn atanh(x: &Array) -> Result<Array> {
    unary::atanh::atanh(x)
}

/// `exp(-|x|)` times the modified Bessel function of the first kind and order zero.
#[api]
pub fn bessel_i0e(x: &Array) -> Result<Array> {
    unary::bessel_i0e::bessel_i0e(x)
}

/// `exp(-|x|)` times the modified Bessel function of the first kind and order one.
#[api]
pub fn bessel_i1e(x: &Array) -> Result<Array> {
    unary::bessel_i1e::bessel_i1e(x)
}

/// The cube root.
#[api(ignored(accuracy))]
pub fn cbrt(x: &Array) -> Result<Array> {
    unary::cbrt::cbrt(x)
}

/// The smallest whole number that is not below each element.
#[api]
pub fn ceil(x: &Array) -> Result<Array> {
    unary::ceil::ceil(x)
}

/// The number of leading zero bits.
#[api]
pub fn clz(x: &Array) -> Result<Array> {
    unary::clz::clz(x)
}

/// The cosine.
#[api(ignored(accuracy))]
pub fn cos(x: &Array) -> Result<Array> {
    unary::cos::cos(x)
}

/// The hyperbolic cosine.
#[api]
pub fn cosh(x: &Array) -> Result<Array> {
    unary::cosh::cosh(x)
}

/// The derivative of the logarithm of the gamma function.
#[api]
pub fn digamma(x: &Array) -> Result<Array> {
    unary::digamma::digamma(x)
}

/// The error function.
#[api]
pub fn erf(x: &Array) -> Result<Array> {
    unary::erf::erf(x)
}

/// The inverse of the error function.
#[api]
pub fn erf_inv(x: &Array) -> Result<Array> {
    unary::erf_inv::erf_inv(x)
}

/// One minus the error function, also precise where that is small.
#[api(ignored(accuracy))]
pub fn erfc(x: &Array) -> Result<Array> {
    unary::erfc::erfc(x)
}

/// The exponential.
#[api(ignored(accuracy))]
pub fn exp(x: &Array) -> Result<Array> {
    unary::exp::exp(x)
}

/// Two to the power of each element.
#[api(ignored(accuracy))]
pub fn exp2(x: &Array) -> Result<Array> {
    unary::exp2::exp2(x)
}

/// The exponential minus one, also precise near zero.
#[api(ignored(accuracy))]
pub fn expm1(x: &Array) -> Result<Array> {
    unary::expm1::expm1(x)
}

/// The largest whole number that is not above each element.
#[api]
pub fn floor(x: &Array) -> Result<Array> {
    unary::floor::floor(x)
}

/// The imaginary part of complex numbers.
#[api]
pub fn imag(x: &Array) -> Result<Array> {
    unary::imag::imag(x)
}

/// Whether each element is neither infinite nor NaN.
#[api]
pub fn is_finite(x: &Array) -> Result<Array> {
    unary::is_finite::is_finite(x)
}

/// The logarithm of the magnitude of the gamma function.
#[api]
pub fn lgamma(x: &Array) -> Result<Array> {
    unary::lgamma::lgamma(x)
}

/// The natural logarithm.
#[api(ignored(accuracy))]
pub fn log(x: &Array) -> Result<Array> {
    unary::log::log(x)
}

/// The logarithm of one plus each element, also precise near zero.
#[api(ignored(accuracy))]
pub fn log1p(x: &Array) -> Result<Array> {
    unary::log1p::log1p(x)
}

/// The logarithm to base two.
#[api(ignored(accuracy))]
pub fn log2(x: &Array) -> Result<Array> {
    unary::log2::log2(x)
}

/// `1 / (1 + exp(-x))`.
#[api(ignored(accuracy))]
pub fn logistic(x: &Array) -> Result<Array> {
    unary::logistic::logistic(x)
}

/// The elements with the other sign.
#[api]
pub fn neg(x: &Array) -> Result<Array> {
    unary::neg::neg(x)
}

/// One minus the square of each element.
#[api]
pub fn one_minus_square(x: &Array) -> Result<Array> {
    unary::one_minus_square::one_minus_square(x)
}

/// The number of bits that are set.
#[api]
pub fn population_count(x: &Array) -> Result<Array> {
    unary::population_count::population_count(x)
}

/// The real part of complex numbers.
#[api]
pub fn real(x: &Array) -> Result<Array> {
    unary::real::real(x)
}

/// One divided by the square root.
#[api(ignored(accuracy))]
pub fn rsqrt(x: &Array) -> Result<Array> {
    unary::rsqrt::rsqrt(x)
}

/// -1, 0 or 1 as each element is negative, zero or positive; of a complex number `x / |x|`.
#[api]
pub fn sign(x: &Array) -> Result<Array> {
    unary::sign::sign(x)
}

/// The sine.
#[api(ignored(accuracy))]
pub fn sin(x: &Array) -> Result<Array> {
    unary::sin::sin(x)
}

/// The hyperbolic sine.
#[api]
pub fn sinh(x: &Array) -> Result<Array> {
    unary::sinh::sinh(x)
}

/// The square root.
#[api(ignored(accuracy))]
pub fn sqrt(x: &Array) -> Result<Array> {
    unary::sqrt::sqrt(x)
}

/// The square of each element.
#[api]
pub fn square(x: &Array) -> Result<Array> {
    unary::square::square(x)
}

/// The tangent.
#[api(ignored(accuracy))]
pub fn tan(x: &Array) -> Result<Array> {
    unary::tan::tan(x)
}

/// The hyperbolic tangent.
#[api(ignored(accuracy))]
pub fn tanh(x: &Array) -> Result<Array> {
    unary::tanh::tanh(x)
}

/// The complement of the bits; of truth values, the negation.
#[api]
pub fn bitwise_not(x: &Array) -> Result<Array> {
    unary::not::not(x)
}

/// The elements with the other imaginary part, as complex numbers.
#[api]
pub fn conj(x: &Array) -> Result<Array> {
    match x.dtype().is_complex() {
        true => unary::conj::conj(x),
        false => rules::complex(x, &rules::zeros_like(x)?),
    }
}

/// One divided by each element.
#[api]
pub fn reciprocal(x: &Array) -> Result<Array> {
    rules::integer_pow(x, -1)
}

/// The nearest whole number; halves go away from zero (0) or to even numbers (1).
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
#[api]
pub fn reduce_precision(operand: &Array, exponent_bits: i64, mantissa_bits: i64) -> Result<Array> {
    let bits = |bits: i64| {
        u8::try_from(bits)
            .map_err(|_| Error::value_error("reduce_precision", format!("cannot have {bits} bits")))
    };
    rules::reduce_precision(operand, bits(exponent_bits)?, bits(mantissa_bits)?)
}

/// The elements to a whole power.
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
#[api]
pub fn add(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("add", x, y)?;
    binary::add::add(x, y)
}

/// The angle of the point whose second coordinate is `x` and whose first is `y`.
#[api]
pub fn atan2(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("atan2", x, y)?;
    binary::atan2::atan2(x, y)
}

/// The quotient; of whole numbers, rounded towards zero.
#[api]
pub fn div(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("div", x, y)?;
    binary::div::div(x, y)
}

/// The larger of both; NaN if either is.
#[api]
pub fn max(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("max", x, y)?;
    binary::max::max(x, y)
}

/// The smaller of both; NaN if either is.
#[api]
pub fn min(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("min", x, y)?;
    binary::min::min(x, y)
}

/// The upper half of the product of whole numbers.
#[api]
pub fn mulhi(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("mulhi", x, y)?;
    binary::mulhi::mulhi(x, y)
}

/// The next number of the type from the first towards the second.
#[api]
pub fn nextafter(x1: &Array, x2: &Array) -> Result<Array> {
    check_ranks("nextafter", x1, x2)?;
    binary::nextafter::nextafter(x1, x2)
}

/// The remainder of the quotient rounded towards zero.
#[api]
pub fn rem(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("rem", x, y)?;
    binary::rem::rem(x, y)
}

/// The bits moved up; none are left beyond the width of the type.
#[api]
pub fn shift_left(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("shift_left", x, y)?;
    binary::shift_left::shift_left(x, y)
}

/// The bits moved down, with the sign in front.
#[api]
pub fn shift_right_arithmetic(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("shift_right_arithmetic", x, y)?;
    binary::shift_right_arithmetic::shift_right_arithmetic(x, y)
}

/// The bits moved down, with zeros in front.
#[api]
pub fn shift_right_logical(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("shift_right_logical", x, y)?;
    binary::shift_right_logical::shift_right_logical(x, y)
}

/// The difference.
#[api]
pub fn sub(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("sub", x, y)?;
    binary::sub::sub(x, y)
}

/// The regularized lower incomplete gamma function of a parameter and a bound.
#[api]
pub fn igamma(a: &Array, x: &Array) -> Result<Array> {
    check_ranks("igamma", a, x)?;
    binary::igamma::igamma(a, x)
}

/// The regularized upper incomplete gamma function of a parameter and a bound.
#[api]
pub fn igammac(a: &Array, x: &Array) -> Result<Array> {
    check_ranks("igammac", a, x)?;
    binary::igammac::igammac(a, x)
}

/// The derivative of [`igamma`] with respect to the parameter.
#[api]
pub fn igamma_grad_a(a: &Array, x: &Array) -> Result<Array> {
    check_ranks("igamma_grad_a", a, x)?;
    binary::igamma_grad_a::igamma_grad_a(a, x)
}

/// How much a sample of the gamma distribution, the second argument, moves with the parameter, the
/// first.
#[api]
pub fn random_gamma_grad(a: &Array, x: &Array) -> Result<Array> {
    check_ranks("random_gamma_grad", a, x)?;
    binary::random_gamma_grad::random_gamma_grad(a, x)
}

/// The derivative of the digamma function, of an order and an argument.
#[api]
pub fn polygamma(m: &Array, x: &Array) -> Result<Array> {
    check_ranks("polygamma", m, x)?;
    binary::polygamma::polygamma(m, x)
}

/// The zeta function of Hurwitz, of an exponent and a start.
#[api]
pub fn zeta(x: &Array, q: &Array) -> Result<Array> {
    check_ranks("zeta", x, q)?;
    binary::zeta::zeta(x, q)
}

/// Whether the elements are equal.
#[api]
pub fn eq(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("eq", x, y)?;
    binary::eq::eq(x, y)
}

/// Whether the first element is not smaller.
#[api]
pub fn ge(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("ge", x, y)?;
    binary::ge::ge(x, y)
}

/// Whether the first element is larger.
#[api]
pub fn gt(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("gt", x, y)?;
    binary::gt::gt(x, y)
}

/// Whether the first element is not larger.
#[api]
pub fn le(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("le", x, y)?;
    binary::le::le(x, y)
}

/// Whether the first element is smaller.
#[api]
pub fn lt(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("lt", x, y)?;
    binary::lt::lt(x, y)
}

/// Whether the elements differ.
#[api]
pub fn ne(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("ne", x, y)?;
    binary::ne::ne(x, y)
}

/// The bits that both have.
#[api]
pub fn bitwise_and(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("bitwise_and", x, y)?;
    binary::and::and(x, y)
}

/// The bits that either has.
#[api]
pub fn bitwise_or(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("bitwise_or", x, y)?;
    binary::or::or(x, y)
}

/// The bits that exactly one has.
#[api]
pub fn bitwise_xor(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("bitwise_xor", x, y)?;
    binary::xor::xor(x, y)
}

/// The product.
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
#[api]
pub fn complex(x: &Array, y: &Array) -> Result<Array> {
    check_ranks("complex", x, y)?;
    rules::complex(x, y)
}

/// The first to the power of the second, which may be a whole number.
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
#[api]
pub fn betainc(a: &Array, b: &Array, x: &Array) -> Result<Array> {
    check_ranks("betainc", a, b)?;
    check_ranks("betainc", a, x)?;
    nary::betainc::betainc(a, b, x)
}

/// `x`, but not below `min` nor above `max`.
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
#[api(variadic(cases))]
pub fn select_n(which: &Array, cases: &[Array]) -> Result<Array> {
    if cases.is_empty() {
        return Err(Error::value_error("select_n", "must have at least one case"));
    }
    rules::select_n(which, &cases.iter().collect::<Vec<_>>())
}

/// A polynomial of the elements, whose coefficients begin with the constant.
#[api(keyword_only(), ignored(unroll))]
pub fn polynomial(x: &Array, coeffs: &[Array]) -> Result<Array> {
    let Some((last, rest)) = coeffs.split_last() else { return rules::zeros_like(x) };
    let mut y = rules::broadcast_to(last, x.shape())?;
    for coefficient in rest.iter().rev() {
        y = add(&mul(&y, x, None)?, coefficient)?;
    }
    Ok(y)
}
