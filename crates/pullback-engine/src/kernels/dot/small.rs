//! Products of small or thin matrices, and of integers, in tiles that stay in registers.

use super::{Factor, Problem};
use crate::kernels::common::arch;

/// Rows and columns of a full tile.
const ROWS: usize = 4;
const COLUMNS: usize = 16;

/// Writes the product to `out`, by rows.
pub(super) fn product<T: Factor>(
    problem: &Problem,
    lhs: &[T],
    rhs: &[T],
    out: &mut [T],
    scratch: &mut Vec<T>,
) {
    let &Problem { columns, depth, rhs_at, rhs_depth, rhs_column, .. } = problem;
    let fused = !matches!(arch(), pulp::Arch::Scalar);
    let mut problem = *problem;
    // Rows of the right operand are read as they are; columns are copied first.
    let rhs = if rhs_column == 1 {
        rhs
    } else {
        scratch.clear();
        for p in 0..depth as isize {
            let at = rhs_at + p * rhs_depth;
            scratch.extend((0..columns as isize).map(|j| rhs[(at + j * rhs_column) as usize]));
        }
        problem.rhs_at = 0;
        problem.rhs_depth = columns as isize;
        problem.rhs_column = 1;
        &scratch[..]
    };
    if !T::WIDE {
        pulp::NullaryFnOnce::call(Tiles::<T, false> { problem, lhs, rhs, out })
    } else if T::FUSES && fused {
        arch().dispatch(Tiles::<T, true> { problem, lhs, rhs, out })
    } else {
        arch().dispatch(Tiles::<T, false> { problem, lhs, rhs, out })
    }
}

/// All tiles of a result; the right operand is stored by rows.
struct Tiles<'a, T, const FUSED: bool> {
    problem: Problem,
    lhs: &'a [T],
    rhs: &'a [T],
    out: &'a mut [T],
}

impl<T: Factor, const FUSED: bool> pulp::NullaryFnOnce for Tiles<'_, T, FUSED> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Tiles { problem, lhs, rhs, out } = self;
        let Problem { rows, columns, .. } = problem;
        let mut row = 0;
        while row < rows {
            let many = rows - row >= ROWS;
            let mut column = 0;
            while column < columns {
                let left = columns - column;
                column += match (many, left) {
                    (true, COLUMNS..) => {
                        tile::<T, FUSED, ROWS, COLUMNS>(&problem, lhs, rhs, out, row, column)
                    }
                    (true, 4..) => tile::<T, FUSED, ROWS, 4>(&problem, lhs, rhs, out, row, column),
                    (true, _) => tile::<T, FUSED, ROWS, 1>(&problem, lhs, rhs, out, row, column),
                    (false, COLUMNS..) => {
                        tile::<T, FUSED, 1, COLUMNS>(&problem, lhs, rhs, out, row, column)
                    }
                    (false, 4..) => tile::<T, FUSED, 1, 4>(&problem, lhs, rhs, out, row, column),
                    (false, _) => tile::<T, FUSED, 1, 1>(&problem, lhs, rhs, out, row, column),
                };
            }
            row += if many { ROWS } else { 1 };
        }
    }
}

/// One tile of the result; the number of columns it has.
#[inline(always)]
fn tile<T: Factor, const FUSED: bool, const R: usize, const C: usize>(
    problem: &Problem,
    lhs: &[T],
    rhs: &[T],
    out: &mut [T],
    row: usize,
    column: usize,
) -> usize {
    let &Problem { columns, depth, lhs_at, rhs_at, lhs_row, lhs_depth, rhs_depth, .. } = problem;
    let mut acc = [[T::ZERO; C]; R];
    let mut a_at = lhs_at + row as isize * lhs_row;
    let mut b_at = rhs_at + column as isize;
    for _ in 0..depth {
        let b: &[T] = &rhs[b_at as usize..b_at as usize + C];
        for r in 0..R {
            let a = lhs[(a_at + r as isize * lhs_row) as usize];
            for c in 0..C {
                acc[r][c] = acc[r][c].add_product::<FUSED>(a, b[c]);
            }
        }
        a_at += lhs_depth;
        b_at += rhs_depth;
    }
    for r in 0..R {
        out[(row + r) * columns + column..][..C].copy_from_slice(&acc[r]);
    }
    C
}
