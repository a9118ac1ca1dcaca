//! Reverse mode: `vjp`, `linear_transpose`, and `closure_convert`, which makes what a function
//! closes over an argument of it.

use pullback_core::jaxpr::{JaxprRef, Staged, stage};
use pullback_core::primitives::Cotangent;
use pullback_core::{Array, Aval, DType, Error, Result, transforms};

use super::{called, over_leaves, rebuilt};
use crate::flat::zeros;
use crate::function::{Function, Signature};
use crate::pytree::{Pytree, emptied};

/// The value of a function, and the function from a cotangent of it to those of the arguments.
///
/// Cotangents with respect to whole numbers are zeros of type `float0`.
///
/// ```
/// # use pullback::prelude::*;
/// let f = |x: &Array, y: &Array| x * y;
/// let (value, pullback) = vjp(f, &(Array::from(3.0), Array::from(5.0)))?;
/// assert_eq!(value, 15.0);
/// let (dx, dy) = pullback(&Array::from(2.0))?;
/// assert_eq!((dx.to_f64()?, dy.to_f64()?), (10.0, 6.0));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// Those of the function, and a missing derivative of an operation that it uses. The second
/// function fails if a cotangent is not of the type of its result.
pub fn vjp<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
) -> Result<(F::Value, impl Fn(&F::Value) -> Result<M::Args> + use<M, F>)> {
    let x = args.leaves();
    let mut tree = None;
    let call = over_leaves(|args| f.call(args), args, &mut tree);
    let (y, derivative) = transforms::linearize(call, &x, &vec![true; x.len()])?;
    let value = rebuilt(tree, y)?;
    let args = args.clone();
    let types: Vec<Aval> = value.leaves().iter().map(Array::aval).collect();
    let pullback = move |ct: &F::Value| -> Result<M::Args> {
        let dx = derivative.transpose(&seeds("vjp", &ct.leaves(), &types)?)?;
        let dx = x.iter().zip(dx).map(|(x, dx)| match dx {
            Some(dx) => Ok(dx),
            None => zeros(&x.aval().tangent()),
        });
        Ok(args.with_leaves(dx.collect::<Result<_>>()?))
    };
    Ok((value, pullback))
}

/// Cotangents, checked to be of the types of the results; those of whole numbers are ignored.
fn seeds(function: &str, cts: &[Array], types: &[Aval]) -> Result<Vec<Cotangent>> {
    if cts.len() != types.len() {
        return Err(Error::Structure {
            function: function.into(),
            message: format!(
                "there must be one cotangent for each of the {} results, got {}",
                types.len(),
                cts.len()
            ),
        });
    }
    let pairs = cts.iter().zip(types);
    pairs
        .map(|(ct, aval)| {
            let expected = aval.tangent();
            match expected.dtype == DType::Float0 || expected.same_type(&ct.aval()) {
                true => Ok((expected.dtype != DType::Float0).then(|| ct.clone())),
                false => Err(Error::value_error(
                    function,
                    format!(
                        "got a cotangent of type {}, but expected {expected} because the \
                         corresponding result of the function has type {aval}",
                        ct.aval()
                    ),
                )),
            }
        })
        .collect()
}

/// The transpose of a linear function: from a cotangent of its value to those of its arguments.
///
/// Of `args` only structure, shapes and types matter.
///
/// ```
/// # use pullback::prelude::*;
/// let sums = |x: &Array| x.sum_axis(0);
/// let transposed = linear_transpose(sums, &(Array::from([[0.0, 0.0], [0.0, 0.0]]),))?;
/// let (x,) = transposed(&Array::from([1.0, 2.0]))?;
/// assert_eq!(x, Array::from([[1.0, 2.0], [1.0, 2.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// Those of the function. The transpose fails if the function is not linear, or a cotangent is not
/// of the type of its result.
pub fn linear_transpose<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
) -> Result<impl Fn(&F::Value) -> Result<M::Args> + use<M, F>> {
    let types: Vec<Aval> = args.leaves().iter().map(Array::aval).collect();
    let mut tree = None;
    let call = over_leaves(|args| f.call(args), args, &mut tree);
    let Staged { jaxpr, captured } = stage(&types, call)?;
    called(tree)?;
    let args = emptied(args);
    let linear: Vec<bool> = (0..jaxpr.inputs.len()).map(|at| at >= captured.len()).collect();
    let results = jaxpr.output_avals();
    Ok(move |ct: &F::Value| {
        let seeds = seeds("linear_transpose", &ct.leaves(), &results)?;
        let dx = transforms::backward(&jaxpr, &linear, &captured, &seeds)?;
        let dx = dx.into_iter().zip(&types).map(|(dx, aval)| dx.map_or_else(|| zeros(aval), Ok));
        Ok(args.with_leaves(dx.collect::<Result<_>>()?))
    })
}

/// A function without what it closes over: the arrays of the transformations around that it uses
/// become a second argument. Gives the function and those arrays.
///
/// It is needed where a function is handed to a rule of its own, as [`custom_vjp`](crate::custom_vjp),
/// and has to be differentiated with respect to what it closes over. It takes its arguments as one
/// tuple. Of `args` only structure, shapes and types matter.
///
/// ```
/// # use pullback::prelude::*;
/// let f = |y: &Array| -> Result<Array> {
///     let inner = |x: &Array| x * y;
///     let (converted, closed_over) = closure_convert(inner, &(y.clone(),))?;
///     assert_eq!(closed_over.len(), 1);
///     converted(&(5.0.into(),), &closed_over)
/// };
/// assert_eq!(grad(f)(&3.0.into()), 5.0);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// Those of the function.
pub fn closure_convert<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
) -> Result<(impl Fn(&M::Args, &Vec<Array>) -> Result<F::Value> + use<M, F>, Vec<Array>)> {
    let types: Vec<Aval> = args.leaves().iter().map(Array::aval).collect();
    let mut tree = None;
    let call = over_leaves(|args| f.call(args), args, &mut tree);
    let Staged { jaxpr, captured } = stage(&types, call)?;
    let jaxpr = JaxprRef::from(jaxpr);
    let tree = emptied(&called(tree)?);
    let converted = move |args: &M::Args, closed_over: &Vec<Array>| {
        let inputs: Vec<Array> = closed_over.iter().cloned().chain(args.leaves()).collect();
        Ok(tree.with_leaves(jaxpr.eval_all(&inputs)?))
    };
    Ok((converted, captured))
}
