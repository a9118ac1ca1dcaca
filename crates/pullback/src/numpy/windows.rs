//! Windows: rows of weights that fall off towards both ends.

use std::f64::consts::PI;

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, Result, promote};
use pullback_macros::api;

use super::arithmetic::{i0, multiply, true_divide};
use super::common::{broadcast, number, shape_of};
use crate::api::ApiFn;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] =
    &[&BARTLETT_API, &BLACKMAN_API, &HAMMING_API, &HANNING_API, &KAISER_API];

/// A function of the places from zero on, for more than one; else ones.
fn window(
    function: &str,
    m: i64,
    weight: impl FnOnce(&Array, f64) -> Result<Array>,
) -> Result<Array> {
    let dtype = promote::default_float();
    let size = shape_of(function, &[m])?[0];
    if size <= 1 {
        return broadcast(&Array::constant(1.0, dtype), &[size]);
    }
    weight(&lax::iota(dtype, &[size], 0)?, size as f64)
}

/// The sum of cosines with 0, 1, 2, ... periods in the window, each times its factor.
fn cosines(function: &str, m: i64, factors: &[f64]) -> Result<Array> {
    window(function, m, |n, size| {
        let mut y = broadcast(&number(factors[0], n), n.shape())?;
        for (periods, &factor) in factors.iter().enumerate().skip(1) {
            let angle = lax::mul(&number(2.0 * PI * periods as f64, n), n)?;
            let wave = lax::cos(&lax::div(&angle, &number(size - 1.0, n))?)?;
            y = lax::add(&y, &lax::mul(&number(factor, n), &wave)?)?;
        }
        Ok(y)
    })
}

/// The window of Bartlett: a triangle.
///
/// ```
/// # use pullback::{Array, numpy::windows};
/// let y = windows::bartlett(5)?;
/// assert_eq!(y, Array::from([0.0, 0.5, 1.0, 0.5, 0.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(rename(m = "M"))]
pub fn bartlett(m: i64) -> Result<Array> {
    window("bartlett", m, |n, size| {
        let twice = lax::mul(&number(2.0, n), n)?;
        let distance = lax::abs(&lax::add(&twice, &number(1.0 - size, n))?)?;
        lax::sub(&number(1.0, n), &lax::div(&distance, &number(size - 1.0, n))?)
    })
}

/// The window of Blackman: a constant and two cosines.
///
/// The factors are 0.42, 0.5 and 0.08.
///
/// ```
/// # use pullback::numpy::windows;
/// let y = windows::blackman(5)?.to_vec::<f32>()?;
/// assert!(y.iter().zip([0.0, 0.34, 1.0, 0.34, 0.0]).all(|(y, e)| (y - e).abs() < 1e-6));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(rename(m = "M"))]
pub fn blackman(m: i64) -> Result<Array> {
    cosines("blackman", m, &[0.42, -0.5, 0.08])
}

/// The window of Hamming: a constant and a cosine, not quite zero at the ends.
///
/// The factors are 0.54 and 0.46.
///
/// ```
/// # use pullback::numpy::windows;
/// let y = windows::hamming(5)?.to_vec::<f32>()?;
/// assert!(y.iter().zip([0.08, 0.54, 1.0, 0.54, 0.08]).all(|(y, e)| (y - e).abs() < 1e-6));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(rename(m = "M"))]
pub fn hamming(m: i64) -> Result<Array> {
    cosines("hamming", m, &[0.54, -0.46])
}

/// The window of von Hann: a constant and a cosine, zero at the ends.
///
/// ```
/// # use pullback::numpy::windows;
/// let y = windows::hanning(5)?.to_vec::<f32>()?;
/// assert!(y.iter().zip([0.0, 0.5, 1.0, 0.5, 0.0]).all(|(y, e)| (y - e).abs() < 1e-6));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(rename(m = "M"))]
pub fn hanning(m: i64) -> Result<Array> {
    cosines("hanning", m, &[0.5, -0.5])
}

/// The window of Kaiser, by a Bessel function; the larger `beta`, the faster it falls off.
///
/// The weights are `i0(beta sqrt(1 - t²)) / i0(beta)`, for `t` from -1 to 1; a `beta` of 0 is a
/// rectangle.
///
/// ```
/// # use pullback::{Array, numpy::windows};
/// assert_eq!(windows::kaiser(3, &0.0.into())?, Array::from([1.0, 1.0, 1.0]));
/// assert!((windows::kaiser(3, &1.0.into())?.to_vec::<f32>()?[0] - 0.789848).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(rename(m = "M"))]
pub fn kaiser(m: i64, beta: &Array) -> Result<Array> {
    window("kaiser", m, |n, size| {
        let half = number(0.5 * (size - 1.0), n);
        let place = lax::div(&lax::sub(n, &half)?, &half)?;
        let root = lax::sqrt(&lax::sub(&number(1.0, n), &lax::square(&place)?)?)?;
        true_divide(&i0(&multiply(beta, &root)?)?, &i0(beta)?)
    })
}
