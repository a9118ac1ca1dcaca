//! Elements that lie apart: put together in tiles and blocks.

use bytemuck::{Pod, cast_slice, cast_slice_mut};

use crate::layout::Strides;

/// Elements at `offset + Σ index * stride`.
pub(super) struct Strided<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) offset: usize,
    pub(super) strides: Strides,
}

impl<'a> Strided<'a> {
    /// The elements from the one at position `at` in row-major order: where they lie, if they
    /// lie together, or else in `tile`, which says how many they are.
    pub(super) fn tile<'t>(
        &self,
        size: usize,
        sizes: &[usize],
        at: usize,
        tile: &'t mut [u8],
    ) -> &'t [u8]
    where
        'a: 't,
    {
        let last = sizes.len() - 1;
        let (row, stride) = (sizes[last], self.strides[last]);
        let within = at % row;
        if stride == 1 && within + tile.len() / size <= row {
            let from = self.row_start(sizes, at / row) + within;
            return &self.bytes[from * size..][..tile.len()];
        }
        match size {
            1 => self.gather::<[u8; 1]>(sizes, at, cast_slice_mut(tile)),
            2 => self.gather::<u16>(sizes, at, cast_slice_mut(tile)),
            4 => self.gather::<u32>(sizes, at, cast_slice_mut(tile)),
            8 => self.gather::<u64>(sizes, at, cast_slice_mut(tile)),
            16 => self.gather::<[u64; 2]>(sizes, at, cast_slice_mut(tile)),
            // Elements without size have nothing to gather.
            _ => {}
        }
        tile
    }

    /// Copies a part of a row, from the element at a position on.
    pub(super) fn row(&self, size: usize, start: isize, stride: isize, target: &mut [u8]) {
        fn part<T: Pod>(source: &[u8], start: isize, stride: isize, target: &mut [u8]) {
            let target: &mut [T] = cast_slice_mut(target);
            let rows = Rows { source: cast_slice(source), start, step: 0, stride };
            rows.long(target.len(), target);
        }
        match size {
            1 => part::<u8>(self.bytes, start, stride, target),
            2 => part::<u16>(self.bytes, start, stride, target),
            4 => part::<u32>(self.bytes, start, stride, target),
            8 => part::<u64>(self.bytes, start, stride, target),
            16 => part::<[u64; 2]>(self.bytes, start, stride, target),
            _ => {}
        }
    }

    /// The position of the first element of a row, counted in row-major order.
    pub(super) fn row_start(&self, sizes: &[usize], mut row: usize) -> usize {
        let mut from = self.offset as isize;
        for axis in (0..sizes.len() - 1).rev() {
            from += (row % sizes[axis]) as isize * self.strides[axis];
            row /= sizes[axis];
        }
        from as usize
    }

    fn gather<T: Pod>(&self, sizes: &[usize], at: usize, tile: &mut [T]) {
        let source: &[T] = cast_slice(self.bytes);
        let last = sizes.len() - 1;
        let (size, stride) = (sizes[last], self.strides[last]);
        let (rows, step) = match last {
            0 => (1, 0),
            _ => (sizes[last - 1], self.strides[last - 1]),
        };
        let (mut row, mut within) = (at / size, at % size);
        let mut rest = tile;
        while !rest.is_empty() {
            let start = self.row_start(sizes, row) as isize + within as isize * stride;
            // Whole rows that are equally far apart, or a part of one.
            let whole = if within == 0 { rest.len() / size } else { 0 };
            let together = whole.min(rows - row % rows).max(1);
            let length = (together * size).min(rest.len()).min(together * size - within);
            let (now, later) = rest.split_at_mut(length);
            let walk = Rows { source, start, step, stride };
            match size {
                2 if whole > 0 => walk.short::<2>(now),
                3 if whole > 0 => walk.short::<3>(now),
                4 if whole > 0 => walk.short::<4>(now),
                5 if whole > 0 => walk.short::<5>(now),
                6 if whole > 0 => walk.short::<6>(now),
                7 if whole > 0 => walk.short::<7>(now),
                8 if whole > 0 => walk.short::<8>(now),
                _ => walk.long(size, now),
            }
            rest = later;
            row += together;
            within = 0;
        }
    }
}

/// Rows of elements, from one on.
struct Rows<'a, T> {
    source: &'a [T],
    start: isize,
    /// From row to row.
    step: isize,
    /// From element to element.
    stride: isize,
}

impl<T: Pod> Rows<'_, T> {
    /// Copies whole rows of `N` elements.
    fn short<const N: usize>(&self, target: &mut [T]) {
        let (rows, _) = target.as_chunks_mut::<N>();
        if self.step == 0 {
            // All rows are like the first.
            if let [first, others @ ..] = rows {
                self.row(self.start, first);
                others.fill(*first);
            }
            return;
        }
        let mut from = self.start;
        for row in rows {
            match self.stride {
                1 => row.copy_from_slice(&self.source[from as usize..][..N]),
                0 => row.fill(self.source[from as usize]),
                2 => self.pairs(from as usize, row),
                _ => self.row(from, row),
            }
            from += self.step;
        }
    }

    /// Copies rows of so many elements, or a part of one.
    fn long(&self, size: usize, target: &mut [T]) {
        let mut from = self.start;
        for row in target.chunks_mut(size) {
            match self.stride {
                1 => row.copy_from_slice(&self.source[from as usize..][..row.len()]),
                0 => row.fill(self.source[from as usize]),
                2 => self.pairs(from as usize, row),
                _ => self.row(from, row),
            }
            from += self.step;
        }
    }

    /// The first of every two, which is what vectors can pick out.
    fn pairs(&self, from: usize, target: &mut [T]) {
        let (pairs, _) = self.source[from..].as_chunks::<2>();
        let (end, body) = target.split_last_mut().expect("a row has elements");
        for (target, &[first, _]) in body.iter_mut().zip(pairs) {
            *target = first;
        }
        *end = self.source[from + 2 * body.len()];
    }

    fn row(&self, from: isize, target: &mut [T]) {
        for (i, target) in target.iter_mut().enumerate() {
            *target = self.source[(from + i as isize * self.stride) as usize];
        }
    }
}

/// Repeats one element.
pub(super) fn fill(size: usize, target: &mut [u8], element: &[u8]) {
    fn repeat<const N: usize>(target: &mut [u8], element: &[u8]) {
        for chunk in target.chunks_exact_mut(N) {
            chunk.copy_from_slice(&element[..N]);
        }
    }
    match size {
        1 => target.fill(element[0]),
        2 => repeat::<2>(target, element),
        4 => repeat::<4>(target, element),
        8 => repeat::<8>(target, element),
        16 => repeat::<16>(target, element),
        // Elements without size fill nothing.
        _ => {}
    }
}
