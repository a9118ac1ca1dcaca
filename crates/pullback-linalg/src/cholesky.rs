//! The Cholesky decomposition.

use faer::Mat;
use faer::linalg::cholesky::llt::factor;

use super::{Matrices, PAR, Scalar, Scratch, is_finite, load, store};

pub(crate) fn decompose<T: Scalar>(of: Matrices, a: &[T], l: &mut [T]) {
    let n = of.rows;
    if n == 0 {
        return;
    }
    let params = Default::default();
    let mut scratch = Scratch::new(factor::cholesky_in_place_scratch::<T>(n, PAR, params));
    let mut work = Mat::<T>::zeros(n, n);
    for (a, l) in a.chunks_exact(n * n).zip(l.chunks_exact_mut(n * n)) {
        let finite = (0..n).all(|i| a[i * n..i * n + i + 1].iter().all(|&v| is_finite(v)));
        load(&mut work, a);
        for i in 0..n {
            // A Hermitian matrix has a real diagonal, whatever is stored there.
            work[(i, i)] = T::from_parts(a[i * n + i].parts().0, 0.0);
        }
        let (plain, stack) = (Default::default(), scratch.stack());
        let done =
            finite && factor::cholesky_in_place(work.as_mut(), plain, PAR, stack, params).is_ok();
        if done {
            store(l, work.as_ref());
        } else {
            l.fill(T::NAN);
        }
        for i in 0..n {
            l[i * n + i + 1..(i + 1) * n].fill(T::ZERO);
        }
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, one, product, sample};
    use super::*;

    fn check<T: Scalar>() {
        for n in [1, 2, 5, 40] {
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
