//! Stopping a plan from outside, between two steps.

use std::cell::Cell;

use crate::error::{Error, HostError, Result};
use crate::sync::OnceLock;
use crate::threads;

/// Asked now and then while plans run; an error stops the plan.
pub type Poll = fn() -> std::result::Result<(), HostError>;

static POLL: OnceLock<Poll> = OnceLock::new();

/// Steps between two polls: small enough to answer a key press, large enough to cost nothing.
const INTERVAL: u32 = 4096;

thread_local! {
    static STEPS: Cell<u32> = const { Cell::new(0) };
}

/// Installs the function that is asked; the first one stays.
pub fn install(poll: Poll) {
    let _ = POLL.set(poll);
}

/// Asks, if it is time to. Within a chunk of work it is not: whoever is asked may wait for the thread
/// that waits for the chunk.
#[inline]
pub(crate) fn check() -> Result<()> {
    let steps = STEPS.get().wrapping_add(1);
    STEPS.set(steps);
    if steps.is_multiple_of(INTERVAL) && !threads::is_at_work() { poll() } else { Ok(()) }
}

/// Asks.
#[cold]
pub(crate) fn poll() -> Result<()> {
    match POLL.get() {
        Some(poll) => poll().map_err(Error::Host),
        None => Ok(()),
    }
}
