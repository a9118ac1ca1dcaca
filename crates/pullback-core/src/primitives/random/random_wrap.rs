//! `random_wrap`: keys from their words.

use pullback_engine::DType;
use pullback_engine::kernels;
use pullback_engine::plan::Slot;

use super::{batch_in_front, flat_jvp, generator, operand};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::Params;
use crate::lower::Lowering;
use crate::primitives::{Avals, Domain, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// A key from each two words along the last axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomWrap;

/// Keys from their words, of type u32, along the last axis of `words`.
///
/// # Errors
/// If the last axis does not have size 2, or the type is another.
pub fn random_wrap(words: &Array) -> Result<Array> {
    bind1(RandomWrap, &[words])
}

impl Primitive for RandomWrap {
    fn name(&self) -> &str {
        "random_wrap"
    }

    fn params(&self) -> Params {
        vec![("impl", generator())]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let words = operand(self, inputs, DType::U32)?;
        match &words.shape[..] {
            [shape @ .., 2] => Ok(one(Aval::new(shape, DType::KeyThreefry))),
            _ => Err(Error::type_error(
                self.name(),
                format!("needs words of keys along a last axis of size 2, got {words}"),
            )),
        }
    }

    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        flat_jvp(self.clone(), x)
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        batch_in_front(self.clone(), x[0], axes[0])
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel(kernels::random::RandomWrap, x))
    }
}

impl Listed for RandomWrap {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(RandomWrap)
    }

    fn samples() -> Vec<Sample> {
        let words = |shape: &[usize]| Input::new(shape, DType::U32, Domain::Whole(0, 1 << 32));
        let shapes: [&[usize]; 4] = [&[2], &[3, 2], &[0, 2], &[1, 2]];
        shapes.iter().map(|shape| Sample::new(RandomWrap, [words(shape)])).collect()
    }
}
