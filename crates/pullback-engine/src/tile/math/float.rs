//! The functions of a real number, for the two types that compute with them.

use bytemuck::Pod;

use super::{basic, bessel, double, gamma, single};

/// A float type that arithmetic is done in.
///
/// Functions of one real number, powers and angles vectorise; the other ones compute in `f64`.
pub(crate) trait Float: Pod + PartialOrd + Send + Sync {
    fn add(self, y: Self) -> Self;
    fn sub(self, y: Self) -> Self;
    fn mul(self, y: Self) -> Self;
    fn div(self, y: Self) -> Self;
    fn rem(self, y: Self) -> Self;
    fn neg(self) -> Self;
    fn abs(self) -> Self;
    fn sign(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn round(self) -> Self;
    fn round_ties_even(self) -> Self;
    fn sqrt(self) -> Self;
    fn rsqrt(self) -> Self;
    fn is_finite(self) -> bool;
    fn max(self, y: Self) -> Self;
    fn min(self, y: Self) -> Self;
    fn nextafter(self, y: Self) -> Self;
    fn eq_to(self, y: Self) -> bool;
    fn lt_to(self, y: Self) -> bool;
    fn le_to(self, y: Self) -> bool;
    fn reduce_precision(self, exponent: u8, mantissa: u8) -> Self;
    fn is_large_angle(self) -> bool;
    fn sin_large(self) -> Self;
    fn cos_large(self) -> Self;
    fn tan_large(self) -> Self;
    fn exp(self) -> Self;
    fn exp2(self) -> Self;
    fn expm1(self) -> Self;
    fn log(self) -> Self;
    fn log1p(self) -> Self;
    fn log2(self) -> Self;
    fn cbrt(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tan(self) -> Self;
    fn asin(self) -> Self;
    fn acos(self) -> Self;
    fn atan(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn tanh(self) -> Self;
    fn asinh(self) -> Self;
    fn acosh(self) -> Self;
    fn atanh(self) -> Self;
    fn logistic(self) -> Self;
    fn erf(self) -> Self;
    fn erfc(self) -> Self;
    fn erf_inv(self) -> Self;
    fn lgamma(self) -> Self;
    fn digamma(self) -> Self;
    fn i0e(self) -> Self;
    fn i1e(self) -> Self;
    fn pow(self, y: Self) -> Self;
    fn atan2(self, x: Self) -> Self;
    fn igamma(self, x: Self) -> Self;
    fn igammac(self, x: Self) -> Self;
    fn igamma_grad_a(self, x: Self) -> Self;
    fn random_gamma_grad(self, x: Self) -> Self;
    fn zeta(self, x: Self) -> Self;
    fn polygamma(self, x: Self) -> Self;
    fn betainc(self, b: Self, x: Self) -> Self;
}

/// What both types compute in the same way, by their operators and their bits.
macro_rules! basics {
    ($float:ident, $bits:ident, $width:literal, $mantissa:literal) => {
        #[inline(always)]
        fn add(self, y: $float) -> $float {
            self + y
        }
        #[inline(always)]
        fn sub(self, y: $float) -> $float {
            self - y
        }
        #[inline(always)]
        fn mul(self, y: $float) -> $float {
            self * y
        }
        #[inline(always)]
        fn div(self, y: $float) -> $float {
            self / y
        }
        #[inline(always)]
        fn rem(self, y: $float) -> $float {
            self % y
        }
        #[inline(always)]
        fn neg(self) -> $float {
            -self
        }
        #[inline(always)]
        fn abs(self) -> $float {
            $float::abs(self)
        }
        #[inline(always)]
        fn sign(self) -> $float {
            basic::sign(self)
        }
        #[inline(always)]
        fn floor(self) -> $float {
            $float::floor(self)
        }
        #[inline(always)]
        fn ceil(self) -> $float {
            $float::ceil(self)
        }
        #[inline(always)]
        fn round(self) -> $float {
            basic::round_away(self)
        }
        #[inline(always)]
        fn round_ties_even(self) -> $float {
            $float::round_ties_even(self)
        }
        #[inline(always)]
        fn sqrt(self) -> $float {
            $float::sqrt(self)
        }
        #[inline(always)]
        fn rsqrt(self) -> $float {
            basic::rsqrt(self)
        }
        #[inline(always)]
        fn is_finite(self) -> bool {
            basic::is_finite(self)
        }
        #[inline(always)]
        fn max(self, y: $float) -> $float {
            crate::tile::math::lane::Real::larger(self, y)
        }
        #[inline(always)]
        fn min(self, y: $float) -> $float {
            crate::tile::math::lane::Real::smaller(self, y)
        }
        #[inline(always)]
        fn nextafter(self, y: $float) -> $float {
            let bits = self.to_bits();
            // Magnitudes are ordered as their bits are.
            let outward = (y > self) == (self > 0.0);
            let next = $float::from_bits(if outward {
                bits.wrapping_add(1)
            } else {
                bits.wrapping_sub(1)
            });
            let next = if self == 0.0 { $float::from_bits(1).copysign(y) } else { next };
            let next = if self == y { y } else { next };
            if self.is_nan() | y.is_nan() { $float::NAN } else { next }
        }
        #[inline(always)]
        fn eq_to(self, y: $float) -> bool {
            basic::eq_to(self, y)
        }
        #[inline(always)]
        fn lt_to(self, y: $float) -> bool {
            basic::lt_to(self, y)
        }
        #[inline(always)]
        fn le_to(self, y: $float) -> bool {
            !y.lt_to(self)
        }
        #[inline(always)]
        fn reduce_precision(self, exponent: u8, mantissa: u8) -> $float {
            const OWN_MANTISSA: u32 = $mantissa;
            const OWN_BIAS: u32 = (1 << ($width - 2 - OWN_MANTISSA)) - 1;
            const SIGN: $bits = 1 << ($width - 1);
            let bits = self.to_bits();
            let sign = bits & SIGN;
            let mut magnitude = bits & !SIGN;
            let dropped = OWN_MANTISSA.saturating_sub(mantissa as u32);
            if dropped > 0 {
                // To nearest, ties to even.
                let last = (magnitude >> dropped) & 1;
                let half = (1 << (dropped - 1)) - 1 + last;
                magnitude = magnitude.wrapping_add(half) >> dropped << dropped;
            }
            let bias = (1u32 << exponent.clamp(1, 30).saturating_sub(1)) - 1;
            if bias < OWN_BIAS {
                let largest =
                    ((OWN_BIAS + bias) as $bits) << OWN_MANTISSA | ((1 << OWN_MANTISSA) - 1);
                let smallest = ((OWN_BIAS - bias + 1) as $bits) << OWN_MANTISSA;
                magnitude = if magnitude > largest {
                    $float::INFINITY.to_bits()
                } else if magnitude < smallest {
                    0
                } else {
                    magnitude
                };
            }
            if self.is_nan() { self } else { $float::from_bits(sign | magnitude) }
        }
    };
}

/// Functions of several numbers, computed in `f64`.
macro_rules! in_double {
    ($float:ident, $($name:ident),*) => {
        $(fn $name(self, x: $float) -> $float {
            gamma::$name(self as f64, x as f64) as $float
        })*

        fn betainc(self, b: $float, x: $float) -> $float {
            gamma::betainc(self as f64, b as f64, x as f64) as $float
        }
    };
}

/// Functions given by an expression of `x`.
macro_rules! functions {
    ($float:ident, $($name:ident($x:ident) = $value:expr;)*) => {
        $(#[inline(always)]
        fn $name(self) -> $float {
            let $x = self;
            $value
        })*
    };
}

impl Float for f32 {
    basics!(f32, u32, 32, 23);
    in_double!(f32, igamma, igammac, igamma_grad_a, random_gamma_grad, zeta, polygamma);

    functions! { f32,
        sin_large(x) = double::sin_large(x as f64) as f32;
        cos_large(x) = double::cos_large(x as f64) as f32;
        tan_large(x) = double::tan_large(x as f64) as f32;
        exp(x) = single::exp(x);
        exp2(x) = single::exp2(x);
        expm1(x) = single::expm1(x);
        log(x) = single::log(x);
        log1p(x) = single::log1p(x);
        log2(x) = single::log2(x);
        cbrt(x) = single::cbrt(x);
        sin(x) = single::sin(x);
        cos(x) = single::cos(x);
        tan(x) = single::tan(x);
        asin(x) = single::asin(x);
        acos(x) = single::acos(x);
        atan(x) = single::atan(x);
        sinh(x) = single::sinh(x);
        cosh(x) = single::cosh(x);
        tanh(x) = single::tanh(x);
        asinh(x) = single::asinh(x);
        acosh(x) = single::acosh(x);
        atanh(x) = single::atanh(x);
        logistic(x) = single::logistic(x);
        erf(x) = single::erf(x);
        erfc(x) = single::erfc(x);
        erf_inv(x) = single::erf_inv(x);
        lgamma(x) = single::lgamma(x);
        digamma(x) = single::digamma(x);
        i0e(x) = bessel::i0e_single(x);
        i1e(x) = bessel::i1e_single(x);
    }

    #[inline(always)]
    fn is_large_angle(self) -> bool {
        single::is_large_angle(self)
    }

    #[inline(always)]
    fn pow(self, y: f32) -> f32 {
        single::pow(self, y)
    }

    #[inline(always)]
    fn atan2(self, x: f32) -> f32 {
        single::atan2(self, x)
    }
}

impl Float for f64 {
    basics!(f64, u64, 64, 52);
    in_double!(f64, igamma, igammac, igamma_grad_a, random_gamma_grad, zeta, polygamma);

    functions! { f64,
        sin_large(x) = double::sin_large(x);
        cos_large(x) = double::cos_large(x);
        tan_large(x) = double::tan_large(x);
        exp(x) = double::exp(x);
        exp2(x) = double::exp2(x);
        expm1(x) = double::expm1(x);
        log(x) = double::log(x);
        log1p(x) = double::log1p(x);
        log2(x) = double::log2(x);
        cbrt(x) = double::cbrt(x);
        sin(x) = double::sin(x);
        cos(x) = double::cos(x);
        tan(x) = double::tan(x);
        asin(x) = double::asin(x);
        acos(x) = double::acos(x);
        atan(x) = double::atan(x);
        sinh(x) = double::sinh(x);
        cosh(x) = double::cosh(x);
        tanh(x) = double::tanh(x);
        asinh(x) = double::asinh(x);
        acosh(x) = double::acosh(x);
        atanh(x) = double::atanh(x);
        logistic(x) = double::logistic(x);
        erf(x) = double::erf(x);
        erfc(x) = double::erfc(x);
        erf_inv(x) = double::erf_inv(x);
        lgamma(x) = double::lgamma(x);
        digamma(x) = double::digamma(x);
        i0e(x) = bessel::i0e(x);
        i1e(x) = bessel::i1e(x);
    }

    #[inline(always)]
    fn is_large_angle(self) -> bool {
        double::is_large_angle(self)
    }

    #[inline(always)]
    fn pow(self, y: f64) -> f64 {
        double::pow(self, y)
    }

    #[inline(always)]
    fn atan2(self, x: f64) -> f64 {
        double::atan2(self, x)
    }
}
