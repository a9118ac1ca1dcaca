//! Convolutions with a mapped axis: it becomes part of the batch, or of the features, or a further
//! group of them.

use super::conv_general_dilated::{ConvDims, ConvGeneralDilated, conv_general_dilated};
use crate::array::{Array, Arrays};
use crate::aval::{Aval, Shape};
use crate::error::Result;
use crate::primitives::rules::{move_axis, reshape, zeros};
use crate::primitives::{Primitive, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};

pub(super) fn batch(
    conv: &ConvGeneralDilated,
    x: &[&Array],
    axes: &[BatchAxis],
    axis: &AxisData,
) -> Result<(Arrays, BatchAxes)> {
    let ConvDims { lhs_spec, rhs_spec, out_spec } = &conv.dims;
    let size = axis.size;
    if size == 0 {
        // There cannot be zero groups.
        let own = |x: &Array, axis: BatchAxis| {
            let mut aval = x.aval();
            if let Some(axis) = axis {
                aval.shape.remove(axis);
            }
            aval
        };
        let aval: Aval = conv.infer(&[own(x[0], axes[0]), own(x[1], axes[1])])?[0].clone();
        let shape: Shape = [0].iter().chain(&aval.shape).copied().collect();
        return Ok((one(zeros(&aval.with_shape(&shape))?), one(Some(0))));
    }
    let (groups, batch_groups) = (conv.feature_group_count, conv.batch_group_count);
    let y = match (axes[0], axes[1]) {
        // Each entry has its own window: entries are groups around the groups there are.
        (Some(a), Some(b)) => {
            let rhs = folded(x[1], b, rhs_spec[0], 1)?;
            let (into, more) = match batch_groups {
                1 => (1, ConvGeneralDilated { feature_group_count: groups * size, ..conv.clone() }),
                n => (0, ConvGeneralDilated { batch_group_count: n * size, ..conv.clone() }),
            };
            let lhs = folded(x[0], a, lhs_spec[into], 1)?;
            unfolded(&conv_general_dilated(&lhs, &rhs, more)?, out_spec[1], 1, size)?
        }
        (Some(a), None) => {
            let lhs = folded(x[0], a, lhs_spec[0], batch_groups)?;
            unfolded(&conv_general_dilated(&lhs, x[1], conv.clone())?, out_spec[0], 1, size)?
        }
        (None, b) => {
            let all = groups * batch_groups;
            let rhs = folded(x[1], b.unwrap_or(0), rhs_spec[0], all)?;
            unfolded(&conv_general_dilated(x[0], &rhs, conv.clone())?, out_spec[1], all, size)?
        }
    };
    Ok((one(y), one(Some(0))))
}

/// Axis `mapped` put into axis `into` of the other axes, which is in `groups` parts: between the
/// number of the part and the place in it.
fn folded(x: &Array, mapped: usize, into: usize, groups: usize) -> Result<Array> {
    let size = x.shape()[mapped];
    let x = move_axis(x, mapped, 0)?;
    let own = x.shape()[into + 1];
    let mut split = Shape::from_slice(x.shape());
    split[into + 1] = own / groups;
    split.insert(into + 1, groups);
    let x = move_axis(&reshape(&x, &split)?, 0, into + 1)?;
    let mut merged = Shape::from_slice(x.shape());
    merged.drain(into..into + 2);
    merged[into] = own * size;
    reshape(&x, &merged)
}

/// The reverse of [`folded`], with the mapped axis in front.
fn unfolded(y: &Array, from: usize, groups: usize, size: usize) -> Result<Array> {
    let own = y.shape()[from] / size;
    let mut split = Shape::from_slice(y.shape());
    split[from] = own / groups;
    split.insert(from, size);
    split.insert(from, groups);
    let y = move_axis(&reshape(y, &split)?, from + 1, 0)?;
    let mut merged = Shape::from_slice(y.shape());
    merged.remove(from + 1);
    merged[from + 1] = own;
    reshape(&y, &merged)
}

/// The outer part of axis `from`, which is in `groups` parts, moved to be the outer part of axis
/// `to`.
pub(super) fn moved(x: &Array, from: usize, to: usize, groups: usize) -> Result<Array> {
    let mut split = Shape::from_slice(x.shape());
    split[from] /= groups;
    split.insert(from, groups);
    let x = move_axis(&reshape(x, &split)?, from, 0)?;
    folded(&x, 0, to, 1)
}

/// A window for the transposed convolution: what is in parts along `outputs` is in parts along
/// `inputs` afterwards.
pub(super) fn regrouped(
    rhs: &Array,
    outputs: usize,
    inputs: usize,
    groups: usize,
) -> Result<Array> {
    if groups == 1 { Ok(rhs.clone()) } else { moved(rhs, outputs, inputs, groups) }
}
