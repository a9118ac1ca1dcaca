//! Settings: one value for the process, and one for each thread inside a context.
//!
//! The core reads its settings from the thread. The values of the process are copied there when
//! a thread first calls us, and again after each change.

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use pullback::config as core;
use pullback::config::RankPromotion;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyAttributeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The settings that change what a program computes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// 64-bit types are used.
    pub x64: bool,
    /// The layout of random bits.
    pub partitionable: bool,
    /// Computed values are searched for NaN.
    pub debug_nans: bool,
    /// `jit` calls the function itself.
    pub disable_jit: bool,
    /// Arrays of different types do not meet.
    pub strict: bool,
    /// What happens to arrays of different ranks.
    pub ranks: RankPromotion,
}

const INITIAL: Settings = Settings {
    x64: false,
    partitionable: true,
    debug_nans: false,
    disable_jit: false,
    strict: false,
    ranks: RankPromotion::Allow,
};

static GLOBAL: Mutex<Settings> = Mutex::new(INITIAL);
static VERSION: AtomicU32 = AtomicU32::new(1);

thread_local! {
    static SEEN: Cell<u32> = const { Cell::new(0) };
    static LOCAL: Cell<Settings> = const { Cell::new(INITIAL) };
}

/// Brings the settings of this thread up to date; to be called before any work.
#[inline]
pub fn sync() {
    if SEEN.get() != VERSION.load(Ordering::Acquire) {
        refresh();
    }
}

#[cold]
fn refresh() {
    let version = VERSION.load(Ordering::Acquire);
    let settings = *GLOBAL.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    apply(settings);
    SEEN.set(version);
}

fn apply(settings: Settings) {
    LOCAL.set(settings);
    core::set_enable_x64(settings.x64);
    core::set_threefry_partitionable(settings.partitionable);
    core::set_debug_nans(settings.debug_nans);
    core::set_strict_promotion(settings.strict);
    core::set_rank_promotion(settings.ranks);
    core::set_jit_disabled(settings.disable_jit);
}

/// The settings of this thread.
#[inline]
pub fn current() -> Settings {
    sync();
    LOCAL.get()
}

const PROMOTIONS: [(&str, bool); 2] = [("standard", false), ("strict", true)];
const RANKS: [(&str, RankPromotion); 3] = [
    ("allow", RankPromotion::Allow),
    ("warn", RankPromotion::Warn),
    ("raise", RankPromotion::Raise),
];

/// The value of a word among those that a setting takes.
fn chosen<T: Copy>(name: &str, value: &Bound<'_, PyAny>, words: &[(&str, T)]) -> PyResult<T> {
    let word: Option<String> = value.extract().ok();
    let found = words.iter().find(|(other, _)| Some(*other) == word.as_deref());
    found.map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<_> = words.iter().map(|(word, _)| format!("'{word}'")).collect();
        let message = format!("{name}: must be in [{}], got {value:?}", known.join(", "));
        match word {
            Some(_) => PyValueError::new_err(message),
            None if name == "numpy_dtype_promotion" => PyTypeError::new_err(message),
            None => PyValueError::new_err(message),
        }
    })
}

fn word<T: PartialEq>(value: T, words: &[(&'static str, T)]) -> &'static str {
    words.iter().find(|(_, other)| *other == value).map_or("", |(word, _)| *word)
}

fn with(mut settings: Settings, name: &str, value: &Bound<'_, PyAny>) -> PyResult<Settings> {
    match name {
        "enable_x64" => settings.x64 = value.is_truthy()?,
        "threefry_partitionable" => settings.partitionable = value.is_truthy()?,
        "debug_nans" => settings.debug_nans = value.is_truthy()?,
        "disable_jit" => settings.disable_jit = value.is_truthy()?,
        "numpy_dtype_promotion" => settings.strict = chosen(name, value, &PROMOTIONS)?,
        "numpy_rank_promotion" => settings.ranks = chosen(name, value, &RANKS)?,
        _ => return Err(PyAttributeError::new_err(format!("unrecognized option: {name}"))),
    }
    Ok(settings)
}

/// Sets a setting of the process.
#[pyfunction]
fn set_global(name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    {
        let mut global = GLOBAL.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *global = with(*global, name, value)?;
    }
    VERSION.fetch_add(1, Ordering::Release);
    sync();
    Ok(())
}

/// Sets a setting of this thread, and gives its former value.
#[pyfunction]
fn set_local(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let before = get(value.py(), name)?;
    apply(with(current(), name, value)?);
    Ok(before)
}

/// Raises if a setting does not take this value.
#[pyfunction]
fn check(name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    with(current(), name, value).map(|_| ())
}

/// A setting of this thread.
#[pyfunction]
fn get(py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
    let settings = current();
    let on = match name {
        "enable_x64" => settings.x64,
        "threefry_partitionable" => settings.partitionable,
        "debug_nans" => settings.debug_nans,
        "disable_jit" => settings.disable_jit,
        "numpy_dtype_promotion" => return word(settings.strict, &PROMOTIONS).into_py_any(py),
        "numpy_rank_promotion" => return word(settings.ranks, &RANKS).into_py_any(py),
        _ => return Err(PyAttributeError::new_err(format!("unrecognized option: {name}"))),
    };
    on.into_py_any(py)
}

/// Warns as Python does, or raises where warnings are errors.
fn warn(message: &str) -> pullback::Result<()> {
    Python::attach(|py| {
        let text = std::ffi::CString::new(message).unwrap_or_default();
        let category = py.get_type::<pyo3::exceptions::PyUserWarning>();
        PyErr::warn(py, category.as_any(), &text, 2)
            .map_err(|error| pullback::Error::value_error("warning", error.to_string()))
    })
}

/// Reads the environment, and adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    core::set_warn(warn);
    for (name, variable) in [
        ("numpy_dtype_promotion", "NUMPY_DTYPE_PROMOTION"),
        ("numpy_rank_promotion", "NUMPY_RANK_PROMOTION"),
    ] {
        let found =
            ["PULLBACK_", "JAX_"].iter().find_map(|p| std::env::var(format!("{p}{variable}")).ok());
        if let Some(text) = found {
            set_global(name, text.into_pyobject(module.py())?.as_any())?;
        }
    }
    for (name, variable) in [
        ("enable_x64", "ENABLE_X64"),
        ("threefry_partitionable", "THREEFRY_PARTITIONABLE"),
        ("debug_nans", "DEBUG_NANS"),
        ("disable_jit", "DISABLE_JIT"),
    ] {
        let text = ["PULLBACK_", "JAX_"]
            .iter()
            .find_map(|prefix| std::env::var(format!("{prefix}{variable}")).ok());
        let value = match text.as_deref().map(str::to_lowercase).as_deref() {
            Some("1" | "true" | "yes" | "on" | "y" | "t") => true,
            Some("0" | "false" | "no" | "off" | "n" | "f") => false,
            _ => continue,
        };
        set_global(name, value.into_pyobject(module.py())?.as_any())?;
    }
    let config = PyDict::new(module.py());
    config.set_item("set_global", wrap_pyfunction!(set_global, module)?)?;
    config.set_item("set_local", wrap_pyfunction!(set_local, module)?)?;
    config.set_item("check", wrap_pyfunction!(check, module)?)?;
    config.set_item("get", wrap_pyfunction!(get, module)?)?;
    module.add("config", config)
}
