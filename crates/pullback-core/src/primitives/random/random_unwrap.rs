//! `random_unwrap`: the words of keys.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{batch_in_front, flat_jvp, operand};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::lower::Lowering;
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// The two words of each key, along a new last axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomUnwrap;

/// The words of `keys`, of type u32, along a new last axis.
///
/// # Errors
/// If `keys` are not keys.
pub fn random_unwrap(keys: &Array) -> Result<Array> {
    bind1(RandomUnwrap, &[keys])
}

impl Primitive for RandomUnwrap {
    fn name(&self) -> &str {
        "random_unwrap"
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let keys = operand(self, inputs, DType::KeyThreefry)?;
        let shape: Shape = keys.shape.iter().copied().chain([2]).collect();
        Ok(one(Aval::new(&shape, DType::U32)))
    }

    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        flat_jvp(self.clone(), x)
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        batch_in_front(self.clone(), x[0], axes[0])
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel(kernels::random::RandomUnwrap, x))
    }
}

impl Listed for RandomUnwrap {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(RandomUnwrap)
    }

    fn samples() -> Vec<Sample> {
        let shapes: [&[usize]; 4] = [&[], &[2, 3], &[0], &[1]];
        shapes
            .iter()
            .map(|shape| Sample::new(RandomUnwrap, [Input::real(shape, DType::KeyThreefry)]))
            .collect()
    }
}
