//! The QR decomposition by Householder reflections, with the signs of LAPACK.

use std::ops::Range;

use faer::MatMut;

use super::reflections::{Reflections, TOGETHER, reflect};
use super::rows::{self, BLOCK, Rows, dispatch};
use super::{Matrices, Scalar, all_finite};

/// Matrices of more columns are divided into panels.
const SMALL: usize = 64;

/// Writes `R` and, if asked for, `Q`.
pub(crate) fn decompose<T: Scalar>(
    of: Matrices,
    columns: usize,
    a: &[T],
    mut q: Option<&mut [T]>,
    r: &mut [T],
) {
    let (m, n, area) = (of.rows, of.columns, of.area());
    let mut factor: Box<dyn Factor<T>> = if n <= SMALL && columns <= 2 * SMALL {
        Box::new(ByRows::new(m, n, columns))
    } else {
        Box::new(ByPanels::new(m, n, columns))
    };
    for index in 0..of.count {
        let a = &a[index * area..(index + 1) * area];
        let mut q = q.as_mut().map(|q| &mut q[index * m * columns..(index + 1) * m * columns]);
        let r = &mut r[index * columns * n..(index + 1) * columns * n];
        if !all_finite(a) {
            if let Some(q) = &mut q {
                q.fill(T::NAN);
            }
            for (at, slot) in r.iter_mut().enumerate() {
                *slot = if at / n <= at % n { T::NAN } else { T::ZERO };
            }
            continue;
        }
        factor.factor(a, r);
        for i in 0..columns {
            r[i * n..i * n + i.min(n)].fill(T::ZERO);
        }
        if let Some(q) = q {
            factor.form(q);
        }
    }
}

/// How a matrix is decomposed: first `R`, then, of the same matrix, `Q`.
trait Factor<T> {
    fn factor(&mut self, a: &[T], r: &mut [T]);
    fn form(&mut self, q: &mut [T]);
}

/// One reflection after the other, applied to whole rows.
struct ByRows<T> {
    columns: [usize; 2],
    work: Rows<T>,
    product: Rows<T>,
    reflections: Reflections<T>,
    sums: Vec<[T; BLOCK]>,
}

impl<T: Scalar> ByRows<T> {
    fn new(m: usize, n: usize, columns: usize) -> ByRows<T> {
        ByRows {
            columns: [n, columns],
            work: Rows::zeros(m, n),
            product: Rows::zeros(m, columns),
            reflections: Reflections::new(m, m.min(n), 0),
            sums: Vec::new(),
        }
    }
}

impl<T: Scalar> Factor<T> for ByRows<T> {
    fn factor(&mut self, a: &[T], r: &mut [T]) {
        let ByRows { work, reflections, sums, .. } = self;
        work.load(a, self.columns[0]);
        dispatch(Triangulate { work, reflections, sums });
        self.work.store(r, self.columns[0]);
    }

    fn form(&mut self, q: &mut [T]) {
        let ByRows { product, reflections, sums, .. } = self;
        dispatch(Form { product, reflections, sums });
        self.product.store(q, self.columns[1]);
    }
}

/// Makes a matrix upper triangular; what is below the diagonal is of no meaning then.
struct Triangulate<'a, T> {
    work: &'a mut Rows<T>,
    reflections: &'a mut Reflections<T>,
    sums: &'a mut Vec<[T; BLOCK]>,
}

impl<T: Scalar> pulp::NullaryFnOnce for Triangulate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Triangulate { work, reflections, sums } = self;
        for k in 0..reflections.tau.len() {
            let v = reflections.vector_mut(k);
            for (i, x) in v.iter_mut().enumerate() {
                *x = work.at(k + i, k);
            }
            let (beta, tau) = reflect(v);
            if tau != T::ZERO {
                // Columns before this one are of no meaning, and this one is known.
                work.reflect(k, k, v, tau.conjugated(), sums);
            }
            reflections.tau[k] = tau;
            work.set(k, k, beta);
        }
    }
}

/// The first columns of the product of all reflections.
struct Form<'a, T> {
    product: &'a mut Rows<T>,
    reflections: &'a Reflections<T>,
    sums: &'a mut Vec<[T; BLOCK]>,
}

impl<T: Scalar> pulp::NullaryFnOnce for Form<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Form { product, reflections, sums } = self;
        product.set_identity();
        for k in (0..reflections.tau.len()).rev() {
            // Columns before this one are still those of the identity.
            product.reflect(k, k, reflections.vector(k), reflections.tau[k], sums);
        }
    }
}

/// Panels of columns, whose reflections are applied to the other columns as one.
struct ByPanels<T> {
    sizes: [usize; 3],
    work: Vec<T>,
    reflections: Reflections<T>,
}

impl<T: Scalar> ByPanels<T> {
    fn new(m: usize, n: usize, columns: usize) -> ByPanels<T> {
        let reflections = Reflections::new(m, m.min(n), 0);
        ByPanels { sizes: [m, n, columns], work: vec![T::ZERO; m * n], reflections }
    }
}

impl<T: Scalar> Factor<T> for ByPanels<T> {
    fn factor(&mut self, a: &[T], r: &mut [T]) {
        let ByPanels { sizes: [m, n, columns], work, reflections } = self;
        let (m, n) = (*m, *n);
        work.copy_from_slice(a);
        for start in (0..m.min(n)).step_by(TOGETHER) {
            let end = (start + TOGETHER).min(m.min(n));
            dispatch(Columns { which: start..end, matrix: work, n, reflections });
            if n > end {
                let matrix = MatMut::from_row_major_slice_mut(work, m, n);
                let right = matrix.submatrix_mut(start, end, m - start, n - end);
                reflections.product(start..end).apply(right, true);
            }
        }
        r.copy_from_slice(&work[..*columns * n]);
    }

    fn form(&mut self, q: &mut [T]) {
        let [m, _, columns] = self.sizes;
        q.fill(T::ZERO);
        q.iter_mut().step_by(columns + 1).take(columns).for_each(|x| *x = T::ONE);
        self.reflections.apply(MatMut::from_row_major_slice_mut(q, m, columns), true);
    }
}

/// Makes some columns of a matrix of `n` columns upper triangular; what is below the diagonal is of
/// no meaning then.
///
/// The columns are taken to where the vectors of their reflections are to be, one after another, and
/// become these in turn: a reflection goes along whole columns.
struct Columns<'a, T> {
    which: Range<usize>,
    matrix: &'a mut [T],
    n: usize,
    reflections: &'a mut Reflections<T>,
}

impl<T: Scalar> pulp::NullaryFnOnce for Columns<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Columns { which, matrix, n, reflections: Reflections { rows: m, v, tau, .. } } = self;
        let (m, begin, end) = (*m, which.start, which.end);
        // Some rows and columns at a time, so that lines of both are used as a whole.
        for first in (begin..m).step_by(BLOCK) {
            for k in which.clone() {
                for i in first..(first + BLOCK).min(m) {
                    v[k * m + i] = matrix[i * n + k];
                }
            }
        }
        let mut sums = [[[T::ZERO; LANES]; GROUP]; TOGETHER / GROUP];
        let mut last = [[T::ZERO; LANES]; 1];
        for k in which {
            let (before, later) = v.split_at_mut((k + 1) * m);
            let x = &mut before[k * m..];
            let (beta, scale) = reflect(&mut x[k..]);
            for (i, x) in (begin..k).zip(&mut x[begin..k]) {
                matrix[i * n + k] = std::mem::replace(x, T::ZERO);
            }
            matrix[k * n + k] = beta;
            tau[k] = scale;
            if scale == T::ZERO {
                continue;
            }
            // From where whole vectors begin: there are zeros.
            let first = begin + (k - begin) / LANES * LANES;
            let (x, scale) = (&x[first..], scale.conjugated());
            let later = &mut later[..(end - k - 1) * m];
            let (groups, single) = later.split_at_mut((end - k - 1) / GROUP * GROUP * m);
            for (columns, sums) in groups.chunks_exact(GROUP * m).zip(&mut sums) {
                let columns = std::array::from_fn(|c| &columns[c * m + first..(c + 1) * m]);
                products::<T, GROUP>(x, columns, sums);
            }
            for (columns, sums) in groups.chunks_exact_mut(GROUP * m).zip(&sums) {
                for (column, sums) in columns.chunks_exact_mut(m).zip(sums) {
                    subtract(&mut column[first..], scale.times(sum(sums)), x);
                }
            }
            for column in single.chunks_exact_mut(m) {
                products(x, [&column[first..]], &mut last);
                subtract(&mut column[first..], scale.times(sum(&last[0])), x);
            }
        }
    }
}

/// Columns that a vector is multiplied with at a time.
const GROUP: usize = 4;
/// Elements that are multiplied at a time.
const LANES: usize = 2 * BLOCK;

/// The products of the adjoint of a vector and some columns; lanes are not summed up.
#[inline(always)]
fn products<T: Scalar, const COUNT: usize>(
    x: &[T],
    columns: [&[T]; COUNT],
    products: &mut [[T; LANES]; COUNT],
) {
    let mut sums = [[T::ZERO; LANES]; COUNT];
    let whole = x.len() / LANES * LANES;
    for at in (0..whole).step_by(LANES) {
        for c in 0..COUNT {
            let (x, y) = (&x[at..at + LANES], &columns[c][at..at + LANES]);
            for lane in 0..LANES {
                sums[c][lane] = sums[c][lane].plus(x[lane].conjugated().times(y[lane]));
            }
        }
    }
    for at in whole..x.len() {
        for c in 0..COUNT {
            let lane = at - whole;
            sums[c][lane] = sums[c][lane].plus(x[at].conjugated().times(columns[c][at]));
        }
    }
    *products = sums;
}

/// Subtracts a multiple of a vector.
#[inline(always)]
fn subtract<T: Scalar>(from: &mut [T], factor: T, x: &[T]) {
    for (from, &x) in from.iter_mut().zip(x) {
        *from = from.minus(factor.times(x));
    }
}

/// The sum of the lanes.
#[inline(always)]
fn sum<T: Scalar>(lanes: &[T; LANES]) -> T {
    rows::sum(&std::array::from_fn(|lane| lanes[lane].plus(lanes[lane + BLOCK])))
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, identity, one, product, sample};
    use super::*;

    fn run<T: Scalar>(a: &[T], m: usize, n: usize, columns: usize) -> (Vec<T>, Vec<T>) {
        let (mut q, mut r) = (vec![T::ZERO; m * columns], vec![T::ZERO; columns * n]);
        decompose(one(m, n), columns, a, Some(&mut q), &mut r);
        let mut alone = vec![T::ONE; columns * n];
        decompose(one(m, n), columns, a, None, &mut alone);
        assert!(alone == r || !all_finite(&r));
        (q, r)
    }

    fn check<T: Scalar>(a: &[T], m: usize, n: usize) {
        for k in [m.min(n), m] {
            let (q, r) = run(a, m, n, k);
            assert_close(&product(&q, &r, [m, k, n]), a, "Q R");
            assert_close(&product(&adjoint(&q, [m, k]), &q, [k, m, k]), &identity(k), "Qᴴ Q");
            for i in 0..k.min(n) {
                assert!(r[i * n + i].parts().1 == 0.0 || i + 1 == m);
                assert!(r[i * n..i * n + i].iter().all(|&v| v == T::ZERO));
            }
        }
    }

    fn check_sizes<T: Scalar>() {
        for (m, n) in
            [(1, 1), (3, 3), (5, 2), (2, 5), (40, 40), (70, 20), (20, 70), (80, 70), (300, 280)]
        {
            check::<T>(&sample(m * n), m, n);
        }
        check(&[T::ZERO; 12], 4, 3);
        check(&[T::ONE; 12], 3, 4);
    }

    #[test]
    fn the_product_is_the_matrix() {
        check_sizes::<f32>();
        check_sizes::<f64>();
        check_sizes::<Complex<f32>>();
        check_sizes::<Complex<f64>>();
    }

    #[test]
    fn the_signs_are_those_of_lapack() {
        // Printed by `jnp.linalg.qr`.
        let (q, r) = run(&[1.0f64, 2.0, 3.0, 4.0], 2, 2, 2);
        let known =
            [-0.31622776601683794, -0.9486832980505138, -0.9486832980505138, 0.316227766016838];
        assert_close(&q, &known, "q");
        let known = [-3.1622776601683795, -4.427188724235731, 0.0, -0.6324555320336751];
        assert_close(&r, &known, "r");
    }

    #[test]
    fn nan_and_empty_matrices() {
        let (q, _) = run(&[f32::INFINITY, 1.0], 2, 1, 2);
        assert!(q.iter().all(|v| v.is_nan()));
        let (q, _) = run::<f32>(&[], 2, 0, 2);
        assert_eq!(q, [1.0, 0.0, 0.0, 1.0]);
    }
}
