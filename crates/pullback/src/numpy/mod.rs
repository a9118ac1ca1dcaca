//! Functions over arrays, with the names and meanings of `jax.numpy`.

pub(crate) mod common;

pub mod arithmetic;
pub mod calculus;
pub mod creation;
pub mod dtypes;
pub mod einsum;
pub mod floats;
pub mod indexing;
pub mod joining;
pub mod linalg;
pub mod logic;
pub mod manipulation;
pub mod padding;
pub mod products;
pub mod reductions;
pub mod search;
pub mod taking;
pub mod transcendental;

use crate::api::ApiFn;

/// The functions of `numpy`, by file.
pub(crate) static TABLES: &[&[&ApiFn]] = &[
    arithmetic::FUNCTIONS,
    calculus::FUNCTIONS,
    creation::FUNCTIONS,
    dtypes::FUNCTIONS,
    einsum::FUNCTIONS,
    floats::FUNCTIONS,
    joining::FUNCTIONS,
    logic::FUNCTIONS,
    manipulation::FUNCTIONS,
    padding::FUNCTIONS,
    products::FUNCTIONS,
    reductions::FUNCTIONS,
    search::FUNCTIONS,
    taking::FUNCTIONS,
    transcendental::FUNCTIONS,
];
