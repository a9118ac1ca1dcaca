//! Operations that combine the elements along axes.

pub mod arg_reduce;
pub mod cumulative;
pub mod dot_general;
pub mod reduce;
pub mod reduce_sum;
