//! `random_bits`: uniform bits from keys.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{batch_in_front, flat_jvp, layout_param, operand};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::config;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Uniform bits for each key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomBits {
    /// Bits of one element: 8, 16, 32 or 64.
    pub bits: u8,
    /// The shape that each key is drawn for.
    pub shape: Shape,
    /// Which layout the stream has; see [`config::threefry_partitionable`].
    pub partitionable: bool,
}

/// Unsigned integers of `bits` uniform bits, of the shape given for each key of `keys`.
///
/// # Errors
/// If `keys` are not keys, or `bits` is not 8, 16, 32 or 64.
pub fn random_bits(keys: &Array, bits: u8, shape: &[usize]) -> Result<Array> {
    let partitionable = config::threefry_partitionable();
    bind1(RandomBits { bits, shape: shape.into(), partitionable }, &[keys])
}

impl Primitive for RandomBits {
    fn name(&self) -> &str {
        "random_bits"
    }

    fn params(&self) -> Params {
        let bits = ("bit_width", Param::Int(self.bits as i64));
        let shape = ("shape", Param::sizes(&self.shape));
        [bits].into_iter().chain(layout_param(self.partitionable)).chain([shape]).collect()
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let keys = operand(self, inputs, DType::KeyThreefry)?;
        let dtype = match self.bits {
            8 => DType::U8,
            16 => DType::U16,
            32 => DType::U32,
            64 => DType::U64,
            bits => {
                return Err(Error::type_error(
                    self.name(),
                    format!("requires 8-, 16-, 32- or 64-bit field width, got {bits}"),
                ));
            }
        };
        let shape: Shape = keys.shape.iter().chain(&self.shape).copied().collect();
        Ok(one(Aval::new(&shape, dtype)))
    }

    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        flat_jvp(self.clone(), x)
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        batch_in_front(self.clone(), x[0], axes[0])
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let RandomBits { bits, shape, partitionable } = self.clone();
        Ok(plan.kernel(kernels::random::RandomBits { bits, shape, partitionable }, x))
    }
}

impl Listed for RandomBits {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let bits = u8::try_from(params.int("bit_width")?);
        Ok(RandomBits {
            bits: bits.map_err(|_| params.invalid("bit_width"))?,
            shape: params.sizes("shape")?,
            partitionable: params.optional_bool("partitionable")?.unwrap_or(true),
        })
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for bits in [8, 16, 32, 64] {
            for partitionable in [true, false] {
                for (keys, shape) in
                    [(&[][..], &[5][..]), (&[2], &[3, 1]), (&[0], &[2]), (&[2], &[0]), (&[1], &[])]
                {
                    let op = RandomBits { bits, shape: shape.into(), partitionable };
                    samples.push(Sample::new(op, [Input::real(keys, DType::KeyThreefry)]));
                }
            }
        }
        samples
    }
}
