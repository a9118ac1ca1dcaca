//! Hyperbolic functions and their inverses.

use super::super::lane::{Bits, Single};
use super::super::twofold::fast_two_sum;
use super::exp::{exp, exp_shifted};
use super::log::log1p_sum;
use super::{LN2_HI, LN2_LO, power_of_two};

/// tanh x, within 1.5 ulp.
#[inline(always)]
pub(crate) fn tanh<R: Single>(x: R) -> R {
    let a = x.abs();
    let z = a * a;
    let near = (a * z).mul_add(z.poly(TANH), a);
    let e = exp(R::of(2.0) * a.at_most(R::of(10.0)));
    let far = R::of(1.0) - R::of(2.0) / (e + R::of(1.0));
    R::choose(a.lt(R::of(1.0)), near, far).copysign(x)
}

/// sinh x, within 2 ulp.
#[inline(always)]
pub(crate) fn sinh<R: Single>(x: R) -> R {
    let a = x.abs();
    let z = a * a;
    let p = z.poly([0.16666667, 0.008333334, 0.00019841283, 2.755377e-06, 2.5456707e-08]);
    let near = (a * z).mul_add(p, a);
    let half = exp_shifted(a, -1);
    let far = half - R::of(0.25) / half;
    R::choose(a.lt(R::of(1.0)), near, far).copysign(x)
}

/// cosh x, within 2 ulp.
#[inline(always)]
pub(crate) fn cosh<R: Single>(x: R) -> R {
    let half = exp_shifted(x.abs(), -1);
    half + R::of(0.25) / half
}

/// asinh x, within 1.5 ulp.
#[inline(always)]
pub(crate) fn asinh<R: Single>(x: R) -> R {
    let one = R::of(1.0);
    let a = x.abs();
    // The square of a huge number is infinite, and there asinh a = ln 2a.
    let huge = a.gt(R::of(1e18));
    let square = a * a;
    let (u, rest) = fast_two_sum(a, square / (one + (square + one).sqrt()));
    let (u, rest) = (R::choose(huge, a, u), R::choose(huge, R::of(0.0), rest));
    log1p_sum(u, rest, R::choose(huge, one, R::of(0.0))).copysign(x)
}

/// acosh x, within 2 ulp.
#[inline(always)]
pub(crate) fn acosh<R: Single>(x: R) -> R {
    let one = R::of(1.0);
    let huge = x.gt(R::of(1e18));
    let t = x - one;
    let (u, rest) = fast_two_sum(t.mul_add(t, t + t).sqrt(), t);
    let (u, rest) = (R::choose(huge, x, u), R::choose(huge, R::of(0.0), rest));
    let y = log1p_sum(u, rest, R::choose(huge, one, R::of(0.0)));
    R::choose(x.lt(one), R::of(f32::NAN), y)
}

/// atanh x, within 2 ulp.
#[inline(always)]
pub(crate) fn atanh<R: Single>(x: R) -> R {
    let (one, half) = (R::of(1.0), R::of(0.5));
    let a = x.abs();
    // (1 + a) / (1 - a) = 2^n (1 + f), with n from the difference of the logarithms that the
    // bits are when read as fixed-point numbers.
    let (sum, difference) = (one + a, one - a);
    let bits = sum.to_bits() - difference.to_bits();
    let n = (bits + R::Bits::of(1 << 22)).shr(23);
    // atanh a = n ln 2 / 2 + atanh s where s = f / (2 + f), without division by 1 - a.
    let c = power_of_two::<R>(n);
    // For small a the sums with c are exact, for the others those with a are, or do not matter.
    let far = a.ge(half);
    let numerator = R::choose(far, (-c).mul_add(difference, sum), a.mul_add(one + c, one - c));
    let s = numerator / R::choose(far, c.mul_add(difference, sum), a.mul_add(one - c, one + c));
    let z = s * s;
    let n = half * R::from_integer(n);
    let tail = (s * z).mul_add(z.poly(ATANH), n * R::of(LN2_LO));
    let (sum, rest) = fast_two_sum(n * R::of(LN2_HI), s);
    let y = sum + (rest + tail);
    let y = R::choose(a.eq(one), R::of(f32::INFINITY), y);
    R::choose(a.le(one), y, R::of(f32::NAN)).copysign(x)
}

/// (atanh s - s) / s³ in s², for |s| <= 0.205.
const ATANH: [f32; 4] = [0.33333334, 0.20000184, 0.14264177, 0.11916135];

/// (tanh x - x) / x³ in x², for |x| <= 1.
const TANH: [f32; 9] = [
    -0.33333334,
    0.13333331,
    -0.053967595,
    0.021862576,
    -0.00882625,
    0.0034783864,
    -0.0012421575,
    0.00033768982,
    -4.846711e-05,
];
