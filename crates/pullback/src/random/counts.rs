//! Distributions of counts, by rejection: numbers are drawn until all are accepted.

use pullback_core::primitives::rules as lax;
use pullback_core::primitives::unary::{lgamma::lgamma, log1p::log1p};
use pullback_core::{Array, DType, Error, Result, Shape, promote};
use pullback_macros::api;

use super::{shape_for, single, uniform_of};
use crate::api::{ApiFn, Sizes};
use crate::flat::{scan, while_loop};
use crate::numpy::arithmetic::clip;
use crate::numpy::common::{broadcast, filled, inexact, not_equal_itself, number, select};
use crate::numpy::floats::ceil;
use crate::numpy::manipulation::part;
use crate::numpy::taking::entries;

/// The functions of this module.
pub static FUNCTIONS: &[&ApiFn] = &[&POISSON_API, &BINOMIAL_API, &MULTINOMIAL_API, &GEOMETRIC_API];

/// Several keys from one.
fn split<const N: usize>(key: &Array) -> Result<[Array; N]> {
    let keys = lax::random_split(key, &[N])?;
    let mut each = vec![];
    for at in 0..N {
        each.push(lax::squeeze(&part(&keys, 0, at, at + 1)?, &[0])?);
    }
    match each.try_into() {
        Ok(keys) => Ok(keys),
        Err(_) => unreachable!("as many as were split off"),
    }
}

fn any(x: &Array) -> Result<Array> {
    lax::reduce_or(x, &(0..x.rank()).collect::<Vec<_>>())
}

/// Counts of events that happen at the rate `lam`.
///
/// Small rates by the method of Knuth, which multiplies uniform numbers; others by that of W.
/// Hörmann 1993, "The transformed rejection method for generating Poisson random variables".
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, counts}};
/// let key = random::key(&0.into())?;
/// let x = counts::poisson(&key, &4.0.into(), Some(&10_000.into()), None, "exact")?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 4.0).abs() < 0.1);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(method = "exact"), keyword_only(method), ignored(out_sharding))]
pub fn poisson(
    key: &Array,
    lam: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
    method: &str,
) -> Result<Array> {
    let key = single("poisson", key)?;
    match method {
        "exact" => {}
        "approximate" => return Err(Error::unsupported("poisson", "method='approximate'")),
        _ => {
            return Err(Error::value_error(
                "poisson",
                format!("method must be one of 'exact', 'approximate', got '{method}'"),
            ));
        }
    }
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_int));
    if !dtype.is_integer() {
        return Err(Error::value_error(
            "poisson",
            format!("dtype argument must be an integer dtype, got {dtype}"),
        ));
    }
    let shape = shape_for("poisson", shape, &[lam.shape()])?;
    let lam = broadcast(&lax::convert_element_type(lam, DType::F32)?, &shape)?;
    let small = lax::or(&not_equal_itself(&lam)?, &lax::lt(&lam, &number(10.0, &lam))?)?;
    let low = select(&small, &lam, &number(0.0, &lam))?;
    // Of a large rate few numbers are rejected.
    let high = select(&small, &number(1e5, &lam), &lam)?;
    let counts = select(
        &small,
        &poisson_by_products(&key, &low, dtype)?,
        &poisson_by_rejection(&key, &high, dtype)?,
    )?;
    select(&lax::eq(&lam, &number(0.0, &lam))?, &number(0.0, &counts), &counts)
}

fn poisson_by_products(key: &Array, lam: &Array, dtype: DType) -> Result<Array> {
    let shape = Shape::from_slice(lam.shape());
    let bound = lax::neg(lam)?;
    let count = broadcast(&Array::constant(0.0, dtype), &shape)?;
    let left = |log: &Array| lax::gt(log, &bound);
    let start = [count, key.clone(), filled(0.0, lam)?];
    let end = while_loop(
        "while_loop",
        &start,
        |x| any(&left(&x[2])?),
        |x| {
            let [key, own] = split(&x[1])?;
            let next = lax::add(&x[0], &number(1.0, &x[0]))?;
            let count = select(&left(&x[2])?, &next, &x[0])?;
            let u = uniform_of(&own, &shape, DType::F32, 0.0, 1.0)?;
            Ok(vec![count, key, lax::add(&x[2], &lax::log(&u)?)?])
        },
    )?;
    lax::sub(&end[0], &number(1.0, &end[0]))
}

fn poisson_by_rejection(key: &Array, lam: &Array, dtype: DType) -> Result<Array> {
    let shape = Shape::from_slice(lam.shape());
    let n = |value: f64| number(value, lam);
    let log_lam = lax::log(lam)?;
    let b = lax::add(&n(0.931), &lax::mul(&n(2.53), &lax::sqrt(lam)?)?)?;
    let a = lax::add(&n(-0.059), &lax::mul(&n(0.02483), &b)?)?;
    let inverse_alpha = {
        let slope = lax::div(&n(1.1328), &lax::sub(&b, &n(3.4))?)?;
        lax::add(&n(1.1239), &slope)?
    };
    let limit = lax::sub(&n(0.9277), &lax::div(&n(3.6224), &lax::sub(&b, &n(2.0))?)?)?;
    let accepted = broadcast(&Array::from(false), &shape)?;
    let start = [filled(-1.0, lam)?, accepted, key.clone()];
    let end = while_loop(
        "while_loop",
        &start,
        |x| any(&lax::not(&x[1])?),
        |x| {
            let [key, key_u, key_v] = split(&x[2])?;
            let u = uniform_of(&key_u, &shape, DType::F32, 0.0, 1.0)?;
            let u = lax::sub(&u, &n(0.5))?;
            let v = uniform_of(&key_v, &shape, DType::F32, 0.0, 1.0)?;
            let us = lax::sub(&n(0.5), &lax::abs(&u)?)?;
            let slope = lax::add(&lax::div(&lax::mul(&n(2.0), &a)?, &us)?, &b)?;
            let k = lax::add(&lax::add(&lax::mul(&slope, &u)?, lam)?, &n(0.43))?;
            let k = lax::floor(&k)?;
            let density = lax::add(&lax::div(&a, &lax::mul(&us, &us)?)?, &b)?;
            let s = lax::log(&lax::div(&lax::mul(&v, &inverse_alpha)?, &density)?)?;
            let t = lax::add(&lax::neg(lam)?, &lax::mul(&k, &log_lam)?)?;
            let t = lax::sub(&t, &lgamma(&lax::add(&k, &n(1.0))?)?)?;
            let at_once = lax::and(&lax::ge(&us, &n(0.07))?, &lax::le(&v, &limit)?)?;
            let tail = lax::and(&lax::lt(&us, &n(0.013))?, &lax::gt(&v, &us)?)?;
            let rejected = lax::or(&lax::lt(&k, &n(0.0))?, &tail)?;
            let in_the_end = lax::and(&lax::not(&rejected)?, &lax::le(&s, &t)?)?;
            let accept = lax::or(&at_once, &in_the_end)?;
            Ok(vec![select(&accept, &k, &x[0])?, lax::or(&x[1], &accept)?, key])
        },
    )?;
    lax::convert_element_type(&end[0], dtype)
}

/// How many of `n` trials succeed, each with probability `p`.
///
/// Where few are expected by counting failures between successes; else by W. Hörmann 1993, "The
/// generation of binomial random variates".
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, counts}};
/// let key = random::key(&0.into())?;
/// let x = counts::binomial(&key, &10.0.into(), &0.3.into(), Some(&10_000.into()), None)?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 3.0).abs() < 0.1);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn binomial(
    key: &Array,
    n: &Array,
    p: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let key = single("binomial", key)?;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_float));
    if !dtype.is_float() {
        return Err(Error::value_error(
            "binomial",
            format!("dtype argument must be a float dtype, got {dtype}"),
        ));
    }
    let shape = shape_for("binomial", shape, &[n.shape(), p.shape()])?;
    let p = inexact(p)?;
    let p = lax::convert_element_type(&p, p.dtype())?;
    let count = broadcast(&lax::convert_element_type(n, p.dtype())?, &shape)?;
    let p = broadcast(&p, &shape)?;
    let of = |value: f64| number(value, &p);

    // The rarer of success and failure is counted.
    let below_half = lax::lt(&p, &of(0.5))?;
    let q = select(&below_half, &p, &lax::sub(&of(1.0), &p)?)?;
    let bad_count = lax::or(&not_equal_itself(&count)?, &lax::lt(&count, &of(0.0))?)?;
    let endless = lax::eq(&lax::abs(&count)?, &of(f64::INFINITY))?;
    let no_number = not_equal_itself(&q)?;
    let bad_q = lax::or(&no_number, &lax::lt(&q, &of(0.0))?)?;
    let q = select(&bad_q, &of(0.01), &q)?;
    let few = lax::or(&bad_count, &lax::le(&lax::mul(&count, &q)?, &of(10.0))?)?;
    let count = lax::floor(&count)?;
    let zero = filled(0.0, &p)?;
    let by_gaps = by_gaps(&key, &select(&few, &count, &zero)?, &q)?;
    // Without end and without successes there is nothing that would be accepted.
    let never = lax::and(&endless, &lax::eq(&q, &of(0.0))?)?;
    let other = lax::or(&few, &never)?;
    let by_rejection = by_rejection(
        &key,
        &select(&other, &filled(1e4, &p)?, &count)?,
        &select(&other, &filled(0.5, &p)?, &q)?,
    )?;
    let drawn = select(&few, &by_gaps, &by_rejection)?;
    let drawn = lax::convert_element_type(&drawn, dtype)?;
    let invalid = lax::or(&bad_q, &bad_count)?;
    let drawn = select(&invalid, &number(f64::NAN, &drawn), &drawn)?;
    let beyond = lax::and(&endless, &lax::not(&invalid)?)?;
    let drawn = select(&beyond, &number(f64::INFINITY, &drawn), &drawn)?;
    let as_drawn = lax::or(&lax::or(&below_half, &bad_count)?, &lax::or(&no_number, &endless)?)?;
    let others = lax::sub(&lax::convert_element_type(&count, dtype)?, &drawn)?;
    select(&as_drawn, &drawn, &others)
}

/// The number of gaps, each of a geometric length, that fit into `count` trials.
fn by_gaps(key: &Array, count: &Array, p: &Array) -> Result<Array> {
    let shape = Shape::from_slice(p.shape());
    let log = log1p(&lax::neg(p)?)?;
    let left = |sum: &Array| lax::le(sum, count);
    let start = [filled(0.0, p)?, filled(0.0, p)?, key.clone()];
    let end = while_loop(
        "while_loop",
        &start,
        |x| any(&left(&x[1])?),
        |x| {
            let [own, key] = split(&x[2])?;
            let next = lax::add(&x[0], &number(1.0, &x[0]))?;
            let gaps = select(&left(&x[1])?, &next, &x[0])?;
            let u = uniform_of(&own, &shape, p.dtype(), 0.0, 1.0)?;
            let gap = ceil(&lax::div(&lax::log(&u)?, &log)?)?;
            Ok(vec![gaps, lax::add(&x[1], &gap)?, key])
        },
    )?;
    lax::sub(&end[0], &number(1.0, &end[0]))
}

/// What Stirling's formula lacks of the logarithm of a factorial.
fn stirling_rest(k: &Array) -> Result<Array> {
    const SMALL: [f64; 10] = [
        0.0810614667953272,
        0.0413406959554092,
        0.0276779256849983,
        0.02079067210376509,
        0.0166446911898211,
        0.0138761288230707,
        0.0118967099458917,
        0.0104112652619720,
        0.00925546218271273,
        0.00833056343336287,
    ];
    let n = |value: f64| number(value, k);
    let small = lax::le(k, &n(9.0))?;
    let k = lax::clamp(&n(0.0), k, &n(9.0))?;
    let next = lax::add(&k, &n(1.0))?;
    let squared = lax::mul(&next, &next)?;
    let third = lax::div(&n(1.0 / 1260.0), &squared)?;
    let second = lax::div(&lax::sub(&n(1.0 / 360.0), &third)?, &squared)?;
    let series = lax::div(&lax::sub(&n(1.0 / 12.0), &second)?, &next)?;
    let table = lax::convert_element_type(&Array::from_slice(&SMALL, &[10])?, k.dtype())?;
    let at = lax::convert_element_type(&lax::floor(&k)?, DType::I32)?;
    select(&small, &entries(&table, &at, 0)?, &series)
}

fn by_rejection(key: &Array, count: &Array, p: &Array) -> Result<Array> {
    let shape = Shape::from_slice(p.shape());
    let n = |value: f64| number(value, p);
    let other = lax::sub(&n(1.0), p)?;
    let mean = lax::mul(count, p)?;
    let deviation = lax::sqrt(&lax::mul(&mean, &other)?)?;
    let b = lax::add(&n(1.15), &lax::mul(&n(2.53), &deviation)?)?;
    let a = lax::add(&n(-0.0873), &lax::mul(&n(0.0248), &b)?)?;
    let a = lax::add(&a, &lax::mul(&n(0.01), p)?)?;
    let c = lax::add(&mean, &n(0.5))?;
    let limit = lax::sub(&n(0.92), &lax::div(&n(4.2), &b)?)?;
    let r = lax::div(p, &other)?;
    let alpha = lax::mul(&lax::add(&n(2.83), &lax::div(&n(5.1), &b)?)?, &deviation)?;
    let next_count = lax::add(count, &n(1.0))?;
    let m = lax::floor(&lax::mul(&next_count, p)?)?;
    let accepted = broadcast(&Array::from(false), &shape)?;
    let start = [filled(-1.0, p)?, accepted, key.clone()];
    let end = while_loop(
        "while_loop",
        &start,
        |x| any(&lax::not(&x[1])?),
        |x| {
            let [key, key_u, key_v] = split(&x[2])?;
            let u = uniform_of(&key_u, &shape, p.dtype(), 0.0, 1.0)?;
            let v = uniform_of(&key_v, &shape, p.dtype(), 0.0, 1.0)?;
            let u = lax::sub(&u, &n(0.5))?;
            let us = lax::sub(&n(0.5), &lax::abs(&u)?)?;
            let at_once = lax::and(&lax::ge(&us, &n(0.07))?, &lax::le(&v, &limit)?)?;
            let slope = lax::add(&lax::div(&lax::mul(&n(2.0), &a)?, &us)?, &b)?;
            let k = lax::floor(&lax::add(&lax::mul(&slope, &u)?, &c)?)?;
            let rejected = lax::or(&lax::lt(&k, &n(0.0))?, &lax::gt(&k, count)?)?;
            let density = lax::add(&lax::div(&a, &lax::mul(&us, &us)?)?, &b)?;
            let v = lax::log(&lax::div(&lax::mul(&v, &alpha)?, &density)?)?;
            let plus = |x: &Array, by: f64| lax::add(x, &n(by));
            let log = |x: &Array, y: &Array| lax::log(&lax::div(x, y)?);
            let from_m = lax::add(&lax::sub(count, &m)?, &n(1.0))?;
            let from_k = lax::add(&lax::sub(count, &k)?, &n(1.0))?;
            let terms = [
                lax::mul(&plus(&m, 0.5)?, &log(&plus(&m, 1.0)?, &lax::mul(&r, &from_m)?)?)?,
                lax::mul(&next_count, &log(&from_m, &from_k)?)?,
                lax::mul(&plus(&k, 0.5)?, &log(&lax::mul(&r, &from_k)?, &plus(&k, 1.0)?)?)?,
                stirling_rest(&m)?,
                stirling_rest(&lax::sub(count, &m)?)?,
                lax::neg(&stirling_rest(&k)?)?,
                lax::neg(&stirling_rest(&lax::sub(count, &k)?)?)?,
            ];
            let mut bound = terms[0].clone();
            for term in &terms[1..] {
                bound = lax::add(&bound, term)?;
            }
            let in_the_end = lax::and(&lax::not(&rejected)?, &lax::le(&v, &bound)?)?;
            let accept = lax::or(&at_once, &in_the_end)?;
            Ok(vec![select(&accept, &k, &x[0])?, lax::or(&x[1], &accept)?, key])
        },
    )?;
    Ok(end[0].clone())
}

/// How many of `n` trials end in each way, with the probabilities along the last axis of `p`.
///
/// ```
/// # use pullback::{Array, numpy as jnp, random::{self, counts}};
/// let (key, p) = (random::key(&0.into())?, Array::from([0.5, 0.25, 0.25]));
/// let x = counts::multinomial(&key, &100.0.into(), &p, None, None)?;
/// assert_eq!(x.shape(), [3]);
/// assert_eq!(jnp::sum(&x, jnp::Sum::new())?.to_f64()?, 100.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(shape), ignored(unroll))]
pub fn multinomial(
    key: &Array,
    n: &Array,
    p: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let key = single("multinomial", key)?;
    let types = promote::inexact_type(promote::result_type_of("multinomial", &[n, p])?);
    let as_real = |x: &Array| lax::convert_element_type(x, types.0);
    let (n, p) = (as_real(n)?, as_real(p)?);
    let Some((&ways, stack)) = p.shape().split_last() else {
        return Err(Error::value_error("multinomial", "p must have an axis"));
    };
    let shape = match shape {
        None => Shape::from_slice(stack),
        Some(given) => shape_for("multinomial", Some(given), &[n.shape(), stack])?,
    };
    let n = broadcast(&n, &shape)?;
    let mut whole = shape.clone();
    whole.push(ways);
    let p = lax::move_axis(&broadcast(&p, &whole)?, shape.len(), 0)?;
    // Each way takes its share of what those before it have left.
    let left = lax::cumsum(&p, 0, true)?;
    let safe = select(&lax::eq(&left, &number(0.0, &left))?, &number(1.0, &left), &left)?;
    let ratios = lax::div(&p, &safe)?;
    let keys = lax::random_split(&key, &[ways])?;
    let (_, counts) = scan("scan", &[n], &[ratios, keys], Some(ways), false, |rest, step| {
        let ratio = clip(&step[0], Some(&Array::from(0)), Some(&Array::from(1)))?;
        let count = binomial(&step[1], &rest[0], &ratio, None, Some(rest[0].dtype()))?;
        Ok((vec![lax::sub(&rest[0], &count)?], vec![count]))
    })?;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_float));
    lax::convert_element_type(&lax::move_axis(&counts[0], 0, shape.len())?, dtype)
}

/// How many trials it takes until one succeeds, each with probability `p`.
///
/// ```
/// # use pullback::{numpy as jnp, random::{self, counts}};
/// let key = random::key(&0.into())?;
/// let x = counts::geometric(&key, &0.25.into(), Some(&10_000.into()), None)?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 4.0).abs() < 0.2);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn geometric(
    key: &Array,
    p: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let key = single("geometric", key)?;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_int));
    if !dtype.is_integer() {
        return Err(Error::value_error(
            "geometric",
            format!("dtype argument must be an int dtype, got {dtype}"),
        ));
    }
    let shape = shape_for("geometric", shape, &[p.shape()])?;
    let p = inexact(p)?;
    let u = uniform_of(&key, &shape, p.dtype(), 0.0, 1.0)?;
    let u = select(&lax::eq(&u, &number(0.0, &u))?, &number(1.0, &u), &u)?;
    let log = broadcast(&log1p(&lax::neg(&lax::convert_element_type(&p, p.dtype())?)?)?, &shape)?;
    let trials = lax::floor(&lax::div(&lax::log(&u)?, &log)?)?;
    lax::convert_element_type(&lax::add(&trials, &number(1.0, &trials))?, dtype)
}
