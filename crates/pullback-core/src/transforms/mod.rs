//! Functions of functions: each takes a function over arrays, and gives another.
//!
//! They work on flat lists of arrays; trees of them belong to the front ends.

pub mod jvp;
pub mod linearize;
pub mod vmap;

pub use jvp::{jvp, jvp_jaxpr};
pub use linearize::{Linearized, backward, linearize, vjp};
pub use vmap::{vmap, vmap_jaxpr};
