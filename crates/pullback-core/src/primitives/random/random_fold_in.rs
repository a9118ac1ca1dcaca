//! `random_fold_in`: a key from a key and a number.

use pullback_engine::DType;
use pullback_engine::kernels;
use pullback_engine::kernels::view::View;
use pullback_engine::plan::Slot;

use super::{check, flat_jvp};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::lower::Lowering;
use crate::primitives::binary::{align, broadcast_shapes};
use crate::primitives::{Avals, Domain, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// A key from each key and the number at its place. Shapes fit as for elementwise operations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomFoldIn;

/// A key from each key of `keys` and the number of type u32 at its place in `data`.
///
/// # Errors
/// If `keys` are not keys, or the shapes do not fit.
pub fn random_fold_in(keys: &Array, data: &Array) -> Result<Array> {
    bind1(RandomFoldIn, &[keys, data])
}

/// Slots of the operands repeated to one shape, scalars included.
pub(super) fn repeated(
    plan: &mut Lowering,
    x: &[Slot],
    inputs: &[Aval],
    shape: &[usize],
) -> Vec<Slot> {
    let repeat = |(&slot, input): (&Slot, &Aval)| {
        if input.shape[..] == *shape {
            return slot;
        }
        let axes = (0..input.rank()).collect();
        plan.view(View::Broadcast { shape: shape.into(), axes }, slot)
    };
    x.iter().zip(inputs).map(repeat).collect()
}

impl Primitive for RandomFoldIn {
    fn name(&self) -> &str {
        "random_fold_in"
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [keys, data] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 2, inputs.len()));
        };
        check(self, keys, DType::KeyThreefry)?;
        check(self, data, DType::U32)?;
        let shape = broadcast_shapes(self.name(), &keys.shape, &data.shape)?;
        Ok(one(Aval::new(&shape, DType::KeyThreefry)))
    }

    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        flat_jvp(self.clone(), x)
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let (x, at) = align(x, axes, axis)?;
        Ok((one(random_fold_in(&x[0], &x[1])?), one(Some(at))))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], i: &[Aval], y: &[Aval]) -> Result<Slots> {
        let x = repeated(plan, x, i, &y[0].shape);
        Ok(plan.kernel(kernels::random::RandomFoldIn, &x))
    }
}

impl Listed for RandomFoldIn {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(RandomFoldIn)
    }

    fn samples() -> Vec<Sample> {
        let sample = |keys: &[usize], data: &[usize]| {
            let data = Input::new(data, DType::U32, Domain::Whole(0, 1000));
            Sample::new(RandomFoldIn, [Input::real(keys, DType::KeyThreefry), data])
        };
        vec![
            sample(&[], &[]),
            sample(&[2, 3], &[2, 3]),
            sample(&[], &[3]),
            sample(&[3], &[]),
            sample(&[2, 1], &[1, 3]),
            sample(&[0], &[0]),
            sample(&[1], &[1]),
        ]
    }
}
