//! Functions of functions over trees, one file each.
//!
//! Each takes the trees of arguments and results apart and hands closures of their arrays to
//! [`flat`](crate::flat) or to the transforms of the core.

pub mod checkpoint;
pub mod custom;
pub mod grad;
pub mod jacobian;
pub mod jit;
pub mod jvp;
pub mod numerical;
pub mod stages;
pub mod staging;
pub mod vectorize;
pub mod vjp;
pub mod vmap;

use pullback_core::trace::Tangent;
use pullback_core::{Array, Error, Result};

use crate::pytree::{Arguments, Pytree};

/// A function over trees as one over lists of arrays; the tree of its results is kept aside.
pub(crate) fn over_leaves<'a, A: Pytree, V: Pytree>(
    f: impl Fn(&A) -> Result<V> + 'a,
    args: &'a A,
    tree: &'a mut Option<V>,
) -> impl FnMut(&[Array]) -> Result<Vec<Array>> + 'a {
    move |leaves| {
        let value = f(&args.with_leaves(leaves.to_vec()))?;
        let leaves = value.leaves();
        *tree = Some(value);
        Ok(leaves)
    }
}

/// The tree that a function gave, with these leaves.
pub(crate) fn rebuilt<V: Pytree>(tree: Option<V>, leaves: Vec<Array>) -> Result<V> {
    Ok(called(tree)?.with_leaves(leaves))
}

/// What a closure left when it was called.
pub(crate) fn called<V>(value: Option<V>) -> Result<V> {
    let message = || "a function was not called".into();
    value.ok_or_else(|| Error::Program { message: message() })
}

/// Some of the leaves of all arguments, those of the arguments in the places given.
struct Chosen {
    leaves: Vec<Array>,
    active: Vec<bool>,
}

impl Chosen {
    fn new<A: Arguments>(args: &A, places: &[usize]) -> Chosen {
        let active = args
            .counts()
            .into_iter()
            .enumerate()
            .flat_map(|(place, count)| std::iter::repeat_n(places.contains(&place), count))
            .collect();
        Chosen { leaves: args.leaves(), active }
    }

    /// The chosen leaves.
    fn inputs(&self) -> Vec<Array> {
        let chosen = self.leaves.iter().zip(&self.active).filter(|(_, active)| **active);
        chosen.map(|(leaf, _)| leaf.clone()).collect()
    }

    /// All leaves, with others in place of the chosen ones.
    fn with(&self, chosen: &[Array]) -> Vec<Array> {
        let mut chosen = chosen.iter();
        let place = |(leaf, active): (&Array, &bool)| match active {
            true => chosen.next().unwrap_or(leaf).clone(),
            false => leaf.clone(),
        };
        self.leaves.iter().zip(&self.active).map(place).collect()
    }
}

/// The tangents of `primals`, checked to be of their types; those of whole numbers are zero.
fn tangents_of(function: &str, primals: &[Array], tangents: &[Array]) -> Result<Vec<Tangent>> {
    if primals.len() != tangents.len() {
        return Err(Error::Structure {
            function: function.into(),
            message: format!(
                "there must be one tangent for each primal, but there are {} primals and {} \
                 tangents",
                primals.len(),
                tangents.len()
            ),
        });
    }
    let pairs = primals.iter().zip(tangents);
    pairs
        .map(|(x, dx)| {
            let expected = x.aval().tangent();
            if !expected.is_differentiable() {
                return match dx.dtype().is_inexact() {
                    true => Err(mismatch(function, x, dx)),
                    false => Ok(Tangent::Zero(expected)),
                };
            }
            match expected.same_type(&dx.aval()) {
                true => Ok(Tangent::Value(dx.clone())),
                false => Err(mismatch(function, x, dx)),
            }
        })
        .collect()
}

fn mismatch(function: &str, x: &Array, dx: &Array) -> Error {
    Error::type_error(
        function,
        format!(
            "primal and tangent must have one type; got a primal of type {} and a tangent of type \
             {}",
            x.aval(),
            dx.aval()
        ),
    )
}

/// Tangents as arrays, zeros included.
fn instantiated(tangents: &[Tangent]) -> Result<Vec<Array>> {
    let array = |tangent: &Tangent| match tangent {
        Tangent::Value(value) => Ok(value.clone()),
        Tangent::Zero(aval) => crate::flat::zeros(aval),
    };
    tangents.iter().map(array).collect()
}
