//! Polynomials, as the row of their coefficients with that of the highest power first.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::api;

use super::arithmetic::{add, multiply, true_divide};
use super::common::{as_type, broadcast, inexact, number, size_of};
use super::convolution::convolve;
use super::floats::epsilon;
use super::indexing::{Access, Index, Update, update};
use super::manipulation::{part, ravel};
use super::reductions::{self, Sum};
use super::taking::trim_zeros;
use crate::api::{ApiFn, Arg, FromArg, Kind, Value};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &POLYVAL_API,
    &POLYADD_API,
    &POLYSUB_API,
    &POLYMUL_API,
    &POLYDIV_API,
    &POLYDER_API,
    &POLYINT_API,
    &POLYFIT_API,
];

fn inexact_both(function: &str, x: &Array, y: &Array) -> Result<[Array; 2]> {
    let types = promote::result_type_of(function, &[x, y])?;
    let (dtype, weak) = promote::inexact_type(types);
    Ok([promote::to_type(x, dtype, weak)?, promote::to_type(y, dtype, weak)?])
}

/// The value of a polynomial at each element of `x`; further axes of `p` hold further polynomials.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::polynomials::polyval;
///
/// # fn main() -> pullback::Result<()> {
/// let p = Array::from_slice(&[1.0f32, 0.0, -2.0], &[3])?;
/// assert_eq!(polyval(&p, &Array::from(3.0))?.to_f64()?, 7.0);
/// # Ok(())
/// # }
/// ```
#[api(ignored(unroll))]
pub fn polyval(p: &Array, x: &Array) -> Result<Array> {
    if p.rank() == 0 {
        return Err(Error::type_error("polyval", "the coefficients must have an axis"));
    }
    let both = promote::promote_types("polyval", &[p, x])?;
    let (p, x) = (&both[0], &both[1]);
    let shape = promote::broadcast_shapes("polyval", &[&p.shape()[1..], x.shape()])?;
    let mut y = broadcast(&number(0.0, p), &shape)?;
    for at in 0..p.shape()[0] {
        let coefficient = lax::squeeze(&part(p, 0, at, at + 1)?, &[0])?;
        y = match at {
            0 => broadcast(&coefficient, &shape)?,
            _ => add(&multiply(&y, x)?, &coefficient)?,
        };
    }
    Ok(y)
}

/// The row with zeros in front, up to a length.
fn lengthened(x: &Array, length: usize) -> Result<Array> {
    lax::pad(x, &number(0.0, x), &[(length as i64 - x.shape()[0] as i64, 0, 0)])
}

fn check_rows(function: &str, rows: &[&Array]) -> Result<()> {
    match rows.iter().find(|x| x.rank() != 1) {
        Some(x) => Err(Error::value_error(
            function,
            format!("coefficients must be one-dimensional, got {}", x.aval()),
        )),
        None => Ok(()),
    }
}

/// The sum of two polynomials.
///
/// Coefficients begin with that of the highest power, here and in the other functions of
/// polynomials.
///
/// ```
/// # use pullback::{Array, numpy::polynomials as poly};
/// let sum = poly::polyadd(&Array::from([1, 2, 3]), &Array::from([4, 5]))?;
/// assert_eq!(sum, Array::from([1, 6, 8]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn polyadd(a1: &Array, a2: &Array) -> Result<Array> {
    check_rows("polyadd", &[a1, a2])?;
    let both = promote::promote_types("polyadd", &[a1, a2])?;
    let length = both[0].count().max(both[1].count());
    lax::add(&lengthened(&both[0], length)?, &lengthened(&both[1], length)?)
}

/// The difference of two polynomials.
///
/// ```
/// # use pullback::{Array, numpy::polynomials as poly};
/// let difference = poly::polysub(&Array::from([1, 2, 3]), &Array::from([4, 5]))?;
/// assert_eq!(difference, Array::from([1, -2, -2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn polysub(a1: &Array, a2: &Array) -> Result<Array> {
    let both = promote::promote_types("polysub", &[a1, a2])?;
    polyadd(&both[0], &lax::neg(&both[1])?)
}

/// The product of two polynomials.
///
/// With `trim_leading_zeros` zeros at the front of both are left out first, which needs concrete
/// arrays.
///
/// ```
/// # use pullback::{Array, numpy::polynomials as poly};
/// // (x + 1) (x - 1) = x² - 1
/// let product = poly::polymul(&Array::from([1.0, 1.0]), &Array::from([1.0, -1.0]), false)?;
/// assert_eq!(product, Array::from([1.0, 0.0, -1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(trim_leading_zeros = false), keyword_only(trim_leading_zeros))]
pub fn polymul(a1: &Array, a2: &Array, trim_leading_zeros: bool) -> Result<Array> {
    let [mut x, mut y] = inexact_both("polymul", a1, a2)?;
    check_rows("polymul", &[&x, &y])?;
    if trim_leading_zeros && (x.count() > 1 || y.count() > 1) {
        (x, y) = (trim_zeros(&x, "f", None)?, trim_zeros(&y, "f", None)?);
    }
    let or_zero = |x: Array| match x.count() {
        0 => broadcast(&number(0.0, &x), &[1]),
        _ => Ok(x),
    };
    convolve(&or_zero(x)?, &or_zero(y)?, "full", None)
}

/// The quotient of two polynomials, and the remainder.
///
/// ```
/// # use pullback::{Array, numpy::polynomials as poly};
/// // x² + 1 = (x - 1) (x + 1) + 2
/// let (u, v) = (Array::from([1.0, 0.0, 1.0]), Array::from([1.0, 1.0]));
/// let (quotient, rest) = poly::polydiv(&u, &v, true)?;
/// assert_eq!(quotient, Array::from([1.0, -1.0]));
/// assert_eq!(rest, Array::from([2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(trim_leading_zeros = false), keyword_only(trim_leading_zeros))]
pub fn polydiv(u: &Array, v: &Array, trim_leading_zeros: bool) -> Result<(Array, Array)> {
    let [mut rest, v] = inexact_both("polydiv", u, v)?;
    check_rows("polydiv", &[&rest, &v])?;
    let first = |x: &Array, at: usize| lax::squeeze(&part(x, 0, at, at + 1)?, &[0]);
    let scale = lax::div(&number(1.0, &v), &first(&v, 0)?)?;
    let (size, divisor) = (rest.count(), v.count());
    let mut quotient = vec![];
    for at in 0..(size + 1).saturating_sub(divisor) {
        let factor = lax::mul(&scale, &first(&rest, at)?)?;
        quotient.push(lax::reshape(&factor, &[1])?);
        let take = lax::mul(&lax::neg(&factor)?, &v)?;
        let index = Index::from(at as i64..(at + divisor) as i64);
        rest = update(&rest, &[index], Update::Add, &take, &Access::default())?;
    }
    let quotient = match quotient.is_empty() {
        true => broadcast(&Array::constant(0.0, rest.dtype()), &[1])?,
        false => lax::concatenate(&quotient.iter().collect::<Vec<_>>(), 0)?,
    };
    if trim_leading_zeros {
        // What is left of a division that goes through is not exactly zero.
        let small = number(epsilon(rest.dtype()).sqrt(), &lax::abs(&rest)?);
        let large = lax::gt(&lax::abs(&rest)?, &small)?;
        let kept = trim_zeros(&large, "f", None)?.count();
        rest = part(&rest, 0, rest.count() - kept, rest.count())?;
    }
    Ok((quotient, rest))
}

/// The falling products of `m` numbers that end at each of `from..from + count`, as the type of
/// `like`, largest first.
fn falling(m: usize, from: usize, count: usize, like: &Array) -> Result<Array> {
    let product = |end: usize| (0..m).map(|i| (end as f64 - i as f64).max(1.0)).product::<f64>();
    let values: Vec<f64> = (from..from + count).rev().map(product).collect();
    promote::to_type(&Array::from_slice(&values, &[count])?, like.dtype(), like.is_weak())
}

/// The `m`th derivative of a polynomial.
///
/// ```
/// # use pullback::{Array, numpy::polynomials as poly};
/// assert_eq!(poly::polyder(&Array::from([1.0, 2.0, 3.0]), 1)?, Array::from([2.0, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(m = 1))]
pub fn polyder(p: &Array, m: i64) -> Result<Array> {
    let p = inexact(p)?;
    check_rows("polyder", &[&p])?;
    let m = usize::try_from(m)
        .map_err(|_| Error::value_error("polyder", "order of derivative must be positive"))?;
    if m == 0 {
        return Ok(p);
    }
    let left = p.count().saturating_sub(m);
    lax::mul(&part(&p, 0, 0, left)?, &falling(m, m, left, &p)?)
}

/// The `m`th integral of a polynomial, with the constants `k`.
///
/// There are `m` constants, or one for all; without any they are zero.
///
/// ```
/// # use pullback::{Array, numpy::polynomials as poly};
/// let y = poly::polyint(&Array::from([2.0, 2.0]), 1, Some(&3.0.into()))?;
/// assert_eq!(y, Array::from([1.0, 2.0, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(m = 1))]
pub fn polyint(p: &Array, m: i64, k: Option<&Array>) -> Result<Array> {
    let zero = Array::from(0);
    let [p, k] = inexact_both("polyint", p, k.unwrap_or(&zero))?;
    check_rows("polyint", &[&p])?;
    let m = usize::try_from(m).map_err(|_| {
        Error::value_error("polyint", "order of integral must be positive (see polyder)")
    })?;
    let k = match k.count() {
        1 => broadcast(&lax::reshape(&k, &[1])?, &[m])?,
        _ => k,
    };
    if k.shape() != [m] {
        return Err(Error::value_error(
            "polyint",
            "k must be a scalar or a rank-1 array of length 1 or m",
        ));
    }
    if m == 0 {
        return Ok(p);
    }
    let size = p.count() + m;
    let all = lax::concatenate(&[&p, &k], 0)?;
    lax::div(&all, &falling(m, 0, size, &all)?)
}

/// What [`polyfit`] gives besides the coefficients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Covariance {
    /// Nothing.
    #[default]
    None,
    /// The covariance of the coefficients.
    Scaled,
    /// The covariance for residuals of variance 1.
    Unscaled,
}

impl FromArg for Covariance {
    const KIND: Kind = Kind::Any;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::Bool(false) | Arg::None => Some(Covariance::None),
            Arg::Str(word) if word == "unscaled" => Some(Covariance::Unscaled),
            Arg::Bool(true) | Arg::Str(_) => Some(Covariance::Scaled),
            _ => None,
        }
    }
}

impl From<bool> for Covariance {
    fn from(wanted: bool) -> Covariance {
        if wanted { Covariance::Scaled } else { Covariance::None }
    }
}

/// The polynomial of a degree that is closest to the samples `y` at the places `x`, by the sum of
/// squares; each sample counts with its weight `w`.
///
/// With `full` also the sum of squared residuals, the rank, the singular values and `rcond`; with
/// `cov` the covariance of the coefficients.
///
/// ```
/// use pullback::Array;
/// use pullback::api::Value;
/// use pullback::numpy::polynomials::polyfit;
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[0.0f32, 1.0, 2.0], &[3])?;
/// let y = Array::from_slice(&[1.0f32, 3.0, 5.0], &[3])?;
/// let Value::Array(p) = polyfit(&x, &y, 1, None, false, None, false.into())? else {
///     unreachable!()
/// };
/// let p = p.to_vec::<f32>()?;
/// assert!((p[0] - 2.0).abs() < 1e-4 && (p[1] - 1.0).abs() < 1e-4);
/// # Ok(())
/// # }
/// ```
#[api(defaults(full = false, cov = false))]
pub fn polyfit(
    x: &Array,
    y: &Array,
    deg: i64,
    rcond: Option<f64>,
    full: bool,
    w: Option<&Array>,
    cov: Covariance,
) -> Result<Value> {
    if deg < 0 {
        return Err(Error::value_error("polyfit", "expected deg >= 0"));
    }
    let order = size_of("polyfit", deg)? + 1;
    let wrong = |message: &str| Err(Error::type_error("polyfit", message));
    if x.rank() != 1 || x.count() == 0 {
        return wrong("expected non-empty 1D vector for x");
    }
    if y.rank() < 1 || y.rank() > 2 {
        return wrong("expected 1D or 2D array for y");
    }
    if x.shape()[0] != y.shape()[0] {
        return wrong("expected x and y to have same length");
    }
    let count = x.count();
    let precision = match inexact(x)?.dtype() {
        DType::F64 | DType::C128 => f64::EPSILON,
        dtype => epsilon(dtype),
    };
    let rcond = rcond.unwrap_or(count as f64 * precision);
    let mut lhs = super::creation::vander(x, Some(order as i64), false)?;
    let mut rhs = y.clone();
    if let Some(w) = w {
        let w = inexact(w)?;
        if w.rank() != 1 {
            return wrong("expected a 1-d array for weights");
        }
        if w.shape()[0] != y.shape()[0] {
            return wrong("expected w and y to have the same length");
        }
        let column = lax::expand_dims(&w, &[1])?;
        lhs = multiply(&lhs, &column)?;
        rhs = multiply(&rhs, if rhs.rank() == 2 { &column } else { &w })?;
    }
    // Columns of one length make the system better conditioned.
    let scale = reductions::sum(&multiply(&lhs, &lhs)?, Sum::new().axis(0))?;
    let scale = super::transcendental::sqrt(&scale)?;
    lhs = true_divide(&lhs, &lax::expand_dims(&scale, &[0])?)?;
    let (c, residuals, rank, s) = super::linalg::lstsq(&lhs, &rhs, Some(rcond), false)?;
    let c = match c.rank() {
        1 => lax::div(&c, &as_type(&scale, Some(c.dtype()))?)?,
        _ => true_divide(&c, &lax::expand_dims(&scale, &[1])?)?,
    };
    if full {
        return Ok(Value::Tuple(vec![c, residuals, rank, s, Array::from(rcond)]));
    }
    if cov == Covariance::None {
        return Ok(Value::Array(c));
    }
    let gram = super::products::dot(&super::manipulation::transpose(&lhs, None)?, &lhs, None)?;
    let base = super::linalg::inv(&gram)?;
    let base = true_divide(&base, &super::products::outer(&scale, &scale, ())?)?;
    let factor = match cov {
        Covariance::Unscaled => Array::constant(1.0, promote::default_float()),
        _ if count <= order => {
            return Err(Error::value_error(
                "polyfit",
                "the number of data points must exceed order to scale the covariance matrix",
            ));
        }
        _ => true_divide(&residuals, &Array::from((count - order) as i32))?,
    };
    let factor = ravel(&factor, "C")?;
    let covariance = match y.rank() {
        1 => multiply(&base, &lax::expand_dims(&factor, &[0])?)?,
        _ => multiply(&lax::expand_dims(&base, &[2])?, &lax::expand_dims(&factor, &[0, 1])?)?,
    };
    Ok(Value::Tuple(vec![c, covariance]))
}
