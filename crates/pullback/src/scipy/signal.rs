//! Convolution and correlation over several axes, with the names of `jax.scipy.signal`.

use pullback_core::aval::ShapeText;
use pullback_core::primitives::rules as lax;
use pullback_core::primitives::signal::conv_general_dilated::Pads;
use pullback_core::{Array, Error, Result, Shape};
use pullback_macros::api;

use crate::api::{ApiFn, Axes, Sizes};
use crate::numpy::common::{axes_of, inexact_types};
use crate::numpy::convolution::{conjugated, moved};
use crate::numpy::fft::{fftn, ifftn, irfftn, rfftn};

/// The functions of this module.
pub static FUNCTIONS: &[&ApiFn] =
    &[&CONVOLVE_API, &CONVOLVE2D_API, &CORRELATE_API, &CORRELATE2D_API, &FFTCONVOLVE_API];

fn check_mode(function: &str, mode: &str) -> Result<()> {
    match mode {
        "full" | "same" | "valid" => Ok(()),
        _ => Err(Error::value_error(
            function,
            format!("mode must be 'full', 'same' or 'valid', got '{mode}'"),
        )),
    }
}

/// Whether every axis of `x` is at least as long as that of `y`.
fn covers(x: &[usize], y: &[usize]) -> bool {
    x.iter().zip(y).all(|(x, y)| x >= y)
}

/// The convolution over all axes, by sums of products.
fn direct(function: &str, in1: &Array, in2: &Array, mode: &str) -> Result<Array> {
    check_mode(function, mode)?;
    let error = |message: &str| {
        let (x, y) = (ShapeText(in1.shape()), ShapeText(in2.shape()));
        Error::value_error(function, format!("{message}, got shapes {x} and {y}"))
    };
    if in1.rank() != in2.rank() {
        return Err(error("inputs must have the same number of dimensions"));
    }
    if in1.count() == 0 || in2.count() == 0 {
        return Err(error("inputs cannot be empty"));
    }
    let [mut x, mut y] = inexact_types(function, in1, in2)?;
    let second = Shape::from_slice(y.shape());
    if !covers(x.shape(), y.shape()) {
        if !covers(y.shape(), x.shape()) {
            return Err(error(
                "one input must be at least as large as the other in every dimension",
            ));
        }
        std::mem::swap(&mut x, &mut y);
    }
    let pad = |(&size, &second): (&usize, &usize)| {
        let (size, second) = (size as i64, second as i64);
        match mode {
            "valid" => (0, 0),
            "full" => (size - 1, size - 1),
            // The middle of what is full, as large as the first input.
            _ => (size - 1 - (second - 1) / 2, size - second + (second - 1) / 2),
        }
    };
    let padding: Pads = y.shape().iter().zip(&second).map(pad).collect();
    let all: Vec<usize> = (0..y.rank()).collect();
    moved(&x, &lax::rev(&y, &all)?, padding, None)
}

fn reversed(x: &Array) -> Result<Array> {
    lax::rev(x, &(0..x.rank()).collect::<Vec<_>>())
}

/// The convolution of two arrays over all axes.
///
/// `mode` says which places: all in the "full" one, those of the first array in the "same" one,
/// those where one array covers the other in the "valid" one. `method` is "direct", "fft" or "auto".
///
/// ```
/// # use pullback::{Array, scipy::signal::convolve};
/// let (x, y) = (Array::from([1.0, 2.0, 3.0]), Array::from([1.0, 10.0]));
/// assert_eq!(convolve(&x, &y, "full", "auto")?, Array::from([1.0, 12.0, 23.0, 30.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(mode = "full", method = "auto"),
    ignored(precision),
    order(in1, in2, mode, method, precision)
)]
pub fn convolve(in1: &Array, in2: &Array, mode: &str, method: &str) -> Result<Array> {
    match method {
        "fft" => fftconvolve(in1, in2, mode, None),
        "direct" | "auto" => direct("convolve", in1, in2, mode),
        _ => Err(Error::value_error(
            "convolve",
            format!("method must be 'auto', 'fft' or 'direct', got '{method}'"),
        )),
    }
}

/// The correlation of two arrays over all axes; arguments are those of [`convolve`].
///
/// ```
/// # use pullback::{Array, scipy::signal::correlate};
/// let (x, y) = (Array::from([1.0, 2.0, 3.0]), Array::from([1.0, 10.0]));
/// assert_eq!(correlate(&x, &y, "valid", "auto")?, Array::from([21.0, 32.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(mode = "full", method = "auto"),
    ignored(precision),
    order(in1, in2, mode, method, precision)
)]
pub fn correlate(in1: &Array, in2: &Array, mode: &str, method: &str) -> Result<Array> {
    convolve(in1, &reversed(&conjugated(in2)?)?, mode, method)
}

/// An error unless both have two axes, and nothing but zeros is beyond the boundary.
fn check_planes(function: &str, x: &Array, y: &Array, boundary: &str, fill: f64) -> Result<()> {
    if boundary != "fill" || fill != 0.0 {
        return Err(Error::unsupported(
            function,
            format!("only supports boundary='fill' and fillvalue=0, got '{boundary}' and {fill}"),
        ));
    }
    if x.rank() != 2 || y.rank() != 2 {
        let (x, y) = (x.aval(), y.aval());
        let message = format!("only supports 2-dimensional inputs, got {x} and {y}");
        return Err(Error::value_error(function, message));
    }
    Ok(())
}

/// The convolution of two matrices; `mode` is as for [`convolve`].
///
/// ```
/// # use pullback::{Array, scipy::signal::convolve2d};
/// let (x, y) = (Array::from([[1.0, 2.0], [3.0, 4.0]]), Array::from([[1.0, 10.0]]));
/// let z = convolve2d(&x, &y, "full", "fill", 0.0)?;
/// assert_eq!(z, Array::from([[1.0, 12.0, 20.0], [3.0, 34.0, 40.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(mode = "full", boundary = "fill", fillvalue = 0),
    ignored(precision),
    order(in1, in2, mode, boundary, fillvalue, precision)
)]
pub fn convolve2d(
    in1: &Array,
    in2: &Array,
    mode: &str,
    boundary: &str,
    fillvalue: f64,
) -> Result<Array> {
    check_planes("convolve2d", in1, in2, boundary, fillvalue)?;
    direct("convolve2d", in1, in2, mode)
}

/// The correlation of two matrices; `mode` is as for [`convolve`].
///
/// ```
/// # use pullback::{Array, scipy::signal::correlate2d};
/// let (x, y) = (Array::from([[1.0, 2.0], [3.0, 4.0]]), Array::from([[1.0, 10.0]]));
/// let z = correlate2d(&x, &y, "valid", "fill", 0.0)?;
/// assert_eq!(z, Array::from([[21.0], [43.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(mode = "full", boundary = "fill", fillvalue = 0),
    ignored(precision),
    order(in1, in2, mode, boundary, fillvalue, precision)
)]
pub fn correlate2d(
    in1: &Array,
    in2: &Array,
    mode: &str,
    boundary: &str,
    fillvalue: f64,
) -> Result<Array> {
    let function = "correlate2d";
    check_planes(function, in1, in2, boundary, fillvalue)?;
    let covered = covers(in2.shape(), in1.shape());
    match mode {
        // Each place as seen from the second matrix.
        "full" if covered => {
            conjugated(&direct(function, &reversed(in2)?, &conjugated(in1)?, mode)?)
        }
        "valid" if covered && in1.shape() != in2.shape() => {
            direct(function, &reversed(in2)?, &conjugated(in1)?, mode)
        }
        _ => reversed(&direct(function, &reversed(in1)?, &conjugated(in2)?, mode)?),
    }
}

/// The convolution of two arrays by Fourier transforms, over all axes or those given; along all
/// others entries run together. `mode` is as for [`convolve`].
///
/// ```
/// # use pullback::{Array, numpy as jnp, scipy::signal::fftconvolve};
/// let (x, y) = (Array::from([1.0, 2.0, 3.0]), Array::from([1.0, 10.0]));
/// let z = fftconvolve(&x, &y, "same", None)?;
/// let expected = Array::from([1.0, 12.0, 23.0]);
/// assert!(jnp::allclose(&z, &expected, &1e-5.into(), &1e-5.into(), false)?.to_bool()?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(mode = "full"))]
pub fn fftconvolve(in1: &Array, in2: &Array, mode: &str, axes: Option<&Axes>) -> Result<Array> {
    let function = "fftconvolve";
    let [mut x, mut y] = inexact_types(function, in1, in2)?;
    let error = |message: &str| {
        let (x, y) = (ShapeText(in1.shape()), ShapeText(in2.shape()));
        Error::value_error(function, format!("{message}, got shapes {x} and {y}"))
    };
    if in1.rank() != in2.rank() {
        return Err(error("inputs must have the same number of dimensions"));
    }
    check_mode(function, mode)?;
    let axes = axes_of(function, axes, x.rank())?;
    let others = (0..x.rank()).filter(|axis| !axes.contains(axis));
    if others.clone().any(|axis| x.shape()[axis] != y.shape()[axis]) {
        return Err(error("axes that are not convolved must have the same sizes"));
    }
    if mode == "valid" && !covers(x.shape(), y.shape()) {
        if !covers(y.shape(), x.shape()) {
            return Err(error(
                "one input must be at least as large as the other in every dimension",
            ));
        }
        std::mem::swap(&mut x, &mut y);
    }
    let full = |axis: usize| (x.shape()[axis] + y.shape()[axis]).saturating_sub(1);
    let sizes = Sizes(axes.iter().map(|&axis| full(axis) as i64).collect());
    let places = Axes(axes.iter().map(|&axis| axis as i64).collect());
    let (sizes, places) = (Some(&sizes), Some(&places));
    let z = match x.dtype().is_complex() {
        _ if axes.iter().all(|&axis| x.shape()[axis] == 1 || y.shape()[axis] == 1) => {
            crate::numpy::multiply(&x, &y)?
        }
        true => {
            let product =
                lax::mul(&fftn(&x, sizes, places, None)?, &fftn(&y, sizes, places, None)?)?;
            ifftn(&product, sizes, places, None)?
        }
        false => {
            let [x, y] = [rfftn(&x, sizes, places, None)?, rfftn(&y, sizes, places, None)?];
            irfftn(&lax::mul(&x, &y)?, sizes, places, None)?
        }
    };
    let mut start = Shape::from_elem(0, z.rank());
    let mut limit = Shape::from_slice(z.shape());
    for &axis in &axes {
        let size = match mode {
            "full" => full(axis),
            "same" => x.shape()[axis],
            _ => x.shape()[axis] - y.shape()[axis] + 1,
        };
        start[axis] = (full(axis) - size) / 2;
        limit[axis] = start[axis] + size;
    }
    lax::slice(&z, &start, &limit, None)
}
