//! Products of matrices of bfloat16, by an instruction that adds two products at a time.
//!
//! Where the processor has it, and products are large enough, operands are copied as pairs of
//! neighbours along the depth. Each element is a chain over the pairs, in the order of the depth, in
//! f32; the instruction rounds to the nearest, and takes subnormal numbers to be zero. Like all else
//! this depends on sizes alone: on other processors the operands are converted, and sums are those of
//! f32.

use std::arch::x86_64::{
    __m512bh, __m512i, _mm512_add_ps, _mm512_dpbf16_ps, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_set1_epi32, _mm512_setzero_ps,
    _mm512_storeu_ps,
};

use half::bf16;

use super::{CHAIN_WORK, Problem};
use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::Result;
use crate::isa::{Isa, isa};
use crate::kernels::parts::{Shared, for_each_part};
use crate::threads;

/// Rows of a tile.
const ROWS: usize = 8;
/// Numbers in a vector of the result.
const LANES: usize = 16;
/// Columns of a tile: two vectors.
const COLUMNS: usize = 2 * LANES;
/// Pairs of the depth that are computed at a time.
const STEP: usize = 256;
/// Tiles of a block, down and across.
const BLOCK: [usize; 2] = [8, 2];

/// Whether a product is computed so.
pub(super) fn applies(problem: &Problem) -> bool {
    problem.rows > 1
        && problem.columns > 1
        && problem.work() > CHAIN_WORK
        && isa() == Isa::Avx512
        && is_x86_feature_detected!("avx512bf16")
}

/// Writes the product to `out`, by rows. The instruction must be there.
pub(super) fn product(
    problem: &Problem,
    lhs: &[bf16],
    rhs: &[bf16],
    out: &mut [f32],
) -> Result<()> {
    let &Problem { rows, columns, depth, .. } = problem;
    assert!(applies(problem) && out.len() == rows * columns);
    let pairs = depth.div_ceil(2);
    let tiles = [rows.div_ceil(ROWS), columns.div_ceil(COLUMNS)];
    let mut left = Buffer::new(DType::U32, tiles[0] * ROWS * pairs)?;
    let mut right = Buffer::new(DType::U32, tiles[1] * COLUMNS * pairs)?;
    let p = problem;
    pack::<ROWS>(lhs, [p.lhs_at, p.lhs_row, p.lhs_depth], [rows, depth], left.slice_mut());
    pack::<COLUMNS>(
        rhs,
        [p.rhs_at, p.rhs_column, p.rhs_depth],
        [columns, depth],
        right.slice_mut(),
    );
    let (left, right) = (left.slice::<u32>(), right.slice::<u32>());
    let out = Shared::new(out);
    let across = tiles[1].div_ceil(BLOCK[1]);
    for begin in (0..pairs).step_by(STEP) {
        let step = STEP.min(pairs - begin);
        threads::for_each(tiles[0].div_ceil(BLOCK[0]) * across, &|block| {
            let (i, j) = (block / across * BLOCK[0], block % across * BLOCK[1]);
            for j in j..(j + BLOCK[1]).min(tiles[1]) {
                for i in i..(i + BLOCK[0]).min(tiles[0]) {
                    let left = &left[(i * pairs + begin) * ROWS..][..step * ROWS];
                    let right = &right[(j * pairs + begin) * COLUMNS..][..step * COLUMNS];
                    let (row, column) = (i * ROWS, j * COLUMNS);
                    let size = [(rows - row).min(ROWS), (columns - column).min(COLUMNS)];
                    let count = (size[0] - 1) * columns + size[1];
                    let to = out.pointer(row * columns + column, count);
                    // SAFETY: the instruction is there, as was asserted; the slices hold `step` pairs
                    // of each row and column; no other tile has these elements of the result.
                    unsafe { tile(left, right, to, columns, size, begin > 0) }
                }
            }
        });
    }
    Ok(())
}

/// Copies lines, of numbers along the depth, as slivers of `WIDTH` lines: pair by pair, those of all
/// lines side by side, with zeros for what is not there.
fn pack<const WIDTH: usize>(
    from: &[bf16],
    [at, line, step]: [isize; 3],
    [lines, depth]: [usize; 2],
    to: &mut [u32],
) {
    let pairs = depth.div_ceil(2);
    for_each_part(to, WIDTH * pairs, |start, sliver| {
        let first = start / pairs;
        let there = (lines - first).min(WIDTH);
        let begin = at + first as isize * line;
        if step == 1 && there == WIDTH {
            // Neighbours lie side by side in each line.
            let lines: [_; WIDTH] = std::array::from_fn(|i| {
                let line = &from[(begin + i as isize * line) as usize..][..depth];
                line.as_chunks::<2>()
            });
            let (whole, rest) = sliver.split_at_mut(depth / 2 * WIDTH);
            for (pair, to) in whole.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
                for i in 0..WIDTH {
                    let [low, high] = lines[i].0[pair];
                    to[i] = joined(low, high);
                }
            }
            for (slot, (_, last)) in rest.iter_mut().zip(lines) {
                *slot = joined(last[0], bf16::ZERO);
            }
            return;
        }
        for (pair, to) in sliver.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
            let low = begin + 2 * pair as isize * step;
            let has_high = 2 * pair + 1 < depth;
            if line == 1 && there == WIDTH && has_high {
                let low_row = &from[low as usize..][..WIDTH];
                let high_row = &from[(low + step) as usize..][..WIDTH];
                for ((slot, low), high) in to.iter_mut().zip(low_row).zip(high_row) {
                    *slot = joined(*low, *high);
                }
                continue;
            }
            for (i, slot) in to.iter_mut().enumerate() {
                let at = low + i as isize * line;
                *slot = match (i < there, has_high) {
                    (true, true) => joined(from[at as usize], from[(at + step) as usize]),
                    (true, false) => joined(from[at as usize], bf16::ZERO),
                    (false, _) => 0,
                };
            }
        }
    });
}

#[inline(always)]
fn joined(low: bf16, high: bf16) -> u32 {
    low.to_bits() as u32 | (high.to_bits() as u32) << 16
}

/// Computes a tile of so many rows and columns, and adds it to what stands at `out`, or writes it.
///
/// # Safety
/// The processor must have the instructions, `left` and `right` as many pairs each, and the result
/// must be there for the caller alone.
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn tile(
    left: &[u32],
    right: &[u32],
    out: *mut f32,
    out_row: usize,
    [rows, columns]: [usize; 2],
    add: bool,
) {
    let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
    let (left, right) = (left.as_chunks::<ROWS>().0, right.as_chunks::<COLUMNS>().0);
    for (a, b) in left.iter().zip(right) {
        // SAFETY: there are two vectors of pairs.
        let b =
            unsafe { [0, LANES].map(|at| pairs(_mm512_loadu_si512(b.as_ptr().add(at).cast()))) };
        for r in 0..ROWS {
            let a = pairs(_mm512_set1_epi32(a[r] as i32));
            for v in 0..2 {
                sums[r][v] = _mm512_dpbf16_ps(sums[r][v], a, b[v]);
            }
        }
    }
    for (r, sums) in sums.into_iter().enumerate().take(rows) {
        for (v, sum) in sums.into_iter().enumerate() {
            let there = columns.saturating_sub(v * LANES).min(LANES);
            let to = out.wrapping_add(r * out_row + v * LANES);
            // SAFETY: the caller has this row of the result, as far as the columns go.
            unsafe {
                if there == LANES {
                    let sum = if add { _mm512_add_ps(_mm512_loadu_ps(to), sum) } else { sum };
                    _mm512_storeu_ps(to, sum);
                } else {
                    let mask = (1u16 << there) - 1;
                    let before = _mm512_maskz_loadu_ps(mask, to);
                    let sum = if add { _mm512_add_ps(before, sum) } else { sum };
                    _mm512_mask_storeu_ps(to, mask, sum);
                }
            }
        }
    }
}

/// A vector as pairs of bfloat16.
#[inline(always)]
fn pairs(bits: __m512i) -> __m512bh {
    // SAFETY: both are 64 bytes of which any are numbers.
    unsafe { std::mem::transmute(bits) }
}
