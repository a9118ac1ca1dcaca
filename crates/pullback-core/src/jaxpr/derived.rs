//! Remembers the programs derived from a program by the transformations.

use std::any::Any;
use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use crate::error::Result;
use crate::trace::AxisData;

/// How a program was derived.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Derivation {
    Jvp { active: Vec<bool>, wanted: Vec<bool> },
    Linearize { active: Vec<bool>, wanted: Vec<bool> },
    Transpose { linear: Vec<bool>, present: Vec<bool>, wanted: Vec<bool> },
    Vmap { mapped: Vec<bool>, wanted: Vec<bool>, axis: AxisData },
}

/// The programs derived so far.
#[derive(Default)]
pub(crate) struct Derived(Mutex<FxHashMap<Derivation, Arc<dyn Any + Send + Sync>>>);

impl Derived {
    /// What `make` gives, from an earlier call if there was one.
    pub(crate) fn get<T: Any + Send + Sync>(
        &self,
        derivation: Derivation,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        let lock = || self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(found) = lock().get(&derivation).cloned()
            && let Ok(found) = found.downcast::<T>()
        {
            return Ok(found);
        }
        // Not under the lock: deriving may derive from the same program again.
        let made = Arc::new(make()?);
        lock().insert(derivation, made.clone());
        Ok(made)
    }
}
