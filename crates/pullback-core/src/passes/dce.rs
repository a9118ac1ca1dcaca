//! Dead code: equations that no result needs are dropped, unless they act on the world.

use super::Pass;
use crate::jaxpr::{Atom, Jaxpr};

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
    let mut kept = Vec::with_capacity(jaxpr.eqns.len());
    for eqn in std::mem::take(&mut jaxpr.eqns).into_iter().rev() {
        let wanted = eqn.outputs.iter().any(|var| needed[var.index()]);
        if wanted || eqn.op.primitive().has_effects() {
            for atom in &eqn.inputs {
                mark(atom, &mut needed);
            }
            kept.push(eqn);
        }
    }
    kept.reverse();
    jaxpr.eqns = kept;
    jaxpr
}
