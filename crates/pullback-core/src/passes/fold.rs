//! Operations on constants alone are computed now.

use super::{Pass, rewrite};
use crate::array::{Array, Arrays};
use crate::jaxpr::{Atom, Jaxpr};
use crate::primitives::Op;
use crate::trace::{bind_in, with_current};

/// The pass.
pub const PASS: Pass = Pass { name: "fold", run };

/// Results of more elements are left to the run, where they may not be needed at once.
const LARGEST: usize = 1024;

/// Computes the equations whose operands are all constants.
pub fn run(jaxpr: Jaxpr) -> Jaxpr {
    rewrite(jaxpr, |jaxpr, eqn, substitution| {
        let constants: Option<Vec<&Array>> = eqn
            .inputs
            .iter()
            .map(|atom| match atom {
                Atom::Const(value) if value.tensor().is_some() => Some(value),
                _ => None,
            })
            .collect();
        let small = eqn.outputs.iter().all(|&var| jaxpr.aval(var).count() <= LARGEST);
        let folded = match constants {
            Some(constants) if small && is_plain(&eqn.op) => computed(&eqn.op, &constants),
            _ => None,
        };
        let Some(values) = folded else { return true };
        for (&var, value) in eqn.outputs.iter().zip(values) {
            substitution.set(var, Atom::Const(value));
        }
        false
    })
}

/// The results of an operation on constants. What fails now may be on a path that is never taken: it
/// stays as it is.
pub(super) fn computed(op: &Op, constants: &[&Array]) -> Option<Arrays> {
    with_current(None, || bind_in(&None, op, constants)).ok()
}

/// Whether an operation is cheap, and does nothing but compute.
fn is_plain(op: &Op) -> bool {
    let primitive = op.primitive();
    primitive.jaxprs().is_empty()
        && !primitive.is_eager()
        && !primitive.has_effects()
        && !matches!(op, Op::Callback(_) | Op::Custom(_))
}
