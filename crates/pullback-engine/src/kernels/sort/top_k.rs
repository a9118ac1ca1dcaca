//! The greatest elements along an axis.
//!
//! Few of many are those that are not below a bar, which is seen for many of them at once. The bar is
//! the least of as many as are wanted, each the greatest of a lane; or where that would leave lanes
//! with few elements, the least of the greatest so far.

use smallvec::smallvec;

use super::super::common::{arch, index_tensor, with_number};
use super::super::parts::for_each_item;
use super::super::{Kernel, Tensors};
use super::keys::{Key, Ordered};
use super::swapped;
use crate::buffer::Buffer;
use crate::cost::{Cost, Pace, TensorType};
use crate::error::{Error, Result};
use crate::layout::{self, Shape};
use crate::tensor::Tensor;

/// The `k` greatest elements along an axis in falling order, and their positions. Of equal
/// elements the first come first; NaN counts as greater than all numbers, and zero as greater
/// than negative zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopK {
    /// How many elements to find; at most as many as there are.
    pub k: usize,
    /// The axis to search along.
    pub axis: usize,
    /// The type of the positions.
    pub index_dtype: crate::dtype::DType,
}

impl Kernel for TopK {
    fn name(&self) -> &'static str {
        "top_k"
    }

    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        Cost::flops(inputs[0].count())
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = &inputs[0];
        let dtype = x.dtype();
        if dtype.is_complex() {
            return Err(Error::DType { operation: self.name(), dtype });
        }
        let last = x.rank() - 1;
        if self.axis == last {
            return self.search_rows(&x.contiguous()?);
        }
        let found = self.search_rows(&swapped(x, self.axis, last)?)?;
        found.iter().map(|y| swapped(y, self.axis, last)).collect()
    }
}

impl TopK {
    fn search_rows(&self, x: &Tensor) -> Result<Tensors> {
        let dtype = x.dtype();
        let mut shape = Shape::from(x.shape());
        let last = shape.len() - 1;
        let length = shape[last];
        let k = self.k.min(length);
        shape[last] = k;
        let mut positions = vec![0; layout::count(&shape)];
        let mut values = Buffer::new(dtype, positions.len())?;
        if !positions.is_empty() {
            with_number!(dtype, "top_k", T => {
                let source = x.as_slice::<T>().unwrap_or_default();
                let rows = Pace::Places.items_of_part(length);
                let targets = values.slice_mut::<T>().chunks_mut(rows * k);
                let targets = targets.zip(positions.chunks_mut(rows * k)).enumerate();
                for_each_item(targets, |(part, (values, positions))| {
                    let mut best = Best::<<T as Ordered>::Key>::default();
                    let source = source[part * rows * length..].chunks_exact(length);
                    let targets = values.chunks_exact_mut(k).zip(positions.chunks_exact_mut(k));
                    for (row, (values, positions)) in source.zip(targets) {
                        best.find(row, k);
                        for (i, &(_, at)) in best.words.iter().enumerate() {
                            (values[i], positions[i]) = (row[at as usize], at as usize);
                        }
                    }
                });
                Ok(())
            })?;
        }
        Ok(smallvec![
            Tensor::from_buffer(dtype, &shape, values),
            index_tensor(self.index_dtype, &shape, &positions, self.name())?,
        ])
    }
}

/// Elements that are compared with the bar at once.
const BLOCK: usize = 64;
/// Candidates beyond twice those wanted that are kept before the bar is raised.
const SPARE: usize = 48;
/// Lanes that have a greatest element each, for each element wanted, at least: so many that seldom
/// two of the greatest are in one lane.
const LANES_FOR_EACH: usize = 3;
/// Rows of fewer elements for each lane are searched by raising the bar.
const FEWEST_OF_LANE: usize = 4;

/// Finds the greatest elements of a row.
#[derive(Default)]
struct Best<K> {
    /// Complements of keys, and positions: the least are those of the greatest elements.
    words: Vec<(K, u64)>,
    /// The greatest key of each stretch of the row.
    stretches: Vec<K>,
}

impl<K: Key> Best<K> {
    /// Leaves the words of the `k` greatest elements in falling order of these.
    fn find<T: Ordered<Key = K>>(&mut self, row: &[T], k: usize) {
        self.words.clear();
        let most = row.len() / FEWEST_OF_LANE;
        match k * LANES_FOR_EACH {
            0..=32 if most >= 32 => self.by_lanes::<T, 32>(row, k),
            33..=128 if most >= 128 => self.by_lanes::<T, 128>(row, k),
            129..=512 if most >= 512 => self.by_lanes::<T, 512>(row, k),
            _ => self.by_bar(row, k),
        }
        // A few are sorted in the time that finding the least of them takes.
        if self.words.len() > 2 * k {
            self.words.select_nth_unstable(k - 1);
            self.words.truncate(k);
        }
        self.words.sort_unstable();
        self.words.truncate(k);
    }

    /// Of `N` lanes that the elements take turns in, the `k` greatest have a greatest element that
    /// no other of the greatest elements of the row is below: few elements are not below these.
    fn by_lanes<T: Ordered<Key = K>, const N: usize>(&mut self, row: &[T], k: usize) {
        self.stretches.clear();
        let mut lanes = [K::default(); N];
        arch().dispatch(Greatest { row, lanes: &mut lanes, stretches: &mut self.stretches });
        let bar = match N <= MANY_LANES {
            true => arch().dispatch(Nth { lanes: &lanes, k }),
            false => *lanes.select_nth_unstable(N - k).1,
        };
        let (stretches, words) = (&self.stretches[..], &mut self.words);
        arch().dispatch(NotBelow { row, bar, stretches, words });
    }

    /// The least of the greatest elements so far is a bar, which the next ones must be above.
    fn by_bar<T: Ordered<Key = K>>(&mut self, row: &[T], k: usize) {
        let most = 2 * k + SPARE;
        let mut bar = None;
        for (block, values) in row.chunks(BLOCK).enumerate() {
            if let Some(bar) = bar
                && !arch().dispatch(IsAbove { values, bar })
            {
                continue;
            }
            for (i, value) in values.iter().enumerate() {
                let key = value.strict_key();
                // A later element that is equal to the bar comes after it.
                if bar.is_none_or(|bar| key > bar) {
                    self.words.push((key.complement(), (block * BLOCK + i) as u64));
                }
            }
            if self.words.len() >= most {
                let (_, &mut (least, _), _) = self.words.select_nth_unstable(k - 1);
                bar = Some(least.complement());
                self.words.truncate(k);
            }
        }
    }
}

/// Elements of a row that have a greatest key of their own.
const STRETCH: usize = 1024;

/// The greatest key of each lane, which elements take turns in, and of each stretch.
struct Greatest<'a, T: Ordered, const N: usize> {
    row: &'a [T],
    lanes: &'a mut [T::Key; N],
    stretches: &'a mut Vec<T::Key>,
}

impl<T: Ordered, const N: usize> pulp::NullaryFnOnce for Greatest<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Greatest { row, lanes, stretches } = self;
        for row in row.chunks(STRETCH) {
            let mut own = [T::Key::default(); N];
            let (whole, rest) = row.as_chunks::<N>();
            for values in whole {
                for lane in 0..N {
                    own[lane] = own[lane].max(values[lane].strict_key());
                }
            }
            for (own, value) in own.iter_mut().zip(rest) {
                *own = (*own).max(value.strict_key());
            }
            let mut greatest = T::Key::default();
            for lane in 0..N {
                greatest = greatest.max(own[lane]);
                lanes[lane] = lanes[lane].max(own[lane]);
            }
            stretches.push(greatest);
        }
    }
}

/// Lanes from which on it takes less time to sort some than to compare each with each.
const MANY_LANES: usize = 32;

/// The key of lanes that fewer than `k` are greater than, and no lesser key is.
struct Nth<'a, K, const N: usize> {
    lanes: &'a [K; N],
    k: usize,
}

impl<K: Key, const N: usize> pulp::NullaryFnOnce for Nth<'_, K, N> {
    type Output = K;

    #[inline(always)]
    fn call(self) -> K {
        let Nth { lanes, k } = self;
        let mut greater = [0; N];
        for &one in lanes {
            for lane in 0..N {
                greater[lane] += u32::from(one > lanes[lane]);
            }
        }
        let mut least = K::default().complement();
        for lane in 0..N {
            let own = if greater[lane] < k as u32 { lanes[lane] } else { least };
            least = least.min(own);
        }
        least
    }
}

/// Collects the elements that are not below the bar, from the stretches that have such.
struct NotBelow<'a, T: Ordered> {
    row: &'a [T],
    bar: T::Key,
    stretches: &'a [T::Key],
    words: &'a mut Vec<(T::Key, u64)>,
}

impl<T: Ordered> pulp::NullaryFnOnce for NotBelow<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let NotBelow { row, bar, stretches, words } = self;
        for (n, (row, &greatest)) in row.chunks(STRETCH).zip(stretches).enumerate() {
            if greatest < bar {
                continue;
            }
            let (whole, rest) = row.as_chunks::<BLOCK>();
            let mut first = n * STRETCH;
            for values in whole {
                collect(values, bar, first, words);
                first += BLOCK;
            }
            collect(rest, bar, first, words);
        }
    }
}

/// Collects those of a block of elements from number `first` on that are not below the bar.
#[inline(always)]
fn collect<T: Ordered>(values: &[T], bar: T::Key, first: usize, words: &mut Vec<(T::Key, u64)>) {
    let mut found = [0u8; BLOCK];
    for (found, value) in found.iter_mut().zip(values) {
        *found = u8::from(value.strict_key() >= bar);
    }
    let (eights, _) = found.as_chunks();
    for (n, &eight) in eights.iter().enumerate() {
        // A byte each, which is 1 where an element was found.
        let mut found = u64::from_le_bytes(eight);
        while found != 0 {
            let at = 8 * n + found.trailing_zeros() as usize / 8;
            words.push((values[at].strict_key().complement(), (first + at) as u64));
            found &= found - 1;
        }
    }
}

/// Whether any of some elements is above the bar.
struct IsAbove<'a, T: Ordered> {
    values: &'a [T],
    bar: T::Key,
}

impl<T: Ordered> pulp::NullaryFnOnce for IsAbove<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn call(self) -> bool {
        let mut above = false;
        for value in self.values {
            above |= value.strict_key() > self.bar;
        }
        above
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::parts::tests::on_any_number_of_threads;
    use super::*;
    use crate::dtype::DType;

    #[test]
    fn the_greatest_elements() {
        let top = |x: &Tensor, k: usize, axis: usize| {
            let kernel = TopK { k, axis, index_dtype: DType::I32 };
            kernel.run(smallvec![x.clone()]).unwrap()
        };
        let x = [0.0f32, -0.0, f32::NAN, 1.0, 1.0, -0.0, 0.0];
        let y = top(&Tensor::from_slice(&x, &[7]).unwrap(), 6, 0);
        assert_eq!(y[1].to_vec::<i32>(), [2, 3, 4, 0, 6, 1]);
        assert!(y[0].to_vec::<f32>()[0].is_nan());
        let x = Tensor::from_slice(&[3i64, 1, 3, 2, 9, 4], &[2, 3]).unwrap();
        let y = top(&x, 2, 1);
        assert_eq!(y[0].to_vec::<i64>(), [3, 3, 9, 4]);
        assert_eq!(y[1].to_vec::<i32>(), [0, 2, 1, 2]);
        let y = top(&x, 1, 0);
        assert_eq!(y[0].to_vec::<i64>(), [3, 9, 4]);
        assert_eq!(y[1].to_vec::<i32>(), [0, 1, 1]);
        assert_eq!(top(&x, 0, 1)[0].shape(), [2, 0]);
    }

    #[test]
    fn every_type_with_many_that_are_equal() {
        use half::{bf16, f16};
        fn check<T: Ordered + PartialEq + std::fmt::Debug>(convert: impl Fn(i64) -> T) {
            let length = 3001;
            // Few values that repeat, all the same, and falling.
            for value in [|i: i64| i * 31 % 17 - 8, |_| 5, |i| 100 - i / 30] {
                let values: Vec<T> = (0..length as i64).map(|i| convert(value(i))).collect();
                let x = Tensor::from_slice(&values, &[length]).unwrap();
                let mut order: Vec<usize> = (0..length).collect();
                order.sort_by_key(|&at| (std::cmp::Reverse(values[at].strict_key()), at));
                for k in [1, 5, 16, 100, 2000] {
                    let kernel = TopK { k, axis: 0, index_dtype: DType::I32 };
                    let found = kernel.run(smallvec![x.clone()]).unwrap();
                    let positions = found[1].to_vec::<i32>();
                    assert!(positions.iter().zip(&order).all(|(&a, &b)| a as usize == b));
                    let greatest: Vec<T> = order[..k].iter().map(|&at| values[at]).collect();
                    assert_eq!(found[0].to_vec::<T>(), greatest);
                }
            }
        }
        check(|v| v as i8);
        check(|v| v as i16);
        check(|v| v as i32);
        check(|v| v);
        check(|v| (v + 300) as u8);
        check(|v| (v + 300) as u64);
        check(|v| v as f32);
        check(|v| v as f64);
        check(|v| f16::from_f32(v as f32));
        check(|v| bf16::from_f32(v as f32));
    }

    #[test]
    fn few_of_many_agree_with_sorting() {
        for (rows, length) in [(1, 20_000), (30, 700), (3, 65), (2, 2500)] {
            let values: Vec<f32> =
                (0..rows * length).map(|i| ((i * 7919) % 10_007) as f32 - 5000.0).collect();
            let x = Tensor::from_slice(&values, &[rows, length]).unwrap();
            for k in [1, 10, 11, 42, 43, 60, 170, 171] {
                let k = k.min(length);
                let kernel = TopK { k, axis: 1, index_dtype: DType::I32 };
                let found = on_any_number_of_threads(|| {
                    let y = kernel.run(smallvec![x.clone()]).unwrap();
                    (y[0].to_vec::<f32>(), y[1].to_vec::<i32>())
                });
                for (n, row) in values.chunks(length).enumerate() {
                    let mut order: Vec<i32> = (0..length as i32).collect();
                    order.sort_by(|&a, &b| row[b as usize].total_cmp(&row[a as usize]));
                    assert_eq!(found.1[n * k..][..k], order[..k]);
                    let greatest = order[..k].iter().map(|&at| row[at as usize]);
                    assert!(greatest.eq(found.0[n * k..][..k].iter().copied()));
                }
            }
        }
    }
}
