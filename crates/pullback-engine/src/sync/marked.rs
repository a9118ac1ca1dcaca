//! The locks of the standard library, each with a mark that is set before it is given back and looked
//! at when it is taken.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{self, LockResult, PoisonError};

/// What was written before it is set is seen by who looks at it later.
struct Mark(AtomicUsize);

impl Mark {
    const fn new() -> Mark {
        Mark(AtomicUsize::new(0))
    }

    fn set(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    fn look(&self) {
        self.0.load(Ordering::Acquire);
    }
}

/// As `std::sync::Mutex`.
pub(crate) struct Mutex<T> {
    mark: Mark,
    inner: sync::Mutex<T>,
}

/// As `std::sync::MutexGuard`.
pub(crate) struct MutexGuard<'a, T> {
    mark: &'a Mark,
    /// There until it is dropped or waited with.
    inner: Option<sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Mutex<T> {
        Mutex { mark: Mark::new(), inner: sync::Mutex::new(value) }
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        taken(&self.mark, self.inner.lock())
    }

    pub(crate) fn get_mut(&mut self) -> LockResult<&mut T> {
        self.mark.look();
        self.inner.get_mut()
    }

    pub(crate) fn into_inner(self) -> LockResult<T> {
        self.mark.look();
        self.inner.into_inner()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

fn taken<'a, T>(
    mark: &'a Mark,
    result: LockResult<sync::MutexGuard<'a, T>>,
) -> LockResult<MutexGuard<'a, T>> {
    mark.look();
    let guard = |inner| MutexGuard { mark, inner: Some(inner) };
    match result {
        Ok(inner) => Ok(guard(inner)),
        Err(poisoned) => Err(PoisonError::new(guard(poisoned.into_inner()))),
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.inner.as_ref().expect("a guard is used before it is dropped")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.inner.as_mut().expect("a guard is used before it is dropped")
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.mark.set();
    }
}

/// As `std::sync::Condvar`.
pub(crate) struct Condvar(sync::Condvar);

impl Condvar {
    pub(crate) const fn new() -> Condvar {
        Condvar(sync::Condvar::new())
    }

    pub(crate) fn wait<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let mark = guard.mark;
        let inner = guard.inner.take().expect("a guard is used before it is dropped");
        drop(guard);
        taken(mark, self.0.wait(inner))
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// As `std::sync::OnceLock`, filled and read under a lock.
pub(crate) struct OnceLock<T> {
    lock: Mutex<()>,
    inner: sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub(crate) const fn new() -> OnceLock<T> {
        OnceLock { lock: Mutex::new(()), inner: sync::OnceLock::new() }
    }

    fn locked(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self) -> Option<&T> {
        let _held = self.locked();
        self.inner.get()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let _held = self.locked();
        self.inner.set(value)
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        let _held = self.locked();
        self.inner.get_or_init(make)
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}
