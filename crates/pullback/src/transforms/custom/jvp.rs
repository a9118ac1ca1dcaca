//! Forward derivatives: `custom_jvp`.

use std::sync::Arc;

use pullback_core::primitives::custom::custom_jvp_call::custom_jvp_call;
use pullback_core::primitives::custom::{JvpRule, Shared};
use pullback_core::trace::Tangent;
use pullback_core::{Array, Error, Result};

use super::{Kind, Shelf, SymbolicZeros, primal, same_structure};
use crate::function::{Function, Outcome, Signature, Transformed};
use crate::pytree::{Pytree, emptied};

/// The function, with a forward derivative of its own: `jvp` takes the arguments and their
/// tangents, each as a tuple, and gives the value and its tangent.
///
/// The tangent has to be linear in the tangents of the arguments; then reverse mode follows.
///
/// ```
/// # use pullback::prelude::*;
/// // log(1 + exp(x)), whose derivative does not overflow.
/// let softplus = custom_jvp(
///     |x: &Array| (x.exp() + 1.0).ln(),
///     |(x,): &(Array,), (dx,): &(Array,)| {
///         ((x.exp() + 1.0).ln(), (1.0 - 1.0 / (1.0 + x.exp())) * dx)
///     },
/// );
/// assert_eq!(grad(softplus)(&100.0.into()), 1.0);
/// ```
///
/// Called, it fails where the functions do; differentiated, if value and tangent differ in
/// structure or type.
pub fn custom_jvp<F, M, R, O>(f: F, jvp: R) -> Transformed<'static, M, F::Value>
where
    M: Signature,
    F: Function<M> + Send + Sync + 'static,
    R: Fn(&M::Args, &M::Args) -> O + Send + Sync + 'static,
    O: Outcome<Value = (F::Value, F::Value)>,
{
    with_rule(f, move |args: &M::Args, dx| {
        let (y, dy) = jvp(args, &dx.instantiate()?).into_result()?;
        same_structure("custom_jvp", "the value and the tangent that the rule gives", &y, &dy)?;
        let dy = dy.leaves().into_iter().map(Some).collect();
        Ok((y, dy))
    })
}

/// [`custom_jvp`] where tangents that are known to be zero are not made: `jvp` sees which they
/// are, and can say so of its own.
///
/// ```
/// # use pullback::{SymbolicZeros, custom_jvp_with_symbolic_zeros, prelude::*};
/// let f = custom_jvp_with_symbolic_zeros(
///     |x: &Array, y: &Array| x * y,
///     |(x, y): &(Array, Array), tangents: &SymbolicZeros<(Array, Array)>| -> Result<_> {
///         let value = x * y;
///         let dx = tangents.leaves()[0].as_ref().map(|dx| dx * y);
///         let dy = tangents.leaves()[1].as_ref().map(|dy| x * dy);
///         let sum = match (dx, dy) {
///             (Some(dx), Some(dy)) => Some(dx + dy),
///             (dx, dy) => dx.or(dy),
///         };
///         Ok((value.clone(), SymbolicZeros::new(&value, vec![sum])?))
///     },
/// );
/// assert_eq!(grad(f)(&2.0.into(), &3.0.into()), 3.0);
/// ```
pub fn custom_jvp_with_symbolic_zeros<F, M, R>(f: F, jvp: R) -> Transformed<'static, M, F::Value>
where
    M: Signature,
    F: Function<M> + Send + Sync + 'static,
    R: Fn(&M::Args, &SymbolicZeros<M::Args>) -> Result<(F::Value, SymbolicZeros<F::Value>)>
        + Send
        + Sync
        + 'static,
{
    with_rule(f, move |args: &M::Args, dx| {
        let (y, dy) = jvp(args, &dx)?;
        Ok((y, dy.leaves))
    })
}

/// The function with a rule from arguments and tangents to the value and the tangents of its
/// arrays.
fn with_rule<F, M, R>(f: F, rule: R) -> Transformed<'static, M, F::Value>
where
    M: Signature,
    F: Function<M> + Send + Sync + 'static,
    R: Fn(&M::Args, SymbolicZeros<M::Args>) -> Result<(F::Value, Vec<Option<Array>>)>
        + Send
        + Sync
        + 'static,
{
    let (f, rule) = (Arc::new(f), Arc::new(rule));
    let call = move |args: &M::Args| {
        let shelf = Shelf::new();
        let fun = primal::<M, F>(&f, args, &shelf);
        let jvp: Arc<JvpRule> = {
            let (rule, args, shelf) = (rule.clone(), emptied(args), shelf.clone());
            Arc::new(move |x: &[Array], dx: &[Tangent]| {
                let args = args.with_leaves(x.to_vec());
                let dx = dx.iter().map(|dx| dx.value().cloned()).collect();
                let (value, dy) = rule(&args, SymbolicZeros::new(&args, dx)?)?;
                shelf.put(Kind::of(&value));
                let y = value.leaves();
                let dy = checked_tangents(&y, dy)?;
                Ok((y, dy))
            })
        };
        let leaves = args.leaves();
        let inputs: Vec<&Array> = leaves.iter().collect();
        let y = custom_jvp_call(Shared::new("f", fun), Shared::new("jvp", jvp), &inputs)?;
        Ok(shelf.get()?.tree.with_leaves(y.into_vec()))
    };
    Transformed::new(call, ())
}

/// Tangents, checked to be of the types of the results.
fn checked_tangents(y: &[Array], dy: Vec<Option<Array>>) -> Result<Vec<Tangent>> {
    let pairs = y.iter().zip(dy);
    pairs
        .map(|(y, dy)| {
            let expected = y.aval().tangent();
            match dy {
                Some(dy) if expected.is_differentiable() => match dy.aval().same_type(&expected) {
                    true => Ok(Tangent::Value(dy)),
                    false => Err(Error::type_error(
                        "custom_jvp",
                        format!(
                            "the rule must give a tangent of type {expected} for a result of \
                                 type {}, but gave one of type {}",
                            y.aval(),
                            dy.aval()
                        ),
                    )),
                },
                _ => Ok(Tangent::Zero(expected)),
            }
        })
        .collect()
}
