//! The greatest elements along an axis.
//!
//! Few of many are found in one pass: the least of the greatest so far is a bar, most elements are
//! below it, and that is seen for many of them at once.

use smallvec::smallvec;

use super::super::common::{arch, index_tensor, with_number};
use super::super::parts::{for_each_item, part_of};
use super::super::{Kernel, Tensors};
use super::keys::Ordered;
use super::swapped;
use crate::buffer::Buffer;
use crate::cost::{Cost, TensorType};
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
                let rows = part_of(4 * size_of::<T>() * length);
                let targets = values.slice_mut::<T>().chunks_mut(rows * k);
                let targets = targets.zip(positions.chunks_mut(rows * k)).enumerate();
                for_each_item(targets, |(part, (values, positions))| {
                    let mut best = Best::default();
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

/// Finds the greatest elements of a row.
#[derive(Default)]
struct Best {
    /// Complements of keys, and positions: the least are those of the greatest elements.
    words: Vec<(u64, u64)>,
}

impl Best {
    /// Leaves the words of the `k` greatest elements in falling order of these.
    fn find<T: Ordered>(&mut self, row: &[T], k: usize) {
        self.words.clear();
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
                    self.words.push((!key, (block * BLOCK + i) as u64));
                }
            }
            if self.words.len() >= most {
                let (_, &mut (least, _), _) = self.words.select_nth_unstable(k - 1);
                bar = Some(!least);
                self.words.truncate(k);
            }
        }
        if self.words.len() > k {
            self.words.select_nth_unstable(k - 1);
            self.words.truncate(k);
        }
        self.words.sort_unstable();
    }
}

/// Whether any of some elements is above the bar.
struct IsAbove<'a, T> {
    values: &'a [T],
    bar: u64,
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
    fn few_of_many_agree_with_sorting() {
        for (rows, length) in [(1, 20_000), (30, 700), (3, 65)] {
            let values: Vec<f32> =
                (0..rows * length).map(|i| ((i * 7919) % 10_007) as f32 - 5000.0).collect();
            let x = Tensor::from_slice(&values, &[rows, length]).unwrap();
            for k in [1, 10, 60] {
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
