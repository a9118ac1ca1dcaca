//! Distributions that are functions of normal and uniform numbers.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Result, Shape, promote};
use pullback_macros::api;

use super::{float_type, pair, rademacher, real_normal, shape_for, single, uniform_of};
use crate::api::{ApiFn, Sizes};
use crate::numpy::arithmetic::{add, multiply};
use crate::numpy::common::{broadcast, number, select, shape_of, size_of};
use crate::numpy::linalg;

/// The functions of this module.
pub static FUNCTIONS: &[&ApiFn] =
    &[&MAXWELL_API, &DOUBLE_SIDED_MAXWELL_API, &TRIANGULAR_API, &WALD_API, &ORTHOGONAL_API];

/// Lengths of vectors of three normal numbers.
///
/// The density is `sqrt(2 / π) x² exp(-x² / 2)`; the mean `2 sqrt(2 / π)`.
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, shapes}};
/// let x = shapes::maxwell(&random::key(&0.into())?, &10_000.into(), None)?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 1.596).abs() < 0.04);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()), ignored(out_sharding))]
pub fn maxwell(key: &Array, shape: &Sizes, dtype: Option<DType>) -> Result<Array> {
    let key = single("maxwell", key)?;
    let dtype = float_type("maxwell", dtype)?;
    let mut vectors: Shape = shape_of("maxwell", &shape.0)?;
    vectors.push(3);
    let x = real_normal(&key, &vectors, dtype)?;
    linalg::norm(&x, None, Some(&(-1).into()), false)
}

/// Numbers of [`maxwell`] of either sign, scaled and moved.
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, shapes}};
/// let key = random::key(&0.into())?;
/// let x = shapes::double_sided_maxwell(&key, &5.0.into(), &1.0.into(), &10_000.into(), None)?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 5.0).abs() < 0.1);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()))]
pub fn double_sided_maxwell(
    key: &Array,
    loc: &Array,
    scale: &Array,
    shape: &Sizes,
    dtype: Option<DType>,
) -> Result<Array> {
    let key = single("double_sided_maxwell", key)?;
    let dtype = float_type("double_sided_maxwell", dtype)?;
    let parameters =
        promote::broadcast_shapes("double_sided_maxwell", &[loc.shape(), scale.shape()])?;
    let mut shape = shape_of("double_sided_maxwell", &shape.0)?;
    if shape.is_empty() {
        shape = parameters.clone();
    }
    shape.extend_from_slice(&parameters);
    let sizes = Sizes::from(&shape[..]);
    let [key_m, key_r] = pair(&key)?;
    let size = maxwell(&key_m, &sizes, Some(dtype))?;
    let sign = rademacher(&key_r, &sizes, Some(dtype))?;
    add(&multiply(&lax::mul(&sign, &size)?, scale)?, loc)
}

/// Numbers between `left` and `right`, most of them near `mode`.
///
/// ```
/// # use pullback::{Array, numpy as jnp, random::{self, shapes}};
/// let key = random::key(&0.into())?;
/// let bounds = [0.0.into(), 1.0.into(), 2.0.into()];
/// let [left, mode, right]: [Array; 3] = bounds;
/// let x = shapes::triangular(&key, &left, &mode, &right, Some(&10_000.into()), None)?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 1.0).abs() < 0.03);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn triangular(
    key: &Array,
    left: &Array,
    mode: &Array,
    right: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let key = single("triangular", key)?;
    let dtype = float_type("triangular", dtype)?;
    let shape = shape_for("triangular", shape, &[left.shape(), mode.shape(), right.shape()])?;
    let whole = |x: &Array| broadcast(&lax::convert_element_type(x, dtype)?, &shape);
    let (left, mode, right) = (whole(left)?, whole(mode)?, whole(right)?);
    let width = lax::sub(&right, &left)?;
    let before = lax::sub(&mode, &left)?;
    let u = uniform_of(&key, &shape, dtype, 0.0, 1.0)?;
    let rising = lax::sqrt(&lax::mul(&lax::mul(&u, &width)?, &before)?)?;
    let rest = lax::mul(&lax::sub(&number(1.0, &u), &u)?, &width)?;
    let falling = lax::sqrt(&lax::mul(&rest, &lax::sub(&right, &mode)?)?)?;
    let share = lax::div(&before, &width)?;
    select(&lax::lt(&u, &share)?, &lax::add(&left, &rising)?, &lax::sub(&right, &falling)?)
}

/// Numbers of the inverse Gaussian distribution with the given mean.
///
/// By J. R. Michael, W. R. Schucany and R. W. Haas 1976, "Generating random variates using
/// transformations with multiple roots".
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, shapes}};
/// let x = shapes::wald(&random::key(&0.into())?, &2.0.into(), Some(&10_000.into()), None)?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 2.0).abs() < 0.2);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn wald(
    key: &Array,
    mean: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let key = single("wald", key)?;
    let dtype = float_type("wald", dtype)?;
    let shape = shape_for("wald", shape, &[mean.shape()])?;
    let [key_v, key_z] = pair(&key)?;
    let mean = broadcast(&lax::convert_element_type(mean, dtype)?, &shape)?;
    let v = real_normal(&key_v, &shape, dtype)?;
    let z = uniform_of(&key_z, &shape, dtype, 0.0, 1.0)?;
    let y = lax::integer_pow(&v, 2)?;
    let (squared_y, squared) = (lax::integer_pow(&y, 2)?, lax::integer_pow(&mean, 2)?);
    let n = |value: f64| number(value, &mean);
    let root =
        lax::add(&lax::mul(&lax::mul(&n(4.0), &mean)?, &y)?, &lax::mul(&squared, &squared_y)?)?;
    let middle = lax::add(&mean, &lax::div(&lax::mul(&squared, &y)?, &n(2.0))?)?;
    let half = lax::div(&mean, &n(2.0))?;
    let x = lax::sub(&middle, &lax::mul(&half, &lax::sqrt(&root)?)?)?;
    let share = lax::div(&mean, &lax::add(&mean, &x)?)?;
    select(&lax::le(&z, &share)?, &x, &lax::div(&squared, &x)?)
}

/// Matrices with orthonormal columns or rows, all equally probable.
///
/// By the QR decomposition of normal matrices: F. Mezzadri 2007, "How to generate random matrices
/// from the classical compact groups".
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, shapes}};
/// let q = shapes::orthogonal(&random::key(&0.into())?, 3, &().into(), None, None)?;
/// let product = jnp::matmul(&jnp::matrix_transpose(&q)?, &q, None)?;
/// let identity = jnp::identity(3, None)?;
/// assert!(jnp::allclose(&product, &identity, &0.0.into(), &1e-5.into(), false)?.to_bool()?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()), ignored(out_sharding))]
pub fn orthogonal(
    key: &Array,
    n: i64,
    shape: &Sizes,
    dtype: Option<DType>,
    m: Option<i64>,
) -> Result<Array> {
    let key = single("orthogonal", key)?;
    let m = size_of("orthogonal", m.unwrap_or(n))?;
    let n = size_of("orthogonal", n)?;
    let mut sizes = shape_of("orthogonal", &shape.0)?;
    sizes.extend([n.max(m), n.min(m)]);
    let z = super::normal(&key, Sizes::from(&sizes[..]), dtype)?;
    let [q, r] = lax::qr(&z, false)?;
    // The signs of the diagonal make the distribution uniform.
    let diagonal = crate::numpy::creation::diagonal(&r, 0, -2, -1)?;
    let sign = lax::sign(&diagonal)?;
    let x = multiply(&q, &lax::expand_dims(&sign, &[sign.rank() - 1])?)?;
    if n < m { crate::numpy::manipulation::matrix_transpose(&x) } else { Ok(x) }
}
