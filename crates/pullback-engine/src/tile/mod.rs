//! The tile machine: elementwise programs over arrays, a tile at a time.
//!
//! A [`Program`] is a list of [`ScalarOp`]s over registers. The machine walks the elements in
//! tiles that fit the first-level cache and runs each instruction over a whole tile before the
//! next, by kernels compiled for the processor found at run time. So a chain of operations
//! reads its inputs and writes its outputs once, and the cost of interpretation is shared by
//! hundreds of elements.
//!
//! `table` maps an operation and an element type to its `kernel`; `math` has the functions of
//! one element.

mod bounds;
mod convert;
mod division;
mod int;
mod kernel;
#[cfg(test)]
pub(crate) mod laws;
mod machine;
pub(crate) mod math;
pub mod op;
mod oracle;
mod power;
pub mod program;
mod table;
mod widened;

pub use op::ScalarOp;
pub use program::{Program, ProgramBuilder, Reg, arithmetic, scalar};
