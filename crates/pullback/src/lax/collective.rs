//! What the entries of a mapped axis have to say to each other.
//!
//! The axis is called by the name that [`vmap`](crate::vmap) gave it. Several names together
//! stand for one axis that runs over all pairs of entries, the last name fastest.

use pullback_core::primitives::collective::all_gather::all_gather as gather_one;
use pullback_core::primitives::collective::all_to_all::all_to_all as deal;
use pullback_core::primitives::collective::ppermute::ppermute as send;
use pullback_core::primitives::collective::reduce_scatter::reduce_scatter;
use pullback_core::primitives::collective::{self, axis_index as index_one};
use pullback_core::primitives::rules;
use pullback_core::primitives::structure::positive_axis;
use pullback_core::trace::AxisName;
use pullback_core::{Array, DType, Error, Result};

/// Names of mapped axes: a word, or several.
///
/// ```
/// use pullback::lax::collective::Axes;
/// assert_eq!(Axes::from(["i", "j"]).0.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes(pub Vec<AxisName>);

impl From<&str> for Axes {
    fn from(name: &str) -> Axes {
        Axes(vec![AxisName(name.into())])
    }
}

impl<const N: usize> From<[&str; N]> for Axes {
    fn from(names: [&str; N]) -> Axes {
        Axes(names.into_iter().map(|name| AxisName(name.into())).collect())
    }
}

impl Axes {
    fn one(&self, function: &str) -> Result<&AxisName> {
        match &self.0[..] {
            [name] => Ok(name),
            names => Err(Error::value_error(
                function,
                format!("takes one axis name, got {}", names.len()),
            )),
        }
    }
}

fn number(x: &Array) -> Result<Array> {
    match x.dtype() {
        DType::Bool => rules::convert_element_type(x, DType::I32),
        _ => Ok(x.clone()),
    }
}

/// The number of entries of the axes.
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing `vmap` has given an axis the name.
///
/// ```
/// use pullback::lax::collective::axis_size;
/// assert!(axis_size("i").is_err());
/// ```
pub fn axis_size(axes: impl Into<Axes>) -> Result<usize> {
    axes.into().0.iter().map(|name| collective::axis_size("axis_size", name)).product()
}

/// The number of this entry, counted from zero: a scalar of type i32.
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing `vmap` has given an axis the name.
///
/// ```
/// use pullback::lax::collective::axis_index;
/// use pullback::prelude::*;
/// let f = vmap(|x: &Array| x + axis_index("i").unwrap()).axis_name("i");
/// assert_eq!(f(&Array::from([1.0f32, 1.0, 1.0])), Array::from([1.0f32, 2.0, 3.0]));
/// ```
pub fn axis_index(axes: impl Into<Axes>) -> Result<Array> {
    let mut index: Option<Array> = None;
    for name in &axes.into().0 {
        let own = index_one::axis_index(name)?;
        index = Some(match index {
            None => own,
            Some(outer) => {
                let size = collective::axis_size("axis_index", name)?;
                rules::add(&rules::mul(&outer, &rules::number(size as f64, &outer))?, &own)?
            }
        });
    }
    index.ok_or_else(|| Error::value_error("axis_index", "takes at least one axis name"))
}

/// The sum over the entries; every entry gets it. Truth values are counted.
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing `vmap` has given an axis the name.
///
/// ```
/// use pullback::lax::collective::psum;
/// use pullback::prelude::*;
/// let f = vmap(|x: &Array| x / psum(x, "i").unwrap()).axis_name("i");
/// assert_eq!(f(&Array::from([1.0f32, 3.0])), Array::from([0.25f32, 0.75]));
/// ```
pub fn psum(x: &Array, axes: impl Into<Axes>) -> Result<Array> {
    rules::psum(&number(x)?, &axes.into().0)
}

/// The mean over the entries; every entry gets it. Whole numbers have a mean of type f32.
///
/// ```
/// # use pullback::{Array, lax::collective, vmap};
/// let f = vmap(|x: &Array| collective::pmean(x, "i")).axis_name("i");
/// assert_eq!(f(&Array::from([1.0, 3.0])), Array::from([2.0, 2.0]));
/// ```
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing `vmap` has given an axis the name.
pub fn pmean(x: &Array, axes: impl Into<Axes>) -> Result<Array> {
    let axes = axes.into();
    let size = axis_size(axes.clone())?;
    let sum = psum(x, axes)?;
    let sum = match sum.dtype().is_inexact() {
        true => sum,
        false => rules::convert_element_type(&sum, DType::F32)?,
    };
    rules::div(&sum, &rules::number(size as f64, &sum))
}

/// The greatest of the entries; every entry gets it.
///
/// ```
/// # use pullback::{Array, lax::collective, vmap};
/// let f = vmap(|x: &Array| collective::pmax(x, "i")).axis_name("i");
/// assert_eq!(f(&Array::from([1, 3])), Array::from([3, 3]));
/// ```
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing `vmap` has given an axis the name.
pub fn pmax(x: &Array, axes: impl Into<Axes>) -> Result<Array> {
    rules::pmax(x, &axes.into().0)
}

/// The least of the entries; every entry gets it.
///
/// ```
/// # use pullback::{Array, lax::collective, vmap};
/// let f = vmap(|x: &Array| collective::pmin(x, "i")).axis_name("i");
/// assert_eq!(f(&Array::from([1, 3])), Array::from([1, 1]));
/// ```
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing `vmap` has given an axis the name.
pub fn pmin(x: &Array, axes: impl Into<Axes>) -> Result<Array> {
    rules::pmin(x, &axes.into().0)
}

/// All entries, stacked along a new axis; with `tiled`, joined along one that is there.
///
/// ```
/// # use pullback::{Array, lax::collective, vmap};
/// let f = vmap(|x: &Array| collective::all_gather(x, "i", 0, false)).axis_name("i");
/// assert_eq!(f(&Array::from([1, 3])), Array::from([[1, 3], [1, 3]]));
/// ```
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing `vmap` has given an axis the name; an axis out of
/// bounds.
pub fn all_gather(x: &Array, axes: impl Into<Axes>, axis: i64, tiled: bool) -> Result<Array> {
    let names = axes.into().0;
    let at = positive_axis("all_gather", axis, x.rank() + !tiled as usize)?;
    let mut y = x.clone();
    let mut stacked = tiled;
    for name in names.iter().rev() {
        y = gather_one(&y, name, at, stacked)?;
        // Further axes are laid along the one that is there by now.
        stacked = true;
    }
    Ok(y)
}

/// The sum over the entries, of which each gets its own part along `dimension`: one element, or,
/// with `tiled`, one of equal parts.
///
/// ```
/// # use pullback::{Array, lax::collective, vmap};
/// let f = vmap(|x: &Array| collective::psum_scatter(x, "i", 0, false)).axis_name("i");
/// assert_eq!(f(&Array::from([[1, 2], [3, 4]])), Array::from([4, 6]));
/// ```
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing `vmap` has given an axis the name; an axis that is out
/// of bounds or cannot be dealt out evenly.
pub fn psum_scatter(
    x: &Array,
    axes: impl Into<Axes>,
    dimension: i64,
    tiled: bool,
) -> Result<Array> {
    let axes = axes.into();
    let at = positive_axis("psum_scatter", dimension, x.rank())?;
    reduce_scatter(&number(x)?, axes.one("psum_scatter")?, at, tiled)
}

/// For each pair of sender and receiver, the receiver gets the sender's entry; an entry that
/// receives nothing gets zeros.
///
/// ```
/// # use pullback::{Array, lax::collective, vmap};
/// let f = vmap(|x: &Array| collective::ppermute(x, "i", &[(0, 1), (1, 2)])).axis_name("i");
/// assert_eq!(f(&Array::from([1, 2, 3])), Array::from([0, 1, 2]));
/// ```
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing `vmap` has given an axis the name; pairs that send or
/// receive twice.
pub fn ppermute(x: &Array, axis: impl Into<Axes>, pairs: &[(usize, usize)]) -> Result<Array> {
    send(x, axis.into().one("ppermute")?, pairs)
}

/// Entry `i` gets the entry `order[i]`.
///
/// ```
/// # use pullback::{Array, lax::collective, vmap};
/// let f = vmap(|x: &Array| collective::pshuffle(x, "i", &[2, 0, 1])).axis_name("i");
/// assert_eq!(f(&Array::from([1, 2, 3])), Array::from([3, 1, 2]));
/// ```
///
/// # Errors
/// As [`ppermute`]; if `order` is not a permutation of all entries.
pub fn pshuffle(x: &Array, axis: impl Into<Axes>, order: &[usize]) -> Result<Array> {
    let axis = axis.into();
    let size = axis_size(axis.clone())?;
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    if sorted != (0..size).collect::<Vec<_>>() {
        return Err(Error::value_error(
            "pshuffle",
            format!("perm does not represent a permutation of {size} entries: {order:?}"),
        ));
    }
    let pairs: Vec<_> = order.iter().enumerate().map(|(to, &from)| (from, to)).collect();
    ppermute(x, axis, &pairs)
}

/// Every entry gets the entry `source`.
///
/// ```
/// # use pullback::{Array, lax::collective, vmap};
/// let f = vmap(|x: &Array| collective::pbroadcast(x, "i", 1)).axis_name("i");
/// assert_eq!(f(&Array::from([1, 2, 3])), Array::from([2, 2, 2]));
/// ```
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing `vmap` has given an axis the name; a source that is
/// not there.
pub fn pbroadcast(x: &Array, axis: impl Into<Axes>, source: usize) -> Result<Array> {
    let axis = axis.into();
    let size = axis_size(axis.clone())?;
    if source >= size {
        return Err(Error::value_error(
            "pbroadcast",
            format!("source {source} is not one of the {size} entries"),
        ));
    }
    let all = all_gather(x, axis, 0, false)?;
    let (mut start, mut limit) = (vec![0; all.rank()], all.shape().to_vec());
    (start[0], limit[0]) = (source, source + 1);
    rules::squeeze(&rules::slice(&all, &start, &limit, None)?, &[0])
}

/// Every entry deals out its parts along `split`, and lays what it gets along `concat`.
///
/// ```
/// # use pullback::{Array, lax::collective, vmap};
/// let f = vmap(|x: &Array| collective::all_to_all(x, "i", 0, 0, false)).axis_name("i");
/// assert_eq!(f(&Array::from([[1, 2], [3, 4]])), Array::from([[1, 3], [2, 4]]));
/// ```
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing `vmap` has given an axis the name; an axis that is out
/// of bounds or cannot be dealt out evenly.
pub fn all_to_all(
    x: &Array,
    axis: impl Into<Axes>,
    split: i64,
    concat: i64,
    tiled: bool,
) -> Result<Array> {
    let (split, concat) = (
        positive_axis("all_to_all", split, x.rank())?,
        positive_axis("all_to_all", concat, x.rank())?,
    );
    deal(x, axis.into().one("all_to_all")?, split, concat, tiled)
}
