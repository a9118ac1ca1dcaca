//! Control flow: `cond`, `switch`, `while_loop`, `scan`, and what is made of them.
//!
//! The functions become closures over arrays, which `pullback::flat` records as programs;
//! structures are compared here, inside the closures.

use std::cell::RefCell;

use pullback::flat as over_arrays;
use pullback_core::{Array, Error};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Left, call_tuple, flat, inside, leaf_array, tree_of};
use crate::errors::{OrRaise, guarded};
use crate::functions::{unknown, whole};
use crate::tree::{self, PyTreeDef, TreeDef};

type Object<'py> = Bound<'py, PyAny>;
type Arrays = Result<Vec<Array>, Error>;

fn text(py: Python<'_>, tree: &TreeDef) -> String {
    PyTreeDef(tree.clone()).text(py).unwrap_or_default()
}

/// Functions of one tuple of trees, of which all must give one structure.
struct Branches<'a> {
    name: &'static str,
    input: &'a TreeDef,
    output: RefCell<Option<TreeDef>>,
}

impl<'a> Branches<'a> {
    fn new(name: &'static str, input: &'a TreeDef) -> Self {
        Branches { name, input, output: RefCell::new(None) }
    }

    /// The results of the function in place `at` of the list.
    fn call(&self, at: usize, function: &Object<'_>, inputs: &[Array]) -> Arrays {
        let py = function.py();
        inside(|| {
            let result = call_tuple(function, self.input, inputs.to_vec())?;
            let (arrays, structure) = flat(&result, format_args!("{}: output", self.name))?;
            let mut output = self.output.borrow_mut();
            match &*output {
                Some(first) if !first.equals(py, &structure)? => {
                    let (a, b) = match self.name {
                        "cond" => ("true_fun".to_string(), "false_fun".to_string()),
                        _ => ("branch 0".to_string(), format!("branch {at}")),
                    };
                    Err(PyTypeError::new_err(format!(
                        "{}: branch outputs must have the same pytree structure, but they differ: \
                         the {a} output has structure {} and the {b} output {}",
                        self.name,
                        text(py, first),
                        text(py, &structure)
                    )))
                }
                Some(_) => Ok(arrays),
                None => {
                    *output = Some(structure);
                    Ok(arrays)
                }
            }
        })
    }

    fn finish<'py>(self, py: Python<'py>, outputs: Vec<Array>) -> PyResult<Object<'py>> {
        let missing = || PyValueError::new_err("a branch was not called");
        tree_of(py, &self.output.into_inner().ok_or_else(missing)?, outputs)
    }
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
    let which = leaf_array(pred, "cond: pred")?;
    if which.rank() != 0 {
        return Err(PyTypeError::new_err(format!(
            "cond: pred must be a scalar, got {} of type {}",
            pred.repr()?,
            which.aval()
        )));
    }
    guarded(|| {
        let (arrays, structure) = flat(operands.as_any(), "cond: operand")?;
        let branches = Branches::new("cond", &structure);
        let mut on_true = |inputs: &[Array]| branches.call(0, true_fun, inputs);
        let mut on_false = |inputs: &[Array]| branches.call(1, false_fun, inputs);
        let outputs = over_arrays::cond(&which, &mut on_true, &mut on_false, &arrays);
        branches.finish(py, outputs.or_raise()?)
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
    let which = leaf_array(index, "switch: index")?;
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
        let (arrays, structure) = flat(operands.as_any(), "switch: operand")?;
        let all = Branches::new("switch", &structure);
        let mut functions: Vec<_> = branches
            .iter()
            .enumerate()
            .map(|(at, branch)| {
                let all = &all;
                move |inputs: &[Array]| all.call(at, branch, inputs)
            })
            .collect();
        let mut functions: Vec<&mut dyn FnMut(&[Array]) -> Arrays> =
            functions.iter_mut().map(|function| function as _).collect();
        let outputs = over_arrays::switch(&which, &mut functions, &arrays);
        drop(functions);
        all.finish(py, outputs.or_raise()?)
    })
}

/// What is carried through a loop.
struct Carry<'a> {
    name: &'a str,
    init: Vec<Array>,
    structure: TreeDef,
}

impl<'a> Carry<'a> {
    fn new(name: &'a str, init: &Object<'_>) -> PyResult<Carry<'a>> {
        let (init, structure) = flat(init, format_args!("{name}: carry"))?;
        Ok(Carry { name, init, structure })
    }

    fn tree<'py>(&self, py: Python<'py>, arrays: &[Array]) -> PyResult<Object<'py>> {
        tree_of(py, &self.structure, arrays.to_vec())
    }

    /// The arrays of what a body gave, which has the structure of what it was given.
    fn arrays(&self, result: &Object<'_>) -> PyResult<Vec<Array>> {
        let py = result.py();
        let (arrays, structure) = flat(result, format_args!("{}: output", self.name))?;
        if structure.equals(py, &self.structure)? {
            return Ok(arrays);
        }
        Err(PyTypeError::new_err(format!(
            "{}: the carry of the body function must have the same pytree structure before and \
             after, but they differ: the input carry is {} but the output carry is {}",
            self.name,
            text(py, &self.structure),
            text(py, &structure)
        )))
    }
}

/// Repeats a function as long as another says so.
#[pyfunction]
fn while_loop<'py>(
    cond_fun: &Object<'py>,
    body_fun: &Object<'py>,
    init_val: &Object<'py>,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = init_val.py();
    let name = "while_loop";
    if !cond_fun.is_callable() || !body_fun.is_callable() {
        return Err(PyTypeError::new_err(
            "while_loop: body_fun and cond_fun arguments should be callable.",
        ));
    }
    guarded(|| {
        let carry = Carry::new(name, init_val)?;
        let holds = |inputs: &[Array]| {
            inside(|| {
                let result = cond_fun.call1((carry.tree(py, inputs)?,))?;
                let (mut arrays, structure) = flat(&result, "while_loop: output")?;
                match structure.is_leaf() {
                    true => Ok(arrays.remove(0)),
                    false => Err(PyTypeError::new_err(format!(
                        "while_loop: cond_fun must return a boolean scalar, but got pytree {}.",
                        text(py, &structure)
                    ))),
                }
            })
        };
        let body = |inputs: &[Array]| {
            inside(|| carry.arrays(&body_fun.call1((carry.tree(py, inputs)?,))?))
        };
        let outputs = over_arrays::while_loop(name, &carry.init, holds, body).or_raise()?;
        tree_of(py, &carry.structure, outputs)
    })
}

/// Repeats a function over the leading axis of arrays, handing on a carry.
#[pyfunction]
fn scan<'py>(
    f: &Object<'py>,
    init: &Object<'py>,
    xs: &Object<'py>,
    length: Option<&Object<'py>>,
    reverse: bool,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = f.py();
    callable("scan", f)?;
    guarded(|| {
        let carry = Carry::new("scan", init)?;
        let (xs, xs_tree) = flat(xs, "scan: value to scan over")?;
        let length = length.map(|length| size("scan", "length", length)).transpose()?;
        let collected = Left::new();
        let step = |state: &[Array], entry: &[Array]| {
            inside(|| {
                let state = carry.tree(py, state)?;
                let result = f.call1((state, tree_of(py, &xs_tree, entry.to_vec())?))?;
                let pair = result.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
                let Some(pair) = pair else {
                    return Err(PyTypeError::new_err(format!(
                        "scan: the output of the body function must be a pair, got {}",
                        result.repr()?
                    )));
                };
                let next = carry.arrays(&pair.get_item(0)?)?;
                let (arrays, structure) = flat(&pair.get_item(1)?, "scan: output")?;
                collected.put(structure);
                Ok((next, arrays))
            })
        };
        let (state, ys) =
            over_arrays::scan("scan", &carry.init, &xs, length, reverse, step).or_raise()?;
        let state = carry.tree(py, &state)?;
        let ys = tree_of(py, &collected.take()?, ys)?;
        Ok(PyTuple::new(py, [state, ys])?.into_any())
    })
}

/// Repeats a function of a whole number and a carry, from one number up to before another.
#[pyfunction]
fn fori_loop<'py>(
    lower: &Object<'py>,
    upper: &Object<'py>,
    body_fun: &Object<'py>,
    init_val: &Object<'py>,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = body_fun.py();
    if !body_fun.is_callable() {
        return Err(PyTypeError::new_err(format!(
            "fori_loop: body_fun should be callable, got {}",
            body_fun.repr()?
        )));
    }
    guarded(|| {
        let lower = leaf_array(lower, "fori_loop: lower")?;
        let upper = leaf_array(upper, "fori_loop: upper")?;
        let carry = Carry::new("fori_loop", init_val)?;
        let body = |i: &Array, inputs: &[Array]| {
            inside(|| {
                let i = crate::array::wrap(py, i.clone())?;
                carry.arrays(&body_fun.call1((i, carry.tree(py, inputs)?))?)
            })
        };
        let outputs = over_arrays::fori_loop(&lower, &upper, &carry.init, body).or_raise()?;
        tree_of(py, &carry.structure, outputs)
    })
}

/// The results of a function on every entry of arrays, some of them at a time.
#[pyfunction]
fn map<'py>(
    f: &Object<'py>,
    xs: &Object<'py>,
    batch_size: Option<&Object<'py>>,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let py = f.py();
    callable("map", f)?;
    guarded(|| {
        let (xs, xs_tree) = flat(xs, "map: value to scan over")?;
        let batch_size = batch_size.map(|n| size("map", "batch_size", n)).transpose()?;
        let output = Left::new();
        let call = |entry: &[Array]| {
            inside(|| {
                let result = f.call1((tree_of(py, &xs_tree, entry.to_vec())?,))?;
                let (arrays, structure) = flat(&result, "map: output")?;
                output.put(structure);
                Ok(arrays)
            })
        };
        let ys = over_arrays::map(&xs, batch_size, call).or_raise()?;
        tree_of(py, &output.take()?, ys)
    })
}

/// All partial results of an associative function along an axis.
#[pyfunction]
fn associative_scan<'py>(
    r#fn: &Object<'py>,
    elems: &Object<'py>,
    reverse: bool,
    axis: i64,
) -> PyResult<Object<'py>> {
    crate::config::sync();
    let (function, py) = (r#fn, elems.py());
    if !function.is_callable() {
        return Err(PyTypeError::new_err(format!(
            "associative_scan: fn should be callable, got {}",
            function.repr()?
        )));
    }
    guarded(|| {
        let (arrays, structure) = flat(elems, "associative_scan: element")?;
        let mut join = |a: &[Array], b: &[Array]| {
            inside(|| {
                let a = tree_of(py, &structure, a.to_vec())?;
                let b = tree_of(py, &structure, b.to_vec())?;
                let (arrays, given) = flat(&function.call1((a, b))?, "associative_scan: output")?;
                match given.equals(py, &structure)? {
                    true => Ok(arrays),
                    false => Err(PyValueError::new_err(format!(
                        "associative_scan: fn must give the structure that it is given, got {} for \
                         {}",
                        text(py, &given),
                        text(py, &structure)
                    ))),
                }
            })
        };
        let ys = over_arrays::associative_scan(&mut join, &arrays, reverse, axis).or_raise()?;
        tree_of(py, &structure, ys)
    })
}

fn callable(name: &str, f: &Object<'_>) -> PyResult<()> {
    match f.is_callable() {
        true => Ok(()),
        false => Err(PyTypeError::new_err(format!(
            "{name}: the function should be a callable, got {}",
            f.repr()?
        ))),
    }
}

/// A number of entries, which must be known and not negative.
fn size(name: &str, what: &str, object: &Object<'_>) -> PyResult<usize> {
    let known = |error| unknown(name, what, object).unwrap_or(error);
    let given = whole(object).map_err(known)?.ok_or_else(|| {
        PyTypeError::new_err(format!("{name}: the {what} must be a concrete integer, got {object}"))
    })?;
    usize::try_from(given)
        .map_err(|_| PyValueError::new_err(format!("{name}: the {what} is negative: {given}")))
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(cond, module)?)?;
    module.add_function(wrap_pyfunction!(switch, module)?)?;
    module.add_function(wrap_pyfunction!(while_loop, module)?)?;
    module.add_function(wrap_pyfunction!(scan, module)?)?;
    module.add_function(wrap_pyfunction!(fori_loop, module)?)?;
    module.add_function(wrap_pyfunction!(map, module)?)?;
    module.add_function(wrap_pyfunction!(associative_scan, module)?)
}
