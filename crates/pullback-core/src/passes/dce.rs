//! Dead code: equations that no result needs are dropped, unless they act on the world.

use super::Pass;
use crate::jaxpr::{Atom, Eqn, Jaxpr};

/// The pass.
pub const PASS: Pass = Pass { name: "dce", run };

/// Drops the equations that no result needs.
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    let mut needed = vec![false; jaxpr.avals.len()];
    let mark = |atom: &Atom, needed: &mut Vec<bool>| {
        if let Atom::Var(var) = atom {
            needed[var.index()] = true;
        }
    };
    for atom in &jaxpr.outputs {
        mark(atom, &mut needed);
    }
    let is_needed = |eqn: &Eqn, needed: &[bool]| {
        let is_read = eqn.outputs.iter().any(|var| needed[var.index()]);
        is_read || eqn.op.primitive().has_effects()
    };
    for eqn in jaxpr.eqns.iter().rev() {
        if is_needed(eqn, &needed) {
            eqn.inputs.iter().for_each(|atom| mark(atom, &mut needed));
        }
    }
    jaxpr.eqns.retain(|eqn| is_needed(eqn, &needed));
    jaxpr
}
