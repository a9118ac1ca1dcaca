//! Sums and other reductions over segments, with the names and meanings of `jax.ops`.

use pullback_core::primitives::indexing::scatter::{Scatter, ScatterDims, ScatterOp};
use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Need, Result, promote};
use pullback_macros::{Keywords, api};

use crate::api::ApiFn;
use crate::numpy::common::{broadcast, number, size_of};
use crate::numpy::dtypes::{bounds, integer};
use crate::numpy::indexing::Bounds;
use crate::numpy::reductions;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] =
    &[&SEGMENT_SUM_API, &SEGMENT_PROD_API, &SEGMENT_MAX_API, &SEGMENT_MIN_API];

/// What reductions over segments take besides the data and the segment of each.
#[derive(Clone, Debug, Default, Keywords)]
pub struct Segments {
    /// How many segments there are; by default one more than the largest number given.
    pub num_segments: Option<i64>,
    /// Whether the segments are known to be sorted.
    pub indices_are_sorted: bool,
    /// Whether they are known to be distinct.
    pub unique_indices: bool,
    /// How many entries are reduced at a time, for less rounding.
    pub bucket_size: Option<i64>,
    /// What happens to numbers out of bounds; by default they are dropped.
    pub mode: Option<String>,
    /// Not used: there is one device.
    pub out_sharding: (),
}

/// One operation over segments, from its neutral element.
fn segmented(
    function: &'static str,
    op: ScatterOp,
    neutral: impl FnOnce(DType) -> Result<Array>,
    reduce: impl FnOnce(&Array) -> Result<Array>,
    [data, ids]: [&Array; 2],
    options: &Segments,
) -> Result<Array> {
    if !ids.dtype().is_integer() {
        let message = format!("segments must be of an integer type, got {}", ids.aval());
        return Err(Error::type_error(function, message));
    }
    if data.rank() == 0 || ids.shape() != &data.shape()[..ids.rank().min(data.rank())] {
        let message = format!("segments {} do not fit the data {}", ids.aval(), data.aval());
        return Err(Error::value_error(function, message));
    }
    let segments = match options.num_segments {
        Some(count) => size_of(function, count)?,
        None => {
            let known = ids.concrete(Need::Integer, "the number of segments")?;
            let largest = reductions::max(&Array::new(known), Default::default())?;
            size_of(function, largest.to_i64()? + 1)?
        }
    };
    let mode = match options.mode.as_deref() {
        Some(name) => Bounds::from_name(function, name)?,
        None => Bounds::Fill,
    };
    let count = ids.rank();
    let mut at = lax::expand_dims(ids, &[count])?;
    let mut shape = vec![segments];
    shape.extend_from_slice(&data.shape()[count..]);
    if let Some(size) = options.bucket_size {
        let size = size_of(function, size)?.max(1);
        shape.insert(0, ids.count().div_ceil(size));
        let bucket = lax::iota(ids.dtype(), at.shape(), 0)?;
        let bucket = lax::div(&bucket, &integer(size as i128, ids.dtype()))?;
        at = lax::concatenate(&[&bucket, &at], count)?;
    }
    let start = broadcast(&neutral(data.dtype())?, &shape)?;
    let inserted: Vec<usize> = (0..1 + options.bucket_size.is_some() as usize).collect();
    let dims = ScatterDims {
        update_window_dims: (count..data.rank()).collect(),
        inserted_window_dims: inserted.iter().copied().collect(),
        scatter_dims_to_operand_dims: inserted.iter().copied().collect(),
        ..ScatterDims::default()
    };
    let scatter = Scatter {
        indices_are_sorted: options.indices_are_sorted,
        unique_indices: options.unique_indices,
        ..Scatter::new(op, dims, mode.mode(), data.dtype())
    };
    let data = promote::to_type(data, data.dtype(), false)?;
    let y = lax::scatter(&start, &at, &data, scatter)?;
    match options.bucket_size {
        Some(_) => lax::convert_element_type(&reduce(&y)?, data.dtype()),
        None => Ok(y),
    }
}

fn lowest(dtype: DType, high: bool) -> Result<Array> {
    match dtype {
        DType::Bool => Ok(Array::from(high)),
        dtype if dtype.is_inexact() => {
            let infinite = if high { f64::INFINITY } else { f64::NEG_INFINITY };
            Ok(Array::constant(infinite, dtype))
        }
        dtype => {
            let [low, top] = bounds(dtype)?;
            Ok(if high { top } else { low })
        }
    }
}

/// The sum of the entries of each segment.
///
/// ```
/// use pullback::Array;
/// use pullback::ops::{Segments, segment_sum};
///
/// # fn main() -> pullback::Result<()> {
/// let data = Array::from([1.0f32, 2.0, 3.0, 4.0]);
/// let y = segment_sum(&data, &Array::from([0, 0, 2, 2]), Segments::default())?;
/// assert_eq!(y.to_vec::<f32>()?, [3.0, 0.0, 7.0]);
/// # Ok(())
/// # }
/// ```
#[api]
pub fn segment_sum(data: &Array, segment_ids: &Array, options: Segments) -> Result<Array> {
    let zero = |dtype| Ok(number(0.0, &Array::constant(0.0, dtype)));
    let sum = |x: &Array| reductions::sum(x, reductions::Sum::new().axis(0));
    segmented("segment_sum", ScatterOp::Add, zero, sum, [data, segment_ids], &options)
}

/// The product of the entries of each segment.
///
/// ```
/// use pullback::Array;
/// use pullback::ops::{Segments, segment_prod};
///
/// let data = Array::from([2.0f32, 3.0, 4.0]);
/// let y = segment_prod(&data, &Array::from([0, 0, 2]), Segments::default())?;
/// assert_eq!(y, Array::from([6.0f32, 1.0, 4.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn segment_prod(data: &Array, segment_ids: &Array, options: Segments) -> Result<Array> {
    let one = |dtype| Ok(number(1.0, &Array::constant(1.0, dtype)));
    let product = |x: &Array| reductions::prod(x, reductions::Sum::new().axis(0));
    segmented("segment_prod", ScatterOp::Mul, one, product, [data, segment_ids], &options)
}

/// The largest entry of each segment; minus infinity, or the least number, where there is none.
///
/// ```
/// use pullback::Array;
/// use pullback::ops::{Segments, segment_max};
///
/// let data = Array::from([2.0f32, 3.0, 4.0]);
/// let y = segment_max(&data, &Array::from([0, 0, 1]), Segments::default())?;
/// assert_eq!(y, Array::from([3.0f32, 4.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn segment_max(data: &Array, segment_ids: &Array, options: Segments) -> Result<Array> {
    let most = |x: &Array| lax::reduce_max(x, &[0]);
    let neutral = |dtype| lowest(dtype, false);
    segmented("segment_max", ScatterOp::Max, neutral, most, [data, segment_ids], &options)
}

/// The least entry of each segment; infinity, or the largest number, where there is none.
///
/// ```
/// use pullback::Array;
/// use pullback::ops::{Segments, segment_min};
///
/// let data = Array::from([2.0f32, 3.0, 4.0]);
/// let y = segment_min(&data, &Array::from([0, 0, 1]), Segments::default())?;
/// assert_eq!(y, Array::from([2.0f32, 4.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn segment_min(data: &Array, segment_ids: &Array, options: Segments) -> Result<Array> {
    let least = |x: &Array| lax::reduce_min(x, &[0]);
    let neutral = |dtype| lowest(dtype, true);
    segmented("segment_min", ScatterOp::Min, neutral, least, [data, segment_ids], &options)
}
