//! Inverse trigonometric functions.

use std::f64::consts::FRAC_PI_2;

use super::super::lane::{Bits, Double};
use super::super::twofold::fast_two_sum;

/// What the constant lacks of π/2.
const FRAC_PI_2_REST: f64 = 6.123_233_995_736_766e-17;

/// `quarters` π/2 + m + m z p, where the quarters are 0, 1 or 2.
#[inline(always)]
fn angle<R: Double>(quarters: R, m: R, z: R, p: R) -> R {
    let (sum, rest) = fast_two_sum(quarters * R::of(FRAC_PI_2), m);
    let rest = quarters.mul_add(R::of(FRAC_PI_2_REST), rest);
    sum + (m * z).mul_add(p, rest)
}

/// asin x, within 1.5 ulp.
#[inline(always)]
pub(crate) fn asin<R: Double>(x: R) -> R {
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
pub(crate) fn acos<R: Double>(x: R) -> R {
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
pub(crate) fn atan<R: Double>(x: R) -> R {
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
pub(crate) fn atan2<R: Double>(y: R, x: R) -> R {
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
const ASIN: [f64; 13] = [
    0.16666666666666669,
    0.07499999999998246,
    0.04464285714671502,
    0.030381944111486255,
    0.022372173991937087,
    0.017352368698808223,
    0.013971561192651324,
    0.011475856595829429,
    0.010343929955748742,
    0.005368862248790659,
    0.017636788516383315,
    -0.015212438127253425,
    0.028998874125483222,
];

/// (atan t - t) / t³ in t², for |t| <= 1.
const ATAN: [f64; 21] = [
    -0.3333333333333333,
    0.19999999999999657,
    -0.1428571428566226,
    0.11111111107960775,
    -0.09090908989691218,
    0.07692305696125327,
    -0.066666402936029,
    0.05882105657612766,
    -0.052614444784571626,
    0.04752868388321989,
    -0.04310733600106886,
    0.038794042453061964,
    -0.03388640808045409,
    0.027781936364494813,
    -0.0204994683707278,
    0.013000061823786794,
    -0.006747329716493984,
    0.002710878436942695,
    -0.000782749926643785,
    0.00014353956289975972,
    -1.2497841085602948e-05,
];
