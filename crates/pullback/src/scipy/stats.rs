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
    #[api(defaults(loc = 0, scale = 1))]
    pub fn pdf(x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        lax::exp(&logpdf(x, loc, scale)?)
    }

    /// The logarithm of the density.
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
    #[api(defaults(loc = 0, scale = 1))]
    pub fn cdf(x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        ndtr(&standard("norm.cdf", x, loc, scale)?)
    }

    /// The logarithm of the probability of a smaller value.
    #[api(defaults(loc = 0, scale = 1))]
    pub fn logcdf(x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        log_ndtr(&standard("norm.logcdf", x, loc, scale)?, 3)
    }

    /// The probability of a larger value.
    #[api(defaults(loc = 0, scale = 1))]
    pub fn sf(x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        ndtr(&lax::neg(&standard("norm.sf", x, loc, scale)?)?)
    }

    /// The logarithm of the probability of a larger value.
    #[api(defaults(loc = 0, scale = 1))]
    pub fn logsf(x: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        log_ndtr(&lax::neg(&standard("norm.logsf", x, loc, scale)?)?, 3)
    }

    /// The value that a smaller one than has the probability given.
    #[api(defaults(loc = 0, scale = 1))]
    pub fn ppf(q: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        add(&multiply(&ndtri(q)?, scale)?, loc)
    }

    /// The value that a larger one than has the probability given.
    #[api(defaults(loc = 0, scale = 1))]
    pub fn isf(q: &Array, loc: &Array, scale: &Array) -> Result<Array> {
        subtract(loc, &multiply(&ndtri(q)?, scale)?)
    }
}
