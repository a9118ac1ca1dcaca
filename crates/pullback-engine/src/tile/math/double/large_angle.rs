//! Large numbers modulo π/2.
//!
//! After Payne and Hanek, "Radian reduction for trigonometric functions" (1983): of the product
//! of an integer with 2/π only the bits that matter are computed, exactly.

use std::f64::consts::FRAC_PI_2;
use std::num::Wrapping;

use super::super::twofold::multiply;

/// x modulo π/2, between -π/4 and π/4, what that lacks, and the quadrant in the low bits, for
/// finite x of at least 2^23.
pub(super) fn reduce_large_angle(x: f64) -> (f64, f64, Wrapping<i64>) {
    let bits = x.abs().to_bits();
    let integer = bits & ((1 << 52) - 1) | 1 << 52;
    // |x| = integer 2^exponent. Bits of 2/π that with this power of two are worth 4 or more
    // give whole turns, so what is taken begins with the bit worth 2.
    let exponent = (bits >> 52) as i64 - 1075;
    let start = (exponent - 2 + 64) as usize;
    let window = |i: usize| {
        let (word, shift) = (start / 64 + i, start % 64);
        let pair = (TWO_OVER_PI[word] as u128) << 64 | TWO_OVER_PI[word + 1] as u128;
        (pair << shift >> 64) as u64 as u128
    };
    // The product, modulo 4 and in units of 2^-190, of which 54 bits are not exact.
    let integer = integer as u128;
    let low = integer * window(2);
    let middle = integer * window(1) + (low >> 64);
    let high = (integer * window(0) + (middle >> 64)) as u64;
    let quadrant = high >> 62;
    // The fraction as a number from -1/2 to 1/2 in units of 2^-192.
    let top = ((high as u128) << 64 | middle as u64 as u128) << 2 | (low as u64 >> 62) as u128;
    let bottom = (low as u64) << 2;
    let negative = top >> 127 == 1;
    let (top, bottom) = if negative { (!top, !bottom) } else { (top, bottom) };
    let shift = top.leading_zeros();
    let digits = top << shift | (bottom as u128) << 64 >> (128 - shift);
    let unit = f64::from_bits((1023 - shift as u64 - 128) << 52);
    let first = (digits >> 75 << 75) as f64;
    let rest = (digits << 53 >> 53) as f64;
    let pi = (FRAC_PI_2, 6.123_233_995_736_766e-17);
    let (r, lost) = multiply((first * unit, rest * unit), pi);
    let sign = if negative != x.is_sign_negative() { -1.0 } else { 1.0 };
    let quadrant = Wrapping(quadrant as i64 + negative as i64);
    let quadrant = if x < 0.0 { -quadrant } else { quadrant };
    (sign * r, sign * lost, quadrant)
}

/// The bits of 2/π behind 64 zeros.
const TWO_OVER_PI: [u64; 21] = [
    0,
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
    0xfe1d_eb1c_b129_a73e,
    0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41,
    0x3991_d639_8353_39f4,
    0x9c84_5f8b_bdf9_283b,
    0x1ff8_97ff_de05_980f,
    0xef2f_118b_5a0a_6d1f,
    0x6d36_7ecf_27cb_09b7,
    0x4f46_3f66_9e5f_ea2d,
    0x7527_bac7_ebe5_f17b,
    0x3d07_39f7_8a52_92ea,
    0x6bfb_5fb1_1f8d_5d08,
    0x5603_3046_fc7b_6bab,
    0,
];
