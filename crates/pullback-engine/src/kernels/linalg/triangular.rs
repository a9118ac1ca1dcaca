//! Large triangular systems with many right sides, in blocks.
//!
//! Columns of the right side do not depend on each other: threads take some each, and go through
//! blocks of rows, from which they subtract the product with all that is known before they solve.

use pullback_linalg::Triangular;

use super::panel::{Element, WIDTH};
use super::substitute;
use crate::kernels::dot::{Pair, subtract_product};
use crate::kernels::parts::Shared;
use crate::scratch::{Aligned, with_scratch};
use crate::threads;

/// Columns of the right side that are solved together.
const COLUMNS: usize = 64;

/// Solves `op(A) X = B`, or `X op(A) = B`, in place of `B`, of the given rows and columns.
pub(super) fn solve<R: Element>(
    [rows, columns]: [usize; 2],
    how: Triangular,
    a: &[R],
    b: &mut [R],
) {
    if how.left_side {
        let turned: Aligned<R>;
        let a = match how.transpose {
            true => {
                turned = transposed(a, [rows, rows]);
                &turned
            }
            false => a,
        };
        return from_left([rows, columns], how.lower != how.transpose, how.unit_diagonal, a, b);
    }
    // X op(A) = B is op(A)ᵀ Xᵀ = Bᵀ.
    let mut x = transposed(b, [rows, columns]);
    let left = Triangular { left_side: true, transpose: !how.transpose, ..how };
    solve([columns, rows], left, a, &mut x);
    b.copy_from_slice(&transposed(&x, [columns, rows]));
}

/// The transpose of a matrix stored by rows.
fn transposed<R: Element>(x: &[R], [rows, columns]: [usize; 2]) -> Aligned<R> {
    let mut y = Aligned::zeros(x.len());
    let shared = Shared::new(&mut y);
    /// Rows and columns of the squares that are turned.
    const SIDE: usize = 16;
    threads::for_each(columns.div_ceil(SIDE), &|item| {
        let first = item * SIDE;
        let count = (columns - first).min(SIDE);
        for begin in (0..rows).step_by(SIDE) {
            let end = (begin + SIDE).min(rows);
            for j in first..first + count {
                // SAFETY: each item has rows of its own.
                let row = unsafe { shared.part(j * rows + begin, end - begin) };
                for (slot, i) in row.iter_mut().zip(begin..end) {
                    *slot = x[i * columns + j];
                }
            }
        }
    });
    y
}

/// The same for `A X = B`, with `A` lower triangular, or upper.
fn from_left<R: Element>([n, columns]: [usize; 2], lower: bool, unit: bool, a: &[R], b: &mut [R]) {
    let shared = Shared::new(b);
    let blocks: Vec<Diagonal<R>> = (0..n.div_ceil(WIDTH))
        .map(|block| Diagonal::new(n, block * WIDTH, lower, unit, a))
        .collect();
    threads::for_each(columns.div_ceil(COLUMNS), &|item| {
        let first = item * COLUMNS;
        let count = (columns - first).min(COLUMNS);
        // The solution of these columns, as the right operand of products: by rows, in whole tiles.
        with_scratch(n * COLUMNS, |x: &mut [R]| {
            if count < COLUMNS {
                x.fill(R::ZERO);
            }
            let (x, _) = x.as_chunks_mut::<COLUMNS>();
            for step in 0..blocks.len() {
                let block = if lower { step } else { blocks.len() - 1 - step };
                let (begin, end) = (block * WIDTH, ((block + 1) * WIDTH).min(n));
                for i in begin..end {
                    // SAFETY: each item has columns of its own.
                    x[i][..count]
                        .copy_from_slice(unsafe { shared.part(i * columns + first, count) });
                }
                let known = if lower { 0..begin } else { end..n };
                let (before, after) = x.split_at_mut(if lower { begin } else { end });
                let (solved, here) = match lower {
                    true => (&before[..], &mut after[..end - begin]),
                    false => (&after[..], &mut before[begin..]),
                };
                if !known.is_empty() {
                    let pair = Pair {
                        left: a[begin * n + known.start..].as_ptr(),
                        left_row: n as isize,
                        left_column: 1,
                        right: solved.as_ptr().cast(),
                        right_row: COLUMNS as isize,
                    };
                    let sizes = [end - begin, known.len(), COLUMNS];
                    // SAFETY: `a` has `n` rows and columns, `solved` has as many rows as are known, and
                    // `here` those of the block.
                    unsafe { subtract_product(sizes, pair, here.as_mut_ptr().cast(), COLUMNS) };
                }
                let Diagonal { factors, divisors } = &blocks[block];
                if lower {
                    substitute(factors, divisors.as_ref(), here);
                } else {
                    here.reverse();
                    substitute(factors, divisors.as_ref(), here);
                    here.reverse();
                }
                for (i, x) in (begin..end).zip(here) {
                    // SAFETY: as above.
                    unsafe { shared.part(i * columns + first, count) }.copy_from_slice(&x[..count]);
                }
            }
        });
    });
}

/// A block of the diagonal, as it is substituted from: of an upper triangle the last row is first.
struct Diagonal<R> {
    factors: [[R; WIDTH]; WIDTH],
    divisors: Option<[R; WIDTH]>,
}

impl<R: Element> Diagonal<R> {
    fn new(n: usize, begin: usize, lower: bool, unit: bool, a: &[R]) -> Diagonal<R> {
        let size = WIDTH.min(n - begin);
        let place = |i: usize| begin + if lower { i } else { size - 1 - i };
        let mut factors = [[R::ZERO; WIDTH]; WIDTH];
        let mut divisors = [R::ONE; WIDTH];
        for i in 0..size {
            for k in 0..i {
                factors[k][i] = a[place(i) * n + place(k)];
            }
            divisors[i] = a[place(i) * n + place(i)];
        }
        Diagonal { factors, divisors: (!unit).then_some(divisors) }
    }
}
