//! Indexing: `x[...]`, and copies with changes, `x.at[...]`.

use pullback::numpy::indexing::{self as core, Access, Bounds, Index, Update};
use pullback_core::{Array, DType, Error, promote};
use pyo3::exceptions::{PyIndexError, PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyEllipsis, PyInt, PyList, PySlice, PyString, PyTuple};

use crate::array::{PyArray, wrap};
use crate::convert::{array_argument, array_like, as_array, named};
use crate::errors::{NonConcreteBooleanIndexError, OrRaise, guarded, raise};
use crate::functions::whole;

/// The parts of an index.
fn parts(index: &Bound<'_, PyAny>) -> PyResult<Vec<Index>> {
    match index.cast::<PyTuple>() {
        Ok(tuple) => tuple.iter().map(|item| part(&item)).collect(),
        Err(_) => Ok(vec![part(index)?]),
    }
}

fn part(item: &Bound<'_, PyAny>) -> PyResult<Index> {
    if item.is_none() {
        return Ok(Index::NewAxis);
    }
    if item.is_instance_of::<PyEllipsis>() {
        return Ok(Index::Ellipsis);
    }
    if let Ok(value) = item.cast_exact::<PyBool>() {
        return Ok(Index::Mask(Array::from(value.is_true())));
    }
    if item.is_instance_of::<PyInt>() {
        return position(item).map(Index::Int);
    }
    if let Ok(slice) = item.cast::<PySlice>() {
        let [start, stop, step] = ["start", "stop", "step"].map(|name| bound(slice, name));
        return Ok(Index::Slice { start: start?, stop: stop?, step: step? });
    }
    if item.is_instance_of::<PyList>() || item.is_instance_of::<PyTuple>() {
        return Err(PyTypeError::new_err(
            "indexing: using a non-tuple sequence for multidimensional indexing is not allowed; use \
             `arr[array(seq)]` instead of `arr[seq]`. See https://github.com/jax-ml/jax/issues/4564 \
             for more information.",
        ));
    }
    if item.is_instance_of::<PyString>() {
        return Err(unusable(item));
    }
    let Some(array) = array_like(item)? else { return Err(unusable(item)) };
    // A concrete whole number is as good as one of the host language, and cheaper.
    if array.rank() == 0
        && array.dtype().is_integer()
        && array.tensor().is_some()
        && let Ok(value) = array.to_i64()
    {
        return Ok(Index::Int(value));
    }
    Index::from_array(&array).or_raise()
}

/// A whole number as an index, which is one of the default integer type.
fn position(item: &Bound<'_, PyAny>) -> PyResult<i64> {
    let dtype = promote::default_int();
    let fits = |value: &i64| dtype == DType::I64 || i32::try_from(*value).is_ok();
    item.extract::<i64>().ok().filter(fits).ok_or_else(|| {
        PyOverflowError::new_err(format!(
            "indexing: Python int {item} too large to convert to {dtype}"
        ))
    })
}

/// The error for an object that is no index: what has a type of elements has a wrong one.
fn unusable(item: &Bound<'_, PyAny>) -> PyErr {
    let message = format!(
        "indexing: only integers, slices (`:`), ellipsis (`...`), newaxis (`None`) and integer or \
         boolean arrays are valid indices, got an object of type {}",
        item.get_type()
    );
    let typed = item.is_instance_of::<PyString>() || item.is_instance_of::<PyBytes>();
    match typed {
        true => PyTypeError::new_err(message),
        false => PyIndexError::new_err(message),
    }
}

fn bound(slice: &Bound<'_, PySlice>, name: &str) -> PyResult<Option<i64>> {
    let value = slice.getattr(name)?;
    if value.is_none() {
        return Ok(None);
    }
    let traced = value.cast_exact::<PyArray>().is_ok_and(|x| x.get().0.tensor().is_none());
    // A bound beyond all numbers is beyond the array.
    if value.is_instance_of::<PyInt>() {
        let beyond = || if value.lt(0).unwrap_or(false) { i64::MIN } else { i64::MAX };
        return Ok(Some(value.extract().unwrap_or_else(|_| beyond())));
    }
    match whole(&value) {
        Ok(Some(value)) => Ok(Some(value)),
        _ if traced => Err(PyIndexError::new_err(
            "indexing: array slice indices must have static start/stop/step to be used with NumPy \
             indexing syntax. To index a statically sized array at a dynamic position, try \
             lax.dynamic_slice/dynamic_update_slice (arrays of dynamic sizes are not supported in \
             compiled functions).",
        )),
        _ => Err(PyTypeError::new_err(format!(
            "indexing: slice indices must be integers or None or have an __index__ method, got {value}"
        ))),
    }
}

/// The error of an operation on an index, in JAX's class if a mask was traced.
fn index_error(error: Error, index: &[Index]) -> PyErr {
    for part in index {
        if let Index::Mask(mask) = part
            && mask.tensor().is_none()
        {
            return NonConcreteBooleanIndexError::new_err(format!(
                "indexing: array boolean indices must be concrete; got {}",
                mask.aval()
            ));
        }
    }
    raise(error)
}

/// The part of an array that an index says.
pub fn get(x: &Array, index: &Bound<'_, PyAny>) -> PyResult<Array> {
    let index = parts(index)?;
    core::get(x, &index).map_err(|error| index_error(error, &index))
}

/// What an updated copy is made with.
#[pyclass(frozen, module = "pullback")]
pub struct At {
    /// The array.
    pub array: Py<PyArray>,
}

#[pymethods]
impl At {
    fn __getitem__(&self, py: Python<'_>, index: Py<PyAny>) -> AtIndex {
        AtIndex { array: self.array.clone_ref(py), index }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("_IndexUpdateHelper({})", self.array.bind(py).repr()?))
    }
}

/// A place in an array, to be read or written in a copy.
#[pyclass(frozen, module = "pullback")]
pub struct AtIndex {
    array: Py<PyArray>,
    index: Py<PyAny>,
}

fn access(
    mode: Option<&Bound<'_, PyAny>>,
    fill_value: Option<f64>,
    indices_are_sorted: bool,
    unique_indices: bool,
) -> PyResult<Access> {
    let mode = match mode {
        None => None,
        Some(mode) => {
            // A member of an enumeration is as good as its name.
            let name = match mode.getattr_opt("name")? {
                Some(name) => name.str()?.to_string().to_lowercase(),
                None => mode.str()?.to_string(),
            };
            match name.as_str() {
                "fill_or_drop" => Some(Bounds::Fill),
                name => Some(Bounds::from_name("at", name).or_raise()?),
            }
        }
    };
    Ok(Access { mode, fill_value, indices_are_sorted, unique_indices })
}

impl AtIndex {
    fn update(
        &self,
        py: Python<'_>,
        (name, update): (&str, Update),
        values: &Bound<'_, PyAny>,
        access: PyResult<Access>,
    ) -> PyResult<Py<PyAny>> {
        crate::config::sync();
        let x = self.array.get().live()?;
        let index = parts(self.index.bind(py))?;
        let values = as_array(values).map_err(|error| named(py, name, error))?;
        let access = access?;
        guarded(|| {
            let result = core::update(x, &index, update, &values, &access);
            wrap(py, result.map_err(|error| index_error(error.within(name), &index))?)
        })
    }
}

macro_rules! updates {
    ($($name:ident => $update:ident, $doc:literal;)*) => {
        #[pymethods]
        impl AtIndex {
            $(
                #[doc = $doc]
                #[pyo3(signature = (values, *, indices_are_sorted=false, unique_indices=false, mode=None, out_sharding=None, wrap_negative_indices=true))]
                #[allow(clippy::too_many_arguments)]
                fn $name(
                    &self,
                    py: Python<'_>,
                    values: &Bound<'_, PyAny>,
                    indices_are_sorted: bool,
                    unique_indices: bool,
                    mode: Option<&Bound<'_, PyAny>>,
                    out_sharding: Option<Py<PyAny>>,
                    wrap_negative_indices: bool,
                ) -> PyResult<Py<PyAny>> {
                    let _ = (out_sharding, wrap_negative_indices);
                    let access = access(mode, None, indices_are_sorted, unique_indices);
                    self.update(py, (concat!("at[].", stringify!($name)), Update::$update), values, access)
                }
            )*

            /// The elements at the place.
            #[pyo3(signature = (*, indices_are_sorted=false, unique_indices=false, mode=None, fill_value=None, out_sharding=None, wrap_negative_indices=true))]
            #[allow(clippy::too_many_arguments)]
            fn get(
                &self,
                py: Python<'_>,
                indices_are_sorted: bool,
                unique_indices: bool,
                mode: Option<&Bound<'_, PyAny>>,
                fill_value: Option<&Bound<'_, PyAny>>,
                out_sharding: Option<Py<PyAny>>,
                wrap_negative_indices: bool,
            ) -> PyResult<Py<PyAny>> {
                let _ = (out_sharding, wrap_negative_indices);
                crate::config::sync();
                let fill = fill_value
                    .map(|value| array_argument(value, "at[].get", 0)?.to_f64().or_raise())
                    .transpose()?;
                let access = access(mode, fill, indices_are_sorted, unique_indices)?;
                let index = parts(self.index.bind(py))?;
                guarded(|| {
                    let result = core::get_with(self.array.get().live()?, &index, &access);
                    wrap(py, result.map_err(|error| index_error(error, &index))?)
                })
            }

            /// A copy with a function applied to the elements at the place.
            #[pyo3(signature = (func, *, indices_are_sorted=false, unique_indices=false, mode=None, out_sharding=None, wrap_negative_indices=true))]
            #[allow(clippy::too_many_arguments)]
            fn apply(
                &self,
                py: Python<'_>,
                func: &Bound<'_, PyAny>,
                indices_are_sorted: bool,
                unique_indices: bool,
                mode: Option<&Bound<'_, PyAny>>,
                out_sharding: Option<Py<PyAny>>,
                wrap_negative_indices: bool,
            ) -> PyResult<Py<PyAny>> {
                let _ = (out_sharding, wrap_negative_indices);
                let index = parts(self.index.bind(py))?;
                let values = guarded(|| {
                    let result = core::get(self.array.get().live()?, &index);
                    wrap(py, result.map_err(|error| index_error(error, &index))?)
                })?;
                let values = func.call1((values,))?;
                let access = access(mode, None, indices_are_sorted, unique_indices);
                self.update(py, ("at[].apply", Update::Set), &values, access)
            }

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                let (array, index) = (self.array.bind(py), self.index.bind(py));
                Ok(format!("_IndexUpdateRef({}, {})", array.repr()?, index.repr()?))
            }
        }
    };
}

updates! {
    set => Set, "A copy with values in the place.";
    add => Add, "A copy with values added in the place.";
    subtract => Subtract, "A copy with values subtracted in the place.";
    multiply => Multiply, "A copy with the place multiplied by values.";
    mul => Multiply, "A copy with the place multiplied by values.";
    divide => Divide, "A copy with the place divided by values.";
    power => Power, "A copy with the place raised to powers.";
    min => Min, "A copy with the smaller of both in the place.";
    max => Max, "A copy with the larger of both in the place.";
}
