//! The position of the greatest or the least element along an axis.

use half::{bf16, f16};
use smallvec::smallvec;

use super::common::{arch, around, index_tensor};
use super::parts::for_each_part;
use super::{Kernel, Tensors};
use crate::cost::{Cost, Pace, TensorType};
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

    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        Cost::flops(inputs[0].count())
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
                if self.max {
                    search::<$T, true>(values, length, inner, &mut found)
                } else {
                    search::<$T, false>(values, length, inner, &mut found)
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

/// Elements in their order, as integers: comparing those is what vectors are good at.
trait Ranked: Copy + Send + Sync {
    type Rank: Copy + Ord;
    fn rank(self) -> Self::Rank;
    /// Whether this is the rank of what is no number.
    fn is_nan(_: Self::Rank) -> bool {
        false
    }
    /// Whether this is the rank of a zero that another is equal to.
    fn is_zero(_: Self::Rank) -> bool {
        false
    }
    /// One rank for all zeros, and one for what is no number: that of the extreme.
    fn settled<const MAX: bool>(rank: Self::Rank) -> Self::Rank {
        rank
    }
}

macro_rules! ranked_integers {
    ($($T:ty),*) => {$(
        impl Ranked for $T {
            type Rank = $T;
            #[inline(always)]
            fn rank(self) -> $T { self }
        }
    )*};
}
ranked_integers!(i8, i16, i32, i64, u8, u16, u32, u64);

impl Ranked for Bool {
    type Rank = u8;
    #[inline(always)]
    fn rank(self) -> u8 {
        self.0
    }
}

// The bits of positive floats rise with their value, those of negative ones fall; negative zero
// is just below zero, and what is no number beyond the infinities.
macro_rules! ranked_floats {
    ($($T:ty, $Rank:ty;)*) => {$(
        impl Ranked for $T {
            type Rank = $Rank;
            #[inline(always)]
            fn rank(self) -> $Rank {
                let bits = self.to_bits() as $Rank;
                bits ^ (bits >> (<$Rank>::BITS - 1) & <$Rank>::MAX)
            }
            #[inline(always)]
            fn is_nan(rank: $Rank) -> bool {
                rank > <$T>::INFINITY.rank() || rank < <$T>::NEG_INFINITY.rank()
            }
            #[inline(always)]
            fn is_zero(rank: $Rank) -> bool { rank == 0 || rank == -1 }
            #[inline(always)]
            fn settled<const MAX: bool>(rank: $Rank) -> $Rank {
                let extreme = if MAX { <$Rank>::MAX } else { <$Rank>::MIN };
                let rank = if <$T as Ranked>::is_nan(rank) { extreme } else { rank };
                if rank == -1 { 0 } else { rank }
            }
        }
    )*};
}
ranked_floats! { bf16, i16; f16, i16; f32, i32; f64, i64; }

/// Elements whose extremes are found before it is seen whether they matter.
const BLOCK: usize = 512;
/// Partial extremes of a block.
const LANES: usize = 64;
/// Rows shorter than this are searched element by element.
const SHORT: usize = 32;

/// Looks along the middle axis of contiguous elements.
fn search<T: Ranked, const MAX: bool>(
    values: &[T],
    length: usize,
    inner: usize,
    found: &mut [usize],
) {
    // A block is a row, or some rows whose columns are searched.
    let blocks = Pace::Reading.items_of_part(2 * size_of::<T>() * length * inner);
    for_each_part(found, blocks * inner, |first, found| {
        let values = &values[first * length..][..found.len() * length];
        if inner == 1 {
            arch().dispatch(Rows::<T, MAX> { values, length, found });
        } else {
            arch().dispatch(Columns::<T, MAX> { values, length, inner, found });
        }
    });
}

/// Whether a rank is further out than another.
#[inline(always)]
fn beats<R: Ord, const MAX: bool>(a: R, b: R) -> bool {
    if MAX { a > b } else { a < b }
}

struct Rows<'a, T, const MAX: bool> {
    values: &'a [T],
    length: usize,
    found: &'a mut [usize],
}

impl<T: Ranked, const MAX: bool> pulp::NullaryFnOnce for Rows<'_, T, MAX> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (row, slot) in self.values.chunks_exact(self.length).zip(self.found) {
            *slot = search_row::<T, MAX>(row);
        }
    }
}

#[inline(always)]
fn search_row<T: Ranked, const MAX: bool>(row: &[T]) -> usize {
    if row.len() < SHORT {
        let (mut best, mut position) = (T::settled::<MAX>(row[0].rank()), 0);
        for (i, value) in row.iter().enumerate() {
            let rank = T::settled::<MAX>(value.rank());
            if beats::<_, MAX>(rank, best) {
                (best, position) = (rank, i);
            }
        }
        return position;
    }
    let (mut best, mut block_of_best) = (row[0].rank(), 0);
    for (block, values) in row.chunks(BLOCK).enumerate() {
        let [low, high] = extremes(values);
        if T::is_nan(low) || T::is_nan(high) {
            return block * BLOCK + position(values, |value| T::is_nan(value.rank()));
        }
        let extreme = if MAX { high } else { low };
        if beats::<_, MAX>(extreme, best) {
            (best, block_of_best) = (extreme, block);
        }
    }
    // Neither of two zeros beats the other, so the first of either is meant.
    if T::is_zero(best) {
        return position(row, |value| T::is_zero(value.rank()));
    }
    let start = block_of_best * BLOCK;
    start + position(&row[start..], |value| value.rank() == best)
}

/// The position of the first element that `is_sought`; there is one.
#[inline(always)]
fn position<T: Copy>(values: &[T], is_sought: impl Fn(T) -> bool) -> usize {
    for (i, &value) in values.iter().enumerate() {
        if is_sought(value) {
            return i;
        }
    }
    0
}

/// The least and the greatest rank.
#[inline(always)]
fn extremes<T: Ranked>(values: &[T]) -> [T::Rank; 2] {
    let first = values[0].rank();
    let (mut low, mut high) = ([first; LANES], [first; LANES]);
    let (rounds, rest) = values.as_chunks::<LANES>();
    for round in rounds {
        for lane in 0..LANES {
            let rank = round[lane].rank();
            low[lane] = if rank < low[lane] { rank } else { low[lane] };
            high[lane] = if rank > high[lane] { rank } else { high[lane] };
        }
    }
    let (mut least, mut greatest) = (first, first);
    for lane in 0..LANES {
        least = if low[lane] < least { low[lane] } else { least };
        greatest = if high[lane] > greatest { high[lane] } else { greatest };
    }
    for value in rest {
        let rank = value.rank();
        least = if rank < least { rank } else { least };
        greatest = if rank > greatest { rank } else { greatest };
    }
    [least, greatest]
}

/// Whole blocks of columns.
struct Columns<'a, T, const MAX: bool> {
    values: &'a [T],
    length: usize,
    inner: usize,
    found: &'a mut [usize],
}

impl<T: Ranked, const MAX: bool> pulp::NullaryFnOnce for Columns<'_, T, MAX> {
    type Output = ();

    // Neighbouring columns are searched together, so that memory is read in order.
    #[inline(always)]
    fn call(self) {
        let Columns { values, length, inner, found } = self;
        let mut best: Vec<T::Rank> = Vec::with_capacity(inner);
        let blocks = values.chunks_exact(length * inner).zip(found.chunks_exact_mut(inner));
        for (block, found) in blocks {
            best.clear();
            for value in &block[..inner] {
                best.push(T::settled::<MAX>(value.rank()));
            }
            let best = &mut best[..inner];
            for (i, row) in block.chunks_exact(inner).enumerate().skip(1) {
                let (row, found) = (&row[..inner], &mut found[..inner]);
                for column in 0..inner {
                    let rank = T::settled::<MAX>(row[column].rank());
                    let better = beats::<_, MAX>(rank, best[column]);
                    best[column] = if better { rank } else { best[column] };
                    found[column] = if better { i } else { found[column] };
                }
            }
        }
    }
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
    fn floats_agree_with_a_plain_loop() {
        let odd = [f32::NAN, -f32::NAN, 0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY];
        for length in [1, 2, 31, 32, 33, 1000, 1400] {
            for seed in 0..40usize {
                let mut values: Vec<f32> =
                    (0..length).map(|i| ((i * 7919 + seed * 31) % 11) as f32 - 10.0).collect();
                // Some rows have the zeros as their greatest elements, some what is no number.
                for n in 0..seed % 4 {
                    values[(seed * 977 + n * 13) % length] = odd[(seed + n) % odd.len()];
                }
                let plain = |max: bool| {
                    let mut best = 0;
                    for (i, &v) in values.iter().enumerate() {
                        let now = values[best];
                        let further = if max { v > now } else { v < now };
                        if further || v.is_nan() && !now.is_nan() {
                            best = i;
                        }
                    }
                    best as i32
                };
                let x = Tensor::from_slice(&values, &[1, length]).unwrap();
                let pair = x.broadcast(&[1, length, 2], &[0, 1]).unwrap();
                let narrow: Vec<f16> = values.iter().map(|&v| f16::from_f32(v)).collect();
                let narrow = Tensor::from_slice(&narrow, &[length]).unwrap();
                for max in [true, false] {
                    assert_eq!(arg(max, 1, &x), [plain(max)], "{length} {seed} {max}");
                    assert_eq!(arg(max, 1, &pair), [plain(max); 2], "{length} {seed} {max}");
                    assert_eq!(arg(max, 0, &narrow), [plain(max)], "{length} {seed} {max}");
                }
            }
        }
    }

    #[test]
    fn nothing_to_search_for() {
        let x = Tensor::zeros(DType::F64, &[0, 4]).unwrap();
        assert_eq!(arg(true, 1, &x), []);
    }
}
