//! `convert_element_type`: the same numbers as another type.

use pullback_engine::DType;
use pullback_engine::plan::Slot;
use pullback_engine::tile::{ProgramBuilder, Reg, ScalarOp};

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::structure::linear_transpose;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{bind1, evaluation, with_current};

/// The type and weakness of the result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConvertElementType {
    /// Its type.
    pub dtype: DType,
    /// Whether it is weak.
    pub weak: bool,
}

/// `x` as an array of another type, not weak. Complex numbers lose their imaginary part.
///
/// # Errors
/// If one of the types holds no numbers.
pub fn convert_element_type(x: &Array, dtype: DType) -> Result<Array> {
    convert(x, dtype, false)
}

/// `x` as an array of another type and weakness.
///
/// # Errors
/// If one of the types holds no numbers.
pub fn convert(x: &Array, dtype: DType, weak: bool) -> Result<Array> {
    if x.dtype() == dtype && x.is_weak() == weak {
        return Ok(x.clone());
    }
    if let (Some(tensor), true) = (x.tensor(), x.dtype() == dtype)
        && !crate::trace::is_staging()
    {
        return Ok(Array::with_weak(tensor.clone(), weak));
    }
    let convert = || bind1(ConvertElementType { dtype, weak }, &[x]);
    match x.tensor() {
        // A known scalar is written into the program as what it is converted to.
        Some(tensor) if tensor.rank() == 0 => with_current(evaluation(), convert),
        _ => convert(),
    }
}

impl Primitive for ConvertElementType {
    fn name(&self) -> &str {
        "convert_element_type"
    }

    fn params(&self) -> Params {
        vec![("new_dtype", Param::DType(self.dtype)), ("weak_type", Param::Bool(self.weak))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        if (x.dtype.is_opaque() || self.dtype.is_opaque()) && x.dtype != self.dtype {
            return Err(Error::type_error(
                self.name(),
                format!("an array of {} cannot be converted to {}", x.dtype, self.dtype),
            ));
        }
        Ok(one(x.with_dtype(self.dtype).with_weak(self.weak)))
    }

    /// Linear between types that have derivatives.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), &[x[0]])?;
        let dy = match &dx[0] {
            Tangent::Value(dx) if self.dtype.is_inexact() => {
                Tangent::Value(convert(dx, self.dtype, self.weak)?)
            }
            _ => Tangent::zero(&y),
        };
        Ok((one(y), one(dy)))
    }

    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let x = inputs[0].aval();
        linear_transpose(ct, |ct| convert(ct, x.dtype, x.weak))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        Ok((one(bind1(self.clone(), &[x[0]])?), one(axes[0])))
    }

    fn is_elementwise(&self) -> bool {
        !self.dtype.is_opaque()
    }

    fn emit(&self, program: &mut ProgramBuilder, x: &[Reg], inputs: &[Aval]) -> Option<Reg> {
        match inputs[0].dtype == self.dtype {
            true => Some(x[0]),
            false => Some(program.op(ScalarOp::Convert(self.dtype), x)),
        }
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], inputs: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(one(plan.convert(x[0], &inputs[0], self.dtype)?))
    }
}

impl Listed for ConvertElementType {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(ConvertElementType {
            dtype: params.dtype("new_dtype")?,
            weak: params.bool("weak_type")?,
        })
    }

    fn samples() -> Vec<Sample> {
        let pairs = DType::NUMERIC
            .iter()
            .flat_map(|&from| DType::NUMERIC.iter().map(move |&to| (from, to)));
        pairs
            .flat_map(|(from, to)| {
                [&[2, 3][..], &[0], &[1]].map(|shape| {
                    let op = ConvertElementType { dtype: to, weak: false };
                    let sample = Sample::new(op, [Input::real(shape, from)]);
                    if to.is_inexact() { sample } else { sample.jumping() }
                })
            })
            .collect()
    }
}
