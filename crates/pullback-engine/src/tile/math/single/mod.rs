//! Functions of numbers of 32 bits.
//!
//! The errors stated are the largest found over dense samples, in units in the last place.
//! Polynomials interpolate at Chebyshev nodes, which is within a bit of the best, or are printed
//! by `scripts/minimax.py`.

mod erf;
mod exp;
mod gamma;
mod hyperbolic;
mod inverse_trig;
mod log;
mod power;
#[cfg(test)]
mod tests;
mod trig;

pub(crate) use erf::{erf, erf_inv, erfc};
pub(crate) use exp::{exp, exp2, expm1, logistic};
pub(crate) use gamma::{digamma, lgamma};
pub(crate) use hyperbolic::{acosh, asinh, atanh, cosh, sinh, tanh};
pub(crate) use inverse_trig::{acos, asin, atan, atan2};
pub(crate) use log::{log, log1p, log2};
pub(crate) use power::{cbrt, pow};
pub(crate) use trig::{cos, is_large_angle, sin, tan};

use super::lane::{Bits, Single};

/// Adding this rounds to an integer, which is then in the low bits.
const MAGIC: f32 = 12_582_912.0;
/// ln 2 in two parts, of which the first times an exponent is exact.
const LN2_HI: f32 = 0.693_359_4;
const LN2_LO: f32 = -2.121_944_4e-4;

/// 2^n for n from -126 to 127.
#[inline(always)]
fn power_of_two<R: Single>(n: R::Bits) -> R {
    R::from_bits((n + R::Bits::of(127)).shl(23))
}

/// The integer that adding `MAGIC` put into the low bits.
#[inline(always)]
fn low_integer<R: Single>(shifted: R) -> R::Bits {
    shifted.to_bits() - R::Bits::of(MAGIC.to_bits() as i64)
}
