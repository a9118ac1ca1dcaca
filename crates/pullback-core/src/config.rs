//! Settings of the current thread that change how programs are traced or run.

use std::cell::Cell;

thread_local! {
    static DEBUG_NANS: Cell<bool> = const { Cell::new(false) };
    static DISABLE_JIT: Cell<bool> = const { Cell::new(false) };
    static PARTITIONABLE: Cell<bool> = const { Cell::new(true) };
}

/// Whether every computed array is searched for values that are not numbers.
pub fn debug_nans() -> bool {
    DEBUG_NANS.get()
}

/// Sets [`debug_nans`] for this thread.
pub fn set_debug_nans(on: bool) {
    DEBUG_NANS.set(on);
}

/// Whether compiled functions are called as they are, operation by operation.
pub fn jit_disabled() -> bool {
    DISABLE_JIT.get()
}

/// Sets [`jit_disabled`] for this thread.
pub fn set_jit_disabled(on: bool) {
    DISABLE_JIT.set(on);
}

/// Whether random bits use the layout whose every element can be computed on its own.
pub fn threefry_partitionable() -> bool {
    PARTITIONABLE.get()
}

/// Sets [`threefry_partitionable`] for this thread.
pub fn set_threefry_partitionable(on: bool) {
    PARTITIONABLE.set(on);
}
