//! Exponentials.

use std::f64::consts::LOG2_E;

use super::super::lane::{Bits, Double};
use super::super::twofold::fast_two_sum;
use super::{LN2_HI, LN2_LO, MAGIC, low_integer};

/// x = n ln 2 + r with n an integer, as float and as integer, and |r| <= ln 2 / 2.
#[inline(always)]
fn split_ln2<R: Double>(x: R) -> (R, R, R::Bits) {
    let shifted = x.mul_add(R::of(LOG2_E), R::of(MAGIC));
    let n = shifted - R::of(MAGIC);
    let r = n.mul_add(R::of(-LN2_LO), n.mul_add(R::of(-LN2_HI), x));
    (r, n, low_integer(shifted))
}

/// What `split_ln2` rounds off in r.
#[inline(always)]
fn lost<R: Double>(x: R, r: R, n: R) -> R {
    n.mul_add(R::of(-LN2_LO), n.mul_add(R::of(-LN2_HI), x) - r)
}

/// e^x 2^shift for a small shift, within 1.1 ulp.
#[inline(always)]
pub(crate) fn exp_shifted<R: Double>(x: R, shift: i64) -> R {
    let x = x.at_most(R::of(712.0)).at_least(R::of(-750.0));
    let (r, n, power) = split_ln2(x);
    let y = (r * r).mul_add(r.poly(EXP), r) + R::of(1.0);
    if shift == 0 {
        return y.scaled(power, n);
    }
    y.scaled(power + R::Bits::of(shift), n + R::literal(shift as f32))
}

/// e^x, within 0.7 ulp: what the sums of `exp_shifted` round off is added again.
#[inline(always)]
pub(crate) fn exp<R: Double>(x: R) -> R {
    let x = x.at_most(R::of(712.0)).at_least(R::of(-750.0));
    let (r, n, power) = split_ln2(x);
    let (sum, rest) = fast_two_sum(R::of(1.0), r);
    (sum + (r * r).mul_add(r.poly(EXP), lost(x, r, n) + rest)).scaled(power, n)
}

/// e^(x + rest) for a small rest, within 0.7 ulp.
#[inline(always)]
pub(super) fn exp_sum<R: Double>(x: R, rest: R) -> R {
    let x = x.at_most(R::of(712.0)).at_least(R::of(-750.0));
    let (r, n, power) = split_ln2(x);
    let lost = lost(x, r, n);
    let (r, rest) = fast_two_sum(r, rest);
    let (sum, sum_rest) = fast_two_sum(R::of(1.0), r);
    let lost = sum_rest + (lost + rest);
    (sum + (r * r).mul_add(r.poly(EXP), lost)).scaled(power, n)
}

/// 2^x, within 1 ulp.
#[inline(always)]
pub(crate) fn exp2<R: Double>(x: R) -> R {
    let x = x.at_most(R::of(1030.0)).at_least(R::of(-1080.0));
    let shifted = x + R::of(MAGIC);
    let n = shifted - R::of(MAGIC);
    let r = x - n;
    r.mul_add(r.poly(EXP2), R::of(1.0)).scaled(low_integer(shifted), n)
}

/// e^x - 1, within 1.5 ulp.
#[inline(always)]
pub(crate) fn expm1<R: Double>(x: R) -> R {
    let bounded = x.at_most(R::of(710.0)).at_least(R::of(-40.0));
    let (r, n, power) = split_ln2(bounded);
    let tail = (r * r).mul_add(r.poly(EXP), lost(bounded, r, n));
    // 2^n (1 + r + tail) - 1, halved until the end since 2^1024 is infinite.
    let s = R::of(0.5).scaled(power, n);
    let (sum, rest) = fast_two_sum(s - R::of(0.5), s * r);
    let y = R::of(2.0) * (sum + s.mul_add(tail, rest));
    // Below this, x is the nearest to the result, and zeros keep their sign.
    R::choose(x.abs().lt(R::of(5e-17)), x, y)
}

/// 1 / (1 + e^-x), within 1.5 ulp.
#[inline(always)]
pub(crate) fn logistic<R: Double>(x: R) -> R {
    // Of the magnitude, so that nothing overflows.
    let e = exp(-x.abs());
    let one = R::of(1.0);
    let numerator = R::choose(x.lt(R::of(0.0)), e, one);
    // The quotient, and the correction for what it and the sum round off.
    let (sum, lost) = fast_two_sum(one, e);
    let reciprocal = one / sum;
    let y = numerator * reciprocal;
    let remainder = (-y).mul_add(sum, numerator) - y * lost;
    remainder.mul_add(reciprocal, y)
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

/// (2^r - 1) / r for |r| <= 1/2.
const EXP2: [f64; 12] = [
    0.6931471805599453,
    0.24022650695910072,
    0.055504108664821625,
    0.009618129107628487,
    0.0013333558146406508,
    0.00015403530393354775,
    1.5252733841524046e-05,
    1.3215486823296216e-06,
    1.0178057100633272e-07,
    7.0548914678111154e-09,
    4.4558160543590665e-10,
    2.5737813502097133e-11,
];
