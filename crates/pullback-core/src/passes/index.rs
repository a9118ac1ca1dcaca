//! What counts negative indices from the end is left to the operation that takes them.
//!
//! Indices as NumPy has them become positions by a comparison, a sum and a choice. A gather or
//! scatter does that while it reads them, and an array of the positions is not needed.

use rustc_hash::FxHashMap;

use super::Pass;
use crate::array::complex_item;
use crate::jaxpr::{Atom, Eqn, Jaxpr, VarId};
use crate::primitives::Op;

/// The pass.
pub const PASS: Pass = Pass { name: "index", run };

/// Gives gathers and scatters the indices that their positions were computed of.
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    let is_indexed = |eqn: &Eqn| matches!(eqn.op, Op::Gather(_) | Op::Scatter(_));
    if !jaxpr.eqns.iter().any(is_indexed) {
        return jaxpr;
    }
    // Where each variable is defined, in the equations kept.
    let mut defined: FxHashMap<VarId, usize> = FxHashMap::default();
    let mut kept: Vec<Eqn> = Vec::with_capacity(jaxpr.eqns.len());
    for mut eqn in std::mem::take(&mut jaxpr.eqns) {
        if let Some(indices) = counted_back(&jaxpr, &kept, &defined, &eqn) {
            let raw = match indices {
                Indices::Own(index) => index,
                Indices::Reshaped(by, index) => {
                    let mut reshape = kept[by].clone();
                    let aval = jaxpr.aval(reshape.outputs[0]).clone();
                    reshape.inputs[0] = index;
                    reshape.outputs[0] = jaxpr.new_var(aval);
                    let raw = Atom::Var(reshape.outputs[0]);
                    kept.push(reshape);
                    raw
                }
            };
            match &mut eqn.op {
                Op::Gather(gather) => gather.from_end = true,
                Op::Scatter(scatter) => scatter.from_end = true,
                _ => {}
            }
            eqn.inputs[1] = raw;
        }
        defined.extend(eqn.outputs.iter().map(|&var| (var, kept.len())));
        kept.push(eqn);
    }
    jaxpr.eqns = kept;
    jaxpr
}

/// Indices that positions were computed of.
enum Indices {
    Own(Atom),
    /// As the equation of this number reshapes them.
    Reshaped(usize, Atom),
}

/// The indices of a gather or scatter, if they are of one component, and it is given the positions
/// along its axis that they count, from the end where they are negative.
fn counted_back(
    jaxpr: &Jaxpr,
    kept: &[Eqn],
    defined: &FxHashMap<VarId, usize>,
    eqn: &Eqn,
) -> Option<Indices> {
    let (map, from_end) = match &eqn.op {
        Op::Gather(gather) => (&gather.dims.start_index_map, gather.from_end),
        Op::Scatter(scatter) => (&scatter.dims.scatter_dims_to_operand_dims, scatter.from_end),
        _ => return None,
    };
    let &[axis] = &map[..] else { return None };
    let size = jaxpr.atom_aval(&eqn.inputs[0]).shape[axis];
    let definition = |atom: &Atom| match atom {
        Atom::Var(var) => defined.get(var).copied(),
        Atom::Const(_) => None,
    };
    if from_end {
        return None;
    }
    let mut at = definition(&eqn.inputs[1])?;
    let reshaped = match &kept[at].op {
        // Each index is one vector, so that this adds an axis of size 1 at most.
        Op::Reshape(_) => Some(at),
        Op::BroadcastInDim(_) => {
            let given = jaxpr.atom_aval(&kept[at].inputs[0]).count();
            (given == jaxpr.aval(kept[at].outputs[0]).count()).then_some(at)
        }
        _ => None,
    };
    if reshaped.is_some() {
        at = definition(&kept[at].inputs[0])?;
    }
    // select_n (lt i 0) i (add i size)
    let Eqn { op: Op::SelectN(_), inputs, .. } = &kept[at] else { return None };
    let [is_negative, index, moved] = &inputs[..] else { return None };
    let Eqn { op: Op::Lt(_), inputs: compared, .. } = &kept[definition(is_negative)?] else {
        return None;
    };
    let Eqn { op: Op::Add(_), inputs: added, .. } = &kept[definition(moved)?] else { return None };
    let is_found = same(&compared[0], index)
        && is_whole(&compared[1], 0)
        && same(&added[0], index)
        && is_whole(&added[1], size);
    let index = index.clone();
    is_found.then(|| match reshaped {
        Some(by) => Indices::Reshaped(by, index),
        None => Indices::Own(index),
    })
}

fn same(x: &Atom, y: &Atom) -> bool {
    matches!((x, y), (Atom::Var(x), Atom::Var(y)) if x == y)
}

/// Whether an operand is this number, or all of it is.
fn is_whole(atom: &Atom, number: usize) -> bool {
    let Atom::Const(value) = atom else { return false };
    let item = value.tensor().filter(|_| value.rank() == 0).and_then(complex_item);
    item.is_some_and(|item| item.re == number as f64)
}
