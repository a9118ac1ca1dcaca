//! What both widths compute in the same way.

use super::lane::{Bits, Real};

/// -1, 0 or 1; zeros and NaN are their own sign.
#[inline(always)]
pub(crate) fn sign<R: Real>(x: R) -> R {
    let (zero, one) = (R::literal(0.0), R::literal(1.0));
    R::choose(x.gt(zero), one, R::choose(x.lt(zero), -one, x))
}

/// The nearest integer, of two the one farther from zero.
#[inline(always)]
pub(crate) fn round_away<R: Real>(x: R) -> R {
    let near = x.trunc();
    // What is cut off is exact.
    let up = (x - near).abs().ge(R::literal(0.5));
    R::choose(up, near + R::literal(1.0).copysign(x), near)
}

/// The reciprocal of the square root, of two roundings.
#[inline(always)]
pub(crate) fn rsqrt<R: Real>(x: R) -> R {
    R::literal(1.0) / x.sqrt()
}

/// 1 - x².
#[inline(always)]
pub(crate) fn one_minus_square<R: Real>(x: R) -> R {
    R::literal(1.0) - x * x
}

/// Neither infinite nor NaN.
#[inline(always)]
pub(crate) fn is_finite<R: Real>(x: R) -> R::Mask {
    x.abs().lt(R::literal(f32::INFINITY))
}

/// Whether the bits are equal.
#[inline(always)]
pub(crate) fn eq_to<R: Real>(x: R, y: R) -> R::Mask {
    x.to_bits().eq(y.to_bits())
}

/// Less, in the total order -NaN < -inf < -0 < +0 < inf < NaN.
#[inline(always)]
pub(crate) fn lt_to<R: Real>(x: R, y: R) -> R::Mask {
    let order = |x: R| {
        let bits = x.to_bits();
        // Magnitudes of negative numbers are ordered the other way.
        bits ^ (bits.shr(R::WIDTH - 1) & R::Bits::of(!R::SIGN))
    };
    order(x).lt(order(y))
}

/// x^n by repeated squaring; a negative exponent takes the reciprocal of the result.
#[inline(always)]
pub(crate) fn integer_power<R: Real>(x: R, exponent: i32) -> R {
    let one = R::literal(1.0);
    let mut rest = exponent.unsigned_abs();
    let mut square = x;
    let mut power = None;
    while rest != 0 {
        if rest & 1 != 0 {
            power = Some(power.map_or(square, |power: R| power * square));
        }
        rest >>= 1;
        if rest != 0 {
            square = square * square;
        }
    }
    let power = power.unwrap_or(one);
    if exponent < 0 { one / power } else { power }
}
