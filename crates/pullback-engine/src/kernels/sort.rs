//! Sorting along an axis, and the greatest elements along the last.
//!
//! Elements are compared by unsigned integers in the same order (see `keys`), so that short
//! rows go to the standard library's sort and long ones to a radix sort, without comparisons.
//! The order is JAX's: NaN last, both zeros equal, complex numbers by real part first.

use half::{bf16, f16};
use num_complex::Complex;
use smallvec::smallvec;

use super::common::{around, index_tensor, with_number, with_size};
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
use crate::layout::{self, Shape};
use crate::tensor::Tensor;

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

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let shape = Shape::from(inputs[0].shape());
        let length = shape[self.axis];
        if length <= 1 || shape.contains(&0) {
            return Ok(inputs);
        }
        // Positions are counted in 32 bits.
        if u32::try_from(length).is_err() {
            return Err(Error::TooLarge { elements: length as u128, dtype: inputs[0].dtype() });
        }
        let lanes = Lanes::new(&shape, self.axis);
        if let [x] = &inputs[..] {
            return Ok(smallvec![with_number!(x.dtype(), "sort", T => lanes.sort_alone::<T>(x))?]);
        }
        let inputs: Vec<Tensor> = inputs.iter().map(Tensor::contiguous).collect::<Result<_>>()?;
        let mut outputs =
            inputs.iter().map(|x| Buffer::new(x.dtype(), x.count())).collect::<Result<Vec<_>>>()?;
        let mut sorter = Sorter::new(&inputs[..self.num_keys]);
        for start in lanes.starts() {
            sorter.clear();
            for x in &inputs[..self.num_keys] {
                sorter.add_keys(x, &lanes, start)?;
            }
            let order = sorter.order(length);
            for (x, y) in inputs.iter().zip(&mut outputs) {
                let source = x.bytes().unwrap_or_default();
                with_size!(x.dtype().size(), T => {
                    let source: &[T] = bytemuck::cast_slice(source);
                    let target: &mut [T] = bytemuck::cast_slice_mut(y.bytes_mut());
                    for (i, &from) in order.iter().enumerate() {
                        target[start + i * lanes.step] = source[start + from as usize * lanes.step];
                    }
                }, else ());
            }
        }
        let outputs = inputs.iter().zip(outputs);
        Ok(outputs.map(|(x, y)| Tensor::from_buffer(x.dtype(), &shape, y)).collect())
    }
}

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
    pub index_dtype: DType,
}

impl Kernel for TopK {
    fn name(&self) -> &'static str {
        "top_k"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = &inputs[0];
        let dtype = x.dtype();
        if dtype.is_complex() {
            return Err(Error::DType { operation: self.name(), dtype });
        }
        let mut shape = Shape::from(x.shape());
        let length = shape[self.axis];
        let k = self.k.min(length);
        shape[self.axis] = k;
        let from = Lanes::new(x.shape(), self.axis);
        let to = Lanes::new(&shape, self.axis);
        let mut positions = vec![0; layout::count(&shape)];
        let mut values = Buffer::new(dtype, positions.len())?;
        if !positions.is_empty() {
            let x = x.contiguous()?;
            let mut best = Best::default();
            with_number!(x.dtype(), "top_k", T => {
                let source = x.as_slice::<T>().unwrap_or_default();
                let target = values.slice_mut::<T>();
                for (from_start, to_start) in from.starts().zip(to.starts()) {
                    let value = |i: usize| source[from_start + i * from.step];
                    best.find(length, k, size_of::<T>() <= 4, |i| value(i).strict_key());
                    for (i, &at) in best.found.iter().enumerate() {
                        positions[to_start + i * to.step] = at;
                        target[to_start + i * to.step] = value(at);
                    }
                }
                Ok(())
            })?;
        }
        Ok(smallvec![
            Tensor::from_buffer(dtype, &shape, values),
            index_tensor(self.index_dtype, &shape, &positions, self.name())?,
        ])
    }
}

/// Finds the greatest elements of a lane.
#[derive(Default)]
struct Best {
    short: Vec<u64>,
    long: Vec<u128>,
    found: Vec<usize>,
}

impl Best {
    /// Key, complemented, and position share a word, so that the least words are wanted.
    fn find(&mut self, length: usize, k: usize, narrow: bool, key: impl Fn(usize) -> u64) {
        fn least<W: Ord>(words: &mut [W], k: usize) -> &[W] {
            if k < words.len() {
                words.select_nth_unstable(k);
            }
            words[..k].sort_unstable();
            &words[..k]
        }
        self.found.clear();
        if narrow && u32::try_from(length).is_ok() {
            self.short.clear();
            self.short.extend((0..length).map(|i| (!key(i) << 32) | i as u64));
            self.found.extend(least(&mut self.short, k).iter().map(|&word| word as u32 as usize));
        } else {
            self.long.clear();
            self.long.extend((0..length).map(|i| (!key(i) as u128) << 64 | i as u128));
            self.found.extend(least(&mut self.long, k).iter().map(|&word| word as usize));
        }
    }
}

/// The lanes of a contiguous shape along an axis.
struct Lanes {
    length: usize,
    step: usize,
    outer: usize,
}

impl Lanes {
    fn new(shape: &[usize], axis: usize) -> Lanes {
        let (outer, length, step) = around(shape, axis);
        Lanes { length, step, outer }
    }

    /// The position of the first element of every lane.
    fn starts(&self) -> impl Iterator<Item = usize> + use<> {
        let (size, step) = (self.length * self.step, self.step);
        (0..self.outer).flat_map(move |outer| (0..step).map(move |inner| outer * size + inner))
    }

    /// Sorts the lanes of one tensor by itself.
    fn sort_alone<T: Ordered>(&self, x: &Tensor) -> Result<Tensor> {
        let mut buffer = Buffer::new(x.dtype(), x.count())?;
        x.copy_to(buffer.bytes_mut());
        let values = buffer.slice_mut::<T>();
        let mut keys = vec![T::Key::default(); self.length];
        let mut spare = Vec::new();
        let mut special = Vec::new();
        for start in self.starts() {
            special.clear();
            for (i, key) in keys.iter_mut().enumerate() {
                let value = values[start + i * self.step];
                *key = value.key();
                if value.is_special() {
                    special.push(value);
                }
            }
            sort_keys(&mut keys, &mut spare);
            for (i, &key) in keys.iter().enumerate() {
                values[start + i * self.step] = T::from_key(key);
            }
            // Several values share the key of zero, and of NaN: put them back as they came.
            special.sort_by_key(|value: &T| value.key());
            let mut at = 0;
            for (i, &value) in special.iter().enumerate() {
                if i == 0 || special[i - 1].key() != value.key() {
                    at = keys.partition_point(|&key| key < value.key());
                }
                values[start + at * self.step] = value;
                at += 1;
            }
        }
        Ok(Tensor::from_buffer(x.dtype(), x.shape(), buffer))
    }
}

/// An unsigned integer that elements are compared by.
trait Key: Copy + Ord + Default {
    const BYTES: usize;
    fn byte(self, at: usize) -> usize;
    fn wide(self) -> u128;
}

macro_rules! keys {
    ($($T:ty),*) => {$(
        impl Key for $T {
            const BYTES: usize = size_of::<$T>();
            #[inline(always)]
            fn byte(self, at: usize) -> usize { (self >> (8 * at)) as usize & 255 }
            #[inline(always)]
            fn wide(self) -> u128 { self as u128 }
        }
    )*};
}
keys!(u8, u16, u32, u64, u128);

/// Elements that an unsigned integer stands for.
trait Ordered: Element {
    type Key: Key;
    /// An integer in the order of elements; the same for all that count as equal.
    fn key(self) -> Self::Key;
    /// The element, or one that counts as equal.
    fn from_key(key: Self::Key) -> Self;
    /// Whether other elements count as equal to this.
    fn is_special(self) -> bool;
    /// An integer that tells zero from negative zero, but not one NaN from another. Complex
    /// numbers have none.
    fn strict_key(self) -> u64;
}

macro_rules! ordered_integers {
    ($($T:ty, $K:ty, $flip:expr;)*) => {$(
        impl Ordered for $T {
            type Key = $K;
            #[inline(always)]
            fn key(self) -> $K { self as $K ^ $flip }
            #[inline(always)]
            fn from_key(key: $K) -> $T { (key ^ $flip) as $T }
            #[inline(always)]
            fn is_special(self) -> bool { false }
            #[inline(always)]
            fn strict_key(self) -> u64 { self.key() as u64 }
        }
    )*};
}
ordered_integers! {
    u8, u8, 0; u16, u16, 0; u32, u32, 0; u64, u64, 0;
    i8, u8, 1 << 7; i16, u16, 1 << 15; i32, u32, 1 << 31; i64, u64, 1 << 63;
}

impl Ordered for Bool {
    type Key = u8;
    #[inline(always)]
    fn key(self) -> u8 {
        self.0
    }
    #[inline(always)]
    fn from_key(key: u8) -> Bool {
        Bool(key)
    }
    #[inline(always)]
    fn is_special(self) -> bool {
        false
    }
    #[inline(always)]
    fn strict_key(self) -> u64 {
        self.0 as u64
    }
}

// The bits of positive floats rise with their value, and those of negative ones fall.
macro_rules! ordered_floats {
    ($($T:ty, $K:ty, $zero:expr, $nan:expr;)*) => {$(
        impl Ordered for $T {
            type Key = $K;
            #[inline(always)]
            fn key(self) -> $K {
                if self == $zero { ($zero).strict_key() as $K } else { self.strict_key() as $K }
            }
            #[inline(always)]
            fn from_key(key: $K) -> $T {
                const SIGN: $K = 1 << (<$K>::BITS - 1);
                <$T>::from_bits(if key & SIGN != 0 { key ^ SIGN } else { !key })
            }
            #[inline(always)]
            fn is_special(self) -> bool { self == $zero || self.is_nan() }
            #[inline(always)]
            fn strict_key(self) -> u64 {
                const SIGN: $K = 1 << (<$K>::BITS - 1);
                let bits = if self.is_nan() { <$T>::to_bits($nan) & !SIGN } else { self.to_bits() };
                (if bits & SIGN != 0 { !bits } else { bits | SIGN }) as u64
            }
        }
    )*};
}
ordered_floats! {
    bf16, u16, bf16::ZERO, bf16::NAN;
    f16, u16, f16::ZERO, f16::NAN;
    f32, u32, 0.0f32, f32::NAN;
    f64, u64, 0.0f64, f64::NAN;
}

macro_rules! ordered_complex {
    ($($R:ty, $K:ty, $half:ty;)*) => {$(
        impl Ordered for Complex<$R> {
            type Key = $K;
            #[inline(always)]
            fn key(self) -> $K {
                (self.re.key() as $K) << <$half>::BITS | self.im.key() as $K
            }
            #[inline(always)]
            fn from_key(key: $K) -> Self {
                let re = <$R>::from_key((key >> <$half>::BITS) as $half);
                Complex::new(re, <$R>::from_key(key as $half))
            }
            #[inline(always)]
            fn is_special(self) -> bool { self.re.is_special() || self.im.is_special() }
            #[inline(always)]
            fn strict_key(self) -> u64 { 0 }
        }
    )*};
}
ordered_complex! {
    f32, u64, u32;
    f64, u128, u64;
}

/// Rows shorter than this are sorted by comparisons.
const RADIX: usize = 1024;

/// Sorts keys; equal ones cannot be told apart, so any order of them will do.
fn sort_keys<K: Key>(keys: &mut Vec<K>, spare: &mut Vec<K>) {
    if keys.len() < RADIX || K::BYTES > 8 {
        keys.sort_unstable();
    } else {
        radix_sort(keys, spare, 0..K::BYTES);
    }
}

/// Sorts by the given bytes of the keys, the last of them most significant; stable.
fn radix_sort<K: Key>(keys: &mut Vec<K>, spare: &mut Vec<K>, bytes: std::ops::Range<usize>) {
    let mut counts = vec![[0usize; 256]; bytes.len()];
    for &key in keys.iter() {
        for (count, at) in counts.iter_mut().zip(bytes.clone()) {
            count[key.byte(at)] += 1;
        }
    }
    spare.clear();
    spare.resize(keys.len(), K::default());
    for (count, at) in counts.iter_mut().zip(bytes) {
        // A byte that all keys share sorts nothing.
        if count.contains(&keys.len()) {
            continue;
        }
        let mut next = 0;
        for slot in count.iter_mut() {
            let begin = next;
            next += *slot;
            *slot = begin;
        }
        for &key in keys.iter() {
            let slot = &mut count[key.byte(at)];
            spare[*slot] = key;
            *slot += 1;
        }
        std::mem::swap(keys, spare);
    }
}

/// Finds the order of a lane by one or several keys.
#[derive(Default)]
struct Sorter {
    /// The keys of the lane, one list for each operand that is compared.
    keys: Vec<Vec<u128>>,
    /// Whether there is one operand to compare, and its keys fit 32 bits. They are then in
    /// `short`, above the positions.
    narrow: bool,
    short: Vec<u64>,
    spare_short: Vec<u64>,
    long: Vec<u128>,
    spare_long: Vec<u128>,
    order: Vec<u32>,
}

impl Sorter {
    fn new(inputs: &[Tensor]) -> Sorter {
        let narrow = matches!(inputs, [x] if x.dtype().size() <= 4);
        Sorter { narrow, ..Sorter::default() }
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.short.clear();
        self.long.clear();
    }

    /// Adds the keys of one lane of an operand.
    fn add_keys(&mut self, x: &Tensor, lanes: &Lanes, start: usize) -> Result<()> {
        with_number!(x.dtype(), "sort", T => {
            let values = x.as_slice::<T>().unwrap_or_default();
            let key = |i: usize| values[start + i * lanes.step].key();
            if self.narrow {
                let word = |i: usize| (key(i).wide() as u64) << 32 | i as u64;
                self.short.extend((0..lanes.length).map(word));
            } else {
                self.keys.push((0..lanes.length).map(|i| key(i).wide()).collect());
            }
            Ok(())
        })
    }

    /// The positions of the elements in rising order.
    fn order(&mut self, length: usize) -> &[u32] {
        self.order.clear();
        if self.narrow {
            // Key and position share a word, and positions are distinct and rising.
            if length < RADIX {
                self.short.sort_unstable();
            } else {
                radix_sort(&mut self.short, &mut self.spare_short, 4..8);
            }
            self.order.extend(self.short.iter().map(|&word| word as u32));
        } else if let [keys] = &self.keys[..]
            && keys.iter().all(|&key| key >> 64 == 0)
        {
            self.long.extend(keys.iter().enumerate().map(|(i, &key)| key << 32 | i as u128));
            if length < RADIX {
                self.long.sort_unstable();
            } else {
                radix_sort(&mut self.long, &mut self.spare_long, 4..12);
            }
            self.order.extend(self.long.iter().map(|&word| word as u32));
        } else {
            self.order.extend(0..length as u32);
            let keys = &self.keys;
            self.order.sort_unstable_by(|&a, &b| {
                let of = |at: u32| keys.iter().map(move |keys| keys[at as usize]);
                of(a).cmp(of(b)).then(a.cmp(&b))
            });
        }
        &self.order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
