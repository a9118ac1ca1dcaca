//! Which elements lie under a window at each of its places.

use std::ops::Range;

use smallvec::SmallVec;

use super::Window;
use crate::cost::Cost;
use crate::layout::Shape;
use crate::threads;

/// One axis: its sizes, and how the window moves along it.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub size: usize,
    pub places: usize,
    pub taps: usize,
    pub stride: usize,
    pub low: i64,
    pub dilation: usize,
    pub step: usize,
}

impl Axis {
    /// Whether the window has one element along the axis at every place.
    fn is_still(&self) -> bool {
        self.taps == 1
            && self.places == self.size
            && self.stride == 1
            && self.low == 0
            && self.dilation == 1
    }

    /// What is seen at every place, and the distance of what is seen: taps that fall between
    /// elements do not count, and so every so many taps do.
    fn seen(&self) -> (Vec<Seen>, usize) {
        let gcd = |mut a: usize, mut b: usize| {
            while b > 0 {
                (a, b) = (b, a % b);
            }
            a
        };
        let every = self.dilation / gcd(self.step, self.dilation);
        let distance = self.step * every / self.dilation;
        let at = |place: usize| {
            let offset = |tap: usize| (place * self.stride + tap * self.step) as i64 - self.low;
            let dilation = self.dilation as i64;
            let on = |&tap: &usize| offset(tap).rem_euclid(dilation) == 0;
            let Some(tap) = (0..every.min(self.taps)).find(on) else {
                return Seen { first: 0, count: 0 };
            };
            // Elements before the array and behind it are left out.
            let (start, step) = (offset(tap) / dilation, distance as i64);
            let taps = (self.taps - tap).div_ceil(every) as i64;
            let low = if start < 0 { (-start + step - 1) / step } else { 0 };
            let high = ((self.size as i64 - start + step - 1).div_euclid(step)).clamp(0, taps);
            match low < high {
                true => Seen { first: (start + low * step) as usize, count: (high - low) as usize },
                false => Seen { first: 0, count: 0 },
            }
        };
        ((0..self.places).map(at).collect(), distance)
    }
}

/// What lies under the window along one axis at one place: so many elements from the first on.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub first: usize,
    pub count: usize,
}

/// A window over an array whose still axes at the end are one, and of which the first `apart` are
/// still too.
pub(super) struct Plan {
    pub axes: SmallVec<[Axis; 4]>,
    /// For each axis that moves what is seen at every place, and the distance of what is seen.
    seen: SmallVec<[(Vec<Seen>, usize); 4]>,
    /// Elements side by side.
    pub row: usize,
    /// Entries of the still axes in front, and how many of the axes they are.
    pub outer: usize,
    pub apart: usize,
    pub shape: Shape,
}

/// Some places of the window along the last axis that it moves along.
pub(super) struct Line<'a> {
    /// The lines of the array under it, in rows of elements from the first of each.
    pub lines: &'a [usize],
    /// What is seen of each at every place, and its distance.
    pub seen: &'a [Seen],
    pub distance: usize,
}

impl Window {
    /// The number of places along each axis of an array of the given shape.
    pub fn places(&self, shape: &[usize]) -> Shape {
        let spread =
            |size: usize, by: usize| if size == 0 { 0 } else { ((size - 1) * by + 1) as i64 };
        (0..shape.len())
            .map(|n| {
                let (low, high) = self.padding[n];
                let whole = spread(shape[n], self.base_dilation[n]) + low + high;
                let left = whole - spread(self.dimensions[n], self.window_dilation[n]);
                if left < 0 { 0 } else { left as usize / self.strides[n] + 1 }
            })
            .collect()
    }

    pub(super) fn plan(&self, shape: &[usize]) -> Plan {
        let places = self.places(shape);
        let mut axes: SmallVec<[Axis; 4]> = (0..shape.len())
            .map(|n| Axis {
                size: shape[n],
                places: places[n],
                taps: self.dimensions[n],
                stride: self.strides[n],
                low: self.padding[n].0,
                dilation: self.base_dilation[n],
                step: self.window_dilation[n],
            })
            .collect();
        let mut row = 1;
        while let Some(last) = axes.last()
            && last.is_still()
        {
            row *= last.size;
            axes.pop();
        }
        let apart = axes.iter().take_while(|axis| axis.is_still()).count();
        let outer = axes[..apart].iter().map(|axis| axis.size).product();
        let seen = axes[apart..].iter().map(Axis::seen).collect();
        Plan { axes, seen, row, outer, apart, shape: places }
    }
}

impl Plan {
    /// Places of the window, in rows, for one entry of the axes apart.
    pub(super) fn rows(&self) -> usize {
        self.axes[self.apart..].iter().map(|axis| axis.places).product()
    }

    /// Rows of the result that a thread takes at a time, of elements of so many bytes.
    pub(super) fn rows_of_part(&self, size: usize) -> usize {
        let taps: usize = self.axes[self.apart..].iter().map(|axis| axis.taps).product();
        let element = Cost::flops(taps) + Cost::bytes(2 * size);
        (element * self.row.max(1) as f64).items_of_part()
    }

    /// Rows of the array for one entry of the axes apart.
    pub(super) fn source_rows(&self) -> usize {
        self.axes[self.apart..].iter().map(|axis| axis.size).product()
    }

    /// Calls `f` for places of one entry, with each the rows of the array under the window, in the
    /// order of the taps.
    #[inline(always)]
    pub(super) fn each_place(
        &self,
        entry: usize,
        places: Range<usize>,
        mut f: impl FnMut(usize, &[usize]),
    ) {
        let mut under: Vec<usize> = vec![];
        self.each_line(entry, places, |place, Line { lines, seen, distance }| {
            for (n, &Seen { first, count }) in seen.iter().enumerate() {
                under.clear();
                for &line in lines {
                    under.extend((0..count).map(|n| line + first + n * distance));
                }
                f(place + n, &under);
            }
        });
    }

    /// Calls `f` for places of one entry, line by line: with the first place, and what is seen at
    /// those that follow each other along the last axis.
    #[inline(always)]
    pub(super) fn each_line(
        &self,
        entry: usize,
        places: Range<usize>,
        mut f: impl FnMut(usize, Line),
    ) {
        const STILL: [Seen; 1] = [Seen { first: 0, count: 1 }];
        let axes = &self.axes[self.apart..];
        let Some((last, before)) = axes.split_last() else {
            return places.for_each(|place| {
                f(place, Line { lines: &[entry], seen: &STILL, distance: 1 });
            });
        };
        let (last_seen, distance) = &self.seen[before.len()];
        let mut lines: Vec<usize> = vec![];
        let mut place = places.start;
        while place < places.end {
            // The lines of the last axis that are seen from this one.
            let mut rest = place / last.places;
            let begin = place % last.places;
            let count = (last.places - begin).min(places.end - place);
            let mut digits: Shape = Shape::from_elem(0, before.len());
            for (axis, digit) in before.iter().zip(&mut digits).rev() {
                *digit = rest % axis.places;
                rest /= axis.places;
            }
            lines.clear();
            lines.push(entry);
            for ((axis, (seen, distance)), &digit) in before.iter().zip(&self.seen).zip(&digits) {
                let Seen { first, count } = seen[digit];
                let known = lines.len();
                for n in 0..known {
                    let base = lines[n] * axis.size + first;
                    lines.extend((0..count).map(|n| base + n * distance));
                }
                lines.drain(..known);
            }
            lines.iter_mut().for_each(|line| *line *= last.size);
            let seen = &last_seen[begin..begin + count];
            f(place, Line { lines: &lines, seen, distance: *distance });
            place += count;
        }
    }

    /// Calls `work` for runs of the rows of the result, on all threads: entry, places, and where in
    /// the rows of the result they begin.
    pub(super) fn each_run(&self, size: usize, work: impl Fn(usize, Range<usize>) + Sync) {
        let rows = self.rows();
        let in_chunk = self.rows_of_part(size);
        let total = self.outer * rows;
        threads::for_each(total.div_ceil(in_chunk), &|n| {
            let (mut at, end) = (n * in_chunk, ((n + 1) * in_chunk).min(total));
            while at < end {
                let (entry, place) = (at / rows, at % rows);
                let count = (rows - place).min(end - at);
                work(entry, place..place + count);
                at += count;
            }
        });
    }
}
