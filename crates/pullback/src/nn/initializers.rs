//! What the weights of layers start from, with the names and meanings of `jax.nn.initializers`.
//!
//! Each function draws at once; Python's return a function of the key, the shape and the type.

use std::f64::consts::{PI, SQRT_2};

use pullback_core::primitives::rules as lax;
use pullback_core::primitives::unary::erf_inv::erf_inv;
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::{Keywords, api};

use crate::api::{ApiFn, Axes, Sizes};
use crate::numpy::arithmetic::multiply;
use crate::numpy::common::{axis_of, number, product, shape_of};
use crate::numpy::floats::epsilon;
use crate::numpy::manipulation::moveaxis;
use crate::random;

/// The functions of this module, under names that do not collide with the makers of functions.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &ZEROS_API,
    &ONES_API,
    &CONSTANT_API,
    &UNIFORM_API,
    &NORMAL_API,
    &TRUNCATED_NORMAL_API,
    &VARIANCE_SCALING_API,
    &GLOROT_UNIFORM_API,
    &GLOROT_NORMAL_API,
    &LECUN_UNIFORM_API,
    &LECUN_NORMAL_API,
    &HE_UNIFORM_API,
    &HE_NORMAL_API,
    &ORTHOGONAL_API,
    &DELTA_ORTHOGONAL_API,
];

fn type_of(dtype: Option<DType>) -> DType {
    promote::canonical(dtype.unwrap_or_else(promote::default_float))
}

fn repeated(value: &Array, shape: &Sizes, dtype: Option<DType>) -> Result<Array> {
    crate::numpy::creation::full(shape.clone(), value, Some(type_of(dtype)))
}

/// Zeros.
///
/// ```
/// use pullback::Array;
/// use pullback::nn::initializers::zeros;
///
/// assert_eq!(zeros(None, &[2].into(), None)?, Array::from([0.0f32, 0.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding), order(key, shape, dtype, out_sharding))]
pub fn zeros(key: Option<&Array>, shape: &Sizes, dtype: Option<DType>) -> Result<Array> {
    let _ = key;
    repeated(&Array::from(0.0), shape, dtype)
}

/// Ones.
///
/// ```
/// use pullback::Array;
/// use pullback::nn::initializers::ones;
///
/// assert_eq!(ones(None, &[2].into(), None)?, Array::from([1.0f32, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding), order(key, shape, dtype, out_sharding))]
pub fn ones(key: Option<&Array>, shape: &Sizes, dtype: Option<DType>) -> Result<Array> {
    let _ = key;
    repeated(&Array::from(1.0), shape, dtype)
}

/// One value.
///
/// ```
/// use pullback::Array;
/// use pullback::nn::initializers::constant;
///
/// let y = constant(None, &[2].into(), None, &3.5.into())?;
/// assert_eq!(y, Array::from([3.5f32, 3.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn constant(
    key: Option<&Array>,
    shape: &Sizes,
    dtype: Option<DType>,
    value: &Array,
) -> Result<Array> {
    let _ = key;
    repeated(value, shape, dtype)
}

/// Uniform numbers from 0 to `scale`.
///
/// ```
/// use pullback::random;
/// use pullback::nn::initializers::uniform;
///
/// let y = uniform(&random::key(&0.into())?, &[8].into(), None, &0.5.into())?;
/// assert!(y.to_vec::<f32>()?.iter().all(|y| (0.0..0.5).contains(y)));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(scale = 0.01))]
pub fn uniform(key: &Array, shape: &Sizes, dtype: Option<DType>, scale: &Array) -> Result<Array> {
    let draws = random::uniform(
        key,
        shape.clone(),
        Some(type_of(dtype)),
        &Array::from(0.0),
        &Array::from(1.0),
    )?;
    scaled(&draws, scale)
}

/// The array times a number of its own type.
fn scaled(x: &Array, scale: &Array) -> Result<Array> {
    multiply(x, &promote::to_type(scale, x.dtype(), false)?)
}

/// Normal numbers of mean 0 and deviation `stddev`.
///
/// ```
/// use pullback::random;
/// use pullback::nn::initializers::normal;
///
/// let key = random::key(&0.into())?;
/// let draw = |stddev: f64| normal(&key, &[8].into(), None, &stddev.into());
/// assert_eq!(draw(2.0)?, 2.0 * draw(1.0)?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(stddev = 0.01))]
pub fn normal(key: &Array, shape: &Sizes, dtype: Option<DType>, stddev: &Array) -> Result<Array> {
    let dtype = type_of(dtype);
    let stddev = promote::to_type(stddev, dtype, false)?;
    if dtype.is_complex() {
        return multiply(&random::normal(key, shape.clone(), Some(dtype))?, &stddev);
    }
    // One rounding less than a scaled draw.
    let low = Array::constant(-1.0 + epsilon(dtype) / 2.0, dtype);
    let u = random::uniform(key, shape.clone(), Some(dtype), &low, &Array::constant(1.0, dtype))?;
    multiply(&multiply(&Array::constant(SQRT_2, dtype), &stddev)?, &erf_inv(&u)?)
}

/// Normal numbers between `lower` and `upper`, times `stddev`.
///
/// ```
/// use pullback::random;
/// use pullback::nn::initializers::truncated_normal;
///
/// let [low, high] = [(-1.0).into(), 1.0.into()];
/// let y = truncated_normal(&random::key(&0.into())?, &[8].into(), None, &1.0.into(), &low, &high)?;
/// let y = y.to_vec::<f32>()?;
/// assert!(y.iter().any(|y| *y != y.abs()) && y.iter().all(|y| y.abs() < 2.0));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(stddev = 0.01, lower = -2.0, upper = 2.0))]
pub fn truncated_normal(
    key: &Array,
    shape: &Sizes,
    dtype: Option<DType>,
    stddev: &Array,
    lower: &Array,
    upper: &Array,
) -> Result<Array> {
    let draws = random::truncated_normal(key, lower, upper, Some(shape), Some(type_of(dtype)))?;
    scaled(&draws, stddev)
}

/// Which axes of weights run along what goes in and what comes out, and the type drawn.
#[derive(Clone, Debug, Keywords)]
pub struct Fans {
    /// Axes along which inputs run.
    #[keyword(default = "-2")]
    pub in_axis: Axes,
    /// Axes along which outputs run.
    #[keyword(default = "-1")]
    pub out_axis: Axes,
    /// Axes that count for neither.
    #[keyword(default = "()")]
    pub batch_axis: Axes,
}

impl Default for Fans {
    fn default() -> Fans {
        Fans { in_axis: Axes(vec![-2]), out_axis: Axes(vec![-1]), batch_axis: Axes(vec![]) }
    }
}

impl Fans {
    /// How many inputs each output has, and how many outputs each input.
    fn of(&self, shape: &[usize]) -> Result<(f64, f64)> {
        if shape.len() < 2 && self.in_axis.0 == [-2] {
            return Err(Error::value_error(
                "variance_scaling",
                format!("weights of {} axes have no inputs and outputs", shape.len()),
            ));
        }
        let size = |axes: &Axes| -> Result<f64> {
            let mut size = 1.0;
            for &axis in &axes.0 {
                size *= shape[axis_of("variance_scaling", axis, shape.len())?] as f64;
            }
            Ok(size)
        };
        let (input, output) = (size(&self.in_axis)?, size(&self.out_axis)?);
        let known = input * output * size(&self.batch_axis)?;
        let field = if known == 0.0 { 0.0 } else { product(shape) as f64 / known };
        Ok((input * field, output * field))
    }
}

/// Numbers of the variance `scale` over the number of inputs ("fan_in"), of outputs ("fan_out"),
/// or the arithmetic ("fan_avg") or geometric ("fan_geo_avg") mean of the two. The distribution is
/// "truncated_normal", "normal" or "uniform".
///
/// ```
/// use pullback::{Array, random};
/// use pullback::nn::initializers::{Fans, variance_scaling};
///
/// let key = random::key(&0.into())?;
/// let fans = Fans::default();
/// let y = variance_scaling(&key, &[3, 5].into(), None, 1.0, "fan_out", "uniform", fans)?;
/// // The variance is one over the number of outputs.
/// assert!(y.to_vec::<f32>()?.iter().all(|y| y.abs() < 0.6f32.sqrt()));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn variance_scaling(
    key: &Array,
    shape: &Sizes,
    dtype: Option<DType>,
    scale: f64,
    mode: &str,
    distribution: &str,
    options: Fans,
) -> Result<Array> {
    let bad = |what: &str, word: &str| {
        let message = format!("invalid {what} for variance scaling initializer: {word}");
        Err(Error::value_error("variance_scaling", message))
    };
    let sizes = shape_of("variance_scaling", &shape.0)?;
    let (input, output) = options.of(&sizes)?;
    let count = match mode {
        "fan_in" => input,
        "fan_out" => output,
        "fan_avg" => (input + output) / 2.0,
        "fan_geo_avg" => (input * output).sqrt(),
        other => return bad("mode", other),
    };
    let dtype = type_of(dtype);
    let variance = Array::constant(if count == 0.0 { 0.0 } else { scale / count }, dtype);
    let root = lax::sqrt(&variance)?;
    let complex = dtype.is_complex();
    match distribution {
        "normal" => normal(key, shape, Some(dtype), &root),
        "truncated_normal" if complex => {
            // The deviation of a complex normal number within a radius of 2.
            let root = lax::div(&root, &number(0.953_111_643_804_912_1, &root))?;
            let bound = 1.0 - (-4.0f64).exp();
            let radius = |u: &Array| {
                let rest = lax::sub(&number(1.0, u), &lax::mul(u, &number(bound, u))?)?;
                lax::sqrt(&lax::neg(&lax::log(&rest)?)?)
            };
            multiply(&around(key, shape, dtype, radius)?, &root)
        }
        "truncated_normal" => {
            // The deviation of a normal number between -2 and 2.
            let root = lax::div(&root, &number(0.879_625_661_034_239_8, &root))?;
            let (low, high) = (Array::from(-2.0), Array::from(2.0));
            let draws = random::truncated_normal(key, &low, &high, Some(shape), Some(dtype))?;
            multiply(&draws, &root)
        }
        "uniform" if complex => {
            let radius = |u: &Array| lax::sqrt(&lax::mul(u, &number(2.0, u))?);
            multiply(&around(key, shape, dtype, radius)?, &root)
        }
        "uniform" => {
            let (low, high) = (Array::from(-1.0), Array::from(1.0));
            let draws = random::uniform(key, shape.clone(), Some(dtype), &low, &high)?;
            let width = lax::sqrt(&lax::mul(&variance, &number(3.0, &variance))?)?;
            multiply(&draws, &width)
        }
        other => bad("distribution", other),
    }
}

/// Complex numbers of any direction, at the distance made from uniform numbers.
fn around(
    key: &Array,
    shape: &Sizes,
    dtype: DType,
    radius: impl Fn(&Array) -> Result<Array>,
) -> Result<Array> {
    let [for_radius, for_angle] = random::split_into::<2>(key)?;
    let draw = |key: &Array| {
        let (low, high) = (Array::from(0.0), Array::from(1.0));
        random::uniform(key, shape.clone(), Some(dtype.real()), &low, &high)
    };
    let radius = radius(&draw(&for_radius)?)?;
    let angle = draw(&for_angle)?;
    let angle = lax::mul(&angle, &number(2.0 * PI, &angle))?;
    let re = lax::mul(&radius, &lax::cos(&angle)?)?;
    lax::complex(&re, &lax::mul(&radius, &lax::sin(&angle)?)?)
}

macro_rules! scalings {
    ($($(#[$doc:meta])* $name:ident, $scale:literal, $mode:literal, $distribution:literal;)*) => {
        $($(#[$doc])*
        pub fn $name(
            key: &Array,
            shape: &Sizes,
            dtype: Option<DType>,
            options: Fans,
        ) -> Result<Array> {
            variance_scaling(key, shape, dtype, $scale, $mode, $distribution, options)
        })*
    };
}

scalings! {
    /// Uniform numbers of the variance of one over the mean number of inputs and outputs.
    #[api]
    glorot_uniform, 1.0, "fan_avg", "uniform";
    /// Normal numbers within two deviations, of the variance of [`glorot_uniform`].
    #[api]
    glorot_normal, 1.0, "fan_avg", "truncated_normal";
    /// Uniform numbers of the variance of one over the number of inputs.
    #[api]
    lecun_uniform, 1.0, "fan_in", "uniform";
    /// Normal numbers within two deviations, of the variance of [`lecun_uniform`].
    #[api]
    lecun_normal, 1.0, "fan_in", "truncated_normal";
    /// Uniform numbers of the variance of two over the number of inputs.
    #[api]
    he_uniform, 2.0, "fan_in", "uniform";
    /// Normal numbers within two deviations, of the variance of [`he_uniform`].
    #[api]
    he_normal, 2.0, "fan_in", "truncated_normal";
}

/// Orthonormal columns along an axis, or orthonormal rows if there are more columns, times
/// `scale`.
///
/// ```
/// use pullback::{random, numpy as jnp};
/// use pullback::nn::initializers::orthogonal;
///
/// let q = orthogonal(&random::key(&0.into())?, &[3, 3].into(), None, &1.0.into(), -1)?;
/// let product = jnp::matmul(&jnp::matrix_transpose(&q)?, &q, None)?.to_vec::<f32>()?;
/// assert!((product[0] - 1.0).abs() < 1e-5 && product[1].abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(scale = 1.0, column_axis = -1))]
pub fn orthogonal(
    key: &Array,
    shape: &Sizes,
    dtype: Option<DType>,
    scale: &Array,
    column_axis: i64,
) -> Result<Array> {
    let mut sizes = shape_of("orthogonal", &shape.0)?;
    if sizes.len() < 2 {
        let message = "orthogonal initializer requires at least a 2D shape";
        return Err(Error::value_error("orthogonal", message));
    }
    let dtype = type_of(dtype);
    if sizes.contains(&0) {
        return repeated(&Array::from(0.0), shape, Some(dtype));
    }
    let axis = axis_of("orthogonal", column_axis, sizes.len())?;
    let columns = sizes.remove(axis);
    let rows = product(&sizes);
    let none = Sizes::from(&[][..]);
    let q = random::shapes::orthogonal(key, rows as i64, &none, Some(dtype), Some(columns as i64))?;
    sizes.push(columns);
    let q = moveaxis(&lax::reshape(&q, &sizes)?, &Axes(vec![-1]), &Axes(vec![axis as i64]))?;
    scaled(&q, scale)
}

/// Zeros but for [`orthogonal`] weights in the middle of a kernel whose last two axes are the
/// inputs and outputs.
///
/// ```
/// use pullback::random;
/// use pullback::nn::initializers::delta_orthogonal;
///
/// let y = delta_orthogonal(&random::key(&0.into())?, &[3, 2, 2].into(), None, &1.0.into(), -1)?;
/// let y = y.to_vec::<f32>()?;
/// assert!(y[..4].iter().chain(&y[8..]).all(|y| *y == 0.0));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(scale = 1.0, column_axis = -1))]
pub fn delta_orthogonal(
    key: &Array,
    shape: &Sizes,
    dtype: Option<DType>,
    scale: &Array,
    column_axis: i64,
) -> Result<Array> {
    let sizes = shape_of("delta_orthogonal", &shape.0)?;
    let rank = sizes.len();
    if !(3..=5).contains(&rank) {
        return Err(Error::value_error(
            "delta_orthogonal",
            "Delta orthogonal initializer requires a 3D, 4D or 5D shape",
        ));
    }
    if sizes[rank - 1] < sizes[rank - 2] {
        let message = "`fan_in` must be less or equal than `fan_out`";
        return Err(Error::value_error("delta_orthogonal", message));
    }
    let matrix = Sizes::from(&sizes[rank - 2..]);
    let x = orthogonal(key, &matrix, dtype, scale, column_axis)?;
    let x = lax::expand_dims(&x, &(0..rank - 2).collect::<Vec<_>>())?;
    let around = |size: usize| {
        let before = (size as i64 - 1) / 2;
        (before, size as i64 - 1 - before, 0)
    };
    let widths: Vec<_> = sizes
        .iter()
        .enumerate()
        .map(|(axis, &size)| if axis < rank - 2 { around(size) } else { (0, 0, 0) })
        .collect();
    lax::pad(&x, &number(0.0, &x), &widths)
}
