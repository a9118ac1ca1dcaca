//! Elementwise programs over inputs that are padded along their first axis.
//!
//! What is padded is not written first: the axis is cut where paddings begin and end, and in each
//! piece an input is either a part of an array or a number.

use smallvec::SmallVec;

use super::{Form, Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{Cost, TensorType, TensorTypes};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::{self, Shape};
use crate::plan::Plan;
use crate::tensor::Tensor;
use crate::tile::Program;

/// A program, and which of its inputs are padded.
pub struct Padded {
    /// The program.
    pub program: Program,
    /// The shape that it runs over; inputs have it, or rank 0, or 1 for some of its sizes, or are
    /// padded to it.
    pub shape: Shape,
    /// What the inputs of the program are.
    pub sources: Vec<Source>,
    /// The same in several steps.
    pub steps: Plan,
}

/// An input of the program.
#[derive(Clone, Debug)]
pub struct Source {
    /// The input of the kernel.
    pub input: usize,
    /// If it is padded, how many entries come before it along the first axis of more than one
    /// entry, and what stands for those before and after.
    pub padding: Option<(usize, Number)>,
}

/// A number that stands for what is not there.
#[derive(Clone, Debug)]
pub enum Number {
    /// An input of the kernel, of rank 0.
    Input(usize),
    /// The same always.
    Constant(Tensor),
}

impl std::fmt::Debug for Padded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let program = self.program.to_string().replace('\n', "\n      ");
        write!(f, "padded{:?} {:?} {{ {program} }}", &self.shape[..], self.sources)
    }
}

impl Kernel for Padded {
    fn name(&self) -> &'static str {
        "padded"
    }

    fn form(&self) -> Form<'_> {
        Form::Plan(&self.steps)
    }

    fn cost(&self, _: &[TensorType], _: &[TensorType]) -> Cost {
        self.program.cost() * layout::count(&self.shape) as f64
    }

    fn infer(&self, _: &[TensorType]) -> Option<TensorTypes> {
        let outputs = self.program.outputs().iter();
        Some(outputs.map(|&dtype| TensorType::new(dtype, &self.shape)).collect())
    }

    fn code_bytes(&self) -> usize {
        self.program.codes.bytes()
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let axis = self.shape.iter().position(|&size| size != 1).unwrap_or(0);
        let length = self.shape[axis];
        let mut own = Tensors::new();
        // Where each input begins and ends along the axis, and what is before and after.
        let mut ranges: SmallVec<[Option<(usize, usize, &Tensor)>; 8]> = SmallVec::new();
        for Source { input, padding } in &self.sources {
            let x = &inputs[*input];
            ranges.push(padding.as_ref().map(|(low, number)| {
                let number = match number {
                    Number::Input(at) => &inputs[*at],
                    Number::Constant(value) => value,
                };
                (*low, low + x.shape()[axis], number)
            }));
            let is_whole = padding.is_some() || x.rank() == 0 || x.shape() == &self.shape[..];
            own.push(match is_whole {
                true => x.clone(),
                false => x.broadcast(&self.shape, &(0..self.shape.len()).collect::<Shape>())?,
            });
        }
        let mut cuts: SmallVec<[usize; 8]> = SmallVec::from_slice(&[0, length]);
        cuts.extend(ranges.iter().flatten().flat_map(|&(begin, end, _)| [begin, end]));
        cuts.sort_unstable();
        cuts.dedup();
        let count = layout::checked_count(&self.shape);
        let dtype = self.program.outputs().first().copied().unwrap_or(DType::Float0);
        let count = count.ok_or(Error::TooLarge { elements: u128::MAX, dtype })?;
        let mut buffers: SmallVec<[Buffer; 4]> = SmallVec::new();
        for &dtype in self.program.outputs() {
            buffers.push(Buffer::new(dtype, count)?);
        }
        let mut rests: SmallVec<[&mut [u8]; 4]> =
            buffers.iter_mut().map(Buffer::bytes_mut).collect();
        let mut shape = self.shape.clone();
        for cut in cuts.windows(2) {
            let (begin, end) = (cut[0], cut[1]);
            shape[axis] = end - begin;
            let part = |x: &Tensor, begin: usize, end: usize| {
                let (mut start, mut limit) =
                    (Shape::from_elem(0, x.rank()), Shape::from(x.shape()));
                (start[axis], limit[axis]) = (begin, end);
                x.slice(&start, &limit, &Shape::from_elem(1, x.rank()))
            };
            let mut parts = Tensors::new();
            for (x, range) in own.iter().zip(&ranges) {
                parts.push(match *range {
                    None if x.rank() == 0 => x.clone(),
                    None => part(x, begin, end)?,
                    Some((from, to, _)) if from <= begin && end <= to => {
                        part(x, begin - from, end - from)?
                    }
                    Some((.., number)) => number.clone(),
                });
            }
            let elements = layout::count(&shape);
            let mut outputs: SmallVec<[&mut [u8]; 4]> = SmallVec::new();
            for (rest, dtype) in rests.iter_mut().zip(self.program.outputs()) {
                let (now, later) = std::mem::take(rest).split_at_mut(elements * dtype.size());
                outputs.push(now);
                *rest = later;
            }
            self.program.run_into(parts, &shape, outputs)?;
        }
        drop(rests);
        let results = self.program.outputs().iter().zip(buffers);
        Ok(results
            .map(|(&dtype, buffer)| Tensor::from_buffer(dtype, &self.shape, buffer))
            .collect())
    }
}
