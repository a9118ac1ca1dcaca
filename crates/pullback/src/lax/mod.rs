//! Operations as programs have them, and control flow, with the names and meanings of `jax.lax`.

pub mod collective;
#[allow(dead_code)]
pub(crate) mod control;
