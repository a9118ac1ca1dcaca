//! The logarithm of the gamma function and its derivative, in numbers of 64 bits.

use super::super::double::{Digamma, Lgamma, digamma_by, lgamma_by};
use super::super::lane::{Double, Single};

/// ln |Γ(x)|, within 1 ulp.
#[inline(always)]
pub(crate) fn lgamma<R: Single>(x: R) -> R {
    lgamma_by(x.widen(), LGAMMA).narrow()
}

/// The derivative of ln Γ(x), within 1 ulp.
#[inline(always)]
pub(crate) fn digamma<R: Single>(x: R) -> R {
    digamma_by(x.widen(), DIGAMMA).narrow()
}

const LGAMMA: Lgamma<12, 5, 6> = Lgamma { near: LGAMMA_NEAR, stirling: STIRLING, sin_pi: SIN_PI };

const DIGAMMA: Digamma<11, 5, 8> =
    Digamma { near: DIGAMMA_NEAR, tail: DIGAMMA_TAIL, cot_pi: COT_PI };

const LGAMMA_NEAR: [f64; 12] = [
    0.42278433516768615,
    -0.10031730747368899,
    0.032964994236675066,
    -0.012383993248902403,
    0.004998684641811259,
    -0.002110062694457915,
    0.0009158529227277424,
    -0.0003980876843035242,
    0.00017800516921254262,
    -9.545397346037279e-05,
    4.972028926669344e-05,
    -1.3097482912466036e-05,
];

const STIRLING: [f64; 5] = [
    0.08333333330599157,
    -0.002777764772776518,
    0.0007926552021778932,
    -0.0005678054605932892,
    0.0005073137230759177,
];

const SIN_PI: [f64; 6] = [
    -5.3345571980394596e-11,
    -5.167712764656075,
    2.550163319955731,
    -0.599252209116574,
    0.08205045341692928,
    -0.00702846896234683,
];

const DIGAMMA_NEAR: [f64; 11] = [
    0.9510558747682647,
    -0.4236274994384907,
    0.24054278847223687,
    -0.14839875620008272,
    0.09497654705256789,
    -0.062057499419336457,
    0.04094140146159212,
    -0.02577876156529984,
    0.016696475852415866,
    -0.01638809217277252,
    0.011573217290273361,
];

const DIGAMMA_TAIL: [f64; 5] = [
    0.08333333306913088,
    -0.008333206519229032,
    0.0039584501373135,
    -0.00389258659520535,
    0.004140171431839818,
];

const COT_PI: [f64; 8] = [
    0.999999998907879,
    0.7101324072430261,
    0.6758371331867837,
    0.6701865132947802,
    0.6470252404027544,
    0.8277123640599648,
    -0.018292853524699337,
    2.042659779251906,
];
