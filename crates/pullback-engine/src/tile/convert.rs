//! Conversions between element types.
//!
//! A type is read as one of the primitive numbers and written from one; Rust's `as` between
//! those has the semantics wanted: float to integer saturates, NaN is zero, integers wrap.

use bytemuck::Pod;
use num_complex::Complex;

use super::kernel::{Kernel, map1, plain1};
use super::math::narrow;
use crate::dtype::{Bool, DType};

/// The kernel that converts, if both types hold numbers.
pub(crate) fn find(from: DType, to: DType) -> Option<&'static dyn Kernel> {
    Some(match from {
        DType::Bool => read_as(to, |x: Bool| x.0)?,
        DType::I4 | DType::I8 => read_as(to, |x: i8| x)?,
        DType::U4 | DType::U8 => read_as(to, |x: u8| x)?,
        DType::I16 => read_as(to, |x: i16| x)?,
        DType::I32 => read_as(to, |x: i32| x)?,
        DType::I64 => read_as(to, |x: i64| x)?,
        DType::U16 => read_as(to, |x: u16| x)?,
        DType::U32 => read_as(to, |x: u32| x)?,
        DType::U64 => read_as(to, |x: u64| x)?,
        DType::F8E4M3Fn => read_as(to, narrow::f8e4m3fn_to_f32)?,
        DType::F8E5M2 => read_as(to, narrow::f8e5m2_to_f32)?,
        DType::BF16 => read_as(to, narrow::bf16_to_f32)?,
        DType::F16 => read_as(to, narrow::f16_to_f32)?,
        DType::F32 => read_as(to, |x: f32| x)?,
        DType::F64 => read_as(to, |x: f64| x)?,
        // Both parts are converted to a complex type, and count for truth.
        DType::C64 => match to {
            DType::Bool => map1(|z: Complex<f32>| Bool::from((z.re != 0.0) | (z.im != 0.0))),
            DType::C64 => map1(|z: Complex<f32>| z),
            DType::C128 => map1(|z: Complex<f32>| Complex::new(z.re as f64, z.im as f64)),
            _ => read_as(to, |z: Complex<f32>| z.re)?,
        },
        DType::C128 => match to {
            DType::Bool => map1(|z: Complex<f64>| Bool::from((z.re != 0.0) | (z.im != 0.0))),
            DType::C64 => map1(|z: Complex<f64>| Complex::new(z.re as f32, z.im as f32)),
            DType::C128 => map1(|z: Complex<f64>| z),
            _ => read_as(to, |z: Complex<f64>| z.re)?,
        },
        DType::Float0 | DType::KeyThreefry | DType::Stack => return None,
    })
}

/// The kernel from elements that `read` makes numbers of.
fn read_as<A: Pod, P: Number>(
    to: DType,
    read: impl Fn(A) -> P + Copy + Send + Sync + 'static,
) -> Option<&'static dyn Kernel> {
    Some(match to {
        DType::Bool => map1(move |x: A| Bool::from(read(x).is_not_zero())),
        DType::I4 => plain1(move |x: A| read(x).to_i4()),
        DType::U4 => plain1(move |x: A| read(x).to_u4()),
        DType::I8 => map1(move |x: A| read(x).to_i8()),
        DType::I16 => map1(move |x: A| read(x).to_i16()),
        DType::I32 => map1(move |x: A| read(x).to_i32()),
        DType::I64 => map1(move |x: A| read(x).to_i64()),
        DType::U8 => map1(move |x: A| read(x).to_u8()),
        DType::U16 => map1(move |x: A| read(x).to_u16()),
        DType::U32 => map1(move |x: A| read(x).to_u32()),
        DType::U64 => map1(move |x: A| read(x).to_u64()),
        DType::F8E4M3Fn => plain1(move |x: A| narrow::f32_to_f8e4m3fn(read(x).to_f32_odd())),
        DType::F8E5M2 => plain1(move |x: A| narrow::f32_to_f8e5m2(read(x).to_f32_odd())),
        DType::BF16 => map1(move |x: A| narrow::f32_to_bf16(read(x).to_f32_odd())),
        DType::F16 => map1(move |x: A| narrow::f32_to_f16(read(x).to_f32_odd())),
        DType::F32 => map1(move |x: A| read(x).to_f32()),
        DType::F64 => map1(move |x: A| read(x).to_f64()),
        DType::C64 => map1(move |x: A| Complex::new(read(x).to_f32(), 0.0)),
        DType::C128 => map1(move |x: A| Complex::new(read(x).to_f64(), 0.0)),
        DType::Float0 | DType::KeyThreefry | DType::Stack => return None,
    })
}

/// A primitive number, to be converted.
trait Number: Copy {
    fn is_not_zero(self) -> bool;
    fn to_i4(self) -> i8;
    fn to_u4(self) -> u8;
    fn to_i8(self) -> i8;
    fn to_i16(self) -> i16;
    fn to_i32(self) -> i32;
    fn to_i64(self) -> i64;
    fn to_u8(self) -> u8;
    fn to_u16(self) -> u16;
    fn to_u32(self) -> u32;
    fn to_u64(self) -> u64;
    fn to_f32(self) -> f32;
    fn to_f64(self) -> f64;
    /// As `f32`, such that rounding that to a narrower float rounds once.
    fn to_f32_odd(self) -> f32;
}

macro_rules! wrap {
    ($x:expr, $to:ident) => {
        $x as $to
    };
}

/// A float as an integer of at most 32 bits. What `as` gives, but in steps that vectorise.
macro_rules! saturate {
    ($x:expr, $to:ident) => {{
        // The sum has the integer in its low bits.
        const MAGIC: f64 = 6_755_399_441_055_744.0;
        let x = ($x as f64).trunc();
        let x = if x < $to::MIN as f64 { $to::MIN as f64 } else { x };
        let x = if x > $to::MAX as f64 { $to::MAX as f64 } else { x };
        let x = if x.is_nan() { 0.0 } else { x };
        (x + MAGIC).to_bits() as $to
    }};
}

macro_rules! number {
    ($number:ident, $small:ident, $x:ident, $i4:expr, $u4:expr, $odd:expr) => {
        impl Number for $number {
            #[inline(always)]
            fn is_not_zero(self) -> bool {
                self != 0 as $number
            }
            #[inline(always)]
            fn to_i4(self) -> i8 {
                let $x = self;
                $i4
            }
            #[inline(always)]
            fn to_u4(self) -> u8 {
                let $x = self;
                $u4
            }
            #[inline(always)]
            fn to_i8(self) -> i8 {
                $small!(self, i8)
            }
            #[inline(always)]
            fn to_i16(self) -> i16 {
                $small!(self, i16)
            }
            #[inline(always)]
            fn to_i32(self) -> i32 {
                $small!(self, i32)
            }
            #[inline(always)]
            fn to_i64(self) -> i64 {
                self as i64
            }
            #[inline(always)]
            fn to_u8(self) -> u8 {
                $small!(self, u8)
            }
            #[inline(always)]
            fn to_u16(self) -> u16 {
                $small!(self, u16)
            }
            #[inline(always)]
            fn to_u32(self) -> u32 {
                $small!(self, u32)
            }
            #[inline(always)]
            fn to_u64(self) -> u64 {
                self as u64
            }
            #[inline(always)]
            fn to_f32(self) -> f32 {
                self as f32
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn to_f32_odd(self) -> f32 {
                let $x = self;
                $odd
            }
        }
    };
}

macro_rules! integers {
    ($($integer:ident)*) => {
        $(number!($integer, wrap, x, ((x as i8) << 4) >> 4, (x as u8) & 15,
            narrow::f64_to_f32_odd(x as f64));)*
    };
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);
number!(f32, saturate, x, (x as i8).clamp(-8, 7), (x as u8).min(15), x);
number!(f64, saturate, x, (x as i8).clamp(-8, 7), (x as u8).min(15), narrow::f64_to_f32_odd(x));
