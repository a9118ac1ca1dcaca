//! The Cholesky decomposition of large matrices, in blocks.
//!
//! As the LU decomposition: while the threads bring the columns right of a panel up to date, whoever
//! has those of the next panel goes on to factor it.

use super::load_finite;
use super::panel::{Element, Panel, WIDTH, for_each};
use crate::kernels::dot::{Pair, subtract_product};
use crate::kernels::parts::Shared;
use crate::sync::Mutex;

/// Columns that are brought up to date at a time.
const COLUMNS: usize = 64;

/// The lower factor, or NaN.
pub(super) fn decompose<R: Element>(n: usize, a: &[R], l: &mut [R], nan: R) {
    let mut done = load_finite(a, l, |i| i + 1, n);
    if done {
        done = factor(n, l);
    }
    for (i, row) in l.chunks_exact_mut(n).enumerate() {
        let (below, above) = row.split_at_mut(i + 1);
        above.fill(R::ZERO);
        if !done {
            below.fill(nan);
        }
    }
}

/// Replaces a matrix by its factor; whether there is one.
fn factor<R: Element>(n: usize, l: &mut [R]) -> bool {
    let matrix = Shared::new(l);
    let (mut now, mut next) = (Panel::new(n), Panel::new(n));
    // SAFETY: no other thread is at work yet.
    unsafe { now.load(&matrix, 0, n, [n, WIDTH.min(n)]) };
    if !now.factor() {
        return false;
    }
    for begin in (0..n).step_by(WIDTH) {
        let end = begin + now.columns;
        let next_end = (end + WIDTH).min(n);
        let rest = (n - next_end).div_ceil(COLUMNS);
        let coming = Mutex::new((&mut next, true));
        for_each(rest + 2, [n - end, n - next_end], &|item| {
            // SAFETY: each item reads and writes columns of its own: those of the next panel, those
            // of the present one, or some of the rest.
            unsafe {
                if item == 0 && end < n {
                    update(&matrix, &now, begin, end..next_end, n);
                    let mut coming = coming.lock().expect("no thread panics here");
                    let (next, done) = &mut *coming;
                    next.load(&matrix, end * n + end, n, [n - end, next_end - end]);
                    *done = next.factor();
                } else if item == rest + 1 {
                    now.store(&matrix, begin * n + begin, n, true);
                } else if item > 0 {
                    let first = next_end + (item - 1) * COLUMNS;
                    update(&matrix, &now, begin, first..(first + COLUMNS).min(n), n);
                }
            }
        });
        if !coming.into_inner().expect("no thread panics here").1 {
            return false;
        }
        std::mem::swap(&mut now, &mut next);
    }
    true
}

/// Subtracts the product of a panel, which begins at row and column `begin`, and its transpose from
/// columns right of it, as far as they are below the diagonal, and from some above it, which are
/// never read.
///
/// # Safety
/// No one else may have these columns.
unsafe fn update<R: Element>(
    matrix: &Shared<R>,
    panel: &Panel<R>,
    begin: usize,
    columns: std::ops::Range<usize>,
    n: usize,
) {
    let (first, count) = (columns.start, columns.len());
    let rows = n - first;
    let pair = Pair {
        left: panel.at(first - begin),
        left_row: 1,
        left_column: panel.step as isize,
        right: panel.at(first - begin),
        right_row: panel.step as isize,
    };
    // SAFETY: the panel has these rows, and elements beyond them for whole tiles; the result is the
    // caller's.
    unsafe {
        let out = matrix.pointer(first * n + first, (rows - 1) * n + count);
        subtract_product([rows, panel.columns, count], pair, out, n);
    }
}
