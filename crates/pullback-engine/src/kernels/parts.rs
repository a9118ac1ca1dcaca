//! Work split among threads: parts of a target that do not depend on each other.
//!
//! The bounds of parts follow from sizes alone, and so does what is written to them.

use std::marker::PhantomData;

use crate::cost::Cost;
use crate::error::Result;
use crate::sync::Mutex;
use crate::threads;

/// Elements of a part, however small they are.
const PART_ELEMENTS: usize = 64 << 10;

/// How many elements of so many bytes, which are read and written, a part has.
pub(super) fn part_of(bytes: usize) -> usize {
    Cost::bytes(2 * bytes).items_of_part().min(PART_ELEMENTS)
}

/// Calls `work` for every number below `count`, on as many threads as there are.
///
/// # Errors
/// One of those of `work`, after all have ended.
pub(super) fn try_for_each(count: usize, work: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
    let failure = Mutex::new(None);
    threads::for_each(count, &|n| {
        if let Err(error) = work(n) {
            *failure.lock().expect("no thread panics here") = Some(error);
        }
    });
    failure.into_inner().expect("no thread panics here").map_or(Ok(()), Err)
}

/// Calls `work` for each of the items, on as many threads as there are.
pub(super) fn for_each_item<W: Send>(items: impl IntoIterator<Item = W>, work: impl Fn(W) + Sync) {
    let items: Vec<Mutex<Option<W>>> = items.into_iter().map(|w| Mutex::new(Some(w))).collect();
    threads::for_each(items.len(), &|n| {
        // Each item is taken once, so its lock is always free.
        if let Some(item) = items[n].lock().ok().and_then(|mut item| item.take()) {
            work(item);
        }
    });
}

/// Calls `work` with the start and the elements of every part of `target`: as many elements as
/// given, but for the last.
pub(super) fn for_each_part<T: Send>(
    target: &mut [T],
    part: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) {
    let (part, len) = (part.max(1), target.len());
    let shared = Shared::new(target);
    threads::for_each(len.div_ceil(part), &|n| {
        let start = n * part;
        // SAFETY: parts do not overlap, and each is handed out once.
        work(start, unsafe { shared.part(start, part.min(len - start)) });
    });
}

/// A slice whose parts are written by several threads, where the parts are no ranges that the
/// slice could be split into beforehand.
pub(super) struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    _elements: PhantomData<&'a mut [T]>,
}

// SAFETY: a `Shared` gives access to its elements only through `part`, whose callers see to it
// that no two threads have the same element at once; elements may go to another thread.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub(super) fn new(elements: &'a mut [T]) -> Shared<'a, T> {
        Shared { start: elements.as_mut_ptr(), len: elements.len(), _elements: PhantomData }
    }

    /// Where elements `at..at + count` are, for who reads and writes some of them.
    ///
    /// # Panics
    /// If there are no such elements.
    pub(super) fn pointer(&self, at: usize, count: usize) -> *mut T {
        assert!(count <= self.len && at <= self.len - count, "a part of the elements");
        self.start.wrapping_add(at)
    }

    /// Elements `at..at + count`.
    ///
    /// # Safety
    /// While the result lives no other part with one of these elements may.
    ///
    /// # Panics
    /// If there are no such elements.
    #[expect(clippy::mut_from_ref, reason = "the caller keeps the parts apart")]
    #[inline(always)]
    pub(super) unsafe fn part(&self, at: usize, count: usize) -> &mut [T] {
        assert!(count <= self.len && at <= self.len - count, "a part of the elements");
        // SAFETY: the elements are within the slice that this was made of, which stays borrowed
        // mutably; that no one else has them is what the caller promises.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(at), count) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What `f` gives on one thread, after it was seen that it gives the same on two and five.
    pub(in crate::kernels) fn on_any_number_of_threads<R: PartialEq + std::fmt::Debug>(
        f: impl Fn() -> R,
    ) -> R {
        let _held = threads::SETTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = threads::num_threads();
        let [one, two, five] = [1, 2, 5].map(|count| {
            threads::set_num_threads(count);
            f()
        });
        threads::set_num_threads(before);
        assert_eq!(one, two);
        assert_eq!(one, five);
        one
    }

    #[test]
    fn parts_cover_the_target_once() {
        for (len, part) in [(0, 4), (3, 4), (4, 4), (1001, 4), (7, 0)] {
            let mut target = vec![0; len];
            for_each_part(&mut target, part, |start, elements| {
                for (i, slot) in elements.iter_mut().enumerate() {
                    *slot += start + i + 1;
                }
            });
            assert!(target.iter().enumerate().all(|(i, &slot)| slot == i + 1));
        }
    }
}
