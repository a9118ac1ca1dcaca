//! The arguments that a function is differentiated with respect to, among all of a call.

use pullback_core::Array;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::{flat, tree_of};
use crate::tree::TreeDef;

/// A call of a function, with some of its positional arguments as arrays.
pub struct Chosen<'a, 'py> {
    fun: &'a Bound<'py, PyAny>,
    args: &'a Bound<'py, PyTuple>,
    kwargs: Option<&'a Bound<'py, PyDict>>,
    places: Vec<usize>,
    structures: Vec<TreeDef>,
    /// The arrays of the arguments in the places given.
    pub primals: Vec<Array>,
}

impl<'a, 'py> Chosen<'a, 'py> {
    /// Takes the arguments in `places` apart, for the transformation `name`.
    pub fn new(
        name: &str,
        fun: &'a Bound<'py, PyAny>,
        args: &'a Bound<'py, PyTuple>,
        kwargs: Option<&'a Bound<'py, PyDict>>,
        places: Vec<usize>,
    ) -> PyResult<Self> {
        let (mut primals, mut structures) = (vec![], vec![]);
        for &at in &places {
            let (arrays, structure) = flat(&args.get_item(at)?, format_args!("{name}: argument"))?;
            primals.extend(arrays);
            structures.push(structure);
        }
        Ok(Chosen { fun, args, kwargs, places, structures, primals })
    }

    /// Calls the function with other arrays in place of the chosen ones.
    pub fn call(&self, inputs: &[Array]) -> PyResult<Bound<'py, PyAny>> {
        let py = self.fun.py();
        let mut arguments: Vec<Bound<'py, PyAny>> = self.args.iter().collect();
        let mut rest = inputs.iter().cloned();
        for (&at, structure) in self.places.iter().zip(&self.structures) {
            let arrays = rest.by_ref().take(structure.leaves()).collect();
            arguments[at] = tree_of(py, structure, arrays)?;
        }
        self.fun.call(PyTuple::new(py, arguments)?, self.kwargs)
    }

    /// The chosen arguments with other arrays: the only one, or a tuple.
    pub fn tree(&self, arrays: Vec<Array>, single: bool) -> PyResult<Bound<'py, PyAny>> {
        let py = self.fun.py();
        let mut arrays = arrays.into_iter();
        let mut trees = vec![];
        for structure in &self.structures {
            let own = arrays.by_ref().take(structure.leaves()).collect();
            trees.push(tree_of(py, structure, own)?);
        }
        match single {
            true => Ok(trees.remove(0)),
            false => Ok(PyTuple::new(py, trees)?.into_any()),
        }
    }
}
