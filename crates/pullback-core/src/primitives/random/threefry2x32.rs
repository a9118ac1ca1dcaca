//! `threefry2x32`: the block function of the random bit generator on its own.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::random_fold_in::repeated;
use super::{check, flat_jvp};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::lower::Lowering;
use crate::primitives::binary::{align, broadcast_shapes};
use crate::primitives::{Avals, Domain, Input, Listed, Primitive, Sample, Slots};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};

/// No parameters: the operands are two key words and two counter words, of type u32, whose shapes
/// fit as for elementwise operations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Threefry2x32;

/// Two random words from the words of a key and those of a counter.
///
/// # Errors
/// If an operand is not of type u32, or the shapes do not fit.
pub fn threefry2x32(key: [&Array; 2], counter: [&Array; 2]) -> Result<[Array; 2]> {
    let outputs = bind(Threefry2x32, &[key[0], key[1], counter[0], counter[1]])?;
    let wrong = |_| Error::Program { message: "'threefry2x32' must have two results".into() };
    outputs.into_vec().try_into().map_err(wrong)
}

impl Primitive for Threefry2x32 {
    fn name(&self) -> &str {
        "threefry2x32"
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        if inputs.len() != 4 {
            return Err(crate::primitives::operand_count(self.name(), 4, inputs.len()));
        }
        let mut shape = Shape::new();
        for input in inputs {
            check(self, input, DType::U32)?;
            shape = broadcast_shapes(self.name(), &shape, &input.shape)?;
        }
        let word = Aval::new(&shape, DType::U32);
        Ok([word.clone(), word].into_iter().collect())
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
        let y = bind(Threefry2x32, &x.iter().collect::<Vec<_>>())?;
        Ok((y, BatchAxes::from_elem(Some(at), 2)))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], i: &[Aval], y: &[Aval]) -> Result<Slots> {
        let x = repeated(plan, x, i, &y[0].shape);
        Ok(plan.kernel_many(kernels::random::Threefry2x32, &x, 2))
    }
}

impl Listed for Threefry2x32 {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Threefry2x32)
    }

    fn samples() -> Vec<Sample> {
        let sample = |key: &[usize], counter: &[usize]| {
            let word = |shape: &[usize]| Input::new(shape, DType::U32, Domain::Whole(0, 1 << 32));
            Sample::new(Threefry2x32, [word(key), word(key), word(counter), word(counter)])
        };
        vec![
            sample(&[], &[]),
            sample(&[3], &[3]),
            sample(&[], &[2, 3]),
            sample(&[0], &[0]),
            sample(&[1], &[1]),
        ]
    }
}
