//! Sums, products, extremes, means and counts along axes.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::{Keywords, api};

use super::arithmetic::{add, maximum, minimum, multiply, true_divide};
use super::common::{
    as_type, axes_of, axis_of, broadcast, broadcast_all, inexact, not_equal_itself, number,
    product, select, truth,
};
use super::dtypes::bounds;
use crate::api::{ApiFn, Axes, Value};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &SUM_API,
    &PROD_API,
    &MAX_API,
    &MIN_API,
    &ALL_API,
    &ANY_API,
    &MEAN_API,
    &VAR_API,
    &STD_API,
    &PTP_API,
    &COUNT_NONZERO_API,
    &AVERAGE_API,
    &ARGMAX_API,
    &ARGMIN_API,
    &CUMSUM_API,
    &CUMPROD_API,
    &CUMULATIVE_SUM_API,
    &CUMULATIVE_PROD_API,
    &MINMAX_API,
    &NANSUM_API,
    &NANPROD_API,
    &NANMAX_API,
    &NANMIN_API,
    &NANMEAN_API,
    &NANVAR_API,
    &NANSTD_API,
    &NANARGMAX_API,
    &NANARGMIN_API,
    &NANCUMSUM_API,
    &NANCUMPROD_API,
    &TRACE_API,
];

/// What sums and products take besides the array.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let options = jnp::Sum::new().axis(0).keepdims(true);
/// assert_eq!(jnp::sum(&Array::from([[1, 2], [3, 4]]), options)?, Array::from([[4, 6]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Debug, Keywords)]
pub struct Sum {
    /// The axes that go; all, if none are given.
    pub axis: Option<Axes>,
    /// The type that is added up in.
    pub dtype: Option<DType>,
    /// Not used; NumPy has it.
    pub out: (),
    /// Whether the axes stay, with size 1.
    pub keepdims: bool,
    /// What the sum starts from.
    pub initial: Option<Array>,
    /// Which elements count.
    pub r#where: Option<Array>,
    /// Whether narrow whole numbers are added up as wider ones.
    #[keyword(default = "True")]
    pub promote_integers: bool,
}

impl Default for Sum {
    fn default() -> Sum {
        Sum {
            axis: None,
            dtype: None,
            out: (),
            keepdims: false,
            initial: None,
            r#where: None,
            promote_integers: true,
        }
    }
}

/// What extremes take besides the array.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let options = jnp::Extreme::new().initial(10);
/// assert_eq!(jnp::max(&Array::from([1, 2]), options)?, 10);
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Debug, Default, Keywords)]
pub struct Extreme {
    /// The axes that go; all, if none are given.
    pub axis: Option<Axes>,
    /// Not used; NumPy has it.
    pub out: (),
    /// Whether the axes stay, with size 1.
    pub keepdims: bool,
    /// A value that takes part beside the elements.
    pub initial: Option<Array>,
    /// Which elements count.
    pub r#where: Option<Array>,
}

/// What `all` and `any` take besides the array.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let options = jnp::Reduce::new().axis(1);
/// let x = Array::from([[true, false], [true, true]]);
/// assert_eq!(jnp::all(&x, options)?, Array::from([false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Debug, Default, Keywords)]
pub struct Reduce {
    /// The axes that go; all, if none are given.
    pub axis: Option<Axes>,
    /// Not used; NumPy has it.
    pub out: (),
    /// Whether the axes stay, with size 1.
    pub keepdims: bool,
    /// Which elements count.
    #[keyword(only)]
    pub r#where: Option<Array>,
}

/// What means take besides the array.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let options = jnp::Mean::new().r#where(Array::from([true, false, true]));
/// assert_eq!(jnp::mean(&Array::from([1.0, 100.0, 3.0]), options)?, 2.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Debug, Default, Keywords)]
pub struct Mean {
    /// The axes that go; all, if none are given.
    pub axis: Option<Axes>,
    /// The type of the result.
    pub dtype: Option<DType>,
    /// Not used; NumPy has it.
    pub out: (),
    /// Whether the axes stay, with size 1.
    pub keepdims: bool,
    /// Which elements count.
    pub r#where: Option<Array>,
}

/// What variances take besides the array.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, 3.0]);
/// assert_eq!(jnp::var(&x, jnp::Spread::new())?, 1.0);
/// assert_eq!(jnp::var(&x, jnp::Spread::new().ddof(1.0))?, 2.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Debug, Default, Keywords)]
pub struct Spread {
    /// The axes that go; all, if none are given.
    pub axis: Option<Axes>,
    /// The type of the result.
    pub dtype: Option<DType>,
    /// Not used; NumPy has it.
    pub out: (),
    /// How much less than their number the squares are divided by.
    #[keyword(default = "0")]
    pub ddof: f64,
    /// Whether the axes stay, with size 1.
    pub keepdims: bool,
    /// Which elements count.
    pub r#where: Option<Array>,
    /// The mean, if it is known already.
    pub mean: Option<Array>,
    /// Another name of `ddof`.
    pub correction: Option<f64>,
}

/// How a reduction goes about its axes.
struct Shape<'a> {
    function: &'static str,
    axis: Option<&'a Axes>,
    keepdims: bool,
}

impl Shape<'_> {
    fn axes(&self, x: &Array) -> Result<Vec<usize>> {
        axes_of(self.function, self.axis, x.rank())
    }

    /// The result of a reduction of `x` with the axes put back, if they are to stay.
    fn finish(&self, y: Array, x: &Array) -> Result<Array> {
        match self.keepdims {
            true => lax::expand_dims(&y, &self.axes(x)?),
            false => Ok(y),
        }
    }
}

/// `x` where `condition` holds, else `neutral`.
fn only_where(x: &Array, condition: Option<&Array>, neutral: &Array) -> Result<Array> {
    match condition {
        Some(condition) => select(&truth(condition)?, x, neutral),
        None => Ok(x.clone()),
    }
}

/// The type that sums of a type are computed in, and that of the result.
fn sum_type(x: &Array, options: &Sum) -> (DType, DType) {
    let dtype = match options.dtype {
        Some(dtype) => promote::canonical(dtype),
        None => {
            let dtype = x.dtype();
            let wide = promote::default_int();
            match dtype {
                DType::Bool => wide,
                _ if !options.promote_integers => dtype,
                dtype if dtype.is_integer() && dtype.bits() < wide.bits() => match dtype.kind() {
                    pullback_core::Kind::Unsigned if wide == DType::I64 => DType::U64,
                    pullback_core::Kind::Unsigned => DType::U32,
                    _ => wide,
                },
                dtype => dtype,
            }
        }
    };
    let computed = match dtype {
        DType::F16 | DType::BF16 => DType::F32,
        dtype => dtype,
    };
    (computed, dtype)
}

fn accumulate(
    function: &'static str,
    a: &Array,
    options: &Sum,
    neutral: f64,
    reduce: impl Fn(&Array, &[usize]) -> Result<Array>,
    combine: impl Fn(&Array, &Array) -> Result<Array>,
) -> Result<Array> {
    let shape = Shape { function, axis: options.axis.as_ref(), keepdims: options.keepdims };
    let (computed, dtype) = sum_type(a, options);
    let x = convert(a, computed, false)?;
    let x = only_where(&x, options.r#where.as_ref(), &number(neutral, &x))?;
    let mut y = reduce(&x, &shape.axes(&x)?)?;
    if let Some(initial) = &options.initial {
        let initial = promote::to_type(initial, computed, false)?;
        y = combine(&initial, &y)?;
    }
    shape.finish(convert(&y, dtype, false)?, &x)
}

fn convert(x: &Array, dtype: DType, weak: bool) -> Result<Array> {
    pullback_core::primitives::nary::convert_element_type::convert(x, dtype, weak)
}

/// The sum of the elements over axes.
///
/// Truth values are counted, and narrow whole numbers are added in the default width, unless a type
/// is given. Of no elements it is zero.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(jnp::sum(&x, jnp::Sum::new())?, 10.0);
/// assert_eq!(jnp::sum(&x, jnp::Sum::new().axis(1))?, Array::from([3.0, 7.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn sum(a: &Array, options: Sum) -> Result<Array> {
    accumulate("sum", a, &options, 0.0, lax::reduce_sum, add)
}

/// The product of the elements over axes.
///
/// The types are those of [`sum`]. Of no elements it is one.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::prod(&Array::from([2, 3, 4]), jnp::Sum::new())?, 24);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn prod(a: &Array, options: Sum) -> Result<Array> {
    accumulate("prod", a, &options, 1.0, lax::reduce_prod, multiply)
}

fn extreme(
    function: &'static str,
    a: &Array,
    options: &Extreme,
    at_end: usize,
    reduce: impl Fn(&Array, &[usize]) -> Result<Array>,
    combine: impl Fn(&Array, &Array) -> Result<Array>,
) -> Result<Array> {
    let shape = Shape { function, axis: options.axis.as_ref(), keepdims: options.keepdims };
    let axes = shape.axes(a)?;
    let mut x = convert(a, a.dtype(), false)?;
    if options.r#where.is_some() {
        let Some(initial) = &options.initial else {
            return Err(Error::value_error(
                function,
                "does not have an identity, so to use a where mask one has to specify 'initial'",
            ));
        };
        let neutral = promote::to_type(initial, x.dtype(), x.is_weak())?;
        x = only_where(&x, options.r#where.as_ref(), &neutral)?;
    }
    let sizes: Vec<usize> = axes.iter().map(|&axis| x.shape()[axis]).collect();
    let empty = product(&sizes) == 0;
    let y = match (&options.initial, empty) {
        (None, true) => {
            return Err(Error::value_error(
                function,
                format!("zero-size array to reduction operation {function} which has no identity"),
            ));
        }
        (Some(_), true) => {
            let kept: Vec<usize> = (0..x.rank())
                .filter(|axis| !axes.contains(axis))
                .map(|axis| x.shape()[axis])
                .collect();
            broadcast(&bounds(x.dtype())?[at_end], &kept)?
        }
        _ => reduce(&x, &axes)?,
    };
    let y = match &options.initial {
        Some(initial) => combine(&promote::to_type(initial, y.dtype(), y.is_weak())?, &y)?,
        None => y,
    };
    shape.finish(y, a)
}

/// The largest element over axes; NaN if any is.
///
/// Of no elements there is none, which is an error without an initial value.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 5], [4, 2]]);
/// assert_eq!(jnp::max(&x, jnp::Extreme::new())?, 5);
/// assert_eq!(jnp::max(&x, jnp::Extreme::new().axis(0))?, Array::from([4, 5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(name = "max", aliases("amax"))]
pub fn max(a: &Array, options: Extreme) -> Result<Array> {
    extreme("max", a, &options, 0, lax::reduce_max, maximum)
}

/// The smallest element over axes; NaN if any is.
///
/// Of no elements there is none, which is an error without an initial value.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 5], [4, 2]]);
/// assert_eq!(jnp::min(&x, jnp::Extreme::new())?, 1);
/// assert_eq!(jnp::min(&x, jnp::Extreme::new().axis(0))?, Array::from([1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(name = "min", aliases("amin"))]
pub fn min(a: &Array, options: Extreme) -> Result<Array> {
    extreme("min", a, &options, 1, lax::reduce_min, minimum)
}

/// Whether all elements over axes are true.
///
/// Numbers are true where they are not zero. Of no elements it holds.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 0], [1, 1]]);
/// assert_eq!(jnp::all(&x, jnp::Reduce::new().axis(0))?, Array::from([true, false]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn all(a: &Array, options: Reduce) -> Result<Array> {
    let shape = Shape { function: "all", axis: options.axis.as_ref(), keepdims: options.keepdims };
    let x = only_where(&truth(a)?, options.r#where.as_ref(), &Array::from(true))?;
    shape.finish(lax::reduce_and(&x, &shape.axes(&x)?)?, &x)
}

/// Whether any element over axes is true.
///
/// Numbers are true where they are not zero. Of no elements it does not hold.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[0, 0], [0, 1]]);
/// assert_eq!(jnp::any(&x, jnp::Reduce::new().axis(0))?, Array::from([false, true]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn any(a: &Array, options: Reduce) -> Result<Array> {
    let shape = Shape { function: "any", axis: options.axis.as_ref(), keepdims: options.keepdims };
    let x = only_where(&truth(a)?, options.r#where.as_ref(), &Array::from(false))?;
    shape.finish(lax::reduce_or(&x, &shape.axes(&x)?)?, &x)
}

/// The type that means of a type are computed in, and that of the result.
fn mean_type(x: &Array, dtype: Option<DType>) -> (DType, DType) {
    let dtype = match dtype {
        Some(dtype) => promote::canonical(dtype),
        None => promote::inexact_type((x.dtype(), false)).0,
    };
    match dtype {
        DType::F16 | DType::BF16 => (DType::F32, dtype),
        _ => (dtype, dtype),
    }
}

/// How many elements each result is made of: a number, or an array if a mask says which.
fn count_of(x: &Array, shape: &Shape, mask: Option<&Array>, dtype: DType) -> Result<Array> {
    match mask {
        None => {
            let sizes: Vec<usize> = shape.axes(x)?.iter().map(|&axis| x.shape()[axis]).collect();
            Ok(Array::constant(product(&sizes) as f64, dtype.real()))
        }
        Some(mask) => {
            let mask = broadcast(&truth(mask)?, x.shape())?;
            let ones = lax::convert_element_type(&mask, dtype.real())?;
            shape.finish(lax::reduce_sum(&ones, &shape.axes(x)?)?, x)
        }
    }
}

/// The mean of the elements over axes.
///
/// That of whole numbers is real; that of no elements is NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(jnp::mean(&x, jnp::Mean::new())?, 2.5);
/// assert_eq!(jnp::mean(&x, jnp::Mean::new().axis(0))?, Array::from([2.0, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn mean(a: &Array, options: Mean) -> Result<Array> {
    mean_of("mean", a, &options)
}

fn mean_of(function: &'static str, a: &Array, options: &Mean) -> Result<Array> {
    let shape = Shape { function, axis: options.axis.as_ref(), keepdims: options.keepdims };
    let (computed, dtype) = mean_type(a, options.dtype);
    let x = convert(a, computed, false)?;
    let count = count_of(&x, &shape, options.r#where.as_ref(), computed)?;
    let total = sum(
        &x,
        Sum {
            axis: options.axis.clone(),
            keepdims: options.keepdims,
            r#where: options.r#where.clone(),
            ..Sum::default()
        },
    )?;
    let mean = match computed.is_integer() {
        // A type of whole numbers was asked for.
        true => super::arithmetic::floor_divide(&total, &convert(&count, computed, false)?)?,
        false => lax_div(&total, &count)?,
    };
    convert(&mean, dtype, false)
}

/// A quotient whose divisor has the type of the real part.
fn lax_div(x: &Array, count: &Array) -> Result<Array> {
    let count = promote::to_type(count, x.dtype(), x.is_weak())?;
    super::common::pair("mean", x, &count).and_then(|[x, y]| lax::div(&x, &y))
}

/// The mean of the squared distances from the mean, over axes.
///
/// The sum of squares is divided by the number of elements less `ddof`.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, 3.0, 5.0, 7.0]);
/// assert_eq!(jnp::var(&x, jnp::Spread::new())?, 5.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn var(a: &Array, options: Spread) -> Result<Array> {
    var_of("var", a, &options)
}

fn var_of(function: &'static str, a: &Array, options: &Spread) -> Result<Array> {
    let shape = Shape { function, axis: options.axis.as_ref(), keepdims: options.keepdims };
    let (computed, dtype) = mean_type(a, options.dtype);
    let real = if options.dtype.is_some() { dtype } else { dtype.real() };
    if !dtype.is_inexact() {
        return Err(Error::value_error(
            function,
            format!("dtype argument must be inexact; got {dtype}"),
        ));
    }
    // Of complex numbers of which only the real variance is wanted, the complex one is taken.
    let computed = if a.dtype().is_complex() { computed.complex() } else { computed };
    let x = convert(a, computed, false)?;
    let mean = match &options.mean {
        Some(mean) => promote::to_type(mean, computed, false)?,
        None => mean_of(
            function,
            &x,
            &Mean {
                axis: options.axis.clone(),
                keepdims: true,
                r#where: options.r#where.clone(),
                ..Mean::default()
            },
        )?,
    };
    let centered = super::arithmetic::subtract(&x, &mean)?;
    let squares = match computed.is_complex() {
        true => lax::real(&lax::mul(&centered, &lax::conj(&centered)?)?)?,
        false => lax::square(&centered)?,
    };
    let count = count_of(&x, &shape, options.r#where.as_ref(), computed)?;
    let ddof = options.correction.unwrap_or(options.ddof);
    let count = match ddof {
        0.0 => count,
        ddof => lax::sub(&count, &number(ddof, &count))?,
    };
    let total = sum(
        &squares,
        Sum {
            axis: options.axis.clone(),
            keepdims: options.keepdims,
            r#where: options.r#where.clone(),
            ..Sum::default()
        },
    )?;
    let variance = lax_div(&total, &count)?;
    convert(&variance, real, false)
}

/// The square root of the variance, over axes.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::std(&Array::from([1.0, 5.0]), jnp::Spread::new())?, 2.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn std(a: &Array, options: Spread) -> Result<Array> {
    lax::sqrt(&var_of("std", a, &options)?)
}

fn axes_only(axis: Option<&Axes>, keepdims: bool) -> Extreme {
    Extreme { axis: axis.cloned(), keepdims, ..Extreme::default() }
}

/// The distance between the largest and the smallest element over axes.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::ptp(&Array::from([3, 9, 4]), None, (), false)?, 6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(keepdims = false))]
pub fn ptp(a: &Array, axis: Option<&Axes>, out: (), keepdims: bool) -> Result<Array> {
    let () = out;
    let (high, low) = (max(a, axes_only(axis, keepdims))?, min(a, axes_only(axis, keepdims))?);
    lax::sub(&high, &low)
}

/// How many elements are not zero, over axes.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::count_nonzero(&Array::from([0, 3, 4]), None, false)?, 2);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(keepdims = false))]
pub fn count_nonzero(a: &Array, axis: Option<&Axes>, keepdims: bool) -> Result<Array> {
    let ones = lax::convert_element_type(&truth(a)?, promote::default_int())?;
    sum(&ones, Sum { axis: axis.cloned(), keepdims, ..Sum::default() })
}

/// The mean of the elements, each as often as its weight says; with `returned` also the sum of
/// the weights.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// use pullback::api::Value;
/// let weights = Array::from([3.0, 1.0]);
/// let y = jnp::average(&Array::from([1.0, 5.0]), None, Some(&weights), false, false)?;
/// let Value::Array(y) = y else { panic!("it is the mean alone") };
/// assert_eq!(y, 2.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(returned = false, keepdims = false))]
pub fn average(
    a: &Array,
    axis: Option<&Axes>,
    weights: Option<&Array>,
    returned: bool,
    keepdims: bool,
) -> Result<Value> {
    let result = |mean: Array, total: Array| {
        if !returned {
            return Ok(Value::Array(mean));
        }
        let total = broadcast(&total, mean.shape())?;
        Ok(Value::Tuple(vec![mean, total]))
    };
    let a = inexact(a)?;
    let Some(weights) = weights else {
        let options = Mean { axis: axis.cloned(), keepdims, ..Mean::default() };
        let mean = mean(&a, options)?;
        let shape = Shape { function: "average", axis, keepdims };
        let count = count_of(&a, &shape, None, mean.dtype())?;
        let count = lax::convert_element_type(&count, mean.dtype())?;
        return result(mean, count);
    };
    let mut pair = promote::promote_types("average", &[&a, &inexact(weights)?])?;
    let (weights, a) = match (pair.pop(), pair.pop()) {
        (Some(weights), Some(a)) => (weights, a),
        _ => unreachable!("promotion keeps the number of operands"),
    };
    let axes = axes_of("average", axis, a.rank())?;
    let weights = if weights.shape() == a.shape() {
        weights
    } else if axis.is_none() {
        return Err(Error::value_error(
            "average",
            format!(
                "axis must be specified when the shapes of {} and of weights {} differ",
                a.aval(),
                weights.aval()
            ),
        ));
    } else {
        let fits = weights.rank() == axes.len()
            && axes.iter().zip(weights.shape()).all(|(&axis, &size)| a.shape()[axis] == size);
        if !fits {
            return Err(Error::value_error(
                "average",
                format!("weights {} do not fit {} along the axes given", weights.aval(), a.aval()),
            ));
        }
        let mut order: Vec<usize> = (0..axes.len()).collect();
        order.sort_by_key(|&i| axes[i]);
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        lax::broadcast_in_dim(&lax::transpose(&weights, &order)?, a.shape(), &sorted)?
    };
    let options = || Sum { axis: axis.cloned(), keepdims, ..Sum::default() };
    let total = sum(&weights, options())?;
    let mean = true_divide(&sum(&lax::mul(&a, &weights)?, options())?, &total)?;
    result(mean, total)
}

fn arg_extreme(
    function: &'static str,
    a: &Array,
    axis: Option<i64>,
    keepdims: bool,
    find: impl Fn(&Array, usize, DType) -> Result<Array>,
) -> Result<Array> {
    let rank = a.rank();
    let (x, axis) = match axis {
        Some(axis) => (a.clone(), axis_of(function, axis, rank)?),
        None => (lax::reshape(a, &[a.count()])?, 0),
    };
    if x.shape()[axis] == 0 {
        return Err(Error::value_error(
            function,
            format!("attempt to get {function} of an empty sequence"),
        ));
    }
    let y = find(&x, axis, promote::default_int())?;
    match keepdims {
        true if x.rank() != rank || rank == 1 => {
            lax::expand_dims(&y, &(0..rank).collect::<Vec<_>>())
        }
        true => lax::expand_dims(&y, &[axis]),
        false => Ok(y),
    }
}

/// The index of the largest element along an axis, or in the array as one row; the first of
/// several, and of a NaN if there is one.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 5], [4, 2]]);
/// assert_eq!(jnp::argmax(&x, None, (), None)?, 1);
/// assert_eq!(jnp::argmax(&x, Some(0), (), None)?, Array::from([1, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(keepdims = false))]
pub fn argmax(a: &Array, axis: Option<i64>, out: (), keepdims: Option<bool>) -> Result<Array> {
    let () = out;
    arg_extreme("argmax", a, axis, keepdims.unwrap_or(false), lax::argmax)
}

/// The index of the smallest element along an axis, or in the array as one row; the first of
/// several, and of a NaN if there is one.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 5], [4, 2]]);
/// assert_eq!(jnp::argmin(&x, None, (), None)?, 0);
/// assert_eq!(jnp::argmin(&x, Some(1), (), None)?, Array::from([0, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(keepdims = false))]
pub fn argmin(a: &Array, axis: Option<i64>, out: (), keepdims: Option<bool>) -> Result<Array> {
    let () = out;
    arg_extreme("argmin", a, axis, keepdims.unwrap_or(false), lax::argmin)
}

fn running(
    function: &'static str,
    a: &Array,
    axis: Option<i64>,
    dtype: Option<DType>,
    scan: impl Fn(&Array, usize, bool) -> Result<Array>,
) -> Result<Array> {
    let x = match axis {
        Some(_) => a.clone(),
        None => lax::reshape(a, &[a.count()])?,
    };
    let axis = axis_of(function, axis.unwrap_or(0), x.rank())?;
    let x = match (dtype, x.dtype()) {
        (None, DType::Bool) => lax::convert_element_type(&x, promote::default_int())?,
        (dtype, _) => as_type(&x, dtype)?,
    };
    scan(&x, axis, false)
}

/// The sums of the elements up to each along an axis, or along the array as one row.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(jnp::cumsum(&x, None, None, ())?, Array::from([1, 3, 6, 10]));
/// assert_eq!(jnp::cumsum(&x, Some(0), None, ())?, Array::from([[1, 2], [4, 6]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn cumsum(a: &Array, axis: Option<i64>, dtype: Option<DType>, out: ()) -> Result<Array> {
    let () = out;
    running("cumsum", a, axis, dtype, lax::cumsum)
}

/// The products of the elements up to each along an axis, or along the array as one row.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::cumprod(&Array::from([1, 2, 3]), None, None, ())?, Array::from([1, 2, 6]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn cumprod(a: &Array, axis: Option<i64>, dtype: Option<DType>, out: ()) -> Result<Array> {
    let () = out;
    running("cumprod", a, axis, dtype, lax::cumprod)
}

/// As [`running`], where the axis can lack only if there is one, narrow whole numbers become wide,
/// and the neutral element can come first.
fn cumulative(
    function: &'static str,
    x: &Array,
    axis: Option<i64>,
    dtype: Option<DType>,
    initial: Option<f64>,
    scan: impl Fn(&Array, usize, bool) -> Result<Array>,
) -> Result<Array> {
    if x.rank() == 0 || (x.rank() > 1 && axis.is_none()) {
        return Err(Error::value_error(
            function,
            format!("for {} an axis must be there, and be given if there are several", x.aval()),
        ));
    }
    let axis = axis_of(function, axis.unwrap_or(0), x.rank())?;
    let (computed, dtype) = sum_type(x, &Sum { dtype, ..Sum::default() });
    let y = scan(&lax::convert_element_type(x, computed)?, axis, false)?;
    let y = lax::convert_element_type(&y, dtype)?;
    let Some(initial) = initial else { return Ok(y) };
    let mut shape = x.shape().to_vec();
    shape[axis] = 1;
    lax::concatenate(&[&broadcast(&number(initial, &y), &shape)?, &y], axis)
}

/// The sums of the elements up to each along an axis; with `include_initial` a zero before them.
///
/// ```
/// use pullback::{Array, numpy as jnp};
///
/// let y = jnp::cumulative_sum(&Array::from([1, 2, 3]), None, None, true)?;
/// assert_eq!(y, Array::from([0, 1, 3, 6]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(include_initial = false), keyword_only(axis))]
pub fn cumulative_sum(
    x: &Array,
    axis: Option<i64>,
    dtype: Option<DType>,
    include_initial: bool,
) -> Result<Array> {
    let initial = include_initial.then_some(0.0);
    cumulative("cumulative_sum", x, axis, dtype, initial, lax::cumsum)
}

/// The products of the elements up to each along an axis; with `include_initial` a one before
/// them.
///
/// ```
/// use pullback::{Array, numpy as jnp};
///
/// let y = jnp::cumulative_prod(&Array::from([2, 3, 4]), None, None, true)?;
/// assert_eq!(y, Array::from([1, 2, 6, 24]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(include_initial = false), keyword_only(axis))]
pub fn cumulative_prod(
    x: &Array,
    axis: Option<i64>,
    dtype: Option<DType>,
    include_initial: bool,
) -> Result<Array> {
    let initial = include_initial.then_some(1.0);
    cumulative("cumulative_prod", x, axis, dtype, initial, lax::cumprod)
}

/// The least and the largest of the elements over axes.
///
/// ```
/// use pullback::{Array, numpy as jnp};
///
/// let (least, largest) = jnp::minmax(&Array::from([3, 1, 2]), Default::default())?;
/// assert_eq!((least, largest), (1.into(), 3.into()));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn minmax(a: &Array, options: Extreme) -> Result<(Array, Array)> {
    Ok((min(a, options.clone())?, max(a, options)?))
}

/// `x` with `value` where it is NaN.
fn without_nan(x: &Array, value: f64) -> Result<Array> {
    match x.dtype().is_inexact() {
        true => select(&not_equal_itself(x)?, &number(value, x), x),
        false => Ok(x.clone()),
    }
}

/// The sum of the elements over axes, without those that are NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, 3.0]);
/// assert_eq!(jnp::nansum(&x, jnp::Sum::new())?, 4.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn nansum(a: &Array, options: Sum) -> Result<Array> {
    accumulate("nansum", &without_nan(a, 0.0)?, &options, 0.0, lax::reduce_sum, add)
}

/// The product of the elements over axes, without those that are NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([2.0, f64::NAN, 3.0]);
/// assert_eq!(jnp::nanprod(&x, jnp::Sum::new())?, 6.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn nanprod(a: &Array, options: Sum) -> Result<Array> {
    accumulate("nanprod", &without_nan(a, 1.0)?, &options, 1.0, lax::reduce_prod, multiply)
}

fn nan_extreme(
    a: &Array,
    options: Extreme,
    worst: f64,
    f: impl Fn(&Array, Extreme) -> Result<Array>,
) -> Result<Array> {
    if !a.dtype().is_inexact() {
        return f(a, options);
    }
    let y = f(&without_nan(a, worst)?, options.clone())?;
    // Where there was nothing but NaN, the result is NaN.
    let nothing = Reduce {
        axis: options.axis,
        keepdims: options.keepdims,
        r#where: options.r#where,
        out: (),
    };
    let nothing = all(&not_equal_itself(a)?, nothing)?;
    match options.initial {
        Some(_) => Ok(y),
        None => select(&nothing, &number(f64::NAN, &y), &y),
    }
}

/// The largest element over axes, without those that are NaN.
///
/// NaN where there is no other element.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, 3.0]);
/// assert_eq!(jnp::nanmax(&x, jnp::Extreme::new())?, 3.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn nanmax(a: &Array, options: Extreme) -> Result<Array> {
    nan_extreme(a, options, f64::NEG_INFINITY, max)
}

/// The smallest element over axes, without those that are NaN.
///
/// NaN where there is no other element.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, 3.0]);
/// assert_eq!(jnp::nanmin(&x, jnp::Extreme::new())?, 1.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn nanmin(a: &Array, options: Extreme) -> Result<Array> {
    nan_extreme(a, options, f64::INFINITY, min)
}

/// Which elements count: those that are not NaN, and that the mask given has.
fn present(a: &Array, mask: Option<&Array>) -> Result<Array> {
    let present = lax::eq(a, a)?;
    match mask {
        Some(mask) => {
            let both = broadcast_all("where", &[present, truth(mask)?])?;
            lax::and(&both[0], &both[1])
        }
        None => Ok(present),
    }
}

/// The mean of the elements over axes, without those that are NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, 3.0]);
/// assert_eq!(jnp::nanmean(&x, jnp::Mean::new())?, 2.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn nanmean(a: &Array, mut options: Mean) -> Result<Array> {
    if !a.dtype().is_inexact() {
        return mean(a, options);
    }
    options.r#where = Some(present(a, options.r#where.as_ref())?);
    mean_of("nanmean", &without_nan(a, 0.0)?, &options)
}

/// The variance of the elements over axes, without those that are NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, 3.0]);
/// assert_eq!(jnp::nanvar(&x, jnp::Spread::new())?, 1.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn nanvar(a: &Array, mut options: Spread) -> Result<Array> {
    if !a.dtype().is_inexact() {
        return var(a, options);
    }
    options.r#where = Some(present(a, options.r#where.as_ref())?);
    let variance = var_of("nanvar", &without_nan(a, 0.0)?, &options)?;
    // With fewer elements than degrees of freedom there is no variance.
    let count = sum(
        &lax::convert_element_type(
            &broadcast(options.r#where.as_ref().unwrap_or(a), a.shape())?,
            variance.dtype(),
        )?,
        Sum { axis: options.axis.clone(), keepdims: options.keepdims, ..Sum::default() },
    )?;
    let ddof = options.correction.unwrap_or(options.ddof);
    let enough = lax::gt(&count, &number(ddof, &count))?;
    select(&enough, &variance, &number(f64::NAN, &variance))
}

/// The square root of the variance over axes, without elements that are NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, 5.0]);
/// assert_eq!(jnp::nanstd(&x, jnp::Spread::new())?, 2.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn nanstd(a: &Array, options: Spread) -> Result<Array> {
    lax::sqrt(&nanvar(a, options)?)
}

fn nan_arg(
    a: &Array,
    axis: Option<i64>,
    keepdims: bool,
    worst: f64,
    f: impl Fn(&Array, Option<i64>, (), Option<bool>) -> Result<Array>,
) -> Result<Array> {
    if !a.dtype().is_inexact() {
        return f(a, axis, (), Some(keepdims));
    }
    let y = f(&without_nan(a, worst)?, axis, (), Some(keepdims))?;
    let options = Reduce { axis: axis.map(Axes::from), keepdims, ..Reduce::default() };
    let nothing = all(&not_equal_itself(a)?, options)?;
    select(&nothing, &number(-1.0, &y), &y)
}

/// The index of the largest element that is not NaN; -1 if there is none.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, 3.0]);
/// assert_eq!(jnp::nanargmax(&x, None, (), None)?, 2);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(keepdims = false))]
pub fn nanargmax(a: &Array, axis: Option<i64>, out: (), keepdims: Option<bool>) -> Result<Array> {
    let () = out;
    nan_arg(a, axis, keepdims.unwrap_or(false), f64::NEG_INFINITY, argmax)
}

/// The index of the smallest element that is not NaN; -1 if there is none.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([f64::NAN, 2.0, 3.0]);
/// assert_eq!(jnp::nanargmin(&x, None, (), None)?, 1);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(keepdims = false))]
pub fn nanargmin(a: &Array, axis: Option<i64>, out: (), keepdims: Option<bool>) -> Result<Array> {
    let () = out;
    nan_arg(a, axis, keepdims.unwrap_or(false), f64::INFINITY, argmin)
}

/// The sums of the elements up to each along an axis, without those that are NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1.0, f64::NAN, 3.0]);
/// assert_eq!(jnp::nancumsum(&x, None, None, ())?, Array::from([1.0, 1.0, 4.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn nancumsum(a: &Array, axis: Option<i64>, dtype: Option<DType>, out: ()) -> Result<Array> {
    cumsum(&without_nan(a, 0.0)?, axis, dtype, out)
}

/// The products of the elements up to each along an axis, without those that are NaN.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([2.0, f64::NAN, 3.0]);
/// assert_eq!(jnp::nancumprod(&x, None, None, ())?, Array::from([2.0, 2.0, 6.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn nancumprod(a: &Array, axis: Option<i64>, dtype: Option<DType>, out: ()) -> Result<Array> {
    cumprod(&without_nan(a, 1.0)?, axis, dtype, out)
}

/// The sum of the diagonal of the planes of two axes.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::trace(&Array::from([[1, 2], [3, 4]]), 0, 0, 1, None, ())?, 5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(offset = 0, axis1 = 0, axis2 = 1))]
pub fn trace(
    a: &Array,
    offset: i64,
    axis1: i64,
    axis2: i64,
    dtype: Option<DType>,
    out: (),
) -> Result<Array> {
    let () = out;
    let diagonal = super::creation::diagonal(a, offset, axis1, axis2)?;
    sum(&diagonal, Sum { axis: Some(Axes(vec![-1])), dtype, ..Sum::default() })
}
