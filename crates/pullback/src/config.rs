//! Settings of the current thread.

use pullback_core::promote;

pub use pullback_core::config::{
    debug_nans, set_debug_nans, set_threefry_partitionable, threefry_partitionable,
};

/// Runs `f` with [`threefry_partitionable`] set to `on`, and sets it back.
///
/// Off is the layout that random bits originally had; figures printed by old programs need it.
pub fn with_threefry_partitionable<T>(on: bool, f: impl FnOnce() -> T) -> T {
    /// Sets it back also if `f` panics.
    struct Restore(bool);

    impl Drop for Restore {
        fn drop(&mut self) {
            set_threefry_partitionable(self.0);
        }
    }

    let _restore = Restore(threefry_partitionable());
    set_threefry_partitionable(on);
    f()
}

/// Whether wide types are the default for whole and real numbers.
pub fn enable_x64() -> bool {
    promote::x64() == Some(true)
}

/// Makes 64-bit types the default, or makes functions use 32-bit types even where 64-bit ones
/// are asked for.
///
/// Until this is called, types are as asked for, and 32 bits where nothing is asked for.
pub fn set_enable_x64(on: bool) {
    promote::set_x64(Some(on));
}
