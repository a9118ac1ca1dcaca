//! Patches of the left operand, packed one row a patch.

use super::{Axes, Axis};
use crate::kernels::dot::Factor;
use crate::layout::Shape;

/// What lies under the window at every place: `[outer, places]` rows of `[taps, channels]`.
pub(super) struct Patches<'a, T> {
    /// `[outer, space, inner]`, from the first outer entry and the first channel on.
    pub(super) source: &'a [T],
    /// The number of elements of one outer entry.
    pub(super) stride: usize,
    /// The number of elements at one point in space.
    pub(super) inner: usize,
    /// How many of them are taken.
    pub(super) channels: usize,
    pub(super) axes: &'a Axes,
}

impl<T: Factor> Patches<'_, T> {
    /// Whether columns are packed faster than rows: where channels are few, and lines are long.
    pub(super) fn is_narrow(&self) -> bool {
        self.channels < 8 && self.axes.last().is_some_and(|axis| axis.places >= 8)
    }

    /// The elements of one patch.
    pub(super) fn depth(&self) -> usize {
        self.axes.iter().map(|axis| axis.taps).product::<usize>() * self.channels
    }

    /// Writes patches from the first on to `out`, which has room for as many as are wanted.
    pub(super) fn pack(&self, first: usize, out: &mut [T]) {
        // Places, as digits; the outer entry is what is left.
        let rank = self.axes.len();
        let mut place: Shape = Shape::from_elem(0, rank);
        let mut outer = first;
        for axis in (0..rank).rev() {
            place[axis] = outer % self.axes[axis].places;
            outer /= self.axes[axis].places;
        }
        for row in out.chunks_exact_mut(self.depth()) {
            self.taps(0, &place, outer * self.stride, row);
            let mut axis = rank;
            loop {
                if axis == 0 {
                    outer += 1;
                    break;
                }
                axis -= 1;
                place[axis] += 1;
                if place[axis] < self.axes[axis].places {
                    break;
                }
                place[axis] = 0;
            }
        }
    }

    /// What is under all taps of the axes from `axis` on, where `base` is the position so far.
    fn taps(&self, axis: usize, place: &[usize], base: usize, out: &mut [T]) {
        let Some(this) = self.axes.get(axis) else {
            return out.copy_from_slice(&self.source[base..base + self.channels]);
        };
        // Elements between neighbours along this axis.
        let inner = self.axes[axis + 1..].iter().map(|axis| axis.size).product::<usize>();
        let pitch = inner * self.inner;
        if axis + 1 == self.axes.len() && this.step == 1 && self.channels == self.inner {
            return self.run(this, place[axis], base, out);
        }
        let parts = out.chunks_exact_mut(out.len() / this.taps);
        for (tap, part) in parts.enumerate() {
            match this.at(place[axis], tap) {
                Some(at) => self.taps(axis + 1, place, base + at * pitch, part),
                None => part.fill(T::ZERO),
            }
        }
    }

    /// The taps of the last axis, which are neighbours in memory but for holes and borders.
    fn run(&self, axis: &Axis, place: usize, base: usize, out: &mut [T]) {
        let channels = self.channels;
        let start = (place * axis.stride) as i64 - axis.low;
        if axis.dilation > 1 {
            for (tap, part) in out.chunks_exact_mut(channels).enumerate() {
                match axis.at(place, tap) {
                    Some(at) => {
                        let from = base + at * channels;
                        part.copy_from_slice(&self.source[from..from + channels]);
                    }
                    None => part.fill(T::ZERO),
                }
            }
            return;
        }
        let taps = axis.taps as i64;
        let low = (-start).clamp(0, taps);
        let high = (axis.size as i64 - start).clamp(low, taps);
        let (low_at, high_at) = (low as usize * channels, high as usize * channels);
        out[..low_at].fill(T::ZERO);
        if high > low {
            let from = base + (start + low) as usize * channels;
            out[low_at..high_at].copy_from_slice(&self.source[from..from + high_at - low_at]);
        }
        out[high_at..].fill(T::ZERO);
    }

    /// Writes patches from the first on to `out`, one column a patch: where channels are few, the
    /// elements under one tap at neighbouring places are longer rows than those of one patch.
    pub(super) fn pack_across(&self, first: usize, count: usize, out: &mut [T]) {
        let Some((last, before)) = self.axes.split_last() else {
            for (n, place) in (first..first + count).enumerate() {
                for channel in 0..self.channels {
                    out[channel * count + n] = self.source[place * self.stride + channel];
                }
            }
            return;
        };
        let tap_lines: usize = before.iter().map(|axis| axis.taps).product();
        let mut done = 0;
        while done < count {
            // The places of one line, or what there is of it.
            let mut rest = (first + done) / last.places;
            let begin = (first + done) % last.places;
            let end = last.places.min(begin + count - done);
            let mut place = Shape::from_elem(0, before.len());
            for (axis, digit) in before.iter().zip(&mut place).rev() {
                *digit = rest % axis.places;
                rest /= axis.places;
            }
            for n in 0..tap_lines {
                let base = self
                    .line(before, &place, n)
                    .map(|line| rest * self.stride + line * last.size * self.inner);
                for tap in 0..last.taps {
                    for channel in 0..self.channels {
                        let row = (n * last.taps + tap) * self.channels + channel;
                        let out = &mut out[row * count + done..][..end - begin];
                        match base {
                            Some(base) => self.along(last, tap, begin, base + channel, out),
                            None => out.fill(T::ZERO),
                        }
                    }
                }
            }
            done += end - begin;
        }
    }

    /// The line of the last axis under a tap of the axes before, which `n` counts.
    fn line(&self, before: &[Axis], place: &[usize], n: usize) -> Option<usize> {
        let (mut rest, mut scale, mut line) = (n, 1, 0);
        for (axis, &place) in before.iter().zip(place).rev() {
            line += axis.at(place, rest % axis.taps)? * scale;
            rest /= axis.taps;
            scale *= axis.size;
        }
        Some(line)
    }

    /// The elements under one tap at the places of a line from `begin` on.
    fn along(&self, axis: &Axis, tap: usize, begin: usize, base: usize, out: &mut [T]) {
        if axis.dilation > 1 {
            for (n, slot) in out.iter_mut().enumerate() {
                let at = axis.at(begin + n, tap);
                *slot = at.map_or(T::ZERO, |at| self.source[base + at * self.inner]);
            }
            return;
        }
        // Places from the first to before the second see an element.
        let offset = (tap * axis.step) as i64 - axis.low;
        let stride = axis.stride as i64;
        let reach = |at: i64| {
            let place = (at - offset + stride - 1).div_euclid(stride) - begin as i64;
            place.clamp(0, out.len() as i64) as usize
        };
        let low = reach(0);
        let high = reach(axis.size as i64).max(low);
        out[..low].fill(T::ZERO);
        out[high..].fill(T::ZERO);
        if low == high {
            return;
        }
        let first = ((begin + low) as i64 * stride + offset) as usize;
        let from = &self.source[base + first * self.inner..];
        match axis.stride * self.inner {
            1 => out[low..high].copy_from_slice(&from[..high - low]),
            step => {
                for (slot, &value) in out[low..high].iter_mut().zip(from.iter().step_by(step)) {
                    *slot = value;
                }
            }
        }
    }
}
