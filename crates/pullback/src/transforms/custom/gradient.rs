//! Value and reverse derivative from one function: `custom_gradient`.

use std::sync::Arc;

use pullback_core::jaxpr::{JaxprRef, Staged, stage};
use pullback_core::primitives::Cotangent;
use pullback_core::primitives::custom::custom_vjp_call::{Bwd, Fwd, custom_vjp_call};
use pullback_core::primitives::custom::{Fun, Shared};
use pullback_core::{Array, Aval, Result};

use super::vjp::checked_cotangents;
use super::{Kind, Shelf};
use crate::flat::zeros;
use crate::function::{ByRef, Signature, Transformed};
use crate::pytree::{Arguments, Pytree, emptied};

/// A function that gives its value and its reverse derivative: `f` takes the arguments as a tuple,
/// and gives the value and a function from a cotangent of it to those of the arguments.
///
/// ```
/// # use pullback::{custom_gradient, prelude::*};
/// let f = custom_gradient(|(x,): &(Array,)| {
///     let x = x.clone();
///     // A derivative of the user's own: ten times that of the square.
///     Ok((x.square(), move |ct: &Array| Ok((ct * &x * 20.0,))))
/// });
/// assert_eq!(f(&3.0.into()), 9.0);
/// assert_eq!(grad(f)(&3.0.into()), 60.0);
/// ```
///
/// Called, it fails where `f` does.
pub fn custom_gradient<A, V, B, F>(f: F) -> Transformed<'static, ByRef<A>, V>
where
    A: Arguments,
    ByRef<A>: Signature<Args = A>,
    V: Pytree,
    B: Fn(&V) -> Result<A>,
    F: Fn(&A) -> Result<(V, B)> + Send + Sync + 'static,
{
    let f = Arc::new(f);
    let call = move |args: &A| {
        let shelf: Shelf<Kind<V>> = Shelf::new();
        let rule: Shelf<JaxprRef> = Shelf::new();
        let skeleton = emptied(args);
        let fun: Arc<Fun> = {
            let (f, args, shelf) = (f.clone(), skeleton.clone(), shelf.clone());
            Arc::new(move |x: &[Array]| {
                let (value, _) = f(&args.with_leaves(x.to_vec()))?;
                shelf.put(Kind::of(&value));
                Ok(value.leaves())
            })
        };
        let forward: Arc<Fwd> = {
            let (f, args, shelf, rule) = (f.clone(), skeleton, shelf.clone(), rule.clone());
            Arc::new(move |x: &[Array], _: &[bool]| {
                let (value, back) = f(&args.with_leaves(x.to_vec()))?;
                let kind = Kind::of(&value);
                let types: Vec<Aval> = kind.types.iter().map(Aval::tangent).collect();
                // What the second function closes over becomes residuals.
                let Staged { jaxpr, captured } =
                    stage(&types, |ct| Ok(back(&kind.tree.with_leaves(ct.to_vec()))?.leaves()))?;
                rule.put(jaxpr.into());
                shelf.put(kind);
                Ok((value.leaves(), captured))
            })
        };
        let types: Vec<Aval> = args.leaves().iter().map(Array::aval).collect();
        let backward: Arc<Bwd> = {
            let shelf = shelf.clone();
            Arc::new(move |residuals: &[Array], ct: &[Cotangent]| {
                let mut inputs = residuals.to_vec();
                for (ct, aval) in ct.iter().zip(&shelf.get()?.types) {
                    inputs.push(ct.clone().map_or_else(|| zeros(&aval.tangent()), Ok)?);
                }
                let given = rule.get()?.eval_all(&inputs)?;
                checked_cotangents(given.into_iter().map(Some).collect(), &types)
            })
        };
        let leaves = args.leaves();
        let y = custom_vjp_call(
            Shared::new("f", fun),
            Shared::new("fwd", forward),
            Shared::new("bwd", backward),
            &leaves.iter().collect::<Vec<_>>(),
        )?;
        Ok(shelf.get()?.tree.with_leaves(y.into_vec()))
    };
    Transformed::new(call, ())
}
