//! Applies a program equation by equation, in the current trace.

use smallvec::SmallVec;

use super::{Atom, Jaxpr};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::trace::{bind_in, current};

pub(super) fn eval(jaxpr: &Jaxpr, inputs: &[&Array]) -> Result<Vec<Array>> {
    if inputs.len() != jaxpr.inputs.len() {
        return Err(Error::Program {
            message: format!(
                "a program of {} inputs was given {}",
                jaxpr.inputs.len(),
                inputs.len()
            ),
        });
    }
    let last_use = last_uses(jaxpr);
    let trace = current();
    let mut values: Vec<Option<Array>> = vec![None; jaxpr.avals.len()];
    for (var, input) in jaxpr.inputs.iter().zip(inputs) {
        values[var.index()] = Some(Array::clone(input));
    }
    for (line, eqn) in jaxpr.eqns.iter().enumerate() {
        let outputs = {
            let operands: SmallVec<[&Array; 4]> =
                eqn.inputs.iter().map(|atom| read(&values, atom)).collect();
            bind_in(&trace, &eqn.op, &operands)?
        };
        for atom in &eqn.inputs {
            if let Atom::Var(var) = atom
                && last_use[var.index()] == line
            {
                values[var.index()] = None;
            }
        }
        for (var, output) in eqn.outputs.iter().zip(outputs) {
            values[var.index()] = Some(output);
        }
    }
    Ok(jaxpr.outputs.iter().map(|atom| read(&values, atom).clone()).collect())
}

fn read<'a>(values: &'a [Option<Array>], atom: &'a Atom) -> &'a Array {
    match atom {
        Atom::Var(var) => values[var.index()].as_ref().expect("a variable is defined before use"),
        Atom::Const(value) => value,
    }
}

/// For each variable the line of its last use, or `usize::MAX` if it is a result.
fn last_uses(jaxpr: &Jaxpr) -> Vec<usize> {
    let mut last = vec![0; jaxpr.avals.len()];
    for (line, eqn) in jaxpr.eqns.iter().enumerate() {
        for atom in &eqn.inputs {
            if let Atom::Var(var) = atom {
                last[var.index()] = line;
            }
        }
    }
    for atom in &jaxpr.outputs {
        if let Atom::Var(var) = atom {
            last[var.index()] = usize::MAX;
        }
    }
    last
}
