//! Products of a matrix and a vector, and of two vectors.
//!
//! Whatever the strides, the sum is formed in the same order: product `i` goes to lane
//! `i % LANES`, the lanes of a block are added in halves, and blocks one after the other.

use pulp::Simd;

use super::lanes::Real;
use super::{Factor, Problem};
use crate::kernels::common::arch;
use crate::kernels::parts::for_each_part;

/// Rounds of all lanes in one block.
const ROUNDS: usize = 128;
/// Rows of a matrix stored by columns that are accumulated together.
const TILE: usize = 128;
/// Elements of the matrix that are worth a thread's while.
const WORTH: usize = 1 << 16;
/// Blocks in one span, where few rows are so long that the threads divide them.
const SPAN: usize = 32;

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
    let span = LANES * ROUNDS * SPAN;
    if out.len() < 16 && p.depth >= 2 * span {
        let rows = out.len();
        let mut sums = vec![T::ZERO; p.depth.div_ceil(span) * rows];
        for_each_part(&mut sums, rows, |start, out| {
            let begin = start / rows * span;
            let vector = &vector[begin..(begin + span).min(p.depth)];
            matrix.after(0, begin).apply::<LANES>(vector, out);
        });
        out.fill(T::ZERO);
        for sums in sums.chunks_exact(rows) {
            out.iter_mut().zip(sums).for_each(|(slot, &sum)| *slot = slot.plus(sum));
        }
        return;
    }
    let rows = WORTH.div_ceil(p.depth).next_multiple_of(TILE);
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
        if self.step == 1 && T::PARTS == 1 {
            let Matrix { elements, at, row, step } = self;
            let (elements, vector) = (bytemuck::cast_slice(elements), bytemuck::cast_slice(vector));
            let matrix = Matrix { elements, at, row, step };
            let out = bytemuck::cast_slice_mut(out);
            arch().dispatch(Rows::<T::Real, LANES> { matrix, vector, out })
        } else if T::FUSES && !matches!(arch(), pulp::Arch::Scalar) {
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
fn halved<T: Factor, const LANES: usize>(lanes: &mut [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = lanes[lane].plus(lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// A matrix of real numbers, stored by rows, applied to a vector: the sums of `dot`, for several
/// rows at a time.
struct Rows<'a, R, const LANES: usize> {
    matrix: Matrix<'a, R>,
    vector: &'a [R],
    out: &'a mut [R],
}

impl<R: Real + Factor, const LANES: usize> pulp::WithSimd for Rows<'_, R, LANES> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Several rows are on their way from memory at once, as many as there are registers for.
        match LANES / R::lanes::<S>() {
            1 => self.run::<S, 1, 8>(simd),
            2 => self.run::<S, 2, 8>(simd),
            4 => self.run::<S, 4, 2>(simd),
            8 => self.run::<S, 8, 2>(simd),
            16 => self.run::<S, 16, 1>(simd),
            _ => self.run::<S, 32, 1>(simd),
        }
    }
}

impl<R: Real + Factor, const LANES: usize> Rows<'_, R, LANES> {
    #[inline(always)]
    fn run<S: Simd, const VECTORS: usize, const TOGETHER: usize>(self, simd: S) {
        let Rows { matrix, vector, out } = self;
        let row = |i: usize| {
            let begin = (matrix.at + i as isize * matrix.row) as usize;
            &matrix.elements[begin..begin + vector.len()]
        };
        let (several, rest) = out.as_chunks_mut::<TOGETHER>();
        let first = several.len() * TOGETHER;
        for (i, slots) in several.iter_mut().enumerate() {
            let rows = std::array::from_fn(|r| row(i * TOGETHER + r));
            *slots = dots::<S, R, LANES, VECTORS, TOGETHER>(simd, rows, vector);
        }
        for (i, slot) in rest.iter_mut().enumerate() {
            [*slot] = dots::<S, R, LANES, VECTORS, 1>(simd, [row(first + i)], vector);
        }
    }
}

/// The sums of `dot` for some rows.
#[inline(always)]
fn dots<S: Simd, R: Real + Factor, const LANES: usize, const VECTORS: usize, const ROWS: usize>(
    simd: S,
    rows: [&[R]; ROWS],
    vector: &[R],
) -> [R; ROWS] {
    let mut total = [R::ZERO; ROWS];
    for (block, factors) in vector.chunks(LANES * ROUNDS).enumerate() {
        let begin = block * LANES * ROUNDS;
        let parts: [&[R]; ROWS] = std::array::from_fn(|r| &rows[r][begin..][..factors.len()]);
        let (factors, factors_rest) = factors.as_chunks::<LANES>();
        let whole: [&[[R; LANES]]; ROWS] = parts.map(|part| &part.as_chunks().0[..factors.len()]);
        let mut sums = [[R::splat(simd, R::ZERO); VECTORS]; ROWS];
        for (i, factors) in factors.iter().enumerate() {
            let factors = vectors::<S, R, LANES, VECTORS>(factors);
            for r in 0..ROWS {
                let x = vectors::<S, R, LANES, VECTORS>(&whole[r][i]);
                for v in 0..VECTORS {
                    sums[r][v] = R::accumulate(simd, sums[r][v], x[v], factors[v]);
                }
            }
        }
        for r in 0..ROWS {
            let mut lanes: [R; LANES] = [R::ZERO; LANES];
            lanes.copy_from_slice(bytemuck::cast_slice(&sums[r]));
            let rest = &parts[r][factors.len() * LANES..];
            for (lane, (&x, &y)) in rest.iter().zip(factors_rest).enumerate() {
                lanes[lane] = match S::IS_SCALAR {
                    true => <R as Factor>::add_product::<false>(lanes[lane], x, y),
                    false => <R as Factor>::add_product::<true>(lanes[lane], x, y),
                };
            }
            let sum = halved(&mut lanes);
            total[r] = if block == 0 { sum } else { total[r].plus(sum) };
        }
    }
    total
}

/// The vectors that so many lanes fill.
#[inline(always)]
fn vectors<S: Simd, R: Real, const LANES: usize, const VECTORS: usize>(
    lanes: &[R; LANES],
) -> [R::Vector<S>; VECTORS] {
    assert!(size_of::<[R::Vector<S>; VECTORS]>() == size_of::<[R; LANES]>());
    // SAFETY: the vectors are as large as the lanes, and any bits are numbers.
    unsafe { lanes.as_ptr().cast::<[R::Vector<S>; VECTORS]>().read_unaligned() }
}
