//! Settings: one value for the process, and one for each thread inside a context.
//!
//! The core reads its settings from the thread. The values of the process are copied there when
//! a thread first calls us, and again after each change.

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use pullback::config as core;
use pyo3::exceptions::PyAttributeError;
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
}

static GLOBAL: Mutex<Settings> =
    Mutex::new(Settings { x64: false, partitionable: true, debug_nans: false, disable_jit: false });
static VERSION: AtomicU32 = AtomicU32::new(1);

thread_local! {
    static SEEN: Cell<u32> = const { Cell::new(0) };
    static LOCAL: Cell<Settings> = const {
        Cell::new(Settings { x64: false, partitionable: true, debug_nans: false, disable_jit: false })
    };
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
    core::set_jit_disabled(settings.disable_jit);
}

/// The settings of this thread.
#[inline]
pub fn current() -> Settings {
    sync();
    LOCAL.get()
}

fn with(mut settings: Settings, name: &str, value: bool) -> Option<Settings> {
    match name {
        "enable_x64" => settings.x64 = value,
        "threefry_partitionable" => settings.partitionable = value,
        "debug_nans" => settings.debug_nans = value,
        "disable_jit" => settings.disable_jit = value,
        _ => return None,
    }
    Some(settings)
}

/// Sets a setting of the process.
#[pyfunction]
fn set_global(name: &str, value: bool) -> PyResult<()> {
    {
        let mut global = GLOBAL.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *global = with(*global, name, value)
            .ok_or_else(|| PyAttributeError::new_err(format!("unrecognized option: {name}")))?;
    }
    VERSION.fetch_add(1, Ordering::Release);
    sync();
    Ok(())
}

/// Sets a setting of this thread, and gives its former value.
#[pyfunction]
fn set_local(name: &str, value: bool) -> PyResult<bool> {
    let before = get(name)?;
    let settings = with(current(), name, value)
        .ok_or_else(|| PyAttributeError::new_err(format!("unrecognized option: {name}")))?;
    apply(settings);
    Ok(before)
}

/// A setting of this thread.
#[pyfunction]
fn get(name: &str) -> PyResult<bool> {
    let settings = current();
    match name {
        "enable_x64" => Ok(settings.x64),
        "threefry_partitionable" => Ok(settings.partitionable),
        "debug_nans" => Ok(settings.debug_nans),
        "disable_jit" => Ok(settings.disable_jit),
        _ => Err(PyAttributeError::new_err(format!("unrecognized option: {name}"))),
    }
}

/// Reads the environment, and adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
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
        set_global(name, value)?;
    }
    let config = PyDict::new(module.py());
    config.set_item("set_global", wrap_pyfunction!(set_global, module)?)?;
    config.set_item("set_local", wrap_pyfunction!(set_local, module)?)?;
    config.set_item("get", wrap_pyfunction!(get, module)?)?;
    module.add("config", config)
}
