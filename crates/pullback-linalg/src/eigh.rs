//! The eigendecomposition of Hermitian matrices.

use faer::diag::{DiagMut, DiagRef};
use faer::linalg::evd::{
    ComputeEigenvectors, SelfAdjointEvdParams, self_adjoint_evd, self_adjoint_evd_scratch,
    tridiagonal_self_adjoint_evd,
};
use faer::{Mat, MatMut, Spec};

use super::tridiagonal::Tridiagonal;
use super::twisted::{self, Twisted};
use super::values::{self as of_values, largest};
use super::{DIVIDED, Matrices, PAR, Scalar, Scratch, all_finite, load, store};

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
    if n >= of_values::LEAST {
        return match vectors {
            Some(vectors) => with_vectors(n, a, vectors, values),
            None => values_only(n, a, values),
        };
    }
    let mut direct = Direct::new(n, vectors.is_some());
    let mut work = Mat::<T>::zeros(n, n);
    for (index, (a, values)) in a.chunks_exact(n * n).zip(values.chunks_exact_mut(n)).enumerate() {
        let done = load_lower(&mut work, a) && direct.decompose(&work);
        direct.store_values(values, done);
        let Some(vectors) = &mut vectors else { continue };
        let vectors = &mut vectors[index * n * n..(index + 1) * n * n];
        match done {
            true => store(vectors, direct.vectors.as_ref()),
            false => vectors.fill(T::NAN),
        }
    }
}

/// What `faer` decomposes.
struct Direct<T> {
    params: Spec<SelfAdjointEvdParams, T>,
    scratch: Scratch,
    vectors: Mat<T>,
    values: Vec<T>,
}

impl<T: Scalar> Direct<T> {
    fn new(n: usize, vectors: bool) -> Direct<T> {
        let mut params: Spec<SelfAdjointEvdParams, T> = Default::default();
        params.recursion_threshold = DIVIDED;
        let asked = if vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
        let scratch = Scratch::new(self_adjoint_evd_scratch::<T>(n, asked, PAR, params));
        let vectors = if vectors { Mat::zeros(n, n) } else { Mat::new() };
        Direct { params, scratch, vectors, values: vec![T::ZERO; n] }
    }

    fn decompose(&mut self, a: &Mat<T>) -> bool {
        let Direct { params, scratch, vectors, values } = self;
        let (values, stack) = (DiagMut::from_slice_mut(values), scratch.stack());
        let vectors = (vectors.nrows() > 0).then(|| vectors.as_mut());
        self_adjoint_evd(a.as_ref(), values, vectors, PAR, stack, *params).is_ok()
    }

    /// The same for a real tridiagonal matrix.
    fn decompose_tridiagonal(&mut self, diagonal: &[f64], beside: &[f64]) -> bool {
        let Direct { params, scratch, vectors, values } = self;
        let of = |x: &[f64]| -> Vec<T> { x.iter().map(|&x| T::from_parts(x, 0.0)).collect() };
        let (diagonal, beside) = (of(diagonal), of(beside));
        let (diagonal, beside) = (DiagRef::from_slice(&diagonal), DiagRef::from_slice(&beside));
        let (values, stack) = (DiagMut::from_slice_mut(values), scratch.stack());
        let vectors = Some(vectors.as_mut());
        tridiagonal_self_adjoint_evd(diagonal, beside, values, vectors, PAR, stack, *params).is_ok()
    }

    fn store_values(&self, values: &mut [T::R], done: bool) {
        for (slot, &value) in values.iter_mut().zip(&self.values) {
            *slot = if done { value.real_part() } else { T::NAN_REAL };
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
    let mut reduced = Tridiagonal::new(n);
    for (a, values) in a.chunks_exact(n * n).zip(values.chunks_exact_mut(n)) {
        if !reduced.reduce(a) {
            values.fill(T::NAN_REAL);
            continue;
        }
        let found = of_values::tridiagonal(&reduced.diagonal, &reduced.beside, T::BITS);
        for (slot, value) in values.iter_mut().zip(found) {
            *slot = T::from_parts(value, 0.0).real_part();
        }
    }
}

/// Values and vectors: those of a tridiagonal matrix, and what made it.
fn with_vectors<T: Scalar>(n: usize, a: &[T], vectors: &mut [T], values: &mut [T::R]) {
    let mut reduced = Tridiagonal::new(n);
    let mut direct = None;
    let vectors = vectors.chunks_exact_mut(n * n);
    for ((a, vectors), values) in a.chunks_exact(n * n).zip(vectors).zip(values.chunks_exact_mut(n))
    {
        if !reduced.reduce(a) {
            values.fill(T::NAN_REAL);
            vectors.fill(T::NAN);
            continue;
        }
        if !of_single(&reduced, vectors, values) {
            let direct = direct.get_or_insert_with(|| Direct::new(n, true));
            let done = direct.decompose_tridiagonal(&reduced.diagonal, &reduced.beside);
            direct.store_values(values, done);
            if !done {
                vectors.fill(T::NAN);
                continue;
            }
            store(vectors, direct.vectors.as_ref());
        }
        reduced.reflections.apply(MatMut::from_row_major_slice_mut(vectors, n, n), false);
    }
}

/// Values and vectors of a tridiagonal matrix in single precision; whether there are such as can
/// be found by themselves.
fn of_single<T: Scalar>(of: &Tridiagonal<T>, vectors: &mut [T], values: &mut [T::R]) -> bool {
    let (n, scale) = (values.len(), largest(&of.diagonal).max(largest(&of.beside)));
    if T::BITS > twisted::RESULT || scale == 0.0 {
        return false;
    }
    let scaled = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| x / scale).collect() };
    let (diagonal, beside) = (&scaled(&of.diagonal), &scaled(&of.beside));
    let intervals = of_values::intervals_of_tridiagonal(diagonal, beside, twisted::BITS);
    let found = Twisted { diagonal, beside, skipped: 0 }.find(&intervals, &mut |first, z| {
        let count = twisted::LANES.min(n - first);
        for (row, z) in vectors.chunks_exact_mut(n).zip(z) {
            for (slot, &z) in row[first..first + count].iter_mut().zip(z) {
                *slot = T::from_parts(z, 0.0);
            }
        }
    });
    let Some(found) = found else { return false };
    for (slot, value) in values.iter_mut().zip(found) {
        *slot = T::from_parts(value * scale, 0.0).real_part();
    }
    true
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, identity, one, product, sample};
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

    /// Matrices whose values are equal, or nearly so, or zero.
    #[test]
    fn values_that_are_close() {
        fn check<T: Scalar>()
        where
            T::R: Into<f64>,
        {
            let n = 41;
            let of = |element: &dyn Fn(usize, usize) -> f64| -> Vec<T> {
                (0..n * n).map(|at| T::from_parts(element(at / n, at % n), 0.0)).collect()
            };
            let apart = |i: usize, j: usize| i.abs_diff(j);
            let wilkinson = |i: usize, j: usize| match apart(i, j) {
                0 => i.abs_diff(n / 2) as f64 / 20.0,
                1 => 1.0 / 20.0,
                _ => 0.0,
            };
            let twice = |i: usize, j: usize| match (i / 20 == j / 20, apart(i, j)) {
                (true, 0) => 0.2,
                (true, 1) => 0.1 + (i + j) as f64 % 20.0 / 100.0,
                _ => 0.0,
            };
            let matrices = [
                of(&|_, _| 0.0),
                of(&|_, _| 1.0),
                of(&|i, j| if i == j { 1.0 } else { 0.0 }),
                of(&|i, j| if i == j { i as f64 / 41.0 } else { 0.0 }),
                of(&|i, j| (i * j % 2) as f64 / 41.0),
                of(&wilkinson),
                of(&twice),
            ];
            for a in matrices {
                let (mut v, mut w) = (vec![T::ZERO; n * n], vec![T::NAN_REAL; n]);
                decompose(one(n, n), &a, Some(&mut v), &mut w);
                let w: Vec<f64> = w.iter().map(|&w| w.into()).collect();
                assert!(w.is_sorted());
                let vw: Vec<T> = v
                    .iter()
                    .enumerate()
                    .map(|(at, v)| v.times(T::from_parts(w[at % n], 0.0)))
                    .collect();
                assert_close(&product(&a, &v, [n, n, n]), &vw, "A V");
                let unit = product(&adjoint(&v, [n, n]), &v, [n, n, n]);
                assert_close(&unit, &identity(n), "Vᴴ V");
            }
        }
        check::<f32>();
        check::<f64>();
        check::<Complex<f32>>();
        check::<Complex<f64>>();
    }
}
