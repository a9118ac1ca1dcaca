//! Elementwise programs over random bits, which are drawn where the program needs them.
//!
//! A part of the bits is drawn, and what the program makes of it is written, before the next part
//! is: so bits stay in a cache, and memory is passed over once, by who writes the results.

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::parts::{Shared, try_for_each};
use super::random::{BLOCK, RandomBits, keys_of};
use super::threefry::{MANY, draw_part};
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{Cost, TensorType, TensorTypes};
use crate::dtype::{DType, Key};
use crate::error::{Error, Result};
use crate::layout::{self, Shape};
use crate::native::{self, Mode};
use crate::tensor::Tensor;
use crate::tile::Program;

/// Elements of a part, at most: their bits and the results fit into the second cache of a processor.
const PART: usize = 16 << 10;
/// Elements of a part, at least, so that it takes far longer than to begin it.
const SHORT: usize = 4 << 10;
/// Fewer elements than this are not worth the parts.
const FEW: usize = 256;

/// A program, some of whose inputs are random bits.
#[derive(Debug)]
pub struct Drawn {
    /// The program.
    pub program: Arc<Program>,
    /// The shape that it runs over: that of all bits, too.
    pub shape: Shape,
    /// For each input of the program how it is drawn; the kernel is given keys in its place. Of
    /// others it is given the input itself, which has the shape, or rank 0.
    pub draws: Vec<Option<RandomBits>>,
}

impl Kernel for Drawn {
    fn name(&self) -> &'static str {
        "drawn"
    }

    fn cost(&self, _: &[TensorType], _: &[TensorType]) -> Cost {
        let draws = self.draws.iter().flatten().count();
        (self.program.cost() + Cost::flops(BLOCK * draws)) * layout::count(&self.shape) as f64
    }

    fn infer(&self, _: &[TensorType]) -> Option<TensorTypes> {
        let outputs = self.program.outputs().iter();
        Some(outputs.map(|&dtype| TensorType::new(dtype, &self.shape)).collect())
    }

    fn code_bytes(&self) -> usize {
        self.program.codes.bytes()
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let dtype = self.program.outputs().first().copied().unwrap_or(DType::Float0);
        let too_large = Error::TooLarge { elements: u128::MAX, dtype };
        let count = layout::checked_count(&self.shape).ok_or(too_large)?;
        // The oracle shares as little with the others as it can.
        if count < FEW || native::mode() == Mode::Oracle {
            return self.in_steps(inputs);
        }
        let sources = self.sources(&inputs)?;
        let outputs = self.program.outputs();
        let mut buffers: SmallVec<[Buffer; 4]> = SmallVec::new();
        for &dtype in outputs {
            buffers.push(Buffer::new(dtype, count)?);
        }
        let targets: SmallVec<[Shared<u8>; 4]> =
            buffers.iter_mut().map(|buffer| Shared::new(buffer.bytes_mut())).collect();
        // What a thread would take at a time of the program alone is begun in the least time. A part
        // is made of whole blocks of the stream.
        let part = self.program.part.clamp(SHORT, PART) / MANY * MANY;
        try_for_each(count.div_ceil(part), |n| {
            let start = n * part;
            let elements = part.min(count - start);
            let parts: Result<Tensors> =
                sources.iter().map(|source| source.part(start, elements)).collect();
            let results = outputs.iter().zip(&targets).map(|(dtype, target)| {
                let size = dtype.size();
                // SAFETY: each part is written once, and parts have no elements in common.
                unsafe { target.part(start * size, elements * size) }
            });
            self.program.run_into(parts?, &[elements], results.collect())
        })?;
        drop(targets);
        let results = outputs.iter().zip(buffers);
        Ok(results
            .map(|(&dtype, buffer)| Tensor::from_buffer(dtype, &self.shape, buffer))
            .collect())
    }
}

impl Drawn {
    /// All bits first, then the program.
    fn in_steps(&self, inputs: Tensors) -> Result<Tensors> {
        let mut operands = Tensors::new();
        for (x, draw) in inputs.into_iter().zip(&self.draws) {
            match draw {
                Some(bits) => operands.append(&mut bits.run(smallvec![x])?),
                None => operands.push(x),
            }
        }
        self.program.run(operands, &self.shape)
    }

    fn sources(&self, inputs: &Tensors) -> Result<Vec<Source>> {
        let source = |(x, draw): (&Tensor, &Option<RandomBits>)| {
            Ok(match draw {
                Some(draw) => Source::Bits {
                    bits: draw.bits,
                    keys: keys_of(x, draw.name())?,
                    of_each: layout::count(&draw.shape),
                },
                None if x.is_repeated() => {
                    let (at, size) = (x.layout().offset, x.dtype().size());
                    let element = &x.buffer_bytes()[at * size..][..size];
                    Source::One(Tensor::scalar_from_bytes(x.dtype(), element))
                }
                None => Source::Elements(x.contiguous()?.reshape(&[x.count()])?),
            })
        };
        inputs.iter().zip(&self.draws).map(source).collect()
    }
}

/// Where the elements of an input of the program come from.
enum Source {
    One(Tensor),
    Elements(Tensor),
    /// So many bits an element; so many elements of the stream of each key.
    Bits {
        bits: u8,
        keys: Vec<Key>,
        of_each: usize,
    },
}

impl Source {
    fn part(&self, start: usize, elements: usize) -> Result<Tensor> {
        match self {
            Source::One(x) => Ok(x.clone()),
            Source::Elements(x) => x.slice(&[start], &[start + elements], &[1]),
            Source::Bits { bits, keys, of_each } => {
                let (dtype, draw): (_, fn(&[Key], usize, usize, &mut Buffer)) = match bits {
                    8 => (DType::U8, |k, n, at, out| draw_part::<u8>(k, n, at, out.slice_mut())),
                    16 => (DType::U16, |k, n, at, out| draw_part::<u16>(k, n, at, out.slice_mut())),
                    32 => (DType::U32, |k, n, at, out| draw_part::<u32>(k, n, at, out.slice_mut())),
                    _ => (DType::U64, |k, n, at, out| draw_part::<u64>(k, n, at, out.slice_mut())),
                };
                let mut buffer = Buffer::scratch(dtype, elements)?;
                draw(keys, *of_each, start, &mut buffer);
                Ok(Tensor::from_buffer(dtype, &[elements], buffer))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parts::tests::on_any_number_of_threads;
    use super::*;
    use crate::tile::{ProgramBuilder, ScalarOp};

    /// `x + (bits ^ other bits)` and `bits < other bits`, for bits of two keys.
    fn kernel(bits: u8, dtype: DType, keys: &[usize], own: &[usize]) -> Drawn {
        let mut program = ProgramBuilder::new();
        let [x, a, b] = [dtype; 3].map(|dtype| program.input(dtype));
        let mixed = program.op(ScalarOp::Xor, &[a, b]);
        let sum = program.op(ScalarOp::Add, &[x, mixed]);
        let less = program.op(ScalarOp::Lt, &[a, b]);
        let program = Arc::new(program.finish(&[sum, less]));
        let draw = RandomBits { bits, shape: own.into(), partitionable: true };
        let shape = keys.iter().chain(own).copied().collect();
        Drawn { program, shape, draws: vec![None, Some(draw.clone()), Some(draw)] }
    }

    #[test]
    fn parts_are_what_the_steps_are() {
        for (bits, dtype) in [(8, DType::U8), (16, DType::U16), (32, DType::U32), (64, DType::U64)]
        {
            for (keys, own) in [
                (&[][..], &[2 * PART + 77][..]),
                (&[], &[3, 0]),
                (&[], &[5]),
                (&[3], &[150, 100]),
                (&[5000], &[7]),
                (&[300], &[]),
            ] {
                let kernel = kernel(bits, dtype, keys, own);
                let words: Vec<Key> =
                    (0..layout::count(keys) as u32).map(|n| Key([n, 7 * n + 1])).collect();
                let keys = Tensor::from_slice(&words, keys).unwrap();
                let others: Vec<Key> = words.iter().map(|key| Key([key.0[0], 5])).collect();
                let others = Tensor::from_slice(&others, keys.shape()).unwrap();
                // All elements, every other one of twice as many, and one for all.
                let count = layout::count(&kernel.shape);
                let numbers: Vec<i64> = (0..2 * count as i64).collect();
                let numbers = Tensor::from_slice(&numbers, &[2 * count]).unwrap();
                let mut program = ProgramBuilder::new();
                let number = program.input(DType::I64);
                let number = program.op(ScalarOp::Convert(dtype), &[number]);
                let program = program.finish(&[number]);
                let numbers = program.run(smallvec![numbers], &[2 * count]).unwrap().remove(0);
                let some = numbers.slice(&[0], &[count], &[1]).unwrap().reshape(&kernel.shape);
                let twice: Shape = kernel.shape.iter().copied().chain([2]).collect();
                let strided = numbers.reshape(&twice).unwrap().index(twice.len() - 1, 1).unwrap();
                let one = Tensor::scalar_from_bytes(dtype, &[3; 8][..dtype.size()]);
                let repeated = one.broadcast(&kernel.shape, &[]).unwrap();
                for x in [some.unwrap(), strided, one, repeated] {
                    let inputs: Tensors = smallvec![x, keys.clone(), others.clone()];
                    let bytes = |results: Tensors| -> Vec<Vec<u8>> {
                        results.iter().map(|y| y.bytes().unwrap().to_vec()).collect()
                    };
                    let drawn =
                        on_any_number_of_threads(|| bytes(kernel.run(inputs.clone()).unwrap()));
                    assert_eq!(drawn, bytes(kernel.in_steps(inputs).unwrap()));
                }
            }
        }
    }
}
