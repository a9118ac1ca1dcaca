//! The Cholesky decomposition.

use faer::Mat;
use faer::linalg::cholesky::llt::factor;

use super::rows::{BLOCK, PANEL, Rows, dispatch};
use super::{Matrices, PAR, Scalar, Scratch, all_finite, load, store};

/// Real matrices of more rows are divided into blocks; complex ones of fewer, as products of numbers
/// in pairs are made better by `faer`.
const SMALL: usize = 256;
const SMALL_COMPLEX: usize = 64;

pub(crate) fn decompose<T: Scalar>(of: Matrices, a: &[T], l: &mut [T]) {
    let n = of.rows;
    if n == 0 {
        return;
    }
    if n <= if T::IS_REAL { SMALL } else { SMALL_COMPLEX } {
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
        if !done {
            not_a_number(n, l);
            continue;
        }
        store(l, work.as_ref());
        for (i, row) in l.chunks_exact_mut(n).enumerate() {
            row[i + 1..].fill(T::ZERO);
        }
    }
}

#[inline(always)]
fn is_finite_below<T: Scalar>(n: usize, a: &[T]) -> bool {
    (0..n).all(|i| all_finite(&a[i * n..i * n + i + 1]))
}

/// Writes NaN, and zeros above the diagonal.
fn not_a_number<T: Scalar>(n: usize, l: &mut [T]) {
    for (i, row) in l.chunks_exact_mut(n).enumerate() {
        let (below, above) = row.split_at_mut(i + 1);
        below.fill(T::NAN);
        above.fill(T::ZERO);
    }
}

/// Matrices whose adjoint factor is found some rows at a time, from all rows before them.
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
        for (a, l) in a.chunks_exact(n * n).zip(l.chunks_exact_mut(n * n)) {
            work.load_hermitian(a, n);
            // What is not finite leaves its row with a pivot that is neither.
            let done = (0..n).step_by(PANEL).all(|begin| match n - begin {
                PANEL.. => rows_of_factor::<T, PANEL>(&mut work, begin),
                _ => (begin..n).all(|k| rows_of_factor::<T, 1>(&mut work, k)),
            });
            if done {
                work.store_adjoint(l, n);
            } else {
                not_a_number(n, l);
            }
        }
    }
}

/// Replaces some rows by those of the factor; whether there are such.
#[inline(always)]
fn rows_of_factor<T: Scalar, const ROWS: usize>(work: &mut Rows<T>, begin: usize) -> bool {
    // What this does to columns left of the diagonal is never read.
    let first = begin / BLOCK;
    work.subtract_before::<ROWS>(begin, first);
    let mut corner: [[T; ROWS]; ROWS] =
        std::array::from_fn(|r| std::array::from_fn(|c| work.at(begin + r, begin + c)));
    let (mut roots, mut inverses) = ([T::ZERO; ROWS], [T::ZERO; ROWS]);
    for k in 0..ROWS {
        let pivot = corner[k][k].parts().0;
        if pivot.is_nan() || pivot <= 0.0 || pivot == f64::INFINITY {
            return false;
        }
        let root = pivot.sqrt();
        roots[k] = T::from_parts(root, 0.0);
        inverses[k] = T::from_parts(1.0 / root, 0.0);
        for c in k + 1..ROWS {
            corner[k][c] = corner[k][c].times(inverses[k]);
        }
        for r in k + 1..ROWS {
            for c in r..ROWS {
                let product = corner[k][r].conjugated().times(corner[k][c]);
                corner[r][c] = corner[r][c].minus(product);
            }
        }
    }
    work.substitute(begin, first, &corner, &inverses);
    for k in 0..ROWS {
        work.set(begin + k, begin + k, roots[k]);
    }
    true
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
