//! Programs: how array code is traced, transformed and lowered.
//!
//! `trace` records calls of `primitives` as a `jaxpr`; `transforms` rewrite it (jvp, vmap,
//! transpose); `passes` shrink it; `lower` turns it into a `Plan` for the engine.
//!
//! Nothing here touches the contents of a buffer.

#![forbid(unsafe_code)]

pub mod array;
pub mod aval;
mod compare;
pub mod config;
pub mod error;
#[cfg(feature = "ndarray")]
mod interop;
pub mod jaxpr;
pub mod lower;
mod ops;
pub mod passes;
pub mod primitives;
pub mod promote;
pub mod text;
pub mod trace;
pub mod transforms;

pub use array::{Array, Arrays};
pub use aval::{Aval, Shape};
pub use error::{Error, Need, Result};
pub use jaxpr::Jaxpr;
pub use pullback_engine as engine;
pub use pullback_engine::{Bool, DType, Element, Key, Kind, Tensor};
