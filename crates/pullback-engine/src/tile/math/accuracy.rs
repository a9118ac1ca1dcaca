//! Errors of the functions, by their kernels, and their special values.

use bytemuck::{cast_slice, cast_slice_mut};

use super::super::op::ScalarOp;
use super::super::table;
use super::reference::{Function, bound, functions};
use crate::dtype::DType;

const POINTS: &str = include_str!("reference.txt");

fn op(name: &str) -> ScalarOp {
    use ScalarOp::*;
    let all = [
        Exp, Exp2, Expm1, Log, Log1p, Log2, Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh,
        Asinh, Acosh, Atanh, Logistic, Erf, Erfc, ErfInv, Cbrt, Lgamma, Digamma, BesselI0e,
        BesselI1e, Pow, Atan2,
    ];
    all.into_iter().find(|op| op.name() == name).expect("a function of one or two numbers")
}

/// What the kernel gives.
fn run(op: ScalarOp, bits: usize, x: &[f64], y: &[f64]) -> Vec<f64> {
    let arity = op.arity();
    if bits == 32 {
        let narrow = |x: &[f64]| x.iter().map(|&x| x as f32).collect::<Vec<_>>();
        let (x, y) = (narrow(x), narrow(y));
        let mut out = vec![0f32; x.len()];
        let operands = [cast_slice(&x), cast_slice(&y)];
        let kernel = table::find(op, DType::F32).expect("a kernel");
        kernel.run(op, &operands[..arity], cast_slice_mut(&mut out));
        out.into_iter().map(f64::from).collect()
    } else {
        let mut out = vec![0f64; x.len()];
        let operands = [cast_slice(x), cast_slice(y)];
        let kernel = table::find(op, DType::F64).expect("a kernel");
        kernel.run(op, &operands[..arity], cast_slice_mut(&mut out));
        out
    }
}

#[test]
fn errors_are_within_the_bounds_at_the_points_of_reference() {
    let mut failures = Vec::new();
    for Function { name, bits, points } in functions(POINTS) {
        assert!(points.len() > 50, "{name}");
        let x: Vec<f64> = points.iter().map(|p| p.x).collect();
        let y: Vec<f64> = points.iter().map(|p| p.y).collect();
        for (point, result) in points.iter().zip(run(op(name), bits, &x, &y)) {
            let error = point.error(result, bits);
            if error > bound(name) {
                let (x, y) = (point.x, point.y);
                failures.push(format!("{name} f{bits} of {x:e}, {y:e}: {result:e}, {error} ulp"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Checks a function against that of the platform, which errs by less than an ulp.
fn dense(name: &str, bound: u64, exact: fn(f64) -> f64, low: f64, high: f64) {
    let count = 200_000;
    let x: Vec<f64> =
        (0..count).map(|i| low + (high - low) * (i as f64 + 0.37) / count as f64).collect();
    for (&x, y) in x.iter().zip(run(op(name), 64, &x, &[])) {
        let z = exact(x);
        let close = y.to_bits().abs_diff(z.to_bits()) <= bound;
        assert!(close, "{name} of {x:e}: {y:e} {z:e}");
    }
}

#[test]
fn functions_of_64_bits_are_close_to_those_of_the_platform() {
    dense("exp", 2, f64::exp, -750.0, 711.0);
    dense("exp", 2, f64::exp, -1.0, 1.0);
    dense("exp2", 2, f64::exp2, -1080.0, 1025.0);
    dense("expm1", 2, f64::exp_m1, -3.0, 3.0);
    dense("log", 2, f64::ln, 0.0, 10.0);
    dense("log1p", 2, f64::ln_1p, -1.0, 10.0);
    dense("log2", 2, f64::log2, 0.0, 10.0);
    dense("sin", 2, f64::sin, -1e3, 1e3);
    dense("cos", 2, f64::cos, -1e3, 1e3);
    dense("tan", 2, f64::tan, -1e3, 1e3);
    dense("sin", 2, f64::sin, -3e7, 3e7);
    dense("cos", 2, f64::cos, -1e300, 1e300);
    dense("tan", 2, f64::tan, -1e12, 1e12);
    dense("asin", 2, f64::asin, -1.0, 1.0);
    dense("acos", 2, f64::acos, -1.0, 1.0);
    dense("atan", 2, f64::atan, -4.0, 4.0);
    dense("sinh", 3, f64::sinh, -20.0, 20.0);
    dense("cosh", 3, f64::cosh, -20.0, 20.0);
    dense("tanh", 3, f64::tanh, -20.0, 20.0);
    dense("cbrt", 1, f64::cbrt, -10.0, 10.0);
}

/// Arguments and results that are equal, or both no number, and zeros of the same sign.
fn check(name: &str, values: &[(f64, f64)]) {
    let x: Vec<f64> = values.iter().map(|v| v.0).collect();
    for bits in [32, 64] {
        for (&(x, exact), y) in values.iter().zip(run(op(name), bits, &x, &[])) {
            let nearest = if bits == 32 { exact as f32 as f64 } else { exact };
            let same = y == nearest && y.is_sign_negative() == exact.is_sign_negative();
            assert!(same || (y.is_nan() && exact.is_nan()), "{name} f{bits} of {x}: {y} {exact}");
        }
    }
}

#[test]
fn special_values_are_those_of_c() {
    use std::f64::consts::{FRAC_PI_2, PI};
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    let odd = |at_infinity: f64| {
        [(0.0, 0.0), (-0.0, -0.0), (INF, at_infinity), (-INF, -at_infinity), (NAN, NAN)]
    };
    for name in ["sin", "tan"] {
        check(name, &odd(NAN));
    }
    for name in ["sinh", "asinh", "cbrt"] {
        check(name, &odd(INF));
    }
    for name in ["tanh", "erf"] {
        check(name, &odd(1.0));
    }
    for name in ["asin", "atanh", "erf_inv"] {
        check(name, &odd(NAN));
        check(name, &[(1.5, NAN), (-1.5, NAN)]);
    }
    check("asin", &[(1.0, FRAC_PI_2), (-1.0, -FRAC_PI_2)]);
    check("atanh", &[(1.0, INF), (-1.0, -INF)]);
    check("erf_inv", &[(1.0, INF), (-1.0, -INF)]);
    check("atan", &odd(FRAC_PI_2));
    check("acos", &[(1.0, 0.0), (-1.0, PI), (0.0, FRAC_PI_2), (1.5, NAN), (-INF, NAN), (NAN, NAN)]);
    check("cos", &[(0.0, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN)]);
    for name in ["exp", "exp2"] {
        check(name, &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (2e3, INF), (-2e3, 0.0)]);
        check(name, &[(NAN, NAN)]);
    }
    check("exp2", &[(3.0, 8.0), (-126.0, 2f64.powi(-126)), (-1080.0, 0.0)]);
    check("expm1", &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (2e3, INF), (NAN, NAN)]);
    for name in ["log", "log2"] {
        check(name, &[(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (INF, INF), (-1.0, NAN), (-INF, NAN)]);
        check(name, &[(NAN, NAN)]);
    }
    check("log2", &[(8.0, 3.0), (2f64.powi(-130), -130.0)]);
    check("log1p", &[(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (INF, INF), (-2.0, NAN), (NAN, NAN)]);
    check("cosh", &[(0.0, 1.0), (INF, INF), (-INF, INF), (2e3, INF), (NAN, NAN)]);
    check("acosh", &[(1.0, 0.0), (INF, INF), (0.5, NAN), (-2.0, NAN), (-INF, NAN), (NAN, NAN)]);
    check("logistic", &[(0.0, 0.5), (INF, 1.0), (-INF, 0.0), (NAN, NAN)]);
    check("erfc", &[(0.0, 1.0), (INF, 0.0), (-INF, 2.0), (NAN, NAN), (40.0, 0.0)]);
    check("cbrt", &[(27.0, 3.0), (-8.0, -2.0)]);
    check("lgamma", &[(1.0, 0.0), (2.0, 0.0), (0.0, INF), (-0.0, INF), (-1.0, INF), (-1e30, INF)]);
    check("lgamma", &[(INF, INF), (-INF, INF), (NAN, NAN)]);
    check("digamma", &[(0.0, -INF), (-0.0, -INF), (-1.0, NAN), (-1e30, NAN), (INF, INF)]);
    check("digamma", &[(-INF, NAN), (NAN, NAN)]);
}

#[test]
fn powers_and_angles_have_the_special_values_of_c() {
    let values = [
        0.0,
        0.5,
        1.0,
        1.5,
        2.0,
        3.0,
        1e-45,
        1e-310,
        1e30,
        1e300,
        16_777_217.0,
        9_007_199_254_740_993.0,
        f64::INFINITY,
        f64::NAN,
    ];
    let values: Vec<f64> = values.iter().flat_map(|&x| [x, -x]).collect();
    let pairs = || values.iter().flat_map(|&x| values.iter().map(move |&y| (x, y)));
    let (x, y): (Vec<f64>, Vec<f64>) = pairs().unzip();
    for (name, exact) in [("pow", f64::powf as fn(f64, f64) -> f64), ("atan2", f64::atan2)] {
        for ((x, y), z) in pairs().zip(run(op(name), 64, &x, &y)) {
            let exact = exact(x, y);
            let close = z.to_bits().abs_diff(exact.to_bits()) <= 2;
            assert!(close || (z.is_nan() && exact.is_nan()), "{name}({x}, {y}): {z} {exact}");
        }
        for ((x, y), z) in pairs().zip(run(op(name), 32, &x, &y)) {
            let exact = exact(x as f32 as f64, y as f32 as f64) as f32;
            let close = (z as f32).to_bits().abs_diff(exact.to_bits()) <= 2;
            assert!(close || (z.is_nan() && exact.is_nan()), "{name}({x}, {y}): {z} {exact}");
        }
    }
}
