//! Vectorisation of functions over trees.

use pullback_core::trace::AxisData;
use pullback_core::trace::batch::{BatchAxis, at_axis};
use pullback_core::{Error, Result, transforms};

use crate::function::{Function, Signature, Transformed};
use crate::pytree::{Arguments, Pytree};

/// The function on every entry of its arguments along their first axis, with the results
/// one below the other.
pub fn vmap<'f, F, M>(f: F) -> Transformed<'f, M, F::Value>
where
    M: Signature,
    F: Function<M> + 'f,
{
    vmap_axes(f, &[])
}

/// As [`vmap`], where `axes` says for each argument which axis is mapped; `None` is none of
/// them. Arguments beyond its end are mapped along their first axis.
pub fn vmap_axes<'f, F, M>(f: F, axes: &[Option<usize>]) -> Transformed<'f, M, F::Value>
where
    M: Signature,
    F: Function<M> + 'f,
{
    let axes = axes.to_vec();
    Transformed::new(move |args: &M::Args| mapped::<F, M>(&f, args, &axes), ())
}

fn mapped<F: Function<M>, M: Signature>(
    f: &F,
    args: &M::Args,
    axes: &[Option<usize>],
) -> Result<F::Value> {
    let leaves = args.leaves();
    let places: Vec<BatchAxis> = args
        .counts()
        .into_iter()
        .enumerate()
        .flat_map(|(at, count)| {
            std::iter::repeat_n(axes.get(at).copied().unwrap_or(Some(0)), count)
        })
        .collect();
    let mut size = None;
    for (leaf, place) in leaves.iter().zip(&places) {
        let Some(axis) = place else { continue };
        let Some(&own) = leaf.shape().get(*axis) else {
            return Err(Error::value_error(
                "vmap",
                format!("an array of type {} has no axis {axis} to map over", leaf.aval()),
            ));
        };
        if *size.get_or_insert(own) != own {
            return Err(Error::value_error(
                "vmap",
                format!("got inconsistent sizes for array axes to be mapped: {size:?} and {own}"),
            ));
        }
    }
    let Some(size) = size else {
        return Err(Error::value_error("vmap", "must have at least one mapped argument"));
    };
    let mut tree = None;
    let call = |leaves: &[pullback_core::Array]| {
        let value = f.call(&args.with_leaves(leaves.to_vec()))?;
        let leaves = value.leaves();
        tree = Some(value);
        Ok(leaves)
    };
    let axis = AxisData { name: None, size };
    let (outputs, at) = transforms::vmap(call, &leaves, &places, axis)?;
    let outputs = outputs
        .iter()
        .zip(at)
        .map(|(y, at)| at_axis(y, at, size, 0))
        .collect::<Result<Vec<_>>>()?;
    match tree {
        Some(tree) => Ok(tree.with_leaves(outputs)),
        None => Err(Error::Program { message: "a function was not called".into() }),
    }
}
