//! Reverse mode: linearize, then run the linear program backwards.
//!
//! Cotangents are summed in the order the equations are walked, so a gradient is the same, bit
//! for bit, on every run.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::array::Array;
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::{Atom, Derivation, Jaxpr, JaxprRef, Staged, capture, stage_closed};
use crate::primitives::{Cotangent, Operand, add_any};
use crate::trace::jvp::{attach, detach, new_trace};
use crate::trace::{Tangent, current, stage, with_current};

/// The derivative of a function at a point, as a linear program.
pub struct Linearized {
    /// From the tangents of the active inputs to those of the results that are not zero.
    /// Its constants are what the derivative needs of the point: concrete arrays, or arrays of
    /// the traces around.
    pub program: Jaxpr,
    /// What is known of the tangent of each input; `None` if the derivative does not depend
    /// on it.
    pub inputs: Vec<Option<Aval>>,
    /// For each result its place among those of the program; `None` if its tangent is zero.
    pub outputs: Vec<Option<usize>>,
    /// What is known of the tangents of the results.
    pub output_avals: Vec<Aval>,
}

/// The results of `f` at `primals`, and its derivative there with respect to the inputs that
/// `active` marks.
///
/// # Errors
/// Those of `f`, and a missing derivative of an operation that it uses.
pub fn linearize(
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
    primals: &[Array],
    active: &[bool],
) -> Result<(Vec<Array>, Linearized)> {
    let tape = stage::new_tape(current());
    let trace = new_trace(current(), Some(tape.clone()));
    let mut input_avals = Vec::with_capacity(primals.len());
    let inputs: SmallVec<[Array; 4]> = primals
        .iter()
        .zip(active)
        .map(|(primal, &active)| {
            let aval = primal.aval().tangent();
            if !active || !aval.is_differentiable() {
                input_avals.push(None);
                return primal.clone();
            }
            input_avals.push(Some(aval.clone()));
            attach(&trace, primal.clone(), Tangent::Value(stage::new_input(&tape, aval)))
        })
        .collect();
    let results = with_current(Some(trace.clone()), || f(&inputs))?;
    let mut outputs = vec![];
    let mut atoms = vec![];
    let mut primals = vec![];
    let mut output_avals = vec![];
    for result in &results {
        let (primal, tangent) = detach(&trace, result);
        output_avals.push(primal.aval().tangent());
        outputs.push(tangent.value().map(|tangent| {
            atoms.push(stage::atom_of(&tape, tangent));
            atoms.len() - 1
        }));
        primals.push(primal);
    }
    let program = stage::finish(&tape, atoms);
    Ok((primals, Linearized { program, inputs: input_avals, outputs, output_avals }))
}

impl Linearized {
    /// The tangents of the results when the inputs move along `tangents`, one for each input.
    ///
    /// # Errors
    /// Those of the operations in the program.
    pub fn apply(&self, tangents: &[Tangent]) -> Result<Vec<Tangent>> {
        let mut values = vec![];
        for (tangent, aval) in tangents.iter().zip(&self.inputs) {
            if aval.is_some() {
                values.push(tangent.instantiate()?);
            }
        }
        let results = self.program.eval(&values.iter().collect::<Vec<_>>())?;
        Ok(self.tangents_of(&results))
    }

    fn tangents_of(&self, results: &[Array]) -> Vec<Tangent> {
        self.outputs
            .iter()
            .zip(&self.output_avals)
            .map(|(at, aval)| match at {
                Some(at) => Tangent::Value(results[*at].clone()),
                None => Tangent::Zero(aval.clone()),
            })
            .collect()
    }

    /// The cotangents of the inputs, from those of the results; `None` is zero.
    ///
    /// # Errors
    /// A missing transpose of an operation in the program.
    pub fn transpose(&self, cotangents: &[Cotangent]) -> Result<Vec<Cotangent>> {
        let mut seeds = vec![None; self.program.outputs.len()];
        for (at, ct) in self.outputs.iter().zip(cotangents) {
            if let Some(at) = at {
                seeds[*at] = ct.clone();
            }
        }
        let linear = vec![true; self.program.inputs.len()];
        let mut results = backward(&self.program, &linear, &[], &seeds)?.into_iter();
        let take = |aval: &Option<Aval>| aval.as_ref().and_then(|_| results.next().flatten());
        Ok(self.inputs.iter().map(take).collect())
    }
}

/// The results of `f` at `primals`, and the function from their cotangents to those of the
/// inputs that `active` marks.
///
/// # Errors
/// Those of `f`, and a missing derivative of an operation that it uses.
pub fn vjp<F: FnOnce(&[Array]) -> Result<Vec<Array>>>(
    f: F,
    primals: &[Array],
    active: &[bool],
) -> Result<(Vec<Array>, impl Fn(&[Cotangent]) -> Result<Vec<Cotangent>> + use<F>)> {
    let (results, linearized) = linearize(f, primals, active)?;
    Ok((results, move |cotangents: &[Cotangent]| linearized.transpose(cotangents)))
}

/// Runs a program, which is linear in the inputs that `linear` marks, backwards.
///
/// `known` are the values of the other inputs, in order; `seeds` the cotangents of the results.
/// Gives the cotangents of the linear inputs, in order.
///
/// # Errors
/// A missing transpose of an operation in the program.
pub fn backward(
    program: &Jaxpr,
    linear: &[bool],
    known: &[Array],
    seeds: &[Cotangent],
) -> Result<Vec<Cotangent>> {
    // What does not depend on the linear inputs is computed first, forwards.
    let mut values: Vec<Option<Array>> = vec![None; program.avals.len()];
    let mut is_linear = vec![false; program.avals.len()];
    let mut rest = known.iter();
    for (var, &linear) in program.inputs.iter().zip(linear) {
        is_linear[var.index()] = linear;
        if !linear {
            values[var.index()] = rest.next().cloned();
        }
    }
    for eqn in &program.eqns {
        let depends = eqn.inputs.iter().any(|atom| match atom {
            Atom::Var(var) => is_linear[var.index()],
            Atom::Const(_) => false,
        });
        if depends {
            for var in &eqn.outputs {
                is_linear[var.index()] = true;
            }
            continue;
        }
        let outputs = {
            let operands: SmallVec<[&Array; 4]> =
                eqn.inputs.iter().map(|atom| value_of(&values, atom)).collect::<Result<_>>()?;
            crate::trace::bind(eqn.op.clone(), &operands)?
        };
        for (var, output) in eqn.outputs.iter().zip(outputs) {
            values[var.index()] = Some(output);
        }
    }

    let mut cotangents: Vec<Cotangent> = vec![None; program.avals.len()];
    let add = |cotangents: &mut Vec<Cotangent>, atom: &Atom, ct: Array| -> Result<()> {
        if let Atom::Var(var) = atom
            && is_linear[var.index()]
        {
            let slot = &mut cotangents[var.index()];
            *slot = Some(match slot.take() {
                Some(sum) => add_any(&sum, &ct)?,
                None => ct,
            });
        }
        Ok(())
    };
    for (atom, seed) in program.outputs.iter().zip(seeds) {
        if let Some(seed) = seed {
            add(&mut cotangents, atom, seed.clone())?;
        }
    }
    for eqn in program.eqns.iter().rev() {
        if !eqn.outputs.iter().any(|var| is_linear[var.index()]) {
            continue;
        }
        let ct: SmallVec<[Cotangent; 2]> =
            eqn.outputs.iter().map(|var| cotangents[var.index()].take()).collect();
        if ct.iter().all(Option::is_none) {
            continue;
        }
        let operands: SmallVec<[Operand; 4]> = eqn
            .inputs
            .iter()
            .map(|atom| match atom {
                Atom::Var(var) if is_linear[var.index()] => {
                    Ok(Operand::Linear(program.aval(*var).clone()))
                }
                atom => value_of(&values, atom).map(|value| Operand::Known(value.clone())),
            })
            .collect::<Result<_>>()?;
        let results = eqn.op.primitive().transpose(&ct, &operands)?;
        for (atom, ct) in eqn.inputs.iter().zip(results) {
            if let Some(ct) = ct {
                add(&mut cotangents, atom, ct)?;
            }
        }
    }
    let linear_inputs = program.inputs.iter().zip(linear).filter(|(_, linear)| **linear);
    Ok(linear_inputs.map(|(var, _)| cotangents[var.index()].take()).collect())
}

fn value_of<'a>(values: &'a [Option<Array>], atom: &'a Atom) -> Result<&'a Array> {
    match atom {
        Atom::Const(value) => Ok(value),
        Atom::Var(var) => values[var.index()].as_ref().ok_or_else(|| Error::Program {
            message: "a program was transposed without the value of an operand".into(),
        }),
    }
}

/// The derivative of a program, as two programs.
pub struct LinearizedJaxpr {
    /// From the inputs to the results, then the residuals.
    pub known: JaxprRef,
    /// From the residuals, then the tangents of the active inputs, to the tangents of the
    /// results where `given`.
    pub linear: JaxprRef,
    /// How many residuals there are.
    pub residuals: usize,
    /// For each residual the input that it is, if it is one.
    pub forwarded: Vec<Option<usize>>,
    /// For each result whether its tangent is among the results of `linear`.
    pub given: Vec<bool>,
}

/// Splits the derivative of a program, with respect to the inputs that `active` marks, into what
/// can be computed from the inputs, and what is linear in their tangents.
///
/// It gives the tangents of those results that `wanted` marks, or that are not known to be zero.
///
/// # Errors
/// A missing derivative of an operation of the program.
pub fn linearize_jaxpr(
    jaxpr: &Jaxpr,
    active: &[bool],
    wanted: &[bool],
) -> Result<Arc<LinearizedJaxpr>> {
    let key = Derivation::Linearize { active: active.to_vec(), wanted: wanted.to_vec() };
    jaxpr.derived.get(key, || {
        let mut linear = None;
        let mut given = vec![];
        let known = stage_closed(&jaxpr.input_avals(), |inputs| {
            let (mut outputs, mut derivative) = linearize(|x| jaxpr.eval_all(x), inputs, active)?;
            let mut atoms = vec![];
            for ((at, aval), &wanted) in
                derivative.outputs.iter().zip(&derivative.output_avals).zip(wanted)
            {
                let give = wanted || at.is_some();
                given.push(give);
                if let Some(at) = at {
                    atoms.push(derivative.program.outputs[*at].clone());
                } else if give {
                    atoms.push(Atom::Const(crate::primitives::structure::zeros(aval)?));
                }
            }
            derivative.program.outputs = atoms;
            let Staged { jaxpr, captured } = capture(derivative.program);
            outputs.extend(captured);
            linear = Some(jaxpr);
            Ok(outputs)
        })?;
        let linear = linear.unwrap_or_default();
        let active_inputs = active
            .iter()
            .zip(jaxpr.input_avals())
            .filter(|(active, aval)| **active && aval.is_differentiable())
            .count();
        let residuals = linear.inputs.len() - active_inputs;
        let results = known.outputs.len() - residuals;
        let forwarded = known.outputs[results..]
            .iter()
            .map(|atom| match atom {
                Atom::Var(var) => known.inputs.iter().position(|input| input == var),
                Atom::Const(_) => None,
            })
            .collect();
        Ok(LinearizedJaxpr {
            known: known.into(),
            linear: linear.into(),
            residuals,
            forwarded,
            given,
        })
    })
}

/// A program run backwards.
pub struct TransposedJaxpr {
    /// From the known inputs, then the cotangents of the results that are present, to the
    /// cotangents of the linear inputs where `given`.
    pub jaxpr: JaxprRef,
    /// For each linear input whether its cotangent is among the results.
    pub given: Vec<bool>,
}

/// The program from the known inputs of a program that is linear in the others, and the
/// cotangents of its results that `present` marks, to the cotangents of its linear inputs.
///
/// It gives those that `wanted` marks, one for each linear input, or that are not zero.
///
/// # Errors
/// A missing transpose of an operation of the program.
pub fn transpose_jaxpr(
    jaxpr: &Jaxpr,
    linear: &[bool],
    present: &[bool],
    wanted: &[bool],
) -> Result<Arc<TransposedJaxpr>> {
    let key = Derivation::Transpose {
        linear: linear.to_vec(),
        present: present.to_vec(),
        wanted: wanted.to_vec(),
    };
    jaxpr.derived.get(key, || {
        let inputs = jaxpr.input_avals();
        let known: Vec<Aval> = inputs
            .iter()
            .zip(linear)
            .filter(|(_, linear)| !**linear)
            .map(|x| x.0.clone())
            .collect();
        let linear_avals: Vec<&Aval> =
            inputs.iter().zip(linear).filter(|(_, linear)| **linear).map(|x| x.0).collect();
        let cotangents = jaxpr
            .output_avals()
            .into_iter()
            .zip(present)
            .filter(|(_, present)| **present)
            .map(|(aval, _)| aval);
        let avals: Vec<Aval> = known.iter().cloned().chain(cotangents).collect();
        let mut given = vec![];
        let staged = stage_closed(&avals, |inputs| {
            let (known, cotangents) = inputs.split_at(known.len());
            let mut cotangents = cotangents.iter().cloned();
            let seeds: Vec<Cotangent> = present
                .iter()
                .map(|present| present.then(|| cotangents.next()).flatten())
                .collect();
            let results = backward(jaxpr, linear, known, &seeds)?;
            let mut outputs = vec![];
            for ((ct, aval), &wanted) in results.into_iter().zip(&linear_avals).zip(wanted) {
                given.push(wanted || ct.is_some());
                match ct {
                    Some(ct) => outputs.push(ct),
                    None if wanted => outputs.push(crate::primitives::structure::zeros(aval)?),
                    None => {}
                }
            }
            Ok(outputs)
        })?;
        Ok(TransposedJaxpr { jaxpr: staged.into(), given })
    })
}
