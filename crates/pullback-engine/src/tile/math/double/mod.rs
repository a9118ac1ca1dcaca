//! Functions of numbers of 64 bits.
//!
//! The errors stated are the largest found over dense samples, in units in the last place.
//! The polynomials are printed by `scripts/minimax.py`.

mod erf;
mod exp;
mod gamma;
mod hyperbolic;
mod inverse_trig;
mod large_angle;
mod log;
mod power;
mod trig;

pub(crate) use erf::{erf, erf_inv, erfc};
pub(crate) use exp::{exp, exp_shifted, exp2, expm1, logistic};
pub(crate) use gamma::{Digamma, Lgamma, digamma, digamma_by, lgamma, lgamma_by};
pub(crate) use hyperbolic::{acosh, asinh, atanh, cosh, sinh, tanh};
pub(crate) use inverse_trig::{acos, asin, atan, atan2};
pub(crate) use log::{log, log1p, log2};
pub(crate) use power::{cbrt, pow};
pub(crate) use trig::{
    cos, cos_large, is_large_angle, sin, sin_cos_reduced, sin_large, tan, tan_large,
};

use super::lane::{Bits, Double};

/// Adding this rounds to an integer, which is then in the low bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts, of which the first times an exponent is exact.
const LN2_HI: f64 = 0.693_147_180_369_123_8;
const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;

/// 2^n for n from -1022 to 1023.
#[inline(always)]
fn power_of_two<R: Double>(n: R::Bits) -> R {
    R::from_bits((n + R::Bits::of(1023)).shl(52))
}

/// The integer that adding `MAGIC` put into the low bits.
#[inline(always)]
fn low_integer<R: Double>(shifted: R) -> R::Bits {
    shifted.to_bits() - R::Bits::of(MAGIC.to_bits() as i64)
}
