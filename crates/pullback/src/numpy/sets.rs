//! Arrays as sets: what two have in common, and what only one has.
//!
//! How many elements come out must be known: the arrays are concrete, or `size` says how many to
//! give; too few are filled up.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Need, Result, promote};
use pullback_macros::api;

use super::common::{as_type, broadcast, number, select, size_of};
use super::dtypes::integer;
use super::joining::concatenate;
use super::manipulation::{part, ravel};
use super::search::{isin, unique};
use super::taking::{compress, entries};
use crate::api::{ApiFn, Value};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &UNION1D_API,
    &INTERSECT1D_API,
    &SETDIFF1D_API,
    &SETXOR1D_API,
    &UNIQUE_ALL_API,
    &UNIQUE_COUNTS_API,
    &UNIQUE_INVERSE_API,
    &UNIQUE_VALUES_API,
];

fn one(value: Value) -> Array {
    match value {
        Value::Array(array) => array,
        _ => unreachable!("without further results there is one array"),
    }
}

fn distinct(x: &Array, size: Option<i64>, fill_value: Option<&Array>) -> Result<Array> {
    Ok(one(unique(x, false, false, false, None, true, size, fill_value, true)?))
}

/// The elements that either array has, in rising order.
///
/// How many there are must be known: the arrays are concrete, or `size` says how many to give.
///
/// ```
/// # use pullback::{Array, numpy::sets};
/// let y = sets::union1d(&Array::from([3, 1]), &Array::from([2, 3]), None, None)?;
/// assert_eq!(y, Array::from([1, 2, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(size))]
pub fn union1d(
    ar1: &Array,
    ar2: &Array,
    size: Option<i64>,
    fill_value: Option<&Array>,
) -> Result<Array> {
    distinct(&concatenate(&[ar1.clone(), ar2.clone()], None, None)?, size, fill_value)
}

/// Two arrays of one type as rows.
fn rows(function: &str, x: &Array, y: &Array) -> Result<[Array; 2]> {
    let both = promote::promote_types(function, &[&ravel(x, "C")?, &ravel(y, "C")?])?;
    Ok([both[0].clone(), both[1].clone()])
}

/// Elements in rising order, and for each whether it comes from the second array, where it was
/// there, and whether it is the first of its kind from its array.
struct Merged {
    values: Array,
    second: Array,
    place: Array,
    first: Array,
}

impl Merged {
    fn of(x: &Array, y: &Array) -> Result<Merged> {
        let values = lax::concatenate(&[x, y], 0)?;
        let place = |x: &Array| lax::iota(DType::I32, &[x.count()], 0);
        let places = lax::concatenate(&[&place(x)?, &place(y)?], 0)?;
        let from = |x: &Array, second: bool| broadcast(&Array::from(second), &[x.count()]);
        let seconds = lax::concatenate(&[&from(x, false)?, &from(y, true)?], 0)?;
        let sorted = lax::sort(&[&values, &seconds, &places], 0, true, 2)?;
        let (values, second, place) = (sorted[0].clone(), sorted[1].clone(), sorted[2].clone());
        let before = |x: &Array| part(x, 0, 0, x.count().saturating_sub(1));
        let after = |x: &Array| part(x, 0, 1.min(x.count()), x.count());
        let differs = lax::or(
            &lax::ne(&after(&values)?, &before(&values)?)?,
            &lax::ne(&after(&second)?, &before(&second)?)?,
        )?;
        let start = broadcast(&Array::from(true), &[values.count().min(1)])?;
        let first = lax::concatenate(&[&start, &differs], 0)?;
        Ok(Merged { values, second, place, first })
    }

    /// The elements that are the first of their kind, in front; how many those are; and the same
    /// for where they come from.
    fn compact(&self) -> Result<(Merged, Array)> {
        let others = lax::not(&self.first)?;
        let operands = [&others, &self.values, &self.second, &self.place];
        let sorted = lax::sort(&operands, 0, true, 1)?;
        let counted = lax::convert_element_type(&self.first, DType::I32)?;
        let count = lax::reduce_sum(&counted, &[0])?;
        let merged = Merged {
            values: sorted[1].clone(),
            second: sorted[2].clone(),
            place: sorted[3].clone(),
            first: lax::not(&sorted[0])?,
        };
        Ok((merged, count))
    }

    /// Whether each element and the next are equal, and both count.
    fn twins(&self) -> Result<Array> {
        let size = self.values.count();
        let before = |x: &Array| part(x, 0, 0, size.saturating_sub(1));
        let after = |x: &Array| part(x, 0, 1.min(size), size);
        let equal = lax::eq(&after(&self.values)?, &before(&self.values)?)?;
        let twins = lax::and(&equal, &after(&self.first)?)?;
        let end = broadcast(&Array::from(false), &[size.min(1)])?;
        lax::concatenate(&[&twins, &end], 0)
    }
}

/// The elements of `x` that a mask keeps, with `size` filled up to it: by `fill_value`, or by the
/// smallest kept.
fn kept(x: &Array, mask: &Array, size: Option<i64>, fill_value: Option<&Array>) -> Result<Array> {
    let Some(size) = size else {
        return compress(mask, x, None, None, &Array::from(0), ());
    };
    let size = size_of("size", size)?;
    let (at, valid) = kept_places(mask, size)?;
    if size == 0 || x.count() == 0 {
        return broadcast(&number(0.0, x), &[size]);
    }
    let values = entries(x, &at, 0)?;
    let fill = match fill_value {
        Some(fill) => as_type(fill, Some(x.dtype()))?,
        // The first kept is the smallest; if none is, there is nothing to tell.
        None => {
            let any = lax::reduce_or(&valid, &[0])?;
            let first = lax::squeeze(&part(&values, 0, 0, 1)?, &[0])?;
            select(&any, &first, &number(0.0, &first))?
        }
    };
    select(&valid, &values, &fill)
}

/// The places that a mask keeps, in front, as many as `size`, and which of those there are.
fn kept_places(mask: &Array, size: usize) -> Result<(Array, Array)> {
    let total = mask.count();
    let counted = lax::iota(DType::I32, &[total], 0)?;
    let order = lax::sort(&[&lax::not(mask)?, &counted], 0, true, 1)?[1].clone();
    let count = lax::reduce_sum(&lax::convert_element_type(mask, DType::I32)?, &[0])?;
    let order = match size <= total {
        true => part(&order, 0, 0, size)?,
        false => lax::pad(&order, &integer(0, DType::I32), &[(0, (size - total) as i64, 0)])?,
    };
    let valid = lax::lt(&lax::iota(DType::I32, &[size], 0)?, &count)?;
    Ok((order, valid))
}

fn check_known(function: &str, size: Option<i64>, arrays: &[&Array]) -> Result<()> {
    if size.is_none() {
        for x in arrays {
            x.concrete(Need::Value, "the number of results")
                .map_err(|error| error.within(function))?;
        }
    }
    Ok(())
}

/// The elements that both arrays have, in rising order; with `return_indices` also where each
/// first occurs in both.
///
/// The size must be known, as for [`union1d`].
///
/// ```
/// # use pullback::{Array, api::Value, numpy::sets};
/// let (x, y) = (Array::from([3, 1, 2]), Array::from([2, 3, 5]));
/// let Value::Array(y) = sets::intersect1d(&x, &y, false, false, None, None)? else {
///     panic!("no indices were asked for")
/// };
/// assert_eq!(y, Array::from([2, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(assume_unique = false, return_indices = false), keyword_only(size))]
pub fn intersect1d(
    ar1: &Array,
    ar2: &Array,
    assume_unique: bool,
    return_indices: bool,
    size: Option<i64>,
    fill_value: Option<&Array>,
) -> Result<Value> {
    let _ = assume_unique;
    check_known("intersect1d", size, &[ar1, ar2])?;
    let [x, y] = rows("intersect1d", ar1, ar2)?;
    let (merged, _) = Merged::of(&x, &y)?.compact()?;
    let twins = merged.twins()?;
    let values = kept(&merged.values, &twins, size, fill_value)?;
    if !return_indices {
        return Ok(Value::Array(values));
    }
    // Of twins the first comes from the first array.
    let total = merged.values.count();
    let next = match total {
        0 => merged.place.clone(),
        _ => lax::concatenate(
            &[&part(&merged.place, 0, 1, total)?, &part(&merged.place, 0, 0, 1)?],
            0,
        )?,
    };
    let int = promote::default_int();
    let place = |places: &Array, beyond: &Array| -> Result<Array> {
        let beyond = Array::from(beyond.count() as i32);
        lax::convert_element_type(&kept(places, &twins, size, Some(&beyond))?, int)
    };
    Ok(Value::Tuple(vec![values, place(&merged.place, &x)?, place(&next, &y)?]))
}

/// The elements that the first array has and the second has not, in rising order.
///
/// The size must be known, as for [`union1d`].
///
/// ```
/// # use pullback::{Array, numpy::sets};
/// let (x, y) = (Array::from([3, 1, 2]), Array::from([2, 5]));
/// assert_eq!(sets::setdiff1d(&x, &y, false, None, None)?, Array::from([1, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(assume_unique = false), keyword_only(size))]
pub fn setdiff1d(
    ar1: &Array,
    ar2: &Array,
    assume_unique: bool,
    size: Option<i64>,
    fill_value: Option<&Array>,
) -> Result<Array> {
    check_known("setdiff1d", size, &[ar1, ar2])?;
    let x = ravel(ar1, "C")?;
    let zero = Array::from(0);
    let fill = fill_value.unwrap_or(&zero);
    if assume_unique {
        let mask = isin(&x, ar2, false, true, "auto")?;
        return kept(&x, &mask, size, Some(fill));
    }
    // In rising order, and only the first of each kind.
    let sorted = lax::sort(&[&x], 0, true, 1)?[0].clone();
    let count = sorted.count();
    let start = broadcast(&Array::from(true), &[count.min(1)])?;
    let differs = lax::ne(
        &part(&sorted, 0, 1.min(count), count)?,
        &part(&sorted, 0, 0, count.saturating_sub(1))?,
    )?;
    let first = lax::concatenate(&[&start, &differs], 0)?;
    let mask = lax::and(&first, &isin(&sorted, ar2, false, true, "auto")?)?;
    kept(&sorted, &mask, size, Some(fill))
}

/// The elements that exactly one of the arrays has, in rising order.
///
/// The size must be known, as for [`union1d`].
///
/// ```
/// # use pullback::{Array, numpy::sets};
/// let (x, y) = (Array::from([3, 1, 2]), Array::from([2, 5]));
/// assert_eq!(sets::setxor1d(&x, &y, false, None, None)?, Array::from([1, 3, 5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(assume_unique = false), keyword_only(size))]
pub fn setxor1d(
    ar1: &Array,
    ar2: &Array,
    assume_unique: bool,
    size: Option<i64>,
    fill_value: Option<&Array>,
) -> Result<Array> {
    let _ = assume_unique;
    check_known("setxor1d", size, &[ar1, ar2])?;
    let [x, y] = rows("setxor1d", ar1, ar2)?;
    let (merged, _) = Merged::of(&x, &y)?.compact()?;
    let twins = merged.twins()?;
    let total = twins.count();
    // An element whose neighbour is its twin is in both.
    let after = match total {
        0 => twins.clone(),
        _ => lax::concatenate(
            &[&broadcast(&Array::from(false), &[1])?, &part(&twins, 0, 0, total - 1)?],
            0,
        )?,
    };
    let alone = lax::and(&merged.first, &lax::not(&lax::or(&twins, &after)?)?)?;
    kept(&merged.values, &alone, size, fill_value)
}

/// The distinct elements; where each first occurs, which of them every element is, and how often
/// each occurs.
///
/// The size must be known, as for [`union1d`].
///
/// ```
/// # use pullback::{Array, api::Value, numpy::sets};
/// let Value::Tuple(y) = sets::unique_all(&Array::from([7, 4, 7]), None, None)? else {
///     panic!("it is a tuple")
/// };
/// assert_eq!(y[..2], [Array::from([4, 7]), Array::from([1, 0])]);
/// assert_eq!(y[2..], [Array::from([1, 0, 1]), Array::from([1, 2])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    keyword_only(size),
    result("_UniqueAllResult", "values", "indices", "inverse_indices", "counts")
)]
pub fn unique_all(x: &Array, size: Option<i64>, fill_value: Option<&Array>) -> Result<Value> {
    unique(x, true, true, true, None, false, size, fill_value, true)
}

/// The distinct elements, and how often each occurs.
///
/// The size must be known, as for [`union1d`].
///
/// ```
/// # use pullback::{Array, api::Value, numpy::sets};
/// let Value::Tuple(y) = sets::unique_counts(&Array::from([7, 4, 7]), None, None)? else {
///     panic!("it is a tuple")
/// };
/// assert_eq!(y, [Array::from([4, 7]), Array::from([1, 2])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(size), result("_UniqueCountsResult", "values", "counts"))]
pub fn unique_counts(x: &Array, size: Option<i64>, fill_value: Option<&Array>) -> Result<Value> {
    unique(x, false, false, true, None, false, size, fill_value, true)
}

/// The distinct elements, and which of them every element is.
///
/// The size must be known, as for [`union1d`].
///
/// ```
/// # use pullback::{Array, api::Value, numpy::sets};
/// let Value::Tuple(y) = sets::unique_inverse(&Array::from([7, 4, 7]), None, None)? else {
///     panic!("it is a tuple")
/// };
/// assert_eq!(y, [Array::from([4, 7]), Array::from([1, 0, 1])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(size), result("_UniqueInverseResult", "values", "inverse_indices"))]
pub fn unique_inverse(x: &Array, size: Option<i64>, fill_value: Option<&Array>) -> Result<Value> {
    unique(x, false, true, false, None, false, size, fill_value, true)
}

/// The distinct elements.
///
/// The size must be known, as for [`union1d`].
///
/// ```
/// # use pullback::{Array, numpy::sets};
/// let x = Array::from([7, 4, 7]);
/// assert_eq!(sets::unique_values(&x, None, None)?, Array::from([4, 7]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(size))]
pub fn unique_values(x: &Array, size: Option<i64>, fill_value: Option<&Array>) -> Result<Array> {
    Ok(one(unique(x, false, false, false, None, false, size, fill_value, true)?))
}
