//! The memory of arrays: how much there is in use, how much there may be.
//!
//! Memory that arrays no longer need is kept for the next ones, since fresh memory is slow. Both
//! together can be limited, by [`set_limit`] or the environment variable `PULLBACK_MEMORY_LIMIT`
//! (a number of bytes, which may end in `K`, `M`, `G` or `T`). What would exceed the limit frees
//! what is kept and, if that does not do, is an error.
//!
//! Counted are the elements of arrays, those of results in between among them; what an operation
//! needs for itself while it runs is not.

use pullback_core::engine::memory;

pub use pullback_core::engine::memory::Stats;

/// What the memory of arrays comes to now, and what it came to at most.
///
/// ```
/// # use pullback::{Array, memory};
/// let x = Array::from([1.0f32; 100_000]);
/// let stats = memory::stats();
/// assert!(stats.in_use >= 400_000 && stats.peak >= stats.in_use);
/// drop(x);
/// assert!(memory::stats().kept >= 400_000);
/// ```
pub fn stats() -> Stats {
    memory::stats()
}

/// The most bytes that arrays and what is kept may take, if that is limited.
///
/// ```
/// # use pullback::memory;
/// assert_eq!(memory::limit(), None);
/// ```
pub fn limit() -> Option<usize> {
    memory::limit()
}

/// Limits the bytes that arrays and what is kept may take; `None` lifts the limit. Arrays that
/// there are stay.
///
/// ```
/// # use pullback::{Error, config, engine, memory, numpy as jnp};
/// memory::set_limit(Some(1 << 20));
/// let error = jnp::arange(&0.0.into(), Some(&1e6.into()), None, None).unwrap_err();
/// assert!(matches!(error, Error::Engine(engine::Error::OutOfMemory { .. })));
/// memory::set_limit(None);
/// assert!(jnp::arange(&0.0.into(), Some(&1e6.into()), None, None).is_ok());
/// ```
pub fn set_limit(bytes: Option<usize>) {
    memory::set_limit(bytes);
}

/// Hands the memory that is kept back to the system, and returns its bytes.
///
/// ```
/// # use pullback::{Array, memory};
/// drop(Array::from([1.0f32; 100_000]));
/// assert!(memory::release() >= 400_000);
/// assert_eq!(memory::stats().kept, 0);
/// ```
pub fn release() -> usize {
    memory::release()
}

/// Begins to look for the peak again.
///
/// ```
/// # use pullback::{Array, memory};
/// drop(Array::from([1.0f32; 100_000]));
/// memory::reset_peak();
/// assert!(memory::stats().peak < 400_000);
/// ```
pub fn reset_peak() {
    memory::reset_peak();
}
