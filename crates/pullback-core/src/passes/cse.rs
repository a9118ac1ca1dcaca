//! Equations that compute the same are computed once.

use pullback_engine::DType;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{Pass, Substitution};
use crate::jaxpr::{Atom, Jaxpr, VarId};
use crate::primitives::Op;

/// The pass.
pub const PASS: Pass = Pass { name: "cse", run };

/// An operand, comparable.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Var(VarId),
    /// The bytes of a scalar.
    Scalar(DType, SmallVec<[u8; 16]>),
    /// The place of any other array.
    Place(*const u8, usize, DType),
    /// Never the same as another: its position.
    Unique(usize, usize),
}

fn key(atom: &Atom, line: usize, at: usize) -> Key {
    match atom {
        Atom::Var(var) => Key::Var(*var),
        Atom::Const(value) => match value.tensor() {
            Some(tensor) if tensor.rank() == 0 && tensor.stack_entries().is_none() => {
                Key::Scalar(tensor.dtype(), tensor.buffer_bytes().into())
            }
            Some(tensor) if tensor.is_contiguous() && tensor.count() > 0 => {
                let bytes = tensor.bytes().unwrap_or_default();
                let shape =
                    tensor.shape().iter().fold(0usize, |hash, &n| hash.wrapping_mul(31) + n);
                match tensor.rank() {
                    1 => Key::Place(bytes.as_ptr(), shape, tensor.dtype()),
                    _ => Key::Unique(line, at),
                }
            }
            _ => Key::Unique(line, at),
        },
    }
}

/// Replaces an equation that repeats an earlier one by its results.
// What can change in an operation is only what it remembers, which neither equality nor hash read.
#[allow(clippy::mutable_key_type)]
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    let mut substitution = Substitution::default();
    let mut seen: FxHashMap<(Op, SmallVec<[Key; 3]>), SmallVec<[VarId; 1]>> = FxHashMap::default();
    let mut kept = Vec::with_capacity(jaxpr.eqns.len());
    for (line, mut eqn) in std::mem::take(&mut jaxpr.eqns).into_iter().enumerate() {
        eqn.inputs.iter_mut().for_each(|atom| substitution.apply(atom));
        if eqn.op.primitive().has_effects() {
            kept.push(eqn);
            continue;
        }
        let operands =
            eqn.inputs.iter().enumerate().map(|(at, atom)| key(atom, line, at)).collect();
        match seen.entry((eqn.op.clone(), operands)) {
            std::collections::hash_map::Entry::Occupied(earlier) => {
                for (&var, &other) in eqn.outputs.iter().zip(earlier.get()) {
                    substitution.set(var, Atom::Var(other));
                }
            }
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(eqn.outputs.clone());
                kept.push(eqn);
            }
        }
    }
    jaxpr.eqns = kept;
    jaxpr.outputs.iter_mut().for_each(|atom| substitution.apply(atom));
    jaxpr
}
