//! Functions of `f32`, branch-free: both sides of every choice are computed and one is selected.
//!
//! The errors stated are the largest found over dense samples, in units in the last place.
//! Polynomials interpolate at Chebyshev nodes, which is within a bit of the best.

use super::double;

/// Adding this rounds to an integer, which is then in the low bits.
const MAGIC: f32 = 12_582_912.0;
const LN2_HI: f32 = 0.693_359_4;
const LN2_LO: f32 = -2.121_944_4e-4;

/// The larger or equal of two, but NaN if `x` is.
#[inline(always)]
fn at_least(x: f32, low: f32) -> f32 {
    if x < low { low } else { x }
}

#[inline(always)]
fn at_most(x: f32, high: f32) -> f32 {
    if x > high { high } else { x }
}

#[inline(always)]
fn poly<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[N - 1];
    for i in (0..N - 1).rev() {
        sum = sum.mul_add(x, coefficients[i]);
    }
    sum
}

/// 2^n for n from -126 to 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits(((n + 127) << 23) as u32)
}

/// (e^r - 1 - r) / r² for |r| <= ln 2 / 2.
#[inline(always)]
fn exp_tail(r: f32) -> f32 {
    poly(r, [0.5, 0.16666667, 0.041666467, 0.0083333105, 0.0013933642, 0.00019890981])
}

/// x = n ln 2 + r with n an integer, as float and as integer.
#[inline(always)]
fn split_ln2(x: f32) -> (f32, f32, i32) {
    let shifted = x.mul_add(std::f32::consts::LOG2_E, MAGIC);
    let n = shifted - MAGIC;
    let r = n.mul_add(-LN2_LO, n.mul_add(-LN2_HI, x));
    (r, n, (shifted.to_bits() as i32).wrapping_sub(MAGIC.to_bits() as i32))
}

/// y 2^n with one rounding, for n from -252 to 254.
#[inline(always)]
fn scale(y: f32, n: i32) -> f32 {
    let half = n >> 1;
    y * power_of_two(half) * power_of_two(n - half)
}

/// e^x 2^shift for a small shift.
#[inline(always)]
fn exp_shifted(x: f32, shift: i32) -> f32 {
    let x = at_least(at_most(x, 90.0), -106.0);
    let (r, _, n) = split_ln2(x);
    let y = (r * r).mul_add(exp_tail(r), r) + 1.0;
    scale(y, n + shift)
}

/// e^x, within 1 ulp.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    exp_shifted(x, 0)
}

/// 2^x, within 1 ulp.
#[inline(always)]
pub(crate) fn exp2(x: f32) -> f32 {
    let x = at_least(at_most(x, 130.0), -153.0);
    let shifted = x + MAGIC;
    let r = x - (shifted - MAGIC);
    let n = (shifted.to_bits() as i32).wrapping_sub(MAGIC.to_bits() as i32);
    let p = poly(
        r,
        [std::f32::consts::LN_2, 0.2402265, 0.05550357, 0.009618083, 0.0013390863, 0.00015453163],
    );
    scale(r.mul_add(p, 1.0), n)
}

/// e^x - 1, within 2 ulp.
#[inline(always)]
pub(crate) fn expm1(x: f32) -> f32 {
    let bounded = at_least(at_most(x, 89.0), -20.0);
    let (r, _, n) = split_ln2(bounded);
    let p = (r * r).mul_add(exp_tail(r), r);
    // 2^n (p + 1) - 1, halved until the end since 2^128 is infinite.
    let s = scale(0.5, n);
    let y = 2.0 * s.mul_add(p, s - 0.5);
    // Below this, x is the nearest to the result, and zeros keep their sign.
    if x.abs() < 5e-8 { x } else { y }
}

/// x = 2^n (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), for normal positive x.
#[inline(always)]
fn split_binade(x: f32) -> (f32, i32) {
    const SQRT_HALF: i32 = 0x3f35_04f3;
    let bits = x.to_bits() as i32;
    let n = bits.wrapping_sub(SQRT_HALF) >> 23;
    (f32::from_bits(bits.wrapping_sub(n << 23) as u32) - 1.0, n)
}

/// ln(1 + f) - f for sqrt(1/2) <= 1 + f < sqrt(2).
#[inline(always)]
fn ln_1p_tail(f: f32) -> f32 {
    let p = poly(
        f,
        [
            0.3333333,
            -0.24999997,
            0.20000716,
            -0.16667803,
            0.14249058,
            -0.12425687,
            0.1168542,
            -0.11479734,
            0.06971612,
        ],
    );
    (f * f).mul_add(f * p, -0.5 * f * f)
}

/// Normal numbers as they are; the rest times 2^25, and the power of two to take off again.
#[inline(always)]
fn normalize(x: f32) -> (f32, i32) {
    let small = x < f32::MIN_POSITIVE;
    (if small { x * 33_554_432.0 } else { x }, if small { -25 } else { 0 })
}

/// The logarithm's value at the arguments where the formulas fail.
#[inline(always)]
fn log_edges(x: f32, y: f32) -> f32 {
    let y = if x == f32::INFINITY { x } else { y };
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    // Of NaN too.
    if x >= 0.0 { y } else { f32::NAN }
}

/// ln x, within 1 ulp.
#[inline(always)]
pub(crate) fn log(x: f32) -> f32 {
    let (normal, shift) = normalize(x);
    let (f, n) = split_binade(normal);
    let n = (n + shift) as f32;
    let tail = n.mul_add(LN2_LO, ln_1p_tail(f));
    log_edges(x, n.mul_add(LN2_HI, f + tail))
}

/// log2 x, within 2 ulp, and exact for powers of two.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    const HI: f32 = std::f32::consts::LOG2_E;
    // What HI lacks of 1 / ln 2.
    const LO: f32 = (std::f64::consts::LOG2_E - std::f32::consts::LOG2_E as f64) as f32;
    let (normal, shift) = normalize(x);
    let (f, n) = split_binade(normal);
    let tail = ln_1p_tail(f);
    let y = f.mul_add(HI, tail.mul_add(HI, f * LO));
    log_edges(x, (n + shift) as f32 + y)
}

/// ln(1 + x), within 1 ulp.
#[inline(always)]
pub(crate) fn log1p(x: f32) -> f32 {
    let u = 1.0 + x;
    let (f, n) = split_binade(u);
    // What the sum lost, to first order; without a power of two x itself serves for f.
    let lost = if u > 2.0 { 1.0 - (u - x) } else { x - (u - 1.0) } / u;
    let (f, lost) = if n == 0 { (x, 0.0) } else { (f, lost) };
    let n = n as f32;
    let tail = n.mul_add(LN2_LO, ln_1p_tail(f)) + lost;
    let y = log_edges(u, n.mul_add(LN2_HI, f + tail));
    if x.abs() < 5e-8 { x } else { y }
}

/// Beyond this the reduction by the two-part π/2 loses bits.
const LARGEST_REDUCED: f32 = 1.0e12;

/// Whether `sin`, `cos` and `tan` need a better reduction of their argument.
#[inline(always)]
pub(crate) fn is_large_angle(x: f32) -> bool {
    x.abs() > LARGEST_REDUCED && x.abs() < f32::INFINITY
}

/// x modulo π/2, between -π/4 and π/4, and the quadrant in the low bits.
#[inline(always)]
fn reduce_angle(x: f32) -> (f64, i32) {
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    const HI: f64 = std::f64::consts::FRAC_PI_2;
    const LO: f64 = 6.123_233_995_736_766e-17;
    let x = x as f64;
    let shifted = x.mul_add(std::f64::consts::FRAC_2_PI, MAGIC);
    let k = shifted - MAGIC;
    (k.mul_add(-LO, k.mul_add(-HI, x)), shifted.to_bits() as i32)
}

/// The sine of r + quadrant π/2.
#[inline(always)]
fn sin_reduced(r: f32, quadrant: i32) -> f32 {
    let z = r * r;
    let p = poly(z, [-0.16666667, 0.008333332, -0.00019840087, 2.7249926e-06]);
    let sin = (r * z).mul_add(p, r);
    let p = poly(z, [0.041666664, -0.0013888302, 2.4547942e-05]);
    let cos = (z * z).mul_add(p, z.mul_add(-0.5, 1.0));
    let y = if quadrant & 1 == 0 { sin } else { cos };
    f32::from_bits(y.to_bits() ^ ((quadrant as u32 & 2) << 30))
}

/// sin x, within 2 ulp, for angles that are not large.
#[inline(always)]
pub(crate) fn sin(x: f32) -> f32 {
    let (r, quadrant) = reduce_angle(x);
    let y = sin_reduced(r as f32, quadrant);
    if x == 0.0 { x } else { y }
}

/// cos x, within 2 ulp, for angles that are not large.
#[inline(always)]
pub(crate) fn cos(x: f32) -> f32 {
    let (r, quadrant) = reduce_angle(x);
    sin_reduced(r as f32, quadrant.wrapping_add(1))
}

/// tan x, within 1 ulp, for angles that are not large.
#[inline(always)]
pub(crate) fn tan(x: f32) -> f32 {
    let (r, quadrant) = reduce_angle(x);
    let (sin, cos) = double::sin_cos_reduced(r);
    let swap = quadrant & 1 != 0;
    let y = (if swap { -cos } else { sin } / if swap { sin } else { cos }) as f32;
    if x == 0.0 { x } else { y }
}

/// tanh x, within 1.5 ulp.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let z = a * a;
    let p = poly(z, TANH);
    let near = (a * z).mul_add(p, a);
    let far = 1.0 - 2.0 / (exp(2.0 * at_most(a, 10.0)) + 1.0);
    (if a < 1.0 { near } else { far }).copysign(x)
}

/// e^x for x <= 0, within 0.6 ulp: what the sums of `exp` round off is added again.
#[inline(always)]
fn exp_close(x: f32) -> f32 {
    let x = at_least(x, -106.0);
    let (r, n, power) = split_ln2(x);
    let lost = n.mul_add(-LN2_LO, n.mul_add(-LN2_HI, x) - r);
    let sum = 1.0 + r;
    let lost = lost + (r - (sum - 1.0));
    scale(sum + (r * r).mul_add(exp_tail(r), lost), power)
}

/// 1 / (1 + e^-x), within 2 ulp.
#[inline(always)]
pub(crate) fn logistic(x: f32) -> f32 {
    let e = exp_close(-x.abs());
    let numerator = if x < 0.0 { e } else { 1.0 };
    // The quotient, and the correction for what it and the sum round off.
    let sum = 1.0 + e;
    let lost = e - (sum - 1.0);
    let reciprocal = 1.0 / sum;
    let y = numerator * reciprocal;
    let rest = (-y).mul_add(sum, numerator) - y * lost;
    rest.mul_add(reciprocal, y)
}

/// sinh x, within 2 ulp.
#[inline(always)]
pub(crate) fn sinh(x: f32) -> f32 {
    let a = x.abs();
    let z = a * a;
    let p = poly(z, [0.16666667, 0.008333334, 0.00019841283, 2.755377e-06, 2.5456707e-08]);
    let near = (a * z).mul_add(p, a);
    let half = exp_shifted(a, -1);
    let far = half - 0.25 / half;
    (if a < 1.0 { near } else { far }).copysign(x)
}

/// cosh x, within 2 ulp.
#[inline(always)]
pub(crate) fn cosh(x: f32) -> f32 {
    let half = exp_shifted(x.abs(), -1);
    half + 0.25 / half
}

/// The error function, within 2 ulp.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let a = x.abs();
    let p = poly(
        a * a,
        [
            0.12837917,
            -0.37612638,
            0.11283782,
            -0.02686543,
            0.0052210316,
            -0.00084840803,
            0.00011265959,
            -9.667045e-06,
        ],
    );
    let near = a.mul_add(p, a);
    // The logarithm of 1 - erf.
    let b = at_most(a, 4.0);
    let p = poly(
        b,
        [
            0.00032013806,
            -1.1302334,
            -0.63182604,
            -0.110080086,
            0.026421135,
            -0.004759596,
            0.00059680565,
            -4.605804e-05,
            1.6371514e-06,
        ],
    );
    let far = 1.0 - exp(p);
    (if a < 1.0 { near } else { far }).copysign(x)
}

/// 1 - erf x, within 1 ulp.
#[inline(always)]
pub(crate) fn erfc(x: f32) -> f32 {
    let a = x.abs() as f64;
    let a = if a > 10.2 { 10.2 } else { a };
    // e^(x²) erfc x is close to 1 / (1 + 2x); the rest is a polynomial in (a - 3) / (a + 3).
    let p = double::poly((a - 3.0) / (a + 3.0), ERFC);
    let y = double::exp(-a * a) * p / (1.0 + 2.0 * a);
    (if x < 0.0 { 2.0 - y } else { y }) as f32
}

/// The inverse of the error function, within 4 ulp.
#[inline(always)]
pub(crate) fn erf_inv(x: f32) -> f32 {
    // A smooth function of w, or where x is close to 1, of its root.
    let w = -log((1.0 - x) * (1.0 + x));
    let near = poly(w - 2.5, ERF_INV_NEAR);
    let far = poly(w.sqrt() - 3.0, ERF_INV_FAR);
    let y = x * if w < 5.0 { near } else { far };
    if x.abs() == 1.0 { f32::INFINITY.copysign(x) } else { y }
}

/// x^y, correctly rounded but for rare cases, with the special values of C.
#[inline(always)]
pub(crate) fn pow(x: f32, y: f32) -> f32 {
    let magnitude = double::exp(y as f64 * double::log(x.abs() as f64)) as f32;
    let integer = y.trunc() == y;
    let half = 0.5 * y;
    let odd = integer & (half.trunc() != half);
    let negative = x.is_sign_negative();
    let z = if negative & odd { -magnitude } else { magnitude };
    let undefined = (x < 0.0) & !integer & (x != f32::NEG_INFINITY);
    let z = if undefined { f32::NAN } else { z };
    let one = (y == 0.0) | (x == 1.0) | ((x == -1.0) & (y.abs() == f32::INFINITY));
    if one { 1.0 } else { z }
}

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
