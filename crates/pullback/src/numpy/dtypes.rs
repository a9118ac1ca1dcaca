//! Element types: which arrays meet in which, and their limits.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, Bool, DType, Error, Kind, Result, Tensor, promote};
use pullback_macros::api;

use super::floats::{epsilon, largest, smallest_normal};
use crate::api::ApiFn;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[&ASTYPE_API];

/// The array with elements of another type. Complex numbers lose their imaginary part.
///
/// Real numbers become whole ones towards zero.
///
/// ```
/// # use pullback::{Array, DType, numpy as jnp};
/// let x = Array::from([1.5, -1.5]);
/// assert_eq!(jnp::astype(&x, Some(DType::I32), false)?, Array::from([1, -1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(copy = false), keyword_only(copy), ignored(device))]
pub fn astype(x: &Array, dtype: Option<DType>, copy: bool) -> Result<Array> {
    let _ = copy;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_float));
    let truth = dtype == DType::Bool;
    let x = match x.dtype().is_complex() && !dtype.is_complex() && !truth {
        true => lax::real(x)?,
        false => x.clone(),
    };
    lax::convert_element_type(&x, dtype)
}

/// The type of the result of an operation on the arrays, and whether it is weak.
///
/// A weak type gives way to others of its kind: a bare number does not widen an array.
///
/// ```
/// # use pullback::{Array, DType, numpy as jnp};
/// let x = Array::from([1.0, 2.0]);
/// assert_eq!(jnp::result_type(&[&x, &2.into()])?, (DType::F32, false));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the types have no common type.
pub fn result_type(arrays: &[&Array]) -> Result<(DType, bool)> {
    promote::result_type_of("result_type", arrays)
}

/// The type in which two types meet.
///
/// ```
/// # use pullback::{DType, numpy as jnp};
/// assert_eq!(jnp::promote_types(DType::I32, DType::F16)?, DType::F16);
/// assert_eq!(jnp::promote_types(DType::U8, DType::I8)?, DType::I16);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If they do not.
pub fn promote_types(x: DType, y: DType) -> Result<DType> {
    Ok(promote::result_type("promote_types", &[(x, false), (y, false)])?.0)
}

/// The elements of a tensor of whole numbers or bools; `None` for other types.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([3, -1]);
/// assert_eq!(x.tensor().and_then(jnp::integers), Some(vec![3, -1]));
/// ```
pub fn integers(tensor: &Tensor) -> Option<Vec<i64>> {
    macro_rules! read {
        ($($dtype:ident => $rust:ty),*) => {
            match tensor.dtype() {
                DType::Bool => Some(tensor.to_vec::<Bool>().iter().map(|v| v.0 as i64).collect()),
                $(DType::$dtype => Some(tensor.to_vec::<$rust>().iter().map(|&v| v as i64).collect()),)*
                _ => None,
            }
        };
    }
    read! { I8 => i8, I16 => i16, I32 => i32, I64 => i64, U8 => u8, U16 => u16, U32 => u32, U64 => u64 }
}

/// The limits of a floating type; those of a complex type are those of its parts.
///
/// ```
/// # use pullback::{DType, numpy as jnp};
/// let limits = jnp::finfo(DType::F32)?;
/// assert_eq!(limits.eps, f64::from(f32::EPSILON));
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloatInfo {
    /// Bits of one number.
    pub bits: usize,
    /// The largest finite number.
    pub max: f64,
    /// The smallest finite number.
    pub min: f64,
    /// The distance from one to the next number.
    pub eps: f64,
    /// The smallest positive number of full precision.
    pub smallest_normal: f64,
}

/// The limits of a floating or complex type.
///
/// ```
/// # use pullback::{DType, numpy as jnp};
/// let limits = jnp::finfo(DType::F16)?;
/// assert_eq!((limits.bits, limits.max), (16, 65504.0));
/// assert!(jnp::finfo(DType::I32).is_err());
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the type is another.
pub fn finfo(dtype: DType) -> Result<FloatInfo> {
    if !dtype.is_inexact() {
        return Err(Error::value_error("finfo", format!("data type {dtype} is not inexact")));
    }
    let dtype = dtype.real();
    Ok(FloatInfo {
        bits: dtype.bits(),
        max: largest(dtype),
        min: -largest(dtype),
        eps: epsilon(dtype),
        smallest_normal: smallest_normal(dtype),
    })
}

/// The limits of an integer type.
///
/// ```
/// # use pullback::{DType, numpy as jnp};
/// assert_eq!(jnp::iinfo(DType::U8)?.max, 255);
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntInfo {
    /// Bits of one number.
    pub bits: usize,
    /// The smallest number.
    pub min: i128,
    /// The largest number.
    pub max: i128,
}

/// The limits of an integer type.
///
/// ```
/// # use pullback::{DType, numpy as jnp};
/// let limits = jnp::iinfo(DType::I8)?;
/// assert_eq!((limits.min, limits.max), (-128, 127));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the type is another.
pub fn iinfo(dtype: DType) -> Result<IntInfo> {
    let bits = dtype.bits();
    match dtype.kind() {
        Kind::Signed => Ok(IntInfo { bits, min: -(1 << (bits - 1)), max: (1 << (bits - 1)) - 1 }),
        Kind::Unsigned => Ok(IntInfo { bits, min: 0, max: (1 << bits) - 1 }),
        _ => Err(Error::value_error("iinfo", format!("invalid integer data type {dtype}"))),
    }
}

/// The smallest and largest number of a type, as scalars of it; floating types have infinities.
pub(crate) fn bounds(dtype: DType) -> Result<[Array; 2]> {
    match dtype.kind() {
        Kind::Bool => Ok([Array::from(false), Array::from(true)]),
        Kind::Signed | Kind::Unsigned => {
            let IntInfo { min, max, .. } = iinfo(dtype)?;
            Ok([integer(min, dtype), integer(max, dtype)])
        }
        _ => Ok([f64::NEG_INFINITY, f64::INFINITY].map(|value| Array::constant(value, dtype))),
    }
}

/// A whole number as a scalar of an integer type, exact.
pub(crate) fn integer(value: i128, dtype: DType) -> Array {
    match dtype {
        DType::I64 => Array::scalar(value as i64),
        DType::U64 => Array::scalar(value as u64),
        _ => Array::constant(value as f64, dtype),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_types() {
        assert_eq!(iinfo(DType::I8).unwrap(), IntInfo { bits: 8, min: -128, max: 127 });
        assert_eq!(iinfo(DType::U64).unwrap().max, u64::MAX as i128);
        assert_eq!(finfo(DType::C64).unwrap().eps, f32::EPSILON as f64);
        assert!(finfo(DType::I32).is_err());
    }
}
