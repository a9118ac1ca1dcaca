//! Special functions, distributions and linear algebra, with the names of `jax.scipy`.

pub mod integrals;
pub mod linalg;
pub mod matrices;
pub mod special;
pub mod stats;
