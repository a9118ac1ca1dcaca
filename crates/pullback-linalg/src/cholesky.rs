//! The Cholesky decomposition.

use faer::Mat;
use faer::linalg::cholesky::llt::factor;

use super::rows::{BLOCK, PANEL, Rows, dispatch};
use super::{Matrices, PAR, Scalar, Scratch, all_finite, load, store};

/// Matrices of more rows are divided into blocks.
const SMALL: usize = 256;

pub(crate) fn decompose<T: Scalar>(of: Matrices, a: &[T], l: &mut [T]) {
    let n = of.rows;
    if n == 0 {
        return;
    }
    if n <= SMALL {
        return dispatch(ByRows { n, a, l });
    }
    let params = Default::default();
    let mut scratch = Scratch::new(factor::cholesky_in_place_scratch::<T>(n, PAR, params));
    let mut work = Mat::<T>::zeros(n, n);
    for (a, l) in a.chunks_exact(n * n).zip(l.chunks_exact_mut(n * n)) {
        load(&mut work, a);
        for i in 0..n {
            // A Hermitian matrix has a real diagonal, whatever is stored there.
            work[(i, i)] = T::from_parts(a[i * n + i].parts().0, 0.0);
        }
        let (plain, stack) = (Default::default(), scratch.stack());
        let done = is_finite_below(n, a)
            && factor::cholesky_in_place(work.as_mut(), plain, PAR, stack, params).is_ok();
        finish(n, l, done, |l| store(l, work.as_ref()));
    }
}

#[inline(always)]
fn is_finite_below<T: Scalar>(n: usize, a: &[T]) -> bool {
    (0..n).all(|i| all_finite(&a[i * n..i * n + i + 1]))
}

/// Writes the factor, or NaN, and zeros above the diagonal.
fn finish<T: Scalar>(n: usize, l: &mut [T], done: bool, store: impl FnOnce(&mut [T])) {
    if done {
        store(l);
    } else {
        l.fill(T::NAN);
    }
    for i in 0..n {
        l[i * n + i + 1..(i + 1) * n].fill(T::ZERO);
    }
}

/// Matrices whose adjoint factor is found row by row: pivot rows, scaled, are subtracted from all
/// rows below.
struct ByRows<'a, T> {
    n: usize,
    a: &'a [T],
    l: &'a mut [T],
}

impl<T: Scalar> pulp::NullaryFnOnce for ByRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let ByRows { n, a, l } = self;
        let mut work = Rows::zeros(n, n);
        let blocks = n.div_ceil(BLOCK);
        let mut factors: [Vec<T>; PANEL] = std::array::from_fn(|_| vec![T::ZERO; n]);
        for (a, l) in a.chunks_exact(n * n).zip(l.chunks_exact_mut(n * n)) {
            for i in 0..n {
                for (j, &x) in a[i * n..i * n + i].iter().enumerate() {
                    work.set(j, i, x.conjugated());
                }
                // A Hermitian matrix has a real diagonal, whatever is stored there.
                work.set(i, i, T::from_parts(a[i * n + i].parts().0, 0.0));
            }
            let mut done = is_finite_below(n, a);
            for begin in (0..n).step_by(PANEL) {
                let end = (begin + PANEL).min(n);
                for k in begin..end {
                    let pivot = work.at(k, k).parts().0;
                    if !done || pivot <= 0.0 || pivot.is_nan() {
                        done = false;
                        break;
                    }
                    let root = pivot.sqrt();
                    let inverse = T::from_parts(1.0 / root, 0.0);
                    let row = work.row_mut(k);
                    for (x, factor) in row[k..].iter_mut().zip(&mut factors[k - begin][k..]) {
                        *x = x.times(inverse);
                        *factor = x.conjugated();
                    }
                    row[k] = T::from_parts(root, 0.0);
                    // What this does to columns left of the diagonal is never read.
                    let factor = &factors[k - begin];
                    work.subtract(k, k + 1..end, |i| factor[i], |i| i / BLOCK..blocks);
                }
                if !done {
                    break;
                }
                if end < n {
                    let [a, b, c, d] = &factors;
                    let factors = |i: usize| [a[i], b[i], c[i], d[i]];
                    work.subtract_panel(begin, factors, |i| i / BLOCK);
                }
            }
            finish(n, l, done, |l| {
                for i in 0..n {
                    for j in 0..i + 1 {
                        l[i * n + j] = work.at(j, i).conjugated();
                    }
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, one, product, sample};
    use super::*;

    fn check<T: Scalar>() {
        for n in [1, 2, 5, 8, 40, 270] {
            let b = sample::<T>(n * n);
            let mut a = product(&b, &adjoint(&b, [n, n]), [n, n, n]);
            for i in 0..n {
                a[i * n + i] = a[i * n + i].plus(T::ONE);
            }
            let mut read = a.clone();
            for i in 0..n {
                read[i * n + i + 1..(i + 1) * n].fill(T::NAN);
            }
            let mut l = vec![T::ONE; n * n];
            decompose(one(n, n), &read, &mut l);
            assert_close(&product(&l, &adjoint(&l, [n, n]), [n, n, n]), &a, "L Lᴴ");
        }
    }

    #[test]
    fn the_factor_squared_is_the_matrix() {
        check::<f32>();
        check::<f64>();
        check::<Complex<f32>>();
        check::<Complex<f64>>();
    }

    #[test]
    fn not_positive_definite_gives_nan_only_there() {
        let x = [4.0f64, 0.0, 2.0, 5.0, 1.0, 0.0, 2.0, 1.0, f64::NAN, 0.0, 0.0, 1.0];
        let mut l = [0.0; 12];
        decompose(Matrices { count: 3, rows: 2, columns: 2 }, &x, &mut l);
        assert_eq!(l[..4], [2.0, 0.0, 1.0, 2.0]);
        for l in [&l[4..8], &l[8..]] {
            assert!(l[0].is_nan() && l[1] == 0.0 && l[2].is_nan() && l[3].is_nan());
        }
        decompose::<f32>(Matrices { count: 2, rows: 0, columns: 0 }, &[], &mut []);
    }
}
