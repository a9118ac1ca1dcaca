//! The inverse of the error function that samples of the gamma distribution are drawn by.

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
}
