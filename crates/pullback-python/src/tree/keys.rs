//! Keys of the children of containers, and the paths made of them.

use std::hash::{Hash, Hasher};

use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString};
use rustc_hash::FxHasher;

use super::{Kind, split};

macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $field:ident: $type:ty, $simple:ident) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "pullback.tree_util")]
        pub struct $name {
            #[doc = "What it is."]
            #[pyo3(get)]
            $field: $type,
        }

        impl $name {
            /// A key.
            pub fn of($field: $type) -> $name {
                $name { $field }
            }
        }

        #[pymethods]
        impl $name {
            #[classattr]
            fn __match_args__() -> (&'static str,) {
                (stringify!($field),)
            }

            #[new]
            fn new($field: $type) -> $name {
                $name { $field }
            }

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                let value = self.$field.bind(py).repr()?;
                Ok(format!(concat!(stringify!($name), "(", stringify!($field), "={})"), value))
            }

            fn __str__(&self, py: Python<'_>) -> PyResult<String> {
                $simple(self.$field.bind(py).as_any(), false)
            }

            fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
                match other.cast::<$name>() {
                    Ok(other) => self.$field.bind(py).as_any().eq(other.get().$field.bind(py).as_any()),
                    Err(_) => Ok(false),
                }
            }

            fn __hash__(&self, py: Python<'_>) -> PyResult<u64> {
                let mut hasher = FxHasher::default();
                stringify!($name).hash(&mut hasher);
                self.$field.bind(py).hash()?.hash(&mut hasher);
                Ok(hasher.finish())
            }
        }
    };
}

key!(
    /// The key of an entry of a dictionary.
    DictKey, key: Py<PyAny>, item_text
);
key!(
    /// The place of an entry of a list or tuple.
    SequenceKey, idx: Py<PyInt>, item_text
);
key!(
    /// The name of a field.
    GetAttrKey, name: Py<PyString>, field_text
);
key!(
    /// The place of a child of a registered class.
    FlattenedIndexKey, key: Py<PyInt>, flat_text
);

fn item_text(value: &Bound<'_, PyAny>, simple: bool) -> PyResult<String> {
    match simple {
        true => value.str()?.extract(),
        false => Ok(format!("[{}]", value.repr()?)),
    }
}

fn field_text(value: &Bound<'_, PyAny>, simple: bool) -> PyResult<String> {
    Ok(format!("{}{}", if simple { "" } else { "." }, value.str()?))
}

fn flat_text(value: &Bound<'_, PyAny>, simple: bool) -> PyResult<String> {
    match simple {
        true => value.str()?.extract(),
        false => Ok(format!("[<flat index {}>]", value.str()?)),
    }
}

/// The children of an object with their keys; `None` for a leaf.
pub fn children<'py>(
    object: &Bound<'py, PyAny>,
) -> PyResult<Option<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>>> {
    let py = object.py();
    let Some((kind, children)) = split(object)? else { return Ok(None) };
    if let Kind::Custom(registration, _) = &kind
        && let Some(pairs) = registration.split_with_keys(object)?
    {
        return Ok(Some(pairs));
    }
    let number = |at: usize| Ok::<_, PyErr>(at.into_pyobject(py)?.unbind());
    let mut pairs = vec![];
    for (at, child) in children.into_iter().enumerate() {
        let key = match &kind {
            Kind::Leaf | Kind::None => continue,
            Kind::Tuple | Kind::List => Bound::new(py, SequenceKey::of(number(at)?))?.into_any(),
            Kind::Dict(keys) | Kind::OrderedDict(keys) => {
                let key = keys.bind(py).get_item(at)?.unbind();
                Bound::new(py, DictKey::of(key))?.into_any()
            }
            Kind::DefaultDict(data) => {
                let key = data.1.bind(py).get_item(at)?.unbind();
                Bound::new(py, DictKey::of(key))?.into_any()
            }
            Kind::NamedTuple(class) => {
                let name = class.bind(py).getattr("_fields")?.get_item(at)?;
                Bound::new(py, GetAttrKey::of(name.cast_into()?.unbind()))?.into_any()
            }
            Kind::Custom(..) => Bound::new(py, FlattenedIndexKey::of(number(at)?))?.into_any(),
        };
        pairs.push((key, child));
    }
    Ok(Some(pairs))
}

/// The text of a path.
#[pyfunction]
#[pyo3(signature = (keys, *, simple=false, separator=""))]
fn keystr(keys: &Bound<'_, PyAny>, simple: bool, separator: &str) -> PyResult<String> {
    let py = keys.py();
    let mut parts = vec![];
    for key in keys.try_iter()? {
        let key = key?;
        parts.push(if let Ok(key) = key.cast::<DictKey>() {
            item_text(key.get().key.bind(py), simple)?
        } else if let Ok(key) = key.cast::<SequenceKey>() {
            item_text(key.get().idx.bind(py), simple)?
        } else if let Ok(key) = key.cast::<GetAttrKey>() {
            field_text(key.get().name.bind(py), simple)?
        } else if let Ok(key) = key.cast::<FlattenedIndexKey>() {
            flat_text(key.get().key.bind(py), simple)?
        } else {
            key.str()?.extract()?
        });
    }
    Ok(parts.join(separator))
}

/// Adds the classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<DictKey>()?;
    module.add_class::<SequenceKey>()?;
    module.add_class::<GetAttrKey>()?;
    module.add_class::<FlattenedIndexKey>()?;
    module.add_function(wrap_pyfunction!(keystr, module)?)
}
