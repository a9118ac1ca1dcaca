//! What is not elementwise: one file a kernel.
//!
//! A kernel is a struct of its parameters. It is given tensors whose shapes and dtypes the
//! caller has checked; what a caller cannot know beforehand (memory, host functions) is an
//! error. Results depend on shapes and values alone, never on threads.

use std::fmt;

use smallvec::SmallVec;

use crate::cost::{Cost, TensorType, TensorTypes};
use crate::error::Result;
use crate::plan::Plan;
use crate::tensor::Tensor;

pub mod arg_reduce;
pub mod blocks;
mod common;
pub mod conv;
pub(crate) mod copy;
pub mod cumulative;
pub mod dot;
pub mod drawn;
pub mod entrywise;
pub mod fft;
pub mod fold;
pub mod gather;
pub mod linalg;
pub mod padded;
mod parts;
mod places;
pub mod random;
pub mod random_gamma;
pub mod reduce;
pub mod scatter;
pub mod sort;
pub mod structural;
mod threefry;
pub mod view;
pub mod window;

/// The inputs or outputs of a step.
pub type Tensors = SmallVec<[Tensor; 4]>;

/// An operation on whole tensors.
pub trait Kernel: fmt::Debug + Send + Sync {
    /// The name in the text of a plan.
    fn name(&self) -> &'static str;

    /// Computes the outputs. Inputs that no one else holds may be overwritten
    /// (see [`Tensor::into_buffer`]).
    fn run(&self, inputs: Tensors) -> Result<Tensors>;

    /// What a run computes, for inputs and outputs of these types. Bytes that it moves are left
    /// out: they are those of the inputs and outputs.
    fn cost(&self, inputs: &[TensorType], outputs: &[TensorType]) -> Cost {
        let _ = (inputs, outputs);
        Cost::default()
    }

    /// The types of the outputs for inputs of these types, if the kernel knows them.
    fn infer(&self, inputs: &[TensorType]) -> Option<TensorTypes> {
        let _ = inputs;
        None
    }

    /// Whether the output is another reading of the first input, so that nothing is moved.
    fn is_view(&self) -> bool {
        false
    }

    /// Whether an output takes the memory of an input that no one else holds.
    fn overwrites(&self) -> bool {
        false
    }

    /// The plans that the kernel runs, and what they are for it.
    fn plans(&self) -> Vec<(String, &Plan)> {
        vec![]
    }

    /// The bytes of machine code that there is for it.
    fn code_bytes(&self) -> usize {
        0
    }

    /// What the kernel does, for those who can do it within something else.
    fn form(&self) -> Form<'_> {
        Form::Opaque
    }
}

/// What a kernel does, as far as it can be said.
#[derive(Clone, Copy)]
pub enum Form<'a> {
    /// Known to the kernel alone.
    Opaque,
    /// Every element of the output is one of an input; which, shapes alone say.
    Rearrangement,
    /// The same output always.
    Constant,
    /// Random bits.
    Draw(&'a random::RandomBits),
    /// A product.
    Dot(&'a dot::Dot),
    /// A reduction.
    Reduce(&'a reduce::Reduce),
    /// A program whose results are reduced.
    Fold(&'a fold::Fold),
    /// What a plan does.
    Plan(&'a crate::plan::Plan),
}
