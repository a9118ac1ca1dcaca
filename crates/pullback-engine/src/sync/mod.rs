//! Locks, condition variables and cells that are filled once.
//!
//! They are those of the standard library. The thread sanitizer does not see what that does, as it
//! comes compiled without it; so `make sanitize-threads` (`--cfg thread_sanitizer`) takes the same
//! with a mark that it sees, or it would report whatever a lock guards.

#[cfg(not(thread_sanitizer))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};

#[cfg(thread_sanitizer)]
mod marked;
#[cfg(thread_sanitizer)]
pub(crate) use marked::{Condvar, Mutex, MutexGuard, OnceLock};
