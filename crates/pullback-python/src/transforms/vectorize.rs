//! `vectorize`: functions of single elements, or of cores, on arrays.

use pullback::flat::{self as over_arrays, Signature};
use pullback_core::Array;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::{Function, Left, Transform, flat, inside, leaf_array, tree_of};
use crate::array::wrap;
use crate::errors::OrRaise;
use crate::tree::TreeDef;

struct Vectorize {
    /// Positions of arguments that are handed through as they are.
    positions: Vec<i64>,
    /// Names of such arguments.
    names: Vec<String>,
    signature: Option<String>,
}

impl Transform for Vectorize {
    fn name(&self) -> &'static str {
        "vectorize"
    }

    fn call<'py>(
        &self,
        fun: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = fun.py();
        let signature = self.signature.as_deref().map(Signature::parse).transpose().or_raise()?;
        let mut arrays: Vec<Array> = vec![];
        let mut positional = vec![];
        for (at, arg) in args.iter().enumerate() {
            let fixed = arg.is_none() || self.positions.contains(&(at as i64));
            if !fixed {
                arrays.push(leaf_array(&arg, "vectorize: argument")?);
            }
            positional.push((arg, fixed));
        }
        let named = PyDict::new(py);
        let mut mapped_names = vec![];
        for (name, value) in kwargs.into_iter().flatten() {
            if self.names.contains(&name.extract::<String>()?) {
                named.set_item(name, value)?;
            } else {
                arrays.push(leaf_array(&value, "vectorize: argument")?);
                mapped_names.push(name);
            }
        }
        let left: Left<TreeDef> = Left::new();
        let outputs = over_arrays::vectorize(signature.as_ref(), &arrays, |inputs| {
            inside(|| {
                let mut inputs = inputs.iter().cloned();
                let mut next = || inputs.next().map(|array| wrap(py, array)).transpose();
                let mut values = vec![];
                for (arg, fixed) in &positional {
                    match fixed {
                        true => values.push(arg.clone()),
                        false => {
                            values.extend(next()?.map(|array| array.into_bound(py).into_any()))
                        }
                    }
                }
                let keywords = named.copy()?;
                for name in &mapped_names {
                    keywords.set_item(name, next()?)?;
                }
                let result = fun.call(PyTuple::new(py, values)?, Some(&keywords))?;
                let (arrays, structure) = flat(&result, "vectorize: output")?;
                left.put(structure);
                Ok(arrays)
            })
        })
        .or_raise()?;
        tree_of(py, &left.take()?, outputs)
    }
}

/// A function of arrays by broadcasting, from one of single elements or cores.
#[pyfunction]
fn vectorize<'py>(
    fun: &Bound<'py, PyAny>,
    excluded: &Bound<'py, PyAny>,
    signature: Option<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let (mut positions, mut names) = (vec![], vec![]);
    for entry in excluded.try_iter()? {
        let entry = entry?;
        if let Ok(name) = entry.extract::<String>() {
            names.push(name);
        } else if let Ok(position) = entry.extract::<i64>() {
            positions.push(position);
        } else {
            return Err(PyTypeError::new_err(format!(
                "jax.numpy.vectorize can only exclude integer or string arguments, but excluded={}",
                excluded.repr()?
            )));
        }
    }
    if positions.iter().any(|&position| position < 0) {
        return Err(PyValueError::new_err(format!(
            "vectorize: excluded={} contains negative numbers",
            excluded.repr()?
        )));
    }
    Function::make(fun, None, Vectorize { positions, names, signature })
}

/// Adds the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(vectorize, module)?)
}
