//! Composable transformations of numerical functions over arrays.
//!
//! `numpy`, `nn`, `scipy`, `random` and `lax` hold functions over arrays; `grad`, `vmap`, `jit`
//! and the rest transform functions. `api` is the table from which the Python package is made.

#![forbid(unsafe_code)]

extern crate self as pullback;

pub mod api;
pub mod config;
mod custom;
mod ext;
pub mod function;
mod grad;
mod jit;
pub mod lax;
pub mod nn;
pub mod numpy;
pub mod ops;
pub mod prelude;
mod pytree;
pub mod random;
pub mod scipy;
mod vmap;

use api::ApiFn;

pub use ext::ArrayExt;
pub use grad::{At, Select, check_grads, grad, hessian, jacfwd, jacrev, jvp, value_and_grad, vjp};
pub use jit::jit;
pub use pytree::{Argument, Arguments, Pytree, fingerprint};
pub use vmap::{Mapped, vmap};

pub use pullback_macros::Pytree;

pub use pullback_core::{Array, Bool, DType, Error, Result, Tensor};

/// The tables of public functions, each with the name of its module; a module can have several.
///
/// ```
/// let tables = pullback::modules();
/// let (_, functions) = tables.iter().find(|(module, _)| *module == "nn").unwrap();
/// assert!(functions.iter().any(|function| function.name == "relu"));
/// ```
pub fn modules() -> Vec<(&'static str, &'static [&'static ApiFn])> {
    let numpy = numpy::TABLES.iter().map(|table| ("numpy", *table));
    let lax = lax::TABLES.iter().map(|table| ("lax", *table));
    numpy
        .chain(lax)
        .chain([
            ("lax.linalg", lax::linalg::FUNCTIONS),
            ("numpy.linalg", numpy::linalg::FUNCTIONS),
            ("nn", nn::FUNCTIONS),
            ("nn", nn::attention::FUNCTIONS),
            ("nn.initializers.draw", nn::initializers::FUNCTIONS),
            ("ops", ops::FUNCTIONS),
            ("random", random::FUNCTIONS),
            ("random", random::gamma::FUNCTIONS),
            ("random", random::counts::FUNCTIONS),
            ("random", random::shapes::FUNCTIONS),
            ("scipy.linalg", scipy::linalg::FUNCTIONS),
            ("scipy.linalg", scipy::matrices::FUNCTIONS),
            ("scipy.special", scipy::integrals::FUNCTIONS),
            ("scipy.special", scipy::special::FUNCTIONS),
            ("scipy.stats.norm", scipy::stats::norm::FUNCTIONS),
        ])
        .collect()
}

/// The examples of the README are run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}
