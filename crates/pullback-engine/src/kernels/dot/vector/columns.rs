//! A narrow matrix of real numbers, stored by columns, times a vector: the sums of `dot`.
//!
//! Each lane is accumulated in registers, for a strip of columns, over the rows of the matrix that go
//! to it. These lie so far from each other that the matrix must be narrow.

use pulp::Simd;

use super::super::lanes::Real;
use super::{Matrix, ROUNDS};

/// Vectors in a strip.
const MOST: usize = 8;

pub(super) struct Columns<'a, R, const LANES: usize> {
    pub matrix: Matrix<'a, R>,
    pub vector: &'a [R],
    pub out: &'a mut [R],
    /// As much as [`Columns::scratch`] says, aligned to a cache line.
    pub lanes: &'a mut [R],
}

impl<R: Real, const LANES: usize> Columns<'_, R, LANES> {
    /// The numbers that the lanes of a strip are at most.
    pub fn scratch() -> usize {
        LANES * MOST * (64 / size_of::<R>())
    }
}

impl<R: Real, const LANES: usize> pulp::WithSimd for Columns<'_, R, LANES> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Columns { matrix, vector, out, lanes } = self;
        let Some(last) = vector.len().checked_sub(1) else { return out.fill(R::ZERO) };
        let at = |k: usize| matrix.at + k as isize * matrix.step;
        let (begin, end) = (at(0).min(at(last)), at(0).max(at(last)) + out.len() as isize);
        assert!(0 <= begin && end <= matrix.elements.len() as isize, "columns outside of a matrix");
        let width = R::lanes::<S>();
        let lanes = bytemuck::cast_slice_mut(&mut lanes[..LANES * MOST * width]);
        let mut from = matrix.elements.as_ptr().wrapping_offset(matrix.at);
        let mut out = out;
        while !out.is_empty() {
            let vectors = match out.len() / width {
                0 => 1,
                1 => 1,
                2..4 => 2,
                4..8 => 4,
                _ => MOST,
            };
            let (to, rest) = out.split_at_mut((vectors * width).min(out.len()));
            let count = to.len();
            let strip = Strip { from, step: matrix.step, vector, to };
            // SAFETY: the first row of the matrix and the last lie within its elements, and so do
            // those between; strips with all their columns are told by their width.
            unsafe {
                match (vectors, count % width) {
                    (MOST, _) => strip.run::<S, LANES, MOST, 1, true>(simd, lanes),
                    (4, _) => strip.run::<S, LANES, 4, 2, true>(simd, lanes),
                    (2, _) => strip.run::<S, LANES, 2, 4, true>(simd, lanes),
                    (_, 0) => strip.run::<S, LANES, 1, 8, true>(simd, lanes),
                    _ => strip.run::<S, LANES, 1, 8, false>(simd, lanes),
                }
            }
            from = from.wrapping_add(count);
            out = rest;
        }
    }
}

/// Some columns of a matrix: where they begin, and the step from row to row.
struct Strip<'a, R> {
    from: *const R,
    step: isize,
    vector: &'a [R],
    to: &'a mut [R],
}

impl<R: Real> Strip<'_, R> {
    /// Writes the sums of the columns, which fill `VECTORS` vectors if they are `WHOLE`, with as many
    /// lanes `TOGETHER` as there are registers for.
    ///
    /// # Safety
    /// The matrix must have a row for each element of the vector, and these columns.
    #[inline(always)]
    unsafe fn run<
        S: Simd,
        const LANES: usize,
        const VECTORS: usize,
        const TOGETHER: usize,
        const WHOLE: bool,
    >(
        self,
        simd: S,
        sums: &mut [R::Vector<S>],
    ) {
        let width = R::lanes::<S>();
        let Strip { from, step, vector, to } = self;
        let zero = R::splat(simd, R::ZERO);
        let there = R::first::<S>(simd, to.len().min(width));
        let lanes = vector.len().next_power_of_two().min(LANES);
        let sums = &mut sums.as_chunks_mut::<VECTORS>().0[..lanes];
        let mut total = [zero; VECTORS];
        // No closure, which would not be compiled for the instruction set if it stayed a call.
        macro_rules! add {
            ($from:ident, $factors:ident, $k:expr, $acc:expr) => {
                let factor = R::splat(simd, $factors[$k]);
                let row = $from.wrapping_offset($k as isize * step);
                for v in 0..VECTORS {
                    let from = row.wrapping_add(v * width);
                    // SAFETY: the caller answers for the row and the columns.
                    let x = unsafe {
                        match WHOLE {
                            true => from.cast::<R::Vector<S>>().read_unaligned(),
                            false => R::load(simd, there, from),
                        }
                    };
                    $acc[v] = R::accumulate(simd, $acc[v], x, factor);
                }
            };
        }
        for (block, factors) in vector.chunks(LANES * ROUNDS).enumerate() {
            let from = from.wrapping_offset((block * LANES * ROUNDS) as isize * step);
            for (group, sums) in sums.chunks_mut(TOGETHER).enumerate() {
                let mut acc = [[zero; VECTORS]; TOGETHER];
                let mut k = group * TOGETHER;
                while k + TOGETHER <= factors.len() {
                    for lane in 0..TOGETHER {
                        add!(from, factors, k + lane, acc[lane]);
                    }
                    k += LANES;
                }
                for lane in 0..TOGETHER {
                    if k + lane < factors.len() {
                        add!(from, factors, k + lane, acc[lane]);
                    }
                }
                sums.copy_from_slice(&acc[..sums.len()]);
            }
            let mut half = lanes / 2;
            while half > 0 {
                for lane in 0..half {
                    for v in 0..VECTORS {
                        sums[lane][v] = R::sum(simd, sums[lane][v], sums[lane + half][v]);
                    }
                }
                half /= 2;
            }
            for (total, &sum) in total.iter_mut().zip(&sums[0]) {
                *total = if block == 0 { sum } else { R::sum(simd, *total, sum) };
            }
        }
        for (to, sum) in to.chunks_mut(width).zip(total) {
            // SAFETY: the slots are a whole vector, or those of the mask.
            unsafe {
                match to.len() == width {
                    true => to.as_mut_ptr().cast::<R::Vector<S>>().write_unaligned(sum),
                    false => R::store(simd, there, to.as_mut_ptr(), sum),
                }
            }
        }
    }
}
