//! Rearrangements that follow each other are one, and products read their operands as they lie.
//!
//! Each step of a plan takes time of its own, as much as small products do. And what is transposed
//! after a product would have to be read across rows: the product is formed the other way round.

use rustc_hash::FxHashMap;

use super::{Pass, rewrite, uses};
use crate::Shape;
use crate::jaxpr::{Atom, Eqn, Jaxpr, VarId};
use crate::primitives::Op;
use crate::primitives::reduction::dot_general::DotGeneral;
use crate::primitives::structure::broadcast_in_dim::BroadcastInDim;
use crate::primitives::structure::reshape::Reshape;
use crate::primitives::structure::transpose::Transpose;

/// The pass.
pub const PASS: Pass = Pass { name: "views", run };

/// Joins rearrangements. What no result needs any more is left for another pass to drop.
pub fn run(jaxpr: Jaxpr) -> Jaxpr {
    let uses = uses(&jaxpr);
    let mut known = Known { uses, eqns: FxHashMap::default() };
    rewrite(jaxpr, |jaxpr, eqn, substitution| {
        while let Some(other) = known.rewritten(jaxpr, eqn) {
            *eqn = other;
        }
        if let Some(atom) = unchanged(jaxpr, eqn) {
            substitution.set(eqn.outputs[0], atom);
            return false;
        }
        let is_known = match &eqn.op {
            Op::Transpose(_) | Op::BroadcastInDim(_) | Op::Reshape(_) | Op::DotGeneral(_) => true,
            op => op.primitive().reduction().is_some(),
        };
        if is_known {
            known.eqns.insert(eqn.outputs[0], eqn.clone());
        }
        true
    })
}

/// The operand that a rearrangement gives back as it is.
fn unchanged(jaxpr: &Jaxpr, eqn: &Eqn) -> Option<Atom> {
    let is_same = match &eqn.op {
        Op::Transpose(op) => op.permutation.iter().enumerate().all(|(i, &axis)| i == axis),
        Op::Reshape(_) | Op::BroadcastInDim(_) => {
            jaxpr.atom_aval(&eqn.inputs[0]).same_type(jaxpr.aval(eqn.outputs[0]))
        }
        _ => false,
    };
    is_same.then(|| eqn.inputs[0].clone())
}

/// The equations so far that may be joined with others.
struct Known {
    /// How many operands each variable was in the program before.
    uses: Vec<usize>,
    eqns: FxHashMap<VarId, Eqn>,
}

impl Known {
    fn of(&self, atom: &Atom) -> Option<&Eqn> {
        match atom {
            Atom::Var(var) => self.eqns.get(var),
            Atom::Const(_) => None,
        }
    }

    /// An equation for the same result, with one rearrangement less before it.
    fn rewritten(&self, jaxpr: &Jaxpr, eqn: &Eqn) -> Option<Eqn> {
        let with = |op: Op, inputs: &[Atom]| {
            Some(Eqn { op, inputs: inputs.into(), outputs: eqn.outputs.clone() })
        };
        if let Op::DotGeneral(dot) = &eqn.op {
            return self.of_transposed(dot, eqn);
        }
        let before = self.of(eqn.inputs.first()?)?;
        let x = before.inputs.first()?;
        let shape = &jaxpr.atom_aval(x).shape;
        match (&eqn.op, &before.op) {
            (Op::Transpose(op), Op::Transpose(first)) => {
                let permutation = op.permutation.iter().map(|&axis| first.permutation[axis]);
                with(Transpose { permutation: permutation.collect() }.into(), &before.inputs)
            }
            (Op::Transpose(op), Op::DotGeneral(dot)) => {
                let Atom::Var(product) = eqn.inputs[0] else { return None };
                let [x, y] = &before.inputs[..] else { return None };
                let free = jaxpr.atom_aval(x).rank()
                    - dot.dims.lhs_contract.len()
                    - dot.dims.lhs_batch.len();
                let swaps = swaps(&op.permutation, dot.dims.lhs_batch.len(), free);
                // Complex products would be rounded otherwise.
                let is_same = !jaxpr.aval(product).dtype.is_complex();
                if !swaps || !is_same || self.uses[product.index()] > 1 {
                    return None;
                }
                let swapped = DotGeneral { dims: dot.dims.swapped(), dtype: dot.dtype };
                with(swapped.into(), &[y.clone(), x.clone()])
            }
            (Op::BroadcastInDim(op), Op::BroadcastInDim(first)) => {
                let axes = first.axes.iter().map(|&axis| op.axes[axis]).collect();
                with(BroadcastInDim { shape: op.shape.clone(), axes }.into(), &before.inputs)
            }
            (Op::BroadcastInDim(op), Op::Reshape(first)) => {
                let axes = added(shape, &first.shape)?;
                let axes = axes.iter().map(|&axis| op.axes[axis]).collect();
                with(BroadcastInDim { shape: op.shape.clone(), axes }.into(), &before.inputs)
            }
            (Op::Reshape(op), Op::Reshape(_)) => with(op.clone().into(), &before.inputs),
            // Axes of size 1 that were added.
            (Op::Reshape(op), Op::BroadcastInDim(first))
                if first.shape.iter().product::<usize>() == shape.iter().product() =>
            {
                with(op.clone().into(), &before.inputs)
            }
            (op, _) => {
                let (_, axes) = op.primitive().reduction()?;
                let aval = jaxpr.atom_aval(&eqn.inputs[0]);
                let is_sum = matches!(op, Op::ReduceSum(_));
                let is_one = !axes.is_empty() && axes.iter().all(|&axis| aval.shape[axis] == 1);
                // Adding one number to zero changes negative zero alone, which is no sum.
                let own = self.of_sum(before);
                let shape = jaxpr.aval(eqn.outputs[0]).shape.clone();
                match is_sum && is_one && own && aval.dtype.widened().is_none() {
                    true => with(Reshape { shape }.into(), &eqn.inputs),
                    false => None,
                }
            }
        }
    }

    /// Whether an equation rearranges sums, if it is not a sum itself.
    fn of_sum(&self, eqn: &Eqn) -> bool {
        match &eqn.op {
            Op::ReduceSum(op) => !op.axes.is_empty(),
            Op::Reshape(_) | Op::BroadcastInDim(_) | Op::Transpose(_) => {
                self.of(&eqn.inputs[0]).is_some_and(|before| self.of_sum(before))
            }
            _ => false,
        }
    }

    /// A product of an operand as it was before it was transposed.
    fn of_transposed(&self, dot: &DotGeneral, eqn: &Eqn) -> Option<Eqn> {
        for side in 0..2 {
            let Some(before) = self.of(eqn.inputs.get(side)?) else { continue };
            let Op::Transpose(transposed) = &before.op else { continue };
            let order = &transposed.permutation;
            let mut dims = dot.dims.clone();
            let (contract, batch) = match side {
                0 => (&mut dims.lhs_contract, &dims.lhs_batch),
                _ => (&mut dims.rhs_contract, &dims.rhs_batch),
            };
            // Stacks stay what they are for those who go over them entry by entry.
            let keeps_batch = batch.iter().all(|&axis| order[axis] == axis);
            let is_free = |axis: &usize| !contract.contains(axis) && !batch.contains(axis);
            let free: Shape = (0..order.len()).filter(is_free).map(|axis| order[axis]).collect();
            if !keeps_batch || !free.is_sorted() {
                continue;
            }
            contract.iter_mut().for_each(|axis| *axis = order[*axis]);
            let mut inputs = eqn.inputs.clone();
            inputs[side] = before.inputs[0].clone();
            let op = DotGeneral { dims, dtype: dot.dtype }.into();
            return Some(Eqn { op, inputs, outputs: eqn.outputs.clone() });
        }
        None
    }
}

/// Whether a permutation of the axes of a product puts those of the right operand before those of
/// the left, of which there are so many.
fn swaps(permutation: &[usize], batch: usize, free: usize) -> bool {
    let rank = permutation.len();
    let swapped = (0..batch).chain(batch + free..rank).chain(batch..batch + free);
    permutation.iter().copied().eq(swapped)
}

/// The places of the axes of a shape in another that has further axes of size 1, if it is one.
fn added(shape: &[usize], other: &[usize]) -> Option<Shape> {
    let mut places = Shape::new();
    for (axis, &size) in other.iter().enumerate() {
        match shape.get(places.len()) {
            Some(&own) if own == size => places.push(axis),
            _ if size == 1 => {}
            _ => return None,
        }
    }
    (places.len() == shape.len()).then_some(places)
}
