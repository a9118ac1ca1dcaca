//! `reduce_precision`: numbers rounded to a type of fewer bits, and back.

use pullback_engine::DType;
use pullback_engine::plan::Slot;
use pullback_engine::tile::ScalarOp;

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::structure::{linear_jvp, linear_transpose};
use crate::primitives::unary::Accepts;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// The bits of the narrower type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReducePrecision {
    /// Bits of its exponent, at least 1.
    pub exponent: u8,
    /// Bits of its mantissa, that before the point not counted.
    pub mantissa: u8,
}

/// `x` rounded to a type with so many bits of exponent and mantissa.
///
/// # Errors
/// If there are no bits of exponent, or the elements are not floating numbers.
pub fn reduce_precision(x: &Array, exponent: u8, mantissa: u8) -> Result<Array> {
    bind1(ReducePrecision { exponent, mantissa }, &[x])
}

impl Primitive for ReducePrecision {
    fn name(&self) -> &str {
        "reduce_precision"
    }

    fn params(&self) -> Params {
        vec![
            ("exponent_bits", Param::Int(self.exponent as i64)),
            ("mantissa_bits", Param::Int(self.mantissa as i64)),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        Accepts::Float.check(self.name(), x.dtype)?;
        if self.exponent == 0 {
            return Err(Error::value_error(self.name(), "exponent_bits must be at least 1, got 0"));
        }
        Ok(one(x.clone()))
    }

    /// Taken for linear: a tangent is rounded as its primal is.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    fn transpose(&self, ct: &[Cotangent], _: &[Operand]) -> Result<Cotangents> {
        linear_transpose(ct, |ct| reduce_precision(ct, self.exponent, self.mantissa))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        Ok((one(bind1(self.clone(), &[x[0]])?), one(axes[0])))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], i: &[Aval], o: &[Aval]) -> Result<Slots> {
        let ReducePrecision { exponent, mantissa } = *self;
        plan.elementwise(ScalarOp::ReducePrecision { exponent, mantissa }, x, i, &o[0])
    }

    // Not on the direct path for scalars, which would not see a missing exponent.
    fn accepts(&self, dtype: DType) -> bool {
        dtype.is_float()
    }
}

impl Listed for ReducePrecision {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let bits = |key| u8::try_from(params.int(key)?).map_err(|_| params.invalid(key));
        Ok(ReducePrecision { exponent: bits("exponent_bits")?, mantissa: bits("mantissa_bits")? })
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for &dtype in DType::NUMERIC.iter().filter(|dtype| dtype.is_float()) {
            for (exponent, mantissa) in [(5, 10), (8, 7), (4, 3), (11, 45)] {
                // Coarse rounding is far from linear, which the laws would notice.
                if dtype == DType::F64 && mantissa < 45 {
                    continue;
                }
                for shape in [&[][..], &[0], &[1], &[2, 3]] {
                    let op = ReducePrecision { exponent, mantissa };
                    samples.push(Sample::new(op, [Input::real(shape, dtype)]).jumping());
                }
            }
        }
        samples
    }
}
