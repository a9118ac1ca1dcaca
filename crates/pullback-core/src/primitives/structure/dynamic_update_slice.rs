//! `dynamic_update_slice`: an array with another in place of a window at a computed position.

use pullback_engine::DType;
use pullback_engine::Shape;
use pullback_engine::kernels;
use pullback_engine::plan::Slot;

use super::dynamic_slice::{check_starts, index_vectors};
use super::is_linear;
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::lower::Lowering;
use crate::primitives::indexing::gather::IndexMode;
use crate::primitives::indexing::scatter::{Scatter, ScatterDims, ScatterOp};
use crate::primitives::rules::{dynamic_slice, zeros, zeros_like};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Domain, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// No parameters: the operands are the array, the window, and one scalar for each axis that says
/// where the window begins. It is moved to where it fits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DynamicUpdateSlice;

/// `x` with `update` in place of the window that begins at `start`, one integer scalar for each
/// axis, or as near as it fits.
///
/// # Errors
/// If there is not one start for each axis, or the update is larger than `x` or of another type.
pub fn dynamic_update_slice(x: &Array, update: &Array, start: &[&Array]) -> Result<Array> {
    let operands: Vec<&Array> = [x, update].into_iter().chain(start.iter().copied()).collect();
    bind1(DynamicUpdateSlice, &operands)
}

impl Primitive for DynamicUpdateSlice {
    fn name(&self) -> &str {
        "dynamic_update_slice"
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x, update, starts @ ..] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 2, inputs.len()));
        };
        if x.dtype != update.dtype {
            return Err(Error::DTypeMismatch {
                function: self.name().into(),
                lhs: x.dtype,
                rhs: update.dtype,
            });
        }
        check_starts(self.name(), x, starts)?;
        let fits = update.rank() == x.rank()
            && update.shape.iter().zip(&x.shape).all(|(size, whole)| size <= whole);
        if !fits {
            return Err(Error::type_error(
                self.name(),
                format!(
                    "update shape must be smaller than operand shape, got {update} for operand {x}"
                ),
            ));
        }
        Ok(one(x.clone().with_weak(x.weak && update.weak)))
    }

    /// Linear in the array and the update together.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(DynamicUpdateSlice, x)?;
        let dy = if dx[0].is_zero() && dx[1].is_zero() {
            Tangent::zero(&y)
        } else {
            let (dx, du) = (dx[0].instantiate()?, dx[1].instantiate()?);
            Tangent::Value(dynamic_update_slice(&dx, &du, &x[2..])?)
        };
        Ok((one(y), one(dy)))
    }

    /// The update gets the cotangent in its window, the array the rest.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let starts: Option<Vec<&Array>> = inputs[2..].iter().map(Operand::known).collect();
        let Some(starts) = starts else {
            return Err(Error::NotLinear { primitive: self.name().into() });
        };
        let mut cotangents = Cotangents::from_elem(None, inputs.len());
        let Some(ct) = &ct[0] else { return Ok(cotangents) };
        let update = inputs[1].aval();
        if is_linear(inputs, 0) {
            let nothing = zeros(&update.tangent())?;
            cotangents[0] = Some(dynamic_update_slice(ct, &nothing, &starts)?);
        }
        if is_linear(inputs, 1) {
            cotangents[1] = Some(dynamic_slice(ct, &starts, &update.shape)?);
        }
        Ok(cotangents)
    }

    /// Where no position is mapped, one more axis of the window; otherwise a scatter.
    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let operand = at_axis(x[0], axes[0], axis.size, 0)?;
        let update = at_axis(x[1], axes[1], axis.size, 0)?;
        if axes[2..].iter().all(Option::is_none) {
            let first = match x.get(2) {
                Some(start) => zeros_like(start)?,
                None => Array::scalar(0i32),
            };
            let starts: Vec<&Array> = [&first].into_iter().chain(x[2..].iter().copied()).collect();
            return Ok((one(dynamic_update_slice(&operand, &update, &starts)?), one(Some(0))));
        }
        let rank = operand.rank() - 1;
        let batching = Shape::from_elem(0, 1);
        let dims = ScatterDims {
            update_window_dims: (1..=rank).collect(),
            inserted_window_dims: Shape::new(),
            scatter_dims_to_operand_dims: (1..=rank).collect(),
            operand_batching_dims: batching.clone(),
            scatter_indices_batching_dims: batching,
        };
        let scatter = Scatter {
            indices_are_sorted: true,
            unique_indices: true,
            ..Scatter::new(ScatterOp::Replace, dims, IndexMode::Clip, operand.dtype())
        };
        let indices = index_vectors(&x[2..], axis.size)?;
        Ok((one(bind1(scatter, &[&operand, &indices, &update])?), one(Some(0))))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel(kernels::structural::DynamicUpdateSlice, x))
    }
}

impl Listed for DynamicUpdateSlice {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(DynamicUpdateSlice)
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], update: &[usize], dtype, index| {
            let start = Input::new(&[], index, Domain::Whole(0, 5));
            let starts = vec![start; shape.len()];
            let operands = [Input::real(shape, dtype), Input::real(update, dtype)];
            Sample::new(DynamicUpdateSlice, operands.into_iter().chain(starts))
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[5], &[2], dtype, DType::I32),
                    sample(&[3, 4], &[2, 3], dtype, DType::I64),
                    sample(&[3, 0], &[1, 0], dtype, DType::U8),
                    sample(&[1], &[1], dtype, DType::I32),
                    sample(&[2], &[0], dtype, DType::I32),
                ]
            })
            .chain([sample(&[], &[], DType::F32, DType::I32)])
            .collect()
    }
}
