//! Derivatives, against differences and against one another.
//!
//! Tangents and cotangents of complex numbers are paired as in JAX: by the real part of the
//! product, without conjugation.

use num_complex::Complex;
use pullback_core::primitives::{Input, Sample};
use pullback_core::trace::Tangent;
use pullback_core::transforms::{jvp, vjp};
use pullback_core::{Array, Result};

use crate::support::{
    Outcome, apply, array, close, close_where_finite, for_each_sample, is_double, say, values,
};

/// Arrays like the operands that have derivatives, in their places.
fn directions(sample: &Sample, seed: u64) -> Result<Vec<Option<Array>>> {
    let direction = |(at, input): (usize, &Input)| {
        let seed = seed.wrapping_mul(1009).wrapping_add(at as u64);
        let moves = input.dtype.is_inexact() && !sample.fixed.contains(&at);
        moves.then(|| Input::real(&input.shape, input.dtype).array(seed)).transpose()
    };
    sample.inputs.iter().enumerate().map(direction).collect()
}

/// `x + h dx`.
fn moved(x: &[Array], dx: &[Option<Array>], h: f64) -> Result<Vec<Array>> {
    x.iter()
        .zip(dx)
        .map(|(x, dx)| match dx {
            None => Ok(x.clone()),
            Some(dx) => {
                let sum: Vec<_> =
                    values(x).iter().zip(values(dx)).map(|(x, dx)| x + dx * h).collect();
                array(&sum, &x.aval())
            }
        })
        .collect()
}

fn tangents(x: &[Array], dx: &[Option<Array>]) -> Vec<Tangent> {
    x.iter()
        .zip(dx)
        .map(|(x, dx)| dx.as_ref().map_or(Tangent::zero(x), |dx| Tangent::Value(dx.clone())))
        .collect()
}

/// Whether all that moves is of double precision, and something does.
fn is_precise(sample: &Sample, results: &[Array]) -> bool {
    let inexact = |dtype: pullback_core::DType| dtype.is_inexact();
    let mut inputs = sample.inputs.iter().map(|input| input.dtype).filter(|&d| inexact(d));
    let mut outputs = results.iter().map(Array::dtype).filter(|&d| inexact(d));
    sample.inputs.iter().any(|input| inexact(input.dtype))
        && inputs.all(is_double)
        && results.iter().any(|y| inexact(y.dtype()))
        && outputs.all(is_double)
}

/// Differences of the inexact among the results of `f`.
fn differences(
    f: impl Fn(&[Array]) -> Result<Vec<Array>>,
    x: &[Array],
    dx: &[Option<Array>],
) -> Result<Vec<Vec<Complex<f64>>>> {
    const H: f64 = 1e-6;
    let (after, before) = (f(&moved(x, dx, H)?)?, f(&moved(x, dx, -H)?)?);
    Ok(after
        .iter()
        .zip(&before)
        .map(|(y, z)| {
            let pairs = values(y).into_iter().zip(values(z));
            pairs.map(|(y, z)| (y - z) / (2.0 * H)).collect()
        })
        .collect())
}

#[test]
fn jvp_agrees_with_differences() {
    for_each_sample(|sample| {
        let x = sample.arrays(2).map_err(say)?;
        let results = apply(sample, &x).map_err(say)?;
        if !sample.smooth || !is_precise(sample, &results) {
            return Ok(Outcome::Silent);
        }
        let dx = directions(sample, 3).map_err(say)?;
        let (y, dy) = jvp(|x| apply(sample, x), &x, tangents(&x, &dx)).map_err(say)?;
        let expected = differences(|x| apply(sample, x), &x, &dx).map_err(say)?;
        for (at, (y, dy)) in y.iter().zip(&dy).enumerate() {
            close("value", &values(y), &values(&results[at]), 1e-12)?;
            if y.dtype().is_inexact() {
                let dy = dy.instantiate().map_err(say)?;
                if dy.shape() != y.shape() || dy.dtype() != y.dtype() {
                    return Err(format!("a tangent of type {} for {}", dy.aval(), y.aval()));
                }
                close_where_finite("tangent", &values(&dy), &expected[at], 2e-6)?;
            }
        }
        Ok(Outcome::Holds)
    });
}

fn paired(x: &Array, y: &Array) -> f64 {
    values(x).iter().zip(values(y)).map(|(x, y)| (x * y).re).sum()
}

#[test]
fn vjp_is_the_transpose_of_jvp() {
    for_each_sample(|sample| {
        let x = sample.arrays(4).map_err(say)?;
        let results = apply(sample, &x).map_err(say)?;
        if !is_precise(sample, &results) {
            return Ok(Outcome::Silent);
        }
        let dx = directions(sample, 5).map_err(say)?;
        let active: Vec<bool> = dx.iter().map(Option::is_some).collect();
        let (_, dy) = jvp(|x| apply(sample, x), &x, tangents(&x, &dx)).map_err(say)?;
        let (y, pullback) = vjp(|x| apply(sample, x), &x, &active).map_err(say)?;
        let ct: Vec<Option<Array>> = y
            .iter()
            .enumerate()
            .map(|(at, y)| {
                let input = Input::real(y.shape(), y.dtype());
                y.dtype().is_inexact().then(|| input.array(6 + at as u64)).transpose()
            })
            .collect::<Result<_>>()
            .map_err(say)?;
        let back = pullback(&ct).map_err(say)?;
        let mut forth = 0.0;
        for (ct, dy) in ct.iter().zip(&dy) {
            if let (Some(ct), Some(dy)) = (ct, dy.value()) {
                forth += paired(ct, dy);
            }
        }
        let mut returned = 0.0;
        for ((back, dx), x) in back.iter().zip(&dx).zip(&x) {
            if let (Some(back), Some(dx)) = (back, dx) {
                if back.shape() != x.shape() || back.dtype() != x.dtype() {
                    return Err(format!("a cotangent of type {} for {}", back.aval(), x.aval()));
                }
                returned += paired(back, dx);
            }
        }
        let both = [Complex::new(returned, 0.0), Complex::new(forth, 0.0)];
        close_where_finite("pairing", &both[..1], &both[1..], 1e-9)?;
        Ok(Outcome::Holds)
    });
}

#[test]
fn second_derivatives_agree_with_differences() {
    for_each_sample(|sample| {
        let x = sample.arrays(7).map_err(say)?;
        let results = apply(sample, &x).map_err(say)?;
        if !sample.smooth || !is_precise(sample, &results) {
            return Ok(Outcome::Silent);
        }
        let (dx, ddx) = (directions(sample, 8).map_err(say)?, directions(sample, 9).map_err(say)?);
        let first = |x: &[Array]| -> Result<Vec<Array>> {
            let (_, dy) = jvp(|x| apply(sample, x), x, tangents(x, &dx))?;
            dy.iter().filter(|dy| dy.aval().is_differentiable()).map(Tangent::instantiate).collect()
        };
        let (_, given) = jvp(first, &x, tangents(&x, &ddx)).map_err(say)?;
        let expected = differences(first, &x, &ddx).map_err(say)?;
        for (given, expected) in given.iter().zip(&expected) {
            let given = given.instantiate().map_err(say)?;
            close_where_finite("second tangent", &values(&given), expected, 2e-5)?;
        }
        Ok(Outcome::Holds)
    });
}
