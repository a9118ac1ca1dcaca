//! Elements of as many lines as a vector has lanes.

use std::cell::Cell;

use num_complex::Complex;
use pulp::Simd;

use super::Real;
use crate::kernels::dot;

/// What transforms need of vectors beside what products do.
pub(super) trait Vectors: dot::Real {
    fn product<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn negated<S: Simd>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
    /// Every second number of two vectors, and the others; in an order that `pairs` undoes.
    fn parts<S: Simd>(simd: S, pairs: [Self::Vector<S>; 2]) -> [Self::Vector<S>; 2];
    fn pairs<S: Simd>(simd: S, parts: [Self::Vector<S>; 2]) -> [Self::Vector<S>; 2];
}

macro_rules! vectors {
    ($($T:ty, $Vector:ident, $product:ident, $negated:ident, $parts:ident, $pairs:ident;)*) => {$(
        impl Vectors for $T {
            #[inline(always)]
            fn product<S: Simd>(simd: S, a: S::$Vector, b: S::$Vector) -> S::$Vector {
                simd.$product(a, b)
            }
            #[inline(always)]
            fn negated<S: Simd>(simd: S, a: S::$Vector) -> S::$Vector {
                simd.$negated(a)
            }
            #[inline(always)]
            fn parts<S: Simd>(simd: S, pairs: [S::$Vector; 2]) -> [S::$Vector; 2] {
                simd.$parts(pairs)
            }
            #[inline(always)]
            fn pairs<S: Simd>(simd: S, parts: [S::$Vector; 2]) -> [S::$Vector; 2] {
                simd.$pairs(parts)
            }
        }
    )*};
}
vectors! {
    f32, f32s, mul_f32s, neg_f32s, deinterleave_shfl_f32s, interleave_shfl_f32s;
    f64, f64s, mul_f64s, neg_f64s, deinterleave_shfl_f64s, interleave_shfl_f64s;
}

/// Elements that are equally far apart.
pub(super) struct Places<'a, T: Real, S: Simd> {
    pub vectors: &'a [Cell<T::Vector<S>>],
    pub apart: usize,
}

impl<T: Real, S: Simd> Clone for Places<'_, T, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real, S: Simd> Copy for Places<'_, T, S> {}

/// An element of each line.
pub(super) struct Lane<T: Real, S: Simd> {
    simd: S,
    re: T::Vector<S>,
    im: T::Vector<S>,
}

impl<T: Real, S: Simd> Clone for Lane<T, S> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real, S: Simd> Copy for Lane<T, S> {}

impl<T: Real, S: Simd> Lane<T, S> {
    #[inline(always)]
    pub(super) fn of(simd: S, x: &[Cell<T::Vector<S>>], k: usize) -> Self {
        let [re, im] = [&x[2 * k], &x[2 * k + 1]].map(Cell::get);
        Lane { simd, re, im }
    }

    #[inline(always)]
    pub(super) fn put(self, x: &[Cell<T::Vector<S>>], k: usize) {
        x[2 * k].set(self.re);
        x[2 * k + 1].set(self.im);
    }

    /// The lanes may be in another order; writing them undoes it.
    #[inline(always)]
    pub(super) fn read(simd: S, row: &[Complex<T>]) -> Self {
        let bytes: &[u8] = bytemuck::cast_slice(row);
        let pair = bytemuck::pod_read_unaligned(&bytes[..size_of::<[T::Vector<S>; 2]>()]);
        let [re, im] = T::parts(simd, pair);
        Lane { simd, re, im }
    }

    #[inline(always)]
    pub(super) fn write(self, row: &mut [Complex<T>]) {
        let pair = T::pairs(self.simd, [self.re, self.im]);
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(row);
        bytes[..size_of_val(&pair)].copy_from_slice(bytemuck::bytes_of(&pair));
    }

    /// Both parts with those of another.
    #[inline(always)]
    fn both(self, other: Self, f: impl Fn(S, T::Vector<S>, T::Vector<S>) -> T::Vector<S>) -> Self {
        let simd = self.simd;
        Lane { simd, re: f(simd, self.re, other.re), im: f(simd, self.im, other.im) }
    }

    #[inline(always)]
    pub(super) fn plus(self, other: Self) -> Self {
        self.both(other, T::sum)
    }

    #[inline(always)]
    pub(super) fn minus(self, other: Self) -> Self {
        self.both(other, T::difference)
    }

    /// With so many times another.
    #[inline(always)]
    pub(super) fn with(self, other: Self, times: T) -> Self {
        let times = T::splat(self.simd, times);
        self.both(
            other,
            #[inline(always)]
            |simd, sum, a| T::accumulate(simd, sum, a, times),
        )
    }

    #[inline(always)]
    pub(super) fn scaled(self, by: T) -> Self {
        let (simd, by) = (self.simd, T::splat(self.simd, by));
        Lane { simd, re: T::product(simd, self.re, by), im: T::product(simd, self.im, by) }
    }

    #[inline(always)]
    pub(super) fn times(self, [re, im]: [T; 2]) -> Self {
        let simd = self.simd;
        let (re, im) = (T::splat(simd, re), T::splat(simd, im));
        let across = T::negated(simd, T::product(simd, self.im, im));
        Lane {
            simd,
            re: T::accumulate(simd, across, self.re, re),
            im: T::accumulate(simd, T::product(simd, self.im, re), self.re, im),
        }
    }

    /// An element of the complex line whose real and imaginary parts are the even and the odd
    /// elements of a real one, from the elements of its transform on both sides, with parts
    /// exchanged.
    #[inline(always)]
    pub(super) fn unfolded(self, other: Self, [re, im]: [T; 2]) -> Self {
        let other = other.conj();
        let odd = self.minus(other).times([re, -im]);
        self.plus(other).minus(odd.quarter()).exchanged(true)
    }

    /// What a result is in the end.
    #[inline(always)]
    pub(super) fn finished(self, inverse: bool, factor: Option<T>) -> Self {
        let value = self.exchanged(inverse);
        match factor {
            Some(factor) => value.scaled(factor),
            None => value,
        }
    }

    /// The inverse is the transform with real and imaginary parts exchanged, before and after.
    #[inline(always)]
    pub(super) fn exchanged(self, inverse: bool) -> Self {
        let Lane { simd, re, im } = self;
        if inverse { Lane { simd, re: im, im: re } } else { self }
    }

    #[inline(always)]
    pub(super) fn conj(self) -> Self {
        Lane { im: T::negated(self.simd, self.im), ..self }
    }

    /// Turned back by a quarter: times `-i`.
    #[inline(always)]
    pub(super) fn quarter(self) -> Self {
        let Lane { simd, re, im } = self;
        Lane { simd, re: im, im: T::negated(simd, re) }
    }
}
