//! `scan`: a program repeated over the leading axis of arrays, handing on a carry.
//!
//! The same operation, over stacks instead of arrays, is the linear part of a loop whose number
//! of iterations is known only once it has run.

use pullback_engine::kernels::Kernel;
use pullback_engine::plan::{self, ScanLength, Slot};
use pullback_engine::{DType, Shape};

use super::{active, check_operands, marked, rearranged, tangents_of};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::JaxprRef;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::structure::zeros;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};
use crate::transforms::{jvp_jaxpr, linearize_jaxpr, transpose_jaxpr, vmap_jaxpr};

/// A program and how it is repeated. Operands: constants, carry, scanned. Results: carry,
/// collected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scan {
    /// From constants, carry and one entry of what is scanned to the next carry and one entry of
    /// what is collected.
    pub jaxpr: JaxprRef,
    /// How many operands are constants.
    pub consts: usize,
    /// How many are the carry.
    pub carry: usize,
    /// How often the program runs.
    pub length: ScanLength,
    /// Whether to go from the last entry to the first.
    pub reverse: bool,
}

/// Binds a scan to its operands.
///
/// # Errors
/// If the operands do not fit the program, or its carry changes its type.
pub fn scan(op: Scan, operands: &[&Array]) -> Result<Arrays> {
    bind(op, operands)
}

impl Scan {
    fn with(&self, jaxpr: JaxprRef, consts: usize, carry: usize) -> Scan {
        Scan { jaxpr, consts, carry, ..self.clone() }
    }

    fn collected(&self) -> usize {
        self.jaxpr.outputs.len() - self.carry
    }

    /// What one iteration sees of a scanned operand; a stack tells nothing of its entries.
    fn entry(&self, x: &Aval) -> Option<Aval> {
        match self.length {
            ScanLength::Stacks => None,
            // One stack an iteration, on a stack.
            ScanLength::Fixed(_) if x.dtype == DType::Stack => Some(x.clone()),
            ScanLength::Fixed(_) => {
                let mut entry = x.clone();
                entry.shape.remove(0);
                Some(entry)
            }
        }
    }

    fn stacked(&self, entry: &Aval) -> Aval {
        match self.length {
            ScanLength::Stacks => Aval::scalar(DType::Stack),
            ScanLength::Fixed(_) if entry.dtype == DType::Stack => entry.clone(),
            ScanLength::Fixed(length) => {
                let mut aval = entry.clone().with_weak(false);
                aval.shape.insert(0, length);
                aval
            }
        }
    }

    /// Which entries of the carry are touched, if those marked are and `step` says, for the
    /// carry marked, which entries of the next carry are.
    pub(crate) fn fixpoint(
        mut carry: Vec<bool>,
        mut step: impl FnMut(&[bool]) -> Result<Vec<bool>>,
    ) -> Result<Vec<bool>> {
        loop {
            let next = step(&carry)?;
            let grown: Vec<bool> = carry.iter().zip(&next).map(|(&a, &b)| a | b).collect();
            if grown == carry {
                return Ok(carry);
            }
            carry = grown;
        }
    }
}

/// Index ranges of a list of parts, one after another.
pub(crate) fn parts(sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut start = 0;
    sizes
        .iter()
        .map(|size| {
            start += size;
            (start - size..start).collect()
        })
        .collect()
}

impl Primitive for Scan {
    fn name(&self) -> &str {
        "scan"
    }

    fn params(&self) -> Params {
        let several = |count, value: Param| Param::Tuple(vec![value; count]);
        let scanned = self.jaxpr.inputs.len() - self.consts - self.carry;
        let right = |inner| Param::Record("Right".into(), vec![(String::new(), inner)]);
        let collected =
            Param::Record("RightsOnly".into(), vec![(String::new(), right(Param::None))]);
        // Which operands are constants, carry and scanned, and which results carry and collected.
        let ft_in = [self.consts, self.carry, scanned].map(|count| several(count, Param::None));
        let ft_out = [several(self.carry, Param::None), several(self.collected(), collected)];
        vec![
            ("ft_in", Param::Tuple(ft_in.to_vec())),
            ("ft_out", Param::Tuple(ft_out.to_vec())),
            ("jaxpr", Param::Jaxpr(self.jaxpr.0.clone())),
            (
                "length",
                match self.length {
                    ScanLength::Fixed(length) => Param::Int(length as i64),
                    ScanLength::Stacks => Param::None,
                },
            ),
            ("reverse", Param::Bool(self.reverse)),
            ("unroll", Param::Int(1)),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        if inputs.len() < self.consts + self.carry {
            return Err(crate::primitives::operand_count(
                "scan",
                self.consts + self.carry,
                inputs.len(),
            ));
        }
        let (first, scanned) = inputs.split_at(self.consts + self.carry);
        let taken = self.jaxpr.input_avals();
        let mut operands = first.to_vec();
        for (at, x) in scanned.iter().enumerate() {
            match self.length {
                ScanLength::Fixed(length)
                    if x.dtype != DType::Stack && x.shape.first() != Some(&length) =>
                {
                    return Err(Error::value_error(
                        "scan",
                        format!("got a scanned array {x} whose leading axis is not {length}"),
                    ));
                }
                _ => operands.push(match self.entry(x) {
                    Some(entry) => entry,
                    None => taken.get(first.len() + at).cloned().unwrap_or_else(|| x.clone()),
                }),
            }
        }
        check_operands("scan", &self.jaxpr, &operands)?;
        let mut outputs = self.jaxpr.output_avals();
        for (before, after) in operands[self.consts..].iter().zip(&mut outputs[..self.carry]) {
            if !before.same_type(after) {
                return Err(Error::type_error(
                    "scan",
                    format!(
                        "body function carry input and carry output must have equal types, got {before} and {after}"
                    ),
                ));
            }
            after.weak = before.weak;
        }
        for collected in &mut outputs[self.carry..] {
            *collected = self.stacked(collected);
        }
        Ok(outputs.into())
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let active = active(dx);
        let (consts, carry, ys) = (self.consts, self.carry, self.collected());
        let scanned = x.len() - consts - carry;
        let given = |carry_active: &[bool]| -> Result<(Vec<bool>, Vec<bool>)> {
            let mut on = active.clone();
            on[consts..consts + carry].copy_from_slice(carry_active);
            let wanted: Vec<bool> =
                carry_active.iter().copied().chain(std::iter::repeat_n(false, ys)).collect();
            Ok((jvp_jaxpr(&self.jaxpr, &on, &wanted)?.given.clone(), on))
        };
        let carry_active = Scan::fixpoint(active[consts..consts + carry].to_vec(), |on| {
            Ok(given(on)?.0[..carry].to_vec())
        })?;
        let (given, on) = given(&carry_active)?;
        let derived = jvp_jaxpr(&self.jaxpr, &on, &{
            carry_active.iter().copied().chain(std::iter::repeat_n(false, ys)).collect::<Vec<_>>()
        })?;
        // From primals then tangents to constants, carry and scanned, each with its tangents.
        let count = |mask: &[bool]| mask.iter().filter(|on| **on).count();
        let (dc, dk, ds) =
            (count(&on[..consts]), count(&carry_active), count(&on[consts + carry..]));
        let p = parts(&[consts, carry, scanned, dc, dk, ds]);
        let inputs = [&p[0], &p[3], &p[1], &p[4], &p[2], &p[5]].map(Vec::as_slice).concat();
        let q = parts(&[carry, ys, count(&given[..carry]), count(&given[carry..])]);
        let outputs = [&q[0], &q[2], &q[1], &q[3]].map(Vec::as_slice).concat();
        let body = rearranged(&derived.jaxpr, &inputs, &outputs);
        let dx: Vec<Array> = dx
            .iter()
            .zip(&on)
            .filter(|(_, on)| **on)
            .map(|(dx, _)| dx.instantiate())
            .collect::<Result<_>>()?;
        let (dc_values, rest) = dx.split_at(dc);
        let (dk_values, ds_values) = rest.split_at(dk);
        let mut operands: Vec<&Array> = x[..consts].to_vec();
        operands.extend(dc_values);
        operands.extend(&x[consts..consts + carry]);
        operands.extend(dk_values);
        operands.extend(&x[consts + carry..]);
        operands.extend(ds_values);
        let results = scan(self.with(body, consts + dc, carry + dk), &operands)?;
        let pick = |at: std::ops::Range<usize>| results[at].iter().cloned();
        let outputs: Arrays = pick(0..carry).chain(pick(carry + dk..carry + dk + ys)).collect();
        let tangents: Vec<Array> =
            pick(carry..carry + dk).chain(pick(carry + dk + ys..results.len())).collect();
        let dy = tangents_of(&outputs, &given, tangents.into_iter());
        Ok((outputs, dy))
    }

    /// One scan computes the results and collects the residuals; a linear one, over them,
    /// carries the tangents.
    fn linearize(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let active = active(dx);
        let (consts, carry, ys) = (self.consts, self.carry, self.collected());
        let derive = |carry_active: &[bool]| {
            let mut on = active.clone();
            on[consts..consts + carry].copy_from_slice(carry_active);
            let wanted: Vec<bool> =
                carry_active.iter().copied().chain(std::iter::repeat_n(false, ys)).collect();
            linearize_jaxpr(&self.jaxpr, &on, &wanted).map(|derived| (derived, on))
        };
        let carry_active = Scan::fixpoint(active[consts..consts + carry].to_vec(), |on| {
            Ok(derive(on)?.0.given[..carry].to_vec())
        })?;
        let (derived, on) = derive(&carry_active)?;
        let mut results = scan(self.with(derived.known.clone(), consts, carry), x)?;
        let residuals: Vec<Array> = results.drain(carry + ys..).collect();
        let outputs = results;
        // Residuals that are constants of the loop are handed over once, not for each entry.
        let constant = |at: &usize| derived.forwarded[*at].is_some_and(|input| input < consts);
        let all: Vec<usize> = (0..derived.residuals).collect();
        let fixed: Vec<usize> = all.iter().copied().filter(constant).collect();
        let varying: Vec<usize> = all.iter().copied().filter(|at| !constant(at)).collect();
        let count = |mask: &[bool]| mask.iter().filter(|on| **on).count();
        let (dc, dk, ds) =
            (count(&on[..consts]), count(&carry_active), count(&on[consts + carry..]));
        let p = parts(&[derived.residuals, dc, dk, ds]);
        let inputs: Vec<usize> =
            [&fixed, &p[1], &p[2], &varying, &p[3]].map(Vec::as_slice).concat();
        let all_outputs: Vec<usize> = (0..derived.linear.outputs.len()).collect();
        let body = rearranged(&derived.linear, &inputs, &all_outputs);
        let dx: Vec<Array> = dx
            .iter()
            .zip(&on)
            .filter(|(_, on)| **on)
            .map(|(dx, _)| dx.instantiate())
            .collect::<Result<_>>()?;
        let mut operands: Vec<&Array> =
            fixed.iter().filter_map(|&at| derived.forwarded[at].map(|input| x[input])).collect();
        operands.extend(&dx[..dc + dk]);
        operands.extend(varying.iter().map(|&at| &residuals[at]));
        operands.extend(&dx[dc + dk..]);
        let tangents = match derived.given.contains(&true) {
            true => scan(self.with(body, fixed.len() + dc, dk), &operands)?,
            false => Arrays::new(),
        };
        let dy = tangents_of(&outputs, &derived.given, tangents.into_iter());
        Ok((outputs, dy))
    }

    /// The scan backwards: the cotangents of linear constants are summed in the carry.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let (consts, carry, ys) = (self.consts, self.carry, self.collected());
        // A carry that is known stands for zeros beside others that are not: the program is
        // linear in all of the carry together.
        let linear: Vec<bool> = inputs
            .iter()
            .enumerate()
            .map(|(at, input)| input.is_linear() || (consts..consts + carry).contains(&at))
            .collect();
        let avals: Vec<Aval> = inputs.iter().map(Operand::aval).collect();
        let entries = self.jaxpr.input_avals();
        let ct_carry = ct[..carry]
            .iter()
            .zip(&avals[consts..])
            .map(|(ct, aval)| ct.clone().map_or_else(|| zeros(aval), Ok))
            .collect::<Result<Vec<_>>>()?;
        let present: Vec<bool> = std::iter::repeat_n(true, carry)
            .chain(ct[carry..].iter().map(Option::is_some))
            .collect();
        let ct_ys: Vec<Array> = ct[carry..].iter().flatten().cloned().collect();
        let wanted = vec![true; linear.iter().filter(|linear| **linear).count()];
        let back = transpose_jaxpr(&self.jaxpr, &linear, &present, &wanted)?;
        let count = |mask: &[bool]| mask.iter().filter(|on| **on).count();
        let (lc, ls) = (count(&linear[..consts]), count(&linear[consts + carry..]));
        let known_consts = consts - lc;
        let known_scanned = inputs.len() - consts - carry - ls;
        let known: Vec<Array> = inputs
            .iter()
            .zip(&linear)
            .filter(|(_, linear)| !**linear)
            .filter_map(|(input, _)| input.known().cloned())
            .collect();

        // One step takes known constants, sums and carry, known entries and cotangent entries.
        let sum_avals: Vec<Aval> = marked(&entries[..consts], &linear[..consts]).collect();
        let carry_avals = &entries[consts..consts + carry];
        let known_entries: Vec<Aval> = entries[consts + carry..]
            .iter()
            .zip(&linear[consts + carry..])
            .filter(|(_, linear)| !**linear)
            .map(|(aval, _)| aval.clone())
            .collect();
        let ct_entries: Vec<Aval> =
            marked(&self.jaxpr.output_avals()[carry..], &present[carry..]).collect();
        let step_avals: Vec<Aval> = back.jaxpr.input_avals()[..known_consts]
            .iter()
            .chain(&sum_avals)
            .chain(carry_avals)
            .chain(&known_entries)
            .chain(&ct_entries)
            .cloned()
            .collect();
        let step = crate::jaxpr::stage_closed(&step_avals, |step| {
            let (constants, rest) = step.split_at(known_consts);
            let (sums, rest) = rest.split_at(lc);
            let (ct_carry, rest) = rest.split_at(carry);
            let (entries, ct_entries) = rest.split_at(known_scanned);
            let operands: Vec<&Array> =
                constants.iter().chain(entries).chain(ct_carry).chain(ct_entries).collect();
            let results = back.jaxpr.eval(&operands)?;
            let mut outputs = vec![];
            for (sum, ct) in sums.iter().zip(&results[..lc]) {
                outputs.push(crate::primitives::add_any(sum, ct)?);
            }
            outputs.extend_from_slice(&results[lc..]);
            Ok(outputs)
        })?;
        let sums = sum_avals.iter().map(zeros).collect::<Result<Vec<_>>>()?;
        let operands: Vec<&Array> = known[..known_consts]
            .iter()
            .chain(&sums)
            .chain(&ct_carry)
            .chain(&known[known_consts..])
            .chain(&ct_ys)
            .collect();
        let backward = Scan {
            jaxpr: step.into(),
            consts: known_consts,
            carry: lc + carry,
            length: self.length,
            reverse: !self.reverse,
        };
        debug_assert_eq!(ys, ct.len() - carry);
        let mut results = scan(backward, &operands)?.into_iter();
        Ok(linear.iter().map(|linear| linear.then(|| results.next()).flatten()).collect())
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let (consts, carry, ys) = (self.consts, self.carry, self.collected());
        let given: Vec<bool> = axes.iter().map(Option::is_some).collect();
        let derive = |carry_mapped: &[bool]| {
            let mut mapped = given.clone();
            mapped[consts..consts + carry].copy_from_slice(carry_mapped);
            let wanted: Vec<bool> =
                carry_mapped.iter().copied().chain(std::iter::repeat_n(false, ys)).collect();
            vmap_jaxpr(&self.jaxpr, &mapped, &wanted, axis)
        };
        let carry_mapped = Scan::fixpoint(given[consts..consts + carry].to_vec(), |mapped| {
            Ok(derive(mapped)?.mapped[..carry].to_vec())
        })?;
        let derived = derive(&carry_mapped)?;
        let mut operands = vec![];
        for (at, (x, a)) in x.iter().zip(axes).enumerate() {
            let is_carry = (consts..consts + carry).contains(&at);
            let scanned = at >= consts + carry;
            operands.push(match a {
                _ if x.dtype() == DType::Stack => Array::clone(x),
                Some(_) if scanned => at_axis(x, *a, axis.size, 1)?,
                Some(_) => at_axis(x, *a, axis.size, 0)?,
                None if is_carry && carry_mapped[at - consts] => at_axis(x, None, axis.size, 0)?,
                None => Array::clone(x),
            });
        }
        let op = self.with(derived.jaxpr.clone(), consts, carry);
        let outputs = scan(op, &operands.iter().collect::<Vec<_>>())?;
        // The mapped axis of a stack is that of its entries.
        let place = |(at, &mapped): (usize, &bool)| match mapped {
            false => None,
            true if at < carry || outputs[at].dtype() == DType::Stack => Some(0),
            true => Some(1),
        };
        let axes = derived.mapped.iter().enumerate().map(place).collect();
        Ok((outputs, axes))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], y: &[Aval]) -> Result<Slots> {
        let collected: Vec<(Shape, DType)> = self.jaxpr.output_avals()[self.carry..]
            .iter()
            .map(|aval| (aval.shape.clone(), aval.dtype))
            .collect();
        let kernel = plan::Scan {
            body: plan.nested(&self.jaxpr)?,
            consts: self.consts,
            carry: self.carry,
            length: self.length,
            reverse: self.reverse,
            collected,
            code: Default::default(),
        };
        debug_assert_eq!(Kernel::name(&kernel), "scan");
        Ok(plan.kernel_many(kernel, x, y.len()))
    }

    fn jaxprs(&self) -> Vec<&JaxprRef> {
        vec![&self.jaxpr]
    }

    fn with_jaxprs(&self, mut jaxprs: Vec<JaxprRef>) -> Option<Op> {
        Some(self.with(jaxprs.pop()?, self.consts, self.carry).into())
    }
}

impl Listed for Scan {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let [consts, carry, _] = params.counts("ft_in")?;
        Ok(Scan {
            jaxpr: JaxprRef(params.jaxpr("jaxpr")?),
            consts,
            carry,
            length: match params.size("length") {
                Ok(length) => ScanLength::Fixed(length),
                Err(_) => ScanLength::Stacks,
            },
            reverse: params.bool("reverse")?,
        })
    }

    fn samples() -> Vec<Sample> {
        let text = "{ lambda ; k:f64[2] a:f64[2] n:i32[] x:f64[]. let \
                    b:f64[2] = mul a k; c:f64[2] = sin b; d:f64[2] = add c x; \
                    m:i32[] = add n 1:i32[]; e:f64[2] = mul d k in (d, m, e, x) }";
        let Ok(jaxpr) = crate::jaxpr::parse(text) else { return vec![] };
        let jaxpr = JaxprRef::from(jaxpr);
        let sample = |length, reverse| {
            let jaxpr = jaxpr.clone();
            let length_ = ScanLength::Fixed(length);
            let real = |shape: &[usize]| Input::real(shape, DType::F64);
            let counter = Input::real(&[], DType::I32);
            Sample::new(
                Scan { jaxpr, consts: 1, carry: 2, length: length_, reverse },
                [real(&[2]), real(&[2]), counter, real(&[length])],
            )
        };
        vec![sample(3, false), sample(3, true), sample(1, false), sample(0, false)]
    }
}
