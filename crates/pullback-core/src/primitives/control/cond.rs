//! `cond`: one of several programs, as an index says.

use pullback_engine::plan::Slot;
use pullback_engine::{DType, plan};

use super::{active, check_operands, tangents_of, values};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::jaxpr::{Atom, Jaxpr, JaxprRef, stage_closed};
use crate::lower::Lowering;
use crate::primitives::rules::{clamp, select_n};
use crate::primitives::structure::{broadcast_in_dim, zeros};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Domain, Input, Listed, Op, Operand, Primitive, Sample, Slots,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};
use crate::transforms::{jvp_jaxpr, linearize_jaxpr, transpose_jaxpr, vmap_jaxpr};

/// The programs; all take the same operands and give results of the same types.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cond {
    /// Operand 0, an i32 scalar, says which one is run; it is clamped to those there are.
    pub branches: Vec<JaxprRef>,
}

/// The results of branch `index`, an i32 scalar.
///
/// # Errors
/// If the branches differ in type or do not fit the operands.
pub fn cond(index: &Array, branches: &[JaxprRef], operands: &[&Array]) -> Result<Arrays> {
    let inputs: Vec<&Array> = [index].into_iter().chain(operands.iter().copied()).collect();
    bind(Cond { branches: branches.to_vec() }, &inputs)
}

impl Cond {
    fn outputs(&self) -> usize {
        self.branches[0].outputs.len()
    }

    fn map<T>(&self, f: impl FnMut(&JaxprRef) -> Result<T>) -> Result<Vec<T>> {
        self.branches.iter().map(f).collect()
    }
}

/// Where any of several masks is set.
fn union<'a>(masks: impl Iterator<Item = &'a Vec<bool>>, len: usize) -> Vec<bool> {
    masks.fold(vec![false; len], |mut union, mask| {
        union.iter_mut().zip(mask).for_each(|(union, &on)| *union |= on);
        union
    })
}

impl Primitive for Cond {
    fn name(&self) -> &str {
        "cond"
    }

    fn params(&self) -> Params {
        let branches = self.branches.iter().map(|branch| branch.0.clone()).collect();
        vec![("branches", Param::Jaxprs(branches))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let Some((index, operands)) = inputs.split_first() else {
            return Err(Error::type_error("cond", "needs an index"));
        };
        if index.dtype != DType::I32 || index.rank() != 0 {
            return Err(Error::type_error(
                "cond",
                format!("needs an int32 scalar index, got {index}"),
            ));
        }
        let mut outputs = self.branches[0].output_avals();
        for branch in &self.branches {
            check_operands("cond", branch, operands)?;
            let others = branch.output_avals();
            let same = others.len() == outputs.len()
                && others.iter().zip(&outputs).all(|(x, y)| x.same_type(y));
            if !same {
                return Err(Error::type_error(
                    "cond",
                    format!("branches must have equal types, got {outputs:?} and {others:?}"),
                ));
            }
            outputs.iter_mut().zip(&others).for_each(|(x, y)| x.weak &= y.weak);
        }
        Ok(outputs.into())
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let active = active(&dx[1..]);
        let none = vec![false; self.outputs()];
        let first = self.map(|branch| jvp_jaxpr(branch, &active, &none))?;
        let given = union(first.iter().map(|derived| &derived.given), self.outputs());
        let branches = self.map(|branch| Ok(jvp_jaxpr(branch, &active, &given)?.jaxpr.clone()))?;
        let dx: Vec<Array> = values(&dx[1..]).collect();
        let operands: Vec<&Array> = x[1..].iter().copied().chain(&dx).collect();
        let mut outputs = cond(x[0], &branches, &operands)?;
        let tangents: Vec<Array> = outputs.drain(given.len()..).collect();
        let dy = tangents_of(&outputs, &given, tangents.into_iter());
        Ok((outputs, dy))
    }

    /// Each branch gives its own residuals, and zeros in place of those of the others.
    fn linearize(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let active = active(&dx[1..]);
        let none = vec![false; self.outputs()];
        let first = self.map(|branch| linearize_jaxpr(branch, &active, &none))?;
        let given = union(first.iter().map(|derived| &derived.given), self.outputs());
        let parts = self.map(|branch| linearize_jaxpr(branch, &active, &given))?;
        let residuals: Vec<Vec<Aval>> =
            parts.iter().map(|part| part.known.output_avals().split_off(given.len())).collect();
        let inputs = self.branches[0].input_avals();
        let mut known = vec![];
        let mut linear = vec![];
        for (own, part) in parts.iter().enumerate() {
            known.push(JaxprRef::from(stage_closed(&inputs, |x| {
                let mut outputs = part.known.eval_all(x)?;
                let mine = outputs.split_off(given.len());
                for (other, avals) in residuals.iter().enumerate() {
                    match other == own {
                        true => outputs.extend(mine.iter().cloned()),
                        false => {
                            for aval in avals {
                                outputs.push(zeros(aval)?);
                            }
                        }
                    }
                }
                Ok(outputs)
            })?));
            let before: usize = residuals[..own].iter().map(Vec::len).sum();
            let total: usize = residuals.iter().map(Vec::len).sum();
            let tangents = part.linear.input_avals().split_off(part.residuals);
            let avals: Vec<Aval> = residuals.iter().flatten().cloned().chain(tangents).collect();
            linear.push(JaxprRef::from(stage_closed(&avals, |inputs| {
                let mine = &inputs[before..before + part.residuals];
                let operands: Vec<&Array> = mine.iter().chain(&inputs[total..]).collect();
                part.linear.eval(&operands)
            })?));
        }
        let mut outputs = cond(x[0], &known, &x[1..])?;
        let residuals: Vec<Array> = outputs.drain(given.len()..).collect();
        let dx: Vec<Array> = values(&dx[1..]).collect();
        let operands: Vec<&Array> = residuals.iter().chain(&dx).collect();
        let tangents = match given.contains(&true) {
            true => cond(x[0], &linear, &operands)?,
            false => Arrays::new(),
        };
        let dy = tangents_of(&outputs, &given, tangents.into_iter());
        Ok((outputs, dy))
    }

    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let Some(index) = inputs[0].known() else {
            return Err(Error::NotLinear { primitive: "cond".into() });
        };
        let linear: Vec<bool> = inputs[1..].iter().map(Operand::is_linear).collect();
        let present: Vec<bool> = ct.iter().map(Option::is_some).collect();
        let wanted = vec![true; linear.iter().filter(|linear| **linear).count()];
        let branches = self
            .map(|branch| Ok(transpose_jaxpr(branch, &linear, &present, &wanted)?.jaxpr.clone()))?;
        let operands: Vec<&Array> =
            inputs[1..].iter().filter_map(Operand::known).chain(ct.iter().flatten()).collect();
        let mut results = cond(index, &branches, &operands)?.into_iter();
        let mut cotangents = Cotangents::new();
        cotangents.push(None);
        cotangents.extend(linear.iter().map(|linear| linear.then(|| results.next()).flatten()));
        Ok(cotangents)
    }

    /// With one index for all entries the branches are vectorised; with one for each, all
    /// branches are computed and the results selected.
    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let mapped: Vec<bool> = axes[1..].iter().map(Option::is_some).collect();
        let operands = x[1..]
            .iter()
            .zip(&axes[1..])
            .map(|(x, a)| match a {
                Some(_) => at_axis(x, *a, axis.size, 0),
                None => Ok(Array::clone(x)),
            })
            .collect::<Result<Vec<_>>>()?;
        let operands: Vec<&Array> = operands.iter().collect();
        let own = axes[0].is_some();
        // A stack is mapped only if its entries are.
        let types = self.branches[0].output_avals();
        let none: Vec<bool> = types.iter().map(|y| own && y.dtype != DType::Stack).collect();
        let first = self.map(|branch| vmap_jaxpr(branch, &mapped, &none, axis))?;
        let given = union(first.iter().map(|derived| &derived.mapped), self.outputs());
        let branches =
            self.map(|branch| Ok(vmap_jaxpr(branch, &mapped, &given, axis)?.jaxpr.clone()))?;
        if !own {
            let outputs = cond(x[0], &branches, &operands)?;
            return Ok((outputs, given.iter().map(|given| given.then_some(0)).collect()));
        }
        let last = Array::scalar(self.branches.len() as i32 - 1);
        let index = clamp(&Array::scalar(0i32), x[0], &last)?;
        let results =
            branches.iter().map(|branch| branch.eval(&operands)).collect::<Result<Vec<_>>>()?;
        let mut outputs = Arrays::new();
        for at in 0..self.outputs() {
            let cases: Vec<&Array> = results.iter().map(|result| &result[at]).collect();
            if cases.len() == 1 {
                outputs.push(cases[0].clone());
                continue;
            }
            if types[at].dtype == DType::Stack {
                // Stacks are residuals of one branch, and constants without entries in all others.
                let filled = |branch: &&JaxprRef| matches!(branch.outputs[at], Atom::Var(_));
                let owner = branches.iter().position(|branch| filled(&branch)).unwrap_or(0);
                outputs.push(cases[owner].clone());
                continue;
            }
            let which = broadcast_in_dim(&index, cases[0].shape(), &[0])?;
            let which = match cases.len() {
                2 => crate::primitives::rules::convert_element_type(&which, DType::Bool)?,
                _ => which,
            };
            outputs.push(select_n(&which, &cases)?);
        }
        let axes = given.iter().map(|given| given.then_some(0)).collect();
        Ok((outputs, axes))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], y: &[Aval]) -> Result<Slots> {
        let branches = self.map(|branch| plan.nested(branch))?;
        Ok(plan.kernel_many(plan::Cond { branches }, x, y.len()))
    }

    fn jaxprs(&self) -> Vec<&JaxprRef> {
        self.branches.iter().collect()
    }

    fn with_jaxprs(&self, branches: Vec<JaxprRef>) -> Option<Op> {
        Some(Cond { branches }.into())
    }
}

impl Listed for Cond {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let branches: Vec<JaxprRef> =
            params.jaxprs("branches")?.into_iter().map(JaxprRef).collect();
        match branches.is_empty() {
            true => Err(params.invalid("branches")),
            false => Ok(Cond { branches }),
        }
    }

    fn samples() -> Vec<Sample> {
        let texts = [
            "{ lambda ; a:f64[3] b:f64[]. let c:f64[3] = mul a b; d:f64[3] = sin c in (d, b) }",
            "{ lambda ; a:f64[3] b:f64[]. let c:f64[3] = cos a; d:f64[] = mul b b in (c, d) }",
            "{ lambda ; a:f64[3] b:f64[]. let  in (a, 2.0:f64[]) }",
        ];
        let branches: Vec<JaxprRef> = texts
            .iter()
            .filter_map(|text| crate::jaxpr::parse(text).ok())
            .map(|jaxpr: Jaxpr| jaxpr.into())
            .collect();
        let sample = |branches: &[JaxprRef]| {
            let index = Input::new(&[], DType::I32, Domain::Whole(0, branches.len() as i64));
            let op = Cond { branches: branches.to_vec() };
            Sample::new(op, [index, Input::real(&[3], DType::F64), Input::real(&[], DType::F64)])
        };
        let mut samples = vec![sample(&branches), sample(&branches[..2]), sample(&branches[..1])];
        for size in [0, 1] {
            let sized = |text: &&str| text.replace("f64[3]", &format!("f64[{size}]"));
            let branches: Vec<JaxprRef> = texts
                .iter()
                .filter_map(|text| crate::jaxpr::parse(&sized(text)).ok())
                .map(|jaxpr: Jaxpr| jaxpr.into())
                .collect();
            let index = Input::new(&[], DType::I32, Domain::Whole(0, branches.len() as i64));
            let real = |shape: &[usize]| Input::real(shape, DType::F64);
            samples.push(Sample::new(Cond { branches }, [index, real(&[size]), real(&[])]));
        }
        samples
    }
}
