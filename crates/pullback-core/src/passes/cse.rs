//! Equations that compute the same are computed once.

use std::hash::{Hash, Hasher};

use pullback_engine::DType;
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;

use super::{Pass, Substitution};
use crate::jaxpr::{Atom, Eqn, Jaxpr, VarId};

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
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    let mut substitution = Substitution::default();
    // The last equation of each hash, and before each another of the same.
    let mut last: FxHashMap<u64, usize> = FxHashMap::default();
    last.reserve(jaxpr.eqns.len());
    let mut another: Vec<Option<usize>> = vec![None; jaxpr.eqns.len()];
    let mut repeats = vec![false; jaxpr.eqns.len()];
    for line in 0..jaxpr.eqns.len() {
        let (before, eqn) = jaxpr.eqns.split_at_mut(line);
        let eqn = &mut eqn[0];
        eqn.inputs.iter_mut().for_each(|atom| substitution.apply(atom));
        if eqn.op.primitive().has_effects() {
            continue;
        }
        let hash = hash(eqn, line);
        let mut earlier = last.get(&hash).copied();
        while let Some(at) = earlier.filter(|&at| !is_same(&before[at], at, eqn, line)) {
            earlier = another[at];
        }
        match earlier {
            Some(at) => {
                repeats[line] = true;
                for (&var, &other) in eqn.outputs.iter().zip(&before[at].outputs) {
                    substitution.set(var, Atom::Var(other));
                }
            }
            None => another[line] = last.insert(hash, line),
        }
    }
    let mut repeats = repeats.into_iter();
    jaxpr.eqns.retain(|_| repeats.next() != Some(true));
    jaxpr.outputs.iter_mut().for_each(|atom| substitution.apply(atom));
    jaxpr
}

fn keys(eqn: &Eqn, line: usize) -> impl Iterator<Item = Key> {
    eqn.inputs.iter().enumerate().map(move |(at, atom)| key(atom, line, at))
}

fn hash(eqn: &Eqn, line: usize) -> u64 {
    let mut hasher = FxHasher::default();
    eqn.op.hash(&mut hasher);
    keys(eqn, line).for_each(|key| key.hash(&mut hasher));
    hasher.finish()
}

/// Whether two equations compute the same.
fn is_same(first: &Eqn, at: usize, second: &Eqn, line: usize) -> bool {
    first.op == second.op && keys(first, at).eq(keys(second, line))
}
