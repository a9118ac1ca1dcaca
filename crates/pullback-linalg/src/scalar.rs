//! The real or complex numbers, as far as a type can hold them.

use faer::traits::{ComplexField, RealField};
use num_complex::Complex;

pub(crate) trait Scalar: ComplexField<Real = Self::R> + Copy + PartialEq {
    /// The type of real and imaginary parts.
    type R: RealField + Copy;
    const ZERO: Self;
    const ONE: Self;
    const NAN: Self;
    const NAN_REAL: Self::R;
    /// Bits of the real numbers, and some more.
    const BITS: usize = if size_of::<Self::R>() == 4 { 27 } else { 54 };
    fn parts(self) -> (f64, f64);
    fn from_parts(re: f64, im: f64) -> Self;
    fn real_part(self) -> Self::R;
    fn conjugated(self) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
}

macro_rules! arithmetic {
    () => {
        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            self + other
        }
        #[inline(always)]
        fn minus(self, other: Self) -> Self {
            self - other
        }
        #[inline(always)]
        fn times(self, other: Self) -> Self {
            self * other
        }
    };
}

macro_rules! scalars {
    ($($R:ty),*) => {$(
        impl Scalar for $R {
            type R = $R;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
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
            arithmetic!();
        }
        impl Scalar for Complex<$R> {
            type R = $R;
            const ZERO: Self = Complex { re: 0.0, im: 0.0 };
            const ONE: Self = Complex { re: 1.0, im: 0.0 };
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
            arithmetic!();
        }
    )*};
}
scalars!(f32, f64);

#[inline(always)]
pub(crate) fn is_finite<T: Scalar>(value: T) -> bool {
    let (re, im) = value.parts();
    re.is_finite() && im.is_finite()
}

/// Whether all are; without an early end, so that vectors of them are compared.
#[inline(always)]
pub(crate) fn all_finite<T: Scalar>(values: &[T]) -> bool {
    values.iter().fold(true, |all, &value| all & is_finite(value))
}
