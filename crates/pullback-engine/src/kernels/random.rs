//! Random bits, split keys, and keys with data folded in, bit for bit those of JAX; see
//! `threefry` for the generator and its streams.

use smallvec::smallvec;

use super::common::build;
use super::threefry::{Drawn, blocks, draw, draw_original, fold_in};
use super::{Form, Kernel, Tensors};
use crate::cost::{Cost, TensorType};
use crate::dtype::{Bool, DType, Element, Key};
use crate::error::{Error, Result};
use crate::layout::{self, Shape};
use crate::tensor::Tensor;

/// Operations of the block function: twenty rounds of an addition, a rotation and a difference, and
/// the keys that are added in between.
pub(super) const BLOCK: usize = 120;

/// The block function on its own: key words and counter words, four tensors of one shape, to
/// two tensors of random words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Threefry2x32;

impl Kernel for Threefry2x32 {
    fn name(&self) -> &'static str {
        "threefry2x32"
    }

    fn cost(&self, _: &[TensorType], outputs: &[TensorType]) -> Cost {
        Cost::flops(BLOCK * outputs[0].count())
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let inputs: Vec<Tensor> = inputs.iter().map(Tensor::contiguous).collect::<Result<_>>()?;
        let words: Vec<&[u32]> =
            inputs.iter().map(|x| x.as_slice::<u32>().unwrap_or_default()).collect();
        let shape = inputs[0].shape();
        let mut first = None;
        let second = build::<u32>(shape, |second| {
            first = Some(build::<u32>(shape, |first| {
                let [k0, k1, x0, x1] = std::array::from_fn(|operand| words[operand]);
                blocks([k0, k1, x0, x1], first, second);
            }));
        })?;
        Ok(first.transpose()?.into_iter().chain([second]).collect())
    }
}

/// Uniform bits for each key of the input, of dtype u8, u16, u32 or u64.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomBits {
    /// Bits of one element: 8, 16, 32 or 64.
    pub bits: u8,
    /// The shape that every key is drawn for.
    pub shape: Shape,
    /// Which layout the stream has.
    pub partitionable: bool,
}

impl Kernel for RandomBits {
    fn name(&self) -> &'static str {
        "random_bits"
    }

    fn form(&self) -> Form<'_> {
        Form::Draw(self)
    }

    fn cost(&self, _: &[TensorType], outputs: &[TensorType]) -> Cost {
        Cost::flops(BLOCK * outputs[0].count())
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let keys = keys_of(&inputs[0], self.name())?;
        let count = checked_count(&self.shape, DType::U64)?;
        let shape: Shape = inputs[0].shape().iter().chain(&self.shape).copied().collect();
        checked_count(&shape, DType::U64)?;
        let y = match self.bits {
            8 => self.draw::<u8>(&keys, count, &shape),
            16 => self.draw::<u16>(&keys, count, &shape),
            32 => self.draw::<u32>(&keys, count, &shape),
            64 => self.draw::<u64>(&keys, count, &shape),
            _ => Err(Error::DType { operation: self.name(), dtype: DType::Bool }),
        }?;
        Ok(smallvec![y])
    }
}

impl RandomBits {
    fn draw<T: Drawn>(&self, keys: &[Key], count: usize, shape: &[usize]) -> Result<Tensor> {
        build::<T>(shape, |out| {
            if self.partitionable {
                return draw(keys, count, out);
            }
            let mut words = vec![0; (size_of::<T>() * count).div_ceil(4)];
            for (&key, out) in keys.iter().zip(out.chunks_exact_mut(count.max(1))) {
                draw_original(key, &mut words);
                if size_of::<T>() == 8 {
                    let (high, low) = words.split_at(out.len());
                    for (slot, (&high, &low)) in out.iter_mut().zip(high.iter().zip(low)) {
                        *slot = T::join(high, low);
                    }
                } else {
                    // Narrow elements come from the low end of a word first.
                    let narrow = size_of::<T>() * 8;
                    for (elements, &word) in out.chunks_mut(32 / narrow).zip(&words) {
                        for (lane, slot) in elements.iter_mut().enumerate() {
                            *slot = T::join(0, word >> (lane * narrow));
                        }
                    }
                }
            }
        })
    }
}

/// A key from each integer of the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomSeed;

impl Kernel for RandomSeed {
    fn name(&self) -> &'static str {
        "random_seed"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        fn seed<T: Element>(x: &Tensor, words: impl Fn(T) -> [u32; 2]) -> Result<Tensor> {
            let seeds = x.to_vec::<T>();
            build::<Key>(x.shape(), |out| {
                for (slot, &seed) in out.iter_mut().zip(&seeds) {
                    *slot = Key(words(seed));
                }
            })
        }
        // The high word is that of a logical shift, and so 0 for types of at most 32 bits.
        let x = &inputs[0];
        let keys = match x.dtype() {
            DType::Bool => seed(x, |v: Bool| [0, v.0 as u32]),
            DType::I8 => seed(x, |v: i8| [0, v as u32]),
            DType::I16 => seed(x, |v: i16| [0, v as u32]),
            DType::I32 => seed(x, |v: i32| [0, v as u32]),
            DType::I64 => seed(x, |v: i64| [(v >> 32) as u32, v as u32]),
            DType::U8 => seed(x, |v: u8| [0, v as u32]),
            DType::U16 => seed(x, |v: u16| [0, v as u32]),
            DType::U32 => seed(x, |v: u32| [0, v]),
            DType::U64 => seed(x, |v: u64| [(v >> 32) as u32, v as u32]),
            dtype => Err(Error::DType { operation: self.name(), dtype }),
        }?;
        Ok(smallvec![keys])
    }
}

/// Independent keys from each key of the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomSplit {
    /// The shape of the keys made from one.
    pub shape: Shape,
    /// Which layout the stream has.
    pub partitionable: bool,
}

impl Kernel for RandomSplit {
    fn name(&self) -> &'static str {
        "random_split"
    }

    fn cost(&self, _: &[TensorType], outputs: &[TensorType]) -> Cost {
        Cost::flops(BLOCK * outputs[0].count())
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let keys = keys_of(&inputs[0], self.name())?;
        let shape: Shape = inputs[0].shape().iter().chain(&self.shape).copied().collect();
        let count = checked_count(&self.shape, DType::KeyThreefry)?;
        checked_count(&shape, DType::KeyThreefry)?;
        let split = build::<Key>(&shape, |out| {
            if self.partitionable {
                return draw(&keys, count, out);
            }
            for (&key, out) in keys.iter().zip(out.chunks_exact_mut(count.max(1))) {
                draw_original(key, bytemuck::cast_slice_mut(out));
            }
        })?;
        Ok(smallvec![split])
    }
}

/// A key from each key of the first input and the integer at its place in the second.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomFoldIn;

impl Kernel for RandomFoldIn {
    fn name(&self) -> &'static str {
        "random_fold_in"
    }

    fn cost(&self, _: &[TensorType], outputs: &[TensorType]) -> Cost {
        Cost::flops(2 * BLOCK * outputs[0].count())
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let keys = keys_of(&inputs[0], self.name())?;
        let data = &inputs[1];
        if data.dtype() != DType::U32 {
            return Err(Error::DType { operation: self.name(), dtype: data.dtype() });
        }
        let data = data.to_vec::<u32>();
        let folded = build::<Key>(inputs[0].shape(), |out| fold_in(&keys, &data, out))?;
        Ok(smallvec![folded])
    }
}

/// Keys from their words, which lie along the last axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomWrap;

impl Kernel for RandomWrap {
    fn name(&self) -> &'static str {
        "random_wrap"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let words = &inputs[0];
        let shape = &words.shape()[..words.rank() - 1];
        Ok(smallvec![words.reinterpret(DType::KeyThreefry, shape)?])
    }
}

/// The words of keys, along a new last axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomUnwrap;

impl Kernel for RandomUnwrap {
    fn name(&self) -> &'static str {
        "random_unwrap"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let keys = &inputs[0];
        let shape: Shape = keys.shape().iter().copied().chain([2]).collect();
        Ok(smallvec![keys.reinterpret(DType::U32, &shape)?])
    }
}

fn checked_count(shape: &[usize], dtype: DType) -> Result<usize> {
    layout::checked_count(shape).ok_or(Error::TooLarge { elements: u128::MAX, dtype })
}

pub(super) fn keys_of(x: &Tensor, operation: &'static str) -> Result<Vec<Key>> {
    match x.dtype() {
        DType::KeyThreefry => Ok(x.to_vec()),
        dtype => Err(Error::DType { operation, dtype }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: i64) -> Tensor {
        RandomSeed.run(smallvec![Tensor::scalar(seed)]).unwrap().remove(0)
    }

    fn bits(bits: u8, shape: &[usize], partitionable: bool) -> Tensor {
        let kernel = RandomBits { bits, shape: shape.into(), partitionable };
        kernel.run(smallvec![key(42)]).unwrap().remove(0)
    }

    fn wide(x: &Tensor) -> Vec<u64> {
        match x.dtype() {
            DType::U8 => x.to_vec::<u8>().into_iter().map(u64::from).collect(),
            DType::U16 => x.to_vec::<u16>().into_iter().map(u64::from).collect(),
            DType::U32 => x.to_vec::<u32>().into_iter().map(u64::from).collect(),
            _ => x.to_vec::<u64>(),
        }
    }

    fn words(keys: &Tensor) -> Vec<u32> {
        RandomUnwrap.run(smallvec![keys.clone()]).unwrap().remove(0).to_vec()
    }

    // All constants below were printed by JAX 0.12 with `jax.random`.

    #[test]
    fn short_draws_equal_jax() {
        let a = [0xa2, 0xd9, 0xf9, 0xd7, 0x15];
        assert_eq!(wide(&bits(8, &[5], true)), a);
        let a = [0x13a2, 0x30d9, 0xf9f9, 0xc1d7, 0x7315];
        assert_eq!(wide(&bits(16, &[5], true)), a);
        let a = [0x7d1c13a2, 0xae0730d9, 0x9dc3f9f9, 0x8f9ec1d7, 0x735d7315];
        assert_eq!(wide(&bits(32, &[5], true)), a);
        assert_eq!(wide(&bits(64, &[1], true)), [0x6d3e048f1022172d]);
        assert_eq!(wide(&bits(8, &[5], false)), [0x2d, 0xb3, 0xd7, 0x03, 0xf4]);
        assert_eq!(wide(&bits(16, &[5], false)), [0x20ea, 0x92fb, 0xf86f, 0x19a3, 0xd913]);
        let a = [0xbad56946, 0xde837c89, 0x3249c374, 0x354ba891, 0x2fc69b62];
        assert_eq!(wide(&bits(32, &[5], false)), a);
        assert_eq!(wide(&bits(64, &[], false)), [0x03d7b32dadd083f4]);
        assert_eq!(wide(&bits(32, &[], false)), [0x6d3e048f]);
        assert_eq!(wide(&bits(16, &[], true)), [0x13a2]);
    }

    #[test]
    fn long_draws_equal_jax() {
        for (width, partitionable, expected) in [
            (8, true, 0xb82570efab01bed0),
            (16, true, 0x261212813db331d0),
            (32, true, 0x28978bcacf6331d0),
            (64, true, 0xf8055468added4fe),
            (8, false, 0x80b9c5e31d64374b),
            (16, false, 0x15241b51af6cf63e),
            (32, false, 0xb6f97872ac1a84d3),
            (64, false, 0x483303313a6e2823u64),
        ] {
            for shape in [&[1001][..], &[77, 13]] {
                let hash = wide(&bits(width, shape, partitionable))
                    .iter()
                    .fold(0u64, |h, &v| h.wrapping_mul(31).wrapping_add(v));
                assert_eq!(hash, expected, "{width} {partitionable}");
            }
        }
    }

    #[test]
    fn split_keys_equal_jax() {
        let split = |shape: &[usize], partitionable| {
            let kernel = RandomSplit { shape: shape.into(), partitionable };
            words(&kernel.run(smallvec![key(42)]).unwrap()[0])
        };
        let a = [1832780943, 270669613, 64467757, 2916123636, 2465931498, 255383827];
        assert_eq!(split(&[2, 2], true)[..6], a);
        let a = [
            2954079971, 2575172198, 1139032965, 1035738655, 3276725750, 1223413151, 173471767,
            13772463,
        ];
        assert_eq!(split(&[2, 2], false), a);
        let a = [0xbad56946, 0xde837c89, 0xdf4f11df, 0x354ba891, 0x2fc69b62, 0x8cdb9797];
        assert_eq!(split(&[3], false), a);
    }

    #[test]
    fn folded_keys_and_many_keys_equal_jax() {
        let data = Tensor::scalar(7u32);
        let folded = RandomFoldIn.run(smallvec![key(42), data]).unwrap().remove(0);
        assert_eq!(words(&folded), [0x97d0552f, 0x51bf719f]);

        let split = RandomSplit { shape: smallvec![3], partitionable: true };
        let keys = split.run(smallvec![key(42)]).unwrap();
        let kernel = RandomBits { bits: 64, shape: smallvec![3], partitionable: true };
        let drawn = kernel.run(keys).unwrap().remove(0);
        assert_eq!(drawn.shape(), [3, 3]);
        let a = [4347342853369491463, 7326897058900008910, 17592175208530790032];
        assert_eq!(wide(&drawn)[..3], a);
        assert_eq!(wide(&drawn)[8], 14804106417581547102);
    }

    #[test]
    fn seeds_of_every_width() {
        assert_eq!(words(&key(-1)), [u32::MAX; 2]);
        assert_eq!(words(&key((1 << 40) + 5)), [0x100, 5]);
        let seed = |x: Tensor| words(&RandomSeed.run(smallvec![x]).unwrap()[0]);
        assert_eq!(seed(Tensor::scalar(-7i32)), [0, 0xfffffff9]);
        assert_eq!(seed(Tensor::scalar(-3i8)), [0, 0xfffffffd]);
        assert_eq!(seed(Tensor::scalar(200u8)), [0, 200]);
        assert_eq!(seed(Tensor::scalar(u64::MAX - 1)), [u32::MAX, u32::MAX - 1]);
    }

    #[test]
    fn the_block_function_agrees_with_folding() {
        let scalar = Tensor::scalar;
        let out = Threefry2x32
            .run(smallvec![scalar(0u32), scalar(42u32), scalar(0u32), scalar(7u32)])
            .unwrap();
        assert_eq!(out[0].item::<u32>(), Some(0x97d0552f));
        assert_eq!(out[1].item::<u32>(), Some(0x51bf719f));
    }

    #[test]
    fn wrapping_and_nothing_to_draw() {
        let words_in = Tensor::from_slice(&[1u32, 2, 3, 4], &[2, 2]).unwrap();
        let keys = RandomWrap.run(smallvec![words_in]).unwrap().remove(0);
        assert_eq!(keys.to_vec::<Key>(), [Key([1, 2]), Key([3, 4])]);
        assert_eq!(bits(32, &[0, 3], true).count(), 0);
        assert_eq!(bits(8, &[0], false).count(), 0);
    }
}
