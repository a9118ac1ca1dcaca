//! How arrays are shown, as JAX shows them: by NumPy, for all but scalars.

use pullback_core::primitives::random::random_unwrap::random_unwrap;
use pullback_core::primitives::rules::convert_element_type;
use pullback_core::{Array, DType, Tensor};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::{numpy, to_numpy};
use crate::errors::OrRaise;

/// As JAX shows the type of a traced array: `float32[3]`, with `~` if it is weak.
pub fn aval_text(array: &Array) -> String {
    let sizes: Vec<String> = array.shape().iter().map(ToString::to_string).collect();
    let weak = if array.is_weak() { "~" } else { "" };
    format!("{weak}{}[{}]", array.dtype().name(), sizes.join(","))
}

fn traced(array: &Array) -> Option<String> {
    let tracer = array.tracer()?;
    let text = format!("{tracer:?}");
    let class = text.split('(').next().unwrap_or("Tracer");
    Some(match class {
        "JitTracer" => format!("JitTracer({})", aval_text(array)),
        _ => text,
    })
}

/// A tensor in a type that NumPy can show: narrow ones need a package that may not be there.
fn shown<'py>(py: Python<'py>, tensor: &Tensor) -> PyResult<Bound<'py, PyAny>> {
    match to_numpy(py, tensor) {
        Ok(array) => Ok(array),
        Err(_) => {
            let wide = match tensor.dtype() {
                DType::I4 | DType::U4 => DType::I32,
                _ => DType::F32,
            };
            let wide = convert_element_type(&Array::new(tensor.clone()), wide).or_raise()?;
            match wide.tensor() {
                Some(tensor) => to_numpy(py, tensor),
                None => to_numpy(py, tensor),
            }
        }
    }
}

/// Types whose numbers we write as NumPy does.
fn is_plain(dtype: DType) -> bool {
    use DType::{Bool, F16, F32, F64};
    dtype.is_integer() || matches!(dtype, Bool | F16 | F32 | F64)
}

/// The text of `repr`.
pub fn repr(py: Python<'_>, array: &Array) -> PyResult<String> {
    if let Some(text) = traced(array) {
        return Ok(text);
    }
    let Some(tensor) = array.tensor() else { return Ok("Array".into()) };
    if tensor.dtype() == DType::KeyThreefry {
        return keys(py, array);
    }
    let weak = if array.is_weak() { ", weak_type=True" } else { "" };
    let dtype = format!("dtype={}{weak})", tensor.dtype().name());
    if tensor.rank() == 0 && is_plain(tensor.dtype()) {
        let text = format!("{array:?}");
        let body = text.strip_suffix(&format!(", dtype={})", tensor.dtype())).unwrap_or(&text);
        return Ok(format!("{body}, {dtype}"));
    }
    let prefix = "Array(";
    let numpy = numpy(py)?;
    let width: usize = numpy.call_method0("get_printoptions")?.get_item("linewidth")?.extract()?;
    let body: String = match tensor.count() {
        0 => format!("[], shape={}", pullback_core::aval::ShapeText(tensor.shape())),
        _ => {
            let options = PyDict::new(py);
            options.set_item("prefix", prefix)?;
            options.set_item("suffix", ",")?;
            options.set_item("separator", ", ")?;
            options.set_item("max_line_width", width)?;
            numpy.call_method("array2string", (shown(py, tensor)?,), Some(&options))?.extract()?
        }
    };
    let last = body.len() - body.rfind('\n').map_or(0, |at| at + 1)
        + 1
        + body.find('\n').map_or(prefix.len(), |_| 0);
    let gap = match last + dtype.len() + 1 > width {
        true => " ".repeat(prefix.len()),
        false => " ".into(),
    };
    Ok(format!("{prefix}{body},{gap}{dtype}"))
}

fn keys(py: Python<'_>, array: &Array) -> PyResult<String> {
    let words = random_unwrap(array).or_raise()?;
    let shape = pullback_core::aval::ShapeText(array.shape());
    Ok(format!("Array({shape}, dtype=key<fry>) overlaying:\n{}", str(py, &words)?))
}

/// A number on its own: `3.` inside an array is `3.0`, and `1.e+10` is `1e+10`.
fn scalar(text: &str) -> String {
    match text.strip_suffix('.') {
        Some(whole) => format!("{whole}.0"),
        None => text.replace(".e", "e"),
    }
}

/// The text of `str`.
pub fn str(py: Python<'_>, array: &Array) -> PyResult<String> {
    if let Some(text) = traced(array) {
        return Ok(text);
    }
    let Some(tensor) = array.tensor() else { return Ok("Array".into()) };
    match tensor.dtype() {
        DType::KeyThreefry => keys(py, array),
        dtype if tensor.rank() == 0 && is_plain(dtype) => Ok(scalar(&array.to_string())),
        _ => shown(py, tensor)?.str()?.extract(),
    }
}
