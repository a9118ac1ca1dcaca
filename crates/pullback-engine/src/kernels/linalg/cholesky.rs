//! The Cholesky decomposition.

use faer::Mat;
use faer::linalg::cholesky::llt::factor;
use smallvec::smallvec;

use super::{Field, Output, PAR, Scratch, dimensions, is_finite, load, store, with_field};
use crate::error::Result;
use crate::kernels::{Kernel, Tensors};
use crate::tensor::Tensor;

/// The lower triangular factor `L` of Hermitian matrices `L Lᴴ`, of which only the lower
/// triangle is read. For a matrix that is not positive definite the factor is NaN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cholesky;

impl Kernel for Cholesky {
    fn name(&self) -> &'static str {
        "cholesky"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        Ok(smallvec![with_field!(x.dtype(), self.name(), T => decompose::<T>(&x))?])
    }
}

fn decompose<T: Field>(x: &Tensor) -> Result<Tensor> {
    let (batch, n, _) = dimensions(x);
    let mut output = Output::<T>::new(&batch, &[n, n])?;
    let params = Default::default();
    let mut scratch = Scratch::new(factor::cholesky_in_place_scratch::<T>(n, PAR, params));
    let mut work = Mat::<T>::zeros(n, n);
    let source = x.as_slice::<T>().unwrap_or_default();
    for (index, a) in source.chunks_exact((n * n).max(1)).enumerate() {
        let finite = (0..n).all(|i| a[i * n..i * n + i + 1].iter().all(|&v| is_finite(v)));
        load(&mut work, a);
        for i in 0..n {
            // A Hermitian matrix has a real diagonal, whatever is stored there.
            work[(i, i)] = T::from_parts(a[i * n + i].parts().0, 0.0);
        }
        let regularization = Default::default();
        let done = finite
            && factor::cholesky_in_place(
                work.as_mut(),
                regularization,
                PAR,
                scratch.stack(),
                params,
            )
            .is_ok();
        let target = output.at(index);
        if done {
            store(target, work.as_ref());
        } else {
            target.fill(T::NAN);
        }
        for i in 0..n {
            target[i * n + i + 1..(i + 1) * n].fill(T::ZERO);
        }
    }
    Ok(output.finish())
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, product, sample};
    use super::*;

    fn check<T: Field>() {
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
            let x = Tensor::from_slice(&read, &[n, n]).unwrap();
            let l = Cholesky.run(smallvec![x]).unwrap().remove(0).to_vec::<T>();
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
        let x = Tensor::from_slice(&x, &[3, 2, 2]).unwrap();
        let l = Cholesky.run(smallvec![x]).unwrap().remove(0).to_vec::<f64>();
        assert_eq!(l[..4], [2.0, 0.0, 1.0, 2.0]);
        for l in [&l[4..8], &l[8..]] {
            assert!(l[0].is_nan() && l[1] == 0.0 && l[2].is_nan() && l[3].is_nan());
        }
        let none = Tensor::from_slice::<f32>(&[], &[2, 0, 0]).unwrap();
        assert_eq!(Cholesky.run(smallvec![none]).unwrap()[0].shape(), [2, 0, 0]);
    }
}
