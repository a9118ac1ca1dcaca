//! Operations as programs have them, with the names and meanings of `jax.lax`.
//!
//! Nothing is promoted here: operands have one type, and one rank or are scalars.

pub mod collective;
pub mod control;
pub mod convolution;
pub mod elementwise;
pub mod fft;
pub mod indexing;
pub mod linalg;
pub mod reductions;
pub mod structure;
pub mod windows;

use crate::api::ApiFn;

pub use control::*;
pub use convolution::*;
pub use elementwise::*;
pub use fft::fft;
pub use indexing::*;
pub use reductions::*;
pub use structure::*;
pub use windows::*;

/// The functions of `lax`, by file.
pub(crate) static TABLES: &[&[&ApiFn]] = &[
    elementwise::FUNCTIONS,
    structure::FUNCTIONS,
    indexing::FUNCTIONS,
    reductions::FUNCTIONS,
    fft::FUNCTIONS,
    convolution::FUNCTIONS,
];
