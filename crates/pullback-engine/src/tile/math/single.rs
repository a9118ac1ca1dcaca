//! Functions of numbers of 32 bits.
//!
//! The errors stated are the largest found over dense samples, in units in the last place.
//! Polynomials interpolate at Chebyshev nodes, which is within a bit of the best.

use std::f32::consts::{LN_2, LOG2_E};

use super::double;
use super::lane::{Bits, Double, Real, Single};

/// Adding this rounds to an integer, which is then in the low bits.
const MAGIC: f32 = 12_582_912.0;
const LN2_HI: f32 = 0.693_359_4;
const LN2_LO: f32 = -2.121_944_4e-4;

/// 2^n for n from -126 to 127.
#[inline(always)]
fn power_of_two<R: Single>(n: R::Bits) -> R {
    R::from_bits((n + R::Bits::of(127)).shl(23))
}

/// (e^r - 1 - r) / r² for |r| <= ln 2 / 2.
#[inline(always)]
fn exp_tail<R: Single>(r: R) -> R {
    r.poly([0.5, 0.16666667, 0.041666467, 0.0083333105, 0.0013933642, 0.00019890981])
}

/// The integer that adding `MAGIC` put into the low bits.
#[inline(always)]
fn low_integer<R: Single>(shifted: R) -> R::Bits {
    shifted.to_bits() - R::Bits::of(MAGIC.to_bits() as i64)
}

/// x = n ln 2 + r with n an integer, as float and as integer.
#[inline(always)]
fn split_ln2<R: Single>(x: R) -> (R, R, R::Bits) {
    let shifted = x.mul_add(R::of(LOG2_E), R::of(MAGIC));
    let n = shifted - R::of(MAGIC);
    let r = n.mul_add(R::of(-LN2_LO), n.mul_add(R::of(-LN2_HI), x));
    (r, n, low_integer(shifted))
}

/// y 2^n with one rounding, for n from -252 to 254.
#[inline(always)]
fn scale<R: Single>(y: R, n: R::Bits) -> R {
    let half = n.shr(1);
    y * power_of_two::<R>(half) * power_of_two::<R>(n - half)
}

/// e^x 2^shift for a small shift.
#[inline(always)]
fn exp_shifted<R: Single>(x: R, shift: i64) -> R {
    let x = x.at_most(R::of(90.0)).at_least(R::of(-106.0));
    let (r, _, n) = split_ln2(x);
    let y = (r * r).mul_add(exp_tail(r), r) + R::of(1.0);
    scale(y, n + R::Bits::of(shift))
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
    let r = x - (shifted - R::of(MAGIC));
    let p = r.poly([LN_2, 0.2402265, 0.05550357, 0.009618083, 0.0013390863, 0.00015453163]);
    scale(r.mul_add(p, R::of(1.0)), low_integer(shifted))
}

/// e^x - 1, within 2 ulp.
#[inline(always)]
pub(crate) fn expm1<R: Single>(x: R) -> R {
    let bounded = x.at_most(R::of(89.0)).at_least(R::of(-20.0));
    let (r, _, n) = split_ln2(bounded);
    let p = (r * r).mul_add(exp_tail(r), r);
    // 2^n (p + 1) - 1, halved until the end since 2^128 is infinite.
    let s = scale(R::of(0.5), n);
    let y = R::of(2.0) * s.mul_add(p, s - R::of(0.5));
    // Below this, x is the nearest to the result, and zeros keep their sign.
    R::choose(x.abs().lt(R::of(5e-8)), x, y)
}

/// x = 2^n (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), for normal positive x.
#[inline(always)]
fn split_binade<R: Single>(x: R) -> (R, R::Bits) {
    const SQRT_HALF: i64 = 0x3f35_04f3;
    let bits = x.to_bits();
    let n = (bits - R::Bits::of(SQRT_HALF)).shr(23);
    (R::from_bits(bits - n.shl(23)) - R::of(1.0), n)
}

/// ln(1 + f) - f for sqrt(1/2) <= 1 + f < sqrt(2).
#[inline(always)]
fn ln_1p_tail<R: Single>(f: R) -> R {
    let p = f.poly([
        0.3333333,
        -0.24999997,
        0.20000716,
        -0.16667803,
        0.14249058,
        -0.12425687,
        0.1168542,
        -0.11479734,
        0.06971612,
    ]);
    (f * f).mul_add(f * p, R::of(-0.5) * f * f)
}

/// Normal numbers as they are; the rest times 2^25, and the power of two to take off again.
#[inline(always)]
fn normalize<R: Single>(x: R) -> (R, R::Bits) {
    let small = x.lt(R::of(f32::MIN_POSITIVE));
    let normal = R::choose(small, x * R::of(33_554_432.0), x);
    (normal, R::Bits::choose(small, R::Bits::of(-25), R::Bits::of(0)))
}

/// The logarithm's value at the arguments where the formulas fail.
#[inline(always)]
fn log_edges<R: Single>(x: R, y: R) -> R {
    let y = R::choose(x.eq(R::of(f32::INFINITY)), x, y);
    let y = R::choose(x.eq(R::of(0.0)), R::of(f32::NEG_INFINITY), y);
    // Of NaN too.
    R::choose(x.ge(R::of(0.0)), y, R::of(f32::NAN))
}

/// ln x, within 1 ulp.
#[inline(always)]
pub(crate) fn log<R: Single>(x: R) -> R {
    let (normal, shift) = normalize(x);
    let (f, n) = split_binade(normal);
    let n = R::from_integer(n + shift);
    let tail = n.mul_add(R::of(LN2_LO), ln_1p_tail(f));
    log_edges(x, n.mul_add(R::of(LN2_HI), f + tail))
}

/// log2 x, within 2 ulp, and exact for powers of two.
#[inline(always)]
pub(crate) fn log2<R: Single>(x: R) -> R {
    const HI: f32 = LOG2_E;
    // What HI lacks of 1 / ln 2.
    const LO: f32 = (std::f64::consts::LOG2_E - LOG2_E as f64) as f32;
    let (normal, shift) = normalize(x);
    let (f, n) = split_binade(normal);
    let tail = ln_1p_tail(f);
    let y = f.mul_add(R::of(HI), tail.mul_add(R::of(HI), f * R::of(LO)));
    log_edges(x, R::from_integer(n + shift) + y)
}

/// ln(1 + x), within 1 ulp.
#[inline(always)]
pub(crate) fn log1p<R: Single>(x: R) -> R {
    let one = R::of(1.0);
    let u = one + x;
    let (f, n) = split_binade(u);
    // What the sum lost, to first order; without a power of two x itself serves for f.
    let lost = R::choose(u.gt(R::of(2.0)), one - (u - x), x - (u - one)) / u;
    let whole = n.eq(R::Bits::of(0));
    let f = R::choose(whole, x, f);
    let lost = R::choose(whole, R::of(0.0), lost);
    let n = R::from_integer(n);
    let tail = n.mul_add(R::of(LN2_LO), ln_1p_tail(f)) + lost;
    let y = log_edges(u, n.mul_add(R::of(LN2_HI), f + tail));
    R::choose(x.abs().lt(R::of(5e-8)), x, y)
}

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

/// e^x for x <= 0, within 0.6 ulp: what the sums of `exp` round off is added again.
#[inline(always)]
fn exp_close<R: Single>(x: R) -> R {
    let x = x.at_least(R::of(-106.0));
    let (r, n, power) = split_ln2(x);
    let lost = n.mul_add(R::of(-LN2_LO), n.mul_add(R::of(-LN2_HI), x) - r);
    let sum = R::of(1.0) + r;
    let lost = lost + (r - (sum - R::of(1.0)));
    scale(sum + (r * r).mul_add(exp_tail(r), lost), power)
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

/// The error function, within 2 ulp.
#[inline(always)]
pub(crate) fn erf<R: Single>(x: R) -> R {
    let a = x.abs();
    let near = a.mul_add((a * a).poly(ERF_NEAR), a);
    // The logarithm of 1 - erf.
    let far = R::of(1.0) - exp(a.at_most(R::of(4.0)).poly(ERF_FAR));
    R::choose(a.lt(R::of(1.0)), near, far).copysign(x)
}

/// 1 - erf x, within 1 ulp.
#[inline(always)]
pub(crate) fn erfc<R: Single>(x: R) -> R {
    let of = <R::Double as Real>::of;
    let a = x.abs().widen().at_most(of(10.2));
    // e^(x²) erfc x is close to 1 / (1 + 2x); the rest is a polynomial in (a - 3) / (a + 3).
    let p = ((a - of(3.0)) / (a + of(3.0))).poly(ERFC);
    let y = double::exp(-a * a) * p / (of(1.0) + of(2.0) * a);
    let negative = <R::Double as Double>::mask(x.lt(R::of(0.0)));
    <R::Double as Real>::choose(negative, of(2.0) - y, y).narrow()
}

/// The inverse of the error function, within 4 ulp.
#[inline(always)]
pub(crate) fn erf_inv<R: Single>(x: R) -> R {
    // A smooth function of w, or where x is close to 1, of its root.
    let w = -log((R::of(1.0) - x) * (R::of(1.0) + x));
    let near = (w - R::of(2.5)).poly(ERF_INV_NEAR);
    let far = (w.sqrt() - R::of(3.0)).poly(ERF_INV_FAR);
    let y = x * R::choose(w.lt(R::of(5.0)), near, far);
    R::choose(x.abs().eq(R::of(1.0)), R::of(f32::INFINITY).copysign(x), y)
}

/// x^y, correctly rounded but for rare cases, with the special values of C.
#[inline(always)]
pub(crate) fn pow<R: Single>(x: R, y: R) -> R {
    let magnitude = double::exp(y.widen() * double::log(x.abs().widen())).narrow();
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

/// erf(x) / x - 1 in x², for |x| <= 1.
const ERF_NEAR: [f32; 8] = [
    0.12837917,
    -0.37612638,
    0.11283782,
    -0.02686543,
    0.0052210316,
    -0.00084840803,
    0.00011265959,
    -9.667045e-06,
];

/// ln(1 - erf x), for x from 1 to 4.
const ERF_FAR: [f32; 9] = [
    0.00032013806,
    -1.1302334,
    -0.63182604,
    -0.110080086,
    0.026421135,
    -0.004759596,
    0.00059680565,
    -4.605804e-05,
    1.6371514e-06,
];

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

/// erfc(a) e^(a²) (1 + 2a) in (a - 3) / (a + 3).
const ERFC: [f64; 15] = [
    1.2530080582693224,
    -0.13562110612758904,
    -0.04756229427491144,
    0.12964515908485674,
    -0.11927366571218913,
    0.06830801542103966,
    -0.023770495908541637,
    0.0025295376108190365,
    0.0018887036155239073,
    -0.0007806262093764208,
    -0.00010597372791823086,
    0.00012682112130861297,
    8.37739523193628e-06,
    -2.011249554133017e-05,
    -5.021251485989214e-06,
];

/// erf⁻¹(x) / x in w - 2.5, where w = -ln(1 - x²) < 5.
const ERF_INV_NEAR: [f32; 10] = [
    1.5014094,
    0.24664028,
    -0.004177393,
    -0.0012527264,
    0.00021834939,
    -4.97242e-06,
    -3.4639852e-06,
    4.6813133e-07,
    2.3335968e-08,
    -8.931925e-09,
];

/// erf⁻¹(x) / x in sqrt(w) - 3.
const ERF_INV_FAR: [f32; 10] = [
    2.8329768,
    1.0016749,
    0.009444992,
    -0.00763649,
    0.0056892163,
    -0.0036009003,
    0.0014797039,
    -5.0458853e-05,
    -0.00030552506,
    0.00011153858,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The distance of `y` from the exact value, in units in the last place of that.
    fn ulps(y: f32, exact: f64) -> f64 {
        let nearest = exact as f32;
        if y.to_bits() == nearest.to_bits() || (y.is_nan() && nearest.is_nan()) {
            return 0.0;
        }
        if !y.is_finite() || !nearest.is_finite() {
            return f64::INFINITY;
        }
        let binade = nearest.abs().max(f32::MIN_POSITIVE).to_bits() >> 23;
        let ulp = 2f64.powi(binade as i32 - 127 - 23);
        let zeros_differ = y == 0.0 && nearest == 0.0;
        if zeros_differ { f64::INFINITY } else { (y as f64 - exact).abs() / ulp }
    }

    /// Every 1009th float, of all binades and both signs.
    fn sample() -> impl Iterator<Item = f32> {
        (0..=u32::MAX / 1009).map(|i| f32::from_bits(i * 1009)).chain([
            0.0,
            -0.0,
            1.0,
            -1.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MAX,
            f32::MIN_POSITIVE,
            f32::from_bits(1),
        ])
    }

    fn check(name: &str, bound: f64, f: fn(f32) -> f32, exact: fn(f64) -> f64) {
        let (mut worst, mut at) = (0.0, 0.0);
        for x in sample() {
            let error = ulps(f(x), exact(x as f64));
            if error > worst {
                (worst, at) = (error, x);
            }
        }
        println!("{name}: {worst:.3} ulp at {at:e}");
        assert!(
            worst <= bound,
            "{name}: {worst} ulp at {at:e}: {:e} {:e}",
            f(at),
            exact(at as f64)
        );
    }

    #[test]
    fn errors_are_within_the_stated_bounds() {
        check("exp", 1.0, exp, f64::exp);
        check("exp2", 1.0, exp2, f64::exp2);
        check("expm1", 2.0, expm1, f64::exp_m1);
        check("log", 1.0, log, f64::ln);
        check("log1p", 1.0, log1p, f64::ln_1p);
        check("log2", 2.0, log2, f64::log2);
        check("tanh", 1.5, tanh, f64::tanh);
        check("logistic", 2.0, logistic, |x| 1.0 / (1.0 + (-x).exp()));
        check("sinh", 2.0, sinh, f64::sinh);
        check("cosh", 2.0, cosh, f64::cosh);
        check("erf", 2.0, erf, libm::erf);
        check("erfc", 1.0, erfc, libm::erfc);
        check("erf_inv", 4.0, erf_inv, super::super::special::erf_inv);
        let small = |x: f64| if is_large_angle(x as f32) { f64::NAN } else { x };
        assert!(small(1e13).is_nan());
        check(
            "sin",
            2.0,
            |x| if is_large_angle(x) { 0.0 } else { sin(x) },
            |x| {
                if is_large_angle(x as f32) { 0.0 } else { x.sin() }
            },
        );
        check(
            "cos",
            2.0,
            |x| if is_large_angle(x) { 0.0 } else { cos(x) },
            |x| {
                if is_large_angle(x as f32) { 0.0 } else { x.cos() }
            },
        );
        check(
            "tan",
            1.0,
            |x| if is_large_angle(x) { 0.0 } else { tan(x) },
            |x| {
                if is_large_angle(x as f32) { 0.0 } else { x.tan() }
            },
        );
    }

    #[test]
    fn powers_are_those_of_c() {
        let values = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            2.0,
            -2.0,
            3.0,
            -3.0,
            0.5,
            -0.5,
            1.5,
            -1.5,
            1e-30,
            -1e-30,
            1e30,
            -1e30,
            1e-40,
            16777217.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
            0.99999994,
        ];
        for x in values {
            for y in values {
                let exact = (x as f64).powf(y as f64);
                assert!(ulps(pow(x, y), exact) <= 1.0, "{x}^{y}: {} {exact}", pow(x, y));
            }
        }
        for i in 0..1_000_000u32 {
            let x = f32::from_bits(i.wrapping_mul(2654435761));
            let y = f32::from_bits(0x3c00_0000 + i.wrapping_mul(40503) % 0x0700_0000);
            let exact = (x as f64).powf(y as f64);
            assert!(ulps(pow(x, y), exact) <= 1.0, "{x:e}^{y:e}: {} {exact}", pow(x, y));
        }
    }
}
