//! Reductions over windows that move.

use pullback_core::primitives::signal::window::Window;
use pullback_core::{Array, Error, Result, Shape};

use super::Padding;
use crate::flat;
use crate::function::Outcome;
use crate::numpy::common::{TupleText, shape_of};

/// What `computation`, a function of two scalars, makes of the elements of `operand` under the
/// window, at each of its places; it begins with `init_value`, and nothing is joined beyond the array.
///
/// ```
/// # use pullback::{Array, ArrayExt, lax};
/// let x = Array::from([1.0, 5.0, 2.0, 4.0]);
/// let window = lax::window_of(&[4], &[2], Some(&[2]), &"VALID".into(), None, None)?;
/// let y = lax::reduce_window(&x, &f32::NEG_INFINITY.into(), |a, b| a.maximum(b), &window)?;
/// assert_eq!(y, Array::from([5.0, 4.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the window does not fit the array, or types differ; and those of `computation`.
pub fn reduce_window<O: Outcome<Value = Array>>(
    operand: &Array,
    init_value: &Array,
    computation: impl Fn(&Array, &Array) -> O,
    window: &Window,
) -> Result<Array> {
    let mut join = |a: &[Array], b: &[Array]| Ok(vec![computation(&a[0], &b[0]).into_result()?]);
    let (operands, inits) = ([operand.clone()], [init_value.clone()]);
    let mut y = flat::reduce_window(&mut join, &operands, &inits, window)?;
    Ok(y.swap_remove(0))
}

/// A window over arrays of a shape: its sizes, its strides, how the arrays are padded, and the
/// distances of their elements and of the taps; all of these are 1 where they are not given.
///
/// ```
/// # use pullback::lax;
/// let window = lax::window_of(&[5], &[2], None, &"SAME".into(), None, None)?;
/// assert_eq!(&window.places(&[5])[..], &[5]);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If a size is not positive, or there is not one for each axis.
pub fn window_of(
    shape: &[usize],
    dimensions: &[i64],
    strides: Option<&[i64]>,
    padding: &Padding,
    base_dilation: Option<&[i64]>,
    window_dilation: Option<&[i64]>,
) -> Result<Window> {
    let function = "reduce_window";
    let ones = vec![1; dimensions.len()];
    let checked = |name: &str, sizes: &[i64]| -> Result<Shape> {
        match sizes.len() == shape.len() && sizes.iter().all(|&size| size > 0) {
            true => shape_of(function, sizes),
            false => Err(Error::type_error(
                function,
                format!(
                    "{name} must have a positive number for each of {} dimensions, got {}",
                    shape.len(),
                    TupleText(sizes)
                ),
            )),
        }
    };
    let dimensions = checked("window_dimensions", dimensions)?;
    let strides = checked("window_strides", strides.unwrap_or(&ones))?;
    let base_dilation = checked("base_dilation", base_dilation.unwrap_or(&ones))?;
    let window_dilation = checked("window_dilation", window_dilation.unwrap_or(&ones))?;
    let sizes: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
    let taps: Vec<i64> = dimensions
        .iter()
        .zip(&window_dilation)
        .map(|(&size, &by)| ((size - 1) * by + 1) as i64)
        .collect();
    let padding = padding.pads(function, &sizes, &taps, &strides)?;
    if padding.len() != shape.len() {
        return Err(Error::type_error(
            function,
            format!(
                "padding must have a pair for each of {} dimensions, got {:?}",
                shape.len(),
                &padding[..]
            ),
        ));
    }
    Ok(Window { dimensions, strides, padding, base_dilation, window_dilation })
}
