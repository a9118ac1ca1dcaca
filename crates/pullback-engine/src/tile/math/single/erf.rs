//! The error function and its relatives.

use super::super::double;
use super::super::lane::{Double, Real, Single};
use super::exp::exp;
use super::log::log_of_normal;

/// The error function, within 2 ulp.
#[inline(always)]
pub(crate) fn erf<R: Single>(x: R) -> R {
    let a = x.abs();
    let near = a.mul_add((a * a).poly(ERF_NEAR), a);
    // The logarithm of 1 - erf.
    let far = R::of(1.0) - exp(a.at_most(R::of(4.0)).poly(ERF_FAR));
    R::choose(a.lt(R::of(1.0)), near, far).copysign(x)
}

/// 1 - erf x, within 1 ulp.
#[inline(always)]
pub(crate) fn erfc<R: Single>(x: R) -> R {
    let of = <R::Double as Real>::of;
    let a = x.abs().widen().at_most(of(10.2));
    // e^(x²) erfc x is close to 1 / (1 + 2x); the rest is a polynomial in (a - 3) / (a + 3).
    let p = ((a - of(3.0)) / (a + of(3.0))).poly(ERFC);
    let y = double::exp_shifted(-a * a, 0) * p / (of(1.0) + of(2.0) * a);
    let negative = <R::Double as Double>::mask(x.lt(R::of(0.0)));
    <R::Double as Real>::choose(negative, of(2.0) - y, y).narrow()
}

/// The inverse of the error function, within 4 ulp.
#[inline(always)]
pub(crate) fn erf_inv<R: Single>(x: R) -> R {
    // A smooth function of w, or where x is close to 1, of its root.
    // Normal, where it is not 0: there the last choice is what counts.
    let w = -log_of_normal((R::of(1.0) - x) * (R::of(1.0) + x));
    let near = (w - R::of(1.0)).poly(ERF_INV_NEAR);
    let far = (w.sqrt() - R::of(3.0)).poly(ERF_INV_FAR);
    let y = x * R::choose(w.lt(R::of(5.0)), near, far);
    R::choose(x.abs().eq(R::of(1.0)), R::of(f32::INFINITY).copysign(x), y)
}

/// erf(x) / x - 1 in x², for |x| <= 1.
const ERF_NEAR: [f32; 8] = [
    0.12837917,
    -0.37612638,
    0.11283782,
    -0.02686543,
    0.0052210316,
    -0.00084840803,
    0.00011265959,
    -9.667045e-06,
];

/// ln(1 - erf x), for x from 1 to 4.
const ERF_FAR: [f32; 9] = [
    0.00032013806,
    -1.1302334,
    -0.63182604,
    -0.110080086,
    0.026421135,
    -0.004759596,
    0.00059680565,
    -4.605804e-05,
    1.6371514e-06,
];

/// erfc(a) e^(a²) (1 + 2a) in (a - 3) / (a + 3).
const ERFC: [f64; 15] = [
    1.2530080582693224,
    -0.13562110612758904,
    -0.04756229427491144,
    0.12964515908485674,
    -0.11927366571218913,
    0.06830801542103966,
    -0.023770495908541637,
    0.0025295376108190365,
    0.0018887036155239073,
    -0.0007806262093764208,
    -0.00010597372791823086,
    0.00012682112130861297,
    8.37739523193628e-06,
    -2.011249554133017e-05,
    -5.021251485989214e-06,
];

/// erf⁻¹(x) / x in w - 1, where w = -ln(1 - x²) < 5.
const ERF_INV_NEAR: [f32; 10] = [
    1.1273744,
    0.24783291,
    0.0042506303,
    -0.002376483,
    0.00010032271,
    3.8241855e-05,
    -4.431562e-06,
    -5.106793e-07,
    1.3915897e-07,
    -8.590642e-09,
];

/// erf⁻¹(x) / x in sqrt(w) - 3.
const ERF_INV_FAR: [f32; 10] = [
    2.8329768,
    1.0016749,
    0.009444992,
    -0.00763649,
    0.0056892163,
    -0.0036009003,
    0.0014797039,
    -5.0458853e-05,
    -0.00030552506,
    0.00011153858,
];
