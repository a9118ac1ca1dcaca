//! Memory that threads keep between uses.

use std::cell::Cell;

use bytemuck::Pod;

/// A cache line; the unit and the alignment of scratch.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Elements that begin at a cache line: vectors as wide as one are read and written in half the time.
pub(crate) struct Aligned<T> {
    lines: Vec<Line>,
    count: usize,
    elements: std::marker::PhantomData<T>,
}

impl<T: Pod> Aligned<T> {
    /// So many zeros.
    pub(crate) fn zeros(count: usize) -> Aligned<T> {
        let lines = vec![Line([0; 64]); (count * size_of::<T>()).div_ceil(64)];
        Aligned { lines, count, elements: std::marker::PhantomData }
    }
}

impl<T: Pod> std::ops::Deref for Aligned<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &bytemuck::cast_slice(&self.lines)[..self.count]
    }
}

impl<T: Pod> std::ops::DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.count]
    }
}

/// Lines that a thread keeps for the next time; more are given back.
const KEPT: usize = 1 << 17;

/// Lends `count` elements of memory that the thread keeps between uses, with arbitrary contents.
pub(crate) fn with_scratch<T: Pod, R>(count: usize, f: impl FnOnce(&mut [T]) -> R) -> R {
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
