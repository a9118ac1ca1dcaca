//! `pmax` and `pmin`: the greatest and the least of the entries of mapped axes.

use pullback_engine::kernels::reduce::ReduceOp;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::psum::psum;
use super::{AxisNames, axes_param, axis_size, others, read_axes, unbound};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::reduction::reduce::Reduce;
use crate::primitives::reduction::reduce_sum::batched;
use crate::primitives::rules::{broadcast_like, convert_element_type, div, eq, mul};
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots, one, operand_count};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{AxisName, bind1};

/// The greatest or the least over the entries of the axes named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PExtremum {
    /// The axes that are mapped around, distinct.
    pub axes: AxisNames,
    /// The axes of the array that go, sorted and distinct; some if and only if none is named.
    pub positions: Shape,
    /// Whether the greatest is meant.
    pub greatest: bool,
}

/// The greatest of the entries of `x` over the mapped axes named; every entry gets it.
///
/// # Errors
/// If an axis of that name is not being mapped.
pub fn pmax(x: &Array, axes: &[AxisName]) -> Result<Array> {
    extremum(x, axes, true)
}

/// The least of the entries of `x` over the mapped axes named; every entry gets it.
///
/// # Errors
/// If an axis of that name is not being mapped.
pub fn pmin(x: &Array, axes: &[AxisName]) -> Result<Array> {
    extremum(x, axes, false)
}

fn extremum(x: &Array, axes: &[AxisName], greatest: bool) -> Result<Array> {
    for name in axes {
        axis_size(if greatest { "pmax" } else { "pmin" }, name)?;
    }
    if axes.is_empty() || x.tensor().is_some() {
        return Ok(x.clone());
    }
    bind1(PExtremum { axes: axes.into(), positions: Shape::new(), greatest }, &[x])
}

impl PExtremum {
    /// What it does to the axes of the array.
    fn whole(&self) -> Option<Reduce> {
        let op = if self.greatest { ReduceOp::Max } else { ReduceOp::Min };
        (!self.positions.is_empty()).then(|| Reduce { op, axes: self.positions.clone() })
    }
}

impl Primitive for PExtremum {
    fn name(&self) -> &str {
        if self.greatest { "pmax" } else { "pmin" }
    }

    fn params(&self) -> Params {
        vec![("axes", axes_param(&self.axes, &self.positions)), ("axis_index_groups", Param::None)]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        match (inputs, self.whole()) {
            ([_], Some(whole)) => whole.infer(inputs),
            ([x], None) => Ok(one(x.clone())),
            _ => Err(operand_count(self.name(), 1, inputs.len())),
        }
    }

    /// The tangents of the entries that attain it, in equal shares.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        if let Some(whole) = self.whole() {
            return whole.jvp(x, dx);
        }
        let y = bind1(self.clone(), &[x[0]])?;
        let dy = dx[0].map(&y.aval().tangent(), |dx| {
            let attained = convert_element_type(&eq(x[0], &y)?, dx.dtype())?;
            let count = psum(&attained, &self.axes)?;
            psum(&mul(dx, &div(&attained, &broadcast_like(&count, &attained)?)?)?, &self.axes)
        })?;
        Ok((one(y), one(dy)))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let (positions, to) = batched(&self.positions, axes[0].unwrap_or(0));
        let y = bind1(PExtremum { positions, ..self.clone() }, &[x[0]])?;
        Ok((one(y), one(axes[0].map(|_| to))))
    }

    fn batch_collective(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let whole = match axes[0] {
            Some(mapped) => {
                let positions = Shape::from_slice(&[mapped]);
                let axes = AxisNames::new();
                bind1(PExtremum { axes, positions, greatest: self.greatest }, &[x[0]])?
            }
            None => x[0].clone(),
        };
        Ok((one(extremum(&whole, &others(&self.axes, axis), self.greatest)?), one(None)))
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

impl Listed for PExtremum {
    fn from_params(name: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let (axes, positions) = read_axes(params)?;
        Ok(PExtremum { axes, positions, greatest: name == "pmax" })
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], positions: &[usize], dtype, greatest| {
            let op = PExtremum { axes: AxisNames::new(), positions: positions.into(), greatest };
            Sample::new(op, [Input::real(shape, dtype)])
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[2, 3], &[0], dtype, true),
                    sample(&[2, 3], &[1], dtype, false),
                    sample(&[1], &[0], dtype, true),
                    sample(&[1], &[0], dtype, false),
                    sample(&[2, 0], &[0], dtype, true),
                    sample(&[2, 0], &[0], dtype, false),
                ]
            })
            .collect()
    }
}
