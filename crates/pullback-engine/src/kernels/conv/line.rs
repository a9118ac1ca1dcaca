//! Convolutions along one axis: patches overlap in memory, and are read where they lie.

use super::FITS;
use super::{Axis, Operands};
use crate::cost::Pace;
use crate::kernels::dot::{Factor, Problem, product};
use crate::kernels::parts::Shared;
use crate::scratch::with_scratch;
use crate::threads;

/// Writes the result, `[outer, places, features]`, of a left operand without holes and groups.
pub(super) fn convolve<T: Factor, const LANES: usize>(
    operands: &Operands<T>,
    axis: &Axis,
    weights: &[T],
    out: &Shared<T>,
) {
    let &Operands { outer, inner, features, .. } = operands;
    let depth = axis.taps * inner;
    let in_block = Pace::Products.items_of_part(depth * features).clamp(16, 4096).min(axis.places);
    let blocks = axis.places.div_ceil(in_block);
    threads::for_each(outer * blocks, &|n| {
        let (entry, first) = (n / blocks, n % blocks * in_block);
        let count = in_block.min(axis.places - first);
        let points = (count - 1) * axis.stride + axis.taps;
        with_scratch(points * inner, |line| {
            // What lies under all of these places, with zeros beyond the left operand.
            let start = (first * axis.stride) as i64 - axis.low;
            let low = (-start).clamp(0, points as i64);
            let high = (axis.size as i64 - start).clamp(low, points as i64);
            let (low_at, high_at) = (low as usize * inner, high as usize * inner);
            line[..low_at].fill(T::ZERO);
            if high > low {
                let from = (entry * axis.size) * inner + (start + low) as usize * inner;
                let source = &operands.lhs[from..from + high_at - low_at];
                line[low_at..high_at].copy_from_slice(source);
            }
            line[high_at..].fill(T::ZERO);
            let problem = Problem {
                rows: count,
                columns: features,
                depth,
                lhs_at: 0,
                rhs_at: 0,
                lhs_row: (axis.stride * inner) as isize,
                lhs_depth: 1,
                rhs_depth: features as isize,
                rhs_column: 1,
            };
            let at = (entry * axis.places + first) * features;
            // SAFETY: places of one entry that no other block has.
            let out = unsafe { out.part(at, count * features) };
            product::<T, LANES>(&problem, line, weights, out).expect(FITS);
        });
    });
}
