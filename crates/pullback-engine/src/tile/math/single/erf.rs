//! The error function and its relatives.

use std::f32::consts::LN_2;

use super::super::double;
use super::super::lane::{Bits, Double, Edges, Real, Single};
use super::exp::exp;

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
    let (of, one) = (R::Bits::of, R::of(1.0));
    // The quotient by x is a smooth function of -ln(1 - x²), whose error hardly matters where it is
    // small. It is scaled and moved to lie between 1 and 16, where its exponent and first digits
    // say which polynomial is to be taken.
    let rest = (-x).mul_add(x, one);
    let bits = rest.to_bits();
    let n = (bits - one.to_bits()).shr(23);
    let sixteenth = bits.shr(19) & of(15);
    let [inverses, logs] = &ERF_INV_LOGS;
    let f = R::from_bits(bits - n.shl(23)).mul_add(R::lookup(inverses, sixteenth), -one);
    let whole = R::from_integer(n).mul_add(R::of(ERF_INV_LN2), R::lookup(logs, sixteenth));
    let v = f.mul_add(f.poly(ERF_INV_LOG), whole);
    let place = v.to_bits().shr(21) & of(15);
    let [middles, tables @ ..] = &ERF_INV;
    let y = (v - R::lookup(middles, place)).poly_at(tables, place);
    x * rest.with_edges(Edges::ErfInv, y)
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

/// -ln(1 - x²) in the inverse of the error function is divided by this.
const ERF_INV_SCALE: f32 = 1.070_312_5;
const ERF_INV_LN2: f32 = -LN_2 / ERF_INV_SCALE;

/// -ln(1 + f) / f / ERF_INV_SCALE, for |f| < 1/32.
const ERF_INV_LOG: [f32; 3] = [-0.9343065, 0.46731424, -0.31165016];

/// Inverses of the middles of the sixteenths of [1, 2], and their logarithms over ERF_INV_SCALE, each
/// 1 + 2^-20 more.
const ERF_INV_LOGS: [[f32; 16]; 2] = [
    [
        0.969697, 0.9142857, 0.8648649, 0.82051283, 0.7804878, 0.74418604, 0.7111111, 0.68085104,
        0.6530612, 0.627451, 0.6037736, 0.58181816, 0.5614035, 0.5423729, 0.52459013, 0.50793654,
    ],
    [
        0.97125083, 0.91627574, 0.86435646, 0.81517106, 0.76844597, 0.7239468, 0.681471,
        0.64084256, 0.6019075, 0.5645303, 0.528591, 0.49398303, 0.4606114, 0.4283908, 0.39724424,
        0.36710283,
    ],
];

/// Of each quarter of a binade from 1 to 16 the middle, and erf⁻¹(x) / x in how much more than that
/// 1 + 2^-20 - ln(1 - x²) / ERF_INV_SCALE is. They are in the order of the last digits of the
/// exponent, of which 1 has 3.
const ERF_INV: [[f32; 16]; 6] = [
    [2.25, 2.75, 3.25, 3.75, 4.5, 5.5, 6.5, 7.5, 9.0, 11.0, 13.0, 15.0, 1.125, 1.375, 1.625, 1.875],
    [
        1.2115096, 1.3454779, 1.478734, 1.6098374, 1.8003365, 2.0403326, 2.263713, 2.4717157,
        2.7590826, 3.1055644, 3.4199429, 3.7095473, 0.91746867, 0.9810561, 1.045881, 1.1116602,
    ],
    [
        0.267481, 0.26777527, 0.26476842, 0.25930703, 0.2482852, 0.23159653, 0.21539521,
        0.20094065, 0.18291268, 0.16447532, 0.1505019, 0.13950981, 0.2514993, 0.2570133, 0.261397,
        0.26465017,
    ],
    [
        0.0022044557,
        -0.0014925998,
        -0.0043775,
        -0.006406326,
        -0.008038721,
        -0.008391789,
        -0.0077126827,
        -0.006727888,
        -0.0053368644,
        -0.003974471,
        -0.0030729964,
        -0.0024600488,
        0.012142447,
        0.009902972,
        0.007631898,
        0.005390557,
    ],
    [
        -0.0026955146,
        -0.0022062266,
        -0.0016350037,
        -0.0010812591,
        -0.00041753767,
        0.00010313811,
        0.00030221764,
        0.00033351465,
        0.00027512058,
        0.00018374945,
        0.00012261834,
        8.526585e-05,
        -0.0029354775,
        -0.0030197168,
        -0.0030202153,
        -0.0029418722,
    ],
    [
        0.00020449939,
        0.00027455034,
        0.000288256,
        0.00026036415,
        0.00018277367,
        8.333821e-05,
        2.3246532e-05,
        -3.2916241e-06,
        -1.238186e-05,
        -9.615502e-06,
        -5.9135605e-06,
        -3.659486e-06,
        -0.00012661681,
        -4.2102063e-05,
        4.0024282e-05,
        0.00011487995,
    ],
];
