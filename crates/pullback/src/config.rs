//! Settings of the current thread.

use pullback_core::promote;

pub use pullback_core::config::{
    RankPromotion, debug_nans, rank_promotion, set_debug_nans, set_rank_promotion,
    set_strict_promotion, set_threefry_partitionable, set_warn, strict_promotion,
    threefry_partitionable,
};

/// Runs `f` with [`threefry_partitionable`] set to `on`, and sets it back.
///
/// Off is the layout that random bits originally had; figures printed by old programs need it.
///
/// ```
/// # use pullback::{config, random};
/// let draw = || random::uniform(&random::key(&0.into())?, 3, None, &0.0.into(), &1.0.into());
/// let (new, old) = (draw()?, config::with_threefry_partitionable(false, draw)?);
/// assert_ne!(new, old);
/// # Ok::<(), pullback::Error>(())
/// ```
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
///
/// ```
/// # use pullback::{DType, config, numpy as jnp};
/// assert!(!config::enable_x64());
/// assert_eq!(jnp::zeros(1, None)?.dtype(), DType::F32);
/// # Ok::<(), pullback::Error>(())
/// ```
pub fn enable_x64() -> bool {
    promote::x64() == Some(true)
}

/// Makes 64-bit types the default, or makes functions use 32-bit types even where 64-bit ones
/// are asked for.
///
/// Until this is called, types are as asked for, and 32 bits where nothing is asked for.
///
/// ```
/// # use pullback::{DType, config, numpy as jnp};
/// config::set_enable_x64(true);
/// assert_eq!(jnp::zeros(1, None)?.dtype(), DType::F64);
/// # Ok::<(), pullback::Error>(())
/// ```
pub fn set_enable_x64(on: bool) {
    promote::set_x64(Some(on));
}
