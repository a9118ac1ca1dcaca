//! Panels: some columns of a matrix, stored one after the other, which are made triangular.
//!
//! A column is brought up to date when its turn comes, with all columns before it at once, so that
//! it is read and written once, by whole vectors. Rows beyond the last are zeros, and stay so.

use crate::cost::Pace;
use crate::kernels::common::arch;
use crate::kernels::dot::{Factor, Real};
use crate::kernels::parts::Shared;
use crate::scratch::Aligned;
use crate::threads;

/// Real numbers that matrices are decomposed of in blocks.
pub(super) trait Element: Factor<Real = Self> + Real + PartialOrd {
    fn magnitude(self) -> Self;
    fn over(self, divisor: Self) -> Self;
    fn root(self) -> Self;
    fn is_number(self) -> bool;
}

macro_rules! elements {
    ($($T:ty),*) => {$(
        impl Element for $T {
            #[inline(always)]
            fn magnitude(self) -> Self { self.abs() }
            #[inline(always)]
            fn over(self, divisor: Self) -> Self { self / divisor }
            #[inline(always)]
            fn root(self) -> Self { self.sqrt() }
            #[inline(always)]
            fn is_number(self) -> bool { self.is_finite() }
        }
    )*};
}
elements!(f32, f64);

/// The columns of a panel, at most.
pub(super) const WIDTH: usize = 32;
/// Rows below the first `WIDTH` that are computed together.
const CHUNK: usize = 64;

/// Does all items of what follows a panel of some columns, which change a matrix of so many rows and
/// columns. Threads wait for each other after every panel.
pub(super) fn for_each(items: usize, [rows, columns]: [usize; 2], work: &(dyn Fn(usize) + Sync)) {
    match Pace::Products.pays_to_wait(WIDTH * rows * columns) {
        true => threads::for_each(items, work),
        false => (0..items).for_each(work),
    }
}

/// A panel, of as many rows as there are below and beside its first diagonal element.
pub(super) struct Panel<R> {
    elements: Aligned<R>,
    pub rows: usize,
    pub columns: usize,
    /// The elements from column to column: rows and padding.
    pub step: usize,
    /// The first rows without what is on and above the diagonal, column by column.
    pub lower: [[R; WIDTH]; WIDTH],
    /// The row, counted from that of the first diagonal element, that each was exchanged with.
    pub pivots: Vec<usize>,
}

impl<R: Element> Panel<R> {
    /// One for a matrix of so many rows.
    pub(super) fn new(rows: usize) -> Panel<R> {
        // Right operands are read for whole tiles, beyond the last row.
        let elements = Aligned::zeros((padded(rows) + CHUNK) * WIDTH + CHUNK);
        let lower = [[R::ZERO; WIDTH]; WIDTH];
        Panel { elements, rows: 0, columns: 0, step: 0, lower, pivots: Vec::new() }
    }

    pub(super) fn at(&self, row: usize) -> *const R {
        self.elements[row..].as_ptr()
    }

    /// Takes columns from `at` on of a matrix whose rows are `row_step` elements apart.
    ///
    /// # Safety
    /// No one else may write these elements now.
    pub(super) unsafe fn load(
        &mut self,
        matrix: &Shared<R>,
        at: usize,
        row_step: usize,
        [rows, columns]: [usize; 2],
    ) {
        let step = padded(rows);
        (self.rows, self.columns, self.step) = (rows, columns, step);
        for column in self.elements.chunks_exact_mut(step).take(columns) {
            column[rows..].fill(R::ZERO);
        }
        // Several rows at a time, so that columns are written by more than one element.
        for first in (0..rows).step_by(8) {
            let count = (rows - first).min(8);
            // SAFETY: the caller sees to it that they are only read.
            let row = |r: usize| unsafe {
                matrix.part(at + (first + r.min(count - 1)) * row_step, columns)
            };
            let lines: [&[R]; 8] = std::array::from_fn(|r| &*row(r));
            for j in 0..columns {
                let numbers: [R; 8] = std::array::from_fn(|r| lines[r][j]);
                self.elements[j * step + first..][..count].copy_from_slice(&numbers[..count]);
            }
        }
    }

    /// Gives the columns back; those above the diagonal only if there is something in them.
    ///
    /// # Safety
    /// No one else may read or write these elements now.
    pub(super) unsafe fn store(
        &self,
        matrix: &Shared<R>,
        at: usize,
        row_step: usize,
        lower_only: bool,
    ) {
        for first in (0..self.rows).step_by(8) {
            let count = (self.rows - first).min(8);
            for r in 0..count {
                let i = first + r;
                let columns = if lower_only { self.columns.min(i + 1) } else { self.columns };
                // SAFETY: passed on.
                let row = unsafe { matrix.part(at + i * row_step, columns) };
                for (j, slot) in row.iter_mut().enumerate() {
                    *slot = self.elements[j * self.step + i];
                }
            }
        }
    }

    /// Eliminates with partial pivoting.
    pub(super) fn eliminate(&mut self) {
        match fuses() {
            true => arch().dispatch(Eliminate::<R, true>(self)),
            false => arch().dispatch(Eliminate::<R, false>(self)),
        }
    }

    /// Replaces the panel by that of the Cholesky factor; whether there is one.
    pub(super) fn factor(&mut self) -> bool {
        match fuses() {
            true => arch().dispatch(Definite::<R, true>(self)),
            false => arch().dispatch(Definite::<R, false>(self)),
        }
    }
}

/// Whether the processor rounds a product and a sum as one.
pub(super) fn fuses() -> bool {
    !matches!(arch(), pulp::Arch::Scalar)
}

/// Rows and padding: the first `WIDTH`, and whole chunks.
fn padded(rows: usize) -> usize {
    WIDTH + rows.saturating_sub(WIDTH).next_multiple_of(CHUNK)
}

struct Eliminate<'a, R, const FUSED: bool>(&'a mut Panel<R>);

impl<R: Element, const FUSED: bool> pulp::NullaryFnOnce for Eliminate<'_, R, FUSED> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Panel { elements, rows, columns, step, lower, pivots } = self.0;
        let (rows, step) = (*rows, *step);
        pivots.clear();
        *lower = [[R::ZERO; WIDTH]; WIDTH];
        for j in 0..*columns {
            let (before, column) = elements.split_at_mut(j * step);
            let column = &mut column[..step];
            for (i, &pivot) in pivots.iter().enumerate() {
                column.swap(i, pivot);
            }
            // The first rows depend on each other: each is a factor of the next.
            let (top, rest) = column.split_at_mut(WIDTH);
            let mut head = [R::ZERO; WIDTH];
            head.copy_from_slice(top);
            for k in 0..j {
                let factor = R::ZERO.minus(head[k]);
                for i in 0..WIDTH {
                    head[i] = head[i].add_product::<FUSED>(factor, lower[k][i]);
                }
            }
            top.copy_from_slice(&head);
            let mut largest = R::ZERO;
            for &x in &head[j..] {
                largest = greater(x.magnitude(), largest);
            }
            largest = greater(subtract::<R, FUSED>(before, step, &head[..j], rest), largest);
            let is_largest = |&i: &usize| column[i].magnitude() == largest;
            let pivot = (j..rows).find(is_largest).unwrap_or(j);
            pivots.push(pivot);
            let divisor = column[pivot];
            if pivot != j {
                column.swap(j, pivot);
                for k in 0..j {
                    before[k * step..][..step].swap(j, pivot);
                    lower[k][j] = before[k * step + j];
                    if pivot < WIDTH {
                        lower[k][pivot] = before[k * step + pivot];
                    }
                }
            }
            // A column of zeros is left as it is: the factor is singular, and not NaN.
            if divisor != R::ZERO {
                column[j + 1..WIDTH].iter_mut().for_each(|x| *x = x.over(divisor));
                column[WIDTH..].iter_mut().for_each(|x| *x = x.over(divisor));
            }
            lower[j][j + 1..].copy_from_slice(&column[j + 1..WIDTH]);
        }
    }
}

struct Definite<'a, R, const FUSED: bool>(&'a mut Panel<R>);

impl<R: Element, const FUSED: bool> pulp::NullaryFnOnce for Definite<'_, R, FUSED> {
    type Output = bool;

    #[inline(always)]
    fn call(self) -> bool {
        let Panel { elements, columns, step, .. } = self.0;
        let step = *step;
        for j in 0..*columns {
            let (before, column) = elements.split_at_mut(j * step);
            let column = &mut column[..step];
            let mut row = [R::ZERO; WIDTH];
            for k in 0..j {
                row[k] = before[k * step + j];
            }
            let (top, rest) = column.split_at_mut(WIDTH);
            for (k, factor) in row[..j].iter().enumerate() {
                let factor = R::ZERO.minus(*factor);
                // What this does above the diagonal is never read.
                for (x, &y) in top.iter_mut().zip(&before[k * step..][..WIDTH]) {
                    *x = x.add_product::<FUSED>(factor, y);
                }
            }
            subtract::<R, FUSED>(before, step, &row[..j], rest);
            let square = column[j];
            if !square.is_number() || square <= R::ZERO {
                return false;
            }
            let root = square.root();
            column[j] = root;
            column[j + 1..WIDTH].iter_mut().for_each(|x| *x = x.over(root));
            column[WIDTH..].iter_mut().for_each(|x| *x = x.over(root));
        }
        true
    }
}

#[inline(always)]
fn greater<R: PartialOrd>(a: R, b: R) -> R {
    if a > b { a } else { b }
}

/// Subtracts multiples of the columns before it from what is below the first `WIDTH` rows of a
/// column; the greatest magnitude there then is.
#[inline(always)]
fn subtract<R: Element, const FUSED: bool>(
    before: &[R],
    step: usize,
    factors: &[R],
    rest: &mut [R],
) -> R {
    let mut greatest = [R::ZERO; CHUNK];
    for (chunk, to) in rest.as_chunks_mut::<CHUNK>().0.iter_mut().enumerate() {
        let first = WIDTH + chunk * CHUNK;
        let mut sums = *to;
        for (k, factor) in factors.iter().enumerate() {
            let factor = R::ZERO.minus(*factor);
            let from = &before[k * step + first..][..CHUNK];
            for lane in 0..CHUNK {
                sums[lane] = sums[lane].add_product::<FUSED>(factor, from[lane]);
            }
        }
        for lane in 0..CHUNK {
            greatest[lane] = greater(sums[lane].magnitude(), greatest[lane]);
        }
        *to = sums;
    }
    greatest.iter().fold(R::ZERO, |a, &b| greater(b, a))
}
