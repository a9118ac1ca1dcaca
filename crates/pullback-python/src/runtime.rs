//! What runs programs: threads, memory, the engine, and what the profiler records.

use std::time::Duration;

use pullback::config::{self, Engine, InstructionSet};
use pullback_core::engine::profiler::{self, Argument};
use pullback_core::engine::{Cost, memory, plan};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// How many threads compute.
#[pyfunction]
fn num_threads() -> usize {
    config::num_threads()
}

/// Sets how many threads compute.
#[pyfunction]
fn set_num_threads(count: i64) -> PyResult<()> {
    match usize::try_from(count) {
        Ok(count) if count > 0 => {
            config::set_num_threads(count);
            Ok(())
        }
        _ => Err(PyValueError::new_err(format!(
            "set_num_threads: the number of threads must be at least 1, got {count}"
        ))),
    }
}

const ENGINES: [(&str, Engine); 4] = [
    ("auto", Engine::Auto),
    ("native", Engine::Native),
    ("tile", Engine::Tile),
    ("oracle", Engine::Oracle),
];

/// What runs programs.
#[pyfunction]
fn engine() -> &'static str {
    let current = config::engine();
    ENGINES.iter().find(|(_, engine)| *engine == current).map_or("auto", |(name, _)| name)
}

/// The instruction set that kernels and code are made for.
#[pyfunction]
fn instruction_set() -> &'static str {
    match config::instruction_set() {
        InstructionSet::Baseline => "baseline",
        InstructionSet::Avx2 => "avx2",
        InstructionSet::Avx512 => "avx512",
    }
}

/// Sets what runs programs.
#[pyfunction]
fn set_engine(name: &str) -> PyResult<()> {
    match ENGINES.iter().find(|(other, _)| *other == name) {
        Some((_, engine)) => {
            config::set_engine(*engine);
            Ok(())
        }
        None => Err(PyValueError::new_err(format!(
            "set_engine: must be in ['auto', 'native', 'tile', 'oracle'], got '{name}'"
        ))),
    }
}

/// What the memory of arrays comes to.
#[pyfunction]
fn memory_stats(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let stats = memory::stats();
    let dict = PyDict::new(py);
    dict.set_item("bytes_in_use", stats.in_use)?;
    dict.set_item("peak_bytes_in_use", stats.peak)?;
    dict.set_item("bytes_kept", stats.kept)?;
    dict.set_item("bytes_limit", stats.limit)?;
    dict.set_item("largest_alloc_size", stats.largest)?;
    dict.set_item("num_allocs", stats.allocations)?;
    Ok(dict)
}

/// The most bytes that arrays may take.
#[pyfunction]
fn memory_limit() -> Option<usize> {
    memory::limit()
}

/// Limits the bytes that arrays may take.
#[pyfunction]
fn set_memory_limit(bytes: Option<i64>) -> PyResult<()> {
    let limit = bytes.map(usize::try_from).transpose().map_err(|_| {
        let given = bytes.unwrap_or_default();
        PyValueError::new_err(format!("set_memory_limit: a number of bytes, got {given}"))
    })?;
    memory::set_limit(limit);
    Ok(())
}

/// Hands the memory that is kept back to the system.
#[pyfunction]
fn release_memory() -> usize {
    memory::release()
}

/// Begins to look for the peak again.
#[pyfunction]
fn reset_peak_memory() {
    memory::reset_peak();
}

/// Whether something is recorded.
#[pyfunction]
fn is_recording() -> bool {
    profiler::is_on()
}

/// Records from now on; false if that is so already.
#[pyfunction]
fn start_recording() -> bool {
    profiler::start()
}

/// Ends the recording, and gives it as trace events of Chrome.
#[pyfunction]
fn stop_recording(py: Python<'_>) -> Option<String> {
    let trace = profiler::stop()?;
    Some(py.detach(|| profiler::chrome_trace(&trace)))
}

/// The time on the clock of events, in nanoseconds.
#[pyfunction]
fn recording_time() -> u64 {
    profiler::now().as_nanos() as u64
}

/// Records a span that began at a time and ends now, with what more there is to say.
#[pyfunction]
fn record(name: String, start: u64, more: &Bound<'_, PyDict>) -> PyResult<()> {
    let end = profiler::now();
    let mut arguments = vec![];
    for (key, value) in more {
        let value = match value.extract::<f64>() {
            Ok(number) => Argument::Number(number),
            Err(_) => Argument::Text(value.str()?.to_string()),
        };
        arguments.push((key.str()?.to_string().into(), value));
    }
    profiler::record("annotation", name, [Duration::from_nanos(start), end], arguments);
    Ok(())
}

/// What a run of a program computes and moves, in JAX's words.
pub fn cost_dict<'py>(py: Python<'py>, cost: &Cost) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("flops", cost.flops)?;
    dict.set_item("transcendentals", cost.transcendentals)?;
    dict.set_item("bytes accessed", cost.bytes)?;
    dict.set_item("optimal_seconds", cost.seconds(config::num_threads()))?;
    Ok(dict)
}

/// The memory that a run of a program takes, in JAX's words.
#[pyclass(frozen, get_all, module = "pullback.stages")]
pub struct CompiledMemoryStats {
    /// Bytes of the arguments.
    argument_size_in_bytes: usize,
    /// Bytes of the results.
    output_size_in_bytes: usize,
    /// Bytes of results that are views of arguments, or the same as another result.
    alias_size_in_bytes: usize,
    /// The most bytes that values in between take at once.
    temp_size_in_bytes: usize,
    /// Bytes of machine code, as far as there is some by now.
    generated_code_size_in_bytes: usize,
    /// Bytes of values known beforehand.
    constant_size_in_bytes: usize,
    /// The most bytes that all of these take at once, code aside.
    peak_memory_in_bytes: usize,
}

impl From<plan::Memory> for CompiledMemoryStats {
    fn from(memory: plan::Memory) -> CompiledMemoryStats {
        CompiledMemoryStats {
            argument_size_in_bytes: memory.arguments,
            output_size_in_bytes: memory.outputs,
            alias_size_in_bytes: memory.aliased,
            temp_size_in_bytes: memory.temporaries,
            generated_code_size_in_bytes: memory.code,
            constant_size_in_bytes: memory.constants,
            peak_memory_in_bytes: memory.peak,
        }
    }
}

#[pymethods]
impl CompiledMemoryStats {
    // The one device is the host, and what it holds is counted above.
    #[getter]
    fn host_argument_size_in_bytes(&self) -> usize {
        0
    }

    #[getter]
    fn host_output_size_in_bytes(&self) -> usize {
        0
    }

    #[getter]
    fn host_alias_size_in_bytes(&self) -> usize {
        0
    }

    #[getter]
    fn host_temp_size_in_bytes(&self) -> usize {
        0
    }

    #[getter]
    fn host_generated_code_size_in_bytes(&self) -> usize {
        0
    }

    fn __repr__(&self) -> String {
        format!(
            "CompiledMemoryStats(generated_code_size_in_bytes={}, argument_size_in_bytes={}, \
             output_size_in_bytes={}, alias_size_in_bytes={}, temp_size_in_bytes={}, \
             constant_size_in_bytes={}, peak_memory_in_bytes={})",
            self.generated_code_size_in_bytes,
            self.argument_size_in_bytes,
            self.output_size_in_bytes,
            self.alias_size_in_bytes,
            self.temp_size_in_bytes,
            self.constant_size_in_bytes,
            self.peak_memory_in_bytes
        )
    }
}

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let runtime = PyModule::new(module.py(), "runtime")?;
    runtime.add_class::<CompiledMemoryStats>()?;
    runtime.add_function(wrap_pyfunction!(num_threads, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(set_num_threads, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(engine, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(set_engine, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(instruction_set, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(memory_stats, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(memory_limit, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(set_memory_limit, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(release_memory, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(reset_peak_memory, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(is_recording, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(start_recording, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(stop_recording, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(recording_time, &runtime)?)?;
    runtime.add_function(wrap_pyfunction!(record, &runtime)?)?;
    module.add_submodule(&runtime)
}
