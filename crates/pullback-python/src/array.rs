//! `Array` as Python sees it: operators, attributes and conversions.
//!
//! Methods that are functions of the table under the same name are added by `functions`.

use std::sync::atomic::{AtomicBool, Ordering};

use pullback::numpy::{arithmetic, logic, manipulation};
use pullback_core::primitives::rules;
use pullback_core::trace::Tracer;
use pullback_core::{Array, DType, Error, Need, promote};
use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyBufferError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PySet, PyString, PyTuple, PyType};

use crate::convert::{array_like, as_array, dtype_object, item, named, to_numpy};
use crate::errors::{OrRaise, guarded, raise};
use crate::functions::{ints, lookup, unknown, whole};
use crate::{config, ffi, indexing, text};

/// An array: concrete, or traced by a transformation. Immutable.
#[pyclass(frozen, name = "Array", module = "pullback", weakref)]
pub struct PyArray(pub Array, AtomicBool);

impl PyArray {
    /// An array that has not been deleted.
    pub fn new(array: Array) -> PyArray {
        PyArray(array, AtomicBool::new(false))
    }

    /// The array, unless it is deleted.
    #[inline]
    pub fn peek(&self) -> Option<&Array> {
        (!self.1.load(Ordering::Relaxed)).then_some(&self.0)
    }

    /// Whether it has elements, rather than being traced.
    #[inline]
    pub fn is_concrete(&self) -> bool {
        self.0.tensor().is_some()
    }

    /// The array, unless its user has deleted it, or given it to a function to be used up.
    ///
    /// # Errors
    /// If it is deleted.
    #[inline]
    pub fn live(&self) -> PyResult<&Array> {
        self.peek().ok_or_else(|| deleted(&self.0))
    }
}

#[cold]
fn deleted(array: &Array) -> PyErr {
    let text = text::aval_text(array);
    PyRuntimeError::new_err(format!("Array has been deleted with shape={text}."))
}

/// An array as an object of Python.
#[inline]
pub fn wrap(py: Python<'_>, array: Array) -> PyResult<Py<PyAny>> {
    ffi::objects::object(py, PyArray::new(array))
}

/// The function that an operator stands for, by its name in messages.
type Operation = (&'static str, fn(&Array, &Array) -> Result<Array, Error>);

/// The operand of an operator: numbers and arrays, but not lists, which are slow to convert.
#[inline]
fn operand(other: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<Array>> {
    config::sync();
    array_like(other).map_err(|error| named(other.py(), name, error))
}

#[inline]
fn binary(
    x: &Array,
    other: &Bound<'_, PyAny>,
    (name, operation): Operation,
) -> PyResult<Py<PyAny>> {
    let py = other.py();
    match operand(other, name)? {
        Some(y) => guarded(|| wrap(py, called(name, operation(x, &y))?)),
        None => left_to_other(x, other, name),
    }
}

#[inline]
fn reflected(
    y: &Array,
    other: &Bound<'_, PyAny>,
    (name, operation): Operation,
) -> PyResult<Py<PyAny>> {
    let py = other.py();
    match operand(other, name)? {
        Some(x) => guarded(|| wrap(py, called(name, operation(&x, y))?)),
        None => left_to_other(y, other, name),
    }
}

/// What an operator gives that does not know the other operand, which may know it.
///
/// # Errors
/// If the other is a container that would take the array for a number to be repeated by, or say that
/// it is not equal.
#[cold]
fn left_to_other(array: &Array, other: &Bound<'_, PyAny>, name: &str) -> PyResult<Py<PyAny>> {
    let is_container = other.is_instance_of::<PyList>()
        || other.is_instance_of::<PyTuple>()
        || other.is_instance_of::<PyDict>()
        || other.is_instance_of::<PySet>();
    let sign = match name {
        "add" => "+",
        "multiply" => "*",
        "equal" => "==",
        "not_equal" => "!=",
        _ => "",
    };
    match is_container && !sign.is_empty() {
        true => Err(PyTypeError::new_err(format!(
            "{name}: unsupported operand types for {sign}: {} and {}; an operator takes arrays and \
             numbers, and numpy.asarray makes an array of a container",
            array.aval(),
            other.get_type().name()?
        ))),
        false => Ok(other.py().NotImplemented()),
    }
}

/// The result of the function `name`.
#[inline]
fn called<T>(name: &str, result: Result<T, Error>) -> PyResult<T> {
    result.map_err(|error| raise(error.within(name)))
}

fn pair(py: Python<'_>, (x, y): (Array, Array)) -> PyResult<Py<PyAny>> {
    Ok(PyTuple::new(py, [wrap(py, x)?, wrap(py, y)?])?.into_any().unbind())
}

fn matmul(x: &Array, y: &Array) -> Result<Array, Error> {
    use pullback::api::{Arg, Args, Value};
    let Some(function) = lookup("numpy", "matmul") else {
        return Err(Error::MissingRule { primitive: "matmul".into(), rule: "the function" });
    };
    let mut values = vec![Arg::Array(x.clone()), Arg::Array(y.clone())];
    values.resize((function.params)().len(), Arg::Missing);
    match (function.call)(&mut Args::new("matmul", values))? {
        Value::Array(array) => Ok(array),
        _ => Err(Error::type_error("matmul", "gave no array")),
    }
}

impl PyArray {
    fn tracer(&self) -> Option<&std::sync::Arc<Tracer>> {
        self.0.tracer()
    }

    /// The one element as a number of the host language, for the function `name`.
    fn number<'py>(&self, py: Python<'py>, name: &str, need: Need) -> PyResult<Bound<'py, PyAny>> {
        let x = self.live()?;
        if x.rank() > 0 {
            return Err(PyTypeError::new_err(format!(
                "{name}: only scalar arrays can be converted to Python scalars, got {}",
                x.aval()
            )));
        }
        item(py, &x.concrete(need, format!("`{name}`")).or_raise()?)
    }

    fn host<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let what = "a conversion to a NumPy array";
        to_numpy(py, &self.live()?.concrete(Need::Array, what).or_raise()?)
    }
}

#[pymethods]
impl PyArray {
    #[classattr]
    fn __array_priority__() -> i32 {
        100
    }

    fn __add__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("add", arithmetic::add))
    }

    fn __radd__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("add", arithmetic::add))
    }

    fn __sub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("subtract", arithmetic::subtract))
    }

    fn __rsub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("subtract", arithmetic::subtract))
    }

    fn __mul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("multiply", arithmetic::multiply))
    }

    fn __rmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("multiply", arithmetic::multiply))
    }

    fn __truediv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("divide", arithmetic::true_divide))
    }

    fn __rtruediv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("divide", arithmetic::true_divide))
    }

    fn __floordiv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("floor_divide", arithmetic::floor_divide))
    }

    fn __rfloordiv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("floor_divide", arithmetic::floor_divide))
    }

    fn __mod__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("remainder", arithmetic::remainder))
    }

    fn __rmod__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("remainder", arithmetic::remainder))
    }

    fn __divmod__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let py = other.py();
        match operand(other, "divmod")? {
            Some(y) => {
                guarded(|| pair(py, called("divmod", arithmetic::divmod(self.live()?, &y))?))
            }
            None => Ok(py.NotImplemented()),
        }
    }

    fn __rdivmod__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let py = other.py();
        match operand(other, "divmod")? {
            Some(x) => {
                guarded(|| pair(py, called("divmod", arithmetic::divmod(&x, self.live()?))?))
            }
            None => Ok(py.NotImplemented()),
        }
    }

    fn __pow__(&self, other: &Bound<'_, PyAny>, _modulo: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("power", arithmetic::power))
    }

    fn __rpow__(
        &self,
        other: &Bound<'_, PyAny>,
        _modulo: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("power", arithmetic::power))
    }

    fn __matmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("matmul", matmul))
    }

    fn __rmatmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("matmul", matmul))
    }

    fn __and__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("bitwise_and", logic::bitwise_and))
    }

    fn __rand__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("bitwise_and", logic::bitwise_and))
    }

    fn __or__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("bitwise_or", logic::bitwise_or))
    }

    fn __ror__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("bitwise_or", logic::bitwise_or))
    }

    fn __xor__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("bitwise_xor", logic::bitwise_xor))
    }

    fn __rxor__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("bitwise_xor", logic::bitwise_xor))
    }

    fn __lshift__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("left_shift", logic::left_shift))
    }

    fn __rlshift__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("left_shift", logic::left_shift))
    }

    fn __rshift__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        binary(self.live()?, other, ("right_shift", logic::right_shift))
    }

    fn __rrshift__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        reflected(self.live()?, other, ("right_shift", logic::right_shift))
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, operator: CompareOp) -> PyResult<Py<PyAny>> {
        let operation: Operation = match operator {
            CompareOp::Lt => ("less", logic::less),
            CompareOp::Le => ("less_equal", logic::less_equal),
            CompareOp::Eq => ("equal", logic::equal),
            CompareOp::Ne => ("not_equal", logic::not_equal),
            CompareOp::Gt => ("greater", logic::greater),
            CompareOp::Ge => ("greater_equal", logic::greater_equal),
        };
        binary(self.live()?, other, operation)
    }

    fn __neg__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        config::sync();
        guarded(|| wrap(py, called("negative", arithmetic::negative(self.live()?))?))
    }

    fn __pos__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| wrap(py, called("positive", arithmetic::positive(self.live()?))?))
    }

    fn __abs__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| wrap(py, called("abs", arithmetic::absolute(self.live()?))?))
    }

    fn __invert__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| wrap(py, called("invert", logic::invert(self.live()?))?))
    }

    #[pyo3(signature = (ndigits=None))]
    fn __round__(slf: &Bound<'_, Self>, ndigits: Option<i64>) -> PyResult<Py<PyAny>> {
        Ok(slf.call_method1("round", (ndigits.unwrap_or(0),))?.unbind())
    }

    fn __hash__(&self) -> PyResult<isize> {
        let name = if self.tracer().is_some() { "Tracer" } else { "Array" };
        Err(PyTypeError::new_err(format!("unhashable type: '{name}'")))
    }

    fn __bool__(&self) -> PyResult<bool> {
        let x = self.live()?;
        match x.count() {
            1 => called("bool", x.to_bool()),
            0 => Err(PyValueError::new_err(format!(
                "bool: the truth value of an empty array is ambiguous, got {}; use `array.size > 0` \
                 to check that an array is not empty",
                x.aval()
            ))),
            _ => Err(PyValueError::new_err(format!(
                "bool: the truth value of an array with more than one element is ambiguous, got {}; \
                 use a.any() or a.all()",
                x.aval()
            ))),
        }
    }

    fn __int__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let value = self.number(py, "int", Need::Value)?;
        py.get_type::<pyo3::types::PyInt>().call1((value,))
    }

    fn __float__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let value = self.number(py, "float", Need::Value)?;
        py.get_type::<pyo3::types::PyFloat>().call1((value,))
    }

    fn __complex__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let value = self.number(py, "complex", Need::Value)?;
        py.get_type::<pyo3::types::PyComplex>().call1((value,))
    }

    fn __index__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.0.rank() > 0 || !self.0.dtype().is_integer() {
            return Err(PyTypeError::new_err(format!(
                "only integer scalar arrays can be converted to an index, got {}",
                self.0.aval()
            )));
        }
        self.number(py, "__index__", Need::Integer)
    }

    fn __len__(&self) -> PyResult<usize> {
        match self.0.shape().first() {
            Some(&size) => Ok(size),
            None => Err(PyTypeError::new_err(format!(
                "len() of an array without axes, of type {}",
                self.0.aval()
            ))),
        }
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        if self.0.rank() == 0 {
            return Err(PyTypeError::new_err(format!(
                "iteration over a 0-d array, of type {}",
                self.0.aval()
            )));
        }
        let rows = guarded(|| manipulation::rows(self.live()?).or_raise())?;
        let rows = rows.into_iter().map(|row| wrap(py, row)).collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, rows)?.try_iter()
    }

    fn __contains__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        config::sync();
        let other = as_array(other)?;
        let equal = logic::equal(self.live()?, &other).or_raise()?;
        let any = rules::reduce_sum(
            &rules::convert_element_type(&equal, DType::I32).or_raise()?,
            &(0..equal.rank()).collect::<Vec<_>>(),
        );
        any.and_then(|any| any.to_bool()).or_raise()
    }

    fn __getitem__(&self, index: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        config::sync();
        guarded(|| wrap(index.py(), indexing::get(self.live()?, index)?))
    }

    fn __setitem__(&self, _index: &Bound<'_, PyAny>, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "JAX arrays are immutable and do not support in-place item assignment. Instead of \
             x[idx] = y, use x = x.at[idx].set(y) or another .at[] method",
        ))
    }

    fn __delitem__(&self, _index: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "arrays do not change, so that no element can be deleted; use pullback.numpy.delete",
        ))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        text::repr(py, self.live()?)
    }

    fn __str__(&self, py: Python<'_>) -> PyResult<String> {
        text::str(py, self.live()?)
    }

    fn __format__<'py>(
        &self,
        py: Python<'py>,
        spec: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let (0, Some(tensor)) = (self.0.rank(), self.0.tensor())
            && !tensor.dtype().is_opaque()
        {
            return item(py, tensor)?.call_method1("__format__", (spec,));
        }
        if !spec.is_empty()? {
            return Err(PyTypeError::new_err(format!(
                "format: a format such as '{spec}' is for one concrete number, got {}",
                self.0.aval()
            )));
        }
        Ok(PyString::new(py, &text::str(py, self.live()?)?).into_any())
    }

    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut array = self.host(py)?;
        if let Some(dtype) = dtype {
            let keywords = PyDict::new(py);
            keywords.set_item("copy", false)?;
            array = array.call_method("astype", (dtype,), Some(&keywords))?;
        }
        match copy {
            Some(true) => array.call_method0("copy"),
            _ => Ok(array),
        }
    }

    #[pyo3(signature = (**keywords))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        // The consumer shares the memory, and is told that it must not write to it. One that cannot
        // be told, since it speaks an older version, is refused by NumPy, and gets a copy.
        let host = self.host(py)?;
        match host.call_method("__dlpack__", (), keywords) {
            Err(error) if error.is_instance_of::<PyBufferError>(py) => {
                host.call_method0("copy")?.call_method("__dlpack__", (), keywords)
            }
            capsule => capsule,
        }
    }

    /// The elements as a buffer of Python, which cannot be written to.
    fn __buffer__<'py>(&self, py: Python<'py>, _flags: i32) -> PyResult<Bound<'py, PyAny>> {
        let memory = py.import("builtins")?.getattr("memoryview")?;
        memory.call1((self.host(py)?,))
    }

    fn __dlpack_device__(&self) -> (i32, i32) {
        (1, 0)
    }

    fn __array_namespace__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyModule>> {
        py.import("pullback.numpy")
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.concrete(Need::Value, "pickling").or_raise()?;
        let rebuild = py.import("pullback._pullback")?.getattr("_rebuild")?;
        let (data, key) = match self.0.dtype() {
            DType::KeyThreefry => {
                let words = pullback_core::primitives::random::random_unwrap::random_unwrap;
                (PyArray::new(words(self.live()?).or_raise()?).host(py)?, true)
            }
            _ => (self.host(py)?, false),
        };
        (rebuild, (data, self.0.is_weak(), key)).into_pyobject(py).map(Bound::into_any)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    /// The sizes of the axes.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.shape())
    }

    /// The type of the elements.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        dtype_object(py, self.0.dtype())
    }

    /// The number of axes.
    #[getter]
    fn ndim(&self) -> usize {
        self.0.rank()
    }

    /// The number of elements.
    #[getter]
    fn size(&self) -> usize {
        self.0.count()
    }

    /// The bytes of one element.
    #[getter]
    fn itemsize(&self) -> usize {
        self.0.dtype().size()
    }

    /// The bytes of all elements.
    #[getter]
    fn nbytes(&self) -> usize {
        self.0.count() * self.0.dtype().size()
    }

    /// Whether the type came from a bare number, and yields to others.
    #[getter]
    fn weak_type(&self) -> bool {
        self.0.is_weak()
    }

    /// Whether the array is traced, rather than concrete.
    #[getter]
    fn _is_tracer(&self) -> bool {
        self.tracer().is_some()
    }

    /// The array with its axes in reverse order.
    #[getter(T)]
    fn transposed(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| wrap(py, manipulation::transpose(self.live()?, None).or_raise()?))
    }

    /// The array with its last two axes swapped.
    #[getter(mT)]
    fn matrix_transposed(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| wrap(py, manipulation::matrix_transpose(self.live()?).or_raise()?))
    }

    /// The real part.
    #[getter]
    fn real(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.0.dtype().is_complex() {
            true => guarded(|| wrap(py, rules::real(self.live()?).or_raise()?)),
            false => wrap(py, self.live()?.clone()),
        }
    }

    /// The imaginary part.
    #[getter]
    fn imag(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| match self.0.dtype().is_complex() {
            true => wrap(py, rules::imag(self.live()?).or_raise()?),
            false => wrap(py, rules::zeros_like(self.live()?).or_raise()?),
        })
    }

    /// What an updated copy is made with: `x.at[index].set(value)`.
    #[getter]
    fn at(slf: Py<Self>) -> indexing::At {
        indexing::At { array: slf }
    }

    /// The array in another shape, given as one argument or several.
    #[pyo3(signature = (*args, order="C", copy=None, out_sharding=None))]
    fn reshape(
        &self,
        args: &Bound<'_, PyTuple>,
        order: &str,
        copy: Option<bool>,
        out_sharding: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let _ = out_sharding;
        let py = args.py();
        let sizes = arguments(args, "reshape", "shape")?;
        let sizes = pullback::api::Sizes(sizes);
        guarded(|| {
            wrap(py, called("reshape", manipulation::reshape(self.live()?, &sizes, order, copy))?)
        })
    }

    /// The array with its axes in another order, given as one argument or several.
    #[pyo3(signature = (*args))]
    fn transpose(&self, args: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        let py = args.py();
        let axes = match args.len() {
            0 => None,
            1 if args.get_item(0)?.is_none() => None,
            _ => Some(pullback::api::Axes(arguments(args, "transpose", "axes")?)),
        };
        guarded(|| {
            wrap(py, called("transpose", manipulation::transpose(self.live()?, axes.as_ref()))?)
        })
    }

    /// The elements one after another.
    #[pyo3(signature = (order="C", *, out_sharding=None))]
    fn flatten(
        &self,
        py: Python<'_>,
        order: &str,
        out_sharding: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let _ = out_sharding;
        guarded(|| wrap(py, called("flatten", manipulation::ravel(self.live()?, order))?))
    }

    /// One element as a number of Python.
    #[pyo3(signature = (*args))]
    fn item<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let tensor = self.live()?.concrete(Need::Value, "`item`").or_raise()?;
        match args.len() {
            0 if tensor.count() == 1 => item(py, &tensor),
            0 => Err(PyValueError::new_err(format!(
                "item: can only convert an array of size 1 to a Python scalar, got {}",
                self.0.aval()
            ))),
            _ => self.host(py)?.call_method1("item", args),
        }
    }

    /// The elements as nested lists of numbers of Python.
    fn tolist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let tensor = self.live()?.concrete(Need::Value, "`tolist`").or_raise()?;
        match tensor.rank() {
            0 => item(py, &tensor),
            _ => self.host(py)?.call_method0("tolist"),
        }
    }

    /// The bytes of the elements, in row-major order unless asked otherwise.
    #[pyo3(signature = (order="C"))]
    fn tobytes<'py>(&self, py: Python<'py>, order: &str) -> PyResult<Bound<'py, PyAny>> {
        self.host(py)?.call_method1("tobytes", (order,))
    }

    /// The same bytes as elements of another type.
    #[pyo3(signature = (dtype=None))]
    fn view<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match dtype {
            None => Ok(slf.clone().into_any()),
            Some(dtype) => {
                slf.py().import("pullback.lax")?.call_method1("bitcast_convert_type", (slf, dtype))
            }
        }
    }

    /// A copy.
    fn copy(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| wrap(py, manipulation::copy(self.live()?, None).or_raise()?))
    }

    /// Waits until the elements are computed; they always are.
    fn block_until_ready(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Begins to copy the elements to the host, where they are already.
    fn copy_to_host_async(&self) {}

    /// Whether the elements are computed.
    fn is_ready(&self) -> bool {
        true
    }

    /// Whether the memory was given back.
    fn is_deleted(&self) -> bool {
        self.1.load(Ordering::Relaxed)
    }

    /// Ends the use of the array: everything but its type is refused from now on. The memory is
    /// given back once no one else holds it.
    fn delete(&self) {
        self.1.store(true, Ordering::Relaxed);
    }

    /// The devices that hold the elements.
    fn devices<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("pullback._devices")?.call_method0("array_devices")
    }

    /// The device that holds the elements.
    #[getter]
    fn device<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("pullback._devices")?.getattr("cpu")
    }

    /// How the elements are laid out over devices.
    #[getter]
    fn sharding<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("pullback._devices")?.call_method0("single_device_sharding")
    }

    /// Whether all elements are on devices of this process.
    #[getter]
    fn is_fully_addressable(&self) -> bool {
        true
    }

    /// Whether every device has all elements.
    #[getter]
    fn is_fully_replicated(&self) -> bool {
        true
    }

    /// Whether the array is bound to a device by the user.
    #[getter]
    fn committed(&self) -> bool {
        false
    }

    /// What is known of the array without its contents.
    #[getter]
    fn aval<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let core = py.import("pullback.core")?;
        let shape = self.shape(py)?;
        let keywords = PyDict::new(py);
        keywords.set_item(intern!(py, "weak_type"), self.0.is_weak())?;
        core.getattr("ShapedArray")?.call((shape, self.dtype(py)?), Some(&keywords))
    }
}

/// Whole numbers given as one argument, a sequence of them, or as several arguments.
fn arguments(args: &Bound<'_, PyTuple>, function: &str, name: &str) -> PyResult<Vec<i64>> {
    if args.is_empty() {
        let message = format!("{function}() missing 1 required argument: '{name}'");
        return Err(PyTypeError::new_err(message));
    }
    let given = if args.len() == 1 { args.get_item(0)? } else { args.clone().into_any() };
    let known = |error: PyErr| unknown(function, name, &given).unwrap_or(error);
    if let Some(value) = whole(&given).map_err(known)? {
        return Ok(vec![value]);
    }
    ints(&given).map_err(known)?.ok_or_else(|| {
        PyTypeError::new_err(format!("{function}: '{name}' must be integers, got {given}"))
    })
}

/// An array from its pickled parts.
#[pyfunction]
fn _rebuild(py: Python<'_>, data: &Bound<'_, PyAny>, weak: bool, key: bool) -> PyResult<Py<PyAny>> {
    // Wide types are kept, whatever the setting is now.
    let before = promote::x64();
    promote::set_x64(None);
    let array = as_array(data);
    promote::set_x64(before);
    let array = array?;
    if key {
        let wrap_key = pullback_core::primitives::random::random_wrap::random_wrap;
        return wrap(py, wrap_key(&array).map_err(raise)?);
    }
    match array.into_tensor() {
        Some(tensor) => wrap(py, Array::with_weak(tensor, weak)),
        None => Err(PyTypeError::new_err("a pickled array has elements")),
    }
}

/// Adds the class to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyArray>()?;
    module.add_class::<indexing::At>()?;
    module.add_class::<indexing::AtIndex>()?;
    module.add_function(wrap_pyfunction!(_rebuild, module)?)?;
    let class: Bound<'_, PyType> = module.py().get_type::<PyArray>();
    if module.py().version_info() >= (3, 12) {
        // Assigning the method makes Python look for it where it needs a buffer.
        class.setattr("__buffer__", class.getattr("__buffer__")?)?;
    } else {
        ffi::export_buffers(&class);
    }
    ffi::objects::install(&class)?;
    ffi::operators::install(&class);
    // `Array` is not to be made by its class, but `isinstance` and annotations need it.
    class.setattr("__doc__", "An array: concrete, or traced by a transformation. Immutable.")
}
