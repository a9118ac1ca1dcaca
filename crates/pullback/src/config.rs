//! Settings of the current thread.

use pullback_core::promote;

pub use pullback_core::config::{
    debug_nans, set_debug_nans, set_threefry_partitionable, threefry_partitionable,
};

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
