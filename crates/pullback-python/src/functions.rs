//! The functions of the table as builtin functions of Python.
//!
//! A call matches its arguments to the parameters of the row, converts each as its kind says,
//! and calls the row. `ffi` makes the function objects, all with one entry point.

use pullback::api::{ApiFn, Arg, Args, Kind, Param, Value};
use pullback_core::{Array, DType, Need, promote};
use pyo3::exceptions::{PyNotImplementedError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PySlice, PyString, PyTuple, PyType};
use rustc_hash::FxHashMap;
use std::sync::{Mutex, OnceLock};

use crate::array::{PyArray, wrap};
use crate::convert::{
    array_argument, array_like, as_array, as_array_of, dtype_argument, dtype_object, dtype_of,
    named,
};
use crate::errors::{OrRaise, raise};
use crate::{config, ffi};

/// Functions that take lists where an array is asked for; the others do not, as in JAX, because
/// a list is slow to convert.
const TAKES_LISTS: &[&str] = &["array", "asarray", "copy", "ascontiguousarray", "asfortranarray"];

/// Functions whose number of results depends on the exact values of numbers of the host language,
/// which must therefore not be rounded to the types in use first.
const TAKES_EXACT: &[&str] = &["arange"];

/// A row of the table, ready to be called from Python.
pub struct Builtin {
    api: &'static ApiFn,
    signature: OnceLock<Signature>,
    /// The module it is in, for its name.
    pub module: &'static str,
}

struct Signature {
    params: Vec<Param>,
    names: Vec<Py<PyString>>,
    /// How many parameters can be given by position.
    positional: usize,
    variadic: Option<usize>,
    lists: bool,
    exact: bool,
}

impl Builtin {
    /// A row of the table.
    pub fn new(module: &'static str, api: &'static ApiFn) -> Builtin {
        Builtin { api, signature: OnceLock::new(), module }
    }

    /// The name of the function.
    pub fn name(&self) -> &'static str {
        self.api.name
    }

    fn signature(&self, py: Python<'_>) -> &Signature {
        self.signature.get_or_init(|| {
            let params = (self.api.params)();
            let names =
                params.iter().map(|param| PyString::intern(py, param.name).unbind()).collect();
            let variadic = params.iter().position(|param| param.kind == Kind::Variadic);
            let positional = params.iter().take_while(|param| !param.keyword_only).count();
            let lists = TAKES_LISTS.contains(&self.api.name);
            let exact = TAKES_EXACT.contains(&self.api.name);
            Signature { params, names, positional, variadic, lists, exact }
        })
    }

    /// The text that `inspect.signature` and `help` read.
    pub fn doc(&self) -> String {
        let mut text = format!("{}(", self.api.name);
        let mut starred = false;
        for (at, param) in (self.api.params)().iter().enumerate() {
            if at > 0 {
                text.push_str(", ");
            }
            if param.kind == Kind::Variadic {
                text.push_str(&format!("*{}", param.name));
                starred = true;
                continue;
            }
            if param.keyword_only && !starred {
                text.push_str("*, ");
                starred = true;
            }
            text.push_str(param.name);
            if let Some(default) = param.default {
                text.push('=');
                text.push_str(default);
            }
        }
        format!("{text})\n--\n\n{}", self.api.doc)
    }

    /// Calls the function.
    ///
    /// # Errors
    /// As JAX's functions do, and those of the function.
    pub fn call(
        &self,
        py: Python<'_>,
        args: &[Bound<'_, PyAny>],
        keywords: &[(Bound<'_, PyAny>, Bound<'_, PyAny>)],
    ) -> PyResult<Py<PyAny>> {
        config::sync();
        let signature = self.signature(py);
        let mut values = Vec::with_capacity(signature.params.len());
        values.resize(signature.params.len(), Arg::Missing);
        let limit = signature.variadic.unwrap_or(signature.positional);
        if args.len() > limit && signature.variadic.is_none() {
            return Err(self.too_many(signature, args.len()));
        }
        let dtype = match signature.lists {
            true => asked_dtype(signature, args, keywords)?,
            false => None,
        };
        for (at, object) in args.iter().take(limit).enumerate() {
            values[at] = self.convert(signature, at, object, dtype)?;
        }
        if let Some(at) = signature.variadic {
            let rest = args.get(limit..).unwrap_or_default();
            let arrays = rest
                .iter()
                .enumerate()
                .map(|(i, object)| array_argument(object, self.api.name, limit + i))
                .collect::<PyResult<_>>()?;
            values[at] = Arg::Arrays(arrays);
        }
        for (name, object) in keywords {
            let at = signature
                .names
                .iter()
                .position(|known| known.is(name))
                .or_else(|| {
                    let name = name.cast::<PyString>().ok()?.to_cow().ok()?;
                    signature.params.iter().position(|param| param.name == name)
                })
                .filter(|at| Some(*at) != signature.variadic);
            let Some(at) = at else {
                return Err(PyTypeError::new_err(format!(
                    "{}() got an unexpected keyword argument '{name}'",
                    self.api.name
                )));
            };
            if at < args.len().min(limit) {
                return Err(PyTypeError::new_err(format!(
                    "{}() got multiple values for argument '{name}'",
                    self.api.name
                )));
            }
            values[at] = self.convert(signature, at, object, dtype)?;
        }
        for (param, value) in signature.params.iter().zip(&values) {
            if param.default.is_none() && matches!(value, Arg::Missing) {
                return Err(PyTypeError::new_err(format!(
                    "{}() missing 1 required positional argument: '{}'",
                    self.api.name, param.name
                )));
            }
        }
        let result = (self.api.call)(&mut Args::new(self.api.name, values));
        to_python(py, result.map_err(|error| error.within(self.api.name)).or_raise()?)
    }

    fn too_many(&self, signature: &Signature, given: usize) -> PyErr {
        let required = signature.params[..signature.positional]
            .iter()
            .filter(|param| param.default.is_none())
            .count();
        let takes = match required == signature.positional {
            true => required.to_string(),
            false => format!("from {required} to {}", signature.positional),
        };
        PyTypeError::new_err(format!(
            "{}() takes {takes} positional arguments but {given} were given",
            self.api.name
        ))
    }

    fn convert(
        &self,
        signature: &Signature,
        at: usize,
        object: &Bound<'_, PyAny>,
        dtype: Option<DType>,
    ) -> PyResult<Arg> {
        let param = &signature.params[at];
        self.convert_as(signature, at, param.kind, object, dtype)
    }

    fn convert_as(
        &self,
        signature: &Signature,
        at: usize,
        kind: Kind,
        object: &Bound<'_, PyAny>,
        dtype: Option<DType>,
    ) -> PyResult<Arg> {
        let param = &signature.params[at];
        let wrong = || self.wrong(param, object);
        let known = |error: PyErr| unknown(self.api.name, param.name, object).unwrap_or(error);
        match kind {
            Kind::Array | Kind::OptionalArray if signature.exact => match exact(object)? {
                Some(array) => Ok(Arg::Array(array)),
                None if object.is_none() => Ok(Arg::None),
                None => array_argument(object, self.api.name, at).map(Arg::Array),
            },
            Kind::Array if signature.lists => self.items(object, dtype),
            Kind::Array => array_argument(object, self.api.name, at).map(Arg::Array),
            Kind::OptionalArray if object.is_none() => Ok(Arg::None),
            Kind::OptionalArray => array_argument(object, self.api.name, at).map(Arg::Array),
            Kind::Arrays => self.arrays(object, at),
            Kind::Variadic => Err(wrong()),
            Kind::OptionalInt | Kind::OptionalFloat | Kind::OptionalStr | Kind::OptionalBool
                if object.is_none() =>
            {
                Ok(Arg::None)
            }
            Kind::OptionalShape | Kind::Ints | Kind::DType if object.is_none() => Ok(Arg::None),
            Kind::Int | Kind::OptionalInt => {
                whole(object).map_err(known)?.map(Arg::Int).ok_or_else(wrong)
            }
            Kind::Float | Kind::OptionalFloat => {
                if let Ok(number) = object.cast::<PyFloat>() {
                    return Ok(Arg::Float(number.value()));
                }
                if let Ok(array) = object.cast_exact::<PyArray>() {
                    let number = array.get().live()?.to_f64().or_raise().map_err(known);
                    return number.map(Arg::Float);
                }
                object.extract::<f64>().map(Arg::Float).map_err(|_| wrong())
            }
            Kind::Bool | Kind::OptionalBool => truth(object)?.map(Arg::Bool).ok_or_else(wrong),
            Kind::Str | Kind::OptionalStr => match object.cast::<PyString>() {
                Ok(text) => Ok(Arg::Str(text.to_cow()?.into_owned())),
                Err(_) => Err(wrong()),
            },
            Kind::Items if object.is_none() => Ok(Arg::None),
            Kind::Items => self.items(object, None),
            Kind::Nested if object.is_none() => Ok(Arg::None),
            Kind::Nested => nested(object).map_err(known)?.ok_or_else(wrong),
            Kind::Words if object.is_none() => Ok(Arg::None),
            Kind::Words => words(object).map_err(known)?.ok_or_else(wrong),
            Kind::Blocks => blocks(object),
            Kind::Tuple(kinds) => {
                let Ok(items) = object.try_iter() else { return Err(wrong()) };
                let items = items.collect::<PyResult<Vec<_>>>()?;
                if items.len() != kinds.len() {
                    return Err(wrong());
                }
                let args = items.iter().zip(kinds);
                let convert =
                    |(item, &kind): (_, &Kind)| self.convert_as(signature, at, kind, item, None);
                args.map(convert).collect::<PyResult<_>>().map(Arg::List)
            }
            Kind::Ints | Kind::Shape | Kind::OptionalShape => {
                match whole(object).map_err(known)? {
                    Some(value) => Ok(Arg::Int(value)),
                    None => ints(object).map_err(known)?.map(Arg::Ints).ok_or_else(wrong),
                }
            }
            Kind::DType => dtype_argument(object, self.api.name).map(Arg::DType),
            Kind::Any => anything(object),
            Kind::Ignored => self.pass_over(param, object),
        }
    }

    /// An array from whatever can become one.
    fn items(&self, object: &Bound<'_, PyAny>, dtype: Option<DType>) -> PyResult<Arg> {
        let array = as_array_of(object, dtype);
        array.map(Arg::Array).map_err(|error| named(object.py(), self.api.name, error))
    }

    fn arrays(&self, object: &Bound<'_, PyAny>, at: usize) -> PyResult<Arg> {
        if !object.is_instance_of::<PyList>()
            && !object.is_instance_of::<PyTuple>()
            && let Some(array) = array_like(object)?
        {
            return Ok(Arg::Array(array));
        }
        if object.is_instance_of::<PyString>() || object.is_instance_of::<PyDict>() {
            return array_argument(object, self.api.name, at).map(Arg::Array);
        }
        let Ok(items) = object.try_iter() else {
            return array_argument(object, self.api.name, at).map(Arg::Array);
        };
        let arrays = items
            .enumerate()
            .map(|(i, item)| array_argument(&item?, self.api.name, i))
            .collect::<PyResult<Vec<Array>>>()?;
        Ok(Arg::Arrays(arrays))
    }

    /// An argument that makes no difference; what would make one is refused.
    fn pass_over(&self, param: &Param, object: &Bound<'_, PyAny>) -> PyResult<Arg> {
        match param.name {
            _ if object.is_none() => Ok(Arg::None),
            "out" => Err(PyNotImplementedError::new_err(format!(
                "{}: the argument 'out' is not supported, since arrays do not change",
                self.api.name
            ))),
            "impl" if object.str()?.to_cow()? != "threefry2x32" => {
                Err(PyValueError::new_err(format!(
                    "{}: unrecognized PRNG implementation {}; the one there is is 'threefry2x32'",
                    self.api.name,
                    object.repr()?
                )))
            }
            _ => Ok(Arg::None),
        }
    }

    fn wrong(&self, param: &Param, object: &Bound<'_, PyAny>) -> PyErr {
        PyTypeError::new_err(format!(
            "{}: argument '{}' must be {}, got {} of type {}",
            self.api.name,
            param.name,
            param.kind.describe(),
            object.repr().map(|text| text.to_string()).unwrap_or_default(),
            object.get_type()
        ))
    }
}

/// The element type that a call asks for, looked up before its other arguments are converted.
fn asked_dtype(
    signature: &Signature,
    args: &[Bound<'_, PyAny>],
    keywords: &[(Bound<'_, PyAny>, Bound<'_, PyAny>)],
) -> PyResult<Option<DType>> {
    let Some(at) = signature.params.iter().position(|param| param.kind == Kind::DType) else {
        return Ok(None);
    };
    let by_name = || {
        let (_, object) = keywords.iter().find(|(name, _)| name.eq("dtype").unwrap_or(false))?;
        Some(object)
    };
    match args.get(at).or_else(by_name).filter(|object| !object.is_none()) {
        // Errors wait for the argument's own turn.
        Some(object) => Ok(dtype_of(object).ok().map(promote::canonical)),
        None => Ok(None),
    }
}

/// The error for an argument that must be known, and is or holds an array being traced; or is
/// too large.
pub fn unknown(function: &str, argument: &str, object: &Bound<'_, PyAny>) -> Option<PyErr> {
    let traced = |object: &Bound<'_, PyAny>| {
        let array = object.cast_exact::<PyArray>().ok()?.get().live().ok()?.clone();
        let error = array.concrete(Need::Value, format!("argument '{argument}'")).err()?;
        Some(raise(error.within(function)))
    };
    let large = |object: &Bound<'_, PyAny>| {
        let large = object.is_instance_of::<PyInt>() && object.extract::<i64>().is_err();
        large.then(|| {
            let message = format!("{function}: argument '{argument}' is too large: {object}");
            PyOverflowError::new_err(message)
        })
    };
    let error = |object: &Bound<'_, PyAny>| traced(object).or_else(|| large(object));
    let items = || object.try_iter().ok()?.find_map(|item| error(&item.ok()?));
    error(object).or_else(|| if is_sequence(object) { items() } else { None })
}

fn is_sequence(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>()
}

/// A number of the host language in the widest type.
fn exact(object: &Bound<'_, PyAny>) -> PyResult<Option<Array>> {
    if let Ok(value) = object.cast_exact::<PyFloat>() {
        return Ok(Some(Array::weak_scalar(value.value())));
    }
    match object.cast_exact::<PyInt>() {
        Ok(_) => object.extract::<i64>().map(|value| Some(Array::weak_scalar(value))),
        Err(_) => Ok(None),
    }
}

/// The whole number that an object is; a tracer raises the error that says so.
pub fn whole(object: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    if object.is_instance_of::<PyInt>() {
        return object.extract().map(Some);
    }
    if object.is_instance_of::<PyFloat>()
        || object.is_instance_of::<PyTuple>()
        || object.is_instance_of::<PyList>()
    {
        return Ok(None);
    }
    if let Ok(array) = object.cast_exact::<PyArray>()
        && array.get().0.rank() > 0
    {
        return Ok(None);
    }
    match object.call_method0(intern!(object.py(), "__index__")) {
        Ok(value) => value.extract().map(Some),
        Err(error) if object.cast_exact::<PyArray>().is_ok() => Err(error),
        Err(_) => Ok(None),
    }
}

fn truth(object: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
    if let Ok(value) = object.cast_exact::<PyBool>() {
        return Ok(Some(value.is_true()));
    }
    match object.is_instance_of::<PyString>() {
        true => Ok(None),
        false => object.is_truthy().map(Some),
    }
}

/// The whole numbers that a sequence holds.
pub fn ints(object: &Bound<'_, PyAny>) -> PyResult<Option<Vec<i64>>> {
    if object.is_instance_of::<PyString>() {
        return Ok(None);
    }
    let Ok(items) = object.try_iter() else { return Ok(None) };
    let mut values = vec![];
    for item in items {
        match whole(&item?)? {
            Some(value) => values.push(value),
            None => return Ok(None),
        }
    }
    Ok(Some(values))
}

/// The whole numbers that nested sequences hold.
fn nested(object: &Bound<'_, PyAny>) -> PyResult<Option<Arg>> {
    if let Some(value) = whole(object)? {
        return Ok(Some(Arg::Int(value)));
    }
    if object.is_instance_of::<PyString>() || object.is_instance_of::<PyDict>() {
        return Ok(None);
    }
    let Ok(items) = object.try_iter() else { return Ok(None) };
    let mut args = vec![];
    for item in items {
        match nested(&item?)? {
            Some(arg) => args.push(arg),
            None => return Ok(None),
        }
    }
    Ok(Some(Arg::List(args)))
}

/// Words and whole numbers in sequences nested to any depth; `None` for anything else.
fn words(object: &Bound<'_, PyAny>) -> PyResult<Option<Arg>> {
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(Some(Arg::Str(text.to_cow()?.into_owned())));
    }
    if let Some(value) = whole(object)? {
        return Ok(Some(Arg::Int(value)));
    }
    if object.is_instance_of::<PyDict>() {
        return Ok(None);
    }
    let Ok(items) = object.try_iter() else { return Ok(None) };
    let args = items.map(|item| words(&item?)).collect::<PyResult<Option<_>>>()?;
    Ok(args.map(Arg::List))
}

/// The arrays that nested lists hold.
fn blocks(object: &Bound<'_, PyAny>) -> PyResult<Arg> {
    if object.is_instance_of::<PyTuple>() {
        return Err(PyValueError::new_err(format!(
            "block does not allow tuples, got {}",
            object.repr()?
        )));
    }
    match object.cast::<PyList>() {
        Ok(list) => list.iter().map(|item| blocks(&item)).collect::<PyResult<_>>().map(Arg::List),
        Err(_) => as_array(object).map(Arg::Array),
    }
}

fn anything(object: &Bound<'_, PyAny>) -> PyResult<Arg> {
    if object.is_none() {
        return Ok(Arg::None);
    }
    if let Ok(value) = object.cast_exact::<PyBool>() {
        return Ok(Arg::Bool(value.is_true()));
    }
    if object.is_instance_of::<PyInt>()
        && let Ok(value) = object.extract()
    {
        return Ok(Arg::Int(value));
    }
    if let Ok(value) = object.cast_exact::<PyFloat>() {
        return Ok(Arg::Float(value.value()));
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(Arg::Str(text.to_cow()?.into_owned()));
    }
    if let Ok(slice) = object.cast::<PySlice>() {
        let part = |name: &str| -> PyResult<Option<i64>> {
            let part = slice.getattr(name)?;
            if part.is_none() { Ok(None) } else { whole(&part) }
        };
        return Ok(Arg::Slice([part("start")?, part("stop")?, part("step")?]));
    }
    let plain = object.is_instance_of::<PyTuple>() || object.is_instance_of::<PyList>();
    if plain && let Some(values) = ints(object)? {
        return Ok(Arg::Ints(values));
    }
    as_array(object).map(Arg::Array)
}

/// The result of a function as Python has it.
pub fn to_python(py: Python<'_>, value: Value) -> PyResult<Py<PyAny>> {
    let wrapped = |arrays: Vec<Array>| -> PyResult<Vec<Py<PyAny>>> {
        arrays.into_iter().map(|array| wrap(py, array)).collect()
    };
    Ok(match value {
        Value::Array(array) => wrap(py, array)?,
        Value::Tuple(arrays) => PyTuple::new(py, wrapped(arrays)?)?.into_any().unbind(),
        Value::List(arrays) => PyList::new(py, wrapped(arrays)?)?.into_any().unbind(),
        Value::Named(name, fields) => {
            let class = named_tuple(py, name, &fields)?;
            let values = fields.into_iter().map(|(_, array)| array).collect();
            class.call1(PyTuple::new(py, wrapped(values)?)?)?.unbind()
        }
        Value::Bool(value) => PyBool::new(py, value).to_owned().into_any().unbind(),
        Value::Int(value) => value.into_pyobject(py)?.into_any().unbind(),
        Value::Ints(values) => PyTuple::new(py, values)?.into_any().unbind(),
        Value::DType(dtype) => dtype_object(py, dtype)?.unbind(),
        Value::Str(text) => PyString::new(py, text).into_any().unbind(),
        Value::Values(values) => {
            let values =
                values.into_iter().map(|v| to_python(py, v)).collect::<PyResult<Vec<_>>>()?;
            PyTuple::new(py, values)?.into_any().unbind()
        }
        Value::None => py.None(),
    })
}

/// The class of a result with named fields, made when first needed.
fn named_tuple<'py>(
    py: Python<'py>,
    name: &'static str,
    fields: &[(&'static str, Array)],
) -> PyResult<Bound<'py, PyAny>> {
    static CLASSES: Mutex<Option<FxHashMap<&'static str, Py<PyAny>>>> = Mutex::new(None);
    let lock = || CLASSES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(class) = lock().as_ref().and_then(|classes| classes.get(name)) {
        return Ok(class.bind(py).clone());
    }
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let class = py.import("collections")?.call_method1("namedtuple", (name, names))?;
    lock().get_or_insert_default().insert(name, class.clone().unbind());
    Ok(class)
}

/// The function of a module of the table.
pub fn lookup(module: &str, name: &str) -> Option<&'static ApiFn> {
    static INDEX: OnceLock<FxHashMap<(&'static str, &'static str), &'static ApiFn>> =
        OnceLock::new();
    let index = INDEX.get_or_init(|| {
        let mut index = FxHashMap::default();
        for (module, functions) in pullback::modules() {
            for function in functions {
                for name in [function.name].iter().chain(function.aliases) {
                    index.insert((module, *name), *function);
                }
            }
        }
        index
    });
    index.get(&(module, name)).copied()
}

/// The functions of one module of the table, by name.
#[pyfunction]
fn functions<'py>(py: Python<'py>, module: &str) -> PyResult<Bound<'py, PyDict>> {
    static ALL: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let all = ALL.get_or_try_init(py, || {
        let all = PyDict::new(py);
        for (module, functions) in pullback::modules() {
            let entries = match all.get_item(module)? {
                Some(entries) => entries.cast_into::<PyDict>()?,
                None => {
                    let entries = PyDict::new(py);
                    all.set_item(module, &entries)?;
                    entries
                }
            };
            for function in functions {
                let builtin = ffi::builtin(py, Builtin::new(module, function))?;
                entries.set_item(function.name, &builtin)?;
                for alias in function.aliases {
                    entries.set_item(alias, &builtin)?;
                }
            }
        }
        PyResult::Ok(all.unbind())
    })?;
    match all.bind(py).get_item(module)? {
        Some(entries) => Ok(entries.cast_into::<PyDict>()?.copy()?),
        None => Ok(PyDict::new(py)),
    }
}

/// The modules of the table.
#[pyfunction]
fn modules() -> Vec<&'static str> {
    let mut names: Vec<_> = pullback::modules().iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Gives arrays their methods.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add_function(wrap_pyfunction!(functions, module)?)?;
    module.add_function(wrap_pyfunction!(modules, module)?)?;
    let numpy = functions(py, "numpy")?;
    let class: Bound<'_, PyType> = py.get_type::<PyArray>();
    for name in pullback::numpy::METHODS {
        if let Some(function) = numpy.get_item(name)? {
            class.setattr(*name, ffi::method(&function)?)?;
        }
    }
    match lookup("numpy", "sum") {
        Some(_) => Ok(()),
        None => Err(PyValueError::new_err("the table of functions is empty")),
    }
}
