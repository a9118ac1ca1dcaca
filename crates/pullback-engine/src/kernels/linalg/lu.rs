//! The LU decomposition of large matrices, in blocks.
//!
//! Panel by panel from the left: while the threads bring the columns right of one up to date, whoever
//! has those of the next panel goes on to eliminate it.

use super::panel::{Element, Panel, WIDTH, for_each};
use super::{load_finite, substitute};
use crate::kernels::dot::{Pair, subtract_product};
use crate::kernels::parts::Shared;
use crate::sync::Mutex;

/// Columns that are brought up to date at a time.
const COLUMNS: usize = 64;

/// `P A = L U`: both factors, and the row that each row was exchanged with.
pub(super) fn decompose<R: Element>(
    [m, n]: [usize; 2],
    a: &[R],
    factors: &mut [R],
    exchanges: &mut [i32],
    nan: R,
) {
    let size = m.min(n);
    if !load_finite(a, factors, |_| n, n) {
        factors.fill(nan);
        exchanges.iter_mut().enumerate().for_each(|(i, slot)| *slot = i as i32);
        return;
    }
    let matrix = Shared::new(factors);
    let (mut now, mut next) = (Panel::new(m), Panel::new(m));
    // SAFETY: no other thread is at work yet.
    unsafe { now.load(&matrix, 0, n, [m, WIDTH.min(size)]) };
    now.eliminate();
    for begin in (0..size).step_by(WIDTH) {
        for (i, &pivot) in now.pivots.iter().enumerate() {
            exchanges[begin + i] = (begin + pivot) as i32;
        }
        let end = begin + now.columns;
        let next_end = if end < size { (end + WIDTH).min(size) } else { end };
        let rest = (n - next_end).div_ceil(COLUMNS);
        let coming = Mutex::new(&mut next);
        for_each(rest + 2, [m - end, n - next_end], &|item| {
            // SAFETY: each item reads and writes columns of its own: those of the next panel, those
            // of the present one, or some of the rest.
            unsafe {
                if item == 0 && end < size {
                    update(&matrix, &now, begin, end..next_end, [m, n]);
                    let mut next = coming.lock().expect("no thread panics here");
                    next.load(&matrix, end * n + end, n, [m - end, next_end - end]);
                    next.eliminate();
                } else if item == rest + 1 {
                    now.store(&matrix, begin * n + begin, n, false);
                } else if item > 0 {
                    let first = next_end + (item - 1) * COLUMNS;
                    update(&matrix, &now, begin, first..(first + COLUMNS).min(n), [m, n]);
                }
            }
        });
        std::mem::swap(&mut now, &mut next);
    }
    // The columns of each panel take part in the exchanges of later ones.
    for_each(size.div_ceil(WIDTH), [m, n], &|panel| {
        let (begin, end) = (panel * WIDTH, ((panel + 1) * WIDTH).min(size));
        for (i, &pivot) in exchanges.iter().enumerate().skip(end) {
            // SAFETY: each item has columns of its own.
            unsafe { swap(&matrix, i * n + begin, pivot as usize * n + begin, end - begin) };
        }
    });
}

/// Exchanges some elements with as many others.
///
/// # Safety
/// No one else may have them.
unsafe fn swap<R: Element>(matrix: &Shared<R>, a: usize, b: usize, count: usize) {
    if a != b {
        // SAFETY: passed on; they are parts of different rows.
        let (a, b) = unsafe { (matrix.part(a, count), matrix.part(b, count)) };
        a.swap_with_slice(b);
    }
}

/// Does to columns right of a panel, which begins at row and column `begin`, what was done to it.
///
/// # Safety
/// No one else may have these columns.
unsafe fn update<R: Element>(
    matrix: &Shared<R>,
    panel: &Panel<R>,
    begin: usize,
    columns: std::ops::Range<usize>,
    [m, n]: [usize; 2],
) {
    let (first, count, depth) = (columns.start, columns.len(), panel.columns);
    let mut upper = [[R::ZERO; COLUMNS]; WIDTH];
    // SAFETY: passed on; the two are not used at once.
    let row = |i: usize| unsafe { matrix.part((begin + i) * n + first, count) };
    for (i, &pivot) in panel.pivots.iter().enumerate() {
        // SAFETY: passed on.
        unsafe { swap(matrix, (begin + i) * n + first, (begin + pivot) * n + first, count) };
        upper[i][..count].copy_from_slice(row(i));
    }
    substitute(&panel.lower, None, &mut upper[..depth]);
    for (i, upper) in upper[..depth].iter().enumerate() {
        row(i).copy_from_slice(&upper[..count]);
    }
    let rows = m - begin - depth;
    if rows == 0 {
        return;
    }
    let pair = Pair {
        left: panel.at(depth),
        left_row: 1,
        left_column: panel.step as isize,
        right: upper.as_ptr().cast(),
        right_row: COLUMNS as isize,
    };
    // SAFETY: the panel has so many rows below its first ones; `upper` has whole tiles; the result is
    // the caller's.
    unsafe {
        let out = matrix.pointer((begin + depth) * n + first, (rows - 1) * n + count);
        subtract_product([rows, depth, count], pair, out, n);
    }
}
