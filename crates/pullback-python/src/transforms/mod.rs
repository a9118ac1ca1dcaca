//! Transformations of Python functions.
//!
//! Each flattens the arguments, hands the core a closure over flat arrays that calls the
//! function, and puts the results together again.

use std::cell::RefCell;
use std::fmt::Display;

use pullback_core::{Array, Aval, Error};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use crate::array::{PyArray, wrap};
use crate::convert::array_like;
use crate::errors::host;
use crate::tree::{self, TreeDef};

pub mod callback;
pub mod chosen;
pub mod collective;
pub mod control;
pub mod custom;
pub mod forward;
pub mod grad;
pub mod jacobian;
pub mod jit;
pub mod remat;
pub mod stages;
pub mod staging;
pub mod vectorize;
pub mod vmap;
pub mod windows;

/// What a transformed function does when it is called.
pub trait Transform: Send + Sync {
    /// What it is called, in messages.
    fn name(&self) -> &'static str;

    /// The results of `fun`, transformed, on these arguments.
    fn call<'py>(
        &self,
        fun: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>>;
}

/// A function together with a transformation: callable, and with the function's name.
#[pyclass(frozen, dict, weakref, module = "pullback")]
pub struct Function {
    fun: Py<PyAny>,
    transform: Box<dyn Transform>,
}

impl Function {
    /// `fun` transformed; `name` is what it is called.
    pub fn make<'py>(
        fun: &Bound<'py, PyAny>,
        name: Option<String>,
        transform: impl Transform + 'static,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = fun.py();
        if !fun.is_callable() {
            return Err(not_callable(transform.name(), fun)?);
        }
        let function = Function { fun: fun.clone().unbind(), transform: Box::new(transform) };
        let function = Bound::new(py, function)?.into_any();
        dress(&function, fun, name)?;
        Ok(function)
    }
}

/// The error for what is to be transformed and is no function.
pub fn not_callable(transform: &str, fun: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    Ok(PyTypeError::new_err(format!("{transform}: expected a callable value, got {}", fun.repr()?)))
}

/// Gives a wrapper the name, the documentation and the signature of what it wraps.
pub fn dress(
    function: &Bound<'_, PyAny>,
    fun: &Bound<'_, PyAny>,
    name: Option<String>,
) -> PyResult<()> {
    let py = fun.py();
    for key in [intern!(py, "__module__"), intern!(py, "__qualname__"), intern!(py, "__doc__")] {
        if let Some(value) = fun.getattr_opt(key)? {
            function.setattr(key, value)?;
        }
    }
    let given = name_of(fun);
    function.setattr(intern!(py, "__name__"), name.unwrap_or(given))?;
    function.setattr(intern!(py, "__wrapped__"), fun)
}

#[pymethods]
impl Function {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        crate::config::sync();
        crate::errors::guarded(|| self.transform.call(self.fun.bind(py), args, kwargs))
    }

    fn __get__<'py>(
        slf: Bound<'py, Self>,
        object: &Bound<'py, PyAny>,
        _class: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        bind_method(slf.into_any(), object)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<transformed {}>", self.fun.bind(py).repr()?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.fun)
    }
}

/// A function found in a class, as a method of `object`.
pub fn bind_method<'py>(
    function: Bound<'py, PyAny>,
    object: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    if object.is_none() {
        return Ok(function);
    }
    let py = object.py();
    static METHOD: pyo3::sync::PyOnceLock<Py<PyType>> = pyo3::sync::PyOnceLock::new();
    METHOD.import(py, "types", "MethodType")?.call1((function, object))
}

/// The name of a function.
pub fn name_of(fun: &Bound<'_, PyAny>) -> String {
    let name = fun.getattr_opt(intern!(fun.py(), "__name__")).ok().flatten();
    if let Some(name) = name.and_then(|name| name.extract().ok()) {
        return name;
    }
    // A `functools.partial` is called as the function inside.
    match fun.getattr_opt(intern!(fun.py(), "func")) {
        Ok(Some(inner)) => name_of(&inner),
        _ => "<unnamed function>".into(),
    }
}

/// An object that must be an array or a number; `what` names the function called, and what the
/// object is to it.
pub fn leaf_array(object: &Bound<'_, PyAny>, what: impl Display) -> PyResult<Array> {
    match array_like(object)? {
        Some(array) => Ok(array),
        None => Err(PyTypeError::new_err(format!(
            "{what} {} of type {} is not a valid JAX type",
            object.repr()?,
            object.get_type()
        ))),
    }
}

/// A tree as flat arrays and its structure.
pub fn flat(
    object: &Bound<'_, PyAny>,
    what: impl Display + Copy,
) -> PyResult<(Vec<Array>, TreeDef)> {
    if let Ok(array) = object.cast_exact::<PyArray>() {
        return Ok((vec![array.get().live()?.clone()], TreeDef::leaf()));
    }
    let py = object.py();
    let (leaves, structure) = tree::flatten(object, None)?;
    let arrays =
        leaves.iter().map(|leaf| leaf_array(leaf.bind(py), what)).collect::<PyResult<_>>()?;
    Ok((arrays, structure))
}

/// The tree of a structure, of these arrays.
pub fn tree_of<'py>(
    py: Python<'py>,
    structure: &TreeDef,
    arrays: Vec<Array>,
) -> PyResult<Bound<'py, PyAny>> {
    if structure.is_leaf() && arrays.len() == 1 {
        let mut arrays = arrays;
        return Ok(wrap(py, arrays.remove(0))?.into_bound(py));
    }
    let leaves = arrays
        .into_iter()
        .map(|array| Ok(wrap(py, array)?.into_bound(py)))
        .collect::<PyResult<Vec<_>>>()?;
    structure.unflatten(py, leaves)
}

/// Positional and keyword arguments as flat leaves.
pub struct Flat {
    /// The leaves.
    pub leaves: tree::Leaves,
    /// The structure of the tuple of positional arguments and the dictionary of the others.
    pub structure: TreeDef,
}

/// The arguments of a call as leaves.
pub fn flatten_call<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Flat> {
    let py = args.py();
    let kwargs = kwargs.cloned().unwrap_or_else(|| PyDict::new(py));
    let both = PyTuple::new(py, [args.as_any(), kwargs.as_any()])?;
    let (leaves, structure) = tree::flatten(both.as_any(), None)?;
    Ok(Flat { leaves, structure })
}

/// Calls a function on the arguments of a structure made by [`flatten_call`].
pub fn call_flat<'py>(
    fun: &Bound<'py, PyAny>,
    structure: &TreeDef,
    arrays: &[Array],
) -> PyResult<Bound<'py, PyAny>> {
    let py = fun.py();
    let leaves = arrays
        .iter()
        .map(|array| Ok(wrap(py, array.clone())?.into_bound(py)))
        .collect::<PyResult<Vec<_>>>()?;
    let both = structure.unflatten(py, leaves)?.cast_into::<PyTuple>()?;
    let args = both.get_item(0)?.cast_into::<PyTuple>()?;
    let kwargs = both.get_item(1)?.cast_into::<PyDict>()?;
    match kwargs.is_empty() {
        true => fun.call1(args),
        false => fun.call(args, Some(&kwargs)),
    }
}

/// Calls a function on `structure`'s tuple of arguments.
pub fn call_tuple<'py>(
    fun: &Bound<'py, PyAny>,
    structure: &TreeDef,
    arrays: Vec<Array>,
) -> PyResult<Bound<'py, PyAny>> {
    let args = tree_of(fun.py(), structure, arrays)?;
    fun.call1(args.cast_into::<PyTuple>()?)
}

/// What a closure leaves behind for after the core's call of it.
pub struct Left<T>(RefCell<Option<T>>);

impl<T> Left<T> {
    /// Nothing yet.
    pub fn new() -> Left<T> {
        Left(RefCell::new(None))
    }

    /// Leaves a value.
    pub fn put(&self, value: T) {
        self.0.replace(Some(value));
    }

    /// The value left.
    pub fn take(&self) -> PyResult<T> {
        let missing = || PyValueError::new_err("a transformed function was not called");
        self.0.take().ok_or_else(missing)
    }
}

impl<T> Default for Left<T> {
    fn default() -> Left<T> {
        Left::new()
    }
}

/// Runs Python code inside the core.
pub fn inside<T>(f: impl FnOnce() -> PyResult<T>) -> Result<T, Error> {
    f().map_err(host)
}

/// What is known of arrays.
pub fn avals(arrays: &[Array]) -> Vec<Aval> {
    arrays.iter().map(Array::aval).collect()
}

/// The positions that an argument like `argnums` names, in a call with `count` arguments.
pub fn positions(given: &[i64], count: usize, what: &str) -> PyResult<Vec<usize>> {
    let place = |at: i64| {
        let from_front = if at < 0 { at.saturating_add(count as i64) } else { at };
        usize::try_from(from_front).ok().filter(|&at| at < count)
    };
    let places = given.iter().map(|&at| place(at)).collect::<Option<Vec<_>>>();
    places.ok_or_else(|| {
        PyValueError::new_err(format!(
            "{what}={} must name positional arguments, each at least -{count} and less than \
             {count}, the number of those given",
            numbers(given)
        ))
    })
}

/// Whole numbers as the user gave them: one, or a tuple.
pub fn numbers(given: &[i64]) -> String {
    match given {
        [only] => only.to_string(),
        several => {
            let several: Vec<_> = several.iter().map(ToString::to_string).collect();
            format!("({})", several.join(", "))
        }
    }
}

/// An integer or a sequence of them, and which it was.
pub fn argnums(object: &Bound<'_, PyAny>, what: &str) -> PyResult<(Vec<i64>, bool)> {
    if let Some(only) = crate::functions::whole(object)? {
        return Ok((vec![only], true));
    }
    match crate::functions::ints(object)? {
        Some(several) => Ok((several, false)),
        None => Err(PyTypeError::new_err(format!(
            "{what} must be an int or a sequence of ints, got {}",
            object.repr()?
        ))),
    }
}

/// The two parts of what a function with auxiliary results returned to `transform`.
pub fn with_aux<'py>(
    transform: &str,
    result: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    match pair_of(result) {
        Some(pair) => Ok((pair.get_item(0)?, pair.get_item(1)?)),
        None => Err(PyTypeError::new_err(format!(
            "{transform}: expected a function with auxiliary output to return a pair, got {} of \
             type {}",
            result.repr()?,
            result.get_type()
        ))),
    }
}

/// A tuple or list of two, as a tuple.
pub fn pair_of<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyTuple>> {
    let pair = match object.cast::<PyTuple>() {
        Ok(tuple) => tuple.clone(),
        Err(_) => object.cast::<PyList>().ok()?.to_tuple(),
    };
    Some(pair).filter(|pair| pair.len() == 2)
}

/// A tree whose leaves are arrays or anything else: the arrays, to be seen by the core.
pub struct Aux {
    leaves: tree::Leaves,
    structure: TreeDef,
    /// Which leaves are arrays.
    is_array: Vec<bool>,
}

impl Aux {
    /// Takes a tree apart.
    pub fn new(object: &Bound<'_, PyAny>, arrays: &mut Vec<Array>) -> PyResult<Aux> {
        let py = object.py();
        let (leaves, structure) = tree::flatten(object, None)?;
        let mut is_array = Vec::with_capacity(leaves.len());
        for leaf in &leaves {
            let array = leaf.bind(py).cast_exact::<PyArray>().ok();
            is_array.push(array.is_some());
            if let Some(array) = array {
                arrays.push(array.get().live()?.clone());
            }
        }
        Ok(Aux { leaves, structure, is_array })
    }

    /// Puts it together, with what became of the arrays.
    pub fn finish<'py>(
        self,
        py: Python<'py>,
        arrays: impl IntoIterator<Item = Array>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut arrays = arrays.into_iter();
        let mut leaves = vec![];
        for (leaf, is_array) in self.leaves.iter().zip(self.is_array) {
            let array = if is_array { arrays.next() } else { None };
            leaves.push(match array {
                Some(array) => wrap(py, array)?.into_bound(py),
                None => leaf.bind(py).clone(),
            });
        }
        self.structure.unflatten(py, leaves)
    }
}

/// Adds the functions to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let transforms = PyModule::new(module.py(), "transforms")?;
    transforms.add_class::<Function>()?;
    grad::register(&transforms)?;
    forward::register(&transforms)?;
    jacobian::register(&transforms)?;
    vectorize::register(&transforms)?;
    vmap::register(&transforms)?;
    jit::register(&transforms)?;
    stages::register(&transforms)?;
    staging::register(&transforms)?;
    custom::register(&transforms)?;
    control::register(&transforms)?;
    windows::register(&transforms)?;
    collective::register(&transforms)?;
    remat::register(&transforms)?;
    callback::register(&transforms)?;
    module.add("transforms", transforms)
}
