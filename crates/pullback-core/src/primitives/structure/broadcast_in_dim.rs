//! `broadcast_in_dim`: an array repeated along new axes and along axes of size 1.

use pullback_engine::kernels::view::View;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{check_axes, linear_jvp, linear_transpose};
use crate::array::{Array, Arrays};
use crate::aval::{Aval, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{move_axis, reduce_sum, reshape};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots, one,
    with_one_entry,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Axis `i` of the operand becomes axis `axes[i]` of `shape`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BroadcastInDim {
    /// The shape of the result.
    pub shape: Shape,
    /// For each axis of the operand its place in the result, increasing.
    pub axes: Shape,
}

/// `x` repeated to `shape`, where axis `i` of `x` becomes axis `axes[i]`.
///
/// # Errors
/// If an axis of `x` has neither size 1 nor that of its axis in `shape`, or `axes` does not
/// increase.
pub fn broadcast_in_dim(x: &Array, shape: &[usize], axes: &[usize]) -> Result<Array> {
    if x.shape() == shape && axes.iter().enumerate().all(|(i, &axis)| i == axis) {
        return Ok(x.clone());
    }
    bind1(BroadcastInDim { shape: shape.into(), axes: axes.into() }, &[x])
}

impl Primitive for BroadcastInDim {
    fn name(&self) -> &str {
        "broadcast_in_dim"
    }

    fn params(&self) -> Params {
        match self.axes.len() {
            0 => vec![],
            _ => vec![("broadcast_dimensions", Param::sizes(&self.axes))],
        }
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        check_axes(self.name(), &self.axes, self.shape.len())?;
        let fits = self.axes.len() == x.rank()
            && self.axes.windows(2).all(|pair| pair[0] < pair[1])
            && x.shape.iter().zip(&self.axes).all(|(&n, &to)| n == 1 || n == self.shape[to]);
        if !fits {
            return Err(Error::type_error(
                self.name(),
                format!(
                    "an operand of shape {} does not fit axes {} of shape {}",
                    ShapeText(&x.shape),
                    ShapeText(&self.axes),
                    ShapeText(&self.shape)
                ),
            ));
        }
        if pullback_engine::layout::checked_count(&self.shape).is_none() {
            return Err(Error::TooLarge {
                function: self.name().to_string(),
                elements: self.shape.iter().fold(1, |all, &n| all.saturating_mul(n as u128)),
                dtype: x.dtype,
            });
        }
        Ok(one(x.with_shape(&self.shape)))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    /// The sum over everything that was repeated.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let x = inputs[0].aval();
        linear_transpose(ct, |ct| {
            let kept = |axis: usize| {
                self.axes
                    .iter()
                    .position(|&to| to == axis)
                    .is_some_and(|from| x.shape[from] == self.shape[axis])
            };
            let repeated: Vec<usize> = (0..self.shape.len()).filter(|&axis| !kept(axis)).collect();
            reshape(&reduce_sum(ct, &repeated)?, &x.shape)
        })
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let x = move_axis(x[0], axes[0].unwrap_or(0), 0)?;
        let shape: Shape = [axis.size].into_iter().chain(self.shape.iter().copied()).collect();
        let to: Shape = [0].into_iter().chain(self.axes.iter().map(|axis| axis + 1)).collect();
        Ok((one(broadcast_in_dim(&x, &shape, &to)?), one(Some(0))))
    }

    fn for_one_entry(&self, lead: usize, x: &[Aval], _: &[Aval]) -> Option<Op> {
        let shape = with_one_entry(&self.shape, lead);
        let is_kept = |axis: usize| {
            self.axes.get(axis) == Some(&axis) && x[0].shape[axis] == self.shape[axis]
        };
        let fits = x[0].rank() == 0 || (0..lead).all(is_kept);
        fits.then(|| BroadcastInDim { shape, axes: self.axes.clone() }.into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let view = View::Broadcast { shape: self.shape.clone(), axes: self.axes.clone() };
        Ok(one(plan.view(view, x[0])))
    }
}

impl Listed for BroadcastInDim {
    fn from_params(_: &str, params: &ParamReader, outputs: &[Aval]) -> Result<Self> {
        Ok(BroadcastInDim {
            shape: outputs[0].shape.clone(),
            axes: params.sizes_or("broadcast_dimensions", &[])?,
        })
    }

    fn samples() -> Vec<Sample> {
        let sample = |from: &[usize], to: &[usize], axes: &[usize], dtype| {
            let op = BroadcastInDim { shape: to.into(), axes: axes.into() };
            Sample::new(op, [Input::real(from, dtype)])
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[], &[2, 3], &[], dtype),
                    sample(&[3], &[2, 3], &[1], dtype),
                    sample(&[2, 1], &[2, 4, 3], &[0, 2], dtype),
                    sample(&[0], &[2, 0], &[1], dtype),
                ]
            })
            .collect()
    }
}
