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

    /// Takes the upper triangle of a Hermitian matrix of `n` rows, the adjoint of the lower one, which
    /// is what counts; blocks on the diagonal are whole.
    #[inline(always)]
    pub(crate) fn load_hermitian(&mut self, source: &[T], n: usize) {
        for first in (0..n).step_by(BLOCK) {
            let end = (first + BLOCK).min(n);
            let lines: [&[T]; BLOCK] =
                std::array::from_fn(|lane| &source[(first + lane).min(n - 1) * n..][..n]);
            for i in 0..end {
                let block: [T; BLOCK] = std::array::from_fn(|lane| lines[lane][i].conjugated());
                self.row_mut(i)[first..first + BLOCK].copy_from_slice(&block);
            }
            for i in first..end {
                let row = self.row_mut(i);
                row[first..i].copy_from_slice(&lines[i - first][first..i]);
                // A Hermitian matrix has a real diagonal, whatever is stored there.
                row[i] = T::from_parts(lines[i - first][i].parts().0, 0.0);
            }
            for i in 0..end {
                self.row_mut(i)[end..first + BLOCK].fill(T::ZERO);
            }
        }
    }

    /// Gives the adjoint of the upper triangle to the lower one of a matrix of `n` rows, with zeros
    /// above it.
    #[inline(always)]
    pub(crate) fn store_adjoint(&self, target: &mut [T], n: usize) {
        for first in (0..n).step_by(BLOCK) {
            let end = (first + BLOCK).min(n);
            let lines: [&[T]; BLOCK] =
                std::array::from_fn(|lane| &self.row((first + lane).min(n - 1))[..n]);
            for i in first..end {
                let row = &mut target[i * n..(i + 1) * n];
                for (line, to) in lines.iter().zip(&mut row[first..i + 1]) {
                    *to = line[i].conjugated();
                }
                row[i + 1..].fill(T::ZERO);
            }
            for i in end..n {
                let block: [T; BLOCK] = std::array::from_fn(|lane| lines[lane][i].conjugated());
                target[i * n + first..][..BLOCK].copy_from_slice(&block);
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

    /// Copies the elements that a block of columns has from row `from` on, column by column.
    #[inline(always)]
    pub(crate) fn take_block(&self, from: usize, block: usize, columns: &mut [T]) {
        let (height, length) = (self.rows - from, self.blocks);
        let rows = &self.blocks()[from * length..];
        for (i, row) in rows.chunks_exact(length).enumerate() {
            for lane in 0..BLOCK {
                columns[lane * height + i] = row[block][lane];
            }
        }
    }

    /// Gives back what `take_block` took.
    #[inline(always)]
    pub(crate) fn put_block(&mut self, from: usize, block: usize, columns: &[T]) {
        let (height, length) = (self.rows - from, self.blocks);
        let rows = &mut self.blocks_mut()[from * length..];
        for (i, row) in rows.chunks_exact_mut(length).enumerate() {
            row[block] = std::array::from_fn(|lane| columns[lane * height + i]);
        }
    }

    /// Subtracts multiples of row `of` from the rows `rows`, which are later, from the block `first`
    /// on: `factor` tells of each, by its number, which.
    #[inline(always)]
    pub(crate) fn subtract(
        &mut self,
        of: usize,
        rows: Range<usize>,
        factor: impl Fn(usize) -> T,
        first: usize,
    ) {
        let length = self.blocks;
        let (before, after) = self.blocks_mut().split_at_mut(rows.start * length);
        let pivot = &before[of * length..][..length];
        for (i, row) in rows.zip(after.chunks_exact_mut(length)) {
            let factor = factor(i);
            for (to, from) in row[first..].iter_mut().zip(&pivot[first..]) {
                less(to, factor, from);
            }
        }
    }

    /// The same for `BLOCK` rows from row `of` on, from all rows after them.
    #[inline(always)]
    pub(crate) fn subtract_block(
        &mut self,
        of: usize,
        factors: impl Fn(usize) -> [T; BLOCK],
        first: usize,
    ) {
        let (length, begin) = (self.blocks, of + BLOCK);
        if first >= length {
            return;
        }
        let (before, after) = self.blocks_mut().split_at_mut(begin * length);
        let pivots: [&[[T; BLOCK]]; BLOCK] =
            std::array::from_fn(|p| &before[(of + p) * length + first..(of + p + 1) * length]);
        let count = after.len() / length;
        let (groups, last) = after.split_at_mut(count / PANEL * PANEL * length);
        for (group, rows) in groups.chunks_exact_mut(PANEL * length).enumerate() {
            let mut rows = rows.chunks_exact_mut(length);
            let rows = std::array::from_fn(|_| rows.next().unwrap_or_default());
            let factors = std::array::from_fn(|r| factors(begin + group * PANEL + r));
            subtract_rows::<T, PANEL>(pivots, from_block(rows, first, length - first), factors);
        }
        for (i, row) in last.chunks_exact_mut(length).enumerate() {
            let factors = [factors(begin + count / PANEL * PANEL + i)];
            subtract_rows(pivots, [&mut row[first..]], factors);
        }
    }

    /// Subtracts from some rows, from the block `first` on, what all rows before them, which are those
    /// of a Cholesky factor, have in them.
    #[inline(always)]
    pub(crate) fn subtract_before<const ROWS: usize>(&mut self, of: usize, first: usize) {
        let length = self.blocks;
        let (before, rows) = self.blocks_mut().split_at_mut(of * length);
        // Sums stay in registers.
        const TOGETHER: usize = 4;
        let mut block = first;
        while block + TOGETHER <= length {
            subtract_products::<T, ROWS, TOGETHER>(before, rows, of, block, length);
            block += TOGETHER;
        }
        for block in block..length {
            subtract_products::<T, ROWS, 1>(before, rows, of, block, length);
        }
    }

    /// Makes of some rows, from the block `first` on, those of a Cholesky factor: of the triangle
    /// where they meet the diagonal, its factor and the inverses of its diagonal are given.
    #[inline(always)]
    pub(crate) fn substitute<const ROWS: usize>(
        &mut self,
        from: usize,
        first: usize,
        factors: &[[T; ROWS]; ROWS],
        inverses: &[T; ROWS],
    ) {
        let length = self.blocks;
        let mut rows = self.blocks_mut()[from * length..].chunks_exact_mut(length);
        let rows = std::array::from_fn(|_| rows.next().unwrap_or_default());
        let rows: [_; ROWS] = from_block(rows, first, length - first);
        for block in 0..length - first {
            let mut sums: [[T; BLOCK]; ROWS] = std::array::from_fn(|r| rows[r][block]);
            for r in 0..ROWS {
                let (known, rest) = sums.split_at_mut(r);
                for (sum, factors) in known.iter().zip(factors) {
                    less(&mut rest[0], factors[r].conjugated(), sum);
                }
                for lane in 0..BLOCK {
                    rest[0][lane] = rest[0][lane].times(inverses[r]);
                }
                rows[r][block] = rest[0];
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

/// Subtracts, from some blocks of rows from number `of` on, multiples of all rows before.
#[inline(always)]
fn subtract_products<T: Scalar, const ROWS: usize, const BLOCKS: usize>(
    before: &[[T; BLOCK]],
    rows: &mut [[T; BLOCK]],
    of: usize,
    block: usize,
    length: usize,
) {
    let mut sums: [[[T; BLOCK]; BLOCKS]; ROWS] =
        std::array::from_fn(|r| std::array::from_fn(|b| rows[r * length + block + b]));
    let (at, lane) = (of / BLOCK, of % BLOCK);
    for row in before.chunks_exact(length) {
        let (factors, from) = (&row[at][lane..lane + ROWS], &row[block..block + BLOCKS]);
        for r in 0..ROWS {
            for b in 0..BLOCKS {
                less(&mut sums[r][b], factors[r].conjugated(), &from[b]);
            }
        }
    }
    for r in 0..ROWS {
        for b in 0..BLOCKS {
            rows[r * length + block + b] = sums[r][b];
        }
    }
}

/// Subtracts multiples of `BLOCK` rows from some others.
#[inline(always)]
fn subtract_rows<T: Scalar, const ROWS: usize>(
    pivots: [&[[T; BLOCK]]; BLOCK],
    mut rows: [&mut [[T; BLOCK]]; ROWS],
    factors: [[T; BLOCK]; ROWS],
) {
    for block in 0..pivots[0].len() {
        let mut sums: [[T; BLOCK]; ROWS] = std::array::from_fn(|r| rows[r][block]);
        for (p, pivot) in pivots.iter().enumerate() {
            for (sum, factors) in sums.iter_mut().zip(&factors) {
                less(sum, factors[p], &pivot[block]);
            }
        }
        for (row, sum) in rows.iter_mut().zip(sums) {
            row[block] = sum;
        }
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
