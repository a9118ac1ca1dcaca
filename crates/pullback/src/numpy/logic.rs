//! Comparisons, truth values, bits, and choosing by them.

use pullback_core::primitives::rules as lax;
use pullback_core::primitives::unary::{self, Accepts};
use pullback_core::{Array, DType, Error, Kind, Result, promote};
use pullback_macros::api;

use super::common::{broadcast, broadcast_all, check, inexact_pair, not_equal_itself, pair, truth};
use super::floats::isfinite;
use super::reductions::{self, Reduce};
use crate::api::ApiFn;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &EQUAL_API,
    &NOT_EQUAL_API,
    &LESS_API,
    &LESS_EQUAL_API,
    &GREATER_API,
    &GREATER_EQUAL_API,
    &LOGICAL_AND_API,
    &LOGICAL_OR_API,
    &LOGICAL_XOR_API,
    &LOGICAL_NOT_API,
    &BITWISE_AND_API,
    &BITWISE_OR_API,
    &BITWISE_XOR_API,
    &INVERT_API,
    &LEFT_SHIFT_API,
    &RIGHT_SHIFT_API,
    &BITWISE_COUNT_API,
    &SELECT_API,
    &ISCLOSE_API,
    &ALLCLOSE_API,
    &ARRAY_EQUAL_API,
    &ARRAY_EQUIV_API,
];

/// Whether the elements of two arrays are equal.
///
/// Shapes broadcast together, as for all comparisons.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2, 3]);
/// assert_eq!(jnp::equal(&x, &2.into())?, Array::from([false, true, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn equal(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = pair("equal", x, y)?;
    lax::eq(&x, &y)
}

/// Whether the elements of two arrays differ.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN]);
/// assert_eq!(jnp::not_equal(&x, &x)?, Array::from([false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn not_equal(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = pair("not_equal", x, y)?;
    lax::ne(&x, &y)
}

/// Whether the elements of `x` are smaller than those of `y`.
///
/// Complex numbers are ordered by real part first, then by imaginary part.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2, 3]);
/// assert_eq!(jnp::less(&x, &2.into())?, Array::from([true, false, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn less(x: &Array, y: &Array) -> Result<Array> {
    compare("less", x, y, lax::lt, lax::lt)
}

/// Whether the elements of `x` are smaller than those of `y`, or equal to them.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2, 3]);
/// assert_eq!(jnp::less_equal(&x, &2.into())?, Array::from([true, true, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn less_equal(x: &Array, y: &Array) -> Result<Array> {
    compare("less_equal", x, y, lax::le, lax::lt)
}

/// Whether the elements of `x` are larger than those of `y`.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2, 3]);
/// assert_eq!(jnp::greater(&x, &2.into())?, Array::from([false, false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn greater(x: &Array, y: &Array) -> Result<Array> {
    compare("greater", x, y, lax::gt, lax::gt)
}

/// Whether the elements of `x` are larger than those of `y`, or equal to them.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2, 3]);
/// assert_eq!(jnp::greater_equal(&x, &2.into())?, Array::from([false, true, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn greater_equal(x: &Array, y: &Array) -> Result<Array> {
    compare("greater_equal", x, y, lax::ge, lax::gt)
}

/// Complex numbers are ordered by real part first, then by imaginary part.
fn compare(
    function: &str,
    x: &Array,
    y: &Array,
    whole: impl Fn(&Array, &Array) -> Result<Array>,
    strict: impl Fn(&Array, &Array) -> Result<Array>,
) -> Result<Array> {
    let [x, y] = pair(function, x, y)?;
    if !x.dtype().is_complex() {
        return whole(&x, &y);
    }
    let (a, b) = (lax::real(&x)?, lax::real(&y)?);
    let by_imaginary = whole(&lax::imag(&x)?, &lax::imag(&y)?)?;
    lax::select(&lax::eq(&a, &b)?, &by_imaginary, &strict(&a, &b)?)
}

/// Whether both elements are true.
///
/// Numbers are true where they are not zero.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([0, 1, 2]), Array::from([true, false, true]));
/// assert_eq!(jnp::logical_and(&x, &y)?, Array::from([false, false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn logical_and(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = pair("logical_and", x, y)?;
    lax::and(&truth(&x)?, &truth(&y)?)
}

/// Whether one element at least is true.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([0, 1, 2]), Array::from([true, false, true]));
/// assert_eq!(jnp::logical_or(&x, &y)?, Array::from([true, true, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn logical_or(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = pair("logical_or", x, y)?;
    lax::or(&truth(&x)?, &truth(&y)?)
}

/// Whether exactly one element is true.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([0, 1, 2]), Array::from([true, false, true]));
/// assert_eq!(jnp::logical_xor(&x, &y)?, Array::from([true, true, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn logical_xor(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = pair("logical_xor", x, y)?;
    lax::xor(&truth(&x)?, &truth(&y)?)
}

/// Whether the element is not true.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::logical_not(&Array::from([0, 3]))?, Array::from([true, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn logical_not(x: &Array) -> Result<Array> {
    lax::not(&truth(x)?)
}

/// The bits that are set in both elements.
///
/// Elements are integers or truth values, here and in the other functions of bits.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert_eq!(jnp::bitwise_and(&0b1100.into(), &0b1010.into())?, 0b1000);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn bitwise_and(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = pair("bitwise_and", x, y)?;
    lax::and(&x, &y)
}

/// The bits that are set in one element at least.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert_eq!(jnp::bitwise_or(&0b1100.into(), &0b1010.into())?, 0b1110);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn bitwise_or(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = pair("bitwise_or", x, y)?;
    lax::or(&x, &y)
}

/// The bits that are set in exactly one element.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert_eq!(jnp::bitwise_xor(&0b1100.into(), &0b1010.into())?, 0b0110);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn bitwise_xor(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = pair("bitwise_xor", x, y)?;
    lax::xor(&x, &y)
}

/// The bits that are not set.
///
/// Of truth values, the negation.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::invert(&Array::from([0, 5]))?, Array::from([-1, -6]));
/// assert_eq!(jnp::invert(&Array::from([true, false]))?, Array::from([false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("bitwise_not", "bitwise_invert"))]
pub fn invert(x: &Array) -> Result<Array> {
    lax::not(x)
}

/// The elements of `x` shifted to the left by as many bits as `y` says.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::left_shift(&Array::from([1, 3]), &2.into())?, Array::from([4, 12]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("bitwise_left_shift"))]
pub fn left_shift(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = super::arithmetic::numbers("left_shift", x, y)?;
    check("left_shift", &x, Accepts::Integer)?;
    lax::shift_left(&x, &y)
}

/// The elements of `x1` shifted to the right by as many bits as `x2` says; the sign is kept.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::right_shift(&Array::from([8, -8]), &2.into())?, Array::from([2, -2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("bitwise_right_shift"))]
pub fn right_shift(x1: &Array, x2: &Array) -> Result<Array> {
    let [x, y] = super::arithmetic::numbers("right_shift", x1, x2)?;
    check("right_shift", &x, Accepts::Integer)?;
    match x.dtype().kind() {
        Kind::Unsigned => lax::shift_right_logical(&x, &y),
        _ => lax::shift_right_arithmetic(&x, &y),
    }
}

/// The number of bits that are set in the magnitude of each element.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let counts = jnp::bitwise_count(&Array::from([7, 8, -1]))?;
/// assert_eq!(counts.to_vec::<u8>()?, [3, 1, 1]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn bitwise_count(x: &Array) -> Result<Array> {
    check("bitwise_count", x, Accepts::Bits)?;
    if x.dtype() == DType::Bool {
        return lax::convert_element_type(x, DType::U8);
    }
    let size = super::arithmetic::absolute(x)?;
    lax::convert_element_type(&unary::population_count::population_count(&size)?, DType::U8)
}

/// `x` where `condition` holds, else `y`. Shapes broadcast together.
///
/// With a condition alone, the indices where it holds are [`nonzero`](super::search::nonzero).
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([-1.0, 2.0]);
/// let y = jnp::where_(&jnp::less(&x, &0.0.into())?, &0.0.into(), &x)?;
/// assert_eq!(y, Array::from([0.0, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
pub fn where_(condition: &Array, x: &Array, y: &Array) -> Result<Array> {
    let condition = truth(condition)?;
    let operands = promote::promote_types("where", &[x, y])?;
    let shape = promote::broadcast_shapes("where", &[condition.shape(), x.shape(), y.shape()])?;
    let condition = match condition.rank() {
        0 => condition,
        _ => broadcast(&condition, &shape)?,
    };
    lax::select(&condition, &broadcast(&operands[0], &shape)?, &broadcast(&operands[1], &shape)?)
}

/// Each element from the first of several arrays whose condition holds, else `default`.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([-2, 0, 3]);
/// let conditions = [jnp::less(&x, &0.into())?, jnp::greater(&x, &0.into())?];
/// let y = jnp::select(&conditions, &[jnp::negative(&x)?, jnp::square(&x)?], &7.into())?;
/// assert_eq!(y, Array::from([2, 7, 9]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(default = 0))]
pub fn select(condlist: &[Array], choicelist: &[Array], default: &Array) -> Result<Array> {
    if condlist.len() != choicelist.len() {
        return Err(Error::value_error(
            "select",
            format!(
                "condlist must have length equal to choicelist ({} vs {})",
                condlist.len(),
                choicelist.len()
            ),
        ));
    }
    if condlist.is_empty() {
        return Err(Error::value_error("select", "condlist must be non-empty"));
    }
    let mut cases: Vec<&Array> = choicelist.iter().collect();
    cases.push(default);
    let cases = promote::promote_types("select", &cases)?;
    let conditions = condlist.iter().map(truth).collect::<Result<Vec<_>>>()?;
    let all: Vec<Array> = conditions.iter().chain(&cases).cloned().collect();
    let all = broadcast_all("select", &all)?;
    let (conditions, cases) = all.split_at(conditions.len());
    let mut y = cases[cases.len() - 1].clone();
    for (condition, case) in conditions.iter().zip(cases).rev() {
        y = lax::select(condition, case, &y)?;
    }
    Ok(y)
}

/// Whether the elements of two arrays are equal within `atol + rtol * |b|`.
///
/// Infinities are close to themselves, NaN to nothing unless `equal_nan` says so.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([1.0, 1.0]), Array::from([1.000001, 1.1]));
/// let close = jnp::isclose(&x, &y, &1e-5.into(), &1e-8.into(), false)?;
/// assert_eq!(close, Array::from([true, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(rtol = 1e-05, atol = 1e-08, equal_nan = false))]
pub fn isclose(a: &Array, b: &Array, rtol: &Array, atol: &Array, equal_nan: bool) -> Result<Array> {
    let [a, b] = inexact_pair("isclose", a, b)?;
    let distance = lax::abs(&lax::sub(&a, &b)?)?;
    let size = lax::abs(&b)?;
    let of_type = |x: &Array| promote::to_type(x, size.dtype(), false);
    let allowed = super::arithmetic::multiply(&of_type(rtol)?, &size)?;
    let allowed = super::arithmetic::add(&of_type(atol)?, &allowed)?;
    let near = lax::and(&isfinite(&b)?, &less_equal(&distance, &allowed)?)?;
    let close = lax::or(&lax::eq(&a, &b)?, &near)?;
    if !equal_nan {
        return Ok(close);
    }
    lax::or(&close, &lax::and(&not_equal_itself(&a)?, &not_equal_itself(&b)?)?)
}

/// Whether all elements of two arrays are equal within `atol + rtol * |b|`.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([1.0, 2.0]), Array::from([1.000001, 2.0]));
/// assert!(jnp::allclose(&x, &y, &1e-5.into(), &1e-8.into(), false)?.to_bool()?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(rtol = 1e-05, atol = 1e-08, equal_nan = false))]
pub fn allclose(
    a: &Array,
    b: &Array,
    rtol: &Array,
    atol: &Array,
    equal_nan: bool,
) -> Result<Array> {
    reductions::all(&isclose(a, b, rtol, atol, equal_nan)?, Reduce::default())
}

/// Whether two arrays have one shape and equal elements.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2]);
/// assert!(jnp::array_equal(&x, &Array::from([1.0, 2.0]), false)?.to_bool()?);
/// assert!(!jnp::array_equal(&x, &Array::from([1]), false)?.to_bool()?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(equal_nan = false))]
pub fn array_equal(a1: &Array, a2: &Array, equal_nan: bool) -> Result<Array> {
    if a1.shape() != a2.shape() {
        return Ok(Array::from(false));
    }
    let mut same = equal(a1, a2)?;
    if equal_nan {
        same = lax::or(&same, &lax::and(&not_equal_itself(a1)?, &not_equal_itself(a2)?)?)?;
    }
    reductions::all(&same, Reduce::default())
}

/// Whether two arrays broadcast together, and are equal then.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 2], [1, 2]]);
/// assert!(jnp::array_equiv(&x, &Array::from([1, 2]))?.to_bool()?);
/// assert!(!jnp::array_equiv(&x, &Array::from([1, 2, 3]))?.to_bool()?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn array_equiv(a1: &Array, a2: &Array) -> Result<Array> {
    match equal(a1, a2) {
        Ok(same) => reductions::all(&same, Reduce::default()),
        Err(Error::Broadcast { .. }) => Ok(Array::from(false)),
        Err(error) => Err(error),
    }
}
