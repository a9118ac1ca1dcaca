//! What several kernels share: dispatch on element types and processors, arithmetic of every
//! element type, and walks over strided layouts.

use half::{bf16, f16};
use num_complex::Complex;
use smallvec::SmallVec;

use crate::buffer::Buffer;
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
pub(super) use crate::isa::arch;
use crate::layout::{self, Shape, Strides};
use crate::tensor::Tensor;

/// Evaluates an expression with `$T` naming the Rust type of a dtype that has arithmetic;
/// `$operation` is what the error names for all other dtypes.
macro_rules! with_number {
    ($dtype:expr, $operation:expr, $T:ident => $body:expr) => {{
        use crate::dtype::DType;
        match $dtype {
            DType::Bool => {
                type $T = crate::dtype::Bool;
                $body
            }
            DType::I8 => {
                type $T = i8;
                $body
            }
            DType::I16 => {
                type $T = i16;
                $body
            }
            DType::I32 => {
                type $T = i32;
                $body
            }
            DType::I64 => {
                type $T = i64;
                $body
            }
            DType::U8 => {
                type $T = u8;
                $body
            }
            DType::U16 => {
                type $T = u16;
                $body
            }
            DType::U32 => {
                type $T = u32;
                $body
            }
            DType::U64 => {
                type $T = u64;
                $body
            }
            DType::BF16 => {
                type $T = half::bf16;
                $body
            }
            DType::F16 => {
                type $T = half::f16;
                $body
            }
            DType::F32 => {
                type $T = f32;
                $body
            }
            DType::F64 => {
                type $T = f64;
                $body
            }
            DType::C64 => {
                type $T = num_complex::Complex<f32>;
                $body
            }
            DType::C128 => {
                type $T = num_complex::Complex<f64>;
                $body
            }
            dtype => Err(crate::error::Error::DType { operation: $operation, dtype }),
        }
    }};
}
pub(super) use with_number;

/// Evaluates an expression with `$T` naming a plain type of the given size in bytes, for kernels
/// that only move elements; elements of no size take the last branch.
macro_rules! with_size {
    ($size:expr, $T:ident => $body:expr, else $empty:expr) => {
        match $size {
            1 => {
                type $T = u8;
                $body
            }
            2 => {
                type $T = u16;
                $body
            }
            4 => {
                type $T = u32;
                $body
            }
            8 => {
                type $T = u64;
                $body
            }
            16 => {
                type $T = [u64; 2];
                $body
            }
            _ => $empty,
        }
    };
}
pub(super) use with_size;

/// Arithmetic as array programs have it: integers wrap, truth values are 0 and 1, and the
/// greater or lesser of two numbers is NaN where one of them is.
pub(super) trait Number: Element {
    const ZERO: Self;
    /// What leaves a sum unchanged: negative zero, where there is one.
    const NOTHING: Self;
    const ONE: Self;
    /// What leaves the greater of two values unchanged.
    const LEAST: Self;
    /// What leaves the lesser of two values unchanged.
    const GREATEST: Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn greater(self, other: Self) -> Self;
    fn lesser(self, other: Self) -> Self;
    /// Whether this is the lesser by comparison alone.
    fn is_below(self, other: Self) -> bool;
    /// Whether comparison alone finds the greater and the lesser of this and another, which it does
    /// not where numbers are equal but differ, or are none.
    fn is_plain(self) -> bool;
}

macro_rules! integer_numbers {
    ($($T:ty),*) => {$(
        impl Number for $T {
            const ZERO: Self = 0;
            const NOTHING: Self = 0;
            const ONE: Self = 1;
            const LEAST: Self = <$T>::MIN;
            const GREATEST: Self = <$T>::MAX;
            #[inline(always)]
            fn plus(self, other: Self) -> Self { self.wrapping_add(other) }
            #[inline(always)]
            fn minus(self, other: Self) -> Self { self.wrapping_sub(other) }
            #[inline(always)]
            fn times(self, other: Self) -> Self { self.wrapping_mul(other) }
            #[inline(always)]
            fn greater(self, other: Self) -> Self { Ord::max(self, other) }
            #[inline(always)]
            fn lesser(self, other: Self) -> Self { Ord::min(self, other) }
            #[inline(always)]
            fn is_below(self, other: Self) -> bool { self < other }
            #[inline(always)]
            fn is_plain(self) -> bool { true }
        }
    )*};
}
integer_numbers!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! float_numbers {
    ($($T:ty, $zero:expr, $nothing:expr, $one:expr, $least:expr, $greatest:expr;)*) => {$(
        impl Number for $T {
            const ZERO: Self = $zero;
            const NOTHING: Self = $nothing;
            const ONE: Self = $one;
            const LEAST: Self = $least;
            const GREATEST: Self = $greatest;
            #[inline(always)]
            fn plus(self, other: Self) -> Self { self + other }
            #[inline(always)]
            fn minus(self, other: Self) -> Self { self - other }
            #[inline(always)]
            fn times(self, other: Self) -> Self { self * other }
            // Positive zero counts as greater than negative zero, so that the result does not
            // depend on the order of the operands. There is no branch, as it could not be foreseen.
            #[inline(always)]
            fn greater(self, other: Self) -> Self {
                let tie = (self == other) & (self.to_bits() == 0);
                if (self > other) | self.is_nan() | tie { self } else { other }
            }
            #[inline(always)]
            fn lesser(self, other: Self) -> Self {
                let tie = (self == other) & (other.to_bits() == 0);
                if (self < other) | self.is_nan() | tie { self } else { other }
            }
            #[inline(always)]
            fn is_below(self, other: Self) -> bool { self < other }
            #[inline(always)]
            fn is_plain(self) -> bool { !(self.is_nan() | (self == $zero)) }
        }
    )*};
}
float_numbers! {
    f32, 0.0, -0.0, 1.0, f32::NEG_INFINITY, f32::INFINITY;
    f64, 0.0, -0.0, 1.0, f64::NEG_INFINITY, f64::INFINITY;
    f16, f16::ZERO, f16::NEG_ZERO, f16::ONE, f16::NEG_INFINITY, f16::INFINITY;
    bf16, bf16::ZERO, bf16::NEG_ZERO, bf16::ONE, bf16::NEG_INFINITY, bf16::INFINITY;
}

macro_rules! complex_numbers {
    ($($R:ty),*) => {$(
        impl Number for Complex<$R> {
            const ZERO: Self = Complex { re: 0.0, im: 0.0 };
            const NOTHING: Self = Complex { re: -0.0, im: -0.0 };
            const ONE: Self = Complex { re: 1.0, im: 0.0 };
            const LEAST: Self = Complex { re: <$R>::NEG_INFINITY, im: <$R>::NEG_INFINITY };
            const GREATEST: Self = Complex { re: <$R>::INFINITY, im: <$R>::INFINITY };
            #[inline(always)]
            fn plus(self, other: Self) -> Self { self + other }
            #[inline(always)]
            fn minus(self, other: Self) -> Self { self - other }
            #[inline(always)]
            fn times(self, other: Self) -> Self { self * other }
            // The order is lexicographic, and a comparison with NaN is false.
            #[inline(always)]
            fn greater(self, other: Self) -> Self {
                let greater = self.re > other.re || self.re == other.re && self.im > other.im;
                if greater { self } else { other }
            }
            #[inline(always)]
            fn lesser(self, other: Self) -> Self {
                let lesser = self.re < other.re || self.re == other.re && self.im < other.im;
                if lesser { self } else { other }
            }
            #[inline(always)]
            fn is_below(self, _: Self) -> bool { false }
            #[inline(always)]
            fn is_plain(self) -> bool { false }
        }
    )*};
}
complex_numbers!(f32, f64);

impl Number for Bool {
    const ZERO: Self = Bool(0);
    const NOTHING: Self = Bool(0);
    const ONE: Self = Bool(1);
    const LEAST: Self = Bool(0);
    const GREATEST: Self = Bool(1);
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Bool(self.0 | other.0)
    }
    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Bool(self.0 ^ other.0)
    }
    #[inline(always)]
    fn times(self, other: Self) -> Self {
        Bool(self.0 & other.0)
    }
    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        Bool(self.0 | other.0)
    }
    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        Bool(self.0 & other.0)
    }
    #[inline(always)]
    fn is_below(self, other: Self) -> bool {
        self.0 < other.0
    }
    #[inline(always)]
    fn is_plain(self) -> bool {
        true
    }
}

/// The positions in `N` layouts of every index of a shape, in row-major order.
///
/// An iterator rather than a function that takes one, so that the loop over it is compiled
/// with the instruction sets of the function that it stands in.
pub(super) struct Walk<'a, const N: usize> {
    shape: &'a [usize],
    strides: [&'a [isize]; N],
    index: SmallVec<[usize; 8]>,
    next: Option<[isize; N]>,
}

impl<'a, const N: usize> Walk<'a, N> {
    pub(super) fn new(
        shape: &'a [usize],
        strides: [&'a [isize]; N],
        start: [isize; N],
    ) -> Walk<'a, N> {
        Walk::from(shape, strides, start, 0)
    }

    /// The walk from index number `first` on, in row-major order.
    pub(super) fn from(
        shape: &'a [usize],
        strides: [&'a [isize]; N],
        mut start: [isize; N],
        first: usize,
    ) -> Walk<'a, N> {
        let mut index = SmallVec::from_elem(0, shape.len());
        let mut rest = first;
        for axis in (0..shape.len()).rev() {
            let size = shape[axis].max(1);
            index[axis] = rest % size;
            rest /= size;
            for operand in 0..N {
                start[operand] += index[axis] as isize * strides[operand][axis];
            }
        }
        let next = (!shape.contains(&0) && rest == 0).then_some(start);
        Walk { shape, strides, index, next }
    }
}

impl<const N: usize> Iterator for Walk<'_, N> {
    type Item = [isize; N];

    #[inline(always)]
    fn next(&mut self) -> Option<[isize; N]> {
        let at = self.next?;
        let mut next = at;
        let mut axis = self.shape.len();
        self.next = loop {
            if axis == 0 {
                break None;
            }
            axis -= 1;
            self.index[axis] += 1;
            if self.index[axis] < self.shape[axis] {
                for operand in 0..N {
                    next[operand] += self.strides[operand][axis];
                }
                break Some(next);
            }
            self.index[axis] = 0;
            for operand in 0..N {
                next[operand] -= self.strides[operand][axis] * (self.shape[axis] as isize - 1);
            }
        };
        Some(at)
    }
}

/// Calls `f` with the positions that [`Walk`] gives.
pub(super) fn walk<const N: usize>(
    shape: &[usize],
    strides: [&[isize]; N],
    start: [isize; N],
    mut f: impl FnMut([isize; N]),
) {
    // The innermost axis is a plain loop.
    let Some((&row, outer)) = shape.split_last() else { return f(start) };
    let steps = strides.map(|strides| strides[outer.len()]);
    let outer_strides = strides.map(|strides| &strides[..outer.len()]);
    for mut at in Walk::new(outer, outer_strides, start) {
        for _ in 0..row {
            f(at);
            for operand in 0..N {
                at[operand] += steps[operand];
            }
        }
    }
}

/// Axes with their strides in `N` layouts, joined wherever all layouts allow it.
pub(super) fn merged<const N: usize>(
    shape: &[usize],
    strides: [&[isize]; N],
) -> (Shape, [Strides; N]) {
    let mut sizes = Shape::new();
    let mut steps: [Strides; N] = std::array::from_fn(|_| Strides::new());
    for axis in 0..shape.len() {
        if shape[axis] == 1 {
            continue;
        }
        let joins = !sizes.is_empty()
            && (0..N).all(|operand| {
                let last = steps[operand].len() - 1;
                steps[operand][last] == strides[operand][axis] * shape[axis] as isize
            });
        if joins {
            let last = sizes.len() - 1;
            sizes[last] *= shape[axis];
            for operand in 0..N {
                steps[operand][last] = strides[operand][axis];
            }
        } else {
            sizes.push(shape[axis]);
            for operand in 0..N {
                steps[operand].push(strides[operand][axis]);
            }
        }
    }
    (sizes, steps)
}

/// The elements in row-major order in a buffer of their own; in place where no one else holds it.
pub(super) fn owned_buffer(x: Tensor) -> Result<Buffer> {
    x.into_buffer().or_else(|x| {
        let mut buffer = Buffer::new(x.dtype(), x.count())?;
        x.copy_to(buffer.bytes_mut());
        Ok(buffer)
    })
}

/// The elements of a tensor of integers in row-major order; what does not fit is the nearest
/// that does.
pub(super) fn integers(x: &Tensor, operation: &'static str) -> Result<Vec<i64>> {
    fn collect<T: Element>(x: &Tensor, convert: impl Fn(T) -> i64) -> Vec<i64> {
        match x.as_slice::<T>() {
            Some(slice) => slice.iter().map(|&v| convert(v)).collect(),
            None => x.to_vec::<T>().into_iter().map(convert).collect(),
        }
    }
    Ok(match x.dtype() {
        DType::Bool => collect::<Bool>(x, |v| v.0 as i64),
        DType::I8 => collect::<i8>(x, i64::from),
        DType::I16 => collect::<i16>(x, i64::from),
        DType::I32 => collect::<i32>(x, i64::from),
        DType::I64 => collect::<i64>(x, |v| v),
        DType::U8 => collect::<u8>(x, i64::from),
        DType::U16 => collect::<u16>(x, i64::from),
        DType::U32 => collect::<u32>(x, i64::from),
        DType::U64 => collect::<u64>(x, |v| v.min(i64::MAX as u64) as i64),
        dtype => return Err(Error::DType { operation, dtype }),
    })
}

/// A tensor over a new buffer of elements of type `T`, which `f` must all write.
pub(super) fn build<T: Element>(shape: &[usize], f: impl FnOnce(&mut [T])) -> Result<Tensor> {
    let mut buffer = Buffer::new(T::DTYPE, layout::count(shape))?;
    f(buffer.slice_mut());
    Ok(Tensor::from_buffer(T::DTYPE, shape, buffer))
}

/// A tensor of indices, which the index dtype is wide enough for, in that dtype.
pub(super) fn index_tensor(
    dtype: DType,
    shape: &[usize],
    indices: &[usize],
    operation: &'static str,
) -> Result<Tensor> {
    macro_rules! cast {
        ($T:ty) => {
            build::<$T>(shape, |out| {
                for (slot, &index) in out.iter_mut().zip(indices) {
                    *slot = index as $T;
                }
            })
        };
    }
    match dtype {
        DType::I8 => cast!(i8),
        DType::I16 => cast!(i16),
        DType::I32 => cast!(i32),
        DType::I64 => cast!(i64),
        DType::U8 => cast!(u8),
        DType::U16 => cast!(u16),
        DType::U32 => cast!(u32),
        DType::U64 => cast!(u64),
        dtype => Err(Error::DType { operation, dtype }),
    }
}

/// Sizes before, at and after an axis.
pub(super) fn around(shape: &[usize], axis: usize) -> (usize, usize, usize) {
    (layout::count(&shape[..axis]), shape[axis], layout::count(&shape[axis + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_keeps_the_order_of_elements() {
        let (shape, [strides]) = merged(&[2, 1, 3, 4], [&[12, 7, 4, 1]]);
        assert_eq!((&shape[..], &strides[..]), (&[24][..], &[1][..]));
        let (shape, [strides]) = merged(&[3, 4], [&[1, 3]]);
        assert_eq!((&shape[..], &strides[..]), (&[3, 4][..], &[1, 3][..]));
    }

    #[test]
    fn a_walk_begins_anywhere() {
        let (shape, strides) = ([2, 3, 2], [&[7, 2, -1][..], &[1, 0, 5]]);
        let all: Vec<_> = Walk::new(&shape, strides, [3, 0]).collect();
        assert_eq!(all.len(), 12);
        for first in 0..14 {
            let from: Vec<_> = Walk::from(&shape, strides, [3, 0], first).collect();
            assert_eq!(from, all[first.min(12)..]);
        }
    }

    #[test]
    fn the_greater_of_two_zeros_is_the_positive_one() {
        for (a, b) in [(0.0f32, -0.0f32), (-0.0, 0.0)] {
            assert!(Number::greater(a, b).is_sign_positive());
            assert!(Number::lesser(a, b).is_sign_negative());
        }
        assert!(
            Number::greater(1.0f64, f64::NAN).is_nan() && Number::lesser(f64::NAN, 1.0).is_nan()
        );
    }
}
