//! The singular value decomposition.

use faer::Mat;
use faer::diag::DiagMut;
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use smallvec::smallvec;

use super::{Field, Output, PAR, Scratch, dimensions, is_finite, load, store, with_field};
use crate::error::Result;
use crate::kernels::{Kernel, Tensors};
use crate::tensor::Tensor;

/// `A = U diag(s) Vᴴ`: the singular values in falling order and, if asked for, `U` and `Vᴴ`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Svd {
    /// Whether `U` and `Vᴴ` are square.
    pub full: bool,
    /// Whether to compute more than the singular values.
    pub compute_uv: bool,
}

impl Kernel for Svd {
    fn name(&self) -> &'static str {
        "svd"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        with_field!(x.dtype(), self.name(), T => self.decompose::<T>(&x))
    }
}

impl Svd {
    fn decompose<T: Field>(&self, x: &Tensor) -> Result<Tensors> {
        let (batch, m, n) = dimensions(x);
        let size = m.min(n);
        let (left, right) = if self.full { (m, n) } else { (size, size) };
        let vectors = match (self.compute_uv, self.full) {
            (false, _) => ComputeSvdVectors::No,
            (true, false) => ComputeSvdVectors::Thin,
            (true, true) => ComputeSvdVectors::Full,
        };
        let mut s_out = Output::<T::R>::new(&batch, &[size])?;
        let mut uv_out = match self.compute_uv {
            true => Some((
                Output::<T>::new(&batch, &[m, left])?,
                Output::<T>::new(&batch, &[right, n])?,
            )),
            false => None,
        };
        let params = Default::default();
        let mut scratch = Scratch::new(svd_scratch::<T>(m, n, vectors, vectors, PAR, params));
        let mut work = Mat::<T>::zeros(m, n);
        let mut s = vec![T::ZERO; size];
        let (mut u, mut v) = (Mat::<T>::zeros(m, left), Mat::<T>::zeros(n, right));
        let source = x.as_slice::<T>().unwrap_or_default();
        for index in 0..crate::layout::count(&batch) {
            let a = &source[index * m * n..(index + 1) * m * n];
            let mut done = a.iter().all(|&v| is_finite(v));
            if size == 0 {
                // Nothing to decompose: any orthonormal columns will do.
                for i in 0..left {
                    u[(i, i)] = T::ONE;
                }
                for i in 0..right {
                    v[(i, i)] = T::ONE;
                }
            } else if done {
                load(&mut work, a);
                let (u, v) = match self.compute_uv {
                    true => (Some(u.as_mut()), Some(v.as_mut())),
                    false => (None, None),
                };
                let diagonal = DiagMut::from_slice_mut(&mut s);
                done = svd(work.as_ref(), diagonal, u, v, PAR, scratch.stack(), params).is_ok();
            }
            for (slot, &value) in s_out.at(index).iter_mut().zip(&s) {
                *slot = if done { value.real_part() } else { T::NAN_REAL };
            }
            if let Some((u_out, vh_out)) = &mut uv_out {
                if done {
                    store(u_out.at(index), u.as_ref());
                    let vh = vh_out.at(index);
                    for i in 0..right {
                        for j in 0..n {
                            vh[i * n + j] = v[(j, i)].conjugated();
                        }
                    }
                } else {
                    u_out.at(index).fill(T::NAN);
                    vh_out.at(index).fill(T::NAN);
                }
            }
        }
        let mut outputs: Tensors = smallvec![s_out.finish()];
        if let Some((u, vh)) = uv_out {
            outputs.extend([u.finish(), vh.finish()]);
        }
        Ok(outputs)
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, product, sample};
    use super::*;

    fn check<T: Field>(a: &[T], m: usize, n: usize) {
        let size = m.min(n);
        let x = Tensor::from_slice(a, &[m, n]).unwrap();
        for full in [false, true] {
            let out = Svd { full, compute_uv: true }.run(smallvec![x.clone()]).unwrap();
            let (left, right) = (out[1].shape()[1], out[2].shape()[0]);
            assert_eq!((left, right), if full { (m, n) } else { (size, size) });
            let (u, vh) = (out[1].to_vec::<T>(), out[2].to_vec::<T>());
            let s: Vec<f64> = out[0].to_vec::<T::R>().iter().map(|&v| real(v)).collect();
            assert!(s.is_sorted_by(|a, b| a >= b) && s.iter().all(|&v| v >= 0.0));
            let mut middle = vec![T::ZERO; left * right];
            (0..size).for_each(|i| middle[i * right + i] = T::from_parts(s[i], 0.0));
            let us = product(&u, &middle, [m, left, right]);
            assert_close(&product(&us, &vh, [m, right, n]), a, "U S Vᴴ");
            let mut identity = vec![T::ZERO; left * left];
            (0..left).for_each(|i| identity[i * left + i] = T::ONE);
            assert_close(&product(&adjoint(&u, [m, left]), &u, [left, m, left]), &identity, "Uᴴ U");
        }
        let alone = Svd { full: false, compute_uv: false }.run(smallvec![x]).unwrap();
        assert_eq!(alone.len(), 1);
    }

    fn real<R: Number>(value: R) -> f64 {
        match size_of::<R>() {
            4 => bytemuck::cast_slice::<u8, f32>(bytemuck::bytes_of(&value))[0] as f64,
            _ => bytemuck::pod_read_unaligned(bytemuck::bytes_of(&value)),
        }
    }
    use crate::kernels::common::Number;

    fn check_sizes<T: Field>() {
        for (m, n) in [(1, 1), (2, 2), (5, 3), (3, 5), (30, 30), (60, 8), (8, 60)] {
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
    fn nan_and_empty_matrices() {
        let kernel = Svd { full: true, compute_uv: true };
        let x = Tensor::from_slice(&[f64::NAN, 1.0, 2.0, 3.0], &[2, 2]).unwrap();
        for y in kernel.run(smallvec![x]).unwrap() {
            assert!(y.to_vec::<f64>().iter().all(|v| v.is_nan()));
        }
        let x = Tensor::from_slice::<f64>(&[], &[0, 2]).unwrap();
        let out = kernel.run(smallvec![x]).unwrap();
        assert_eq!(out[2].to_vec::<f64>(), [1.0, 0.0, 0.0, 1.0]);
    }
}
