//! What happened when: a trace that Perfetto (ui.perfetto.dev) and `chrome://tracing` open.
//!
//! Between [`start_trace`] and [`stop_trace`], every step of every program is recorded, with the
//! types of its operands and results and what it computes and moves, and every compilation, and
//! what the threads of the pool were at work on. While nothing is recorded, a program takes one
//! load more.
//!
//! ```
//! # use pullback::{prelude::*, profiler};
//! let folder = std::env::temp_dir().join("pullback-trace");
//! let path = profiler::trace(&folder, || {
//!     let _annotation = profiler::annotation("my part");
//!     jit(|x: &Array| x.sin().sum())(&Array::from([1.0, 2.0]));
//! })?.1;
//! let text = std::fs::read_to_string(path)?;
//! assert!(text.contains("my part") && text.contains("fold sin reduce_sum"));
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use pullback_core::engine::profiler;
use pullback_core::{Error, Result};

pub use pullback_core::engine::profiler::Span;

/// Where the trace goes that is being recorded.
static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Records from now on, to write a trace under `log_dir` in the end.
///
/// ```
/// # use pullback::profiler;
/// let folder = std::env::temp_dir().join("pullback-start-trace");
/// profiler::start_trace(&folder)?;
/// assert!(profiler::start_trace(&folder).is_err());
/// profiler::stop_trace()?;
/// # std::fs::remove_dir_all(&folder).ok();
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If a trace is being recorded already.
pub fn start_trace(log_dir: impl AsRef<Path>) -> Result<()> {
    let mut folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    if !profiler::start() {
        let message = "Profile has already been started. Only one profile may be run at a time.";
        return Err(Error::Program { message: message.into() });
    }
    *folder = Some(log_dir.as_ref().to_path_buf());
    Ok(())
}

/// Ends the recording and writes the trace: `plugins/profile/<time>/pullback.trace.json` under the
/// folder given. Returns its path.
///
/// ```
/// # use pullback::profiler;
/// assert!(profiler::stop_trace().is_err());
/// ```
///
/// # Errors
/// If none is being recorded, or the file cannot be written.
pub fn stop_trace() -> Result<PathBuf> {
    let folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (Some(folder), Some(trace)) = (folder, profiler::stop()) else {
        return Err(Error::Program { message: "No profile started".into() });
    };
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let folder = folder.join("plugins").join("profile").join(time.as_millis().to_string());
    let path = folder.join("pullback.trace.json");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, profiler::chrome_trace(&trace)))
        .map_err(|error| Error::Program { message: format!("{}: {error}", path.display()) })?;
    Ok(path)
}

/// Records while `f` runs, and writes a trace under `log_dir`. Returns what `f` returns, and the
/// path of the trace.
///
/// ```
/// # use pullback::{Array, profiler};
/// let folder = std::env::temp_dir().join("pullback-trace-function");
/// let (y, path) = profiler::trace(&folder, || Array::from([1.0, 2.0]).sum())?;
/// # use pullback::ArrayExt;
/// assert_eq!(y, 3.0);
/// assert!(path.ends_with("pullback.trace.json"));
/// # std::fs::remove_dir_all(&folder).ok();
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// Those of [`start_trace`] and [`stop_trace`].
pub fn trace<T>(log_dir: impl AsRef<Path>, f: impl FnOnce() -> T) -> Result<(T, PathBuf)> {
    start_trace(log_dir)?;
    /// Ends the recording also where `f` panics.
    struct Recording;

    impl Drop for Recording {
        fn drop(&mut self) {
            if std::thread::panicking() {
                profiler::stop();
            }
        }
    }

    let recording = Recording;
    let result = f();
    drop(recording);
    Ok((result, stop_trace()?))
}

/// A span of the trace with a name of your own, which lasts as long as what is returned.
///
/// ```
/// # use pullback::profiler;
/// let loading = profiler::annotation("load");
/// // ...
/// drop(loading);
/// ```
pub fn annotation(name: impl Into<Cow<'static, str>>) -> Span {
    profiler::span("annotation", name)
}
