//! Inverse trigonometric functions.

use std::f32::consts::FRAC_PI_2;

use super::super::lane::{Bits, Single};
use super::super::twofold::fast_two_sum;

/// What the constant lacks of π/2.
const FRAC_PI_2_REST: f32 = -4.371_139e-8;

/// `quarters` π/2 + m + m z p, where the quarters are 0, 1 or 2.
#[inline(always)]
fn angle<R: Single>(quarters: R, m: R, z: R, p: R) -> R {
    let (sum, rest) = fast_two_sum(quarters * R::of(FRAC_PI_2), m);
    let rest = quarters.mul_add(R::of(FRAC_PI_2_REST), rest);
    sum + (m * z).mul_add(p, rest)
}

/// asin x, within 1.5 ulp.
#[inline(always)]
pub(crate) fn asin<R: Single>(x: R) -> R {
    let (one, zero) = (R::of(1.0), R::of(0.0));
    let a = x.abs();
    // asin a = π/2 - 2 asin of the root of (1 - a) / 2, for large a.
    let big = a.gt(R::of(0.5));
    let z = R::choose(big, R::of(0.5) * (one - a), a * a);
    let m = R::choose(big, R::of(-2.0) * z.sqrt(), a);
    angle(R::choose(big, one, zero), m, z, z.poly(ASIN)).copysign(x)
}

/// acos x, within 1.5 ulp.
#[inline(always)]
pub(crate) fn acos<R: Single>(x: R) -> R {
    let (one, zero) = (R::of(1.0), R::of(0.0));
    let a = x.abs();
    let big = a.gt(R::of(0.5));
    let negative = x.lt(zero);
    let z = R::choose(big, R::of(0.5) * (one - a), a * a);
    let root = R::of(2.0) * z.sqrt();
    let m = R::choose(big, R::choose(negative, -root, root), -x);
    let quarters = R::choose(big, R::choose(negative, R::of(2.0), zero), one);
    angle(quarters, m, z, z.poly(ASIN))
}

/// atan x, within 1.5 ulp.
#[inline(always)]
pub(crate) fn atan<R: Single>(x: R) -> R {
    let one = R::of(1.0);
    let a = x.abs();
    // atan a = π/2 - atan 1/a, also of 1, whose result is exact to the last digit then.
    let big = a.ge(one);
    let m = R::choose(big, -one, a) / R::choose(big, a, one);
    let z = m * m;
    angle(R::choose(big, one, R::of(0.0)), m, z, z.poly(ATAN)).copysign(x)
}

/// The angle of the point (x, y), within 1.5 ulp, with the special values of C.
#[inline(always)]
pub(crate) fn atan2<R: Single>(y: R, x: R) -> R {
    let (one, zero) = (R::of(1.0), R::of(0.0));
    let (a, b) = (x.abs(), y.abs());
    let steep = b.ge(a) & !b.eq(zero);
    let (numerator, denominator) = (R::choose(steep, a, b), R::choose(steep, b, a));
    // Two infinities are as two ones, and two zeros as zero and one.
    let same = R::choose(denominator.eq(zero), zero, one);
    let t = R::choose(numerator.eq(denominator), same, numerator / denominator);
    let negative = !(x.sign_bit()).eq(zero.to_bits());
    let down = (steep & !negative) | (!steep & negative);
    let quarters = R::choose(steep, one, R::choose(negative, R::of(2.0), zero));
    let z = t * t;
    angle(quarters, R::choose(down, -t, t), z, z.poly(ATAN)).copysign(y)
}

/// (asin s - s) / s³ in s², for |s| <= 1/2.
const ASIN: [f32; 5] = [0.16666673, 0.074987635, 0.04502002, 0.026434012, 0.03832788];

/// (atan t - t) / t³ in t², for |t| <= 1.
const ATAN: [f32; 10] = [
    -0.33333334,
    0.1999996,
    -0.14284272,
    0.11090978,
    -0.089456566,
    0.07071536,
    -0.0496282,
    0.02696144,
    -0.009492948,
    0.0015657532,
];
