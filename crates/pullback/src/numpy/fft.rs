//! Fourier transforms, with the names and meanings of `jax.numpy.fft`.
//!
//! A transform along an axis makes waves of what lies along it: element `k` of the result says
//! how much of the wave with `k` periods there is. `norm` says which way takes the factor: the
//! inverse all of it for "backward", the default; the forward transform for "forward"; each its
//! square root for "ortho".

use pullback_core::primitives::rules as lax;
use pullback_core::primitives::signal::fft::FftKind;
use pullback_core::{Array, DType, Error, Result, Shape, promote};
use pullback_macros::api;

use super::arithmetic::true_divide;
use super::common::{TupleText, axes_of, axis_of, inexact, number, size_of};
use super::manipulation::{moveaxis, part, roll};
use crate::api::{ApiFn, Axes, Items, Sizes};

/// The functions of this module.
pub static FUNCTIONS: &[&ApiFn] = &[
    &FFT_API,
    &IFFT_API,
    &RFFT_API,
    &IRFFT_API,
    &HFFT_API,
    &IHFFT_API,
    &FFT2_API,
    &IFFT2_API,
    &RFFT2_API,
    &IRFFT2_API,
    &FFTN_API,
    &IFFTN_API,
    &RFFTN_API,
    &IRFFTN_API,
    &FFTFREQ_API,
    &RFFTFREQ_API,
    &FFTSHIFT_API,
    &IFFTSHIFT_API,
];

/// One transform, as a user asks for it.
struct Transform<'a> {
    function: &'static str,
    kind: FftKind,
    /// Whether `norm` speaks of this transform as of an inverse.
    inverse: bool,
    norm: Option<&'a str>,
}

impl<'a> Transform<'a> {
    fn new(function: &'static str, kind: FftKind, norm: Option<&'a str>) -> Transform<'a> {
        Transform { function, kind, inverse: function.starts_with('i'), norm }
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::value_error(self.function, message)
    }

    /// The transform over several axes, cut off or filled with zeros to the sizes `s`.
    fn over(&self, a: &Array, s: Option<&Sizes>, axes: Option<&Axes>) -> Result<Array> {
        if let Some(Sizes(s)) = s
            && s.iter().any(|&size| size <= 0)
        {
            return Err(self.error(format!("sizes should be positive, got {}", TupleText(s))));
        }
        if let (Some(Sizes(s)), Some(Axes(axes))) = (s, axes)
            && s.len() != axes.len()
        {
            return Err(self.error(format!(
                "sizes {} and axes {} have different lengths",
                TupleText(s),
                TupleText(axes)
            )));
        }
        let count = match (s, axes) {
            (_, Some(Axes(axes))) => axes.len(),
            (Some(Sizes(s)), None) => s.len(),
            (None, None) => a.rank(),
        };
        let Some(first) = a.rank().checked_sub(count) else {
            let aval = a.aval();
            return Err(self.error(format!("{count} axes are more than there are in {aval}")));
        };
        let axes = match axes {
            None => (first..a.rank()).collect(),
            given => axes_of(self.function, given, a.rank())?,
        };
        let places = |axes: &[usize]| Axes(axes.iter().map(|&axis| axis as i64).collect());
        let (from, to) = (places(&axes), places(&(first..a.rank()).collect::<Vec<_>>()));
        let x = moveaxis(a, &from, &to)?;
        let lengths: Shape = match s {
            Some(Sizes(s)) => s.iter().map(|&size| size as usize).collect(),
            None => {
                let mut lengths = Shape::from_slice(&x.shape()[first..]);
                if let (FftKind::RealInverse, Some(last)) = (self.kind, lengths.last_mut()) {
                    *last = (2 * *last).saturating_sub(2);
                }
                lengths
            }
        };
        let x = match s {
            Some(_) => self.fitted(&x, first, &lengths)?,
            None => x,
        };
        let y = transformed(&x, self.kind, &lengths)?;
        let y = match self.factor(&lengths)? {
            Some(factor) => lax::mul(&y, &number(factor, &y))?,
            None => y,
        };
        moveaxis(&y, &to, &from)
    }

    /// The transform along one axis.
    fn along(&self, a: &Array, n: Option<i64>, axis: i64) -> Result<Array> {
        let n = n.map(|n| Sizes(vec![n]));
        self.over(a, n.as_ref(), Some(&Axes(vec![axis])))
    }

    /// The axes from the first on, cut off or filled with zeros to what has these lengths.
    fn fitted(&self, x: &Array, first: usize, lengths: &[usize]) -> Result<Array> {
        let mut x = x.clone();
        let mut config = vec![(0, 0, 0); x.rank()];
        for (n, &length) in lengths.iter().enumerate() {
            let halved = self.kind == FftKind::RealInverse && n + 1 == lengths.len();
            let (axis, size) = (first + n, if halved { length / 2 + 1 } else { length });
            if size < x.shape()[axis] {
                x = part(&x, axis, 0, size)?;
            }
            config[axis].1 = (size - x.shape()[axis]) as i64;
        }
        lax::pad(&x, &number(0.0, &x), &config)
    }

    /// What `norm` multiplies by, beyond what the transform does of itself.
    fn factor(&self, lengths: &[usize]) -> Result<Option<f64>> {
        let count: f64 = lengths.iter().map(|&length| length as f64).product();
        let factor = match self.norm {
            None | Some("backward") => return Ok(None),
            Some("ortho") => count.sqrt(),
            Some("forward") => count,
            Some(norm) => {
                return Err(self.error(format!(
                    "invalid norm value {norm}; should be \"backward\", \"ortho\" or \"forward\""
                )));
            }
        };
        Ok(Some(if self.inverse { factor } else { 1.0 / factor }))
    }
}

/// The transform over the last axes; the elements become real or complex as it takes them.
pub(crate) fn transformed(x: &Array, kind: FftKind, lengths: &[usize]) -> Result<Array> {
    if kind == FftKind::RealForward && x.dtype().is_complex() {
        return Err(Error::value_error(
            "rfft",
            format!("only real valued inputs supported for rfft, got {}", x.aval()),
        ));
    }
    let (dtype, _) = promote::inexact_type((x.dtype(), false));
    let dtype = if kind == FftKind::RealForward { dtype } else { dtype.complex() };
    let x = promote::to_type(x, dtype, false)?;
    match lengths {
        [] => Ok(x),
        lengths => lax::fft(&x, kind, lengths),
    }
}

/// Two axes, which are the last if none are given.
fn plane(function: &str, axes: Option<&Axes>) -> Result<Axes> {
    match axes {
        None => Ok(Axes(vec![-2, -1])),
        Some(axes) if axes.0.len() == 2 => Ok(axes.clone()),
        Some(Axes(axes)) => Err(Error::value_error(
            function,
            format!("only supports 2 axes, got axes = {}", TupleText(axes)),
        )),
    }
}

/// The Fourier transform along an axis, cut off or filled with zeros to `n` elements.
///
/// ```
/// # use pullback::{Array, numpy::{self as jnp, fft}};
/// let y = fft::fft(&Array::from([1.0, 2.0, 3.0, 4.0]), None, -1, None)?;
/// assert_eq!(jnp::real(&y)?, Array::from([10.0, -2.0, -2.0, -2.0]));
/// assert_eq!(jnp::imag(&y)?, Array::from([0.0, 2.0, 0.0, -2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1))]
pub fn fft(a: &Array, n: Option<i64>, axis: i64, norm: Option<&str>) -> Result<Array> {
    Transform::new("fft", FftKind::Forward, norm).along(a, n, axis)
}

/// The inverse of the Fourier transform along an axis.
///
/// ```
/// # use pullback::{Array, numpy::{self as jnp, fft}};
/// let y = fft::ifft(&Array::from([4.0, 0.0, 0.0, 0.0]), None, -1, None)?;
/// assert_eq!(jnp::real(&y)?, Array::from([1.0, 1.0, 1.0, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1))]
pub fn ifft(a: &Array, n: Option<i64>, axis: i64, norm: Option<&str>) -> Result<Array> {
    Transform::new("ifft", FftKind::Inverse, norm).along(a, n, axis)
}

/// The first half of the Fourier transform of real numbers along an axis; the other half is its
/// mirror image.
///
/// ```
/// # use pullback::{Array, numpy::{self as jnp, fft}};
/// let y = fft::rfft(&Array::from([1.0, 2.0, 3.0, 4.0]), None, -1, None)?;
/// assert_eq!(jnp::real(&y)?, Array::from([10.0, -2.0, -2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1))]
pub fn rfft(a: &Array, n: Option<i64>, axis: i64, norm: Option<&str>) -> Result<Array> {
    Transform::new("rfft", FftKind::RealForward, norm).along(a, n, axis)
}

/// The real numbers whose Fourier transform begins with `a`: the inverse of [`rfft`].
///
/// There are `n` of them, or twice as many as steps in `a`.
///
/// ```
/// # use pullback::{Array, numpy::fft};
/// let y = fft::irfft(&Array::from([4.0, 0.0, 0.0]), None, -1, None)?;
/// assert_eq!(y, Array::from([1.0, 1.0, 1.0, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1))]
pub fn irfft(a: &Array, n: Option<i64>, axis: i64, norm: Option<&str>) -> Result<Array> {
    Transform::new("irfft", FftKind::RealInverse, norm).along(a, n, axis)
}

/// The Fourier transform, which is real, of numbers that are their own mirror image; `a` is the
/// first half of them.
///
/// ```
/// # use pullback::{Array, numpy::fft};
/// let y = fft::hfft(&Array::from([1.0, 2.0, 3.0]), None, -1, None)?;
/// assert_eq!(y, Array::from([8.0, -2.0, 0.0, -2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1))]
pub fn hfft(a: &Array, n: Option<i64>, axis: i64, norm: Option<&str>) -> Result<Array> {
    let length = match n {
        Some(n) => n as f64,
        None => 2.0 * (a.shape()[axis_of("hfft", axis, a.rank())?] as f64 - 1.0),
    };
    let mirrored = if a.dtype().is_complex() { lax::conj(a)? } else { a.clone() };
    let y = Transform::new("hfft", FftKind::RealInverse, norm).along(&mirrored, n, axis)?;
    lax::mul(&y, &number(length, &y))
}

/// The first half of the inverse Fourier transform of real numbers: the inverse of [`hfft`].
///
/// ```
/// # use pullback::{Array, numpy::{self as jnp, fft}};
/// let y = fft::ihfft(&Array::from([8.0, -2.0, 0.0, -2.0]), None, -1, None)?;
/// assert_eq!(jnp::real(&y)?, Array::from([1.0, 2.0, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1))]
pub fn ihfft(a: &Array, n: Option<i64>, axis: i64, norm: Option<&str>) -> Result<Array> {
    let length = match n {
        Some(n) => n as f64,
        None => a.shape()[axis_of("ihfft", axis, a.rank())?] as f64,
    };
    let y = Transform::new("ihfft", FftKind::RealForward, norm).along(a, n, axis)?;
    lax::mul(&lax::conj(&y)?, &number(1.0 / length, &y))
}

/// The Fourier transform over two axes, the last ones by default.
///
/// ```
/// # use pullback::{Array, numpy::{self as jnp, fft}};
/// let y = fft::fft2(&Array::from([[1.0, 2.0], [3.0, 4.0]]), None, None, None)?;
/// assert_eq!(jnp::real(&y)?, Array::from([[10.0, -2.0], [-4.0, 0.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fft2(
    a: &Array,
    s: Option<&Sizes>,
    axes: Option<&Axes>,
    norm: Option<&str>,
) -> Result<Array> {
    Transform::new("fft2", FftKind::Forward, norm).over(a, s, Some(&plane("fft2", axes)?))
}

/// The inverse of the Fourier transform over two axes, the last ones by default.
///
/// ```
/// # use pullback::{Array, numpy::{self as jnp, fft}};
/// let y = fft::ifft2(&Array::from([[10.0, -2.0], [-4.0, 0.0]]), None, None, None)?;
/// assert_eq!(jnp::real(&y)?, Array::from([[1.0, 2.0], [3.0, 4.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn ifft2(
    a: &Array,
    s: Option<&Sizes>,
    axes: Option<&Axes>,
    norm: Option<&str>,
) -> Result<Array> {
    Transform::new("ifft2", FftKind::Inverse, norm).over(a, s, Some(&plane("ifft2", axes)?))
}

/// The Fourier transform of real numbers over two axes, of which the second is halved.
///
/// ```
/// # use pullback::{Array, numpy::fft};
/// let y = fft::rfft2(&Array::from([[1.0, 2.0, 3.0, 4.0]]), None, None, None)?;
/// assert_eq!(y.shape(), [1, 3]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn rfft2(
    a: &Array,
    s: Option<&Sizes>,
    axes: Option<&Axes>,
    norm: Option<&str>,
) -> Result<Array> {
    Transform::new("rfft2", FftKind::RealForward, norm).over(a, s, Some(&plane("rfft2", axes)?))
}

/// The real numbers whose Fourier transform over two axes is halved to `a`.
///
/// ```
/// # use pullback::{Array, numpy::fft};
/// let y = fft::irfft2(&Array::from([[10.0, -2.0], [-4.0, 0.0]]), None, None, None)?;
/// assert_eq!(y, Array::from([[1.0, 2.0], [3.0, 4.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn irfft2(
    a: &Array,
    s: Option<&Sizes>,
    axes: Option<&Axes>,
    norm: Option<&str>,
) -> Result<Array> {
    Transform::new("irfft2", FftKind::RealInverse, norm).over(a, s, Some(&plane("irfft2", axes)?))
}

/// The Fourier transform over several axes: all, if neither sizes nor axes are given.
///
/// ```
/// # use pullback::{Array, numpy::{self as jnp, fft}};
/// let y = fft::fftn(&Array::from([[1.0, 2.0], [3.0, 4.0]]), None, None, None)?;
/// assert_eq!(jnp::real(&y)?, Array::from([[10.0, -2.0], [-4.0, 0.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fftn(
    a: &Array,
    s: Option<&Sizes>,
    axes: Option<&Axes>,
    norm: Option<&str>,
) -> Result<Array> {
    Transform::new("fftn", FftKind::Forward, norm).over(a, s, axes)
}

/// The inverse of the Fourier transform over several axes.
///
/// ```
/// # use pullback::{Array, numpy::{self as jnp, fft}};
/// let y = fft::ifftn(&Array::from([[10.0, -2.0], [-4.0, 0.0]]), None, None, None)?;
/// assert_eq!(jnp::real(&y)?, Array::from([[1.0, 2.0], [3.0, 4.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn ifftn(
    a: &Array,
    s: Option<&Sizes>,
    axes: Option<&Axes>,
    norm: Option<&str>,
) -> Result<Array> {
    Transform::new("ifftn", FftKind::Inverse, norm).over(a, s, axes)
}

/// The Fourier transform of real numbers over several axes, of which the last is halved.
///
/// ```
/// # use pullback::{Array, numpy::fft};
/// let y = fft::rfftn(&Array::from([[1.0, 2.0, 3.0, 4.0]]), None, None, None)?;
/// assert_eq!(y.shape(), [1, 3]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn rfftn(
    a: &Array,
    s: Option<&Sizes>,
    axes: Option<&Axes>,
    norm: Option<&str>,
) -> Result<Array> {
    Transform::new("rfftn", FftKind::RealForward, norm).over(a, s, axes)
}

/// The real numbers whose Fourier transform over several axes is halved to `a`.
///
/// ```
/// # use pullback::{Array, numpy::fft};
/// let y = fft::irfftn(&Array::from([[10.0, -2.0], [-4.0, 0.0]]), None, None, None)?;
/// assert_eq!(y, Array::from([[1.0, 2.0], [3.0, 4.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn irfftn(
    a: &Array,
    s: Option<&Sizes>,
    axes: Option<&Axes>,
    norm: Option<&str>,
) -> Result<Array> {
    Transform::new("irfftn", FftKind::RealInverse, norm).over(a, s, axes)
}

/// The frequencies of the elements of a transform of `n` numbers that are `d` apart.
///
/// ```
/// # use pullback::{Array, numpy::fft};
/// let y = fft::fftfreq(4, &0.5.into(), None)?;
/// assert_eq!(y, Array::from([0.0, 0.5, -1.0, -0.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(d = 1.0), keyword_only(dtype), ignored(device))]
pub fn fftfreq(n: i64, d: &Array, dtype: Option<DType>) -> Result<Array> {
    let n = counted("fftfreq", n)?;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_float));
    let places = lax::iota(DType::I32, &[n], 0)?;
    // From the middle on the waves run backwards.
    let shifted = roll(&lax::sub(&places, &number((n / 2) as f64, &places))?, backwards(n), None)?;
    frequencies(&shifted, n, d, dtype)
}

/// The frequencies of the elements of the first half of a transform.
///
/// ```
/// # use pullback::{Array, numpy::fft};
/// let y = fft::rfftfreq(4, &0.5.into(), None)?;
/// assert_eq!(y, Array::from([0.0, 0.5, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(d = 1.0), keyword_only(dtype), ignored(device))]
pub fn rfftfreq(n: i64, d: &Array, dtype: Option<DType>) -> Result<Array> {
    let n = counted("rfftfreq", n)?;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_float));
    frequencies(&lax::iota(DType::I32, &[n / 2 + 1], 0)?, n, d, dtype)
}

fn counted(function: &str, n: i64) -> Result<usize> {
    match size_of(function, n)? {
        0 => Err(Error::value_error(function, "the number of elements must not be 0")),
        n => Ok(n),
    }
}

/// By how much elements are rolled to begin with the middle one.
fn backwards(n: usize) -> Items {
    Items::from(Array::from(-((n / 2) as i32)))
}

fn frequencies(places: &Array, n: usize, d: &Array, dtype: DType) -> Result<Array> {
    if d.rank() != 0 || d.dtype().is_complex() {
        let aval = d.aval();
        let message = format!("the distance of the elements must be a real number, got {aval}");
        return Err(Error::value_error("fftfreq", message));
    }
    let places = promote::to_type(places, dtype, false)?;
    let all = super::arithmetic::multiply(&inexact(d)?, &number(n as f64, &places))?;
    promote::to_type(&true_divide(&places, &all)?, dtype, false)
}

/// The elements along the axes, all by default, with those of frequency zero moved to the middle.
///
/// ```
/// # use pullback::{Array, numpy::fft};
/// assert_eq!(fft::fftshift(&Array::from([0, 1, 2, -2, -1]), None)?, Array::from([-2, -1, 0, 1, 2]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fftshift(x: &Array, axes: Option<&Axes>) -> Result<Array> {
    shifted("fftshift", x, axes, |size| (size / 2) as i64)
}

/// The inverse of [`fftshift`].
///
/// ```
/// # use pullback::{Array, numpy::fft};
/// let x = Array::from([-2, -1, 0, 1, 2]);
/// assert_eq!(fft::ifftshift(&x, None)?, Array::from([0, 1, 2, -2, -1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn ifftshift(x: &Array, axes: Option<&Axes>) -> Result<Array> {
    shifted("ifftshift", x, axes, |size| -((size / 2) as i64))
}

fn shifted(
    function: &str,
    x: &Array,
    axes: Option<&Axes>,
    by: impl Fn(usize) -> i64,
) -> Result<Array> {
    let mut y = x.clone();
    for axis in axes_of(function, axes, x.rank())? {
        let amount = Array::from(by(x.shape()[axis]) as i32);
        y = roll(&y, amount, Some(&Axes(vec![axis as i64])))?;
    }
    Ok(y)
}
