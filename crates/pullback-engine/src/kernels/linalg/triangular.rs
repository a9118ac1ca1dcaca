//! Systems of equations with a triangular matrix.

use faer::linalg::triangular_solve as solve;
use faer::{Conj, MatMut, MatRef};
use smallvec::smallvec;

use super::{Field, PAR, dimensions, with_field};
use crate::error::Result;
use crate::kernels::common::owned_buffer;
use crate::kernels::{Kernel, Tensors};
use crate::layout::Shape;
use crate::tensor::Tensor;

/// Solves `op(A) X = B`, or `X op(A) = B`, for triangular `A`, the first input. `B` is
/// overwritten where no one else holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TriangularSolve {
    /// Whether `A` stands left of the unknown.
    pub left_side: bool,
    /// Which triangle of `A` is read.
    pub lower: bool,
    /// Whether `op` transposes.
    pub transpose: bool,
    /// Whether `op` conjugates.
    pub conjugate: bool,
    /// Whether the diagonal of `A` is taken to be 1, and not read.
    pub unit_diagonal: bool,
}

impl Kernel for TriangularSolve {
    fn name(&self) -> &'static str {
        "triangular_solve"
    }

    fn run(&self, mut inputs: Tensors) -> Result<Tensors> {
        let a = inputs[0].contiguous()?;
        let b = inputs.remove(1);
        drop(inputs);
        let x = with_field!(b.dtype(), self.name(), T => self.solve::<T>(&a, b))?;
        Ok(smallvec![x])
    }
}

impl TriangularSolve {
    fn solve<T: Field>(&self, a: &Tensor, b: Tensor) -> Result<Tensor> {
        let (_, rows, columns) = dimensions(&b);
        let n = if self.left_side { rows } else { columns };
        let (dtype, shape) = (b.dtype(), Shape::from(b.shape()));
        let mut buffer = owned_buffer(b)?;
        if shape.contains(&0) {
            return Ok(Tensor::from_buffer(dtype, &shape, buffer));
        }
        let conj = if self.conjugate { Conj::Yes } else { Conj::No };
        let matrices = a.as_slice::<T>().unwrap_or_default().chunks_exact(n * n);
        for (a, b) in matrices.zip(buffer.slice_mut::<T>().chunks_exact_mut(rows * columns)) {
            let a = MatRef::from_row_major_slice(a, n, n);
            let b = MatMut::from_row_major_slice_mut(b, rows, columns);
            // X op(A) = B is op(A)ᵀ Xᵀ = Bᵀ.
            let transposed = self.transpose == self.left_side;
            let a = if transposed { a.transpose().as_dyn_stride() } else { a.as_dyn_stride() };
            let b = if self.left_side {
                b.as_dyn_stride_mut()
            } else {
                b.transpose_mut().as_dyn_stride_mut()
            };
            match (self.lower != transposed, self.unit_diagonal) {
                (true, false) => solve::solve_lower_triangular_in_place_with_conj(a, conj, b, PAR),
                (true, true) => {
                    solve::solve_unit_lower_triangular_in_place_with_conj(a, conj, b, PAR)
                }
                (false, false) => solve::solve_upper_triangular_in_place_with_conj(a, conj, b, PAR),
                (false, true) => {
                    solve::solve_unit_upper_triangular_in_place_with_conj(a, conj, b, PAR)
                }
            }
        }
        Ok(Tensor::from_buffer(dtype, &shape, buffer))
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{assert_close, product, sample};
    use super::*;

    fn check<T: Field>(n: usize, m: usize) {
        let mut a = sample::<T>(n * n);
        for i in 0..n {
            // Well conditioned, and so comparable.
            a[i * n + i] = a[i * n + i].plus(T::from_parts(n as f64, 0.0));
        }
        for flags in 0..32u32 {
            let flag = |at: u32| flags >> at & 1 == 1;
            let kernel = TriangularSolve {
                left_side: flag(0),
                lower: flag(1),
                transpose: flag(2),
                conjugate: flag(3),
                unit_diagonal: flag(4),
            };
            if kernel.unit_diagonal && n > 5 {
                continue;
            }
            let shape = if kernel.left_side { [n, m] } else { [m, n] };
            let b = sample::<T>(n * m);
            let x = kernel
                .run(smallvec![
                    Tensor::from_slice(&a, &[n, n]).unwrap(),
                    Tensor::from_slice(&b, &shape).unwrap(),
                ])
                .unwrap()
                .remove(0)
                .to_vec::<T>();
            let op: Vec<T> = (0..n * n)
                .map(|at| {
                    let (i, j) = if kernel.transpose { (at % n, at / n) } else { (at / n, at % n) };
                    let kept = if kernel.lower { j <= i } else { i <= j };
                    let value = match (i == j, kept) {
                        (true, _) if kernel.unit_diagonal => T::ONE,
                        (_, true) => a[i * n + j],
                        _ => T::ZERO,
                    };
                    if kernel.conjugate { value.conjugated() } else { value }
                })
                .collect();
            let back = match kernel.left_side {
                true => product(&op, &x, [n, n, m]),
                false => product(&x, &op, [m, n, n]),
            };
            assert_close(&back, &b, &format!("{kernel:?} {n} {m}"));
        }
    }

    #[test]
    fn every_side_and_triangle() {
        for (n, m) in [(1, 1), (2, 3), (5, 1), (37, 9)] {
            check::<f32>(n, m);
            check::<f64>(n, m);
            check::<Complex<f32>>(n, m);
            check::<Complex<f64>>(n, m);
        }
    }

    #[test]
    fn singular_and_empty_systems() {
        let kernel = TriangularSolve {
            left_side: true,
            lower: true,
            transpose: false,
            conjugate: false,
            unit_diagonal: false,
        };
        let a = Tensor::from_slice(&[0.0f64], &[1, 1]).unwrap();
        let b = Tensor::from_slice(&[1.0f64], &[1, 1]).unwrap();
        let x = kernel.run(smallvec![a, b]).unwrap();
        assert_eq!(x[0].to_vec::<f64>(), [f64::INFINITY]);
        let a = Tensor::from_slice::<f64>(&[], &[2, 0, 0]).unwrap();
        let b = Tensor::from_slice::<f64>(&[], &[2, 0, 3]).unwrap();
        assert_eq!(kernel.run(smallvec![a, b]).unwrap()[0].shape(), [2, 0, 3]);
    }
}
