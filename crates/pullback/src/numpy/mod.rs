//! Functions over arrays, with the names and meanings of `jax.numpy`.
//!
//! They are written in modules by family, and all of them are here too: `numpy::dot`.

pub(crate) mod common;

pub mod arithmetic;
pub mod bits;
pub mod calculus;
pub mod convolution;
pub mod creation;
pub mod dtypes;
pub mod einsum;
pub mod fft;
pub mod floats;
pub mod indexing;
pub mod joining;
pub mod linalg;
pub mod logic;
pub mod manipulation;
pub mod padding;
pub mod polynomials;
pub mod products;
pub mod reductions;
pub mod search;
pub mod sets;
pub mod statistics;
pub mod taking;
pub mod transcendental;
pub mod windows;

use crate::api::ApiFn;

pub use arithmetic::*;
pub use creation::*;
pub use dtypes::*;
pub use einsum::*;
pub use floats::*;
pub use indexing::*;
pub use joining::*;
pub use logic::*;
pub use manipulation::*;
pub use products::*;
pub use reductions::*;
pub use search::*;
pub use transcendental::*;

/// The functions of `numpy`, by file.
pub(crate) static TABLES: &[&[&ApiFn]] = &[
    arithmetic::FUNCTIONS,
    bits::FUNCTIONS,
    calculus::FUNCTIONS,
    convolution::FUNCTIONS,
    creation::FUNCTIONS,
    dtypes::FUNCTIONS,
    einsum::FUNCTIONS,
    floats::FUNCTIONS,
    joining::FUNCTIONS,
    logic::FUNCTIONS,
    manipulation::FUNCTIONS,
    padding::FUNCTIONS,
    polynomials::FUNCTIONS,
    products::FUNCTIONS,
    reductions::FUNCTIONS,
    search::FUNCTIONS,
    sets::FUNCTIONS,
    statistics::FUNCTIONS,
    taking::FUNCTIONS,
    transcendental::FUNCTIONS,
    windows::FUNCTIONS,
];

/// The functions that are also methods of arrays, under the same name.
pub const METHODS: &[&str] = &[
    "all",
    "any",
    "argmax",
    "argmin",
    "argpartition",
    "argsort",
    "astype",
    "choose",
    "clip",
    "compress",
    "conj",
    "conjugate",
    "cumprod",
    "cumsum",
    "diagonal",
    "dot",
    "max",
    "mean",
    "min",
    "nonzero",
    "prod",
    "ptp",
    "ravel",
    "repeat",
    "round",
    "searchsorted",
    "sort",
    "squeeze",
    "std",
    "sum",
    "swapaxes",
    "take",
    "trace",
    "var",
];
