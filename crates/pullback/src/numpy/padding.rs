//! Padding: an array in the middle of a larger one, whose borders are made up by a mode.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, Error, Result, promote};
use pullback_macros::{Keywords, api};

use super::common::{broadcast, number};
use super::manipulation::part;
use super::reductions::{self, Extreme, Mean};
use crate::api::{ApiFn, Axes, Items, Table, Value};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[&PAD_API];

/// What `pad` takes for its modes.
#[derive(Clone, Debug, Default, Keywords)]
pub struct Border {
    /// The values of the mode "constant", for each axis before and after; 0 by default.
    #[keyword(only)]
    pub constant_values: Option<Items>,
    /// How many entries from the end the modes "maximum", "mean", "median" and "minimum" look at,
    /// for each axis before and after; all by default.
    pub stat_length: Option<Table>,
    /// What the mode "linear_ramp" ends with, for each axis before and after; 0 by default.
    pub end_values: Option<Items>,
    /// Whether the modes "reflect" and "symmetric" mirror the values ("even", the default) or turn
    /// them around the last one ("odd").
    pub reflect_type: Option<String>,
}

/// The array with borders before and after each axis.
///
/// `pad_width` says how wide they are: one number for all, a pair of before and after, or such a
/// pair for each axis. `mode` says what they hold: "constant" values; the "edge" repeated; the
/// array by "reflect" without or "symmetric" with its edge; the other end, by "wrap"; a
/// "linear_ramp" from the edge; its "maximum", "mean", "median" or "minimum"; or anything, by
/// "empty".
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::padding::{Border, pad};
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3])?;
/// let y = pad(&x, &[1, 2].into(), "reflect", Border::new())?;
/// assert_eq!(y.to_vec::<f32>()?, [2.0, 1.0, 2.0, 3.0, 2.0, 1.0]);
/// let y = pad(&x, &[0, 2].into(), "constant", Border::new().constant_values(&Array::from(9.0)))?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 2.0, 3.0, 9.0, 9.0]);
/// # Ok(())
/// # }
/// ```
#[api(defaults(mode = "constant"))]
pub fn pad(array: &Array, pad_width: &Table, mode: &str, options: Border) -> Result<Array> {
    let given = [
        ("constant_values", options.constant_values.is_some()),
        ("stat_length", options.stat_length.is_some()),
        ("end_values", options.end_values.is_some()),
        ("reflect_type", options.reflect_type.is_some()),
    ];
    let allowed = match mode {
        "constant" => "constant_values",
        "linear_ramp" => "end_values",
        "maximum" | "mean" | "median" | "minimum" => "stat_length",
        "reflect" | "symmetric" => "reflect_type",
        "edge" | "wrap" | "empty" => "",
        _ => {
            return Err(Error::unsupported("pad", format!("unimplemented padding mode '{mode}'")));
        }
    };
    if let Some((name, _)) = given.iter().find(|(name, given)| *given && *name != allowed) {
        return Err(Error::value_error(
            "pad",
            format!("unsupported keyword arguments for mode '{mode}': {name}"),
        ));
    }
    let rank = array.rank();
    if rank == 0 {
        return Ok(array.clone());
    }
    let widths = pairs("pad_width", pad_width, rank)?
        .into_iter()
        .map(|[before, after]| {
            let width = |n: i64| {
                usize::try_from(n)
                    .map_err(|_| Error::value_error("pad", "index can't contain negative values"))
            };
            Ok([width(before)?, width(after)?])
        })
        .collect::<Result<Vec<_>>>()?;
    if mode == "constant" {
        return constant(array, &widths, options.constant_values.as_ref());
    }
    let ends = match &options.end_values {
        Some(Items(values)) => Some(table_of("end_values", values, rank)?),
        None => None,
    };
    let lengths = options.stat_length.as_ref();
    let lengths = lengths.map(|lengths| pairs("stat_length", lengths, rank)).transpose()?;
    let odd = match options.reflect_type.as_deref() {
        None | Some("even") => false,
        Some("odd") => true,
        Some(other) => {
            return Err(Error::value_error("pad", format!("unsupported reflect_type '{other}'")));
        }
    };
    let mut x = array.clone();
    for (axis, &width) in widths.iter().enumerate() {
        let size = x.shape()[axis];
        if size == 0 && !matches!(mode, "empty" | "linear_ramp") {
            if width != [0, 0] {
                return Err(Error::value_error(
                    "pad",
                    format!("cannot pad an axis of size 0 with mode '{mode}'"),
                ));
            }
            continue;
        }
        let border = Side { axis, width };
        x = match mode {
            "edge" => {
                let edges = [part(&x, axis, 0, 1)?, part(&x, axis, size - 1, size)?];
                border.around(&x, [border.wide(&edges[0], 0)?, border.wide(&edges[1], 1)?])?
            }
            "wrap" => border.wrapped(&x)?,
            "reflect" | "symmetric" => {
                let before = border.mirrored(&x, mode == "reflect", odd)?;
                let turned = Side { axis, width: [width[1], 0] };
                let backwards = turned.mirrored(&lax::rev(&x, &[axis])?, mode == "reflect", odd)?;
                border.around(&x, [before, lax::rev(&backwards, &[axis])?])?
            }
            "linear_ramp" => {
                let end = |side: usize| match &ends {
                    Some(values) => {
                        let at = |x: &Array, axis: usize, at: usize| part(x, axis, at, at + 1);
                        lax::squeeze(&at(&at(values, 0, axis)?, 1, side)?, &[0, 1])
                    }
                    None => Ok(Array::from(0)),
                };
                border.ramps(&x, [end(0)?, end(1)?])?
            }
            "empty" => {
                let nothing = |side: usize| -> Result<Array> {
                    let mut shape = x.shape().to_vec();
                    shape[axis] = width[side];
                    broadcast(&number(0.0, &x), &shape)
                };
                border.around(&x, [nothing(0)?, nothing(1)?])?
            }
            _ => {
                let lengths = lengths.as_ref().map(|lengths| lengths[axis]);
                border.statistics(&x, mode, lengths)?
            }
        };
    }
    Ok(x)
}

/// A pair for each axis, from one number, one pair, or a pair for each.
fn pairs(name: &str, table: &Table, rank: usize) -> Result<Vec<[i64; 2]>> {
    match &table.0[..] {
        [row] if row.len() == 1 => Ok(vec![[row[0]; 2]; rank]),
        [row] if row.len() == 2 => Ok(vec![[row[0], row[1]]; rank]),
        rows if rows.len() == rank && rows.iter().all(|row| row.len() == 2) => {
            Ok(rows.iter().map(|row| [row[0], row[1]]).collect())
        }
        rows => Err(Error::value_error(
            "pad",
            format!("{name} of an array of {rank} axes has an unsupported form: {rows:?}"),
        )),
    }
}

/// The same for values that are arrays: one row for each axis.
fn table_of(name: &str, values: &Array, rank: usize) -> Result<Array> {
    match *values.shape() {
        [] | [1] | [2] | [1, 2] => broadcast(values, &[rank, 2]),
        [rows, 2] if rows == rank => Ok(values.clone()),
        _ => Err(Error::value_error(
            "pad",
            format!("{name} of an array of {rank} axes has an unsupported form: {}", values.aval()),
        )),
    }
}

fn constant(x: &Array, widths: &[[usize; 2]], values: Option<&Items>) -> Result<Array> {
    let zero = Items(Array::from(0));
    let Items(values) = values.unwrap_or(&zero);
    let values = promote::to_type(values, x.dtype(), x.is_weak())?;
    let config = |axis: usize, [before, after]: [usize; 2]| {
        let mut config = vec![(0, 0, 0); x.rank()];
        config[axis] = (before as i64, after as i64, 0);
        config
    };
    if values.count() == 1 {
        let config: Vec<_> =
            widths.iter().map(|&[before, after]| (before as i64, after as i64, 0)).collect();
        return lax::pad(x, &lax::reshape(&values, &[])?, &config);
    }
    let values = table_of("constant_values", &values, x.rank())?;
    let mut y = x.clone();
    for (axis, &[before, after]) in widths.iter().enumerate() {
        let row = part(&values, 0, axis, axis + 1)?;
        for (side, width) in [[before, 0], [0, after]].into_iter().enumerate() {
            if width != [0, 0] {
                let value = lax::squeeze(&part(&row, 1, side, side + 1)?, &[0, 1])?;
                y = lax::pad(&y, &value, &config(axis, width))?;
            }
        }
    }
    Ok(y)
}

/// One axis, and how wide the borders before and after it are.
struct Side {
    axis: usize,
    width: [usize; 2],
}

impl Side {
    /// The array between two borders.
    fn around(&self, x: &Array, [before, after]: [Array; 2]) -> Result<Array> {
        let parts: Vec<&Array> =
            [&before, x, &after].into_iter().filter(|x| x.shape()[self.axis] > 0).collect();
        match parts.is_empty() {
            true => Ok(x.clone()),
            false => lax::concatenate(&parts, self.axis),
        }
    }

    /// One entry repeated to the width of a border.
    fn wide(&self, entry: &Array, side: usize) -> Result<Array> {
        let mut shape = entry.shape().to_vec();
        shape[self.axis] = self.width[side];
        broadcast(entry, &shape)
    }

    /// The array repeated, so that it begins within one copy and ends within another.
    fn wrapped(&self, x: &Array) -> Result<Array> {
        let size = x.shape()[self.axis];
        let [before, after] = self.width;
        let mut parts = vec![];
        if before % size > 0 {
            parts.push(part(x, self.axis, size - before % size, size)?);
        }
        parts.extend(std::iter::repeat_n(x.clone(), before / size + after / size + 1));
        if after % size > 0 {
            parts.push(part(x, self.axis, 0, after % size)?);
        }
        lax::concatenate(&parts.iter().collect::<Vec<_>>(), self.axis)
    }

    /// The border before the array: the array mirrored, as often as it takes.
    fn mirrored(&self, x: &Array, without_edge: bool, odd: bool) -> Result<Array> {
        let size = x.shape()[self.axis];
        let skip = usize::from(without_edge && size > 1);
        let mut left = self.width[0];
        let mut border = part(x, self.axis, 0, 0)?;
        while left > 0 {
            // Each copy mirrors the whole so far, of which at least one entry counts.
            let whole = lax::concatenate(&[&border, x], self.axis)?;
            let count = left.min(size - skip);
            let copy = lax::rev(&part(&whole, self.axis, skip, skip + count)?, &[self.axis])?;
            let copy = match odd {
                true => {
                    let edge = part(&whole, self.axis, 0, 1)?;
                    let twice = lax::mul(&edge, &number(2.0, &edge))?;
                    lax::sub(&twice, &copy)?
                }
                false => copy,
            };
            border = lax::concatenate(&[&copy, &border], self.axis)?;
            left -= count;
        }
        Ok(border)
    }

    /// Straight lines from the edges to the values given.
    fn ramps(&self, x: &Array, ends: [Array; 2]) -> Result<Array> {
        let size = x.shape()[self.axis];
        let ramp = |side: usize| -> Result<Array> {
            let at = if side == 0 { 0 } else { size.saturating_sub(1) };
            let edge = lax::squeeze(&part(x, self.axis, at, at + 1)?, &[self.axis])?;
            let line = super::creation::linspace_with(
                &ends[side],
                &edge,
                self.width[side] as i64,
                false,
                false,
                Some(x.dtype()),
                self.axis as i64,
            )?;
            match line {
                Value::Array(line) => promote::to_type(&line, x.dtype(), x.is_weak()),
                _ => unreachable!("linspace without retstep gives an array"),
            }
        };
        let after = lax::rev(&ramp(1)?, &[self.axis])?;
        self.around(x, [ramp(0)?, after])
    }

    /// A statistic of the entries at each end, repeated.
    fn statistics(&self, x: &Array, mode: &str, lengths: Option<[i64; 2]>) -> Result<Array> {
        let size = x.shape()[self.axis];
        let statistic = |x: &Array| -> Result<Array> {
            let axis = Some(Axes(vec![self.axis as i64]));
            let extreme = Extreme { axis: axis.clone(), keepdims: true, ..Extreme::default() };
            let y = match mode {
                "maximum" => reductions::max(x, extreme)?,
                "minimum" => reductions::min(x, extreme)?,
                "median" => super::search::median(x, axis.as_ref(), (), false, true)?,
                _ => {
                    let mean = Mean { axis, keepdims: true, ..Mean::default() };
                    reductions::mean(x, mean)?
                }
            };
            let y = match x.dtype().is_integer() && !y.dtype().is_integer() {
                true => lax::round(&y)?,
                false => y,
            };
            promote::to_type(&y, x.dtype(), x.is_weak())
        };
        let [before, after] = match lengths {
            None => {
                let both = statistic(x)?;
                [both.clone(), both]
            }
            Some(lengths) => {
                if lengths.iter().any(|&length| length < 1) {
                    return Err(Error::value_error(
                        "pad",
                        "stat_length of 0 yields no value for padding",
                    ));
                }
                let [before, after] = lengths.map(|length| (length as usize).min(size));
                [
                    statistic(&part(x, self.axis, 0, before)?)?,
                    statistic(&part(x, self.axis, size - after, size)?)?,
                ]
            }
        };
        self.around(x, [self.wide(&before, 0)?, self.wide(&after, 1)?])
    }
}
