//! `psum`: the sum over the entries of mapped axes.
//!
//! Where the axis is being mapped, it is an axis of the array, and goes by its number. The sum is
//! `reduce_sum` in all but the name.

use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{AxisNames, axes_param, axis_size, others, read_axes, times, unbound};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::reduction::reduce_sum::{ReduceSum, batched};
use crate::primitives::structure::{linear_jvp, linear_transpose};
use crate::primitives::unary::Accepts;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Operand, Primitive, Sample, Slots, one,
    operand_count,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{AxisName, bind1, evaluation, with_current};

/// The sum over the entries of the axes named, or over axes of the array.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Psum {
    /// The axes that are mapped around, distinct.
    pub axes: AxisNames,
    /// The axes of the array that go, sorted and distinct.
    pub positions: Shape,
}

impl Psum {
    /// What it does to the axes of the array.
    fn whole(&self) -> Option<ReduceSum> {
        (!self.positions.is_empty()).then(|| ReduceSum { axes: self.positions.clone() })
    }
}

/// The sum of `x` over the entries of the mapped axes named; every entry gets it. An array that
/// no transformation knows is multiplied by the number of entries.
///
/// # Errors
/// If an axis of that name is not being mapped, or the elements are not numbers.
pub fn psum(x: &Array, axes: &[AxisName]) -> Result<Array> {
    let mut size = 1;
    for name in axes {
        size *= axis_size("psum", name)?;
    }
    if axes.is_empty() {
        return Ok(x.clone());
    }
    if x.tensor().is_some() {
        return with_current(evaluation(), || times(x, size));
    }
    bind1(Psum { axes: axes.into(), positions: Shape::new() }, &[x])
}

impl Primitive for Psum {
    fn name(&self) -> &str {
        "psum"
    }

    fn params(&self) -> Params {
        vec![("axes", axes_param(&self.axes, &self.positions)), ("axis_index_groups", Param::None)]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(operand_count(self.name(), 1, inputs.len()));
        };
        Accepts::Number.check(self.name(), x.dtype)?;
        match self.whole() {
            Some(whole) => whole.infer(inputs),
            None => Ok(one(x.clone())),
        }
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    /// Every entry went into the sum that every entry got.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        if let Some(whole) = self.whole() {
            return whole.transpose(ct, inputs);
        }
        linear_transpose(ct, |ct| psum(ct, &self.axes))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let (positions, to) = batched(&self.positions, axes[0].unwrap_or(0));
        let sum = bind1(Psum { axes: self.axes.clone(), positions }, &[x[0]])?;
        Ok((one(sum), one(axes[0].map(|_| to))))
    }

    fn batch_collective(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let sum = match axes[0] {
            Some(mapped) => {
                let positions = Shape::from_slice(&[mapped]);
                bind1(Psum { axes: AxisNames::new(), positions }, &[x[0]])?
            }
            None => times(x[0], axis.size)?,
        };
        Ok((one(psum(&sum, &others(&self.axes, axis))?), one(None)))
    }

    fn uses_axis(&self, name: &AxisName) -> bool {
        self.axes.contains(name)
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], a: &[Aval], y: &[Aval]) -> Result<Slots> {
        match self.whole() {
            Some(whole) => whole.lower(plan, x, a, y),
            None => Err(unbound(self.name(), &self.axes[0])),
        }
    }
}

impl Listed for Psum {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let (axes, positions) = read_axes(params)?;
        Ok(Psum { axes, positions })
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], positions: &[usize], dtype| {
            let op = Psum { axes: AxisNames::new(), positions: positions.into() };
            Sample::new(op, [Input::real(shape, dtype)])
        };
        let numbers = DType::NUMERIC.iter().filter(|&&dtype| Accepts::Number.has(dtype));
        numbers
            .flat_map(|&dtype| {
                [
                    sample(&[2, 3], &[0], dtype),
                    sample(&[2, 0], &[1], dtype),
                    sample(&[1], &[0], dtype),
                ]
            })
            .collect()
    }
}
