//! Composable transformations of numerical functions over arrays.
//!
//! `numpy`, `nn`, `scipy`, `random` and `lax` hold functions over arrays; `grad`, `vmap`, `jit`
//! and the rest transform functions. `api` is the table from which the Python package is made.

#![forbid(unsafe_code)]

extern crate self as pullback;

pub mod api;
pub mod config;
pub mod nn;
pub mod numpy;
pub mod random;
pub mod scipy;

use api::ApiFn;

pub use pullback_core::{Array, Bool, DType, Error, Result, Tensor};

/// The tables of public functions, each with the name of its module; a module can have several.
pub fn modules() -> Vec<(&'static str, &'static [&'static ApiFn])> {
    let numpy = numpy::TABLES.iter().map(|table| ("numpy", *table));
    numpy
        .chain([
            ("nn", nn::FUNCTIONS),
            ("random", random::FUNCTIONS),
            ("scipy.special", scipy::special::FUNCTIONS),
            ("scipy.stats.norm", scipy::stats::norm::FUNCTIONS),
        ])
        .collect()
}
