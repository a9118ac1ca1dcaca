//! `reduce_window`, which takes a function of two scalars.

use pullback::flat as over_arrays;
use pullback::lax::{Padding, window_of};
use pullback_core::Array;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::{flat, inside, tree_of};
use crate::errors::{OrRaise, guarded};

type Object<'py> = Bound<'py, PyAny>;

fn padding_of(object: &Object<'_>) -> PyResult<Padding> {
    if let Ok(name) = object.cast::<PyString>() {
        return Ok(Padding::Named(name.to_cow()?.into_owned()));
    }
    let pairs: Vec<Vec<i64>> = object
        .try_iter()?
        .map(|pair| pair?.try_iter()?.map(|size| size?.extract()).collect())
        .collect::<PyResult<_>>()?;
    let pair = |pair: Vec<i64>| match pair[..] {
        [low, high] => Ok((low, high)),
        _ => {
            Err(PyTypeError::new_err(format!("reduce_window: padding must be pairs, got {pair:?}")))
        }
    };
    Ok(Padding::Pairs(pairs.into_iter().map(pair).collect::<PyResult<_>>()?))
}

#[pyfunction]
#[pyo3(signature = (operand, init_value, computation, window_dimensions, window_strides=None, padding=None, base_dilation=None, window_dilation=None))]
fn reduce_window<'py>(
    operand: &Object<'py>,
    init_value: &Object<'py>,
    computation: &Object<'py>,
    window_dimensions: Vec<i64>,
    window_strides: Option<Vec<i64>>,
    padding: Option<&Object<'py>>,
    base_dilation: Option<Vec<i64>>,
    window_dilation: Option<Vec<i64>>,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = operand.py();
    if !computation.is_callable() {
        return Err(PyTypeError::new_err(format!(
            "reduce_window: computation should be callable, got {}",
            computation.repr()?
        )));
    }
    let padding = padding.map_or_else(|| Ok("VALID".into()), padding_of)?;
    guarded(|| {
        let (operands, structure) = flat(operand, "reduce_window: operand")?;
        let (inits, given) = flat(init_value, "reduce_window: init_value")?;
        if !given.equals(py, &structure)? {
            return Err(PyValueError::new_err(
                "reduce_window: operands and initial values must have one structure",
            ));
        }
        let mut join = |a: &[Array], b: &[Array]| {
            inside(|| {
                let a = tree_of(py, &structure, a.to_vec())?;
                let b = tree_of(py, &structure, b.to_vec())?;
                let (arrays, given) = flat(&computation.call1((a, b))?, "reduce_window: output")?;
                match given.equals(py, &structure)? {
                    true => Ok(arrays),
                    false => Err(PyValueError::new_err(
                        "reduce_window: computation must give the structure that it is given",
                    )),
                }
            })
        };
        let Some(first) = operands.first() else {
            return Err(PyValueError::new_err("reduce_window: must have at least one operand"));
        };
        let shape = first.shape().to_vec();
        let window = window_of(
            &shape,
            &window_dimensions,
            window_strides.as_deref(),
            &padding,
            base_dilation.as_deref(),
            window_dilation.as_deref(),
        )
        .or_raise()?;
        let ys = over_arrays::reduce_window(&mut join, &operands, &inits, &window).or_raise()?;
        tree_of(py, &structure, ys)
    })
}

/// Adds the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(reduce_window, module)?)
}
