//! Between Python objects and arrays.
//!
//! NumPy is imported when an object first needs it, never before: it takes longer to import than
//! everything of ours.

use num_complex::Complex;
use pullback_core::array::{complex_item, integer_item};
use pullback_core::engine::Buffer;
use pullback_core::primitives::rules;
use pullback_core::{Array, Bool, DType, Tensor, promote};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyImportError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyBytes, PyComplex, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyType,
};

use crate::array::{PyArray, wrap};
use crate::errors::OrRaise;

/// The module `numpy`.
pub fn numpy(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static NUMPY: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    Ok(NUMPY.get_or_try_init(py, || py.import("numpy").map(Bound::unbind))?.bind(py))
}

/// The array that an object stands for, where JAX's functions take it: an array of ours or of
/// NumPy, or a number. `None` for anything else, lists included.
#[inline]
pub fn array_like(object: &Bound<'_, PyAny>) -> PyResult<Option<Array>> {
    if let Ok(array) = object.cast_exact::<PyArray>() {
        return Ok(Some(array.get().live()?.clone()));
    }
    if let Ok(value) = object.cast_exact::<PyFloat>() {
        return Ok(Some(weak_float(value.value())));
    }
    if object.cast_exact::<PyInt>().is_ok() {
        return weak_int(object).map(Some);
    }
    other_array_like(object)
}

/// A real number of the host language.
#[inline]
pub fn weak_float(value: f64) -> Array {
    match promote::default_float() {
        DType::F64 => Array::weak_scalar(value),
        _ => Array::weak_scalar(value as f32),
    }
}

/// A whole number of the host language, if the type of whole numbers has it.
#[inline]
pub fn weak_whole(value: i64) -> Option<Array> {
    match promote::default_int() {
        DType::I64 => Some(Array::weak_scalar(value)),
        _ => i32::try_from(value).ok().map(Array::weak_scalar),
    }
}

fn weak_int(object: &Bound<'_, PyAny>) -> PyResult<Array> {
    object.extract().ok().and_then(weak_whole).ok_or_else(|| {
        let name = promote::default_int().name();
        PyOverflowError::new_err(format!("Python int {object} too large to convert to {name}"))
    })
}

fn weak_complex(value: Complex<f64>) -> Array {
    match promote::default_complex() {
        DType::C128 => Array::weak_scalar(value),
        _ => Array::weak_scalar(Complex::new(value.re as f32, value.im as f32)),
    }
}

fn other_array_like(object: &Bound<'_, PyAny>) -> PyResult<Option<Array>> {
    let py = object.py();
    if let Ok(value) = object.cast_exact::<PyBool>() {
        return Ok(Some(Array::from(value.is_true())));
    }
    if let Ok(value) = object.cast_exact::<PyComplex>() {
        return Ok(Some(weak_complex(Complex::new(value.real(), value.imag()))));
    }
    let method = intern!(py, "__jax_array__");
    if let Some(method) = object.getattr_opt(method)? {
        return array_like(&method.call0()?);
    }
    if object.cast::<PyType>().is_ok() {
        return Ok(None);
    }
    if let Some(dtype) = object.getattr_opt(intern!(py, "dtype"))? {
        if object.hasattr(intern!(py, "shape"))? {
            return from_numpy(object, &dtype).map(Some);
        }
        return Ok(None);
    }
    if let Ok(value) = object.cast::<PyFloat>() {
        return Ok(Some(weak_float(value.value())));
    }
    if object.cast::<PyInt>().is_ok() {
        return weak_int(object).map(Some);
    }
    Ok(None)
}

/// An exception of the same class, whose message begins with the name of the function called.
/// One that Python code raised, on our behalf, is left as it is.
pub fn named(py: Python<'_>, function: &str, error: PyErr) -> PyErr {
    if error.traceback(py).is_some() {
        return error;
    }
    let text = error.value(py).to_string();
    PyErr::from_type(error.get_type(py), format!("{function}: {text}"))
}

/// The array that an object stands for, with `function` and `position` for the message.
pub fn array_argument(
    object: &Bound<'_, PyAny>,
    function: &str,
    position: usize,
) -> PyResult<Array> {
    match array_like(object) {
        Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
            Err(named(object.py(), function, error))
        }
        Err(error) => Err(error),
        Ok(Some(array)) => Ok(array),
        Ok(None) => Err(PyTypeError::new_err(format!(
            "{function} requires ndarray or scalar arguments, got {} at position {position}.",
            object.get_type().repr()?
        ))),
    }
}

/// As [`array_like`], and also what `array` takes: nested lists, and what NumPy can convert.
pub fn as_array(object: &Bound<'_, PyAny>) -> PyResult<Array> {
    let py = object.py();
    if let Some(array) = array_like(object)? {
        return Ok(array);
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return nested(object);
    }
    if object.is_none() {
        return Err(PyValueError::new_err("None is not a valid value for jnp.array"));
    }
    if object.is_instance_of::<PyString>() {
        return Err(not_an_array(object));
    }
    let convertible = object.hasattr(intern!(py, "__array__"))?
        || object.hasattr(intern!(py, "__array_interface__"))?
        || object.hasattr(intern!(py, "__buffer__"))?
        || object.hasattr(intern!(py, "__dlpack__"))?
        || object.is_instance_of::<PyBytes>();
    if !convertible {
        return Err(not_an_array(object));
    }
    let numpy = numpy(py)?;
    let array = match object.hasattr("__array__")? || !object.hasattr("__dlpack__")? {
        true => numpy.call_method1("asarray", (object,))?,
        false => numpy.call_method1("from_dlpack", (object,))?,
    };
    from_numpy(&array, &array.getattr("dtype")?)
}

/// As [`as_array`], for elements of type `dtype` if there is one.
///
/// Numbers of the host language are converted by its rules, so that one which the type cannot
/// hold is an error, and none is rounded on the way.
pub fn as_array_of(object: &Bound<'_, PyAny>, dtype: Option<DType>) -> PyResult<Array> {
    let sequence = object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>();
    match dtype {
        Some(dtype) if sequence || is_host_number(object) => {
            let shape = shape_of(object)?;
            let mut leaves = vec![];
            collect(object, &shape, &mut leaves)?;
            match !dtype.is_opaque() && leaves.iter().all(is_host_number) {
                true => of_host_numbers(&leaves, &shape, dtype),
                false => as_array(object),
            }
        }
        _ => as_array(object),
    }
}

/// Whether an object is a number of the host language, or a text that can be one.
fn is_host_number(object: &Bound<'_, PyAny>) -> bool {
    object.cast_exact::<PyInt>().is_ok()
        || object.cast_exact::<PyFloat>().is_ok()
        || object.cast_exact::<PyBool>().is_ok()
        || object.cast_exact::<PyComplex>().is_ok()
        || object.cast_exact::<PyString>().is_ok()
}

/// An array of numbers of the host language, converted as it does.
fn of_host_numbers(leaves: &[Bound<'_, PyAny>], shape: &[usize], dtype: DType) -> PyResult<Array> {
    // The widest type of the kind holds each exactly, or as the host language rounds it.
    let wide = if dtype.is_integer() {
        let class = |leaf: &Bound<'_, PyAny>| {
            let value = leaf.py().get_type::<PyInt>().call1((leaf,))?;
            let outside = || {
                PyOverflowError::new_err(format!(
                    "Python integer {value} out of bounds for {dtype}"
                ))
            };
            let bounds = pullback::numpy::dtypes::iinfo(dtype).or_raise()?;
            let whole = value.extract::<i128>().map_err(|_| outside())?;
            match (bounds.min..=bounds.max).contains(&whole) {
                true => Ok(whole),
                false => Err(outside()),
            }
        };
        let values = leaves.iter().map(class).collect::<PyResult<Vec<i128>>>()?;
        match dtype {
            DType::U64 => {
                let values: Vec<u64> = values.iter().map(|&value| value as u64).collect();
                Array::from_slice(&values, shape)
            }
            _ => {
                let values: Vec<i64> = values.iter().map(|&value| value as i64).collect();
                Array::from_slice(&values, shape)
            }
        }
    } else if dtype.is_complex() {
        let class = |leaf: &Bound<'_, PyAny>| {
            let value = leaf.py().get_type::<PyComplex>().call1((leaf,))?;
            let value = value.cast_into::<PyComplex>()?;
            Ok(Complex::new(value.real(), value.imag()))
        };
        let values = leaves.iter().map(class).collect::<PyResult<Vec<Complex<f64>>>>()?;
        Array::from_slice(&values, shape)
    } else if dtype == DType::Bool {
        let class = |leaf: &Bound<'_, PyAny>| Ok(Bool::from(leaf.is_truthy()?));
        let values = leaves.iter().map(class).collect::<PyResult<Vec<Bool>>>()?;
        Array::from_slice(&values, shape)
    } else {
        let class = |leaf: &Bound<'_, PyAny>| {
            leaf.py().get_type::<PyFloat>().call1((leaf,))?.extract::<f64>()
        };
        let values = leaves.iter().map(class).collect::<PyResult<Vec<f64>>>()?;
        Array::from_slice(&values, shape)
    };
    promote::to_type(&wide.or_raise()?, dtype, false).or_raise()
}

fn not_an_array(object: &Bound<'_, PyAny>) -> PyErr {
    let text = object.repr().map(|text| text.to_string()).unwrap_or_default();
    PyTypeError::new_err(format!(
        "Value {text} of type {} is not a valid JAX type: only arrays of numeric types are supported",
        object.get_type()
    ))
}

/// The lengths of nested sequences, those of the first at each depth.
fn shape_of(object: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let mut shape = vec![];
    let mut level = object.clone();
    while let Some(items) = sequence(&level)? {
        shape.push(items.len());
        match items.into_iter().next() {
            Some(first) => level = first,
            None => break,
        }
        // A list that holds itself has no end.
        if shape.len() > 64 {
            return Err(PyValueError::new_err(
                "sequences are nested more than 64 deep, the limit of dimensions",
            ));
        }
    }
    Ok(shape)
}

/// The leaves of nested sequences, all of one depth.
fn nested(object: &Bound<'_, PyAny>) -> PyResult<Array> {
    let shape = shape_of(object)?;
    let mut leaves = vec![];
    collect(object, &shape, &mut leaves)?;
    from_leaves(object.py(), leaves, &shape)
}

fn sequence<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    if let Ok(list) = object.cast::<PyList>() {
        return Ok(Some(list.iter().collect()));
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        return Ok(Some(tuple.iter().collect()));
    }
    Ok(None)
}

fn collect<'py>(
    object: &Bound<'py, PyAny>,
    shape: &[usize],
    leaves: &mut Vec<Bound<'py, PyAny>>,
) -> PyResult<()> {
    match (sequence(object)?, shape.split_first()) {
        (None, None) => {
            leaves.push(object.clone());
            Ok(())
        }
        (Some(items), Some((&size, rest))) if items.len() == size => {
            items.iter().try_for_each(|item| collect(item, rest, leaves))
        }
        _ => Err(PyValueError::new_err(
            "nested sequences must all have the same lengths at each depth",
        )),
    }
}

fn from_leaves(py: Python<'_>, leaves: Vec<Bound<'_, PyAny>>, shape: &[usize]) -> PyResult<Array> {
    if leaves.is_empty() {
        let zeros = Tensor::zeros(promote::default_float(), shape);
        return zeros.map(Array::new).map_err(Into::into).or_raise();
    }
    // Numbers of the host language all of one kind need no promotion.
    if leaves.iter().all(|leaf| leaf.cast_exact::<PyFloat>().is_ok()) {
        let values: Vec<f64> = leaves.iter().map(|leaf| leaf.extract()).collect::<PyResult<_>>()?;
        return match promote::default_float() {
            DType::F64 => Array::from_slice(&values, shape),
            _ => {
                let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
                Array::from_slice(&values, shape)
            }
        }
        .or_raise();
    }
    if leaves.iter().all(|leaf| leaf.cast_exact::<PyBool>().is_ok()) {
        let values: Vec<Bool> = leaves
            .iter()
            .map(|leaf| Ok(Bool::from(leaf.extract::<bool>()?)))
            .collect::<PyResult<_>>()?;
        return Array::from_slice(&values, shape).or_raise();
    }
    if leaves.iter().all(is_host_number)
        && let Some(dtype) = common_kind(&leaves)
    {
        return of_host_numbers(&leaves, shape, dtype);
    }
    let mut arrays = Vec::with_capacity(leaves.len());
    for leaf in &leaves {
        match array_like(leaf)? {
            Some(array) => arrays.push(array),
            None => arrays.push(as_array(leaf)?),
        }
    }
    stacked(py, &arrays, shape)
}

/// The type of an array of numbers of the host language of several kinds; `None` if one is a text,
/// or all are whole, which are looked at one by one.
fn common_kind(leaves: &[Bound<'_, PyAny>]) -> Option<DType> {
    let any = |is: fn(&Bound<'_, PyAny>) -> bool| leaves.iter().any(is);
    if any(|leaf| leaf.is_instance_of::<PyString>()) {
        None
    } else if any(|leaf| leaf.is_instance_of::<PyComplex>()) {
        Some(promote::default_complex())
    } else if any(|leaf| leaf.is_instance_of::<PyFloat>()) {
        Some(promote::default_float())
    } else {
        None
    }
}

/// Arrays of one shape as the entries of one array, along new leading axes of sizes `shape`.
fn stacked(_: Python<'_>, arrays: &[Array], shape: &[usize]) -> PyResult<Array> {
    let refs: Vec<&Array> = arrays.iter().collect();
    let (dtype, _) = promote::result_type_of("array", &refs).or_raise()?;
    let inner: Vec<usize> = arrays[0].shape().to_vec();
    if arrays.iter().any(|array| array.shape() != inner) {
        let types: Vec<_> = arrays.iter().map(|array| array.aval().to_string()).collect();
        return Err(PyTypeError::new_err(format!(
            "arrays in a list must all have the same shape, got {}",
            types.join(", ")
        )));
    }
    let whole: Vec<usize> = shape.iter().chain(&inner).copied().collect();
    // Concrete numbers are written to a buffer, without an operation for each.
    if inner.is_empty() && arrays.iter().all(|array| array.tensor().is_some()) {
        let mut buffer = Buffer::new(dtype, arrays.len()).map_err(Into::into).or_raise()?;
        let size = dtype.size();
        for (slot, array) in buffer.bytes_mut().chunks_exact_mut(size).zip(arrays) {
            let converted = promote::to_type(array, dtype, false).or_raise()?;
            match converted.tensor().and_then(Tensor::bytes) {
                Some(bytes) => slot.copy_from_slice(bytes),
                None => return Err(PyTypeError::new_err("array: the type holds no numbers")),
            }
        }
        return Ok(Array::new(Tensor::from_buffer(dtype, &whole, buffer)));
    }
    let row: Vec<usize> = [1].iter().chain(&inner).copied().collect();
    let rows = arrays
        .iter()
        .map(|array| rules::reshape(&promote::to_type(array, dtype, false)?, &row))
        .collect::<Result<Vec<_>, _>>()
        .or_raise()?;
    let joined = rules::concatenate(&rows.iter().collect::<Vec<_>>(), 0).or_raise()?;
    rules::reshape(&joined, &whole).or_raise()
}

/// An array of NumPy, or a scalar of it, in the types in use.
fn from_numpy(object: &Bound<'_, PyAny>, dtype: &Bound<'_, PyAny>) -> PyResult<Array> {
    let py = object.py();
    let name: String = dtype.getattr(intern!(py, "name"))?.extract()?;
    let Some(given) = DType::from_name(&name) else {
        if dtype.hasattr("names")? && dtype.getattr("names")?.repr()? == "('float0',)" {
            let shape: Vec<usize> = object.getattr("shape")?.extract()?;
            return Ok(Array::new(Tensor::from_buffer(
                DType::Float0,
                &shape,
                Buffer::new(DType::Float0, 0).map_err(Into::into).or_raise()?,
            )));
        }
        return Err(PyTypeError::new_err(format!(
            "JAX does not support objects of type {}, dtype {name}",
            object.get_type()
        )));
    };
    let numpy = numpy(py)?;
    let shape: Vec<usize> = object.getattr(intern!(py, "shape"))?.extract()?;
    let target = promote::canonical(given);
    let native: bool = dtype.getattr(intern!(py, "isnative"))?.extract()?;
    let mut source = numpy.call_method1(intern!(py, "ascontiguousarray"), (object,))?;
    if target != given || !native {
        source = source.call_method1(intern!(py, "astype"), (dtype_object(py, target)?,))?;
    }
    let flat = source.call_method1(intern!(py, "reshape"), (-1,))?;
    let bytes = flat.call_method1(intern!(py, "view"), (intern!(py, "uint8"),))?;
    let bytes = PyBuffer::<u8>::get(&bytes)?;
    let count = shape.iter().product();
    let mut buffer = Buffer::new(target, count).map_err(Into::into).or_raise()?;
    bytes.copy_to_slice(py, buffer.bytes_mut())?;
    Ok(Array::new(Tensor::from_buffer(target, &shape, buffer)))
}

/// The array of a contiguous array of NumPy, over the same memory if we can use it as it is: if
/// it is of a type of ours, begins at a cache line and fills whole ones.
#[pyfunction]
fn shared(py: Python<'_>, object: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    crate::config::sync();
    let dtype = object.getattr(intern!(py, "dtype"))?;
    let name: String = dtype.getattr(intern!(py, "name"))?.extract()?;
    let native: bool = dtype.getattr(intern!(py, "isnative"))?.extract()?;
    let contiguous: bool =
        object.getattr(intern!(py, "flags"))?.getattr(intern!(py, "c_contiguous"))?.extract()?;
    let Some(dtype) = DType::from_name(&name) else { return Ok(None) };
    // A truth value of another library may be any byte; ours are zero or one.
    if !native || !contiguous || promote::canonical(dtype) != dtype || dtype == DType::Bool {
        return Ok(None);
    }
    let shape: Vec<usize> = object.getattr(intern!(py, "shape"))?.extract()?;
    let bytes = object
        .call_method1(intern!(py, "reshape"), (-1,))?
        .call_method1(intern!(py, "view"), (intern!(py, "uint8"),))?;
    let owner = crate::ffi::Shared::new(PyBuffer::<u8>::get(&bytes)?);
    let buffer = owner.and_then(|owner| Buffer::borrowed(Box::new(owner)));
    let array = buffer.map(|buffer| Array::new(Tensor::from_buffer(dtype, &shape, buffer)));
    array.map(|array| wrap(py, array)).transpose()
}

/// Memory that NumPy reads in place.
#[pyclass(frozen, module = "pullback")]
pub struct Memory(Tensor);

#[pymethods]
impl Memory {
    /// Where the elements lie, in NumPy's terms.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let tensor = &self.0;
        let size = tensor.dtype().size();
        let layout = tensor.layout();
        let start = tensor.buffer_bytes().as_ptr() as usize + layout.offset * size;
        let interface = PyDict::new(py);
        interface.set_item("shape", PyTuple::new(py, layout.shape.iter())?)?;
        let strides = layout.strides.iter().map(|stride| stride * size as isize);
        interface.set_item("strides", PyTuple::new(py, strides.collect::<Vec<_>>())?)?;
        interface.set_item("typestr", typestr(tensor.dtype()))?;
        interface.set_item("data", (start, true))?;
        interface.set_item("version", 3)?;
        Ok(interface)
    }
}

fn typestr(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "|b1",
        DType::I4 | DType::I8 => "|i1",
        DType::U4 | DType::U8 => "|u1",
        DType::I16 => "<i2",
        DType::I32 => "<i4",
        DType::I64 => "<i8",
        DType::U16 | DType::BF16 => "<u2",
        DType::U32 => "<u4",
        DType::U64 | DType::KeyThreefry => "<u8",
        DType::F16 => "<f2",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::C64 => "<c8",
        DType::C128 => "<c16",
        DType::F8E4M3Fn | DType::F8E5M2 => "|u1",
        DType::Float0 | DType::Stack => "|V0",
    }
}

/// A tensor as an array of NumPy, which shares the memory and cannot be written to.
pub fn to_numpy<'py>(py: Python<'py>, tensor: &Tensor) -> PyResult<Bound<'py, PyAny>> {
    let dtype = tensor.dtype();
    match dtype {
        DType::Float0 => {
            let shape = PyTuple::new(py, tensor.shape())?;
            return numpy(py)?.call_method1("zeros", (shape, dtype_object(py, dtype)?));
        }
        DType::KeyThreefry | DType::Stack => {
            return Err(PyTypeError::new_err(
                "JAX array with PRNGKey dtype cannot be converted to a NumPy array. \
                 Use pullback.random.key_data(arr) to extract the key data.",
            ));
        }
        _ => {}
    }
    let memory = Bound::new(py, Memory(tensor.clone()))?;
    let array = numpy(py)?.call_method1(intern!(py, "asarray"), (memory,))?;
    match dtype {
        DType::BF16 | DType::F8E4M3Fn | DType::F8E5M2 | DType::I4 | DType::U4 => {
            array.call_method1("view", (dtype_object(py, dtype)?,))
        }
        _ => Ok(array),
    }
}

/// The type as NumPy's object for it.
pub fn dtype_object(py: Python<'_>, dtype: DType) -> PyResult<Bound<'_, PyAny>> {
    const COUNT: usize = 32;
    static OBJECTS: [PyOnceLock<Py<PyAny>>; COUNT] = [const { PyOnceLock::new() }; COUNT];
    let object = OBJECTS[dtype as usize].get_or_try_init(py, || {
        let object = match dtype {
            DType::BF16 | DType::F8E4M3Fn | DType::F8E5M2 | DType::I4 | DType::U4 => {
                let narrow = py.import("ml_dtypes").map_err(|_| {
                    PyImportError::new_err(format!(
                        "NumPy knows the type {dtype} through the package ml_dtypes, \
                         which is not installed"
                    ))
                })?;
                numpy(py)?.call_method1("dtype", (narrow.getattr(dtype.name())?,))?
            }
            DType::Float0 => {
                let field = PyTuple::new(
                    py,
                    [
                        "float0".into_pyobject(py)?.into_any(),
                        numpy(py)?.getattr("void")?.call1((0,))?.get_type().into_any(),
                    ],
                )?;
                numpy(py)?.call_method1("dtype", (PyList::new(py, [field])?,))?
            }
            DType::KeyThreefry | DType::Stack => {
                py.import("pullback.dtypes")?.getattr("_key_type")?.call1((dtype.name(),))?
            }
            _ => numpy(py)?.call_method1("dtype", (dtype.name(),))?,
        };
        PyResult::Ok(object.unbind())
    })?;
    Ok(object.bind(py).clone())
}

/// The element type that an object stands for, as it was asked for.
pub fn dtype_of(object: &Bound<'_, PyAny>) -> PyResult<DType> {
    let py = object.py();
    if let Ok(array) = object.cast_exact::<PyArray>() {
        return Err(PyValueError::new_err(format!(
            "an array of type {} is no dtype; its own is array.dtype",
            array.get().0.aval()
        )));
    }
    if let Ok(name) = object.cast::<PyString>() {
        if let Some(dtype) = DType::from_name(&name.to_cow()?) {
            return Ok(dtype);
        }
        match &*name.to_cow()? {
            "float" => return Ok(promote::default_float()),
            "int" => return Ok(promote::default_int()),
            "complex" => return Ok(promote::default_complex()),
            _ => {}
        }
    }
    if let Ok(class) = object.cast::<PyType>() {
        if class.is(py.get_type::<PyFloat>()) {
            return Ok(promote::default_float());
        }
        if class.is(py.get_type::<PyBool>()) {
            return Ok(DType::Bool);
        }
        if class.is(py.get_type::<PyInt>()) {
            return Ok(promote::default_int());
        }
        if class.is(py.get_type::<PyComplex>()) {
            return Ok(promote::default_complex());
        }
    }
    if let Some(name) = object.getattr_opt(intern!(py, "_pullback_dtype"))?
        && let Some(dtype) = DType::from_name(&name.extract::<String>()?)
    {
        return Ok(dtype);
    }
    if let Some(name) = object.getattr_opt(intern!(py, "name"))?
        && let Ok(name) = name.extract::<String>()
        && let Some(dtype) = DType::from_name(&name)
    {
        return Ok(dtype);
    }
    let dtype = numpy(py)?.call_method1(intern!(py, "dtype"), (object,))?;
    let name: String = dtype.getattr(intern!(py, "name"))?.extract()?;
    if dtype.getattr("names")?.is_none() { DType::from_name(&name) } else { Some(DType::Float0) }
        .ok_or_else(|| {
            PyTypeError::new_err(format!(
                "JAX only supports number, bool, and PRNG key dtypes, got dtype {name}"
            ))
        })
}

/// The element type asked for in a call of `function`; a wide one is used only if wide types are.
pub fn dtype_argument(object: &Bound<'_, PyAny>, function: &str) -> PyResult<DType> {
    let asked = dtype_of(object).map_err(|error| named(object.py(), function, error))?;
    let used = promote::canonical(asked);
    if used != asked {
        let py = object.py();
        let message = format!(
            "Explicitly requested dtype {asked} requested in {function} is not available, and will \
             be truncated to dtype {used}. To enable more dtypes, set the jax_enable_x64 \
             configuration option or the JAX_ENABLE_X64 shell environment variable."
        );
        let category = py.get_type::<pyo3::exceptions::PyUserWarning>();
        let warnings = py.import("warnings")?;
        warnings.call_method1("warn", (message, category, 2))?;
    }
    Ok(used)
}

/// The one element of a tensor as a number of the host language.
pub fn item<'py>(py: Python<'py>, tensor: &Tensor) -> PyResult<Bound<'py, PyAny>> {
    let none = || PyTypeError::new_err(format!("an element of {} is no number", tensor.dtype()));
    match tensor.dtype() {
        DType::Bool => {
            let value = tensor.item::<Bool>().ok_or_else(none)?;
            Ok(PyBool::new(py, value.into()).to_owned().into_any())
        }
        dtype if dtype.is_integer() => {
            let value = integer_item(tensor).ok_or_else(none)?;
            Ok(value.into_pyobject(py)?.into_any())
        }
        dtype if dtype.is_complex() => {
            let value = complex_item(tensor).ok_or_else(none)?;
            Ok(PyComplex::from_doubles(py, value.re, value.im).into_any())
        }
        dtype if dtype.is_float() => {
            let value = complex_item(tensor).ok_or_else(none)?;
            Ok(PyFloat::new(py, value.re).into_any())
        }
        _ => Err(none()),
    }
}

/// `object` as an array of ours, if it is or can become one.
#[pyfunction]
#[pyo3(name = "as_array")]
fn py_as_array(py: Python<'_>, object: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    crate::config::sync();
    wrap(py, as_array(object)?)
}

/// NumPy's object for a type.
#[pyfunction]
fn dtype<'py>(py: Python<'py>, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    crate::config::sync();
    dtype_object(py, dtype_of(object)?)
}

/// NumPy's object for the type used where `object` is asked for.
#[pyfunction]
fn canonical_dtype<'py>(
    py: Python<'py>,
    object: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    crate::config::sync();
    dtype_object(py, promote::canonical(dtype_of(object)?))
}

/// The type in which arrays and numbers meet, and whether it is weak.
#[pyfunction]
fn result_type<'py>(
    py: Python<'py>,
    values: Vec<Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyAny>, bool)> {
    crate::config::sync();
    let arrays = values.iter().map(as_array).collect::<PyResult<Vec<_>>>()?;
    let refs: Vec<&Array> = arrays.iter().collect();
    let (dtype, weak) = promote::result_type_of("result_type", &refs).or_raise()?;
    Ok((dtype_object(py, dtype)?, weak))
}

/// Adds the functions to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(py_as_array, module)?)?;
    module.add_function(wrap_pyfunction!(dtype, module)?)?;
    module.add_function(wrap_pyfunction!(shared, module)?)?;
    module.add_function(wrap_pyfunction!(result_type, module)?)?;
    module.add_function(wrap_pyfunction!(canonical_dtype, module)?)
}
