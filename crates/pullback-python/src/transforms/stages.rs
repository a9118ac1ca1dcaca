//! What a compiled function is on its way: traced, lowered, compiled.

use std::sync::Arc;

use pullback_core::primitives::control::jit::jit as bind_jit;
use pullback_core::{Array, trace};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::jit::{Entry, run};
use super::staging::{PyJaxpr, shape_struct};
use super::{flatten_call, leaf_array, tree_of};
use crate::config;
use crate::errors::{OrRaise, guarded};
use crate::runtime::{CompiledMemoryStats, cost_dict};
use crate::tree::{PyTreeDef, TreeDef};

/// What all stages know.
#[derive(Clone)]
pub struct Stage {
    entry: Arc<Entry>,
    input: TreeDef,
    name: String,
}

impl Stage {
    /// A tree with a leaf for each argument.
    fn in_avals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let avals = self.entry.avals.iter().map(|aval| shape_struct(py, aval));
        self.input.unflatten(py, avals.collect::<PyResult<Vec<_>>>()?)
    }

    /// The types of the results.
    pub fn out_info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let program = &self.entry.program;
        let avals = program.jaxpr.output_avals();
        let leaves = avals.iter().map(|aval| shape_struct(py, aval));
        program.output.unflatten(py, leaves.collect::<PyResult<Vec<_>>>()?)
    }

    /// A tree with the one layout that there is for each leaf.
    fn shardings<'py>(
        py: Python<'py>,
        tree: &TreeDef,
        leaves: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        let devices = py.import("pullback._devices")?;
        let sharding = devices.getattr("single_device_sharding")?.call0()?;
        tree.unflatten(py, vec![sharding; leaves])
    }

    fn cost_analysis<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        cost_dict(py, &self.entry.program.jaxpr.plan().or_raise()?.cost())
    }

    /// The arrays of arguments that the program is for.
    fn checked<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Vec<Array>> {
        config::sync();
        let call = flatten_call(args, kwargs)?;
        if !call.structure.equals(py, &self.input)? {
            let what = "Function compiled with input pytree does not match the input pytree it was \
                        called with";
            return Err(crate::tree::mismatch(py, what, &self.input, &call.structure));
        }
        let mut arrays = vec![];
        for (leaf, aval) in call.leaves.iter().zip(&self.entry.avals) {
            let array = leaf_array(leaf.bind(py), "a compiled function: argument")?;
            if !array.aval().same_type(aval) {
                return Err(PyTypeError::new_err(format!(
                    "Argument types differ from the types for which this computation was \
                     compiled: compiled with {aval} and called with {}",
                    array.aval()
                )));
            }
            arrays.push(array);
        }
        Ok(arrays)
    }
}

/// A function, recorded for arguments of some types.
#[pyclass(frozen, module = "pullback.stages")]
pub struct Traced(Stage);

impl Traced {
    /// The program of a function for arguments of a structure.
    pub(super) fn new(entry: Arc<Entry>, input: TreeDef, name: &str) -> Traced {
        Traced(Stage { entry, input, name: name.to_string() })
    }

    /// What it knows.
    pub fn stage(&self) -> &Stage {
        &self.0
    }
}

#[pymethods]
impl Traced {
    /// The next stage.
    pub fn lower(&self) -> Lowered {
        Lowered(self.0.clone())
    }

    /// The program.
    #[getter]
    fn jaxpr(&self) -> PyJaxpr {
        PyJaxpr { jaxpr: self.0.entry.program.jaxpr.clone() }
    }

    /// The name of the function.
    #[getter]
    fn fun_name(&self) -> &str {
        &self.0.name
    }

    /// The types of the arguments.
    #[getter]
    fn in_avals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.in_avals(py)
    }

    /// The structure of the arguments.
    #[getter]
    fn in_tree(&self) -> PyTreeDef {
        PyTreeDef(self.0.input.clone())
    }

    /// The structure of the result.
    #[getter]
    fn out_tree(&self) -> PyTreeDef {
        PyTreeDef(self.0.entry.program.output.clone())
    }

    /// The types of the results.
    #[getter]
    fn out_info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.out_info(py)
    }
}

/// A program about to be compiled.
#[pyclass(frozen, module = "pullback.stages")]
pub struct Lowered(Stage);

#[pymethods]
impl Lowered {
    /// Compiles the program: passes shrink it, and it becomes a plan.
    #[pyo3(signature = (compiler_options=None))]
    fn compile(&self, compiler_options: Option<&Bound<'_, PyAny>>) -> PyResult<Compiled> {
        // There are none yet that would mean something here.
        let _ = compiler_options;
        self.0.entry.program.jaxpr.plan().or_raise()?;
        Ok(Compiled(self.0.clone()))
    }

    /// The text of the program.
    #[pyo3(signature = (dialect=None, *, debug_info=false))]
    fn as_text(&self, dialect: Option<&str>, debug_info: bool) -> String {
        let _ = (dialect, debug_info);
        self.0.entry.program.jaxpr.to_string()
    }

    /// What a run computes and moves.
    fn cost_analysis<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.0.cost_analysis(py)
    }

    /// The types of the arguments.
    #[getter]
    fn in_avals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.in_avals(py)
    }

    /// The structure of the arguments.
    #[getter]
    fn in_tree(&self) -> PyTreeDef {
        PyTreeDef(self.0.input.clone())
    }

    /// The structure of the result.
    #[getter]
    fn out_tree(&self) -> PyTreeDef {
        PyTreeDef(self.0.entry.program.output.clone())
    }

    /// The types of the results.
    #[getter]
    fn out_info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.out_info(py)
    }
}

/// A compiled program.
#[pyclass(frozen, module = "pullback.stages")]
pub struct Compiled(Stage);

/// Runs over which the times of steps are taken.
const RUNS: usize = 5;

#[pymethods]
impl Compiled {
    /// What is run, a line a step: results with type and bytes, what is done to which operands
    /// (`!`: for the last time), the operations and bytes that takes, and how long it should take.
    fn as_text(&self) -> PyResult<String> {
        Ok(self.0.entry.program.jaxpr.plan().or_raise()?.text(None))
    }

    /// The same, with the median time that each step takes on these arguments.
    #[pyo3(signature = (*args, **kwargs))]
    fn as_timed_text<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<String> {
        let arrays = self.0.checked(py, args, kwargs)?;
        let program = &self.0.entry.program;
        let inputs: Vec<&Array> = program.captured.iter().chain(&arrays).collect();
        guarded(|| py.detach(|| program.jaxpr.timed_text(&inputs, RUNS)).or_raise())
    }

    /// What a run computes and moves: operations as XLA counts them, and bytes.
    fn cost_analysis<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.0.cost_analysis(py)
    }

    /// The memory that a run takes.
    fn memory_analysis(&self) -> PyResult<CompiledMemoryStats> {
        Ok(self.0.entry.program.jaxpr.plan().or_raise()?.memory().into())
    }

    /// The types of the arguments.
    #[getter]
    fn in_avals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.in_avals(py)
    }

    /// The structure of the arguments.
    #[getter]
    fn in_tree(&self) -> PyTreeDef {
        PyTreeDef(self.0.input.clone())
    }

    /// The structure of the result.
    #[getter]
    fn out_tree(&self) -> PyTreeDef {
        PyTreeDef(self.0.entry.program.output.clone())
    }

    /// The types of the results.
    #[getter]
    fn out_info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.out_info(py)
    }

    /// Where the arguments lie.
    #[getter]
    fn input_shardings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Stage::shardings(py, &self.0.input, self.0.entry.avals.len())
    }

    /// Where the results lie.
    #[getter]
    fn output_shardings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let program = &self.0.entry.program;
        Stage::shardings(py, &program.output, program.jaxpr.outputs.len())
    }

    /// Runs the program.
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Stage { entry, name, .. } = &self.0;
        let arrays = self.0.checked(py, args, kwargs)?;
        let program = &entry.program;
        let inputs: Vec<&Array> = program.captured.iter().chain(&arrays).collect();
        guarded(|| match trace::current().is_none() {
            true => run(py, entry, &inputs),
            false => {
                let outputs = bind_jit(name, &program.jaxpr, &inputs).or_raise()?;
                tree_of(py, &program.output, outputs.into_vec())
            }
        })
    }
}

/// Adds the classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Traced>()?;
    module.add_class::<Lowered>()?;
    module.add_class::<Compiled>()
}
