//! Sorting along an axis, and the greatest elements along the last.
//!
//! Elements are compared by unsigned integers in the same order (see `keys`), so that short
//! rows go to the standard library's sort and long ones to a radix sort, without comparisons.
//! The order is JAX's: NaN last, both zeros equal, complex numbers by real part first.
//!
//! Rows that lie together are what is sorted; other axes are moved to the end and back.

use super::common::{with_number, with_size};
use super::parts::{for_each_item, for_each_part};
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{Cost, Pace, TensorType};
use crate::error::{Error, Result};
use crate::layout::Shape;
use crate::tensor::Tensor;

mod keys;
mod order;
mod search;
mod top_k;

use keys::Ordered;
use order::{Sorter, sort_keys};
pub use search::SearchSorted;
pub use top_k::TopK;

/// Sorts tensors of one shape together along an axis, by the first `num_keys` of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    /// The axis to sort along.
    pub axis: usize,
    /// How many of the operands are compared, the first of them first.
    pub num_keys: usize,
    /// Whether equal elements must keep their order. They always do.
    pub stable: bool,
}

impl Kernel for Sort {
    fn name(&self) -> &'static str {
        "sort"
    }

    /// As many comparisons as merging takes.
    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        let length = inputs[0].shape[self.axis].max(1);
        Cost::flops(inputs[0].count() * length.next_power_of_two().ilog2() as usize)
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let shape = inputs[0].shape();
        let length = shape[self.axis];
        if length <= 1 || shape.contains(&0) {
            return Ok(inputs);
        }
        // Positions are counted in 32 bits.
        if u32::try_from(length).is_err() {
            return Err(Error::TooLarge { elements: length as u128, dtype: inputs[0].dtype() });
        }
        let last = shape.len() - 1;
        if self.axis == last {
            return self.sort_rows(&inputs, length);
        }
        let rows =
            inputs.iter().map(|x| swapped(x, self.axis, last)).collect::<Result<Tensors>>()?;
        let sorted = self.sort_rows(&rows, length)?;
        sorted.iter().map(|x| swapped(x, self.axis, last)).collect()
    }
}

/// A copy with two axes exchanged.
pub(super) fn swapped(x: &Tensor, a: usize, b: usize) -> Result<Tensor> {
    let mut axes: Shape = (0..x.rank()).collect();
    axes.swap(a, b);
    x.transpose(&axes)?.contiguous()
}

/// How many rows a thread sorts at once.
fn rows_of_part(length: usize) -> usize {
    Pace::Places.items_of_part(2 * length)
}

impl Sort {
    fn sort_rows(&self, inputs: &[Tensor], length: usize) -> Result<Tensors> {
        let outputs = inputs.iter().map(|x| Buffer::new(x.dtype(), x.count()));
        let mut outputs = outputs.collect::<Result<Vec<_>>>()?;
        if let ([x], [y]) = (inputs, &mut outputs[..]) {
            x.copy_to(y.bytes_mut());
            with_number!(x.dtype(), "sort", T => {
                let part = rows_of_part(length) * length;
                for_each_part(y.slice_mut::<T>(), part, |_, rows| sort_alone(rows, length));
                Ok(())
            })?;
        } else {
            let inputs: Vec<Tensor> =
                inputs.iter().map(Tensor::contiguous).collect::<Result<_>>()?;
            self.sort_together(&inputs, &mut outputs, length)?;
        }
        let outputs = inputs.iter().zip(outputs);
        Ok(outputs.map(|(x, y)| Tensor::from_buffer(x.dtype(), x.shape(), y)).collect())
    }

    fn sort_together(
        &self,
        inputs: &[Tensor],
        outputs: &mut [Buffer],
        length: usize,
    ) -> Result<()> {
        let keys = &inputs[..self.num_keys];
        // What does not have an order is an error, and so threads meet none.
        for x in keys {
            with_number!(x.dtype(), "sort", T => Ok(size_of::<T>()))?;
        }
        let rows = rows_of_part(length);
        let mut parts: Vec<Vec<&mut [u8]>> = Vec::new();
        parts.resize_with((inputs[0].count() / length).div_ceil(rows), Vec::new);
        for (x, y) in inputs.iter().zip(outputs) {
            let bytes = (rows * length * x.dtype().size()).max(1);
            let mut targets = y.bytes_mut().chunks_mut(bytes);
            for part in &mut parts {
                part.push(targets.next().unwrap_or_default());
            }
        }
        for_each_item(parts.into_iter().enumerate(), |(part, mut targets)| {
            let mut sorter = Sorter::new(keys);
            let first = part * rows;
            for row in 0..rows.min(inputs[0].count() / length - first) {
                let start = (first + row) * length;
                let Ok(order) = sorter.order(keys, start, length) else { return };
                for (x, target) in inputs.iter().zip(&mut targets) {
                    let source = x.bytes().unwrap_or_default();
                    with_size!(x.dtype().size(), T => {
                        let source: &[T] = &bytemuck::cast_slice(source)[start..start + length];
                        let target: &mut [T] = bytemuck::cast_slice_mut(target);
                        let target = &mut target[row * length..][..length];
                        for (slot, &from) in target.iter_mut().zip(order) {
                            *slot = source[from as usize];
                        }
                    }, else ());
                }
            }
        });
        Ok(())
    }
}

/// Sorts rows of one tensor by itself.
fn sort_alone<T: Ordered>(rows: &mut [T], length: usize) {
    let mut keys = vec![T::Key::default(); length];
    let (mut spare, mut special) = (Vec::new(), Vec::new());
    for row in rows.chunks_exact_mut(length) {
        special.clear();
        for (key, &mut value) in keys.iter_mut().zip(&mut *row) {
            *key = value.key();
            if value.is_special() {
                special.push(value);
            }
        }
        sort_keys(&mut keys, &mut spare);
        for (slot, &key) in row.iter_mut().zip(&keys) {
            *slot = T::from_key(key);
        }
        // Several values share the key of zero, and of NaN: put them back as they came.
        special.sort_by_key(|value: &T| value.key());
        let mut at = 0;
        for (i, &value) in special.iter().enumerate() {
            if i == 0 || special[i - 1].key() != value.key() {
                at = keys.partition_point(|&key| key < value.key());
            }
            row[at] = value;
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};
    use num_complex::Complex;
    use smallvec::smallvec;

    use super::super::parts::tests::on_any_number_of_threads;
    use super::*;
    use crate::dtype::{DType, Element};

    fn sort(x: &Tensor, axis: usize) -> Tensor {
        let kernel = Sort { axis, num_keys: 1, stable: true };
        kernel.run(smallvec![x.clone()]).unwrap().remove(0)
    }

    fn scrambled(n: usize) -> Vec<u64> {
        let mut state = 1u64;
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                state >> 20
            })
            .collect()
    }

    #[test]
    fn nan_and_zeros() {
        let nan = f64::NAN;
        let values = [nan, 0.0, -0.0, -nan, 1.0, -1.0, 0.0, -0.0, f64::NEG_INFINITY];
        for n in [9, 3000] {
            let x: Vec<f64> = values.iter().cycle().copied().take(n / 9 * 9).collect();
            let y = sort(&Tensor::from_slice(&x, &[x.len()]).unwrap(), 0).to_vec::<f64>();
            let mut expected = x.clone();
            expected.sort_by(|a, b| {
                a.is_nan()
                    .cmp(&b.is_nan())
                    .then(a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))
            });
            for (a, b) in y.iter().zip(&expected) {
                assert_eq!(a.to_bits(), b.to_bits());
            }
        }
    }

    #[test]
    fn every_type_short_and_long() {
        fn check<T: Element + PartialOrd>(convert: impl Fn(u64) -> T) {
            for n in [1, 2, 100, 5000] {
                let mut values: Vec<T> = scrambled(n).into_iter().map(&convert).collect();
                let y = sort(&Tensor::from_slice(&values, &[n]).unwrap(), 0).to_vec::<T>();
                values.sort_by(|a, b| a.partial_cmp(b).unwrap());
                assert_eq!(y, values);
            }
        }
        check(|v| v as i8);
        check(|v| v as i32);
        check(|v| v as i64 - (1 << 43));
        check(|v| v as u16);
        check(|v| v << 20);
        check(|v| v as f32 - 5e12);
        check(|v| v as f64 - 5e12);
        check(|v| f16::from_f32((v % 1000) as f32 - 500.0));
        check(|v| bf16::from_f32((v % 1000) as f32 - 500.0));
    }

    #[test]
    fn several_operands_are_sorted_stably() {
        for n in [10, 4000] {
            let keys: Vec<f32> = scrambled(n).iter().map(|v| (v % 7) as f32 - 3.0).collect();
            let positions: Vec<i64> = (0..n as i64).collect();
            let inputs: Tensors = smallvec![
                Tensor::from_slice(&keys, &[n]).unwrap(),
                Tensor::from_slice(&positions, &[n]).unwrap(),
            ];
            let y = Sort { axis: 0, num_keys: 1, stable: true }.run(inputs.clone()).unwrap();
            let mut expected = positions.clone();
            expected.sort_by(|&a, &b| keys[a as usize].total_cmp(&keys[b as usize]));
            assert_eq!(y[1].to_vec::<i64>(), expected);
            let doubled: Tensors = smallvec![
                Tensor::from_slice(&keys.iter().map(|&v| v as f64).collect::<Vec<_>>(), &[n])
                    .unwrap(),
                inputs[1].clone(),
            ];
            let y = Sort { axis: 0, num_keys: 1, stable: true }.run(doubled.clone()).unwrap();
            assert_eq!(y[1].to_vec::<i64>(), expected);
            let reversed = smallvec![inputs[0].clone(), inputs[1].reverse(&[0]).unwrap()];
            let y = Sort { axis: 0, num_keys: 2, stable: false }.run(reversed).unwrap();
            assert_eq!(y[0].to_vec::<f32>(), {
                let mut sorted = keys.clone();
                sorted.sort_by(f32::total_cmp);
                sorted
            });
            let (k, p) = (y[0].to_vec::<f32>(), y[1].to_vec::<i64>());
            assert!((1..n).all(|i| (k[i - 1], p[i - 1]) <= (k[i], p[i])));
        }
    }

    #[test]
    fn columns_and_strided_rows() {
        let x = Tensor::from_slice(&[3i32, 1, 2, 0, 5, 4], &[2, 3]).unwrap();
        assert_eq!(sort(&x, 1).to_vec::<i32>(), [1, 2, 3, 0, 4, 5]);
        assert_eq!(sort(&x, 0).to_vec::<i32>(), [0, 1, 2, 3, 5, 4]);
        let t = x.transpose(&[1, 0]).unwrap();
        assert_eq!(sort(&t, 0).to_vec::<i32>(), [1, 0, 2, 4, 3, 5]);
        assert_eq!(sort(&Tensor::zeros(DType::F32, &[0, 2]).unwrap(), 1).shape(), [0, 2]);
    }

    #[test]
    fn complex_numbers_by_real_part_first() {
        let c = |re: f32, im: f32| Complex::new(re, im);
        let x = [c(1.0, 2.0), c(1.0, -1.0), c(f32::NAN, 0.0), c(0.0, f32::NAN), c(-0.0, 1.0)];
        let y = sort(&Tensor::from_slice(&x, &[5]).unwrap(), 0).to_vec::<Complex<f32>>();
        assert!(y[0].im == 1.0 && y[0].re.is_sign_negative() && y[1].im.is_nan());
        assert_eq!(y[2..4], [c(1.0, -1.0), c(1.0, 2.0)]);
        assert!(y[4].re.is_nan());
    }

    #[test]
    fn many_rows_and_columns_agree_with_the_standard_library() {
        let (rows, length) = (150, 70);
        let values: Vec<i32> = scrambled(rows * length).iter().map(|&v| v as i32 % 50).collect();
        let x = Tensor::from_slice(&values, &[rows, length]).unwrap();
        let mut expected = values.clone();
        expected.chunks_mut(length).for_each(<[i32]>::sort);
        let y = on_any_number_of_threads(|| sort(&x, 1).to_vec::<i32>());
        assert_eq!(y, expected);
        let columns = x.transpose(&[1, 0]).unwrap();
        let y = on_any_number_of_threads(|| {
            sort(&columns, 0).transpose(&[1, 0]).unwrap().to_vec::<i32>()
        });
        assert_eq!(y, expected);
        // Positions along the rows, sorted together with them.
        let places =
            Tensor::from_slice(&(0..length as i64).collect::<Vec<_>>(), &[length]).unwrap();
        let places = places.broadcast(&[rows, length], &[1]).unwrap();
        let order = on_any_number_of_threads(|| {
            let inputs = smallvec![x.clone(), places.clone()];
            let kernel = Sort { axis: 1, num_keys: 1, stable: true };
            kernel.run(inputs).unwrap().remove(1).to_vec::<i64>()
        });
        for (row, order) in values.chunks(length).zip(order.chunks(length)) {
            let mut expected: Vec<i64> = (0..length as i64).collect();
            expected.sort_by_key(|&at| row[at as usize]);
            assert_eq!(order, expected);
        }
    }
}
