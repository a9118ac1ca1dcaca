//! Applying updates: one after the other, in tables, or by threads that share the target.

use std::ops::Range;

use bytemuck::Pod;

use super::own;
use crate::cost::Pace;
use crate::kernels::common::{Walk, arch, walk};
use crate::kernels::parts::{for_each_item, for_each_part, part_of};
use crate::kernels::places::{BLOCK, Line, OUTSIDE, Places, Start, Starts};
use crate::layout;
use crate::threads;

/// Updates for each table, at least: several parts, as tables are joined in the end.
const TABLE_UPDATES: usize = 4 * Pace::Places.items_of_part(1);
/// Tables, at most.
const TABLES: usize = 16;
/// Elements of windows from which on threads share the rows of the target rather than have tables.
const SHARED_ROW: usize = 16;
/// Parts of a target that threads share, at most: each of them has to look at all places.
const PARTS: usize = 8;

/// How an update is combined with the element that it goes to.
pub(super) trait Combine<T>: Copy + Sync {
    /// The new element.
    fn combine(self, old: T, new: T) -> T;

    /// Whether [`Combine::plain`] is right for all of these updates.
    fn are_plain(self, _: &[T]) -> bool {
        false
    }

    /// The new element, in less time.
    #[inline(always)]
    fn plain(self, old: T, new: T) -> T {
        self.combine(old, new)
    }
}

impl<T, F: Fn(T, T) -> T + Copy + Sync> Combine<T> for F {
    #[inline(always)]
    fn combine(self, old: T, new: T) -> T {
        self(old, new)
    }
}

/// Windows of updates, and where they go.
pub(super) struct Updates<'a> {
    pub places: &'a Places<'a>,
    pub bytes: &'a [u8],
    pub batch: &'a [usize],
    pub batch_from: &'a [isize],
    pub offset: usize,
    pub window: &'a [usize],
    pub window_from: &'a [isize],
    pub window_to: &'a [isize],
}

impl Updates<'_> {
    /// Puts the updates in the place of elements.
    pub(super) fn replace<T: Pod + Send + Sync>(&self, target: &mut [T]) {
        self.share(target, |_, new| new);
    }

    /// Combines the updates with elements. `nothing` is what updates may be combined with first,
    /// and their combinations then `join` the elements.
    pub(super) fn combine<T: Pod + Send + Sync>(
        &self,
        target: &mut [T],
        nothing: Option<T>,
        combine: impl Combine<T>,
        join: impl Fn(T, T) -> T + Copy + Sync,
    ) {
        let count = self.places.count();
        let updates = count * layout::count(self.window);
        let tables = (updates / TABLE_UPDATES.max(8 * target.len())).min(TABLES);
        let nothing = nothing.filter(|_| tables > 1 && !self.is_row());
        let Some(nothing) = nothing else {
            return self.share(target, combine);
        };
        let mut table = vec![nothing; tables * target.len()];
        let per_table = count.div_ceil(tables);
        for_each_item(table.chunks_mut(target.len()).enumerate(), |(n, table)| {
            let range = (n * per_table).min(count)..((n + 1) * per_table).min(count);
            self.apply(range, 0, table, combine);
        });
        let length = target.len();
        for_each_part(target, part_of(size_of::<T>() * tables), |start, target| {
            for table in table.chunks(length) {
                for (slot, &value) in target.iter_mut().zip(&table[start..]) {
                    *slot = join(*slot, value);
                }
            }
        });
    }

    /// Whether windows are long rows of the target.
    fn is_row(&self) -> bool {
        self.shared().is_some_and(|row| row >= SHARED_ROW)
    }

    /// The elements of a window, if the target is made of as many one after the other, so that
    /// threads can share it.
    fn shared(&self) -> Option<usize> {
        let Line { base, step, .. } = self.places.line()?;
        let row = match (self.window, self.window_to) {
            ([], _) => 1,
            (&[row], [1]) => row,
            _ => return None,
        };
        (base == 0 && step == row as isize).then_some(row)
    }

    /// Applies all updates; where windows lie in the target one after the other, threads share it.
    fn share<T: Pod + Send + Sync>(&self, target: &mut [T], combine: impl Combine<T>) {
        let count = self.places.count();
        // To look at all places must take far less time than to apply the updates.
        let pays = |&row: &usize| row >= SHARED_ROW || self.is_quick::<T>();
        let row = self.shared().filter(pays).unwrap_or(0);
        // Each thread looks at all places, and applies the windows of its own part in order.
        let parts = (count * row / TABLE_UPDATES).min(threads::num_threads()).min(PARTS);
        if parts < 2 {
            return self.apply(0..count, 0, target, combine);
        }
        let rows = (target.len() / row).div_ceil(parts);
        for_each_part(target, rows * row, |start, target| {
            self.apply(0..count, start, target, combine);
        });
    }

    /// Applies the windows of a range to a target that begins at element `start`; those that are
    /// not within it are left out.
    fn apply<T: Pod>(
        &self,
        range: Range<usize>,
        start: usize,
        target: &mut [T],
        combine: impl Combine<T>,
    ) {
        let exact = |old, new| combine.combine(old, new);
        let source: &[T] = bytemuck::cast_slice(self.bytes);
        let mut from =
            Walk::from(self.batch, [self.batch_from], [self.offset as isize], range.start);
        let (mut places, mut values) = ([OUTSIDE; BLOCK], [T::zeroed(); BLOCK]);
        let mut next = range.start;
        while next < range.end {
            let count = (range.end - next).min(BLOCK);
            let places = &mut places[..count];
            if self.window.is_empty() {
                let values = match (self.batch, self.batch_from) {
                    ([_], [1]) => &source[self.offset + next..][..count],
                    _ => {
                        for (value, [at]) in values[..count].iter_mut().zip(&mut from) {
                            *value = source[at as usize];
                        }
                        &values[..count]
                    }
                };
                match combine.are_plain(values) {
                    true => {
                        let plain = |old, new| combine.plain(old, new);
                        self.apply_elements(next, places, values, start, target, plain);
                    }
                    false => self.apply_elements(next, places, values, start, target, exact),
                }
            } else {
                self.places.find(next, places);
                match (self.batch, self.batch_from) {
                    ([_], &[step]) => {
                        let first = self.offset as isize + next as isize * step;
                        let from = (0..).map(|n| [first + n * step]);
                        self.apply_windows(source, places, from, start, target, exact);
                    }
                    _ => self.apply_windows(source, places, &mut from, start, target, exact),
                }
            }
            next += count;
        }
    }

    /// Applies single elements from number `first` on, with room for their places.
    fn apply_elements<T: Pod>(
        &self,
        first: usize,
        places: &mut [usize],
        values: &[T],
        start: usize,
        target: &mut [T],
        combine: impl Fn(T, T) -> T + Copy,
    ) {
        if self.apply_indices(first, values, start, target, combine) {
            // All is done.
        } else if let Some(indices) = self.indices::<T>(first..first + values.len()) {
            own::apply_indices(indices, values, start, target, combine);
        } else {
            self.places.find(first, places);
            own::apply(places, values, start, target, combine);
        }
    }

    /// Whether threads look at indices much quicker than they apply updates.
    fn is_quick<T>(&self) -> bool {
        self.indices::<T>(0..0).is_some()
    }

    /// Indices of single elements, as [`own::apply_indices`] takes them.
    fn indices<T>(&self, range: Range<usize>) -> Option<own::Indices<'_>> {
        let line = self.places.line().filter(own::is_quick::<T>)?;
        let Starts::I32(starts) = self.places.starts else { return None };
        let is_single = self.window.is_empty() && line.step == 1;
        is_single.then(|| own::Indices { starts: &starts[range], line, clip: self.places.clip })
    }

    /// Applies single elements at indices that are places themselves, from number `first` on.
    /// Returns whether they are, and seldom repeat: else their places are better looked at.
    fn apply_indices<T: Pod>(
        &self,
        first: usize,
        values: &[T],
        start: usize,
        target: &mut [T],
        combine: impl Fn(T, T) -> T,
    ) -> bool {
        let is_place = |line: &Line| line.is_short() && line.base == 0 && line.last < target.len();
        let Some(line) = self.places.line().filter(is_place) else { return false };
        let (target, clip) = (&mut target[..=line.last], self.places.clip);
        let range = first..first + values.len();
        if start != 0 {
            return false;
        }
        match self.places.starts {
            Starts::I32(starts) => apply_at(&starts[range], line, clip, values, target, combine),
            Starts::I64(starts) => apply_at(&starts[range], line, clip, values, target, combine),
            Starts::Converted(_) => false,
        }
    }

    /// Applies the windows at places, which come from the positions that `from` gives.
    fn apply_windows<T: Pod>(
        &self,
        source: &[T],
        places: &[usize],
        from: impl Iterator<Item = [isize; 1]>,
        start: usize,
        target: &mut [T],
        combine: impl Fn(T, T) -> T + Copy,
    ) {
        // Without branches, as it could not be foreseen which windows are within the target.
        let (mut own, mut count) = ([(0, 0); BLOCK], 0);
        for (&place, [at]) in places.iter().zip(from) {
            let to = place.wrapping_sub(start);
            own[count] = (at as usize, to);
            count += usize::from(to < target.len());
        }
        let own = &own[..count];
        if let (&[row], [1], [1]) = (self.window, self.window_from, self.window_to) {
            return arch().dispatch(Rows { source, own, row, target, combine });
        }
        for &(from, to) in own {
            let strides = [self.window_from, self.window_to];
            walk(self.window, strides, [from as isize, to as isize], |[from, to]| {
                let slot = &mut target[to as usize];
                *slot = combine(*slot, source[from as usize]);
            });
        }
    }
}

/// Windows that are rows of source and target, and where they begin in both.
struct Rows<'a, T, F> {
    source: &'a [T],
    own: &'a [(usize, usize)],
    row: usize,
    target: &'a mut [T],
    combine: F,
}

impl<T: Pod, F: Fn(T, T) -> T> pulp::NullaryFnOnce for Rows<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Rows { source, own, row, target, combine } = self;
        for &(from, to) in own {
            for (slot, &update) in target[to..to + row].iter_mut().zip(&source[from..from + row]) {
                *slot = combine(*slot, update);
            }
        }
    }
}

/// Applies single elements at indices, unless many of these repeat the one before.
#[inline(always)]
fn apply_at<T: Pod, I: Start>(
    indices: &[I],
    line: Line,
    clip: bool,
    values: &[T],
    target: &mut [T],
    combine: impl Fn(T, T) -> T,
) -> bool {
    if repeats(indices) {
        return false;
    }
    let (last, back) = (target.len() as i64 - 1, line.back);
    for (&index, &value) in indices.iter().zip(values) {
        let at = match clip {
            true => line.counted(index).clamp(0, last) as usize,
            false => I::at(index.place(back)),
        };
        if let Some(slot) = target.get_mut(at) {
            *slot = combine(*slot, value);
        }
    }
    true
}

/// Whether many elements repeat the one before.
pub(super) fn repeats<I: PartialEq>(indices: &[I]) -> bool {
    let repeated = indices.iter().zip(&indices[1..]).filter(|(a, b)| a == b).count();
    4 * repeated > indices.len()
}
