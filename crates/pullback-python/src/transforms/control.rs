//! Control flow: `cond`, `switch`, `while_loop`, `scan`.
//!
//! The functions are recorded as programs; what they close over of the traces around becomes
//! operands.

use pullback_core::engine::plan::ScanLength;
use pullback_core::jaxpr::{Jaxpr, JaxprRef, same};
use pullback_core::primitives::control::cond::cond as bind_cond;
use pullback_core::primitives::control::scan::{Scan, scan as bind_scan};
use pullback_core::primitives::control::while_loop::{While, while_loop as bind_while};
use pullback_core::primitives::rules;
use pullback_core::{Array, Aval, DType, promote};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::staging::{Program, record};
use super::{avals, flat, tree_of};
use crate::errors::{OrRaise, guarded};
use crate::functions::{unknown, whole};
use crate::tree::{self, PyTreeDef, TreeDef};

type Object<'py> = Bound<'py, PyAny>;

fn text(py: Python<'_>, tree: &TreeDef) -> String {
    PyTreeDef(tree.clone()).text(py).unwrap_or_default()
}

/// As errors show a type: with `~` if it is weak.
fn shown(aval: &Aval) -> String {
    let sizes: Vec<String> = aval.shape.iter().map(ToString::to_string).collect();
    format!("{}{}[{}]", if aval.weak { "~" } else { "" }, aval.dtype, sizes.join(","))
}

/// Programs over the same arguments, all with the same leading inputs: what any of them closes
/// over.
fn with_common_inputs(programs: &[Program]) -> (Vec<JaxprRef>, Vec<Array>) {
    let mut captured: Vec<Array> = vec![];
    let place = |all: &[Array], array: &Array| all.iter().position(|other| same(other, array));
    for array in programs.iter().flat_map(|program| &program.captured) {
        if place(&captured, array).is_none() {
            captured.push(array.clone());
        }
    }
    let jaxprs = programs
        .iter()
        .map(|program| {
            let own = program.captured.len();
            let mut jaxpr: Jaxpr = (*program.jaxpr.0).clone();
            let (mine, args) = jaxpr.inputs.split_at(own);
            let (mine, args) = (mine.to_vec(), args.to_vec());
            let mut inputs = vec![];
            for array in &captured {
                inputs.push(match place(&program.captured, array) {
                    Some(at) => mine[at],
                    None => jaxpr.new_var(array.aval()),
                });
            }
            inputs.extend(args);
            jaxpr.inputs = inputs;
            jaxpr.into()
        })
        .collect();
    (jaxprs, captured)
}

/// The program of a function of the trees of one tuple.
fn record_tuple(
    name: &str,
    fun: &Object<'_>,
    structure: &TreeDef,
    avals: &[Aval],
) -> PyResult<Program> {
    record(name, avals, |inputs| super::call_tuple(fun, structure, inputs.to_vec()))
}

fn branches_of(
    py: Python<'_>,
    name: &str,
    functions: &[Object<'_>],
    structure: &TreeDef,
    inputs: &[Aval],
) -> PyResult<Vec<Program>> {
    let programs = functions
        .iter()
        .map(|function| record_tuple(name, function, structure, inputs))
        .collect::<PyResult<Vec<_>>>()?;
    let first = &programs[0];
    let first_avals = first.jaxpr.output_avals();
    for (at, other) in programs.iter().enumerate().skip(1) {
        let (a, b) = match name {
            "cond" => ("true_fun".to_string(), "false_fun".to_string()),
            _ => ("branch 0".to_string(), format!("branch {at}")),
        };
        if !first.output.equals(py, &other.output)? {
            return Err(PyTypeError::new_err(format!(
                "{name}: branch outputs must have the same pytree structure, but they differ: the \
                 {a} output has structure {} and the {b} output {}",
                text(py, &first.output),
                text(py, &other.output)
            )));
        }
        let others = other.jaxpr.output_avals();
        for (x, y) in first_avals.iter().zip(&others) {
            if x.shape != y.shape || x.dtype != y.dtype && !(x.weak || y.weak) {
                return Err(PyTypeError::new_err(format!(
                    "{name}: branches must have equal output types but they differ: the output of \
                     {a} has type {} but the corresponding output of {b} has type {}",
                    shown(x),
                    shown(y)
                )));
            }
        }
    }
    Ok(programs)
}

/// The results of the programs in one type each: what a branch gives weakly is converted.
fn unified(programs: &mut [Program]) -> PyResult<()> {
    let all: Vec<Vec<Aval>> = programs.iter().map(|p| p.jaxpr.output_avals()).collect();
    let mut targets = vec![];
    for at in 0..all[0].len() {
        let types: Vec<(DType, bool)> = all.iter().map(|a| (a[at].dtype, a[at].weak)).collect();
        targets.push(promote::result_type("cond", &types).or_raise()?);
    }
    for (program, own) in programs.iter_mut().zip(&all) {
        if own.iter().zip(&targets).all(|(aval, target)| aval.dtype == target.0) {
            continue;
        }
        let inner = program.jaxpr.clone();
        let inputs = inner.input_avals();
        let staged = pullback_core::jaxpr::stage(&inputs, |x| {
            let results = inner.eval_all(x)?;
            results
                .iter()
                .zip(&targets)
                .map(|(y, &(dtype, weak))| promote::to_type(y, dtype, weak))
                .collect()
        })
        .or_raise()?;
        program.jaxpr = staged.jaxpr.into();
    }
    Ok(())
}

fn bind_branches<'py>(
    py: Python<'py>,
    name: &str,
    index: &Array,
    functions: &[Object<'py>],
    operands: &Bound<'py, PyTuple>,
) -> PyResult<Object<'py>> {
    let (arrays, structure) = flat(operands.as_any(), format_args!("{name}: operand"))?;
    let mut programs = branches_of(py, name, functions, &structure, &avals(&arrays))?;
    unified(&mut programs)?;
    let (jaxprs, captured) = with_common_inputs(&programs);
    let inputs: Vec<&Array> = captured.iter().chain(&arrays).collect();
    let outputs = bind_cond(index, &jaxprs, &inputs).or_raise()?;
    tree_of(py, &programs[0].output, outputs.into_vec())
}

/// The results of one of two functions.
#[pyfunction]
fn cond<'py>(
    pred: &Object<'py>,
    true_fun: &Object<'py>,
    false_fun: &Object<'py>,
    operands: &Bound<'py, PyTuple>,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = pred.py();
    if !true_fun.is_callable() || !false_fun.is_callable() {
        return Err(PyTypeError::new_err(
            "cond: true_fun and false_fun arguments should be callable.",
        ));
    }
    if tree::split(pred)?.is_some() {
        return Err(PyTypeError::new_err(format!(
            "cond: pred must be a scalar, got {} of type {}.",
            pred.repr()?,
            pred.get_type()
        )));
    }
    let which = super::leaf_array(pred, "cond: pred")?;
    if which.rank() != 0 {
        return Err(PyTypeError::new_err(format!(
            "cond: pred must be a scalar, got {} of type {}",
            pred.repr()?,
            which.aval()
        )));
    }
    guarded(|| {
        let which = match which.dtype() {
            DType::Bool => which.clone(),
            _ => rules::ne(&which, &rules::number(0.0, &which)).or_raise()?,
        };
        let index = rules::convert_element_type(&which, DType::I32).or_raise()?;
        // Errors name the true branch first, as the call does.
        let swapped = [true_fun.clone(), false_fun.clone()];
        let (arrays, structure) = flat(operands.as_any(), "cond: operand")?;
        let mut programs = branches_of(py, "cond", &swapped, &structure, &avals(&arrays))?;
        programs.swap(0, 1);
        unified(&mut programs)?;
        let (jaxprs, captured) = with_common_inputs(&programs);
        let inputs: Vec<&Array> = captured.iter().chain(&arrays).collect();
        let outputs = bind_cond(&index, &jaxprs, &inputs).or_raise()?;
        tree_of(py, &programs[0].output, outputs.into_vec())
    })
}

/// The results of one of several functions.
#[pyfunction]
fn switch<'py>(
    index: &Object<'py>,
    branches: Vec<Object<'py>>,
    operands: &Bound<'py, PyTuple>,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = index.py();
    if branches.is_empty() {
        return Err(PyValueError::new_err("switch: the sequence of branches is empty"));
    }
    if !branches.iter().all(|branch| branch.is_callable()) {
        return Err(PyTypeError::new_err(
            "switch: branches argument should be a sequence of callables.",
        ));
    }
    let which = super::leaf_array(index, "switch: index")?;
    if which.rank() != 0 {
        return Err(PyTypeError::new_err(format!(
            "switch: the index must be a scalar, got {} of type {}",
            index.repr()?,
            which.aval()
        )));
    }
    if !which.dtype().is_integer() {
        return Err(PyTypeError::new_err(format!(
            "switch: the index must be an integer, got {}",
            which.aval()
        )));
    }
    guarded(|| {
        let which = rules::convert_element_type(&which, DType::I32).or_raise()?;
        let last = Array::scalar(branches.len() as i32 - 1);
        let which = rules::clamp(&Array::scalar(0i32), &which, &last).or_raise()?;
        bind_branches(py, "switch", &which, &branches, operands)
    })
}

/// The error for a carry that changes its type, `None` if it does not.
fn carry_error(
    py: Python<'_>,
    name: &str,
    (before, in_tree): (&[Aval], &TreeDef),
    (after, out_tree): (&[Aval], &TreeDef),
) -> PyResult<Option<PyErr>> {
    if !in_tree.equals(py, out_tree)? {
        return Ok(Some(PyTypeError::new_err(format!(
            "{name}: the carry of the body function must have the same pytree structure before and \
             after, but they differ: the input carry is {} but the output carry is {}",
            text(py, in_tree),
            text(py, out_tree)
        ))));
    }
    for (x, y) in before.iter().zip(after) {
        if !x.same_type(y) {
            return Ok(Some(PyTypeError::new_err(format!(
                "{name}: the carry of the body function must have the same types before and after, \
                 but they differ: the input carry has type {} but the corresponding output carry \
                 component has type {}",
                shown(x),
                shown(y)
            ))));
        }
    }
    Ok(None)
}

/// Whether carries that began weakly take the types that the body gives them, and what those are.
fn strengthened(before: &[Aval], after: &[Aval]) -> Option<Vec<Aval>> {
    let mut changed = false;
    let next = before
        .iter()
        .zip(after)
        .map(|(x, y)| {
            let weaker = x.weak && (!y.weak || x.dtype != y.dtype);
            let up = promote::result_type("carry", &[(x.dtype, x.weak), (y.dtype, y.weak)]);
            match up {
                Ok((dtype, weak)) if weaker && x.shape == y.shape && dtype == y.dtype => {
                    changed = true;
                    x.with_dtype(dtype).with_weak(weak && y.weak)
                }
                _ => x.clone(),
            }
        })
        .collect();
    changed.then_some(next)
}

fn converted(arrays: &[Array], types: &[Aval]) -> PyResult<Vec<Array>> {
    arrays
        .iter()
        .zip(types)
        .map(|(x, aval)| match x.dtype() == aval.dtype && x.is_weak() == aval.weak {
            true => Ok(x.clone()),
            false => promote::to_type(x, aval.dtype, aval.weak).or_raise(),
        })
        .collect()
}

/// Repeats a function as long as another says so.
#[pyfunction]
#[pyo3(signature = (cond_fun, body_fun, init_val, name="while_loop"))]
fn while_loop<'py>(
    cond_fun: &Object<'py>,
    body_fun: &Object<'py>,
    init_val: &Object<'py>,
    name: &str,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = init_val.py();
    if !cond_fun.is_callable() || !body_fun.is_callable() {
        return Err(PyTypeError::new_err(
            "while_loop: body_fun and cond_fun arguments should be callable.",
        ));
    }
    guarded(|| {
        let (init, structure) = flat(init_val, format_args!("{name}: carry"))?;
        let mut types = avals(&init);
        let call = |function: &Object<'py>, inputs: &[Array]| {
            function.call1((tree_of(py, &structure, inputs.to_vec())?,))
        };
        let mut body = record(name, &types, |inputs| call(body_fun, inputs))?;
        for _ in 0..2 {
            let after = body.jaxpr.output_avals();
            if !structure.equals(py, &body.output)? {
                break;
            }
            let Some(next) = strengthened(&types, &after) else { break };
            types = next;
            body = record(name, &types, |inputs| call(body_fun, inputs))?;
        }
        let after = body.jaxpr.output_avals();
        let carried = carry_error(py, name, (&types, &structure), (&after, &body.output))?;
        if let Some(error) = carried {
            return Err(error);
        }
        let condition = record(name, &types, |inputs| call(cond_fun, inputs))?;
        if !condition.output.is_leaf() {
            return Err(PyTypeError::new_err(format!(
                "{name}: cond_fun must return a boolean scalar, but got pytree {}.",
                text(py, &condition.output)
            )));
        }
        let test = &condition.jaxpr.output_avals()[0];
        if test.rank() != 0 || test.dtype != DType::Bool {
            return Err(PyTypeError::new_err(format!(
                "{name}: cond_fun must return a boolean scalar, but got output type(s) [{}].",
                shown(test)
            )));
        }
        let init = converted(&init, &types)?;
        let op = While {
            cond: condition.jaxpr.clone(),
            body: body.jaxpr.clone(),
            cond_consts: condition.captured.len(),
            body_consts: body.captured.len(),
            record: 0,
        };
        let operands: Vec<&Array> =
            condition.captured.iter().chain(&body.captured).chain(&init).collect();
        let outputs = bind_while(op, &operands).or_raise()?;
        tree_of(py, &structure, outputs.into_vec())
    })
}

/// Repeats a function over the leading axis of arrays, handing on a carry.
#[pyfunction]
#[pyo3(signature = (f, init, xs, length, reverse, name="scan"))]
fn scan<'py>(
    f: &Object<'py>,
    init: &Object<'py>,
    xs: &Object<'py>,
    length: Option<&Object<'py>>,
    reverse: bool,
    name: &str,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = f.py();
    if !f.is_callable() {
        return Err(PyTypeError::new_err(format!(
            "{name}: the function should be a callable, got {}",
            f.repr()?
        )));
    }
    guarded(|| {
        let (init, carry_tree) = flat(init, format_args!("{name}: carry"))?;
        let (xs, xs_tree) = flat(xs, format_args!("{name}: value to scan over"))?;
        let mut sizes = vec![];
        for x in &xs {
            match x.shape().first() {
                Some(&size) => sizes.push(size),
                None => {
                    return Err(PyValueError::new_err(format!(
                        "{name}: got a value with no leading axis to scan over, of type {}",
                        x.aval()
                    )));
                }
            }
        }
        let length = match length {
            None => None,
            Some(length) => {
                let known = |error| unknown(name, "length", length).unwrap_or(error);
                let given = whole(length).map_err(known)?.ok_or_else(|| {
                    PyTypeError::new_err(format!(
                        "{name}: the length must be a concrete integer, got {length}"
                    ))
                })?;
                let negative =
                    |_| PyValueError::new_err(format!("{name}: the length is negative: {given}"));
                Some(usize::try_from(given).map_err(negative)?)
            }
        };
        let count = match (length, sizes.first()) {
            (Some(length), _) => length,
            (None, Some(&size)) => size,
            (None, None) => {
                return Err(PyValueError::new_err(format!(
                    "{name}: got no values to scan over, and no length"
                )));
            }
        };
        if sizes.iter().any(|&size| size != count) {
            let types: Vec<_> = xs.iter().map(|x| x.aval().to_string()).collect();
            let types = types.join(", ");
            return Err(PyValueError::new_err(match length {
                Some(length) => format!(
                    "{name}: the length {length} disagrees with the leading axis of {types}"
                ),
                None => format!("{name}: the leading axes of {types} have different sizes"),
            }));
        }
        let entries: Vec<Aval> = xs
            .iter()
            .map(|x| {
                let mut aval = x.aval();
                aval.shape.remove(0);
                aval
            })
            .collect();
        let mut types = avals(&init);
        let carry = init.len();
        let trace = |types: &[Aval]| -> PyResult<(Program, TreeDef, TreeDef)> {
            let all: Vec<Aval> = types.iter().chain(&entries).cloned().collect();
            let left = super::Left::new();
            let program = record(name, &all, |inputs| {
                let (state, entry) = inputs.split_at(carry);
                let state = tree_of(py, &carry_tree, state.to_vec())?;
                let entry = tree_of(py, &xs_tree, entry.to_vec())?;
                let result = f.call1((state, entry))?;
                let pair = result.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
                let Some(pair) = pair else {
                    return Err(PyTypeError::new_err(format!(
                        "{name}: the output of the body function must be a pair, got {}",
                        result.repr()?
                    )));
                };
                let next = tree::flatten(&pair.get_item(0)?, None)?.1;
                let collected = tree::flatten(&pair.get_item(1)?, None)?.1;
                left.put((next, collected));
                Ok(result)
            })?;
            let (next, collected) = left.take()?;
            Ok((program, next, collected))
        };
        let (mut program, mut next, mut collected) = trace(&types)?;
        for _ in 0..2 {
            if !carry_tree.equals(py, &next)? {
                break;
            }
            let after = program.jaxpr.output_avals();
            let Some(stronger) = strengthened(&types, &after[..carry]) else { break };
            types = stronger;
            (program, next, collected) = trace(&types)?;
        }
        let after = program.jaxpr.output_avals();
        let after = &after[..next.leaves()];
        if let Some(error) = carry_error(py, name, (&types, &carry_tree), (after, &next))? {
            return Err(error);
        }
        let init = converted(&init, &types)?;
        let op = Scan {
            jaxpr: program.jaxpr.clone(),
            consts: program.captured.len(),
            carry,
            length: ScanLength::Fixed(count),
            reverse,
        };
        let operands: Vec<&Array> = program.captured.iter().chain(&init).chain(&xs).collect();
        let mut outputs = bind_scan(op, &operands).or_raise()?.into_vec();
        let ys = outputs.split_off(carry);
        let (state, ys) = (tree_of(py, &carry_tree, outputs)?, tree_of(py, &collected, ys)?);
        Ok(PyTuple::new(py, [state, ys])?.into_any())
    })
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(cond, module)?)?;
    module.add_function(wrap_pyfunction!(switch, module)?)?;
    module.add_function(wrap_pyfunction!(while_loop, module)?)?;
    module.add_function(wrap_pyfunction!(scan, module)?)
}
