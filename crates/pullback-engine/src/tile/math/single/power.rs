//! Powers and the cube root.

use super::super::double;
use super::super::lane::{Bits, Double, Single};
use super::super::twofold::two_product;
use super::{MAGIC, low_integer, power_of_two};

/// x^y, correctly rounded but for rare cases, with the special values of C.
#[inline(always)]
pub(crate) fn pow<R: Single>(x: R, y: R) -> R {
    let magnitude = double::exp_shifted(y.widen() * double::log(x.abs().widen()), 0).narrow();
    let integer = y.trunc().eq(y);
    let half = R::of(0.5) * y;
    let odd = integer & !half.trunc().eq(half);
    let negative = !x.sign_bit().eq(R::Bits::of(0));
    let z = R::choose(negative & odd, -magnitude, magnitude);
    let undefined = x.lt(R::of(0.0)) & !integer & !x.eq(R::of(f32::NEG_INFINITY));
    let z = R::choose(undefined, R::of(f32::NAN), z);
    let infinite = y.abs().eq(R::of(f32::INFINITY));
    let one = y.eq(R::of(0.0)) | x.eq(R::of(1.0)) | (x.eq(R::of(-1.0)) & infinite);
    R::choose(one, R::of(1.0), z)
}

/// The cube root, within 1 ulp.
#[inline(always)]
pub(crate) fn cbrt<R: Single>(x: R) -> R {
    const CBRT_2: f32 = 1.259_921;
    let one = R::of(1.0);
    let a = x.abs();
    let small = a.lt(R::of(f32::MIN_POSITIVE));
    let normal = R::choose(small, a * R::of(16_777_216.0), a);
    // a = m 2^(3q + r) with 1 <= m < 2 and r from -1 to 1.
    let exponent = normal.to_bits().shr(23) - R::Bits::of(127);
    let m = R::from_bits(normal.to_bits() - exponent.shl(23));
    let e = R::from_integer(exponent);
    let shifted = e.mul_add(R::of(1.0 / 3.0), R::of(MAGIC));
    let r = (shifted - R::of(MAGIC)).mul_add(R::of(-3.0), e);
    let (above, below) = (r.gt(R::of(0.0)), r.lt(R::of(0.0)));
    let v = m * R::choose(above, R::of(2.0), R::choose(below, R::of(0.5), one));
    let root = R::choose(below, R::of(CBRT_2), one);
    let root = R::choose(above, R::of(1.0 / CBRT_2), root);
    // The reciprocal of the root, and from it the root, with a step of Newton's method.
    let z = root * m.poly(CBRT);
    let square = z * z;
    let y = v * square;
    let (y2, rest) = two_product(y, y);
    let excess = y2.mul_add(y, -v) + rest * y;
    let y = (excess * R::of(-1.0 / 3.0)).mul_add(square, y);
    let q = low_integer(shifted) - R::Bits::choose(small, R::Bits::of(8), R::Bits::of(0));
    let y = y * power_of_two::<R>(q);
    let special = x.eq(R::of(0.0)) | !a.lt(R::of(f32::INFINITY));
    R::choose(special, x, y.copysign(x))
}

/// m^(-1/3) for m from 1 to 2.
const CBRT: [f32; 5] = [1.6722327, -1.1791781, 0.70202994, -0.22420384, 0.029085549];
