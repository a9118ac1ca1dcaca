//! Convolutions of every channel alone: loops over channels, some at a time in registers.

use super::{Axes, Operands};
use crate::cost::Pace;
use crate::kernels::common::arch;
use crate::kernels::dot::Factor;
use crate::kernels::parts::Shared;
use crate::layout::Shape;
use crate::sync::Mutex;
use crate::threads;

/// Channels whose sums are in registers together.
const LANES: usize = 64;

/// Runs a body with the instruction sets of the processor, rounding products and sums as one
/// where it can.
macro_rules! dispatched {
    ($T:ty, $name:ident $fields:tt) => {{
        let fused = !matches!(arch(), pulp::Arch::Scalar);
        if <$T>::FUSES && fused {
            arch().dispatch($name::<$T, true> $fields)
        } else {
            arch().dispatch($name::<$T, false> $fields)
        }
    }};
}

pub(super) use dispatched;

/// The element of each digit of `n`, the last axis fastest, and what is left.
pub(super) fn digits(
    mut n: usize,
    sizes: impl DoubleEndedIterator<Item = usize>,
    into: &mut Shape,
) -> usize {
    into.clear();
    for size in sizes.rev() {
        into.push(n % size);
        n /= size;
    }
    into.reverse();
    n
}

/// Positions of the axes but the last: of the left operand in lines of the last axis, or `None`
/// outside.
pub(super) fn line(axes: &Axes, place: &[usize], tap: &[usize]) -> Option<usize> {
    let mut at = 0;
    for ((axis, &place), &tap) in axes.iter().zip(place).zip(tap) {
        at = at * axis.size + axis.at(place, tap)?;
    }
    Some(at)
}

/// The lines of the left operand that a line of the result sees, and the weights of the taps that
/// it sees them under: where each begins, with so many elements in an entry.
pub(super) fn lines_seen(axes: &Axes, row: usize, inner: usize) -> Vec<(usize, usize)> {
    let Some((last, before)) = axes.split_last() else { return vec![] };
    let before: Axes = before.into();
    let (mut place, mut tap) = (Shape::new(), Shape::new());
    let outer = digits(row, before.iter().map(|axis| axis.places), &mut place);
    let space: usize = before.iter().map(|axis| axis.size).product();
    let mut seen = vec![];
    for n in 0..before.iter().map(|axis| axis.taps).product() {
        digits(n, before.iter().map(|axis| axis.taps), &mut tap);
        if let Some(at) = line(&before, &place, &tap) {
            let from = (outer * space + at) * last.size * inner;
            seen.push((from, n * last.taps * inner));
        }
    }
    seen
}

/// Few taps, many places: `out[outer, place, c] = Σ lhs[outer, under the tap, c] weights[tap, c]`.
pub(super) fn sliding<T: Factor>(
    operands: &Operands<T>,
    axes: &Axes,
    weights: &[T],
    out: &Shared<T>,
) {
    let Some((last, first_axes)) = axes.split_last() else {
        return pointwise(operands, weights, out);
    };
    let lines_of_outer: usize = first_axes.iter().map(|axis| axis.places).product();
    let lines = operands.outer * lines_of_outer;
    let width = last.places * operands.inner;
    let taps: usize = axes.iter().map(|axis| axis.taps).product();
    let in_chunk = Pace::Products.items_of_part(width * taps);
    threads::for_each(lines.div_ceil(in_chunk), &|n| {
        for row in n * in_chunk..((n + 1) * in_chunk).min(lines) {
            // SAFETY: a line of the result, which no other chunk has.
            let out = unsafe { out.part(row * width, width) };
            dispatched!(T, Line { operands, axes, weights, row, out });
        }
    });
}

/// A convolution over no axis is a product of each entry with the weights.
fn pointwise<T: Factor>(operands: &Operands<T>, weights: &[T], out: &Shared<T>) {
    // SAFETY: nothing else has the result.
    let out = unsafe { out.part(0, operands.lhs.len()) };
    for (n, (slot, &value)) in out.iter_mut().zip(operands.lhs).enumerate() {
        *slot = value.times(weights[n % operands.inner]);
    }
}

/// One line of the result along the last axis.
struct Line<'a, T, const FUSED: bool> {
    operands: &'a Operands<'a, T>,
    axes: &'a Axes,
    weights: &'a [T],
    row: usize,
    out: &'a mut [T],
}

impl<T: Factor, const FUSED: bool> pulp::NullaryFnOnce for Line<'_, T, FUSED> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Line { operands, axes, weights, row, out } = self;
        let (channels, rank) = (operands.inner, axes.len() - 1);
        let last = axes[rank];
        let seen = lines_seen(axes, row, channels);
        let mut channel = 0;
        while channel < channels {
            let left = channels - channel;
            for (x, out) in out.chunks_exact_mut(channels).enumerate() {
                let out = &mut out[channel..];
                match left {
                    LANES.. => point::<T, FUSED, LANES>(
                        operands.lhs,
                        weights,
                        &seen,
                        last,
                        x,
                        channel,
                        channels,
                        out,
                    ),
                    16.. => point::<T, FUSED, 16>(
                        operands.lhs,
                        weights,
                        &seen,
                        last,
                        x,
                        channel,
                        channels,
                        out,
                    ),
                    _ => point::<T, FUSED, 1>(
                        operands.lhs,
                        weights,
                        &seen,
                        last,
                        x,
                        channel,
                        channels,
                        out,
                    ),
                }
            }
            channel += match left {
                LANES.. => LANES,
                16.. => 16,
                _ => 1,
            };
        }
    }
}

/// The sums at one place, for some channels.
#[inline(always)]
fn point<T: Factor, const FUSED: bool, const N: usize>(
    lhs: &[T],
    weights: &[T],
    seen: &[(usize, usize)],
    axis: super::Axis,
    place: usize,
    channel: usize,
    channels: usize,
    out: &mut [T],
) {
    let mut acc = [T::ZERO; N];
    for tap in 0..axis.taps {
        let Some(at) = axis.at(place, tap) else { continue };
        for &(from, weight) in seen {
            let x = &lhs[from + at * channels + channel..][..N];
            let w = &weights[weight + tap * channels + channel..][..N];
            for lane in 0..N {
                acc[lane] = acc[lane].add_product::<FUSED>(x[lane], w[lane]);
            }
        }
    }
    out[..N].copy_from_slice(&acc);
}

/// Many taps, few places, whose roles `axes` have exchanged: `out[place, c] = Σ lhs[outer, under the
/// tap, c] rhs[outer, tap, c]`.
pub(super) fn gathered<T: Factor>(operands: &Operands<T>, axes: &Axes, out: &mut [T]) {
    let Some((last, first_axes)) = axes.split_last() else {
        out.fill(T::ZERO);
        for (n, (&x, &y)) in operands.lhs.iter().zip(operands.rhs).enumerate() {
            let slot = &mut out[n % operands.inner];
            *slot = slot.plus(x.times(y));
        }
        return;
    };
    let lines_of_outer: usize = first_axes.iter().map(|axis| axis.places).product();
    let lines = operands.outer * lines_of_outer;
    let taps: usize = axes.iter().map(|axis| axis.taps).product();
    let of_line = last.places * operands.inner * taps;
    let in_part = Pace::Products.items_of_part(of_line).max(lines.div_ceil(16));
    let sums: Vec<Mutex<Vec<T>>> =
        (0..lines.div_ceil(in_part)).map(|_| Mutex::new(vec![T::ZERO; out.len()])).collect();
    threads::for_each(sums.len(), &|n| {
        let mut sum = sums[n].lock().expect("no thread has failed");
        for row in n * in_part..((n + 1) * in_part).min(lines) {
            let sum = &mut sum[..];
            dispatched!(T, Sums { operands, axes, row, sum });
        }
    });
    for (n, sum) in sums.into_iter().enumerate() {
        let sum = sum.into_inner().expect("no thread has failed");
        for (slot, value) in out.iter_mut().zip(sum) {
            *slot = if n == 0 { value } else { slot.plus(value) };
        }
    }
}

/// What one line of the right operand adds to all sums.
struct Sums<'a, T, const FUSED: bool> {
    operands: &'a Operands<'a, T>,
    axes: &'a Axes,
    row: usize,
    sum: &'a mut [T],
}

impl<T: Factor, const FUSED: bool> pulp::NullaryFnOnce for Sums<'_, T, FUSED> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Sums { operands, axes, row, sum } = self;
        let (channels, rank) = (operands.inner, axes.len() - 1);
        let last = axes[rank];
        let first: Axes = axes[..rank].into();
        let mut place = Shape::new();
        let outer = digits(row, first.iter().map(|axis| axis.places), &mut place);
        let space: usize = first.iter().map(|axis| axis.size).product();
        let rhs = &operands.rhs[row * last.places * channels..][..last.places * channels];
        let mut tap = Shape::new();
        let tap_lines: usize = first.iter().map(|axis| axis.taps).product();
        for n in 0..tap_lines {
            digits(n, first.iter().map(|axis| axis.taps), &mut tap);
            let Some(at) = line(&first, &place, &tap) else { continue };
            let lhs = &operands.lhs[(outer * space + at) * last.size * channels..];
            for tap in 0..last.taps {
                let sum = &mut sum[(n * last.taps + tap) * channels..][..channels];
                let mut channel = 0;
                while channel < channels {
                    channel += match channels - channel {
                        LANES.. => {
                            along::<T, FUSED, LANES>(lhs, rhs, last, tap, channel, channels, sum)
                        }
                        16.. => along::<T, FUSED, 16>(lhs, rhs, last, tap, channel, channels, sum),
                        _ => along::<T, FUSED, 1>(lhs, rhs, last, tap, channel, channels, sum),
                    };
                }
            }
        }
    }
}

/// Adds the products along a line, under one tap, for some channels; how many.
#[inline(always)]
fn along<T: Factor, const FUSED: bool, const N: usize>(
    lhs: &[T],
    rhs: &[T],
    axis: super::Axis,
    tap: usize,
    channel: usize,
    channels: usize,
    sum: &mut [T],
) -> usize {
    let mut acc = [T::ZERO; N];
    for place in 0..axis.places {
        let Some(at) = axis.at(place, tap) else { continue };
        let x = &lhs[at * channels + channel..][..N];
        let y = &rhs[place * channels + channel..][..N];
        for lane in 0..N {
            acc[lane] = acc[lane].add_product::<FUSED>(x[lane], y[lane]);
        }
    }
    for (slot, value) in sum[channel..channel + N].iter_mut().zip(acc) {
        *slot = slot.plus(value);
    }
    N
}
