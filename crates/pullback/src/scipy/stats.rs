//! Distributions, with the names and meanings of `jax.scipy.stats`.

/// The normal distribution.
pub mod norm {
    use std::f64::consts::PI;

    use pullback_core::primitives::rules as lax;
    use pullback_core::{Array, Result, promote};
    use pullback_macros::api;

    use crate::api::ApiFn;
    use crate::numpy::arithmetic::{add, multiply, subtract};
    use crate::numpy::common::{Operands, number};
    use crate::scipy::special::{log_ndtr, ndtr, ndtri};

    /// The functions of this module.
    pub static FUNCTIONS: &[&ApiFn] =
        &[&PDF_API, &LOGPDF_API, &CDF_API, &LOGCDF_API, &SF_API, &LOGSF_API, &PPF_API, &ISF_API];

    fn promoted(function: &str, x: &Array, loc: &Array, scale: &Array) -> Result<Operands> {
        promote::promote_inexact(function, &[x, loc, scale])
    }

    fn standard(function: &str, x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        let operands = promoted(function, x, loc, scale)?;
        lax::div(&lax::sub(&operands[0], &operands[1])?, &operands[2])
    }

    /// The density.
    ///
    /// `loc` is the mean and `scale` the standard deviation, in all functions of this module.
    ///
    /// ```
    /// # use pullback::scipy::stats::norm;
    /// let y = norm::pdf(&0.0.into(), &0.into(), &1.into())?;
    /// assert!((y.to_f64()? - 0.398942).abs() < 1e-6);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    #[api(defaults(loc = 0, scale = 1))]
    pub fn pdf(x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        lax::exp(&logpdf(x, loc, scale)?)
    }

    /// The logarithm of the density.
    ///
    /// ```
    /// # use pullback::scipy::stats::norm;
    /// let y = norm::logpdf(&1.0.into(), &1.into(), &1.into())?;
    /// assert!((y.to_f64()? + 0.918939).abs() < 1e-6);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    #[api(defaults(loc = 0, scale = 1))]
    pub fn logpdf(x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        let operands = promoted("norm.logpdf", x, loc, scale)?;
        let [x, loc, scale] = [&operands[0], &operands[1], &operands[2]];
        let square = lax::square(scale)?;
        let normalizer = lax::log(&lax::mul(&number(2.0 * PI, scale), &square)?)?;
        let distance = lax::square(&lax::sub(x, loc)?)?;
        let sum = lax::add(&normalizer, &lax::div(&distance, &square)?)?;
        lax::div(&sum, &number(-2.0, &sum))
    }

    /// The probability of a smaller value.
    ///
    /// ```
    /// # use pullback::scipy::stats::norm;
    /// let y = norm::cdf(&1.96.into(), &0.into(), &1.into())?;
    /// assert!((y.to_f64()? - 0.975002).abs() < 1e-6);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    #[api(defaults(loc = 0, scale = 1))]
    pub fn cdf(x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        ndtr(&standard("norm.cdf", x, loc, scale)?)
    }

    /// The logarithm of the probability of a smaller value.
    ///
    /// ```
    /// # use pullback::scipy::stats::norm;
    /// let y = norm::logcdf(&0.0.into(), &0.into(), &1.into())?;
    /// assert!((y.to_f64()? + std::f64::consts::LN_2).abs() < 1e-6);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    #[api(defaults(loc = 0, scale = 1))]
    pub fn logcdf(x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        log_ndtr(&standard("norm.logcdf", x, loc, scale)?, 3)
    }

    /// The probability of a larger value.
    ///
    /// ```
    /// # use pullback::scipy::stats::norm;
    /// let y = norm::sf(&1.96.into(), &0.into(), &1.into())?;
    /// assert!((y.to_f64()? - 0.024998).abs() < 1e-6);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    #[api(defaults(loc = 0, scale = 1))]
    pub fn sf(x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        ndtr(&lax::neg(&standard("norm.sf", x, loc, scale)?)?)
    }

    /// The logarithm of the probability of a larger value.
    ///
    /// ```
    /// # use pullback::scipy::stats::norm;
    /// let y = norm::logsf(&0.0.into(), &0.into(), &1.into())?;
    /// assert!((y.to_f64()? + std::f64::consts::LN_2).abs() < 1e-6);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    #[api(defaults(loc = 0, scale = 1))]
    pub fn logsf(x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        log_ndtr(&lax::neg(&standard("norm.logsf", x, loc, scale)?)?, 3)
    }

    /// The value that a smaller one than has the probability given.
    ///
    /// ```
    /// # use pullback::scipy::stats::norm;
    /// let y = norm::ppf(&0.975.into(), &0.into(), &1.into())?;
    /// assert!((y.to_f64()? - 1.959964).abs() < 1e-5);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    #[api(defaults(loc = 0, scale = 1))]
    pub fn ppf(q: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        add(&multiply(&ndtri(q)?, scale)?, loc)
    }

    /// The value that a larger one than has the probability given.
    ///
    /// ```
    /// # use pullback::scipy::stats::norm;
    /// let y = norm::isf(&0.025.into(), &0.into(), &1.into())?;
    /// assert!((y.to_f64()? - 1.959964).abs() < 1e-5);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    #[api(defaults(loc = 0, scale = 1))]
    pub fn isf(q: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        subtract(loc, &multiply(&ndtri(q)?, scale)?)
    }
}
