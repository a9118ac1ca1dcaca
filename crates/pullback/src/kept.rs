//! Functions of several operations, run as one program where they are called with concrete arrays.
//!
//! Such a function is recorded when it is first called with arrays of some types, and run as a
//! program from then on, as `jit` would. Inside a transformation it stays the operations that it is
//! made of.

use std::cell::RefCell;

use pullback_core::engine::memory;
use pullback_core::jaxpr::{JaxprRef, stage};
use pullback_core::{Array, Aval, DType, Result, Shape, promote, trace};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::config;

/// What a program depends on besides the function: a shape, an element type, the types of the arrays,
/// and settings.
type Key = (&'static str, Shape, DType, SmallVec<[Aval; 3]>, (Option<bool>, bool));

/// Programs kept at most; a user has few of them, so this is only a safeguard.
const CAPACITY: usize = 1024;

thread_local! {
    static PROGRAMS: RefCell<FxHashMap<Key, JaxprRef>> = RefCell::default();
}

/// The result of `f` on the arrays. Beside their types and settings, `f` depends on `shape` and `dtype`
/// alone.
pub(crate) fn kept<const N: usize>(
    name: &'static str,
    shape: &[usize],
    dtype: DType,
    inputs: [&Array; N],
    f: impl FnOnce([&Array; N]) -> Result<Array>,
) -> Result<Array> {
    let is_concrete = inputs.iter().all(|input| input.tensor().is_some());
    // What does not fit in memory is refused by the operation that would make it.
    let elements = shape.iter().fold(1u128, |all, &size| all.saturating_mul(size as u128));
    let is_too_large = elements.saturating_mul(8) > u128::from(memory::installed());
    // Those who look for NaN want to know the operation.
    if !is_concrete
        || is_too_large
        || trace::current().is_some()
        || config::debug_nans()
        || config::jit_disabled()
    {
        return f(inputs);
    }
    let avals = inputs.iter().map(|input| input.aval()).collect();
    let settings = (promote::x64(), config::threefry_partitionable());
    let key = (name, shape.into(), dtype, avals, settings);
    let program = match PROGRAMS.with_borrow(|programs| programs.get(&key).cloned()) {
        Some(program) => program,
        None => {
            let staged = stage(&key.3, |x| Ok(vec![f(std::array::from_fn(|n| &x[n]))?]))?;
            let program = JaxprRef::from(staged.jaxpr);
            PROGRAMS.with_borrow_mut(|programs| {
                if programs.len() >= CAPACITY {
                    programs.clear();
                }
                programs.insert(key, program.clone());
            });
            program
        }
    };
    Ok(program.run(&inputs)?.remove(0))
}
