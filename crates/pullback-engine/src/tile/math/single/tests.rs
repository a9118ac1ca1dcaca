//! Functions of numbers of 32 bits against those of 64.

use super::super::double;
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
    assert!(worst <= bound, "{name}: {worst} ulp at {at:e}: {:e} {:e}", f(at), exact(at as f64));
}

#[test]
fn errors_are_within_the_stated_bounds() {
    check("exp", 1.0, exp, f64::exp);
    check("exp2", 1.0, exp2, f64::exp2);
    check("expm1", 2.0, expm1, f64::exp_m1);
    check("log", 1.0, log, f64::ln);
    check("log1p", 1.5, log1p, f64::ln_1p);
    check("log2", 2.0, log2, f64::log2);
    check("tanh", 1.5, tanh, f64::tanh);
    check("logistic", 2.0, logistic, |x| 1.0 / (1.0 + (-x).exp()));
    check("sinh", 2.0, sinh, f64::sinh);
    check("cosh", 2.0, cosh, f64::cosh);
    check("erf", 2.0, erf, double::erf);
    check("erfc", 1.0, erfc, double::erfc);
    check("erf_inv", 4.0, erf_inv, double::erf_inv);
    check("asin", 1.5, asin, f64::asin);
    check("acos", 1.5, acos, f64::acos);
    check("atan", 1.5, atan, f64::atan);
    check("asinh", 2.0, asinh, double::asinh);
    check("acosh", 2.0, acosh, double::acosh);
    check("atanh", 2.0, atanh, double::atanh);
    check("cbrt", 1.0, cbrt, f64::cbrt);
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
