//! Special functions, with the names and meanings of `jax.scipy.special`.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use pullback_core::primitives::rules as lax;
use pullback_core::primitives::unary::{self, Accepts};
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::api;

use crate::api::{ApiFn, Axes, Value};
use crate::numpy::common::{
    axes_of, broadcast_all, check, filled, inexact, inexact_pair, not_equal_itself, number, select,
    truth,
};
use crate::numpy::reductions::{self, Extreme, Sum};
use crate::numpy::{arithmetic, floats};
use pullback_core::primitives::custom::stop_gradient::stop_gradient;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &LOGSUMEXP_API,
    &EXPIT_API,
    &LOGIT_API,
    &GAMMALN_API,
    &GAMMASGN_API,
    &GAMMA_API,
    &DIGAMMA_API,
    &BETALN_API,
    &BETA_API,
    &POCH_API,
    &FACTORIAL_API,
    &MULTIGAMMALN_API,
    &ERF_API,
    &ERFC_API,
    &ERFINV_API,
    &XLOGY_API,
    &XLOG1PY_API,
    &ENTR_API,
    &REL_ENTR_API,
    &KL_DIV_API,
    &NDTR_API,
    &NDTRI_API,
    &LOG_NDTR_API,
    &I0_API,
    &I0E_API,
    &I1_API,
    &I1E_API,
    &SOFTMAX_API,
    &LOG_SOFTMAX_API,
    &GAMMAINC_API,
    &GAMMAINCC_API,
    &BETAINC_API,
    &LOGGAMMA_API,
    &ZETA_API,
    &POLYGAMMA_API,
    &COMB_API,
    &BERNOULLI_API,
    &BOXCOX_API,
    &BOXCOX1P_API,
    &ERFCINV_API,
];

pub(crate) fn float(function: &str, x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    check(function, &x, Accepts::Float)?;
    Ok(x)
}

/// The logarithm of the sum of exponentials over axes, each times its factor `b`; with
/// `return_sign` of the magnitude of the sum, and its sign.
///
/// The largest element is taken away first, so that no exponential overflows.
///
/// ```
/// # use pullback::{Array, scipy::special};
/// use pullback::api::Value;
/// let x = Array::from([1000.0, 1000.0]);
/// let Value::Array(y) = special::logsumexp(&x, None, None, false, false, None)? else {
///     panic!("no sign was asked for")
/// };
/// assert!((y.to_f64()? - 1000.693).abs() < 1e-3);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(keepdims = false, return_sign = false))]
pub fn logsumexp(
    a: &Array,
    axis: Option<&Axes>,
    b: Option<&Array>,
    keepdims: bool,
    return_sign: bool,
    r#where: Option<&Array>,
) -> Result<Value> {
    let (mut x, b) = match b {
        Some(b) => {
            let both = promote::promote_types("logsumexp", &[&inexact(a)?, &inexact(b)?])?;
            let [x, b]: [Array; 2] = match broadcast_all("logsumexp", &both)?.try_into() {
                Ok(both) => both,
                Err(_) => unreachable!("broadcasting keeps the number of operands"),
            };
            // A factor of zero takes the element out, even if it is infinite.
            let counts = lax::ne(&b, &number(0.0, &b))?;
            (select(&counts, &x, &number(f64::NEG_INFINITY, &x))?, Some(b))
        }
        None => (inexact(a)?, None),
    };
    if let Some(mask) = r#where {
        x = select(&truth(mask)?, &x, &number(f64::NEG_INFINITY, &x))?;
    }
    let size = floats::real(&x)?;
    let options = Extreme {
        axis: axis.cloned(),
        initial: Some(number(f64::NEG_INFINITY, &size)),
        ..Extreme::default()
    };
    let largest = reductions::max(&size, options)?;
    let finite = lax::is_finite(&largest)?;
    let largest = stop_gradient(&select(&finite, &largest, &number(0.0, &largest))?)?;
    let axes = axes_of("logsumexp", axis, x.rank())?;
    let along = lax::expand_dims(&largest, &axes)?;
    let along = match x.dtype().is_complex() {
        true => lax::convert_element_type(&along, x.dtype())?,
        false => along,
    };
    let mut terms = lax::exp(&lax::sub(&x, &along)?)?;
    if let Some(b) = &b {
        terms = lax::mul(&terms, b)?;
    }
    let total = reductions::sum(&terms, Sum { axis: axis.cloned(), ..Sum::default() })?;
    let with_axes = |y: Array| if keepdims { lax::expand_dims(&y, &axes) } else { Ok(y) };
    let back = match total.dtype().is_complex() && !return_sign {
        true => lax::convert_element_type(&largest, total.dtype())?,
        false => largest,
    };
    if return_sign {
        let sign = lax::sign(&total)?;
        let y = lax::add(&lax::log(&lax::abs(&total)?)?, &back)?;
        return Ok(Value::Tuple(vec![with_axes(y)?, with_axes(sign)?]));
    }
    let log = match total.dtype().is_complex() {
        true => lax::log(&total)?,
        // The logarithm of a negative sum is NaN.
        false => match b.is_some() {
            true => lax::log(&total)?,
            false => lax::log(&lax::abs(&total)?)?,
        },
    };
    Ok(Value::Array(with_axes(lax::add(&log, &back)?)?))
}

/// `1 / (1 + exp(-x))`.
///
/// ```
/// # use pullback::scipy::special;
/// assert_eq!(special::expit(&0.0.into())?, 0.5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn expit(x: &Array) -> Result<Array> {
    unary::logistic::logistic(&inexact(x)?)
}

/// `log(x / (1 - x))`, the inverse of [`expit`].
///
/// ```
/// # use pullback::scipy::special;
/// assert_eq!(special::logit(&0.5.into())?, 0.0);
/// assert!((special::logit(&0.9.into())?.to_f64()? - 2.197225).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn logit(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    lax::log(&lax::div(&x, &lax::sub(&number(1.0, &x), &x)?)?)
}

/// The logarithm of the magnitude of the gamma function.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::gammaln(&10.0.into())?.to_f64()? - 362880f64.ln()).abs() < 1e-4);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn gammaln(x: &Array) -> Result<Array> {
    unary::lgamma::lgamma(&float("gammaln", x)?)
}

/// The sign of the gamma function.
///
/// It is NaN at negative whole numbers, where the gamma function has none.
///
/// ```
/// # use pullback::{Array, scipy::special};
/// assert_eq!(special::gammasgn(&Array::from([2.5, -0.5, -1.5]))?, Array::from([1.0, -1.0, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn gammasgn(x: &Array) -> Result<Array> {
    let x = float("gammasgn", x)?;
    let zero = number(0.0, &x);
    let floor = lax::floor(&x)?;
    let half = lax::mul(&floor, &number(0.5, &x))?;
    let odd = lax::ne(&lax::floor(&half)?, &half)?;
    let below = lax::lt(&x, &zero)?;
    let minus_zero = lax::and(&lax::eq(&x, &zero)?, &floats::signbit(&x)?)?;
    let negative = lax::or(&lax::and(&below, &odd)?, &minus_zero)?;
    let pole = lax::and(&below, &lax::eq(&x, &floor)?)?;
    let none = lax::or(&pole, &not_equal_itself(&x)?)?;
    let sign = select(&negative, &number(-1.0, &x), &filled(1.0, &x)?)?;
    select(&none, &number(f64::NAN, &x), &sign)
}

/// The gamma function, which continues the factorials.
///
/// At negative whole numbers it is NaN.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::gamma(&5.0.into())?.to_f64()? - 24.0).abs() < 1e-3);
/// assert!((special::gamma(&0.5.into())?.to_f64()? - 1.772454).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn gamma(x: &Array) -> Result<Array> {
    let x = float("gamma", x)?;
    lax::mul(&gammasgn(&x)?, &lax::exp(&unary::lgamma::lgamma(&x)?)?)
}

/// The derivative of [`gammaln`].
///
/// At 1 it is minus Euler's constant.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::digamma(&1.0.into())?.to_f64()? + 0.577216).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(aliases("psi"))]
pub fn digamma(x: &Array) -> Result<Array> {
    lax::digamma(&float("digamma", x)?)
}

/// The logarithm of the magnitude of the beta function.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::betaln(&2.0.into(), &3.0.into())?.to_f64()? + 12f64.ln()).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn betaln(a: &Array, b: &Array) -> Result<Array> {
    let [a, b] = inexact_pair("betaln", a, b)?;
    check("betaln", &a, Accepts::Float)?;
    let both = gammaln(&lax::add(&a, &b)?)?;
    lax::sub(&lax::add(&gammaln(&a)?, &gammaln(&b)?)?, &both)
}

/// The beta function, `gamma(a) gamma(b) / gamma(a + b)`.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::beta(&2.0.into(), &3.0.into())?.to_f64()? - 1.0 / 12.0).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn beta(a: &Array, b: &Array) -> Result<Array> {
    let [a, b] = inexact_pair("beta", a, b)?;
    let sum = lax::add(&a, &b)?;
    let sign = lax::mul(&lax::mul(&gammasgn(&a)?, &gammasgn(&b)?)?, &gammasgn(&sum)?)?;
    lax::mul(&sign, &lax::exp(&betaln(&a, &b)?)?)
}

/// `gamma(z + m) / gamma(z)`, a rising factorial.
///
/// ```
/// # use pullback::scipy::special;
/// // 3 · 4 · 5
/// assert!((special::poch(&3.0.into(), &3.0.into())?.to_f64()? - 60.0).abs() < 1e-3);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn poch(z: &Array, m: &Array) -> Result<Array> {
    let [z, m] = inexact_pair("poch", z, m)?;
    let sum = lax::add(&z, &m)?;
    let sign = lax::mul(&gammasgn(&sum)?, &gammasgn(&z)?)?;
    let size = lax::exp(&lax::sub(&gammaln(&sum)?, &gammaln(&z)?)?)?;
    let none = lax::eq(&m, &number(0.0, &m))?;
    select(&none, &number(1.0, &size), &lax::mul(&sign, &size)?)
}

/// `gamma(n + 1)`, and 0 where `n` is negative.
///
/// Exact results, of unlimited whole numbers, are an error.
///
/// ```
/// # use pullback::{Array, scipy::special};
/// let y = special::factorial(&Array::from([5.0, -1.0]), false)?.to_vec::<f32>()?;
/// assert!((y[0] - 120.0).abs() < 1e-3 && y[1] == 0.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(exact = false))]
pub fn factorial(n: &Array, exact: bool) -> Result<Array> {
    if exact {
        return Err(Error::unsupported("factorial", "exact=True is not implemented"));
    }
    let n = float("factorial", n)?;
    let y = lax::exp(&gammaln(&lax::add(&n, &number(1.0, &n))?)?)?;
    select(&lax::lt(&n, &number(0.0, &n))?, &number(0.0, &n), &y)
}

/// The logarithm of the gamma function of `d` dimensions.
///
/// It is the sum of `gammaln(a - j / 2)` for `j` below `d`, and `d (d - 1) log(π) / 4`.
///
/// ```
/// # use pullback::scipy::special;
/// let (x, y) = (special::multigammaln(&3.0.into(), 1)?, special::gammaln(&3.0.into())?);
/// assert!((x.to_f64()? - y.to_f64()?).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn multigammaln(a: &Array, d: i64) -> Result<Array> {
    let a = float("multigammaln", a)?;
    let constant = 0.25 * PI.ln() * d as f64 * (d - 1) as f64;
    let mut y = filled(constant, &a)?;
    for i in 0..d {
        let shifted = lax::sub(&a, &number(i as f64 / 2.0, &a))?;
        y = lax::add(&y, &gammaln(&shifted)?)?;
    }
    Ok(y)
}

/// The error function.
///
/// It is `2 / sqrt(π)` times the integral of `exp(-t²)` from 0 to `x`.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::erf(&1.0.into())?.to_f64()? - 0.842701).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn erf(x: &Array) -> Result<Array> {
    unary::erf::erf(&float("erf", x)?)
}

/// One minus the error function, also precise where that is small.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::erfc(&5.0.into())?.to_f64()? / 1.537460e-12 - 1.0).abs() < 1e-4);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn erfc(x: &Array) -> Result<Array> {
    unary::erfc::erfc(&float("erfc", x)?)
}

/// The inverse of the error function.
///
/// It is infinite at -1 and 1, and NaN beyond.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::erfinv(&0.5.into())?.to_f64()? - 0.476936).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn erfinv(x: &Array) -> Result<Array> {
    unary::erf_inv::erf_inv(&float("erfinv", x)?)
}

/// `x log(y)`, and 0 where `x` is 0.
///
/// ```
/// # use pullback::{Array, scipy::special};
/// let y = special::xlogy(&Array::from([0.0, 2.0]), &Array::from([0.0, 1.0]))?;
/// assert_eq!(y, Array::from([0.0, 0.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn xlogy(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = inexact_pair("xlogy", x, y)?;
    times_log(&x, &y, number(1.0, &y), lax::log)
}

/// `x log(1 + y)`, and 0 where `x` is 0.
///
/// ```
/// # use pullback::{Array, scipy::special};
/// let y = special::xlog1py(&Array::from([0.0, 2.0]), &Array::from([-1.0, 0.0]))?;
/// assert_eq!(y, Array::from([0.0, 0.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn xlog1py(x: &Array, y: &Array) -> Result<Array> {
    let [x, y] = inexact_pair("xlog1py", x, y)?;
    times_log(&x, &y, number(0.0, &y), unary::log1p::log1p)
}

/// `x log(y)`, where neither the value nor the derivative sees a `y` that does not count.
fn times_log(
    x: &Array,
    y: &Array,
    neutral: Array,
    log: impl Fn(&Array) -> Result<Array>,
) -> Result<Array> {
    let zero = lax::and(&lax::eq(x, &number(0.0, x))?, &lax::eq(y, y)?)?;
    let y = select(&zero, &neutral, y)?;
    lax::mul(x, &log(&y)?)
}

/// `-x log(x)`; 0 at 0, and minus infinity below.
///
/// ```
/// # use pullback::{Array, scipy::special};
/// let y = special::entr(&Array::from([0.0, 1.0, -1.0]))?;
/// assert_eq!(y, Array::from([0.0, 0.0, f64::NEG_INFINITY]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn entr(x: &Array) -> Result<Array> {
    let x = float("entr", x)?;
    let below = lax::lt(&x, &number(0.0, &x))?;
    let safe = select(&below, &filled(1.0, &x)?, &x)?;
    let y = lax::neg(&xlogy(&safe, &safe)?)?;
    select(&below, &number(f64::NEG_INFINITY, &x), &y)
}

/// `p log(p / q)`; 0 where `p` is 0 and `q` is not negative, infinity outside the domain.
///
/// ```
/// # use pullback::{Array, scipy::special};
/// let y = special::rel_entr(&Array::from([0.0, 1.0]), &Array::from([0.5, 0.0]))?;
/// assert_eq!(y, Array::from([0.0, f64::INFINITY]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn rel_entr(p: &Array, q: &Array) -> Result<Array> {
    let [p, q] = inexact_pair("rel_entr", p, q)?;
    let zero = number(0.0, &p);
    let both = lax::and(&lax::gt(&p, &zero)?, &lax::gt(&q, &zero)?)?;
    let nothing = lax::and(&lax::eq(&p, &zero)?, &lax::ge(&q, &zero)?)?;
    let one = number(1.0, &p);
    let (safe_p, safe_q) = (select(&both, &p, &one)?, select(&both, &q, &one)?);
    let value = lax::mul(&safe_p, &lax::log(&lax::div(&safe_p, &safe_q)?)?)?;
    let rest = select(&nothing, &zero, &number(f64::INFINITY, &p))?;
    let y = select(&both, &value, &rest)?;
    let nan = lax::or(&not_equal_itself(&p)?, &not_equal_itself(&q)?)?;
    select(&nan, &number(f64::NAN, &y), &y)
}

/// `p log(p / q) - p + q`.
///
/// ```
/// # use pullback::{Array, scipy::special};
/// let y = special::kl_div(&Array::from([0.0, 1.0]), &Array::from([0.5, 1.0]))?;
/// assert_eq!(y, Array::from([0.5, 0.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn kl_div(p: &Array, q: &Array) -> Result<Array> {
    let [p, q] = inexact_pair("kl_div", p, q)?;
    let entropy = rel_entr(&p, &q)?;
    let infinite = lax::eq(&entropy, &number(f64::INFINITY, &entropy))?;
    let difference = arithmetic::subtract(&q, &p)?;
    let difference = select(&infinite, &number(0.0, &difference), &difference)?;
    lax::add(&entropy, &difference)
}

/// The probability that a normal variable is below `x`.
///
/// ```
/// # use pullback::scipy::special;
/// assert_eq!(special::ndtr(&0.0.into())?, 0.5);
/// assert!((special::ndtr(&1.0.into())?.to_f64()? - 0.841345).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn ndtr(x: &Array) -> Result<Array> {
    let x = float("ndtr", x)?;
    let w = lax::mul(&x, &number(FRAC_1_SQRT_2, &x))?;
    let z = lax::abs(&w)?;
    let tail = unary::erfc::erfc(&z)?;
    let far = select(&lax::gt(&w, &number(0.0, &w))?, &lax::sub(&number(2.0, &x), &tail)?, &tail)?;
    let near = lax::add(&number(1.0, &x), &unary::erf::erf(&w)?)?;
    let y = select(&lax::lt(&z, &number(FRAC_1_SQRT_2, &z))?, &near, &far)?;
    lax::mul(&number(0.5, &x), &y)
}

/// A polynomial whose coefficients begin with the constant.
pub(crate) fn polynomial(x: &Array, coefficients: &[f64]) -> Result<Array> {
    let mut y = filled(0.0, x)?;
    for &coefficient in coefficients.iter().rev() {
        y = lax::add(&lax::mul(&y, x)?, &number(coefficient, x))?;
    }
    Ok(y)
}

/// The number that a normal variable is below with probability `p`: the inverse of [`ndtr`].
///
/// By the rational approximations of Wichura, "Algorithm AS 241", Applied Statistics 37 (1988).
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::ndtri(&0.975.into())?.to_f64()? - 1.959964).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn ndtri(p: &Array) -> Result<Array> {
    const CENTRE: [[f64; 8]; 2] = [
        [
            3.387_132_872_796_366_5,
            133.141_667_891_784_38,
            1_971.590_950_306_551_3,
            13_731.693_765_509_46,
            45_921.953_931_549_87,
            67_265.770_927_008_7,
            33_430.575_583_588_13,
            2_509.080_928_730_122_7,
        ],
        [
            1.0,
            42.313_330_701_600_91,
            687.187_007_492_057_9,
            5_394.196_021_424_751,
            21_213.794_301_586_597,
            39_307.895_800_092_71,
            28_729.085_735_721_943,
            5_226.495_278_852_854,
        ],
    ];
    const MIDDLE: [[f64; 8]; 2] = [
        [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            0.241_780_725_177_450_6,
            0.022_723_844_989_269_184,
            7.745_450_142_783_414e-4,
        ],
        [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            0.689_767_334_985_1,
            0.148_103_976_427_480_08,
            0.015_198_666_563_616_457,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    ];
    const TAIL: [[f64; 8]; 2] = [
        [
            6.657_904_643_501_103,
            5.463_784_911_164_114,
            1.784_826_539_917_291_3,
            0.296_560_571_828_504_87,
            0.026_532_189_526_576_124,
            0.001_242_660_947_388_078_4,
            2.711_555_568_743_487_6e-5,
            2.010_334_399_292_288_1e-7,
        ],
        [
            1.0,
            0.599_832_206_555_888,
            0.136_929_880_922_735_8,
            0.014_875_361_290_850_615,
            7.868_691_311_456_133e-4,
            1.846_318_317_510_054_8e-5,
            1.421_511_758_316_446e-7,
            2.044_263_103_389_939_7e-15,
        ],
    ];
    let quotient = |x: &Array, [top, bottom]: &[[f64; 8]; 2]| {
        lax::div(&polynomial(x, top)?, &polynomial(x, bottom)?)
    };
    let p = float("ndtri", p)?;
    let (zero, one, half) = (number(0.0, &p), number(1.0, &p), number(0.5, &p));
    let inside = lax::and(&lax::gt(&p, &zero)?, &lax::lt(&p, &one)?)?;
    let safe = select(&inside, &p, &half)?;
    let q = lax::sub(&safe, &half)?;
    let central = lax::le(&lax::abs(&q)?, &number(0.425, &p))?;
    let near = select(&central, &q, &zero)?;
    let r = lax::sub(&number(0.180625, &p), &lax::square(&near)?)?;
    let centre = lax::mul(&near, &quotient(&r, &CENTRE)?)?;

    let tail = lax::min(&safe, &lax::sub(&one, &safe)?)?;
    let tail = select(&central, &number(0.05, &p), &tail)?;
    let r = lax::sqrt(&lax::neg(&lax::log(&tail)?)?)?;
    let five = number(5.0, &p);
    let middle = quotient(&lax::sub(&r, &number(1.6, &p))?, &MIDDLE)?;
    let far = quotient(&lax::sub(&r, &five)?, &TAIL)?;
    let outer = select(&lax::le(&r, &five)?, &middle, &far)?;
    let outer = select(&lax::lt(&q, &zero)?, &lax::neg(&outer)?, &outer)?;

    let y = select(&central, &centre, &outer)?;
    let y = select(&inside, &y, &number(f64::NAN, &p))?;
    let y = select(&lax::eq(&p, &zero)?, &number(f64::NEG_INFINITY, &p), &y)?;
    select(&lax::eq(&p, &one)?, &number(f64::INFINITY, &p), &y)
}

/// The logarithm of [`ndtr`], also precise where that is small.
///
/// Far below zero by its asymptotic series, of which `series_order` terms are taken: -x²/2 -
/// log(-x) - log(2π)/2 + log(1 - 1/x² + 3/x⁴ - ...); M. Abramowitz and I. A. Stegun, 26.2.12.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::log_ndtr(&(-20.0).into(), 3)?.to_f64()? + 203.9172).abs() < 1e-3);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(series_order = 3))]
pub fn log_ndtr(x: &Array, series_order: i64) -> Result<Array> {
    let x = float("log_ndtr", x)?;
    if !(0..=30).contains(&series_order) {
        return Err(Error::value_error(
            "log_ndtr",
            format!("series_order must be 0 to 30, got {series_order}"),
        ));
    }
    let (lower, upper) = match x.dtype() {
        DType::F64 => (-20.0, 8.0),
        _ => (-10.0, 5.0),
    };
    let high = lax::gt(&x, &number(upper, &x))?;
    let low = lax::le(&x, &number(lower, &x))?;
    // Each branch sees only what is its own, so that derivatives stay finite.
    let upwards = select(&high, &x, &number(upper, &x))?;
    let above = lax::neg(&ndtr(&lax::neg(&upwards)?)?)?;
    let between = lax::min(&lax::max(&x, &number(lower, &x))?, &number(upper, &x))?;
    let middle = lax::log(&ndtr(&between)?)?;
    let downwards = lax::min(&x, &number(lower, &x))?;
    let below = log_ndtr_series(&downwards, series_order)?;
    let y = select(&low, &below, &middle)?;
    select(&high, &above, &y)
}

/// `log(ndtr(x))` far below zero: -x²/2 - log(-x) - log(2 pi)/2 + log(1 - 1/x² + 3/x⁴ - ...).
fn log_ndtr_series(x: &Array, order: i64) -> Result<Array> {
    let square = lax::square(x)?;
    let mut series = filled(1.0, x)?;
    let mut power = square.clone();
    let mut factor = 1.0;
    for n in 1..=order.max(0) {
        factor *= -(2 * n - 1) as f64;
        series = lax::add(&series, &lax::div(&number(factor, x), &power)?)?;
        power = lax::mul(&power, &square)?;
    }
    let scale = lax::sub(&lax::mul(&number(-0.5, x), &square)?, &lax::log(&lax::neg(x)?)?)?;
    let scale = lax::sub(&scale, &number(0.5 * (2.0 * PI).ln(), x))?;
    lax::add(&scale, &lax::log(&series)?)
}

/// The modified Bessel function of the first kind and order zero.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::i0(&1.0.into())?.to_f64()? - 1.266066).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn i0(x: &Array) -> Result<Array> {
    arithmetic::i0(x)
}

/// `exp(-|x|)` times the modified Bessel function of the first kind and order zero.
///
/// It does not overflow where `x` is large.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::i0e(&1.0.into())?.to_f64()? - 0.465760).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn i0e(x: &Array) -> Result<Array> {
    lax::bessel_i0e(&float("i0e", x)?)
}

/// The modified Bessel function of the first kind and order one.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::i1(&1.0.into())?.to_f64()? - 0.565159).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn i1(x: &Array) -> Result<Array> {
    let x = float("i1", x)?;
    lax::mul(&lax::exp(&lax::abs(&x)?)?, &lax::bessel_i1e(&x)?)
}

/// `exp(-|x|)` times the modified Bessel function of the first kind and order one.
///
/// It does not overflow where `x` is large.
///
/// ```
/// # use pullback::scipy::special;
/// assert!((special::i1e(&1.0.into())?.to_f64()? - 0.207910).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn i1e(x: &Array) -> Result<Array> {
    lax::bessel_i1e(&float("i1e", x)?)
}

/// Exponentials divided by their sum over axes: all, if none are given.
///
/// ```
/// # use pullback::{Array, scipy::special};
/// let y = special::softmax(&Array::from([1000.0, 1000.0]), None)?;
/// assert_eq!(y, Array::from([0.5, 0.5]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(axis))]
pub fn softmax(x: &Array, axis: Option<&Axes>) -> Result<Array> {
    crate::nn::softmax(x, Some(all_axes(x, axis)?), None)
}

/// The logarithm of [`softmax`].
///
/// ```
/// # use pullback::{Array, scipy::special};
/// let y = special::log_softmax(&Array::from([0.0, 1000.0]), None)?;
/// assert_eq!(y, Array::from([-1000.0, 0.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(axis))]
pub fn log_softmax(x: &Array, axis: Option<&Axes>) -> Result<Array> {
    crate::nn::log_softmax(x, Some(all_axes(x, axis)?), None)
}

fn all_axes(x: &Array, axis: Option<&Axes>) -> Result<Axes> {
    let axes = axes_of("softmax", axis, x.rank())?;
    Ok(Axes(axes.into_iter().map(|axis| axis as i64).collect()))
}

/// The regularized lower incomplete gamma function.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::special::gammainc;
///
/// let y = gammainc(&1.0.into(), &Array::from([1.0f32]))?;
/// assert!((y.to_vec::<f32>()?[0] - 0.632_120_6).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn gammainc(a: &Array, x: &Array) -> Result<Array> {
    let [a, x] = inexact_pair("gammainc", a, x)?;
    crate::lax::igamma(&a, &x)
}

/// The regularized upper incomplete gamma function, one minus [`gammainc`].
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::special::gammaincc;
///
/// let y = gammaincc(&1.0.into(), &Array::from([1.0f32]))?;
/// assert!((y.to_vec::<f32>()?[0] - 0.367_879_44).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn gammaincc(a: &Array, x: &Array) -> Result<Array> {
    let [a, x] = inexact_pair("gammaincc", a, x)?;
    crate::lax::igammac(&a, &x)
}

/// The regularized incomplete beta function.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::special::betainc;
///
/// # fn main() -> pullback::Result<()> {
/// let y = betainc(&Array::from(1.0f32), &Array::from(1.0f32), &Array::from(0.25f32))?;
/// assert!((y.to_f64()? - 0.25).abs() < 1e-6);
/// # Ok(())
/// # }
/// ```
#[api]
pub fn betainc(a: &Array, b: &Array, x: &Array) -> Result<Array> {
    let operands = promote::promote_inexact("betainc", &[a, b, x])?;
    check("betainc", &operands[0], Accepts::Float)?;
    crate::lax::betainc(&operands[0], &operands[1], &operands[2])
}

/// The logarithm of the gamma function; NaN where that is negative.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::special::loggamma;
///
/// let y = loggamma(&Array::from([5.0f32]))?;
/// assert!((y.to_vec::<f32>()?[0] - 24f32.ln()).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn loggamma(x: &Array) -> Result<Array> {
    let x = inexact(x)?;
    if x.dtype().is_complex() {
        return Err(Error::unsupported("loggamma", "complex numbers"));
    }
    let positive = lax::gt(&x, &number(0.0, &x))?;
    select(&positive, &unary::lgamma::lgamma(&x)?, &number(f64::NAN, &x))
}

/// Hurwitz's zeta function: the sum of `1 / (k + q)^x` for `k` from zero.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::special::zeta;
///
/// let y = zeta(&Array::from([2.0f32]), Some(&1.0.into()))?;
/// assert!((y.to_vec::<f32>()?[0] - 1.644_934).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn zeta(x: &Array, q: Option<&Array>) -> Result<Array> {
    let Some(q) = q else {
        return Err(Error::unsupported("zeta", "without q"));
    };
    let [x, q] = inexact_pair("zeta", x, q)?;
    crate::lax::zeta(&x, &q)
}

/// The derivative of [`digamma`] of the order `n`.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::special::polygamma;
///
/// let y = polygamma(&1.into(), &Array::from([1.0f32]))?;
/// assert!((y.to_vec::<f32>()?[0] - 1.644_934).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn polygamma(n: &Array, x: &Array) -> Result<Array> {
    if !n.dtype().is_integer() {
        return Err(Error::value_error(
            "polygamma",
            format!("Argument `n` to polygamma must be of integer type, got {}", n.dtype()),
        ));
    }
    let [n, x] = inexact_pair("polygamma", n, x)?;
    check("polygamma", &x, Accepts::Float)?;
    crate::lax::polygamma(&n, &x)
}

/// The number of ways to choose `k` out of `n`; with `repetition` each as often as one likes.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::special::comb;
///
/// let y = comb(&Array::from([5.0f32]), &2.into(), false)?;
/// assert!((y.to_vec::<f32>()?[0] - 10.0).abs() < 1e-4);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(repetition = false), rename(n = "N"), keyword_only(repetition))]
pub fn comb(n: &Array, k: &Array, repetition: bool) -> Result<Array> {
    let [n, k] = inexact_pair("comb", n, k)?;
    let (zero, one) = (number(0.0, &n), number(1.0, &n));
    if repetition {
        let nothing = lax::and(&lax::eq(&k, &zero)?, &lax::ge(&n, &zero)?)?;
        let more = lax::sub(&lax::add(&n, &k)?, &one)?;
        return select(&nothing, &one, &comb(&more, &k, false)?);
    }
    let there = lax::and(&lax::le(&k, &n)?, &lax::ge(&k, &zero)?)?;
    let there = lax::and(&there, &lax::ge(&n, &zero)?)?;
    let (n, k) = (select(&there, &n, &zero)?, select(&there, &k, &zero)?);
    let whole = lax::add(&n, &one)?;
    let parts = lax::sub(&gammaln(&whole)?, &gammaln(&lax::add(&k, &one)?)?)?;
    let y = lax::exp(&lax::sub(&parts, &gammaln(&lax::sub(&whole, &k)?)?)?)?;
    select(&there, &y, &zero)
}

/// The Bernoulli numbers from 0 to `n`.
///
/// ```
/// use pullback::scipy::special::bernoulli;
///
/// let y = bernoulli(2)?.to_vec::<f32>()?;
/// assert!((y[1] + 0.5).abs() < 1e-6 && (y[2] - 1.0 / 6.0).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn bernoulli(n: i64) -> Result<Array> {
    let Ok(n) = usize::try_from(n) else {
        return Err(Error::value_error("bernoulli", "n must be a non-negative integer"));
    };
    // |B_m| = 2 m! / (2 pi)^m times the sum of 1 / k^m.
    let mut size = 1.0;
    let mut numbers = vec![];
    for m in 0..=n {
        if m > 0 {
            size *= m as f64 / (2.0 * PI);
        }
        numbers.push(match m {
            0 => 1.0,
            1 => -0.5,
            2 => 1.0 / 6.0,
            m if m % 2 == 1 => 0.0,
            m => {
                let sum: f64 = (1..50).rev().map(|k| (k as f64).powi(-(m as i32))).sum();
                let sign = if m % 4 == 0 { -2.0 } else { 2.0 };
                sign * size * sum
            }
        });
    }
    promote::to_type(&Array::from_slice(&numbers, &[n + 1])?, promote::default_float(), false)
}

/// The power transform `(x^lmbda - 1) / lmbda` of Box and Cox, and the logarithm for `lmbda` of
/// zero.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::special::boxcox;
///
/// let y = boxcox(&Array::from([3.0f32]), &2.0.into())?;
/// assert!((y.to_vec::<f32>()?[0] - 4.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn boxcox(x: &Array, lmbda: &Array) -> Result<Array> {
    let [x, lmbda] = inexact_pair("boxcox", x, lmbda)?;
    transformed(&lax::log(&x)?, &lmbda)
}

/// [`boxcox`] of `1 + x`.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::special::boxcox1p;
///
/// let y = boxcox1p(&Array::from([2.0f32]), &2.0.into())?;
/// assert!((y.to_vec::<f32>()?[0] - 4.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn boxcox1p(x: &Array, lmbda: &Array) -> Result<Array> {
    let [x, lmbda] = inexact_pair("boxcox1p", x, lmbda)?;
    transformed(&unary::log1p::log1p(&x)?, &lmbda)
}

fn transformed(logarithm: &Array, lmbda: &Array) -> Result<Array> {
    let none = lax::eq(lmbda, &number(0.0, lmbda))?;
    let safe = select(&none, &number(1.0, lmbda), lmbda)?;
    let power = lax::div(&unary::expm1::expm1(&lax::mul(&safe, logarithm)?)?, &safe)?;
    select(&none, logarithm, &power)
}

/// The inverse of [`erfc`].
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::special::erfcinv;
///
/// let y = erfcinv(&Array::from([1.0f32]))?;
/// assert!((y.to_vec::<f32>()?[0] - 0.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn erfcinv(y: &Array) -> Result<Array> {
    let y = float("erfcinv", y)?;
    let wide = match y.dtype() {
        DType::F64 => y.clone(),
        _ => lax::convert_element_type(&y, DType::F32)?,
    };
    let half = ndtri(&lax::mul(&wide, &number(0.5, &wide))?)?;
    let x = lax::mul(&half, &number(-FRAC_1_SQRT_2, &half))?;
    lax::convert_element_type(&x, y.dtype())
}
