//! Products of a matrix and a vector, and of two vectors.
//!
//! Whatever the strides, the sum is formed in the same order: product `i` goes to lane
//! `i % LANES`, the lanes of a block are added in halves, and blocks one after the other.

use super::{Factor, Problem};
use crate::cost::Pace;
use crate::kernels::common::{Number, arch};
use crate::kernels::parts::for_each_part;
use crate::scratch::with_scratch;

mod columns;
mod rows;

use columns::Columns;
use rows::Rows;

/// Rounds of all lanes in one block.
const ROUNDS: usize = 128;
/// Rows of a matrix stored by columns that are accumulated together.
const TILE: usize = 128;
/// Blocks in one span, where few rows are so long that the threads divide them.
const SPAN: usize = 32;
/// Bytes from a row of a matrix stored by columns to the next of the same lane, at most, where these
/// are read one after the other.
const NEAR: usize = 16 << 10;

/// Writes the product, which has one row or one column, to `out`.
pub(super) fn product<T: Factor, const LANES: usize>(
    problem: &Problem,
    lhs: &[T],
    rhs: &[T],
    out: &mut [T],
) {
    let p = *problem;
    // A single row is the product of the right operand, transposed, with the left.
    let (elements, at, row, step, vector, vector_at, vector_step) = if p.columns == 1 {
        (lhs, p.lhs_at, p.lhs_row, p.lhs_depth, rhs, p.rhs_at, p.rhs_depth)
    } else {
        (rhs, p.rhs_at, p.rhs_column, p.rhs_depth, lhs, p.lhs_at, p.lhs_depth)
    };
    let matrix = Matrix { elements, at, row, step };
    let copied: Vec<T>;
    let vector = if vector_step == 1 {
        &vector[vector_at as usize..vector_at as usize + p.depth]
    } else {
        let elements =
            (0..p.depth as isize).map(|i| vector[(vector_at + i * vector_step) as usize]);
        copied = elements.collect();
        &copied[..]
    };
    let (rows, work) = (out.len(), out.len() * p.depth);
    let (block, span) = (LANES * ROUNDS, LANES * ROUNDS * SPAN);
    // Elements of the matrix, which are read once, that are worth a thread's while.
    let worth = 2 * Pace::Reading.items_of_part(size_of::<T>());
    if rows <= TILE && p.depth > block && work >= 2 * worth {
        // The threads divide the depth, and sums are added in the order of the depth.
        let begins = if rows < 16 && p.depth >= 2 * span { span } else { block };
        let mut sums = vec![T::ZERO; p.depth.div_ceil(begins) * rows];
        let together = worth.div_ceil(rows * begins);
        for_each_part(&mut sums, together * rows, |start, out| {
            for (i, out) in out.chunks_exact_mut(rows).enumerate() {
                let begin = (start / rows + i) * begins;
                let vector = &vector[begin..(begin + begins).min(p.depth)];
                matrix.after(0, begin).apply::<LANES>(vector, out);
            }
        });
        let (first, others) = sums.split_at(rows);
        out.copy_from_slice(first);
        for sums in others.chunks_exact(rows) {
            out.iter_mut().zip(sums).for_each(|(slot, &sum)| *slot = slot.plus(sum));
        }
        return;
    }
    // Where there is much, in smaller parts, so that the threads end together.
    let worth = if work >= 4 * worth { worth / 2 } else { worth };
    let rows = worth.div_ceil(p.depth).next_multiple_of(TILE);
    for_each_part(out, rows, |start, out| {
        matrix.after(start, 0).apply::<LANES>(vector, out);
    });
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

#[derive(Clone, Copy)]
struct Matrix<'a, T> {
    elements: &'a [T],
    at: isize,
    row: isize,
    step: isize,
}

impl<T: Factor> Matrix<'_, T> {
    /// The matrix without its first rows and columns.
    fn after(self, rows: usize, columns: usize) -> Self {
        let at = self.at + rows as isize * self.row + columns as isize * self.step;
        Matrix { at, ..self }
    }

    fn apply<const LANES: usize>(self, vector: &[T], out: &mut [T]) {
        let near = self.step.unsigned_abs() * LANES * size_of::<T>() <= NEAR;
        if T::PARTS == 1 && (self.step == 1 || self.row == 1 && near) {
            let Matrix { elements, at, row, step } = self;
            let (elements, vector) = (bytemuck::cast_slice(elements), bytemuck::cast_slice(vector));
            let matrix = Matrix { elements, at, row, step };
            let out = bytemuck::cast_slice_mut(out);
            if step == 1 {
                return arch().dispatch(Rows::<T::Real, LANES> { matrix, vector, out });
            }
            return with_scratch(Columns::<T::Real, LANES>::scratch(), |lanes| {
                arch().dispatch(Columns::<T::Real, LANES> { matrix, vector, out, lanes })
            });
        }
        if T::FUSES && !matches!(arch(), pulp::Arch::Scalar) {
            arch().dispatch(Times::<T, true, LANES> { matrix: self, vector, out })
        } else {
            arch().dispatch(Times::<T, false, LANES> { matrix: self, vector, out })
        }
    }

    #[inline(always)]
    fn times<const FUSED: bool, const LANES: usize>(&self, vector: &[T], out: &mut [T]) {
        if self.step != 1 && self.row == 1 && out.len() > 1 {
            return self.columns::<FUSED, LANES>(vector, out);
        }
        let depth = vector.len();
        let begin = |i: usize| self.at + i as isize * self.row;
        if self.step == 1 {
            let row = |i: usize| &self.elements[begin(i) as usize..begin(i) as usize + depth];
            for (i, slot) in out.iter_mut().enumerate() {
                *slot = dot::<T, FUSED, LANES>(row(i), vector);
            }
            return;
        }
        let mut line = Vec::with_capacity(depth);
        for (i, slot) in out.iter_mut().enumerate() {
            line.clear();
            let at = |k: isize| self.elements[(begin(i) + k * self.step) as usize];
            line.extend((0..depth as isize).map(at));
            *slot = dot::<T, FUSED, LANES>(&line, vector);
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
        // Beyond the end, where zeros would change nothing.
        for (lane, (&x, &y)) in a_rest.iter().zip(b_rest).enumerate() {
            acc[lane] = acc[lane].add_product::<FUSED>(x, y);
        }
        let sum = halved(&mut acc);
        total = if block == 0 { sum } else { total.plus(sum) };
    }
    total
}

/// The sum of the lanes, in halves.
#[inline(always)]
fn halved<T: Number, const LANES: usize>(lanes: &mut [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = lanes[lane].plus(lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests;
