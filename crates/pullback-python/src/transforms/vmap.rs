//! `vmap`: a function over arrays with one more axis.

use pullback_core::trace::batch::at_axis;
use pullback_core::trace::{AxisData, AxisName};
use pullback_core::{Array, Aval, transforms};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyList, PyTuple};

use super::{
    Function, Left, Transform, call_flat, flat, flatten_call, inside, leaf_array, tree_of,
};
use crate::errors::OrRaise;
use crate::tree::{TreeDef, broadcast_prefix};

struct Vmap {
    in_axes: Py<PyAny>,
    out_axes: Py<PyAny>,
    name: Option<AxisName>,
    size: Option<usize>,
}

/// The position of an axis, or none, as the user gave it in `what`; `aval` is what has the axis,
/// and `rank` how many it has or will have.
fn axis_at(
    object: &Bound<'_, PyAny>,
    rank: usize,
    what: &str,
    aval: &Aval,
) -> PyResult<Option<usize>> {
    if object.is_none() {
        return Ok(None);
    }
    let axis: i64 = object.extract().map_err(|_| {
        PyTypeError::new_err(format!("vmap: {what} must be an int or None, got {object}"))
    })?;
    let from_front = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    match usize::try_from(from_front) {
        Ok(at) if at < rank => Ok(Some(at)),
        _ => Err(PyValueError::new_err(format!(
            "vmap: {what} names axis {axis}, which one of type {aval} does not have"
        ))),
    }
}

impl Vmap {
    fn axes_of<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        structure: &TreeDef,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let py = args.py();
        let in_axes = self.in_axes.bind(py);
        if let Ok(tuple) = in_axes.cast::<PyTuple>()
            && tuple.len() != args.len()
        {
            return Err(PyValueError::new_err(format!(
                "vmap: in_axes must be an int, None, or a tuple of entries corresponding to the \
                 positional arguments passed to the function, but got len(in_axes)={}, len(args)={}",
                tuple.len(),
                args.len()
            )));
        }
        let children = structure.children();
        let what = "vmap: in_axes";
        let mut axes = broadcast_prefix(what, in_axes, &children[0], true)?;
        // Arguments given by name are always mapped over their first axis.
        axes.extend((0..children[1].leaves()).map(|_| PyInt::new(py, 0).into_any().unbind()));
        Ok(axes.into_iter().map(|axis| axis.into_bound(py)).collect())
    }
}

impl Transform for Vmap {
    fn name(&self) -> &'static str {
        "vmap"
    }

    fn call<'py>(
        &self,
        fun: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = fun.py();
        let call = flatten_call(args, kwargs)?;
        let axes = self.axes_of(args, &call.structure)?;
        let mut arrays: Vec<Array> = vec![];
        let mut places = vec![];
        let mut sizes = vec![];
        for (leaf, axis) in call.leaves.iter().zip(&axes) {
            let array = leaf_array(leaf.bind(py), "vmap: argument")?;
            let place = axis_at(axis, array.rank(), "in_axes", &array.aval())?;
            sizes.extend(place.map(|at| array.shape()[at]));
            arrays.push(array);
            places.push(place);
        }
        let size = match (self.size, sizes.first()) {
            (Some(size), _) => size,
            (None, Some(&size)) => size,
            (None, None) if arrays.is_empty() => {
                return Err(PyValueError::new_err(
                    "vmap: the wrapped function must be passed at least one argument containing an \
                     array, got empty *args and **kwargs",
                ));
            }
            (None, None) => {
                return Err(PyValueError::new_err(
                    "vmap: there must be at least one non-None value in in_axes",
                ));
            }
        };
        if sizes.iter().any(|&other| other != size) {
            let mut seen: Vec<String> = vec![];
            for (array, place) in arrays.iter().zip(&places) {
                if let Some(at) = place {
                    seen.push(format!(
                        "axis {at} of an argument of type {} has size {}",
                        array.aval(),
                        array.shape()[*at]
                    ));
                }
            }
            if let Some(size) = self.size {
                seen.push(format!("axis_size is {size}"));
            }
            return Err(PyValueError::new_err(format!(
                "vmap: got inconsistent sizes for array axes to be mapped:\n  * {}",
                seen.join("\n  * ")
            )));
        }
        let left = Left::new();
        let axis = AxisData { name: self.name.clone(), size };
        let (results, places) = transforms::vmap(
            |inputs| {
                inside(|| {
                    let result = call_flat(fun, &call.structure, inputs)?;
                    let (arrays, structure) = flat(&result, "vmap: output")?;
                    left.put(structure);
                    Ok(arrays)
                })
            },
            &arrays,
            &places,
            axis,
        )
        .or_raise()?;
        let structure: TreeDef = left.take()?;
        let wanted = broadcast_prefix("vmap: out_axes", self.out_axes.bind(py), &structure, true)?;
        let mut outputs = vec![];
        for ((result, place), wanted) in results.iter().zip(places).zip(&wanted) {
            let rank = result.rank() + usize::from(place.is_none());
            let mut own = result.aval();
            own.shape = own
                .shape
                .iter()
                .copied()
                .enumerate()
                .filter(|(at, _)| Some(*at) != place)
                .map(|(_, n)| n)
                .collect();
            match axis_at(wanted.bind(py), rank, "out_axes", &own)? {
                Some(to) => outputs.push(at_axis(result, place, size, to).or_raise()?),
                None if place.is_none() => outputs.push(result.clone()),
                None => {
                    return Err(PyValueError::new_err(format!(
                        "vmap: an output of type {own} is mapped, but its out_axes is None"
                    )));
                }
            }
        }
        tree_of(py, &structure, outputs)
    }
}

/// Vectorises a function: each mapped axis is taken away from the arguments, and given to the
/// results.
#[pyfunction]
#[pyo3(signature = (fun, in_axes=None, out_axes=None, axis_name=None, axis_size=None, spmd_axis_name=None, sum_match=false))]
#[allow(clippy::too_many_arguments)]
fn vmap<'py>(
    fun: &Bound<'py, PyAny>,
    in_axes: Option<Bound<'py, PyAny>>,
    out_axes: Option<Bound<'py, PyAny>>,
    axis_name: Option<Bound<'py, PyAny>>,
    axis_size: Option<usize>,
    spmd_axis_name: Option<Py<PyAny>>,
    sum_match: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let _ = (spmd_axis_name, sum_match);
    let py = fun.py();
    let in_axes = in_axes.unwrap_or_else(|| py.None().into_bound(py));
    let in_axes = match in_axes.cast_into::<PyList>() {
        Ok(list) => list.to_tuple().into_any(),
        Err(error) => error.into_inner(),
    };
    let plain = in_axes.is_none()
        || in_axes.is_instance_of::<PyInt>()
        || in_axes.is_instance_of::<PyTuple>();
    if !plain {
        return Err(PyTypeError::new_err(format!(
            "vmap: in_axes must be an int, None, or a tuple of entries corresponding to the \
             positional arguments passed to the function, but got {in_axes}."
        )));
    }
    let name = match axis_name {
        Some(name) => Some(super::collective::axis_name(&name)?),
        None => None,
    };
    let out_axes = out_axes.unwrap_or_else(|| py.None().into_bound(py)).unbind();
    Function::make(fun, None, Vmap { in_axes: in_axes.unbind(), out_axes, name, size: axis_size })
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(vmap, module)?)
}
