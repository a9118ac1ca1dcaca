//! What is padded alike and then added is added first, and padded once.
//!
//! Gradients of slices are paddings, one for each use of a slice; so a stencil has many of them.
//! Zeros added to zeros are zeros, so the results are the same.

use rustc_hash::FxHashMap;
use smallvec::smallvec;

use super::simplify::is_number;
use super::{Pass, uses};
use crate::jaxpr::{Atom, Eqn, Jaxpr, VarId};
use crate::primitives::Op;

/// The pass.
pub const PASS: Pass = Pass { name: "pads", run };

/// Adds before padding. Paddings that no result needs any more are left for another pass to drop.
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    let is_pad = |eqn: &Eqn| matches!(eqn.op, Op::Pad(_));
    if jaxpr.eqns.iter().filter(|eqn| is_pad(eqn)).nth(1).is_none() {
        return jaxpr;
    }
    let uses = uses(&jaxpr);
    // Paddings with zeros that one equation alone reads.
    let mut pads: FxHashMap<VarId, Eqn> = FxHashMap::default();
    let mut kept = Vec::with_capacity(jaxpr.eqns.len());
    for mut eqn in std::mem::take(&mut jaxpr.eqns) {
        if let Some([sum, pad]) = padded_once(&mut jaxpr, &eqn, &pads) {
            kept.push(sum);
            eqn = pad;
        }
        let result = eqn.outputs.first().copied();
        if let (Op::Pad(_), Some(result)) = (&eqn.op, result)
            && uses[result.index()] == 1
            && is_number(&eqn.inputs[1], 0.0)
        {
            pads.insert(result, eqn.clone());
        }
        kept.push(eqn);
    }
    jaxpr.eqns = kept;
    jaxpr
}

/// The sum of what two paddings pad, and its padding, if an equation adds two that are alike.
fn padded_once(jaxpr: &mut Jaxpr, eqn: &Eqn, pads: &FxHashMap<VarId, Eqn>) -> Option<[Eqn; 2]> {
    let ([Atom::Var(x), Atom::Var(y)], Op::Add(_) | Op::AddAny(_)) = (&eqn.inputs[..], &eqn.op)
    else {
        return None;
    };
    let (first, second) = (pads.get(x)?, pads.get(y)?);
    let aval = jaxpr.atom_aval(&first.inputs[0]);
    if x == y || first.op != second.op || aval != jaxpr.atom_aval(&second.inputs[0]) {
        return None;
    }
    let terms = smallvec![first.inputs[0].clone(), second.inputs[0].clone()];
    let inner = jaxpr.new_var(aval);
    let sum = Eqn { op: eqn.op.clone(), inputs: terms, outputs: smallvec![inner] };
    let padded = smallvec![Atom::Var(inner), first.inputs[1].clone()];
    Some([sum, Eqn { op: first.op.clone(), inputs: padded, outputs: eqn.outputs.clone() }])
}
