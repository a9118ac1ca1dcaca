//! Logarithms.

use std::f64::consts::LOG2_E;

use super::super::lane::{Bits, Double, Edges};
use super::super::twofold::{fast_two_sum, multiply, two_product};
use super::{LN2_HI, LN2_LO};

/// Normal numbers as they are; the rest times 2^54, and the power of two to take off again.
#[inline(always)]
fn normalize<R: Double>(x: R) -> (R, R::Bits) {
    let small = x.lt(R::of(f64::MIN_POSITIVE));
    let normal = R::choose(small, x * R::of(18_014_398_509_481_984.0), x);
    (normal, R::Bits::choose(small, R::Bits::of(-54), R::Bits::of(0)))
}

/// x = 2^n (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), for normal positive x.
#[inline(always)]
fn split_binade<R: Double>(x: R) -> (R, R::Bits) {
    const SQRT_HALF: i64 = 0x3fe6_a09e_667f_3bcd;
    let bits = x.to_bits();
    let n = (bits - R::Bits::of(SQRT_HALF)).shr(52);
    (R::from_bits(bits - n.shl(52)) - R::of(1.0), n)
}

/// f²/2 and f - ln(1 + f) - f²/2, for sqrt(1/2) <= 1 + f < sqrt(2).
#[inline(always)]
fn ln_1p_tail<R: Double>(f: R) -> (R, R) {
    // ln(1 + f) = 2 atanh s = f - f²/2 + s (f²/2 + R(s²)).
    let s = f / (R::of(2.0) + f);
    let z = s * s;
    let half_square = R::of(0.5) * f * f;
    (half_square, -s * (half_square + z * z.poly(LOG)))
}

/// n ln 2 + ln(1 + f) + rest for a small rest.
#[inline(always)]
fn log_of_parts<R: Double>(n: R, f: R, rest: R) -> R {
    let (half_square, tail) = ln_1p_tail(f);
    let tail = half_square + (tail - n.mul_add(R::of(LN2_LO), rest));
    n.mul_add(R::of(LN2_HI), f - tail)
}

/// ln x, within 1 ulp.
#[inline(always)]
pub(crate) fn log<R: Double>(x: R) -> R {
    let (normal, shift) = normalize(x);
    let (f, n) = split_binade(normal);
    x.with_edges(Edges::Log, log_of_parts(R::from_integer(n + shift), f, R::of(0.0)))
}

/// ln x and what it rounds off, for positive x that is finite or zero, within 0.1 ulp.
#[inline(always)]
pub(super) fn log_pair<R: Double>(x: R) -> (R, R) {
    let (normal, shift) = normalize(x);
    let (f, n) = split_binade(normal);
    let n = R::from_integer(n + shift);
    let (half_square, tail) = ln_1p_tail(f);
    let tail = -(half_square + (tail - n * R::of(LN2_LO)));
    let (y, rest) = fast_two_sum(f, tail);
    let (hi, lo) = fast_two_sum(n * R::of(LN2_HI), y);
    (R::choose(x.eq(R::of(0.0)), R::of(f64::NEG_INFINITY), hi), lo + rest)
}

/// ln(1 + x + rest) + doublings ln 2 for a small rest, within 1 ulp.
#[inline(always)]
pub(super) fn log1p_sum<R: Double>(x: R, rest: R, doublings: R) -> R {
    let one = R::of(1.0);
    let u = one + x;
    let (f, n) = split_binade(u);
    // What the sum lost, to first order; without a power of two x itself serves for f.
    let lost = R::choose(u.gt(R::of(2.0)), one - (u - x), x - (u - one));
    let whole = n.eq(R::Bits::of(0));
    let f = R::choose(whole, x, f);
    let rest = R::choose(whole, rest, lost + rest) / u;
    u.with_edges(Edges::Log, log_of_parts(R::from_integer(n) + doublings, f, rest))
}

/// ln(1 + x), within 1 ulp.
#[inline(always)]
pub(crate) fn log1p<R: Double>(x: R) -> R {
    let y = log1p_sum(x, R::of(0.0), R::of(0.0));
    // Below this, x is the nearest to the result, and zeros keep their sign.
    R::choose(x.abs().lt(R::of(1e-16)), x, y)
}

/// log2 x, within 2 ulp, and exact for powers of two.
#[inline(always)]
pub(crate) fn log2<R: Double>(x: R) -> R {
    // What the constant lacks of 1 / ln 2.
    const LO: f64 = 2.035_527_374_093_103_3e-17;
    let (normal, shift) = normalize(x);
    let (f, n) = split_binade(normal);
    let (half_square, tail) = ln_1p_tail(f);
    let tail = -(half_square + tail);
    let y = f.mul_add(R::of(LOG2_E), tail.mul_add(R::of(LOG2_E), f * R::of(LO)));
    x.with_edges(Edges::Log, R::from_integer(n + shift) + y)
}

/// ln x and what it rounds off, for positive finite x, with errors below 2^-65 of it.
#[inline(always)]
pub(super) fn log_twofold<R: Double>(x: R) -> (R, R) {
    const TWO_THIRDS: f64 = 0.666_666_666_666_666_6;
    // What the constant lacks of 2/3.
    const TWO_THIRDS_REST: f64 = 3.700_743_415_417_188e-17;
    let (normal, shift) = normalize(x);
    let (f, n) = split_binade(normal);
    let n = R::from_integer(n + shift);
    // s = f / (2 + f), and the rest of the quotient from its remainder.
    let (sum, lost) = fast_two_sum(R::of(2.0), f);
    let reciprocal = R::of(1.0) / sum;
    let s = f * reciprocal;
    let remainder = (-s).mul_add(sum, f) - s * lost;
    let s = (s, remainder * reciprocal);
    // ln(1 + f) = 2s + s³ (2/3 + s² R(s²)).
    let (z, rest) = two_product(s.0, s.0);
    let z = (z, (s.0 + s.0).mul_add(s.1, rest));
    let (c, rest) = fast_two_sum(R::of(TWO_THIRDS), z.0 * z.0.poly(LOG_LATE));
    let c = (c, rest + R::of(TWO_THIRDS_REST));
    let tail = multiply(multiply(s, z), c);
    let (y, rest) = fast_two_sum(s.0 + s.0, tail.0);
    let rest = rest + (tail.1 + (s.1 + s.1));
    let (hi, lo) = fast_two_sum(n * R::of(LN2_HI), y);
    let rest = rest + lo;
    let (product, product_rest) = two_product(n, R::of(LN2_LO));
    let (hi, lo) = fast_two_sum(hi, product);
    fast_two_sum(hi, lo + (product_rest + rest))
}

/// (2 atanh s - 2s) / s³ in s², for |s| <= (sqrt 2 - 1) / (sqrt 2 + 1).
const LOG: [f64; 7] = [
    0.666666666666667,
    0.3999999999989851,
    0.2857142862637063,
    0.222222110774591,
    0.1818289288483782,
    0.15331607998056482,
    0.14617736790073002,
];

/// The same less 2/3, over s².
const LOG_LATE: [f64; 8] = [
    0.4,
    0.28571428571429375,
    0.22222222221651672,
    0.18181818336244404,
    0.15384594880567584,
    0.1333480874137453,
    0.11706137229585238,
    0.11724131879944774,
];
