//! What threads work on at once: elements of which each writes its own, and memory of their own.

use std::cell::Cell;
use std::marker::PhantomData;

use bytemuck::Pod;

/// A cache line; the unit and the alignment of scratch.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Lines that a thread keeps for the next time; more are given back.
const KEPT: usize = 1 << 17;

/// Lends `count` elements of memory that the thread keeps between uses, with arbitrary contents.
pub(super) fn with_scratch<T: Pod, R>(count: usize, f: impl FnOnce(&mut [T]) -> R) -> R {
    thread_local! {
        static SCRATCH: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
    }
    // Whoever asks for more while this is in use finds nothing kept, and gets memory of their own.
    let mut scratch = SCRATCH.take();
    let lines = (count * size_of::<T>()).div_ceil(64);
    if scratch.len() < lines {
        scratch.resize(lines, Line([0; 64]));
    }
    let result = f(&mut bytemuck::cast_slice_mut(&mut scratch)[..count]);
    if scratch.len() <= KEPT {
        SCRATCH.set(scratch);
    }
    result
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
