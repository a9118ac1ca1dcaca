//! Pytrees: nested containers as a list of leaves and a structure.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};
use rustc_hash::FxHasher;

pub mod definition;
pub mod functions;
pub mod keys;
pub mod registry;
pub mod template;

pub use definition::PyTreeDef;
use registry::Registration;
pub use template::Template;

/// The leaves of a tree.
pub type Leaves = Vec<Py<PyAny>>;

/// What a node of a tree is.
#[derive(Clone)]
pub enum Kind {
    /// Anything that is not a container.
    Leaf,
    /// `None`, a container of nothing.
    None,
    /// A tuple.
    Tuple,
    /// A list.
    List,
    /// A dictionary, with its sorted keys.
    Dict(Arc<Py<PyList>>),
    /// An ordered dictionary, with its keys.
    OrderedDict(Arc<Py<PyList>>),
    /// A dictionary with defaults: what makes them, and the sorted keys.
    DefaultDict(Arc<(Py<PyAny>, Py<PyList>)>),
    /// A tuple with named fields, of this class.
    NamedTuple(Arc<Py<PyType>>),
    /// A registered class, and what it keeps besides its children.
    Custom(Arc<Registration>, Arc<Py<PyAny>>),
}

/// A node, in the post-order of a structure.
#[derive(Clone)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// How many children it has.
    pub arity: usize,
    /// How many leaves are below it.
    pub leaves: usize,
    /// How many nodes there are below it and itself.
    pub nodes: usize,
}

/// The structure of a tree, without its leaves.
#[derive(Clone)]
pub struct TreeDef(pub Arc<[Node]>);

impl TreeDef {
    /// The structure of a single leaf.
    pub fn leaf() -> TreeDef {
        static LEAF: std::sync::OnceLock<TreeDef> = std::sync::OnceLock::new();
        LEAF.get_or_init(|| {
            TreeDef([Node { kind: Kind::Leaf, arity: 0, leaves: 1, nodes: 1 }].into())
        })
        .clone()
    }

    /// Whether the whole tree is one leaf.
    #[inline]
    pub fn is_leaf(&self) -> bool {
        self.0.len() == 1 && matches!(self.0[0].kind, Kind::Leaf)
    }

    /// The outermost node.
    pub fn root(&self) -> &Node {
        &self.0[self.0.len() - 1]
    }

    /// The number of leaves.
    #[inline]
    pub fn leaves(&self) -> usize {
        self.root().leaves
    }

    /// The structures of the children.
    pub fn children(&self) -> Vec<TreeDef> {
        let mut children = vec![];
        let mut end = self.0.len() - 1;
        for _ in 0..self.root().arity {
            let start = end - self.0[end - 1].nodes;
            children.push(TreeDef(self.0[start..end].into()));
            end = start;
        }
        children.reverse();
        children
    }

    /// A node with these children.
    pub fn of(kind: Kind, children: &[TreeDef]) -> TreeDef {
        let mut nodes: Vec<Node> =
            children.iter().flat_map(|child| child.0.iter().cloned()).collect();
        let leaves = children.iter().map(TreeDef::leaves).sum();
        nodes.push(Node { kind, arity: children.len(), leaves, nodes: nodes.len() + 1 });
        TreeDef(nodes.into())
    }

    /// Whether two structures are equal.
    pub fn equals(&self, py: Python<'_>, other: &TreeDef) -> PyResult<bool> {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ok(true);
        }
        if self.0.len() != other.0.len() {
            return Ok(false);
        }
        for (a, b) in self.0.iter().zip(other.0.iter()) {
            if a.arity != b.arity || !same_kind(py, &a.kind, &b.kind)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A hash; equal structures have equal ones.
    pub fn hash(&self, py: Python<'_>) -> PyResult<u64> {
        let mut hasher = FxHasher::default();
        for node in self.0.iter() {
            node.arity.hash(&mut hasher);
            std::mem::discriminant(&node.kind).hash(&mut hasher);
            match &node.kind {
                Kind::Custom(registration, aux) => {
                    registration.class.as_ptr().hash(&mut hasher);
                    aux.bind(py).hash()?.hash(&mut hasher);
                }
                Kind::NamedTuple(class) => class.as_ptr().hash(&mut hasher),
                Kind::Dict(keys) | Kind::OrderedDict(keys) => {
                    for key in keys.bind(py) {
                        key.hash()?.hash(&mut hasher);
                    }
                }
                _ => {}
            }
        }
        Ok(hasher.finish())
    }

    /// The tree with these leaves, which are taken from the iterator as they are needed.
    ///
    /// # Errors
    /// If there are too few leaves, and those of registered classes.
    pub fn unflatten<'py>(
        &self,
        py: Python<'py>,
        leaves: impl IntoIterator<Item = Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut leaves = leaves.into_iter();
        let mut stack: Vec<Bound<'py, PyAny>> = vec![];
        for node in self.0.iter() {
            if let Kind::Leaf = node.kind {
                let leaf = leaves.next().ok_or_else(|| {
                    PyValueError::new_err(format!(
                        "Too few leaves for PyTreeDef; expected {}",
                        self.leaves()
                    ))
                })?;
                stack.push(leaf);
                continue;
            }
            let children = stack.split_off(stack.len() - node.arity);
            stack.push(build(py, &node.kind, children)?);
        }
        stack.pop().ok_or_else(|| PyValueError::new_err("an empty PyTreeDef"))
    }
}

fn same_kind(py: Python<'_>, a: &Kind, b: &Kind) -> PyResult<bool> {
    Ok(match (a, b) {
        (Kind::Leaf, Kind::Leaf)
        | (Kind::None, Kind::None)
        | (Kind::Tuple, Kind::Tuple)
        | (Kind::List, Kind::List) => true,
        (Kind::Dict(a), Kind::Dict(b)) | (Kind::OrderedDict(a), Kind::OrderedDict(b)) => {
            Arc::ptr_eq(a, b) || a.bind(py).eq(b.bind(py))?
        }
        (Kind::DefaultDict(a), Kind::DefaultDict(b)) => {
            a.0.bind(py).eq(b.0.bind(py))? && a.1.bind(py).eq(b.1.bind(py))?
        }
        (Kind::NamedTuple(a), Kind::NamedTuple(b)) => a.is(&**b),
        (Kind::Custom(a, x), Kind::Custom(b, y)) => {
            a.class.is(&b.class) && (x.is(&**y) || x.bind(py).eq(y.bind(py))?)
        }
        _ => false,
    })
}

/// A container of the kind given.
pub fn build<'py>(
    py: Python<'py>,
    kind: &Kind,
    children: Vec<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let filled = |dict: Bound<'py, PyDict>, keys: &Py<PyList>, children: Vec<_>| {
        for (key, child) in keys.bind(py).iter().zip(children) {
            dict.set_item(key, child)?;
        }
        PyResult::Ok(dict.into_any())
    };
    match kind {
        Kind::Leaf => Err(PyValueError::new_err("a leaf has no children")),
        Kind::None => Ok(py.None().into_bound(py)),
        Kind::Tuple => Ok(PyTuple::new(py, children)?.into_any()),
        Kind::List => Ok(PyList::new(py, children)?.into_any()),
        Kind::Dict(keys) => filled(PyDict::new(py), keys, children),
        Kind::OrderedDict(keys) => {
            let dict = collections(py, "OrderedDict")?.call0()?;
            filled(dict.cast_into()?, keys, children)
        }
        Kind::DefaultDict(data) => {
            let dict = collections(py, "defaultdict")?.call1((data.0.bind(py),))?;
            filled(dict.cast_into()?, &data.1, children)
        }
        Kind::NamedTuple(class) => class.bind(py).call1(PyTuple::new(py, children)?),
        Kind::Custom(registration, aux) => registration.build(py, aux, children),
    }
}

fn collections<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static ORDERED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static DEFAULT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let cell = if name == "OrderedDict" { &ORDERED } else { &DEFAULT };
    let class = cell
        .get_or_try_init(py, || PyResult::Ok(py.import("collections")?.getattr(name)?.unbind()))?;
    Ok(class.bind(py).clone())
}

/// What an object is as a node, and its children; `None` for a leaf.
pub fn split<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<(Kind, Vec<Bound<'py, PyAny>>)>> {
    let py = object.py();
    if object.is_none() {
        return Ok(Some((Kind::None, vec![])));
    }
    if let Ok(tuple) = object.cast_exact::<PyTuple>() {
        return Ok(Some((Kind::Tuple, tuple.iter().collect())));
    }
    if let Ok(list) = object.cast_exact::<PyList>() {
        return Ok(Some((Kind::List, list.iter().collect())));
    }
    if let Ok(dict) = object.cast_exact::<PyDict>() {
        let keys = sorted(dict)?;
        let children = children_of(dict, &keys)?;
        return Ok(Some((Kind::Dict(Arc::new(keys.unbind())), children)));
    }
    if object.cast_exact::<crate::array::PyArray>().is_ok() {
        return Ok(None);
    }
    if let Some(registration) = registry::find(&object.get_type()) {
        let (children, aux) = registration.split(object)?;
        return Ok(Some((Kind::Custom(registration, Arc::new(aux)), children)));
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        if object.hasattr(intern!(py, "_fields"))? {
            let class = Arc::new(object.get_type().unbind());
            return Ok(Some((Kind::NamedTuple(class), tuple.iter().collect())));
        }
        return Ok(None);
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        if object.get_type().is(&collections(py, "OrderedDict")?) {
            let keys = dict.keys();
            let children = children_of(dict, &keys)?;
            return Ok(Some((Kind::OrderedDict(Arc::new(keys.unbind())), children)));
        }
        if object.get_type().is(&collections(py, "defaultdict")?) {
            let keys = sorted(dict)?;
            let children = children_of(dict, &keys)?;
            let factory = object.getattr("default_factory")?.unbind();
            return Ok(Some((Kind::DefaultDict(Arc::new((factory, keys.unbind()))), children)));
        }
    }
    Ok(None)
}

fn sorted<'py>(dict: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyList>> {
    let keys = dict.keys();
    if keys.len() > 1 {
        keys.sort().map_err(|error| {
            let ours = PyValueError::new_err(
                "Comparator raised exception while sorting pytree dictionary keys.",
            );
            ours.set_cause(dict.py(), Some(error));
            ours
        })?;
    }
    Ok(keys)
}

fn children_of<'py>(
    dict: &Bound<'py, PyDict>,
    keys: &Bound<'py, PyList>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let missing = || PyValueError::new_err("a dictionary changed while it was flattened");
    keys.iter().map(|key| dict.get_item(key)?.ok_or_else(missing)).collect()
}

/// The leaves and the structure of a tree.
pub fn flatten(
    tree: &Bound<'_, PyAny>,
    is_leaf: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Leaves, TreeDef)> {
    if is_leaf.is_none() && tree.cast_exact::<crate::array::PyArray>().is_ok() {
        return Ok((vec![tree.clone().unbind()], TreeDef::leaf()));
    }
    let mut leaves = vec![];
    let mut nodes = vec![];
    walk(tree, is_leaf, &mut leaves, &mut nodes, 0)?;
    Ok((leaves, TreeDef(nodes.into())))
}

/// Containers nested deeper than this are taken for a cycle.
const DEPTH: usize = 2000;

fn walk(
    tree: &Bound<'_, PyAny>,
    is_leaf: Option<&Bound<'_, PyAny>>,
    leaves: &mut Leaves,
    nodes: &mut Vec<Node>,
    depth: usize,
) -> PyResult<()> {
    if depth > DEPTH {
        return Err(PyValueError::new_err("a pytree is nested too deeply, or contains itself"));
    }
    let (first_leaf, first_node) = (leaves.len(), nodes.len());
    let stop = match is_leaf {
        Some(is_leaf) => is_leaf.call1((tree,))?.is_truthy()?,
        None => false,
    };
    let parts = if stop { None } else { split(tree)? };
    let (kind, arity) = match parts {
        None => {
            leaves.push(tree.clone().unbind());
            (Kind::Leaf, 0)
        }
        Some((kind, children)) => {
            for child in &children {
                walk(child, is_leaf, leaves, nodes, depth + 1)?;
            }
            (kind, children.len())
        }
    };
    nodes.push(Node {
        kind,
        arity,
        leaves: leaves.len() - first_leaf,
        nodes: nodes.len() - first_node + 1,
    });
    Ok(())
}

/// For each leaf of the structure, the leaf of `prefix` at or above it.
///
/// `None` and anything that is no container ends the prefix.
///
/// # Errors
/// If the prefix is no prefix; `what` names it.
pub fn broadcast_prefix(
    what: &str,
    prefix: &Bound<'_, PyAny>,
    tree: &TreeDef,
    none_is_leaf: bool,
) -> PyResult<Leaves> {
    let mut leaves = Vec::with_capacity(tree.leaves());
    broadcast(what, prefix, tree, none_is_leaf, &mut leaves)?;
    Ok(leaves)
}

fn broadcast(
    what: &str,
    prefix: &Bound<'_, PyAny>,
    tree: &TreeDef,
    none_is_leaf: bool,
    leaves: &mut Leaves,
) -> PyResult<()> {
    let py = prefix.py();
    let parts = match none_is_leaf && prefix.is_none() {
        true => None,
        false => split(prefix)?,
    };
    let Some((kind, children)) = parts else {
        leaves.extend((0..tree.leaves()).map(|_| prefix.clone().unbind()));
        return Ok(());
    };
    let root = tree.root();
    if root.arity != children.len() || !same_kind(py, &kind, &root.kind)? {
        return Err(PyValueError::new_err(format!(
            "{what} must be a tree prefix of the corresponding value, got {} against {}",
            prefix.repr()?,
            PyTreeDef(tree.clone()).text(py)?
        )));
    }
    for (child, tree) in children.iter().zip(tree.children()) {
        broadcast(what, child, &tree, none_is_leaf, leaves)?;
    }
    Ok(())
}

/// The subtrees of `tree` at the leaves of `prefix`.
pub fn flatten_up_to<'py>(
    prefix: &TreeDef,
    tree: &Bound<'py, PyAny>,
    subtrees: &mut Vec<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let py = tree.py();
    let root = prefix.root();
    if let Kind::Leaf = root.kind {
        subtrees.push(tree.clone());
        return Ok(());
    }
    let parts = split(tree)?;
    let expected = || PyTreeDef(prefix.clone()).text(py);
    match parts {
        Some((kind, children))
            if children.len() == root.arity && same_kind(py, &kind, &root.kind)? =>
        {
            let prefixes = prefix.children();
            children.iter().zip(&prefixes).try_for_each(|(c, p)| flatten_up_to(p, c, subtrees))
        }
        Some((kind, children))
            if std::mem::discriminant(&kind) == std::mem::discriminant(&root.kind) =>
        {
            let name = tree.get_type().name()?;
            if children.len() != root.arity {
                return Err(PyValueError::new_err(format!(
                    "{name} arity mismatch: {} != {}; value: {}.",
                    children.len(),
                    root.arity,
                    tree.repr()?
                )));
            }
            Err(PyValueError::new_err(format!(
                "Mismatch custom node data: expected {}, got value: {}.",
                expected()?,
                tree.repr()?
            )))
        }
        _ => Err(PyValueError::new_err(format!("Expected {}, got {}.", expected()?, tree.repr()?))),
    }
}

/// The error for two trees that must have one structure.
pub fn mismatch(py: Python<'_>, what: &str, a: &TreeDef, b: &TreeDef) -> PyErr {
    let text = |tree: &TreeDef| PyTreeDef(tree.clone()).text(py).unwrap_or_default();
    PyTypeError::new_err(format!("{what}: got {} and {}", text(a), text(b)))
}

/// Adds the classes and functions to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let tree = PyModule::new(module.py(), "tree")?;
    tree.add_class::<PyTreeDef>()?;
    keys::register(&tree)?;
    registry::register(&tree)?;
    functions::register(&tree)?;
    module.add("tree", tree)
}
