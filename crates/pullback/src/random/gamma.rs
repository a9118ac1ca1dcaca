//! The gamma distribution, and those made from it.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Result, Shape};
use pullback_macros::api;

use super::{float_type, pair, real_normal, shape_for, single};
use crate::api::{ApiFn, Sizes};
use crate::numpy::arithmetic::{absolute, add, multiply, power, true_divide};
use crate::numpy::common::{broadcast, number, shape_of};
use crate::numpy::reductions::{self, Sum};

/// The functions of this module.
pub static FUNCTIONS: &[&ApiFn] = &[
    &GAMMA_API,
    &LOGGAMMA_API,
    &BETA_API,
    &CHISQUARE_API,
    &DIRICHLET_API,
    &F_API,
    &T_API,
    &GENERALIZED_NORMAL_API,
    &BALL_API,
];

fn check_method(function: &str, method: &str) -> Result<()> {
    match method {
        "exact" => Ok(()),
        "approximate" => Err(Error::unsupported(function, "method='approximate'")),
        _ => Err(Error::value_error(
            function,
            format!("method must be one of 'exact', 'approximate', got '{method}'"),
        )),
    }
}

/// Samples with the parameters `a`, repeated to a shape, or their logarithms.
fn samples(key: &Array, a: &Array, shape: &[usize], dtype: DType, log: bool) -> Result<Array> {
    let computed = if dtype.bits() < 32 { DType::F32 } else { dtype };
    let a = broadcast(&lax::convert_element_type(a, computed)?, shape)?;
    let keys = lax::random_split(key, shape)?;
    lax::convert_element_type(&lax::random_gamma(&keys, &a, log)?, dtype)
}

fn gamma_of(
    function: &str,
    key: &Array,
    a: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
    method: &str,
    log: bool,
) -> Result<Array> {
    let key = single(function, key)?;
    check_method(function, method)?;
    let dtype = float_type(function, dtype)?;
    let shape = shape_for(function, shape, &[a.shape()])?;
    samples(&key, a, &shape, dtype, log)
}

/// Numbers of the gamma distribution with parameter `a`.
///
/// By G. Marsaglia and W. W. Tsang 2000, "A simple method for generating gamma variables". The
/// numbers have derivatives with respect to `a`.
///
/// ```
/// use pullback::{Array, random};
///
/// # fn main() -> pullback::Result<()> {
/// let key = random::key(&Array::from(0))?;
/// let x = random::gamma::gamma(&key, &Array::from(2.0), Some(&3.into()), None, "exact")?;
/// assert!(x.to_vec::<f32>()?.iter().all(|&x| x > 0.0));
/// # Ok(())
/// # }
/// ```
#[api(defaults(method = "exact"), keyword_only(method), ignored(out_sharding))]
pub fn gamma(
    key: &Array,
    a: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
    method: &str,
) -> Result<Array> {
    gamma_of("gamma", key, a, shape, dtype, method, false)
}

/// The logarithms of numbers of the gamma distribution with parameter `a`, also where those are too
/// small to be told from zero.
///
/// ```
/// # use pullback::random::{self, gamma};
/// let key = random::key(&0.into())?;
/// let x = gamma::loggamma(&key, &1e-3.into(), Some(&100.into()), None, "exact")?;
/// assert!(x.to_vec::<f32>()?.iter().all(|x| x.is_finite()));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(method = "exact"), keyword_only(method), ignored(out_sharding))]
pub fn loggamma(
    key: &Array,
    a: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
    method: &str,
) -> Result<Array> {
    gamma_of("loggamma", key, a, shape, dtype, method, true)
}

/// Numbers of the beta distribution with parameters `a` and `b`.
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, gamma}};
/// let key = random::key(&0.into())?;
/// let x = gamma::beta(&key, &2.0.into(), &6.0.into(), Some(&10_000.into()), None, "exact")?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 0.25).abs() < 0.02);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(method = "exact"), keyword_only(method), ignored(out_sharding))]
pub fn beta(
    key: &Array,
    a: &Array,
    b: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
    method: &str,
) -> Result<Array> {
    let key = single("beta", key)?;
    check_method("beta", method)?;
    let dtype = float_type("beta", dtype)?;
    let shape = shape_for("beta", shape, &[a.shape(), b.shape()])?;
    let [key_a, key_b] = pair(&key)?;
    let x = samples(&key_a, a, &shape, dtype, true)?;
    let y = samples(&key_b, b, &shape, dtype, true)?;
    // A share of both, by exponentials that cannot overflow.
    let largest = lax::max(&x, &y)?;
    let (x, y) = (lax::exp(&lax::sub(&x, &largest)?)?, lax::exp(&lax::sub(&y, &largest)?)?);
    lax::div(&x, &lax::add(&x, &y)?)
}

/// Numbers of the chi-square distribution with `df` degrees of freedom.
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, gamma}};
/// let key = random::key(&0.into())?;
/// let x = gamma::chisquare(&key, &3.0.into(), Some(&10_000.into()), None, "exact")?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 3.0).abs() < 0.15);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(method = "exact"), keyword_only(method), ignored(out_sharding))]
pub fn chisquare(
    key: &Array,
    df: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
    method: &str,
) -> Result<Array> {
    let key = single("chisquare", key)?;
    check_method("chisquare", method)?;
    let dtype = float_type("chisquare", dtype)?;
    let shape = shape_for("chisquare", shape, &[df.shape()])?;
    let df = lax::convert_element_type(df, dtype)?;
    let half = lax::div(&df, &number(2.0, &df))?;
    let log = samples(&key, &half, &shape, dtype, true)?;
    lax::mul(&lax::exp(&log)?, &number(2.0, &log))
}

/// Vectors of shares that add up to one, of the Dirichlet distribution with the parameters along
/// the last axis of `alpha`.
///
/// ```
/// # use pullback::{Array, numpy as jnp, random::{self, gamma}};
/// let alpha = Array::from([1.0, 2.0, 3.0]);
/// let x = gamma::dirichlet(&random::key(&0.into())?, &alpha, None, None)?;
/// assert!((jnp::sum(&x, jnp::Sum::new())?.to_f64()? - 1.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn dirichlet(
    key: &Array,
    alpha: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let key = single("dirichlet", key)?;
    let dtype = float_type("dirichlet", dtype)?;
    let Some((&size, stack)) = alpha.shape().split_last() else {
        return Err(Error::value_error("dirichlet", "requires alpha.ndim >= 1"));
    };
    let mut shape = shape_for("dirichlet", shape, &[stack])?;
    shape.push(size);
    let log = samples(&key, alpha, &shape, dtype, true)?;
    crate::nn::softmax(&log, Some((-1).into()), None)
}

/// Numbers of the F distribution: quotients of two chi-square numbers, each divided by its degrees
/// of freedom.
///
/// ```
/// # use pullback::random::{self, gamma};
/// let key = random::key(&0.into())?;
/// let x = gamma::f(&key, &5.0.into(), &10.0.into(), Some(&100.into()), None)?;
/// assert!(x.to_vec::<f32>()?.iter().all(|&x| x > 0.0));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn f(
    key: &Array,
    dfnum: &Array,
    dfden: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let key = single("f", key)?;
    let dtype = float_type("f", dtype)?;
    let shape = shape_for("f", shape, &[dfnum.shape(), dfden.shape()])?;
    let sizes = Sizes::from(&shape[..]);
    let [key_den, key_num] = pair(&key)?;
    let share = |key: &Array, df: &Array| {
        let df = lax::convert_element_type(df, dtype)?;
        true_divide(&chisquare(key, &df, Some(&sizes), Some(dtype), "exact")?, &df)
    };
    lax::div(&share(&key_num, dfnum)?, &share(&key_den, dfden)?)
}

/// Numbers of Student's t distribution with `df` degrees of freedom.
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, gamma}};
/// let key = random::key(&0.into())?;
/// let x = gamma::t(&key, &10.0.into(), Some(&10_000.into()), None)?;
/// assert!((jnp::var(&x, jnp::Spread::new())?.to_f64()? - 1.25).abs() < 0.15);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn t(key: &Array, df: &Array, shape: Option<&Sizes>, dtype: Option<DType>) -> Result<Array> {
    let key = single("t", key)?;
    let dtype = float_type("t", dtype)?;
    let shape = shape_for("t", shape, &[df.shape()])?;
    let [key_n, key_g] = pair(&key)?;
    let n = real_normal(&key_n, &shape, dtype)?;
    let df = lax::convert_element_type(df, dtype)?;
    let half = lax::div(&df, &number(2.0, &df))?;
    let g = samples(&key_g, &half, &shape, dtype, false)?;
    multiply(&n, &crate::numpy::transcendental::sqrt(&true_divide(&half, &g)?)?)
}

/// Numbers whose density falls off with the power `p` of their magnitude.
///
/// The density is proportional to `exp(-|x|^p)`.
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, gamma}};
/// let key = random::key(&0.into())?;
/// let x = gamma::generalized_normal(&key, &2.0.into(), &10_000.into(), None)?;
/// assert!((jnp::var(&x, jnp::Spread::new())?.to_f64()? - 0.5).abs() < 0.05);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()), ignored(out_sharding))]
pub fn generalized_normal(
    key: &Array,
    p: &Array,
    shape: &Sizes,
    dtype: Option<DType>,
) -> Result<Array> {
    let key = single("generalized_normal", key)?;
    let dtype = float_type("generalized_normal", dtype)?;
    let [key_g, key_r] = pair(&key)?;
    let inverse = true_divide(&Array::from(1), p)?;
    let g = gamma(&key_g, &inverse, Some(shape), Some(dtype), "exact")?;
    let r = super::rademacher(&key_r, shape, Some(dtype))?;
    multiply(&r, &power(&g, &inverse)?)
}

/// Points of a ball of `d` dimensions by the norm of power `p`, all equally probable.
///
/// The points have `d` coordinates along a last axis.
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, gamma}};
/// let x = gamma::ball(&random::key(&0.into())?, 3, &2.0.into(), &100.into(), None)?;
/// assert_eq!(x.shape(), [100, 3]);
/// let squares = jnp::sum(&jnp::square(&x)?, jnp::Sum::new().axis(1))?;
/// assert!(squares.to_vec::<f32>()?.iter().all(|&s| s <= 1.0));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(p = 2, shape = ()), ignored(out_sharding))]
pub fn ball(key: &Array, d: i64, p: &Array, shape: &Sizes, dtype: Option<DType>) -> Result<Array> {
    let key = single("ball", key)?;
    let dtype = float_type("ball", dtype)?;
    let [key_g, key_e] = pair(&key)?;
    let mut points: Shape = shape_of("ball", &shape.0)?;
    points.extend(shape_of("ball", &[d])?);
    let g = generalized_normal(&key_g, p, &Sizes::from(&points[..]), Some(dtype))?;
    let e = super::exponential(&key_e, shape, Some(dtype))?;
    let total = reductions::sum(&power(&absolute(&g)?, p)?, Sum::new().axis(-1))?;
    let inverse = true_divide(&Array::from(1), p)?;
    let scale = power(&add(&total, &e)?, &inverse)?;
    true_divide(&g, &lax::expand_dims(&scale, &[scale.rank()])?)
}
