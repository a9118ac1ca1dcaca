//! Operations that look across the entries of a mapped axis, which they call by its name.
//!
//! Nothing else in a program can: to a function under `vmap` its own entry is all there is. Each
//! has two batching rules: `batch_collective`, where the axis being mapped is its own, ends it as
//! an operation on the whole array; `batch`, for any other axis, leaves the collective as it is.
//! A collective that is neither under `vmap` nor another map of that name cannot be computed.

use pullback_engine::Shape;
use smallvec::SmallVec;

use crate::array::Array;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::Param;
use crate::trace::{AxisData, AxisName, find_axis};

pub mod all_gather;
pub mod all_to_all;
pub mod axis_index;
pub mod pextremum;
pub mod ppermute;
pub mod psum;
pub mod reduce_scatter;

/// Several names of mapped axes, most often one.
pub type AxisNames = SmallVec<[AxisName; 1]>;

/// The number of entries of a mapped axis.
///
/// # Errors
/// [`Error::UnboundAxis`] if no enclosing transformation maps an axis of that name.
pub fn axis_size(function: &str, name: &AxisName) -> Result<usize> {
    match find_axis(name) {
        Some(axis) => Ok(axis.size),
        None => Err(unbound(function, name)),
    }
}

fn unbound(function: &str, name: &AxisName) -> Error {
    Error::UnboundAxis { function: function.to_string(), name: name.to_string() }
}

/// `('i',)`
fn names_param(names: &[AxisName]) -> Param {
    Param::Tuple(names.iter().map(|name| Param::word(format!("'{name}'"))).collect())
}

/// Names of axes, and axes by number: `('i', 0)`.
fn axes_param(names: &[AxisName], positions: &[usize]) -> Param {
    let Param::Tuple(mut axes) = names_param(names) else { return Param::None };
    axes.extend(positions.iter().map(|&axis| Param::Int(axis as i64)));
    Param::Tuple(axes)
}

/// What [`axes_param`] writes.
fn read_axes(params: &ParamReader) -> Result<(AxisNames, Shape)> {
    let (words, positions) = params.words_and_sizes("axes")?;
    Ok((words.iter().map(|word| read_name(word)).collect(), positions))
}

fn read_names(params: &ParamReader, key: &str) -> Result<AxisNames> {
    params.words(key)?.into_iter().map(|word| Ok(read_name(&word))).collect()
}

fn read_name(word: &str) -> AxisName {
    AxisName(word.trim_matches('\'').into())
}

/// The names but the one of `axis`.
fn others(names: &[AxisName], axis: &AxisData) -> AxisNames {
    names.iter().filter(|&name| Some(name) != axis.name.as_ref()).cloned().collect()
}

/// The sum over the entries of a constant: as many times it.
fn times(x: &Array, size: usize) -> Result<Array> {
    use super::rules::{mul, number};
    mul(x, &number(size as f64, x))
}
