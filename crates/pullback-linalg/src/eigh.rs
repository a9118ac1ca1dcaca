//! The eigendecomposition of Hermitian matrices.

use faer::diag::DiagMut;
use faer::linalg::evd::tridiag::{tridiag_in_place, tridiag_in_place_scratch};
use faer::linalg::evd::{
    ComputeEigenvectors, SelfAdjointEvdParams, self_adjoint_evd, self_adjoint_evd_scratch,
};
use faer::{Mat, Spec};

use super::{
    DIVIDED, Matrices, PAR, Scalar, Scratch, all_finite, load, store, values as of_values,
};

pub(crate) fn decompose<T: Scalar>(
    of: Matrices,
    a: &[T],
    mut vectors: Option<&mut [T]>,
    values: &mut [T::R],
) {
    let n = of.rows;
    if n == 0 {
        return;
    }
    if vectors.is_none() && n >= of_values::LEAST {
        return values_only(n, a, values);
    }
    let mut params: Spec<SelfAdjointEvdParams, T> = Default::default();
    params.recursion_threshold = DIVIDED;
    let asked = match vectors {
        Some(_) => ComputeEigenvectors::Yes,
        None => ComputeEigenvectors::No,
    };
    let mut scratch = Scratch::new(self_adjoint_evd_scratch::<T>(n, asked, PAR, params));
    let mut work = Mat::<T>::zeros(n, n);
    let mut v = if vectors.is_some() { Mat::<T>::zeros(n, n) } else { Mat::new() };
    let mut w = vec![T::ZERO; n];
    for (index, (a, values)) in a.chunks_exact(n * n).zip(values.chunks_exact_mut(n)).enumerate() {
        let finite = load_lower(&mut work, a);
        let (diagonal, stack) = (DiagMut::from_slice_mut(&mut w), scratch.stack());
        let v_out = vectors.is_some().then(|| v.as_mut());
        let done =
            finite && self_adjoint_evd(work.as_ref(), diagonal, v_out, PAR, stack, params).is_ok();
        for (slot, &value) in values.iter_mut().zip(&w) {
            *slot = if done { value.real_part() } else { T::NAN_REAL };
        }
        let Some(vectors) = &mut vectors else { continue };
        let vectors = &mut vectors[index * n * n..(index + 1) * n * n];
        match done {
            true => store(vectors, v.as_ref()),
            false => vectors.fill(T::NAN),
        }
    }
}

/// Copies a Hermitian matrix, of which the lower triangle counts; whether that is finite.
fn load_lower<T: Scalar>(work: &mut Mat<T>, a: &[T]) -> bool {
    let n = work.nrows();
    load(work, a);
    for i in 0..n {
        // A Hermitian matrix has a real diagonal, whatever is stored there.
        work[(i, i)] = T::from_parts(a[i * n + i].parts().0, 0.0);
    }
    (0..n).all(|i| all_finite(&a[i * n..i * n + i + 1]))
}

/// The eigenvalues alone: those of a tridiagonal matrix with the same.
fn values_only<T: Scalar>(n: usize, a: &[T], values: &mut [T::R]) {
    let params = Default::default();
    let mut scratch = Scratch::new(tridiag_in_place_scratch::<T>(n, PAR, params));
    let (mut work, mut factors) = (Mat::<T>::zeros(n, n), Mat::<T>::zeros(1, n - 1));
    for (a, values) in a.chunks_exact(n * n).zip(values.chunks_exact_mut(n)) {
        if !load_lower(&mut work, a) {
            values.fill(T::NAN_REAL);
            continue;
        }
        tridiag_in_place(work.as_mut(), factors.as_mut(), PAR, scratch.stack(), params);
        let diagonal: Vec<f64> = (0..n).map(|i| work[(i, i)].parts().0).collect();
        let beside = |i: usize| {
            let (re, im) = work[(i + 1, i)].parts();
            re.hypot(im)
        };
        let beside: Vec<f64> = (0..n - 1).map(beside).collect();
        let finite = diagonal.iter().chain(&beside).all(|x| x.is_finite());
        let found = of_values::tridiagonal(&diagonal, &beside, T::BITS);
        for (slot, value) in values.iter_mut().zip(found) {
            *slot = if finite { T::from_parts(value, 0.0).real_part() } else { T::NAN_REAL };
        }
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, one, product, sample};
    use super::*;

    fn check<T: Scalar>(n: usize)
    where
        T::R: Into<f64>,
    {
        let b = sample::<T>(n * n);
        let a: Vec<T> = b.iter().zip(adjoint(&b, [n, n])).map(|(&x, y)| x.plus(y)).collect();
        let mut read = a.clone();
        for i in 0..n {
            read[i * n + i + 1..(i + 1) * n].fill(T::NAN);
        }
        let (mut v, mut values) = (vec![T::ZERO; n * n], vec![T::NAN_REAL; n]);
        decompose(one(n, n), &read, Some(&mut v), &mut values);
        let mut alone = vec![T::NAN_REAL; n];
        decompose(one(n, n), &read, None, &mut alone);
        let tolerance = if size_of::<T::R>() == 4 { 1e-4 } else { 1e-12 };
        for (&alone, &with) in alone.iter().zip(&values) {
            assert!((alone.into() - with.into()).abs() < tolerance);
        }
        // A V = V diag(w), with w taken from Vᴴ A V.
        let av = product(&a, &v, [n, n, n]);
        let w = product(&adjoint(&v, [n, n]), &av, [n, n, n]);
        let mut diagonal = vec![T::ZERO; n * n];
        (0..n).for_each(|i| diagonal[i * n + i] = w[i * n + i]);
        assert_close(&product(&v, &diagonal, [n, n, n]), &av, "A V");
        let rising: Vec<f64> = (0..n).map(|i| w[i * n + i].parts().0).collect();
        assert!(rising.windows(2).all(|pair| pair[0] <= pair[1] + 1e-4));
    }

    #[test]
    fn vectors_are_only_stretched() {
        for n in [1, 2, 3, 10, 50] {
            check::<f32>(n);
            check::<f64>(n);
            check::<Complex<f32>>(n);
            check::<Complex<f64>>(n);
        }
    }

    #[test]
    fn values_of_known_matrices() {
        let x = [2.0f64, 0.0, 1.0, 2.0, f64::NAN, 0.0, 0.0, 1.0];
        let (mut v, mut w) = ([0.0; 8], [0.0; 4]);
        decompose(Matrices { count: 2, rows: 2, columns: 2 }, &x, Some(&mut v), &mut w);
        assert!((w[0] - 1.0).abs() < 1e-14 && (w[1] - 3.0).abs() < 1e-14);
        assert!(w[2..].iter().all(|v| v.is_nan()));
        decompose::<f32>(Matrices { count: 3, rows: 0, columns: 0 }, &[], None, &mut []);
    }
}
