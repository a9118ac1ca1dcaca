//! Special functions of `f64` that no library at hand has, or has right.

use std::f64::consts::PI;

use super::single;

/// The inverse of the error function.
///
/// A start with at least three digits is refined by Halley's method, which triples them.
/// In the tails the complement is solved for, since 1 - |x| is exact there.
pub(crate) fn erf_inv(x: f64) -> f64 {
    let a = x.abs();
    if a > 1.0 || a.is_nan() {
        return f64::NAN;
    }
    if a == 1.0 {
        return f64::INFINITY.copysign(x);
    }
    let slope = |y: f64| 2.0 / PI.sqrt() * (-y * y).exp();
    if a < 0.75 {
        // Below the range of the start the function is linear.
        if a < 1e-30 {
            return x * (PI.sqrt() / 2.0);
        }
        let y = single::erf_inv(a as f32) as f64;
        let u = (libm::erf(y) - a) / slope(y);
        return (y - u / (1.0 + u * y)).copysign(x);
    }
    let complement = 1.0 - a;
    // A quantile of the normal distribution, good to three digits.
    let t = (-2.0 * (0.5 * complement).ln()).sqrt();
    let numerator = 2.515517 + t * (0.802853 + t * 0.010328);
    let denominator = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308));
    let mut y = (t - numerator / denominator) / std::f64::consts::SQRT_2;
    for _ in 0..2 {
        let u = (complement - libm::erfc(y)) / slope(y);
        y -= u / (1.0 + u * y);
    }
    y.copysign(x)
}

/// The inverse of cosh, which is not defined below 1: there the library's rounds off to anything.
pub(crate) fn acosh(x: f64) -> f64 {
    if x < 1.0 { f64::NAN } else { libm::acosh(x) }
}

/// The logarithmic derivative of the gamma function.
pub(crate) fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x < 0.0 {
        if x == x.floor() {
            return f64::NAN;
        }
        // ψ(x) = ψ(1 - x) - π / tan πx, where tan has period 1 in x.
        let r = x - x.round();
        return digamma_positive(1.0 - x) - PI / (PI * r).tan();
    }
    digamma_positive(x)
}

fn digamma_positive(mut x: f64) -> f64 {
    // ψ(x) = ψ(x + 1) - 1/x, until the asymptotic series is exact.
    let mut sum = 0.0;
    while x < 10.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let series = z
        * (1.0 / 12.0
            - z * (1.0 / 120.0
                - z * (1.0 / 252.0
                    - z * (1.0 / 240.0 - z * (1.0 / 132.0 - z * (691.0 / 32760.0 - z / 12.0))))));
    sum + (x.ln() - 0.5 / x - series)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(f: fn(f64) -> f64, values: &[(f64, f64)], tolerance: f64, floor: f64) {
        for &(x, exact) in values {
            let y = f(x);
            let scale = exact.abs().max(floor);
            assert!((y - exact).abs() <= tolerance * scale, "{x}: {y:e} {exact:e}");
        }
    }

    #[test]
    fn erf_inv_has_full_precision() {
        check(
            erf_inv,
            &[
                (1e-40, 8.86226925452758e-41),
                (0.1, 0.08885599049425769),
                (0.5, 0.4769362762044699),
                (0.74, 0.7964788056117074),
                (0.76, 0.8308411284745602),
                (0.9, 1.1630871536766743),
                (0.999, 2.3267537655135246),
                (0.9999999999990905, 5.05125408524939),
                (0.9999999999999999, 5.8635847487551676),
            ],
            5e-16,
            0.0,
        );
        assert_eq!((erf_inv(1.0), erf_inv(-1.0)), (f64::INFINITY, f64::NEG_INFINITY));
        assert!(erf_inv(1.1).is_nan() && erf_inv(f64::NAN).is_nan());
        assert!(erf_inv(-0.0) == 0.0 && erf_inv(-0.0).is_sign_negative());
    }

    #[test]
    fn digamma_has_full_precision() {
        // Around its roots, that of the terms which cancel there.
        check(
            digamma,
            &[
                (1e-10, -10000000000.577215),
                (-1e-10, 9999999999.422785),
                (0.1, -10.423754940411076),
                (0.5, -1.9635100260214235),
                (1.0, -0.5772156649015329),
                (1.5, 0.03648997397857652),
                (2.0, 0.42278433509846713),
                (5.0, 1.5061176684318005),
                (9.99, 2.250700372831201),
                (10.01, 2.2528037003181356),
                (100.0, 4.600161852738087),
                (1e+20, 46.051701859880914),
                (-0.5, 0.03648997397857652),
                (-1.5, 0.7031566406452432),
                (-20.3, 5.317549924239749),
            ],
            2e-15,
            1.0,
        );
        assert!(digamma(-3.0).is_nan() && digamma(f64::NAN).is_nan());
        assert_eq!((digamma(0.0), digamma(f64::INFINITY)), (f64::NEG_INFINITY, f64::INFINITY));
    }
}
