//! Convolution and correlation of two rows.

use pullback_core::primitives::rules as lax;
use pullback_core::primitives::signal::conv_general_dilated::{ConvDims, ConvGeneralDilated, Pads};
use pullback_core::{Array, DType, Error, Result, Shape, promote};
use pullback_macros::api;

use super::common::{inexact_types, same_types};
use crate::api::ApiFn;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[&CONVOLVE_API, &CORRELATE_API];

/// The window `y` moved along every axis of `x`, which is padded.
pub(crate) fn moved(x: &Array, y: &Array, padding: Pads, dtype: Option<DType>) -> Result<Array> {
    let rank = x.rank();
    let conv = ConvGeneralDilated {
        dtype: dtype.map(promote::canonical),
        ..ConvGeneralDilated::new(ConvDims::leading(rank + 2), &Shape::from_elem(1, rank), padding)
    };
    let [x, y] = [lax::expand_dims(x, &[0, 1])?, lax::expand_dims(y, &[0, 1])?];
    lax::squeeze(&lax::conv_general_dilated(&x, &y, conv)?, &[0, 1])
}

/// The elements conjugated, if complex.
pub(crate) fn conjugated(x: &Array) -> Result<Array> {
    if x.dtype().is_complex() { lax::conj(x) } else { Ok(x.clone()) }
}

/// Two rows of one type, and the padding for a window of a size.
fn rows(
    function: &str,
    x: &Array,
    y: &Array,
    mode: &str,
    dtype: Option<DType>,
) -> Result<([Array; 2], impl Fn(usize) -> Pads + use<>)> {
    let error = |message: String| Error::value_error(function, message);
    if x.rank() != 1 || y.rank() != 1 {
        let (x, y) = (x.aval(), y.aval());
        return Err(error(format!("only supports 1-dimensional inputs, got {x} and {y}")));
    }
    if x.count() == 0 || y.count() == 0 {
        return Err(error(format!("inputs cannot be empty, got {} and {}", x.aval(), y.aval())));
    }
    let pad: fn(i64) -> (i64, i64) = match mode {
        "valid" => |_| (0, 0),
        "same" => |size| (size / 2, size - size / 2 - 1),
        "full" => |size| (size - 1, size - 1),
        _ => return Err(error(format!("mode must be 'full', 'same' or 'valid', got '{mode}'"))),
    };
    let operands = match dtype {
        None => inexact_types(function, x, y)?,
        Some(_) => same_types(function, x, y)?,
    };
    Ok((operands, move |size: usize| Pads::from_elem(pad(size as i64), 1)))
}

/// The convolution of two rows: of the products of elements those summed whose places add up.
///
/// `mode` says which places: all in the "full" one, those of the longer row in the "same" one, those
/// where one row covers the other in the "valid" one.
///
/// ```
/// # use pullback::{Array, numpy::convolution::convolve};
/// let (x, y) = (Array::from([1.0, 2.0, 3.0]), Array::from([1.0, 10.0]));
/// assert_eq!(convolve(&x, &y, "full", None)?, Array::from([1.0, 12.0, 23.0, 30.0]));
/// assert_eq!(convolve(&x, &y, "valid", None)?, Array::from([12.0, 23.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(mode = "full"), keyword_only(preferred_element_type), ignored(precision))]
pub fn convolve(
    a: &Array,
    v: &Array,
    mode: &str,
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    let ([mut x, mut y], padding) = rows("convolve", a, v, mode, preferred_element_type)?;
    if x.count() < y.count() {
        std::mem::swap(&mut x, &mut y);
    }
    moved(&x, &lax::rev(&y, &[0])?, padding(y.count()), preferred_element_type)
}

/// The correlation of two rows: the sums of products with the other row, conjugated, at each place.
///
/// `mode` is as for [`convolve`].
///
/// ```
/// # use pullback::{Array, numpy::convolution::correlate};
/// let (x, y) = (Array::from([1.0, 2.0, 3.0]), Array::from([1.0, 10.0]));
/// assert_eq!(correlate(&x, &y, "valid", None)?, Array::from([21.0, 32.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(mode = "valid"), keyword_only(preferred_element_type), ignored(precision))]
pub fn correlate(
    a: &Array,
    v: &Array,
    mode: &str,
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    let ([x, y], padding) = rows("correlate", a, v, mode, preferred_element_type)?;
    let y = conjugated(&y)?;
    match x.count() < y.count() {
        false => moved(&x, &y, padding(y.count()), preferred_element_type),
        true => {
            let z = moved(&y, &x, padding(x.count()), preferred_element_type)?;
            lax::rev(&z, &[0])
        }
    }
}
