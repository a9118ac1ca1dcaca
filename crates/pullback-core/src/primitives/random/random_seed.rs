//! `random_seed`: keys from integers.

use pullback_engine::DType;
use pullback_engine::kernels;
use pullback_engine::plan::Slot;

use super::{batch_in_front, flat_jvp, generator};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::Params;
use crate::lower::Lowering;
use crate::primitives::unary::Accepts;
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// A key from each integer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomSeed;

/// A key from each integer of `seeds`.
///
/// # Errors
/// If the seeds are not integers.
pub fn random_seed(seeds: &Array) -> Result<Array> {
    bind1(RandomSeed, &[seeds])
}

impl Primitive for RandomSeed {
    fn name(&self) -> &str {
        "random_seed"
    }

    fn params(&self) -> Params {
        vec![("impl", generator())]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [seeds] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        Accepts::Bits.check(self.name(), seeds.dtype)?;
        Ok(one(Aval::new(&seeds.shape, DType::KeyThreefry)))
    }

    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        flat_jvp(self.clone(), x)
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        batch_in_front(self.clone(), x[0], axes[0])
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel(kernels::random::RandomSeed, x))
    }
}

impl Listed for RandomSeed {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(RandomSeed)
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for &dtype in DType::NUMERIC.iter().filter(|&&dtype| Accepts::Bits.has(dtype)) {
            for shape in [&[][..], &[0], &[1], &[2, 3]] {
                samples.push(Sample::new(RandomSeed, [Input::real(shape, dtype)]));
            }
        }
        samples
    }
}
