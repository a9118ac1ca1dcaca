//! Sine, cosine and tangent.

use super::super::double;
use super::super::lane::{Bits, Double, Real, Single};

/// Beyond this the reduction by the two-part π/2 loses bits.
const LARGEST_REDUCED: f32 = 1.0e12;

/// Whether `sin`, `cos` and `tan` need a better reduction of their argument.
#[inline(always)]
pub(crate) fn is_large_angle<R: Single>(x: R) -> R::Mask {
    x.abs().gt(R::of(LARGEST_REDUCED)) & x.abs().lt(R::of(f32::INFINITY))
}

/// x modulo π/2, between -π/4 and π/4, and the quadrant in the low bits.
#[inline(always)]
fn reduce_angle<R: Single>(x: R) -> (R::Double, R::Bits) {
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    const HI: f64 = std::f64::consts::FRAC_PI_2;
    const LO: f64 = 6.123_233_995_736_766e-17;
    let of = <R::Double as Real>::of;
    let x = x.widen();
    let shifted = x.mul_add(of(std::f64::consts::FRAC_2_PI), of(MAGIC));
    let k = shifted - of(MAGIC);
    (k.mul_add(of(-LO), k.mul_add(of(-HI), x)), shifted.low_bits())
}

/// The sine of r + quadrant π/2.
#[inline(always)]
fn sin_reduced<R: Single>(r: R, quadrant: R::Bits) -> R {
    let z = r * r;
    let p = z.poly([-0.16666667, 0.008333332, -0.00019840087, 2.7249926e-06]);
    let sin = (r * z).mul_add(p, r);
    let p = z.poly([0.041666664, -0.0013888302, 2.4547942e-05]);
    let cos = (z * z).mul_add(p, z.mul_add(R::of(-0.5), R::of(1.0)));
    let even = (quadrant & R::Bits::of(1)).eq(R::Bits::of(0));
    let y = R::choose(even, sin, cos);
    R::from_bits(y.to_bits() ^ (quadrant & R::Bits::of(2)).shl(30))
}

/// sin x, within 2 ulp, for angles that are not large.
#[inline(always)]
pub(crate) fn sin<R: Single>(x: R) -> R {
    let (r, quadrant) = reduce_angle(x);
    let y = sin_reduced(r.narrow(), quadrant);
    R::choose(x.eq(R::of(0.0)), x, y)
}

/// cos x, within 2 ulp, for angles that are not large.
#[inline(always)]
pub(crate) fn cos<R: Single>(x: R) -> R {
    let (r, quadrant) = reduce_angle(x);
    sin_reduced(r.narrow(), quadrant + R::Bits::of(1))
}

/// tan x, within 1 ulp, for angles that are not large.
#[inline(always)]
pub(crate) fn tan<R: Single>(x: R) -> R {
    let (r, quadrant) = reduce_angle(x);
    let (sin, cos) = double::sin_cos_reduced(r);
    let odd = (quadrant & R::Bits::of(1)).eq(R::Bits::of(1));
    let odd = <R::Double as Double>::mask(odd);
    let numerator = <R::Double as Real>::choose(odd, -cos, sin);
    let y = (numerator / <R::Double as Real>::choose(odd, sin, cos)).narrow();
    R::choose(x.eq(R::of(0.0)), x, y)
}
