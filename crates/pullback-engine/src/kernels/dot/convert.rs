//! Tensors of numbers as another dtype.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use num_complex::Complex;

use crate::buffer::Buffer;
use crate::cost::Cost;
use crate::dtype::{Bool, DType, Element};
use crate::error::Result;
use crate::kernels::common::{arch, build, with_number};
use crate::kernels::parts::for_each_part;
use crate::tensor::Tensor;

/// A tensor of numbers as another dtype.
pub(in crate::kernels) fn convert(x: &Tensor, dtype: DType) -> Result<Tensor> {
    if x.dtype() == dtype {
        return Ok(x.clone());
    }
    let x = x.contiguous()?;
    match (x.dtype(), dtype) {
        (DType::BF16, DType::F32) => {
            return converted(&x, |from, to| arch().dispatch(Widen { from, to }));
        }
        (DType::F32, DType::BF16) => {
            return converted(&x, |from, to| arch().dispatch(Narrow { from, to }));
        }
        (DType::F16, DType::F32) => {
            return converted(&x, |from: &[f16], to: &mut [f32]| from.convert_to_f32_slice(to));
        }
        (DType::F32, DType::F16) => {
            return converted(&x, |from: &[f32], to: &mut [f16]| to.convert_from_f32_slice(from));
        }
        _ => {}
    }
    with_number!(x.dtype(), "dot_general", T => {
        let values = x.as_slice::<T>().unwrap_or_default();
        with_number!(dtype, "dot_general", U => build::<U>(x.shape(), |out| {
            for (slot, &value) in out.iter_mut().zip(values) {
                *slot = U::from_parts(value.parts());
            }
        }))
    })
}

/// What it takes to convert one element, some at a time.
const CONVERSION: Cost = Cost::flops(12);

/// The elements of a contiguous tensor as others, part by part.
fn converted<T: Element, U: Element>(
    x: &Tensor,
    convert: impl Fn(&[T], &mut [U]) + Sync,
) -> Result<Tensor> {
    let from = x.as_slice::<T>().unwrap_or_default();
    let mut buffer = Buffer::new(U::DTYPE, from.len())?;
    let part = (CONVERSION + Cost::bytes(size_of::<T>() + size_of::<U>())).items_of_part();
    for_each_part(buffer.slice_mut::<U>(), part, |start, to| {
        convert(&from[start..start + to.len()], to);
    });
    Ok(Tensor::from_buffer(U::DTYPE, x.shape(), buffer))
}

struct Widen<'a> {
    from: &'a [bf16],
    to: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Widen<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (slot, x) in self.to.iter_mut().zip(self.from) {
            *slot = f32::from_bits((x.to_bits() as u32) << 16);
        }
    }
}

/// Rounds to the nearest, to even ones between; a NaN stays one, and is quiet.
struct Narrow<'a> {
    from: &'a [f32],
    to: &'a mut [bf16],
}

impl pulp::NullaryFnOnce for Narrow<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (slot, x) in self.to.iter_mut().zip(self.from) {
            let bits = x.to_bits();
            let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
            let quiet = bits >> 16 | 0x40;
            *slot = bf16::from_bits(if x.is_nan() { quiet } else { rounded } as u16);
        }
    }
}

/// A number on its way from one dtype to another: as an integer if it is one, real and
/// imaginary part.
pub(super) type Parts = (i64, f64, f64);

pub(super) trait Convert {
    fn parts(self) -> Parts;
    fn from_parts(parts: Parts) -> Self;
}

macro_rules! conversions {
    ($($T:ty: $value:ident => $parts:expr, $given:ident => $from:expr;)*) => {$(
        impl Convert for $T {
            #[inline(always)]
            fn parts(self) -> Parts {
                let $value = self;
                $parts
            }
            #[inline(always)]
            fn from_parts($given: Parts) -> Self { $from }
        }
    )*};
}
macro_rules! integer_conversions {
    ($($T:ty),*) => {
        conversions! { $($T: v => (v as i64, v as f64, 0.0), p => p.0 as $T;)* }
    };
}
integer_conversions!(i8, i16, i32, i64, u8, u16, u32, u64);
conversions! {
    Bool: v => (v.0 as i64, v.0 as f64, 0.0), p => Bool::from(p.1 != 0.0 || p.2 != 0.0);
    half::bf16: v => (v.to_f32() as i64, v.to_f64(), 0.0), p => half::bf16::from_f32(p.1 as f32);
    half::f16: v => (v.to_f32() as i64, v.to_f64(), 0.0), p => half::f16::from_f32(p.1 as f32);
    f32: v => (v as i64, v as f64, 0.0), p => p.1 as f32;
    f64: v => (v as i64, v, 0.0), p => p.1;
    Complex<f32>: v => (v.re as i64, v.re as f64, v.im as f64),
        p => Complex::new(p.1 as f32, p.2 as f32);
    Complex<f64>: v => (v.re as i64, v.re, v.im), p => Complex::new(p.1, p.2);
}
