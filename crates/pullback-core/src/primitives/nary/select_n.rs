//! `select_n`: each element from one of several arrays, as another array says.

use pullback_engine::DType;
use pullback_engine::Tensor;
use pullback_engine::plan::Slot;
use pullback_engine::tile::{ProgramBuilder, Reg, ScalarOp};

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::lower::Lowering;
use crate::primitives::rules::{broadcast_in_dim, zeros_like};
use crate::primitives::structure::is_linear;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Domain, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// No parameters: operand 0 says which of the others is taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SelectN;

/// For each element of `which` that of `cases[which]`. `which` is bool for two cases, else i32,
/// and a scalar or of the shape of the cases.
///
/// # Errors
/// If the cases differ in type, or `which` does not fit them.
pub fn select_n(which: &Array, cases: &[&Array]) -> Result<Array> {
    let mut operands = vec![which];
    operands.extend_from_slice(cases);
    bind1(SelectN, &operands)
}

impl Primitive for SelectN {
    fn name(&self) -> &str {
        "select_n"
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [which, cases @ ..] = inputs else {
            return Err(Error::type_error("select_n", "needs an array to choose by"));
        };
        let Some(first) = cases.first() else {
            return Err(Error::type_error("select_n", "needs at least one case"));
        };
        if let Some(other) = cases.iter().find(|case| !case.same_type(first)) {
            return Err(Error::type_error(
                "select_n",
                format!("cases must have the same shapes and types, got {first} and {other}"),
            ));
        }
        let bool = which.dtype == DType::Bool && cases.len() <= 2;
        if !bool && which.dtype != DType::I32 {
            return Err(Error::type_error(
                "select_n",
                format!(
                    "which must be bool for two cases or int32, got {which} for {}",
                    cases.len()
                ),
            ));
        }
        if which.rank() != 0 && which.shape != first.shape {
            return Err(Error::type_error(
                "select_n",
                format!(
                    "which must be a scalar or have the shape of the cases, got {which} and {first}"
                ),
            ));
        }
        let weak = cases.iter().all(|case| case.weak);
        Ok(one(first.clone().with_weak(weak)))
    }

    /// The tangent of the case taken.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(SelectN, x)?;
        if dx[1..].iter().all(Tangent::is_zero) {
            let dy = Tangent::zero(&y);
            return Ok((one(y), one(dy)));
        }
        let dx = dx[1..].iter().map(Tangent::instantiate).collect::<Result<Vec<_>>>()?;
        let dy = select_n(x[0], &dx.iter().collect::<Vec<_>>())?;
        Ok((one(y), one(Tangent::Value(dy))))
    }

    /// Each case gets the cotangent where it was taken.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let (Some(ct), Some(which)) = (&ct[0], inputs[0].known()) else {
            return Err(Error::NotLinear { primitive: "select_n".into() });
        };
        let zeros = zeros_like(ct)?;
        let mut cotangents = Cotangents::new();
        cotangents.push(None);
        for case in 1..inputs.len() {
            cotangents.push(match is_linear(inputs, case) {
                false => None,
                true => {
                    let cases: Vec<&Array> = (1..inputs.len())
                        .map(|other| if other == case { ct } else { &zeros })
                        .collect();
                    Some(select_n(which, &cases)?)
                }
            });
        }
        Ok(cotangents)
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let scalar_which = axes[0].is_none() && x[0].rank() == 0;
        let cases = x[1..]
            .iter()
            .zip(&axes[1..])
            .map(|(x, a)| at_axis(x, *a, axis.size, 0))
            .collect::<Result<Vec<_>>>()?;
        let which = match scalar_which {
            true => x[0].clone(),
            false => {
                let which = at_axis(x[0], axes[0], axis.size, 0)?;
                let own: Vec<usize> = (0..which.rank()).collect();
                broadcast_in_dim(&which, cases[0].shape(), &own)?
            }
        };
        let y = select_n(&which, &cases.iter().collect::<Vec<_>>())?;
        Ok((one(y), one(Some(0))))
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    /// Two cases are one selection; more are a chain of them, by comparison with each number.
    fn emit(&self, program: &mut ProgramBuilder, x: &[Reg], inputs: &[Aval]) -> Option<Reg> {
        let (which, cases) = (x[0], &x[1..]);
        let mut result = cases[0];
        for (number, &case) in cases.iter().enumerate().skip(1) {
            let taken = match inputs[0].dtype {
                DType::Bool => which,
                _ => {
                    let number = program.constant(&Tensor::scalar(number as i32));
                    program.op(ScalarOp::Ge, &[which, number])
                }
            };
            result = program.op(ScalarOp::Select, &[taken, case, result]);
        }
        Some(result)
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], inputs: &[Aval], y: &[Aval]) -> Result<Slots> {
        let mut program = ProgramBuilder::new();
        let registers: Vec<_> = inputs.iter().map(|input| program.input(input.dtype)).collect();
        let result = self.emit(&mut program, &registers, inputs);
        match result {
            // One case is that case.
            Some(result) if inputs.len() > 2 => {
                Ok(plan.program(program.finish(&[result]), x, &y[0].shape, 1))
            }
            _ => Ok(one(x[1])),
        }
    }
}

impl Listed for SelectN {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(SelectN)
    }

    fn samples() -> Vec<Sample> {
        let which =
            |shape: &[usize], dtype, cases| Input::new(shape, dtype, Domain::Whole(0, cases));
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                let case = |shape: &[usize]| Input::real(shape, dtype);
                [
                    Sample::new(
                        SelectN,
                        [which(&[2, 3], DType::Bool, 2), case(&[2, 3]), case(&[2, 3])],
                    ),
                    Sample::new(SelectN, [which(&[], DType::Bool, 2), case(&[3]), case(&[3])]),
                    Sample::new(SelectN, [which(&[], DType::Bool, 2), case(&[]), case(&[])]),
                    Sample::new(
                        SelectN,
                        [which(&[3], DType::I32, 3), case(&[3]), case(&[3]), case(&[3])],
                    ),
                    Sample::new(SelectN, [which(&[0], DType::Bool, 2), case(&[0]), case(&[0])]),
                    Sample::new(SelectN, [which(&[1], DType::Bool, 2), case(&[1]), case(&[1])]),
                ]
            })
            .collect()
    }
}
