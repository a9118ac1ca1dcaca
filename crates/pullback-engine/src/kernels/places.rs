//! Where the windows of a gather or scatter lie: positions in a buffer, from index vectors.
//!
//! Positions are computed for some hundred windows at a time, so that they stay in the
//! first-level cache and threads need not wait for each other.

use smallvec::smallvec;

use super::common::{Walk, integers};
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
    /// The shape that index vectors are laid out over, and they.
    pub batch: &'a [usize],
    pub starts: &'a Starts<'a>,
}

/// Windows along one axis: element `i` begins at `base + i * step` for all `i` up to `last`.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub base: usize,
    pub step: isize,
    pub last: usize,
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
            (&[dim], []) if !self.is_impossible() => Some(Line {
                base: self.offset,
                step: self.strides[dim],
                last: self.shape[dim] - self.windows[dim],
            }),
            _ => None,
        }
    }

    /// The position of the first element of windows `first..first + places.len()`, or `OUTSIDE`.
    pub(super) fn find(&self, first: usize, places: &mut [usize]) {
        if self.is_impossible() {
            return places.fill(OUTSIDE);
        }
        if let Some(line) = self.line() {
            let range = first..first + places.len();
            return match self.starts {
                Starts::I32(starts) => {
                    line.find(starts[range].iter().map(|&v| v as i64), self.clip, places)
                }
                Starts::I64(starts) => line.find(starts[range].iter().copied(), self.clip, places),
                Starts::Converted(starts) => {
                    line.find(starts[range].iter().copied(), self.clip, places)
                }
            };
        }
        let mut batching: Strides = smallvec![0; self.batch.len()];
        for (&dim, &axis) in self.batching.iter().zip(self.indices_batching) {
            // An operand axis of another size than the indices' is a caller's mistake, and would
            // read out of bounds.
            if self.shape[dim] >= self.batch[axis] {
                batching[axis] += self.strides[dim];
            }
        }
        let walk = Walk::from(self.batch, [&batching], [self.offset as isize], first);
        let mut next = first * self.index_map.len();
        for (place, [base]) in places.iter_mut().zip(walk) {
            let (mut at, mut inside) = (base, true);
            for (component, &dim) in self.index_map.iter().enumerate() {
                let last = (self.shape[dim] - self.windows[dim]) as i64;
                let start = self.starts.get(next + component);
                let clamped = start.clamp(0, last);
                inside &= self.clip || start == clamped;
                at += clamped as isize * self.strides[dim];
            }
            next += self.index_map.len();
            *place = if inside { at as usize } else { OUTSIDE };
        }
    }
}

impl Line {
    #[inline(always)]
    fn find(self, starts: impl Iterator<Item = i64>, clip: bool, places: &mut [usize]) {
        for (place, start) in places.iter_mut().zip(starts) {
            let clamped = start.clamp(0, self.last as i64);
            let at = (self.base as isize + clamped as isize * self.step) as usize;
            *place = if clip || start == clamped { at } else { OUTSIDE };
        }
    }
}
