//! The narrow floats, by their bits: branch-free, so that loops over them vectorise.

/// `bf16` to `f32`: the upper half of the bits.
#[inline(always)]
pub(crate) fn bf16_to_f32(x: u16) -> f32 {
    f32::from_bits((x as u32) << 16)
}

/// `f32` to `bf16`, to nearest, ties to even.
#[inline(always)]
pub(crate) fn f32_to_bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
    let nan = (bits >> 16) | 0x40;
    (if x.is_nan() { nan } else { rounded }) as u16
}

/// `f16` to `f32`.
#[inline(always)]
pub(crate) fn f16_to_f32(x: u16) -> f32 {
    let sign = (x as u32 & 0x8000) << 16;
    let magnitude = (x & 0x7fff) as u32;
    let normal = (magnitude << 13) + (112 << 23);
    let special = (magnitude << 13) | 0x7f80_0000;
    let subnormal = (magnitude as i32 as f32 * (1.0 / 16_777_216.0)).to_bits();
    let bits = if magnitude >= 0x7c00 { special } else { normal };
    let bits = if magnitude < 0x0400 { subnormal } else { bits };
    f32::from_bits(sign | bits)
}

/// `f32` to `f16`, to nearest, ties to even.
#[inline(always)]
pub(crate) fn f32_to_f16(x: f32) -> u16 {
    let bits = x.to_bits();
    let sign = (bits >> 16) & 0x8000;
    let magnitude = bits & 0x7fff_ffff;
    let normal =
        magnitude.wrapping_sub(112 << 23).wrapping_add(0xfff + ((magnitude >> 13) & 1)) >> 13;
    // An ulp of 1/2 is the smallest subnormal, so the sum rounds as the result must.
    let subnormal = (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0.5f32.to_bits());
    let result = if magnitude < 0x3880_0000 { subnormal } else { normal };
    let result = if magnitude >= 0x4780_0000 { 0x7c00 } else { result };
    let nan = 0x7e00 | ((magnitude >> 13) & 0x1ff);
    (sign | if magnitude > 0x7f80_0000 { nan } else { result }) as u16
}

/// `f64` to `f32`, to odd: truncated, and with the last bit set if that lost anything.
/// Rounding the result to a narrower type then gives what rounding once would.
#[inline(always)]
pub(crate) fn f64_to_f32_odd(x: f64) -> f32 {
    let nearest = x as f32;
    let back = nearest as f64;
    let away = back.abs() > x.abs();
    let inexact = (back != x) & !x.is_nan();
    f32::from_bits(nearest.to_bits().wrapping_sub(away as u32) | inexact as u32)
}

/// The layout of a float of one byte.
#[derive(Clone, Copy)]
struct Byte {
    mantissa: i32,
    bias: i32,
    /// The magnitude of the largest finite number, as bits.
    largest: u8,
    /// What larger numbers become.
    overflow: u8,
    nan: u8,
}

const F8E4M3FN: Byte = Byte { mantissa: 3, bias: 7, largest: 0x7e, overflow: 0x7f, nan: 0x7f };
const F8E5M2: Byte = Byte { mantissa: 2, bias: 15, largest: 0x7b, overflow: 0x7c, nan: 0x7e };

fn byte_to_f32(x: u8, format: Byte) -> f32 {
    let magnitude = x & 0x7f;
    let fraction = (magnitude as i32) & ((1 << format.mantissa) - 1);
    let exponent = (magnitude as i32) >> format.mantissa;
    let value = if magnitude > format.largest {
        if magnitude == format.overflow && format.overflow != format.nan {
            f32::INFINITY
        } else {
            f32::NAN
        }
    } else if exponent == 0 {
        fraction as f32 * 2f32.powi(1 - format.bias - format.mantissa)
    } else {
        (fraction | 1 << format.mantissa) as f32
            * 2f32.powi(exponent - format.bias - format.mantissa)
    };
    if x & 0x80 != 0 { -value } else { value }
}

fn f32_to_byte(x: f32, format: Byte) -> u8 {
    let sign = (x.is_sign_negative() as u8) << 7;
    if x.is_nan() {
        return sign | format.nan;
    }
    let smallest_exponent = 1 - format.bias;
    // The binade of |x|, where subnormals share that of the smallest normal number.
    let exponent = ((x.abs().to_bits() >> 23) as i32 - 127).max(smallest_exponent);
    if exponent > 127 - 1 {
        return sign | format.overflow;
    }
    // In units of the last place; a carry into the next binade is what the sum below makes of it.
    let units = (x.abs() as f64 * 2f64.powi(format.mantissa - exponent)).round_ties_even() as i32;
    let magnitude = ((exponent - smallest_exponent) << format.mantissa) + units;
    sign | if magnitude > format.largest as i32 { format.overflow } else { magnitude as u8 }
}

/// `float8_e4m3fn` to `f32`.
pub(crate) fn f8e4m3fn_to_f32(x: u8) -> f32 {
    byte_to_f32(x, F8E4M3FN)
}

/// `f32` to `float8_e4m3fn`; what is too large becomes NaN.
pub(crate) fn f32_to_f8e4m3fn(x: f32) -> u8 {
    f32_to_byte(x, F8E4M3FN)
}

/// `float8_e5m2` to `f32`.
pub(crate) fn f8e5m2_to_f32(x: u8) -> f32 {
    byte_to_f32(x, F8E5M2)
}

/// `f32` to `float8_e5m2`.
pub(crate) fn f32_to_f8e5m2(x: f32) -> u8 {
    f32_to_byte(x, F8E5M2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::{bf16, f16};

    #[test]
    fn narrow_floats_agree_with_the_library() {
        for bits in 0..=u16::MAX {
            let (x, y) = (f16_to_f32(bits), f16::from_bits(bits).to_f32());
            assert!(x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan()), "{bits:x}");
            if !x.is_nan() {
                assert_eq!(f32_to_f16(x), bits);
                assert_eq!(
                    f32_to_bf16(bf16_to_f32(bits)) == bits,
                    !bf16_to_f32(bits).is_nan() || bits & 0x40 != 0
                );
            }
        }
        for i in 0..2_000_000u32 {
            let x = f32::from_bits(i.wrapping_mul(2654435761));
            if x.is_nan() {
                assert!(f16_to_f32(f32_to_f16(x)).is_nan() && bf16_to_f32(f32_to_bf16(x)).is_nan());
                continue;
            }
            assert_eq!(f32_to_f16(x), f16::from_f32(x).to_bits(), "{x:e}");
            assert_eq!(f32_to_bf16(x), bf16::from_f32(x).to_bits(), "{x:e}");
        }
    }

    #[test]
    fn doubles_round_once() {
        // Just above the middle between two neighbours of 1 in f16.
        let x = 1.0 + 2f64.powi(-11) + 2f64.powi(-40);
        assert_eq!(f32_to_f16(f64_to_f32_odd(x)), 0x3c01);
        assert_eq!(f32_to_f16(f64_to_f32_odd(1.0 + 2f64.powi(-11))), 0x3c00);
        assert_eq!(f64_to_f32_odd(1e300), f32::MAX);
        assert!(f64_to_f32_odd(f64::NAN).is_nan());
    }

    #[test]
    fn bytes_survive_and_round_as_jax_rounds_them() {
        for bits in 0..=u8::MAX {
            for (to, from) in [
                (f8e4m3fn_to_f32 as fn(u8) -> f32, f32_to_f8e4m3fn as fn(f32) -> u8),
                (f8e5m2_to_f32, f32_to_f8e5m2),
            ] {
                let x = to(bits);
                assert!(x.is_nan() || from(x) == bits, "{bits:x} {x}");
            }
        }
        let e4m3: Vec<u8> =
            [-0.3, 500.0, 0.001, 1e-5, 449.0, 464.0, 465.0, -1e6].map(f32_to_f8e4m3fn).into();
        assert_eq!(e4m3, [170, 127, 1, 0, 126, 126, 127, 255]);
        let e5m2: Vec<u8> =
            [-0.3, 500.0, 1e5, f32::INFINITY, 1e-5, 60000.0, -1e6].map(f32_to_f8e5m2).into();
        assert_eq!(e5m2, [181, 96, 124, 124, 1, 123, 252]);
    }
}
