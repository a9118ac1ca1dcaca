//! What makes a program smaller before it becomes a plan.

use crate::error::Result;
use crate::jaxpr::{Jaxpr, check};

pub mod dce;

/// A rewriting of programs.
pub struct Pass {
    /// Its name in messages and tests.
    pub name: &'static str,
    /// Takes a checked program and gives one of the same type.
    pub run: fn(Jaxpr) -> Jaxpr,
}

/// The passes, in the order they run. Each takes a checked jaxpr and returns one.
pub const PIPELINE: &[Pass] = &[dce::PASS];

/// Runs all passes.
pub fn optimize(mut jaxpr: Jaxpr) -> Result<Jaxpr> {
    for pass in PIPELINE {
        jaxpr = (pass.run)(jaxpr);
        if cfg!(debug_assertions) {
            check(&jaxpr).unwrap_or_else(|error| panic!("after {}: {error}\n{jaxpr}", pass.name));
        }
    }
    Ok(jaxpr)
}
