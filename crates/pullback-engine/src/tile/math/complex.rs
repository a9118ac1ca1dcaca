//! The functions of a complex number, in `f64`; `Complex<f32>` is widened first.
//!
//! Branch cuts are those of C99: on a cut, the sign of a zero says which side. The inverse
//! functions follow Kahan, *Branch Cuts for Complex Elementary Functions*, whose formulas keep
//! those signs.

use num_complex::Complex;

use super::double;
use super::float::Float;

type C = Complex<f64>;

fn c(re: f64, im: f64) -> C {
    Complex { re, im }
}

/// The product, without the rules for infinities of C99, as XLA has it.
#[inline(always)]
pub(crate) fn mul<T: Float>(x: Complex<T>, y: Complex<T>) -> Complex<T> {
    Complex { re: x.re.mul(y.re).sub(x.im.mul(y.im)), im: x.re.mul(y.im).add(x.im.mul(y.re)) }
}

/// Whether `x` comes first, by real part and then by imaginary part.
#[inline(always)]
pub(crate) fn lt<T: Float>(x: Complex<T>, y: Complex<T>) -> bool {
    (x.re < y.re) | ((x.re == y.re) & (x.im < y.im))
}

/// The quotient, scaled so that no intermediate overflows, with the infinities of C99.
pub(crate) fn div(x: C, y: C) -> C {
    let largest = y.re.abs().max(y.im.abs());
    let exponent = ((largest.to_bits() >> 52) as i64 - 1023).clamp(-1022, 1022);
    let finite = largest < f64::INFINITY && largest != 0.0;
    let scale = if finite { f64::from_bits(((1023 - exponent) as u64) << 52) } else { 1.0 };
    let (re, im) = (y.re * scale, y.im * scale);
    let norm = re * re + im * im;
    let z = c((x.re * re + x.im * im) / norm * scale, (x.im * re - x.re * im) / norm * scale);
    if !(z.re.is_nan() && z.im.is_nan()) {
        return z;
    }
    let unit = |v: f64| (if v.is_infinite() { 1.0f64 } else { 0.0 }).copysign(v);
    if norm == 0.0 && !(x.re.is_nan() && x.im.is_nan()) {
        let infinity = f64::INFINITY.copysign(y.re);
        c(infinity * x.re, infinity * x.im)
    } else if (x.re.is_infinite() || x.im.is_infinite()) && y.is_finite() {
        let (a, b) = (unit(x.re), unit(x.im));
        c(f64::INFINITY * (a * y.re + b * y.im), f64::INFINITY * (b * y.re - a * y.im))
    } else if (y.re.is_infinite() || y.im.is_infinite()) && x.is_finite() {
        let (a, b) = (unit(y.re), unit(y.im));
        c(0.0 * (x.re * a + x.im * b), 0.0 * (x.im * a - x.re * b))
    } else {
        z
    }
}

/// x / |x|, and zero for zero.
pub(crate) fn sign(x: C) -> C {
    if x.re == 0.0 && x.im == 0.0 {
        return x;
    }
    let norm = x.re.hypot(x.im);
    c(x.re / norm, x.im / norm)
}

/// e^x (cos y + i sin y), where e^x alone may overflow.
fn polar_exp(x: f64, y: f64) -> C {
    if y == 0.0 {
        return c(x.exp(), y);
    }
    if x == f64::NEG_INFINITY {
        let (sin, cos) = if y.is_finite() { y.sin_cos() } else { (y, y) };
        return c(0f64.copysign(cos), 0f64.copysign(sin));
    }
    let (sin, cos) = y.sin_cos();
    if x > 709.0 && x.is_finite() {
        let e = (0.5 * x).exp();
        return c(e * cos * e, e * sin * e);
    }
    let e = x.exp();
    c(e * cos, e * sin)
}

pub(crate) fn exp(z: C) -> C {
    polar_exp(z.re, z.im)
}

pub(crate) fn exp2(z: C) -> C {
    if z.im == 0.0 {
        return c(z.re.exp2(), z.im);
    }
    polar_exp(z.re * std::f64::consts::LN_2, z.im * std::f64::consts::LN_2)
}

pub(crate) fn expm1(z: C) -> C {
    if z.im == 0.0 {
        return c(z.re.exp_m1(), z.im);
    }
    if z.re.abs() > 1.0 {
        let e = exp(z);
        return c(e.re - 1.0, e.im);
    }
    // e^x cos y - 1 = (e^x - 1) cos y - 2 sin²(y/2)
    let half = (0.5 * z.im).sin();
    let (sin, cos) = z.im.sin_cos();
    c(z.re.exp_m1() * cos - 2.0 * half * half, z.re.exp() * sin)
}

/// ln |z|, also where |z| is close to 1.
fn log_norm(x: f64, y: f64) -> f64 {
    let (big, small) = if x.abs() > y.abs() { (x.abs(), y.abs()) } else { (y.abs(), x.abs()) };
    if (0.5..=2.0).contains(&big) && small <= 2.0 {
        // |z|² - 1, where the difference is exact in the leading part.
        return 0.5 * ((big - 1.0) * (big + 1.0) + small * small).ln_1p();
    }
    if big < 1e-150 && big > 0.0 {
        let up = 1e150;
        return ((big * up).hypot(small * up)).ln() - up.ln();
    }
    if big > 1e150 && big.is_finite() {
        let down = 1e-150;
        return ((big * down).hypot(small * down)).ln() - down.ln();
    }
    big.hypot(small).ln()
}

pub(crate) fn log(z: C) -> C {
    c(log_norm(z.re, z.im), z.im.atan2(z.re))
}

pub(crate) fn log2(z: C) -> C {
    log(z) * std::f64::consts::LOG2_E
}

pub(crate) fn log1p(z: C) -> C {
    if z.re.abs() < 0.5 && z.im.abs() < 0.5 {
        // |1 + z|² - 1 = 2x + x² + y²
        let excess = z.im.mul_add(z.im, z.re * (2.0 + z.re));
        return c(0.5 * excess.ln_1p(), z.im.atan2(1.0 + z.re));
    }
    log(c(1.0 + z.re, z.im))
}

pub(crate) fn sqrt(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if y.is_infinite() {
        return c(f64::INFINITY, y);
    }
    if x.is_infinite() {
        let other = if y.is_nan() { y } else { 0f64.copysign(y) };
        return if x > 0.0 { c(x, other) } else { c(other.abs(), (-x).copysign(y)) };
    }
    let largest = x.abs().max(y.abs());
    if largest == 0.0 {
        return c(0.0, y);
    }
    // Scale by an even power of two, away from both ends of the range.
    let (scale, back) = if largest > 1e300 {
        (2f64.powi(-4), 4.0)
    } else if largest < 1e-290 {
        (2f64.powi(108), 2f64.powi(-54))
    } else {
        (1.0, 1.0)
    };
    let (x, y) = (x * scale, y * scale);
    let t = (0.5 * (x.abs() + x.hypot(y))).sqrt();
    let (re, im) = if x >= 0.0 { (t, y / (2.0 * t)) } else { (y.abs() / (2.0 * t), t.copysign(y)) };
    c(re * back, im * back)
}

pub(crate) fn rsqrt(z: C) -> C {
    div(c(1.0, 0.0), sqrt(z))
}

pub(crate) fn sinh(z: C) -> C {
    if z.im == 0.0 {
        return c(z.re.sinh(), z.im);
    }
    let (sin, cos) = z.im.sin_cos();
    if z.re.abs() > 20.0 && z.im.is_finite() {
        let half = polar_exp(z.re.abs() - std::f64::consts::LN_2, z.im);
        return c(half.re.copysign(z.re * cos), half.im);
    }
    let re = if z.re == 0.0 { z.re } else { z.re.sinh() * cos };
    c(re, z.re.cosh() * sin)
}

pub(crate) fn cosh(z: C) -> C {
    if z.im == 0.0 {
        return c(z.re.cosh(), 0f64.copysign(z.re) * z.im);
    }
    let (sin, cos) = z.im.sin_cos();
    if z.re.abs() > 20.0 && z.im.is_finite() {
        let half = polar_exp(z.re.abs() - std::f64::consts::LN_2, z.im);
        return c(half.re, half.im.copysign(z.re * sin));
    }
    let im = if z.re == 0.0 { z.re } else { z.re.sinh() * sin };
    c(z.re.cosh() * cos, im)
}

pub(crate) fn tanh(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        return c(x.tanh(), y);
    }
    if x.abs() > 20.0 {
        let im = if y.is_finite() { 4.0 * (-2.0 * x.abs()).exp() * y.sin() * y.cos() } else { 0.0 };
        return c(1f64.copysign(x), im);
    }
    let t = y.tan();
    let s = x.sinh();
    let rho = (1.0 + s * s).sqrt();
    let beta = 1.0 + t * t;
    if beta.is_infinite() {
        return c(rho / s, 1.0 / t);
    }
    let norm = 1.0 + beta * s * s;
    c(beta * rho * s / norm, t / norm)
}

/// f(z) from g(iz) where f(z) = -i g(iz).
fn turned(g: fn(C) -> C, z: C) -> C {
    let w = g(c(-z.im, z.re));
    c(w.im, -w.re)
}

pub(crate) fn sin(z: C) -> C {
    turned(sinh, z)
}

pub(crate) fn cos(z: C) -> C {
    cosh(c(-z.im, z.re))
}

pub(crate) fn tan(z: C) -> C {
    turned(tanh, z)
}

/// Beyond this, 1 is lost in a sum with z, and the square of z would overflow.
const HUGE: f64 = 1e15;

fn is_huge(z: C) -> bool {
    z.re.abs() > HUGE || z.im.abs() > HUGE
}

/// ln 2 + ln |z|
fn log_twice(z: C) -> f64 {
    std::f64::consts::LN_2 + log_norm(z.re, z.im)
}

/// sqrt(1 - z) and sqrt(1 + z).
fn roots(z: C) -> (C, C) {
    (sqrt(c(1.0 - z.re, -z.im)), sqrt(c(1.0 + z.re, z.im)))
}

pub(crate) fn asin(z: C) -> C {
    if is_huge(z) {
        return c(z.re.atan2(z.im.abs()), log_twice(z).copysign(z.im));
    }
    let (minus, plus) = roots(z);
    let re = z.re.atan2(minus.re * plus.re - minus.im * plus.im);
    c(re, double::asinh(minus.re * plus.im - minus.im * plus.re))
}

pub(crate) fn acos(z: C) -> C {
    if is_huge(z) {
        return c(z.im.abs().atan2(z.re), -log_twice(z).copysign(z.im));
    }
    let (minus, plus) = roots(z);
    let im = double::asinh(plus.re * minus.im - plus.im * minus.re);
    c(2.0 * minus.re.atan2(plus.re), im)
}

pub(crate) fn acosh(z: C) -> C {
    if is_huge(z) {
        return c(log_twice(z), z.im.atan2(z.re));
    }
    let minus = sqrt(c(z.re - 1.0, z.im));
    let plus = sqrt(c(z.re + 1.0, z.im));
    let re = double::asinh(minus.re * plus.re + minus.im * plus.im);
    c(re, 2.0 * minus.im.atan2(plus.re))
}

pub(crate) fn asinh(z: C) -> C {
    turned(asin, z)
}

pub(crate) fn atanh(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if is_huge(z) {
        // 1/z, and the quarter turn of the side of the cut.
        let re = if x.is_infinite() || y.is_infinite() {
            0f64.copysign(x)
        } else {
            div(c(1.0, 0.0), z).re
        };
        return c(re, std::f64::consts::FRAC_PI_2.copysign(y));
    }
    let a = x.abs();
    let re = 0.25 * (4.0 * a / ((1.0 - a) * (1.0 - a) + y * y)).ln_1p();
    let im = 0.5 * (2.0 * y).atan2((1.0 - a) * (1.0 + a) - y * y);
    c(re.copysign(x), im)
}

pub(crate) fn atan(z: C) -> C {
    turned(atanh, z)
}

pub(crate) fn logistic(z: C) -> C {
    let e = exp(c(-z.re, -z.im));
    div(c(1.0, 0.0), c(1.0 + e.re, e.im))
}

/// x^y, with 1 for y = 0 or x = 1, and 0 for x = 0 and a positive real part of y.
pub(crate) fn pow(x: C, y: C) -> C {
    let one = c(1.0, 0.0);
    if y == c(0.0, 0.0) || x == one {
        return one;
    }
    if x == c(0.0, 0.0) && y.re > 0.0 {
        return c(0.0, 0.0);
    }
    exp(mul(y, log(x)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(x: C, y: C) -> bool {
        (x - y).norm() <= 1e-14 * (1.0 + y.norm())
    }

    /// Points in all quadrants, of all sizes, and on both sides of the cuts.
    fn points() -> Vec<C> {
        let parts = [0.0, 1e-12, 0.3, 1.0, 1.7, 5.0, 18.0];
        let mut points = Vec::new();
        for x in parts {
            for y in parts {
                points.extend([c(x, y), c(x, -y), c(-x, y), c(-x, -y)]);
            }
        }
        points
    }

    #[test]
    fn inverses_lead_back() {
        for z in points() {
            assert!(close(exp(log(z)), z) || z == c(0.0, 0.0), "log {z}");
            assert!(close(expm1(log1p(z)), z) || z == c(-1.0, 0.0), "log1p {z}");
            assert!(close(mul(sqrt(z), sqrt(z)), z), "sqrt {z}");
            assert!(close(div(mul(z, c(2.0, -3.0)), c(2.0, -3.0)), z), "div {z}");
            // The round trip through these loses digits with the size of the result.
            let round = |x: C, y: C| (x - y).norm() <= 1e-11 * (1.0 + y.norm());
            assert!(round(sin(asin(z)), z), "asin {z}");
            assert!(round(cos(acos(z)), z), "acos {z}");
            assert!(round(sinh(asinh(z)), z), "asinh {z}");
            assert!(round(cosh(acosh(z)), z), "acosh {z}");
            if (z - 1.0).norm() > 0.1 && (z + 1.0).norm() > 0.1 {
                assert!(round(tanh(atanh(z)), z), "atanh {z}");
            }
            if (z - C::i()).norm() > 0.1 && (z + C::i()).norm() > 0.1 {
                assert!(round(tan(atan(z)), z), "atan {z}");
            }
        }
    }

    #[test]
    fn cuts_follow_the_sign_of_zero() {
        assert_eq!(sqrt(c(-4.0, 0.0)), c(0.0, 2.0));
        assert_eq!(sqrt(c(-4.0, -0.0)), c(0.0, -2.0));
        assert_eq!(log(c(-1.0, -0.0)).im, -std::f64::consts::PI);
        assert!(asin(c(2.0, 0.0)).im > 0.0 && asin(c(2.0, -0.0)).im < 0.0);
        assert!(atanh(c(2.0, 0.0)).im > 0.0 && atanh(c(2.0, -0.0)).im < 0.0);
    }

    #[test]
    fn extremes_are_reached_without_overflow() {
        assert_eq!(div(c(1e300, 1e300), c(1e300, 1e300)), c(1.0, 0.0));
        assert_eq!(div(c(1.0, 0.0), c(f64::INFINITY, 0.0)), c(0.0, 0.0));
        assert_eq!(div(c(1.0, 1.0), c(0.0, 0.0)), c(f64::INFINITY, f64::INFINITY));
        assert_eq!(sqrt(c(0.0, f64::INFINITY)), c(f64::INFINITY, f64::INFINITY));
        assert!(close(sqrt(c(1e308, 1e308)) / 1e154, sqrt(c(1.0, 1.0))));
        assert!((log(c(1e308, 1e308)).re - (2f64.sqrt().ln() + 1e308f64.ln())).abs() < 1e-12);
        assert_eq!(tanh(c(1000.0, 1.0)).re, 1.0);
        assert_eq!(exp(c(f64::NEG_INFINITY, f64::NAN)).norm(), 0.0);
        assert_eq!(pow(c(0.0, 0.0), c(0.0, 0.0)), c(1.0, 0.0));
        assert_eq!(pow(c(0.0, 0.0), c(2.0, 1.0)), c(0.0, 0.0));
    }
}
