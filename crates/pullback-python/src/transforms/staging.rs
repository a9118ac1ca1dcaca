//! Programs of functions: `make_jaxpr`, `eval_shape`, and what a compiled function shows.

use std::sync::{Mutex, PoisonError};

use pullback_core::jaxpr::{Atom, JaxprRef, Staged, stage};
use pullback_core::trace::{self, AxisName, TraceRef};
use pullback_core::{Array, Aval};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::{Function, Left, Transform, call_flat, flat, flatten_call, inside};
use crate::array::wrap;
use crate::convert::{array_like, dtype_of};
use crate::errors::OrRaise;
use crate::tree::{self, TreeDef};

/// A program recorded from a Python function.
pub struct Program {
    /// The program; it takes `captured`, then the arguments.
    pub jaxpr: JaxprRef,
    /// Arrays of the traces around that the function refers to.
    pub captured: Vec<Array>,
    /// The structure of its result.
    pub output: TreeDef,
}

/// Records a function on leaves of which only `avals` are known, for `transform`.
pub fn record<'py>(
    transform: &str,
    avals: &[Aval],
    call: impl FnOnce(&[Array]) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Program> {
    let left = Left::new();
    let Staged { jaxpr, captured } = stage(avals, |inputs| {
        inside(|| {
            let (arrays, structure) = flat(&call(inputs)?, format_args!("{transform}: output"))?;
            left.put(structure);
            Ok(arrays)
        })
    })
    .or_raise()?;
    Ok(Program { jaxpr: jaxpr.into(), captured, output: left.take()? })
}

/// What is known of an array, or of an object with a shape and a dtype.
pub fn aval_of(transform: &str, object: &Bound<'_, PyAny>) -> PyResult<Aval> {
    let py = object.py();
    if let Some(class) = shape_dtype_struct(py)?
        && object.is_instance(&class)?
    {
        return described(object);
    }
    match array_like(object) {
        Ok(Some(array)) => Ok(array.aval()),
        _ if object.hasattr(intern!(py, "shape"))? => described(object),
        Ok(None) => Err(PyTypeError::new_err(format!(
            "{transform}: argument {} of type {} is not a valid JAX type",
            object.repr()?,
            object.get_type()
        ))),
        Err(error) => Err(error),
    }
}

fn shape_dtype_struct(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    let core = py.import("pullback.core")?;
    core.getattr_opt("ShapeDtypeStruct")
}

fn described(object: &Bound<'_, PyAny>) -> PyResult<Aval> {
    let shape: Vec<usize> = object.getattr("shape")?.extract()?;
    let dtype = pullback_core::promote::canonical(dtype_of(&object.getattr("dtype")?)?);
    let weak = match object.getattr_opt("weak_type")? {
        Some(weak) => weak.is_truthy()?,
        None => false,
    };
    Ok(Aval::new(&shape, dtype).with_weak(weak))
}

/// What is known of the leaves of a tree, and its structure.
pub fn abstract_leaves(
    transform: &str,
    object: &Bound<'_, PyAny>,
) -> PyResult<(Vec<Aval>, TreeDef)> {
    let py = object.py();
    let (leaves, structure) = tree::flatten(object, None)?;
    let avals =
        leaves.iter().map(|leaf| aval_of(transform, leaf.bind(py))).collect::<PyResult<_>>()?;
    Ok((avals, structure))
}

/// A type as Python sees it.
pub fn shape_struct<'py>(py: Python<'py>, aval: &Aval) -> PyResult<Bound<'py, PyAny>> {
    let class = py.import("pullback.core")?.getattr("ShapeDtypeStruct")?;
    let keywords = PyDict::new(py);
    keywords.set_item("weak_type", aval.weak)?;
    let shape = PyTuple::new(py, aval.shape.iter())?;
    class.call((shape, crate::convert::dtype_object(py, aval.dtype)?), Some(&keywords))
}

fn tree_of_types<'py>(
    py: Python<'py>,
    structure: &TreeDef,
    avals: &[Aval],
) -> PyResult<Bound<'py, PyAny>> {
    let leaves = avals.iter().map(|aval| shape_struct(py, aval)).collect::<PyResult<Vec<_>>>()?;
    structure.unflatten(py, leaves)
}

/// The types of the results of a function, which is not computed.
#[pyfunction]
#[pyo3(signature = (fun, *args, **kwargs))]
fn eval_shape<'py>(
    fun: &Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    crate::config::sync();
    let py = fun.py();
    let call = flatten_call(args, kwargs)?;
    let avals = call
        .leaves
        .iter()
        .map(|leaf| aval_of("eval_shape", leaf.bind(py)))
        .collect::<PyResult<Vec<_>>>()?;
    let program = crate::errors::guarded(|| {
        record("eval_shape", &avals, |inputs| call_flat(fun, &call.structure, inputs))
    })?;
    tree_of_types(py, &program.output, &program.jaxpr.output_avals())
}

/// A program together with the values it closes over.
#[pyclass(frozen, name = "ClosedJaxpr", module = "pullback.core")]
pub struct PyJaxpr {
    /// The program.
    pub jaxpr: JaxprRef,
}

#[pymethods]
impl PyJaxpr {
    fn __repr__(&self) -> String {
        self.jaxpr.to_string()
    }

    /// The program.
    #[getter]
    fn jaxpr(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// The values it closes over.
    #[getter]
    fn consts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut consts = vec![];
        for eqn in &self.jaxpr.eqns {
            for atom in &eqn.inputs {
                if let Atom::Const(array) = atom
                    && array.rank() > 0
                {
                    consts.push(wrap(py, array.clone())?);
                }
            }
        }
        PyList::new(py, consts)
    }

    /// The values it closes over.
    #[getter]
    fn literals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.consts(py)
    }

    /// The types of its inputs.
    #[getter]
    fn in_avals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let avals = self.jaxpr.input_avals();
        let avals = avals.iter().map(|a| shape_struct(py, a)).collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, avals)
    }

    /// The types of its results.
    #[getter]
    fn out_avals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let avals = self.jaxpr.output_avals();
        let avals = avals.iter().map(|a| shape_struct(py, a)).collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, avals)
    }

    /// Its equations.
    #[getter]
    fn eqns(&self) -> Vec<PyEqn> {
        (0..self.jaxpr.eqns.len()).map(|at| PyEqn { jaxpr: self.jaxpr.clone(), at }).collect()
    }
}

/// One line of a program.
#[pyclass(frozen, name = "JaxprEqn", module = "pullback.core")]
struct PyEqn {
    jaxpr: JaxprRef,
    at: usize,
}

#[pymethods]
impl PyEqn {
    /// The name of the operation.
    #[getter]
    fn primitive(&self) -> String {
        self.jaxpr.eqns[self.at].op.primitive().name().to_string()
    }

    /// The types of the operands.
    #[getter]
    fn in_avals<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let eqn = &self.jaxpr.eqns[self.at];
        eqn.inputs.iter().map(|atom| shape_struct(py, &self.jaxpr.atom_aval(atom))).collect()
    }

    /// The types of the results.
    #[getter]
    fn out_avals<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let eqn = &self.jaxpr.eqns[self.at];
        eqn.outputs.iter().map(|&var| shape_struct(py, self.jaxpr.aval(var))).collect()
    }

    fn __repr__(&self) -> String {
        self.primitive()
    }
}

struct MakeJaxpr {
    axis_env: Vec<(AxisName, usize)>,
    static_argnums: Vec<i64>,
    return_shape: bool,
}

impl Transform for MakeJaxpr {
    fn name(&self) -> &'static str {
        "make_jaxpr"
    }

    fn call<'py>(
        &self,
        fun: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = fun.py();
        let fixed =
            super::positions(&self.static_argnums, args.len(), "make_jaxpr: static_argnums")?;
        let (fun, args) = super::jit::without_static(fun, args, &fixed)?;
        let call = flatten_call(&args, kwargs)?;
        let avals = call
            .leaves
            .iter()
            .map(|leaf| aval_of(self.name(), leaf.bind(py)))
            .collect::<PyResult<Vec<_>>>()?;
        let program = trace::with_axes(&self.axis_env, || {
            record(self.name(), &avals, |inputs| call_flat(&fun, &call.structure, inputs))
        })?;
        let types = program.jaxpr.output_avals();
        let jaxpr = Bound::new(py, PyJaxpr { jaxpr: program.jaxpr })?.into_any();
        match self.return_shape {
            true => {
                let shape = tree_of_types(py, &program.output, &types)?;
                Ok(PyTuple::new(py, [jaxpr, shape])?.into_any())
            }
            false => Ok(jaxpr),
        }
    }
}

/// A function that gives the program of `fun` on its arguments.
#[pyfunction]
#[pyo3(signature = (fun, static_argnums=None, axis_env=None, return_shape=false))]
fn make_jaxpr<'py>(
    fun: &Bound<'py, PyAny>,
    static_argnums: Option<Bound<'py, PyAny>>,
    axis_env: Option<Vec<(Bound<'py, PyAny>, usize)>>,
    return_shape: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let axis_env = axis_env
        .unwrap_or_default()
        .iter()
        .map(|(name, size)| Ok((super::collective::axis_name(name)?, *size)))
        .collect::<PyResult<_>>()?;
    let static_argnums = match static_argnums {
        Some(numbers) => super::argnums(&numbers, "make_jaxpr: static_argnums")?.0,
        None => vec![],
    };
    Function::make(fun, None, MakeJaxpr { static_argnums, axis_env, return_shape })
}

/// What is computed from concrete arrays inside is computed now, also while a program is recorded.
#[pyclass(name = "ensure_compile_time_eval", module = "pullback", frozen)]
#[derive(Default)]
struct Evaluation(Mutex<Vec<TraceRef>>);

#[pymethods]
impl Evaluation {
    #[new]
    fn new() -> Evaluation {
        Evaluation::default()
    }

    fn __enter__(&self) {
        let before = trace::replace_current(trace::evaluation());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(before);
    }

    fn __exit__(&self, _class: Py<PyAny>, _error: Py<PyAny>, _traceback: Py<PyAny>) {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        trace::replace_current(before.flatten());
    }
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyJaxpr>()?;
    module.add_class::<PyEqn>()?;
    module.add_class::<Evaluation>()?;
    module.add_function(wrap_pyfunction!(eval_shape, module)?)?;
    module.add_function(wrap_pyfunction!(make_jaxpr, module)?)
}
