//! Operations that combine the elements along axes.

pub mod dot_general;
pub mod reduce_sum;
