//! Hyperbolic functions and their inverses.

use super::super::lane::{Bits, Double};
use super::super::twofold::fast_two_sum;
use super::exp::exp_shifted;
use super::log::log1p_sum;
use super::{LN2_HI, LN2_LO, power_of_two};

/// sinh x, within 2 ulp.
#[inline(always)]
pub(crate) fn sinh<R: Double>(x: R) -> R {
    let a = x.abs();
    let z = a * a;
    let near = (a * z).mul_add(z.poly(SINH), a);
    let half = exp_shifted(a, -1);
    let far = half - R::of(0.25) / half;
    R::choose(a.lt(R::of(1.0)), near, far).copysign(x)
}

/// cosh x, within 2 ulp.
#[inline(always)]
pub(crate) fn cosh<R: Double>(x: R) -> R {
    let half = exp_shifted(x.abs(), -1);
    half + R::of(0.25) / half
}

/// tanh x, within 1 ulp.
#[inline(always)]
pub(crate) fn tanh<R: Double>(x: R) -> R {
    let a = x.abs();
    let z = a * a;
    let near = (a * z).mul_add(z.poly(TANH), a);
    let e = exp_shifted(R::of(2.0) * a.at_most(R::of(20.0)), 0);
    let far = R::of(1.0) - R::of(2.0) / (e + R::of(1.0));
    R::choose(a.lt(R::of(1.0)), near, far).copysign(x)
}

/// asinh x, within 1.5 ulp.
#[inline(always)]
pub(crate) fn asinh<R: Double>(x: R) -> R {
    let one = R::of(1.0);
    let a = x.abs();
    // The square of a huge number is infinite, and there asinh a = ln 2a.
    let huge = a.gt(R::of(1e150));
    let square = a * a;
    let (u, rest) = fast_two_sum(a, square / (one + (square + one).sqrt()));
    let (u, rest) = (R::choose(huge, a, u), R::choose(huge, R::of(0.0), rest));
    log1p_sum(u, rest, R::choose(huge, one, R::of(0.0))).copysign(x)
}

/// acosh x, within 2 ulp.
#[inline(always)]
pub(crate) fn acosh<R: Double>(x: R) -> R {
    let one = R::of(1.0);
    let huge = x.gt(R::of(1e150));
    let t = x - one;
    let (u, rest) = fast_two_sum(t.mul_add(t, t + t).sqrt(), t);
    let (u, rest) = (R::choose(huge, x, u), R::choose(huge, R::of(0.0), rest));
    let y = log1p_sum(u, rest, R::choose(huge, one, R::of(0.0)));
    R::choose(x.lt(one), R::of(f64::NAN), y)
}

/// atanh x, within 2 ulp.
#[inline(always)]
pub(crate) fn atanh<R: Double>(x: R) -> R {
    let (one, half) = (R::of(1.0), R::of(0.5));
    let a = x.abs();
    // (1 + a) / (1 - a) = 2^n (1 + f), with n from the difference of the logarithms that the
    // bits are when read as fixed-point numbers.
    let (sum, difference) = (one + a, one - a);
    let bits = sum.to_bits() - difference.to_bits();
    let n = (bits + R::Bits::of(1 << 51)).shr(52);
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
    let y = R::choose(a.eq(one), R::of(f64::INFINITY), y);
    R::choose(a.le(one), y, R::of(f64::NAN)).copysign(x)
}

/// (atanh s - s) / s³ in s², for |s| <= 0.205.
const ATANH: [f64; 8] = [
    0.3333333333333333,
    0.20000000000005635,
    0.14285714282911915,
    0.11111111641515276,
    0.09090859865414992,
    0.076947815043484,
    0.06598200726048427,
    0.06854275022695641,
];

/// (sinh x - x) / x³ in x², for |x| <= 1.
const SINH: [f64; 7] = [
    0.16666666666666666,
    0.008333333333333299,
    0.0001984126984132424,
    2.7557319191363643e-06,
    2.505211769941287e-08,
    1.6057679312223042e-10,
    7.746188979486805e-13,
];

/// (tanh x - x) / x³ in x², for |x| <= 1.
const TANH: [f64; 16] = [
    -0.3333333333333333,
    0.13333333333333122,
    -0.05396825396807006,
    0.021869488529823653,
    -0.008863235415251334,
    0.003592126778161335,
    -0.0014558252890057599,
    0.0005899817672482927,
    -0.00023896428722649566,
    9.647796949020245e-05,
    -3.841258842440315e-05,
    1.4630955517088942e-05,
    -5.006435771844839e-06,
    1.3884756085687555e-06,
    -2.660574914045677e-07,
    2.552115916290063e-08,
];
