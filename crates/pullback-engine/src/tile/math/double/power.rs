//! Powers and the cube root.

use super::super::lane::{Bits, Double};
use super::super::twofold::two_product;
use super::exp::exp_sum;
use super::log::log_twofold;
use super::power_of_two;
use super::{MAGIC, low_integer};

/// x^y, within 1 ulp, with the special values of C.
#[inline(always)]
pub(crate) fn pow<R: Double>(x: R, y: R) -> R {
    let (zero, one, infinity) = (R::of(0.0), R::of(1.0), R::of(f64::INFINITY));
    let a = x.abs();
    let (log, rest) = log_twofold(a);
    let log = R::choose(a.eq(zero), -infinity, R::choose(a.lt(infinity), log, a));
    let product = y * log;
    let rest = y.mul_add(rest, y.mul_add(log, -product));
    // Beyond, the result is zero or infinite, and the rest may not be a number.
    let rest = R::choose(product.abs().lt(R::of(800.0)), rest, zero);
    let magnitude = exp_sum(product, rest);
    let integer = y.trunc().eq(y);
    let half = R::of(0.5) * y;
    let odd = integer & !half.trunc().eq(half);
    let negative = !x.sign_bit().eq(R::Bits::of(0));
    let z = R::choose(negative & odd, -magnitude, magnitude);
    let undefined = x.lt(zero) & !integer & !x.eq(-infinity);
    let z = R::choose(undefined, R::of(f64::NAN), z);
    let infinite = y.abs().eq(infinity);
    let defined = y.eq(zero) | x.eq(one) | (x.eq(-one) & infinite);
    R::choose(defined, one, z)
}

/// The cube root, within 1 ulp.
#[inline(always)]
pub(crate) fn cbrt<R: Double>(x: R) -> R {
    const CBRT_2: f64 = 1.259_921_049_894_873_2;
    let one = R::of(1.0);
    let a = x.abs();
    let small = a.lt(R::of(f64::MIN_POSITIVE));
    let normal = R::choose(small, a * R::of(18_014_398_509_481_984.0), a);
    // a = m 2^(3q + r) with 1 <= m < 2 and r from -1 to 1.
    let exponent = normal.to_bits().shr(52) - R::Bits::of(1023);
    let m = R::from_bits(normal.to_bits() - exponent.shl(52));
    let e = R::from_integer(exponent);
    let shifted = e.mul_add(R::of(1.0 / 3.0), R::of(MAGIC));
    let r = (shifted - R::of(MAGIC)).mul_add(R::of(-3.0), e);
    let (above, below) = (r.gt(R::of(0.0)), r.lt(R::of(0.0)));
    let v = m * R::choose(above, R::of(2.0), R::choose(below, R::of(0.5), one));
    let root = R::choose(below, R::of(CBRT_2), one);
    let root = R::choose(above, R::of(1.0 / CBRT_2), root);
    // The reciprocal of the root, by a step of Newton's method.
    let z = root * m.poly(CBRT);
    let z = ((-v * z * z).mul_add(z, one) * R::of(1.0 / 3.0)).mul_add(z, z);
    // The root, by another with the cube as exact as needed.
    let square = z * z;
    let y = v * square;
    let (y2, rest) = two_product(y, y);
    let excess = y2.mul_add(y, -v) + rest * y;
    let y = (excess * R::of(-1.0 / 3.0)).mul_add(square, y);
    let q = low_integer(shifted) - R::Bits::choose(small, R::Bits::of(18), R::Bits::of(0));
    let y = y * power_of_two::<R>(q);
    let special = x.eq(R::of(0.0)) | !a.lt(R::of(f64::INFINITY));
    R::choose(special, x, y.copysign(x))
}

/// m^(-1/3) for m from 1 to 2.
const CBRT: [f64; 6] = [
    1.7830456343602792,
    -1.573059448346538,
    1.2535809315706394,
    -0.6045945055715871,
    0.1583443953082796,
    -0.017322168096914985,
];
