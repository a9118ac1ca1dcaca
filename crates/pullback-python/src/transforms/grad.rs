//! `grad` and `value_and_grad`.

use pullback::flat::{Differentiated, Gradients, value_and_grad as value_and_grad_of};
use pullback_core::Array;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::chosen::Chosen;
use super::{
    Aux, Function, Left, Transform, argnums, inside, leaf_array, numbers, positions, with_aux,
};
use crate::errors::OrRaise;

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
        let chosen = Chosen::new(self.name(), fun, args, kwargs, at)?;
        let left = Left::new();
        let f = |inputs: &[Array]| {
            inside(|| {
                let result = chosen.call(inputs)?;
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
        };
        let options = Differentiated { holomorphic: self.holomorphic, allow_int: self.allow_int };
        let Gradients { value, gradients, aux: results } =
            value_and_grad_of(self.name(), options, f, &chosen.primals).or_raise()?;
        let gradient = chosen.tree(gradients, self.single)?;
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
    pullback::flat::zeros(aval).or_raise()
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
