//! Decompositions of dense matrices and triangular systems, for f32, f64 and their complex types.
//!
//! A function takes slices that hold any number of matrices by rows, one after the other, and
//! works through them on the calling thread. QR and LU are written here, so that signs and
//! pivots are those of LAPACK also for matrices of deficient rank; so are the Cholesky
//! decomposition of small matrices, the reduction to tridiagonal and bidiagonal form, the values of
//! these and, in single precision, their vectors where values differ enough. The others come from
//! `faer`.
//! A matrix with an element that is not finite, or whose iteration does not converge, has
//! results of NaN.
//!
//! This is a crate of its own because compiling `faer` for four types takes longer than all
//! the rest: the methods of [`Field`] are compiled here once, and whoever calls them is not.

#![forbid(unsafe_code)]

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::{Mat, MatMut, MatRef, Par};
use num_complex::Complex;

mod bidiagonal;
mod cholesky;
mod eigh;
mod lu;
mod qr;
mod reflections;
mod rows;
mod scalar;
mod svd;
mod triangular;
mod tridiagonal;
mod twisted;
mod values;

use scalar::{Scalar, all_finite};
pub use triangular::Triangular;

/// How many matrices a slice holds, and of what size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrices {
    /// The number of matrices.
    pub count: usize,
    /// The rows of each.
    pub rows: usize,
    /// The columns of each.
    pub columns: usize,
}

impl Matrices {
    /// The lesser of rows and columns.
    pub fn size(self) -> usize {
        self.rows.min(self.columns)
    }

    /// The elements of one matrix.
    pub fn area(self) -> usize {
        self.rows * self.columns
    }
}

/// The unitary factors that a singular value decomposition is to write: `U` and `Vᴴ`, square
/// if `full`, else with as many columns, or rows, as there are singular values.
pub struct Vectors<'a, T> {
    /// Whether the factors are square.
    pub full: bool,
    /// The left singular vectors, as columns.
    pub u: &'a mut [T],
    /// The right singular vectors, as conjugated rows.
    pub vh: &'a mut [T],
}

/// A type of matrix elements. Slices are as long as their matrices are in all, or the call panics.
pub trait Field: Sized {
    /// The type of real and imaginary parts.
    type Real;

    /// The lower triangular factor `L` of Hermitian matrices `L Lᴴ`, of which only the lower
    /// triangle is read. For a matrix that is not positive definite the factor is NaN.
    fn cholesky(of: Matrices, a: &[Self], l: &mut [Self]);

    /// Eigenvectors, as columns, and eigenvalues, in rising order, of Hermitian matrices, of
    /// which only the lower triangle is read. The vectors are computed if asked for.
    fn eigh(of: Matrices, a: &[Self], vectors: Option<&mut [Self]>, values: &mut [Self::Real]);

    /// `P A = L U`: both factors in one matrix, without the unit diagonal of `L`; the row that
    /// each row was exchanged with, counted from zero; and the permutation that these make.
    fn lu(
        of: Matrices,
        a: &[Self],
        factors: &mut [Self],
        exchanges: &mut [i32],
        permutations: &mut [i32],
    );

    /// `A = Q R` with orthonormal columns of `Q`, of which there are `columns`, and upper
    /// triangular `R`; `columns` is the number of rows of `A`, or the lesser of its sides. `Q` is
    /// formed if asked for.
    fn qr(of: Matrices, columns: usize, a: &[Self], q: Option<&mut [Self]>, r: &mut [Self]);

    /// `A = U diag(s) Vᴴ`: the singular values in falling order and, if asked for, the vectors.
    fn svd(of: Matrices, a: &[Self], s: &mut [Self::Real], vectors: Option<Vectors<'_, Self>>);

    /// Solves `op(A) X = B`, or `X op(A) = B`, for triangular `A`, in place of `B`, whose
    /// matrices `of` describes.
    fn triangular_solve(of: Matrices, how: Triangular, a: &[Self], b: &mut [Self]);
}

macro_rules! fields {
    ($($T:ty, $R:ty;)*) => {$(
        impl Field for $T {
            type Real = $R;
            fn cholesky(of: Matrices, a: &[Self], l: &mut [Self]) {
                cholesky::decompose(of, a, l)
            }
            fn eigh(
                of: Matrices,
                a: &[Self],
                vectors: Option<&mut [Self]>,
                values: &mut [$R],
            ) {
                eigh::decompose(of, a, vectors, values)
            }
            fn lu(
                of: Matrices,
                a: &[Self],
                factors: &mut [Self],
                exchanges: &mut [i32],
                permutations: &mut [i32],
            ) {
                lu::decompose(of, a, factors, exchanges, permutations)
            }
            fn qr(
                of: Matrices,
                columns: usize,
                a: &[Self],
                q: Option<&mut [Self]>,
                r: &mut [Self],
            ) {
                qr::decompose(of, columns, a, q, r)
            }
            fn svd(of: Matrices, a: &[Self], s: &mut [$R], vectors: Option<Vectors<'_, Self>>) {
                svd::decompose(of, a, s, vectors)
            }
            fn triangular_solve(of: Matrices, how: Triangular, a: &[Self], b: &mut [Self]) {
                triangular::solve(of, how, a, b)
            }
        }
    )*};
}
fields! { f32, f32; f64, f64; Complex<f32>, f32; Complex<f64>, f64; }

/// Copies a matrix from elements stored by rows.
fn load<T: Scalar>(target: &mut Mat<T>, source: &[T]) {
    let (rows, columns) = target.shape();
    target.copy_from(MatRef::from_row_major_slice(source, rows, columns));
}

/// Copies a matrix to elements stored by rows.
fn store<T: Scalar>(target: &mut [T], source: MatRef<'_, T>) {
    let (rows, columns) = source.shape();
    MatMut::from_row_major_slice_mut(target, rows, columns).copy_from(source);
}

/// Working memory, which is allocated once.
struct Scratch(MemBuffer);

impl Scratch {
    fn new(request: StackReq) -> Scratch {
        Scratch(MemBuffer::new(request))
    }

    fn stack(&mut self) -> &mut MemStack {
        MemStack::new(&mut self.0)
    }
}

/// Tridiagonal and bidiagonal matrices of so many columns are divided to find their vectors: half as
/// many as `faer` would have it take 3 to 5 % less time at 64 and 256 columns.
const DIVIDED: usize = 64;

/// Everything runs on the calling thread.
const PAR: Par = Par::Seq;

#[cfg(test)]
mod tests {
    use super::*;

    /// Elements between -1 and 1 that look random.
    pub(super) fn sample<T: Scalar>(count: usize) -> Vec<T> {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        };
        (0..count).map(|_| T::from_parts(next(), next())).collect()
    }

    /// The product of two matrices stored by rows.
    pub(super) fn product<T: Scalar>(a: &[T], b: &[T], [m, k, n]: [usize; 3]) -> Vec<T> {
        let mut c = vec![T::ZERO; m * n];
        for i in 0..m {
            for j in 0..n {
                c[i * n + j] =
                    (0..k).fold(T::ZERO, |sum, p| sum.plus(a[i * k + p].times(b[p * n + j])));
            }
        }
        c
    }

    pub(super) fn identity<T: Scalar>(n: usize) -> Vec<T> {
        (0..n * n).map(|at| if at % n == at / n { T::ONE } else { T::ZERO }).collect()
    }

    pub(super) fn adjoint<T: Scalar>(a: &[T], [m, n]: [usize; 2]) -> Vec<T> {
        (0..m * n).map(|i| a[i % m * n + i / m].conjugated()).collect()
    }

    pub(super) fn assert_close<T: Scalar>(a: &[T], b: &[T], what: &str) {
        assert_eq!(a.len(), b.len(), "{what}");
        let tolerance = if size_of::<T::R>() == 4 { 2e-4 } else { 1e-11 };
        for (&x, &y) in a.iter().zip(b) {
            let (re, im) = x.minus(y).parts();
            assert!(re.hypot(im) < tolerance, "{what}: {x:?} {y:?}");
        }
    }

    pub(super) fn one(rows: usize, columns: usize) -> Matrices {
        Matrices { count: 1, rows, columns }
    }
}
