//! Convolutions of many channels to few features: sums of products along channels, which are not
//! worth packing patches for.

use super::depthwise::{dispatched, lines_seen};
use super::{Axes, Operands};
use crate::cost::Pace;
use crate::kernels::common::arch;
use crate::kernels::dot::Factor;
use crate::kernels::parts::Shared;
use crate::threads;

/// More features than this make a product of matrices worth it.
pub(super) const FEATURES: usize = 4;
/// Sums side by side, which are added in halves in the end.
const LANES: usize = 16;

/// Writes the result, `[outer, places, features]`, of a convolution without groups.
pub(super) fn convolve<T: Factor>(
    operands: &Operands<T>,
    axes: &Axes,
    weights: &[T],
    out: &Shared<T>,
) {
    let Some((last, before)) = axes.split_last() else { return };
    let &Operands { outer, inner, features, .. } = operands;
    // Each feature with its taps and channels side by side.
    let count = weights.len() / features;
    let turned: Vec<T> =
        (0..features * count).map(|n| weights[n % count * features + n / count]).collect();
    let lines = outer * before.iter().map(|axis| axis.places).product::<usize>();
    let width = last.places * features;
    let in_chunk = Pace::Products.items_of_part(last.places * count);
    threads::for_each(lines.div_ceil(in_chunk), &|n| {
        for row in n * in_chunk..((n + 1) * in_chunk).min(lines) {
            // SAFETY: a line of the result, which no other chunk has.
            let out = unsafe { out.part(row * width, width) };
            let weights = &turned[..];
            dispatched!(T, Line { lhs: operands.lhs, inner, features, axes, weights, row, out });
        }
    });
}

/// One line of the result along the last axis.
struct Line<'a, T, const FUSED: bool> {
    lhs: &'a [T],
    inner: usize,
    features: usize,
    axes: &'a Axes,
    weights: &'a [T],
    row: usize,
    out: &'a mut [T],
}

impl<T: Factor, const FUSED: bool> pulp::NullaryFnOnce for Line<'_, T, FUSED> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Line { lhs, inner, features, axes, weights, row, out } = self;
        let last = axes[axes.len() - 1];
        let seen = lines_seen(axes, row, inner);
        let count = weights.len() / features;
        for (n, slot) in out.iter_mut().enumerate() {
            let (place, own) = (n / features, &weights[n % features * count..][..count]);
            let mut acc = [T::ZERO; LANES];
            for tap in 0..last.taps {
                let Some(at) = last.at(place, tap) else { continue };
                for &(from, weight) in &seen {
                    let x = &lhs[from + at * inner..][..inner];
                    let w = &own[weight + tap * inner..][..inner];
                    add_products::<T, FUSED>(&mut acc, x, w);
                }
            }
            let mut half = LANES / 2;
            while half > 0 {
                for lane in 0..half {
                    acc[lane] = acc[lane].plus(acc[lane + half]);
                }
                half /= 2;
            }
            *slot = acc[0];
        }
    }
}

/// Adds the products of two rows to the sums.
#[inline(always)]
fn add_products<T: Factor, const FUSED: bool>(acc: &mut [T; LANES], x: &[T], w: &[T]) {
    let ((x, x_rest), (w, w_rest)) = (x.as_chunks::<LANES>(), w.as_chunks::<LANES>());
    for (x, w) in x.iter().zip(w) {
        for lane in 0..LANES {
            acc[lane] = acc[lane].add_product::<FUSED>(x[lane], w[lane]);
        }
    }
    for (lane, (&x, &w)) in x_rest.iter().zip(w_rest).enumerate() {
        acc[lane] = acc[lane].add_product::<FUSED>(x, w);
    }
}
