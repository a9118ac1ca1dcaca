//! Taking entries by their positions, putting them back, repeating, deleting and inserting them.

use pullback_core::engine::memory;
use pullback_core::primitives::indexing::gather::{FillValue, Gather, GatherDims};
use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Need, Result, Shape, promote};
use pullback_macros::api;

use super::arithmetic::remainder;
use super::common::{
    as_type, axis_of, broadcast, broadcast_all, common_shape, number, product, select, shape_of,
    size_of, truth,
};
use super::dtypes::{iinfo, integer, integers};
use super::indexing::{Access, Bounds, Index, Update, get, get_with, normalized, update};
use super::manipulation::{part, ravel};
use super::search::{argsort, nonzero, sort};
use crate::api::{ApiFn, Arg, FromArg, Kind, Sizes, Value};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &TAKE_API,
    &TAKE_ALONG_AXIS_API,
    &PUT_API,
    &PUT_ALONG_AXIS_API,
    &PLACE_API,
    &CHOOSE_API,
    &COMPRESS_API,
    &EXTRACT_API,
    &REPEAT_API,
    &DELETE_API,
    &INSERT_API,
    &RESIZE_API,
    &TRIM_ZEROS_API,
    &FILL_DIAGONAL_API,
    &UNRAVEL_INDEX_API,
    &RAVEL_MULTI_INDEX_API,
    &IX__API,
];

/// As an argument, one part of an index: a position, positions, a mask or a slice.
impl FromArg for Index {
    const KIND: Kind = Kind::Any;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::Int(at) => Some(Index::Int(at)),
            Arg::Ints(at) => Some(Index::Array(positions(&at).ok()?)),
            Arg::Slice([start, stop, step]) => Some(Index::Slice { start, stop, step }),
            Arg::Array(at) => Some(Index::from(at)),
            _ => None,
        }
    }
}

/// Positions known beforehand.
fn positions(at: &[i64]) -> Result<Array> {
    let at: Vec<i32> = at.iter().map(|&at| at as i32).collect();
    Array::from_slice(&at, &[at.len()])
}

fn check_positions(function: &str, at: &Array) -> Result<()> {
    if at.dtype().is_integer() {
        return Ok(());
    }
    Err(Error::type_error(
        function,
        format!("positions must be of an integer type, got {}", at.dtype()),
    ))
}

/// An index of one axis, where the axes before it are whole.
fn along(axis: usize, at: Index) -> Vec<Index> {
    let mut index = vec![Index::ALL; axis];
    index.push(at);
    index
}

/// The entries of `x` along an axis at positions that are all there.
pub(crate) fn entries(x: &Array, at: &Array, axis: usize) -> Result<Array> {
    let access = Access { mode: Some(Bounds::PromiseInBounds), ..Access::default() };
    get_with(x, &along(axis, Index::Array(at.clone())), &access)
}

/// The array as one row if there is no axis, and the axis.
fn row_or_axis(function: &str, a: &Array, axis: Option<i64>) -> Result<(Array, usize)> {
    match axis {
        Some(axis) => Ok((a.clone(), axis_of(function, axis, a.rank())?)),
        None => Ok((ravel(a, "C")?, 0)),
    }
}

/// The entries along an axis at the positions given; without an axis, the elements of the array
/// as one row.
///
/// Positions out of bounds give `fill_value`, which by default is NaN, or an extreme integer. With
/// the mode "clip" they are moved to the nearest end, and with "wrap" they are counted around.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::taking::take;
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3])?;
/// let at = Array::from_slice(&[2, 0, -1, 7], &[4])?;
/// let y = take(&x, &at, None, (), Some("clip"), false, false, None)?;
/// assert_eq!(y.to_vec::<f32>()?, [3.0, 1.0, 1.0, 3.0]);
/// let y = take(&x, &at, None, (), None, false, false, Some(0.0))?;
/// assert_eq!(y.to_vec::<f32>()?, [3.0, 1.0, 3.0, 0.0]);
/// # Ok(())
/// # }
/// ```
#[api(defaults(unique_indices = false, indices_are_sorted = false))]
pub fn take(
    a: &Array,
    indices: &Array,
    axis: Option<i64>,
    out: (),
    mode: Option<&str>,
    unique_indices: bool,
    indices_are_sorted: bool,
    fill_value: Option<f64>,
) -> Result<Array> {
    let () = out;
    if !indices.dtype().is_integer() {
        return Err(Error::value_error(
            "take",
            format!("indices must have an integer type, got {}", indices.dtype()),
        ));
    }
    let (x, axis) = row_or_axis("take", a, axis)?;
    let size = x.shape()[axis];
    if size == 0 {
        return match indices.count() {
            0 => Ok(x),
            _ => Err(Error::Index {
                function: "take".into(),
                message: "cannot take from an empty axis".into(),
            }),
        };
    }
    let (at, mode) = match mode {
        None | Some("fill") => (indices.clone(), Bounds::Fill),
        Some("wrap") => {
            (remainder(indices, &integer(size as i128, indices.dtype()))?, Bounds::PromiseInBounds)
        }
        // Here negative positions do not count from the end.
        Some("clip") => (within(indices, size)?, Bounds::PromiseInBounds),
        Some("raise") => {
            return Err(Error::unsupported("take", "the mode 'raise' is not supported"));
        }
        Some(mode) => {
            return Err(Error::value_error("take", format!("invalid mode '{mode}'")));
        }
    };
    let access = Access { mode: Some(mode), fill_value, indices_are_sorted, unique_indices };
    get_with(&x, &along(axis, Index::Array(at)), &access)
}

/// Positions moved to the nearest that an axis of the given size has.
fn within(at: &Array, size: usize) -> Result<Array> {
    let last = size.saturating_sub(1) as i128;
    // A narrow type may be unable to hold the last position.
    let wide = match iinfo(at.dtype())?.max < last {
        true => lax::convert_element_type(at, DType::I32)?,
        false => lax::convert_element_type(at, at.dtype())?,
    };
    lax::clamp(&integer(0, wide.dtype()), &wide, &integer(last, wide.dtype()))
}

/// For each place, the entry along an axis at the position that `indices` has there.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::search::argsort;
/// use pullback::numpy::taking::take_along_axis;
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[3.0f32, 1.0, 2.0, 4.0, 6.0, 5.0], &[2, 3])?;
/// let order = argsort(&x, Some(1), None, None, true, false, None)?;
/// let y = take_along_axis(&x, &order, Some(1), None, None, true)?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// # Ok(())
/// # }
/// ```
#[api(
    defaults(axis = -1, wrap_negative_indices = true),
    keyword_only(wrap_negative_indices)
)]
pub fn take_along_axis(
    arr: &Array,
    indices: &Array,
    axis: Option<i64>,
    mode: Option<&str>,
    fill_value: Option<f64>,
    wrap_negative_indices: bool,
) -> Result<Array> {
    check_positions("take_along_axis", indices)?;
    if axis.is_none() && indices.rank() != 1 {
        return Err(Error::value_error(
            "take_along_axis",
            format!("indices must be 1D if axis=None, got {}", indices.aval()),
        ));
    }
    let rank = if axis.is_none() { 1 } else { arr.rank() };
    if indices.rank() != rank {
        return Err(Error::value_error(
            "take_along_axis",
            format!(
                "indices and arr must have the same number of dimensions; {} vs. {rank}",
                indices.rank()
            ),
        ));
    }
    let (x, axis) = row_or_axis("take_along_axis", arr, axis)?;
    let size = x.shape()[axis];
    let mut others = Shape::from_slice(x.shape());
    others[axis] = 1;
    let shape = promote::broadcast_shapes("take_along_axis", &[indices.shape(), &others])?;
    if size == 0 {
        return broadcast(&Array::constant(0.0, x.dtype()), &shape);
    }
    let at = match wrap_negative_indices {
        true => normalized(indices, size)?,
        false => lax::convert_element_type(indices, DType::I32)?,
    };
    let (mode, fill_value) = match mode {
        // A product with rows that have a one at the position: without one, zero.
        Some("one_hot") => (Bounds::Fill, Some(0.0)),
        Some(mode) => (Bounds::from_name("take_along_axis", mode)?, fill_value),
        None => (Bounds::Fill, fill_value),
    };

    // An axis that only the array has is a whole window; one that only the indices have is left
    // out of the array; both run along it together where both have it.
    let mut dims = GatherDims::default();
    let mut left_out = vec![];
    let mut batch = Shape::new();
    let mut sizes = Shape::new();
    for own in 0..x.rank() {
        let place = own - left_out.len();
        if own == axis {
            dims.start_index_map.push(place);
            dims.collapsed_slice_dims.push(place);
            batch.push(indices.shape()[own]);
            sizes.push(1);
        } else if indices.shape()[own] == 1 {
            dims.offset_dims.push(own);
            sizes.push(x.shape()[own]);
        } else if x.shape()[own] == 1 {
            left_out.push(own);
            batch.push(indices.shape()[own]);
        } else {
            dims.operand_batching_dims.push(place);
            dims.start_indices_batching_dims.push(batch.len());
            batch.push(indices.shape()[own]);
            sizes.push(x.shape()[own].min(1));
        }
    }
    let x = lax::squeeze(&x, &left_out)?;
    batch.push(1);
    let gather =
        Gather { fill: fill_value.map(FillValue::from), ..Gather::new(dims, sizes, mode.mode()) };
    lax::gather(&x, &lax::reshape(&at, &batch)?, gather)
}

/// The error for a function that NumPy has change its argument.
fn in_place(function: &str) -> Error {
    Error::value_error(function, "arrays never change; pass inplace=False for an updated array")
}

/// The array with `values` at the positions that `indices` has along an axis.
///
/// ```
/// # use pullback::{Array, numpy::taking};
/// let x = Array::from([[1, 2], [3, 4]]);
/// let at = Array::from([[1], [0]]);
/// let y = taking::put_along_axis(&x, &at, &9.into(), Some(1), false, None)?;
/// assert_eq!(y, Array::from([[1, 9], [9, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(inplace = true), required(axis), keyword_only(mode))]
pub fn put_along_axis(
    arr: &Array,
    indices: &Array,
    values: &Array,
    axis: Option<i64>,
    inplace: bool,
    mode: Option<&str>,
) -> Result<Array> {
    if inplace {
        return Err(in_place("put_along_axis"));
    }
    check_positions("put_along_axis", indices)?;
    let (x, axis) = row_or_axis("put_along_axis", arr, axis)?;
    if x.rank() != indices.rank() {
        return Err(Error::value_error(
            "put_along_axis",
            format!(
                "arr and indices must have the same rank, got {} and {}",
                x.rank(),
                indices.rank()
            ),
        ));
    }
    if common_shape("put_along_axis", &[values.clone(), indices.clone()])?.as_slice()
        != indices.shape()
    {
        return Err(Error::value_error(
            "put_along_axis",
            format!("values {} do not broadcast to {}", values.aval(), indices.aval()),
        ));
    }
    let mut index = vec![];
    for own in 0..x.rank() {
        index.push(Index::Array(if own == axis {
            indices.clone()
        } else {
            let mut shape = Shape::from_elem(1, x.rank());
            shape[own] = x.shape()[own];
            lax::iota(DType::I32, &shape, own)?
        }));
    }
    let mode = mode.map(|mode| Bounds::from_name("put_along_axis", mode)).transpose()?;
    let access = Access { mode, ..Access::default() };
    let y = update(&x, &index, Update::Set, &broadcast(values, indices.shape())?, &access)?;
    lax::reshape(&y, arr.shape())
}

/// The first `count` elements of a row that begins anew at its end.
fn cycled(row: &Array, count: usize) -> Result<Array> {
    let repeats = count.div_ceil(row.count().max(1)).max(1);
    part(&super::joining::tile(row, Sizes::from(repeats as i64))?, 0, 0, count)
}

/// The array with `v` at the positions `ind`, counted as if it were one row; `v` begins anew at
/// its end.
///
/// ```
/// # use pullback::{Array, numpy::taking};
/// let x = Array::from([[1, 2], [3, 4]]);
/// let y = taking::put(&x, &Array::from([0, 3]), &Array::from([7, 8]), None, false)?;
/// assert_eq!(y, Array::from([[7, 2], [3, 8]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(inplace = true), keyword_only(inplace))]
pub fn put(a: &Array, ind: &Array, v: &Array, mode: Option<&str>, inplace: bool) -> Result<Array> {
    if inplace {
        return Err(in_place("put"));
    }
    check_positions("put", ind)?;
    let (row, at, v) = (ravel(a, "C")?, ravel(ind, "C")?, ravel(v, "C")?);
    if row.count() == 0 || at.count() == 0 || v.count() == 0 {
        return Ok(a.clone());
    }
    let size = row.count();
    let at = match mode {
        None => at,
        Some("clip") => within(&at, size)?,
        Some("wrap") => remainder(&at, &integer(size as i128, at.dtype()))?,
        Some("raise") => {
            return Err(Error::unsupported("put", "the mode 'raise' is not supported"));
        }
        Some(mode) => {
            return Err(Error::value_error(
                "put",
                format!("mode should be one of 'wrap' or 'clip'; got '{mode}'"),
            ));
        }
    };
    let values = cycled(&v, at.count())?;
    let y = update(&row, &[Index::Array(at)], Update::Set, &values, &Access::default())?;
    lax::reshape(&y, a.shape())
}

/// The array with `vals` one after another where the mask holds; they begin anew at their end.
///
/// ```
/// # use pullback::{Array, numpy::taking};
/// let x = Array::from([1, 2, 3]);
/// let mask = Array::from([true, false, true]);
/// assert_eq!(taking::place(&x, &mask, &Array::from([7, 8]), false)?, Array::from([7, 2, 8]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(inplace = true), keyword_only(inplace))]
pub fn place(arr: &Array, mask: &Array, vals: &Array, inplace: bool) -> Result<Array> {
    if inplace {
        return Err(in_place("place"));
    }
    if arr.count() != mask.count() {
        return Err(Error::value_error("place", "arr and mask must be the same size"));
    }
    let vals = ravel(vals, "C")?;
    if vals.count() == 0 {
        return Err(Error::value_error("place", "cannot place values from an empty array"));
    }
    if arr.count() == 0 {
        return Ok(arr.clone());
    }
    // The value for a place is known by how many places come before it.
    let mask = lax::reshape(&truth(mask)?, &[mask.count()])?;
    let count = lax::cumsum(&lax::convert_element_type(&mask, DType::I32)?, 0, false)?;
    let before = lax::sub(&count, &integer(1, DType::I32))?;
    let at = remainder(&before, &integer(vals.count() as i128, DType::I32))?;
    let values = lax::convert_element_type(&entries(&vals, &at, 0)?, arr.dtype())?;
    let row = lax::reshape(&lax::convert_element_type(arr, arr.dtype())?, &[arr.count()])?;
    lax::reshape(&select(&mask, &values, &row)?, arr.shape())
}

/// For each place, the element there of the choice that `a` names.
///
/// A number that names none is an error for the mode "raise", counted around for "wrap", and moved
/// to the nearest for "clip".
///
/// ```
/// # use pullback::{Array, numpy::taking};
/// let choices = [Array::from([1, 2, 3]), Array::from([10, 20, 30])];
/// let y = taking::choose(&Array::from([0, 1, 0]), &choices, (), "raise")?;
/// assert_eq!(y, Array::from([1, 20, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(mode = "raise"))]
pub fn choose(a: &Array, choices: &[Array], out: (), mode: &str) -> Result<Array> {
    let () = out;
    if !a.dtype().is_integer() {
        return Err(Error::value_error("choose", "`a` array must be integer typed"));
    }
    let count = choices.len();
    let which = match mode {
        "raise" => {
            let tensor = a.concrete(Need::Value, "choose with mode='raise'")?;
            let valid = |at: &i64| (0..count as i64).contains(at);
            if !integers(&tensor).unwrap_or_default().iter().all(valid) {
                return Err(Error::value_error("choose", "invalid entry in choice array"));
            }
            a.clone()
        }
        "wrap" => remainder(a, &integer(count as i128, a.dtype()))?,
        "clip" => within(a, count)?,
        _ => {
            return Err(Error::value_error(
                "choose",
                format!("mode='{mode}' not understood. Must be 'raise', 'wrap', or 'clip'"),
            ));
        }
    };
    let mut operands = vec![which];
    operands.extend(promote::promote_types("choose", &choices.iter().collect::<Vec<_>>())?);
    let operands = broadcast_all("choose", &operands)?;
    let rows = super::joining::stack(&operands[1..], 0, (), None)?;
    let mut index = vec![Index::Array(operands[0].clone())];
    for axis in 0..operands[0].rank() {
        let mut shape = Shape::from_elem(1, operands[0].rank());
        shape[axis] = operands[0].shape()[axis];
        index.push(Index::Array(lax::iota(DType::I32, &shape, axis)?));
    }
    get(&rows, &index)
}

/// The entries along an axis for which the condition holds; without an axis, the elements of the
/// array as one row.
///
/// How many there are must be known: the condition is concrete, or `size` says how many to give;
/// too few are filled up with `fill_value`.
///
/// ```
/// # use pullback::{Array, numpy::taking};
/// let x = Array::from([[1, 2], [3, 4]]);
/// let y = taking::compress(&Array::from([false, true]), &x, Some(1), None, &0.into(), ())?;
/// assert_eq!(y, Array::from([[2], [4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(fill_value = 0), keyword_only(size))]
pub fn compress(
    condition: &Array,
    a: &Array,
    axis: Option<i64>,
    size: Option<i64>,
    fill_value: &Array,
    out: (),
) -> Result<Array> {
    let () = out;
    let condition = truth(condition)?;
    if condition.rank() != 1 {
        return Err(Error::value_error("compress", "condition must be a 1D array"));
    }
    let (x, axis) = row_or_axis("compress", a, axis)?;
    let length = x.shape()[axis].min(condition.count());
    let Some(size) = size else {
        let tensor = condition.concrete(Need::Value, "compress without a size")?;
        let holds = integers(&tensor).unwrap_or_default();
        if holds[length..].contains(&1) {
            return Err(Error::value_error(
                "compress",
                "condition contains entries that are out of bounds",
            ));
        }
        let at: Vec<i64> = (0..length as i64).filter(|&at| holds[at as usize] == 1).collect();
        return entries(&x, &positions(&at)?, axis);
    };
    let size = usize::try_from(size).ok().filter(|&size| size <= length).ok_or_else(|| {
        Error::value_error(
            "compress",
            format!("size must be from 0 to the size {length} of the axis, got {size}"),
        )
    })?;
    let (x, condition) = (part(&x, axis, 0, length)?, part(&condition, 0, 0, length)?);
    let mut shape = Shape::from_elem(1, x.rank());
    shape[axis] = length;
    let fill = lax::convert_element_type(fill_value, x.dtype())?;
    let x = lax::convert_element_type(&x, x.dtype())?;
    let x = select(&lax::reshape(&condition, &shape)?, &x, &fill)?;
    let order = argsort(&condition, Some(0), None, None, true, true, Some(DType::I32))?;
    entries(&x, &part(&order, 0, 0, size)?, axis)
}

/// The elements for which the condition holds, as one row; see [`compress`].
///
/// ```
/// # use pullback::{Array, numpy::taking};
/// let mask = Array::from([[true, false], [false, true]]);
/// let y = taking::extract(&mask, &Array::from([[1, 2], [3, 4]]), None, &0.into())?;
/// assert_eq!(y, Array::from([1, 4]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(fill_value = 0), keyword_only(size))]
pub fn extract(
    condition: &Array,
    arr: &Array,
    size: Option<i64>,
    fill_value: &Array,
) -> Result<Array> {
    compress(&ravel(condition, "C")?, &ravel(arr, "C")?, None, size, fill_value, ())
}

/// The entries along an axis, each as often as `repeats` says; without an axis, the elements of
/// the array as one row.
///
/// How many come out must be known: the repeats are concrete, or `total_repeat_length` says it.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::taking::repeat;
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 2.0], &[2])?;
/// let counts = Array::from_slice(&[1, 3], &[2])?;
/// assert_eq!(repeat(&x, &counts, None, None)?.to_vec::<f32>()?, [1.0, 2.0, 2.0, 2.0]);
/// # Ok(())
/// # }
/// ```
#[api(keyword_only(total_repeat_length), ignored(out_sharding))]
pub fn repeat(
    a: &Array,
    repeats: &Array,
    axis: Option<i64>,
    total_repeat_length: Option<i64>,
) -> Result<Array> {
    let (x, axis) = row_or_axis("repeat", a, axis)?;
    if !repeats.dtype().is_integer() && repeats.dtype() != DType::Bool {
        return Err(Error::type_error(
            "repeat",
            format!("repeats must be whole numbers, got {}", repeats.aval()),
        ));
    }
    let size = x.shape()[axis];
    if repeats.count() != 1 && repeats.count() != size {
        return Err(Error::value_error(
            "repeat",
            format!("repeats {} do not fit an axis of size {size}", repeats.aval()),
        ));
    }
    let Some(total) = total_repeat_length else {
        let tensor =
            repeats.concrete(Need::Value, "the number of repeats (or else total_repeat_length)")?;
        let counts = integers(&tensor).unwrap_or_default();
        let counts: Vec<usize> = shape_of("repeat", &counts)?.into_iter().collect();
        if let [count] = counts[..] {
            return repeated(&x, axis, count);
        }
        let total = counts.iter().fold(0u64, |all, &count| all.saturating_add(count as u64));
        if total > memory::installed() / 8 {
            return Err(Error::TooLarge {
                function: "repeat".into(),
                elements: total.into(),
                dtype: x.dtype(),
            });
        }
        let at: Vec<i64> = counts
            .iter()
            .enumerate()
            .flat_map(|(at, &count)| std::iter::repeat_n(at as i64, count))
            .collect();
        return entries(&x, &positions(&at)?, axis);
    };
    let counts = ravel(repeats, "C")?;
    let total = size_of("repeat", total)?;
    if size == 0 && total > 0 {
        return Ok(x);
    }
    if total == 0 {
        return part(&x, axis, 0, 0);
    }
    // The entry at a place is the number of entries whose repeats end before it; places after the
    // last repeat have the last entry.
    let counts = broadcast(&lax::convert_element_type(&counts, DType::I32)?, &[size])?;
    let ends = lax::cumsum(&counts, 0, false)?;
    let places = lax::iota(DType::I32, &[total], 0)?;
    let at = super::search::places_of(&ends, &places, "right")?;
    entries(&x, &within(&at, size)?, axis)
}

/// Every entry along an axis `count` times.
fn repeated(x: &Array, axis: usize, count: usize) -> Result<Array> {
    let mut wide = Shape::from_slice(x.shape());
    wide.insert(axis + 1, count);
    let axes: Vec<usize> = (0..wide.len()).filter(|&other| other != axis + 1).collect();
    let mut shape = Shape::from_slice(x.shape());
    shape[axis] *= count;
    lax::reshape(&lax::broadcast_in_dim(x, &wide, &axes)?, &shape)
}

/// The array without the entries along an axis that `obj` names: a position, a slice, positions
/// or a mask. Without an axis, the elements of the array as one row.
///
/// Positions must be known, unless they are known to be distinct.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::indexing::Index;
/// use pullback::numpy::taking::delete;
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3])?;
/// assert_eq!(delete(&x, &Index::Int(1), None, false)?.to_vec::<f32>()?, [1.0, 3.0]);
/// # Ok(())
/// # }
/// ```
#[api(defaults(assume_unique_indices = false), keyword_only(assume_unique_indices))]
pub fn delete(
    arr: &Array,
    obj: &Index,
    axis: Option<i64>,
    assume_unique_indices: bool,
) -> Result<Array> {
    let (x, axis) = row_or_axis("delete", arr, axis)?;
    let size = x.shape()[axis];
    if let Index::Array(at) = obj
        && !at.dtype().is_integer()
    {
        return Err(Error::value_error(
            "delete",
            format!("obj must be of an integer type or bool, got {}", at.dtype()),
        ));
    }
    let mut keep = vec![true; size];
    match obj {
        Index::Int(at) => keep[axis_of("delete", *at, size)?] = false,
        Index::Slice { .. } => {
            let all = lax::iota(DType::I32, &[size], 0)?;
            let gone = get(&all, std::slice::from_ref(obj))?.concrete(Need::Value, "delete")?;
            integers(&gone).unwrap_or_default().iter().for_each(|&at| keep[at as usize] = false);
        }
        Index::Array(at) if assume_unique_indices => return without_unique(&x, at, axis),
        Index::Array(at) => {
            let tensor = at.concrete(Need::Value, "the positions that delete takes away")?;
            for at in integers(&tensor).unwrap_or_default() {
                let from_front = if at < 0 { at + size as i64 } else { at };
                let slot = usize::try_from(from_front).ok().and_then(|at| keep.get_mut(at));
                *slot.ok_or_else(|| Error::Index {
                    function: "delete".into(),
                    message: format!("index {at} is out of bounds for axis 0 with size {size}"),
                })? = false;
            }
        }
        Index::Mask(mask) if mask.shape() == [size] => {
            let tensor = mask.concrete(Need::Value, "the mask that delete takes away")?;
            keep = integers(&tensor).unwrap_or_default().iter().map(|&gone| gone == 0).collect();
        }
        _ => {
            return Err(Error::value_error(
                "delete",
                "obj must be positions, a slice, or one truth value for each entry of the axis",
            ));
        }
    }
    let at: Vec<i64> = (0..size as i64).filter(|&at| keep[at as usize]).collect();
    entries(&x, &positions(&at)?, axis)
}

/// The array without the entries at distinct positions, which need not be known beforehand.
fn without_unique(x: &Array, at: &Array, axis: usize) -> Result<Array> {
    let size = x.shape()[axis];
    let at = normalized(&ravel(at, "C")?, size)?;
    let dtype = at.dtype();
    let at = lax::clamp(&integer(0, dtype), &at, &integer(size as i128, dtype))?;
    let at = sort(&at, Some(0), None, None, true, false)?;
    // What is left of place i: as many further as positions that, without those before them, are
    // not after it.
    let at = lax::sub(&at, &lax::iota(dtype, at.shape(), 0)?)?;
    let left = size.saturating_sub(at.count());
    let places = lax::iota(dtype, &[left], 0)?;
    let skipped = super::search::places_of(&at, &places, "right")?;
    entries(x, &lax::add(&places, &lax::convert_element_type(&skipped, dtype)?)?, axis)
}

/// The array with further entries along an axis, each before the position given for it. Without
/// an axis, the elements of the array as one row.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::indexing::Index;
/// use pullback::numpy::taking::insert;
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3])?;
/// let y = insert(&x, &Index::Int(1), &Array::from(9.0), None)?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 9.0, 2.0, 3.0]);
/// # Ok(())
/// # }
/// ```
#[api]
pub fn insert(arr: &Array, obj: &Index, values: &Array, axis: Option<i64>) -> Result<Array> {
    let (x, axis) = row_or_axis("insert", arr, axis)?;
    let size = x.shape()[axis];
    let at = match obj {
        Index::Int(at) => Array::from(*at as i32),
        Index::Array(at) if at.dtype().is_integer() => at.clone(),
        Index::Slice { .. } => get(&lax::iota(DType::I32, &[size], 0)?, std::slice::from_ref(obj))?,
        _ => {
            return Err(Error::value_error("insert", "obj must be whole numbers or a slice"));
        }
    };
    if at.rank() > 1 {
        return Err(Error::value_error(
            "insert",
            format!("obj must be a slice, a one-dimensional array, or a scalar; got {}", at.aval()),
        ));
    }
    let mut values =
        promote::to_rank(&promote::to_type(values, x.dtype(), x.is_weak())?, x.rank())?;
    if at.rank() == 0 {
        values = lax::move_axis(&values, 0, axis)?;
    }
    let own = values.shape()[axis];
    let at = if at.count() == 1 { broadcast(&lax::reshape(&at, &[1])?, &[own])? } else { at };
    let count = promote::broadcast_shapes("insert", &[at.shape(), &[own]])?[0];
    let mut shape = Shape::from_slice(x.shape());
    shape[axis] = count;
    let values = broadcast(&values, &shape)?;
    let at = normalized(&broadcast(&at, &[count])?, size)?;
    let at = lax::convert_element_type(&at, DType::I32)?;
    let at = lax::clamp(&integer(0, DType::I32), &at, &integer(size as i128, DType::I32))?;

    // Where the new entries end up: those at or before the same position come first.
    let order = argsort(&at, Some(0), None, None, true, false, Some(DType::I32))?;
    let before = lax::iota(DType::I32, &[count], 0)?;
    let access = Access { unique_indices: true, ..Access::default() };
    let places = update(&at, &[Index::Array(order)], Update::Add, &before, &access)?;
    // What comes from where: first that of the array, in the places that are left.
    let from_values = lax::add(&before, &integer(size as i128, DType::I32))?;
    let free = broadcast(&Array::from(true), &[size + count])?;
    let index = [Index::Array(places)];
    let free = update(&free, &index, Update::Set, &Array::from(false), &access)?;
    let from_array = lax::cumsum(&lax::convert_element_type(&free, DType::I32)?, 0, false)?;
    let from_array = lax::sub(&from_array, &integer(1, DType::I32))?;
    let source = update(&from_array, &index, Update::Set, &from_values, &access)?;
    entries(&lax::concatenate(&[&x, &values], axis)?, &source, axis)
}

/// The elements one after another, beginning anew at their end, under another shape.
///
/// ```
/// # use pullback::{Array, numpy::taking};
/// let y = taking::resize(&Array::from([1, 2, 3]), &[2, 2].into())?;
/// assert_eq!(y, Array::from([[1, 2], [3, 1]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn resize(a: &Array, new_shape: &Sizes) -> Result<Array> {
    let shape: Shape =
        new_shape.0.iter().map(|&size| size_of("resize", size)).collect::<Result<_>>()?;
    let row = ravel(a, "C")?;
    if row.count() == 0 || product(&shape) == 0 {
        return broadcast(&number(0.0, &row), &shape);
    }
    lax::reshape(&cycled(&row, product(&shape))?, &shape)
}

/// The array without zeros at the front ("f") and the back ("b") of axes: those given, or all.
///
/// The array must be concrete.
///
/// ```
/// # use pullback::{Array, numpy::taking};
/// let x = Array::from([0, 1, 0, 2, 0]);
/// assert_eq!(taking::trim_zeros(&x, "fb", None)?, Array::from([1, 0, 2]));
/// assert_eq!(taking::trim_zeros(&x, "f", None)?, Array::from([1, 0, 2, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(trim = "fb"))]
pub fn trim_zeros(filt: &Array, trim: &str, axis: Option<&crate::api::Axes>) -> Result<Array> {
    let trim = trim.to_lowercase();
    let mut y = filt.clone();
    for axis in super::common::axes_of("trim_zeros", axis, filt.rank())? {
        let others: Vec<usize> = (0..filt.rank()).filter(|&other| other != axis).collect();
        let some = lax::reduce_or(&truth(filt)?, &others)?;
        let some = integers(&some.concrete(Need::Value, "what trim_zeros takes away")?);
        let some = some.unwrap_or_default();
        let first = some.iter().position(|&some| some == 1);
        let last = some.iter().rposition(|&some| some == 1);
        let (start, limit) = match (first, last) {
            _ if !trim.contains(['f', 'b']) => (0, some.len()),
            (Some(first), Some(last)) => (
                if trim.contains('f') { first } else { 0 },
                if trim.contains('b') { last + 1 } else { some.len() },
            ),
            _ => (0, 0),
        };
        y = part(&y, axis, start, limit)?;
    }
    Ok(y)
}

/// The array with `val` on its diagonal; several values one after another.
///
/// ```
/// # use pullback::{Array, numpy::taking};
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(taking::fill_diagonal(&x, &0.into(), false, false)?, Array::from([[0, 2], [3, 0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(wrap = false, inplace = true), keyword_only(inplace))]
pub fn fill_diagonal(a: &Array, val: &Array, wrap: bool, inplace: bool) -> Result<Array> {
    if inplace {
        return Err(Error::unsupported("fill_diagonal", "arrays never change; use inplace=False"));
    }
    if wrap {
        return Err(Error::unsupported("fill_diagonal", "wrap=True is not implemented"));
    }
    if a.rank() < 2 {
        return Err(Error::value_error("fill_diagonal", "array must be at least 2-d"));
    }
    if a.rank() > 2 && a.shape().iter().any(|&n| n != a.shape()[0]) {
        return Err(Error::value_error(
            "fill_diagonal",
            "All dimensions of input must be of equal length",
        ));
    }
    let n = a.shape().iter().copied().min().unwrap_or(0);
    let val = match val.rank() {
        0 => val.clone(),
        _ => cycled(&ravel(val, "C")?, n)?,
    };
    let at = Index::Array(lax::iota(DType::I32, &[n], 0)?);
    let access = Access { unique_indices: true, indices_are_sorted: true, ..Access::default() };
    update(a, &vec![at; a.rank()], Update::Set, &val, &access)
}

/// The index along each axis of the places at the given positions in an array as one row.
///
/// ```
/// # use pullback::{Array, api::Value, numpy::taking};
/// let Value::Tuple(places) = taking::unravel_index(&Array::from([1, 5]), &[2, 3].into())? else {
///     panic!("it is a tuple")
/// };
/// assert_eq!(places, [Array::from([0, 1]), Array::from([1, 2])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn unravel_index(indices: &Array, shape: &Sizes) -> Result<Value> {
    let mut rest = indices.clone();
    let mut places = vec![];
    for &size in shape.0.iter().rev() {
        let size = Array::from(size as i32);
        let (quotient, place) = super::arithmetic::divmod(&rest, &size)?;
        places.push(place);
        rest = quotient;
    }
    // Positions beyond an end are those at the end.
    let beyond = lax::gt(&rest, &number(0.0, &rest))?;
    let before = match rest.dtype().kind() {
        pullback_core::Kind::Unsigned => Array::from(false),
        _ => lax::lt(&rest, &number(-1.0, &rest))?,
    };
    let bounded = |(&size, place): (&i64, &Array)| {
        let inside = select(&before, &number(0.0, place), place)?;
        select(&beyond, &number((size - 1) as f64, place), &inside)
    };
    let places: Vec<Array> =
        shape.0.iter().zip(places.iter().rev()).map(bounded).collect::<Result<_>>()?;
    Ok(Value::Tuple(places))
}

/// The positions of places in an array as one row, from their index along each axis.
///
/// ```
/// # use pullback::{Array, numpy::taking};
/// let places = [Array::from([0, 1]), Array::from([1, 2])];
/// let at = taking::ravel_multi_index(&places, &[2, 3].into(), "raise", "C", None)?;
/// assert_eq!(at, Array::from([1, 5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(mode = "raise", order = "C"), keyword_only(dtype))]
pub fn ravel_multi_index(
    multi_index: &[Array],
    dims: &Sizes,
    mode: &str,
    order: &str,
    dtype: Option<DType>,
) -> Result<Array> {
    let dims = shape_of("ravel_multi_index", &dims.0)?;
    if dims.len() != multi_index.len() {
        return Err(Error::value_error(
            "ravel_multi_index",
            format!("{} indices do not fit {} dims", multi_index.len(), dims.len()),
        ));
    }
    if multi_index.iter().any(|at| !at.dtype().is_integer()) {
        return Err(Error::type_error("ravel_multi_index", "only int indices permitted"));
    }
    let dtype = match dtype {
        Some(dtype) => promote::canonical(dtype),
        None => {
            let mut types: Vec<(DType, bool)> =
                multi_index.iter().map(|at| (at.dtype(), at.is_weak())).collect();
            types.push((promote::default_int(), false));
            promote::result_type("ravel_multi_index", &types)?.0
        }
    };
    let limits = iinfo(dtype)
        .map_err(|_| Error::value_error("ravel_multi_index", "dtype is not an integer type"))?;
    if product(&dims) as i128 - 1 > limits.max {
        return Err(Error::value_error(
            "ravel_multi_index",
            format!("{dtype} cannot hold the positions of an array of shape {dims:?}"),
        ));
    }
    let mut strides = Shape::from_elem(1, dims.len());
    match order {
        "C" => (1..dims.len()).rev().for_each(|i| strides[i - 1] = strides[i] * dims[i]),
        "F" => (1..dims.len()).for_each(|i| strides[i] = strides[i - 1] * dims[i - 1]),
        _ => {
            return Err(Error::value_error(
                "ravel_multi_index",
                format!("invalid order='{order}'. Expected 'C' or 'F'"),
            ));
        }
    }
    let mut result = Array::constant(0.0, dtype);
    for ((at, &size), &stride) in multi_index.iter().zip(&dims).zip(&strides) {
        let at = match mode {
            "raise" => {
                let tensor = at.concrete(Need::Value, "ravel_multi_index with mode='raise'")?;
                let valid = |at: &i64| (0..size as i64).contains(at);
                if !integers(&tensor).unwrap_or_default().iter().all(valid) {
                    return Err(Error::value_error(
                        "ravel_multi_index",
                        "invalid entry in coordinates array",
                    ));
                }
                at.clone()
            }
            "clip" => within(at, size)?,
            "wrap" => remainder(at, &integer(size as i128, at.dtype()))?,
            "ignore" => at.clone(),
            _ => {
                return Err(Error::value_error(
                    "ravel_multi_index",
                    format!("invalid mode='{mode}'. Expected 'raise', 'wrap', 'clip', or 'ignore'"),
                ));
            }
        };
        let at = as_type(&at, Some(dtype))?;
        let far = lax::mul(&at, &integer(stride as i128, dtype))?;
        result = super::arithmetic::add(&result, &far)?;
    }
    Ok(result)
}

/// Positions along several axes as arrays that broadcast to a grid of all combinations; masks
/// become the positions where they hold.
///
/// ```
/// # use pullback::{Array, api::Value, numpy::taking};
/// let Value::Tuple(grid) = taking::ix_(&[Array::from([0, 2]), Array::from([1])])? else {
///     panic!("it is a tuple")
/// };
/// assert_eq!(grid, [Array::from([[0], [2]]), Array::from([[1]])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(variadic(args))]
pub fn ix_(args: &[Array]) -> Result<Value> {
    let grid = |(axis, x): (usize, &Array)| {
        if x.rank() != 1 {
            return Err(Error::value_error(
                "ix_",
                format!("arguments must be 1-dimensional, got {}", x.aval()),
            ));
        }
        let x = match x.dtype() {
            DType::Bool => match nonzero(x, None, None)? {
                Value::Tuple(mut at) => at.swap_remove(0),
                _ => unreachable!("nonzero gives a tuple"),
            },
            _ => x.clone(),
        };
        let mut shape = Shape::from_elem(1, args.len());
        shape[axis] = x.count();
        lax::reshape(&x, &shape)
    };
    Ok(Value::Tuple(args.iter().enumerate().map(grid).collect::<Result<_>>()?))
}
