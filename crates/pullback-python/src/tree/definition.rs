//! `PyTreeDef`: the structure of a tree, as Python sees it.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::{Kind, TreeDef, flatten_up_to};

/// The structure of a pytree.
#[pyclass(frozen, name = "PyTreeDef", module = "pullback.tree_util")]
pub struct PyTreeDef(pub TreeDef);

impl PyTreeDef {
    /// As JAX shows it: `PyTreeDef({'a': *, 'b': (*, *)})`.
    pub fn text(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("PyTreeDef({})", self.body(py)?))
    }

    fn body(&self, py: Python<'_>) -> PyResult<String> {
        let mut stack: Vec<String> = vec![];
        for node in self.0.0.iter() {
            let parts = stack.split_off(stack.len() - node.arity);
            stack.push(node_text(py, &node.kind, &parts)?);
        }
        Ok(stack.pop().unwrap_or_default())
    }
}

fn node_text(py: Python<'_>, kind: &Kind, parts: &[String]) -> PyResult<String> {
    let joined = parts.join(", ");
    Ok(match kind {
        Kind::Leaf => "*".into(),
        Kind::None => "None".into(),
        Kind::Tuple if parts.len() == 1 => format!("({joined},)"),
        Kind::Tuple => format!("({joined})"),
        Kind::List => format!("[{joined}]"),
        Kind::Dict(keys) => {
            let entries = keys
                .bind(py)
                .iter()
                .zip(parts)
                .map(|(key, part)| Ok(format!("{}: {part}", key.repr()?)))
                .collect::<PyResult<Vec<_>>>()?;
            format!("{{{}}}", entries.join(", "))
        }
        Kind::OrderedDict(keys) => {
            let keys = keys.bind(py).to_tuple().repr()?;
            format!("CustomNode(OrderedDict[{keys}], [{joined}])")
        }
        Kind::DefaultDict(data) => {
            let aux = (data.0.bind(py), data.1.bind(py).to_tuple()).into_pyobject(py)?;
            format!("CustomNode(defaultdict[{}], [{joined}])", aux.repr()?)
        }
        Kind::NamedTuple(class) => {
            format!("CustomNode(namedtuple[{}], [{joined}])", class.bind(py).name()?)
        }
        Kind::Custom(registration, aux) => {
            let name = registration.class.bind(py).name()?;
            format!("CustomNode({name}[{}], [{joined}])", aux.bind(py).str()?)
        }
    })
}

#[pymethods]
impl PyTreeDef {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        self.text(py)
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        match other.cast::<PyTreeDef>() {
            Ok(other) => self.0.equals(py, &other.get().0),
            Err(_) => Ok(false),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<u64> {
        self.0.hash(py)
    }

    /// The number of leaves.
    #[getter]
    fn num_leaves(&self) -> usize {
        self.0.leaves()
    }

    /// The number of nodes, leaves included.
    #[getter]
    fn num_nodes(&self) -> usize {
        self.0.0.len()
    }

    /// The structures of the children.
    fn children(&self) -> Vec<PyTreeDef> {
        self.0.children().into_iter().map(PyTreeDef).collect()
    }

    /// The tree with these leaves.
    fn unflatten<'py>(
        &self,
        py: Python<'py>,
        leaves: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let leaves = leaves.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        if leaves.len() != self.0.leaves() {
            let much = if leaves.len() > self.0.leaves() { "many" } else { "few" };
            return Err(PyValueError::new_err(format!(
                "Too {much} leaves for PyTreeDef; expected {}, got {}.",
                self.0.leaves(),
                leaves.len()
            )));
        }
        self.0.unflatten(py, leaves)
    }

    /// The subtrees of a tree at the leaves of this structure.
    fn flatten_up_to<'py>(
        &self,
        py: Python<'py>,
        tree: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut subtrees = vec![];
        flatten_up_to(&self.0, tree, &mut subtrees)?;
        PyList::new(py, subtrees)
    }

    /// The structure in which `inner` stands at each leaf of this one.
    fn compose(&self, inner: &PyTreeDef) -> PyTreeDef {
        fn at(outer: &TreeDef, inner: &TreeDef) -> TreeDef {
            match outer.root().kind {
                Kind::Leaf => inner.clone(),
                _ => {
                    let children: Vec<_> =
                        outer.children().iter().map(|child| at(child, inner)).collect();
                    TreeDef::of(outer.root().kind.clone(), &children)
                }
            }
        }
        PyTreeDef(at(&self.0, &inner.0))
    }

    /// The class of the outermost container and what it keeps besides its children.
    fn node_data<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let root = self.0.root();
        if let Kind::Leaf = root.kind {
            return Ok(None);
        }
        let (class, data): (Bound<'py, PyAny>, Bound<'py, PyAny>) = match &root.kind {
            Kind::Tuple => (py.get_type::<PyTuple>().into_any(), py.None().into_bound(py)),
            Kind::List => (py.get_type::<PyList>().into_any(), py.None().into_bound(py)),
            Kind::Dict(keys) => {
                (py.get_type::<pyo3::types::PyDict>().into_any(), keys.bind(py).clone().into_any())
            }
            Kind::NamedTuple(class) => {
                (class.bind(py).clone().into_any(), class.bind(py).clone().into_any())
            }
            Kind::Custom(registration, aux) => {
                (registration.class.bind(py).clone().into_any(), aux.bind(py).clone())
            }
            _ => (py.None().into_bound(py), py.None().into_bound(py)),
        };
        Ok(Some((class, data).into_pyobject(py)?.into_any()))
    }
}
