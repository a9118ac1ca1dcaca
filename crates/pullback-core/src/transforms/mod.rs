//! Functions of functions: each takes a function over arrays, and gives another.
//!
//! They work on flat lists of arrays; trees of them belong to the front ends.

pub mod jvp;
pub mod linearize;
pub mod vmap;

pub use jvp::{JvpJaxpr, jvp, jvp_jaxpr};
pub use linearize::{
    Linearized, LinearizedJaxpr, TransposedJaxpr, backward, linearize, linearize_jaxpr,
    transpose_jaxpr, vjp,
};
pub use vmap::{VmapJaxpr, vmap, vmap_jaxpr};
