//! Integer powers by repeated squaring.
//!
//! The exponent is the same for all elements, so its bits are the outer loop, over blocks that
//! stay in registers or the nearest cache.

use std::marker::PhantomData;

use bytemuck::{Pod, cast_slice, cast_slice_mut};
use num_complex::Complex;
use pulp::{Simd, WithSimd};

use super::int::Int;
use super::kernel::{Kernel, dispatch, stateless};
use super::math::complex;
use super::op::ScalarOp;

/// What powers are computed with.
pub(crate) trait Ring: Pod + Send + Sync {
    const ONE: Self;
    fn product(self, y: Self) -> Self;
    fn reciprocal(self) -> Self;
}

/// The kernel of [`ScalarOp::IntegerPow`].
pub(crate) fn find<T: Ring>() -> &'static dyn Kernel {
    stateless(Power::<T>(PhantomData))
}

struct Power<T>(PhantomData<fn(T) -> T>);

impl<T: Ring> Kernel for Power<T> {
    fn run(&self, op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let ScalarOp::IntegerPow(exponent) = op else { return };
        let x: &[T] = cast_slice(operands[0]);
        dispatch(PowerLoop { exponent, x, out: cast_slice_mut(out) });
    }
}

struct PowerLoop<'a, T> {
    exponent: i32,
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Ring> WithSimd for PowerLoop<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        const BLOCK: usize = 64;
        let PowerLoop { exponent, x, out } = self;
        for (out, x) in out.chunks_mut(BLOCK).zip(x.chunks(BLOCK)) {
            let mut squares = [T::ONE; BLOCK];
            let squares = &mut squares[..x.len()];
            squares.copy_from_slice(x);
            let mut rest = exponent.unsigned_abs();
            if rest == 0 {
                out.fill(T::ONE);
            }
            // A product by one is not always the number itself: of complex infinities, not.
            let mut first = true;
            while rest != 0 {
                if rest & 1 != 0 {
                    if first {
                        out.copy_from_slice(squares);
                        first = false;
                    } else {
                        for (out, &square) in out.iter_mut().zip(&*squares) {
                            *out = out.product(square);
                        }
                    }
                }
                rest >>= 1;
                if rest != 0 {
                    for square in &mut *squares {
                        *square = square.product(*square);
                    }
                }
            }
            if exponent < 0 {
                for out in out {
                    *out = out.reciprocal();
                }
            }
        }
    }
}

macro_rules! ring {
    ($($number:ident: $one:literal, $product:expr, $reciprocal:expr;)*) => {
        $(impl Ring for $number {
            const ONE: $number = $one;
            #[inline(always)]
            fn product(self, y: $number) -> $number {
                $product(self, y)
            }
            #[inline(always)]
            fn reciprocal(self) -> $number {
                $reciprocal(self)
            }
        })*
    };
}

ring! {
    i8: 1, Int::mul, |x| Int::div(1, x);
    i16: 1, Int::mul, |x| Int::div(1, x);
    i32: 1, Int::mul, |x| Int::div(1, x);
    i64: 1, Int::mul, |x| Int::div(1, x);
    u8: 1, Int::mul, |x| Int::div(1, x);
    u16: 1, Int::mul, |x| Int::div(1, x);
    u32: 1, Int::mul, |x| Int::div(1, x);
    u64: 1, Int::mul, |x| Int::div(1, x);
    f32: 1.0, |x: f32, y: f32| x * y, |x: f32| 1.0 / x;
    f64: 1.0, |x: f64, y: f64| x * y, |x: f64| 1.0 / x;
}

impl Ring for Complex<f32> {
    const ONE: Complex<f32> = Complex { re: 1.0, im: 0.0 };
    #[inline(always)]
    fn product(self, y: Complex<f32>) -> Complex<f32> {
        complex::mul(self, y)
    }
    fn reciprocal(self) -> Complex<f32> {
        let wide = Complex::new(self.re as f64, self.im as f64);
        let z = complex::div(Complex { re: 1.0, im: 0.0 }, wide);
        Complex::new(z.re as f32, z.im as f32)
    }
}

impl Ring for Complex<f64> {
    const ONE: Complex<f64> = Complex { re: 1.0, im: 0.0 };
    #[inline(always)]
    fn product(self, y: Complex<f64>) -> Complex<f64> {
        complex::mul(self, y)
    }
    fn reciprocal(self) -> Complex<f64> {
        complex::div(Self::ONE, self)
    }
}
