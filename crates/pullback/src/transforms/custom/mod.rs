//! Functions with derivatives of the user's own.
//!
//! What is handed over is kept in programs, which can run on any thread; so it has to be `Send`,
//! `Sync` and `'static`, which closures are that own what they close over.

mod gradient;
mod jvp;
mod vjp;

use std::sync::{Arc, Mutex, MutexGuard};

use pullback_core::primitives::custom::Fun;
use pullback_core::{Array, Aval, Error, Result};

use crate::flat::zeros;
use crate::function::{Function, Signature};
use crate::pytree::{Pytree, emptied, structure_of};

pub use gradient::custom_gradient;
pub use jvp::{custom_jvp, custom_jvp_with_symbolic_zeros};
pub use vjp::{custom_vjp, custom_vjp_with_symbolic_zeros};

/// A tree of tangents or cotangents in which those that are known to be zero are not there.
///
/// ```
/// # use pullback::{SymbolicZeros, prelude::*};
/// let like = (Array::from(1.0), Array::from(2.0));
/// let tangents = SymbolicZeros::new(&like, vec![None, Some(3.0.into())])?;
/// assert!(tangents.leaves()[0].is_none());
/// assert_eq!(tangents.instantiate()?.0, 0.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SymbolicZeros<T> {
    tree: T,
    leaves: Vec<Option<Array>>,
    types: Vec<Aval>,
}

impl<T: Pytree> SymbolicZeros<T> {
    /// Tangents or cotangents of the arrays of `primals`, in their order; `None` is zero.
    ///
    /// ```
    /// # use pullback::{Array, SymbolicZeros};
    /// let pair = (Array::from(1.0), Array::from(2.0));
    /// assert!(SymbolicZeros::new(&pair, vec![None, None]).is_ok());
    /// assert!(SymbolicZeros::new(&pair, vec![None]).is_err());
    /// ```
    ///
    /// # Errors
    /// If there are not as many as the tree has arrays.
    pub fn new(primals: &T, leaves: Vec<Option<Array>>) -> Result<SymbolicZeros<T>> {
        let types: Vec<Aval> = primals.leaves().iter().map(|x| x.aval().tangent()).collect();
        match types.len() == leaves.len() {
            true => Ok(SymbolicZeros { tree: emptied(primals), leaves, types }),
            false => Err(Error::Structure {
                function: "SymbolicZeros".into(),
                message: format!(
                    "a tree of {} arrays has as many tangents, got {}",
                    types.len(),
                    leaves.len()
                ),
            }),
        }
    }

    /// The arrays, in the order of the tree's; `None` is zero.
    ///
    /// ```
    /// # use pullback::{Array, SymbolicZeros};
    /// let zero = SymbolicZeros::new(&Array::from(1.0), vec![None])?;
    /// assert!(zero.leaves()[0].is_none());
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn leaves(&self) -> &[Option<Array>] {
        &self.leaves
    }

    /// The tree, with zeros where they are.
    ///
    /// ```
    /// # use pullback::{Array, SymbolicZeros};
    /// let zero = SymbolicZeros::new(&Array::from([1.0, 2.0]), vec![None])?;
    /// assert_eq!(zero.instantiate()?, Array::from([0.0, 0.0]));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// If zeros do not fit in memory.
    pub fn instantiate(&self) -> Result<T> {
        let array = |(leaf, aval): (&Option<Array>, &Aval)| match leaf {
            Some(leaf) => Ok(leaf.clone()),
            None => zeros(aval),
        };
        let leaves = self.leaves.iter().zip(&self.types).map(array).collect::<Result<_>>()?;
        Ok(self.tree.with_leaves(leaves))
    }
}

/// What the calls of one application leave for those that come later.
struct Shelf<T>(Arc<Mutex<Option<T>>>);

impl<T> Clone for Shelf<T> {
    fn clone(&self) -> Self {
        Shelf(self.0.clone())
    }
}

impl<T: Clone> Shelf<T> {
    fn new() -> Self {
        Shelf(Arc::default())
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn put(&self, value: T) {
        *self.lock() = Some(value);
    }

    fn get(&self) -> Result<T> {
        super::called(self.lock().clone())
    }
}

/// The tree of a value and its types, without its arrays.
#[derive(Clone)]
struct Kind<V> {
    tree: V,
    types: Vec<Aval>,
}

impl<V: Pytree> Kind<V> {
    fn of(value: &V) -> Kind<V> {
        let types = value.leaves().iter().map(Array::aval).collect();
        Kind { tree: emptied(value), types }
    }
}

/// The function over flat lists of arrays; the kind of its value is left on the shelf.
fn primal<M, F>(f: &Arc<F>, args: &M::Args, shelf: &Shelf<Kind<F::Value>>) -> Arc<Fun>
where
    M: Signature,
    F: Function<M> + Send + Sync + 'static,
{
    let (f, args, shelf) = (f.clone(), emptied(args), shelf.clone());
    Arc::new(move |x: &[Array]| {
        let value = f.call(&args.with_leaves(x.to_vec()))?;
        shelf.put(Kind::of(&value));
        Ok(value.leaves())
    })
}

fn same_structure<T: Pytree>(function: &str, what: &str, a: &T, b: &T) -> Result<()> {
    match structure_of(a) == structure_of(b) && a.leaves().len() == b.leaves().len() {
        true => Ok(()),
        false => Err(Error::Structure {
            function: function.into(),
            message: format!("{what} must have one structure"),
        }),
    }
}
