//! Where the windows of a gather or scatter lie: positions in a buffer, from index vectors.
//!
//! Positions are computed for some hundred windows at a time, so that they stay in the
//! first-level cache and threads need not wait for each other.

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
            return self.find_along(line, 0, first, places);
        }
        let mut batching: Strides = smallvec![0; self.batch.len()];
        for (&dim, &axis) in self.batching.iter().zip(self.indices_batching) {
            // An operand axis of another size than the indices' is a caller's mistake, and would
            // read out of bounds.
            if self.shape[dim] >= self.batch[axis] {
                batching[axis] += self.strides[dim];
            }
        }
        let start = [self.offset as isize];
        if let (&[dim], Some((&row, outer))) = (self.index_map, self.batch.split_last()) {
            // The windows along the last axis of the batch, row by row.
            let along = batching.pop().expect("as many strides as axes");
            let (mut first, mut rest) = (first, places);
            for [base] in Walk::from(outer, [&batching], start, first / row) {
                let within = first % row;
                let (now, later) = rest.split_at_mut((row - within).min(rest.len()));
                let base = (base + within as isize * along) as usize;
                let last = self.shape[dim] - self.windows[dim];
                let line = Line { base, step: self.strides[dim], last };
                self.find_along(line, along, first, now);
                first += now.len();
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            return;
        }
        let walk = Walk::from(self.batch, [&batching], start, first);
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

    /// The places of windows from number `first` on, whose indices are one number each; that of
    /// the next window is moved by `along`.
    fn find_along(&self, line: Line, along: isize, first: usize, places: &mut [usize]) {
        let (range, clip) = (first..first + places.len(), self.clip);
        match self.starts {
            Starts::I32(starts) => {
                arch().dispatch(Find { line, along, starts: &starts[range], clip, places })
            }
            Starts::I64(starts) => {
                arch().dispatch(Find { line, along, starts: &starts[range], clip, places })
            }
            Starts::Converted(starts) => {
                arch().dispatch(Find { line, along, starts: &starts[range], clip, places })
            }
        }
    }
}

struct Find<'a, I> {
    line: Line,
    along: isize,
    starts: &'a [I],
    clip: bool,
    places: &'a mut [usize],
}

impl<I: Copy> pulp::NullaryFnOnce for Find<'_, I>
where
    i64: From<I>,
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Find { line: Line { base, step, last }, along, starts, clip, places } = self;
        let mut base = base as isize;
        for (place, &start) in places.iter_mut().zip(starts) {
            let start = i64::from(start);
            let clamped = start.clamp(0, last as i64);
            let at = (base + clamped as isize * step) as usize;
            *place = if clip || start == clamped { at } else { OUTSIDE };
            base += along;
        }
    }
}
