//! What must hold for every primitive, tried on all the samples that the primitives bring along.
//!
//! `types`: the predicted types are the real ones. `derivatives`: a jvp agrees with differences, a
//! vjp is the transpose of the jvp, second derivatives agree with differences of first ones.
//! `batching`: vmap is a loop. `programs`: a recorded program computes what its operation does,
//! bit for bit, and its text reads back.

#[path = "laws/support.rs"]
mod support;

#[path = "laws/batching.rs"]
mod batching;
#[path = "laws/derivatives.rs"]
mod derivatives;
#[path = "laws/programs.rs"]
mod programs;
#[path = "laws/types.rs"]
mod types;
