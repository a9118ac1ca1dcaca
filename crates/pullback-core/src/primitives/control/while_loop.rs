//! `while`: a program repeated as long as another says so.
//!
//! Reverse mode works whatever the number of iterations: while the loop runs, what its
//! derivative needs is recorded on stacks, one entry an iteration, and the linear part is a scan
//! over the stacks.

use pullback_engine::DType;
use pullback_engine::plan::{self, ScanLength, Slot};

use super::scan::{Scan, parts};
use super::{active, check_operands, rearranged, tangents_of};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::jaxpr::{JaxprRef, stage_closed};
use crate::lower::Lowering;
use crate::primitives::rules::{broadcast_in_dim, convert_element_type, ne, reduce_sum, select};
use crate::primitives::{Avals, Domain, Input, Listed, Op, Primitive, Sample, Slots};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};
use crate::transforms::{jvp_jaxpr, linearize_jaxpr, vmap_jaxpr};

/// The programs. Operands: constants of the condition, constants of the body, carry. Results:
/// carry, then a stack for each recorded value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct While {
    /// From its constants and the carry to a bool scalar.
    pub cond: JaxprRef,
    /// From its constants and the carry to the next carry and the recorded values.
    pub body: JaxprRef,
    /// How many operands are constants of the condition.
    pub cond_consts: usize,
    /// How many are constants of the body.
    pub body_consts: usize,
    /// How many values are recorded. If any are, the last one says whether the iteration counts:
    /// true, but for entries of a mapped loop that have ended before others.
    pub record: usize,
}

/// Binds a loop to its operands.
///
/// # Errors
/// If the operands do not fit the programs, or the carry changes its type.
pub fn while_loop(op: While, operands: &[&Array]) -> Result<Arrays> {
    bind(op, operands)
}

impl While {
    fn carry(&self) -> usize {
        self.body.outputs.len() - self.record
    }
}

impl Primitive for While {
    fn name(&self) -> &str {
        "while"
    }

    fn params(&self) -> Params {
        let mut params = vec![
            ("body_jaxpr", Param::Jaxpr(self.body.0.clone())),
            ("body_nconsts", Param::Int(self.body_consts as i64)),
            ("cond_jaxpr", Param::Jaxpr(self.cond.0.clone())),
            ("cond_nconsts", Param::Int(self.cond_consts as i64)),
        ];
        if self.record > 0 {
            params.push(("recorded", Param::Int(self.record as i64)));
        }
        params
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let consts = self.cond_consts + self.body_consts;
        let carry = self.carry();
        if inputs.len() != consts + carry {
            return Err(crate::primitives::operand_count("while", consts + carry, inputs.len()));
        }
        let cond: Vec<Aval> =
            inputs[..self.cond_consts].iter().chain(&inputs[consts..]).cloned().collect();
        check_operands("while", &self.cond, &cond)?;
        check_operands("while", &self.body, &inputs[self.cond_consts..])?;
        match self.cond.output_avals().as_slice() {
            [holds] if holds.dtype == DType::Bool && holds.rank() == 0 => {}
            other => {
                return Err(Error::type_error(
                    "while",
                    format!("cond_fun must return a boolean scalar, but got {other:?}"),
                ));
            }
        }
        let mut outputs = self.body.output_avals();
        for (before, after) in inputs[consts..].iter().zip(&mut outputs[..carry]) {
            if !before.same_type(after) {
                return Err(Error::type_error(
                    "while",
                    format!(
                        "body_fun output and input must have identical types, got {after} and {before}"
                    ),
                ));
            }
            after.weak = before.weak;
        }
        for recorded in &mut outputs[carry..] {
            *recorded = Aval::scalar(DType::Stack);
        }
        Ok(outputs.into())
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let (cc, bc, carry, record) =
            (self.cond_consts, self.body_consts, self.carry(), self.record);
        let active = active(&dx[cc..]);
        let derive = |carry_active: &[bool]| {
            let on: Vec<bool> = active[..bc].iter().chain(carry_active).copied().collect();
            let wanted: Vec<bool> =
                carry_active.iter().copied().chain(std::iter::repeat_n(false, record)).collect();
            jvp_jaxpr(&self.body, &on, &wanted).map(|derived| (derived, on))
        };
        let carry_active =
            Scan::fixpoint(active[bc..].to_vec(), |on| Ok(derive(on)?.0.given[..carry].to_vec()))?;
        let (derived, on) = derive(&carry_active)?;
        let count = |mask: &[bool]| mask.iter().filter(|on| **on).count();
        let (dc, dk) = (count(&on[..bc]), count(&carry_active));
        let p = parts(&[bc, carry, dc, dk]);
        let inputs = [&p[0], &p[2], &p[1], &p[3]].map(Vec::as_slice).concat();
        let dr = count(&derived.given[carry..]);
        let q = parts(&[carry, record, dk, dr]);
        // The last recorded value stays last: it says which iterations count.
        let outputs = [&q[0], &q[2], &q[3], &q[1]].map(Vec::as_slice).concat();
        let body = rearranged(&derived.jaxpr, &inputs, &outputs);
        // The condition does not look at the tangents.
        let mut cond_avals = self.cond.input_avals();
        cond_avals.extend(derived.jaxpr.input_avals().split_off(bc + carry + dc));
        let size = self.cond.inputs.len();
        let cond = stage_closed(&cond_avals, |x| self.cond.eval_all(&x[..size]))?;
        let dx: Vec<Array> = dx[cc..]
            .iter()
            .zip(&on)
            .filter(|(_, on)| **on)
            .map(|(dx, _)| dx.instantiate())
            .collect::<Result<_>>()?;
        let mut operands: Vec<&Array> = x[..cc + bc].to_vec();
        operands.extend(&dx[..dc]);
        operands.extend(&x[cc + bc..]);
        operands.extend(&dx[dc..]);
        let op = While {
            cond: cond.into(),
            body,
            cond_consts: cc,
            body_consts: bc + dc,
            record: record + dr,
        };
        let results = while_loop(op, &operands)?;
        let pick = |at: std::ops::Range<usize>| results[at].iter().cloned();
        let stacks = carry + dk;
        let outputs: Arrays = pick(0..carry).chain(pick(stacks + dr..results.len())).collect();
        let tangents: Vec<Array> = pick(carry..stacks).chain(pick(stacks..stacks + dr)).collect();
        let dy = tangents_of(&outputs, &derived.given, tangents.into_iter());
        Ok((outputs, dy))
    }

    fn linearize(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let (cc, bc, carry, record) =
            (self.cond_consts, self.body_consts, self.carry(), self.record);
        let active = active(&dx[cc..]);
        let derive = |carry_active: &[bool]| {
            let on: Vec<bool> = active[..bc].iter().chain(carry_active).copied().collect();
            let wanted: Vec<bool> =
                carry_active.iter().copied().chain(std::iter::repeat_n(false, record)).collect();
            linearize_jaxpr(&self.body, &on, &wanted).map(|derived| (derived, on))
        };
        let carry_active =
            Scan::fixpoint(active[bc..].to_vec(), |on| Ok(derive(on)?.0.given[..carry].to_vec()))?;
        let (derived, on) = derive(&carry_active)?;
        if !derived.given.contains(&true) {
            let outputs = bind(self.clone(), x)?;
            let dy = outputs.iter().map(Tangent::zero).collect();
            return Ok((outputs, dy));
        }
        // The known loop records the residuals, and with them whether the iteration counts. A
        // loop that recorded already says so itself.
        let residuals = derived.residuals;
        let known = stage_closed(&derived.known.input_avals(), |x| {
            let mut outputs = derived.known.eval_all(x)?;
            let own = outputs.split_off(carry + record);
            let flag = match record {
                0 => Array::from(true),
                _ => outputs[carry + record - 1].clone(),
            };
            let recorded = outputs.split_off(carry);
            outputs.extend(own);
            outputs.extend(recorded);
            if record == 0 {
                outputs.push(flag);
            }
            Ok(outputs)
        })?;
        let flags = (record == 0) as usize;
        let op = While { body: known.into(), record: residuals + record + flags, ..self.clone() };
        let results = while_loop(op, x)?;
        let own: Vec<Array> = results[carry..carry + residuals].to_vec();
        let outputs: Arrays = results[..carry]
            .iter()
            .chain(&results[carry + residuals..carry + residuals + record])
            .cloned()
            .collect();
        let flag = results[results.len() - 1].clone();

        // One linear step: constants' tangents, carry's tangents, then flag and residuals.
        let count = |mask: &[bool]| mask.iter().filter(|on| **on).count();
        let (dc, dk) = (count(&on[..bc]), count(&carry_active));
        let linear_avals = derived.linear.input_avals();
        let (residual_avals, tangent_avals) = linear_avals.split_at(residuals);
        let step_avals: Vec<Aval> = tangent_avals
            .iter()
            .chain([&Aval::scalar(DType::Bool)])
            .chain(residual_avals)
            .cloned()
            .collect();
        let step = stage_closed(&step_avals, |step| {
            let (tangents, rest) = step.split_at(dc + dk);
            let (flag, residuals) = (&rest[0], &rest[1..]);
            let operands: Vec<&Array> = residuals.iter().chain(tangents).collect();
            let mut outputs = derived.linear.eval(&operands)?;
            for (next, before) in outputs.iter_mut().zip(&tangents[dc..]) {
                *next = select(flag, next, before)?;
            }
            Ok(outputs)
        })?;
        let dx: Vec<Array> = dx[cc..]
            .iter()
            .zip(&on)
            .filter(|(_, on)| **on)
            .map(|(dx, _)| dx.instantiate())
            .collect::<Result<_>>()?;
        let operands: Vec<&Array> = dx.iter().chain([&flag]).chain(&own).collect();
        let linear = Scan {
            jaxpr: step.into(),
            consts: dc,
            carry: dk,
            length: ScanLength::Stacks,
            reverse: false,
        };
        let tangents = bind(linear, &operands)?;
        let dy = tangents_of(&outputs, &derived.given, tangents.into_iter());
        Ok((outputs, dy))
    }

    /// If entries may end at different times, all go on until the last has ended, and those that
    /// have ended keep their carry.
    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let (cc, bc, carry, record) =
            (self.cond_consts, self.body_consts, self.carry(), self.record);
        let mapped: Vec<bool> = axes.iter().map(Option::is_some).collect();
        let body_of = |carry_mapped: &[bool]| {
            let on: Vec<bool> = mapped[cc..cc + bc].iter().chain(carry_mapped).copied().collect();
            let wanted: Vec<bool> =
                carry_mapped.iter().copied().chain(std::iter::repeat_n(false, record)).collect();
            vmap_jaxpr(&self.body, &on, &wanted, axis)
        };
        let cond_of = |carry_mapped: &[bool], wanted: bool| {
            let on: Vec<bool> = mapped[..cc].iter().chain(carry_mapped).copied().collect();
            vmap_jaxpr(&self.cond, &on, &[wanted], axis)
        };
        let mut carry_mapped = Scan::fixpoint(mapped[cc + bc..].to_vec(), |on| {
            Ok(body_of(on)?.mapped[..carry].to_vec())
        })?;
        let own_end = cond_of(&carry_mapped, false)?.mapped[0];
        if own_end {
            carry_mapped = vec![true; carry];
        }
        let body = body_of(&carry_mapped)?;
        let mut operands = vec![];
        for (at, (x, a)) in x.iter().zip(axes).enumerate() {
            let needs = at >= cc + bc && carry_mapped[at - cc - bc];
            operands.push(match a {
                Some(_) => at_axis(x, *a, axis.size, 0)?,
                None if needs => at_axis(x, None, axis.size, 0)?,
                None => Array::clone(x),
            });
        }
        if !own_end {
            let cond = cond_of(&carry_mapped, false)?;
            let op = While { cond: cond.jaxpr.clone(), body: body.jaxpr.clone(), ..self.clone() };
            let outputs = while_loop(op, &operands.iter().collect::<Vec<_>>())?;
            return Ok((outputs, body.mapped.iter().map(|on| on.then_some(0)).collect()));
        }
        let holds = cond_of(&carry_mapped, true)?.jaxpr.clone();
        let any = stage_closed(&holds.input_avals(), |x| {
            let holds = holds.eval_all(x)?;
            let count = reduce_sum(&convert_element_type(&holds[0], DType::I32)?, &[0])?;
            Ok(vec![ne(&count, &Array::scalar(0i32))?])
        })?;
        // The body decides for itself which entries go on, so it takes the condition's constants.
        let cond_avals = holds.input_avals();
        let body_avals = body.jaxpr.input_avals();
        let step_avals: Vec<Aval> = cond_avals[..cc].iter().chain(&body_avals).cloned().collect();
        let mut recorded = body.mapped[carry..].to_vec();
        let step = stage_closed(&step_avals, |step| {
            let state = &step[cc + bc..];
            let on = holds.eval(&step[..cc].iter().chain(state).collect::<Vec<_>>())?.remove(0);
            let mut outputs = body.jaxpr.eval_all(&step[cc..])?;
            for (next, before) in outputs.iter_mut().zip(state) {
                let mask = broadcast_in_dim(&on, next.shape(), &[0])?;
                *next = select(&mask, next, before)?;
            }
            if record > 0 {
                // Iterations beyond an entry's end do not count for it.
                let last = outputs.len() - 1;
                let flag = match recorded[record - 1] {
                    true => crate::primitives::rules::and(&outputs[last], &on)?,
                    false => crate::primitives::rules::and(
                        &broadcast_in_dim(&outputs[last], on.shape(), &[])?,
                        &on,
                    )?,
                };
                outputs[last] = flag;
                recorded[record - 1] = true;
            }
            Ok(outputs)
        })?;
        let mut all: Vec<&Array> = operands[..cc].iter().collect();
        all.extend(&operands);
        let op = While {
            cond: any.into(),
            body: step.into(),
            cond_consts: cc,
            body_consts: cc + bc,
            record,
        };
        let outputs = while_loop(op, &all)?;
        let axes = carry_mapped.iter().chain(&recorded).map(|on| on.then_some(0)).collect();
        Ok((outputs, axes))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], y: &[Aval]) -> Result<Slots> {
        let kernel = plan::While {
            cond: plan.nested(&self.cond)?,
            body: plan.nested(&self.body)?,
            cond_consts: self.cond_consts,
            body_consts: self.body_consts,
            record: self.record,
            code: Default::default(),
        };
        Ok(plan.kernel_many(kernel, x, y.len()))
    }

    fn jaxprs(&self) -> Vec<&JaxprRef> {
        vec![&self.cond, &self.body]
    }

    fn with_jaxprs(&self, mut jaxprs: Vec<JaxprRef>) -> Option<Op> {
        let body = jaxprs.pop()?;
        let cond = jaxprs.pop()?;
        Some(While { cond, body, ..self.clone() }.into())
    }
}

impl Listed for While {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(While {
            cond: JaxprRef(params.jaxpr("cond_jaxpr")?),
            body: JaxprRef(params.jaxpr("body_jaxpr")?),
            cond_consts: params.size("cond_nconsts")?,
            body_consts: params.size("body_nconsts")?,
            record: params.size("recorded").unwrap_or(0),
        })
    }

    fn samples() -> Vec<Sample> {
        let cond = "{ lambda ; l:f64[] i:i32[] a:f64[]. let c:bool[] = lt a l in (c,) }";
        let body = "{ lambda ; k:f64[] i:i32[] a:f64[]. let \
                    j:i32[] = add i 1:i32[]; b:f64[] = mul a k; d:f64[] = sin b; e:f64[] = add a d; \
                    f:f64[] = add e 1.5:f64[] in (j, f) }";
        let (Ok(cond), Ok(body)) = (crate::jaxpr::parse(cond), crate::jaxpr::parse(body)) else {
            return vec![];
        };
        let real = |low, high| Input::new(&[], DType::F64, Domain::Real(low, high));
        let op = While {
            cond: cond.into(),
            body: body.into(),
            cond_consts: 1,
            body_consts: 1,
            record: 0,
        };
        let counter = Input::new(&[], DType::I32, Domain::Whole(0, 3));
        vec![Sample::new(op, [real(3.0, 8.0), real(0.1, 0.9), counter, real(-1.0, 1.0)])]
    }
}
