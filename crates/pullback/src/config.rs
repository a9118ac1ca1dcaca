//! Settings of the current thread.

use pullback_core::promote;

pub use pullback_core::config::{
    RankPromotion, debug_nans, jit_disabled, rank_promotion, set_debug_nans, set_jit_disabled,
    set_rank_promotion, set_strict_promotion, set_threefry_partitionable, set_warn,
    strict_promotion, threefry_partitionable,
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
    with(threefry_partitionable(), on, set_threefry_partitionable, f)
}

/// Runs `f` with functions of [`jit`](crate::jit) called as they are, operation by operation, so
/// that values inside can be looked at.
///
/// ```
/// # use pullback::prelude::*;
/// let f = jit(|x: &Array| -> Result<Array> {
///     Ok(if x.to_f64()? > 0.0 { x * 2.0 } else { x.clone() })
/// });
/// assert!(f.try_call(&(Array::from(3.0),)).is_err());
/// assert_eq!(disable_jit(|| f(&Array::from(3.0))), 6.0);
/// ```
pub fn disable_jit<T>(f: impl FnOnce() -> T) -> T {
    with(jit_disabled(), true, set_jit_disabled, f)
}

/// Runs `f` with a setting changed, and sets it back, also if `f` panics.
fn with<T>(before: bool, on: bool, set: fn(bool), f: impl FnOnce() -> T) -> T {
    struct Restore(bool, fn(bool));

    impl Drop for Restore {
        fn drop(&mut self) {
            (self.1)(self.0);
        }
    }

    let _restore = Restore(before, set);
    set(on);
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
