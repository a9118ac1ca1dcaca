//! Collectives over named axes, on trees.

use pullback::lax::collective::{self, Axes};
use pullback_core::trace::AxisName;
use pullback_core::{Array, Result};
use pyo3::exceptions::{PyNotImplementedError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::{flat, tree_of};
use crate::array::wrap;
use crate::errors::OrRaise;

type Object<'py> = Bound<'py, PyAny>;

/// The name of a mapped axis, which may be any object.
pub fn axis_name(name: &Object<'_>) -> PyResult<AxisName> {
    Ok(AxisName(name.str()?.to_string().into()))
}

fn axes(names: &Object<'_>) -> PyResult<Axes> {
    match names.is_instance_of::<PyTuple>() || names.is_instance_of::<PyList>() {
        true => Ok(Axes(names.try_iter()?.map(|name| axis_name(&name?)).collect::<PyResult<_>>()?)),
        false => Ok(Axes(vec![axis_name(names)?])),
    }
}

fn without_groups(function: &str, groups: Option<Object<'_>>) -> PyResult<()> {
    match groups {
        None => Ok(()),
        Some(_) => Err(PyNotImplementedError::new_err(format!(
            "{function}: axis_index_groups is not supported under vmap"
        ))),
    }
}

fn mapped<'py>(
    function: &str,
    x: &Object<'py>,
    f: impl Fn(&Array) -> Result<Array>,
) -> PyResult<Object<'py>> {
    let (arrays, structure) = flat(x, function)?;
    let results = arrays.iter().map(f).collect::<Result<Vec<_>>>().or_raise()?;
    tree_of(x.py(), &structure, results)
}

macro_rules! reductions {
    ($($name:ident: $doc:literal;)*) => {$(
        #[doc = $doc]
        #[pyfunction]
        #[pyo3(signature = (x, axis_name, *, axis_index_groups=None))]
        fn $name<'py>(
            x: &Object<'py>,
            axis_name: &Object<'py>,
            axis_index_groups: Option<Object<'py>>,
        ) -> PyResult<Object<'py>> {
            without_groups(stringify!($name), axis_index_groups)?;
            let axes = axes(axis_name)?;
            mapped(stringify!($name), x, |x| collective::$name(x, axes.clone()))
        }
    )*};
}

reductions! {
    psum: "The sum over the entries of mapped axes; every entry gets it.";
    pmean: "The mean over the entries of mapped axes; every entry gets it.";
    pmax: "The greatest of the entries of mapped axes; every entry gets it.";
    pmin: "The least of the entries of mapped axes; every entry gets it.";
}

/// The number of this entry of mapped axes, counted from zero.
#[pyfunction]
fn axis_index<'py>(axis_name: &Object<'py>) -> PyResult<Object<'py>> {
    let index = collective::axis_index(axes(axis_name)?).or_raise()?;
    Ok(wrap(axis_name.py(), index)?.into_bound(axis_name.py()).into_any())
}

/// The number of entries of mapped axes.
#[pyfunction]
fn axis_size(axis_name: &Object<'_>) -> PyResult<usize> {
    collective::axis_size(axes(axis_name)?).or_raise()
}

/// All entries of mapped axes, stacked along a new axis or joined along one that is there.
#[pyfunction]
#[pyo3(signature = (x, axis_name, *, axis_index_groups=None, axis=0, tiled=false, to="varying"))]
fn all_gather<'py>(
    x: &Object<'py>,
    axis_name: &Object<'py>,
    axis_index_groups: Option<Object<'py>>,
    axis: i64,
    tiled: bool,
    to: &str,
) -> PyResult<Object<'py>> {
    let _ = to;
    without_groups("all_gather", axis_index_groups)?;
    let axes = axes(axis_name)?;
    mapped("all_gather", x, |x| collective::all_gather(x, axes.clone(), axis, tiled))
}

/// The sum over a mapped axis, of which each entry gets its own part.
#[pyfunction]
#[pyo3(signature = (x, axis_name, *, scatter_dimension=0, axis_index_groups=None, tiled=false))]
fn psum_scatter<'py>(
    x: &Object<'py>,
    axis_name: &Object<'py>,
    scatter_dimension: i64,
    axis_index_groups: Option<Object<'py>>,
    tiled: bool,
) -> PyResult<Object<'py>> {
    without_groups("psum_scatter", axis_index_groups)?;
    let axes = axes(axis_name)?;
    mapped("psum_scatter", x, |x| {
        collective::psum_scatter(x, axes.clone(), scatter_dimension, tiled)
    })
}

/// Sends entries of a mapped axis to others; who receives nothing gets zeros.
#[pyfunction]
fn ppermute<'py>(
    x: &Object<'py>,
    axis_name: &Object<'py>,
    perm: &Object<'py>,
) -> PyResult<Object<'py>> {
    let axes = axes(axis_name)?;
    let pairs = perm
        .try_iter()?
        .map(|pair| {
            let pair = pair?;
            pair.extract::<(usize, usize)>().map_err(|_| {
                PyTypeError::new_err(format!(
                    "ppermute: perm must hold pairs (sender, receiver), got {pair}"
                ))
            })
        })
        .collect::<PyResult<Vec<_>>>()?;
    mapped("ppermute", x, |x| collective::ppermute(x, axes.clone(), &pairs))
}

/// Gives entry `i` of a mapped axis the entry `perm[i]`.
#[pyfunction]
fn pshuffle<'py>(
    x: &Object<'py>,
    axis_name: &Object<'py>,
    perm: Vec<usize>,
) -> PyResult<Object<'py>> {
    let axes = axes(axis_name)?;
    mapped("pshuffle", x, |x| collective::pshuffle(x, axes.clone(), &perm))
}

/// Gives every entry of a mapped axis the entry `source`.
#[pyfunction]
fn pbroadcast<'py>(
    x: &Object<'py>,
    axis_name: &Object<'py>,
    source: usize,
) -> PyResult<Object<'py>> {
    let axes = axes(axis_name)?;
    mapped("pbroadcast", x, |x| collective::pbroadcast(x, axes.clone(), source))
}

/// Every entry of a mapped axis deals out its parts, and gets one from every entry.
#[pyfunction]
#[pyo3(signature = (x, axis_name, split_axis, concat_axis, *, axis_index_groups=None, tiled=false))]
fn all_to_all<'py>(
    x: &Object<'py>,
    axis_name: &Object<'py>,
    split_axis: i64,
    concat_axis: i64,
    axis_index_groups: Option<Object<'py>>,
    tiled: bool,
) -> PyResult<Object<'py>> {
    without_groups("all_to_all", axis_index_groups)?;
    let axes = axes(axis_name)?;
    mapped("all_to_all", x, |x| {
        collective::all_to_all(x, axes.clone(), split_axis, concat_axis, tiled)
    })
}

/// Swaps a mapped axis with an axis of the array.
#[pyfunction]
#[pyo3(signature = (x, axis_name, axis, *, axis_index_groups=None))]
fn pswapaxes<'py>(
    x: &Object<'py>,
    axis_name: &Object<'py>,
    axis: i64,
    axis_index_groups: Option<Object<'py>>,
) -> PyResult<Object<'py>> {
    all_to_all(x, axis_name, axis, axis, axis_index_groups, false)
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(psum, module)?)?;
    module.add_function(wrap_pyfunction!(pmean, module)?)?;
    module.add_function(wrap_pyfunction!(pmax, module)?)?;
    module.add_function(wrap_pyfunction!(pmin, module)?)?;
    module.add_function(wrap_pyfunction!(axis_index, module)?)?;
    module.add_function(wrap_pyfunction!(axis_size, module)?)?;
    module.add_function(wrap_pyfunction!(all_gather, module)?)?;
    module.add_function(wrap_pyfunction!(psum_scatter, module)?)?;
    module.add_function(wrap_pyfunction!(ppermute, module)?)?;
    module.add_function(wrap_pyfunction!(pshuffle, module)?)?;
    module.add_function(wrap_pyfunction!(pbroadcast, module)?)?;
    module.add_function(wrap_pyfunction!(all_to_all, module)?)?;
    module.add_function(wrap_pyfunction!(pswapaxes, module)?)
}
