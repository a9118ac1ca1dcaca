//! Reverse derivatives: `custom_vjp`.

use std::sync::Arc;

use pullback_core::primitives::Cotangent;
use pullback_core::primitives::custom::Shared;
use pullback_core::primitives::custom::custom_vjp_call::{Bwd, Fwd, custom_vjp_call};
use pullback_core::{Array, Aval, DType, Error, Result};

use super::{Kind, Shelf, SymbolicZeros, primal, same_structure};
use crate::function::{Function, Outcome, Signature, Transformed};
use crate::pytree::{Pytree, emptied};

/// The function, with a reverse derivative of its own: `fwd` takes the arguments and gives the
/// value and residuals, any tree; `bwd` takes the residuals and a cotangent of the value, and gives
/// those of the arguments, as a tuple.
///
/// Where `bwd` is linear in the cotangent, as it is for every derivative, forward mode follows.
///
/// ```
/// # use pullback::prelude::*;
/// // The gradient is clipped on its way back.
/// let clipped = custom_vjp(
///     |x: &Array| x.clone(),
///     |x: &Array| (x.clone(), ()),
///     |_: &(), ct: &Array| (ct.minimum(&1.0.into()).maximum(&(-1.0).into()),),
/// );
/// assert_eq!(grad(|x: &Array| clipped(x) * 5.0)(&2.0.into()), 1.0);
/// ```
///
/// Called, it fails where the functions do; differentiated, if what `bwd` gives does not have the
/// structure and types of the arguments.
pub fn custom_vjp<F, M, G, B, R, O>(f: F, fwd: G, bwd: B) -> Transformed<'static, M, F::Value>
where
    M: Signature,
    F: Function<M> + Send + Sync + 'static,
    G: Function<M, Value = (F::Value, R)> + Send + Sync + 'static,
    R: Pytree,
    B: Fn(&R, &F::Value) -> O + Send + Sync + 'static,
    O: Outcome<Value = M::Args>,
{
    let fwd = move |args: &M::Args, _: &[bool]| fwd.call(args);
    with_halves(f, fwd, move |residuals: &R, ct: SymbolicZeros<F::Value>, args: &M::Args| {
        let dx = bwd(residuals, &ct.instantiate()?).into_result()?;
        same_structure("custom_vjp", "the arguments and what bwd gives", args, &dx)?;
        Ok(dx.leaves().into_iter().map(Some).collect())
    })
}

/// [`custom_vjp`] where cotangents that are known to be zero are not made: `fwd` also learns of
/// each array of the arguments whether it is differentiated, and `bwd` takes and gives trees in
/// which zeros are not there.
///
/// ```
/// # use pullback::{SymbolicZeros, custom_vjp_with_symbolic_zeros, prelude::*};
/// let f = custom_vjp_with_symbolic_zeros(
///     |x: &Array, y: &Array| x * y,
///     |(x, y): &(Array, Array), perturbed: &[bool]| {
///         // What is not differentiated needs no residual.
///         let kept = perturbed[0].then(|| y.clone());
///         Ok((x * y, (x.clone(), kept)))
///     },
///     |(x, y): &(Array, Option<Array>), ct: &SymbolicZeros<Array>| {
///         let ct = ct.instantiate()?;
///         Ok(vec![y.as_ref().map(|y| &ct * y), Some(&ct * x)])
///     },
/// );
/// assert_eq!(grad(f)(&2.0.into(), &3.0.into()), 3.0);
/// ```
pub fn custom_vjp_with_symbolic_zeros<F, M, G, B, R>(
    f: F,
    fwd: G,
    bwd: B,
) -> Transformed<'static, M, F::Value>
where
    M: Signature,
    F: Function<M> + Send + Sync + 'static,
    G: Fn(&M::Args, &[bool]) -> Result<(F::Value, R)> + Send + Sync + 'static,
    R: Pytree,
    B: Fn(&R, &SymbolicZeros<F::Value>) -> Result<Vec<Option<Array>>> + Send + Sync + 'static,
{
    with_halves(f, fwd, move |residuals: &R, ct, _: &M::Args| bwd(residuals, &ct))
}

fn with_halves<F, M, G, B, R>(f: F, fwd: G, bwd: B) -> Transformed<'static, M, F::Value>
where
    M: Signature,
    F: Function<M> + Send + Sync + 'static,
    G: Fn(&M::Args, &[bool]) -> Result<(F::Value, R)> + Send + Sync + 'static,
    R: Pytree,
    B: Fn(&R, SymbolicZeros<F::Value>, &M::Args) -> Result<Vec<Option<Array>>>
        + Send
        + Sync
        + 'static,
{
    let (f, fwd, bwd) = (Arc::new(f), Arc::new(fwd), Arc::new(bwd));
    let call = move |args: &M::Args| {
        let shelf = Shelf::new();
        let kept: Shelf<R> = Shelf::new();
        let fun = primal::<M, F>(&f, args, &shelf);
        let skeleton = emptied(args);
        let forward: Arc<Fwd> = {
            let (fwd, args) = (fwd.clone(), skeleton.clone());
            let (shelf, kept) = (shelf.clone(), kept.clone());
            Arc::new(move |x: &[Array], active: &[bool]| {
                let (value, residuals) = fwd(&args.with_leaves(x.to_vec()), active)?;
                shelf.put(Kind::of(&value));
                kept.put(emptied(&residuals));
                Ok((value.leaves(), residuals.leaves()))
            })
        };
        let types: Vec<Aval> = args.leaves().iter().map(Array::aval).collect();
        let backward: Arc<Bwd> = {
            let (bwd, shelf) = (bwd.clone(), shelf.clone());
            Arc::new(move |residuals: &[Array], ct: &[Cotangent]| {
                let residuals = kept.get()?.with_leaves(residuals.to_vec());
                let Kind { tree, types: results } = shelf.get()?;
                let results = results.iter().map(Aval::tangent).collect();
                let ct = SymbolicZeros { tree, leaves: ct.to_vec(), types: results };
                checked_cotangents(bwd(&residuals, ct, &skeleton)?, &types)
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

/// Cotangents, checked to be of the types of the arguments; those of whole numbers are zero.
pub(super) fn checked_cotangents(
    given: Vec<Option<Array>>,
    types: &[Aval],
) -> Result<Vec<Cotangent>> {
    if given.len() != types.len() {
        return Err(Error::Structure {
            function: "custom_vjp".into(),
            message: format!(
                "bwd must give one cotangent for each of the {} arrays of the arguments, but gave \
                 {}",
                types.len(),
                given.len()
            ),
        });
    }
    let pairs = given.into_iter().zip(types);
    pairs
        .map(|(ct, aval)| {
            let expected = aval.tangent();
            let Some(ct) =
                ct.filter(|ct| expected.is_differentiable() && ct.dtype() != DType::Float0)
            else {
                return Ok(None);
            };
            match ct.aval().same_type(&expected) {
                true => Ok(Some(ct)),
                false => Err(Error::value_error(
                    "custom_vjp",
                    format!(
                        "bwd must give a cotangent of type {expected}, but gave one of type {}",
                        ct.aval()
                    ),
                )),
            }
        })
        .collect()
}
