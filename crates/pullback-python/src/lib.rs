//! The Python front end.
//!
//! Converts and dispatches; contains no mathematics. `array` and `convert` are the values,
//! `functions` the table of functions, `tree` the containers, `transforms` what takes functions.

#![deny(unsafe_code)]

use std::sync::Arc;

use pullback_core::engine::{HostError, interrupt};
use pyo3::prelude::*;

mod array;
mod config;
mod convert;
mod errors;
mod ffi;
mod functions;
mod indexing;
mod runtime;
mod text;
mod transforms;
mod tree;

/// Lets Ctrl-C stop a plan that is running.
fn poll() -> Result<(), HostError> {
    Python::attach(|py| py.check_signals()).map_err(|error| HostError(Arc::new(error)))
}

/// The extension module.
#[pymodule]
fn _pullback(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::install_hook();
    interrupt::install(poll);
    config::register(module)?;
    runtime::register(module)?;
    errors::register(module)?;
    convert::register(module)?;
    array::register(module)?;
    tree::register(module)?;
    functions::register(module)?;
    transforms::register(module)
}
