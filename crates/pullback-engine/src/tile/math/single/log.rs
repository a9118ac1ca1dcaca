//! Logarithms.

use std::f32::consts::{LN_2, LOG2_E};

use super::super::lane::{Bits, Edges, Single};
use super::{LN2_HI, LN2_LO};

/// x = 2^n (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), for normal positive x.
#[inline(always)]
fn split_binade<R: Single>(x: R) -> (R, R::Bits) {
    const SQRT_HALF: i64 = 0x3f35_04f3;
    let bits = x.to_bits();
    let n = (bits - R::Bits::of(SQRT_HALF)).shr(23);
    (R::from_bits(bits - n.shl(23)) - R::of(1.0), n)
}

/// ln(1 + f) - f for sqrt(1/2) <= 1 + f < sqrt(2).
#[inline(always)]
fn ln_1p_tail<R: Single>(f: R) -> R {
    let p = f.poly([
        0.3333333,
        -0.24999997,
        0.20000716,
        -0.16667803,
        0.14249058,
        -0.12425687,
        0.1168542,
        -0.11479734,
        0.06971612,
    ]);
    (f * f).mul_add(f * p, R::of(-0.5) * f * f)
}

/// Normal numbers as they are; the rest times 2^25, and the power of two to take off again.
#[inline(always)]
fn normalize<R: Single>(x: R) -> (R, R::Bits) {
    let small = x.lt(R::of(f32::MIN_POSITIVE));
    let normal = R::choose(small, x * R::of(33_554_432.0), x);
    (normal, R::Bits::choose(small, R::Bits::of(-25), R::Bits::of(0)))
}

/// ln x, within 1 ulp.
#[inline(always)]
pub(crate) fn log<R: Single>(x: R) -> R {
    let (normal, shift) = normalize(x);
    let (f, n) = split_binade(normal);
    let n = R::from_integer(n + shift);
    let tail = n.mul_add(R::of(LN2_LO), ln_1p_tail(f));
    x.with_edges(Edges::Log, n.mul_add(R::of(LN2_HI), f + tail))
}

/// log2 x, within 2 ulp, and exact for powers of two.
#[inline(always)]
pub(crate) fn log2<R: Single>(x: R) -> R {
    const HI: f32 = LOG2_E;
    // What HI lacks of 1 / ln 2.
    const LO: f32 = (std::f64::consts::LOG2_E - LOG2_E as f64) as f32;
    let (normal, shift) = normalize(x);
    let (f, n) = split_binade(normal);
    let tail = ln_1p_tail(f);
    let y = f.mul_add(R::of(HI), tail.mul_add(R::of(HI), f * R::of(LO)));
    x.with_edges(Edges::Log, R::from_integer(n + shift) + y)
}

/// ln(1 + x + rest) + doublings ln 2 for a small rest, within 1 ulp.
#[inline(always)]
pub(super) fn log1p_sum<R: Single>(x: R, rest: R, doublings: R) -> R {
    let one = R::of(1.0);
    let u = one + x;
    let (f, n) = split_binade(u);
    // What the sum lost, to first order; without a power of two x itself serves for f.
    let lost = R::choose(u.gt(R::of(2.0)), one - (u - x), x - (u - one));
    let whole = n.eq(R::Bits::of(0));
    let f = R::choose(whole, x, f);
    let rest = R::choose(whole, rest, lost + rest) / u;
    let n = R::from_integer(n) + doublings;
    let tail = n.mul_add(R::of(LN2_LO), ln_1p_tail(f)) + rest;
    u.with_edges(Edges::Log, n.mul_add(R::of(LN2_HI), f + tail))
}

/// ln(1 + x), within 1.5 ulp.
#[inline(always)]
pub(crate) fn log1p<R: Single>(x: R) -> R {
    let (of, one) = (R::Bits::of, R::of(1.0));
    let u = one + x;
    let near = u - one;
    let lost = (one - (u - near)) + (x - near);
    // u = 2^n m with 11/16 <= m < 11/8, and m = (1 + f) / inverse.
    let bits = u.to_bits();
    let exponent = (bits - of(0x3f30_0000)).shr(23);
    let m = R::from_bits(bits - exponent.shl(23));
    let part = bits.shr(19) & of(15);
    let [inverses, logs] = &LOG_PARTS;
    let inverse = R::lookup(inverses, part);
    let f = m.mul_add(inverse, -one);
    // 2^-n, or less than 0 for the largest numbers, of which nothing was lost that counts.
    let scale = R::from_bits(of(0x3f80_0000) - exponent.shl(23)).at_least(R::of(0.0));
    let f = lost.mul_add(scale * inverse, f);
    let tail = (f * f).mul_add(f.poly(LN_1P_NEAR), f);
    let n = R::from_integer(exponent);
    let y = u.with_edges(Edges::Log, n.mul_add(R::of(LN_2), R::lookup(logs, part)) + tail);
    // Below this, x is the nearest to the result, and zeros keep their sign.
    R::choose(x.abs().lt(R::of(5e-8)), x, y)
}

/// (ln(1 + f) - f) / f², for f from -1/31 to 1/16.
const LN_1P_NEAR: [f32; 4] = [-0.49999997, 0.33334175, -0.25015256, 0.19068299];

/// Inverses of the sixteenths of [11/16, 11/8] and minus their logarithms, by the first digits of the
/// fraction. Beside 1 they are 1; the others are such that the logarithms are close to floats.
const LOG_PARTS: [[f32; 16]; 2] = [
    [
        1.0, 0.9142498, 0.8648, 0.82040614, 0.7804802, 0.74420965, 1.4224249, 1.3618706, 1.3060321,
        1.2550328, 1.2076886, 1.163405, 1.1230136, 1.0848138, 1.0493975, 1.0,
    ],
    [
        0.0,
        0.089651465,
        0.14525704,
        0.19795577,
        0.2478459,
        0.2954325,
        -0.3523631,
        -0.30885923,
        -0.26699358,
        -0.22716169,
        -0.18870826,
        -0.151351,
        -0.1160158,
        -0.08140839,
        -0.04821616,
        0.0,
    ],
];
