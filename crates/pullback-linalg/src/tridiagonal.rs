//! The reduction of Hermitian matrices to real tridiagonal ones.
//!
//! A reflection changes all that is left of the matrix, by a sum of two products of vectors; the next
//! one needs a product with what that is then. Both are made in one pass over the upper triangle, so
//! that an element is loaded once a step. Blocks on the diagonal are kept whole.

use super::reflections::{Reflections, reflect};
use super::rows::{BLOCK, PANEL, Rows, dispatch, from_block, sum};
use super::{Scalar, all_finite};

/// A tridiagonal matrix, and the reflections that made it.
pub(crate) struct Tridiagonal<T> {
    pub diagonal: Vec<f64>,
    /// One shorter.
    pub beside: Vec<f64>,
    pub reflections: Reflections<T>,
    work: Rows<T>,
    vectors: Vectors<T>,
}

/// Vectors as long as the padded rows.
struct Vectors<T> {
    /// The reflection before, and what it is subtracted with; and their conjugates.
    v: Blocks<T>,
    w: Blocks<T>,
    v_conjugated: Blocks<T>,
    w_conjugated: Blocks<T>,
    /// The present reflection, and the product with it.
    x: Blocks<T>,
    y: Blocks<T>,
    /// What rows add to the product: lanes that are yet to be summed up, or the loops that make them
    /// would not be those of whole vectors.
    sums: Blocks<T>,
}

type Blocks<T> = Vec<[T; BLOCK]>;

impl<T: Scalar> Tridiagonal<T> {
    /// For a matrix of `n` rows, which are at least one.
    pub(crate) fn new(n: usize) -> Tridiagonal<T> {
        let zeros = || vec![[T::ZERO; BLOCK]; n.div_ceil(BLOCK)];
        let vectors = Vectors {
            v: zeros(),
            w: zeros(),
            v_conjugated: zeros(),
            w_conjugated: zeros(),
            x: zeros(),
            y: zeros(),
            sums: vec![[T::ZERO; BLOCK]; n],
        };
        Tridiagonal {
            diagonal: vec![0.0; n],
            beside: vec![0.0; n - 1],
            reflections: Reflections::new(n, n - 1, 1),
            work: Rows::zeros(n, n),
            vectors,
        }
    }

    /// Reduces a matrix, of which the lower triangle counts; whether all is finite.
    pub(crate) fn reduce(&mut self, a: &[T]) -> bool {
        let n = self.diagonal.len();
        if !(0..n).all(|i| all_finite(&a[i * n..i * n + i + 1])) {
            return false;
        }
        dispatch(Reduce { of: self, a });
        self.diagonal.iter().chain(&self.beside).all(|x| x.is_finite())
    }
}

struct Reduce<'a, T> {
    of: &'a mut Tridiagonal<T>,
    a: &'a [T],
}

impl<T: Scalar> pulp::NullaryFnOnce for Reduce<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Reduce { of, a } = self;
        let Tridiagonal { diagonal, beside, reflections, work, vectors } = of;
        let n = diagonal.len();
        work.load_hermitian(a, n);
        vectors.clear();
        for k in 0..n - 1 {
            vectors.subtract(work, k);
            diagonal[k] = work.at(k, k).parts().0;
            let x = vectors.x.as_flattened_mut();
            x[..k + 1].fill(T::ZERO);
            // What is below the diagonal is the adjoint of what is beside it.
            for (x, &a) in x[k + 1..n].iter_mut().zip(&work.row(k)[k + 1..n]) {
                *x = a.conjugated();
            }
            let (beta, tau) = reflect(&mut x[k + 1..n]);
            beside[k] = beta.parts().0;
            reflections.tau[k] = tau;
            reflections.vector_mut(k).copy_from_slice(&x[k + 1..n]);
            if tau == T::ZERO {
                x.fill(T::ZERO);
            }
            vectors.y[(k + 1) / BLOCK..].fill([T::ZERO; BLOCK]);
            vectors.pass(work, k + 1);
            vectors.next(k + 1, n, tau);
        }
        vectors.subtract(work, n - 1);
        diagonal[n - 1] = work.at(n - 1, n - 1).parts().0;
    }
}

impl<T: Scalar> Vectors<T> {
    fn clear(&mut self) {
        let Vectors { v, w, v_conjugated, w_conjugated, .. } = self;
        for vector in [v, w, v_conjugated, w_conjugated] {
            vector.fill([T::ZERO; BLOCK]);
        }
    }

    /// Brings row `k` up to date.
    #[inline(always)]
    fn subtract(&self, work: &mut Rows<T>, k: usize) {
        let first = k / BLOCK;
        let (v, w) = (self.v.as_flattened()[k], self.w.as_flattened()[k]);
        let row = work.row_mut(k).as_chunks_mut::<BLOCK>().0[first..].iter_mut();
        let vectors = self.v_conjugated[first..].iter().zip(&self.w_conjugated[first..]);
        for (row, (v_conjugated, w_conjugated)) in row.zip(vectors) {
            for lane in 0..BLOCK {
                let change = v.times(w_conjugated[lane]).plus(w.times(v_conjugated[lane]));
                row[lane] = row[lane].minus(change);
            }
        }
    }

    /// Brings the rows from `from` on up to date, and adds their product with `x` to `y`.
    #[inline(always)]
    fn pass(&mut self, work: &mut Rows<T>, from: usize) {
        let (n, length) = (work.count(), self.x.len());
        let whole = from.next_multiple_of(PANEL).min(n);
        let end = whole + (n - whole) / PANEL * PANEL;
        let rows = work.blocks_mut();
        let (single, rows) = rows[from * length..].split_at_mut((whole - from) * length);
        let (groups, last) = rows.split_at_mut((end - whole) * length);
        for (i, row) in (from..whole).zip(single.chunks_exact_mut(length)) {
            self.pass_rows(i, [row]);
        }
        for (group, rows) in groups.chunks_exact_mut(PANEL * length).enumerate() {
            let mut rows = rows.chunks_exact_mut(length);
            let rows = std::array::from_fn(|_| rows.next().unwrap_or_default());
            self.pass_rows::<PANEL>(whole + group * PANEL, rows);
        }
        for (i, row) in (end..n).zip(last.chunks_exact_mut(length)) {
            self.pass_rows(i, [row]);
        }
    }

    /// The same for some rows from `i` on, whose diagonal elements are in one block.
    #[inline(always)]
    fn pass_rows<const ROWS: usize>(&mut self, i: usize, rows: [&mut [[T; BLOCK]]; ROWS]) {
        let Vectors { v, w, v_conjugated, w_conjugated, x, y, .. } = self;
        let (first, count) = (i / BLOCK, v.len() - i / BLOCK);
        let lane_of = |r: usize| (i + r) % BLOCK;
        let v: [T; ROWS] = std::array::from_fn(|r| v[first][lane_of(r)]);
        let w: [T; ROWS] = std::array::from_fn(|r| w[first][lane_of(r)]);
        let of_rows: [T; ROWS] = std::array::from_fn(|r| x[first][lane_of(r)]);
        let rows = from_block(rows, first, count);
        let (v_conjugated, w_conjugated) =
            (&v_conjugated[first..][..count], &w_conjugated[first..][..count]);
        let (x, y) = (&x[first..][..count], &mut y[first..][..count]);
        let mut sums = [[T::ZERO; BLOCK]; ROWS];
        for block in 0..count {
            let mut below = y[block];
            for r in 0..ROWS {
                let mut a = rows[r][block];
                for lane in 0..BLOCK {
                    a[lane] = a[lane].minus(v[r].times(w_conjugated[block][lane]));
                    a[lane] = a[lane].minus(w[r].times(v_conjugated[block][lane]));
                    sums[r][lane] = sums[r][lane].plus(a[lane].times(x[block][lane]));
                    below[lane] = below[lane].plus(a[lane].conjugated().times(of_rows[r]));
                }
                rows[r][block] = a;
            }
            // The block on the diagonal has its own rows for what is below.
            if block > 0 {
                y[block] = below;
            }
        }
        self.sums[i..][..ROWS].copy_from_slice(&sums);
    }

    /// What the present reflection is subtracted with: it becomes the one before.
    #[inline(always)]
    fn next(&mut self, from: usize, n: usize, tau: T) {
        let Vectors { v, w, v_conjugated, w_conjugated, x, y, .. } = self;
        let first = from / BLOCK;
        let y_of_rows = &mut y.as_flattened_mut()[from..n];
        for (y, sums) in y_of_rows.iter_mut().zip(&self.sums[from..]) {
            *y = y.plus(sum(sums));
        }
        y[first][..from % BLOCK].fill(T::ZERO);
        y.as_flattened_mut()[n..].fill(T::ZERO);
        let mut sums = [T::ZERO; BLOCK];
        for (x, y) in x[first..].iter().zip(&y[first..]) {
            for lane in 0..BLOCK {
                sums[lane] = sums[lane].plus(y[lane].conjugated().times(x[lane]));
            }
        }
        // w = tau y - (tau (tau y)ᴴ v / 2) v
        let half = T::from_parts(0.5, 0.0);
        let factor = tau.times(tau.conjugated()).times(sum(&sums)).times(half);
        for block in first..x.len() {
            for lane in 0..BLOCK {
                let x = x[block][lane];
                let difference = tau.times(y[block][lane]).minus(factor.times(x));
                (v[block][lane], v_conjugated[block][lane]) = (x, x.conjugated());
                (w[block][lane], w_conjugated[block][lane]) = (difference, difference.conjugated());
            }
        }
        let before = from.saturating_sub(1) / BLOCK;
        if before < first {
            for vector in [v, w, v_conjugated, w_conjugated] {
                vector[before] = [T::ZERO; BLOCK];
            }
        }
    }
}
