//! Making arrays: constants, ranges, diagonals and grids.

use pullback_core::array::integer_item;
use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Need, Result, Shape, promote};
use pullback_macros::api;

use super::arithmetic::{multiply, power};
use super::common::{
    as_type, axis_of, broadcast, filled, inexact, number, pair, rank_of, select, shape_of, size_of,
};
use super::dtypes::astype;
use super::manipulation::ravel;
use super::transcendental::log10;
use crate::api::{ApiFn, Sizes, Value};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &ARRAY_API,
    &ASARRAY_API,
    &ZEROS_API,
    &ONES_API,
    &FULL_API,
    &EMPTY_API,
    &ZEROS_LIKE_API,
    &ONES_LIKE_API,
    &FULL_LIKE_API,
    &EMPTY_LIKE_API,
    &ARANGE_API,
    &LINSPACE_WITH_API,
    &LOGSPACE_API,
    &GEOMSPACE_API,
    &EYE_API,
    &IDENTITY_API,
    &DIAG_API,
    &DIAGONAL_API,
    &DIAGFLAT_API,
    &TRI_API,
    &TRIL_API,
    &TRIU_API,
    &VANDER_API,
    &MESHGRID_API,
    &INDICES_API,
    &TRIL_INDICES_API,
    &TRIU_INDICES_API,
    &DIAG_INDICES_API,
    &TRIL_INDICES_FROM_API,
    &TRIU_INDICES_FROM_API,
    &DIAG_INDICES_FROM_API,
];

/// The object as an array of the type given, or of its own.
///
/// `ndmin` says how many axes it has at least; new ones of size 1 come first. Arrays never change,
/// so that `copy` makes no difference.
///
/// ```
/// # use pullback::{Array, DType, numpy as jnp};
/// let x = jnp::array(&Array::from([1, 2]), Some(DType::F32), None, None, 2)?;
/// assert_eq!(x, Array::from([[1.0, 2.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(copy = true, order = "K", ndmin = 0),
    keyword_only(copy),
    ignored(device, out_sharding)
)]
pub fn array(
    object: &Array,
    dtype: Option<DType>,
    copy: Option<bool>,
    order: Option<&str>,
    ndmin: i64,
) -> Result<Array> {
    let _ = (copy, order);
    promote::to_rank(&as_type(object, dtype)?, rank_of("array", ndmin)?)
}

/// The object as an array of the type given, or of its own.
///
/// ```
/// # use pullback::{Array, DType, numpy as jnp};
/// let x = jnp::asarray(&Array::from([1, 2]), Some(DType::F32), None, None)?;
/// assert_eq!(x, Array::from([1.0, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(copy), ignored(device, out_sharding))]
pub fn asarray(
    a: &Array,
    dtype: Option<DType>,
    order: Option<&str>,
    copy: Option<bool>,
) -> Result<Array> {
    let _ = (copy, order);
    as_type(a, dtype)
}

fn repeated(function: &str, value: f64, shape: &Sizes, dtype: Option<DType>) -> Result<Array> {
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_float));
    broadcast(&Array::constant(value, dtype), &shape_of(function, &shape.0)?)
}

/// Zeros.
///
/// The type is float32 if none is given, or float64 with 64-bit types enabled.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::zeros([2, 3], None)?, Array::from([[0.0; 3]; 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(device, out_sharding))]
pub fn zeros(shape: impl Into<Sizes>, dtype: Option<DType>) -> Result<Array> {
    repeated("zeros", 0.0, &shape.into(), dtype)
}

/// Ones.
///
/// The type is float32 if none is given, or float64 with 64-bit types enabled.
///
/// ```
/// # use pullback::{Array, DType, numpy as jnp};
/// assert_eq!(jnp::ones(3, Some(DType::I32))?, Array::from([1, 1, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(device, out_sharding))]
pub fn ones(shape: impl Into<Sizes>, dtype: Option<DType>) -> Result<Array> {
    repeated("ones", 1.0, &shape.into(), dtype)
}

/// An array to be filled; it holds zeros.
///
/// The type is float32 if none is given, or float64 with 64-bit types enabled.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::empty(2, None)?, Array::from([0.0, 0.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(device, out_sharding))]
pub fn empty(shape: impl Into<Sizes>, dtype: Option<DType>) -> Result<Array> {
    repeated("empty", 0.0, &shape.into(), dtype)
}

/// `fill_value` repeated to a shape.
///
/// The value may be an array, which is broadcast. The type is that of the value if none is given.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::full([2, 2], &Array::from([1, 2]), None)?, Array::from([[1, 2], [1, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(device, out_sharding))]
pub fn full(shape: impl Into<Sizes>, fill_value: &Array, dtype: Option<DType>) -> Result<Array> {
    let shape = shape.into();
    let shape = shape_of("full", &shape.0)?;
    let value = as_type(fill_value, dtype)?;
    repeat("full", &value, &shape)
}

fn of_type(x: &Array, dtype: DType) -> Result<Array> {
    promote::to_type(x, promote::canonical(dtype), false)
}

fn repeat(function: &str, value: &Array, shape: &[usize]) -> Result<Array> {
    let common = promote::broadcast_shapes(function, &[value.shape(), shape])?;
    if common.as_slice() != shape {
        return Err(Error::Broadcast {
            function: function.into(),
            lhs: value.shape().into(),
            rhs: shape.into(),
        });
    }
    broadcast(value, shape)
}

fn like(
    function: &str,
    a: &Array,
    value: &Array,
    dtype: Option<DType>,
    shape: Option<&Sizes>,
) -> Result<Array> {
    let shape = match shape {
        Some(shape) => shape_of(function, &shape.0)?,
        None => Shape::from_slice(a.shape()),
    };
    let value = match dtype {
        Some(dtype) => of_type(value, dtype)?,
        None => promote::to_type(value, a.dtype(), a.is_weak())?,
    };
    repeat(function, &value, &shape)
}

/// Zeros of the type and shape of `a`, or of those given.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::zeros_like(&Array::from([1, 2]), None, None)?, Array::from([0, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(device, out_sharding))]
pub fn zeros_like(a: &Array, dtype: Option<DType>, shape: Option<&Sizes>) -> Result<Array> {
    like("zeros_like", a, &Array::from(0), dtype, shape)
}

/// Ones of the type and shape of `a`, or of those given.
///
/// ```
/// # use pullback::{Array, DType, numpy as jnp};
/// let x = Array::from([1, 2]);
/// assert_eq!(jnp::ones_like(&x, Some(DType::F32), None)?, Array::from([1.0, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(device, out_sharding))]
pub fn ones_like(a: &Array, dtype: Option<DType>, shape: Option<&Sizes>) -> Result<Array> {
    like("ones_like", a, &Array::from(1), dtype, shape)
}

/// An array to be filled, of the type and shape of `a` or of those given; it holds zeros.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::empty_like(&Array::from([1, 2]), None, None)?, Array::from([0, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(rename(a = "prototype"), ignored(device))]
pub fn empty_like(a: &Array, dtype: Option<DType>, shape: Option<&Sizes>) -> Result<Array> {
    like("empty_like", a, &Array::from(0), dtype, shape)
}

/// `fill_value` repeated to the shape of `a`, with its type, or to the shape and type given.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 2]]);
/// assert_eq!(jnp::full_like(&x, &7.into(), None, None)?, Array::from([[7, 7]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(device, out_sharding))]
pub fn full_like(
    a: &Array,
    fill_value: &Array,
    dtype: Option<DType>,
    shape: Option<&Sizes>,
) -> Result<Array> {
    like("full_like", a, fill_value, dtype, shape)
}

/// Numbers from `start` up to and without `stop`, in steps; from zero, if only one is given.
///
/// The bounds are real scalars whose values are known. A step of zero is an error.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::arange(&3.into(), None, None, None)?, Array::from([0, 1, 2]));
/// let y = jnp::arange(&1.into(), Some(&2.into()), Some(&0.25.into()), None)?;
/// assert_eq!(y, Array::from([1.0, 1.25, 1.5, 1.75]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(device, out_sharding))]
pub fn arange(
    start: &Array,
    stop: Option<&Array>,
    step: Option<&Array>,
    dtype: Option<DType>,
) -> Result<Array> {
    let given: Vec<&Array> = [Some(start), stop, step].into_iter().flatten().collect();
    if let Some(x) = given.iter().find(|x| x.rank() != 0 || x.dtype().is_complex()) {
        return Err(Error::value_error(
            "arange",
            format!("start, stop and step must be real scalars, got {}", x.aval()),
        ));
    }
    let dtype = match dtype {
        Some(dtype) => promote::canonical(dtype),
        None => promote::result_type_of("arange", &given)?.0,
    };
    let (first, last) = match stop {
        Some(stop) => (Some(start), stop),
        None => (None, start),
    };
    let size = range_size(first, last, step)?;
    let counting = if dtype == DType::Bool { promote::default_int() } else { dtype };
    let mut y = lax::iota(counting, &[size], 0)?;
    if let Some(step) = step {
        y = lax::mul(&of_type(step, counting)?, &y)?;
    }
    if let Some(first) = first.filter(|first| !is_zero(first)) {
        y = lax::add(&of_type(first, counting)?, &y)?;
    }
    if dtype == DType::Bool {
        if size > 2 {
            return Err(Error::value_error("arange", "has at most two elements of type bool"));
        }
        y = astype(&y, Some(DType::Bool), false)?;
    }
    Ok(y)
}

fn is_zero(x: &Array) -> bool {
    x.to_f64().is_ok_and(|value| value == 0.0)
}

/// How many steps lead from one number to another.
fn range_size(start: Option<&Array>, stop: &Array, step: Option<&Array>) -> Result<usize> {
    let concrete = |x: Option<&Array>| x.map(|x| x.concrete(Need::Value, "a bound")).transpose();
    let (start, stop, step) =
        (concrete(start)?, stop.concrete(Need::Value, "a bound")?, concrete(step)?);
    let too_large = || Error::Overflow {
        function: "arange".into(),
        message: "there are too many numbers between the bounds".into(),
    };
    let no_step = || Error::ZeroDivision {
        function: "arange".into(),
        message: "step must not be zero".into(),
    };
    let whole = |x: &Option<pullback_core::Tensor>, default: i128| match x {
        Some(x) => integer_item(x),
        None => Some(default),
    };
    if let (Some(start), Some(stop), Some(step)) =
        (whole(&start, 0), integer_item(&stop), whole(&step, 1))
    {
        if step == 0 {
            return Err(no_step());
        }
        let distance = stop - start;
        let size = distance / step + (distance % step != 0) as i128;
        // Rounding up only counts towards the stop, not away from it.
        return match (distance > 0) == (step > 0) {
            true => usize::try_from(size).map_err(|_| too_large()),
            false => Ok(0),
        };
    }
    let real = |x: Option<pullback_core::Tensor>, default: f64| match x {
        Some(x) => Array::new(x).to_f64(),
        None => Ok(default),
    };
    let (start, stop, step) = (real(start, 0.0)?, real(Some(stop), 0.0)?, real(step, 1.0)?);
    if step == 0.0 {
        return Err(no_step());
    }
    let size = ((stop - start) / step).ceil();
    match size {
        size if size.is_nan() => Err(Error::value_error("arange", "the bounds must be finite")),
        size if size <= 0.0 => Ok(0),
        size if size < (1u64 << 48) as f64 => Ok(size as usize),
        _ => Err(too_large()),
    }
}

/// `num` numbers from `start` to `stop`, both included, at equal distances.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::linspace(0.0, 1.0, 5)?, Array::from([0.0, 0.25, 0.5, 0.75, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
pub fn linspace(start: impl Into<Array>, stop: impl Into<Array>, num: usize) -> Result<Array> {
    Ok(spaced("linspace", &start.into(), &stop.into(), num as i64, true, None, 0)?.0)
}

/// `num` numbers from `start` to `stop` at equal distances; with `retstep` also the distance.
///
/// Without `endpoint` the last number comes one distance before `stop`. Bounds that are arrays are
/// broadcast, and the numbers run along `axis` of the result.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// use pullback::api::Value;
/// let y = jnp::linspace_with(&0.into(), &2.into(), 4, false, false, None, 0)?;
/// let Value::Array(y) = y else { panic!("retstep was not given") };
/// assert_eq!(y, Array::from([0.0, 0.5, 1.0, 1.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    name = "linspace",
    defaults(num = 50, endpoint = true, retstep = false, axis = 0),
    ignored(device)
)]
pub fn linspace_with(
    start: &Array,
    stop: &Array,
    num: i64,
    endpoint: bool,
    retstep: bool,
    dtype: Option<DType>,
    axis: i64,
) -> Result<Value> {
    let (y, step) = spaced("linspace", start, stop, num, endpoint, dtype, axis)?;
    Ok(if retstep { Value::Tuple(vec![y, step]) } else { Value::Array(y) })
}

fn spaced(
    function: &str,
    start: &Array,
    stop: &Array,
    num: i64,
    endpoint: bool,
    dtype: Option<DType>,
    axis: i64,
) -> Result<(Array, Array)> {
    let num = size_of(function, num)?;
    let (result, _) = promote::result_type_of(function, &[start, stop])?;
    let dtype = match dtype {
        Some(dtype) => promote::canonical(dtype),
        None => promote::inexact_type((result, false)).0,
    };
    // Whole numbers are spaced as real ones, and rounded down at the end.
    let computed =
        promote::inexact_type(promote::result_type(function, &[(result, false), (dtype, false)])?)
            .0;
    let (start, stop) = (of_type(start, computed)?, of_type(stop, computed)?);
    let shape = promote::broadcast_shapes(function, &[start.shape(), stop.shape()])?;
    let (start, stop) = (broadcast(&start, &shape)?, broadcast(&stop, &shape)?);
    let axis = axis_of(function, axis, shape.len() + 1)?;

    let gaps = if endpoint { num.saturating_sub(1) } else { num };
    let distance = lax::sub(&stop, &start)?;
    let step = match gaps {
        0 if endpoint && num == 1 => filled(f64::NAN, &distance)?,
        0 => filled(f64::NAN, &distance)?,
        gaps => lax::div(&distance, &number(gaps as f64, &start))?,
    };
    let row: Shape = std::iter::once(1).chain(shape.iter().copied()).collect();
    let y = if num == 0 {
        let empty: Shape = std::iter::once(0).chain(shape.iter().copied()).collect();
        broadcast(&number(0.0, &start), &empty)?
    } else if gaps == 0 || num == 1 {
        lax::reshape(&start, &row)?
    } else {
        let count = lax::iota(computed, &[gaps], 0)?;
        let mut column = Shape::from_elem(1, row.len());
        column[0] = gaps;
        let count = lax::reshape(&count, &column)?;
        let divisor = number(gaps as f64, &start);
        let (start, stop_row) = (lax::reshape(&start, &row)?, lax::reshape(&stop, &row)?);
        let rest = lax::sub(&number(1.0, &start), &lax::div(&count, &divisor)?)?;
        let from_stop = lax::mul(&lax::div(&stop_row, &divisor)?, &count)?;
        let y = lax::add(&lax::mul(&start, &rest)?, &from_stop)?;
        match endpoint {
            true => lax::concatenate(&[&y, &lax::reshape(&stop, &row)?], 0)?,
            false => y,
        }
    };
    let y = lax::move_axis(&y, 0, axis)?;
    let y = match dtype.is_integer() && !computed.is_integer() {
        true => lax::floor(&y)?,
        false => y,
    };
    Ok((of_type(&y, dtype)?, step))
}

/// `num` powers of `base`, whose exponents go from `start` to `stop` at equal distances.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::logspace(&0.into(), &3.into(), 4, true, &2.into(), None, 0)?;
/// assert_eq!(y, Array::from([1.0, 2.0, 4.0, 8.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(num = 50, endpoint = true, base = 10.0, axis = 0))]
pub fn logspace(
    start: &Array,
    stop: &Array,
    num: i64,
    endpoint: bool,
    base: &Array,
    dtype: Option<DType>,
    axis: i64,
) -> Result<Array> {
    let (exponents, _) = spaced("logspace", start, stop, num, endpoint, None, axis)?;
    as_type(&power(base, &exponents)?, dtype)
}

/// `num` numbers from `start` to `stop`, each the same multiple of the one before it.
///
/// ```
/// # use pullback::numpy as jnp;
/// let y = jnp::geomspace(&1.into(), &1000.into(), 4, true, None, 0)?.to_vec::<f32>()?;
/// assert!(y.iter().zip([1.0, 10.0, 100.0, 1000.0]).all(|(y, e)| (y / e - 1.0).abs() < 1e-5));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(num = 50, endpoint = true, axis = 0))]
pub fn geomspace(
    start: &Array,
    stop: &Array,
    num: i64,
    endpoint: bool,
    dtype: Option<DType>,
    axis: i64,
) -> Result<Array> {
    let [start, stop] = pair("geomspace", &inexact(start)?, &inexact(stop)?)?;
    // The direction is taken out, so that negative and complex bounds have logarithms.
    let direction = lax::sign(&start)?;
    let (low, high) = (lax::div(&start, &direction)?, lax::div(&stop, &direction)?);
    let (exponents, _) =
        spaced("geomspace", &log10(&low)?, &log10(&high)?, num, endpoint, None, axis)?;
    let y = power(&Array::constant(10.0, exponents.dtype()), &exponents)?;
    let axis = axis_of("geomspace", axis, y.rank())?;
    let direction = match direction.rank() {
        0 => direction,
        _ => lax::expand_dims(&direction, &[axis])?,
    };
    as_type(&multiply(&direction, &y)?, dtype)
}

/// Ones on a diagonal, zeros elsewhere.
///
/// `n` rows and `m` columns, or as many; `k` counts diagonals upwards from the main one.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::eye(2, Some(3), 1, None)?, Array::from([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(k = 0), rename(n = "N", m = "M"), ignored(device))]
pub fn eye(n: i64, m: Option<i64>, k: i64, dtype: Option<DType>) -> Result<Array> {
    let (n, m) = (size_of("eye", n)?, size_of("eye", m.unwrap_or(n))?);
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_float));
    lax::convert_element_type(&on_diagonal(&[n, m], k)?, dtype)
}

/// The identity matrix.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::identity(2, None)?, Array::from([[1.0, 0.0], [0.0, 1.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn identity(n: i64, dtype: Option<DType>) -> Result<Array> {
    eye(n, None, 0, dtype)
}

fn row_and_column(shape: &[usize], k: i64) -> Result<(Array, Array)> {
    let rank = shape.len();
    let rows = lax::iota(DType::I32, shape, rank - 2)?;
    let columns = lax::iota(DType::I32, shape, rank - 1)?;
    Ok((lax::add(&rows, &number(k as f64, &rows))?, columns))
}

/// Whether each place of a matrix lies on its diagonal `k`.
pub(crate) fn on_diagonal(shape: &[usize], k: i64) -> Result<Array> {
    let (rows, columns) = row_and_column(shape, k)?;
    lax::eq(&rows, &columns)
}

/// Whether each place of a matrix lies on its diagonal `k` or below.
fn below_diagonal(shape: &[usize], k: i64) -> Result<Array> {
    let (rows, columns) = row_and_column(shape, k)?;
    lax::ge(&rows, &columns)
}

/// Of a vector the matrix with it on a diagonal; of a matrix its diagonal.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::diag(&Array::from([1, 2]), 0)?, Array::from([[1, 0], [0, 2]]));
/// assert_eq!(jnp::diag(&Array::from([[1, 2], [3, 4]]), 1)?, Array::from([2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(k = 0))]
pub fn diag(v: &Array, k: i64) -> Result<Array> {
    match *v.shape() {
        [_] => {
            // The element of column j is that of the vector at j - k.
            let padding = (k.max(0), (-k).max(0), 0);
            let padded = lax::pad(v, &number(0.0, v), &[padding])?;
            let size = padded.shape()[0];
            let square = lax::broadcast_in_dim(&padded, &[size, size], &[1])?;
            select(&on_diagonal(&[size, size], k)?, &square, &number(0.0, v))
        }
        [_, _] => diagonal(v, k, 0, 1),
        _ => Err(Error::value_error("diag", format!("input must be 1d or 2d, got {}", v.aval()))),
    }
}

/// The diagonal of the planes of two axes, as a last axis.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(jnp::diagonal(&x, 0, 0, 1)?, Array::from([1, 4]));
/// assert_eq!(jnp::diagonal(&x, -1, 0, 1)?, Array::from([3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(offset = 0, axis1 = 0, axis2 = 1))]
pub fn diagonal(a: &Array, offset: i64, axis1: i64, axis2: i64) -> Result<Array> {
    if a.rank() < 2 {
        return Err(Error::value_error(
            "diagonal",
            format!("requires an array of at least two dimensions, got {}", a.aval()),
        ));
    }
    let (i, j) = (axis_of("diagonal", axis1, a.rank())?, axis_of("diagonal", axis2, a.rank())?);
    if i == j {
        return Err(Error::type_error(
            "diagonal",
            format!("axis1 and axis2 are both {i}, for {}", a.aval()),
        ));
    }
    let order: Vec<usize> =
        (0..a.rank()).filter(|&axis| axis != i && axis != j).chain([i, j]).collect();
    let a = lax::transpose(a, &order)?;
    let (front, plane) = a.shape().split_at(a.rank() - 2);
    let (rows, columns) = (plane[0], plane[1]);
    let skip = |size: usize, by: i64| size.saturating_sub(by.max(0).unsigned_abs() as usize);
    let length = skip(rows, offset.saturating_neg()).min(skip(columns, offset));
    // In row-major order the elements of a diagonal lie one row and one column apart.
    let front = Shape::from_slice(front);
    let with_last = |last: usize| -> Shape { front.iter().copied().chain([last]).collect() };
    if length == 0 {
        return broadcast(&number(0.0, &a), &with_last(0));
    }
    let flat = lax::reshape(&a, &with_last(rows * columns))?;
    let start = if offset >= 0 { offset as usize } else { -offset as usize * columns };
    let mut low = Shape::from_elem(0, flat.rank());
    low[flat.rank() - 1] = start;
    let high = with_last(start + (length - 1) * (columns + 1) + 1);
    let mut step = Shape::from_elem(1, flat.rank());
    step[flat.rank() - 1] = columns + 1;
    lax::slice(&flat, &low, &high, Some(&step))
}

/// The matrix with the elements of an array on a diagonal.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::diagflat(&Array::from([[1, 2]]), 0)?, Array::from([[1, 0], [0, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(k = 0))]
pub fn diagflat(v: &Array, k: i64) -> Result<Array> {
    diag(&ravel(v, "C")?, k)
}

/// Ones on a diagonal and below it, zeros elsewhere.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::tri(2, Some(3), 0, None)?, Array::from([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(k = 0), rename(n = "N", m = "M"))]
pub fn tri(n: i64, m: Option<i64>, k: i64, dtype: Option<DType>) -> Result<Array> {
    let shape = shape_of("tri", &[n, m.unwrap_or(n)])?;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_float));
    lax::convert_element_type(&below_diagonal(&shape, k)?, dtype)
}

fn at_least_matrix(function: &str, m: &Array) -> Result<()> {
    if m.rank() < 2 {
        return Err(Error::value_error(
            function,
            format!("argument must have at least two dimensions, got {}", m.aval()),
        ));
    }
    Ok(())
}

/// The matrices with zeros above a diagonal.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::tril(&Array::from([[1, 2], [3, 4]]), 0)?, Array::from([[1, 0], [3, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(k = 0))]
pub fn tril(m: &Array, k: i64) -> Result<Array> {
    at_least_matrix("tril", m)?;
    let mask = below_diagonal(&m.shape()[m.rank() - 2..], k)?;
    select(&mask, m, &number(0.0, m))
}

/// The matrices with zeros below a diagonal.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// assert_eq!(jnp::triu(&Array::from([[1, 2], [3, 4]]), 0)?, Array::from([[1, 2], [0, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(k = 0))]
pub fn triu(m: &Array, k: i64) -> Result<Array> {
    at_least_matrix("triu", m)?;
    let mask = below_diagonal(&m.shape()[m.rank() - 2..], k - 1)?;
    select(&mask, &number(0.0, m), m)
}

/// The matrix of powers of the elements of a vector, falling from left to right.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([2, 3]);
/// assert_eq!(jnp::vander(&x, Some(3), false)?, Array::from([[4, 2, 1], [9, 3, 1]]));
/// assert_eq!(jnp::vander(&x, Some(3), true)?, Array::from([[1, 2, 4], [1, 3, 9]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(increasing = false), rename(n = "N"))]
pub fn vander(x: &Array, n: Option<i64>, increasing: bool) -> Result<Array> {
    let [size] = *x.shape() else {
        return Err(Error::value_error(
            "vander",
            format!("x must be one-dimensional, got {}", x.aval()),
        ));
    };
    let n = size_of("vander", n.unwrap_or(size as i64))?;
    let dtype = if x.dtype() == DType::Bool { promote::default_int() } else { x.dtype() };
    let x = lax::convert_element_type(x, dtype)?;
    let mut exponents = lax::iota(dtype.real(), &[n], 0)?;
    if !increasing {
        exponents = lax::sub(&number(n as f64 - 1.0, &exponents), &exponents)?;
    }
    power(&lax::expand_dims(&x, &[1])?, &lax::expand_dims(&exponents, &[0])?)
}

/// The coordinates of the points of a grid, from those along its axes.
///
/// With the `indexing` "xy" the first array runs along the second axis and the second along the
/// first; with "ij" each along its own.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let grid = jnp::meshgrid(&[Array::from([1, 2]), Array::from([3, 4])], true, false, "xy")?;
/// assert_eq!(grid[0], Array::from([[1, 2], [1, 2]]));
/// assert_eq!(grid[1], Array::from([[3, 3], [4, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(variadic(xi), defaults(copy = true, sparse = false, indexing = "xy"), keyword_only(copy))]
pub fn meshgrid(xi: &[Array], copy: bool, sparse: bool, indexing: &str) -> Result<Vec<Array>> {
    let _ = copy;
    if indexing != "xy" && indexing != "ij" {
        return Err(Error::value_error(
            "meshgrid",
            format!("valid values for indexing are 'xy' and 'ij', got {indexing}"),
        ));
    }
    if let Some(x) = xi.iter().find(|x| x.rank() > 1) {
        return Err(Error::value_error(
            "meshgrid",
            format!("arguments must be 1d or scalars, got {}", x.aval()),
        ));
    }
    let sizes: Vec<usize> = xi.iter().map(Array::count).collect();
    let place = |axis: usize| match axis {
        0 | 1 if indexing == "xy" && xi.len() >= 2 => 1 - axis,
        axis => axis,
    };
    let mut shape = Shape::from_elem(1, xi.len());
    for (axis, &size) in sizes.iter().enumerate() {
        shape[place(axis)] = size;
    }
    xi.iter()
        .enumerate()
        .map(|(axis, x)| {
            let x = promote::to_rank(x, 1)?;
            let mut own = Shape::from_elem(1, xi.len());
            own[place(axis)] = sizes[axis];
            let shape = if sparse { &own } else { &shape };
            lax::broadcast_in_dim(&x, shape, &[place(axis)])
        })
        .collect()
}

/// The indices of the places of an array of the given shape, one array an axis.
///
/// With `sparse` each array has size 1 along all axes but its own.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// use pullback::api::Value;
/// let Value::Array(x) = jnp::indices([2, 2], None, false)? else { panic!("it is not sparse") };
/// assert_eq!(x.shape(), [2, 2, 2]);
/// assert_eq!(x.to_vec::<i32>()?, [0, 0, 1, 1, 0, 1, 0, 1]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(sparse = false))]
pub fn indices(dimensions: impl Into<Sizes>, dtype: Option<DType>, sparse: bool) -> Result<Value> {
    let dimensions = dimensions.into();
    let shape = shape_of("indices", &dimensions.0)?;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_int));
    let axis = |axis: usize| {
        let count = lax::iota(dtype, &[shape[axis]], 0)?;
        let mut own = Shape::from_elem(1, shape.len());
        own[axis] = shape[axis];
        lax::broadcast_in_dim(&count, if sparse { &own } else { &shape }, &[axis])
    };
    let axes = (0..shape.len()).map(axis).collect::<Result<Vec<_>>>()?;
    if sparse {
        return Ok(Value::Tuple(axes));
    }
    if axes.is_empty() {
        return Ok(Value::Array(broadcast(&Array::constant(0.0, dtype), &[0])?));
    }
    Ok(Value::Array(super::joining::stack(&axes, 0, (), None)?))
}

fn triangle(
    function: &str,
    n: i64,
    m: Option<i64>,
    keep: impl Fn(i64, i64) -> bool,
) -> Result<(Array, Array)> {
    let (n, m) = (size_of(function, n)?, size_of(function, m.unwrap_or(n))?);
    let elements = n as u128 * m as u128;
    if elements * 4 > u128::from(pullback_core::engine::memory::installed()) {
        return Err(Error::TooLarge { function: function.into(), elements, dtype: DType::I32 });
    }
    let places = (0..n as i64).flat_map(|i| (0..m as i64).map(move |j| (i, j)));
    let (rows, columns): (Vec<i32>, Vec<i32>) =
        places.filter(|&(i, j)| keep(i, j)).map(|(i, j)| (i as i32, j as i32)).unzip();
    let index = |values: &[i32]| {
        let x = Array::from_slice(values, &[values.len()])?;
        lax::convert_element_type(&x, promote::default_int())
    };
    Ok((index(&rows)?, index(&columns)?))
}

/// The rows and columns of the places on a diagonal of a matrix, and below it.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (rows, columns) = jnp::tril_indices(2, 0, None)?;
/// assert_eq!(rows, Array::from([0, 1, 1]));
/// assert_eq!(columns, Array::from([0, 0, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(k = 0))]
pub fn tril_indices(n: i64, k: i64, m: Option<i64>) -> Result<(Array, Array)> {
    triangle("tril_indices", n, m, |i, j| j - i <= k)
}

/// The rows and columns of the places on a diagonal of a matrix, and above it.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (rows, columns) = jnp::triu_indices(2, 0, None)?;
/// assert_eq!(rows, Array::from([0, 0, 1]));
/// assert_eq!(columns, Array::from([0, 1, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(k = 0))]
pub fn triu_indices(n: i64, k: i64, m: Option<i64>) -> Result<(Array, Array)> {
    triangle("triu_indices", n, m, |i, j| j - i >= k)
}

/// The indices of the diagonal of an array of `ndim` axes of size `n`.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// use pullback::api::Value;
/// let Value::Tuple(places) = jnp::diag_indices(3, 2)? else { panic!("it is a tuple") };
/// assert_eq!(places, [Array::from([0, 1, 2]), Array::from([0, 1, 2])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(ndim = 2))]
pub fn diag_indices(n: i64, ndim: i64) -> Result<Value> {
    let index = lax::iota(promote::default_int(), &[size_of("diag_indices", n)?], 0)?;
    Ok(Value::Tuple(vec![index; rank_of("diag_indices", ndim)?]))
}

fn matrix_sizes(function: &str, arr: &Array) -> Result<(i64, i64)> {
    match arr.shape() {
        &[n, m] => Ok((n as i64, m as i64)),
        _ => Err(Error::value_error(function, "Only 2-D inputs are accepted")),
    }
}

/// [`tril_indices`] for matrices of the size of `arr`.
///
/// ```
/// use pullback::{Array, numpy as jnp};
///
/// let (rows, columns) = jnp::tril_indices_from(&Array::from([[1, 2], [3, 4]]), 0)?;
/// assert_eq!(rows, Array::from([0, 1, 1]));
/// assert_eq!(columns, Array::from([0, 0, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(k = 0))]
pub fn tril_indices_from(arr: &Array, k: i64) -> Result<(Array, Array)> {
    let (n, m) = matrix_sizes("tril_indices_from", arr)?;
    tril_indices(n, k, Some(m))
}

/// [`triu_indices`] for matrices of the size of `arr`.
///
/// ```
/// use pullback::{Array, numpy as jnp};
///
/// let (rows, columns) = jnp::triu_indices_from(&Array::from([[1, 2], [3, 4]]), 0)?;
/// assert_eq!(rows, Array::from([0, 0, 1]));
/// assert_eq!(columns, Array::from([0, 1, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(k = 0))]
pub fn triu_indices_from(arr: &Array, k: i64) -> Result<(Array, Array)> {
    let (n, m) = matrix_sizes("triu_indices_from", arr)?;
    triu_indices(n, k, Some(m))
}

/// [`diag_indices`] for arrays of the sizes of `arr`, which are all the same.
///
/// ```
/// use pullback::{Array, numpy as jnp};
/// use pullback::api::Value;
///
/// let x = Array::from([[1, 2], [3, 4]]);
/// let Value::Tuple(places) = jnp::diag_indices_from(&x)? else { panic!("it is a tuple") };
/// assert_eq!(places, [Array::from([0, 1]), Array::from([0, 1])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn diag_indices_from(arr: &Array) -> Result<Value> {
    let bad = |message| Err(Error::value_error("diag_indices_from", message));
    let Some((&first, rest)) = arr.shape().split_first().filter(|(_, rest)| !rest.is_empty())
    else {
        return bad("input array must be at least 2-d");
    };
    if rest.iter().any(|&size| size != first) {
        return bad("All dimensions of input must be of equal length");
    }
    diag_indices(first as i64, arr.rank() as i64)
}
