//! Shapes: reshaping, moving and repeating axes.

use pullback_core::aval::ShapeText;
use pullback_core::primitives::rules as lax;
use pullback_core::{Array, Error, Result, Shape, promote};
use pullback_macros::api;

use super::common::{TupleText, axes_of, axis_of, broadcast, broadcast_all, product, shape_of};
use crate::api::{ApiFn, Axes, Items, Sizes, Value};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &RESHAPE_API,
    &RAVEL_API,
    &TRANSPOSE_API,
    &MATRIX_TRANSPOSE_API,
    &SWAPAXES_API,
    &MOVEAXIS_API,
    &ROLLAXIS_API,
    &SQUEEZE_API,
    &EXPAND_DIMS_API,
    &BROADCAST_TO_API,
    &BROADCAST_ARRAYS_API,
    &ATLEAST_1D_API,
    &ATLEAST_2D_API,
    &ATLEAST_3D_API,
    &FLIP_API,
    &FLIPLR_API,
    &FLIPUD_API,
    &ROLL_API,
    &ROT90_API,
    &COPY_API,
];

/// The elements under another shape, of which one size may be -1: whatever is left.
///
/// `order` says how elements are counted: the last axis fastest for "C", the first for "F".
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2, 3, 4, 5, 6]);
/// assert_eq!(jnp::reshape(&x, [2, -1], "C", None)?, Array::from([[1, 2, 3], [4, 5, 6]]));
/// assert_eq!(jnp::reshape(&x, [2, 3], "F", None)?, Array::from([[1, 3, 5], [2, 4, 6]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(order = "C"), keyword_only(copy), ignored(out_sharding))]
pub fn reshape(
    a: &Array,
    shape: impl Into<Sizes>,
    order: &str,
    copy: Option<bool>,
) -> Result<Array> {
    let shape = shape.into();
    let _ = copy;
    let shape = resolved("reshape", &shape.0, a.shape())?;
    match order {
        "C" => lax::reshape(a, &shape),
        "F" => {
            let backwards: Vec<usize> = shape.iter().rev().copied().collect();
            let y = lax::reshape(&reversed(a)?, &backwards)?;
            reversed(&y)
        }
        "A" => Err(Error::value_error("reshape", "order='A' is not implemented")),
        _ => Err(Error::value_error("reshape", format!("unexpected value for 'order': {order}"))),
    }
}

/// The shape with -1 replaced, which must hold as many elements as `from`.
fn resolved(function: &str, sizes: &[i64], from: &[usize]) -> Result<Shape> {
    let count = product(from);
    let mismatch = || {
        Error::type_error(
            function,
            format!(
                "cannot reshape array of shape {} (size {count}) into shape {}",
                ShapeText(from),
                TupleText(sizes)
            ),
        )
    };
    let unknown = sizes.iter().filter(|&&size| size == -1).count();
    if unknown > 1 {
        return Err(Error::type_error(
            function,
            format!("can only specify one unknown axis size with -1, got {}", TupleText(sizes)),
        ));
    }
    if unknown == 0 {
        let shape = shape_of(function, sizes)?;
        return if product(&shape) == count { Ok(shape) } else { Err(mismatch()) };
    }
    let known: usize = product(&shape_of(
        function,
        &sizes.iter().copied().filter(|&size| size != -1).collect::<Vec<_>>(),
    )?);
    if known == 0 || !count.is_multiple_of(known) {
        return Err(mismatch());
    }
    Ok(sizes.iter().map(|&size| if size == -1 { count / known } else { size as usize }).collect())
}

fn reversed(x: &Array) -> Result<Array> {
    lax::transpose(x, &(0..x.rank()).rev().collect::<Vec<_>>())
}

/// The elements along one axis.
///
/// `order` is as for [`reshape`].
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(jnp::ravel(&x, "C")?, Array::from([1, 2, 3, 4]));
/// assert_eq!(jnp::ravel(&x, "F")?, Array::from([1, 3, 2, 4]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(order = "C"), ignored(out_sharding))]
pub fn ravel(a: &Array, order: &str) -> Result<Array> {
    reshape(a, Sizes(vec![a.count() as i64]), order, None)
}

/// The axes in the order given, or in reverse.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
/// assert_eq!(jnp::transpose(&x, None)?, Array::from([[1, 4], [2, 5], [3, 6]]));
/// assert_eq!(jnp::transpose(&x, Some(&[0, 1].into()))?, x);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("permute_dims"))]
pub fn transpose(a: &Array, axes: Option<&Axes>) -> Result<Array> {
    let Some(axes) = axes else { return reversed(a) };
    let axes = places_of("transpose", axes, a)?;
    if axes.len() != a.rank() {
        return Err(Error::value_error(
            "transpose",
            format!("axes {} do not match those of {}", ShapeText(&axes), a.aval()),
        ));
    }
    lax::transpose(a, &axes)
}

/// The axes of a permutation, each at most once.
fn places_of(function: &str, axes: &Axes, x: &Array) -> Result<Vec<usize>> {
    let places = axes.0.iter().map(|&axis| axis_of(function, axis, x.rank()));
    let places = places.collect::<Result<Vec<_>>>()?;
    match (1..places.len()).any(|at| places[..at].contains(&places[at])) {
        true => Err(Error::type_error(
            function,
            format!("axes {} of {} are not distinct", ShapeText(&places), x.aval()),
        )),
        false => Ok(places),
    }
}

/// The last two axes swapped.
///
/// ```
/// # use pullback::numpy as jnp;
/// let x = jnp::zeros([5, 2, 3], None)?;
/// assert_eq!(jnp::matrix_transpose(&x)?.shape(), [5, 3, 2]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn matrix_transpose(x: &Array) -> Result<Array> {
    if x.rank() < 2 {
        return Err(Error::value_error(
            "matrix_transpose",
            format!("x must be at least two-dimensional, got {}", x.aval()),
        ));
    }
    swapaxes(x, -1, -2)
}

/// Two axes swapped.
///
/// ```
/// # use pullback::numpy as jnp;
/// let x = jnp::zeros([2, 3, 4], None)?;
/// assert_eq!(jnp::swapaxes(&x, 0, 2)?.shape(), [4, 3, 2]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn swapaxes(a: &Array, axis1: i64, axis2: i64) -> Result<Array> {
    let (i, j) = (axis_of("swapaxes", axis1, a.rank())?, axis_of("swapaxes", axis2, a.rank())?);
    let mut axes: Vec<usize> = (0..a.rank()).collect();
    axes.swap(i, j);
    lax::transpose(a, &axes)
}

/// Axes moved to other positions; the others keep their order.
///
/// ```
/// # use pullback::numpy as jnp;
/// let x = jnp::zeros([2, 3, 4], None)?;
/// assert_eq!(jnp::moveaxis(&x, &0.into(), &(-1).into())?.shape(), [3, 4, 2]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn moveaxis(a: &Array, source: &Axes, destination: &Axes) -> Result<Array> {
    let source = places_of("moveaxis", source, a)?;
    let destination = places_of("moveaxis", destination, a)?;
    if source.len() != destination.len() {
        return Err(Error::value_error(
            "moveaxis",
            format!("inconsistent number of elements: {} vs {}", source.len(), destination.len()),
        ));
    }
    let mut axes: Vec<usize> = (0..a.rank()).filter(|axis| !source.contains(axis)).collect();
    let mut moves: Vec<_> = destination.into_iter().zip(source).collect();
    moves.sort_unstable();
    for (to, from) in moves {
        axes.insert(to, from);
    }
    lax::transpose(a, &axes)
}

/// An axis moved backwards to before another one.
///
/// ```
/// # use pullback::numpy as jnp;
/// let x = jnp::zeros([2, 3, 4], None)?;
/// assert_eq!(jnp::rollaxis(&x, 2, 0)?.shape(), [4, 2, 3]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(start = 0))]
pub fn rollaxis(a: &Array, axis: i64, start: i64) -> Result<Array> {
    let rank = a.rank();
    let axis = axis_of("rollaxis", axis, rank)?;
    let to = if start < 0 { start + rank as i64 } else { start };
    if to < 0 || to > rank as i64 {
        return Err(Error::Axis { function: "rollaxis".into(), axis: start, rank });
    }
    let to = if to as usize > axis { to as usize - 1 } else { to as usize };
    lax::move_axis(a, axis, to)
}

/// Axes of size 1 taken away: those given, or all.
///
/// An axis of another size is an error.
///
/// ```
/// # use pullback::numpy as jnp;
/// let x = jnp::zeros([1, 3, 1], None)?;
/// assert_eq!(jnp::squeeze(&x, None)?.shape(), [3]);
/// assert_eq!(jnp::squeeze(&x, Some(&0.into()))?.shape(), [3, 1]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn squeeze(a: &Array, axis: Option<&Axes>) -> Result<Array> {
    let axes = match axis {
        Some(axes) => axes_of("squeeze", Some(axes), a.rank())?,
        None => (0..a.rank()).filter(|&axis| a.shape()[axis] == 1).collect(),
    };
    if let Some(axis) = axes.iter().find(|&&axis| a.shape()[axis] != 1) {
        return Err(Error::value_error(
            "squeeze",
            format!(
                "cannot select an axis to squeeze out which has size not equal to one, got \
                 shape={} and axis {axis}",
                ShapeText(a.shape())
            ),
        ));
    }
    lax::squeeze(a, &axes)
}

/// Further axes of size 1 at the positions given, which count in the result.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2]);
/// assert_eq!(jnp::expand_dims(&x, &1.into())?, Array::from([[1], [2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn expand_dims(a: &Array, axis: &Axes) -> Result<Array> {
    let axes = axes_of("expand_dims", Some(axis), a.rank() + axis.0.len())?;
    lax::expand_dims(a, &axes)
}

/// The array repeated to a shape, by the rules of broadcasting.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::broadcast_to(&Array::from([1, 2]), [2, 2])?, Array::from([[1, 2], [1, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn broadcast_to(array: &Array, shape: impl Into<Sizes>) -> Result<Array> {
    let shape = shape.into();
    let shape = shape_of("broadcast_to", &shape.0)?;
    let fits = array.rank() <= shape.len()
        && array.shape().iter().rev().zip(shape.iter().rev()).all(|(&a, &b)| a == 1 || a == b);
    if !fits {
        return Err(Error::value_error(
            "broadcast_to",
            format!(
                "incompatible shapes for broadcasting: {} and requested shape {}",
                ShapeText(array.shape()),
                ShapeText(&shape)
            ),
        ));
    }
    broadcast(array, &shape)
}

/// The arrays repeated to one shape.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let both = jnp::broadcast_arrays(&[Array::from([[1], [2]]), Array::from([3, 4])])?;
/// assert_eq!(both, [Array::from([[1, 1], [2, 2]]), Array::from([[3, 4], [3, 4]])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(variadic(args))]
pub fn broadcast_arrays(args: &[Array]) -> Result<Vec<Array>> {
    broadcast_all("broadcast_arrays", args)
}

/// The shape that arrays of these shapes are repeated to when they meet.
///
/// ```
/// # use pullback::numpy as jnp;
/// assert_eq!(jnp::broadcast_shapes(&[&[2, 1], &[3]])?.as_slice(), [2, 3]);
/// assert!(jnp::broadcast_shapes(&[&[2], &[3]]).is_err());
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the shapes do not broadcast together.
pub fn broadcast_shapes(shapes: &[&[usize]]) -> Result<Shape> {
    promote::broadcast_shapes("broadcast_shapes", shapes)
}

fn at_least(arrays: &[Array], f: impl Fn(&Array) -> Result<Array>) -> Result<Value> {
    match arrays {
        [array] => Ok(Value::Array(f(array)?)),
        arrays => Ok(Value::List(arrays.iter().map(f).collect::<Result<_>>()?)),
    }
}

/// Arrays of at least one axis.
///
/// Of one array the result is an array, of several a list.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// use pullback::api::Value;
/// let Value::Array(y) = jnp::atleast_1d(&[7.into()])? else { panic!("it is one array") };
/// assert_eq!(y, Array::from([7]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(variadic(arys))]
pub fn atleast_1d(arys: &[Array]) -> Result<Value> {
    at_least(arys, |x| promote::to_rank(x, 1))
}

/// Arrays of at least two axes; new ones come first.
///
/// Of one array the result is an array, of several a list.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// use pullback::api::Value;
/// let y = jnp::atleast_2d(&[Array::from([1, 2])])?;
/// let Value::Array(y) = y else { panic!("it is one array") };
/// assert_eq!(y, Array::from([[1, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(variadic(arys))]
pub fn atleast_2d(arys: &[Array]) -> Result<Value> {
    at_least(arys, |x| promote::to_rank(x, 2))
}

/// Arrays of at least three axes; new ones come on both sides of a vector, and after a matrix.
///
/// Of one array the result is an array, of several a list.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// use pullback::api::Value;
/// let y = jnp::atleast_3d(&[Array::from([1, 2])])?;
/// let Value::Array(y) = y else { panic!("it is one array") };
/// assert_eq!(y.shape(), [1, 2, 1]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(variadic(arys))]
pub fn atleast_3d(arys: &[Array]) -> Result<Value> {
    at_least(arys, |x| match x.rank() {
        0 => lax::expand_dims(x, &[0, 1, 2]),
        1 => lax::expand_dims(x, &[0, 2]),
        2 => lax::expand_dims(x, &[2]),
        _ => Ok(x.clone()),
    })
}

/// The elements in reverse along axes: those given, or all.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(jnp::flip(&x, None)?, Array::from([[4, 3], [2, 1]]));
/// assert_eq!(jnp::flip(&x, Some(&1.into()))?, Array::from([[2, 1], [4, 3]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn flip(m: &Array, axis: Option<&Axes>) -> Result<Array> {
    lax::rev(m, &axes_of("flip", axis, m.rank())?)
}

/// The elements in reverse along the second axis.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::fliplr(&Array::from([[1, 2], [3, 4]]))?, Array::from([[2, 1], [4, 3]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fliplr(m: &Array) -> Result<Array> {
    flip(m, Some(&Axes(vec![1])))
}

/// The elements in reverse along the first axis.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::flipud(&Array::from([[1, 2], [3, 4]]))?, Array::from([[3, 4], [1, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn flipud(m: &Array) -> Result<Array> {
    flip(m, Some(&Axes(vec![0])))
}

/// The elements moved along axes; those that leave at the end come back at the start.
///
/// Without axes the array is treated as one row.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2, 3]);
/// assert_eq!(jnp::roll(&x, 1, None)?, Array::from([3, 1, 2]));
/// assert_eq!(jnp::roll(&x, -1, Some(&0.into()))?, Array::from([2, 3, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn roll(a: &Array, shift: impl Into<Items>, axis: Option<&Axes>) -> Result<Array> {
    let Items(shift) = shift.into();
    let Some(axes) = axis else {
        let y = roll(&ravel(a, "C")?, shift, Some(&Axes(vec![0])))?;
        return lax::reshape(&y, a.shape());
    };
    let axes: Vec<usize> =
        axes.0.iter().map(|&axis| axis_of("roll", axis, a.rank())).collect::<Result<_>>()?;
    let tensor = shift.concrete(pullback_core::Need::Value, "the shift")?;
    let shifts =
        super::dtypes::integers(&tensor).filter(|_| shift.rank() <= 1).ok_or_else(|| {
            let message = format!("shift must be whole numbers, got {}", shift.aval());
            Error::type_error("roll", message)
        })?;
    if shifts.len() != 1 && axes.len() != 1 && shifts.len() != axes.len() {
        return Err(Error::value_error(
            "roll",
            format!("{} shifts do not fit {} axes", shifts.len(), axes.len()),
        ));
    }
    let mut y = a.clone();
    for i in 0..shifts.len().max(axes.len()) {
        let shift = shifts[if shifts.len() == 1 { 0 } else { i }];
        let axis = axes[if axes.len() == 1 { 0 } else { i }];
        let size = a.shape()[axis];
        if size == 0 {
            continue;
        }
        let shift = shift.rem_euclid(size as i64) as usize;
        if shift == 0 {
            continue;
        }
        let (tail, head) = (part(&y, axis, size - shift, size)?, part(&y, axis, 0, size - shift)?);
        y = lax::concatenate(&[&tail, &head], axis)?;
    }
    Ok(y)
}

/// Elements `start..limit` along one axis.
pub(crate) fn part(x: &Array, axis: usize, start: usize, limit: usize) -> Result<Array> {
    let mut low = Shape::from_elem(0, x.rank());
    let mut high = Shape::from_slice(x.shape());
    low[axis] = start;
    high[axis] = limit;
    lax::slice(x, &low, &high, None)
}

/// The array turned by quarters in the plane of two axes, from the first towards the second.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(jnp::rot90(&x, 1, None)?, Array::from([[2, 4], [1, 3]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(k = 1))]
pub fn rot90(m: &Array, k: i64, axes: Option<&Axes>) -> Result<Array> {
    let plane = Axes(vec![0, 1]);
    let axes = axes_of("rot90", Some(axes.unwrap_or(&plane)), m.rank())?;
    let [i, j] = axes[..] else {
        return Err(Error::value_error("rot90", "axes must be two"));
    };
    let mut swapped: Vec<usize> = (0..m.rank()).collect();
    swapped.swap(i, j);
    match k.rem_euclid(4) {
        0 => Ok(m.clone()),
        1 => lax::transpose(&lax::rev(m, &[j])?, &swapped),
        2 => lax::rev(m, &[i, j]),
        _ => lax::rev(&lax::transpose(m, &swapped)?, &[j]),
    }
}

/// A copy of the array. Arrays never change, so that this is the array itself.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2]);
/// assert_eq!(jnp::copy(&x, None)?, x);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn copy(a: &Array, order: Option<&str>) -> Result<Array> {
    let _ = order;
    pullback_core::primitives::rules::copy(a)
}

/// The entries of an array along its first axis.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let rows = jnp::rows(&Array::from([[1, 2], [3, 4]]))?;
/// assert_eq!(rows, [Array::from([1, 2]), Array::from([3, 4])]);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If it has no axis.
pub fn rows(x: &Array) -> Result<Vec<Array>> {
    let Some(&count) = x.shape().first() else {
        return Err(Error::type_error("iteration", "over a 0-d array"));
    };
    (0..count).map(|row| lax::squeeze(&part(x, 0, row, row + 1)?, &[0])).collect()
}
