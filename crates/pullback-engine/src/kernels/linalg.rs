//! Decompositions of matrices and triangular systems, over any leading batch axes, for f32, f64
//! and their complex types.
//!
//! The work is done in `pullback-linalg`; here are the shapes of what it reads and writes.

use num_complex::Complex;
use pullback_linalg::{Field, Matrices, Vectors};
use smallvec::smallvec;

use super::common::owned_buffer;
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::layout::{self, Shape};
use crate::tensor::Tensor;

pub use pullback_linalg::Triangular;

/// Evaluates an expression with `$T` naming the Rust type of a dtype that decompositions know.
macro_rules! with_field {
    ($dtype:expr, $operation:expr, $T:ident => $body:expr) => {{
        match $dtype {
            DType::F32 => {
                type $T = f32;
                $body
            }
            DType::F64 => {
                type $T = f64;
                $body
            }
            DType::C64 => {
                type $T = Complex<f32>;
                $body
            }
            DType::C128 => {
                type $T = Complex<f64>;
                $body
            }
            dtype => Err(Error::DType { operation: $operation, dtype }),
        }
    }};
}

/// The matrices of a tensor, and its batch axes.
fn matrices(x: &Tensor) -> (Matrices, Shape) {
    let (batch, matrix) = x.shape().split_at(x.rank() - 2);
    let of = Matrices { count: layout::count(batch), rows: matrix[0], columns: matrix[1] };
    (of, batch.into())
}

/// One output under construction.
struct Output<T> {
    shape: Shape,
    buffer: Buffer,
    _elements: std::marker::PhantomData<T>,
}

impl<T: Element> Output<T> {
    fn new(batch: &[usize], block: &[usize]) -> Result<Output<T>> {
        let shape: Shape = batch.iter().chain(block).copied().collect();
        let too_large = Error::TooLarge { elements: u128::MAX, dtype: T::DTYPE };
        let count = layout::checked_count(&shape).ok_or(too_large)?;
        let buffer = Buffer::new(T::DTYPE, count)?;
        Ok(Output { shape, buffer, _elements: std::marker::PhantomData })
    }

    fn elements(&mut self) -> &mut [T] {
        self.buffer.slice_mut()
    }

    fn finish(self) -> Tensor {
        Tensor::from_buffer(T::DTYPE, &self.shape, self.buffer)
    }
}

fn elements<T: Element>(x: &Tensor) -> &[T] {
    x.as_slice().unwrap_or_default()
}

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
        let (of, batch) = matrices(&x);
        with_field!(x.dtype(), self.name(), T => {
            let mut l = Output::<T>::new(&batch, &[of.rows, of.rows])?;
            T::cholesky(of, elements(&x), l.elements());
            Ok(smallvec![l.finish()])
        })
    }
}

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
        let (of, batch) = matrices(&x);
        with_field!(x.dtype(), self.name(), T => {
            let mut vectors = Output::<T>::new(&batch, &[of.rows, of.rows])?;
            let mut values = Output::<<T as Field>::Real>::new(&batch, &[of.rows])?;
            T::eigh(of, elements(&x), vectors.elements(), values.elements());
            Ok(smallvec![vectors.finish(), values.finish()])
        })
    }
}

/// `P A = L U`: both factors in one matrix, without the unit diagonal of `L`; the row that each
/// row was exchanged with, counted from zero; and the permutation that the exchanges make.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lu;

impl Kernel for Lu {
    fn name(&self) -> &'static str {
        "lu"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        let (of, batch) = matrices(&x);
        let mut exchanges = Output::<i32>::new(&batch, &[of.size()])?;
        let mut permutations = Output::<i32>::new(&batch, &[of.rows])?;
        with_field!(x.dtype(), self.name(), T => {
            let mut factors = Output::<T>::new(&batch, &[of.rows, of.columns])?;
            let pivots = (exchanges.elements(), permutations.elements());
            T::lu(of, elements(&x), factors.elements(), pivots.0, pivots.1);
            Ok(smallvec![factors.finish(), exchanges.finish(), permutations.finish()])
        })
    }
}

/// `A = Q R` with orthonormal columns of `Q` and upper triangular `R`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Qr {
    /// Whether `Q` is square, or has as many columns as there are to be had from `A`.
    pub full: bool,
}

impl Kernel for Qr {
    fn name(&self) -> &'static str {
        "qr"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        let (of, batch) = matrices(&x);
        let columns = if self.full { of.rows } else { of.size() };
        with_field!(x.dtype(), self.name(), T => {
            let mut q = Output::<T>::new(&batch, &[of.rows, columns])?;
            let mut r = Output::<T>::new(&batch, &[columns, of.columns])?;
            T::qr(of, columns, elements(&x), q.elements(), r.elements());
            Ok(smallvec![q.finish(), r.finish()])
        })
    }
}

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
        let (of, batch) = matrices(&x);
        let full = self.full;
        let (left, right) = if full { (of.rows, of.columns) } else { (of.size(), of.size()) };
        with_field!(x.dtype(), self.name(), T => {
            let mut s = Output::<<T as Field>::Real>::new(&batch, &[of.size()])?;
            if !self.compute_uv {
                T::svd(of, elements(&x), s.elements(), None);
                return Ok(smallvec![s.finish()]);
            }
            let mut u = Output::<T>::new(&batch, &[of.rows, left])?;
            let mut vh = Output::<T>::new(&batch, &[right, of.columns])?;
            let vectors = Vectors { full, u: u.elements(), vh: vh.elements() };
            T::svd(of, elements(&x), s.elements(), Some(vectors));
            Ok(smallvec![s.finish(), u.finish(), vh.finish()])
        })
    }
}

/// Solves `op(A) X = B`, or `X op(A) = B`, for triangular `A`, the first input. `B` is
/// overwritten where no one else holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TriangularSolve(pub Triangular);

impl Kernel for TriangularSolve {
    fn name(&self) -> &'static str {
        "triangular_solve"
    }

    fn run(&self, mut inputs: Tensors) -> Result<Tensors> {
        let a = inputs[0].contiguous()?;
        let b = inputs.remove(1);
        drop(inputs);
        let (of, _) = matrices(&b);
        let (dtype, shape) = (b.dtype(), Shape::from(b.shape()));
        let mut buffer = owned_buffer(b)?;
        with_field!(dtype, self.name(), T => {
            T::triangular_solve(of, self.0, elements(&a), buffer.slice_mut::<T>());
            Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(elements: &[f64], shape: &[usize]) -> Tensor {
        Tensor::from_slice(elements, shape).unwrap()
    }

    #[test]
    fn outputs_have_the_batch_axes_of_the_input() {
        let identity = tensor(&[1.0, 0.0, 0.0, 1.0].repeat(6), &[2, 3, 2, 2]);
        let shapes = |kernel: &dyn Kernel, x: Tensor| -> Vec<Vec<usize>> {
            kernel.run(smallvec![x]).unwrap().iter().map(|y| y.shape().to_vec()).collect()
        };
        assert_eq!(shapes(&Cholesky, identity.clone()), [[2, 3, 2, 2]]);
        assert_eq!(shapes(&Eigh, identity.clone()), [&[2, 3, 2, 2][..], &[2, 3, 2]]);
        assert_eq!(shapes(&Lu, identity), [&[2, 3, 2, 2][..], &[2, 3, 2], &[2, 3, 2]]);
        let tall = tensor(&[1.0; 18], &[3, 3, 2]);
        assert_eq!(shapes(&Qr { full: true }, tall.clone()), [[3, 3, 3], [3, 3, 2]]);
        assert_eq!(shapes(&Qr { full: false }, tall.clone()), [[3, 3, 2], [3, 2, 2]]);
        let alone = Svd { full: false, compute_uv: false };
        assert_eq!(shapes(&alone, tall.clone()), [[3, 2]]);
        let thin = Svd { full: false, compute_uv: true };
        assert_eq!(shapes(&thin, tall), [&[3, 2][..], &[3, 3, 2], &[3, 2, 2]]);
    }

    #[test]
    fn empty_matrices() {
        let none = tensor(&[], &[2, 0, 0]);
        assert_eq!(Cholesky.run(smallvec![none.clone()]).unwrap()[0].shape(), [2, 0, 0]);
        assert_eq!(Eigh.run(smallvec![none.clone()]).unwrap()[1].shape(), [2, 0]);
        assert_eq!(Lu.run(smallvec![tensor(&[], &[2, 0, 3])]).unwrap()[1].shape(), [2, 0]);
        let how = Triangular {
            left_side: true,
            lower: true,
            transpose: false,
            conjugate: false,
            unit_diagonal: false,
        };
        let b = tensor(&[], &[2, 0, 3]);
        let x = TriangularSolve(how).run(smallvec![none, b]).unwrap();
        assert_eq!(x[0].shape(), [2, 0, 3]);
    }

    #[test]
    fn integers_have_no_decompositions() {
        let x = Tensor::from_slice(&[1i32], &[1, 1]).unwrap();
        assert!(matches!(Cholesky.run(smallvec![x]), Err(Error::DType { .. })));
    }
}
