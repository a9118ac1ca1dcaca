//! All partial results of an associative function, in logarithmic depth.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, Error, Result, Shape};

use super::part;

/// Joins two lists of arrays, entry by entry.
type Join<'a> = dyn FnMut(&[Array], &[Array]) -> Result<Vec<Array>> + 'a;

/// What `join`, an associative function of two lists of arrays, makes of the entries of `elems` up
/// to each place along `axis`; with `reverse`, from each place on.
///
/// `join` is called on many entries at once, laid along `axis`. Half of them are joined in pairs,
/// the partial results of the pairs found the same way, and the other half made from them.
///
/// ```
/// # use pullback::{Array, flat};
/// let sums = flat::associative_scan(
///     &mut |a, b| Ok(vec![&a[0] + &b[0]]),
///     &[Array::from([1, 2, 3, 4])],
///     false,
///     0,
/// )?;
/// assert_eq!(sums[0], Array::from([1, 3, 6, 10]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the arrays do not have the axis, or it has several sizes; and those of `join`.
pub fn associative_scan(
    join: &mut Join<'_>,
    elems: &[Array],
    reverse: bool,
    axis: i64,
) -> Result<Vec<Array>> {
    let Some(first) = elems.first() else { return Ok(vec![]) };
    let rank = first.rank() as i64;
    let place = if axis < 0 { axis.saturating_add(rank) } else { axis };
    let shapes = || {
        let shapes: Vec<String> = elems.iter().map(|x| x.aval().to_string()).collect();
        shapes.join(", ")
    };
    let on = |x: &Array| usize::try_from(place).ok().filter(|&at| at < x.rank());
    let (Some(at), true) = (on(first), elems.iter().all(|x| on(x).is_some())) else {
        let message = format!("axis {axis} is out of bounds for arrays of types {}", shapes());
        return Err(Error::value_error("associative_scan", message));
    };
    if elems.iter().any(|x| x.shape()[at] != first.shape()[at]) {
        let message = format!("arrays must have equal sizes along axis {at}, got {}", shapes());
        return Err(Error::value_error("associative_scan", message));
    }
    let turned = |xs: &[Array]| -> Result<Vec<Array>> {
        match reverse {
            true => xs.iter().map(|x| lax::rev(x, &[at])).collect(),
            false => Ok(xs.to_vec()),
        }
    };
    turned(&scanned(join, &turned(elems)?, at)?)
}

fn scanned(join: &mut Join<'_>, xs: &[Array], axis: usize) -> Result<Vec<Array>> {
    let count = xs[0].shape()[axis];
    if count < 2 {
        return Ok(xs.to_vec());
    }
    let parts = |xs: &[Array], start: usize, stop: usize, step: usize| -> Result<Vec<Array>> {
        xs.iter().map(|x| part(x, axis, start, stop, step)).collect()
    };
    let pairs = joined(join, &parts(xs, 0, count - 1, 2)?, &parts(xs, 1, count, 2)?, axis)?;
    let odd = scanned(join, &pairs, axis)?;
    // The last entry of an even number of them ends a pair, and has none after it.
    let before = (count - 1) / 2;
    let even = joined(join, &parts(&odd, 0, before, 1)?, &parts(xs, 2, count, 2)?, axis)?;
    let even =
        xs.iter().zip(&even).map(|(x, y)| lax::concatenate(&[&part(x, axis, 0, 1, 1)?, y], axis));
    let even = even.collect::<Result<Vec<_>>>()?;
    even.iter().zip(&odd).map(|(even, odd)| interleaved(even, odd, axis)).collect()
}

fn joined(join: &mut Join<'_>, a: &[Array], b: &[Array], axis: usize) -> Result<Vec<Array>> {
    let results = join(a, b)?;
    let fits = |(y, x): (&Array, &Array)| y.shape().get(axis) == x.shape().get(axis);
    match results.len() == a.len() && results.iter().zip(a).all(fits) {
        true => Ok(results),
        false => Err(Error::value_error(
            "associative_scan",
            format!(
                "fn must give as many entries along axis {axis} as it is given, got {:?} for {:?}",
                super::avals(&results),
                super::avals(a)
            ),
        )),
    }
}

/// The entries of both along an axis in turn, those of `even` first; it has one more, or as many.
fn interleaved(even: &Array, odd: &Array, axis: usize) -> Result<Array> {
    let count = even.shape()[axis] + odd.shape()[axis];
    let mut odd = odd.clone();
    if even.shape()[axis] > odd.shape()[axis] {
        // An entry that is cut off again.
        let mut config = vec![(0, 0, 0); odd.rank()];
        config[axis] = (0, 1, 0);
        odd = lax::pad(&odd, &lax::number(0.0, &odd), &config)?;
    }
    let pairs = [lax::expand_dims(even, &[axis + 1])?, lax::expand_dims(&odd, &[axis + 1])?];
    let pairs = lax::concatenate(&[&pairs[0], &pairs[1]], axis + 1)?;
    let mut shape = Shape::from_slice(even.shape());
    shape[axis] *= 2;
    part(&lax::reshape(&pairs, &shape)?, axis, 0, count, 1)
}
