//! The errors of the engine's functions, in units in the last place.

use std::path::Path;

use pullback_engine::Tensor;
use pullback_engine::tile::{ScalarOp, scalar};

#[path = "../../pullback-engine/src/tile/math/reference.rs"]
mod reference;

use reference::{Function, bound, functions};

/// Prints a line for each function and width: the largest error at the points of a file, where
/// it was found, and the mean. Fails if one is larger than it may be.
///
/// The points are those that the engine's tests use, unless a file of `scripts/reference.py` is
/// given.
pub fn print(root: &Path, file: Option<&str>) -> Result<(), String> {
    let own = root.join("crates/pullback-engine/src/tile/math/reference.txt");
    let path = file.map_or(own, |file| file.into());
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut beyond = Vec::new();
    println!("function\twidth\tlargest\tmean\tx\ty");
    for Function { name, bits, points } in functions(&text) {
        let op = op(name).ok_or(format!("{name} is no function of the engine"))?;
        let (mut largest, mut sum, mut at) = (0.0, 0.0, (0.0, 0.0));
        for point in &points {
            let result = apply(op, bits, point.x, point.y).ok_or(format!("{name} is undefined"))?;
            let error = point.error(result, bits);
            sum += error;
            if error > largest {
                (largest, at) = (error, (point.x, point.y));
            }
        }
        let mean = sum / points.len() as f64;
        println!("{name}\tf{bits}\t{largest:.3}\t{mean:.3}\t{:e}\t{:e}", at.0, at.1);
        if largest > bound(name) {
            beyond.push(format!("{name} f{bits}"));
        }
    }
    match beyond.is_empty() {
        true => Ok(()),
        false => Err(format!("larger errors than allowed: {}", beyond.join(", "))),
    }
}

fn op(name: &str) -> Option<ScalarOp> {
    use ScalarOp::*;
    let all = [
        Exp, Exp2, Expm1, Log, Log1p, Log2, Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh,
        Asinh, Acosh, Atanh, Logistic, Erf, Erfc, ErfInv, Cbrt, Lgamma, Digamma, BesselI0e,
        BesselI1e, Pow, Atan2,
    ];
    all.into_iter().find(|op| op.name() == name)
}

fn apply(op: ScalarOp, bits: usize, x: f64, y: f64) -> Option<f64> {
    let operand = |x: f64| match bits {
        32 => Tensor::scalar(x as f32),
        _ => Tensor::scalar(x),
    };
    let result = scalar(op, &[&operand(x), &operand(y)][..op.arity()]).ok()?;
    match bits {
        32 => result.item::<f32>().map(f64::from),
        _ => result.item::<f64>(),
    }
}
