//! `grad` and `value_and_grad`.

use pullback_core::{Array, DType, Tensor, transforms};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::{
    Aux, Function, Left, Transform, argnums, flat, inside, leaf_array, numbers, positions, tree_of,
    with_aux,
};
use crate::errors::OrRaise;
use crate::tree::TreeDef;

#[derive(Clone)]
struct Grad {
    argnums: Vec<i64>,
    single: bool,
    has_aux: bool,
    holomorphic: bool,
    allow_int: bool,
    with_value: bool,
}

impl Grad {
    /// The positions of the arguments to differentiate with respect to.
    fn places(&self, count: usize) -> PyResult<Vec<usize>> {
        let given = numbers(&self.argnums);
        let most = self.argnums.iter().copied().max().unwrap_or(-1);
        if most >= count as i64 {
            return Err(PyTypeError::new_err(format!(
                "{}: differentiating with respect to argnums={given} requires at least {} \
                 positional arguments to be passed by the caller, but got only {count} positional \
                 arguments",
                self.name(),
                most.saturating_add(1)
            )));
        }
        let places = positions(&self.argnums, count, &format!("{}: argnums", self.name()))?;
        if (1..places.len()).any(|at| places[..at].contains(&places[at])) {
            return Err(PyTypeError::new_err(format!(
                "{}: argnums={given} names an argument twice",
                self.name()
            )));
        }
        Ok(places)
    }

    fn check_input(&self, array: &Array) -> PyResult<()> {
        let (name, dtype) = (self.name(), array.dtype());
        if self.holomorphic {
            if !dtype.is_complex() {
                return Err(PyTypeError::new_err(format!(
                    "{name} with holomorphic=True requires inputs with complex dtype, but got \
                     {dtype}."
                )));
            }
            return Ok(());
        }
        let whole = dtype.is_opaque() || dtype.is_integer() || dtype == DType::Bool;
        if whole && !self.allow_int {
            return Err(PyTypeError::new_err(format!(
                "{name} requires real- or complex-valued inputs (input dtype that is a sub-dtype \
                 of np.inexact), but got {dtype}. If you want to use Boolean- or integer-valued \
                 inputs, use vjp or set allow_int to True."
            )));
        }
        Ok(())
    }

    fn scalar(&self, result: &Bound<'_, PyAny>) -> PyResult<Array> {
        if crate::tree::split(result)?.is_some() {
            return Err(PyTypeError::new_err(format!(
                "{}: only defined for scalar-output functions; the output was {}",
                self.name(),
                result.repr()?
            )));
        }
        leaf_array(result, format_args!("{}: output", self.name()))
    }

    fn check_output(&self, array: &Array) -> PyResult<()> {
        let (name, dtype) = (self.name(), array.dtype());
        if array.rank() != 0 {
            return Err(PyTypeError::new_err(format!(
                "{name}: only defined for scalar-output functions; the output had type {}. Reduce \
                 it to a scalar, as with output.sum(), or use pullback.jacobian to differentiate a \
                 function whose output is not a scalar",
                array.aval()
            )));
        }
        if self.holomorphic && !dtype.is_complex() {
            return Err(PyTypeError::new_err(format!(
                "{name} with holomorphic=True requires outputs with complex dtype, but got {dtype}."
            )));
        }
        if !self.holomorphic && !dtype.is_float() {
            let advice = match dtype.is_complex() {
                true => {
                    "For holomorphic differentiation, pass holomorphic=True. For differentiation \
                     of non-holomorphic functions involving complex outputs, use jax.vjp directly."
                }
                false => {
                    "For differentiation of functions with integer outputs, use jax.vjp directly."
                }
            };
            return Err(PyTypeError::new_err(format!(
                "{name} requires real-valued outputs (output dtype that is a sub-dtype of \
                 np.floating), but got {dtype}. {advice}"
            )));
        }
        Ok(())
    }
}

impl Transform for Grad {
    fn name(&self) -> &'static str {
        if self.with_value { "value_and_grad" } else { "grad" }
    }

    fn call<'py>(
        &self,
        fun: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = fun.py();
        let at = self.places(args.len())?;
        let mut primals: Vec<Array> = vec![];
        let mut structures: Vec<TreeDef> = vec![];
        for &at in &at {
            let (arrays, structure) =
                flat(&args.get_item(at)?, format_args!("{}: argument", self.name()))?;
            arrays.iter().try_for_each(|array| self.check_input(array))?;
            primals.extend(arrays);
            structures.push(structure);
        }
        let left = Left::new();
        let active = vec![true; primals.len()];
        let (results, derivative) = transforms::linearize(
            |inputs| {
                inside(|| {
                    let mut arguments: Vec<Bound<'py, PyAny>> = args.iter().collect();
                    let mut rest = inputs.iter().cloned();
                    for (&at, structure) in at.iter().zip(&structures) {
                        let arrays = rest.by_ref().take(structure.leaves()).collect();
                        arguments[at] = tree_of(py, structure, arrays)?;
                    }
                    let result = fun.call(PyTuple::new(py, arguments)?, kwargs)?;
                    let mut arrays = vec![];
                    match self.has_aux {
                        false => arrays.push(self.scalar(&result)?),
                        true => {
                            let (result, aux) = with_aux(self.name(), &result)?;
                            arrays.push(self.scalar(&result)?);
                            left.put(Aux::new(&aux, &mut arrays)?);
                        }
                    }
                    Ok(arrays)
                })
            },
            &primals,
            &active,
        )
        .or_raise()?;
        let mut results = results.into_iter();
        let value = results.next().ok_or_else(|| PyValueError::new_err("no result"))?;
        self.check_output(&value)?;
        let seed = Array::constant_like(1.0, &value.aval());
        let mut seeds = vec![None; derivative.outputs.len()];
        seeds[0] = Some(seed);
        let cotangents = derivative.transpose(&seeds).or_raise()?;
        let gradients = cotangents
            .into_iter()
            .zip(&primals)
            .map(|(ct, primal)| gradient(ct, primal))
            .collect::<PyResult<Vec<_>>>()?;
        let mut gradients = gradients.into_iter();
        let mut trees = vec![];
        for structure in &structures {
            let arrays = gradients.by_ref().take(structure.leaves()).collect();
            trees.push(tree_of(py, structure, arrays)?);
        }
        let gradient = match self.single {
            true => trees.remove(0),
            false => PyTuple::new(py, trees)?.into_any(),
        };
        let value = crate::array::wrap(py, value)?.into_bound(py);
        let tuple = |x, y| Ok(PyTuple::new(py, [x, y])?.into_any());
        match (self.with_value, self.has_aux) {
            (false, false) => Ok(gradient),
            (false, true) => tuple(gradient, left.take()?.finish(py, results)?),
            (true, false) => tuple(value, gradient),
            (true, true) => {
                let value = tuple(value, left.take()?.finish(py, results)?)?;
                tuple(value, gradient)
            }
        }
    }
}

/// The cotangent of an input, of its weakness; zero if there is none.
pub fn gradient(ct: Option<Array>, primal: &Array) -> PyResult<Array> {
    let aval = primal.aval().tangent();
    match ct {
        Some(ct) if ct.is_weak() != aval.weak && ct.tensor().is_some() => {
            let tensor = ct.into_tensor();
            match tensor {
                Some(tensor) => Ok(Array::with_weak(tensor, aval.weak)),
                None => zeros(&aval),
            }
        }
        Some(ct) => Ok(ct),
        None => zeros(&aval),
    }
}

/// Zeros of a type, `float0` included.
pub fn zeros(aval: &pullback_core::Aval) -> PyResult<Array> {
    match aval.dtype {
        DType::Float0 => {
            Tensor::zeros(DType::Float0, &aval.shape).map(Array::new).map_err(Into::into).or_raise()
        }
        _ => pullback_core::primitives::rules::zeros(aval).or_raise(),
    }
}

fn make<'py>(
    fun: &Bound<'py, PyAny>,
    numbers: &Bound<'py, PyAny>,
    has_aux: bool,
    holomorphic: bool,
    allow_int: bool,
    with_value: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let name = if with_value { "value_and_grad" } else { "grad" };
    let (argnums, single) = argnums(numbers, &format!("{name}: argnums"))?;
    let grad = Grad { argnums, single, has_aux, holomorphic, allow_int, with_value };
    Function::make(fun, None, grad)
}

/// The gradient of a function that returns a scalar.
#[pyfunction]
#[pyo3(signature = (fun, argnums=None, has_aux=false, holomorphic=false, allow_int=false, reduce_axes=None))]
fn grad<'py>(
    fun: &Bound<'py, PyAny>,
    argnums: Option<Bound<'py, PyAny>>,
    has_aux: bool,
    holomorphic: bool,
    allow_int: bool,
    reduce_axes: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let _ = reduce_axes;
    let numbers = argnums.unwrap_or(0i64.into_pyobject(fun.py())?.into_any());
    make(fun, &numbers, has_aux, holomorphic, allow_int, false)
}

/// The value and the gradient of a function that returns a scalar.
#[pyfunction]
#[pyo3(signature = (fun, argnums=None, has_aux=false, holomorphic=false, allow_int=false, reduce_axes=None))]
fn value_and_grad<'py>(
    fun: &Bound<'py, PyAny>,
    argnums: Option<Bound<'py, PyAny>>,
    has_aux: bool,
    holomorphic: bool,
    allow_int: bool,
    reduce_axes: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let _ = reduce_axes;
    let numbers = argnums.unwrap_or(0i64.into_pyobject(fun.py())?.into_any());
    make(fun, &numbers, has_aux, holomorphic, allow_int, true)
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(grad, module)?)?;
    module.add_function(wrap_pyfunction!(value_and_grad, module)?)
}
