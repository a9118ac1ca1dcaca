//! `jit`: a function recorded once for each kind of arguments, and run as a plan.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex};

use pullback_core::engine::kernels::Tensors;
use pullback_core::primitives::control::jit::jit as bind_jit;
use pullback_core::promote::same_shape;
use pullback_core::{Array, Aval, Error, trace};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use rustc_hash::{FxHashMap, FxHasher};

use super::stages::{Lowered, Traced};
use super::staging::{Program, aval_of, record};
use super::{call_flat, flatten_call, leaf_array, name_of, tree_of};
use crate::array::wrap;
use crate::config::{self, Settings};
use crate::convert::array_like;
use crate::errors::{OrRaise, guarded};
use crate::ffi;
use crate::ffi::calls::{self, Callable};
use crate::tree::{Template, TreeDef};

/// A compiled function.
#[pyclass(frozen, dict, weakref, name = "PjitFunction", module = "pullback")]
pub struct Jit {
    fun: Py<PyAny>,
    name: String,
    static_argnums: Vec<i64>,
    static_argnames: Vec<String>,
    inline: bool,
    cache: Mutex<Cache>,
    entry: calls::Entry,
}

#[derive(Default)]
struct Cache {
    /// The program used last, for calls with arrays and numbers by position.
    last: Option<Arc<Entry>>,
    entries: FxHashMap<u64, Vec<Arc<Entry>>>,
}

/// A program and the arguments it is for.
pub(super) struct Entry {
    settings: Settings,
    /// The named axes that the program was recorded under.
    axes: Vec<(trace::AxisName, usize)>,
    /// Whether the program is of use wherever it is called with arguments of these types: all are
    /// by position, and none is static.
    plain: bool,
    structure: TreeDef,
    pub(super) avals: Vec<Aval>,
    statics: Vec<Static>,
    pub(super) program: Program,
    arguments: Template,
    results: Template,
}

/// An argument that the program depends on.
struct Static {
    key: String,
    value: Py<PyAny>,
}

/// Arrays of more elements than this are computed without Python's lock.
const LARGE: usize = 1 << 12;

/// The function with some arguments fixed, and the others.
pub fn without_static<'py>(
    fun: &Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
    fixed: &[usize],
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
    if fixed.is_empty() {
        return Ok((fun.clone(), args.clone()));
    }
    let py = fun.py();
    let mut slots = vec![];
    let mut dynamic = vec![];
    for (at, arg) in args.iter().enumerate() {
        match fixed.contains(&at) {
            true => slots.push(Some(arg.unbind())),
            false => {
                slots.push(None);
                dynamic.push(arg);
            }
        }
    }
    let partial = Fixed { fun: fun.clone().unbind(), slots, named: PyDict::new(py).unbind() };
    Ok((Bound::new(py, partial)?.into_any(), PyTuple::new(py, dynamic)?))
}

/// A function with some of its arguments fixed.
#[pyclass(frozen, module = "pullback")]
struct Fixed {
    fun: Py<PyAny>,
    slots: Vec<Option<Py<PyAny>>>,
    named: Py<PyDict>,
}

#[pymethods]
impl Fixed {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut rest = args.iter();
        let mut all: Vec<Bound<'py, PyAny>> = vec![];
        for slot in &self.slots {
            match slot {
                Some(value) => all.push(value.bind(py).clone()),
                None => all.extend(rest.next()),
            }
        }
        all.extend(rest);
        let keywords = self.named.bind(py).copy()?;
        if let Some(kwargs) = kwargs {
            keywords.update(kwargs.as_mapping())?;
        }
        self.fun.bind(py).call(PyTuple::new(py, all)?, Some(&keywords))
    }
}

/// The arguments of a call: those the program depends on, and the leaves of the others.
struct Prepared<'py> {
    fun: Bound<'py, PyAny>,
    leaves: Vec<Bound<'py, PyAny>>,
    structure: TreeDef,
    statics: Vec<Static>,
    hash: u64,
}

impl Jit {
    fn new(
        fun: &Bound<'_, PyAny>,
        static_argnums: Vec<i64>,
        static_argnames: Vec<String>,
        inline: bool,
    ) -> Jit {
        Jit {
            fun: fun.clone().unbind(),
            name: name_of(fun),
            static_argnums,
            static_argnames,
            inline,
            cache: Mutex::default(),
            entry: calls::Entry::new::<Jit>(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn prepare<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Prepared<'py>> {
        let fun = self.fun.bind(py);
        let mut statics = vec![];
        let mut fixed = vec![];
        let count = args.len();
        for &at in &self.static_argnums {
            let at = if at < 0 { at + count as i64 } else { at };
            if (0..count as i64).contains(&at) {
                fixed.push(at as usize);
            }
        }
        fixed.sort_unstable();
        fixed.dedup();
        for &at in &fixed {
            statics.push(Static { key: at.to_string(), value: args.get_item(at)?.unbind() });
        }
        let (mut target, dynamic) = without_static(fun, args, &fixed)?;
        let mut named = kwargs.cloned();
        if let (Some(kwargs), false) = (kwargs, self.static_argnames.is_empty()) {
            let (kept, rest) = (PyDict::new(py), kwargs.copy()?);
            for name in &self.static_argnames {
                if let Some(value) = kwargs.get_item(name)? {
                    rest.del_item(name)?;
                    kept.set_item(name, &value)?;
                    statics.push(Static { key: name.clone(), value: value.unbind() });
                }
            }
            if !kept.is_empty() {
                let partial = Fixed { fun: target.unbind(), slots: vec![], named: kept.unbind() };
                target = Bound::new(py, partial)?.into_any();
                named = Some(rest);
            }
        }
        let call = flatten_call(&dynamic, named.as_ref())?;
        let mut hasher = FxHasher::default();
        call.structure.hash(py)?.hash(&mut hasher);
        for fixed in &statics {
            let hash = fixed.value.bind(py).hash().map_err(|error| {
                PyValueError::new_err(format!(
                    "jit: non-hashable static arguments are used: static argument \
                     {} of type {} for function {} is non-hashable: {error}",
                    fixed.key,
                    fixed.value.bind(py).get_type(),
                    self.name
                ))
            })?;
            hash.hash(&mut hasher);
        }
        let leaves = call.leaves.into_iter().map(|leaf| leaf.into_bound(py)).collect();
        let structure = call.structure;
        Ok(Prepared { fun: target, leaves, structure, statics, hash: hasher.finish() })
    }

    /// The program for these arguments, recorded now if there is none.
    fn entry<'py>(
        &self,
        py: Python<'py>,
        prepared: Prepared<'py>,
        avals: Vec<Aval>,
        plain: bool,
    ) -> PyResult<Arc<Entry>> {
        let settings = config::current();
        let axes = trace::axis_environment();
        let mut hasher = FxHasher::default();
        (prepared.hash, &avals, settings, &axes).hash(&mut hasher);
        let hash = hasher.finish();
        let found = self.lock().entries.get(&hash).cloned().unwrap_or_default();
        'search: for entry in found {
            if entry.settings != settings
                || entry.avals != avals
                || entry.axes != axes
                || entry.statics.len() != prepared.statics.len()
                || !entry.structure.equals(py, &prepared.structure)?
            {
                continue;
            }
            for (a, b) in entry.statics.iter().zip(&prepared.statics) {
                let (x, y) = (a.value.bind(py), b.value.bind(py));
                if a.key != b.key || !x.get_type().is(y.get_type()) || !x.eq(y)? {
                    continue 'search;
                }
            }
            self.remember(&entry);
            return Ok(entry);
        }
        let Prepared { fun, structure, statics, .. } = prepared;
        let program = record("jit", &avals, |inputs| call_flat(&fun, &structure, inputs))?;
        let plain = plain && statics.is_empty() && axes.is_empty();
        let closed = program.captured.is_empty();
        let arguments = Template::of(&structure);
        let results = Template::of(&program.output);
        let entry = Arc::new(Entry {
            settings,
            axes,
            plain,
            structure,
            avals,
            statics,
            program,
            arguments,
            results,
        });
        // A program that refers to arrays of a trace around it is of no use outside.
        if closed {
            self.lock().entries.entry(hash).or_default().push(entry.clone());
            self.remember(&entry);
        }
        Ok(entry)
    }

    /// Keeps a program at hand for the next call.
    fn remember(&self, entry: &Arc<Entry>) {
        if entry.plain {
            self.lock().last = Some(entry.clone());
        }
    }

    fn called<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if config::current().disable_jit {
            return self.fun.bind(py).call(args, kwargs);
        }
        let prepared = self.prepare(py, args, kwargs)?;
        let mut arrays = vec![];
        for leaf in &prepared.leaves {
            arrays.push(leaf_array(leaf, format_args!("jit: argument of {}", self.name))?);
        }
        let plain = kwargs.is_none_or(|kwargs| kwargs.is_empty());
        let avals = super::avals(&arrays);
        let entry = self.entry(py, prepared, avals, plain)?;
        let program = &entry.program;
        let inputs: Vec<&Array> = program.captured.iter().chain(&arrays).collect();
        if !trace::is_current() && inputs.iter().all(|input| input.tensor().is_some()) {
            return run(py, &entry, &inputs);
        }
        let outputs = match self.inline {
            true => program.jaxpr.eval(&inputs).or_raise()?,
            false => bind_jit(&self.name, &program.jaxpr, &inputs).or_raise()?.into_vec(),
        };
        tree_of(py, &program.output, outputs)
    }
}

/// Runs a program on concrete arrays.
pub(super) fn run<'py>(
    py: Python<'py>,
    entry: &Entry,
    inputs: &[&Array],
) -> PyResult<Bound<'py, PyAny>> {
    let tensors = inputs.iter().map(|input| input.tensor().cloned());
    match tensors.collect::<Option<Tensors>>() {
        Some(tensors) => run_tensors(py, entry, tensors),
        // Which of them is traced is said there.
        None => entry
            .program
            .jaxpr
            .run(inputs)
            .or_raise()
            .and_then(|outputs| tree_of(py, &entry.program.output, outputs.into_vec())),
    }
}

/// The result of a program for arguments by position, if it is the one for them.
#[inline]
fn run_quickly<'py>(
    py: Python<'py>,
    entry: &Entry,
    args: &[Bound<'py, PyAny>],
) -> Option<PyResult<Bound<'py, PyAny>>> {
    if config::current() != entry.settings {
        return None;
    }
    let mut avals = entry.avals.iter();
    let mut tensors = Tensors::with_capacity(entry.avals.len());
    let mut take = |leaf: &Bound<'py, PyAny>| {
        let Some(aval) = avals.next() else { return false };
        let fits = |array: &Array| {
            array.dtype() == aval.dtype
                && array.is_weak() == aval.weak
                && same_shape(array.shape(), &aval.shape)
        };
        if let Some(array) = ffi::objects::peek(leaf) {
            match array.tensor() {
                Some(tensor) if fits(array) => tensors.push(tensor.clone()),
                _ => return false,
            }
            return true;
        }
        // What is wrong with an object is said on the long way.
        let Ok(Some(array)) = array_like(leaf) else { return false };
        if !fits(&array) {
            return false;
        }
        array.into_tensor().map(|tensor| tensors.push(tensor)).is_some()
    };
    if !entry.arguments.child(0)?.each(args, &mut take) {
        return None;
    }
    Some(run_tensors(py, entry, tensors))
}

fn run_tensors<'py>(
    py: Python<'py>,
    entry: &Entry,
    inputs: Tensors,
) -> PyResult<Bound<'py, PyAny>> {
    let jaxpr = &entry.program.jaxpr;
    let plan = jaxpr.plan().or_raise()?;
    let mut outputs = Tensors::new();
    if !plan.run_few(&inputs, &mut outputs).map_err(Error::from).or_raise()? {
        let large = inputs.iter().any(|input| input.count() > LARGE);
        let results = match large {
            true => py.detach(|| plan.run(inputs)),
            false => plan.run(inputs),
        };
        outputs = results.map_err(Error::from).or_raise()?;
    }
    let mut outputs = outputs.into_iter().zip(jaxpr.weak_outputs());
    entry.results.build(py, &mut || {
        let (tensor, weak) =
            outputs.next().ok_or_else(|| PyValueError::new_err("jit: too few results"))?;
        Ok(wrap(py, Array::with_weak(tensor, weak))?.into_bound(py))
    })
}

impl calls::Callable for Jit {
    #[inline]
    fn quick<'py>(
        &self,
        py: Python<'py>,
        args: &[Bound<'py, PyAny>],
    ) -> Option<PyResult<Bound<'py, PyAny>>> {
        if trace::is_current() {
            return None;
        }
        let entry = self.lock().last.clone()?;
        run_quickly(py, &entry, args)
    }

    fn call<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        config::sync();
        self.called(py, args, kwargs)
    }

    fn entry(&self) -> &calls::Entry {
        &self.entry
    }
}

#[pymethods]
impl Jit {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(|| Callable::call(self, py, args, kwargs))
    }

    fn __get__<'py>(
        slf: Bound<'py, Self>,
        object: &Bound<'py, PyAny>,
        _class: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        super::bind_method(slf.into_any(), object)
    }

    /// The program for arguments of these types, before it is compiled.
    #[pyo3(signature = (*args, **kwargs))]
    fn trace(
        &self,
        py: Python<'_>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Traced> {
        config::sync();
        let prepared = self.prepare(py, args, kwargs)?;
        let leaves = prepared.leaves.iter();
        let avals = leaves.map(|leaf| aval_of("jit", leaf)).collect::<PyResult<Vec<_>>>()?;
        let input = prepared.structure.clone();
        let entry = guarded(|| self.entry(py, prepared, avals, false))?;
        Ok(Traced::new(entry, input, &self.name))
    }

    /// [`Jit::trace`] and the step after it.
    #[pyo3(signature = (*args, **kwargs))]
    fn lower(
        &self,
        py: Python<'_>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Lowered> {
        Ok(self.trace(py, args, kwargs)?.lower())
    }

    /// The types of the results for arguments of these types.
    #[pyo3(signature = (*args, **kwargs))]
    fn eval_shape<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.trace(py, args, kwargs)?.stage().out_info(py)
    }

    /// Forgets all programs.
    fn clear_cache(&self) {
        *self.lock() = Cache::default();
    }

    /// How many programs there are.
    fn _cache_size(&self) -> usize {
        self.lock().entries.values().map(Vec::len).sum()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<PjitFunction of {}>", self.fun.bind(py).repr()?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.fun)
    }
}

/// A compiled function. `static_argnums` and `static_argnames` are completed by the caller.
#[pyfunction]
fn jit<'py>(
    fun: &Bound<'py, PyAny>,
    static_argnums: Vec<i64>,
    static_argnames: Vec<String>,
    inline: bool,
) -> PyResult<Bound<'py, PyAny>> {
    if !fun.is_callable() {
        return Err(super::not_callable("jit", fun)?);
    }
    let jit = Jit::new(fun, static_argnums, static_argnames, inline);
    let jit = Bound::new(fun.py(), jit)?.into_any();
    super::dress(&jit, fun, None)?;
    Ok(jit)
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Jit>()?;
    let py = module.py();
    let sample = Bound::new(py, Jit::new(&py.None().into_bound(py), vec![], vec![], false))?;
    calls::install(&py.get_type::<Jit>(), &sample);
    module.add_function(wrap_pyfunction!(jit, module)?)
}
