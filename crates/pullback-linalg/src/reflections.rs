//! Householder reflections: how one is found, and how the product of many is applied.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, Mat, MatMut, MatRef};

use super::rows::dispatch;
use super::{PAR, Scalar};

/// Reflections that are applied together.
pub(crate) const TOGETHER: usize = 32;

/// Some reflections `I - tau v vᴴ`: the first leaves `offset` rows as they are, the next one more.
pub(crate) struct Reflections<T> {
    pub rows: usize,
    pub offset: usize,
    /// The vectors, one after another, with zeros for the rows before.
    pub v: Vec<T>,
    pub tau: Vec<T>,
}

impl<T: Scalar> Reflections<T> {
    pub(crate) fn new(rows: usize, count: usize, offset: usize) -> Reflections<T> {
        let (v, tau) = (vec![T::ZERO; rows * count], vec![T::ZERO; count]);
        Reflections { rows, offset, v, tau }
    }

    /// The elements of one vector that need not be zero.
    #[inline(always)]
    pub(crate) fn vector(&self, k: usize) -> &[T] {
        &self.v[k * self.rows + k + self.offset..(k + 1) * self.rows]
    }

    #[inline(always)]
    pub(crate) fn vector_mut(&mut self, k: usize) -> &mut [T] {
        &mut self.v[k * self.rows + k + self.offset..(k + 1) * self.rows]
    }

    /// The product of some of them, for the rows from that of the first on.
    pub(crate) fn product(&self, which: Range<usize>) -> Product<'_, T> {
        let (first, count) = (which.start + self.offset, which.len());
        let v = MatRef::from_column_major_slice(&self.v, self.rows, self.tau.len());
        let v = v.submatrix(first, which.start, self.rows - first, count);
        Product::new(v, &self.tau[which])
    }

    /// Replaces a matrix by its product with all reflections, the first leftmost. That of the
    /// `identity` has columns that are known to remain as they are.
    pub(crate) fn apply(&self, mut target: MatMut<'_, T>, identity: bool) {
        let count = self.tau.len();
        for begin in (0..count).step_by(TOGETHER).rev() {
            let first = begin + self.offset;
            let column = if identity { first } else { 0 };
            let target = target.rb_mut();
            let (rows, columns) = (self.rows - first, target.ncols() - column);
            let target = target.submatrix_mut(first, column, rows, columns);
            self.product(begin..(begin + TOGETHER).min(count)).apply(target, false);
        }
    }
}

/// The product of some reflections, `I - V T Vᴴ`.
pub(crate) struct Product<'a, T: Scalar> {
    v: MatRef<'a, T>,
    t: Mat<T>,
}

impl<'a, T: Scalar> Product<'a, T> {
    fn new(v: MatRef<'a, T>, tau: &[T]) -> Product<'a, T> {
        let n = tau.len();
        let mut inner = vec![T::ZERO; n * n];
        let product = MatMut::from_column_major_slice_mut(&mut inner, n, n);
        matmul(product, Accum::Replace, v.adjoint(), v, T::ONE, PAR);
        let mut t = vec![T::ZERO; n * n];
        dispatch(Combine { inner: &inner, tau, t: &mut t });
        Product { v, t: MatRef::from_column_major_slice(&t, n, n).to_owned() }
    }

    /// Applies the reflections, or their adjoint, from the left.
    pub(crate) fn apply(&self, target: MatMut<'_, T>, adjoint: bool) {
        let (k, n) = (self.v.ncols(), target.ncols());
        let (mut inner, mut scaled) = (Mat::<T>::zeros(k, n), Mat::<T>::zeros(k, n));
        matmul(inner.as_mut(), Accum::Replace, self.v.adjoint(), target.rb(), T::ONE, PAR);
        if adjoint {
            let t = self.t.as_ref().adjoint();
            matmul(scaled.as_mut(), Accum::Replace, t, inner.as_ref(), T::ONE, PAR);
        } else {
            let t = self.t.as_ref();
            matmul(scaled.as_mut(), Accum::Replace, t, inner.as_ref(), T::ONE, PAR);
        }
        matmul(target, Accum::Add, self.v, scaled.as_ref(), T::ZERO.minus(T::ONE), PAR);
    }
}

/// Finds `T`, column by column, from `Vᴴ V`.
struct Combine<'a, T> {
    inner: &'a [T],
    tau: &'a [T],
    t: &'a mut [T],
}

impl<T: Scalar> pulp::NullaryFnOnce for Combine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Combine { inner, tau, t } = self;
        let n = tau.len();
        for (k, &tau) in tau.iter().enumerate() {
            // Column k of T: -tau T (Vᴴ v).
            let (known, column) = t.split_at_mut(k * n);
            let mut sums = [T::ZERO; TOGETHER];
            for (known, inner) in known.chunks_exact(n).zip(&inner[k * n..]) {
                let factor = tau.times(*inner);
                // What is below the diagonal is zero.
                for (sum, &from) in sums.iter_mut().zip(known) {
                    *sum = sum.minus(factor.times(from));
                }
            }
            column[..k].copy_from_slice(&sums[..k]);
            column[k] = tau;
        }
    }
}

/// Replaces a vector by that of the reflection `I - tau v vᴴ` whose adjoint leaves only its first
/// element; the results are that, which is real then, and tau.
#[inline(always)]
pub(crate) fn reflect<T: Scalar>(x: &mut [T]) -> (T, T) {
    let first = x[0];
    x[0] = T::ONE;
    let (re, im) = first.parts();
    let below = norm(&x[1..]);
    if below == 0.0 && im == 0.0 {
        return (first, T::ZERO);
    }
    x[0] = first;
    let beta = -norm(x).copysign(re);
    x[0] = T::ONE;
    // v = x / (alpha - beta)
    let (dr, di) = (re - beta, im);
    if im == 0.0 {
        for x in &mut x[1..] {
            let (xr, xi) = x.parts();
            *x = T::from_parts(xr / dr, xi / dr);
        }
        return (T::from_parts(beta, 0.0), T::from_parts((beta - re) / beta, 0.0));
    }
    let length = dr.hypot(di);
    let (ur, ui) = (dr / length, -di / length);
    for x in &mut x[1..] {
        let (xr, xi) = x.parts();
        let (xr, xi) = (xr / length, xi / length);
        *x = T::from_parts(xr * ur - xi * ui, xr * ui + xi * ur);
    }
    (T::from_parts(beta, 0.0), T::from_parts((beta - re) / beta, -im / beta))
}

/// The Euclidean norm, also where squares overflow or vanish.
#[inline(always)]
fn norm<T: Scalar>(values: &[T]) -> f64 {
    // Several sums, which do not wait for each other; few for short vectors.
    const SUMS: usize = 16;
    let (chunks, rest) = values.as_chunks::<SUMS>();
    let mut few = [0.0; 4];
    for (i, value) in rest.iter().enumerate() {
        let (re, im) = value.parts();
        few[i % 4] += re * re + im * im;
    }
    let mut squares: f64 = (few[0] + few[1]) + (few[2] + few[3]);
    if !chunks.is_empty() {
        let mut sums = [0.0; SUMS];
        for chunk in chunks {
            for lane in 0..SUMS {
                let (re, im) = chunk[lane].parts();
                sums[lane] += re * re + im * im;
            }
        }
        for width in [8, 4, 2, 1] {
            for lane in 0..width {
                sums[lane] += sums[lane + width];
            }
        }
        squares += sums[0];
    }
    if squares.is_finite() && squares > 1e-280 {
        return squares.sqrt();
    }
    let largest = |scale: f64, value: &T| {
        let (re, im) = value.parts();
        scale.max(re.abs()).max(im.abs())
    };
    let scale = values.iter().fold(0.0, largest);
    if scale == 0.0 {
        return 0.0;
    }
    let scaled = values.iter().map(|value| {
        let (re, im) = value.parts();
        (re / scale).powi(2) + (im / scale).powi(2)
    });
    scale * scaled.sum::<f64>().sqrt()
}
