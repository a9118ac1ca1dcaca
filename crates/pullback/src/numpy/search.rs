//! Sorting and searching: orders, positions, bins, and what arrays have in common.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Need, Result, promote};
use pullback_macros::api;

use super::arithmetic::{add, multiply, subtract, true_divide};
use super::common::{
    as_type, axis_of, broadcast, filled, inexact, not_equal_itself, number, select, shape_of,
    size_of, truth,
};
use super::indexing::{Access, Bounds, Index, Update, get, get_with, positions, update};
use super::logic::where_;
use super::manipulation::{part, ravel};
use super::reductions::{self, Extreme, Reduce, Sum};
use crate::api::{ApiFn, Axes, Value};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &SORT_API,
    &ARGSORT_API,
    &LEXSORT_API,
    &PARTITION_API,
    &ARGPARTITION_API,
    &TOP_K_API,
    &SORT_COMPLEX_API,
    &WHERE_API,
    &NONZERO_API,
    &ARGWHERE_API,
    &FLATNONZERO_API,
    &SEARCHSORTED_API,
    &DIGITIZE_API,
    &BINCOUNT_API,
    &HISTOGRAM_BIN_EDGES_API,
    &HISTOGRAM_API,
    &UNIQUE_API,
    &ISIN_API,
    &MEDIAN_API,
    &NANMEDIAN_API,
    &QUANTILE_API,
    &NANQUANTILE_API,
    &PERCENTILE_API,
    &NANPERCENTILE_API,
];

/// The array as one row if there is no axis, and the axis.
fn along(function: &str, a: &Array, axis: Option<i64>) -> Result<(Array, usize)> {
    match axis {
        Some(axis) => Ok((a.clone(), axis_of(function, axis, a.rank())?)),
        None => Ok((ravel(a, "C")?, 0)),
    }
}

/// The elements in rising order along an axis; NaN comes last.
///
/// Complex numbers are ordered by real part first. Without an axis the array is treated as one row.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([3, 1, 2]);
/// assert_eq!(jnp::sort(&x, Some(-1), None, None, true, false)?, Array::from([1, 2, 3]));
/// assert_eq!(jnp::sort(&x, Some(-1), None, None, true, true)?, Array::from([3, 2, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(axis = -1, stable = true, descending = false),
    keyword_only(kind)
)]
pub fn sort(
    a: &Array,
    axis: Option<i64>,
    kind: Option<&str>,
    order: Option<&str>,
    stable: bool,
    descending: bool,
) -> Result<Array> {
    let _ = (kind, order);
    let (x, axis) = along("sort", a, axis)?;
    let y = lax::sort(&[&x], axis, stable, 1)?.swap_remove(0);
    if descending { lax::rev(&y, &[axis]) } else { Ok(y) }
}

/// The positions that put the elements in rising order along an axis.
///
/// Equal elements keep their order.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([30, 10, 20]);
/// let order = jnp::argsort(&x, Some(-1), None, None, true, false, None)?;
/// assert_eq!(order, Array::from([1, 2, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(axis = -1, stable = true, descending = false),
    keyword_only(kind)
)]
pub fn argsort(
    a: &Array,
    axis: Option<i64>,
    kind: Option<&str>,
    order: Option<&str>,
    stable: bool,
    descending: bool,
    dtype: Option<DType>,
) -> Result<Array> {
    let _ = (kind, order);
    let (mut x, axis) = along("argsort", a, axis)?;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_int));
    let mut place = lax::iota(dtype, x.shape(), axis)?;
    // Sorted backwards from the back, equal elements keep their order in falling sequence.
    if descending {
        x = lax::rev(&x, &[axis])?;
        place = lax::rev(&place, &[axis])?;
    }
    let y = lax::sort(&[&x, &place], axis, stable, 1)?.swap_remove(1);
    if descending { lax::rev(&y, &[axis]) } else { Ok(y) }
}

/// The positions that sort by several keys, the last of them first.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (minor, major) = (Array::from([3, 1, 2]), Array::from([1, 0, 0]));
/// assert_eq!(jnp::lexsort(&[minor, major], -1)?, Array::from([1, 2, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1), ignored(batch_size))]
pub fn lexsort(keys: &[Array], axis: i64) -> Result<Array> {
    let Some(first) = keys.first() else {
        return Err(Error::type_error("lexsort", "need sequence of keys with len > 0"));
    };
    if keys.iter().any(|key| key.shape() != first.shape()) {
        return Err(Error::value_error("lexsort", "all keys need to be the same shape"));
    }
    if first.rank() == 0 {
        return Ok(Array::constant(0.0, promote::default_int()));
    }
    let axis = axis_of("lexsort", axis, first.rank())?;
    let place = lax::iota(promote::default_int(), first.shape(), axis)?;
    let operands: Vec<&Array> = keys.iter().rev().chain([&place]).collect();
    Ok(lax::sort(&operands, axis, true, keys.len())?.swap_remove(keys.len()))
}

/// Elements in the opposite order: the largest become the smallest.
fn opposite(x: &Array) -> Result<Array> {
    if x.dtype().is_complex() {
        return Err(Error::unsupported("partition", "complex numbers are not implemented"));
    }
    if x.dtype().is_float() { lax::neg(x) } else { lax::not(x) }
}

/// The array with the element at `kth` where it would be if sorted, smaller ones before it and
/// larger ones after.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::partition(&Array::from([5, 1, 4, 2]), 1, -1)?;
/// assert_eq!(jnp::get(&y, &[1.into()])?, 2);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1))]
pub fn partition(a: &Array, kth: i64, axis: i64) -> Result<Array> {
    let axis = axis_of("partition", axis, a.rank())?;
    let size = a.shape()[axis];
    let kth = axis_of("partition", kth, size)?;
    let [smallest, _] = lax::top_k(&opposite(a)?, kth + 1, axis)?;
    let [largest, _] = lax::top_k(a, size - kth - 1, axis)?;
    lax::concatenate(&[&opposite(&smallest)?, &largest], axis)
}

/// The positions that partition an array; see [`partition`].
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let order = jnp::argpartition(&Array::from([5, 1, 4, 2]), 0, -1)?;
/// assert_eq!(jnp::get(&order, &[0.into()])?, 1);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1))]
pub fn argpartition(a: &Array, kth: i64, axis: i64) -> Result<Array> {
    let axis = axis_of("argpartition", axis, a.rank())?;
    let size = a.shape()[axis];
    let kth = axis_of("argpartition", kth, size)?;
    let [_, smallest] = lax::top_k(&opposite(a)?, kth + 1, axis)?;
    // The others in the order in which they stand, whatever is equal to what.
    let ones = broadcast(&Array::constant(1.0, DType::F32), a.shape())?;
    let zero = Array::constant(0.0, DType::F32);
    let left =
        super::taking::put_along_axis(&ones, &smallest, &zero, Some(axis as i64), false, None)?;
    let [_, others] = lax::top_k(&left, size - kth - 1, axis)?;
    lax::concatenate(&[&smallest, &others], axis)
}

/// The `k` largest elements along an axis in falling order, and their positions; the smallest in
/// rising order, if `mode` is "smallest".
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (values, places) = jnp::top_k(&Array::from([4, 9, 7]), 2, -1, "largest", true)?;
/// assert_eq!(values, Array::from([9, 7]));
/// assert_eq!(places, Array::from([1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(axis = -1, mode = "largest", sorted = true),
    keyword_only(axis)
)]
pub fn top_k(a: &Array, k: i64, axis: i64, mode: &str, sorted: bool) -> Result<(Array, Array)> {
    let _ = sorted;
    let axis = axis_of("top_k", axis, a.rank())?;
    let k = size_of("top_k", k)?;
    match mode {
        "largest" => {
            let [values, places] = lax::top_k(a, k, axis)?;
            Ok((values, places))
        }
        "smallest" => {
            let values = sort(a, Some(axis as i64), None, None, true, false)?;
            let places = argsort(a, Some(axis as i64), None, None, true, false, None)?;
            Ok((part(&values, axis, 0, k)?, part(&places, axis, 0, k)?))
        }
        _ => Err(Error::value_error("top_k", format!("got mode '{mode}'"))),
    }
}

/// The elements as complex numbers in rising order, by real part first.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::sort_complex(&Array::from([3.0, 1.0]))?;
/// assert_eq!(jnp::real(&y)?, Array::from([1.0, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sort_complex(a: &Array) -> Result<Array> {
    let y = sort(a, Some(-1), None, None, true, false)?;
    lax::convert_element_type(&y, inexact(&y)?.dtype().complex())
}

/// `x` where the condition holds, else `y`; with a condition alone, the indices where it holds.
///
/// ```
/// # use pullback::{Array, api::Value, numpy as jnp};
/// let x = Array::from([1, -2, 3]);
/// let positive = jnp::greater(&x, &0.into())?;
/// let y = jnp::r#where(&positive, Some(&x), Some(&0.into()), None, None)?;
/// let Value::Array(y) = y else { panic!("it is an array") };
/// assert_eq!(y, Array::from([1, 0, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(name = "where", keyword_only(size))]
pub fn r#where(
    condition: &Array,
    x: Option<&Array>,
    y: Option<&Array>,
    size: Option<i64>,
    fill_value: Option<&Array>,
) -> Result<Value> {
    match (x, y) {
        (Some(x), Some(y)) => Ok(Value::Array(where_(condition, x, y)?)),
        (None, None) => nonzero(condition, size, fill_value),
        _ => Err(Error::type_error("where", "either both or neither of x and y should be given")),
    }
}

/// The indices of elements that are not zero, one array an axis.
///
/// How many there are must be known: the array is concrete, or `size` says how many to give; too
/// few are filled up.
///
/// ```
/// # use pullback::{Array, api::Value, numpy as jnp};
/// let Value::Tuple(places) = jnp::nonzero(&Array::from([[0, 3], [4, 0]]), None, None)? else {
///     panic!("it is a tuple")
/// };
/// assert_eq!(places, [Array::from([0, 1]), Array::from([1, 0])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(size))]
pub fn nonzero(a: &Array, size: Option<i64>, fill_value: Option<&Array>) -> Result<Value> {
    if a.rank() == 0 {
        return Err(Error::value_error(
            "nonzero",
            "calling nonzero on 0d arrays is not allowed; use jnp.atleast_1d(scalar).nonzero() instead",
        ));
    }
    let mask = truth(a)?;
    let Some(size) = size else {
        let what = "the number of elements that are not zero";
        let mask = mask.concrete(Need::Value, what).map_err(|error| error.within("nonzero"))?;
        let dtype = promote::default_int();
        let at = positions(&Array::new(mask))?;
        let at = at.iter().map(|x| lax::convert_element_type(x, dtype)).collect::<Result<_>>()?;
        return Ok(Value::Tuple(at));
    };
    let size = size_of("nonzero", size)?;
    let dtype = promote::default_int();
    let flat = ravel(&mask, "C")?;
    // A running count says which element is the i-th: the first where it exceeds i.
    let count = lax::cumsum(&lax::convert_element_type(&flat, dtype)?, 0, false)?;
    let wanted = lax::iota(dtype, &[size], 0)?;
    let place = places_of(&count, &lax::add(&wanted, &number(1.0, &wanted))?, "left")?;
    let total = reductions::sum(&flat, Sum::default())?;
    let found = lax::lt(&wanted, &total)?;
    let mut stride = a.count();
    let mut results = vec![];
    for &length in a.shape() {
        stride = stride.checked_div(length).unwrap_or(0);
        let divisor = number(stride.max(1) as f64, &place);
        let modulus = number(length.max(1) as f64, &place);
        let at = lax::rem(&lax::div(&place, &divisor)?, &modulus)?;
        let fill = match fill_value {
            Some(fill) => lax::convert_element_type(fill, dtype)?,
            None => number(0.0, &at),
        };
        results.push(select(&found, &at, &fill)?);
    }
    Ok(Value::Tuple(results))
}

fn tuple(value: Value) -> Vec<Array> {
    match value {
        Value::Tuple(arrays) | Value::List(arrays) => arrays,
        _ => vec![],
    }
}

/// The indices of elements that are not zero, a row each.
///
/// The size must be known, as for [`nonzero`].
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let places = jnp::argwhere(&Array::from([[0, 3], [4, 0]]), None, None)?;
/// assert_eq!(places, Array::from([[0, 1], [1, 0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(size))]
pub fn argwhere(a: &Array, size: Option<i64>, fill_value: Option<&Array>) -> Result<Array> {
    if a.rank() == 0 {
        let rows = usize::from(truth(a)?.to_bool()?);
        return broadcast(&Array::constant(0.0, promote::default_int()), &[rows, 0]);
    }
    super::joining::stack(&tuple(nonzero(a, size, fill_value)?), 1, (), None)
}

/// The indices of elements that are not zero, in the array as one row.
///
/// The size must be known, as for [`nonzero`].
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[0, 3], [4, 0]]);
/// assert_eq!(jnp::flatnonzero(&x, None, None)?, Array::from([1, 2]));
/// assert_eq!(jnp::flatnonzero(&x, Some(3), Some(&(-1).into()))?, Array::from([1, 2, -1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(size))]
pub fn flatnonzero(a: &Array, size: Option<i64>, fill_value: Option<&Array>) -> Result<Array> {
    Ok(tuple(nonzero(&ravel(a, "C")?, size, fill_value)?).swap_remove(0))
}

/// Where to put elements into a sorted array: before those equal to them, or after ("right").
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let sorted = Array::from([1, 2, 2, 3]);
/// assert_eq!(jnp::searchsorted(&sorted, &2.into(), "left", None, "scan")?, 1);
/// assert_eq!(jnp::searchsorted(&sorted, &2.into(), "right", None, "scan")?, 3);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(side = "left", method = "scan"), keyword_only(method))]
pub fn searchsorted(
    a: &Array,
    v: &Array,
    side: &str,
    sorter: Option<&Array>,
    method: &str,
) -> Result<Array> {
    if !["compare_all", "scan", "scan_unrolled", "sort"].contains(&method) {
        return Err(Error::value_error(
            "searchsorted",
            format!(
                "{method} is an invalid value for keyword 'method'; expected one of \
                 ['compare_all', 'scan', 'scan_unrolled', 'sort']"
            ),
        ));
    }
    if side != "left" && side != "right" {
        return Err(Error::value_error(
            "searchsorted",
            format!(
                "{side} is an invalid value for keyword 'side'; expected one of ['left', 'right']"
            ),
        ));
    }
    if a.rank() != 1 {
        return Err(Error::value_error(
            "searchsorted",
            format!("a should be 1-dimensional, got {}", a.aval()),
        ));
    }
    let a = match sorter {
        Some(sorter) => get(a, &[Index::from_array(sorter)?])?,
        None => a.clone(),
    };
    let [a, v] = match promote::promote_types("searchsorted", &[&a, v])?.into_vec().try_into() {
        Ok(both) => both,
        Err(_) => unreachable!("promotion keeps the number of operands"),
    };
    let is_short = i32::try_from(a.shape()[0]).is_ok_and(|size| size < i32::MAX);
    let dtype = promote::canonical(if is_short { DType::I32 } else { DType::I64 });
    lax::searchsorted(&a, &v, side == "right", dtype)
}

/// What [`searchsorted`] finds, as integers of the default type.
pub(crate) fn places_of(a: &Array, v: &Array, side: &str) -> Result<Array> {
    let places = searchsorted(a, v, side, None, "scan")?;
    lax::convert_element_type(&places, promote::default_int())
}

/// The bin that each element lies in, from the bounds of the bins, rising or falling.
///
/// Bin 0 lies before the first bound. A bin includes its lower bound, or with `right` its upper
/// one.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let bounds = Array::from([0.0, 1.0, 2.0]);
/// let x = Array::from([-1.0, 1.0, 5.0]);
/// assert_eq!(jnp::digitize(&x, &bounds, false, None)?, Array::from([0, 2, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(right = false), keyword_only(method))]
pub fn digitize(x: &Array, bins: &Array, right: bool, method: Option<&str>) -> Result<Array> {
    let _ = method;
    if bins.rank() != 1 {
        return Err(Error::value_error(
            "digitize",
            format!("bins must be 1-dimensional, got {}", bins.aval()),
        ));
    }
    let size = bins.shape()[0];
    if size == 0 {
        return broadcast(&Array::constant(0.0, promote::default_int()), x.shape());
    }
    let side = if right { "left" } else { "right" };
    let rising = searchsorted(bins, x, side, None, "scan")?;
    let backwards = lax::rev(bins, &[0])?;
    let falling = searchsorted(&backwards, x, side, None, "scan")?;
    let falling = lax::sub(&number(size as f64, &falling), &falling)?;
    let first = lax::squeeze(&part(bins, 0, 0, 1)?, &[0])?;
    let last = lax::squeeze(&part(bins, 0, size - 1, size)?, &[0])?;
    select(&super::logic::greater_equal(&last, &first)?, &rising, &falling)
}

/// How often each whole number occurs, or the sum of the weights of its occurrences.
///
/// How many counts there are follows from the largest number, which must be known, unless `length`
/// is given. Negative numbers count as zero, those beyond the length not at all.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([0, 1, 1, 3]);
/// assert_eq!(jnp::bincount(&x, None, 0, None)?, Array::from([1, 2, 0, 1]));
/// let weights = Array::from([0.5, 1.0, 2.0, 4.0]);
/// assert_eq!(jnp::bincount(&x, Some(&weights), 0, Some(2))?, Array::from([0.5, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(minlength = 0), keyword_only(length), ignored(out_sharding))]
pub fn bincount(
    x: &Array,
    weights: Option<&Array>,
    minlength: i64,
    length: Option<i64>,
) -> Result<Array> {
    if x.rank() != 1 {
        return Err(Error::value_error(
            "bincount",
            format!("x must be 1-dimensional, got {}", x.aval()),
        ));
    }
    if !x.dtype().is_integer() && x.dtype() != DType::Bool {
        return Err(Error::type_error(
            "bincount",
            format!("x must have an integer type, got {}", x.aval()),
        ));
    }
    let x = match x.dtype() {
        DType::Bool => lax::convert_element_type(x, DType::I32)?,
        _ => x.clone(),
    };
    let length = match length {
        Some(length) => shape_of("bincount", &[length])?[0],
        None => {
            let values = x.concrete(Need::Value, "the largest element")?;
            let values = super::dtypes::integers(&values).unwrap_or_default();
            let largest = values.iter().max().map_or(0, |largest| largest + 1);
            size_of("bincount", largest.max(minlength).max(0))?
        }
    };
    let one = Array::constant(1.0, promote::default_int());
    let weights = weights.unwrap_or(&one);
    let zeros = broadcast(&number(0.0, weights), &[length])?;
    let zeros = lax::convert_element_type(&zeros, weights.dtype())?;
    // Negative numbers count as zero, and those beyond the length not at all.
    let at = lax::max(&x, &number(0.0, &x))?;
    let access = Access { mode: Some(Bounds::Fill), ..Access::default() };
    update(&zeros, &[Index::Array(at)], Update::Add, weights, &access)
}

/// The bounds of bins of equal width, or those given.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([0.0, 1.0, 4.0]);
/// let edges = jnp::histogram_bin_edges(&x, &4.into(), None, None)?;
/// assert_eq!(edges, Array::from([0.0, 1.0, 2.0, 3.0, 4.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(bins = 10))]
pub fn histogram_bin_edges(
    a: &Array,
    bins: &Array,
    range: Option<&Array>,
    weights: Option<&Array>,
) -> Result<Array> {
    let _ = weights;
    if bins.rank() == 1 {
        return Ok(bins.clone());
    }
    let count = Array::new(bins.concrete(Need::Value, "the number of bins")?).to_i64()?;
    let dtype = inexact(a)?.dtype();
    let flat = ravel(a, "C")?;
    let (low, high) = match range {
        Some(range) if range.shape() == [2] => {
            let at = |at: usize| lax::squeeze(&part(range, 0, at, at + 1)?, &[0]);
            (at(0)?, at(1)?)
        }
        Some(range) => {
            return Err(Error::value_error(
                "histogram",
                format!(
                    "`range` must be either None or a sequence of scalars, got {}",
                    range.aval()
                ),
            ));
        }
        None if flat.count() == 0 => (Array::constant(0.0, dtype), Array::constant(1.0, dtype)),
        None => (
            reductions::min(&flat, Extreme::default())?,
            reductions::max(&flat, Extreme::default())?,
        ),
    };
    let (low, high) = (as_type(&low, Some(dtype))?, as_type(&high, Some(dtype))?);
    // A range of no width gets one.
    let flat_range = lax::eq(&low, &high)?;
    let half = number(0.5, &low);
    let low = select(&flat_range, &lax::sub(&low, &half)?, &low)?;
    let high = select(&flat_range, &lax::add(&high, &half)?, &high)?;
    let edges =
        super::creation::linspace_with(&low, &high, count + 1, true, false, Some(dtype), 0)?;
    match edges {
        Value::Array(edges) => Ok(edges),
        _ => unreachable!("linspace without retstep gives an array"),
    }
}

/// How many elements lie in each bin, and the bounds of the bins.
///
/// A bin includes its lower bound; the last one its upper bound too.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([0.0, 1.0, 1.5, 4.0]);
/// let (counts, edges) = jnp::histogram(&x, &2.into(), None, None, None)?;
/// assert_eq!(counts, Array::from([3.0, 1.0]));
/// assert_eq!(edges, Array::from([0.0, 2.0, 4.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(bins = 10), ignored(out_sharding))]
pub fn histogram(
    a: &Array,
    bins: &Array,
    range: Option<&Array>,
    weights: Option<&Array>,
    density: Option<bool>,
) -> Result<(Array, Array)> {
    let edges = histogram_bin_edges(a, bins, range, weights)?;
    let flat = ravel(a, "C")?;
    let dtype = promote::inexact_type((a.dtype(), false)).0;
    let weights = match weights {
        Some(weights) if weights.shape() != a.shape() => {
            return Err(Error::value_error(
                "histogram",
                "weights should have the same shape as a.",
            ));
        }
        Some(weights) => ravel(weights, "C")?,
        None => filled(1.0, &lax::convert_element_type(&flat, dtype)?)?,
    };
    let last = edges.shape()[0] - 1;
    let bin = places_of(&edges, &flat, "right")?;
    // The last bin includes its upper bound.
    let top = lax::squeeze(&part(&edges, 0, last, last + 1)?, &[0])?;
    let at_top = super::logic::equal(&flat, &top)?;
    let bin = select(&at_top, &number(last as f64, &bin), &bin)?;
    let counts = bincount(&bin, Some(&weights), 0, Some(last as i64 + 1))?;
    let counts = part(&counts, 0, 1, last + 1)?;
    if density != Some(true) {
        return Ok((counts, edges));
    }
    let widths = subtract(&part(&edges, 0, 1, last + 1)?, &part(&edges, 0, 0, last)?)?;
    let total = reductions::sum(&counts, Sum::default())?;
    Ok((true_divide(&true_divide(&counts, &widths)?, &total)?, edges))
}

/// The distinct elements in rising order; also where each first occurs, which of them every
/// element is, and how often each occurs, as asked for.
///
/// How many there are must be known: the array is concrete, or `size` says how many to give.
///
/// ```
/// # use pullback::{Array, api::Value, numpy as jnp};
/// let x = Array::from([3, 1, 3]);
/// let y = jnp::unique(&x, false, false, true, None, true, None, None, true)?;
/// let Value::Tuple(y) = y else { panic!("it is a tuple") };
/// assert_eq!(y, [Array::from([1, 3]), Array::from([1, 2])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(
        return_index = false,
        return_inverse = false,
        return_counts = false,
        equal_nan = true,
        sorted = true
    ),
    keyword_only(equal_nan)
)]
pub fn unique(
    ar: &Array,
    return_index: bool,
    return_inverse: bool,
    return_counts: bool,
    axis: Option<i64>,
    equal_nan: bool,
    size: Option<i64>,
    fill_value: Option<&Array>,
    sorted: bool,
) -> Result<Value> {
    let _ = sorted;
    let int = promote::default_int();
    // The entries to compare are rows.
    let (rows, shape) = match axis {
        None => (lax::reshape(ar, &[ar.count(), 1])?, None),
        Some(axis) => {
            let axis = axis_of("unique", axis, ar.rank())?;
            let moved = lax::move_axis(ar, axis, 0)?;
            let count = moved.shape()[0];
            let width = super::common::product(&moved.shape()[1..]);
            (lax::reshape(&moved, &[count, width])?, Some((axis, moved.shape().to_vec())))
        }
    };
    let (count, width) = (rows.shape()[0], rows.shape()[1]);
    let column = |at: usize| lax::squeeze(&part(&rows, 1, at, at + 1)?, &[1]);
    let columns = (0..width).map(column).collect::<Result<Vec<_>>>()?;
    let order = match columns.is_empty() {
        true => lax::iota(int, &[count], 0)?,
        false => lexsort(&columns.iter().rev().cloned().collect::<Vec<_>>(), -1)?,
    };
    let arranged = match count {
        0 => rows.clone(),
        _ => get(&rows, &[Index::Array(order.clone())])?,
    };
    // An entry is new if it differs from the one before it.
    let mut is_new = broadcast(&Array::from(true), &[count.min(1)])?;
    if count > 1 {
        let (next, previous) = (part(&arranged, 0, 1, count)?, part(&arranged, 0, 0, count - 1)?);
        let mut differs = lax::ne(&next, &previous)?;
        if equal_nan && ar.dtype().is_inexact() {
            let both = lax::and(&not_equal_itself(&next)?, &not_equal_itself(&previous)?)?;
            differs = lax::and(&differs, &lax::not(&both)?)?;
        }
        let axis = Reduce { axis: Some(Axes(vec![1])), ..Reduce::default() };
        is_new = lax::concatenate(&[&is_new, &reductions::any(&differs, axis)?], 0)?;
    }
    let starts = match size {
        None => {
            let mask = is_new.concrete(Need::Value, "the number of distinct elements")?;
            positions(&Array::new(mask))?.swap_remove(0)
        }
        Some(size) => {
            let beyond = Array::constant(count as f64, int);
            tuple(nonzero(&is_new, Some(size), Some(&beyond))?).swap_remove(0)
        }
    };
    let starts = lax::convert_element_type(&starts, int)?;
    let found = starts.shape()[0];
    let total = lax::convert_element_type(&is_new, int)?;
    let total = reductions::sum(&total, Sum::default())?;
    let valid = lax::lt(&lax::iota(int, &[found], 0)?, &total)?;
    let clip = Access { mode: Some(Bounds::Clip), ..Access::default() };

    // Of nothing there is nothing to look up.
    let rows_at = |x: &Array| match count {
        0 => {
            let shape: Vec<usize> = [found].iter().chain(&x.shape()[1..]).copied().collect();
            broadcast(&number(0.0, x), &shape)
        }
        _ => get_with(x, &[Index::Array(starts.clone())], &clip),
    };
    let mut results = vec![];
    let mut values = rows_at(&arranged)?;
    if size.is_some() && found > 0 {
        let fill = match fill_value {
            Some(fill) => broadcast(&as_type(fill, Some(values.dtype()))?, &[1, width])?,
            None if count > 0 => part(&arranged, 0, 0, 1)?,
            None => {
                let message = "of no elements, a size asks for a fill_value";
                return Err(Error::value_error("unique", message));
            }
        };
        let valid = lax::expand_dims(&valid, &[1])?;
        values = select(&valid, &values, &fill)?;
    }
    results.push(match &shape {
        None => lax::reshape(&values, &[found])?,
        Some((axis, shape)) => {
            let mut shape = shape.clone();
            shape[0] = found;
            lax::move_axis(&lax::reshape(&values, &shape)?, 0, *axis)?
        }
    });
    if return_index {
        let at = rows_at(&order)?;
        let first = match count {
            0 => at.clone(),
            _ => broadcast(&lax::squeeze(&part(&order, 0, 0, 1)?, &[0])?, &[found])?,
        };
        results.push(select(&valid, &at, &first)?);
    }
    if return_inverse {
        let rank = lax::cumsum(&lax::convert_element_type(&is_new, int)?, 0, false)?;
        let rank = lax::sub(&rank, &number(1.0, &rank))?;
        let zeros = broadcast(&Array::constant(0.0, int), &[count])?;
        let index = [Index::Array(order.clone())];
        let inverse = update(&zeros, &index, Update::Set, &rank, &Access::default())?;
        results.push(match axis {
            None => lax::reshape(&inverse, ar.shape())?,
            Some(_) => inverse,
        });
    }
    if return_counts {
        let end = broadcast(&Array::constant(count as f64, int), &[found.min(1)])?;
        let next = match found {
            0 => starts.clone(),
            _ => lax::concatenate(&[&part(&starts, 0, 1, found)?, &end], 0)?,
        };
        let counts = lax::sub(&next, &starts)?;
        results.push(select(&valid, &counts, &number(0.0, &counts))?);
    }
    match results.len() {
        1 => Ok(Value::Array(results.swap_remove(0))),
        _ => Ok(Value::Tuple(results)),
    }
}

/// Whether each element is among those of another array.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let found = jnp::isin(&Array::from([1, 2, 3]), &Array::from([3, 1]), false, false, "auto")?;
/// assert_eq!(found, Array::from([true, false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(assume_unique = false, invert = false, method = "auto"), keyword_only(method))]
pub fn isin(
    element: &Array,
    test_elements: &Array,
    assume_unique: bool,
    invert: bool,
    method: &str,
) -> Result<Array> {
    let _ = (assume_unique, method);
    let [x, set] = promote_both("isin", element, &ravel(test_elements, "C")?)?;
    let found = if set.count() == 0 || x.count() == 0 {
        broadcast(&Array::from(false), x.shape())?
    } else {
        let set = sort(&set, Some(0), None, None, true, false)?;
        let place = places_of(&set, &x, "left")?;
        let clip = Access { mode: Some(Bounds::Clip), ..Access::default() };
        lax::eq(&get_with(&set, &[Index::Array(place)], &clip)?, &x)?
    };
    if invert { lax::not(&found) } else { Ok(found) }
}

fn promote_both(function: &str, x: &Array, y: &Array) -> Result<[Array; 2]> {
    match promote::promote_types(function, &[x, y])?.into_vec().try_into() {
        Ok(both) => Ok(both),
        Err(_) => unreachable!("promotion keeps the number of operands"),
    }
}

/// The middle of the elements over axes.
///
/// Of an even number of elements the mean of the two in the middle; NaN if any is.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1.0, 9.0, 2.0], [4.0, 5.0, 6.0]]);
/// assert_eq!(jnp::median(&x, None, (), false, false)?, 4.5);
/// assert_eq!(jnp::median(&x, Some(&1.into()), (), false, false)?, Array::from([2.0, 5.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(overwrite_input = false, keepdims = false))]
pub fn median(
    a: &Array,
    axis: Option<&Axes>,
    out: (),
    overwrite_input: bool,
    keepdims: bool,
) -> Result<Array> {
    let _ = (out, overwrite_input);
    quantile_of("median", a, &Array::from(0.5), axis, "midpoint", keepdims, false)
}

/// The middle of the elements over axes, without those that are NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, 5.0, 4.0]);
/// assert_eq!(jnp::nanmedian(&x, None, (), false, false)?, 4.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(overwrite_input = false, keepdims = false))]
pub fn nanmedian(
    a: &Array,
    axis: Option<&Axes>,
    out: (),
    overwrite_input: bool,
    keepdims: bool,
) -> Result<Array> {
    let _ = (out, overwrite_input);
    quantile_of("nanmedian", a, &Array::from(0.5), axis, "midpoint", keepdims, true)
}

/// The elements below which the shares `q` of all lie, over axes.
///
/// Where a share ends between two elements, `method` says which counts: "linear" for a number
/// between them, "lower", "higher", "midpoint" or "nearest". NaN if any element is.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([0.0, 10.0, 20.0]);
/// assert_eq!(jnp::quantile(&x, &0.25.into(), None, (), false, "linear", false)?, 5.0);
/// assert_eq!(jnp::quantile(&x, &0.25.into(), None, (), false, "lower", false)?, 0.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(overwrite_input = false, method = "linear", keepdims = false), ignored(weights))]
pub fn quantile(
    a: &Array,
    q: &Array,
    axis: Option<&Axes>,
    out: (),
    overwrite_input: bool,
    method: &str,
    keepdims: bool,
) -> Result<Array> {
    let _ = (out, overwrite_input);
    quantile_of("quantile", a, q, axis, method, keepdims, false)
}

/// The elements below which the shares `q` of all lie, over axes, without those that are NaN.
///
/// The methods are those of [`quantile`].
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([0.0, f64::NAN, 10.0]);
/// assert_eq!(jnp::nanquantile(&x, &0.5.into(), None, (), false, "linear", false)?, 5.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(overwrite_input = false, method = "linear", keepdims = false), ignored(weights))]
pub fn nanquantile(
    a: &Array,
    q: &Array,
    axis: Option<&Axes>,
    out: (),
    overwrite_input: bool,
    method: &str,
    keepdims: bool,
) -> Result<Array> {
    let _ = (out, overwrite_input);
    quantile_of("nanquantile", a, q, axis, method, keepdims, true)
}

/// The elements below which so many of a hundred lie, over axes.
///
/// The methods are those of [`quantile`].
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([0.0, 10.0, 20.0]);
/// assert_eq!(jnp::percentile(&x, &75.0.into(), None, (), false, "linear", false)?, 15.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(overwrite_input = false, method = "linear", keepdims = false),
    ignored(weights, out_sharding)
)]
pub fn percentile(
    a: &Array,
    q: &Array,
    axis: Option<&Axes>,
    out: (),
    overwrite_input: bool,
    method: &str,
    keepdims: bool,
) -> Result<Array> {
    let q = true_divide(q, &Array::from(100.0))?;
    quantile(a, &q, axis, out, overwrite_input, method, keepdims)
}

/// The elements below which so many of a hundred lie, over axes, without those that are NaN.
///
/// The methods are those of [`quantile`].
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([0.0, f64::NAN, 10.0]);
/// assert_eq!(jnp::nanpercentile(&x, &50.0.into(), None, (), false, "linear", false)?, 5.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(overwrite_input = false, method = "linear", keepdims = false), ignored(weights))]
pub fn nanpercentile(
    a: &Array,
    q: &Array,
    axis: Option<&Axes>,
    out: (),
    overwrite_input: bool,
    method: &str,
    keepdims: bool,
) -> Result<Array> {
    let q = true_divide(q, &Array::from(100.0))?;
    nanquantile(a, &q, axis, out, overwrite_input, method, keepdims)
}

fn quantile_of(
    function: &'static str,
    a: &Array,
    q: &Array,
    axis: Option<&Axes>,
    method: &str,
    keepdims: bool,
    skip_nan: bool,
) -> Result<Array> {
    if !["linear", "lower", "higher", "midpoint", "nearest"].contains(&method) {
        return Err(Error::value_error(
            function,
            "method can only be 'linear', 'lower', 'higher', 'midpoint', or 'nearest'",
        ));
    }
    if q.rank() > 1 {
        return Err(Error::value_error(
            function,
            format!("q must be a scalar or 1-dimensional, got {}", q.aval()),
        ));
    }
    let (dtype, _) = promote::inexact_type(promote::result_type_of(function, &[a, q])?);
    if dtype.is_complex() {
        return Err(Error::value_error(function, "does not support complex input"));
    }
    let (x, q) = (as_type(a, Some(dtype))?, as_type(q, Some(dtype))?);
    // The axes become one, the last.
    let axes = super::common::axes_of(function, axis, x.rank())?;
    let kept: Vec<usize> = (0..x.rank()).filter(|axis| !axes.contains(axis)).collect();
    let order: Vec<usize> = kept.iter().chain(&axes).copied().collect();
    let front: Vec<usize> = kept.iter().map(|&axis| x.shape()[axis]).collect();
    let count: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
    if count == 0 {
        return Err(Error::value_error(function, "needs at least one element"));
    }
    let flat: Vec<usize> = front.iter().copied().chain([count]).collect();
    let x = lax::reshape(&lax::transpose(&x, &order)?, &flat)?;
    let last = front.len();

    let mut x = x;
    let is_nan = not_equal_itself(&x)?;
    let along_last = || Axes(vec![-1]);
    let valid = match skip_nan {
        true => {
            let present = lax::convert_element_type(&lax::not(&is_nan)?, dtype)?;
            reductions::sum(&present, Sum { axis: Some(along_last()), ..Sum::default() })?
        }
        false => {
            // One NaN makes all of its row NaN.
            let any = Reduce { axis: Some(along_last()), keepdims: true, ..Reduce::default() };
            x = select(&reductions::any(&is_nan, any)?, &number(f64::NAN, &x), &x)?;
            Array::constant(count as f64, dtype)
        }
    };
    let x = sort(&x, Some(-1), None, None, true, false)?;

    // The axis of q comes first in the result.
    let extra = q.rank();
    let q_shape: Vec<usize> =
        q.shape().iter().copied().chain(std::iter::repeat_n(1, front.len())).collect();
    let q_wide = lax::reshape(&q, &q_shape)?;
    let top = subtract(&valid, &number(1.0, &valid))?;
    let place = multiply(&q_wide, &top)?;
    let zero = number(0.0, &place);
    let (low, high) = (lax::floor(&place)?, lax::ceil(&place)?);
    let weight = subtract(&place, &low)?;
    let bounded = |at: &Array| -> Result<Array> {
        let at = super::arithmetic::minimum(&super::arithmetic::maximum(at, &zero)?, &top)?;
        let at = super::arithmetic::maximum(&at, &zero)?;
        lax::convert_element_type(&at, DType::I32)
    };
    let out_shape: Vec<usize> = q.shape().iter().copied().chain(front.iter().copied()).collect();
    let take = |at: &Array| -> Result<Array> {
        let at = broadcast(&bounded(at)?, &out_shape)?;
        let mut index = vec![];
        for axis in 0..last {
            let mut own = vec![1; extra + last];
            own[extra + axis] = front[axis];
            index.push(Index::Array(lax::iota(DType::I32, &own, extra + axis)?));
        }
        index.push(Index::Array(at));
        get(&x, &index)
    };
    let y = match method {
        "lower" => take(&low)?,
        "higher" => take(&high)?,
        "nearest" => {
            let up = lax::gt(&weight, &number(0.5, &weight))?;
            select(&up, &take(&high)?, &take(&low)?)?
        }
        "midpoint" => {
            let sum = lax::add(&take(&low)?, &take(&high)?)?;
            lax::mul(&sum, &number(0.5, &sum))?
        }
        _ => {
            let rest = subtract(&number(1.0, &weight), &weight)?;
            add(&multiply(&take(&low)?, &rest)?, &multiply(&take(&high)?, &weight)?)?
        }
    };
    match keepdims {
        false => Ok(y),
        true => {
            let places: Vec<usize> = axes.iter().map(|axis| axis + extra).collect();
            lax::expand_dims(&y, &places)
        }
    }
}
