//! Decompositions of matrices and triangular systems, over any leading batch axes, for f32, f64
//! and their complex types.
//!
//! QR and LU are written here, so that signs and pivots are those of LAPACK also for matrices
//! of deficient rank; the others come from `faer`, always sequentially. A matrix with an
//! element that is not finite, or whose iteration does not converge, has results of NaN.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::traits::{ComplexField, RealField};
use faer::{Mat, MatMut, MatRef, Par};
use num_complex::Complex;

use super::common::Number;
use crate::buffer::Buffer;
use crate::error::{Error, Result};
use crate::layout::{self, Shape};
use crate::tensor::Tensor;

mod cholesky;
mod eigh;
mod lu;
mod qr;
mod svd;
mod triangular;

pub use cholesky::Cholesky;
pub use eigh::Eigh;
pub use lu::Lu;
pub use qr::Qr;
pub use svd::Svd;
pub use triangular::TriangularSolve;

/// Evaluates an expression with `$T` naming the Rust type of a dtype that decompositions know.
macro_rules! with_field {
    ($dtype:expr, $operation:expr, $T:ident => $body:expr) => {{
        use crate::dtype::DType;
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
                type $T = num_complex::Complex<f32>;
                $body
            }
            DType::C128 => {
                type $T = num_complex::Complex<f64>;
                $body
            }
            dtype => Err(crate::error::Error::DType { operation: $operation, dtype }),
        }
    }};
}
use with_field;

/// The real or complex numbers, as far as a type can hold them.
trait Field: Number + ComplexField<Real = Self::R> {
    /// The type of real and imaginary parts.
    type R: Number + RealField;
    const NAN: Self;
    const NAN_REAL: Self::R;
    fn parts(self) -> (f64, f64);
    fn from_parts(re: f64, im: f64) -> Self;
    fn real_part(self) -> Self::R;
    fn conjugated(self) -> Self;
}

macro_rules! fields {
    ($($R:ty),*) => {$(
        impl Field for $R {
            type R = $R;
            const NAN: Self = <$R>::NAN;
            const NAN_REAL: $R = <$R>::NAN;
            #[inline(always)]
            fn parts(self) -> (f64, f64) { (self as f64, 0.0) }
            #[inline(always)]
            fn from_parts(re: f64, _im: f64) -> Self { re as $R }
            #[inline(always)]
            fn real_part(self) -> $R { self }
            #[inline(always)]
            fn conjugated(self) -> Self { self }
        }
        impl Field for Complex<$R> {
            type R = $R;
            const NAN: Self = Complex { re: <$R>::NAN, im: <$R>::NAN };
            const NAN_REAL: $R = <$R>::NAN;
            #[inline(always)]
            fn parts(self) -> (f64, f64) { (self.re as f64, self.im as f64) }
            #[inline(always)]
            fn from_parts(re: f64, im: f64) -> Self { Complex { re: re as $R, im: im as $R } }
            #[inline(always)]
            fn real_part(self) -> $R { self.re }
            #[inline(always)]
            fn conjugated(self) -> Self { self.conj() }
        }
    )*};
}
fields!(f32, f64);

fn is_finite<T: Field>(value: T) -> bool {
    let (re, im) = value.parts();
    re.is_finite() && im.is_finite()
}

/// A batch of matrices: batch axes, rows and columns.
fn dimensions(x: &Tensor) -> (Shape, usize, usize) {
    let (batch, matrix) = x.shape().split_at(x.rank() - 2);
    (batch.into(), matrix[0], matrix[1])
}

/// One output under construction: a block of elements for each matrix of the batch.
struct Output<T> {
    shape: Shape,
    block: usize,
    buffer: Buffer,
    _elements: std::marker::PhantomData<T>,
}

impl<T: crate::dtype::Element> Output<T> {
    fn new(batch: &[usize], block: &[usize]) -> Result<Output<T>> {
        let shape: Shape = batch.iter().chain(block).copied().collect();
        let too_large = Error::TooLarge { elements: u128::MAX, dtype: T::DTYPE };
        let count = layout::checked_count(&shape).ok_or(too_large)?;
        Ok(Output {
            shape,
            block: layout::count(block),
            buffer: Buffer::new(T::DTYPE, count)?,
            _elements: std::marker::PhantomData,
        })
    }

    /// The elements that belong to one matrix of the batch.
    fn at(&mut self, index: usize) -> &mut [T] {
        &mut self.buffer.slice_mut()[index * self.block..(index + 1) * self.block]
    }

    fn finish(self) -> Tensor {
        Tensor::from_buffer(T::DTYPE, &self.shape, self.buffer)
    }
}

/// Copies a matrix from elements stored by rows.
fn load<T: Field>(target: &mut Mat<T>, source: &[T]) {
    let (rows, columns) = target.shape();
    target.copy_from(MatRef::from_row_major_slice(source, rows, columns));
}

/// Copies a matrix to elements stored by rows.
fn store<T: Field>(target: &mut [T], source: MatRef<'_, T>) {
    let (rows, columns) = source.shape();
    MatMut::from_row_major_slice_mut(target, rows, columns).copy_from(source);
}

/// Calls `f` with working memory, which is allocated once.
struct Scratch(MemBuffer);

impl Scratch {
    fn new(request: StackReq) -> Scratch {
        Scratch(MemBuffer::new(request))
    }

    fn stack(&mut self) -> &mut MemStack {
        MemStack::new(&mut self.0)
    }
}

/// Everything runs on the calling thread.
const PAR: Par = Par::Seq;

#[cfg(test)]
mod tests {
    use super::*;

    /// Elements between -1 and 1 that look random.
    pub(super) fn sample<T: Field>(count: usize) -> Vec<T> {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        };
        (0..count).map(|_| T::from_parts(next(), next())).collect()
    }

    /// The product of two matrices stored by rows, in double precision.
    pub(super) fn product<T: Field>(a: &[T], b: &[T], [m, k, n]: [usize; 3]) -> Vec<T> {
        let mut c = vec![T::ZERO; m * n];
        for i in 0..m {
            for j in 0..n {
                c[i * n + j] =
                    (0..k).fold(T::ZERO, |sum, p| sum.plus(a[i * k + p].times(b[p * n + j])));
            }
        }
        c
    }

    pub(super) fn adjoint<T: Field>(a: &[T], [m, n]: [usize; 2]) -> Vec<T> {
        (0..m * n).map(|i| a[i % m * n + i / m].conjugated()).collect()
    }

    pub(super) fn assert_close<T: Field>(a: &[T], b: &[T], what: &str) {
        assert_eq!(a.len(), b.len(), "{what}");
        let tolerance = if size_of::<T::R>() == 4 { 2e-4 } else { 1e-11 };
        for (&x, &y) in a.iter().zip(b) {
            let (re, im) = x.minus(y).parts();
            assert!(re.hypot(im) < tolerance, "{what}: {x:?} {y:?}");
        }
    }
}
