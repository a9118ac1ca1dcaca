//! `checkpoint`: a function whose derivative computes again what it needs.

use std::sync::Arc;

use pullback_core::Array;
use pullback_core::jaxpr::Eqn;
use pullback_core::jaxpr::print::Param;
use pullback_core::primitives::control::remat::{Policy, Remat};
use pullback_core::primitives::custom::name::name as bind_name;
use pullback_core::trace::bind;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::staging::record;
use super::{Function, Transform, avals, call_flat, flatten_call, leaf_array, positions, tree_of};
use crate::errors::OrRaise;

struct Checkpoint {
    policy: Option<Policy>,
    static_argnums: Vec<i64>,
    prevent_cse: bool,
}

impl Transform for Checkpoint {
    fn name(&self) -> &'static str {
        "checkpoint"
    }

    fn call<'py>(
        &self,
        fun: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = fun.py();
        let fixed = positions(&self.static_argnums, args.len(), "checkpoint: static_argnums")?;
        let (fun, args) = super::jit::without_static(fun, args, &fixed)?;
        let call = flatten_call(&args, kwargs)?;
        let arrays = call
            .leaves
            .iter()
            .map(|leaf| leaf_array(leaf.bind(py), "checkpoint: argument"))
            .collect::<PyResult<Vec<_>>>()?;
        let program = record(self.name(), &avals(&arrays), |inputs| {
            call_flat(&fun, &call.structure, inputs)
        })?;
        let inputs: Vec<&Array> = program.captured.iter().chain(&arrays).collect();
        let op = Remat {
            jaxpr: program.jaxpr.clone(),
            policy: self.policy.clone(),
            differentiated: false,
            prevent_cse: self.prevent_cse,
        };
        let outputs = bind(op, &inputs).or_raise()?;
        tree_of(py, &program.output, outputs.into_vec())
    }
}

/// A parameter of an operation as a policy sees it.
fn param<'py>(py: Python<'py>, param: &Param) -> PyResult<Bound<'py, PyAny>> {
    Ok(match param {
        Param::Int(value) => value.into_pyobject(py)?.into_any(),
        Param::Float(value) => value.into_pyobject(py)?.into_any(),
        Param::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Param::Word(text) => text.into_pyobject(py)?.into_any(),
        Param::DType(dtype) => dtype.name().into_pyobject(py)?.into_any(),
        Param::Tuple(items) | Param::List(items) => {
            let items =
                items.iter().map(|item| self::param(py, item)).collect::<PyResult<Vec<_>>>()?;
            PyTuple::new(py, items)?.into_any()
        }
        _ => py.None().into_bound(py),
    })
}

/// Whether a policy of the user accepts an equation.
fn accepts(py: Python<'_>, policy: &Py<PyAny>, eqn: &Eqn) -> PyResult<bool> {
    let primitive = eqn.op.primitive();
    let params = PyDict::new(py);
    for (name, value) in primitive.params() {
        params.set_item(name, param(py, &value)?)?;
    }
    policy.bind(py).call((primitive.name(),), Some(&params))?.is_truthy()
}

/// A function whose derivative keeps only what `policy` accepts.
#[pyfunction]
fn checkpoint<'py>(
    fun: &Bound<'py, PyAny>,
    policy: Option<Bound<'py, PyAny>>,
    static_argnums: Vec<i64>,
    prevent_cse: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let policy = match policy {
        None => None,
        Some(policy) => {
            let name = super::name_of(&policy);
            let policy = policy.unbind();
            // A policy that fails keeps nothing, which is always correct.
            let saves =
                move |eqn: &Eqn| Python::attach(|py| accepts(py, &policy, eqn).unwrap_or(false));
            Some(Policy { name: name.into(), saves: Arc::new(saves) })
        }
    };
    Function::make(fun, None, Checkpoint { policy, static_argnums, prevent_cse })
}

/// A tree of arrays under a name that policies know.
#[pyfunction]
fn checkpoint_name<'py>(x: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    crate::config::sync();
    let (arrays, structure) = super::flat(x, "checkpoint_name: argument")?;
    let named = crate::errors::guarded(|| {
        arrays.iter().map(|array| bind_name(array, name).or_raise()).collect::<PyResult<_>>()
    })?;
    tree_of(x.py(), &structure, named)
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(checkpoint_name, module)?)?;
    module.add_function(wrap_pyfunction!(checkpoint, module)?)
}
