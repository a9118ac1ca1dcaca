//! Matrices made bidiagonal by reflections from both sides, which are not kept.
//!
//! A reflection from the left and one from the right subtract a matrix of rank two, and need a product
//! with the matrix each. Rows are gone through twice for each pair: what was found for the last one is
//! subtracted while the product for the next is formed, and once more for the other product (G. Howell
//! et al. 2008, "Cache efficient bidiagonalization using BLAS 2.5 operators").

use super::Scalar;
use super::qr::reflect;
use super::rows::{BLOCK, PANEL, Rows, dispatch, fuses};

/// Rows whose products with a vector are formed together.
const TOGETHER: usize = 8;

/// The magnitudes of the diagonal and of what is above it, one less, of a bidiagonal matrix with the
/// singular values of a matrix that has at least as many rows as columns; that is overwritten.
pub(crate) fn reduce<T: Scalar>(work: &mut Rows<T>, diagonal: &mut [f64], above: &mut [f64]) {
    match fuses() {
        true => dispatch(Reduce::<T, true> { work, diagonal, above }),
        false => dispatch(Reduce::<T, false> { work, diagonal, above }),
    }
}

struct Reduce<'a, T, const FUSED: bool> {
    work: &'a mut Rows<T>,
    diagonal: &'a mut [f64],
    above: &'a mut [f64],
}

/// A matrix `column row` of rank one, which is yet to be subtracted.
struct Product<T> {
    column: Vec<T>,
    row: Vec<[T; BLOCK]>,
}

impl<T: Scalar> Product<T> {
    fn zeros(rows: usize, blocks: usize) -> Product<T> {
        Product { column: vec![T::ZERO; rows], row: vec![[T::ZERO; BLOCK]; blocks] }
    }

    #[inline(always)]
    fn at(&self, i: usize, j: usize) -> T {
        self.column[i].times(self.row[j / BLOCK][j % BLOCK])
    }
}

impl<T: Scalar, const FUSED: bool> pulp::NullaryFnOnce for Reduce<'_, T, FUSED> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Reduce { work, diagonal, above } = self;
        let (m, n, blocks) = (work.count(), diagonal.len(), work.blocks());
        let (mut left, mut right) = (Product::zeros(m, blocks), Product::zeros(m, blocks));
        let mut reflection = vec![T::ZERO; m];
        let mut line = vec![T::ZERO; n];
        let mut sums = vec![[T::ZERO; BLOCK]; blocks];
        for k in 0..n {
            let v = &mut reflection[k..];
            for (i, x) in (k..m).zip(v.iter_mut()) {
                *x = work.at(i, k).minus(left.at(i, k)).minus(right.at(i, k));
            }
            let (beta, tau) = reflect(v);
            diagonal[k] = beta.magnitude();
            if k + 1 == n {
                return;
            }
            // What this does to earlier columns of the block is never read.
            let first = k / BLOCK;
            sums[first..].fill([T::ZERO; BLOCK]);
            let rows = &mut work.blocks_mut()[k * blocks..];
            let columns = [&left.column[k..], &right.column[k..], v];
            let lines = [&left.row[first..], &right.row[first..]];
            advance::<T, FUSED>(rows, blocks, first, columns, lines, &mut sums[first..]);
            let tau = tau.conjugated();
            for (to, sum) in left.row[first..].iter_mut().zip(&sums[first..]) {
                *to = sum.map(|x| tau.times(x));
            }
            left.column[k..].copy_from_slice(v);
            let (line, begin) = (&mut line[k + 1..], k + 1);
            for (j, x) in (begin..n).zip(line.iter_mut()) {
                *x = work.at(k, j).minus(left.at(k, j)).conjugated();
            }
            let (beta, tau) = reflect(line);
            above[k] = beta.magnitude();
            // The product with the reflection's vector, of what is left of the matrix then.
            let first = begin / BLOCK;
            let mut vector = std::mem::take(&mut sums);
            vector[first..].fill([T::ZERO; BLOCK]);
            let mut along = T::ZERO;
            for (j, &x) in (begin..n).zip(line.iter()) {
                vector[j / BLOCK][j % BLOCK] = x;
                along = along.plus(left.row[j / BLOCK][j % BLOCK].times(x));
            }
            let rows = &work.blocks_mut()[begin * blocks..];
            let right_column = &mut right.column[begin..];
            times::<T, FUSED>(rows, blocks, first, &vector[first..], right_column);
            for (x, &v) in right_column.iter_mut().zip(&left.column[begin..]) {
                *x = tau.times(x.minus(v.times(along)));
            }
            right.row[first..].copy_from_slice(&vector[first..]);
            for block in &mut right.row[first..] {
                *block = block.map(T::conjugated);
            }
            sums = vector;
        }
    }
}

/// Subtracts two matrices of rank one from rows, from a block on, and adds to `sums` the rows as they
/// are then, times the conjugates of the third column.
#[inline(always)]
fn advance<T: Scalar, const FUSED: bool>(
    rows: &mut [[T; BLOCK]],
    blocks: usize,
    first: usize,
    columns: [&[T]; 3],
    lines: [&[[T; BLOCK]]; 2],
    sums: &mut [[T; BLOCK]],
) {
    let begin = columns[0].len() / PANEL * PANEL;
    let (several, rest) = rows.split_at_mut(begin * blocks);
    for (panel, rows) in several.chunks_exact_mut(PANEL * blocks).enumerate() {
        let factors: [[T; PANEL]; 3] =
            columns.map(|column| std::array::from_fn(|r| column[panel * PANEL + r]));
        let [a, b, c] = factors;
        let [a, b] = [a, b].map(|x| x.map(|x| T::ZERO.minus(x)));
        let c = c.map(T::conjugated);
        let mut parts = rows.chunks_exact_mut(blocks).map(|row| &mut row[first..]);
        let parts: [&mut [[T; BLOCK]]; PANEL] =
            std::array::from_fn(|_| parts.next().expect("as many rows"));
        let count = sums.len();
        let parts = parts.map(|part| &mut part[..count]);
        let lines = lines.map(|line| &line[..count]);
        for at in 0..count {
            let (mut sum, w, z) = (sums[at], &lines[0][at], &lines[1][at]);
            for r in 0..PANEL {
                let x = &mut parts[r][at];
                for lane in 0..BLOCK {
                    let y = x[lane].plus_product::<FUSED>(a[r], w[lane]);
                    let y = y.plus_product::<FUSED>(b[r], z[lane]);
                    sum[lane] = sum[lane].plus_product::<FUSED>(c[r], y);
                    x[lane] = y;
                }
            }
            sums[at] = sum;
        }
    }
    for (i, row) in rest.chunks_exact_mut(blocks).enumerate() {
        let [a, b, c] = columns.map(|column| column[begin + i]);
        let (a, b, c) = (T::ZERO.minus(a), T::ZERO.minus(b), c.conjugated());
        let lines = lines[0].iter().zip(lines[1]);
        for ((x, (w, z)), sum) in row[first..].iter_mut().zip(lines).zip(sums.iter_mut()) {
            for lane in 0..BLOCK {
                let y = x[lane].plus_product::<FUSED>(a, w[lane]);
                let y = y.plus_product::<FUSED>(b, z[lane]);
                sum[lane] = sum[lane].plus_product::<FUSED>(c, y);
                x[lane] = y;
            }
        }
    }
}

/// The products of rows, from a block on, with a vector.
#[inline(always)]
fn times<T: Scalar, const FUSED: bool>(
    rows: &[[T; BLOCK]],
    blocks: usize,
    first: usize,
    vector: &[[T; BLOCK]],
    out: &mut [T],
) {
    let (several, rest) = out.as_chunks_mut::<TOGETHER>();
    let mut rows = rows.chunks_exact(blocks).map(|row| &row[first..][..vector.len()]);
    for out in several {
        let parts: [&[[T; BLOCK]]; TOGETHER] =
            std::array::from_fn(|_| rows.next().expect("as many rows"));
        let mut sums = [[T::ZERO; BLOCK]; TOGETHER];
        for (at, z) in vector.iter().enumerate() {
            for r in 0..TOGETHER {
                for lane in 0..BLOCK {
                    sums[r][lane] =
                        sums[r][lane].plus_product::<FUSED>(parts[r][at][lane], z[lane]);
                }
            }
        }
        *out = sums.map(total);
    }
    for (slot, row) in rest.iter_mut().zip(rows) {
        let mut sums = [T::ZERO; BLOCK];
        for (x, z) in row.iter().zip(vector) {
            for lane in 0..BLOCK {
                sums[lane] = sums[lane].plus_product::<FUSED>(x[lane], z[lane]);
            }
        }
        *slot = total(sums);
    }
}

/// The sum of the lanes, in halves.
#[inline(always)]
fn total<T: Scalar>(mut lanes: [T; BLOCK]) -> T {
    let mut half = BLOCK / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = lanes[lane].plus(lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}
