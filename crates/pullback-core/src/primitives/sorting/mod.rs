//! Operations that put elements in order.

pub mod searchsorted;
pub mod sort;
pub mod top_k;
