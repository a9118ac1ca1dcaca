//! Special functions, distributions and linear algebra, with the names of `jax.scipy`.

pub mod special;
pub mod stats;
