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
    /// `self / divisor`, also where the square of the divisor overflows.
    fn over(self, divisor: Self) -> Self;
    /// LAPACK's measure of a complex number, which needs no square root.
    fn magnitude(self) -> Self::R;
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
            #[inline(always)]
            fn over(self, divisor: Self) -> Self { self / divisor }
            #[inline(always)]
            fn magnitude(self) -> $R { self.abs() }
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
            #[inline(always)]
            fn over(self, divisor: Self) -> Self { quotient(self, divisor) }
            #[inline(always)]
            fn magnitude(self) -> $R { self.re.abs() + self.im.abs() }
            arithmetic!();
        }
    )*};
}
scalars!(f32, f64);

/// `a / b`, computed in double precision.
#[inline(always)]
fn quotient<T: Scalar>(a: T, b: T) -> T {
    let ((ar, ai), (br, bi)) = (a.parts(), b.parts());
    if bi == 0.0 {
        return T::from_parts(ar / br, ai / br);
    }
    // Scaled by the greater part of the divisor, which could overflow when squared.
    let scale = br.abs().max(bi.abs());
    let (br, bi) = (br / scale, bi / scale);
    let norm = br * br + bi * bi;
    T::from_parts((ar * br + ai * bi) / norm / scale, (ai * br - ar * bi) / norm / scale)
}

/// Whether all are finite.
#[inline(always)]
pub(crate) fn all_finite<T: Scalar>(values: &[T]) -> bool {
    // What is not finite leaves something that is not a number, in one lane of a vector or another.
    const LANES: usize = 16;
    let mut lanes = [T::ZERO; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = lanes[lane].plus(chunk[lane].minus(chunk[lane]));
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = lane.plus(x.minus(x));
    }
    lanes.iter().all(|&lane| lane == T::ZERO)
}
