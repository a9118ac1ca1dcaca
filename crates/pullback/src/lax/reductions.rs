//! Reductions, running totals, products of matrices, and orders.

use pullback_core::primitives::reduction::dot_general::DotDims;
use pullback_core::primitives::rules;
use pullback_core::primitives::structure::positive_axis;
use pullback_core::{Array, DType, Error, Result, Shape, promote};
use pullback_macros::api;

use crate::api::{ApiFn, Arg, Axes, FromArg, Kind, Nested, OneOrMany};
use crate::numpy::common::size_of;

/// The functions of this module.
pub(super) static FUNCTIONS: &[&ApiFn] = &[
    &REDUCE_SUM_API,
    &REDUCE_PROD_API,
    &REDUCE_MAX_API,
    &REDUCE_MIN_API,
    &REDUCE_AND_API,
    &REDUCE_OR_API,
    &REDUCE_XOR_API,
    &ARGMAX_API,
    &ARGMIN_API,
    &CUMSUM_API,
    &CUMPROD_API,
    &CUMMAX_API,
    &CUMMIN_API,
    &CUMLOGSUMEXP_API,
    &DOT_API,
    &DOT_GENERAL_API,
    &BATCH_MATMUL_API,
    &SORT_API,
    &SORT_KEY_VAL_API,
    &TOP_K_API,
    &APPROX_MAX_K_API,
    &APPROX_MIN_K_API,
];

/// Axes as they are written here: not negative.
fn reduced(x: &Array, axes: &Axes) -> Result<Vec<usize>> {
    let axes: Option<Vec<usize>> = axes
        .0
        .iter()
        .map(|&axis| usize::try_from(axis).ok().filter(|&axis| axis < x.rank()))
        .collect();
    axes.ok_or_else(|| {
        Error::value_error(
            "reduction",
            format!("axes contain out-of-bounds indices for {}", x.aval()),
        )
    })
}

/// The sum over axes.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(lax::reduce_sum(&x, &0.into())?, Array::from([4, 6]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn reduce_sum(operand: &Array, axes: &Axes) -> Result<Array> {
    rules::reduce_sum(operand, &reduced(operand, axes)?)
}

/// The product over axes.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(lax::reduce_prod(&x, &[0, 1].into())?, 24);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn reduce_prod(operand: &Array, axes: &Axes) -> Result<Array> {
    rules::reduce_prod(operand, &reduced(operand, axes)?)
}

/// The largest element over axes.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([[1, 5], [4, 2]]);
/// assert_eq!(lax::reduce_max(&x, &0.into())?, Array::from([4, 5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn reduce_max(operand: &Array, axes: &Axes) -> Result<Array> {
    rules::reduce_max(operand, &reduced(operand, axes)?)
}

/// The smallest element over axes.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([[1, 5], [4, 2]]);
/// assert_eq!(lax::reduce_min(&x, &0.into())?, Array::from([1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn reduce_min(operand: &Array, axes: &Axes) -> Result<Array> {
    rules::reduce_min(operand, &reduced(operand, axes)?)
}

/// The bits that all elements over axes have.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::reduce_and(&Array::from([0b1100, 0b1010]), &0.into())?, 0b1000);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn reduce_and(operand: &Array, axes: &Axes) -> Result<Array> {
    rules::reduce_and(operand, &reduced(operand, axes)?)
}

/// The bits that any element over axes has.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::reduce_or(&Array::from([0b1100, 0b1010]), &0.into())?, 0b1110);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn reduce_or(operand: &Array, axes: &Axes) -> Result<Array> {
    rules::reduce_or(operand, &reduced(operand, axes)?)
}

/// The bits that an odd number of elements over axes have.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::reduce_xor(&Array::from([0b1100, 0b1010]), &0.into())?, 0b0110);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn reduce_xor(operand: &Array, axes: &Axes) -> Result<Array> {
    rules::reduce_xor(operand, &reduced(operand, axes)?)
}

fn axis_of(x: &Array, axis: i64) -> Result<usize> {
    usize::try_from(axis).ok().filter(|&axis| axis < x.rank()).ok_or_else(|| {
        Error::value_error("reduction", format!("invalid axis {axis} for operand {}", x.aval()))
    })
}

fn index_type(function: &str, dtype: Option<DType>) -> Result<DType> {
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_int));
    if dtype.is_integer() {
        return Ok(dtype);
    }
    Err(Error::type_error(function, format!("index_dtype must be an integer type, got {dtype}")))
}

/// The position of the largest element along an axis.
///
/// ```
/// # use pullback::{Array, DType, lax};
/// assert_eq!(lax::argmax(&Array::from([1, 5, 3]), 0, Some(DType::I32))?, 1);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(required(index_dtype))]
pub fn argmax(operand: &Array, axis: i64, index_dtype: Option<DType>) -> Result<Array> {
    rules::argmax(operand, axis_of(operand, axis)?, index_type("argmax", index_dtype)?)
}

/// The position of the smallest element along an axis.
///
/// ```
/// # use pullback::{Array, DType, lax};
/// assert_eq!(lax::argmin(&Array::from([4, 1, 3]), 0, Some(DType::I32))?, 1);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(required(index_dtype))]
pub fn argmin(operand: &Array, axis: i64, index_dtype: Option<DType>) -> Result<Array> {
    rules::argmin(operand, axis_of(operand, axis)?, index_type("argmin", index_dtype)?)
}

/// The sums up to each element along an axis, from the end if `reverse` says so.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([1, 2, 3]);
/// assert_eq!(lax::cumsum(&x, 0, false)?, Array::from([1, 3, 6]));
/// assert_eq!(lax::cumsum(&x, 0, true)?, Array::from([6, 5, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0, reverse = false))]
pub fn cumsum(operand: &Array, axis: i64, reverse: bool) -> Result<Array> {
    rules::cumsum(operand, axis_of(operand, axis)?, reverse)
}

/// The products up to each element along an axis, from the end if `reverse` says so.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::cumprod(&Array::from([1, 2, 3]), 0, false)?, Array::from([1, 2, 6]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0, reverse = false))]
pub fn cumprod(operand: &Array, axis: i64, reverse: bool) -> Result<Array> {
    rules::cumprod(operand, axis_of(operand, axis)?, reverse)
}

/// The largest up to each element along an axis, from the end if `reverse` says so.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::cummax(&Array::from([1, 5, 3]), 0, false)?, Array::from([1, 5, 5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0, reverse = false))]
pub fn cummax(operand: &Array, axis: i64, reverse: bool) -> Result<Array> {
    rules::cummax(operand, axis_of(operand, axis)?, reverse)
}

/// The smallest up to each element along an axis, from the end if `reverse` says so.
///
/// ```
/// # use pullback::{Array, lax};
/// assert_eq!(lax::cummin(&Array::from([4, 1, 3]), 0, false)?, Array::from([4, 1, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0, reverse = false))]
pub fn cummin(operand: &Array, axis: i64, reverse: bool) -> Result<Array> {
    rules::cummin(operand, axis_of(operand, axis)?, reverse)
}

/// The logarithms of the sums of exponentials up to each element along an axis.
///
/// ```
/// # use pullback::{Array, lax};
/// let y = lax::cumlogsumexp(&Array::from([1000.0, 1000.0]), 0, false)?.to_vec::<f32>()?;
/// assert!(y[0] == 1000.0 && (y[1] - 1000.693).abs() < 1e-3);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0, reverse = false))]
pub fn cumlogsumexp(operand: &Array, axis: i64, reverse: bool) -> Result<Array> {
    rules::cumlogsumexp(operand, axis_of(operand, axis)?, reverse)
}

/// Axes that are summed over, and axes that run along: `((lhs, rhs), (lhs, rhs))`.
impl FromArg for DotDims {
    const KIND: Kind = Kind::Nested;

    fn from_arg(arg: Arg) -> Option<Self> {
        let nested = Nested::from_arg(arg)?;
        let [contract, batch] = nested.entries()? else { return None };
        let ([lhs_contract, rhs_contract], [lhs_batch, rhs_batch]) =
            (contract.entries()?, batch.entries()?)
        else {
            return None;
        };
        let list = |list: &Nested| -> Option<Shape> {
            list.ints()?.iter().map(|&axis| usize::try_from(axis).ok()).collect()
        };
        Some(DotDims {
            lhs_contract: list(lhs_contract)?,
            rhs_contract: list(rhs_contract)?,
            lhs_batch: list(lhs_batch)?,
            rhs_batch: list(rhs_batch)?,
        })
    }
}

impl FromArg for Option<DotDims> {
    const KIND: Kind = Kind::Nested;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::None | Arg::Missing => Some(None),
            arg => DotDims::from_arg(arg).map(Some),
        }
    }
}

/// The sum of products over axes, which `dimension_numbers` lists for both operands, after which
/// come those that run along together.
///
/// ```
/// use pullback::{Array, lax};
/// use pullback_core::primitives::reduction::dot_general::DotDims;
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[2, 2])?;
/// let dims = DotDims {
///     lhs_contract: [0][..].into(),
///     rhs_contract: [0][..].into(),
///     ..DotDims::default()
/// };
/// let y = lax::dot_general(&x, &x, dims, (), None)?;
/// assert_eq!(y.to_vec::<f32>()?, [10.0, 14.0, 14.0, 20.0]);
/// # Ok(())
/// # }
/// ```
#[api(ignored(out_sharding))]
pub fn dot_general(
    lhs: &Array,
    rhs: &Array,
    dimension_numbers: DotDims,
    precision: (),
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    let () = precision;
    let preferred = preferred_element_type.map(promote::canonical);
    let product = |x: &Array, y: &Array| {
        let result = rules::dot_general(x, y, dimension_numbers, preferred);
        result.map_err(|error| match error {
            Error::Axis { function, axis, rank } => Error::type_error(
                function,
                format!(
                    "dimension numbers name axis {axis} of an array of dimension {rank}; got {} \
                     and {}",
                    x.aval(),
                    y.aval()
                ),
            ),
            error => error,
        })
    };
    if lhs.dtype() == rhs.dtype() {
        return product(lhs, rhs);
    }
    let both = promote::promote_types("dot_general", &[lhs, rhs])?;
    product(&both[0], &both[1])
}

/// The product of two vectors, of a matrix and a vector, or of two matrices; or, with
/// `dimension_numbers`, what [`dot_general`] gives.
///
/// ```
/// # use pullback::{Array, lax};
/// let (a, x) = (Array::from([[1, 2], [3, 4]]), Array::from([1, 10]));
/// assert_eq!(lax::dot(&a, &x, None, None)?, Array::from([21, 43]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(dimension_numbers, preferred_element_type), ignored(precision, out_sharding))]
pub fn dot(
    lhs: &Array,
    rhs: &Array,
    dimension_numbers: Option<DotDims>,
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    if let Some(dims) = dimension_numbers {
        return dot_general(lhs, rhs, dims, (), preferred_element_type);
    }
    let simple = (1..=2).contains(&lhs.rank())
        && (1..=2).contains(&rhs.rank())
        && lhs.shape().last() == rhs.shape().first();
    if !simple {
        return Err(Error::value_error(
            "dot",
            format!(
                "dimension_numbers must be specified when not performing simple un-batched \
                 matrix-matrix, matrix-vector, or vector-vector products; got {} and {}",
                lhs.aval(),
                rhs.aval()
            ),
        ));
    }
    let dims = DotDims {
        lhs_contract: [lhs.rank() - 1][..].into(),
        rhs_contract: [0][..].into(),
        ..DotDims::default()
    };
    dot_general(lhs, rhs, dims, (), preferred_element_type)
}

/// The products of matrices in the last two axes; the others run along.
///
/// ```
/// # use pullback::lax;
/// let x = lax::full(&[5, 2, 3].into(), &1.0.into(), None)?;
/// let y = lax::full(&[5, 3, 4].into(), &1.0.into(), None)?;
/// let product = lax::batch_matmul(&x, &y, ())?;
/// assert_eq!(product, lax::full(&[5, 2, 4].into(), &3.0.into(), None)?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn batch_matmul(lhs: &Array, rhs: &Array, precision: ()) -> Result<Array> {
    if lhs.rank() < 2 || rhs.rank() < 2 {
        return Err(Error::value_error(
            "batch_matmul",
            format!("arguments must be at least 2D, got {} and {}", lhs.aval(), rhs.aval()),
        ));
    }
    if lhs.rank() != rhs.rank() {
        return Err(Error::value_error(
            "batch_matmul",
            format!("arguments must have the same rank, got {} and {}", lhs.aval(), rhs.aval()),
        ));
    }
    let batch: Shape = (0..lhs.rank() - 2).collect();
    let dims = DotDims {
        lhs_contract: [lhs.rank() - 1][..].into(),
        rhs_contract: [rhs.rank() - 2][..].into(),
        lhs_batch: batch.clone(),
        rhs_batch: batch,
    };
    dot_general(lhs, rhs, dims, precision, None)
}

/// The array in rising order along an axis; of several arrays, all in the order of the first
/// `num_keys`.
///
/// ```
/// # use pullback::{Array, lax};
/// use pullback::api::OneOrMany;
/// let x = OneOrMany::One(Array::from([3, 1, 2]));
/// let OneOrMany::One(y) = lax::sort(x, -1, true, 1)? else { panic!("it is one array") };
/// assert_eq!(y, Array::from([1, 2, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(dimension = -1, is_stable = true, num_keys = 1))]
pub fn sort(
    operand: OneOrMany,
    dimension: i64,
    is_stable: bool,
    num_keys: i64,
) -> Result<OneOrMany> {
    let operands: Vec<&Array> = match &operand {
        OneOrMany::One(x) => vec![x],
        OneOrMany::Many(x) => x.iter().collect(),
    };
    let Some(first) = operands.first() else {
        return Err(Error::type_error("sort", "requires at least one operand"));
    };
    let keys = usize::try_from(num_keys).ok().filter(|n| (1..=operands.len()).contains(n));
    let keys = keys.ok_or_else(|| {
        Error::value_error(
            "sort",
            format!("num_keys={num_keys} must be between 1 and {}", operands.len()),
        )
    })?;
    let axis = positive_axis("sort", dimension, first.rank())?;
    let mut sorted = rules::sort(&operands, axis, is_stable, keys)?.into_vec();
    Ok(match operand {
        OneOrMany::One(_) => OneOrMany::One(sorted.swap_remove(0)),
        OneOrMany::Many(_) => OneOrMany::Many(sorted),
    })
}

/// Keys in rising order along an axis, and the values in the same order.
///
/// ```
/// # use pullback::{Array, lax};
/// let (keys, values) = (Array::from([3, 1, 2]), Array::from([30, 10, 20]));
/// let (keys, values) = lax::sort_key_val(&keys, &values, -1, true)?;
/// assert_eq!(keys, Array::from([1, 2, 3]));
/// assert_eq!(values, Array::from([10, 20, 30]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(dimension = -1, is_stable = true))]
pub fn sort_key_val(
    keys: &Array,
    values: &Array,
    dimension: i64,
    is_stable: bool,
) -> Result<(Array, Array)> {
    let axis = positive_axis("sort_key_val", dimension, keys.rank())?;
    let sorted = rules::sort(&[keys, values], axis, is_stable, 1)?;
    Ok((sorted[0].clone(), sorted[1].clone()))
}

fn largest(function: &str, x: &Array, k: i64, axis: i64) -> Result<(Array, Array)> {
    let axis = positive_axis(function, axis, x.rank())?;
    let k = size_of(function, k)?;
    if k > x.shape()[axis] {
        return Err(Error::value_error(
            function,
            format!("k must be no larger than the size of the axis; got {k} for {}", x.aval()),
        ));
    }
    let [values, places] = rules::top_k(x, k, axis)?;
    Ok((values, places))
}

/// The `k` largest elements along an axis in falling order, and their positions.
///
/// ```
/// # use pullback::{Array, lax};
/// let (values, places) = lax::top_k(&Array::from([4, 9, 7]), 2, -1, true)?;
/// assert_eq!(values, Array::from([9, 7]));
/// assert_eq!(places, Array::from([1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1, is_stable = true), keyword_only(axis))]
pub fn top_k(operand: &Array, k: i64, axis: i64, is_stable: bool) -> Result<(Array, Array)> {
    let _ = is_stable;
    largest("top_k", operand, k, axis)
}

/// The `k` largest elements along an axis in falling order, and their positions: all of them,
/// whatever share of them is asked for.
///
/// ```
/// # use pullback::{Array, lax};
/// let (values, places) = lax::approx_max_k(&Array::from([4.0, 9.0, 7.0]), 2, -1, 0.95, -1, true)?;
/// assert_eq!(values, Array::from([9.0, 7.0]));
/// assert_eq!(places, Array::from([1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(
    reduction_dimension = -1,
    recall_target = 0.95,
    reduction_input_size_override = -1,
    aggregate_to_topk = true
))]
pub fn approx_max_k(
    operand: &Array,
    k: i64,
    reduction_dimension: i64,
    recall_target: f64,
    reduction_input_size_override: i64,
    aggregate_to_topk: bool,
) -> Result<(Array, Array)> {
    let _ = (recall_target, reduction_input_size_override, aggregate_to_topk);
    largest("approx_max_k", operand, k, reduction_dimension)
}

/// The `k` smallest elements along an axis in rising order, and their positions.
///
/// ```
/// # use pullback::{Array, lax};
/// let (values, places) = lax::approx_min_k(&Array::from([4.0, 9.0, 7.0]), 2, -1, 0.95, -1, true)?;
/// assert_eq!(values, Array::from([4.0, 7.0]));
/// assert_eq!(places, Array::from([0, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(
    reduction_dimension = -1,
    recall_target = 0.95,
    reduction_input_size_override = -1,
    aggregate_to_topk = true
))]
pub fn approx_min_k(
    operand: &Array,
    k: i64,
    reduction_dimension: i64,
    recall_target: f64,
    reduction_input_size_override: i64,
    aggregate_to_topk: bool,
) -> Result<(Array, Array)> {
    let _ = (recall_target, reduction_input_size_override, aggregate_to_topk);
    let (values, places) = largest("approx_min_k", &rules::neg(operand)?, k, reduction_dimension)?;
    Ok((rules::neg(&values)?, places))
}
