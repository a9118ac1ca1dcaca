//! Operations that the core does not have yet.

use pullback_core::{Array, DType, Error, Result};

fn missing<T>(name: &str) -> Result<T> {
    Err(Error::MissingRule { primitive: name.into(), rule: "the operation" })
}

/// The largest element along axes.
pub fn reduce_max(_: &Array, _: &[usize]) -> Result<Array> {
    missing("reduce_max")
}
/// The smallest element along axes.
pub fn reduce_min(_: &Array, _: &[usize]) -> Result<Array> {
    missing("reduce_min")
}
/// The product along axes.
pub fn reduce_prod(_: &Array, _: &[usize]) -> Result<Array> {
    missing("reduce_prod")
}
/// Whether all are true along axes.
pub fn reduce_and(_: &Array, _: &[usize]) -> Result<Array> {
    missing("reduce_and")
}
/// Whether any is true along axes.
pub fn reduce_or(_: &Array, _: &[usize]) -> Result<Array> {
    missing("reduce_or")
}
/// The index of the largest element.
pub fn argmax(_: &Array, _: usize, _: DType) -> Result<Array> {
    missing("argmax")
}
/// The index of the smallest element.
pub fn argmin(_: &Array, _: usize, _: DType) -> Result<Array> {
    missing("argmin")
}
/// Running sums.
pub fn cumsum(_: &Array, _: usize, _: bool) -> Result<Array> {
    missing("cumsum")
}
/// Running products.
pub fn cumprod(_: &Array, _: usize, _: bool) -> Result<Array> {
    missing("cumprod")
}

pub use pullback_core::primitives::custom::stop_gradient::stop_gradient;
