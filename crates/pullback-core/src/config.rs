//! Settings of the current thread that change how programs are traced or run.

use std::cell::Cell;
use std::sync::OnceLock;

use crate::error::Result;

/// What happens where an array gets further axes because it meets one of higher rank.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum RankPromotion {
    /// Nothing further.
    #[default]
    Allow,
    /// The user is warned.
    Warn,
    /// It is an error.
    Raise,
}

static WARN: OnceLock<fn(&str) -> Result<()>> = OnceLock::new();

thread_local! {
    static STRICT: Cell<bool> = const { Cell::new(false) };
    static RANKS: Cell<RankPromotion> = const { Cell::new(RankPromotion::Allow) };
    static DEBUG_NANS: Cell<bool> = const { Cell::new(false) };
    static DISABLE_JIT: Cell<bool> = const { Cell::new(false) };
    static PARTITIONABLE: Cell<bool> = const { Cell::new(true) };
}

/// Whether every computed array is searched for values that are not numbers.
#[inline]
pub fn debug_nans() -> bool {
    DEBUG_NANS.get()
}

/// Sets [`debug_nans`] for this thread.
pub fn set_debug_nans(on: bool) {
    DEBUG_NANS.set(on);
}

/// Whether compiled functions are called as they are, operation by operation.
#[inline]
pub fn jit_disabled() -> bool {
    DISABLE_JIT.get()
}

/// Sets [`jit_disabled`] for this thread.
pub fn set_jit_disabled(on: bool) {
    DISABLE_JIT.set(on);
}

/// Whether random bits use the layout whose every element can be computed on its own.
#[inline]
pub fn threefry_partitionable() -> bool {
    PARTITIONABLE.get()
}

/// Sets [`threefry_partitionable`] for this thread.
pub fn set_threefry_partitionable(on: bool) {
    PARTITIONABLE.set(on);
}

/// Whether arrays of different types do not meet, but for bare numbers that fit the other type.
#[inline]
pub fn strict_promotion() -> bool {
    STRICT.get()
}

/// Sets [`strict_promotion`] for this thread.
pub fn set_strict_promotion(on: bool) {
    STRICT.set(on);
}

/// What happens where an array gets further axes because it meets one of higher rank.
#[inline]
pub fn rank_promotion() -> RankPromotion {
    RANKS.get()
}

/// Sets [`rank_promotion`] for this thread.
pub fn set_rank_promotion(mode: RankPromotion) {
    RANKS.set(mode);
}

/// Sets how the process warns its user; the first call counts.
pub fn set_warn(warn: fn(&str) -> Result<()>) {
    WARN.get_or_init(|| warn);
}

/// Warns the user, on the error stream unless the front end has a way of its own.
///
/// # Errors
/// If the front end makes errors of warnings.
pub fn warn(message: &str) -> Result<()> {
    match WARN.get() {
        Some(warn) => warn(message),
        None => {
            eprintln!("warning: {message}");
            Ok(())
        }
    }
}
