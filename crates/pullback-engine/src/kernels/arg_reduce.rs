//! The position of the greatest or the least element along an axis.

use half::{bf16, f16};
use smallvec::smallvec;

use super::common::{Number, arch, around, index_tensor};
use super::{Kernel, Tensors};
use crate::dtype::{Bool, DType};
use crate::error::{Error, Result};
use crate::layout::Shape;

/// The first position of an extreme along an axis, which is dropped from the shape. NaN is
/// taken for the extreme where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArgReduce {
    /// Whether the greatest is looked for, or the least.
    pub max: bool,
    /// The axis to search along.
    pub axis: usize,
    /// The type of the result.
    pub index_dtype: DType,
}

impl Kernel for ArgReduce {
    fn name(&self) -> &'static str {
        if self.max { "argmax" } else { "argmin" }
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        let (outer, length, inner) = around(x.shape(), self.axis);
        let mut shape = Shape::from(x.shape());
        shape.remove(self.axis);
        let mut found = vec![0; outer * inner];
        macro_rules! search {
            ($T:ty) => {{
                let bytes = x.bytes().unwrap_or_default();
                let values: &[$T] = bytemuck::cast_slice(bytes);
                let found = &mut found[..];
                if self.max {
                    Search::<$T, true> { values, length, inner, found }.run()
                } else {
                    Search::<$T, false> { values, length, inner, found }.run()
                }
            }};
        }
        match x.dtype() {
            _ if length == 0 || found.is_empty() => {}
            DType::Bool => search!(Bool),
            DType::I8 => search!(i8),
            DType::I16 => search!(i16),
            DType::I32 => search!(i32),
            DType::I64 => search!(i64),
            DType::U8 => search!(u8),
            DType::U16 => search!(u16),
            DType::U32 => search!(u32),
            DType::U64 => search!(u64),
            DType::BF16 => search!(bf16),
            DType::F16 => search!(f16),
            DType::F32 => search!(f32),
            DType::F64 => search!(f64),
            dtype => return Err(Error::DType { operation: self.name(), dtype }),
        }
        Ok(smallvec![index_tensor(self.index_dtype, &shape, &found, self.name())?])
    }
}

/// What is more extreme: nothing than NaN, and equal zeros than one another.
trait Extreme: Number {
    fn beats<const MAX: bool>(self, other: Self) -> bool;
    /// Whether this is no number, and so ends the search.
    fn is_last(self) -> bool;
}

macro_rules! extremes {
    ($($T:ty: $beats:expr, $last:expr;)*) => {$(
        impl Extreme for $T {
            #[inline(always)]
            fn beats<const MAX: bool>(self, other: Self) -> bool {
                let (a, b) = if MAX { (self, other) } else { (other, self) };
                $beats(a, b) || !$last(other) && $last(self)
            }
            #[inline(always)]
            fn is_last(self) -> bool { $last(self) }
        }
    )*};
}
macro_rules! integer_extremes {
    ($($T:ty),*) => { extremes! { $($T: |a: $T, b: $T| a > b, |_: $T| false;)* } };
}
macro_rules! float_extremes {
    ($($T:ty),*) => { extremes! { $($T: |a: $T, b: $T| a > b, |a: $T| a.is_nan();)* } };
}
integer_extremes!(i8, i16, i32, i64, u8, u16, u32, u64);
float_extremes!(bf16, f16, f32, f64);
extremes! { Bool: |a: Bool, b: Bool| a.0 > b.0, |_: Bool| false; }

/// Elements that are first reduced to their extreme, then searched only if it is a new one.
const BLOCK: usize = 256;
/// Partial extremes of a block.
const LANES: usize = 32;

/// Looks along the middle axis of contiguous elements.
struct Search<'a, T, const MAX: bool> {
    values: &'a [T],
    length: usize,
    inner: usize,
    found: &'a mut [usize],
}

impl<T: Extreme, const MAX: bool> Search<'_, T, MAX> {
    fn run(self) {
        // Narrow elements are rare, and fast enough in the least of registers.
        if size_of::<T>() >= 4 { arch().dispatch(self) } else { pulp::NullaryFnOnce::call(self) }
    }
}

impl<T: Extreme, const MAX: bool> pulp::NullaryFnOnce for Search<'_, T, MAX> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Search { values, length, inner, found } = self;
        if inner == 1 {
            for (row, slot) in values.chunks_exact(length).zip(found) {
                *slot = search_row::<T, MAX>(row);
            }
            return;
        }
        // Neighbouring columns are searched together, so that memory is read in order.
        let mut best = vec![T::ZERO; inner];
        for (block, found) in values.chunks_exact(length * inner).zip(found.chunks_exact_mut(inner))
        {
            best.copy_from_slice(&block[..inner]);
            for (i, row) in block.chunks_exact(inner).enumerate().skip(1) {
                for column in 0..inner {
                    let better = row[column].beats::<MAX>(best[column]);
                    best[column] = if better { row[column] } else { best[column] };
                    found[column] = if better { i } else { found[column] };
                }
            }
        }
    }
}

#[inline(always)]
fn search_row<T: Extreme, const MAX: bool>(row: &[T]) -> usize {
    let (mut best, mut position) = (row[0], 0);
    for (block, values) in row.chunks(BLOCK).enumerate() {
        if best.is_last() {
            break;
        }
        let mut lanes = [best; LANES];
        let (rounds, rest) = values.as_chunks::<LANES>();
        for round in rounds {
            for lane in 0..LANES {
                let (a, b) = (lanes[lane], round[lane]);
                lanes[lane] = if MAX { a.greater(b) } else { a.lesser(b) };
            }
        }
        for (lane, &b) in lanes.iter_mut().zip(rest) {
            *lane = if MAX { lane.greater(b) } else { lane.lesser(b) };
        }
        let mut better = false;
        for lane in lanes {
            better |= lane.beats::<MAX>(best);
        }
        if better {
            for (i, &value) in values.iter().enumerate() {
                if value.beats::<MAX>(best) {
                    (best, position) = (value, block * BLOCK + i);
                }
            }
        }
    }
    position
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    fn arg(max: bool, axis: usize, x: &Tensor) -> Vec<i32> {
        let kernel = ArgReduce { max, axis, index_dtype: DType::I32 };
        kernel.run(smallvec![x.clone()]).unwrap().remove(0).to_vec()
    }

    #[test]
    fn the_first_of_equals_and_the_first_nan() {
        let nan = f32::NAN;
        let x = Tensor::from_slice(&[1.0, nan, nan, 3.0], &[4]).unwrap();
        assert_eq!((arg(true, 0, &x), arg(false, 0, &x)), (vec![1], vec![1]));
        let x = Tensor::from_slice(&[-0.0f32, 0.0, -0.0], &[3]).unwrap();
        assert_eq!((arg(true, 0, &x), arg(false, 0, &x)), (vec![0], vec![0]));
        let x = Tensor::from_slice(&[Bool(0), Bool(1), Bool(1)], &[3]).unwrap();
        assert_eq!((arg(true, 0, &x), arg(false, 0, &x)), (vec![1], vec![0]));
    }

    #[test]
    fn long_rows_and_columns_agree_with_a_plain_loop() {
        let n = 1000;
        let values: Vec<i16> = (0..3 * n).map(|i| ((i * 7919) % 613) as i16).collect();
        let x = Tensor::from_slice(&values, &[3, n]).unwrap();
        let plain = |row: &[i16]| {
            let best = row.iter().max().unwrap();
            row.iter().position(|v| v == best).unwrap() as i32
        };
        let expected: Vec<i32> = values.chunks(n).map(plain).collect();
        assert_eq!(arg(true, 1, &x), expected);
        let columns = x.transpose(&[1, 0]).unwrap();
        assert_eq!(arg(true, 0, &columns), expected);
        assert_eq!(arg(true, 0, &columns.contiguous().unwrap()), expected);
        assert_eq!(arg(false, 0, &columns).len(), 3);
    }

    #[test]
    fn nothing_to_search_for() {
        let x = Tensor::zeros(DType::F64, &[0, 4]).unwrap();
        assert_eq!(arg(true, 1, &x), []);
    }
}
