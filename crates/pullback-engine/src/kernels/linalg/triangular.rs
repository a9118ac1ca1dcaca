//! Large triangular systems with many right sides, in blocks.
//!
//! Right sides do not depend on each other: threads take some each, and go through blocks of unknowns,
//! from which they subtract the product with all that is known before they solve.

use pullback_linalg::Triangular;

use super::panel::{Element, WIDTH};
use super::substitute;
use crate::kernels::dot::{Pair, subtract_product};
use crate::kernels::parts::Shared;
use crate::scratch::with_scratch;
use crate::threads;

/// Right sides that are solved together.
const SIDES: usize = 64;
/// Right sides of the last ones, if there are so few. Products read whole tiles of right operands: this
/// is the widest tile of any processor.
const FEW: usize = 32;

/// Solves `op(A) X = B`, or `X op(A) = B`, in place of `B`, of the given rows and columns.
///
/// The latter is `op(A)ᵀ Xᵀ = Bᵀ`; what is to be transposed is read as it lies.
pub(super) fn solve<R: Element>(
    [rows, columns]: [usize; 2],
    how: Triangular,
    a: &[R],
    b: &mut [R],
) {
    let (n, sides) = if how.left_side { (rows, columns) } else { (columns, rows) };
    let is_turned = how.transpose == how.left_side;
    let system = System { n, a, steps: if is_turned { [1, n] } else { [n, 1] } };
    let lower = how.lower != is_turned;
    let blocks: Vec<Diagonal<R>> = (0..n.div_ceil(WIDTH))
        .map(|block| system.diagonal(block * WIDTH, lower, how.unit_diagonal))
        .collect();
    let shared = Shared::new(b);
    threads::for_each(sides.div_ceil(SIDES), &|item| {
        let first = item * SIDES;
        let sides = Sides {
            b: &shared,
            row: columns,
            by_columns: how.left_side,
            first,
            count: (sides - first).min(SIDES),
        };
        match sides.count {
            ..=FEW => system.solve::<FEW>(&blocks, lower, &sides),
            _ => system.solve::<SIDES>(&blocks, lower, &sides),
        }
    });
}

/// A triangular matrix, and its steps from row to row and from column to column.
struct System<'a, R> {
    n: usize,
    a: &'a [R],
    steps: [usize; 2],
}

/// Some right sides, columns or rows of a matrix that is stored by rows of so many elements.
struct Sides<'a, R> {
    b: &'a Shared<'a, R>,
    row: usize,
    by_columns: bool,
    first: usize,
    count: usize,
}

impl<R: Element> System<'_, R> {
    fn at(&self, i: usize, j: usize) -> usize {
        i * self.steps[0] + j * self.steps[1]
    }

    /// Replaces right sides, at most `C` of them, by their solutions.
    fn solve<const C: usize>(&self, blocks: &[Diagonal<R>], lower: bool, sides: &Sides<R>) {
        let n = self.n;
        // The solutions, as the right operand of products: an unknown of all sides in a row.
        with_scratch(n * C, |x: &mut [R]| {
            if sides.count < C {
                x.fill(R::ZERO);
            }
            let (x, _) = x.as_chunks_mut::<C>();
            for step in 0..blocks.len() {
                let block = if lower { step } else { blocks.len() - 1 - step };
                let (begin, end) = (block * WIDTH, ((block + 1) * WIDTH).min(n));
                let known = if lower { 0..begin } else { end..n };
                let (before, after) = x.split_at_mut(if lower { begin } else { end });
                let (solved, here) = match lower {
                    true => (&before[..], &mut after[..end - begin]),
                    false => (&after[..], &mut before[begin..]),
                };
                sides.load(begin, here);
                if !known.is_empty() {
                    let [left_row, left_column] = self.steps.map(|step| step as isize);
                    let pair = Pair {
                        left: self.a[self.at(begin, known.start)..].as_ptr(),
                        left_row,
                        left_column,
                        right: solved.as_ptr().cast(),
                        right_row: C as isize,
                    };
                    let sizes = [end - begin, known.len(), C];
                    // SAFETY: the matrix has `n` rows and columns, `solved` has as many rows as are
                    // known, of whole tiles, and `here` those of the block.
                    unsafe { subtract_product(sizes, pair, here.as_mut_ptr().cast(), C) };
                }
                let Diagonal { factors, divisors } = &blocks[block];
                if lower {
                    substitute(factors, divisors.as_ref(), here);
                } else {
                    here.reverse();
                    substitute(factors, divisors.as_ref(), here);
                    here.reverse();
                }
                sides.store(begin, here);
            }
        });
    }

    fn diagonal(&self, begin: usize, lower: bool, unit: bool) -> Diagonal<R> {
        let size = WIDTH.min(self.n - begin);
        let place = |i: usize| begin + if lower { i } else { size - 1 - i };
        let mut factors = [[R::ZERO; WIDTH]; WIDTH];
        let mut divisors = [R::ONE; WIDTH];
        for i in 0..size {
            for k in 0..i {
                factors[k][i] = self.a[self.at(place(i), place(k))];
            }
            divisors[i] = self.a[self.at(place(i), place(i))];
        }
        Diagonal { factors, divisors: (!unit).then_some(divisors) }
    }
}

impl<R: Element> Sides<'_, R> {
    /// Reads unknowns from `begin` on of all sides.
    fn load<const C: usize>(&self, begin: usize, to: &mut [[R; C]]) {
        if self.by_columns {
            for (i, to) in (begin..).zip(to) {
                // SAFETY: each item has sides of its own.
                let row = unsafe { self.b.part(i * self.row + self.first, self.count) };
                to[..self.count].copy_from_slice(row);
            }
            return;
        }
        for side in 0..self.count {
            // SAFETY: as above.
            let row = unsafe { self.b.part((self.first + side) * self.row + begin, to.len()) };
            to.iter_mut().zip(row).for_each(|(to, from)| to[side] = *from);
        }
    }

    /// Writes unknowns from `begin` on of all sides.
    fn store<const C: usize>(&self, begin: usize, from: &[[R; C]]) {
        if self.by_columns {
            for (i, from) in (begin..).zip(from) {
                // SAFETY: each item has sides of its own.
                let row = unsafe { self.b.part(i * self.row + self.first, self.count) };
                row.copy_from_slice(&from[..self.count]);
            }
            return;
        }
        for side in 0..self.count {
            // SAFETY: as above.
            let row = unsafe { self.b.part((self.first + side) * self.row + begin, from.len()) };
            row.iter_mut().zip(from).for_each(|(to, from)| *to = from[side]);
        }
    }
}

/// A block of the diagonal, as it is substituted from: of an upper triangle the last row is first.
struct Diagonal<R> {
    factors: [[R; WIDTH]; WIDTH],
    divisors: Option<[R; WIDTH]>,
}
