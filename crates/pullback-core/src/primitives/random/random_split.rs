//! `random_split`: several independent keys from each.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{batch_in_front, flat_jvp, layout_param, operand};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::config;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Independent keys from each key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomSplit {
    /// The shape of the keys made from one.
    pub shape: Shape,
    /// Which layout the stream has; see [`config::threefry_partitionable`].
    pub partitionable: bool,
}

/// Independent keys of the shape given from each key of `keys`.
///
/// # Errors
/// If `keys` are not keys.
pub fn random_split(keys: &Array, shape: &[usize]) -> Result<Array> {
    let partitionable = config::threefry_partitionable();
    bind1(RandomSplit { shape: shape.into(), partitionable }, &[keys])
}

impl Primitive for RandomSplit {
    fn name(&self) -> &str {
        "random_split"
    }

    fn params(&self) -> Params {
        let shape = ("shape", Param::sizes(&self.shape));
        layout_param(self.partitionable).into_iter().chain([shape]).collect()
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let keys = operand(self, inputs, DType::KeyThreefry)?;
        let shape: Shape = keys.shape.iter().chain(&self.shape).copied().collect();
        Ok(one(keys.with_shape(&shape)))
    }

    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        flat_jvp(self.clone(), x)
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        batch_in_front(self.clone(), x[0], axes[0])
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let RandomSplit { shape, partitionable } = self.clone();
        Ok(plan.kernel(kernels::random::RandomSplit { shape, partitionable }, x))
    }
}

impl Listed for RandomSplit {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let partitionable = params.optional_bool("partitionable")?.unwrap_or(true);
        Ok(RandomSplit { shape: params.sizes("shape")?, partitionable })
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for partitionable in [true, false] {
            for (keys, shape) in
                [(&[][..], &[2][..]), (&[2], &[3, 2]), (&[0], &[2]), (&[2], &[0]), (&[1], &[])]
            {
                let op = RandomSplit { shape: shape.into(), partitionable };
                samples.push(Sample::new(op, [Input::real(keys, DType::KeyThreefry)]));
            }
        }
        samples
    }
}
