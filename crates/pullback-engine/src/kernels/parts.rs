//! Work split among threads: parts of a target that do not depend on each other.
//!
//! The bounds of parts follow from sizes alone, and so does what is written to them.

use std::sync::Mutex;

use crate::threads;

/// Bytes of a part: enough that a thread gains by taking it, few enough that threads end together.
const PART_BYTES: usize = 64 << 10;
/// Elements of a part, however small they are.
const PART_ELEMENTS: usize = 16 << 10;

/// How many elements of so many bytes a part has.
pub(super) fn part_of(bytes: usize) -> usize {
    (PART_BYTES / bytes.max(1)).clamp(1, PART_ELEMENTS)
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
    let part = part.max(1);
    if target.len() <= part {
        if !target.is_empty() {
            work(0, target);
        }
        return;
    }
    let items = target.chunks_mut(part).enumerate();
    for_each_item(items, |(n, elements)| work(n * part, elements));
}

/// A target that threads write to together, each to places of its own.
///
/// For targets whose parts do not lie in one piece, such as columns.
pub(super) struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    _target: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: the target is borrowed as long as this lives, and who makes slices of it promises that
// no two threads reach the same element.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub(super) fn new(target: &'a mut [T]) -> Shared<'a, T> {
        Shared { start: target.as_mut_ptr(), len: target.len(), _target: std::marker::PhantomData }
    }

    /// Elements `at..at + len`.
    ///
    /// # Safety
    /// As long as the slice lives, no other slice of these elements may.
    ///
    /// # Panics
    /// If there are no such elements.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(super) unsafe fn slice(&self, at: usize, len: usize) -> &mut [T] {
        assert!(at <= self.len && len <= self.len - at, "elements of a shared target");
        // SAFETY: the elements are within the target, which is borrowed for as long as `self`
        // lives, and the caller has no other slice of them.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(at), len) }
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
