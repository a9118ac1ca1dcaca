//! Sine, cosine and tangent.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

use super::super::lane::{Bits, Double};
use super::large_angle::reduce_large_angle;
use super::{MAGIC, low_integer};

/// Beyond this the multiple of π/2 has so many bits that its product with a part of that rounds.
const LARGEST_REDUCED: f64 = 1.3e7;

/// Whether `sin`, `cos` and `tan` need a better reduction of their argument.
#[inline(always)]
pub(crate) fn is_large_angle<R: Double>(x: R) -> R::Mask {
    x.abs().gt(R::of(LARGEST_REDUCED)) & x.abs().lt(R::of(f64::INFINITY))
}

/// x modulo π/2, between -π/4 and π/4, what that lacks, and the quadrant in the low bits.
///
/// After Cody and Waite, "Software manual for the elementary functions" (1980): the first
/// difference is exact since it cancels, and the second one's error is found exactly since
/// the second part of π/2 has 30 bits and the multiple at most 23.
#[inline(always)]
fn reduce_angle<R: Double>(x: R) -> (R, R, R::Bits) {
    const SECOND: f64 = 6.123_233_994_092_14e-17;
    const THIRD: f64 = 1.644_625_693_632_425_8e-26;
    let shifted = x.mul_add(R::of(FRAC_2_PI), R::of(MAGIC));
    let k = shifted - R::of(MAGIC);
    let first = k.mul_add(R::of(-FRAC_PI_2), x);
    let r = k.mul_add(R::of(-SECOND), first);
    let lost = k.mul_add(R::of(-SECOND), first - r);
    (r, k.mul_add(R::of(-THIRD), lost), low_integer(shifted))
}

/// What the sine of r + lost is more than r, where z = r².
#[inline(always)]
fn sin_tail<R: Double>(r: R, lost: R, z: R) -> R {
    (r * z).mul_add(z.poly(SIN), z.mul_add(R::of(-0.5) * lost, lost))
}

/// The cosine of r + lost as a sum of two, where z = r².
#[inline(always)]
fn cos_parts<R: Double>(r: R, lost: R, z: R) -> (R, R) {
    let head = z.mul_add(R::of(-0.5), R::of(1.0));
    let rest = z.mul_add(R::of(-0.5), R::of(1.0) - head);
    (head, (z * z).mul_add(z.poly(COS), (-r).mul_add(lost, rest)))
}

/// The sine of r + lost + quadrant π/2.
#[inline(always)]
fn sin_of<R: Double>((r, lost, quadrant): (R, R, R::Bits)) -> R {
    let z = r * r;
    let sin = r + sin_tail(r, lost, z);
    let (head, rest) = cos_parts(r, lost, z);
    let even = (quadrant & R::Bits::of(1)).eq(R::Bits::of(0));
    let y = R::choose(even, sin, head + rest);
    R::from_bits(y.to_bits() ^ (quadrant & R::Bits::of(2)).shl(62))
}

/// The tangent of r + lost + quadrant π/2.
#[inline(always)]
fn tan_of<R: Double>((r, lost, quadrant): (R, R, R::Bits)) -> R {
    let z = r * r;
    let tail = sin_tail(r, lost, z);
    let sin = r + tail;
    let sin_rest = tail - (sin - r);
    let (head, rest) = cos_parts(r, lost, z);
    let cos = head + rest;
    let cos_rest = rest - (cos - head);
    // The cotangent, negated, in odd quadrants.
    let odd = (quadrant & R::Bits::of(1)).eq(R::Bits::of(1));
    let numerator = R::choose(odd, -cos, sin);
    let numerator_rest = R::choose(odd, -cos_rest, sin_rest);
    let denominator = R::choose(odd, sin, cos);
    let denominator_rest = R::choose(odd, sin_rest, cos_rest);
    // The quotient, and the correction for what it and the sums round off.
    let reciprocal = R::of(1.0) / denominator;
    let y = numerator * reciprocal;
    let remainder = (-y).mul_add(denominator, numerator);
    let remainder = remainder + (-y).mul_add(denominator_rest, numerator_rest);
    remainder.mul_add(reciprocal, y)
}

/// A quadrant further.
#[inline(always)]
fn turned<R: Double>((r, lost, quadrant): (R, R, R::Bits)) -> (R, R, R::Bits) {
    (r, lost, quadrant + R::Bits::of(1))
}

/// sin x, within 1 ulp, for angles that are not large.
#[inline(always)]
pub(crate) fn sin<R: Double>(x: R) -> R {
    R::choose(x.eq(R::of(0.0)), x, sin_of(reduce_angle(x)))
}

/// cos x, within 1 ulp, for angles that are not large.
#[inline(always)]
pub(crate) fn cos<R: Double>(x: R) -> R {
    sin_of(turned(reduce_angle(x)))
}

/// tan x, within 1.1 ulp, for angles that are not large.
#[inline(always)]
pub(crate) fn tan<R: Double>(x: R) -> R {
    R::choose(x.eq(R::of(0.0)), x, tan_of(reduce_angle(x)))
}

/// sin x for large angles.
pub(crate) fn sin_large(x: f64) -> f64 {
    sin_of(reduce_large_angle(x))
}

/// cos x for large angles.
pub(crate) fn cos_large(x: f64) -> f64 {
    sin_of(turned(reduce_large_angle(x)))
}

/// tan x for large angles.
pub(crate) fn tan_large(x: f64) -> f64 {
    tan_of(reduce_large_angle(x))
}

/// sin r and cos r for |r| <= π/4, with errors below 2^-44.
#[inline(always)]
pub(crate) fn sin_cos_reduced<R: Double>(r: R) -> (R, R) {
    let z = r * r;
    let sin = (r * z).mul_add(z.poly(SIN_SHORT), r);
    let cos = (z * z).mul_add(z.poly(COS_SHORT), z.mul_add(R::of(-0.5), R::of(1.0)));
    (sin, cos)
}

/// (sin r - r) / r³ in r².
const SIN: [f64; 6] = [
    -0.16666666666666666,
    0.00833333333333095,
    -0.00019841269836759208,
    2.7557316102723463e-06,
    -2.5051131855038404e-08,
    1.591812854191806e-10,
];

/// (cos r - 1 + r²/2) / r⁴ in r².
const COS: [f64; 6] = [
    0.041666666666666664,
    -0.0013888888888887398,
    2.4801587298765862e-05,
    -2.7557317271739497e-07,
    2.087614625712884e-09,
    -1.1382630835844564e-11,
];

/// As `SIN`, with fewer digits.
const SIN_SHORT: [f64; 5] = [
    -0.16666666666663885,
    0.008333333331079223,
    -0.0001984126691698594,
    2.755599092955979e-06,
    -2.4805636241436518e-08,
];

/// As `COS`, with fewer digits.
const COS_SHORT: [f64; 5] = [
    0.04166666666666468,
    -0.0013888888887277342,
    2.48015852109905e-05,
    -2.755636969556905e-07,
    2.070060048314837e-09,
];
