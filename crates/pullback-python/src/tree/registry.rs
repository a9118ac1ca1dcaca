//! Classes that users made containers of.

use std::sync::{Arc, RwLock};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};
use rustc_hash::FxHashMap;

/// How objects of a registered class are taken apart and put together.
pub struct Registration {
    /// The class.
    pub class: Py<PyType>,
    how: How,
}

enum How {
    /// By functions of the user.
    Functions { flatten: Py<PyAny>, unflatten: Py<PyAny>, with_keys: Option<Py<PyAny>> },
    /// By the names of fields: some are children, the others are kept.
    Fields { data: Vec<Py<PyString>>, meta: Vec<Py<PyString>> },
    /// Not at all: the object has no children, and is its own structure.
    Static,
}

static REGISTRY: RwLock<Option<FxHashMap<usize, Arc<Registration>>>> = RwLock::new(None);

/// How objects of this class are taken apart, if it is registered.
pub fn find(class: &Bound<'_, PyType>) -> Option<Arc<Registration>> {
    let registry = REGISTRY.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    registry.as_ref()?.get(&(class.as_ptr() as usize)).cloned()
}

fn add(class: &Bound<'_, PyType>, how: How) -> PyResult<()> {
    let mut registry = REGISTRY.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    let registry = registry.get_or_insert_default();
    let key = class.as_ptr() as usize;
    if registry.contains_key(&key) || is_known(class)? {
        return Err(PyValueError::new_err(format!(
            "register_pytree_node: duplicate custom PyTreeDef type registration for {}",
            class.repr()?
        )));
    }
    registry.insert(key, Arc::new(Registration { class: class.clone().unbind(), how }));
    Ok(())
}

/// Whether a class is a container without being registered.
fn is_known(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let py = class.py();
    let builtin = class.is(py.get_type::<PyTuple>())
        || class.is(py.get_type::<PyList>())
        || class.is(py.get_type::<PyDict>())
        || class.is(py.None().bind(py).get_type());
    // Others are not asked for by their module, which programs may not have imported yet.
    if builtin || !class.is_subclass_of::<PyDict>()? {
        return Ok(builtin);
    }
    let collections = py.import("collections")?;
    Ok(class.is(collections.getattr("OrderedDict")?)
        || class.is(collections.getattr("defaultdict")?))
}

impl Registration {
    /// The children of an object, and what it keeps besides them.
    pub fn split<'py>(
        &self,
        object: &Bound<'py, PyAny>,
    ) -> PyResult<(Vec<Bound<'py, PyAny>>, Py<PyAny>)> {
        let py = object.py();
        match &self.how {
            How::Functions { flatten, .. } => parts(&flatten.bind(py).call1((object,))?),
            How::Fields { data, meta } => {
                let get = |name: &Py<PyString>| object.getattr(name.bind(py));
                let children = data.iter().map(get).collect::<PyResult<_>>()?;
                let kept = meta.iter().map(get).collect::<PyResult<Vec<_>>>()?;
                Ok((children, PyTuple::new(py, kept)?.into_any().unbind()))
            }
            How::Static => Ok((vec![], object.clone().unbind())),
        }
    }

    /// The children with their keys, if the class says what those are.
    pub fn split_with_keys<'py>(
        &self,
        object: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>>> {
        let py = object.py();
        match &self.how {
            How::Functions { with_keys: Some(flatten), .. } => {
                let (pairs, _) = parts(&flatten.bind(py).call1((object,))?)?;
                let pair = |pair: &Bound<'py, PyAny>| Ok((pair.get_item(0)?, pair.get_item(1)?));
                pairs.iter().map(pair).collect::<PyResult<_>>().map(Some)
            }
            How::Fields { data, .. } => data
                .iter()
                .map(|name| {
                    let name = name.bind(py);
                    let key = super::keys::GetAttrKey::of(name.clone().unbind());
                    Ok((Bound::new(py, key)?.into_any(), object.getattr(name)?))
                })
                .collect::<PyResult<_>>()
                .map(Some),
            _ => Ok(None),
        }
    }

    /// An object with the children given.
    pub fn build<'py>(
        &self,
        py: Python<'py>,
        aux: &Py<PyAny>,
        children: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match &self.how {
            How::Functions { unflatten, .. } => {
                unflatten.bind(py).call1((aux.bind(py), PyTuple::new(py, children)?))
            }
            How::Fields { data, meta } => {
                let keywords = PyDict::new(py);
                for (name, child) in data.iter().zip(children) {
                    keywords.set_item(name.bind(py), child)?;
                }
                let kept = aux.bind(py).cast::<PyTuple>()?;
                for (name, value) in meta.iter().zip(kept.iter()) {
                    keywords.set_item(name.bind(py), value)?;
                }
                self.class.bind(py).call((), Some(&keywords))
            }
            How::Static => Ok(aux.bind(py).clone()),
        }
    }
}

fn parts<'py>(result: &Bound<'py, PyAny>) -> PyResult<(Vec<Bound<'py, PyAny>>, Py<PyAny>)> {
    let wrong = || {
        PyValueError::new_err(format!(
            "register_pytree_node: the function that flattens a custom PyTree node should return a \
             (children, aux_data) tuple, got {result}"
        ))
    };
    let pair = result.cast::<PyTuple>().map_err(|_| wrong())?;
    if pair.len() != 2 {
        return Err(wrong());
    }
    let children = pair.get_item(0)?.try_iter()?.collect::<PyResult<_>>()?;
    Ok((children, pair.get_item(1)?.unbind()))
}

/// Makes a class a container, by two functions.
#[pyfunction]
#[pyo3(signature = (nodetype, flatten_func, unflatten_func, flatten_with_keys_func=None))]
fn register_pytree_node(
    nodetype: &Bound<'_, PyType>,
    flatten_func: Py<PyAny>,
    unflatten_func: Py<PyAny>,
    flatten_with_keys_func: Option<Py<PyAny>>,
) -> PyResult<()> {
    let with_keys = flatten_with_keys_func;
    add(nodetype, How::Functions { flatten: flatten_func, unflatten: unflatten_func, with_keys })
}

/// Makes a class a container, by its methods `tree_flatten` and `tree_unflatten`.
#[pyfunction]
fn register_pytree_node_class<'py>(cls: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyType>> {
    let py = cls.py();
    let flatten = cls.getattr(intern!(py, "tree_flatten"))?.unbind();
    let unflatten = cls.getattr(intern!(py, "tree_unflatten"))?.unbind();
    add(cls, How::Functions { flatten, unflatten, with_keys: None })?;
    Ok(cls.clone())
}

/// Makes a class a container whose children have keys.
#[pyfunction]
#[pyo3(signature = (nodetype, flatten_with_keys, unflatten_func, flatten_func=None))]
fn register_pytree_with_keys(
    nodetype: &Bound<'_, PyType>,
    flatten_with_keys: Bound<'_, PyAny>,
    unflatten_func: Py<PyAny>,
    flatten_func: Option<Py<PyAny>>,
) -> PyResult<()> {
    let py = nodetype.py();
    let flatten = match flatten_func {
        Some(flatten) => flatten,
        None => {
            let keyed = WithoutKeys { flatten: flatten_with_keys.clone().unbind() };
            Py::new(py, keyed)?.into_any()
        }
    };
    let with_keys = Some(flatten_with_keys.unbind());
    add(nodetype, How::Functions { flatten, unflatten: unflatten_func, with_keys })
}

/// Makes a class a container, by its methods `tree_flatten_with_keys` and `tree_unflatten`.
#[pyfunction]
fn register_pytree_with_keys_class<'py>(cls: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyType>> {
    let with_keys = cls.getattr("tree_flatten_with_keys")?;
    let flatten = cls.getattr_opt("tree_flatten")?.map(Bound::unbind);
    register_pytree_with_keys(cls, with_keys, cls.getattr("tree_unflatten")?.unbind(), flatten)?;
    Ok(cls.clone())
}

/// Flattens by a function that gives keys as well.
#[pyclass(frozen, module = "pullback.tree_util")]
struct WithoutKeys {
    flatten: Py<PyAny>,
}

#[pymethods]
impl WithoutKeys {
    fn __call__<'py>(&self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
        let py = object.py();
        let (pairs, aux) = parts(&self.flatten.bind(py).call1((object,))?)?;
        let children = pairs.iter().map(|pair| pair.get_item(1)).collect::<PyResult<Vec<_>>>()?;
        (PyTuple::new(py, children)?, aux).into_pyobject(py)
    }
}

/// Makes a dataclass a container: some fields are children, others are kept.
#[pyfunction]
#[pyo3(signature = (nodetype, data_fields=None, meta_fields=None, drop_fields=None))]
fn register_dataclass<'py>(
    nodetype: &Bound<'py, PyType>,
    data_fields: Option<Vec<Py<PyString>>>,
    meta_fields: Option<Vec<Py<PyString>>>,
    drop_fields: Option<Vec<String>>,
) -> PyResult<Bound<'py, PyType>> {
    let py = nodetype.py();
    let dropped = drop_fields.unwrap_or_default();
    let (data, meta) = match (data_fields, meta_fields) {
        (Some(data), Some(meta)) => (data, meta),
        (None, None) => {
            let fields = nodetype.getattr_opt("__dataclass_fields__")?.ok_or_else(|| {
                PyTypeError::new_err(
                    "register_dataclass: data_fields and meta_fields are required when nodetype \
                     is not a dataclass",
                )
            })?;
            let (mut data, mut meta) = (vec![], vec![]);
            for (name, field) in fields.cast::<PyDict>()?.iter() {
                let name = name.cast_into::<PyString>()?;
                let init = field.getattr("init")?.is_truthy()?;
                if !init || dropped.contains(&name.to_string()) {
                    continue;
                }
                let metadata = field.getattr("metadata")?;
                let is_static =
                    metadata.call_method1(intern!(py, "get"), ("static", false))?.is_truthy()?;
                match is_static {
                    true => meta.push(name.unbind()),
                    false => data.push(name.unbind()),
                }
            }
            (data, meta)
        }
        _ => {
            return Err(PyTypeError::new_err(
                "register_dataclass: data_fields and meta_fields must both be specified when \
                 either is specified.",
            ));
        }
    };
    add(nodetype, How::Fields { data, meta })?;
    Ok(nodetype.clone())
}

/// Makes objects of a class containers of nothing, which are part of the structure.
#[pyfunction]
fn register_static<'py>(cls: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyType>> {
    add(cls, How::Static)?;
    Ok(cls.clone())
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_pytree_node, module)?)?;
    module.add_function(wrap_pyfunction!(register_pytree_node_class, module)?)?;
    module.add_function(wrap_pyfunction!(register_pytree_with_keys, module)?)?;
    module.add_function(wrap_pyfunction!(register_pytree_with_keys_class, module)?)?;
    module.add_function(wrap_pyfunction!(register_dataclass, module)?)?;
    module.add_function(wrap_pyfunction!(register_static, module)?)
}
