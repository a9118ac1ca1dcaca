//! The eigendecomposition of Hermitian matrices.

use faer::Mat;
use faer::diag::DiagMut;
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};

use super::{Matrices, PAR, Scalar, Scratch, is_finite, load, store};

pub(crate) fn decompose<T: Scalar>(of: Matrices, a: &[T], vectors: &mut [T], values: &mut [T::R]) {
    let n = of.rows;
    if n == 0 {
        return;
    }
    let params = Default::default();
    let request = self_adjoint_evd_scratch::<T>(n, ComputeEigenvectors::Yes, PAR, params);
    let mut scratch = Scratch::new(request);
    let (mut work, mut v) = (Mat::<T>::zeros(n, n), Mat::<T>::zeros(n, n));
    let mut w = vec![T::ZERO; n];
    let outputs = vectors.chunks_exact_mut(n * n).zip(values.chunks_exact_mut(n));
    for (a, (vectors, values)) in a.chunks_exact(n * n).zip(outputs) {
        let finite = (0..n).all(|i| a[i * n..i * n + i + 1].iter().all(|&v| is_finite(v)));
        load(&mut work, a);
        for i in 0..n {
            // A Hermitian matrix has a real diagonal, whatever is stored there.
            work[(i, i)] = T::from_parts(a[i * n + i].parts().0, 0.0);
            for j in i + 1..n {
                work[(i, j)] = work[(j, i)].conjugated();
            }
        }
        let (diagonal, stack) = (DiagMut::from_slice_mut(&mut w), scratch.stack());
        let (x, v_out) = (work.as_ref(), Some(v.as_mut()));
        let done = finite && self_adjoint_evd(x, diagonal, v_out, PAR, stack, params).is_ok();
        for (slot, &value) in values.iter_mut().zip(&w) {
            *slot = if done { value.real_part() } else { T::NAN_REAL };
        }
        match done {
            true => store(vectors, v.as_ref()),
            false => vectors.fill(T::NAN),
        }
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, one, product, sample};
    use super::*;

    fn check<T: Scalar>(n: usize) {
        let b = sample::<T>(n * n);
        let a: Vec<T> = b.iter().zip(adjoint(&b, [n, n])).map(|(&x, y)| x.plus(y)).collect();
        let mut read = a.clone();
        for i in 0..n {
            read[i * n + i + 1..(i + 1) * n].fill(T::NAN);
        }
        let (mut v, mut values) = (vec![T::ZERO; n * n], vec![T::NAN_REAL; n]);
        decompose(one(n, n), &read, &mut v, &mut values);
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
        decompose(Matrices { count: 2, rows: 2, columns: 2 }, &x, &mut v, &mut w);
        assert!((w[0] - 1.0).abs() < 1e-14 && (w[1] - 3.0).abs() < 1e-14);
        assert!(w[2..].iter().all(|v| v.is_nan()));
        decompose::<f32>(Matrices { count: 3, rows: 0, columns: 0 }, &[], &mut [], &mut []);
    }
}
