//! Operations that move elements and compute nothing.

use pullback_engine::{DType, Tensor};
use smallvec::SmallVec;

use super::{Cotangent, Cotangents, Op, Operand, one};
use crate::array::{Array, Arrays};
use crate::aval::{Aval, Shape, ShapeText};
use crate::error::{Error, Result};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

pub mod bitcast_convert_type;
pub mod broadcast_in_dim;
pub mod concatenate;
pub mod dynamic_slice;
pub mod dynamic_update_slice;
pub mod iota;
pub mod pad;
pub mod reshape;
pub mod rev;
pub mod slice;
pub mod split;
pub mod squeeze;
pub mod transpose;

pub use broadcast_in_dim::broadcast_in_dim;

/// Zeros of the given kind; of stacks, the empty one.
pub fn zeros(aval: &Aval) -> Result<Array> {
    if aval.dtype == DType::Stack {
        return Ok(Array::new(Tensor::stack(vec![])));
    }
    let zero = Array::with_weak(crate::array::number(0.0, aval.dtype), aval.weak);
    match aval.rank() {
        0 => Ok(zero),
        _ => broadcast_in_dim(&zero, &aval.shape, &[]),
    }
}

/// Zeros of the kind of `x`.
pub fn zeros_like(x: &Array) -> Result<Array> {
    zeros(&x.aval())
}

/// `x` with further axes of size 1 at the positions given, which count in the result.
pub fn expand_dims(x: &Array, positions: &[usize]) -> Result<Array> {
    let rank = x.rank() + positions.len();
    let kept: Vec<usize> = (0..rank).filter(|axis| !positions.contains(axis)).collect();
    let mut shape = Shape::from_elem(1, rank);
    for (&axis, &size) in kept.iter().zip(x.shape()) {
        shape[axis] = size;
    }
    broadcast_in_dim(x, &shape, &kept)
}

/// `x` with axis `from` at position `to`, the others in order.
pub fn move_axis(x: &Array, from: usize, to: usize) -> Result<Array> {
    if from == to {
        return Ok(x.clone());
    }
    let mut permutation: Vec<usize> = (0..x.rank()).filter(|&axis| axis != from).collect();
    permutation.insert(to, from);
    transpose::transpose(x, &permutation)
}

/// The derivative of an operation that is linear in its only operand.
pub(crate) fn linear_jvp(
    op: impl Into<Op>,
    x: &[&Array],
    dx: &[Tangent],
) -> Result<(Arrays, Tangents)> {
    let op = op.into();
    let y = bind1(op.clone(), &[x[0]])?;
    let dy = dx[0].map(&y.aval().tangent(), |dx| bind1(op, &[dx]))?;
    Ok((one(y), one(dy)))
}

/// The transpose of an operation that is linear in its only operand.
pub(crate) fn linear_transpose(
    ct: &[Cotangent],
    f: impl FnOnce(&Array) -> Result<Array>,
) -> Result<Cotangents> {
    Ok(one(ct[0].as_ref().map(f).transpose()?))
}

/// Axes given as possibly negative numbers, made positive.
pub fn positive_axis(function: &str, axis: i64, rank: usize) -> Result<usize> {
    let positive = if axis < 0 { axis + rank as i64 } else { axis };
    match usize::try_from(positive) {
        Ok(axis) if axis < rank => Ok(axis),
        _ => Err(Error::Axis { function: function.into(), axis, rank }),
    }
}

/// Whether `axes` are all below `rank` and no two the same.
pub(crate) fn check_axes(function: &str, axes: &[usize], rank: usize) -> Result<()> {
    if let Some(&axis) = axes.iter().find(|&&axis| axis >= rank) {
        return Err(Error::Axis { function: function.into(), axis: axis as i64, rank });
    }
    let mut sorted: SmallVec<[usize; 8]> = axes.into();
    sorted.sort_unstable();
    match sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(Error::type_error(function, format!("duplicate axes in {}", ShapeText(axes)))),
        false => Ok(()),
    }
}

/// The linear operand among known ones, for rules that must have exactly one.
pub(crate) fn is_linear(inputs: &[Operand], at: usize) -> bool {
    inputs[at].is_linear()
}
