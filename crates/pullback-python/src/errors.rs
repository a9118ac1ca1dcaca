//! Errors of the core as Python exceptions, in JAX's classes.
//!
//! A Python exception raised inside a transformed function travels through the core as it is,
//! and comes out unchanged with its traceback.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pullback_core::engine::HostError;
use pullback_core::{Error, Need};
use pyo3::create_exception;
use pyo3::exceptions::{
    PyFloatingPointError, PyIndexError, PyMemoryError, PyNameError, PyNotImplementedError,
    PyOverflowError, PyRuntimeError, PyTypeError, PyValueError, PyZeroDivisionError,
};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};

create_exception!(pullback.errors, JAXTypeError, PyTypeError, "A TypeError of a traced program.");
create_exception!(
    pullback.errors,
    JAXIndexError,
    PyIndexError,
    "An IndexError of a traced program."
);
create_exception!(
    pullback.errors,
    ConcretizationTypeError,
    JAXTypeError,
    "The value of a traced array was needed, where only its type is known.\n\n\
     Compute with the array instead, or mark the argument as static."
);
create_exception!(
    pullback.errors,
    TracerBoolConversionError,
    ConcretizationTypeError,
    "The truth value of a traced array was needed, as in `if x > 0`.\n\n\
     Use `pullback.lax.cond` or `pullback.numpy.where`, or mark the argument as static."
);
create_exception!(
    pullback.errors,
    TracerArrayConversionError,
    JAXTypeError,
    "A traced array was given to a function that needs a NumPy array.\n\n\
     Use the function of the same name in `pullback.numpy`."
);
create_exception!(
    pullback.errors,
    TracerIntegerConversionError,
    JAXTypeError,
    "A traced array was used as an index or a size of the host program."
);
create_exception!(
    pullback.errors,
    NonConcreteBooleanIndexError,
    JAXIndexError,
    "A traced array of bools was used as an index; the shape of the result would be unknown.\n\n\
     Use `pullback.numpy.where`."
);
create_exception!(
    pullback.errors,
    UnexpectedTracerError,
    JAXTypeError,
    "A traced array was used after the transformation that made it had ended."
);
create_exception!(pullback.errors, KeyReuseError, JAXTypeError, "A random key was used twice.");
create_exception!(
    pullback.errors,
    JaxRuntimeError,
    PyRuntimeError,
    "An error while a compiled program ran."
);

create_exception!(
    pullback.dtypes,
    TypePromotionError,
    PyValueError,
    "Arrays met whose types have no common type."
);

/// A class of two bases: what each kind of caller looks for.
fn both(
    py: Python<'_>,
    cell: &'static PyOnceLock<Py<PyType>>,
    name: &str,
    bases: [Bound<'_, PyType>; 2],
    doc: &str,
) -> PyResult<Py<PyType>> {
    let class = cell.get_or_try_init(py, || {
        let namespace = PyDict::new(py);
        namespace.set_item("__doc__", doc)?;
        namespace.set_item("__module__", "pullback.errors")?;
        let class = py.get_type::<PyType>().call1((name, PyTuple::new(py, bases)?, namespace))?;
        PyResult::Ok(class.cast_into::<PyType>()?.unbind())
    })?;
    Ok(class.clone_ref(py))
}

/// As in NumPy, where JAX raises one or the other.
fn axis_error(py: Python<'_>) -> PyResult<Py<PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let bases = [py.get_type::<PyValueError>(), py.get_type::<PyIndexError>()];
    both(py, &CLASS, "AxisError", bases, "An axis that an array does not have.")
}

/// An error of JAX's runtime, and the class of Python for the same.
fn out_of_memory(py: Python<'_>) -> PyResult<Py<PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let bases = [py.get_type::<JaxRuntimeError>(), py.get_type::<PyMemoryError>()];
    both(py, &CLASS, "OutOfMemoryError", bases, "An array that does not fit in memory.")
}

fn instance(class: fn(Python<'_>) -> PyResult<Py<PyType>>, message: String) -> PyErr {
    Python::attach(|py| match class(py) {
        Ok(class) => PyErr::from_type(class.into_bound(py), message),
        Err(error) => error,
    })
}

/// A Python exception as an error of the core.
pub fn host(error: PyErr) -> Error {
    Error::Host(HostError(Arc::new(error)))
}

/// An error of the core as a Python exception.
pub fn raise(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Host(HostError(inner)) => inside(inner),
        Error::Engine(pullback_core::engine::Error::Host(HostError(inner))) => inside(inner),
        Error::TooLarge { .. }
        | Error::Engine(
            pullback_core::engine::Error::TooLarge { .. }
            | pullback_core::engine::Error::OutOfMemory { .. },
        ) => instance(out_of_memory, format!("RESOURCE_EXHAUSTED: {message}")),
        Error::Engine(_) => PyTypeError::new_err(message),
        Error::Promotion { .. } | Error::StrictPromotion { .. } => {
            TypePromotionError::new_err(message)
        }
        Error::Axis { .. } => instance(axis_error, message),
        Error::Broadcast { .. } => PyValueError::new_err(message),
        Error::Elementwise { .. }
        | Error::DType { .. }
        | Error::DTypeMismatch { .. }
        | Error::Derivative { .. }
        | Error::Type { .. } => PyTypeError::new_err(message),
        Error::Value { .. } | Error::Structure { .. } => PyValueError::new_err(message),
        Error::ZeroDivision { .. } => PyZeroDivisionError::new_err(message),
        Error::Overflow { .. } => PyOverflowError::new_err(message),
        Error::Index { .. } => PyIndexError::new_err(message),
        Error::Concretization { need, .. } => match need {
            Need::Bool => TracerBoolConversionError::new_err(message),
            Need::Integer => TracerIntegerConversionError::new_err(message),
            Need::Array => TracerArrayConversionError::new_err(message),
            Need::Value => ConcretizationTypeError::new_err(message),
        },
        Error::UnexpectedTracer { .. } => UnexpectedTracerError::new_err(message),
        Error::MissingRule { .. } | Error::NotLinear { .. } | Error::Unsupported { .. } => {
            PyNotImplementedError::new_err(message)
        }
        Error::UnboundAxis { .. } => PyNameError::new_err(message),
        Error::Program { .. } => PyRuntimeError::new_err(message),
        Error::NotANumber { .. } => PyFloatingPointError::new_err(message),
    }
}

fn inside(inner: Arc<dyn Any + Send + Sync>) -> PyErr {
    if let Some(error) = inner.downcast_ref::<PyErr>() {
        return Python::attach(|py| error.clone_ref(py));
    }
    match inner.downcast_ref::<Error>() {
        Some(error) => raise(error.clone()),
        None => PyRuntimeError::new_err("a host function failed"),
    }
}

/// Turns the errors of the core into Python exceptions.
pub trait OrRaise<T> {
    /// The value, or the exception.
    fn or_raise(self) -> PyResult<T>;
}

impl<T> OrRaise<T> for Result<T, Error> {
    #[inline]
    fn or_raise(self) -> PyResult<T> {
        self.map_err(raise)
    }
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the messages of panics to ourselves; [`guarded`] reports them.
pub fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        PANIC.with_borrow_mut(|text| *text = info.to_string());
    }));
}

/// Calls `f`; a mistake of ours becomes a `RuntimeError`, never the end of the process.
#[inline]
pub fn guarded<T>(f: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => result,
        Err(_) => Err(broken()),
    }
}

#[cold]
fn broken() -> PyErr {
    let text = PANIC.with_borrow_mut(std::mem::take);
    PyRuntimeError::new_err(format!("internal error, please report it: {text}"))
}

/// Adds the classes to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("JAXTypeError", py.get_type::<JAXTypeError>())?;
    module.add("JAXIndexError", py.get_type::<JAXIndexError>())?;
    module.add("ConcretizationTypeError", py.get_type::<ConcretizationTypeError>())?;
    module.add("TracerBoolConversionError", py.get_type::<TracerBoolConversionError>())?;
    module.add("TracerArrayConversionError", py.get_type::<TracerArrayConversionError>())?;
    module.add("TracerIntegerConversionError", py.get_type::<TracerIntegerConversionError>())?;
    module.add("NonConcreteBooleanIndexError", py.get_type::<NonConcreteBooleanIndexError>())?;
    module.add("UnexpectedTracerError", py.get_type::<UnexpectedTracerError>())?;
    module.add("TypePromotionError", py.get_type::<TypePromotionError>())?;
    module.add("KeyReuseError", py.get_type::<KeyReuseError>())?;
    module.add("JaxRuntimeError", py.get_type::<JaxRuntimeError>())?;
    module.add("AxisError", axis_error(py)?)?;
    module.add("OutOfMemoryError", out_of_memory(py)?)?;
    Ok(())
}
