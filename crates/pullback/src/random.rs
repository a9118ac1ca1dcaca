//! Random numbers from keys, with the names, meanings and bits of `jax.random`.
//!
//! A key is used once: [`split`] makes further ones. Keys are arrays of a type of their own, or of
//! pairs of 32-bit words along the last axis; what a function is given is what it gives.

use std::f64::consts::{PI, SQRT_2};

use pullback_core::aval::ShapeText;
use pullback_core::primitives::binary::nextafter::nextafter;
use pullback_core::primitives::custom::stop_gradient::stop_gradient;
use pullback_core::primitives::rules as lax;
use pullback_core::primitives::unary::{erf, erf_inv, log1p, tan};
use pullback_core::{Array, DType, Error, Kind, Need, Result, Shape, promote};
use pullback_macros::api;

use crate::api::{ApiFn, Sizes, Value};
use crate::kept::kept;
use crate::numpy::arithmetic::{add, multiply};
use crate::numpy::common::{axis_of, inexact, number, product, select, shape_of, size_of};
use crate::numpy::dtypes::integer;
use crate::numpy::floats::{epsilon, smallest_normal};
use crate::numpy::indexing::{Access, Bounds, Index, get_with};
use crate::numpy::logic;
use crate::numpy::manipulation::{part, rows};

pub mod counts;
pub mod gamma;
pub mod shapes;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &KEY_API,
    &PRNG_KEY_API,
    &KEY_DATA_API,
    &KEY_IMPL_API,
    &WRAP_KEY_DATA_API,
    &CLONE_API,
    &SPLIT_API,
    &FOLD_IN_API,
    &BITS_API,
    &UNIFORM_API,
    &NORMAL_API,
    &BERNOULLI_API,
    &RANDINT_API,
    &PERMUTATION_API,
    &CHOICE_API,
    &CATEGORICAL_API,
    &EXPONENTIAL_API,
    &GUMBEL_API,
    &TRUNCATED_NORMAL_API,
    &LAPLACE_API,
    &LOGISTIC_API,
    &CAUCHY_API,
    &RADEMACHER_API,
    &RAYLEIGH_API,
    &PARETO_API,
    &WEIBULL_MIN_API,
    &LOGNORMAL_API,
    &MULTIVARIATE_NORMAL_API,
];

/// A key from a whole number.
///
/// Equal numbers give equal keys, and equal keys equal random numbers: split a key to draw again.
///
/// ```
/// # use pullback::random;
/// let key = random::key(&42.into())?;
/// let (x, y) = (random::normal(&key, 3, None)?, random::normal(&key, 3, None)?);
/// assert_eq!(x, y);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(impl, dtype))]
pub fn key(seed: &Array) -> Result<Array> {
    if !seed.dtype().is_integer() {
        return Err(Error::type_error(
            "key",
            format!("PRNG key seed must be an integer; got {}", seed.aval()),
        ));
    }
    if seed.rank() != 0 {
        return Err(Error::type_error(
            "key",
            format!("accepts a scalar seed, but was given {}", seed.aval()),
        ));
    }
    lax::random_seed(seed)
}

/// A key from a whole number, as a pair of 32-bit words.
///
/// ```
/// # use pullback::random;
/// let key = random::prng_key(&42.into())?;
/// assert_eq!(key.to_vec::<u32>()?, [0, 42]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(name = "PRNGKey", ignored(impl))]
pub fn prng_key(seed: &Array) -> Result<Array> {
    lax::random_unwrap(&key(seed)?)
}

/// The words of keys, along a new last axis.
///
/// ```
/// # use pullback::random;
/// let key = random::key(&42.into())?;
/// assert_eq!(random::key_data(&key)?.to_vec::<u32>()?, [0, 42]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn key_data(keys: &Array) -> Result<Array> {
    lax::random_unwrap(&typed("key_data", keys)?.0)
}

/// The name of the generator of keys.
///
/// ```
/// # use pullback::random;
/// use pullback::api::Value;
/// let name = random::key_impl(&random::key(&0.into())?)?;
/// assert!(matches!(name, Value::Str("threefry2x32")));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn key_impl(keys: &Array) -> Result<Value> {
    typed("key_impl", keys)?;
    Ok(Value::Str("threefry2x32"))
}

/// Keys from their words, along the last axis.
///
/// ```
/// # use pullback::random;
/// let key = random::wrap_key_data(&random::prng_key(&7.into())?)?;
/// assert_eq!(random::key_data(&key)?.to_vec::<u32>()?, [0, 7]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(impl, dtype))]
pub fn wrap_key_data(key_bits_array: &Array) -> Result<Array> {
    lax::random_wrap(key_bits_array)
}

/// A copy of a key, which may be used although the key has been.
///
/// ```
/// # use pullback::random;
/// let key = random::key(&0.into())?;
/// assert_eq!(random::bits(&random::clone(&key)?, (), None)?, random::bits(&key, (), None)?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn clone(key: &Array) -> Result<Array> {
    Ok(key.clone())
}

/// Keys of the type of their own, and whether they were given as words.
fn typed(function: &str, key: &Array) -> Result<(Array, bool)> {
    match key.dtype() {
        DType::KeyThreefry => Ok((key.clone(), false)),
        DType::U32 if key.shape().last() == Some(&2) => Ok((lax::random_wrap(key)?, true)),
        _ => Err(Error::type_error(function, format!("unexpected PRNG key type {}", key.aval()))),
    }
}

/// One key, and whether it was given as words.
fn one(function: &str, key: &Array) -> Result<(Array, bool)> {
    let (key, words) = typed(function, key)?;
    if key.rank() != 0 {
        return Err(Error::value_error(
            function,
            format!(
                "accepts a single key, but was given a key array of shape {}; use vmap for \
                 batching",
                ShapeText(key.shape())
            ),
        ));
    }
    Ok((key, words))
}

/// One key of the type of its own.
fn single(function: &str, key: &Array) -> Result<Array> {
    Ok(one(function, key)?.0)
}

fn as_given(key: Array, words: bool) -> Result<Array> {
    if words { lax::random_unwrap(&key) } else { Ok(key) }
}

/// Independent keys from one key: `num` of them, or an array of them.
///
/// ```
/// # use pullback::random;
/// let keys = random::split(&random::key(&0.into())?, 3)?;
/// assert_eq!(keys.shape(), [3]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(num = 2))]
pub fn split(key: &Array, num: impl Into<Sizes>) -> Result<Array> {
    let num = num.into();
    let (key, words) = one("split", key)?;
    as_given(lax::random_split(&key, &shape_of("split", &num.0)?)?, words)
}

/// As many independent keys from one key as are bound: `let [key, subkey] = split_into(&key)?`.
///
/// ```
/// # use pullback::random;
/// let [key, subkey] = random::split_into(&random::key(&0.into())?)?;
/// assert_ne!(random::normal(&key, 3, None)?, random::normal(&subkey, 3, None)?);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If `key` is not one key.
pub fn split_into<const N: usize>(key: &Array) -> Result<[Array; N]> {
    let keys = rows(&split(key, N as i64)?)?;
    keys.try_into().map_err(|_| Error::Program { message: "a split gave too few keys".into() })
}

/// A key from a key and a number.
///
/// ```
/// # use pullback::random;
/// let key = random::key(&0.into())?;
/// let (one, two) = (random::fold_in(&key, &1.into())?, random::fold_in(&key, &2.into())?);
/// assert_ne!(random::key_data(&one)?, random::key_data(&two)?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fold_in(key: &Array, data: &Array) -> Result<Array> {
    let (key, words) = one("fold_in", key)?;
    if data.rank() != 0 {
        return Err(Error::type_error(
            "fold_in",
            format!("accepts a scalar, but was given {}", data.aval()),
        ));
    }
    let data = promote::to_type(data, DType::U32, false)?;
    as_given(lax::random_fold_in(&key, &data)?, words)
}

/// Two keys from one.
fn pair(key: &Array) -> Result<[Array; 2]> {
    let keys = lax::random_split(key, &[2])?;
    let at = |at: usize| lax::squeeze(&part(&keys, 0, at, at + 1)?, &[0]);
    Ok([at(0)?, at(1)?])
}

/// Uniform bits, as unsigned integers.
///
/// They are of type uint32 if none is given. They are those of Threefry with 20 rounds: J. Salmon
/// and others 2011, "Parallel random numbers: as easy as 1, 2, 3".
///
/// ```
/// # use pullback::{DType, random};
/// let x = random::bits(&random::key(&0.into())?, 4, Some(DType::U8))?;
/// assert_eq!((x.dtype(), x.shape()), (DType::U8, &[4][..]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()), ignored(out_sharding))]
pub fn bits(key: &Array, shape: impl Into<Sizes>, dtype: Option<DType>) -> Result<Array> {
    let shape = shape.into();
    let key = single("bits", key)?;
    let default = if promote::default_int() == DType::I64 { DType::U64 } else { DType::U32 };
    let dtype = promote::canonical(dtype.unwrap_or(default));
    if dtype.kind() != Kind::Unsigned {
        return Err(Error::value_error(
            "bits",
            format!("dtype argument must be an unsigned int dtype, got {dtype}"),
        ));
    }
    lax::random_bits(&key, dtype.bits() as u8, &shape_of("bits", &shape.0)?)
}

fn float_type(function: &str, dtype: Option<DType>) -> Result<DType> {
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_float));
    if !dtype.is_float() || dtype.bits() < 16 {
        return Err(Error::value_error(
            function,
            format!("dtype argument must be a float dtype, got {dtype}"),
        ));
    }
    Ok(dtype)
}

/// Real numbers from `minval` up to and without `maxval`, all equally probable.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let x = random::uniform(&random::key(&0.into())?, 1000, None, &2.0.into(), &4.0.into())?;
/// assert!(x.to_vec::<f32>()?.iter().all(|x| (2.0..4.0).contains(x)));
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 3.0).abs() < 0.1);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = (), minval = 0.0, maxval = 1.0), ignored(out_sharding))]
pub fn uniform(
    key: &Array,
    shape: impl Into<Sizes>,
    dtype: Option<DType>,
    minval: &Array,
    maxval: &Array,
) -> Result<Array> {
    let shape = shape.into();
    let dtype = float_type("uniform", dtype)?;
    let key = single("uniform", key)?;
    let shape = shape_of("uniform", &shape.0)?;
    let bound = |x: &Array| promote::to_type(x, dtype, false);
    uniform_between(&key, &shape, &bound(minval)?, &bound(maxval)?)
}

/// Uniform numbers of the type of the bounds.
fn uniform_between(key: &Array, shape: &[usize], low: &Array, high: &Array) -> Result<Array> {
    let common = promote::broadcast_shapes("uniform", &[low.shape(), high.shape(), shape]);
    if !common.is_ok_and(|common| common.as_slice() == shape) {
        return Err(Error::type_error(
            "uniform",
            format!(
                "bounds of shapes {} and {} do not fit the shape {}",
                ShapeText(low.shape()),
                ShapeText(high.shape()),
                ShapeText(shape)
            ),
        ));
    }
    let inputs = [key, low, high];
    kept("uniform", shape, low.dtype(), inputs, |[key, low, high]| {
        scaled_bits(key, shape, low, high)
    })
}

/// Uniform numbers of the type of the bounds, which fit the shape.
fn scaled_bits(key: &Array, shape: &[usize], low: &Array, high: &Array) -> Result<Array> {
    let dtype = low.dtype();
    let to_rank = |x: &Array| promote::to_rank(x, shape.len());
    let (low, high) = (to_rank(low)?, to_rank(high)?);
    // The bits become the fraction of a number between one and two.
    let (word, fraction, drawn, one) = match dtype {
        DType::F64 => (DType::U64, 52, 64, 0x3FF0_0000_0000_0000u64 as i128),
        DType::F32 => (DType::U32, 23, 32, 0x3F80_0000),
        DType::F16 => (DType::U16, 10, 16, 0x3C00),
        _ => (DType::U16, 7, 8, 0x3F80),
    };
    let bits = lax::convert_element_type(&lax::random_bits(key, drawn, shape)?, word)?;
    let shift = integer((drawn as usize - fraction) as i128, word);
    let bits = lax::shift_right_logical(&bits, &shift)?;
    let bits = lax::or(&bits, &integer(one, word))?;
    let floats = lax::bitcast_convert_type(&bits, dtype)?;
    let floats = lax::sub(&floats, &number(1.0, &floats))?;
    let scaled = lax::add(&lax::mul(&floats, &lax::sub(&high, &low)?)?, &low)?;
    lax::max(&low, &scaled)
}

/// Numbers between two of a type, given as such.
fn uniform_of(key: &Array, shape: &[usize], dtype: DType, low: f64, high: f64) -> Result<Array> {
    uniform_between(key, shape, &Array::constant(low, dtype), &Array::constant(high, dtype))
}

/// The largest number of a type below one, negated.
fn above_minus_one(dtype: DType) -> f64 {
    -1.0 + epsilon(dtype) / 2.0
}

/// Normal numbers of mean 0 and variance 1.
///
/// Complex numbers have variance 1 too, half of it in each part.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let x = random::normal(&random::key(&0.into())?, [100, 100], None)?;
/// assert!(jnp::mean(&x, jnp::Mean::new())?.to_f64()?.abs() < 0.05);
/// assert!((jnp::std(&x, jnp::Spread::new())?.to_f64()? - 1.0).abs() < 0.05);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()), ignored(out_sharding))]
pub fn normal(key: &Array, shape: impl Into<Sizes>, dtype: Option<DType>) -> Result<Array> {
    let shape = shape.into();
    let key = single("normal", key)?;
    let shape = shape_of("normal", &shape.0)?;
    if let Some(dtype) = dtype.filter(|dtype| dtype.is_complex()) {
        let dtype = promote::canonical(dtype);
        let [re, im] = pair(&key)?;
        let (re, im) =
            (real_normal(&re, &shape, dtype.real())?, real_normal(&im, &shape, dtype.real())?);
        let z = lax::complex(&re, &im)?;
        return lax::div(&z, &number(SQRT_2, &z));
    }
    real_normal(&key, &shape, float_type("normal", dtype)?)
}

fn real_normal(key: &Array, shape: &[usize], dtype: DType) -> Result<Array> {
    kept("normal", shape, dtype, [key], |[key]| {
        let u = uniform_of(key, shape, dtype, above_minus_one(dtype), 1.0)?;
        lax::mul(&number(SQRT_2, &u), &erf_inv::erf_inv(&u)?)
    })
}

/// Truth values, each true with probability `p`.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let x = random::bernoulli(&random::key(&0.into())?, &0.25.into(), Some(&10_000.into()), "low")?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 0.25).abs() < 0.03);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(p = 0.5, mode = "low"), ignored(out_sharding))]
pub fn bernoulli(key: &Array, p: &Array, shape: Option<&Sizes>, mode: &str) -> Result<Array> {
    let key = single("bernoulli", key)?;
    let dtype = match p.dtype() {
        DType::Bool => promote::default_float(),
        dtype if dtype.is_integer() => promote::default_float(),
        dtype => dtype,
    };
    let p = promote::to_type(p, dtype, false)?;
    let shape = shape_for("bernoulli", shape, &[p.shape()])?;
    match mode {
        "low" => {
            let u = uniform_of(&key, &shape, dtype, 0.0, 1.0)?;
            logic::less(&u, &p)
        }
        "high" => {
            // The first word decides, and the second where the first is just at the bound.
            let doubled: Shape = [2].into_iter().chain(shape.iter().copied()).collect();
            let u = uniform_of(&key, &doubled, dtype, 0.0, 1.0)?;
            let row = |at: usize| lax::squeeze(&part(&u, 0, at, at + 1)?, &[0]);
            let scale = number(2f64.powi(-(mantissa(dtype) as i32)), &p);
            let fine = multiply(&row(1)?, &scale)?;
            logic::less(&row(0)?, &crate::numpy::arithmetic::subtract(&p, &fine)?)
        }
        _ => Err(Error::value_error(
            "bernoulli",
            format!("got mode '{mode}', expected 'high' or 'low'"),
        )),
    }
}

fn mantissa(dtype: DType) -> usize {
    match dtype {
        DType::F64 => 52,
        DType::F16 => 10,
        DType::BF16 => 7,
        _ => 23,
    }
}

/// The shape given, which must be one that parameters broadcast to; or theirs.
fn shape_for(function: &str, shape: Option<&Sizes>, parameters: &[&[usize]]) -> Result<Shape> {
    let common = promote::broadcast_shapes(function, parameters)?;
    let Some(shape) = shape else { return Ok(common) };
    let shape = shape_of(function, &shape.0)?;
    let both = promote::broadcast_shapes(function, &[&common, &shape])?;
    if both != shape {
        return Err(Error::value_error(
            function,
            format!(
                "parameters of shape {} do not broadcast to the shape {}",
                ShapeText(&common),
                ShapeText(&shape)
            ),
        ));
    }
    Ok(shape)
}

/// Whole numbers from `minval` up to and without `maxval`, all equally probable.
///
/// ```
/// # use pullback::random;
/// let x = random::randint(&random::key(&0.into())?, 100, &(-2).into(), &3.into(), None)?;
/// assert!(x.to_vec::<i32>()?.iter().all(|x| (-2..3).contains(x)));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn randint(
    key: &Array,
    shape: impl Into<Sizes>,
    minval: &Array,
    maxval: &Array,
    dtype: Option<DType>,
) -> Result<Array> {
    let shape = shape.into();
    let key = single("randint", key)?;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_int));
    if !dtype.is_integer() {
        return Err(Error::type_error(
            "randint",
            format!("only accepts integer dtypes, got {dtype}"),
        ));
    }
    let whole = |bound: &Array| match bound.dtype().is_integer() {
        true => Ok(bound.clone()),
        false => lax::convert_element_type(bound, promote::default_int()),
    };
    let (minval, maxval) = (&whole(minval)?, &whole(maxval)?);
    if dtype.bits() < 32 {
        // Narrow numbers are drawn as wide ones, which are less biased.
        let limits = crate::numpy::dtypes::iinfo(dtype)?;
        let within = |bound: &Array, above: i128| {
            let bound = lax::convert_element_type(bound, DType::I32)?;
            let [low, high] = [limits.min, above].map(|limit| integer(limit, DType::I32));
            lax::clamp(&low, &bound, &high)
        };
        let (low, high) = (within(minval, limits.max)?, within(maxval, limits.max + 1)?);
        let drawn = randint(&key, shape, &low, &high, Some(DType::I32))?;
        return lax::convert_element_type(&drawn, dtype);
    }
    let shape = shape_of("randint", &shape.0)?;
    shape_for("randint", Some(&Sizes::from(&shape[..])), &[minval.shape(), maxval.shape()])?;
    // An upper bound beyond the type can be meant: one more than its largest number.
    let beyond = exceeds(maxval, dtype)?;
    let own = crate::numpy::dtypes::iinfo(dtype)?;
    let clamp = |x: &Array| -> Result<Array> {
        // The limits of the result, as far as the bound can reach them.
        let given = crate::numpy::dtypes::iinfo(x.dtype())?;
        let limits = [own.min.max(given.min), own.max.min(given.max)];
        let [low, high] = limits.map(|limit| integer(limit, x.dtype()));
        let inside = lax::clamp(&low, x, &high)?;
        promote::to_rank(&lax::convert_element_type(&inside, dtype)?, shape.len())
    };
    let (low, high) = (clamp(minval)?, clamp(maxval)?);

    let width = dtype.bits();
    let word = if width == 64 { DType::U64 } else { DType::U32 };
    let [upper_key, lower_key] = pair(&key)?;
    let upper = lax::random_bits(&upper_key, width as u8, &shape)?;
    let lower = lax::random_bits(&lower_key, width as u8, &shape)?;
    let one = integer(1, word);
    let span = lax::convert_element_type(&lax::sub(&high, &low)?, word)?;
    let span = select(&lax::le(&high, &low)?, &one, &span)?;
    let span = match beyond {
        true => select(&lax::gt(&high, &low)?, &lax::add(&span, &one)?, &span)?,
        false => span,
    };
    // Two words are reduced modulo the span, as if they were one of twice the width.
    let half = lax::rem(&integer(1 << (width / 2), word), &span)?;
    let multiplier = lax::rem(&lax::mul(&half, &half)?, &span)?;
    let offset = lax::mul(&lax::rem(&upper, &span)?, &multiplier)?;
    let offset = lax::rem(&lax::add(&offset, &lax::rem(&lower, &span)?)?, &span)?;
    lax::add(&low, &lax::convert_element_type(&offset, dtype)?)
}

/// Whether a concrete bound lies above all numbers of a type. One that is traced does not.
fn exceeds(bound: &Array, dtype: DType) -> Result<bool> {
    let Some(tensor) = bound.tensor().filter(|_| bound.rank() == 0) else { return Ok(false) };
    let largest = crate::numpy::dtypes::iinfo(dtype)?.max;
    Ok(pullback_core::array::integer_item(tensor).is_some_and(|bound| bound > largest))
}

/// The array, or the numbers from zero on, in random order along an axis; with `independent`
/// every row in an order of its own.
///
/// ```
/// # use pullback::{Array, numpy as jnp, random};
/// let x = random::permutation(&random::key(&0.into())?, &5.into(), 0, false)?;
/// assert_eq!(jnp::sort(&x, Some(0), None, None, true, false)?, Array::from([0, 1, 2, 3, 4]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0, independent = false), ignored(out_sharding))]
pub fn permutation(key: &Array, x: &Array, axis: i64, independent: bool) -> Result<Array> {
    let key = single("permutation", key)?;
    if x.rank() == 0 {
        if !x.dtype().is_integer() {
            return Err(Error::type_error(
                "permutation",
                format!("x must be an integer or at least 1-D, got {}", x.aval()),
            ));
        }
        let count = Array::new(x.concrete(Need::Value, "the length")?).to_i64()?;
        let dtype = if x.is_weak() { promote::default_int() } else { x.dtype() };
        let numbers = lax::iota(dtype, &[size_of("permutation", count)?], 0)?;
        return shuffle(&key, &numbers, 0);
    }
    let axis = axis_of("permutation", axis, x.rank())?;
    if independent || x.rank() == 1 {
        return shuffle(&key, x, axis);
    }
    let numbers = lax::iota(DType::I32, &[x.shape()[axis]], 0)?;
    let order = shuffle(&key, &numbers, 0)?;
    let mut index = vec![Index::ALL; x.rank()];
    index[axis] = Index::Array(order);
    let access = Access { mode: Some(Bounds::Fill), unique_indices: true, ..Access::default() };
    get_with(x, &index, &access)
}

/// Sorts by random numbers, as often as makes ties improbable.
fn shuffle(key: &Array, x: &Array, axis: usize) -> Result<Array> {
    let count = x.count().max(1) as f64;
    let rounds = (3.0 * count.ln() / (u32::MAX as f64).ln()).ceil() as usize;
    let (mut key, mut x) = (key.clone(), x.clone());
    for _ in 0..rounds {
        let [next, own] = pair(&key)?;
        let order = lax::random_bits(&own, 32, x.shape())?;
        x = lax::sort(&[&order, &x], axis, true, 1)?.swap_remove(1);
        key = next;
    }
    Ok(x)
}

/// Elements of an array, or numbers below one given: with or without replacement, all equally
/// probable or with probabilities `p`.
///
/// Without replacement there must be as many as are drawn.
///
/// ```
/// # use pullback::{Array, numpy as jnp, random};
/// let cards = Array::from([7, 8, 9]);
/// let hand = random::choice(&random::key(&0.into())?, &cards, 3, false, None, 0, None)?;
/// assert_eq!(jnp::sort(&hand, Some(0), None, None, true, false)?, cards);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = (), replace = true, axis = 0))]
pub fn choice(
    key: &Array,
    a: &Array,
    shape: impl Into<Sizes>,
    replace: bool,
    p: Option<&Array>,
    axis: i64,
    mode: Option<&str>,
) -> Result<Array> {
    let shape = shape.into();
    let key = single("choice", key)?;
    let shape = shape_of("choice", &shape.0)?;
    let (count, axis) = match a.rank() {
        0 => {
            let count = Array::new(a.concrete(Need::Value, "argument 'a'")?).to_i64()?;
            (size_of("choice", count)?, 0)
        }
        rank => {
            let axis = axis_of("choice", axis, rank)?;
            (a.shape()[axis], axis)
        }
    };
    let draws = product(&shape);
    if count == 0 && draws > 0 {
        return Err(Error::value_error(
            "choice",
            "a must be greater than 0 unless no samples are taken",
        ));
    }
    if !replace && draws > count {
        return Err(Error::value_error(
            "choice",
            format!(
                "cannot take a larger sample (size {draws}) than population (size {count}) when \
                 'replace=False'"
            ),
        ));
    }
    let take = |index: &Array| -> Result<Array> {
        if a.rank() == 0 {
            return Ok(index.clone());
        }
        let mut parts = vec![Index::ALL; a.rank()];
        parts[axis] = Index::Array(index.clone());
        let access =
            Access { mode: Some(Bounds::Fill), unique_indices: !replace, ..Access::default() };
        get_with(a, &parts, &access)
    };
    let Some(p) = p else {
        if replace {
            let bound = |value: i64| integer(value as i128, DType::I32);
            let sizes = Sizes::from(&shape[..]);
            let index = randint(&key, &sizes, &bound(0), &bound(count as i64), None)?;
            return take(&index);
        }
        let order = match a.rank() {
            0 => permutation(&key, &integer(count as i128, promote::default_int()), 0, false)?,
            _ => permutation(&key, a, axis as i64, false)?,
        };
        let first = part(&order, axis, 0, draws)?;
        let mut full: Vec<usize> = first.shape()[..axis].to_vec();
        full.extend_from_slice(&shape);
        full.extend_from_slice(&first.shape()[axis + 1..]);
        return lax::reshape(&first, &full);
    };
    let p = inexact(p)?;
    if p.shape() != [count] {
        return Err(Error::value_error(
            "choice",
            format!("p must have shape ({count},), got {}", p.aval()),
        ));
    }
    if replace {
        let total = lax::cumsum(&p, 0, false)?;
        let last = lax::squeeze(&part(&total, 0, count - 1, count)?, &[0])?;
        let u = uniform_of(&key, &shape, p.dtype(), 0.0, 1.0)?;
        let place = multiply(&last, &lax::sub(&number(1.0, &u), &u)?)?;
        return take(&crate::numpy::search::searchsorted(&total, &place, "left", None, "scan")?);
    }
    let noise = gumbel_of(&key, &[count], p.dtype(), mode.unwrap_or("low"))?;
    let score = lax::add(&noise, &lax::log(&p)?)?;
    let [_, index] = lax::top_k(&score, draws, 0)?;
    take(&lax::reshape(&index, &shape)?)
}

/// Indices along an axis, with probabilities whose logarithms are given, up to a constant.
///
/// By the largest of the logarithms, to which numbers of the Gumbel distribution are added; without
/// replacement by several of the largest. The logarithms need not be normalized.
///
/// ```
/// # use pullback::{Array, random};
/// let logits = Array::from([f64::NEG_INFINITY, 0.0]);
/// let key = random::key(&0.into())?;
/// let x = random::categorical(&key, &logits, -1, Some(&3.into()), true, None)?;
/// assert_eq!(x, Array::from([1, 1, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1, replace = true), ignored(out_sharding))]
pub fn categorical(
    key: &Array,
    logits: &Array,
    axis: i64,
    shape: Option<&Sizes>,
    replace: bool,
    mode: Option<&str>,
) -> Result<Array> {
    let key = single("categorical", key)?;
    let logits = inexact(logits)?;
    let axis = axis_of("categorical", axis, logits.rank())?;
    let batch: Shape = (0..logits.rank())
        .filter(|&other| other != axis)
        .map(|axis| logits.shape()[axis])
        .collect();
    let shape = match shape {
        Some(shape) => shape_for("categorical", Some(shape), &[&batch])?,
        None => batch.clone(),
    };
    let prefix = shape.len() - batch.len();
    let classes = logits.shape()[axis];
    let mode = mode.unwrap_or("low");
    if replace {
        let mut full: Vec<usize> = shape.to_vec();
        full.insert(prefix + axis, classes);
        let noise = gumbel_of(&key, &full, logits.dtype(), mode)?;
        let logits = promote::to_rank(&logits, full.len())?;
        let score = lax::add(&noise, &logits)?;
        return lax::argmax(&score, prefix + axis, promote::default_int());
    }
    // Without replacement the extra axes are one draw: the best so many of all.
    let noise = gumbel_of(&key, logits.shape(), logits.dtype(), mode)?;
    let score = lax::add(&noise, &logits)?;
    let draws = product(&shape[..prefix]);
    if draws > classes {
        return Err(Error::value_error(
            "categorical",
            format!("number of samples without replacement ({draws}) cannot exceed {classes}"),
        ));
    }
    let score = lax::move_axis(&score, axis, score.rank() - 1)?;
    let last = score.rank() - 1;
    let [_, index] = lax::top_k(&score, draws, last)?;
    lax::reshape(&lax::move_axis(&index, last, 0)?, &shape)
}

/// Numbers of the standard exponential distribution.
///
/// The density is `exp(-x)`.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let x = random::exponential(&random::key(&0.into())?, 10_000, None)?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 1.0).abs() < 0.05);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()), ignored(out_sharding))]
pub fn exponential(key: &Array, shape: impl Into<Sizes>, dtype: Option<DType>) -> Result<Array> {
    let shape = shape.into();
    let dtype = float_type("exponential", dtype)?;
    let u = uniform_of(
        &single("exponential", key)?,
        &shape_of("exponential", &shape.0)?,
        dtype,
        0.0,
        1.0,
    )?;
    lax::neg(&log1p::log1p(&lax::neg(&u)?)?)
}

/// Numbers of the standard Gumbel distribution.
///
/// The density is `exp(-x - exp(-x))`, and the mean Euler's constant.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let x = random::gumbel(&random::key(&0.into())?, 10_000, None, None)?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 0.5772).abs() < 0.06);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()), ignored(out_sharding))]
pub fn gumbel(
    key: &Array,
    shape: impl Into<Sizes>,
    dtype: Option<DType>,
    mode: Option<&str>,
) -> Result<Array> {
    let shape = shape.into();
    let dtype = float_type("gumbel", dtype)?;
    gumbel_of(&single("gumbel", key)?, &shape_of("gumbel", &shape.0)?, dtype, mode.unwrap_or("low"))
}

fn gumbel_of(key: &Array, shape: &[usize], dtype: DType, mode: &str) -> Result<Array> {
    match mode {
        "low" => {
            let u = uniform_of(key, shape, dtype, smallest_normal(dtype), 1.0)?;
            lax::neg(&lax::log(&lax::neg(&lax::log(&u)?)?)?)
        }
        "high" => {
            let doubled: Shape = [2].into_iter().chain(shape.iter().copied()).collect();
            let u = uniform_of(key, &doubled, dtype, 0.0, 1.0)?;
            let row = |at: usize| lax::squeeze(&part(&u, 0, at, at + 1)?, &[0]);
            let (high, low) = (row(0)?, row(1)?);
            // The second number fills in the bits below those of the first, where there is room.
            let bits = mantissa(dtype) as i32;
            let scale = number(2f64.powi(-bits), &low);
            let tiny = number(2f64.powi(-2 * bits - 1).max(smallest_normal(dtype)), &low);
            let fine = lax::add(&lax::add(&high, &lax::mul(&low, &scale)?)?, &tiny)?;
            let full = lax::ge(&high, &number(0.5, &high))?;
            let u = select(&full, &high, &fine)?;
            lax::neg(&lax::log(&lax::neg(&log1p::log1p(&lax::neg(&u)?)?)?)?)
        }
        _ => Err(Error::value_error(
            "gumbel",
            format!("must provide valid mode for gumbel got: {mode}"),
        )),
    }
}

/// Normal numbers between two bounds.
///
/// ```
/// # use pullback::random;
/// let key = random::key(&0.into())?;
/// let x = random::truncated_normal(&key, &(-1.0).into(), &2.0.into(), Some(&100.into()), None)?;
/// assert!(x.to_vec::<f32>()?.iter().all(|x| (-1.0..=2.0).contains(x)));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn truncated_normal(
    key: &Array,
    lower: &Array,
    upper: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let dtype = float_type("truncated_normal", dtype)?;
    let key = single("truncated_normal", key)?;
    let shape = shape_for("truncated_normal", shape, &[lower.shape(), upper.shape()])?;
    let (lower, upper) =
        (promote::to_type(lower, dtype, false)?, promote::to_type(upper, dtype, false)?);
    let root = Array::constant(SQRT_2, dtype);
    let low = erf::erf(&lax::div(&lower, &root)?)?;
    let high = erf::erf(&lax::div(&upper, &root)?)?;
    let u = uniform_between(&key, &shape, &low, &high)?;
    let y = lax::mul(&root, &erf_inv::erf_inv(&u)?)?;
    // Rounding must not take a number to a bound, which is not included.
    let towards = |x: &Array, to: f64| nextafter(&stop_gradient(x)?, &number(to, x));
    let y = crate::numpy::arithmetic::maximum(&towards(&lower, f64::INFINITY)?, &y)?;
    crate::numpy::arithmetic::minimum(&towards(&upper, f64::NEG_INFINITY)?, &y)
}

/// Numbers of the standard Laplace distribution.
///
/// The density is `exp(-|x|) / 2`.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let x = random::laplace(&random::key(&0.into())?, 10_000, None)?;
/// assert!((jnp::mean(&jnp::absolute(&x)?, jnp::Mean::new())?.to_f64()? - 1.0).abs() < 0.05);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()), ignored(out_sharding))]
pub fn laplace(key: &Array, shape: impl Into<Sizes>, dtype: Option<DType>) -> Result<Array> {
    let shape = shape.into();
    let dtype = float_type("laplace", dtype)?;
    let low = above_minus_one(dtype);
    let u = uniform_of(&single("laplace", key)?, &shape_of("laplace", &shape.0)?, dtype, low, 1.0)?;
    lax::mul(&lax::sign(&u)?, &log1p::log1p(&lax::neg(&lax::abs(&u)?)?)?)
}

/// Numbers of the standard logistic distribution.
///
/// The density is `exp(-x) / (1 + exp(-x))²`; the variance π²/3.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let x = random::logistic(&random::key(&0.into())?, 10_000, None)?;
/// assert!((jnp::var(&x, jnp::Spread::new())?.to_f64()? - 3.29).abs() < 0.3);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()), ignored(out_sharding))]
pub fn logistic(key: &Array, shape: impl Into<Sizes>, dtype: Option<DType>) -> Result<Array> {
    let shape = shape.into();
    let dtype = float_type("logistic", dtype)?;
    let low = smallest_normal(dtype);
    let u =
        uniform_of(&single("logistic", key)?, &shape_of("logistic", &shape.0)?, dtype, low, 1.0)?;
    lax::sub(&lax::log(&u)?, &log1p::log1p(&lax::neg(&u)?)?)
}

/// Numbers of the standard Cauchy distribution.
///
/// The density is `1 / (π (1 + x²))`. There is no mean; half of the numbers lie between -1 and 1.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let x = random::cauchy(&random::key(&0.into())?, 10_000, None)?;
/// let near = jnp::less(&jnp::absolute(&x)?, &1.0.into())?;
/// assert!((jnp::mean(&near, jnp::Mean::new())?.to_f64()? - 0.5).abs() < 0.03);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()), ignored(out_sharding))]
pub fn cauchy(key: &Array, shape: impl Into<Sizes>, dtype: Option<DType>) -> Result<Array> {
    let shape = shape.into();
    let dtype = float_type("cauchy", dtype)?;
    let low = epsilon(dtype);
    let u = uniform_of(&single("cauchy", key)?, &shape_of("cauchy", &shape.0)?, dtype, low, 1.0)?;
    tan::tan(&lax::mul(&number(PI, &u), &lax::sub(&u, &number(0.5, &u))?)?)
}

/// -1 or 1, equally probable.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let x = random::rademacher(&random::key(&0.into())?, 100, None)?;
/// assert_eq!(jnp::absolute(&x)?, jnp::ones(100, Some(x.dtype()))?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()), ignored(out_sharding))]
pub fn rademacher(key: &Array, shape: impl Into<Sizes>, dtype: Option<DType>) -> Result<Array> {
    let shape = shape.into();
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_int));
    let half = Array::constant(0.5, promote::default_float());
    let heads = bernoulli(key, &half, Some(&shape), "low")?;
    let heads = lax::convert_element_type(&heads, dtype)?;
    lax::sub(&lax::mul(&number(2.0, &heads), &heads)?, &number(1.0, &heads))
}

/// Numbers of the Rayleigh distribution.
///
/// The density is `x / scale² exp(-x² / (2 scale²))`.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let x = random::rayleigh(&random::key(&0.into())?, &2.0.into(), Some(&10_000.into()), None)?;
/// assert!((jnp::mean(&x, jnp::Mean::new())?.to_f64()? - 2.507).abs() < 0.05);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn rayleigh(
    key: &Array,
    scale: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let dtype = float_type("rayleigh", dtype)?;
    let shape = shape_for("rayleigh", shape, &[scale.shape()])?;
    let u = uniform_of(&single("rayleigh", key)?, &shape, dtype, 0.0, 1.0)?;
    let log = lax::log(&u)?;
    let root = lax::sqrt(&lax::mul(&log, &number(-2.0, &log))?)?;
    multiply(&promote::to_type(scale, dtype, false)?, &root)
}

/// Numbers of the Pareto distribution with exponent `b`.
///
/// The density is `b / x^(b + 1)`, from 1 on.
///
/// ```
/// # use pullback::random;
/// let x = random::pareto(&random::key(&0.into())?, &3.0.into(), Some(&100.into()), None)?;
/// assert!(x.to_vec::<f32>()?.iter().all(|&x| x >= 1.0));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(out_sharding))]
pub fn pareto(
    key: &Array,
    b: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let dtype = float_type("pareto", dtype)?;
    let shape = shape_for("pareto", shape, &[b.shape()])?;
    let e = exponential(key, Sizes::from(&shape[..]), Some(dtype))?;
    let b = promote::to_type(b, dtype, false)?;
    lax::exp(&crate::numpy::arithmetic::true_divide(&e, &b)?)
}

/// Numbers of the Weibull distribution.
///
/// With `c` for the concentration, the share of numbers above `x` is `exp(-(x / scale)^c)`.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let key = random::key(&0.into())?;
/// let x = random::weibull_min(&key, &2.0.into(), &3.0.into(), 10_000, None)?;
/// let above = jnp::greater(&x, &2.0.into())?;
/// assert!((jnp::mean(&above, jnp::Mean::new())?.to_f64()? - 0.368).abs() < 0.03);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(shape = ()))]
pub fn weibull_min(
    key: &Array,
    scale: &Array,
    concentration: &Array,
    shape: impl Into<Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let shape = shape.into();
    let dtype = float_type("weibull_min", dtype)?;
    let u = uniform_of(
        &single("weibull_min", key)?,
        &shape_of("weibull_min", &shape.0)?,
        dtype,
        0.0,
        1.0,
    )?;
    let e = lax::neg(&log1p::log1p(&lax::neg(&u)?)?)?;
    let inverse =
        crate::numpy::arithmetic::true_divide(&Array::constant(1.0, dtype), concentration)?;
    multiply(&crate::numpy::arithmetic::power(&e, &inverse)?, scale)
}

/// Exponentials of normal numbers with deviation `sigma`.
///
/// ```
/// # use pullback::{numpy as jnp, random};
/// let x = random::lognormal(&random::key(&0.into())?, &0.5.into(), Some(&10_000.into()), None)?;
/// let deviation = jnp::std(&jnp::log(&x)?, jnp::Spread::new())?;
/// assert!((deviation.to_f64()? - 0.5).abs() < 0.03);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(sigma = 1.0), ignored(out_sharding))]
pub fn lognormal(
    key: &Array,
    sigma: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
) -> Result<Array> {
    let dtype = float_type("lognormal", dtype)?;
    let shape = shape_for("lognormal", shape, &[sigma.shape()])?;
    let z = real_normal(&single("lognormal", key)?, &shape, dtype)?;
    lax::exp(&multiply(&z, &promote::to_type(sigma, dtype, false)?)?)
}

/// Normal vectors with the given mean and covariance.
///
/// `method` says how the covariance is decomposed: "cholesky", "eigh" or "svd".
///
/// ```
/// # use pullback::{Array, random};
/// let (mean, cov) = (Array::from([1.0, 2.0]), Array::from([[1.0, 0.0], [0.0, 1e-6]]));
/// let key = random::key(&0.into())?;
/// let x = random::multivariate_normal(&key, &mean, &cov, Some(&100.into()), None, "cholesky")?;
/// assert_eq!(x.shape(), [100, 2]);
/// assert!(x.to_vec::<f32>()?.chunks(2).all(|x| (x[1] - 2.0).abs() < 0.01));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(method = "cholesky"), ignored(out_sharding))]
pub fn multivariate_normal(
    key: &Array,
    mean: &Array,
    cov: &Array,
    shape: Option<&Sizes>,
    dtype: Option<DType>,
    method: &str,
) -> Result<Array> {
    let dtype = match dtype {
        Some(dtype) => float_type("multivariate_normal", Some(dtype))?,
        None => {
            promote::inexact_type(promote::result_type_of("multivariate_normal", &[mean, cov])?).0
        }
    };
    let (mean, cov) = (promote::to_type(mean, dtype, false)?, promote::to_type(cov, dtype, false)?);
    if mean.rank() < 1 || cov.rank() < 2 {
        return Err(Error::value_error(
            "multivariate_normal",
            format!(
                "requires a mean of at least one dimension and a covariance of at least two, got \
                 {} and {}",
                mean.aval(),
                cov.aval()
            ),
        ));
    }
    let size = mean.shape()[mean.rank() - 1];
    if cov.shape()[cov.rank() - 2..] != [size, size] {
        return Err(Error::value_error(
            "multivariate_normal",
            format!(
                "requires a covariance of shape (..., {size}, {size}) for a mean of type {}, got \
                 {}",
                mean.aval(),
                cov.aval()
            ),
        ));
    }
    let batch = [&mean.shape()[..mean.rank() - 1], &cov.shape()[..cov.rank() - 2]];
    let shape = shape_for("multivariate_normal", shape, &batch)?;
    let factor = match method {
        "cholesky" => lax::cholesky(&cov)?,
        "eigh" => {
            let [v, w] = lax::eigh(&cov, true)?;
            multiply(&v, &lax::expand_dims(&lax::sqrt(&w)?, &[w.rank() - 1])?)?
        }
        "svd" => {
            let parts = lax::svd(&cov, true, true)?;
            let roots = lax::sqrt(&parts[0])?;
            multiply(&parts[1], &lax::expand_dims(&roots, &[roots.rank() - 1])?)?
        }
        _ => {
            return Err(Error::value_error(
                "multivariate_normal",
                format!("method must be one of 'svd', 'eigh', or 'cholesky', got '{method}'"),
            ));
        }
    };
    let full: Shape = shape.iter().copied().chain([size]).collect();
    let z = real_normal(&single("multivariate_normal", key)?, &full, dtype)?;
    add(&mean, &crate::numpy::products::matvec(&factor, &z)?)
}
