//! Scatter: windows of updates written to, or combined with, an operand at positions that an
//! array gives.
//!
//! Updates are applied in row-major order of the positions, so that the result is the same on
//! every run also where windows overlap. Many updates of few elements are combined in several
//! tables, whose number follows from the sizes, and these with the operand one after the other.

use smallvec::smallvec;

use super::common::{Number, merged, owned_buffer, with_number, with_size};
use super::gather::IndexMode;
use super::places::{Places, Starts};
use super::{Kernel, Tensors};
use crate::cost::{Cost, TensorType};
use crate::error::Result;
use crate::layout::{self, Shape, Strides};
use crate::tensor::Tensor;

mod own;
#[cfg(test)]
mod tests;
mod updates;

use updates::{Combine, Updates};

/// What an update does to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ScatterOp {
    Replace,
    Add,
    Sub,
    Mul,
    Min,
    Max,
}

/// Applies windows of the third input to the first, at the positions in the second, whose last
/// axis is the index vector. The names are those of XLA's scatter. The operand is overwritten
/// where no one else holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scatter {
    /// What an update does to an element.
    pub op: ScatterOp,
    /// Axes of the updates that run along the window.
    pub update_window_dims: Shape,
    /// Axes of the operand that the window lacks, having size 1 along them.
    pub inserted_window_dims: Shape,
    /// The operand axis of each component of the index vector.
    pub scatter_dims_to_operand_dims: Shape,
    /// Axes of the operand that run along with axes of the indices.
    pub operand_batching_dims: Shape,
    /// Those axes of the indices.
    pub scatter_indices_batching_dims: Shape,
    /// What happens out of bounds.
    pub mode: IndexMode,
    /// Whether negative indices count from the end.
    pub from_end: bool,
}

impl Kernel for Scatter {
    fn name(&self) -> &'static str {
        match self.op {
            ScatterOp::Replace => "scatter",
            ScatterOp::Add => "scatter_add",
            ScatterOp::Sub => "scatter_sub",
            ScatterOp::Mul => "scatter_mul",
            ScatterOp::Min => "scatter_min",
            ScatterOp::Max => "scatter_max",
        }
    }

    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        match self.op {
            ScatterOp::Replace => Cost::default(),
            _ => Cost::flops(inputs[2].count()),
        }
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn run(&self, mut inputs: Tensors) -> Result<Tensors> {
        let operand = inputs.remove(0);
        let (indices, updates) = (&inputs[0], &inputs[1]);
        let dtype = operand.dtype();
        let shape = Shape::from(operand.shape());
        let starts = Starts::of(indices, self.name())?;
        let batch = &indices.shape()[..indices.rank() - 1];
        let window_dims: Shape = (0..shape.len())
            .filter(|dim| {
                !self.inserted_window_dims.contains(dim)
                    && !self.operand_batching_dims.contains(dim)
            })
            .collect();
        let window: Shape =
            self.update_window_dims.iter().map(|&axis| updates.shape()[axis]).collect();
        let mut windows: Shape = smallvec![1; shape.len()];
        for (&dim, &size) in window_dims.iter().zip(&window) {
            windows[dim] = size;
        }

        let strides = layout::row_major(&shape);
        let places = Places {
            shape: &shape,
            strides: &strides,
            offset: 0,
            windows: &windows,
            index_map: &self.scatter_dims_to_operand_dims,
            batching: &self.operand_batching_dims,
            indices_batching: &self.scatter_indices_batching_dims,
            clip: self.mode == IndexMode::Clip,
            from_end: self.from_end,
            batch,
            starts: &starts,
        };
        let source = updates.layout();
        let batch_from: Strides = (0..updates.rank())
            .filter(|axis| !self.update_window_dims.contains(axis))
            .map(|axis| source.strides[axis])
            .collect();
        let window_from: Strides =
            self.update_window_dims.iter().map(|&axis| source.strides[axis]).collect();
        let window_to: Strides = window_dims.iter().map(|&dim| strides[dim]).collect();
        let (window, [window_from, window_to]) = merged(&window, [&window_from, &window_to]);
        let (batch, [batch_from]) = merged(batch, [&batch_from]);
        let mut buffer = owned_buffer(operand)?;
        if updates.count() == 0 || shape.contains(&0) {
            return Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)]);
        }
        let updates = Updates {
            places: &places,
            bytes: updates.buffer_bytes(),
            batch: &batch,
            batch_from: &batch_from,
            offset: source.offset,
            window: &window,
            window_from: &window_from,
            window_to: &window_to,
        };
        if self.op == ScatterOp::Replace {
            with_size!(dtype.size(), T => {
                updates.replace::<T>(bytemuck::cast_slice_mut(buffer.bytes_mut()))
            }, else ());
        } else {
            with_number!(dtype, self.name(), T => {
                let target = buffer.slice_mut::<T>();
                // Complex numbers have no extreme that leaves all others unchanged.
                let least = (!dtype.is_complex()).then_some(T::LEAST);
                let greatest = (!dtype.is_complex()).then_some(T::GREATEST);
                let (none, one) = (Some(T::NOTHING), Some(T::ONE));
                match self.op {
                    ScatterOp::Add => updates.combine(target, none, T::plus, T::plus),
                    // A difference of truth values is not the sum of anything.
                    ScatterOp::Sub => {
                        let none = none.filter(|_| dtype != DType::Bool);
                        updates.combine(target, none, T::minus, T::plus)
                    }
                    ScatterOp::Mul => updates.combine(target, one, T::times, T::times),
                    ScatterOp::Min => updates.combine(target, greatest, Extreme::<false>, T::lesser),
                    ScatterOp::Max => updates.combine(target, least, Extreme::<true>, T::greater),
                    ScatterOp::Replace => {}
                }
                Ok(())
            })?;
        }
        Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)])
    }
}

/// The greater, or else the lesser. Where all updates are plain numbers, as nearly always, a
/// comparison finds it.
#[derive(Clone, Copy)]
struct Extreme<const GREATER: bool>;

impl<T: Number, const GREATER: bool> Combine<T> for Extreme<GREATER> {
    #[inline(always)]
    fn combine(self, old: T, new: T) -> T {
        if GREATER { new.greater(old) } else { new.lesser(old) }
    }

    fn are_plain(self, updates: &[T]) -> bool {
        // Without a branch, so that many are looked at together.
        updates.iter().fold(true, |all, update| all & update.is_plain())
    }

    #[inline(always)]
    fn plain(self, old: T, new: T) -> T {
        let is_new = if GREATER { old.is_below(new) } else { new.is_below(old) };
        if is_new { new } else { old }
    }
}
