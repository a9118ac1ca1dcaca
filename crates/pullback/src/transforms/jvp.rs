//! Forward mode: `jvp`, and `linearize`, which is forward mode at one point for many tangents.

use pullback_core::{Result, transforms};

use super::{instantiated, over_leaves, rebuilt, tangents_of};
use crate::function::{Function, Signature};
use crate::pytree::Pytree;

/// The value of a function, and its tangent when the arguments move along `tangents`.
///
/// A tangent has the shape and type of its argument; those of whole numbers are ignored.
///
/// ```
/// # use pullback::prelude::*;
/// let f = |x: &Array| x.powi(3);
/// let (y, dy) = jvp(f, &(Array::from(2.0),), &(Array::from(1.0),))?;
/// assert_eq!((y.to_f64()?, dy.to_f64()?), (8.0, 12.0));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If a tangent is not of the type of its argument; those of the function, and a missing
/// derivative of an operation that it uses.
pub fn jvp<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
    tangents: &M::Args,
) -> Result<(F::Value, F::Value)> {
    let x = args.leaves();
    let dx = tangents_of("jvp", &x, &tangents.leaves())?;
    let mut tree = None;
    let (y, dy) = transforms::jvp(over_leaves(|args| f.call(args), args, &mut tree), &x, dx)?;
    let dy = rebuilt(tree.clone(), instantiated(&dy)?)?;
    Ok((rebuilt(tree, y)?, dy))
}

/// The value of a function, and its derivative at the arguments: a linear function from tangents
/// of the arguments to tangents of the value.
///
/// The function itself is run once, here; the derivative can then be applied to many tangents.
///
/// ```
/// # use pullback::prelude::*;
/// let (y, df) = linearize(|x: &Array| x.powi(3), &(Array::from(2.0),))?;
/// assert_eq!(y, 8.0);
/// assert_eq!(df(&(1.0.into(),))?, 12.0);
/// assert_eq!(df(&(2.0.into(),))?, 24.0);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// Those of the function, and a missing derivative of an operation that it uses. The derivative
/// fails if a tangent is not of the type of its argument.
pub fn linearize<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
) -> Result<(F::Value, impl Fn(&M::Args) -> Result<F::Value> + use<M, F>)> {
    let x = args.leaves();
    let mut tree = None;
    let call = over_leaves(|args| f.call(args), args, &mut tree);
    let (y, derivative) = transforms::linearize(call, &x, &vec![true; x.len()])?;
    let value = rebuilt(tree, y)?;
    let like = value.clone();
    let apply = move |tangents: &M::Args| {
        let dx = tangents_of("linearize", &x, &tangents.leaves())?;
        Ok(like.with_leaves(instantiated(&derivative.apply(&dx)?)?))
    };
    Ok((value, apply))
}
