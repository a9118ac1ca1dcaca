//! Functions over trees.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::{PyTreeDef, TreeDef, flatten, flatten_up_to, keys, split};
use crate::convert::named;

type Object<'py> = Bound<'py, PyAny>;

fn bound<'py>(py: Python<'py>, leaves: &[Py<PyAny>]) -> Vec<Object<'py>> {
    leaves.iter().map(|leaf| leaf.bind(py).clone()).collect()
}

/// The leaves of a tree and its structure.
#[pyfunction]
#[pyo3(signature = (tree, is_leaf=None))]
fn tree_flatten<'py>(
    tree: &Object<'py>,
    is_leaf: Option<&Object<'py>>,
) -> PyResult<(Bound<'py, PyList>, PyTreeDef)> {
    let (leaves, structure) = flatten(tree, is_leaf)?;
    Ok((PyList::new(tree.py(), leaves)?, PyTreeDef(structure)))
}

/// The tree of a structure with these leaves.
#[pyfunction]
fn tree_unflatten<'py>(treedef: &Object<'py>, leaves: &Object<'py>) -> PyResult<Object<'py>> {
    let py = treedef.py();
    let structure = treedef.cast::<PyTreeDef>().map_err(|_| {
        PyTypeError::new_err(format!(
            "tree_unflatten: expected a PyTreeDef, got {}",
            treedef.get_type()
        ))
    })?;
    let leaves = leaves.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    let expected = structure.get().0.leaves();
    if leaves.len() != expected {
        let much = if leaves.len() > expected { "many" } else { "few" };
        return Err(PyValueError::new_err(format!(
            "tree_unflatten: too {much} leaves for PyTreeDef; expected {expected}, got {}",
            leaves.len()
        )));
    }
    structure.get().0.unflatten(py, leaves)
}

/// The leaves of a tree.
#[pyfunction]
#[pyo3(signature = (tree, is_leaf=None))]
fn tree_leaves<'py>(
    tree: &Object<'py>,
    is_leaf: Option<&Object<'py>>,
) -> PyResult<Bound<'py, PyList>> {
    PyList::new(tree.py(), flatten(tree, is_leaf)?.0)
}

/// The structure of a tree.
#[pyfunction]
#[pyo3(signature = (tree, is_leaf=None))]
fn tree_structure(tree: &Object<'_>, is_leaf: Option<&Object<'_>>) -> PyResult<PyTreeDef> {
    Ok(PyTreeDef(flatten(tree, is_leaf)?.1))
}

/// A tree of `f` of the leaves of a tree, and of the subtrees of others at the same places.
#[pyfunction]
#[pyo3(signature = (f, tree, *rest, is_leaf=None))]
fn tree_map<'py>(
    f: &Object<'py>,
    tree: &Object<'py>,
    rest: &Bound<'py, PyTuple>,
    is_leaf: Option<&Object<'py>>,
) -> PyResult<Object<'py>> {
    let py = tree.py();
    let (leaves, structure) = flatten(tree, is_leaf)?;
    let columns = others("tree_map", &structure, rest)?;
    let mut results = Vec::with_capacity(leaves.len());
    for (at, leaf) in leaves.iter().enumerate() {
        results.push(match columns.is_empty() {
            true => f.call1((leaf.bind(py),))?,
            false => {
                let row = std::iter::once(leaf.bind(py)).chain(columns.iter().map(|c| &c[at]));
                f.call1(PyTuple::new(py, row.collect::<Vec<_>>())?)?
            }
        });
    }
    structure.unflatten(py, results)
}

fn others<'py>(
    function: &str,
    structure: &TreeDef,
    rest: &Bound<'py, PyTuple>,
) -> PyResult<Vec<Vec<Object<'py>>>> {
    rest.iter()
        .map(|tree| {
            let mut subtrees = vec![];
            match flatten_up_to(structure, &tree, &mut subtrees) {
                Ok(()) => Ok(subtrees),
                Err(error) => Err(named(rest.py(), function, error)),
            }
        })
        .collect()
}

/// The leaves folded into one value by a function of two.
#[pyfunction]
#[pyo3(signature = (function, tree, *initial, initializer=None, is_leaf=None))]
fn tree_reduce<'py>(
    function: &Object<'py>,
    tree: &Object<'py>,
    initial: &Bound<'py, PyTuple>,
    initializer: Option<Object<'py>>,
    is_leaf: Option<&Object<'py>>,
) -> PyResult<Object<'py>> {
    let py = tree.py();
    let is_leaf_given = initial.get_item(1).ok();
    let (leaves, _) = flatten(tree, is_leaf.or(is_leaf_given.as_ref()))?;
    let mut leaves = bound(py, &leaves).into_iter();
    let start = match initial.is_empty() {
        false => Some(initial.get_item(0)?),
        true => initializer,
    };
    let mut sum = match start {
        Some(start) => start,
        None => leaves
            .next()
            .ok_or_else(|| PyTypeError::new_err("tree_reduce: no leaves, and no initial value"))?,
    };
    for leaf in leaves {
        sum = function.call1((sum, leaf))?;
    }
    Ok(sum)
}

/// Whether all leaves are true.
#[pyfunction]
#[pyo3(signature = (tree, *, is_leaf=None))]
fn tree_all(tree: &Object<'_>, is_leaf: Option<&Object<'_>>) -> PyResult<bool> {
    let (leaves, _) = flatten(tree, is_leaf)?;
    for leaf in &leaves {
        if !leaf.bind(tree.py()).is_truthy()? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A tree of trees with the two levels exchanged.
#[pyfunction]
#[pyo3(signature = (outer_treedef, inner_treedef, pytree_to_transpose))]
fn tree_transpose<'py>(
    outer_treedef: &Object<'py>,
    inner_treedef: Option<&Bound<'py, PyTreeDef>>,
    pytree_to_transpose: &Object<'py>,
) -> PyResult<Object<'py>> {
    let py = pytree_to_transpose.py();
    let outer = &outer_treedef.cast::<PyTreeDef>()?.get().0;
    let mut subtrees = vec![];
    flatten_up_to(outer, pytree_to_transpose, &mut subtrees).map_err(|error| {
        PyTypeError::new_err(format!("tree_transpose: mismatch: {}", error.value(py)))
    })?;
    let mut inner = inner_treedef.map(|inner| inner.get().0.clone());
    let mut rows = vec![];
    for subtree in &subtrees {
        let (leaves, structure) = flatten(subtree, None)?;
        match &inner {
            Some(inner) if !inner.equals(py, &structure)? => {
                return Err(super::mismatch(
                    py,
                    "tree_transpose: mismatch of inner structures",
                    inner,
                    &structure,
                ));
            }
            Some(_) => {}
            None => inner = Some(structure),
        }
        rows.push(bound(py, &leaves));
    }
    let inner = inner.unwrap_or_else(TreeDef::leaf);
    let trees = (0..inner.leaves())
        .map(|at| outer.unflatten(py, rows.iter().map(|row| row[at].clone())))
        .collect::<PyResult<Vec<_>>>()?;
    inner.unflatten(py, trees)
}

type Keyed<'py> = Vec<(Bound<'py, PyTuple>, Object<'py>)>;

fn walk<'py>(
    tree: &Object<'py>,
    path: &mut Vec<Object<'py>>,
    is_leaf: Option<&Object<'py>>,
    pass_path: bool,
    found: &mut Keyed<'py>,
) -> PyResult<()> {
    let py = tree.py();
    let stop = match is_leaf {
        Some(is_leaf) if pass_path => {
            is_leaf.call1((PyTuple::new(py, &*path)?, tree))?.is_truthy()?
        }
        Some(is_leaf) => is_leaf.call1((tree,))?.is_truthy()?,
        None => false,
    };
    let children = if stop { None } else { keys::children(tree)? };
    match children {
        None => found.push((PyTuple::new(py, &*path)?, tree.clone())),
        Some(children) => {
            for (key, child) in children {
                path.push(key);
                walk(&child, path, is_leaf, pass_path, found)?;
                path.pop();
            }
        }
    }
    Ok(())
}

fn keyed<'py>(
    tree: &Object<'py>,
    is_leaf: Option<&Object<'py>>,
    pass_path: bool,
) -> PyResult<Keyed<'py>> {
    let mut found = vec![];
    walk(tree, &mut vec![], is_leaf, pass_path, &mut found)?;
    Ok(found)
}

/// The leaves with their paths, and the structure.
#[pyfunction]
#[pyo3(signature = (tree, is_leaf=None, is_leaf_takes_path=false))]
fn tree_flatten_with_path<'py>(
    tree: &Object<'py>,
    is_leaf: Option<&Object<'py>>,
    is_leaf_takes_path: bool,
) -> PyResult<(Bound<'py, PyList>, PyTreeDef)> {
    let leaves = keyed(tree, is_leaf, is_leaf_takes_path)?;
    let plain = if is_leaf_takes_path { None } else { is_leaf };
    Ok((PyList::new(tree.py(), leaves)?, PyTreeDef(flatten(tree, plain)?.1)))
}

/// The leaves with their paths.
#[pyfunction]
#[pyo3(signature = (tree, is_leaf=None, is_leaf_takes_path=false))]
fn tree_leaves_with_path<'py>(
    tree: &Object<'py>,
    is_leaf: Option<&Object<'py>>,
    is_leaf_takes_path: bool,
) -> PyResult<Bound<'py, PyList>> {
    PyList::new(tree.py(), keyed(tree, is_leaf, is_leaf_takes_path)?)
}

/// As `tree_map`, where `f` gets the path of the leaf as well.
#[pyfunction]
#[pyo3(signature = (f, tree, *rest, is_leaf=None, is_leaf_takes_path=false))]
fn tree_map_with_path<'py>(
    f: &Object<'py>,
    tree: &Object<'py>,
    rest: &Bound<'py, PyTuple>,
    is_leaf: Option<&Object<'py>>,
    is_leaf_takes_path: bool,
) -> PyResult<Object<'py>> {
    let py = tree.py();
    let leaves = keyed(tree, is_leaf, is_leaf_takes_path)?;
    let plain = if is_leaf_takes_path { None } else { is_leaf };
    let (_, structure) = flatten(tree, plain)?;
    let columns = others("tree_map_with_path", &structure, rest)?;
    let mut results = Vec::with_capacity(leaves.len());
    for (at, (path, leaf)) in leaves.iter().enumerate() {
        let row = [path.as_any(), leaf].into_iter().chain(columns.iter().map(|c| &c[at]));
        results.push(f.call1(PyTuple::new(py, row.collect::<Vec<_>>())?)?);
    }
    structure.unflatten(py, results)
}

/// Whether every object is a leaf.
#[pyfunction]
fn all_leaves(iterable: &Object<'_>) -> PyResult<bool> {
    for object in iterable.try_iter()? {
        if split(&object?)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a structure is that of a single leaf.
#[pyfunction]
#[pyo3(signature = (treedef, *, strict=true))]
fn treedef_is_leaf(treedef: &Bound<'_, PyTreeDef>, strict: bool) -> bool {
    let structure = &treedef.get().0;
    if strict { structure.is_leaf() } else { structure.0.len() == 1 }
}

/// The structures of the children of a structure.
#[pyfunction]
fn treedef_children(treedef: &Bound<'_, PyTreeDef>) -> Vec<PyTreeDef> {
    treedef.get().0.children().into_iter().map(PyTreeDef).collect()
}

/// The structure of a tuple of trees of these structures.
#[pyfunction]
fn treedef_tuple(treedefs: &Object<'_>) -> PyResult<PyTreeDef> {
    let mut children = vec![];
    for treedef in treedefs.try_iter()? {
        children.push(treedef?.cast::<PyTreeDef>()?.get().0.clone());
    }
    Ok(PyTreeDef(TreeDef::of(super::Kind::Tuple, &children)))
}

/// The tree in which every leaf of `prefix_tree` is repeated for the leaves of the other below it.
#[pyfunction]
#[pyo3(signature = (prefix_tree, full_tree, is_leaf=None))]
fn broadcast_prefix<'py>(
    prefix_tree: &Object<'py>,
    full_tree: &Object<'py>,
    is_leaf: Option<&Object<'py>>,
) -> PyResult<Bound<'py, PyList>> {
    let py = prefix_tree.py();
    let (leaves, structure) = flatten(prefix_tree, is_leaf)?;
    let mut subtrees = vec![];
    flatten_up_to(&structure, full_tree, &mut subtrees)?;
    let mut all = vec![];
    for (leaf, subtree) in leaves.iter().zip(&subtrees) {
        let count = flatten(subtree, None)?.1.leaves();
        all.extend((0..count).map(|_| leaf.bind(py).clone()));
    }
    PyList::new(py, all)
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(tree_flatten, module)?)?;
    module.add_function(wrap_pyfunction!(tree_unflatten, module)?)?;
    module.add_function(wrap_pyfunction!(tree_leaves, module)?)?;
    module.add_function(wrap_pyfunction!(tree_structure, module)?)?;
    module.add_function(wrap_pyfunction!(tree_map, module)?)?;
    module.add_function(wrap_pyfunction!(tree_reduce, module)?)?;
    module.add_function(wrap_pyfunction!(tree_all, module)?)?;
    module.add_function(wrap_pyfunction!(tree_transpose, module)?)?;
    module.add_function(wrap_pyfunction!(tree_flatten_with_path, module)?)?;
    module.add_function(wrap_pyfunction!(tree_leaves_with_path, module)?)?;
    module.add_function(wrap_pyfunction!(tree_map_with_path, module)?)?;
    module.add_function(wrap_pyfunction!(all_leaves, module)?)?;
    module.add_function(wrap_pyfunction!(treedef_is_leaf, module)?)?;
    module.add_function(wrap_pyfunction!(treedef_children, module)?)?;
    module.add_function(wrap_pyfunction!(treedef_tuple, module)?)?;
    module.add_function(wrap_pyfunction!(broadcast_prefix, module)?)
}
