//! Trees of arrays: the containers that functions take and give.
//!
//! A tree is taken apart into its arrays, its leaves, and put together again from others in their
//! place; the tree itself says what its structure is.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use pullback_core::Array;

/// A container of arrays. `#[derive(Pytree)]` makes a struct one whose fields are.
///
/// ```
/// # use pullback::prelude::*;
/// #[derive(Clone, Pytree)]
/// struct Params {
///     weights: Array,
///     bias: Array,
/// }
///
/// let f = |p: &Params, x: &Array| p.weights.dot(x) + &p.bias;
/// let params = Params { weights: Array::from([1.0, 2.0]), bias: Array::from(3.0) };
/// assert_eq!(grad(f)(&params, &Array::from([5.0, 7.0])).weights, Array::from([5.0, 7.0]));
/// ```
pub trait Pytree: Clone + Send + Sync + 'static {
    /// Appends the arrays, in order.
    fn flatten(&self, leaves: &mut Vec<Array>);

    /// A container of the structure of this one, made of the next arrays of `leaves`.
    fn unflatten(&self, leaves: &mut dyn Iterator<Item = Array>) -> Self;

    /// Appends what tells the structure from others that have as many arrays.
    fn structure(&self, key: &mut Vec<u64>);

    /// The arrays, in order.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let tree = (Array::from(1), vec![Array::from(2), Array::from(3)]);
    /// assert_eq!(tree.leaves().len(), 3);
    /// ```
    fn leaves(&self) -> Vec<Array> {
        let mut leaves = vec![];
        self.flatten(&mut leaves);
        leaves
    }

    /// A container of the structure of this one, with other arrays.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let tree = vec![Array::from(1), Array::from(2)];
    /// assert_eq!(tree.with_leaves(vec![5.into(), 6.into()])[1], 6);
    /// ```
    fn with_leaves(&self, leaves: Vec<Array>) -> Self {
        self.unflatten(&mut leaves.into_iter())
    }
}

/// A number for a part of a structure that is no array, such as a key of a map.
///
/// ```
/// # use pullback::prelude::*;
/// use pullback::fingerprint;
/// assert_eq!(fingerprint(&"bias"), fingerprint(&"bias"));
/// assert_ne!(fingerprint(&"bias"), fingerprint(&"weights"));
/// ```
pub fn fingerprint(part: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    part.hash(&mut hasher);
    hasher.finish()
}

impl Pytree for Array {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        leaves.push(self.clone());
    }

    fn unflatten(&self, leaves: &mut dyn Iterator<Item = Array>) -> Self {
        // Transforms give back as many leaves as there were; a short list leaves the rest alone.
        leaves.next().unwrap_or_else(|| self.clone())
    }

    fn structure(&self, _: &mut Vec<u64>) {}
}

impl<T: Pytree> Pytree for Vec<T> {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        self.iter().for_each(|x| x.flatten(leaves));
    }

    fn unflatten(&self, leaves: &mut dyn Iterator<Item = Array>) -> Self {
        self.iter().map(|x| x.unflatten(leaves)).collect()
    }

    fn structure(&self, key: &mut Vec<u64>) {
        key.push(self.len() as u64);
        self.iter().for_each(|x| x.structure(key));
    }
}

impl<T: Pytree, const N: usize> Pytree for [T; N] {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        self.iter().for_each(|x| x.flatten(leaves));
    }

    fn unflatten(&self, leaves: &mut dyn Iterator<Item = Array>) -> Self {
        self.each_ref().map(|x| x.unflatten(leaves))
    }

    fn structure(&self, key: &mut Vec<u64>) {
        self.iter().for_each(|x| x.structure(key));
    }
}

impl<T: Pytree> Pytree for Option<T> {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        self.iter().for_each(|x| x.flatten(leaves));
    }

    fn unflatten(&self, leaves: &mut dyn Iterator<Item = Array>) -> Self {
        self.as_ref().map(|x| x.unflatten(leaves))
    }

    fn structure(&self, key: &mut Vec<u64>) {
        key.push(self.is_some() as u64);
        self.iter().for_each(|x| x.structure(key));
    }
}

impl<T: Pytree> Pytree for BTreeMap<String, T> {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        self.values().for_each(|x| x.flatten(leaves));
    }

    fn unflatten(&self, leaves: &mut dyn Iterator<Item = Array>) -> Self {
        self.iter().map(|(name, x)| (name.clone(), x.unflatten(leaves))).collect()
    }

    fn structure(&self, key: &mut Vec<u64>) {
        key.push(self.len() as u64);
        for (name, x) in self {
            key.push(fingerprint(name));
            x.structure(key);
        }
    }
}

/// The entries of a map in the order of their names, which does not change from run to run.
pub(crate) fn sorted<T>(map: &HashMap<String, T>) -> Vec<(&String, &T)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(name, _)| *name);
    entries
}

impl<T: Pytree> Pytree for HashMap<String, T> {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        sorted(self).into_iter().for_each(|(_, x)| x.flatten(leaves));
    }

    fn unflatten(&self, leaves: &mut dyn Iterator<Item = Array>) -> Self {
        sorted(self).into_iter().map(|(name, x)| (name.clone(), x.unflatten(leaves))).collect()
    }

    fn structure(&self, key: &mut Vec<u64>) {
        key.push(self.len() as u64);
        for (name, x) in sorted(self) {
            key.push(fingerprint(name));
            x.structure(key);
        }
    }
}

/// A tree without leaves, for what there is nothing of.
impl Pytree for () {
    fn flatten(&self, _: &mut Vec<Array>) {}

    fn unflatten(&self, _: &mut dyn Iterator<Item = Array>) -> Self {}

    fn structure(&self, key: &mut Vec<u64>) {
        key.push(0);
    }
}

/// The numbers that tell the structure of a tree from others.
pub(crate) fn structure_of(tree: &impl Pytree) -> Vec<u64> {
    let mut key = vec![];
    tree.structure(&mut key);
    key
}

/// The tree with a scalar for every leaf, so that it keeps no array alive: a tracer must not
/// outlive its trace.
pub(crate) fn emptied<V: Pytree>(tree: &V) -> V {
    tree.with_leaves(vec![Array::from(0.0); tree.leaves().len()])
}

/// The arguments of a function: a tuple of trees.
pub trait Arguments: Pytree {
    /// How many leaves each argument has.
    fn counts(&self) -> Vec<usize>;
}

/// The argument in place `I` of a tuple.
pub trait Argument<const I: usize> {
    /// Its type.
    type Item: Pytree;

    /// The argument.
    fn item(self) -> Self::Item;
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),+);)*) => {
        $(impl<$($name: Pytree),+> Pytree for ($($name,)+) {
            fn flatten(&self, leaves: &mut Vec<Array>) {
                $(self.$place.flatten(leaves);)+
            }

            fn unflatten(&self, leaves: &mut dyn Iterator<Item = Array>) -> Self {
                ($(self.$place.unflatten(leaves),)+)
            }

            fn structure(&self, key: &mut Vec<u64>) {
                $(self.$place.structure(key);)+
            }
        }

        impl<$($name: Pytree),+> Arguments for ($($name,)+) {
            fn counts(&self) -> Vec<usize> {
                vec![$(self.$place.leaves().len()),+]
            }
        }

        tuples! { @places [$($name)+] $($name $place)+ })*
    };
    (@places $all:tt $($name:ident $place:tt)+) => {
        $(tuples! { @place $all $name $place })+
    };
    (@place [$($all:ident)+] $name:ident $place:tt) => {
        impl<$($all: Pytree),+> Argument<$place> for ($($all,)+) {
            type Item = $name;

            fn item(self) -> $name {
                self.$place
            }
        }
    };
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
}
