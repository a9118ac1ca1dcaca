//! Derivatives by differences, and checks of others against them.

use pullback_core::primitives::Cotangent;
use pullback_core::primitives::rules as lax;
use pullback_core::trace::Tangent;
use pullback_core::{Array, Error, Result, transforms};

use super::tangents_of;
use crate::function::{Function, Signature};
use crate::pytree::Pytree;

/// The tangent of the value of a function when its arguments move along `tangents`, by a central
/// difference: the function is called at both ends of a step of length `eps`.
///
/// It has an error of the order of the square of `eps`, and one of rounding that grows as `eps`
/// shrinks; `1e-2` is a good choice for single precision, `1e-4` for double.
///
/// ```
/// # use pullback::{numerical_jvp, prelude::*};
/// let dy = numerical_jvp(|x: &Array| x.powi(3), &(2.0.into(),), &(1.0.into(),), 1e-2)?;
/// assert!((dy.to_f64()? - 12.0).abs() < 1e-2);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If a tangent is not of the type of its argument, and those of the function.
pub fn numerical_jvp<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
    tangents: &M::Args,
    eps: f64,
) -> Result<F::Value> {
    let x = args.leaves();
    let dx = tangents_of("numerical_jvp", &x, &tangents.leaves())?;
    let at = |by: f64| f.call(&args.with_leaves(moved(&x, &dx, by)?));
    let (after, before) = (at(eps / 2.0)?, at(-eps / 2.0)?);
    let rates = after.leaves().into_iter().zip(before.leaves()).map(|(y, before)| {
        if !y.dtype().is_inexact() {
            return crate::flat::zeros(&y.aval().tangent());
        }
        lax::div(&lax::sub(&y, &before)?, &lax::number(eps, &y))
    });
    Ok(after.with_leaves(rates.collect::<Result<_>>()?))
}

/// The arrays moved along tangents, by so many times their length.
fn moved(x: &[Array], dx: &[Tangent], by: f64) -> Result<Vec<Array>> {
    let pairs = x.iter().zip(dx);
    pairs
        .map(|(x, dx)| match dx.value() {
            Some(dx) => lax::add(x, &lax::mul(dx, &lax::number(by, dx))?),
            None => Ok(x.clone()),
        })
        .collect()
}

/// An error, unless the derivative of a function in forward mode agrees with a difference.
///
/// It is taken along a fixed direction, with a step of `eps`; see [`numerical_jvp`].
///
/// ```
/// # use pullback::{check_jvp, prelude::*};
/// check_jvp(|x: &Array| x.sin(), &(Array::from([0.5, 1.0]),), 1e-2, 1e-2)?;
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If they differ by more than `tolerance`, and the function's own.
pub fn check_jvp<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
    eps: f64,
    tolerance: f64,
) -> Result<()> {
    let x = args.leaves();
    let directions = x.iter().map(direction_of).collect::<Result<Vec<_>>>()?;
    let call = |leaves: &[Array]| Ok(f.call(&args.with_leaves(leaves.to_vec()))?.leaves());
    let (y, dy) = transforms::jvp(call, &x, directions.clone())?;
    let difference = rate(&call, &x, &directions, &y, eps)?;
    let along = dot(&weights(&y)?, &values(&dy))?;
    agree("check_jvp", "the derivative differs from the difference", along, difference, tolerance)
}

/// An error, unless the derivative of a function in reverse mode agrees with a difference.
///
/// ```
/// # use pullback::{check_vjp, prelude::*};
/// check_vjp(|x: &Array| x.sin(), &(Array::from([0.5, 1.0]),), 1e-2, 1e-2)?;
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If they differ by more than `tolerance`, and the function's own.
pub fn check_vjp<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
    eps: f64,
    tolerance: f64,
) -> Result<()> {
    let x = args.leaves();
    let directions = x.iter().map(direction_of).collect::<Result<Vec<_>>>()?;
    let call = |leaves: &[Array]| Ok(f.call(&args.with_leaves(leaves.to_vec()))?.leaves());
    let (y, pullback) = transforms::vjp(call, &x, &vec![true; x.len()])?;
    let seeds: Vec<Cotangent> = weights(&y)?;
    let back = dot(&pullback(&seeds)?, &values(&directions))?;
    let difference = rate(&call, &x, &directions, &y, eps)?;
    agree("check_vjp", "the transpose differs from the difference", back, difference, tolerance)
}

/// The rate of change of a weighted sum of all results, by a central difference.
fn rate(f: &Flat<'_>, x: &[Array], dx: &[Tangent], y: &[Array], eps: f64) -> Result<f64> {
    let weights = weights(y)?;
    let at = |by: f64| -> Result<f64> {
        let y: Vec<Cotangent> = f(&moved(x, dx, by)?)?.into_iter().map(Some).collect();
        dot(&weights, &y)
    };
    Ok((at(eps / 2.0)? - at(-eps / 2.0)?) / eps)
}

/// A fixed direction for what has a derivative, zero for what has none.
fn direction_of(x: &Array) -> Result<Tangent> {
    match x.dtype().is_inexact() {
        true => direction(x).map(Tangent::Value),
        false => Ok(Tangent::zero(x)),
    }
}

/// Fixed weights for results that have derivatives.
fn weights(y: &[Array]) -> Result<Vec<Cotangent>> {
    let weight = |y: &Array| y.dtype().is_inexact().then(|| direction(y)).transpose();
    y.iter().map(weight).collect()
}

fn values(tangents: &[Tangent]) -> Vec<Cotangent> {
    tangents.iter().map(|tangent| tangent.value().cloned()).collect()
}

fn agree(function: &str, what: &str, got: f64, expected: f64, tolerance: f64) -> Result<()> {
    match (got - expected).abs() <= tolerance * (1.0 + expected.abs()) {
        true => Ok(()),
        false => {
            Err(Error::value_error(function, format!("{what}: got {got}, expected {expected}")))
        }
    }
}

/// An error, unless the derivatives of a function agree with differences and with each other.
///
/// The derivative along a fixed direction is compared with a central difference, and the
/// transpose with the derivative; for an `order` above 1, then both are checked as functions of
/// the same arguments.
///
/// ```
/// # use pullback::prelude::*;
/// check_grads(|x: &Array| x.sin(), &(Array::from([0.5, 1.0]),), 2, 1e-2)?;
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If they differ by more than `tolerance`, and the function's own.
pub fn check_grads<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
    order: usize,
    tolerance: f64,
) -> Result<()> {
    let leaves = args.leaves();
    let moves = |leaf: &&Array| leaf.dtype().is_inexact();
    let call = |x: &[Array]| {
        let mut x = x.iter().cloned();
        let fixed_or_next = |leaf: &Array| if moves(&leaf) { x.next() } else { None };
        let all = leaves.iter().map(fixed_or_next).zip(&leaves);
        let all = all.map(|(next, leaf)| next.unwrap_or_else(|| leaf.clone())).collect();
        Ok(f.call(&args.with_leaves(all))?.leaves())
    };
    let x: Vec<Array> = leaves.iter().filter(moves).cloned().collect();
    check_flat(&call, &x, order, tolerance)
}

/// A function of lists of arrays.
type Flat<'a> = dyn Fn(&[Array]) -> Result<Vec<Array>> + 'a;

fn check_flat(f: &Flat<'_>, x: &[Array], order: usize, tolerance: f64) -> Result<()> {
    let step = 2e-3;
    let directions = x.iter().map(direction_of).collect::<Result<Vec<_>>>()?;
    let forward = |x: &[Array]| -> Result<Vec<Array>> {
        let (_, dy) = transforms::jvp(f, x, directions.clone())?;
        dy.iter().map(Tangent::instantiate).collect()
    };
    let y = f(x)?;
    let weights = weights(&y)?;
    let backward = |x: &[Array]| -> Result<Vec<Array>> {
        let (_, pullback) = transforms::vjp(f, x, &vec![true; x.len()])?;
        let dx = pullback(&weights)?.into_iter().zip(x);
        dx.map(|(dx, x)| dx.map_or_else(|| lax::zeros_like(x), Ok)).collect()
    };
    let check = |what, got, expected| agree("check_grads", what, got, expected, tolerance);
    let present = |x: Vec<Array>| x.into_iter().map(Some).collect::<Vec<Cotangent>>();
    let along = dot(&weights, &present(forward(x)?))?;
    let difference = rate(f, x, &directions, &y, step)?;
    check("the derivative differs from the difference", along, difference)?;
    let back = dot(&present(backward(x)?), &values(&directions))?;
    check("the transpose differs from the derivative", back, along)?;
    if order > 1 {
        check_flat(&forward, x, order - 1, tolerance)?;
        check_flat(&backward, x, order - 1, tolerance)?;
    }
    Ok(())
}

/// A fixed direction in the space of `x`, with no two equal entries.
fn direction(x: &Array) -> Result<Array> {
    let count = lax::iota(x.dtype(), &[x.count()], 0)?;
    let wave = lax::cos(&lax::add(&count, &lax::number(0.3, &count))?)?;
    lax::reshape(&wave, x.shape())
}

/// The sum of the products of all elements of which both are there.
fn dot(x: &[Cotangent], y: &[Cotangent]) -> Result<f64> {
    let mut total = 0.0;
    for (x, y) in x.iter().zip(y) {
        let (Some(x), Some(y)) = (x, y) else { continue };
        let product = lax::mul(x, y)?;
        total += lax::reduce_sum(&product, &(0..product.rank()).collect::<Vec<_>>())?.to_f64()?;
    }
    Ok(total)
}
