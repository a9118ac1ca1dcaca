//! What makes a program smaller before it becomes a plan.

use crate::error::Result;
use crate::jaxpr::{Atom, Eqn, Jaxpr, check};

pub mod blocks;
pub mod cse;
pub mod dce;
pub mod entrywise;
pub mod fold;
pub mod fuse;
pub mod index;
pub mod inline;
pub mod outer;
pub mod pads;
pub mod powers;
pub mod simplify;
pub mod views;

/// A rewriting of programs.
pub struct Pass {
    /// Its name in messages and tests.
    pub name: &'static str,
    /// Takes a checked program and gives one of the same type.
    pub run: fn(Jaxpr) -> Jaxpr,
}

/// The passes, in the order they run. Each takes a checked jaxpr and returns one.
pub const PIPELINE: &[Pass] = &[
    inline::PASS,
    fold::PASS,
    simplify::PASS,
    powers::PASS,
    cse::PASS,
    outer::PASS,
    views::PASS,
    pads::PASS,
    index::PASS,
    dce::PASS,
    blocks::PASS,
    entrywise::PASS,
    fuse::PASS,
];

/// Runs all passes.
///
/// # Errors
/// If a pass gives a program that is not valid, in builds that check it.
pub fn optimize(mut jaxpr: Jaxpr) -> Result<Jaxpr> {
    for pass in PIPELINE {
        jaxpr = (pass.run)(jaxpr);
        if cfg!(debug_assertions) {
            check(&jaxpr)?;
        }
    }
    Ok(jaxpr)
}

/// Goes over the equations in order, with operands that have been replaced so far, and keeps those
/// that `keep` says; it may change them. They stay in the memory that they have.
pub(crate) fn rewrite(
    mut jaxpr: Jaxpr,
    mut keep: impl FnMut(&Jaxpr, &mut Eqn, &mut Substitution) -> bool,
) -> Jaxpr {
    let mut substitution = Substitution::default();
    let mut eqns = std::mem::take(&mut jaxpr.eqns);
    eqns.retain_mut(|eqn| {
        eqn.inputs.iter_mut().for_each(|atom| substitution.apply(atom));
        keep(&jaxpr, eqn, &mut substitution)
    });
    jaxpr.eqns = eqns;
    jaxpr.outputs.iter_mut().for_each(|atom| substitution.apply(atom));
    jaxpr
}

/// How many operands and results each variable is.
pub(crate) fn uses(jaxpr: &Jaxpr) -> Vec<usize> {
    let mut uses = vec![0; jaxpr.avals.len()];
    for atom in jaxpr.eqns.iter().flat_map(|eqn| &eqn.inputs).chain(&jaxpr.outputs) {
        if let Atom::Var(var) = atom {
            uses[var.index()] += 1;
        }
    }
    uses
}

/// What variables have been replaced by, while a program is rewritten from first to last line.
#[derive(Default)]
pub(crate) struct Substitution(Vec<Option<Atom>>);

impl Substitution {
    /// Replaces a variable from now on.
    pub(crate) fn set(&mut self, var: crate::jaxpr::VarId, atom: Atom) {
        if self.0.len() <= var.index() {
            self.0.resize(var.index() + 1, None);
        }
        self.0[var.index()] = Some(atom);
    }

    /// Replaces an operand, if its variable has been replaced.
    pub(crate) fn apply(&self, atom: &mut Atom) {
        if let Atom::Var(var) = atom
            && let Some(Some(other)) = self.0.get(var.index())
        {
            *atom = other.clone();
        }
    }
}
