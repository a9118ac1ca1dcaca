//! Products of a matrix and a vector, and of two vectors.
//!
//! Whatever the strides, the sum is formed in the same order: product `i` goes to lane
//! `i % LANES`, the lanes of a block are added in halves, and blocks one after the other.

use super::{Factor, Problem};
use crate::kernels::common::arch;

/// Rounds of all lanes in one block.
const ROUNDS: usize = 128;
/// Rows of a matrix stored by columns that are accumulated together.
const TILE: usize = 64;

/// Writes the product, which has one row or one column, to `out`.
pub(super) fn product<T: Factor, const LANES: usize>(
    problem: &Problem,
    lhs: &[T],
    rhs: &[T],
    out: &mut [T],
    scratch: &mut Vec<T>,
) {
    let p = *problem;
    // A single row is the product of the right operand, transposed, with the left.
    let (matrix, at, row, step, vector, vector_at, vector_step) = if p.columns == 1 {
        (lhs, p.lhs_at, p.lhs_row, p.lhs_depth, rhs, p.rhs_at, p.rhs_depth)
    } else {
        (rhs, p.rhs_at, p.rhs_column, p.rhs_depth, lhs, p.lhs_at, p.lhs_depth)
    };
    let fused = !matches!(arch(), pulp::Arch::Scalar);
    let matrix = Matrix { elements: matrix, at, row, step };
    scratch.clear();
    let vector = if vector_step == 1 {
        &vector[vector_at as usize..vector_at as usize + p.depth]
    } else {
        let elements =
            (0..p.depth as isize).map(|i| vector[(vector_at + i * vector_step) as usize]);
        scratch.extend(elements);
        &scratch[..]
    };
    if !T::WIDE {
        pulp::NullaryFnOnce::call(Times::<T, false, LANES> { matrix, vector, out })
    } else if T::FUSES && fused {
        arch().dispatch(Times::<T, true, LANES> { matrix, vector, out })
    } else {
        arch().dispatch(Times::<T, false, LANES> { matrix, vector, out })
    }
}

/// A matrix applied to a vector.
struct Times<'a, T, const FUSED: bool, const LANES: usize> {
    matrix: Matrix<'a, T>,
    vector: &'a [T],
    out: &'a mut [T],
}

impl<T: Factor, const FUSED: bool, const LANES: usize> pulp::NullaryFnOnce
    for Times<'_, T, FUSED, LANES>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Times { matrix, vector, out } = self;
        matrix.times::<FUSED, LANES>(vector, out)
    }
}

struct Matrix<'a, T> {
    elements: &'a [T],
    at: isize,
    row: isize,
    step: isize,
}

impl<T: Factor> Matrix<'_, T> {
    #[inline(always)]
    fn times<const FUSED: bool, const LANES: usize>(&self, vector: &[T], out: &mut [T]) {
        if self.step != 1 && self.row == 1 && out.len() > 1 {
            return self.columns::<FUSED, LANES>(vector, out);
        }
        let mut line = Vec::new();
        for (i, slot) in out.iter_mut().enumerate() {
            let begin = self.at + i as isize * self.row;
            let row = if self.step == 1 {
                &self.elements[begin as usize..begin as usize + vector.len()]
            } else {
                line.clear();
                line.extend(
                    (0..vector.len() as isize)
                        .map(|k| self.elements[(begin + k * self.step) as usize]),
                );
                &line[..]
            };
            *slot = dot::<T, FUSED, LANES>(row, vector);
        }
    }

    /// The product of a matrix stored by columns.
    #[inline(always)]
    fn columns<const FUSED: bool, const LANES: usize>(&self, vector: &[T], out: &mut [T]) {
        let lanes = vector.len().next_power_of_two().min(LANES);
        let mut acc = vec![T::ZERO; lanes * TILE];
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            let size = out.len();
            let acc = &mut acc[..lanes * size];
            for (block, factors) in vector.chunks(LANES * ROUNDS).enumerate() {
                let begin = self.at
                    + (tile * TILE) as isize
                    + (block * LANES * ROUNDS) as isize * self.step;
                acc.fill(T::ZERO);
                for (k, &factor) in factors.iter().enumerate() {
                    let at = (begin + k as isize * self.step) as usize;
                    let lane = &mut acc[k % lanes * size..][..size];
                    for (slot, &element) in lane.iter_mut().zip(&self.elements[at..at + size]) {
                        *slot = slot.add_product::<FUSED>(element, factor);
                    }
                }
                let mut half = lanes / 2;
                while half > 0 {
                    let (low, high) = acc[..2 * half * size].split_at_mut(half * size);
                    for (a, &b) in low.iter_mut().zip(high.iter()) {
                        *a = a.plus(b);
                    }
                    half /= 2;
                }
                for (slot, &sum) in out.iter_mut().zip(acc.iter()) {
                    *slot = if block == 0 { sum } else { slot.plus(sum) };
                }
            }
        }
    }
}

/// The sum of products of two rows of equal length.
#[inline(always)]
fn dot<T: Factor, const FUSED: bool, const LANES: usize>(a: &[T], b: &[T]) -> T {
    let mut total = T::ZERO;
    for (block, (a, b)) in a.chunks(LANES * ROUNDS).zip(b.chunks(LANES * ROUNDS)).enumerate() {
        let mut acc = [T::ZERO; LANES];
        let ((a_rounds, a_rest), (b_rounds, b_rest)) =
            (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (x, y) in a_rounds.iter().zip(b_rounds) {
            for lane in 0..LANES {
                acc[lane] = acc[lane].add_product::<FUSED>(x[lane], y[lane]);
            }
        }
        if !a_rest.is_empty() {
            // Zeros beyond the end change nothing, and keep the lanes in registers.
            let (mut x, mut y) = ([T::ZERO; LANES], [T::ZERO; LANES]);
            x[..a_rest.len()].copy_from_slice(a_rest);
            y[..b_rest.len()].copy_from_slice(b_rest);
            for lane in 0..LANES {
                acc[lane] = acc[lane].add_product::<FUSED>(x[lane], y[lane]);
            }
        }
        let mut half = LANES / 2;
        while half > 0 {
            for lane in 0..half {
                acc[lane] = acc[lane].plus(acc[lane + half]);
            }
            half /= 2;
        }
        total = if block == 0 { acc[0] } else { total.plus(acc[0]) };
    }
    total
}
