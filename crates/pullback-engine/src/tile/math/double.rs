//! Functions of numbers of 64 bits.
//!
//! The errors stated are the largest found over dense samples, in units in the last place.

use super::lane::{Bits, Double};

/// Adding this rounds to an integer, which is then in the low bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;
const LN2_HI: f64 = 0.693_147_180_369_123_8;
const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;

/// 2^n for n from -1022 to 1023.
#[inline(always)]
fn power_of_two<R: Double>(n: R::Bits) -> R {
    R::from_bits((n + R::Bits::of(1023)).shl(52))
}

/// e^x, within 1 ulp.
#[inline(always)]
pub(crate) fn exp<R: Double>(x: R) -> R {
    let x = x.at_most(R::of(710.0)).at_least(R::of(-750.0));
    let shifted = x.mul_add(R::of(std::f64::consts::LOG2_E), R::of(MAGIC));
    let n = shifted - R::of(MAGIC);
    let r = n.mul_add(R::of(-LN2_LO), n.mul_add(R::of(-LN2_HI), x));
    let n = shifted.to_bits() - R::Bits::of(MAGIC.to_bits() as i64);
    let y = (r * r).mul_add(r.poly(EXP), r) + R::of(1.0);
    let half = n.shr(1);
    y * power_of_two::<R>(half) * power_of_two::<R>(n - half)
}

/// ln x, within 1 ulp.
#[inline(always)]
pub(crate) fn log<R: Double>(x: R) -> R {
    const SQRT_HALF: i64 = 0x3fe6_a09e_667f_3bcd;
    let small = x.lt(R::of(f64::MIN_POSITIVE));
    let normal = R::choose(small, x * R::of(18_014_398_509_481_984.0), x);
    let bits = normal.to_bits();
    let n = (bits - R::Bits::of(SQRT_HALF)).shr(52);
    let f = R::from_bits(bits - n.shl(52)) - R::of(1.0);
    let n = R::from_integer(n - R::Bits::choose(small, R::Bits::of(54), R::Bits::of(0)));
    // ln(1 + f) = 2 atanh s = f - f²/2 + s (f²/2 + R(s²)).
    let s = f / (R::of(2.0) + f);
    let z = s * s;
    let r = z * z.poly(LOG);
    let half_square = R::of(0.5) * f * f;
    let tail = half_square - s.mul_add(half_square + r, n * R::of(LN2_LO));
    let y = n.mul_add(R::of(LN2_HI), f - tail);
    let y = R::choose(x.eq(R::of(f64::INFINITY)), x, y);
    let y = R::choose(x.eq(R::of(0.0)), R::of(f64::NEG_INFINITY), y);
    // Of NaN too.
    R::choose(x.ge(R::of(0.0)), y, R::of(f64::NAN))
}

/// sin r and cos r for |r| <= π/4, with errors below 2^-44.
#[inline(always)]
pub(crate) fn sin_cos_reduced<R: Double>(r: R) -> (R, R) {
    let z = r * r;
    let sin = (r * z).mul_add(z.poly(SIN), r);
    let cos = (z * z).mul_add(z.poly(COS), z.mul_add(R::of(-0.5), R::of(1.0)));
    (sin, cos)
}

/// 1 / (1 + e^-x), without overflow.
#[inline(always)]
pub(crate) fn logistic<R: Double>(x: R) -> R {
    let e = exp(-x.abs());
    R::choose(x.lt(R::of(0.0)), e, R::of(1.0)) / (R::of(1.0) + e)
}

/// (e^r - 1 - r) / r² for |r| <= ln 2 / 2.
const EXP: [f64; 10] = [
    0.5000000000000001,
    0.16666666666666669,
    0.041666666666624164,
    0.008333333333330065,
    0.0013888888917196719,
    0.00019841269863040545,
    2.4801521322368692e-05,
    2.7557268480310024e-06,
    2.7620075879983367e-07,
    2.5100375832561234e-08,
];

/// (2 atanh s - 2s) / s³ in s², for |s| <= (sqrt 2 - 1) / (sqrt 2 + 1).
const LOG: [f64; 7] = [
    0.666666666666667,
    0.39999999999899505,
    0.2857142862597551,
    0.22222211134792255,
    0.18182889125421714,
    0.15331721596205322,
    0.146164497305426,
];

/// (sin r - r) / r³ in r².
const SIN: [f64; 5] = [
    -0.16666666666663885,
    0.008333333331079223,
    -0.0001984126691698594,
    2.755599092955979e-06,
    -2.4805636241436518e-08,
];

/// (cos r - 1 + r²/2) / r⁴ in r².
const COS: [f64; 5] = [
    0.04166666666666468,
    -0.0013888888887277342,
    2.48015852109905e-05,
    -2.755636969556905e-07,
    2.070060048314837e-09,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(f: fn(f64) -> f64, exact: fn(f64) -> f64, values: impl Iterator<Item = f64>) {
        for x in values {
            let (y, z) = (f(x), exact(x));
            let close = y.to_bits().abs_diff(z.to_bits()) <= 1;
            assert!(close || (y.is_nan() && z.is_nan()), "{x:e}: {y:e} {z:e}");
        }
    }

    #[test]
    fn exp_and_log_are_within_an_ulp_of_the_platform() {
        let edges = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 709.9, -745.2, -740.0];
        check(exp, f64::exp, (-750_000..=710_000).map(|i| i as f64 * 1.00037e-3).chain(edges));
        let all = (0..1_000_000u64).map(|i| f64::from_bits(i * 18_446_744_073_709));
        let near_one = (-100_000..100_000).map(|i| 1.0 + i as f64 * 3e-6);
        check(log, f64::ln, all.chain(near_one).chain(edges));
    }
}
