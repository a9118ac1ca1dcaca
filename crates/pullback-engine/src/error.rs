//! What can go wrong while a plan runs.

use std::any::Any;
use std::sync::Arc;

use crate::dtype::DType;

/// The result of an engine function.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the engine.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The bytes of an array do not fit in memory.
    #[error("an array of {elements} elements of {dtype} is too large")]
    TooLarge {
        /// Elements asked for.
        elements: u128,
        /// Their type.
        dtype: DType,
    },

    /// An array would take more memory than is allowed (see [`crate::memory::set_limit`]).
    #[error(
        "out of memory allocating {bytes} bytes: arrays hold {in_use} bytes, and the limit is \
         {limit}"
    )]
    OutOfMemory {
        /// Bytes asked for.
        bytes: usize,
        /// Bytes that arrays hold.
        in_use: usize,
        /// Bytes that they may hold.
        limit: usize,
    },

    /// An operation met an element type that it is not defined for.
    #[error("{operation} is not defined for {dtype}")]
    DType {
        /// The operation.
        operation: &'static str,
        /// The type it was given.
        dtype: DType,
    },

    /// A host function called by a plan failed; its own error is inside.
    #[error("a host function failed")]
    Host(HostError),
}

/// The error of a host function, opaque to the engine.
#[derive(Clone)]
pub struct HostError(pub Arc<dyn Any + Send + Sync>);

impl std::fmt::Debug for HostError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HostError(..)")
    }
}
