//! `jit`: a program applied as one operation.

use std::sync::Arc;

use pullback_engine::plan::Slot;

use super::{Applies, active, check_operands, tangents_of, values};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::JaxprRef;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{AxisName, bind};
use crate::transforms::linearize_jaxpr;

/// A program and what to call it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Jit {
    /// The name in the text of programs.
    pub name: Arc<str>,
    /// The program.
    pub jaxpr: JaxprRef,
}

impl Applies for Jit {
    fn program(&self) -> &JaxprRef {
        &self.jaxpr
    }

    fn of(&self, program: &JaxprRef) -> Op {
        Jit { name: self.name.clone(), jaxpr: program.clone() }.into()
    }
}

/// Applies a program to arrays as one operation.
///
/// # Errors
/// If the arrays are not of the types that the program takes, and those of its operations.
pub fn jit(name: &str, jaxpr: &JaxprRef, inputs: &[&Array]) -> Result<Arrays> {
    bind(Jit { name: name.into(), jaxpr: jaxpr.clone() }, inputs)
}

impl Primitive for Jit {
    fn name(&self) -> &str {
        "jit"
    }

    fn params(&self) -> Params {
        vec![("name", Param::word(&*self.name)), ("jaxpr", Param::Jaxpr(self.jaxpr.0.clone()))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        check_operands(&self.name, &self.jaxpr, inputs)?;
        Ok(self.jaxpr.output_avals().into())
    }

    fn is_eager(&self) -> bool {
        true
    }

    fn eager(&self, x: &[&Array]) -> Result<Arrays> {
        self.jaxpr.run(x)
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        self.program_jvp(x, dx)
    }

    fn linearize(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let wanted = vec![false; self.jaxpr.outputs.len()];
        let derived = linearize_jaxpr(&self.jaxpr, &active(dx), &wanted)?;
        let mut outputs = bind(self.of(&derived.known), x)?;
        let residuals: Vec<Array> = outputs.drain(derived.given.len()..).collect();
        let dx: Vec<Array> = values(dx).collect();
        let inputs: Vec<&Array> = residuals.iter().chain(&dx).collect();
        let tangents = match derived.given.contains(&true) {
            true => bind(self.of(&derived.linear), &inputs)?,
            false => Arrays::new(),
        };
        let dy = tangents_of(&outputs, &derived.given, tangents.into_iter());
        Ok((outputs, dy))
    }

    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        self.program_transpose(ct, inputs)
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        self.program_batch(x, axes, axis)
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        plan.inlined(&self.jaxpr, x)
    }

    fn jaxprs(&self) -> Vec<&JaxprRef> {
        vec![&self.jaxpr]
    }

    fn with_jaxprs(&self, mut jaxprs: Vec<JaxprRef>) -> Option<Op> {
        Some(self.of(&jaxprs.pop()?))
    }

    fn uses_axis(&self, name: &AxisName) -> bool {
        self.jaxpr.uses_axis(name)
    }
}

impl Listed for Jit {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Jit { name: params.word("name")?.into(), jaxpr: JaxprRef(params.jaxpr("jaxpr")?) })
    }

    fn samples() -> Vec<Sample> {
        let text =
            "{ lambda ; a:f64[3] b:f64[]. let c:f64[3] = mul a b; d:f64[3] = sin c in (d, c, b) }";
        let sample = |size: usize| {
            let jaxpr = crate::jaxpr::parse(&text.replace("[3]", &format!("[{size}]"))).ok()?;
            let op = Jit { name: "f".into(), jaxpr: jaxpr.into() };
            let real = |shape: &[usize]| Input::real(shape, crate::DType::F64);
            Some(Sample::new(op, [real(&[size]), real(&[])]))
        };
        [3, 0, 1].into_iter().filter_map(sample).collect()
    }
}
