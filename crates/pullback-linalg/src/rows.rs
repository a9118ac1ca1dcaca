//! Matrices stored by rows of whole vectors, for which eliminations are sums of rows.
//!
//! What makes a matrix triangular, one column after the other, adds multiples of rows to rows, or
//! sums rows up: loops over contiguous elements, which need no sums across a vector. A row is
//! padded with zeros to whole blocks, so that small matrices have no remainders; operations begin
//! with the block of a column, and what they do to the columns before it must not matter.

use std::ops::Range;

use super::Scalar;

/// Elements of a block.
pub(crate) const BLOCK: usize = 8;
/// Rows that are subtracted together, so that what they are subtracted from is loaded but once.
pub(crate) const PANEL: usize = 4;
/// Bytes of a cache line.
const LINE: usize = 64;

/// Some rows of blocks.
pub(crate) struct Rows<T> {
    rows: usize,
    blocks: usize,
    elements: Vec<T>,
    /// Where the rows begin: at a cache line, or vectors would lie across two.
    start: usize,
}

impl<T: Scalar> Rows<T> {
    pub(crate) fn zeros(rows: usize, columns: usize) -> Rows<T> {
        let blocks = columns.div_ceil(BLOCK);
        let elements = vec![T::ZERO; rows * blocks * BLOCK + LINE / size_of::<T>()];
        let start = elements.as_ptr().align_offset(LINE).min(LINE / size_of::<T>());
        Rows { rows, blocks, elements, start }
    }

    /// Takes the elements of a matrix of `columns` columns that is stored by rows.
    pub(crate) fn load(&mut self, source: &[T], columns: usize) {
        if columns == 0 {
            return;
        }
        for (i, source) in source.chunks_exact(columns).enumerate() {
            self.row_mut(i)[..columns].copy_from_slice(source);
        }
    }

    /// Takes the adjoint of a matrix that is stored by rows and has as many of them as there are
    /// columns here.
    #[inline(always)]
    pub(crate) fn load_adjoint(&mut self, source: &[T], columns: usize) {
        let rows = self.rows;
        for first in (0..columns).step_by(BLOCK) {
            let end = (first + BLOCK).min(columns);
            for i in 0..rows {
                for (j, to) in (first..end).zip(&mut self.row_mut(i)[first..end]) {
                    *to = source[j * rows + i].conjugated();
                }
            }
        }
    }

    /// Gives back elements that `load` took, as many rows as there is space for.
    pub(crate) fn store(&self, target: &mut [T], columns: usize) {
        if columns == 0 {
            return;
        }
        for (i, target) in target.chunks_exact_mut(columns).enumerate() {
            target.copy_from_slice(&self.row(i)[..columns]);
        }
    }

    /// Makes this the first columns of the identity.
    #[inline(always)]
    pub(crate) fn set_identity(&mut self) {
        self.blocks_mut().fill([T::ZERO; BLOCK]);
        for i in 0..self.rows.min(self.blocks * BLOCK) {
            self.set(i, i, T::ONE);
        }
    }

    /// All blocks, row by row.
    #[inline(always)]
    pub(crate) fn blocks(&self) -> &[[T; BLOCK]] {
        &self.elements[self.start..].as_chunks().0[..self.rows * self.blocks]
    }

    #[inline(always)]
    pub(crate) fn blocks_mut(&mut self) -> &mut [[T; BLOCK]] {
        let count = self.rows * self.blocks;
        &mut self.elements[self.start..].as_chunks_mut().0[..count]
    }

    #[inline(always)]
    pub(crate) fn row(&self, i: usize) -> &[T] {
        let length = self.blocks * BLOCK;
        &self.elements[self.start + i * length..][..length]
    }

    #[inline(always)]
    pub(crate) fn row_mut(&mut self, i: usize) -> &mut [T] {
        let length = self.blocks * BLOCK;
        &mut self.elements[self.start + i * length..][..length]
    }

    #[inline(always)]
    pub(crate) fn at(&self, i: usize, j: usize) -> T {
        self.elements[self.start + i * self.blocks * BLOCK + j]
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, i: usize, j: usize, value: T) {
        self.elements[self.start + i * self.blocks * BLOCK + j] = value;
    }

    /// Exchanges two rows.
    #[inline(always)]
    pub(crate) fn swap(&mut self, i: usize, j: usize) {
        let (low, high, blocks) = (i.min(j), i.max(j), self.blocks);
        if low < high {
            let (before, after) = self.blocks_mut().split_at_mut(high * blocks);
            let rows = before[low * blocks..].iter_mut().zip(after);
            rows.take(blocks).for_each(|(a, b)| std::mem::swap(a, b));
        }
    }

    /// Subtracts multiples of row `of` from the rows `rows`, which are later: `factor` tells of
    /// each, by its number, which; `blocks` tells of each which blocks.
    #[inline(always)]
    pub(crate) fn subtract(
        &mut self,
        of: usize,
        rows: Range<usize>,
        factor: impl Fn(usize) -> T,
        blocks: impl Fn(usize) -> Range<usize>,
    ) {
        let length = self.blocks;
        let (before, after) = self.blocks_mut().split_at_mut(rows.start * length);
        let pivot = &before[of * length..][..length];
        for (i, row) in rows.zip(after.chunks_exact_mut(length.max(1))) {
            let (blocks, factor) = (blocks(i), factor(i));
            for (to, from) in row[blocks.clone()].iter_mut().zip(&pivot[blocks]) {
                for lane in 0..BLOCK {
                    to[lane] = to[lane].minus(factor.times(from[lane]));
                }
            }
        }
    }

    /// The same for `PANEL` rows from row `of` on, from all rows after them; `first` tells of each
    /// at which block to begin.
    #[inline(always)]
    pub(crate) fn subtract_panel(
        &mut self,
        of: usize,
        factors: impl Fn(usize) -> [T; PANEL],
        first: impl Fn(usize) -> usize,
    ) {
        let (length, begin) = (self.blocks, of + PANEL);
        let (before, after) = self.blocks_mut().split_at_mut(begin * length);
        let pivots: [&[[T; BLOCK]]; PANEL] =
            std::array::from_fn(|p| &before[(of + p) * length..][..length]);
        for (i, row) in after.chunks_exact_mut(length.max(1)).enumerate() {
            let (first, factors) = (first(begin + i), factors(begin + i));
            let row = &mut row[first..];
            let [a, b, c, d] = pivots.map(|pivot| &pivot[first..][..row.len()]);
            for ((((to, a), b), c), d) in row.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                let mut x = *to;
                less(&mut x, factors[0], a);
                less(&mut x, factors[1], b);
                less(&mut x, factors[2], c);
                less(&mut x, factors[3], d);
                *to = x;
            }
        }
    }

    /// Applies the reflection `I - factor v vᴴ` to the rows from `from` on, from the block of
    /// column `column` on; `v` has an element for each of these rows. `sums` is working memory.
    #[inline(always)]
    pub(crate) fn reflect(
        &mut self,
        from: usize,
        column: usize,
        v: &[T],
        factor: T,
        sums: &mut Vec<[T; BLOCK]>,
    ) {
        let (first, blocks) = (column / BLOCK, self.blocks);
        if first >= blocks {
            return;
        }
        let part = &mut self.blocks_mut()[from * blocks..];
        sums.clear();
        sums.resize(blocks - first, [T::ZERO; BLOCK]);
        let (panels, factors) = (part.chunks_exact(PANEL * blocks), v.as_chunks::<PANEL>());
        let (later, factors_later) = (panels.remainder(), factors.1);
        for (panel, factors) in panels.zip(factors.0) {
            let factors = factors.map(T::conjugated);
            let rows: [&[[T; BLOCK]]; PANEL] =
                std::array::from_fn(|p| &panel[p * blocks + first..(p + 1) * blocks]);
            let [a, b, c, d] = rows;
            for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                let mut x = *sum;
                more(&mut x, factors[0], a);
                more(&mut x, factors[1], b);
                more(&mut x, factors[2], c);
                more(&mut x, factors[3], d);
                *sum = x;
            }
        }
        for (row, v) in later.chunks_exact(blocks).zip(factors_later) {
            let v = v.conjugated();
            for (sum, from) in sums.iter_mut().zip(&row[first..]) {
                for lane in 0..BLOCK {
                    sum[lane] = sum[lane].plus(v.times(from[lane]));
                }
            }
        }
        for sum in sums.iter_mut() {
            for lane in 0..BLOCK {
                sum[lane] = factor.times(sum[lane]);
            }
        }
        for (row, &v) in part.chunks_exact_mut(blocks).zip(v) {
            for (to, sum) in row[first..].iter_mut().zip(sums.iter()) {
                for lane in 0..BLOCK {
                    to[lane] = to[lane].minus(v.times(sum[lane]));
                }
            }
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.rows
    }
}

/// `x - factor * y`
#[inline(always)]
fn less<T: Scalar>(x: &mut [T; BLOCK], factor: T, y: &[T; BLOCK]) {
    for lane in 0..BLOCK {
        x[lane] = x[lane].minus(factor.times(y[lane]));
    }
}

/// `x + factor * y`
#[inline(always)]
fn more<T: Scalar>(x: &mut [T; BLOCK], factor: T, y: &[T; BLOCK]) {
    for lane in 0..BLOCK {
        x[lane] = x[lane].plus(factor.times(y[lane]));
    }
}

/// So many blocks of rows, from the block `first` on.
#[inline(always)]
pub(crate) fn from_block<T, const ROWS: usize>(
    mut rows: [&mut [[T; BLOCK]]; ROWS],
    first: usize,
    count: usize,
) -> [&mut [[T; BLOCK]]; ROWS] {
    for row in &mut rows {
        *row = &mut std::mem::take(row)[first..][..count];
    }
    rows
}

/// The sum of the lanes.
#[inline(always)]
pub(crate) fn sum<T: Scalar>(lanes: &[T; BLOCK]) -> T {
    let mut lanes = *lanes;
    for width in [4, 2, 1] {
        for lane in 0..width {
            lanes[lane] = lanes[lane].plus(lanes[lane + width]);
        }
    }
    lanes[0]
}

/// Runs what is made of rows with the best instructions that there are.
///
/// What is dispatched must be a struct whose `call` is always inlined, and so must be all that its
/// loops call.
pub(crate) fn dispatch<F: pulp::NullaryFnOnce>(f: F) -> F::Output {
    static ARCH: std::sync::OnceLock<pulp::Arch> = std::sync::OnceLock::new();
    ARCH.get_or_init(pulp::Arch::new).dispatch(f)
}
