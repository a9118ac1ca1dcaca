//! The reduction of matrices to real upper bidiagonal ones.
//!
//! A step has a reflection of rows, found from a column, and one of columns, found from a row; each
//! needs a product with the matrix as it is then. The first product is made in the pass that also
//! brings the matrix up to date, the second in one that only reads.

use super::reflections::{Reflections, reflect};
use super::rows::{BLOCK, PANEL, Rows, dispatch, from_block, sum};
use super::{Scalar, all_finite};

/// A bidiagonal matrix, and the reflections that made it.
pub(crate) struct Bidiagonal<T> {
    pub diagonal: Vec<f64>,
    /// One shorter.
    pub above: Vec<f64>,
    pub left: Reflections<T>,
    pub right: Reflections<T>,
    work: Rows<T>,
    vectors: Vectors<T>,
}

/// What is still to be subtracted, two products of a column and a row; and working memory. Rows are
/// as long as the padded ones of the matrix.
struct Vectors<T> {
    columns: [Vec<T>; 2],
    rows: [Blocks<T>; 2],
    /// The present reflection of columns.
    u: Blocks<T>,
    /// The product with that of rows.
    y: Blocks<T>,
    /// The column that is next.
    column: Vec<T>,
    /// The products with that of columns: lanes that are yet to be summed up, or the loops that
    /// make them would not be those of whole vectors.
    sums: Blocks<T>,
}

type Blocks<T> = Vec<[T; BLOCK]>;

impl<T: Scalar> Bidiagonal<T> {
    /// For a matrix of no fewer rows than columns, which are at least one.
    pub(crate) fn new(m: usize, n: usize) -> Bidiagonal<T> {
        let zeros = || vec![[T::ZERO; BLOCK]; n.div_ceil(BLOCK)];
        let vectors = Vectors {
            columns: [vec![T::ZERO; m], vec![T::ZERO; m]],
            rows: [zeros(), zeros()],
            u: zeros(),
            y: zeros(),
            column: vec![T::ZERO; m],
            sums: Vec::new(),
        };
        Bidiagonal {
            diagonal: vec![0.0; n],
            above: vec![0.0; n - 1],
            left: Reflections::new(m, n, 0),
            right: Reflections::new(n, n - 1, 1),
            work: Rows::zeros(m, n),
            vectors,
        }
    }

    /// Reduces a matrix stored by rows, or the adjoint of one; whether all is finite.
    pub(crate) fn reduce(&mut self, a: &[T], adjoint: bool) -> bool {
        if !all_finite(a) {
            return false;
        }
        dispatch(Reduce { of: self, a, adjoint });
        self.diagonal.iter().chain(&self.above).all(|x| x.is_finite())
    }
}

struct Reduce<'a, T> {
    of: &'a mut Bidiagonal<T>,
    a: &'a [T],
    adjoint: bool,
}

impl<T: Scalar> pulp::NullaryFnOnce for Reduce<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Reduce { of, a, adjoint } = self;
        let Bidiagonal { diagonal, above, left, right, work, vectors } = of;
        let (m, n) = (left.rows, diagonal.len());
        if adjoint {
            work.load_adjoint(a, n);
        } else {
            work.load(a, n);
        }
        vectors.clear();
        for i in 0..m {
            vectors.column[i] = work.at(i, 0);
        }
        for k in 0..n {
            let v = left.vector_mut(k);
            v.copy_from_slice(&vectors.column[k..]);
            let (beta, tau) = reflect(v);
            diagonal[k] = beta.parts().0;
            left.tau[k] = tau;
            vectors.pass(work, k, left.vector(k));
            vectors.reflect_row(work, k, tau);
            if k + 1 == n {
                break;
            }
            let u = &mut vectors.u.as_flattened_mut()[k + 1..n];
            let (beta, scale) = reflect(u);
            above[k] = beta.parts().0;
            right.tau[k] = scale;
            right.vector_mut(k).copy_from_slice(u);
            if scale == T::ZERO {
                u.fill(T::ZERO);
            }
            vectors.product(work, k + 1, left.vector(k), scale);
        }
    }
}

impl<T: Scalar> Vectors<T> {
    fn clear(&mut self) {
        self.rows.iter_mut().for_each(|row| row.fill([T::ZERO; BLOCK]));
        self.columns.iter_mut().for_each(|column| column.fill(T::ZERO));
    }

    /// Brings the rows from `k` on up to date; `y` is the product of the adjoint of `v` and them.
    #[inline(always)]
    fn pass(&mut self, work: &mut Rows<T>, k: usize, v: &[T]) {
        let (first, length) = (k / BLOCK, self.y.len());
        self.y[first..].fill([T::ZERO; BLOCK]);
        let rows = &mut work.blocks_mut()[k * length..];
        let of = |i: usize| v[i].conjugated();
        let count = rows.len() / length;
        let (groups, last) = rows.split_at_mut(count / PANEL * PANEL * length);
        for (group, rows) in groups.chunks_exact_mut(PANEL * length).enumerate() {
            let mut rows = rows.chunks_exact_mut(length);
            let rows = std::array::from_fn(|_| rows.next().unwrap_or_default());
            let of = std::array::from_fn(|r| of(group * PANEL + r));
            self.pass_rows::<PANEL>(k + group * PANEL, first, rows, of);
        }
        for (i, row) in last.chunks_exact_mut(length).enumerate() {
            let i = count / PANEL * PANEL + i;
            self.pass_rows(k + i, first, [row], [of(i)]);
        }
    }

    #[inline(always)]
    fn pass_rows<const ROWS: usize>(
        &mut self,
        i: usize,
        first: usize,
        rows: [&mut [[T; BLOCK]]; ROWS],
        v: [T; ROWS],
    ) {
        let count = self.y.len() - first;
        let rows = from_block(rows, first, count);
        let [a, b]: [[T; ROWS]; 2] =
            std::array::from_fn(|c| std::array::from_fn(|r| self.columns[c][i + r]));
        let [p, q] = &self.rows;
        let (p, q, y) = (&p[first..][..count], &q[first..][..count], &mut self.y[first..][..count]);
        for block in 0..count {
            let mut sum = y[block];
            for r in 0..ROWS {
                let mut x = rows[r][block];
                for lane in 0..BLOCK {
                    x[lane] = x[lane].minus(a[r].times(p[block][lane]));
                    x[lane] = x[lane].minus(b[r].times(q[block][lane]));
                    sum[lane] = sum[lane].plus(v[r].times(x[lane]));
                }
                rows[r][block] = x;
            }
            y[block] = sum;
        }
    }

    /// Row `k` after the reflection of rows, as the vector that the one of columns is found from;
    /// `y` becomes what the reflection subtracts from other rows.
    #[inline(always)]
    fn reflect_row(&mut self, work: &Rows<T>, k: usize, tau: T) {
        let Vectors { u, y, .. } = self;
        let (y, u) = (y.as_flattened_mut(), u.as_flattened_mut());
        y[..k + 1].fill(T::ZERO);
        u[..k + 1].fill(T::ZERO);
        let tau = tau.conjugated();
        for ((u, y), &a) in u.iter_mut().zip(y).zip(work.row(k)).skip(k + 1) {
            *y = tau.times(*y);
            *u = a.minus(*y).conjugated();
        }
    }

    /// Finds what the reflection of columns subtracts from the rows from `k` on; `v` is that of
    /// rows, from the row before on.
    #[inline(always)]
    fn product(&mut self, work: &Rows<T>, k: usize, v: &[T], scale: T) {
        let (first, length, m) = (k / BLOCK, self.y.len(), work.count());
        let v = &v[1..];
        let mut inner = [T::ZERO; BLOCK];
        for (y, u) in self.y[first..].iter().zip(&self.u[first..]) {
            for lane in 0..BLOCK {
                inner[lane] = inner[lane].plus(y[lane].times(u[lane]));
            }
        }
        let inner = sum(&inner);
        let rows = &work.blocks()[k * length..];
        let whole = (m - k) / PANEL * PANEL;
        let (groups, last) = rows.split_at(whole * length);
        self.sums.resize(m - k, [T::ZERO; BLOCK]);
        let (sums, last_sums) = self.sums.split_at_mut(whole);
        for (rows, sums) in groups.chunks_exact(PANEL * length).zip(sums.as_chunks_mut().0) {
            products::<T, PANEL>(rows, first, &self.u, sums);
        }
        for (row, sum) in last.chunks_exact(length).zip(last_sums.as_chunks_mut().0) {
            products::<T, 1>(row, first, &self.u, sum);
        }
        // The column that is next is brought up to date before all the others.
        let (at, lane) = (k / BLOCK, k % BLOCK);
        let (y, u) = (self.y[at][lane], self.u[at][lane].conjugated());
        for (i, row) in rows.chunks_exact(length).enumerate() {
            let w = scale.times(sum(&self.sums[i]).minus(v[i].times(inner)));
            self.columns[0][k + i] = v[i];
            self.columns[1][k + i] = w;
            self.column[k + i] = row[at][lane].minus(v[i].times(y)).minus(w.times(u));
        }
        for (p, y) in self.rows[0].iter_mut().zip(&self.y) {
            *p = *y;
        }
        for (q, u) in self.rows[1].iter_mut().zip(&self.u) {
            *q = u.map(T::conjugated);
        }
    }
}

/// The products of some rows, from the block `first` on, with a vector; lanes are not summed up.
#[inline(always)]
fn products<T: Scalar, const ROWS: usize>(
    rows: &[[T; BLOCK]],
    first: usize,
    u: &[[T; BLOCK]],
    products: &mut [[T; BLOCK]; ROWS],
) {
    let (length, u, count) = (u.len(), &u[first..], u.len() - first);
    let rows: [&[[T; BLOCK]]; ROWS] = std::array::from_fn(|r| &rows[r * length + first..][..count]);
    let mut sums = [[T::ZERO; BLOCK]; ROWS];
    for block in 0..count {
        for r in 0..ROWS {
            for lane in 0..BLOCK {
                sums[r][lane] = sums[r][lane].plus(rows[r][block][lane].times(u[block][lane]));
            }
        }
    }
    *products = sums;
}
