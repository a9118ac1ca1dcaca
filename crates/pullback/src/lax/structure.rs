//! Types, shapes and the order of elements.

use pullback_core::aval::ShapeText;
use pullback_core::primitives::rules;
use pullback_core::primitives::structure::{expand_dims as with_axes, positive_axis};
use pullback_core::{Array, DType, Error, Result, Shape, promote};
use pullback_macros::api;

use crate::api::{ApiFn, Axes, Sizes, Table, Value};
use crate::numpy::common::{broadcast as repeated, product, shape_of, size_of};
use crate::numpy::manipulation::part;

/// The functions of this module.
pub(super) static FUNCTIONS: &[&ApiFn] = &[
    &DTYPE_API,
    &CONVERT_ELEMENT_TYPE_API,
    &BITCAST_CONVERT_TYPE_API,
    &FULL_API,
    &FULL_LIKE_API,
    &EMPTY_API,
    &IOTA_API,
    &BROADCASTED_IOTA_API,
    &BROADCAST_API,
    &BROADCAST_IN_DIM_API,
    &BROADCAST_TO_RANK_API,
    &BROADCAST_LIKE_API,
    &RESHAPE_API,
    &COLLAPSE_API,
    &TRANSPOSE_API,
    &SQUEEZE_API,
    &EXPAND_DIMS_API,
    &REV_API,
    &CONCATENATE_API,
    &STACK_API,
    &UNSTACK_API,
    &SPLIT_API,
    &TILE_API,
    &PAD_API,
    &SLICE_API,
    &SLICE_IN_DIM_API,
    &INDEX_IN_DIM_API,
];

/// The element type of an array or a number.
///
/// ```
/// # use pullback::{Array, DType, lax};
/// assert_eq!(lax::dtype(&Array::from([1.0]))?, DType::F32);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn dtype(x: &Array) -> Result<DType> {
    Ok(x.dtype())
}

/// The elements as another type.
///
/// Real numbers become whole ones towards zero.
///
/// ```
/// # use pullback::{Array, DType, lax};
/// let y = lax::convert_element_type(&Array::from([1.5, -1.5]), Some(DType::I32))?;
/// assert_eq!(y, Array::from([1, -1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(required(new_dtype))]
pub fn convert_element_type(operand: &Array, new_dtype: Option<DType>) -> Result<Array> {
    let Some(dtype) = new_dtype.map(promote::canonical) else {
        return Err(Error::value_error("convert_element_type", "dtype must be specified"));
    };
    match operand.dtype().is_complex() && !dtype.is_complex() && dtype != DType::Bool {
        true => rules::convert_element_type(&rules::real(operand)?, dtype),
        false => rules::convert_element_type(operand, dtype),
    }
}

/// The bits of the elements as those of another type; several narrow elements are along a last
/// axis.
///
/// ```
/// # use pullback::{Array, DType, lax};
/// let y = lax::bitcast_convert_type(&Array::from([1.0]), Some(DType::U32))?;
/// assert_eq!(y.to_vec::<u32>()?, [0x3f80_0000]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(required(new_dtype))]
pub fn bitcast_convert_type(operand: &Array, new_dtype: Option<DType>) -> Result<Array> {
    let Some(dtype) = new_dtype.map(promote::canonical) else {
        return Err(Error::value_error("bitcast_convert_type", "dtype must be specified"));
    };
    rules::bitcast_convert_type(operand, dtype)
}

fn filled(function: &str, shape: &[usize], value: &Array, dtype: Option<DType>) -> Result<Array> {
    if value.rank() != 0 {
        return Err(Error::type_error(
            function,
            format!("must be called with scalar fill_value, got {}", value.aval()),
        ));
    }
    let value = match dtype {
        Some(dtype) => promote::to_type(value, promote::canonical(dtype), false)?,
        None => value.clone(),
    };
    repeated(&value, shape)
}

/// One value repeated to a shape.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::full(&2.into(), &7.into(), None)?, Array::from([7, 7]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(sharding))]
pub fn full(shape: &Sizes, fill_value: &Array, dtype: Option<DType>) -> Result<Array> {
    filled("full", &shape_of("full", &shape.0)?, fill_value, dtype)
}

/// One value repeated to the shape of `x`, with its type, or to those given.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::full_like(&Array::from([1, 2]), &7.into(), None, None)?, Array::from([7, 7]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(sharding))]
pub fn full_like(
    x: &Array,
    fill_value: &Array,
    dtype: Option<DType>,
    shape: Option<&Sizes>,
) -> Result<Array> {
    let sizes = match shape {
        Some(shape) => shape_of("full_like", &shape.0)?,
        None => Shape::from_slice(x.shape()),
    };
    let value = match dtype {
        Some(_) => fill_value.clone(),
        None => promote::to_type(fill_value, x.dtype(), x.is_weak())?,
    };
    filled("full_like", &sizes, &value, dtype)
}

/// An array to be filled; it holds zeros.
///
/// ```
/// # use pullback::{Array, DType, lax};
/// assert_eq!(lax::empty(&2.into(), Some(DType::I32))?, Array::from([0, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(required(dtype), ignored(out_sharding))]
pub fn empty(shape: &Sizes, dtype: Option<DType>) -> Result<Array> {
    filled("empty", &shape_of("empty", &shape.0)?, &Array::from(0), dtype)
}

/// The numbers from zero up to and without `size`.
///
/// ```
/// # use pullback::{Array, DType, lax};
/// assert_eq!(lax::iota(Some(DType::I32), 3)?, Array::from([0, 1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(required(dtype))]
pub fn iota(dtype: Option<DType>, size: i64) -> Result<Array> {
    broadcasted_iota(dtype, &Sizes(vec![size]), 0)
}

/// The index of each place along one axis of an array of the given shape.
///
/// ```
/// # use pullback::{Array, DType, lax};
/// let y = lax::broadcasted_iota(Some(DType::I32), &[2, 3].into(), 1)?;
/// assert_eq!(y, Array::from([[0, 1, 2], [0, 1, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(required(dtype), ignored(out_sharding))]
pub fn broadcasted_iota(dtype: Option<DType>, shape: &Sizes, dimension: i64) -> Result<Array> {
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_float));
    let shape = shape_of("iota", &shape.0)?;
    let axis = usize::try_from(dimension).ok().filter(|&axis| axis < shape.len());
    let axis = axis.ok_or_else(|| {
        Error::value_error(
            "iota",
            format!(
                "dimension must be between 0 and len(shape), got {dimension} for {}",
                ShapeText(&shape)
            ),
        )
    })?;
    rules::iota(dtype, &shape, axis)
}

/// Axes as they are written here: not negative.
fn axes(function: &str, axes: &[i64], rank: usize) -> Result<Vec<usize>> {
    axes.iter()
        .map(|&axis| match usize::try_from(axis) {
            Ok(axis) if axis < rank => Ok(axis),
            _ => Err(Error::type_error(
                function,
                format!("axis {axis} is not one of an array of rank {rank}"),
            )),
        })
        .collect()
}

/// The array repeated along new axes in front.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::broadcast(&Array::from([1, 2]), &2.into())?;
/// assert_eq!(y, Array::from([[1, 2], [1, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn broadcast(operand: &Array, sizes: &Sizes) -> Result<Array> {
    let sizes = shape_of("broadcast", &sizes.0)?;
    let shape: Shape = sizes.iter().chain(operand.shape()).copied().collect();
    repeated(operand, &shape)
}

/// The array repeated to a shape, where its axes are those given.
///
/// ```
/// use pullback::{Array, lax};
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 2.0], &[2])?;
/// let y = lax::broadcast_in_dim(&x, &[2, 3].into(), &0.into())?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
/// # Ok(())
/// # }
/// ```
#[api(ignored(out_sharding))]
pub fn broadcast_in_dim(
    operand: &Array,
    shape: &Sizes,
    broadcast_dimensions: &Axes,
) -> Result<Array> {
    let shape = shape_of("broadcast_in_dim", &shape.0)?;
    let places = axes("broadcast_in_dim", &broadcast_dimensions.0, shape.len())?;
    let fits = places.len() == operand.rank()
        && places.windows(2).all(|pair| pair[0] < pair[1])
        && places.iter().zip(operand.shape()).all(|(&at, &n)| n == 1 || n == shape[at]);
    if !fits {
        return Err(Error::type_error(
            "broadcast_in_dim",
            format!("{} does not fit {} at {places:?}", operand.aval(), ShapeText(&shape)),
        ));
    }
    rules::broadcast_in_dim(operand, &shape, &places)
}

/// The array with axes of size 1 in front, up to a rank.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::broadcast_to_rank(&Array::from([1, 2]), 2)?, Array::from([[1, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn broadcast_to_rank(x: &Array, rank: i64) -> Result<Array> {
    let rank = crate::numpy::common::rank_of("broadcast_to_rank", rank)?;
    if rank < x.rank() {
        return Err(Error::value_error(
            "broadcast_to_rank",
            format!("rank {rank} is below that of {}", x.aval()),
        ));
    }
    promote::to_rank(x, rank)
}

/// The array repeated to the shape of another.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::broadcast_like(&1.into(), &Array::from([5, 6]))?;
/// assert_eq!(y, Array::from([1, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn broadcast_like(arr: &Array, like_arr: &Array) -> Result<Array> {
    let shape = promote::broadcast_shapes("broadcast_like", &[arr.shape(), like_arr.shape()])?;
    if shape.as_slice() != like_arr.shape() {
        return Err(Error::value_error(
            "broadcast_like",
            format!("{} does not broadcast to {}", arr.aval(), like_arr.aval()),
        ));
    }
    repeated(arr, &shape)
}

/// The elements under another shape, taken in the order of the axes given.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::reshape(&Array::from([1, 2, 3, 4]), &[2, 2].into(), None)?;
/// assert_eq!(y, Array::from([[1, 2], [3, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn reshape(operand: &Array, new_sizes: &Sizes, dimensions: Option<&Axes>) -> Result<Array> {
    if new_sizes.0.iter().any(|&size| size < 0) {
        return Err(Error::type_error(
            "reshape",
            format!("new_sizes must all be positive, got {:?}", new_sizes.0),
        ));
    }
    let shape = shape_of("reshape", &new_sizes.0)?;
    if product(&shape) != operand.count() {
        return Err(Error::type_error(
            "reshape",
            format!(
                "total size must be unchanged, got {} for {}",
                ShapeText(&shape),
                operand.aval()
            ),
        ));
    }
    match dimensions {
        Some(order) => rules::reshape(&transpose(operand, order)?, &shape),
        None => rules::reshape(operand, &shape),
    }
}

/// The axes from the first given up to and without the second as one.
///
/// ```
/// # use pullback::lax;
/// let x = lax::full(&[2, 3, 4].into(), &0.into(), None)?;
/// assert_eq!(lax::collapse(&x, 0, Some(2))?.shape(), [6, 4]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn collapse(
    operand: &Array,
    start_dimension: i64,
    stop_dimension: Option<i64>,
) -> Result<Array> {
    let rank = operand.rank() as i64;
    let from_front =
        |axis: i64| (if axis < 0 { axis + rank } else { axis }).clamp(0, rank) as usize;
    let start = from_front(start_dimension);
    let stop = from_front(stop_dimension.unwrap_or(rank));
    if start > stop {
        return Err(Error::value_error(
            "collapse",
            format!("no axes of {} from {start} up to {stop}", operand.aval()),
        ));
    }
    let shape = operand.shape();
    let mut sizes = Shape::from_slice(&shape[..start]);
    sizes.push(product(&shape[start..stop]));
    sizes.extend_from_slice(&shape[stop..]);
    rules::reshape(operand, &sizes)
}

/// The axes in the order given.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::transpose(&Array::from([[1, 2]]), &[1, 0].into())?;
/// assert_eq!(y, Array::from([[1], [2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn transpose(operand: &Array, permutation: &Axes) -> Result<Array> {
    let order = axes("transpose", &permutation.0, operand.rank())?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted.len() != operand.rank() || sorted.iter().enumerate().any(|(i, &axis)| i != axis) {
        return Err(Error::type_error(
            "transpose",
            format!("{order:?} is no permutation of the axes of {}", operand.aval()),
        ));
    }
    rules::transpose(operand, &order)
}

/// The array without axes of size 1.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::squeeze(&Array::from([[1, 2]]), &0.into())?, Array::from([1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn squeeze(array: &Array, dimensions: &Axes) -> Result<Array> {
    crate::numpy::manipulation::squeeze(array, Some(dimensions))
}

/// The array with further axes of size 1 at the positions given, which count in the result.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::expand_dims(&Array::from([1, 2]), &1.into())?, Array::from([[1], [2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn expand_dims(array: &Array, dimensions: &Axes) -> Result<Array> {
    crate::numpy::manipulation::expand_dims(array, dimensions)
}

/// The elements in reverse along axes.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::rev(&Array::from([1, 2, 3]), &0.into())?, Array::from([3, 2, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn rev(operand: &Array, dimensions: &Axes) -> Result<Array> {
    rules::rev(operand, &axes("rev", &dimensions.0, operand.rank())?)
}

fn same_rank(function: &str, operands: &[Array]) -> Result<()> {
    let Some(first) = operands.first() else {
        return Err(Error::value_error(function, "requires a non-empty sequence of arrays"));
    };
    for other in operands {
        if other.rank() != first.rank() {
            return Err(Error::type_error(
                function,
                format!("arrays have different ranks: {} and {}", first.aval(), other.aval()),
            ));
        }
        if other.dtype() != first.dtype() {
            return Err(Error::DTypeMismatch {
                function: function.into(),
                lhs: first.dtype(),
                rhs: other.dtype(),
            });
        }
    }
    Ok(())
}

/// The arrays one after another along an axis.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::concatenate(&[Array::from([1, 2]), Array::from([3])], 0)?;
/// assert_eq!(y, Array::from([1, 2, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn concatenate(operands: &[Array], dimension: i64) -> Result<Array> {
    same_rank("concatenate", operands)?;
    if let [only] = operands {
        return Ok(only.clone());
    }
    let axis = positive_axis("concatenate", dimension, operands[0].rank()).map_err(|_| {
        let first = operands[0].aval();
        Error::type_error("concatenate", format!("{first} and others have no axis {dimension}"))
    })?;
    rules::concatenate(&operands.iter().collect::<Vec<_>>(), axis)
}

/// The arrays side by side along a new axis.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::stack(&[Array::from([1, 2]), Array::from([3, 4])], 0)?;
/// assert_eq!(y, Array::from([[1, 2], [3, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0))]
pub fn stack(operands: &[Array], axis: i64) -> Result<Array> {
    same_rank("stack", operands)?;
    let axis = positive_axis("stack", axis, operands[0].rank() + 1)?;
    let rows = operands.iter().map(|x| with_axes(x, &[axis])).collect::<Result<Vec<_>>>()?;
    rules::concatenate(&rows.iter().collect::<Vec<_>>(), axis)
}

/// The entries along an axis.
///
/// ```
/// # use pullback::{Array, lax};
/// use pullback::api::Value;
/// let Value::Tuple(rows) = lax::unstack(&Array::from([[1, 2], [3, 4]]), 0)? else {
///     panic!("it is a tuple")
/// };
/// assert_eq!(rows, [Array::from([1, 2]), Array::from([3, 4])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0))]
pub fn unstack(x: &Array, axis: i64) -> Result<Value> {
    let axis = positive_axis("unstack", axis, x.rank())?;
    let entry = |at: usize| rules::squeeze(&part(x, axis, at, at + 1)?, &[axis]);
    Ok(Value::Tuple((0..x.shape()[axis]).map(entry).collect::<Result<_>>()?))
}

/// The array cut along an axis into parts of the sizes given.
///
/// ```
/// # use pullback::{Array, lax};
/// let parts = lax::split(&Array::from([1, 2, 3]), &[1, 2].into(), 0)?;
/// assert_eq!(parts, [Array::from([1]), Array::from([2, 3])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0))]
pub fn split(operand: &Array, sizes: &Sizes, axis: i64) -> Result<Vec<Array>> {
    let axis = positive_axis("split", axis, operand.rank())?;
    let sizes = shape_of("split", &sizes.0)?;
    if sizes.iter().sum::<usize>() != operand.shape()[axis] {
        return Err(Error::value_error(
            "split",
            format!(
                "sizes {sizes:?} do not add up to the size of axis {axis} of {}",
                operand.aval()
            ),
        ));
    }
    Ok(rules::split(operand, &sizes, axis)?.into_vec())
}

/// The array repeated as often along each axis as `reps` says.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::tile(&Array::from([1, 2]), &2.into())?, Array::from([1, 2, 1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn tile(operand: &Array, reps: &Sizes) -> Result<Array> {
    if reps.0.len() != operand.rank() {
        return Err(Error::value_error(
            "tile",
            format!("needs {} repeats, got {:?}", operand.rank(), reps.0),
        ));
    }
    crate::numpy::joining::tile(operand, reps)
}

/// The array with `padding_value` before, after and between its elements along each axis, as many
/// as the three numbers for each axis say; negative ones take elements away.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([1, 2, 3]);
/// assert_eq!(lax::pad(&x, &0.into(), &[[1, 0, 1]].into())?, Array::from([0, 1, 0, 2, 0, 3]));
/// assert_eq!(lax::pad(&x, &0.into(), &[[-1, 2, 0]].into())?, Array::from([2, 3, 0, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn pad(operand: &Array, padding_value: &Array, padding_config: &Table) -> Result<Array> {
    if operand.dtype() != padding_value.dtype() {
        return Err(Error::DTypeMismatch {
            function: "pad".into(),
            lhs: operand.dtype(),
            rhs: padding_value.dtype(),
        });
    }
    let rows = match &padding_config.0[..] {
        [row] if row.is_empty() => vec![],
        rows => rows
            .iter()
            .map(|row| match row[..] {
                [low, high, inner] => Ok((low, high, size_of("pad", inner)?)),
                _ => Err(Error::value_error("pad", format!("needs three numbers, got {row:?}"))),
            })
            .collect::<Result<_>>()?,
    };
    rules::pad(operand, padding_value, &rows)
}

/// The elements from `start_indices` up to and without `limit_indices`, in steps of `strides`.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([1, 2, 3, 4, 5]);
/// let y = lax::slice(&x, &1.into(), &5.into(), Some(&2.into()))?;
/// assert_eq!(y, Array::from([2, 4]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn slice(
    operand: &Array,
    start_indices: &Sizes,
    limit_indices: &Sizes,
    strides: Option<&Sizes>,
) -> Result<Array> {
    let rank = operand.rank();
    let (start, limit) =
        (shape_of("slice", &start_indices.0)?, shape_of("slice", &limit_indices.0)?);
    let strides = strides.map(|strides| shape_of("slice", &strides.0)).transpose()?;
    if start.len() != rank
        || limit.len() != rank
        || strides.as_ref().is_some_and(|strides| strides.len() != rank)
    {
        return Err(Error::value_error(
            "slice",
            format!("needs {rank} starts, limits and strides for {}", operand.aval()),
        ));
    }
    rules::slice(operand, &start, &limit, strides.as_deref())
}

/// The elements along one axis from `start_index` up to and without `limit_index`; negative ones
/// count from the end.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([1, 2, 3, 4, 5]);
/// assert_eq!(lax::slice_in_dim(&x, Some(1), Some(-1), 1, 0)?, Array::from([2, 3, 4]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(stride = 1, axis = 0), required(start_index, limit_index))]
pub fn slice_in_dim(
    operand: &Array,
    start_index: Option<i64>,
    limit_index: Option<i64>,
    stride: i64,
    axis: i64,
) -> Result<Array> {
    let axis = positive_axis("slice_in_dim", axis, operand.rank())?;
    let size = operand.shape()[axis] as i64;
    let from_front = |at: i64| (if at < 0 { at + size } else { at }).clamp(0, size) as usize;
    let mut start = Shape::from_elem(0, operand.rank());
    let mut limit = Shape::from_slice(operand.shape());
    let mut strides = Shape::from_elem(1, operand.rank());
    start[axis] = start_index.map_or(0, from_front);
    limit[axis] = limit_index.map_or(size as usize, from_front).max(start[axis]);
    strides[axis] = usize::try_from(stride).ok().filter(|&stride| stride > 0).ok_or_else(|| {
        Error::value_error("slice_in_dim", format!("stride must be positive, got {stride}"))
    })?;
    rules::slice(operand, &start, &limit, Some(&strides))
}

/// The entry along an axis at a position.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(lax::index_in_dim(&x, -1, 0, false)?, Array::from([3, 4]));
/// assert_eq!(lax::index_in_dim(&x, 0, 1, true)?, Array::from([[1], [3]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0, keepdims = true))]
pub fn index_in_dim(operand: &Array, index: i64, axis: i64, keepdims: bool) -> Result<Array> {
    let axis = positive_axis("index_in_dim", axis, operand.rank())?;
    let size = operand.shape()[axis];
    let at = if index < 0 { index + size as i64 } else { index };
    let at = usize::try_from(at).ok().filter(|&at| at < size).ok_or_else(|| Error::Index {
        function: "index_in_dim".into(),
        message: format!("index {index} is out of bounds for axis {axis} with size {size}"),
    })?;
    let entry = part(operand, axis, at, at + 1)?;
    if keepdims { Ok(entry) } else { rules::squeeze(&entry, &[axis]) }
}
