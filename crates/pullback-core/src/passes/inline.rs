//! Programs that are applied as one operation become part of the one around them.

use rustc_hash::FxHashMap;

use super::{Pass, Substitution};
use crate::jaxpr::{Atom, Eqn, Jaxpr, JaxprRef, VarId};
use crate::primitives::Op;

/// The pass.
pub const PASS: Pass = Pass { name: "inline", run };

/// Puts the equations of applied programs in place of their application.
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    if jaxpr.eqns.iter().all(|eqn| applied(&eqn.op).is_none()) {
        return jaxpr;
    }
    let mut substitution = Substitution::default();
    let eqns = std::mem::take(&mut jaxpr.eqns);
    for mut eqn in eqns {
        eqn.inputs.iter_mut().for_each(|atom| substitution.apply(atom));
        emit(&mut jaxpr, &mut substitution, eqn);
    }
    jaxpr.outputs.iter_mut().for_each(|atom| substitution.apply(atom));
    jaxpr
}

/// The program that an operation applies, if that is all it does.
fn applied(op: &Op) -> Option<&JaxprRef> {
    match op {
        Op::Jit(jit) => Some(&jit.jaxpr),
        Op::CustomJvpCall(call) => call.jaxpr.as_ref(),
        Op::CustomVjpCall(call) => call.jaxpr.as_ref(),
        _ => None,
    }
}

fn emit(jaxpr: &mut Jaxpr, substitution: &mut Substitution, eqn: Eqn) {
    let Some(inner) = applied(&eqn.op).cloned() else {
        jaxpr.eqns.push(eqn);
        return;
    };
    let mut atoms: FxHashMap<VarId, Atom> =
        inner.inputs.iter().copied().zip(eqn.inputs.iter().cloned()).collect();
    let read = |atoms: &FxHashMap<VarId, Atom>, atom: &Atom| match atom {
        Atom::Var(var) => atoms.get(var).cloned().unwrap_or_else(|| atom.clone()),
        Atom::Const(_) => atom.clone(),
    };
    for line in &inner.eqns {
        let origin = &line.outputs;
        let inputs = line.inputs.iter().map(|atom| read(&atoms, atom)).collect();
        let outputs =
            line.outputs.iter().map(|&var| jaxpr.new_var(inner.aval(var).clone())).collect();
        let line = Eqn { op: line.op.clone(), inputs, outputs };
        let fresh = line.outputs.clone();
        let mut nested = Substitution::default();
        emit(jaxpr, &mut nested, line);
        // A program inside may hand on one of its own inputs instead of a new variable.
        for (&var, fresh) in origin.iter().zip(fresh) {
            let mut atom = Atom::Var(fresh);
            nested.apply(&mut atom);
            atoms.insert(var, atom);
        }
    }
    for (&var, atom) in eqn.outputs.iter().zip(&inner.outputs) {
        substitution.set(var, read(&atoms, atom));
    }
}
