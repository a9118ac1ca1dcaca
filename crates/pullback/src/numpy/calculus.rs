//! Differences, sums of areas and interpolation: functions of samples in a row.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Result, Shape, promote};
use pullback_macros::api;

use super::arithmetic::{add, divmod, multiply, remainder, subtract, true_divide};
use super::common::{axes_of, axis_of, broadcast, inexact, number, select};
use super::dtypes::integer;
use super::floats::epsilon;
use super::logic::{greater, less, where_};
use super::manipulation::{part, ravel};
use super::reductions::{self, Sum};
use super::taking::entries;
use crate::api::{ApiFn, Arg, Axes, FromArg, Kind, Value};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] =
    &[&DIFF_API, &EDIFF1D_API, &GRADIENT_API, &TRAPEZOID_API, &UNWRAP_API, &INTERP_API];

/// `x` at an axis without its first entry, and without its last.
fn neighbours(x: &Array, axis: usize) -> Result<[Array; 2]> {
    let size = x.shape()[axis];
    Ok([part(x, axis, 1.min(size), size)?, part(x, axis, 0, size.saturating_sub(1))?])
}

/// The differences of neighbouring entries along an axis, taken `n` times.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::calculus::diff;
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 4.0, 9.0], &[3])?;
/// assert_eq!(diff(&x, 1, -1, None, None)?.to_vec::<f32>()?, [3.0, 5.0]);
/// # Ok(())
/// # }
/// ```
#[api(defaults(n = 1, axis = -1))]
pub fn diff(
    a: &Array,
    n: i64,
    axis: i64,
    prepend: Option<&Array>,
    append: Option<&Array>,
) -> Result<Array> {
    if n == 0 {
        return Ok(a.clone());
    }
    if n < 0 {
        return Err(Error::value_error("diff", format!("order must be non-negative but got {n}")));
    }
    if a.rank() == 0 {
        return Err(Error::value_error(
            "diff",
            format!("requires input that is at least one dimensional; got {}", a.aval()),
        ));
    }
    let axis = axis_of("diff", axis, a.rank())?;
    let entry = |x: &Array| -> Result<Array> {
        if x.rank() > 0 {
            return Ok(x.clone());
        }
        let mut shape = Shape::from_slice(a.shape());
        shape[axis] = 1;
        broadcast(x, &shape)
    };
    let mut parts = vec![];
    if let Some(x) = prepend {
        parts.push(entry(x)?);
    }
    parts.push(a.clone());
    if let Some(x) = append {
        parts.push(entry(x)?);
    }
    let mut x = match parts.len() {
        1 => a.clone(),
        _ => super::joining::concatenate(&parts, Some(axis as i64), None)?,
    };
    for _ in 0..n {
        let [later, earlier] = neighbours(&x, axis)?;
        x = match x.dtype() {
            DType::Bool => lax::ne(&later, &earlier)?,
            _ => lax::sub(&later, &earlier)?,
        };
    }
    Ok(x)
}

/// The differences of neighbouring elements of the array as one row, between further values.
///
/// ```
/// # use pullback::{Array, numpy::calculus};
/// let y = calculus::ediff1d(&Array::from([1, 4, 9]), Some(&0.into()), None)?;
/// assert_eq!(y, Array::from([3, 5, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn ediff1d(ary: &Array, to_end: Option<&Array>, to_begin: Option<&Array>) -> Result<Array> {
    let row = ravel(ary, "C")?;
    let [later, earlier] = neighbours(&row, 0)?;
    let differences = lax::sub(&later, &earlier)?;
    let edge = |x: &Array| ravel(&lax::convert_element_type(x, row.dtype())?, "C");
    let mut parts = vec![];
    if let Some(x) = to_begin {
        parts.push(edge(x)?);
    }
    parts.push(differences);
    if let Some(x) = to_end {
        parts.push(edge(x)?);
    }
    match parts.len() {
        1 => Ok(parts.swap_remove(0)),
        _ => super::joining::concatenate(&parts, Some(0), None),
    }
}

/// The slope at each place along axes, from its neighbours; at the ends from one of them.
///
/// `varargs` says how far places are from each other: one distance for all axes, or for each axis
/// a distance or the coordinates of its places.
///
/// ```
/// use pullback::Array;
/// use pullback::api::Value;
/// use pullback::numpy::calculus::gradient;
///
/// # fn main() -> pullback::Result<()> {
/// let y = Array::from_slice(&[1.0f32, 4.0, 9.0, 16.0], &[4])?;
/// let Value::Array(slope) = gradient(&y, &[], None, None)? else { unreachable!() };
/// assert_eq!(slope.to_vec::<f32>()?, [3.0, 4.0, 6.0, 7.0]);
/// # Ok(())
/// # }
/// ```
#[api(variadic(varargs))]
pub fn gradient(
    f: &Array,
    varargs: &[Array],
    axis: Option<&Axes>,
    edge_order: Option<i64>,
) -> Result<Value> {
    if edge_order.is_some() {
        return Err(Error::unsupported("gradient", "the argument edge_order is not supported"));
    }
    let all: Vec<&Array> = [f].into_iter().chain(varargs).collect();
    let (dtype, weak) = promote::inexact_type(promote::result_type_of("gradient", &all)?);
    let x = promote::to_type(f, dtype, weak)?;
    let spacing =
        varargs.iter().map(|h| promote::to_type(h, dtype, weak)).collect::<Result<Vec<_>>>()?;
    let axes = axes_of("gradient", axis, x.rank())?;
    if axes.is_empty() {
        return Ok(Value::List(vec![]));
    }
    if axes.iter().any(|&axis| x.shape()[axis] < 2) {
        return Err(Error::value_error(
            "gradient",
            "the shape of the array is too small: at least 2 elements are required along an axis",
        ));
    }
    let one = number(1.0, &x);
    let spacing: Vec<&Array> = match &spacing[..] {
        [] => vec![&one; axes.len()],
        [h] => vec![h; axes.len()],
        spacing if spacing.len() == axes.len() => spacing.iter().collect(),
        _ => {
            return Err(Error::type_error(
                "gradient",
                format!("got {} spacings for {} axes", spacing.len(), axes.len()),
            ));
        }
    };
    let slopes = axes.iter().zip(spacing).map(|(&axis, h)| slope(&x, h, axis));
    let mut slopes = slopes.collect::<Result<Vec<_>>>()?;
    Ok(match slopes.len() {
        1 => Value::Array(slopes.swap_remove(0)),
        _ => Value::List(slopes),
    })
}

fn slope(x: &Array, h: &Array, axis: usize) -> Result<Array> {
    let size = x.shape()[axis];
    let of = |x: &Array, first: usize, end: usize| part(x, axis, first, end);
    let first = subtract(&of(x, 1, 2)?, &of(x, 0, 1)?)?;
    let last = subtract(&of(x, size - 1, size)?, &of(x, size - 2, size - 1)?)?;
    let (first, inner, last) = match h.rank() {
        0 => {
            let across = subtract(&of(x, 2, size)?, &of(x, 0, size - 2)?)?;
            let inner = true_divide(&multiply(&across, &number(0.5, x))?, h)?;
            (true_divide(&first, h)?, inner, true_divide(&last, h)?)
        }
        1 if h.shape() == [size] => {
            let mut shape = Shape::from_elem(1, x.rank());
            shape[axis] = size;
            let [later, earlier] = neighbours(&lax::reshape(h, &shape)?, axis)?;
            let steps = lax::sub(&later, &earlier)?;
            let (before, after) = (of(&steps, 0, size - 2)?, of(&steps, 1, size - 1)?);
            // The slope of the parabola through a place and its neighbours.
            let both = lax::add(&before, &after)?;
            let from_before = lax::div(&lax::neg(&after)?, &lax::mul(&before, &both)?)?;
            let from_own = lax::div(&lax::sub(&after, &before)?, &lax::mul(&before, &after)?)?;
            let from_after = lax::div(&before, &lax::mul(&after, &both)?)?;
            let inner = lax::add(
                &lax::add(
                    &lax::mul(&from_before, &of(x, 0, size - 2)?)?,
                    &lax::mul(&from_own, &of(x, 1, size - 1)?)?,
                )?,
                &lax::mul(&from_after, &of(x, 2, size)?)?,
            )?;
            (
                lax::div(&first, &of(&steps, 0, 1)?)?,
                inner,
                lax::div(&last, &of(&steps, size - 2, size - 1)?)?,
            )
        }
        _ => {
            return Err(Error::value_error(
                "gradient",
                format!(
                    "a spacing must be a scalar or as long as its axis, which has size {size}, \
                     got {}",
                    h.aval()
                ),
            ));
        }
    };
    lax::concatenate(&[&first, &inner, &last], axis)
}

/// The area under samples along an axis, at the places `x` or at equal distances `dx`, where lines
/// join neighbours.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::calculus::trapezoid;
///
/// # fn main() -> pullback::Result<()> {
/// let y = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3])?;
/// assert_eq!(trapezoid(&y, None, &Array::from(0.5), -1)?.to_f64()?, 2.0);
/// # Ok(())
/// # }
/// ```
#[api(defaults(dx = 1.0, axis = -1))]
pub fn trapezoid(y: &Array, x: Option<&Array>, dx: &Array, axis: i64) -> Result<Array> {
    let last = |x: &Array| -> Result<Array> {
        lax::move_axis(x, axis_of("trapezoid", axis, x.rank())?, x.rank() - 1)
    };
    let (y, step) = match x {
        None => {
            let y = inexact(y)?;
            let dx = match dx.rank() {
                0 => dx.clone(),
                _ => last(&promote::to_rank(dx, y.rank())?)?,
            };
            (y, dx)
        }
        Some(x) => {
            let [y, x] = {
                let types = promote::result_type_of("trapezoid", &[y, x])?;
                let (dtype, weak) = promote::inexact_type(types);
                [promote::to_type(y, dtype, weak)?, promote::to_type(x, dtype, weak)?]
            };
            let step = match x.rank() {
                1 => diff(&x, 1, -1, None, None)?,
                _ => last(&diff(&x, 1, axis, None, None)?)?,
            };
            (y, step)
        }
    };
    let y = last(&y)?;
    let along = y.rank() - 1;
    let size = y.shape()[along];
    let over_last = || Sum::new().axis(-1);
    if step.rank() == 0 || step.shape()[step.rank() - 1] == 1 {
        // Of equal steps only the ends count half.
        let step = match step.rank() {
            0 => step,
            rank => lax::squeeze(&step, &[rank - 1])?,
        };
        let end = |at: usize| lax::squeeze(&part(&y, along, at, at + 1)?, &[along]);
        let ends = lax::add(&end(0)?, &end(size - 1)?)?;
        let half = lax::mul(&number(0.5, &ends), &ends)?;
        return multiply(&step, &lax::sub(&reductions::sum(&y, over_last())?, &half)?);
    }
    let [later, earlier] = neighbours(&y, along)?;
    let areas = multiply(&step, &lax::add(&later, &earlier)?)?;
    multiply(&Array::from(0.5), &reductions::sum(&areas, over_last())?)
}

/// Angles along an axis, with whole turns added so that neighbours differ by less than
/// `discont`, by default half a turn. `period` says how much a turn is.
///
/// ```
/// # use pullback::{Array, numpy::calculus};
/// let angles = Array::from([0.0, 350.0, 340.0]);
/// let y = calculus::unwrap(&angles, None, -1, &360.0.into())?;
/// assert_eq!(y, Array::from([0.0, -10.0, -20.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1, period = 6.283185307179586))]
pub fn unwrap(p: &Array, discont: Option<&Array>, axis: i64, period: &Array) -> Result<Array> {
    let both = promote::promote_types("unwrap", &[p, period])?;
    let (p, period) = (&both[0], &both[1]);
    if p.dtype().is_complex() {
        return Err(Error::value_error("unwrap", "does not support complex inputs"));
    }
    let axis = axis_of("unwrap", axis, p.rank())?;
    let size = p.shape()[axis];
    if size == 0 {
        return Ok(p.clone());
    }
    let half = true_divide(period, &Array::from(2))?;
    let discont = discont.cloned().unwrap_or_else(|| half.clone());
    let interval = match p.dtype().is_integer() {
        true => divmod(period, &Array::from(2))?.0,
        false => half,
    };
    let step = diff(p, 1, axis as i64, None, None)?;
    let within = subtract(&remainder(&add(&step, &interval)?, period)?, &interval)?;
    // Half a turn up stays half a turn up.
    let at_half = super::logic::equal(&within, &lax::neg(&interval)?)?;
    let at_half = lax::and(&at_half, &lax::gt(&step, &number(0.0, &step))?)?;
    let within = where_(&at_half, &interval, &within)?;
    let small = less(&super::arithmetic::absolute(&step)?, &discont)?;
    let correction = where_(&small, &Array::from(0), &subtract(&within, &step)?)?;
    let total = lax::cumsum(&correction, axis, false)?;
    let rest = add(&part(p, axis, 1, size)?, &total)?;
    super::joining::concatenate(&[part(p, axis, 0, 1)?, rest], Some(axis as i64), None)
}

/// What [`interp`] gives beyond the samples.
///
/// ```
/// # use pullback::{Array, numpy::calculus};
/// use pullback::numpy::calculus::{Beyond, interp};
/// let (x, y) = (Array::from([0.0, 1.0]), Array::from([5.0, 7.0]));
/// let at = Array::from([-1.0, 0.5]);
/// let left = Some(Beyond::Value(0.0.into()));
/// assert_eq!(interp(&at, &x, &y, left, None, None)?, Array::from([0.0, 6.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub enum Beyond {
    /// The line through the last two samples goes on.
    Extrapolate,
    /// A value.
    Value(Array),
    /// A word that means nothing here.
    Unknown(String),
}

impl FromArg for Option<Beyond> {
    const KIND: Kind = Kind::Any;

    fn from_arg(arg: Arg) -> Option<Self> {
        Some(match arg {
            Arg::None | Arg::Missing => None,
            Arg::Str(text) if text == "extrapolate" => Some(Beyond::Extrapolate),
            Arg::Str(text) => Some(Beyond::Unknown(text)),
            arg => Some(Beyond::Value(arg.array()?)),
        })
    }
}

/// The values at `x` of the lines that join the samples `fp` at the rising places `xp`.
///
/// Beyond the samples the first and the last count, or what `left` and `right` say: a value, or
/// "extrapolate". With a `period`, places are counted around.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::calculus::interp;
///
/// # fn main() -> pullback::Result<()> {
/// let xp = Array::from_slice(&[0.0f32, 1.0, 3.0], &[3])?;
/// let fp = Array::from_slice(&[0.0f32, 10.0, 20.0], &[3])?;
/// let x = Array::from_slice(&[0.5f32, 2.0, 9.0], &[3])?;
/// assert_eq!(interp(&x, &xp, &fp, None, None, None)?.to_vec::<f32>()?, [5.0, 15.0, 20.0]);
/// # Ok(())
/// # }
/// ```
#[api]
pub fn interp(
    x: &Array,
    xp: &Array,
    fp: &Array,
    left: Option<Beyond>,
    right: Option<Beyond>,
    period: Option<&Array>,
) -> Result<Array> {
    if xp.shape() != fp.shape() || xp.rank() != 1 {
        return Err(Error::value_error(
            "interp",
            format!(
                "xp and fp must be one-dimensional arrays of equal size, got {} and {}",
                xp.aval(),
                fp.aval()
            ),
        ));
    }
    for side in [&left, &right] {
        if let Some(Beyond::Unknown(word)) = side {
            return Err(Error::value_error(
                "interp",
                format!("the only word that left and right can be is 'extrapolate', got '{word}'"),
            ));
        }
    }
    let types = promote::inexact_type(promote::result_type_of("interp", &[x, xp])?);
    let (mut x, mut xp) =
        (promote::to_type(x, types.0, types.1)?, promote::to_type(xp, types.0, types.1)?);
    let mut fp = inexact(fp)?;
    if x.dtype().is_complex() {
        return Err(Error::value_error("interp", "complex x values not supported"));
    }
    if let Some(period) = period {
        if period.rank() != 0 {
            return Err(Error::value_error(
                "interp",
                format!("period must be a scalar; got {}", period.aval()),
            ));
        }
        let period = super::arithmetic::absolute(period)?;
        x = remainder(&x, &period)?;
        xp = remainder(&xp, &period)?;
        let sorted = lax::sort(&[&xp, &fp], 0, true, 1)?;
        (xp, fp) = (sorted[0].clone(), sorted[1].clone());
        // The samples before and after come around from the other end.
        let size = xp.shape()[0];
        let ends = |x: &Array| -> Result<[Array; 2]> {
            Ok([part(x, 0, size - 1, size)?, part(x, 0, 0, 1)?])
        };
        let [last, first] = ends(&xp)?;
        let (before, after) = (subtract(&last, &period)?, add(&first, &period)?);
        xp = super::joining::concatenate(&[before, xp, after], Some(0), None)?;
        let [last, first] = ends(&fp)?;
        fp = lax::concatenate(&[&last, &fp, &first], 0)?;
    }
    let size = xp.shape()[0];
    let found = super::search::places_of(&xp, &x, "right")?;
    let at =
        lax::clamp(&integer(1, found.dtype()), &found, &integer(size as i128 - 1, found.dtype()))?;
    let before = lax::sub(&at, &integer(1, at.dtype()))?;
    let take = |x: &Array, at: &Array| entries(x, at, 0);
    let (f0, x0) = (take(&fp, &before)?, take(&xp, &before)?);
    let rise = lax::sub(&take(&fp, &at)?, &f0)?;
    let run = lax::sub(&take(&xp, &at)?, &x0)?;
    // Samples in one place have no slope; a division would spoil derivatives.
    let tiny = number(epsilon(xp.dtype()).powi(2), &run);
    let flat = lax::le(&lax::abs(&run)?, &tiny)?;
    let share = lax::div(&lax::sub(&x, &x0)?, &select(&flat, &number(1.0, &run), &run)?)?;
    let mut f = where_(&flat, &f0, &add(&f0, &multiply(&share, &rise)?)?)?;
    if period.is_some() {
        return Ok(f);
    }
    let end = |x: &Array, at: usize| lax::squeeze(&part(x, 0, at, at + 1)?, &[0]);
    let value = |side: Option<Beyond>, at: usize| match side {
        Some(Beyond::Value(value)) => Ok(Some(value)),
        Some(_) => Ok(None),
        None => end(&fp, at).map(Some),
    };
    if let Some(value) = value(left, 0)? {
        f = where_(&less(&x, &end(&xp, 0)?)?, &value, &f)?;
    }
    if let Some(value) = value(right, size - 1)? {
        f = where_(&greater(&x, &end(&xp, size - 1)?)?, &value, &f)?;
    }
    Ok(f)
}
