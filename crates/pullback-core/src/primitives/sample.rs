//! Uses of primitives that the laws are tried on.

use pullback_engine::{DType, Shape};

use super::Op;
use crate::array::{Array, number};
use crate::aval::Aval;
use crate::error::Result;

/// An operation with its parameters, and operands that it can be applied to.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The operation.
    pub op: Op,
    /// What it is applied to.
    pub inputs: Vec<Input>,
    /// Whether differences can be trusted: not where the result jumps.
    pub smooth: bool,
    /// The operands that there is no derivative with respect to, or no second one.
    pub fixed: &'static [usize],
}

/// A kind of operand.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its shape.
    pub shape: Shape,
    /// Its element type.
    pub dtype: DType,
    /// Its elements.
    pub domain: Domain,
}

/// Where the elements of an operand are taken from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// Numbers between the two, in no order, all distinct.
    Real(f64, f64),
    /// Whole numbers from the first up to and without the second.
    Whole(i64, i64),
    /// Positive definite matrices in the last two axes.
    Definite,
    /// Lower triangular matrices in the last two axes, far from singular.
    Triangular,
}

impl Sample {
    /// A sample whose result is smooth.
    pub fn new(op: impl Into<Op>, inputs: impl IntoIterator<Item = Input>) -> Sample {
        Sample { op: op.into(), inputs: inputs.into_iter().collect(), smooth: true, fixed: &[] }
    }

    /// The same, for a result that jumps.
    pub fn jumping(mut self) -> Sample {
        self.smooth = false;
        self
    }

    /// The same, for a result that has no derivatives with respect to some operands.
    pub fn fixed(mut self, operands: &'static [usize]) -> Sample {
        self.fixed = operands;
        self
    }

    /// What is known of the operands.
    pub fn avals(&self) -> Vec<Aval> {
        self.inputs.iter().map(|input| Aval::new(&input.shape, input.dtype)).collect()
    }

    /// Operands; each seed gives others.
    pub fn arrays(&self, seed: u64) -> Result<Vec<Array>> {
        self.inputs
            .iter()
            .enumerate()
            .map(|(at, input)| input.array(seed.wrapping_mul(31).wrapping_add(at as u64 * 7919)))
            .collect()
    }
}

impl Input {
    /// An operand of the given kind.
    pub fn new(shape: &[usize], dtype: DType, domain: Domain) -> Input {
        Input { shape: shape.into(), dtype, domain }
    }

    /// An operand of real numbers around zero.
    pub fn real(shape: &[usize], dtype: DType) -> Input {
        Input::new(shape, dtype, Domain::Real(-2.0, 2.0))
    }

    /// An array of this kind; each seed gives another.
    pub fn array(&self, seed: u64) -> Result<Array> {
        let mut state = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut unit = || {
            // splitmix64, by Sebastiano Vigna (public domain).
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
        };
        let count: usize = self.shape.iter().product();
        let columns = self.shape.last().copied().unwrap_or(1);
        let mut bytes = Vec::with_capacity(count * self.dtype.size());
        for at in 0..count {
            let (row, column) = match columns {
                0 => (0, 0),
                columns => (at / columns % columns, at % columns),
            };
            let real = match self.domain {
                Domain::Real(low, high) if self.dtype.is_inexact() => low + (high - low) * unit(),
                Domain::Real(low, high) => {
                    let low = if self.dtype.kind() == pullback_engine::Kind::Unsigned {
                        low.max(0.0)
                    } else {
                        low
                    };
                    (low + (high + 1.0 - low) * unit()).floor()
                }
                Domain::Whole(low, high) => (low as f64 + (high - low) as f64 * unit()).floor(),
                // Dominant diagonals are definite; the rest is small and symmetric.
                Domain::Definite if row == column => 3.0 + unit() + row as f64,
                Domain::Definite => 0.3 / (1.0 + (row + column) as f64),
                Domain::Triangular if row == column => 1.5 + unit(),
                Domain::Triangular if row > column => unit() - 0.5,
                Domain::Triangular => 0.0,
            };
            match (self.dtype, self.domain) {
                (DType::C64, Domain::Real(low, high)) => {
                    let imaginary = (low + (high - low) * unit()) as f32;
                    bytes.extend((real as f32).to_le_bytes());
                    bytes.extend(imaginary.to_le_bytes());
                }
                (DType::C128, Domain::Real(low, high)) => {
                    let imaginary = low + (high - low) * unit();
                    bytes.extend(real.to_le_bytes());
                    bytes.extend(imaginary.to_le_bytes());
                }
                (DType::KeyThreefry, _) => {
                    let words = [unit(), unit()].map(|part| (part * 4294967296.0) as u32);
                    bytes.extend(words.iter().flat_map(|word| word.to_ne_bytes()));
                }
                _ => bytes.extend(&number(real, self.dtype).buffer_bytes()[..self.dtype.size()]),
            }
        }
        let mut buffer = pullback_engine::Buffer::new(self.dtype, count)?;
        buffer.bytes_mut().copy_from_slice(&bytes);
        Ok(Array::new(pullback_engine::Tensor::from_buffer(self.dtype, &self.shape, buffer)))
    }
}
