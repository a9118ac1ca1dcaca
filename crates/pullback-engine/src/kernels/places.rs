//! Where the windows of a gather or scatter lie: positions in a buffer, from index vectors.
//!
//! Positions are computed for some hundred windows at a time, so that they stay in the
//! first-level cache and threads need not wait for each other.

use std::ops::Range;

use smallvec::smallvec;

use super::common::{Walk, arch, integers};
use crate::error::Result;
use crate::layout::{self, Strides};
use crate::tensor::Tensor;

/// Stands for the position of a window that is not within the operand.
pub(super) const OUTSIDE: usize = usize::MAX;

/// Windows whose positions are computed at once.
pub(super) const BLOCK: usize = 512;

/// Index vectors one after the other, read where they lie if they are of a usual type.
pub(super) enum Starts<'a> {
    I32(&'a [i32]),
    I64(&'a [i64]),
    Converted(Vec<i64>),
}

/// An index as it is read.
pub(super) trait Start: Copy + PartialEq + Into<i64> {
    /// Positions that are not there are larger than any that is.
    type Place: Copy + Default + PartialOrd;
    /// The position of an index, to which `back` is added where it is negative. Both `back` and the
    /// positions that are there are less than 2^31.
    fn place(self, back: usize) -> Self::Place;
    fn of(place: usize) -> Self::Place;
    fn at(place: Self::Place) -> usize;
}

macro_rules! starts {
    ($($I:ty, $U:ty;)*) => {$(
        impl Start for $I {
            type Place = $U;
            #[inline(always)]
            fn place(self, back: usize) -> $U {
                self.wrapping_add(back as $I & (self >> (<$I>::BITS - 1))) as $U
            }
            #[inline(always)]
            fn of(place: usize) -> $U {
                place as $U
            }
            #[inline(always)]
            fn at(place: $U) -> usize {
                place as usize
            }
        }
    )*};
}
starts! {
    i32, u32;
    i64, u64;
}

/// Evaluates an expression with `$starts` naming the indices of some windows, as they are read.
macro_rules! with_starts {
    ($all:expr, $range:expr, $starts:ident => $body:expr) => {
        match $all {
            Starts::I32(all) => {
                let $starts = &all[$range];
                $body
            }
            Starts::I64(all) => {
                let $starts = &all[$range];
                $body
            }
            Starts::Converted(all) => {
                let $starts = &all[$range];
                $body
            }
        }
    };
}
pub(super) use with_starts;

impl Starts<'_> {
    pub(super) fn of<'a>(indices: &'a Tensor, operation: &'static str) -> Result<Starts<'a>> {
        if let Some(starts) = indices.as_slice::<i32>() {
            return Ok(Starts::I32(starts));
        }
        if let Some(starts) = indices.as_slice::<i64>() {
            return Ok(Starts::I64(starts));
        }
        integers(indices, operation).map(Starts::Converted)
    }

    #[inline(always)]
    fn get(&self, at: usize) -> i64 {
        match self {
            Starts::I32(starts) => starts[at] as i64,
            Starts::I64(starts) => starts[at],
            Starts::Converted(starts) => starts[at],
        }
    }
}

/// Where windows of an operand begin, given index vectors.
pub(super) struct Places<'a> {
    /// The operand.
    pub shape: &'a [usize],
    pub strides: &'a [isize],
    pub offset: usize,
    /// The size of the window along each of its axes.
    pub windows: &'a [usize],
    /// The operand axis of each component of an index vector.
    pub index_map: &'a [usize],
    pub batching: &'a [usize],
    pub indices_batching: &'a [usize],
    /// Whether windows are moved to where they fit.
    pub clip: bool,
    /// Whether negative indices count from the end.
    pub from_end: bool,
    /// The shape that index vectors are laid out over, and they.
    pub batch: &'a [usize],
    pub starts: &'a Starts<'a>,
}

/// Windows along one axis: element `i` begins at `base + i * step` for all `i` up to `last`. To
/// negative indices `back` is added.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub base: usize,
    pub step: isize,
    pub last: usize,
    pub back: usize,
}

impl Line {
    /// The position that an index counts to.
    #[inline(always)]
    pub(super) fn counted(&self, start: impl Into<i64>) -> i64 {
        let start = start.into();
        start + (self.back as i64 & (start >> 63))
    }

    /// Whether positions are few enough for [`Start::place`], and places in themselves.
    pub(super) fn is_short(&self) -> bool {
        self.step == 1 && self.last.max(self.back) < i32::MAX as usize
    }
}

impl Places<'_> {
    /// The number of windows.
    pub(super) fn count(&self) -> usize {
        layout::count(self.batch)
    }

    /// Whether a window is larger than the operand, and so fits nowhere.
    fn is_impossible(&self) -> bool {
        self.windows.iter().zip(self.shape).any(|(window, size)| window > size)
    }

    /// The places of all indices, where each index is one number.
    pub(super) fn line(&self) -> Option<Line> {
        match (self.index_map, self.batching) {
            (&[dim], []) if !self.is_impossible() => Some(self.line_along(dim, self.offset)),
            _ => None,
        }
    }

    fn line_along(&self, dim: usize, base: usize) -> Line {
        Line {
            base,
            step: self.strides[dim],
            last: self.shape[dim] - self.windows[dim],
            back: if self.from_end { self.shape[dim] } else { 0 },
        }
    }

    /// For each axis of the batch how far apart the windows of neighbours are.
    fn batch_strides(&self) -> Strides {
        let mut batching: Strides = smallvec![0; self.batch.len()];
        for (&dim, &axis) in self.batching.iter().zip(self.indices_batching) {
            // An operand axis of another size than the indices' is a caller's mistake, and would
            // read out of bounds.
            if self.shape[dim] >= self.batch[axis] {
                batching[axis] += self.strides[dim];
            }
        }
        batching
    }

    /// Calls `f` with the lines that windows from number `first` on lie along, how far the next
    /// window's is from each window's, and the windows of each. Returns whether there are such
    /// lines, as there are where an index is one number.
    pub(super) fn each_line(
        &self,
        first: usize,
        count: usize,
        mut f: impl FnMut(Line, isize, Range<usize>),
    ) -> bool {
        if self.is_impossible() {
            return false;
        }
        if let Some(line) = self.line() {
            f(line, 0, first..first + count);
            return true;
        }
        let (&[dim], Some((&row, outer))) = (self.index_map, self.batch.split_last()) else {
            return false;
        };
        let mut batching = self.batch_strides();
        let along = batching.pop().expect("as many strides as axes");
        let (mut first, end) = (first, first + count);
        let walk = Walk::from(outer, [&batching], [self.offset as isize], first / row.max(1));
        for [base] in walk {
            if first == end {
                break;
            }
            let within = first % row;
            let next = (first + row - within).min(end);
            let base = (base + within as isize * along) as usize;
            f(self.line_along(dim, base), along, first..next);
            first = next;
        }
        true
    }

    /// The position of the first element of windows `first..first + places.len()`, or `OUTSIDE`.
    pub(super) fn find(&self, first: usize, places: &mut [usize]) {
        if self.is_impossible() {
            return places.fill(OUTSIDE);
        }
        let is_found = self.each_line(first, places.len(), |line, along, range| {
            let places = &mut places[range.start - first..range.end - first];
            with_starts!(self.starts, range, starts => {
                arch().dispatch(Find { line, along, starts, clip: self.clip, places })
            });
        });
        if is_found {
            return;
        }
        let (batching, start) = (self.batch_strides(), [self.offset as isize]);
        let walk = Walk::from(self.batch, [&batching], start, first);
        let mut next = first * self.index_map.len();
        for (place, [base]) in places.iter_mut().zip(walk) {
            let (mut at, mut inside) = (base, true);
            for (component, &dim) in self.index_map.iter().enumerate() {
                let last = (self.shape[dim] - self.windows[dim]) as i64;
                let back = if self.from_end { self.shape[dim] as i64 } else { 0 };
                let start = self.starts.get(next + component);
                let start = start + (back & (start >> 63));
                let clamped = start.clamp(0, last);
                inside &= self.clip || start == clamped;
                at += clamped as isize * self.strides[dim];
            }
            next += self.index_map.len();
            *place = if inside { at as usize } else { OUTSIDE };
        }
    }
}

/// The places of windows along a line, whose indices are one number each; that of the next window is
/// moved by `along`.
struct Find<'a, I> {
    line: Line,
    along: isize,
    starts: &'a [I],
    clip: bool,
    places: &'a mut [usize],
}

impl<I: Start> pulp::NullaryFnOnce for Find<'_, I> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Find { line, along, starts, clip, places } = self;
        let mut base = line.base as isize;
        for (place, &start) in places.iter_mut().zip(starts) {
            let start = line.counted(start);
            let clamped = start.clamp(0, line.last as i64);
            let at = (base + clamped as isize * line.step) as usize;
            *place = if clip || start == clamped { at } else { OUTSIDE };
            base += along;
        }
    }
}
