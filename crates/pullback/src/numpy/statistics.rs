//! How variables vary together: covariances, correlations, and histograms of several variables.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::api;

use super::arithmetic::{absolute, clip, multiply, subtract, true_divide};
use super::calculus::diff;
use super::common::{as_type, broadcast, inexact, product, select};
use super::dtypes::integer;
use super::floats::{imag, real};
use super::manipulation::{part, ravel, transpose};
use super::products::dot;
use super::reductions::{self, Mean, Sum};
use super::search::{bincount, histogram_bin_edges, places_of};
use super::taking::ravel_multi_index;
use crate::api::{ApiFn, Arg, FromArg, Items, Kind, Sizes, Value};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] =
    &[&COV_API, &CORRCOEF_API, &HISTOGRAM2D_API, &HISTOGRAMDD_API];

fn check_dtype(function: &str, dtype: Option<DType>) -> Result<()> {
    match dtype {
        Some(dtype) if !dtype.is_inexact() => Err(Error::value_error(
            function,
            format!("dtype must be a floating or complex type; got {dtype}"),
        )),
        _ => Ok(()),
    }
}

/// The covariances of variables, which are the rows of `m` and `y`, or else the columns.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::statistics::cov;
///
/// # fn main() -> pullback::Result<()> {
/// let m = Array::from_slice(&[0.0f32, 1.0, 2.0, 2.0, 1.0, 0.0], &[2, 3])?;
/// let c = cov(&m, None, true, false, None, None, None, None)?;
/// assert_eq!(c.to_vec::<f32>()?, [1.0, -1.0, -1.0, 1.0]);
/// # Ok(())
/// # }
/// ```
#[api(defaults(rowvar = true, bias = false))]
pub fn cov(
    m: &Array,
    y: Option<&Array>,
    rowvar: bool,
    bias: bool,
    ddof: Option<i64>,
    fweights: Option<&Array>,
    aweights: Option<&Array>,
    dtype: Option<DType>,
) -> Result<Array> {
    check_dtype("cov", dtype)?;
    let given: Vec<&Array> = [Some(m), y].into_iter().flatten().collect();
    let types = promote::inexact_type(promote::result_type_of("cov", &given)?);
    let mut rows = vec![];
    for x in &given {
        if x.rank() > 2 {
            return Err(Error::value_error("cov", "an array has more than 2 dimensions"));
        }
        let x = promote::to_type(x, types.0, types.1)?;
        let wide = promote::to_rank(&x, 2)?;
        rows.push(if rowvar || wide.shape()[0] == 1 { wide } else { transpose(&wide, None)? });
    }
    let mut x = lax::concatenate(&rows.iter().collect::<Vec<_>>(), 0)?;
    let (variables, samples) = (x.shape()[0], x.shape()[1]);
    if variables == 0 {
        return broadcast(&Array::constant(0.0, promote::default_float()), &[0, 0]);
    }
    let shape: &[usize] = if variables == 1 { &[] } else { &[variables, variables] };
    if samples == 0 {
        return broadcast(&Array::constant(f64::NAN, x.dtype()), shape);
    }
    let ddof = ddof.unwrap_or(if bias { 0 } else { 1 });
    let check = |w: &Array, name: &str| match w.shape() {
        [n] if *n == samples => Ok(()),
        _ => Err(Error::value_error(
            "cov",
            format!("{name} must be one for each of {samples} samples, got {}", w.aval()),
        )),
    };
    let mut weights: Option<Array> = None;
    if let Some(w) = fweights {
        check(w, "fweights")?;
        if !w.dtype().is_integer() {
            return Err(Error::type_error("cov", "fweights must be integer"));
        }
        weights = Some(absolute(w)?);
    }
    if let Some(w) = aweights {
        check(w, "aweights")?;
        let w = absolute(w)?;
        weights = Some(match weights {
            Some(frequency) => multiply(&frequency, &w)?,
            None => w,
        });
    }
    if let Some(dtype) = dtype {
        x = as_type(&x, Some(dtype))?;
        weights = weights.map(|w| as_type(&w, Some(dtype))).transpose()?;
    }
    let Some(w) = weights else {
        let mean = reductions::mean(&x, Mean::new().axis(1))?;
        let centered = lax::sub(&x, &lax::expand_dims(&mean, &[1])?)?;
        let count = Array::from((samples as i64 - ddof) as i32);
        return product_of_rows(&centered, &centered, &count, shape);
    };
    let weight = inexact(&w)?;
    let total = reductions::sum(&weight, Sum::new())?;
    let mean = true_divide(&reductions::sum(&multiply(&x, &weight)?, Sum::new().axis(1))?, &total)?;
    let count = match (ddof, aweights) {
        (0, _) => total,
        (ddof, None) => subtract(&total, &Array::from(ddof as i32))?,
        (ddof, Some(a)) => {
            let both = reductions::sum(&multiply(&w, &absolute(a)?)?, Sum::new())?;
            let lost = true_divide(&multiply(&Array::from(ddof as i32), &both)?, &total)?;
            subtract(&total, &lost)?
        }
    };
    let centered = subtract(&x, &lax::expand_dims(&mean, &[1])?)?;
    let weighted = multiply(&centered, &lax::expand_dims(&w, &[0])?)?;
    product_of_rows(&centered, &weighted, &count, shape)
}

fn product_of_rows(x: &Array, y: &Array, count: &Array, shape: &[usize]) -> Result<Array> {
    let y = transpose(y, None)?;
    let y = if y.dtype().is_complex() { lax::conj(&y)? } else { y };
    lax::reshape(&true_divide(&dot(x, &y, None)?, count)?, shape)
}

/// The correlations of variables, which are the rows of `x` and `y`, or else the columns.
///
/// They are covariances divided by both deviations, so that they lie between -1 and 1.
///
/// ```
/// # use pullback::{Array, numpy::statistics};
/// let x = Array::from([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]]);
/// let y = statistics::corrcoef(&x, None, true, None)?.to_vec::<f32>()?;
/// assert!(y.iter().zip([1.0, -1.0, -1.0, 1.0]).all(|(y, e)| (y - e).abs() < 1e-6));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(rowvar = true))]
pub fn corrcoef(x: &Array, y: Option<&Array>, rowvar: bool, dtype: Option<DType>) -> Result<Array> {
    check_dtype("corrcoef", dtype)?;
    let c = cov(x, y, rowvar, false, None, None, None, dtype)?;
    if c.rank() == 0 {
        return true_divide(&c, &c);
    }
    let variance = real(&super::creation::diagonal(&c, 0, 0, 1)?)?;
    let deviation = lax::convert_element_type(&lax::sqrt(&variance)?, c.dtype())?;
    let c = lax::div(&c, &lax::expand_dims(&deviation, &[1])?)?;
    let c = lax::div(&c, &lax::expand_dims(&deviation, &[0])?)?;
    let bounded = |x: &Array| clip(x, Some(&Array::from(-1)), Some(&Array::from(1)));
    match c.dtype().is_complex() {
        true => lax::complex(&bounded(&real(&c)?)?, &bounded(&imag(&c)?)?),
        false => bounded(&c),
    }
}

/// The bins of several variables: how many each has, or their bounds.
///
/// ```
/// # use pullback::{Array, numpy::statistics::{self, Bins}};
/// let bins = Bins::Each(vec![2.into(), Array::from([0.0, 1.0, 2.0])]);
/// let (x, y) = (Array::from([0.0, 4.0]), Array::from([0.5, 1.5]));
/// let (counts, ..) = statistics::histogram2d(&x, &y, &bins, None, None, None)?;
/// assert_eq!(counts, Array::from([[1, 0], [0, 1]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub enum Bins {
    /// The same for all.
    Same(Array),
    /// Those of each.
    Each(Vec<Array>),
}

impl FromArg for Bins {
    const KIND: Kind = Kind::Blocks;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::Array(bins) => Some(Bins::Same(bins)),
            Arg::Int(count) => Some(Bins::Same(Arg::Int(count).array()?)),
            Arg::Arrays(bins) => Some(Bins::Each(bins)),
            Arg::List(bins) => bins
                .into_iter()
                .map(|bins| match bins {
                    Arg::List(values) => {
                        let values: Vec<Array> =
                            values.into_iter().map(Arg::array).collect::<Option<_>>()?;
                        super::joining::stack(&values, 0, (), None).ok()
                    }
                    bins => bins.array(),
                })
                .collect::<Option<_>>()
                .map(Bins::Each),
            _ => None,
        }
    }
}

impl From<i64> for Bins {
    fn from(count: i64) -> Bins {
        Bins::Same(Array::from(count as i32))
    }
}

impl From<i32> for Bins {
    fn from(count: i32) -> Bins {
        Bins::Same(Array::from(count))
    }
}

struct Counts {
    counts: Array,
    edges: Vec<Array>,
}

fn count(
    function: &str,
    sample: &Array,
    bins: &Bins,
    range: Option<&Items>,
    weights: Option<&Array>,
    density: bool,
) -> Result<Counts> {
    let [samples, variables] = *sample.shape() else {
        return Err(Error::value_error(
            function,
            format!("the sample must have two axes, got {}", sample.aval()),
        ));
    };
    let (sample, weights) = match weights {
        Some(weights) if weights.shape() != [samples] => {
            return Err(Error::value_error(function, "should have one weight for each sample"));
        }
        Some(weights) => {
            let [x, w] = super::linalg::inexact_types(function, sample, weights)?;
            (x, Some(w))
        }
        None => (inexact(sample)?, None),
    };
    let bins: Vec<Array> = match bins {
        Bins::Each(bins) if bins.len() == variables => bins.clone(),
        Bins::Same(bins) if bins.rank() == 0 => vec![bins.clone(); variables],
        Bins::Same(bins) if bins.rank() == 1 && bins.count() == variables => {
            super::manipulation::rows(bins)?
        }
        Bins::Same(bins) if bins.rank() == 2 && bins.shape()[0] == variables => {
            super::manipulation::rows(bins)?
        }
        _ => return Err(Error::value_error(function, "should be a bin for each dimension")),
    };
    let mut places = vec![];
    let mut edges = vec![];
    for (axis, bins) in bins.iter().enumerate() {
        let x = lax::squeeze(&part(&sample, 1, axis, axis + 1)?, &[1])?;
        let range = match range {
            Some(Items(range)) if range.shape() == [variables, 2] => {
                Some(lax::squeeze(&part(range, 0, axis, axis + 1)?, &[0])?)
            }
            Some(Items(range)) => {
                return Err(Error::value_error(
                    function,
                    format!("range must be {variables} pairs, got {}", range.aval()),
                ));
            }
            None => None,
        };
        let bounds = histogram_bin_edges(&x, bins, range.as_ref(), weights.as_ref())?;
        let bin = places_of(&bounds, &x, "right")?;
        // The last bin includes its upper bound.
        let last = bounds.count() - 1;
        let top = lax::squeeze(&part(&bounds, 0, last, last + 1)?, &[0])?;
        let at_top = super::logic::equal(&x, &top)?;
        let below = lax::sub(&bin, &integer(1, bin.dtype()))?;
        places.push(select(&at_top, &below, &bin)?);
        edges.push(bounds);
    }
    // One bin more at each end, for what lies outside.
    let sizes: Vec<usize> = edges.iter().map(|edges| edges.count() + 1).collect();
    let at = ravel_multi_index(&places, &Sizes::from(&sizes[..]), "clip", "C", None)?;
    let counts = bincount(&at, weights.as_ref(), 0, Some(product(&sizes) as i64))?;
    let mut counts = lax::reshape(&counts, &sizes)?;
    for (axis, &size) in sizes.iter().enumerate() {
        counts = part(&counts, axis, 1, size - 1)?;
    }
    if density {
        counts = lax::convert_element_type(&counts, sample.dtype())?;
        let total = reductions::sum(&counts, Sum::new())?;
        counts = true_divide(&counts, &total)?;
        for (axis, edges) in edges.iter().enumerate() {
            let others: Vec<usize> = (0..variables).filter(|&other| other != axis).collect();
            let widths = lax::expand_dims(&diff(edges, 1, -1, None, None)?, &others)?;
            counts = true_divide(&counts, &widths)?;
        }
    }
    Ok(Counts { counts, edges })
}

/// How many samples, which are rows, lie in each bin of several variables, and the bounds of the
/// bins.
///
/// Counts are whole numbers, unless there are weights or a density is asked for.
///
/// ```
/// # use pullback::{Array, api::Value, numpy::statistics::{self, Bins}};
/// let samples = Array::from([[0.0, 0.0], [1.0, 1.0], [1.0, 0.9]]);
/// let bins = Bins::Same(2.into());
/// let Value::Values(parts) = statistics::histogramdd(&samples, &bins, None, None, None)? else {
///     panic!("it is a tuple")
/// };
/// let Value::Array(counts) = &parts[0] else { panic!("the counts are an array") };
/// assert_eq!(*counts, Array::from([[1, 0], [0, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(bins = 10))]
pub fn histogramdd(
    sample: &Array,
    bins: &Bins,
    range: Option<&Items>,
    weights: Option<&Array>,
    density: Option<bool>,
) -> Result<Value> {
    let density = density.unwrap_or(false);
    let Counts { counts, edges } = count("histogramdd", sample, bins, range, weights, density)?;
    Ok(Value::Values(vec![Value::Array(counts), Value::List(edges)]))
}

/// How many points lie in each bin of two variables, and the bounds of the bins of both.
///
/// ```
/// # use pullback::{Array, numpy::statistics::{self, Bins}};
/// let (x, y) = (Array::from([0.0, 1.0, 1.0]), Array::from([0.0, 0.0, 2.0]));
/// let bins = Bins::Same(2.into());
/// let (counts, _, y_edges) = statistics::histogram2d(&x, &y, &bins, None, None, None)?;
/// assert_eq!(counts, Array::from([[1, 0], [1, 1]]));
/// assert_eq!(y_edges, Array::from([0.0, 1.0, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(bins = 10))]
pub fn histogram2d(
    x: &Array,
    y: &Array,
    bins: &Bins,
    range: Option<&Items>,
    weights: Option<&Array>,
    density: Option<bool>,
) -> Result<(Array, Array, Array)> {
    if x.count() != y.count() {
        return Err(Error::type_error(
            "histogram2d",
            format!("needs as many of both coordinates, got {} and {}", x.aval(), y.aval()),
        ));
    }
    let sample = super::joining::stack(&[ravel(x, "C")?, ravel(y, "C")?], 1, (), None)?;
    let bins = match bins {
        // Bounds for both.
        Bins::Same(edges) if edges.rank() == 1 && edges.count() != 2 => {
            Bins::Each(vec![edges.clone(); 2])
        }
        Bins::Each(edges) if edges.len() != 2 => {
            Bins::Each(vec![super::joining::stack(edges, 0, (), None)?; 2])
        }
        bins => bins.clone(),
    };
    let density = density.unwrap_or(false);
    let Counts { counts, mut edges } =
        count("histogram2d", &sample, &bins, range, weights, density)?;
    Ok((counts, edges.swap_remove(0), edges.swap_remove(0)))
}
