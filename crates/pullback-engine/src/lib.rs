//! The engine: buffers in, a plan, buffers out.
//!
//! A `Plan` is a list of steps over `Tensor`s: `tile` programs for what is elementwise,
//! `kernels` for the rest, and control flow as nested plans.
//!
//! Nothing here knows of tracing, derivatives or numpy.

pub mod buffer;
pub mod cost;
pub mod dtype;
pub mod error;
pub mod interrupt;
pub mod isa;
pub mod kernels;
pub mod layout;
pub mod memory;
pub mod native;
pub mod plan;
pub mod profiler;
mod scratch;
mod sync;
mod tensor;
pub mod threads;
pub mod tile;

pub use buffer::Buffer;
pub use cost::{Cost, TensorType, TensorTypes};
pub use dtype::{Bool, DType, Element, Key, Kind};
pub use error::{Error, HostError, Result};
pub use layout::{Layout, Shape, Strides};
pub use tensor::Tensor;
