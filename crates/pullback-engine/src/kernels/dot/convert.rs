//! Tensors of numbers as another dtype.

use num_complex::Complex;

use crate::dtype::{Bool, DType};
use crate::error::Result;
use crate::kernels::common::{build, with_number};
use crate::tensor::Tensor;

/// A tensor of numbers as another dtype.
pub(in crate::kernels) fn convert(x: &Tensor, dtype: DType) -> Result<Tensor> {
    if x.dtype() == dtype {
        return Ok(x.clone());
    }
    let x = x.contiguous()?;
    with_number!(x.dtype(), "dot_general", T => {
        let values = x.as_slice::<T>().unwrap_or_default();
        with_number!(dtype, "dot_general", U => build::<U>(x.shape(), |out| {
            for (slot, &value) in out.iter_mut().zip(values) {
                *slot = U::from_parts(value.parts());
            }
        }))
    })
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
