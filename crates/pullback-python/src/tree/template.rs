//! A structure laid out for repeated use: taking trees that have it apart, and putting them
//! together, without finding out the structure again.
//!
//! A compiled function is called with trees of one structure, over and over. Whether a tree has
//! that structure costs less to see than what structure it has: keys need no sorting, and nothing
//! is collected but the leaves.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::{Kind, Node, TreeDef};

/// A node and what is below it.
pub struct Template {
    kind: Kind,
    children: Vec<Template>,
}

impl Template {
    /// The template of a structure.
    pub fn of(structure: &TreeDef) -> Template {
        fn at(nodes: &[Node]) -> Template {
            let Some((root, mut below)) = nodes.split_last() else {
                return Template { kind: Kind::None, children: vec![] };
            };
            let mut children = vec![];
            // Nodes are in post-order, so the last child is the nearest.
            for _ in 0..root.arity {
                let size = below.last().map_or(0, |child| child.nodes);
                let (rest, child) = below.split_at(below.len() - size);
                children.push(at(child));
                below = rest;
            }
            children.reverse();
            Template { kind: root.kind.clone(), children }
        }
        at(&structure.0)
    }

    /// Hands the leaves of a tree of this structure to `take`, in order, as long as it says to.
    ///
    /// False if `take` does, or if the tree is not seen to have the structure. That may be for
    /// another reason than that it has not: containers of classes other than tuple, list and
    /// dictionary are not looked into.
    pub fn leaves<'py>(
        &self,
        tree: &Bound<'py, PyAny>,
        take: &mut impl FnMut(&Bound<'py, PyAny>) -> bool,
    ) -> bool {
        match &self.kind {
            Kind::Leaf => take(tree),
            Kind::None => tree.is_none(),
            Kind::Tuple => match tree.cast_exact::<PyTuple>() {
                Ok(tuple) => {
                    tuple.len() == self.children.len()
                        && tuple
                            .iter_borrowed()
                            .zip(&self.children)
                            .all(|(entry, child)| child.leaves(&entry, take))
                }
                Err(_) => false,
            },
            Kind::List => match tree.cast_exact::<PyList>() {
                Ok(list) => {
                    list.len() == self.children.len()
                        && self
                            .children
                            .iter()
                            .enumerate()
                            // A list may be changed by what `take` calls, so its bounds are checked.
                            .all(|(i, child)| {
                                list.get_item(i).is_ok_and(|entry| child.leaves(&entry, take))
                            })
                }
                Err(_) => false,
            },
            Kind::Dict(keys) => match tree.cast_exact::<PyDict>() {
                Ok(dict) => {
                    dict.len() == self.children.len()
                        && keys.bind(tree.py()).iter().zip(&self.children).all(|(key, child)| {
                            matches!(dict.get_item(key), Ok(Some(entry)) if child.leaves(&entry, take))
                        })
                }
                Err(_) => false,
            },
            _ => false,
        }
    }

    /// The same for the children of the root, one by one: positional arguments, say.
    #[inline]
    pub fn each<'py>(
        &self,
        children: &[Bound<'py, PyAny>],
        take: &mut impl FnMut(&Bound<'py, PyAny>) -> bool,
    ) -> bool {
        children.len() == self.children.len()
            && children.iter().zip(&self.children).all(|(entry, child)| child.leaves(entry, take))
    }

    /// The template of one child.
    pub fn child(&self, at: usize) -> Option<&Template> {
        self.children.get(at)
    }

    /// The tree with these leaves.
    ///
    /// # Errors
    /// Those of the leaves and of registered classes.
    pub fn build<'py>(
        &self,
        py: Python<'py>,
        leaf: &mut impl FnMut() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match &self.kind {
            Kind::Leaf => leaf(),
            Kind::Dict(keys) => {
                let dict = PyDict::new(py);
                for (key, child) in keys.bind(py).iter().zip(&self.children) {
                    dict.set_item(key, child.build(py, leaf)?)?;
                }
                Ok(dict.into_any())
            }
            kind => {
                let children = self.children.iter().map(|child| child.build(py, leaf));
                super::build(py, kind, children.collect::<PyResult<_>>()?)
            }
        }
    }
}
