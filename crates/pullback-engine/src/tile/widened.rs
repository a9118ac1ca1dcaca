//! Kernels of narrow types, computed by those of a wider type in blocks.
//!
//! `bf16` and `f16` compute in `f32`, and most functions of `Complex<f32>` in `Complex<f64>`.
//! The result is rounded once, after the operation.

use std::marker::PhantomData;

use bytemuck::{Pod, Zeroable, bytes_of, bytes_of_mut, cast_slice, cast_slice_mut};
use num_complex::Complex;
use pulp::{Simd, WithSimd};

use super::kernel::{Kernel, dispatch, map2, stateless};
use super::math::narrow;
use super::op::ScalarOp;
use super::table;
use crate::dtype::DType;

/// A type that is computed in a wider one.
pub(crate) trait Narrow: Pod + Send + Sync {
    type Wide: Pod;
    const DTYPE: DType;
    const WIDE: DType;
    fn widen(self) -> Self::Wide;
    fn narrow(wide: Self::Wide) -> Self;
    /// Kernels of the type's own, for what depends on its bits.
    fn own(op: ScalarOp) -> Option<&'static dyn Kernel>;
}

/// The kernel of an operation on a narrow type, if the wider type has one.
pub(crate) fn find<T: Narrow>(op: ScalarOp) -> Option<&'static dyn Kernel> {
    // A pair of halves is no complex number.
    if op == ScalarOp::Complex {
        return None;
    }
    T::own(op).or_else(|| {
        table::find(op, T::WIDE)?;
        Some(stateless(Widened::<T>(PhantomData)))
    })
}

struct Widened<T>(PhantomData<fn(T) -> T>);

const BLOCK: usize = 128;

/// Operands of a block, in the wider type.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Block<W>([W; BLOCK]);

impl<T: Narrow> Kernel for Widened<T> {
    fn run(&self, op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let Some(kernel) = table::find(op, T::WIDE) else { return };
        let arity = operands.len();
        let keeps_type = op.result(&[T::DTYPE; 3][..arity]) == T::DTYPE;
        let (size, wide_size) = (size_of::<T>(), size_of::<T::Wide>());
        let out_size = if keeps_type { size } else { op.result(&[T::DTYPE; 3][..arity]).size() };
        let mut blocks = [Block([T::Wide::zeroed(); BLOCK]); 3];
        let mut result = Block([T::Wide::zeroed(); BLOCK]);
        let count = operands[0].len() / size;
        for start in (0..count).step_by(BLOCK) {
            let len = BLOCK.min(count - start);
            for (block, operand) in blocks.iter_mut().zip(operands) {
                let narrow: &[T] = cast_slice(&operand[start * size..(start + len) * size]);
                dispatch(WidenLoop { narrow, wide: &mut block.0[..len] });
            }
            let wide = blocks.each_ref().map(|block| &cast_slice(&block.0)[..len * wide_size]);
            let out = &mut out[start * out_size..(start + len) * out_size];
            if keeps_type {
                let bytes: &mut [u8] = cast_slice_mut(&mut result.0);
                kernel.run(op, &wide[..arity], &mut bytes[..len * wide_size]);
                dispatch(NarrowLoop {
                    wide: &result.0[..len],
                    narrow: cast_slice_mut::<u8, T>(out),
                });
            } else {
                kernel.run(op, &wide[..arity], out);
            }
        }
    }
}

struct WidenLoop<'a, T: Narrow> {
    narrow: &'a [T],
    wide: &'a mut [T::Wide],
}

impl<T: Narrow> WithSimd for WidenLoop<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for (wide, &narrow) in self.wide.iter_mut().zip(self.narrow) {
            *wide = narrow.widen();
        }
    }
}

struct NarrowLoop<'a, T: Narrow> {
    wide: &'a [T::Wide],
    narrow: &'a mut [T],
}

impl<T: Narrow> WithSimd for NarrowLoop<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for (narrow, &wide) in self.narrow.iter_mut().zip(self.wide) {
            *narrow = T::narrow(wide);
        }
    }
}

/// The bits of a `bf16`.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub(crate) struct Bf16(u16);

/// The bits of an `f16`.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub(crate) struct F16(u16);

impl Narrow for Bf16 {
    type Wide = f32;
    const DTYPE: DType = DType::BF16;
    const WIDE: DType = DType::F32;
    #[inline(always)]
    fn widen(self) -> f32 {
        narrow::bf16_to_f32(self.0)
    }
    #[inline(always)]
    fn narrow(wide: f32) -> Bf16 {
        Bf16(narrow::f32_to_bf16(wide))
    }
    fn own(op: ScalarOp) -> Option<&'static dyn Kernel> {
        (op == ScalarOp::Nextafter).then(|| map2(nextafter::<Bf16>))
    }
}

impl Narrow for F16 {
    type Wide = f32;
    const DTYPE: DType = DType::F16;
    const WIDE: DType = DType::F32;
    #[inline(always)]
    fn widen(self) -> f32 {
        narrow::f16_to_f32(self.0)
    }
    #[inline(always)]
    fn narrow(wide: f32) -> F16 {
        F16(narrow::f32_to_f16(wide))
    }
    fn own(op: ScalarOp) -> Option<&'static dyn Kernel> {
        (op == ScalarOp::Nextafter).then(|| map2(nextafter::<F16>))
    }
}

impl Narrow for Complex<f32> {
    type Wide = Complex<f64>;
    const DTYPE: DType = DType::C64;
    const WIDE: DType = DType::C128;
    #[inline(always)]
    fn widen(self) -> Complex<f64> {
        Complex { re: self.re as f64, im: self.im as f64 }
    }
    #[inline(always)]
    fn narrow(wide: Complex<f64>) -> Complex<f32> {
        Complex { re: wide.re as f32, im: wide.im as f32 }
    }
    fn own(_op: ScalarOp) -> Option<&'static dyn Kernel> {
        None
    }
}

/// The neighbour of `x` in the direction of `y`, among numbers of 16 bits.
#[inline(always)]
fn nextafter<T: Narrow<Wide = f32>>(x: T, y: T) -> T {
    let bits = |x: T| {
        let mut bits = 0u16;
        bytes_of_mut(&mut bits).copy_from_slice(bytes_of(&x));
        bits
    };
    let (from, to) = (x.widen(), y.widen());
    let outward = (to > from) == (from > 0.0);
    let next = if outward { bits(x).wrapping_add(1) } else { bits(x).wrapping_sub(1) };
    let next = if from == 0.0 { 1 | bits(y) & 0x8000 } else { next };
    let next = if from == to { bits(y) } else { next };
    if from.is_nan() | to.is_nan() { T::narrow(f32::NAN) } else { bytemuck::cast(next) }
}
