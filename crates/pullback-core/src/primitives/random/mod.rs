//! Random bits, and the keys they come from.
//!
//! Nothing here has a derivative. A mapped array of keys is one with a further axis in front.

use pullback_engine::DType;

use super::{Op, Primitive};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::print::Param;
use crate::primitives::rules::move_axis;
use crate::trace::batch::{BatchAxes, BatchAxis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};

pub mod random_bits;
pub mod random_fold_in;
pub mod random_gamma;
pub mod random_seed;
pub mod random_split;
pub mod random_unwrap;
pub mod random_wrap;
pub mod threefry2x32;

/// The results, and tangents of nothing.
fn flat_jvp(op: impl Into<Op>, x: &[&Array]) -> Result<(Arrays, Tangents)> {
    let y = bind(op, x)?;
    let dy = y.iter().map(Tangent::zero).collect();
    Ok((y, dy))
}

/// An operation that treats all axes of its one operand, or all but the last, alike.
fn batch_in_front(op: impl Into<Op>, x: &Array, axis: BatchAxis) -> Result<(Arrays, BatchAxes)> {
    let x = move_axis(x, axis.unwrap_or(0), 0)?;
    let y = bind(op, &[&x])?;
    let axes = BatchAxes::from_elem(Some(0), y.len());
    Ok((y, axes))
}

/// The one operand, which must be of type `dtype`.
fn operand<'a>(op: &dyn Primitive, inputs: &'a [Aval], dtype: DType) -> Result<&'a Aval> {
    let [x] = inputs else {
        return Err(crate::primitives::operand_count(op.name(), 1, inputs.len()));
    };
    check(op, x, dtype)?;
    Ok(x)
}

fn check(op: &dyn Primitive, x: &Aval, dtype: DType) -> Result<()> {
    match x.dtype == dtype {
        true => Ok(()),
        false => Err(Error::type_error(op.name(), format!("needs an array of {dtype}, got {x}"))),
    }
}

/// The only generator there is, as the text of programs names it.
fn generator() -> Param {
    Param::word("fry")
}

/// How the text of programs tells the layout of a stream: the usual one is not mentioned.
fn layout_param(partitionable: bool) -> Option<(&'static str, Param)> {
    (!partitionable).then_some(("partitionable", Param::Bool(false)))
}
