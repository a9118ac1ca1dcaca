//! Functions over arrays, with the names and meanings of `jax.numpy`.

pub(crate) mod common;
pub(crate) mod pending;

pub mod arithmetic;
pub mod creation;
pub mod dtypes;
pub mod floats;
pub mod joining;
pub mod logic;
pub mod manipulation;
pub mod reductions;
pub mod transcendental;

use crate::api::ApiFn;

/// The functions of `numpy`, by file.
pub(crate) static TABLES: &[&[&ApiFn]] = &[
    arithmetic::FUNCTIONS,
    creation::FUNCTIONS,
    dtypes::FUNCTIONS,
    floats::FUNCTIONS,
    joining::FUNCTIONS,
    logic::FUNCTIONS,
    manipulation::FUNCTIONS,
    reductions::FUNCTIONS,
    transcendental::FUNCTIONS,
];
