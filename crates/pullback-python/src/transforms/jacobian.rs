//! `jacfwd`, `jacrev` and `hessian`.

use pullback::flat::{self as over_arrays, Differentiated};
use pullback_core::Array;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::chosen::Chosen;
use super::{Aux, Function, Left, Transform, argnums, flat, inside, numbers, with_aux};
use crate::errors::OrRaise;
use crate::tree::TreeDef;

#[derive(Clone, Copy)]
enum Mode {
    Forward,
    Reverse,
}

struct Jacobian {
    mode: Mode,
    argnums: Vec<i64>,
    single: bool,
    has_aux: bool,
    options: Differentiated,
}

impl Jacobian {
    /// The positions of the arguments to differentiate with respect to.
    fn places(&self, count: usize) -> PyResult<Vec<usize>> {
        let place = |&at: &i64| {
            let from_front = if at < 0 { at.saturating_add(count as i64) } else { at };
            match usize::try_from(from_front) {
                Ok(at) if at < count => Ok(at),
                _ => Err(PyValueError::new_err(format!(
                    "{}: differentiating with respect to argnums={} requires at least {} \
                     positional arguments to be passed by the caller, but got only {count} \
                     positional arguments.",
                    self.name(),
                    numbers(&self.argnums),
                    from_front.saturating_add(1)
                ))),
            }
        };
        self.argnums.iter().map(place).collect()
    }
}

impl Transform for Jacobian {
    fn name(&self) -> &'static str {
        match self.mode {
            Mode::Forward => "jacfwd",
            Mode::Reverse => "jacrev",
        }
    }

    fn call<'py>(
        &self,
        fun: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = fun.py();
        let places = self.places(args.len())?;
        let chosen = Chosen::new(self.name(), fun, args, kwargs, places)?;
        let (output, left): (Left<TreeDef>, Left<Aux>) = (Left::new(), Left::new());
        let f = |inputs: &[Array]| {
            inside(|| {
                let mut result = chosen.call(inputs)?;
                let mut aux = vec![];
                if self.has_aux {
                    let (first, second) = with_aux(self.name(), &result)?;
                    left.put(Aux::new(&second, &mut aux)?);
                    result = first;
                }
                let (arrays, structure) = flat(&result, format_args!("{}: output", self.name()))?;
                output.put(structure);
                Ok((arrays, aux))
            })
        };
        let result = match self.mode {
            Mode::Forward => over_arrays::jacfwd(self.options, f, &chosen.primals),
            Mode::Reverse => over_arrays::jacrev(self.options, f, &chosen.primals),
        };
        let result = result.or_raise()?;
        let rows = result.blocks.into_iter().map(|row| chosen.tree(row, self.single));
        let rows = rows.collect::<PyResult<Vec<_>>>()?;
        let jacobian = output.take()?.unflatten(py, rows)?;
        match self.has_aux {
            true => {
                let aux = left.take()?.finish(py, result.aux)?;
                Ok(PyTuple::new(py, [jacobian, aux])?.into_any())
            }
            false => Ok(jacobian),
        }
    }
}

fn make<'py>(
    mode: Mode,
    fun: &Bound<'py, PyAny>,
    numbers: Option<&Bound<'py, PyAny>>,
    has_aux: bool,
    options: Differentiated,
) -> PyResult<Bound<'py, PyAny>> {
    let (argnums, single) = match numbers {
        Some(numbers) => {
            let name = match mode {
                Mode::Forward => "jacfwd",
                Mode::Reverse => "jacrev",
            };
            argnums(numbers, &format!("{name}: argnums"))?
        }
        None => (vec![0], true),
    };
    Function::make(fun, None, Jacobian { mode, argnums, single, has_aux, options })
}

/// The Jacobian, column by column, in forward mode.
#[pyfunction]
#[pyo3(signature = (fun, argnums=None, has_aux=false, holomorphic=false))]
fn jacfwd<'py>(
    fun: &Bound<'py, PyAny>,
    argnums: Option<Bound<'py, PyAny>>,
    has_aux: bool,
    holomorphic: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let options = Differentiated { holomorphic, allow_int: false };
    make(Mode::Forward, fun, argnums.as_ref(), has_aux, options)
}

/// The Jacobian, row by row, in reverse mode.
#[pyfunction]
#[pyo3(signature = (fun, argnums=None, has_aux=false, holomorphic=false, allow_int=false))]
fn jacrev<'py>(
    fun: &Bound<'py, PyAny>,
    argnums: Option<Bound<'py, PyAny>>,
    has_aux: bool,
    holomorphic: bool,
    allow_int: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let options = Differentiated { holomorphic, allow_int };
    make(Mode::Reverse, fun, argnums.as_ref(), has_aux, options)
}

/// The second derivatives: forward mode over reverse mode.
#[pyfunction]
#[pyo3(signature = (fun, argnums=None, has_aux=false, holomorphic=false))]
fn hessian<'py>(
    fun: &Bound<'py, PyAny>,
    argnums: Option<Bound<'py, PyAny>>,
    has_aux: bool,
    holomorphic: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let options = Differentiated { holomorphic, allow_int: false };
    let rows = make(Mode::Reverse, fun, argnums.as_ref(), has_aux, options)?;
    make(Mode::Forward, &rows, argnums.as_ref(), has_aux, options)
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(jacfwd, module)?)?;
    module.add_function(wrap_pyfunction!(jacrev, module)?)?;
    module.add_function(wrap_pyfunction!(hessian, module)?)
}
