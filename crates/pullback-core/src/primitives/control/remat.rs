//! `remat2`: a program whose derivative computes again what it needs, instead of keeping it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use pullback_engine::plan::Slot;

use super::{Applies, active, check_operands, tangents_of, values};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::jaxpr::{Atom, Eqn, Jaxpr, JaxprRef, stage_closed};
use crate::lower::Lowering;
use crate::passes::dce;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};
use crate::transforms::linearize_jaxpr;

/// Which results the derivative may keep: those of the equations that the function accepts.
#[derive(Clone)]
pub struct Policy {
    /// What to show for it.
    pub name: Arc<str>,
    /// Whether the results of an equation may be kept.
    pub saves: Arc<dyn Fn(&Eqn) -> bool + Send + Sync>,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Policy) -> bool {
        Arc::ptr_eq(&self.saves, &other.saves)
    }
}

impl Eq for Policy {}

impl Hash for Policy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.saves).cast::<()>().hash(state);
    }
}

/// A program, and what its derivative may keep.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Remat {
    /// The program.
    pub jaxpr: JaxprRef,
    /// What the derivative may keep; `None` is nothing but the operands.
    pub policy: Option<Policy>,
    /// Whether this is itself the derivative of such a program.
    pub differentiated: bool,
    /// Whether the second computation is kept from being merged with the first.
    pub prevent_cse: bool,
}

impl Applies for Remat {
    fn program(&self) -> &JaxprRef {
        &self.jaxpr
    }

    fn of(&self, program: &JaxprRef) -> Op {
        Remat { jaxpr: program.clone(), ..self.clone() }.into()
    }
}

/// Splits a program that computes residuals into one that also gives those intermediate values
/// that the policy keeps, and one that computes the residuals from the inputs and those values.
fn split(known: &Jaxpr, results: usize, policy: &Policy) -> (Jaxpr, Jaxpr, usize) {
    let mut again = known.clone();
    again.outputs.drain(..results);
    let mut kept = vec![];
    let mut saved = vec![false; known.avals.len()];
    for eqn in &known.eqns {
        if (policy.saves)(eqn) {
            for &var in &eqn.outputs {
                saved[var.index()] = true;
            }
        }
    }
    // What is saved is no longer computed again, and so what led to it need not be either.
    again.eqns.retain(|eqn| !eqn.outputs.iter().all(|var| saved[var.index()]));
    let mut again = dce::run(again);
    let used: Vec<bool> = {
        let mut used = vec![false; known.avals.len()];
        for atom in again.eqns.iter().flat_map(|eqn| &eqn.inputs).chain(&again.outputs) {
            if let Atom::Var(var) = atom {
                used[var.index()] = true;
            }
        }
        used
    };
    for eqn in &known.eqns {
        for &var in &eqn.outputs {
            if saved[var.index()] && used[var.index()] {
                kept.push(var);
            }
        }
    }
    // An equation of several results may be computed again for one of them: the saved one then
    // gets a variable of its own.
    for eqn in &mut again.eqns {
        for var in &mut eqn.outputs {
            if saved[var.index()] {
                let aval = again.avals[var.index()].clone();
                *var = crate::jaxpr::VarId(again.avals.len() as u32);
                again.avals.push(aval);
            }
        }
    }
    again.inputs.extend(&kept);
    let mut first = known.clone();
    first.outputs.truncate(results);
    first.outputs.extend(kept.iter().map(|&var| Atom::Var(var)));
    (first, again, kept.len())
}

impl Primitive for Remat {
    fn name(&self) -> &str {
        "remat2"
    }

    fn params(&self) -> Params {
        vec![
            ("differentiated", Param::Bool(self.differentiated)),
            ("jaxpr", Param::Jaxpr(self.jaxpr.0.clone())),
            (
                "policy",
                match &self.policy {
                    Some(policy) => Param::word(&*policy.name),
                    None => Param::None,
                },
            ),
            ("prevent_cse", Param::Bool(self.prevent_cse)),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        check_operands("checkpoint", &self.jaxpr, inputs)?;
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

    /// The results are computed now; what is recorded computes the residuals again.
    fn linearize(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let active = active(dx);
        let results = self.jaxpr.outputs.len();
        let derived = linearize_jaxpr(&self.jaxpr, &active, &vec![false; results])?;
        let keep_nothing = Policy { name: "None".into(), saves: Arc::new(|_: &Eqn| false) };
        let policy = self.policy.as_ref().unwrap_or(&keep_nothing);
        let (first, again, kept) = split(&derived.known, results, policy);
        let mut outputs = match kept {
            0 => bind(self.clone(), x)?,
            _ => bind(self.of(&first.into()), x)?,
        };
        let saved: Vec<Array> = outputs.drain(results..).collect();
        if !derived.given.contains(&true) {
            let dy = outputs.iter().map(Tangent::zero).collect();
            return Ok((outputs, dy));
        }
        let tangent_avals = derived.linear.input_avals().split_off(derived.residuals);
        let known = again.inputs.len();
        let avals: Vec<Aval> = again.input_avals().into_iter().chain(tangent_avals).collect();
        let tangent = stage_closed(&avals, |inputs| {
            let residuals = again.eval_all(&inputs[..known])?;
            let operands: Vec<&Array> = residuals.iter().chain(&inputs[known..]).collect();
            derived.linear.eval(&operands)
        })?;
        let dx: Vec<Array> = values(dx).collect();
        let operands: Vec<&Array> = x.iter().copied().chain(&saved).chain(&dx).collect();
        let op = Remat { jaxpr: tangent.into(), differentiated: true, ..self.clone() };
        let tangents = bind(op, &operands)?;
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
}

impl Listed for Remat {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Remat {
            jaxpr: JaxprRef(params.jaxpr("jaxpr")?),
            policy: None,
            differentiated: params.bool("differentiated")?,
            prevent_cse: params.bool("prevent_cse")?,
        })
    }

    fn samples() -> Vec<Sample> {
        let text = "{ lambda ; a:f64[3] b:f64[]. let c:f64[3] = mul a b; d:f64[3] = sin c; \
                    e:f64[3] = sin d in (e, b) }";
        let sample = |size: usize| {
            let text = text.replace("f64[3]", &format!("f64[{size}]"));
            let jaxpr = JaxprRef::from(crate::jaxpr::parse(&text).ok()?);
            let op = Remat { jaxpr, policy: None, differentiated: false, prevent_cse: true };
            let real = |shape: &[usize]| Input::real(shape, crate::DType::F64);
            Some(Sample::new(op, [real(&[size]), real(&[])]))
        };
        [3, 0, 1].into_iter().filter_map(sample).collect()
    }
}
