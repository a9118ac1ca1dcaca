//! The singular value decomposition.

use faer::diag::DiagMut;
use faer::linalg::svd::bidiag::{bidiag_in_place, bidiag_in_place_scratch};
use faer::linalg::svd::{ComputeSvdVectors, SvdParams, svd, svd_scratch};
use faer::{Mat, MatRef, Spec};

use super::{
    DIVIDED, Matrices, PAR, Scalar, Scratch, Vectors, all_finite, load, qr, store, values,
};

pub(crate) fn decompose<T: Scalar>(
    of: Matrices,
    a: &[T],
    s: &mut [T::R],
    mut vectors: Option<Vectors<'_, T>>,
) {
    if vectors.is_none() && of.size() >= values::LEAST {
        return values_only(of, a, s);
    }
    let (m, n, size, area) = (of.rows, of.columns, of.size(), of.area());
    let full = vectors.as_ref().is_some_and(|vectors| vectors.full);
    let (left, right) = if full { (m, n) } else { (size, size) };
    let asked = match (&vectors, full) {
        (None, _) => ComputeSvdVectors::No,
        (Some(_), false) => ComputeSvdVectors::Thin,
        (Some(_), true) => ComputeSvdVectors::Full,
    };
    let mut params: Spec<SvdParams, T> = Default::default();
    params.recursion_threshold = DIVIDED;
    let mut scratch = Scratch::new(svd_scratch::<T>(m, n, asked, asked, PAR, params));
    let mut work = Mat::<T>::zeros(m, n);
    let mut values = vec![T::ZERO; size];
    let (mut u, mut v) = (Mat::<T>::zeros(m, left), Mat::<T>::zeros(n, right));
    for index in 0..of.count {
        let a = &a[index * area..(index + 1) * area];
        let mut done = all_finite(a);
        if size == 0 {
            // Nothing to decompose: any orthonormal columns will do.
            (0..left).for_each(|i| u[(i, i)] = T::ONE);
            (0..right).for_each(|i| v[(i, i)] = T::ONE);
        } else if done {
            load(&mut work, a);
            // Columns beyond the singular values are completed from what stands there.
            u.fill(T::ZERO);
            v.fill(T::ZERO);
            let (u, v) = match vectors {
                Some(_) => (Some(u.as_mut()), Some(v.as_mut())),
                None => (None, None),
            };
            let (diagonal, stack) = (DiagMut::from_slice_mut(&mut values), scratch.stack());
            done = svd(work.as_ref(), diagonal, u, v, PAR, stack, params).is_ok();
        }
        for (slot, &value) in s[index * size..(index + 1) * size].iter_mut().zip(&values) {
            *slot = if done { value.real_part() } else { T::NAN_REAL };
        }
        let Some(Vectors { u: us, vh: vhs, .. }) = &mut vectors else { continue };
        let us = &mut us[index * m * left..(index + 1) * m * left];
        let vhs = &mut vhs[index * right * n..(index + 1) * right * n];
        if done {
            store(us, u.as_ref());
            for i in 0..right {
                for j in 0..n {
                    vhs[i * n + j] = v[(j, i)].conjugated();
                }
            }
        } else {
            us.fill(T::NAN);
            vhs.fill(T::NAN);
        }
    }
}

/// Matrices that are so many times as long as wide are made triangular first.
const TALL: usize = 2;

/// The singular values alone: those of a bidiagonal matrix with the same.
fn values_only<T: Scalar>(of: Matrices, a: &[T], s: &mut [T::R]) {
    let (m, n, size, area) = (of.rows, of.columns, of.size(), of.area());
    let tall = m >= TALL * n;
    let (rows, columns) = if tall { (n, n) } else { (m.max(n), size) };
    let mut work = Mat::<T>::zeros(rows, columns);
    let mut triangle = vec![T::ZERO; if tall { n * n } else { 0 }];
    let (mut left, mut right) = (Mat::<T>::zeros(1, size), Mat::<T>::zeros(1, size - 1));
    let params = Default::default();
    let mut scratch = Scratch::new(bidiag_in_place_scratch::<T>(rows, columns, PAR, params));
    let (mut diagonal, mut above) = (vec![0.0; size], vec![0.0; size - 1]);
    let magnitude = |x: T| {
        let (re, im) = x.parts();
        re.hypot(im)
    };
    for (a, s) in a.chunks_exact(area).zip(s.chunks_exact_mut(size)) {
        if !all_finite(a) {
            s.fill(T::NAN_REAL);
            continue;
        }
        if tall {
            let one = Matrices { count: 1, ..of };
            qr::decompose(one, n, a, None, &mut triangle);
            load(&mut work, &triangle);
        } else if m >= n {
            load(&mut work, a);
        } else {
            work.copy_from(MatRef::from_column_major_slice(a, n, m));
        }
        let (l, r) = (left.as_mut(), right.as_mut());
        bidiag_in_place(work.as_mut(), l, r, PAR, scratch.stack(), params);
        for i in 0..size {
            diagonal[i] = magnitude(work[(i, i)]);
            if i + 1 < size {
                above[i] = magnitude(work[(i, i + 1)]);
            }
        }
        let finite = diagonal.iter().chain(&above).all(|x| x.is_finite());
        let found = values::bidiagonal(&diagonal, &above, T::BITS);
        for (slot, value) in s.iter_mut().zip(found) {
            *slot = if finite { T::from_parts(value, 0.0).real_part() } else { T::NAN_REAL };
        }
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, identity, one, product, sample};
    use super::*;

    fn check<T: Scalar>(a: &[T], m: usize, n: usize)
    where
        T::R: Into<f64>,
    {
        let size = m.min(n);
        for full in [false, true] {
            let (left, right) = if full { (m, n) } else { (size, size) };
            let (mut u, mut vh) = (vec![T::ZERO; m * left], vec![T::ZERO; right * n]);
            let mut s = vec![T::NAN_REAL; size];
            let vectors = Vectors { full, u: &mut u, vh: &mut vh };
            decompose(one(m, n), a, &mut s, Some(vectors));
            let s: Vec<f64> = s.iter().map(|&v| v.into()).collect();
            assert!(s.is_sorted_by(|a, b| a >= b) && s.iter().all(|&v| v >= 0.0));
            let mut middle = vec![T::ZERO; left * right];
            (0..size).for_each(|i| middle[i * right + i] = T::from_parts(s[i], 0.0));
            let us = product(&u, &middle, [m, left, right]);
            assert_close(&product(&us, &vh, [m, right, n]), a, "U S Vᴴ");
            let unit = product(&adjoint(&u, [m, left]), &u, [left, m, left]);
            assert_close(&unit, &identity(left), "Uᴴ U");
            let mut alone = vec![T::NAN_REAL; size];
            decompose(one(m, n), a, &mut alone, None);
            for (&alone, with) in alone.iter().zip(s) {
                assert!((alone.into() - with).abs() < 1e-4);
            }
        }
    }

    fn check_sizes<T: Scalar>()
    where
        T::R: Into<f64>,
    {
        for (m, n) in [
            (1, 1),
            (2, 2),
            (5, 3),
            (3, 5),
            (30, 30),
            (60, 8),
            (8, 60),
            (40, 40),
            (50, 41),
            (41, 50),
            (90, 34),
            (130, 101),
            (67, 129),
        ] {
            check::<T>(&sample(m * n), m, n);
        }
        check(&[T::ZERO; 6], 2, 3);
        check(&[T::ONE; 6], 3, 2);
    }

    #[test]
    fn the_product_is_the_matrix() {
        check_sizes::<f32>();
        check_sizes::<f64>();
        check_sizes::<Complex<f32>>();
        check_sizes::<Complex<f64>>();
    }

    #[test]
    fn every_matrix_has_unitary_factors() {
        let (a, n) = (sample::<f32>(24), 3);
        let (mut u, mut vh, mut s) = (vec![0.0; n * 16], vec![0.0; n * 4], vec![0.0; n * 2]);
        let vectors = Vectors { full: true, u: &mut u, vh: &mut vh };
        decompose(Matrices { count: n, rows: 4, columns: 2 }, &a, &mut s, Some(vectors));
        for u in u.chunks_exact(16) {
            assert_close(&product(&adjoint(u, [4, 4]), u, [4, 4, 4]), &identity(4), "Uᴴ U");
        }
    }

    #[test]
    fn nan_and_empty_matrices() {
        let (mut u, mut vh, mut s) = ([0.0f64; 4], [0.0; 4], [0.0; 2]);
        let vectors = Vectors { full: true, u: &mut u, vh: &mut vh };
        decompose(one(2, 2), &[f64::NAN, 1.0, 2.0, 3.0], &mut s, Some(vectors));
        assert!(u.iter().chain(&vh).chain(&s).all(|v| v.is_nan()));
        let mut vh = [0.0f64; 4];
        let vectors = Vectors { full: true, u: &mut [], vh: &mut vh };
        decompose(one(0, 2), &[], &mut [], Some(vectors));
        assert_eq!(vh, [1.0, 0.0, 0.0, 1.0]);
    }
}
