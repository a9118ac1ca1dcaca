//! Where elements belong in rows that are sorted.
//!
//! A search halves what is left of a row again and again, and each step waits for an element that
//! the one before chose. So many searches take their steps together. None of them branches: which
//! half is left is as good as random.

use smallvec::smallvec;

use super::super::common::{arch, with_number};
use super::super::parts::for_each_part;
use super::super::{Kernel, Tensors};
use super::keys::{Key, Ordered};
use crate::buffer::Buffer;
use crate::cost::{Cost, Pace, TensorType};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::layout::Shape;
use crate::tensor::Tensor;

/// How many elements of a sorted row come before each element of the second input, in the order of
/// sorting: NaN is last, and both zeros are equal.
///
/// The first axes of both inputs are of rows with searches of their own; the first input has one
/// more, its rows, and the second any number of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SearchSorted {
    /// Whether what is equal to an element comes before it.
    pub right: bool,
    /// The number of first axes.
    pub batch: usize,
    /// The type of the results, i32 or i64.
    pub index_dtype: DType,
}

impl Kernel for SearchSorted {
    fn name(&self) -> &'static str {
        "searchsorted"
    }

    /// As many comparisons as halvings.
    fn cost(&self, inputs: &[TensorType], outputs: &[TensorType]) -> Cost {
        let length = inputs[0].shape[self.batch] + 1;
        Cost::flops(outputs[0].count() * length.next_power_of_two().ilog2() as usize)
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let (rows, wanted) = (inputs[0].contiguous()?, inputs[1].contiguous()?);
        let length = rows.shape()[self.batch];
        // Positions are counted in 32 bits.
        if i32::try_from(length).is_err() {
            return Err(Error::TooLarge { elements: length as u128, dtype: rows.dtype() });
        }
        let shape = Shape::from(wanted.shape());
        let mut buffer = Buffer::new(self.index_dtype, wanted.count())?;
        let each = shape[self.batch..].iter().product();
        with_number!(rows.dtype(), self.name(), T => {
            let job = Job::<T> {
                rows: rows.as_slice().unwrap_or_default(),
                length,
                wanted: wanted.as_slice().unwrap_or_default(),
                each,
                right: self.right,
            };
            match self.index_dtype {
                DType::I32 => job.run(buffer.slice_mut::<i32>()),
                DType::I64 => job.run(buffer.slice_mut::<i64>()),
                dtype => return Err(Error::DType { operation: self.name(), dtype }),
            }
            Ok(())
        })?;
        Ok(smallvec![Tensor::from_buffer(self.index_dtype, &shape, buffer)])
    }
}

/// Searches that take their steps together.
const LANES: usize = 64;

struct Job<'a, T> {
    rows: &'a [T],
    length: usize,
    wanted: &'a [T],
    /// Elements that are looked for in each row.
    each: usize,
    right: bool,
}

impl<T: Ordered> Job<'_, T> {
    fn run<P: Position>(&self, out: &mut [P]) {
        if self.length == 0 {
            return out.fill(P::of(0));
        }
        // Where most elements of a row are looked at anyway, all become keys once.
        let keys: Vec<T::Key> = match self.each >= self.length / 4 {
            true => self.rows.iter().map(|x| x.key()).collect(),
            false => vec![],
        };
        // Each halving of what is left of a row is a step.
        let steps = self.length.next_power_of_two().ilog2() as usize + 1;
        let part = Pace::Places.items_of_part(steps).next_multiple_of(LANES);
        for_each_part(out, part, |start, mut out| {
            let mut at = start;
            while !out.is_empty() {
                let (row, first) = (at / self.each, at % self.each);
                let (now, later) = out.split_at_mut((self.each - first).min(out.len()));
                let wanted = &self.wanted[at..at + now.len()];
                (at, out) = (at + now.len(), later);
                let row = row * self.length..(row + 1) * self.length;
                match keys.get(row.clone()) {
                    Some(keys) => self.search_keys(keys, wanted, now),
                    None => self.search_elements(&self.rows[row], wanted, now),
                }
            }
        });
    }

    fn search_elements<P: Position>(&self, row: &[T], wanted: &[T], out: &mut [P]) {
        for (wanted, slot) in wanted.iter().zip(out) {
            let key = wanted.key();
            let count = match self.right {
                true => row.partition_point(|x| x.key() <= key),
                false => row.partition_point(|x| x.key() < key),
            };
            *slot = P::of(count as u32);
        }
    }

    fn search_keys<P: Position>(&self, row: &[T::Key], wanted: &[T], out: &mut [P]) {
        let mut keys = [T::Key::default(); 4 * LANES];
        for (wanted, out) in wanted.chunks(keys.len()).zip(out.chunks_mut(keys.len())) {
            for (key, x) in keys.iter_mut().zip(wanted) {
                *key = x.key();
            }
            let wanted = &keys;
            match self.right {
                true => arch().dispatch(Search::<_, _, true> { row, wanted, out }),
                false => arch().dispatch(Search::<_, _, false> { row, wanted, out }),
            }
        }
    }
}

/// A number of elements.
trait Position: Element {
    fn of(count: u32) -> Self;
}

impl Position for i32 {
    #[inline(always)]
    fn of(count: u32) -> i32 {
        count as i32
    }
}

impl Position for i64 {
    #[inline(always)]
    fn of(count: u32) -> i64 {
        i64::from(count)
    }
}

/// Searches in a row of at least one key.
struct Search<'a, K, P, const RIGHT: bool> {
    row: &'a [K],
    /// At least as many as there are results.
    wanted: &'a [K],
    out: &'a mut [P],
}

impl<K: Key, P: Position, const RIGHT: bool> pulp::NullaryFnOnce for Search<'_, K, P, RIGHT> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Search { row, wanted, out } = self;
        for (keys, out) in wanted.as_chunks::<LANES>().0.iter().zip(out.chunks_mut(LANES)) {
            macro_rules! comes_before {
                ($at:expr, $lane:expr) => {{
                    // SAFETY: `first[lane] + left` is at most the length, and `left` is more than
                    // what is added to `first[lane]` here.
                    let there = unsafe { *row.get_unchecked($at as usize) };
                    if RIGHT { there <= keys[$lane] } else { there < keys[$lane] }
                }};
            }
            // The answer of each is between `first` and `left` more.
            let (mut first, mut left) = ([0; LANES], row.len() as u32);
            while left > 1 {
                let half = left / 2;
                for lane in 0..LANES {
                    let before = comes_before!(first[lane] + half - 1, lane);
                    first[lane] += std::hint::select_unpredictable(before, half, 0);
                }
                left -= half;
            }
            for lane in 0..LANES {
                first[lane] += u32::from(comes_before!(first[lane], lane));
            }
            for (slot, &count) in out.iter_mut().zip(&first) {
                *slot = P::of(count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::super::parts::tests::on_any_number_of_threads;
    use super::*;

    /// Compares with counting what comes before each element.
    fn check<T: Ordered>(value: impl Fn(usize) -> T) {
        for (rows, length, each) in
            [(1, 1, 3), (1, 7, 1), (1, 1000, 3), (1, 300, 9000), (3, 64, 70), (5, 2, 0), (2, 0, 4)]
        {
            let mut sorted: Vec<T> = (0..rows * length).map(|i| value(i * 7)).collect();
            for row in sorted.chunks_mut(length.max(1)) {
                row.sort_by_key(|x| x.key());
            }
            let wanted: Vec<T> = (0..rows * each).map(|i| value(i * 3 + 1)).collect();
            let x = Tensor::from_slice(&sorted, &[rows, length]).unwrap();
            let y = Tensor::from_slice(&wanted, &[rows, each]).unwrap();
            for right in [false, true] {
                let count = |i: usize| {
                    let row = &sorted[i / each * length..][..length];
                    let key = wanted[i].key();
                    let before = |x: &&T| if right { x.key() <= key } else { x.key() < key };
                    row.iter().filter(before).count() as i64
                };
                let expected: Vec<i64> = (0..rows * each).map(count).collect();
                let search = |index_dtype| SearchSorted { right, batch: 1, index_dtype };
                let run = |kernel: SearchSorted| {
                    kernel.run(smallvec![x.clone(), y.clone()]).unwrap().remove(0)
                };
                let found = on_any_number_of_threads(|| run(search(DType::I64)).to_vec::<i64>());
                assert_eq!(found, expected);
                let narrow = run(search(DType::I32)).to_vec::<i32>();
                assert!(narrow.iter().zip(&expected).all(|(&x, &y)| i64::from(x) == y));
            }
        }
    }

    #[test]
    fn elements_of_every_type_are_found() {
        let wave = |i: usize| ((i * i) as f64 * 0.7).sin();
        let special = |i: usize| match i % 11 {
            0 => f64::NAN,
            1 => -0.0,
            2 => 0.0,
            3 => f64::INFINITY,
            4 => f64::NEG_INFINITY,
            _ => wave(i),
        };
        check::<f64>(special);
        check::<f32>(|i| special(i) as f32);
        check::<half::bf16>(|i| half::bf16::from_f64(special(i)));
        check::<half::f16>(|i| half::f16::from_f64(special(i)));
        check::<i8>(|i| (wave(i) * 127.0) as i8);
        check::<u16>(|i| (i * 31) as u16);
        check::<i32>(|i| (wave(i) * 2e9) as i32);
        check::<u64>(|i| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        check::<crate::dtype::Bool>(|i| crate::dtype::Bool((wave(i) > 0.0) as u8));
        check::<Complex<f32>>(|i| Complex::new((i % 3) as f32, special(i) as f32));
    }

    #[test]
    fn views_and_searches_of_any_shape() {
        let x = Tensor::from_slice(&[5.0f32, 3.0, 3.0, 1.0], &[4]).unwrap().reverse(&[0]).unwrap();
        let y = Tensor::from_slice(&[3.0f32, 0.0, 9.0, f32::NAN, 1.0, 5.0], &[2, 3]).unwrap();
        let y = y.transpose(&[1, 0]).unwrap();
        let kernel = SearchSorted { right: false, batch: 0, index_dtype: DType::I32 };
        let found = kernel.run(smallvec![x.clone(), y]).unwrap().remove(0);
        assert_eq!(
            (found.shape(), &found.to_vec::<i32>()[..]),
            (&[3, 2][..], &[1, 4, 0, 0, 4, 3][..])
        );
        let one = kernel.run(smallvec![x, Tensor::scalar(4.0f32)]).unwrap().remove(0);
        assert_eq!(one.item::<i32>(), Some(3));
    }
}
