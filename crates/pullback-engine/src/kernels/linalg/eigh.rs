//! The eigendecomposition of Hermitian matrices.

use faer::Mat;
use faer::diag::DiagMut;
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use smallvec::smallvec;

use super::{Field, Output, PAR, Scratch, dimensions, is_finite, load, store, with_field};
use crate::error::Result;
use crate::kernels::{Kernel, Tensors};
use crate::tensor::Tensor;

/// Eigenvectors, as columns, and eigenvalues, in rising order, of Hermitian matrices, of which
/// only the lower triangle is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eigh;

impl Kernel for Eigh {
    fn name(&self) -> &'static str {
        "eigh"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        with_field!(x.dtype(), self.name(), T => decompose::<T>(&x))
    }
}

fn decompose<T: Field>(x: &Tensor) -> Result<Tensors> {
    let (batch, n, _) = dimensions(x);
    let mut vectors = Output::<T>::new(&batch, &[n, n])?;
    let mut values = Output::<T::R>::new(&batch, &[n])?;
    if n == 0 {
        return Ok(smallvec![vectors.finish(), values.finish()]);
    }
    let params = Default::default();
    let request = self_adjoint_evd_scratch::<T>(n, ComputeEigenvectors::Yes, PAR, params);
    let mut scratch = Scratch::new(request);
    let (mut work, mut v) = (Mat::<T>::zeros(n, n), Mat::<T>::zeros(n, n));
    let mut w = vec![T::ZERO; n];
    let source = x.as_slice::<T>().unwrap_or_default();
    for (index, a) in source.chunks_exact(n * n).enumerate() {
        let finite = (0..n).all(|i| a[i * n..i * n + i + 1].iter().all(|&v| is_finite(v)));
        load(&mut work, a);
        for i in 0..n {
            // A Hermitian matrix has a real diagonal, whatever is stored there.
            work[(i, i)] = T::from_parts(a[i * n + i].parts().0, 0.0);
            for j in i + 1..n {
                work[(i, j)] = work[(j, i)].conjugated();
            }
        }
        let diagonal = DiagMut::from_slice_mut(&mut w);
        let done = finite
            && self_adjoint_evd(
                work.as_ref(),
                diagonal,
                Some(v.as_mut()),
                PAR,
                scratch.stack(),
                params,
            )
            .is_ok();
        for (slot, &value) in values.at(index).iter_mut().zip(&w) {
            *slot = if done { value.real_part() } else { T::NAN_REAL };
        }
        match done {
            true => store(vectors.at(index), v.as_ref()),
            false => vectors.at(index).fill(T::NAN),
        }
    }
    Ok(smallvec![vectors.finish(), values.finish()])
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, product, sample};
    use super::*;

    fn check<T: Field>(n: usize) {
        let b = sample::<T>(n * n);
        let a: Vec<T> = b.iter().zip(adjoint(&b, [n, n])).map(|(&x, y)| x.plus(y)).collect();
        let mut read = a.clone();
        for i in 0..n {
            read[i * n + i + 1..(i + 1) * n].fill(T::NAN);
        }
        let out = Eigh.run(smallvec![Tensor::from_slice(&read, &[n, n]).unwrap()]).unwrap();
        let v = out[0].to_vec::<T>();
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
        let out = Eigh.run(smallvec![Tensor::from_slice(&x, &[2, 2, 2]).unwrap()]).unwrap();
        let w = out[1].to_vec::<f64>();
        assert!((w[0] - 1.0).abs() < 1e-14 && (w[1] - 3.0).abs() < 1e-14);
        assert!(w[2..].iter().all(|v| v.is_nan()));
        let x = Tensor::from_slice::<f64>(&[], &[3, 0, 0]).unwrap();
        assert_eq!(Eigh.run(smallvec![x]).unwrap()[1].shape(), [3, 0]);
    }
}
