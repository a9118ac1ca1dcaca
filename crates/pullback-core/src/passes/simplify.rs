//! Operations that change nothing are dropped.
//!
//! Only what holds for every element, not a number and signed zeros included: `x + 0` is not
//! among them, since it turns -0 into 0.

use super::{Pass, Substitution};
use crate::array::complex_item;
use crate::jaxpr::{Atom, Eqn, Jaxpr};
use crate::primitives::Op;

/// The pass.
pub const PASS: Pass = Pass { name: "simplify", run };

/// Drops equations whose result is one of their operands.
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    let mut substitution = Substitution::default();
    let mut kept = Vec::with_capacity(jaxpr.eqns.len());
    for mut eqn in std::mem::take(&mut jaxpr.eqns) {
        eqn.inputs.iter_mut().for_each(|atom| substitution.apply(atom));
        match same_as(&jaxpr, &eqn).cloned() {
            Some(atom) => substitution.set(eqn.outputs[0], atom),
            None => kept.push(eqn),
        }
    }
    jaxpr.eqns = kept;
    jaxpr.outputs.iter_mut().for_each(|atom| substitution.apply(atom));
    jaxpr
}

/// The operand that the result of an equation is, if it is one.
fn same_as<'a>(jaxpr: &Jaxpr, eqn: &'a Eqn) -> Option<&'a Atom> {
    let [first, ..] = eqn.inputs.as_slice() else { return None };
    let candidate = match &eqn.op {
        Op::Mul(_) if is_number(&eqn.inputs[1], 1.0) => first,
        Op::Mul(_) if is_number(first, 1.0) => &eqn.inputs[1],
        Op::Div(_) if is_number(&eqn.inputs[1], 1.0) => first,
        Op::Sub(_) if is_number(&eqn.inputs[1], 0.0) => first,
        Op::IntegerPow(op) if op.y == 1 => first,
        Op::Copy(_) | Op::StopGradient(_) => first,
        Op::ConvertElementType(_) | Op::Reshape(_) | Op::BroadcastInDim(_) => first,
        _ => return None,
    };
    let result = jaxpr.aval(*eqn.outputs.first()?);
    jaxpr.atom_aval(candidate).same_type(result).then_some(candidate)
}

fn is_number(atom: &Atom, number: f64) -> bool {
    let Atom::Const(value) = atom else { return false };
    let Some(tensor) = value.tensor() else { return false };
    // A complex product by one is not always the same: an infinite part makes a NaN.
    value.rank() == 0
        && !value.dtype().is_complex()
        && complex_item(tensor)
            .is_some_and(|item| item.re == number && item.re.is_sign_positive() && item.im == 0.0)
}
