//! `dynamic_slice`: a window of fixed size at a computed position.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{broadcast_in_dim, concatenate::concatenate, move_axis};
use crate::array::{Array, Arrays};
use crate::aval::{Aval, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::indexing::gather::{Gather, GatherDims, IndexMode};
use crate::primitives::rules::{dynamic_update_slice, zeros};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Domain, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// A window of the first operand; the others say where it begins, one scalar for each axis.
/// It is moved to where it fits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DynamicSlice {
    /// The size of the window along each axis.
    pub sizes: Shape,
}

/// The window of `x` of the sizes given that begins at `start`, one integer scalar for each axis,
/// or as near as it fits.
///
/// # Errors
/// If there is not one start and one size for each axis, or a size is larger than its axis.
pub fn dynamic_slice(x: &Array, start: &[&Array], sizes: &[usize]) -> Result<Array> {
    let operands: Vec<&Array> = [x].into_iter().chain(start.iter().copied()).collect();
    bind1(DynamicSlice { sizes: sizes.into() }, &operands)
}

/// Whether there is one scalar of one integer type for each axis of an array.
pub(super) fn check_starts(function: &str, x: &Aval, starts: &[Aval]) -> Result<()> {
    if starts.len() != x.rank() || starts.iter().any(|start| start.rank() != 0) {
        return Err(Error::type_error(
            function,
            format!("needs one scalar index for each axis of {x}, got {starts:?}"),
        ));
    }
    let first = starts.first().map_or(DType::I32, |start| start.dtype);
    if !first.is_integer() || starts.iter().any(|start| start.dtype != first) {
        return Err(Error::type_error(
            function,
            format!("index arguments must be integers of the same type, got {starts:?}"),
        ));
    }
    Ok(())
}

/// Index vectors, one for each entry of a mapped axis, of scalars that may each have that axis.
pub(super) fn index_vectors(starts: &[&Array], size: usize) -> Result<Array> {
    let columns = starts
        .iter()
        .map(|start| {
            let kept: &[usize] = if start.rank() == 0 { &[] } else { &[0] };
            broadcast_in_dim(start, &[size, 1], kept)
        })
        .collect::<Result<Vec<_>>>()?;
    concatenate(&columns.iter().collect::<Vec<_>>(), 1)
}

impl Primitive for DynamicSlice {
    fn name(&self) -> &str {
        "dynamic_slice"
    }

    fn params(&self) -> Params {
        vec![("slice_sizes", Param::sizes(&self.sizes))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let Some((x, starts)) = inputs.split_first() else {
            return Err(crate::primitives::operand_count(self.name(), 1, 0));
        };
        check_starts(self.name(), x, starts)?;
        let fits = self.sizes.len() == x.rank()
            && self.sizes.iter().zip(&x.shape).all(|(size, whole)| size <= whole);
        if !fits {
            return Err(Error::type_error(
                self.name(),
                format!(
                    "slice_sizes must be less than or equal to operand shape, got slice_sizes {} \
                     for operand shape {}",
                    ShapeText(&self.sizes),
                    ShapeText(&x.shape)
                ),
            ));
        }
        Ok(one(x.with_shape(&self.sizes)))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = dynamic_slice(x[0], &x[1..], &self.sizes)?;
        let aval = y.aval().tangent();
        let dy = dx[0].map(&aval, |dx| dynamic_slice(dx, &x[1..], &self.sizes))?;
        Ok((one(y), one(dy)))
    }

    /// The cotangent in the place of the window, zeros around it.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let starts: Option<Vec<&Array>> = inputs[1..].iter().map(Operand::known).collect();
        let Some(starts) = starts else {
            return Err(Error::NotLinear { primitive: self.name().into() });
        };
        let place = |ct: &Array| dynamic_update_slice(&zeros(&inputs[0].aval())?, ct, &starts);
        let mut cotangents = Cotangents::from_elem(None, inputs.len());
        cotangents[0] = ct[0].as_ref().map(place).transpose()?;
        Ok(cotangents)
    }

    /// Where only the operand is mapped, one more axis of the window; otherwise a gather.
    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let operand = match axes[0] {
            Some(mapped) => move_axis(x[0], mapped, 0)?,
            None => x[0].clone(),
        };
        let rank = self.sizes.len();
        if axes[1..].iter().all(Option::is_none) {
            let first = match x.get(1) {
                Some(start) => Array::constant(0.0, start.dtype()),
                None => Array::scalar(0i32),
            };
            let starts: Vec<&Array> = [&first].into_iter().chain(x[1..].iter().copied()).collect();
            let sizes: Shape = [axis.size].into_iter().chain(self.sizes.iter().copied()).collect();
            return Ok((one(dynamic_slice(&operand, &starts, &sizes)?), one(Some(0))));
        }
        let along = axes[0].is_some();
        let batching: Shape = (0..along as usize).collect();
        let dims = GatherDims {
            offset_dims: (1..=rank).collect(),
            collapsed_slice_dims: Shape::new(),
            start_index_map: (along as usize..rank + along as usize).collect(),
            operand_batching_dims: batching.clone(),
            start_indices_batching_dims: batching,
        };
        let entry = along.then_some(axis.size.min(1));
        let slice_sizes = entry.into_iter().chain(self.sizes.iter().copied()).collect();
        let gather = Gather {
            indices_are_sorted: false,
            unique_indices: false,
            ..Gather::new(dims, slice_sizes, IndexMode::Clip)
        };
        let indices = index_vectors(&x[1..], axis.size)?;
        Ok((one(bind1(gather, &[&operand, &indices])?), one(Some(0))))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel(kernels::structural::DynamicSlice { sizes: self.sizes.clone() }, x))
    }
}

impl Listed for DynamicSlice {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(DynamicSlice { sizes: params.sizes("slice_sizes")? })
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], sizes: &[usize], dtype, index| {
            let start = Input::new(&[], index, Domain::Whole(0, 5));
            let starts = vec![start; shape.len()];
            let operands = [Input::real(shape, dtype)].into_iter().chain(starts);
            Sample::new(DynamicSlice { sizes: sizes.into() }, operands)
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[5], &[2], dtype, DType::I32),
                    sample(&[3, 4], &[2, 3], dtype, DType::U8),
                    sample(&[3, 0], &[1, 0], dtype, DType::I64),
                    sample(&[1], &[1], dtype, DType::I32),
                    sample(&[2], &[0], dtype, DType::I32),
                ]
            })
            .chain([sample(&[], &[], DType::F32, DType::I32)])
            .collect()
    }
}
