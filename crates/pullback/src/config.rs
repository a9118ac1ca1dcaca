//! Settings: of the current thread, and, where it is said, of the process.

use pullback_core::engine::{isa, native, threads};
use pullback_core::promote;

pub use pullback_core::config::{
    RankPromotion, debug_nans, jit_disabled, rank_promotion, set_debug_nans, set_jit_disabled,
    set_rank_promotion, set_strict_promotion, set_threefry_partitionable, set_warn,
    strict_promotion, threefry_partitionable,
};
pub use pullback_core::engine::isa::Isa as InstructionSet;
pub use pullback_core::engine::native::Mode as Engine;

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

/// How many threads compute, the calling one included: as set, or as the environment variable
/// `PULLBACK_NUM_THREADS` says, or as many as there are processors. Results do not depend on it.
///
/// ```
/// # use pullback::config;
/// assert!(config::num_threads() >= 1);
/// ```
pub fn num_threads() -> usize {
    threads::num_threads()
}

/// Sets how many threads compute from now on, in the whole process: at least one, at most 256.
///
/// ```
/// # use pullback::config;
/// config::set_num_threads(3);
/// assert_eq!(config::num_threads(), 3);
/// config::set_num_threads(0);
/// assert_eq!(config::num_threads(), 1);
/// ```
pub fn set_num_threads(count: usize) {
    threads::set_num_threads(count);
}

/// What runs programs: as set, or as the environment variable `PULLBACK_ENGINE` says (`auto`,
/// `native`, `tile` or `oracle`). Results are the same, bit for bit.
///
/// ```
/// # use pullback::config::{self, Engine};
/// assert_eq!(config::engine(), Engine::Auto);
/// ```
pub fn engine() -> Engine {
    native::mode()
}

/// The instruction set that kernels and code are made for: the best that the processor has, or the
/// lesser one that the environment variable `PULLBACK_ISA` says (`avx512`, `avx2` or `baseline`).
/// Results are the same, but for the last digits of products, Fourier transforms and decompositions:
/// these may differ without vectors, and those of large bfloat16 products with any.
///
/// ```
/// # use pullback::config::{self, InstructionSet};
/// assert!(config::instruction_set() >= InstructionSet::Baseline);
/// ```
pub fn instruction_set() -> InstructionSet {
    isa::isa()
}

/// Sets what runs programs from now on, in the whole process.
///
/// [`Engine::Oracle`] is the reference that the others are compared with: element by element, on
/// one thread.
///
/// ```
/// # use pullback::{Array, ArrayExt, config::{self, Engine}};
/// let x = Array::from([0.1, 0.2, 0.3]);
/// let fast = x.sin();
/// config::set_engine(Engine::Oracle);
/// assert_eq!(x.sin(), fast);
/// ```
pub fn set_engine(engine: Engine) {
    native::set_mode(engine);
}
