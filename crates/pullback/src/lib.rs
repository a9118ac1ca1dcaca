//! Composable transformations of numerical functions over arrays.
//!
//! `numpy`, `nn`, `scipy`, `random` and `lax` hold functions over arrays; `grad`, `vmap`, `jit`
//! and the rest transform functions; `transforms` holds them over trees, `flat` what they and
//! control flow are made of, over lists of arrays. `api` is the table from which the Python package is made.

#![forbid(unsafe_code)]

extern crate self as pullback;

pub mod api;
mod callbacks;
pub mod checkpoint_policies;
pub mod config;
mod custom_rules;
pub mod debug;
mod ext;
pub mod flat;
pub mod function;
mod kept;
pub mod lax;
pub mod memory;
pub mod nn;
pub mod numpy;
pub mod ops;
pub mod prelude;
pub mod profiler;
mod pytree;
pub mod random;
pub mod scipy;
pub mod transforms;

use api::ApiFn;

pub use callbacks::{VmapMethod, io_callback, pure_callback};
pub use config::disable_jit;
pub use ext::ArrayExt;
pub use pytree::{Argument, Arguments, Pytree, fingerprint};
pub use transforms::checkpoint::checkpoint;
pub use transforms::custom::{
    SymbolicZeros, custom_gradient, custom_jvp, custom_jvp_with_symbolic_zeros, custom_vjp,
    custom_vjp_with_symbolic_zeros,
};
pub use transforms::grad::{At, Objective, Select, grad, value_and_grad};
pub use transforms::jacobian::{Results, hessian, jacfwd, jacrev};
pub use transforms::jit::jit;
pub use transforms::jvp::{jvp, linearize};
pub use transforms::numerical::{check_grads, check_jvp, check_vjp, numerical_jvp};
pub use transforms::staging::{
    ensure_compile_time_eval, eval_shape, make_jaxpr, named_call, named_scope, shape_dtype_struct,
};
pub use transforms::vectorize::vectorize;
pub use transforms::vjp::{closure_convert, linear_transpose, vjp};
pub use transforms::vmap::{Mapped, vmap};

pub use pullback_macros::Pytree;

pub use pullback_core::engine;
pub use pullback_core::{Array, Bool, DType, Error, Jaxpr, Result, Tensor};

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
            ("numpy.fft", numpy::fft::FUNCTIONS),
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
            ("scipy.signal", scipy::signal::FUNCTIONS),
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
