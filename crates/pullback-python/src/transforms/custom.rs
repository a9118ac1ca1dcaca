//! Functions with derivatives of the user's own.

use std::sync::{Arc, Mutex, MutexGuard};

use pullback_core::jaxpr::JaxprRef;
use pullback_core::primitives::Cotangent;
use pullback_core::primitives::custom::custom_jvp_call::custom_jvp_call as bind_jvp;
use pullback_core::primitives::custom::custom_vjp_call::{Bwd, Fwd, custom_vjp_call as bind_vjp};
use pullback_core::primitives::custom::stop_gradient::stop_gradient as core_stop_gradient;
use pullback_core::primitives::custom::{Fun, JvpRule, Shared};
use pullback_core::trace::Tangent;
use pullback_core::{Array, Aval, DType};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::forward::instantiate;
use super::grad::zeros;
use super::staging::{record, shape_struct};
use super::{avals, call_tuple, flat, inside, tree_of};
use crate::array::{PyArray, wrap};
use crate::errors::{OrRaise, guarded};
use crate::tree::{self, TreeDef, flatten_up_to};

type Object<'py> = Bound<'py, PyAny>;

/// What the calls of one application find out, for those that come later.
#[derive(Default)]
struct Found {
    output: Option<TreeDef>,
    output_avals: Vec<Aval>,
    residuals: Option<TreeDef>,
}

type Shelf = Arc<Mutex<Found>>;

fn lock(shelf: &Shelf) -> MutexGuard<'_, Found> {
    shelf.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn output_of(py: Python<'_>, shelf: &Shelf, outputs: Vec<Array>) -> PyResult<Py<PyAny>> {
    let structure = lock(shelf).output.clone();
    let missing =
        || PyValueError::new_err("a function with a derivative of its own was not called");
    Ok(tree_of(py, &structure.ok_or_else(missing)?, outputs)?.unbind())
}

/// The function itself, over flat arrays.
fn function(transform: &'static str, fun: &Object<'_>, input: &TreeDef, shelf: &Shelf) -> Arc<Fun> {
    let (fun, input, shelf) = (fun.clone().unbind(), input.clone(), shelf.clone());
    Arc::new(move |x: &[Array]| {
        Python::attach(|py| {
            inside(|| {
                let result = call_tuple(fun.bind(py), &input, x.to_vec())?;
                let (arrays, structure) = flat(&result, format_args!("{transform}: output"))?;
                let mut found = lock(&shelf);
                found.output = Some(structure);
                found.output_avals = avals(&arrays);
                Ok(arrays)
            })
        })
    })
}

fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Object<'py>> {
    py.import("pullback.custom_derivatives")?.getattr(name)
}

/// A tree of tangents or cotangents, in which zeros that are known to be are objects that say so.
fn with_symbolic_zeros<'py>(
    py: Python<'py>,
    structure: &TreeDef,
    values: impl Iterator<Item = (Option<Array>, Aval)>,
) -> PyResult<Object<'py>> {
    let zero = class(py, "SymbolicZero")?;
    let leaves = values
        .map(|(value, aval)| match value {
            Some(value) => Ok(wrap(py, value)?.into_bound(py).into_any()),
            None => zero.call1((shape_struct(py, &aval)?,)),
        })
        .collect::<PyResult<Vec<_>>>()?;
    structure.unflatten(py, leaves)
}

/// What a function is called, or `other` if it has no name.
fn name_of(function: &Object<'_>, other: &str) -> String {
    let name = function.getattr("__name__").and_then(|name| name.extract());
    name.unwrap_or_else(|_| other.to_string())
}

/// Applies a function whose forward derivative is `rule`.
#[pyfunction]
fn custom_jvp_call(
    py: Python<'_>,
    fun: &Object<'_>,
    rule: &Object<'_>,
    name: &str,
    args: &Bound<'_, PyTuple>,
    symbolic_zeros: bool,
) -> PyResult<Py<PyAny>> {
    crate::config::sync();
    let (arrays, input) = flat(args.as_any(), "custom_jvp: argument")?;
    let shelf = Shelf::default();
    let function = function("custom_jvp", fun, &input, &shelf);
    let rule_name = name_of(rule, name);
    let rule = {
        let (rule, input, shelf) = (rule.clone().unbind(), input.clone(), shelf.clone());
        let name = name.to_string();
        let rule: Arc<JvpRule> = Arc::new(move |x: &[Array], dx: &[Tangent]| {
            Python::attach(|py| {
                inside(|| {
                    let primals = tree_of(py, &input, x.to_vec())?;
                    let tangents = match symbolic_zeros {
                        true => {
                            let tangents = dx.iter().map(|dx| (dx.value().cloned(), dx.aval()));
                            with_symbolic_zeros(py, &input, tangents)?
                        }
                        false => {
                            let tangents = dx.iter().cloned().map(instantiate);
                            tree_of(py, &input, tangents.collect::<PyResult<Vec<_>>>()?)?
                        }
                    };
                    let result = rule.bind(py).call1((primals, tangents))?;
                    let (arrays, dys, structure) = jvp_result(&name, &result)?;
                    let mut found = lock(&shelf);
                    found.output = Some(structure);
                    found.output_avals = avals(&arrays);
                    Ok((arrays, dys))
                })
            })
        });
        rule
    };
    guarded(|| {
        let outputs = bind_jvp(
            Shared::new(name, function),
            Shared::new(&rule_name, rule),
            &arrays.iter().collect::<Vec<_>>(),
        )
        .or_raise()?;
        output_of(py, &shelf, outputs.into_vec())
    })
}

fn jvp_result(name: &str, result: &Object<'_>) -> PyResult<(Vec<Array>, Vec<Tangent>, TreeDef)> {
    let py = result.py();
    let Some(pair) = super::pair_of(result) else {
        return Err(PyTypeError::new_err(format!(
            "custom_jvp: the rule of {name} must produce a pair (list or tuple of length two) of \
             primal and tangent outputs, but got {}",
            result.repr()?
        )));
    };
    let (ys, structure) = flat(&pair.get_item(0)?, "custom_jvp: primal output")?;
    let zero = class(py, "SymbolicZero")?;
    let (leaves, tangent_structure) = tree::flatten(&pair.get_item(1)?, None)?;
    let dys = leaves
        .iter()
        .map(|leaf| match leaf.bind(py).is_instance(&zero)? {
            true => Ok(None),
            false => super::leaf_array(leaf.bind(py), "custom_jvp: tangent output").map(Some),
        })
        .collect::<PyResult<Vec<_>>>()?;
    if !structure.equals(py, &tangent_structure)? {
        return Err(tree::mismatch(
            py,
            &format!(
                "custom_jvp: the rule of {name} must produce primal and tangent outputs with equal \
                 container (pytree) structures"
            ),
            &structure,
            &tangent_structure,
        ));
    }
    let mut tangents = vec![];
    for (y, dy) in ys.iter().zip(dys) {
        let expected = y.aval().tangent();
        let Some(dy) = dy.filter(|_| expected.is_differentiable()) else {
            tangents.push(Tangent::Zero(expected));
            continue;
        };
        if !expected.same_type(&dy.aval()) {
            return Err(PyTypeError::new_err(format!(
                "custom_jvp: the rule of {name} must produce primal and tangent outputs with \
                 corresponding shapes and dtypes, expected {expected} (tangent type of {}) but got \
                 {}",
                y.aval(),
                dy.aval()
            )));
        }
        tangents.push(Tangent::Value(dy));
    }
    Ok((ys, tangents, structure))
}

/// Applies a function whose reverse derivative is `fwd`, then `bwd`.
#[pyfunction]
fn custom_vjp_call(
    py: Python<'_>,
    fun: &Object<'_>,
    fwd: &Object<'_>,
    bwd: &Object<'_>,
    name: &str,
    args: &Bound<'_, PyTuple>,
    symbolic_zeros: bool,
) -> PyResult<Py<PyAny>> {
    crate::config::sync();
    let (arrays, input) = flat(args.as_any(), "custom_vjp: argument")?;
    let shelf = Shelf::default();
    let function = function("custom_vjp", fun, &input, &shelf);
    let forward = forward_rule(fwd, &input, &shelf, name, symbolic_zeros);
    let backward = backward_rule(bwd, &input, avals(&arrays), &shelf, name, symbolic_zeros);
    guarded(|| {
        let outputs = bind_vjp(
            Shared::new(name, function),
            Shared::new(&name_of(fwd, name), forward),
            Shared::new(&name_of(bwd, name), backward),
            &arrays.iter().collect::<Vec<_>>(),
        )
        .or_raise()?;
        output_of(py, &shelf, outputs.into_vec())
    })
}

fn forward_rule(
    fwd: &Object<'_>,
    input: &TreeDef,
    shelf: &Shelf,
    name: &str,
    symbolic_zeros: bool,
) -> Arc<Fwd> {
    let (fwd, input, shelf) = (fwd.clone().unbind(), input.clone(), shelf.clone());
    let name = name.to_string();
    Arc::new(move |x: &[Array], active: &[bool]| {
        Python::attach(|py| {
            inside(|| {
                let args = match symbolic_zeros {
                    false => tree_of(py, &input, x.to_vec())?,
                    true => {
                        let class = class(py, "CustomVJPPrimal")?;
                        let leaves = x
                            .iter()
                            .zip(active)
                            .map(|(x, &on)| class.call1((wrap(py, x.clone())?, on)))
                            .collect::<PyResult<Vec<_>>>()?;
                        input.unflatten(py, leaves)?
                    }
                };
                let result = fwd.bind(py).call1(args.cast_into::<PyTuple>()?)?;
                let Some(pair) = super::pair_of(&result) else {
                    return Err(PyTypeError::new_err(format!(
                        "custom_vjp: the fwd rule of {name} must produce a pair (list or tuple of \
                         length two) of the primal output and the residuals for the bwd rule, but \
                         got {}",
                        result.repr()?
                    )));
                };
                let (ys, output) = flat(&pair.get_item(0)?, "custom_vjp: output of fwd")?;
                let (residuals, structure) = flat(&pair.get_item(1)?, "custom_vjp: residual")?;
                let mut found = lock(&shelf);
                found.output = Some(output);
                found.output_avals = avals(&ys);
                found.residuals = Some(structure);
                Ok((ys, residuals))
            })
        })
    })
}

fn backward_rule(
    bwd: &Object<'_>,
    input: &TreeDef,
    types: Vec<Aval>,
    shelf: &Shelf,
    name: &str,
    symbolic_zeros: bool,
) -> Arc<Bwd> {
    let (bwd, input, shelf) = (bwd.clone().unbind(), input.clone(), shelf.clone());
    let name = name.to_string();
    Arc::new(move |residuals: &[Array], ct: &[Cotangent]| {
        Python::attach(|py| {
            inside(|| {
                let (output, output_avals, structure) = {
                    let found = lock(&shelf);
                    (found.output.clone(), found.output_avals.clone(), found.residuals.clone())
                };
                let (Some(output), Some(structure)) = (output, structure) else {
                    return Err(PyValueError::new_err("bwd was called before fwd"));
                };
                let residuals = tree_of(py, &structure, residuals.to_vec())?;
                let typed = ct.iter().zip(&output_avals).map(|(ct, aval)| (ct, aval.tangent()));
                let cts = match symbolic_zeros {
                    true => with_symbolic_zeros(
                        py,
                        &output,
                        typed.map(|(ct, aval)| (ct.clone(), aval)),
                    )?,
                    false => {
                        let cts = typed.map(|(ct, aval)| match ct {
                            Some(ct) => Ok(ct.clone()),
                            None => zeros(&aval),
                        });
                        tree_of(py, &output, cts.collect::<PyResult<Vec<_>>>()?)?
                    }
                };
                let result = bwd.bind(py).call1((residuals, cts))?;
                bwd_result(&name, &input, &types, &result)
            })
        })
    })
}

/// The cotangents that `bwd` gave, one for each leaf of the arguments.
fn bwd_result(
    name: &str,
    input: &TreeDef,
    types: &[Aval],
    result: &Object<'_>,
) -> PyResult<Vec<Cotangent>> {
    let py = result.py();
    let wrong = |result: &Object<'_>| -> PyResult<PyErr> {
        let expected = crate::tree::PyTreeDef(input.clone()).text(py)?;
        let (_, given) = tree::flatten(result, None)?;
        let given = crate::tree::PyTreeDef(given).text(py)?;
        Ok(PyTypeError::new_err(format!(
            "custom_vjp: the bwd rule of {name} must produce an output with the same container (pytree) \
             structure as the args tuple of the primal function, and in particular must produce a \
             tuple of length equal to the number of arguments to the primal function, but got bwd \
             output structure {given} for primal input structure {expected}."
        )))
    };
    let tuple = match (result.cast::<PyTuple>(), result.cast::<PyList>()) {
        (Ok(tuple), _) => tuple.clone(),
        (_, Ok(list)) => list.to_tuple(),
        _ => return Err(wrong(result)?),
    };
    let children = input.children();
    if tuple.len() != children.len() {
        return Err(wrong(result)?);
    }
    let mut cotangents = vec![];
    for (part, structure) in tuple.iter().zip(&children) {
        if part.is_none() {
            cotangents.extend((0..structure.leaves()).map(|_| None));
            continue;
        }
        let mut leaves = vec![];
        if flatten_up_to(structure, &part, &mut leaves).is_err() {
            return Err(wrong(result)?);
        }
        for leaf in leaves {
            if leaf.is_none() {
                cotangents.push(None);
                continue;
            }
            let Some(ct) = crate::convert::array_like(&leaf)? else { return Err(wrong(result)?) };
            let at = cotangents.len();
            let expected = types[at].tangent();
            if ct.dtype() == DType::Float0 || !expected.is_differentiable() {
                cotangents.push(None);
                continue;
            }
            if ct.shape() != &expected.shape[..] {
                return Err(PyValueError::new_err(format!(
                    "custom_vjp: the bwd rule of {name} must produce a tuple of arrays with shapes \
                     and dtypes corresponding to the primal inputs, but the output for argument leaf \
                     {at} has type {} where {expected} was expected",
                    ct.aval()
                )));
            }
            let ct = match ct.dtype() == expected.dtype {
                true => ct,
                false => pullback_core::promote::to_type(&ct, expected.dtype, expected.weak)
                    .or_raise()?,
            };
            cotangents.push(Some(ct));
        }
    }
    Ok(cotangents)
}

/// A function of the arrays it closed over as well.
#[pyclass(frozen, module = "pullback")]
struct Converted {
    jaxpr: JaxprRef,
    input: TreeDef,
    output: TreeDef,
}

#[pymethods]
impl Converted {
    #[pyo3(signature = (*args))]
    fn __call__<'py>(&self, py: Python<'py>, args: &Bound<'py, PyTuple>) -> PyResult<Object<'py>> {
        let count = self.input.root().arity;
        let own = args.get_slice(0, count);
        let (mut arrays, structure) = flat(own.as_any(), "closure_convert: argument")?;
        if !structure.equals(py, &self.input)? {
            return Err(tree::mismatch(py, "closure_convert", &self.input, &structure));
        }
        let (mut inputs, _) =
            flat(args.get_slice(count, args.len()).as_any(), "closure_convert: constant")?;
        inputs.append(&mut arrays);
        let outputs = guarded(|| self.jaxpr.eval_all(&inputs).or_raise())?;
        tree_of(py, &self.output, outputs)
    }
}

/// A function with the traced arrays it closes over as further arguments, and those arrays.
#[pyfunction]
fn closure_convert<'py>(
    fun: &Object<'py>,
    example_args: &Bound<'py, PyTuple>,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = fun.py();
    let (types, input) = super::staging::abstract_leaves("closure_convert", example_args.as_any())?;
    let program = guarded(|| {
        record("closure_convert", &types, |inputs| call_tuple(fun, &input, inputs.to_vec()))
    })?;
    let converted = Converted { jaxpr: program.jaxpr, input, output: program.output };
    let constants = program.captured.into_iter().map(|array| wrap(py, array));
    let constants = PyList::new(py, constants.collect::<PyResult<Vec<_>>>()?)?;
    let converted = Bound::new(py, converted)?.into_any();
    Ok(PyTuple::new(py, [converted, constants.into_any()])?.into_any())
}

/// An array as a constant to derivatives; a number is left as it is.
#[pyfunction]
fn stop_gradient<'py>(x: &Object<'py>) -> PyResult<Object<'py>> {
    match x.cast_exact::<PyArray>() {
        Ok(array) if array.get().0.dtype().is_inexact() => {
            let y = guarded(|| core_stop_gradient(array.get().live()?).or_raise())?;
            Ok(wrap(x.py(), y)?.into_bound(x.py()))
        }
        Ok(_) => Ok(x.clone()),
        Err(_) => super::leaf_array(x, "stop_gradient").map(|_| x.clone()),
    }
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(custom_jvp_call, module)?)?;
    module.add_function(wrap_pyfunction!(custom_vjp_call, module)?)?;
    module.add_function(wrap_pyfunction!(closure_convert, module)?)?;
    module.add_function(wrap_pyfunction!(stop_gradient, module)?)
}
