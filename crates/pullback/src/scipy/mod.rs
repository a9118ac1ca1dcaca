//! Special functions, distributions, linear algebra and signals, with the names of `jax.scipy`.

pub mod integrals;
pub mod linalg;
pub mod matrices;
pub mod signal;
pub mod special;
pub mod stats;
