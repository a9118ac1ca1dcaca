//! `jvp`, `linearize`, `vjp` and `linear_transpose`: the derivative as a function.

use std::sync::Arc;

use pullback_core::jaxpr::{JaxprRef, Staged, stage};
use pullback_core::trace::Tangent;
use pullback_core::transforms::{self, Linearized};
use pullback_core::{Array, Aval, DType, Error};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::{Aux, Left, avals, call_tuple, flat, inside, tree_of, with_aux};
use crate::convert::named;
use crate::errors::{OrRaise, guarded, raise};
use crate::tree::{TreeDef, mismatch};

type Object<'py> = Bound<'py, PyAny>;

/// Calls a function on a tuple of arguments; leaves the structure of its result, and what was
/// auxiliary in it.
struct Call<'a, 'py> {
    fun: &'a Object<'py>,
    structure: &'a TreeDef,
    has_aux: bool,
    /// The transformation, for messages.
    name: &'static str,
    output: Left<(TreeDef, usize)>,
    aux: Left<Aux>,
}

impl<'a, 'py> Call<'a, 'py> {
    fn new(
        name: &'static str,
        fun: &'a Object<'py>,
        structure: &'a TreeDef,
        has_aux: bool,
    ) -> PyResult<Self> {
        if !fun.is_callable() {
            return Err(super::not_callable(name, fun)?);
        }
        let (output, aux) = (Left::new(), Left::new());
        Ok(Call { name, fun, structure, has_aux, output, aux })
    }

    fn run(&self, inputs: &[Array]) -> Result<Vec<Array>, pullback_core::Error> {
        inside(|| {
            let mut result = call_tuple(self.fun, self.structure, inputs.to_vec())?;
            let mut aux = None;
            if self.has_aux {
                let (first, second) = with_aux(self.name, &result)?;
                result = first;
                aux = Some(second);
            }
            let (mut arrays, structure) = flat(&result, format_args!("{}: output", self.name))?;
            self.output.put((structure, arrays.len()));
            if let Some(aux) = aux {
                self.aux.put(Aux::new(&aux, &mut arrays)?);
            }
            Ok(arrays)
        })
    }
}

/// Whether a tangent of type `tangent` belongs to a primal of type `primal`.
fn check_tangent(primal: &Array, tangent: &Array, function: &str) -> PyResult<()> {
    let expected = primal.aval().tangent();
    if tangent.dtype() != expected.dtype {
        return Err(PyTypeError::new_err(format!(
            "{function}: primal and tangent arguments do not match; dtypes must be equal, or in case of int/bool primal dtype the tangent dtype must be float0. Got primal dtype \
             {} and so expected tangent dtype {}, but got tangent dtype {} instead.",
            primal.dtype(),
            expected.dtype,
            tangent.dtype()
        )));
    }
    if tangent.shape() != primal.shape() {
        return Err(PyValueError::new_err(format!(
            "{function}: primal and tangent shapes must be equal; got a primal of type {} and a \
             tangent of type {}",
            primal.aval(),
            tangent.aval()
        )));
    }
    Ok(())
}

fn tangent_of(array: Array) -> Tangent {
    match array.dtype() {
        DType::Float0 => Tangent::Zero(array.aval()),
        _ => Tangent::Value(array),
    }
}

/// A tangent as an array, zeros included.
pub fn instantiate(tangent: Tangent) -> PyResult<Array> {
    match tangent {
        Tangent::Value(array) => Ok(array),
        Tangent::Zero(aval) => super::grad::zeros(&aval),
    }
}

/// The results of a function, and their tangents when the arguments move along `tangents`.
#[pyfunction]
#[pyo3(signature = (fun, primals, tangents, has_aux=false))]
fn jvp<'py>(
    fun: &Object<'py>,
    primals: &Object<'py>,
    tangents: &Object<'py>,
    has_aux: bool,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = fun.py();
    let is_sequence = |object: &Object<'py>| {
        object.is_instance_of::<PyTuple>() || object.is_instance_of::<PyList>()
    };
    if !is_sequence(primals) || !is_sequence(tangents) {
        return Err(PyTypeError::new_err(format!(
            "jvp: primal and tangent arguments must be tuples or lists; found {} and {}",
            primals.get_type().name()?,
            tangents.get_type().name()?
        )));
    }
    let primals = as_tuple(primals)?;
    let tangents = as_tuple(tangents)?;
    let (xs, structure) = flat(primals.as_any(), "jvp: argument")?;
    let (dxs, tangent_structure) = flat(tangents.as_any(), "jvp: tangent")?;
    if !structure.equals(py, &tangent_structure)? {
        let what = "jvp: primal and tangent arguments must have the same tree structure";
        return Err(mismatch(py, what, &structure, &tangent_structure));
    }
    for (x, dx) in xs.iter().zip(&dxs) {
        check_tangent(x, dx, "jvp")?;
    }
    let call = Call::new("jvp", fun, &structure, has_aux)?;
    let dxs = dxs.into_iter().map(tangent_of).collect();
    let (mut ys, dys) = guarded(|| transforms::jvp(|x| call.run(x), &xs, dxs).or_raise())?;
    let (structure, count) = call.output.take()?;
    let aux = ys.split_off(count);
    let dys = dys.into_iter().take(count).map(instantiate).collect::<PyResult<Vec<_>>>()?;
    let (y, dy) = (tree_of(py, &structure, ys)?, tree_of(py, &structure, dys)?);
    Ok(match has_aux {
        true => PyTuple::new(py, [y, dy, call.aux.take()?.finish(py, aux)?])?.into_any(),
        false => PyTuple::new(py, [y, dy])?.into_any(),
    })
}

fn as_tuple<'py>(object: &Object<'py>) -> PyResult<Bound<'py, PyTuple>> {
    match object.cast::<PyTuple>() {
        Ok(tuple) => Ok(tuple.clone()),
        Err(_) => PyTuple::new(object.py(), object.try_iter()?.collect::<PyResult<Vec<_>>>()?),
    }
}

/// The derivative of a function at a point: from cotangents of results to those of arguments.
#[pyclass(frozen, module = "pullback")]
pub struct Vjp {
    derivative: Arc<Linearized>,
    primals: Vec<Array>,
    outputs: Vec<Aval>,
    input: TreeDef,
    output: TreeDef,
}

#[pymethods]
impl Vjp {
    fn __call__<'py>(&self, py: Python<'py>, ct: &Object<'py>) -> PyResult<Object<'py>> {
        crate::config::sync();
        let (cts, structure) = flat(ct, "vjp: cotangent")?;
        if !structure.equals(py, &self.output)? {
            let text = |tree: &TreeDef| crate::tree::PyTreeDef(tree.clone()).text(py);
            return Err(PyValueError::new_err(format!(
                "vjp: unexpected tree structure of the argument of the vjp function: got {}, but expected to \
                 match {}",
                text(&structure)?,
                text(&self.output)?
            )));
        }
        let mut seeds = vec![];
        for (ct, output) in cts.into_iter().zip(&self.outputs) {
            let expected = output.tangent();
            if ct.dtype() != expected.dtype || ct.shape() != &expected.shape[..] {
                return Err(PyValueError::new_err(format!(
                    "vjp: unexpected type for the argument of the vjp function: got \
                     {}, but expected {expected} because the corresponding output of the \
                     differentiated function had type {output}",
                    ct.aval()
                )));
            }
            seeds.push((ct.dtype() != DType::Float0).then_some(ct));
        }
        seeds.resize(self.derivative.outputs.len(), None);
        let cotangents = guarded(|| self.derivative.transpose(&seeds).or_raise())?;
        let gradients = cotangents
            .into_iter()
            .zip(&self.primals)
            .map(|(ct, primal)| super::grad::gradient(ct, primal))
            .collect::<PyResult<Vec<_>>>()?;
        tree_of(py, &self.input, gradients)
    }

    fn __repr__(&self) -> &'static str {
        "<vjp function>"
    }
}

/// The results of a function, and the function from their cotangents to those of the arguments.
#[pyfunction]
#[pyo3(signature = (fun, *primals, has_aux=false, reduce_axes=None))]
fn vjp<'py>(
    fun: &Object<'py>,
    primals: &Bound<'py, PyTuple>,
    has_aux: bool,
    reduce_axes: Option<Py<PyAny>>,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let _ = reduce_axes;
    let py = fun.py();
    let (xs, input) = flat(primals.as_any(), "vjp: argument")?;
    let call = Call::new("vjp", fun, &input, has_aux)?;
    let active = vec![true; xs.len()];
    let (mut ys, derivative) =
        guarded(|| transforms::linearize(|x| call.run(x), &xs, &active).or_raise())?;
    let (output, count) = call.output.take()?;
    let aux = ys.split_off(count);
    let outputs = avals(&ys);
    let y = tree_of(py, &output, ys)?;
    let vjp = Vjp {
        derivative: Arc::new(derivative),
        primals: xs,
        outputs,
        input: input.clone(),
        output,
    };
    let vjp = Bound::new(py, vjp)?.into_any();
    Ok(match has_aux {
        true => PyTuple::new(py, [y, vjp, call.aux.take()?.finish(py, aux)?])?.into_any(),
        false => PyTuple::new(py, [y, vjp])?.into_any(),
    })
}

/// The derivative of a function at a point: from tangents of arguments to those of results.
#[pyclass(frozen, module = "pullback")]
pub struct Jvp {
    derivative: Arc<Linearized>,
    primals: Vec<Array>,
    outputs: usize,
    input: TreeDef,
    output: TreeDef,
}

#[pymethods]
impl Jvp {
    #[pyo3(signature = (*tangents))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        tangents: &Bound<'py, PyTuple>,
    ) -> PyResult<Object<'py>> {
        crate::config::sync();
        let (dxs, structure) = flat(tangents.as_any(), "linearize: tangent")?;
        if !structure.equals(py, &self.input)? {
            let what =
                "linearize: the linear function was called with arguments of another structure";
            return Err(mismatch(py, what, &structure, &self.input));
        }
        for (x, dx) in self.primals.iter().zip(&dxs) {
            let expected = x.aval().tangent();
            if !expected.same_type(&dx.aval()) {
                return Err(PyValueError::new_err(format!(
                    "linearize: the linear function was called on tangents that do not fit the \
                     primals: got a tangent of type {} for a primal of type {}",
                    dx.aval(),
                    x.aval()
                )));
            }
        }
        let dxs: Vec<Tangent> = dxs.into_iter().map(tangent_of).collect();
        let dys = guarded(|| self.derivative.apply(&dxs).or_raise())?;
        let dys =
            dys.into_iter().take(self.outputs).map(instantiate).collect::<PyResult<Vec<_>>>()?;
        tree_of(py, &self.output, dys)
    }
}

/// The results of a function, and its derivative there as a linear function.
#[pyfunction]
#[pyo3(signature = (fun, *primals, has_aux=false))]
fn linearize<'py>(
    fun: &Object<'py>,
    primals: &Bound<'py, PyTuple>,
    has_aux: bool,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = fun.py();
    let (xs, input) = flat(primals.as_any(), "linearize: argument")?;
    let call = Call::new("linearize", fun, &input, has_aux)?;
    let active = vec![true; xs.len()];
    let (mut ys, derivative) =
        guarded(|| transforms::linearize(|x| call.run(x), &xs, &active).or_raise())?;
    let (output, count) = call.output.take()?;
    let aux = ys.split_off(count);
    let y = tree_of(py, &output, ys)?;
    let jvp = Jvp {
        derivative: Arc::new(derivative),
        primals: xs,
        outputs: count,
        input: input.clone(),
        output,
    };
    let jvp = Bound::new(py, jvp)?.into_any();
    Ok(match has_aux {
        true => PyTuple::new(py, [y, jvp, call.aux.take()?.finish(py, aux)?])?.into_any(),
        false => PyTuple::new(py, [y, jvp])?.into_any(),
    })
}

/// The transpose of a linear function.
#[pyclass(frozen, module = "pullback")]
pub struct Transposed {
    jaxpr: JaxprRef,
    captured: Vec<Array>,
    input: TreeDef,
    output: TreeDef,
}

#[pymethods]
impl Transposed {
    fn __call__<'py>(&self, py: Python<'py>, ct: &Object<'py>) -> PyResult<Object<'py>> {
        let (cts, structure) = flat(ct, "linear_transpose: cotangent")?;
        if !structure.equals(py, &self.output)? {
            return Err(mismatch(
                py,
                "linear_transpose: the cotangent tree does not match the function output",
                &structure,
                &self.output,
            ));
        }
        let expected = self.jaxpr.output_avals();
        for (ct, aval) in cts.iter().zip(&expected) {
            if !ct.aval().same_type(aval) {
                return Err(PyTypeError::new_err(format!(
                    "linear_transpose: the cotangent type does not match the function output, expected \
                     {aval} and got {}",
                    ct.aval()
                )));
            }
        }
        let skip = self.captured.len();
        let linear: Vec<bool> = (0..self.jaxpr.inputs.len()).map(|at| at >= skip).collect();
        let seeds: Vec<_> = cts.into_iter().map(Some).collect();
        let results = guarded(|| {
            let results = transforms::backward(&self.jaxpr, &linear, &self.captured, &seeds);
            results.map_err(|error| match error {
                Error::NotLinear { .. } => named(py, "linear_transpose", raise(error)),
                error => raise(error),
            })
        })?;
        let avals = self.jaxpr.input_avals();
        let arrays = results
            .into_iter()
            .zip(&avals[skip..])
            .map(|(ct, aval)| ct.map_or_else(|| super::grad::zeros(aval), Ok))
            .collect::<PyResult<Vec<_>>>()?;
        tree_of(py, &self.input, arrays)
    }
}

/// The transpose of a function that is linear in its arguments, of which only types matter.
#[pyfunction]
#[pyo3(signature = (fun, *primals, reduce_axes=None))]
fn linear_transpose<'py>(
    fun: &Object<'py>,
    primals: &Bound<'py, PyTuple>,
    reduce_axes: Option<Py<PyAny>>,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let _ = reduce_axes;
    let py = fun.py();
    let (avals, input) = super::staging::abstract_leaves("linear_transpose", primals.as_any())?;
    let call = Call::new("linear_transpose", fun, &input, false)?;
    let Staged { jaxpr, captured } = guarded(|| stage(&avals, |x| call.run(x)).or_raise())?;
    let (output, _) = call.output.take()?;
    Ok(Bound::new(py, Transposed { jaxpr: jaxpr.into(), captured, input, output })?.into_any())
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Vjp>()?;
    module.add_class::<Jvp>()?;
    module.add_function(wrap_pyfunction!(jvp, module)?)?;
    module.add_function(wrap_pyfunction!(vjp, module)?)?;
    module.add_function(wrap_pyfunction!(linearize, module)?)?;
    module.add_function(wrap_pyfunction!(linear_transpose, module)?)
}
