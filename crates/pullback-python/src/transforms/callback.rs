//! Calls of Python functions from traced programs.

use std::sync::Arc;

use pullback_core::engine::HostError;
use pullback_core::engine::kernels::Tensors;
use pullback_core::engine::plan::HostFn;
use pullback_core::primitives::custom::Shared;
use pullback_core::primitives::custom::callback::{
    Callback, CallbackKind, VmapMethod, callback as bind_callback,
};
use pullback_core::{Array, Aval, Tensor, promote};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::staging::abstract_leaves;
use super::{flatten_call, leaf_array, tree_of};
use crate::array::wrap;
use crate::convert::as_array;
use crate::errors::{OrRaise, guarded};
use crate::tree::{self, TreeDef};

/// Calls the function with concrete arrays in place of the leaves.
fn host_call(
    py: Python<'_>,
    function: &Py<PyAny>,
    input: &TreeDef,
    output: &TreeDef,
    types: &[Aval],
    tensors: &[Tensor],
) -> PyResult<Tensors> {
    let leaves = tensors
        .iter()
        .map(|tensor| Ok(wrap(py, Array::new(tensor.clone()))?.into_bound(py)))
        .collect::<PyResult<Vec<_>>>()?;
    let both = input.unflatten(py, leaves)?;
    let args = both.get_item(0)?.cast_into::<PyTuple>()?;
    let kwargs = both.get_item(1)?.cast_into::<PyDict>()?;
    let result = function.bind(py).call(args, Some(&kwargs))?;
    if types.is_empty() {
        return Ok(Tensors::new());
    }
    let (leaves, structure) = tree::flatten(&result, None)?;
    if !structure.equals(py, output)? {
        return Err(tree::mismatch(
            py,
            "the structures of the result of a callback and of result_shape_dtypes differ",
            &structure,
            output,
        ));
    }
    let mut results = Tensors::new();
    for (leaf, aval) in leaves.iter().zip(types) {
        let array = as_array(leaf.bind(py))?;
        let array = match array.is_weak() || array.dtype() != aval.dtype {
            true => promote::to_type(&array, aval.dtype, false).or_raise()?,
            false => array,
        };
        if array.rank() < aval.rank() {
            return Err(PyValueError::new_err(format!(
                "a callback was to return {aval}, but returned {}",
                array.aval()
            )));
        }
        match array.into_tensor() {
            Some(tensor) => results.push(tensor),
            None => return Err(PyRuntimeError::new_err("a callback returned a traced array")),
        }
    }
    Ok(results)
}

/// Calls a function of Python: `kind` is `pure`, `io` or `debug`.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn callback<'py>(
    function: &Bound<'py, PyAny>,
    kind: &str,
    result_shape_dtypes: &Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
    kwargs: &Bound<'py, PyDict>,
    vmap_method: Option<&str>,
    ordered: bool,
) -> PyResult<Bound<'py, PyAny>> {
    crate::config::sync();
    let _ = ordered;
    let py = function.py();
    let call = flatten_call(args, Some(kwargs))?;
    let arrays = call
        .leaves
        .iter()
        .map(|leaf| leaf_array(leaf.bind(py), "pure_callback: argument"))
        .collect::<PyResult<Vec<_>>>()?;
    let (types, output) = abstract_leaves("pure_callback", result_shape_dtypes)?;
    let vmap = match vmap_method {
        None => VmapMethod::None,
        Some("sequential" | "sequential_unrolled") => VmapMethod::Sequential,
        Some("expand_dims") => VmapMethod::ExpandDims,
        Some("broadcast_all" | "legacy_vectorized") => VmapMethod::BroadcastAll,
        Some(other) => {
            return Err(PyValueError::new_err(format!(
                "vmap_method must be one of the allowed methods {{'sequential', \
                 'sequential_unrolled', 'expand_dims', 'broadcast_all', 'legacy_vectorized', \
                 None}}, got: {other}"
            )));
        }
    };
    let kind = match kind {
        "pure" => CallbackKind::Pure,
        "io" => CallbackKind::Io,
        _ => CallbackKind::Debug,
    };
    let host: Arc<HostFn> = {
        let (function, input) = (function.clone().unbind(), call.structure.clone());
        let (output, types) = (output.clone(), types.clone());
        Arc::new(move |tensors| {
            Python::attach(|py| host_call(py, &function, &input, &output, &types, &tensors))
                .map_err(|error| HostError(Arc::new(error)))
        })
    };
    let op = Callback {
        function: Shared::new(&super::name_of(function), host),
        kind,
        outputs: types,
        vmap,
    };
    guarded(|| {
        let outputs = bind_callback(op, &arrays.iter().collect::<Vec<_>>()).or_raise()?;
        tree_of(py, &output, outputs.into_vec())
    })
}

/// Adds the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(callback, module)?)
}
