//! Exponentials.

use std::f32::consts::{LN_2, LOG2_E};

use super::super::lane::{Bits, Single};
use super::{LN2_HI, LN2_LO, MAGIC, low_integer};

/// (e^r - 1 - r) / r² for |r| <= ln 2 / 2.
#[inline(always)]
fn exp_tail<R: Single>(r: R) -> R {
    r.poly([0.5, 0.16666667, 0.041666467, 0.0083333105, 0.0013933642, 0.00019890981])
}

/// x = n ln 2 + r with n an integer, as float and as integer.
#[inline(always)]
fn split_ln2<R: Single>(x: R) -> (R, R, R::Bits) {
    let shifted = x.mul_add(R::of(LOG2_E), R::of(MAGIC));
    let n = shifted - R::of(MAGIC);
    let r = n.mul_add(R::of(-LN2_LO), n.mul_add(R::of(-LN2_HI), x));
    (r, n, low_integer(shifted))
}

/// e^x 2^shift for a small shift.
#[inline(always)]
pub(super) fn exp_shifted<R: Single>(x: R, shift: i64) -> R {
    let x = x.at_most(R::of(90.0)).at_least(R::of(-106.0));
    let (r, n, power) = split_ln2(x);
    let y = (r * r).mul_add(exp_tail(r), r) + R::of(1.0);
    if shift == 0 {
        return y.scaled(power, n);
    }
    y.scaled(power + R::Bits::of(shift), n + R::literal(shift as f32))
}

/// e^x, within 1 ulp.
#[inline(always)]
pub(crate) fn exp<R: Single>(x: R) -> R {
    exp_shifted(x, 0)
}

/// 2^x, within 1 ulp.
#[inline(always)]
pub(crate) fn exp2<R: Single>(x: R) -> R {
    let x = x.at_most(R::of(130.0)).at_least(R::of(-153.0));
    let shifted = x + R::of(MAGIC);
    let n = shifted - R::of(MAGIC);
    let r = x - n;
    let p = r.poly([LN_2, 0.2402265, 0.05550357, 0.009618083, 0.0013390863, 0.00015453163]);
    r.mul_add(p, R::of(1.0)).scaled(low_integer(shifted), n)
}

/// e^x - 1, within 2 ulp.
#[inline(always)]
pub(crate) fn expm1<R: Single>(x: R) -> R {
    let bounded = x.at_most(R::of(89.0)).at_least(R::of(-20.0));
    let (r, n, power) = split_ln2(bounded);
    let p = (r * r).mul_add(exp_tail(r), r);
    // 2^n (p + 1) - 1, halved until the end since 2^128 is infinite.
    let s = R::of(0.5).scaled(power, n);
    let y = R::of(2.0) * s.mul_add(p, s - R::of(0.5));
    // Below this, x is the nearest to the result, and zeros keep their sign.
    R::choose(x.abs().lt(R::of(5e-8)), x, y)
}

/// e^x for x <= 0, within 0.6 ulp: what the sums of `exp` round off is added again.
#[inline(always)]
fn exp_close<R: Single>(x: R) -> R {
    let x = x.at_least(R::of(-106.0));
    let (r, n, power) = split_ln2(x);
    let lost = n.mul_add(R::of(-LN2_LO), n.mul_add(R::of(-LN2_HI), x) - r);
    let sum = R::of(1.0) + r;
    let lost = lost + (r - (sum - R::of(1.0)));
    (sum + (r * r).mul_add(exp_tail(r), lost)).scaled(power, n)
}

/// 1 / (1 + e^-x), within 2 ulp.
#[inline(always)]
pub(crate) fn logistic<R: Single>(x: R) -> R {
    let one = R::of(1.0);
    let e = exp_close(-x.abs());
    let numerator = R::choose(x.lt(R::of(0.0)), e, one);
    // The quotient, and the correction for what it and the sum round off.
    let sum = one + e;
    let lost = e - (sum - one);
    let reciprocal = one / sum;
    let y = numerator * reciprocal;
    let rest = (-y).mul_add(sum, numerator) - y * lost;
    rest.mul_add(reciprocal, y)
}
