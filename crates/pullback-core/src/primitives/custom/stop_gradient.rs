//! `stop_gradient`: the same array, as a constant to derivatives.

use pullback_engine::plan::Slot;

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::lower::Lowering;
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots, one, operand_count};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// No parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StopGradient;

/// `x`, with derivative zero.
pub fn stop_gradient(x: &Array) -> Result<Array> {
    bind1(StopGradient, &[x])
}

impl Primitive for StopGradient {
    fn name(&self) -> &str {
        "stop_gradient"
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        match inputs {
            [x] => Ok(one(x.clone())),
            _ => Err(operand_count(self.name(), 1, inputs.len())),
        }
    }

    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = stop_gradient(x[0])?;
        let dy = Tangent::zero(&y);
        Ok((one(y), one(dy)))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        Ok((one(stop_gradient(x[0])?), one(axes[0])))
    }

    fn lower(&self, _: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(one(x[0]))
    }
}

impl Listed for StopGradient {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(StopGradient)
    }

    fn samples() -> Vec<Sample> {
        let dtypes = pullback_engine::DType::NUMERIC.iter();
        dtypes
            .flat_map(|&dtype| {
                [2, 0, 1].map(|n| Sample::new(StopGradient, [Input::real(&[n], dtype)]).jumping())
            })
            .collect()
    }
}
