//! Arithmetic of elements: sums, products, quotients, powers.

use pullback_core::engine::tile::ScalarOp;
use pullback_core::primitives::binary::nextafter;
use pullback_core::primitives::rules as lax;
use pullback_core::primitives::unary::Accepts;
use pullback_core::trace::eval::of_numbers;
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::api;

use super::common::{
    check, filled, inexact, inexact_pair, not_equal_itself, number, number_from_bool, pair, select,
};
use crate::api::ApiFn;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &ADD_API,
    &SUBTRACT_API,
    &MULTIPLY_API,
    &TRUE_DIVIDE_API,
    &FLOOR_DIVIDE_API,
    &REMAINDER_API,
    &FMOD_API,
    &DIVMOD_API,
    &POWER_API,
    &FLOAT_POWER_API,
    &NEGATIVE_API,
    &POSITIVE_API,
    &ABSOLUTE_API,
    &FABS_API,
    &SIGN_API,
    &SQUARE_API,
    &RECIPROCAL_API,
    &MAXIMUM_API,
    &MINIMUM_API,
    &FMAX_API,
    &FMIN_API,
    &CLIP_API,
    &HEAVISIDE_API,
    &NEXTAFTER_API,
    &SPACING_API,
    &I0_API,
];

/// The sum of two arrays, element by element; of truth values, whether one holds.
///
/// Shapes broadcast together, and types are promoted.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1], [2]]);
/// assert_eq!(jnp::add(&x, &Array::from([10, 20]))?, Array::from([[11, 21], [12, 22]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn add(x: &Array, y: &Array) -> Result<Array> {
    if let Some(number) = of_numbers(ScalarOp::Add, x, y) {
        return Ok(number);
    }
    let [x, y] = pair("add", x, y)?;
    match x.dtype() {
        DType::Bool => lax::or(&x, &y),
        _ => lax::add(&x, &y),
    }
}

/// The difference of two arrays, element by element.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([5, 7]), Array::from([1, 10]));
/// assert_eq!(jnp::subtract(&x, &y)?, Array::from([4, -3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn subtract(x: &Array, y: &Array) -> Result<Array> {
    if let Some(number) = of_numbers(ScalarOp::Sub, x, y) {
        return Ok(number);
    }
    let [x, y] = pair("subtract", x, y)?;
    lax::sub(&x, &y)
}

/// The product of two arrays, element by element; of truth values, whether both hold.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, 2.0, 3.0]);
/// assert_eq!(jnp::multiply(&x, &2.into())?, Array::from([2.0, 4.0, 6.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn multiply(x: &Array, y: &Array) -> Result<Array> {
    if let Some(number) = of_numbers(ScalarOp::Mul, x, y) {
        return Ok(number);
    }
    let [x, y] = pair("multiply", x, y)?;
    match x.dtype() {
        DType::Bool => lax::and(&x, &y),
        _ => lax::mul(&x, &y),
    }
}

/// The quotient of two arrays, element by element, as real numbers.
///
/// Whole numbers become real ones; a division by zero gives an infinity or NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([1, 3]), Array::from([2, 0]));
/// assert_eq!(jnp::true_divide(&x, &y)?, Array::from([0.5, f64::INFINITY]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("divide"))]
pub fn true_divide(x1: &Array, x2: &Array) -> Result<Array> {
    if let Some(number) = of_numbers(ScalarOp::Div, x1, x2) {
        return Ok(number);
    }
    let [x, y] = inexact_pair("true_divide", x1, x2)?;
    lax::div(&x, &y)
}

/// The quotient rounded down, element by element.
///
/// The type stays that of the operands. Complex numbers are an error.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([7, -7]);
/// assert_eq!(jnp::floor_divide(&x, &2.into())?, Array::from([3, -4]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn floor_divide(x1: &Array, x2: &Array) -> Result<Array> {
    let [x, y] = numbers("floor_divide", x1, x2)?;
    match x.dtype() {
        dtype if dtype.is_float() => Ok(float_divmod(&x, &y)?.0),
        dtype if dtype.is_complex() => {
            Err(Error::type_error("floor_divide", "does not support complex-valued inputs"))
        }
        _ => {
            let quotient = lax::div(&x, &y)?;
            if x.dtype().kind() == pullback_core::Kind::Unsigned {
                return Ok(quotient);
            }
            let signs = lax::ne(&lax::sign(&x)?, &lax::sign(&y)?)?;
            let remainder = lax::rem(&x, &y)?;
            let rest = lax::ne(&remainder, &number(0.0, &remainder))?;
            let below = lax::sub(&quotient, &number(1.0, &quotient))?;
            select(&lax::and(&signs, &rest)?, &below, &quotient)
        }
    }
}

/// The remainder of the quotient rounded down, element by element: it has the divisor's sign.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([7, -7]);
/// assert_eq!(jnp::remainder(&x, &3.into())?, Array::from([1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("mod"))]
pub fn remainder(x1: &Array, x2: &Array) -> Result<Array> {
    let [x, y] = numbers("remainder", x1, x2)?;
    check("remainder", &x, Accepts::Real)?;
    let zero = number(0.0, &y);
    let y = match y.dtype().is_integer() {
        true => select(&lax::eq(&y, &zero)?, &number(1.0, &y), &y)?,
        false => y,
    };
    let remainder = lax::rem(&x, &y)?;
    let rest = lax::ne(&remainder, &zero)?;
    let signs = lax::ne(&lax::lt(&remainder, &zero)?, &lax::lt(&y, &zero)?)?;
    select(&lax::and(&signs, &rest)?, &lax::add(&remainder, &y)?, &remainder)
}

/// The remainder of the quotient rounded towards zero, element by element: it has the
/// dividend's sign.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([7, -7]);
/// assert_eq!(jnp::fmod(&x, &3.into())?, Array::from([1, -1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fmod(x1: &Array, x2: &Array) -> Result<Array> {
    let [x, y] = numbers("fmod", x1, x2)?;
    check("fmod", &x, Accepts::Real)?;
    let y = match y.dtype().is_integer() {
        true => select(&lax::eq(&y, &number(0.0, &y))?, &number(1.0, &y), &y)?,
        false => y,
    };
    lax::rem(&x, &y)
}

/// The quotient rounded down and the remainder, element by element.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (quotient, rest) = jnp::divmod(&Array::from([7.5, -7.5]), &2.0.into())?;
/// assert_eq!(quotient, Array::from([3.0, -4.0]));
/// assert_eq!(rest, Array::from([1.5, 0.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn divmod(x1: &Array, x2: &Array) -> Result<(Array, Array)> {
    let [x, y] = numbers("divmod", x1, x2)?;
    match x.dtype().is_float() {
        true => float_divmod(&x, &y),
        false => Ok((floor_divide(&x, &y)?, remainder(&x, &y)?)),
    }
}

/// Two arrays of one type that has a remainder, and of one rank; bools become whole numbers.
pub(crate) fn numbers(function: &str, x: &Array, y: &Array) -> Result<[Array; 2]> {
    let [x, y] = pair(function, x, y)?;
    Ok([number_from_bool(&x)?, number_from_bool(&y)?])
}

fn float_divmod(x: &Array, y: &Array) -> Result<(Array, Array)> {
    let zero = number(0.0, x);
    let remainder = lax::rem(x, y)?;
    // The dividend of a division by zero is kept, so that the quotient is infinite.
    let dividend = select(&lax::eq(y, &zero)?, x, &lax::sub(x, &remainder)?)?;
    let quotient = lax::div(&dividend, y)?;
    let rest = lax::ne(&remainder, &zero)?;
    let signs = lax::ne(&lax::sign(y)?, &lax::sign(&remainder)?)?;
    let adjust = lax::and(&signs, &rest)?;
    let quotient = select(&adjust, &lax::sub(&quotient, &number(1.0, x))?, &quotient)?;
    let remainder = select(&adjust, &lax::add(&remainder, y)?, &remainder)?;
    Ok((round_away(&quotient)?, remainder))
}

/// The nearest whole number; halves go away from zero.
fn round_away(x: &Array) -> Result<Array> {
    use pullback_core::primitives::nary::round::Round;
    pullback_core::trace::bind1(Round { to_even: false }, &[x])
}

/// `x1` to the power of `x2`, element by element.
///
/// A bare whole number as the exponent is a fixed power, which is exact for whole numbers and
/// differentiable everywhere.
///
/// Whole numbers to a fixed negative power are an error.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([2, 3]);
/// assert_eq!(jnp::power(&x, &3.into())?, Array::from([8, 27]));
/// assert!(jnp::power(&x, &(-1).into()).is_err());
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("pow"))]
pub fn power(x1: &Array, x2: &Array) -> Result<Array> {
    if let Some(exponent) = known_integer(x2) {
        let x = number_from_bool(x1)?;
        if exponent < 0 && x.dtype().is_integer() {
            return Err(Error::type_error(
                "power",
                format!(
                    "Integers cannot be raised to negative powers, got integer_pow({}, {exponent})",
                    x.aval()
                ),
            ));
        }
        return lax::integer_pow(&x, exponent);
    }
    if x1.dtype().is_inexact() && x2.dtype().is_integer() {
        // The base decides on the type, and the exponent has a say in whether it is weak.
        let exponent = promote::to_type(x2, x1.dtype(), x2.is_weak())?;
        let mut operands = [x1.clone(), exponent];
        promote::promote_ranks("power", &mut operands)?;
        return lax::pow(&operands[0], &operands[1]);
    }
    let [x, y] = pair("power", x1, x2)?;
    match x.dtype() {
        DType::Bool => integer_power(&number_from_bool(&x)?, &number_from_bool(&y)?),
        dtype if dtype.is_integer() => integer_power(&x, &y),
        _ => lax::pow(&x, &y),
    }
}

/// A concrete whole number.
fn known_integer(x: &Array) -> Option<i32> {
    let tensor = x.tensor().filter(|_| x.rank() == 0 && x.dtype().is_integer())?;
    pullback_core::array::integer_item(tensor).and_then(|value| i32::try_from(value).ok())
}

/// By repeated squaring; negative exponents count as the bits they are.
fn integer_power(x: &Array, y: &Array) -> Result<Array> {
    let (zero, one) = (number(0.0, y), number(1.0, y));
    let mut product = filled(1.0, &lax::add(x, y)?)?;
    let mut base = x.clone();
    let mut exponent = y.clone();
    // Six bits of exponent are all that matter: larger powers overflow every type.
    let rounds = 6;
    for round in 0..rounds {
        let odd = lax::ne(&lax::and(&exponent, &one)?, &zero)?;
        product = select(&odd, &lax::mul(&product, &base)?, &product)?;
        if round + 1 < rounds {
            base = lax::mul(&base, &base)?;
            exponent = lax::shift_right_logical(&exponent, &one)?;
        }
    }
    // Powers of zero by multiples of 64 have no bit among the six.
    let zeros = lax::and(&lax::eq(x, &number(0.0, x))?, &lax::ne(y, &zero)?)?;
    select(&zeros, &filled(0.0, &product)?, &product)
}

/// `x` to the power of `y`, element by element, as real numbers.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::float_power(&Array::from([2, 4]), &(-1).into())?;
/// assert_eq!(y, Array::from([0.5, 0.25]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn float_power(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = inexact_pair("float_power", x, y)?;
    lax::pow(&x, &y)
}

/// The elements with the other sign.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::negative(&Array::from([1.0, -2.0]))?, Array::from([-1.0, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn negative(x: &Array) -> Result<Array> {
    lax::neg(x)
}

/// The elements as they are.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::positive(&Array::from([1.0, -2.0]))?, Array::from([1.0, -2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn positive(x: &Array) -> Result<Array> {
    Ok(x.clone())
}

/// The magnitude of each element.
///
/// Of complex numbers it is real.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::absolute(&Array::from([-1, 2]))?, Array::from([1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("abs"))]
pub fn absolute(x: &Array) -> Result<Array> {
    match x.dtype().kind() {
        pullback_core::Kind::Bool | pullback_core::Kind::Unsigned => Ok(x.clone()),
        _ => lax::abs(x),
    }
}

/// The magnitude of each element, as real numbers.
///
/// Complex numbers are an error; [`absolute`] takes them.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::fabs(&Array::from([-1, 2]))?, Array::from([1.0, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fabs(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    check("fabs", &x, Accepts::Float)?;
    lax::abs(&x)
}

/// -1, 0 or 1 as each element is negative, zero or positive; of a complex number `x / |x|`.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::sign(&Array::from([-3.0, 0.0, 5.0]))?, Array::from([-1.0, 0.0, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sign(x: &Array) -> Result<Array> {
    lax::sign(x)
}

/// The square of each element.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::square(&Array::from([-3, 2]))?, Array::from([9, 4]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn square(x: &Array) -> Result<Array> {
    lax::square(&number_from_bool(x)?)
}

/// One divided by each element, as real numbers.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::reciprocal(&Array::from([2, 4]))?, Array::from([0.5, 0.25]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn reciprocal(x: &Array) -> Result<Array> {
    lax::integer_pow(&inexact(x)?, -1)
}

/// The larger of two arrays, element by element; NaN if either is.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([1, 5]), Array::from([4, 2]));
/// assert_eq!(jnp::maximum(&x, &y)?, Array::from([4, 5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn maximum(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = pair("maximum", x, y)?;
    lax::max(&x, &y)
}

/// The smaller of two arrays, element by element; NaN if either is.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([1, 5]), Array::from([4, 2]));
/// assert_eq!(jnp::minimum(&x, &y)?, Array::from([1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn minimum(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = pair("minimum", x, y)?;
    lax::min(&x, &y)
}

/// The larger of two arrays, element by element, where a NaN gives way to the other.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN]);
/// assert_eq!(jnp::fmax(&x, &0.5.into())?, Array::from([1.0, 0.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fmax(x1: &Array, x2: &Array) -> Result<Array> {
    let [x, y] = pair("fmax", x1, x2)?;
    let first = lax::or(&super::logic::greater(&x, &y)?, &not_equal_itself(&y)?)?;
    select(&first, &x, &y)
}

/// The smaller of two arrays, element by element, where a NaN gives way to the other.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN]);
/// assert_eq!(jnp::fmin(&x, &0.5.into())?, Array::from([0.5, 0.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fmin(x1: &Array, x2: &Array) -> Result<Array> {
    let [x, y] = pair("fmin", x1, x2)?;
    let first = lax::or(&super::logic::less(&x, &y)?, &not_equal_itself(&y)?)?;
    select(&first, &x, &y)
}

/// The elements, but not below `min` nor above `max`.
///
/// Complex numbers are an error: they have no order.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([-1.0, 0.5, 2.0]);
/// assert_eq!(jnp::clip(&x, Some(&0.0.into()), None)?, Array::from([0.0, 0.5, 2.0]));
/// assert_eq!(jnp::clip(&x, None, Some(&1.0.into()))?, Array::from([-1.0, 0.5, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn clip(arr: &Array, min: Option<&Array>, max: Option<&Array>) -> Result<Array> {
    for x in [Some(arr), min, max].into_iter().flatten() {
        if x.dtype().is_complex() {
            return Err(Error::value_error(
                "clip",
                "clip received a complex value either through the input or the min/max keywords; \
                 complex values have no ordering and cannot be clipped",
            ));
        }
    }
    let mut y = arr.clone();
    if let Some(min) = min {
        y = maximum(min, &y)?;
    }
    if let Some(max) = max {
        y = minimum(max, &y)?;
    }
    Ok(y)
}

/// 0 where `x1` is negative, 1 where it is positive, and `x2` where it is zero.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([-2.0, 0.0, 3.0]);
/// assert_eq!(jnp::heaviside(&x, &0.5.into())?, Array::from([0.0, 0.5, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn heaviside(x1: &Array, x2: &Array) -> Result<Array> {
    let [x, y] = inexact_pair("heaviside", x1, x2)?;
    check("heaviside", &x, Accepts::Float)?;
    let zero = number(0.0, &x);
    let kept = select(&not_equal_itself(&x)?, &x, &y)?;
    let step = select(&lax::gt(&x, &zero)?, &number(1.0, &x), &kept)?;
    select(&lax::lt(&x, &zero)?, &zero, &step)
}

/// The next number of the type from `x` towards `y`.
///
/// ```
/// # use pullback::numpy as jnp;
/// let y = jnp::nextafter(&1.0.into(), &2.0.into())?;
/// assert_eq!(y, 1.0 + f32::EPSILON);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(name = "nextafter")]
pub fn nextafter(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = inexact_pair("nextafter", x, y)?;
    nextafter::nextafter(&x, &y)
}

/// The distance from each element to the next number of its type, away from zero.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert_eq!(jnp::spacing(&1.0.into())?, f32::EPSILON);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn spacing(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    check("spacing", &x, Accepts::Float)?;
    let x = lax::convert_element_type(&x, x.dtype())?;
    let infinity = filled(f64::INFINITY, &x)?;
    let minus = filled(f64::NEG_INFINITY, &x)?;
    let negative = super::floats::signbit(&x)?;
    let next = nextafter::nextafter(&x, &select(&negative, &minus, &infinity)?)?;
    lax::sub(&next, &x)
}

/// The modified Bessel function of the first kind and order zero.
///
/// It grows as `exp(|x|)`; [`i0e`](crate::scipy::special::i0e) is scaled down by that.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert!((jnp::i0(&1.0.into())?.to_f64()? - 1.2660659).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn i0(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    check("i0", &x, Accepts::Float)?;
    let size = lax::abs(&x)?;
    lax::mul(&lax::exp(&size)?, &lax::bessel_i0e(&size)?)
}
