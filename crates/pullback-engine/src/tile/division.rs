//! Quotients and remainders of integers, for which there are no vector instructions.
//!
//! Where all are divided by the same number, its inverse serves for all of them. Otherwise integers
//! of at most 32 bits are divided as floats: the quotient of two of them is either whole or further
//! from any whole number than rounding a float of twice the width, or of 24 bits for 16, moves it,
//! so its whole part is exact.

use std::marker::PhantomData;

use bytemuck::{Pod, cast_slice, cast_slice_mut};
use pulp::{Simd, WithSimd};

use super::int::Int;
use super::kernel::{Binary, Kernel, inlined2, plain2, stateless};
use super::op::ScalarOp;
use crate::isa::arch;

/// An integer type with kernels that divide.
pub(super) trait Division: Int {
    fn quotients() -> &'static dyn Kernel;
    fn remainders() -> &'static dyn Kernel;
}

#[derive(Clone, Copy)]
struct Quotient;

#[derive(Clone, Copy)]
struct Remainder;

macro_rules! as_floats {
    ($($T:ident by $Float:ident, $Whole:ident: $remainders:expr;)*) => {$(
        impl Division for $T {
            fn quotients() -> &'static dyn Kernel {
                inlined2::<$T, _>(Quotient)
            }
            fn remainders() -> &'static dyn Kernel {
                $remainders
            }
        }

        impl Binary<$T> for Quotient {
            type Result = $T;
            #[inline(always)]
            fn apply(self, x: $T, y: $T) -> $T {
                // The quotient by -1 is the one that may not fit.
                let is_minus_one = $T::MIN != 0 && y == !0;
                let by = if y == 0 || is_minus_one { 1 } else { y };
                // SAFETY: the quotient is finite, and no larger than `x`, so it fits.
                let quotient = unsafe { (x as $Float / by as $Float).to_int_unchecked::<$Whole>() };
                let quotient = if is_minus_one { x.wrapping_neg() } else { quotient as $T };
                if y == 0 { !0 } else { quotient }
            }
        }

        impl Binary<$T> for Remainder {
            type Result = $T;
            #[inline(always)]
            fn apply(self, x: $T, y: $T) -> $T {
                // Whatever the quotient by zero is, nothing is taken away.
                x.wrapping_sub(Quotient.apply(x, y).wrapping_mul(y))
            }
        }
    )*};
}
as_floats! {
    u8 by f32, i32: inlined2::<u8, _>(Remainder);
    i8 by f32, i32: inlined2::<i8, _>(Remainder);
    u16 by f32, i32: inlined2::<u16, _>(Remainder);
    i16 by f32, i32: inlined2::<i16, _>(Remainder);
    u32 by f64, u32: stateless(RemaindersByOne::<u32>(PhantomData));
    i32 by f64, i32: inlined2::<i32, _>(Remainder);
}

impl Division for i64 {
    fn quotients() -> &'static dyn Kernel {
        plain2(<i64 as Int>::div)
    }

    fn remainders() -> &'static dyn Kernel {
        plain2(<i64 as Int>::rem)
    }
}

impl Division for u64 {
    fn quotients() -> &'static dyn Kernel {
        plain2(<u64 as Int>::div)
    }

    fn remainders() -> &'static dyn Kernel {
        stateless(RemaindersByOne::<u64>(PhantomData))
    }
}

/// An unsigned integer type that is divided by one number many times without a division.
trait ByOne: Pod + Int {
    /// The remainders by a number that is not zero.
    fn remainders_by_one(x: &[Self], by: Self, out: &mut [Self]);
}

/// Numbers of 32 bits that are divided at once.
const LANES: usize = 64;

impl ByOne for u32 {
    #[inline(always)]
    fn remainders_by_one(x: &[u32], by: u32, out: &mut [u32]) {
        // 2^32 / by without its fraction, or one less than that, so that quotients lack at most 1.
        let inverse = u32::MAX / by + u32::from(by > 1 && by.is_power_of_two());
        let (x, rest) = x.as_chunks::<LANES>();
        let (out, out_rest) = out.as_chunks_mut::<LANES>();
        for (out, x) in out.iter_mut().zip(x) {
            // There is an instruction for products of every other lane.
            let pairs: [u64; LANES / 2] = bytemuck::cast(*x);
            let mut quotients = [0; LANES / 2];
            for (quotient, pair) in quotients.iter_mut().zip(pairs) {
                const LOW: u64 = u32::MAX as u64;
                let low = (pair & LOW) * inverse as u64;
                let high = (pair >> 32) * inverse as u64;
                *quotient = low >> 32 | high & !LOW;
            }
            let quotients: [u32; LANES] = bytemuck::cast(quotients);
            for lane in 0..LANES {
                let left = x[lane].wrapping_sub(quotients[lane].wrapping_mul(by));
                // What is less than zero wraps to more.
                out[lane] = left.min(left.wrapping_sub(by));
            }
        }
        for (out, &x) in out_rest.iter_mut().zip(rest) {
            *out = x % by;
        }
    }
}

impl ByOne for u64 {
    #[inline(always)]
    fn remainders_by_one(x: &[u64], by: u64, out: &mut [u64]) {
        // The inverse lacks less than 2 of 2^64 / by, so quotients lack at most 2.
        let inverse = u64::MAX / by;
        for (out, &x) in out.iter_mut().zip(x) {
            let quotient = ((x as u128 * inverse as u128) >> 64) as u64;
            let mut left = x.wrapping_sub(quotient.wrapping_mul(by));
            for _ in 0..2 {
                left = if left >= by { left - by } else { left };
            }
            *out = left;
        }
    }
}

/// Remainders of many numbers by one, and by a kernel those of others.
struct RemaindersByOne<T>(PhantomData<fn(T)>);

impl Kernel for RemaindersByOne<u32> {
    fn run(&self, op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        if !run_by_one::<u32>(operands, out) {
            inlined2::<u32, _>(Remainder).run(op, operands, out);
        }
    }
}

impl Kernel for RemaindersByOne<u64> {
    fn run(&self, op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        if !run_by_one::<u64>(operands, out) {
            plain2(<u64 as Int>::rem).run(op, operands, out);
        }
    }
}

/// Remainders by the one number that all of the second operand are, if they are.
fn run_by_one<T: ByOne>(operands: &[&[u8]], out: &mut [u8]) -> bool {
    let (x, y): (&[T], &[T]) = (cast_slice(operands[0]), cast_slice(operands[1]));
    let Some(&by) = y.first() else { return true };
    // A few are not worth an inverse.
    if y.len() < 16 || by == T::zeroed() {
        return false;
    }
    arch().dispatch(ByOneLoop { x, y, by, out: cast_slice_mut(out) })
}

struct ByOneLoop<'a, T> {
    x: &'a [T],
    y: &'a [T],
    by: T,
    out: &'a mut [T],
}

impl<T: ByOne> WithSimd for ByOneLoop<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> bool {
        let ByOneLoop { x, y, by, out } = self;
        let mut differing = T::zeroed();
        for &y in y {
            differing = differing.or(y.xor(by));
        }
        if differing != T::zeroed() {
            return false;
        }
        T::remainders_by_one(x, by, out);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares quotients and remainders of all pairs with those of the operations on integers.
    fn check<T: Division + std::fmt::Debug>(numbers: &[T])
    where
        Quotient: Binary<T, Result = T>,
        Remainder: Binary<T, Result = T>,
    {
        for &x in numbers {
            for &y in numbers {
                assert_eq!(Quotient.apply(x, y), Int::div(x, y), "{x:?} by {y:?}");
                assert_eq!(Remainder.apply(x, y), Int::rem(x, y), "{x:?} by {y:?}");
            }
        }
    }

    #[test]
    fn all_of_8_bits() {
        check::<u8>(&(0..=u8::MAX).collect::<Vec<_>>());
        check::<i8>(&(i8::MIN..=i8::MAX).collect::<Vec<_>>());
    }

    #[test]
    fn quotients_that_are_nearly_whole() {
        // Products and their neighbours, for which rounding the quotient up would be wrong.
        let small = [0u64, 1, 2, 3, 5, 7, 10, 127, 255, 256, 1000, 32767, 40503, 65535];
        let mut numbers = vec![];
        for a in small {
            for b in small.into_iter().chain([65536, 131071]) {
                numbers.extend([a * b, (a * b).wrapping_sub(1), a * b + 1, (a * b).wrapping_neg()]);
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        let picked = |n: usize| numbers.iter().step_by(n).copied().collect::<Vec<u64>>();
        check::<u16>(&picked(1).iter().map(|&n| n as u16).collect::<Vec<_>>());
        check::<i16>(&picked(1).iter().map(|&n| n as i16).collect::<Vec<_>>());
        check::<u32>(&picked(1).iter().map(|&n| n as u32).collect::<Vec<_>>());
        check::<i32>(&picked(1).iter().map(|&n| n as i32).collect::<Vec<_>>());
        check::<i32>(&[i32::MIN, i32::MIN + 1, -1, 0, 1, 2, i32::MAX - 1, i32::MAX]);
    }

    #[test]
    fn many_by_one() {
        use bytemuck::{cast_slice, cast_slice_mut};
        fn check<T: Division + std::fmt::Debug>(x: &[T], by: &[T]) {
            let mut out = vec![T::zeroed(); x.len()];
            for &by in by {
                let all = vec![by; x.len()];
                let operands: [&[u8]; 2] = [cast_slice(x), cast_slice(&all)];
                T::remainders().run(ScalarOp::Rem, &operands, cast_slice_mut(&mut out));
                for (&x, &found) in x.iter().zip(&out) {
                    assert_eq!(found, Int::rem(x, by), "{x:?} by {by:?}");
                }
            }
        }
        let by: Vec<u64> = (0..64)
            .flat_map(|n| [(1 << n) - 1, 1 << n, (1 << n) + 1, u64::MAX - n, u64::MAX / (n + 1)])
            .chain([0, 3, 5, 7, 10, 1000, 999_999_937, 0xffff_fffb, 0x8000_0000_0000_001d])
            .collect();
        // Multiples of each, and their neighbours.
        let near = |by: u64| {
            let multiples = [1, 2, 3, 1000, u64::MAX / by.max(1)].map(|n| by.wrapping_mul(n));
            multiples.into_iter().flat_map(|n| [n.wrapping_sub(1), n, n.wrapping_add(1)])
        };
        for &one in &by {
            let x: Vec<u64> = near(one).chain(by.iter().copied()).collect();
            check(&x, &[one]);
            let one = one as u32;
            let x: Vec<u32> =
                near(one.into()).map(|x| x as u32).chain(by.iter().map(|&x| x as u32)).collect();
            let largest = (u32::MAX / one.max(1)).wrapping_mul(one);
            check(&[&x[..], &[largest, largest.wrapping_sub(1)]].concat(), &[one]);
        }
    }

    #[test]
    fn kernels_divide_slices() {
        use bytemuck::{cast_slice, cast_slice_mut};
        let x: Vec<u32> = (0..100).map(|i| 4_294_967_295 - 12_345_678 * (i % 40)).collect();
        let y: Vec<u32> = (0..100).map(|i| (i * i * i) % 77_777).collect();
        let mut out = vec![0u32; 100];
        for (kernel, exact) in [
            (u32::remainders(), <u32 as Int>::rem as fn(u32, u32) -> u32),
            (u32::quotients(), <u32 as Int>::div),
        ] {
            let operands: [&[u8]; 2] = [cast_slice(&x), cast_slice(&y)];
            kernel.run(ScalarOp::Rem, &operands, cast_slice_mut(&mut out));
            assert!((0..100).all(|i| out[i] == exact(x[i], y[i])));
        }
    }
}
