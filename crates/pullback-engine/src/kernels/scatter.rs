//! Scatter: windows of updates written to, or combined with, an operand at positions that an
//! array gives.
//!
//! Updates are applied one after the other in row-major order of the positions, so that the
//! result is the same on every run also where windows overlap.

use smallvec::smallvec;

use super::common::{Number, integers, merged, owned_buffer, walk, with_number, with_size};
use super::gather::{IndexMode, OUTSIDE, Places};
use super::{Kernel, Tensors};
use crate::error::Result;
use crate::layout::{self, Shape, Strides};
use crate::tensor::Tensor;

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

    fn run(&self, mut inputs: Tensors) -> Result<Tensors> {
        let operand = inputs.remove(0);
        let (indices, updates) = (&inputs[0], &inputs[1]);
        let dtype = operand.dtype();
        let shape = Shape::from(operand.shape());
        let starts = integers(indices, self.name())?;
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
        let to = Places {
            shape: &shape,
            strides: &strides,
            offset: 0,
            windows: &windows,
            index_map: &self.scatter_dims_to_operand_dims,
            batching: &self.operand_batching_dims,
            indices_batching: &self.scatter_indices_batching_dims,
            clip: self.mode == IndexMode::Clip,
        }
        .find(batch, &starts);

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
        let windows = Windows {
            batch: &batch,
            batch_from: &batch_from,
            offset: source.offset,
            to: &to,
            window: &window,
            window_from: &window_from,
            window_to: &window_to,
        };

        let mut buffer = owned_buffer(operand)?;
        if self.op == ScatterOp::Replace {
            with_size!(dtype.size(), T => windows.apply::<T>(
                bytemuck::cast_slice(updates.buffer_bytes()),
                bytemuck::cast_slice_mut(buffer.bytes_mut()),
                |_, new| new,
            ), else ());
        } else {
            with_number!(dtype, self.name(), T => {
                let source = updates.buffer_slice::<T>();
                let target = buffer.slice_mut::<T>();
                match self.op {
                    ScatterOp::Add => windows.apply(source, target, T::plus),
                    ScatterOp::Sub => windows.apply(source, target, T::minus),
                    ScatterOp::Mul => windows.apply(source, target, T::times),
                    ScatterOp::Min => windows.apply(source, target, T::lesser),
                    ScatterOp::Max => windows.apply(source, target, T::greater),
                    ScatterOp::Replace => {}
                }
                Ok(())
            })?;
        }
        Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)])
    }
}

/// Windows of the updates, and where they go.
struct Windows<'a> {
    batch: &'a [usize],
    batch_from: &'a [isize],
    offset: usize,
    to: &'a [usize],
    window: &'a [usize],
    window_from: &'a [isize],
    window_to: &'a [isize],
}

impl Windows<'_> {
    fn apply<T: Copy>(&self, source: &[T], target: &mut [T], combine: impl Fn(T, T) -> T) {
        if self.window.contains(&0) {
            return;
        }
        let start = [self.offset as isize];
        let mut places = self.to.iter();
        walk(self.batch, [self.batch_from], start, |[from]| {
            let Some(&to) = places.next().filter(|&&to| to != OUTSIDE) else { return };
            match (self.window, self.window_from, self.window_to) {
                ([], ..) => target[to] = combine(target[to], source[from as usize]),
                (&[row], [1], [1]) => {
                    let updates = &source[from as usize..from as usize + row];
                    for (slot, &update) in target[to..to + row].iter_mut().zip(updates) {
                        *slot = combine(*slot, update);
                    }
                }
                _ => {
                    let start = [from, to as isize];
                    let strides = [self.window_from, self.window_to];
                    walk(self.window, strides, start, |[from, to]| {
                        let slot = &mut target[to as usize];
                        *slot = combine(*slot, source[from as usize]);
                    });
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;

    fn scatter(op: ScatterOp, window: bool, mode: IndexMode) -> Scatter {
        Scatter {
            op,
            update_window_dims: if window { smallvec![1] } else { smallvec![] },
            inserted_window_dims: if window { smallvec![] } else { smallvec![0] },
            scatter_dims_to_operand_dims: smallvec![0],
            operand_batching_dims: smallvec![],
            scatter_indices_batching_dims: smallvec![],
            mode,
        }
    }

    fn run(kernel: &Scatter, x: Tensor, indices: &[i32], updates: Tensor) -> Tensor {
        let indices = Tensor::from_slice(indices, &[indices.len(), 1]).unwrap();
        kernel.run(smallvec![x, indices, updates]).unwrap().remove(0)
    }

    #[test]
    fn windows_out_of_bounds() {
        let x = Tensor::zeros(DType::F32, &[5]).unwrap();
        let updates: Vec<f32> = (1..10).map(|v| v as f32).collect();
        let updates = Tensor::from_slice(&updates, &[3, 3]).unwrap();
        let case = |op, mode, indices: &[i32]| {
            run(&scatter(op, true, mode), x.clone(), indices, updates.clone()).to_vec::<f32>()
        };
        let replaced = case(ScatterOp::Replace, IndexMode::Clip, &[3, -1, 9]);
        assert_eq!(replaced, [4.0, 5.0, 7.0, 8.0, 9.0]);
        let added = case(ScatterOp::Add, IndexMode::Clip, &[3, -1, 1]);
        assert_eq!(added, [4.0, 12.0, 15.0, 11.0, 3.0]);
        for mode in [IndexMode::Fill, IndexMode::PromiseInBounds] {
            assert_eq!(case(ScatterOp::Add, mode, &[3, -1, 1]), [0.0, 7.0, 8.0, 9.0, 0.0]);
            assert_eq!(case(ScatterOp::Replace, mode, &[3, -1, 9]), [0.0; 5]);
        }
    }

    #[test]
    fn every_operation_and_repeated_positions() {
        let x = || Tensor::from_slice(&[5i32, 5], &[2]).unwrap();
        let updates = Tensor::from_slice(&[2i32, 7, 3], &[3]).unwrap();
        for (op, expected) in [
            (ScatterOp::Replace, 3),
            (ScatterOp::Add, 17),
            (ScatterOp::Sub, -7),
            (ScatterOp::Mul, 210),
            (ScatterOp::Min, 2),
            (ScatterOp::Max, 7),
        ] {
            let y = run(&scatter(op, false, IndexMode::Fill), x(), &[1, 1, 1], updates.clone());
            assert_eq!(y.to_vec::<i32>(), [5, expected]);
        }
    }

    #[test]
    fn nan_wins() {
        let x = Tensor::from_slice(&[f32::NAN, 1.0, 2.0], &[3]).unwrap();
        let updates = Tensor::from_slice(&[5.0, f32::NAN, 1.0], &[3]).unwrap();
        let kernel = scatter(ScatterOp::Max, false, IndexMode::Fill);
        let y = run(&kernel, x, &[0, 1, 2], updates).to_vec::<f32>();
        assert!(y[0].is_nan() && y[1].is_nan() && y[2] == 2.0);
    }

    #[test]
    fn rows_of_a_matrix_in_place() {
        let x = Tensor::from_slice(&[0u8; 6], &[2, 3]).unwrap();
        let place = x.buffer_bytes().as_ptr();
        let kernel = Scatter {
            inserted_window_dims: smallvec![0],
            ..scatter(ScatterOp::Replace, true, IndexMode::Fill)
        };
        // The updates are a transposed view.
        let updates = Tensor::from_slice(&[1u8, 4, 2, 5, 3, 6], &[3, 2]).unwrap();
        let y = run(&kernel, x, &[1, 0], updates.transpose(&[1, 0]).unwrap());
        assert_eq!(y.to_vec::<u8>(), [4, 5, 6, 1, 2, 3]);
        assert_eq!(y.buffer_bytes().as_ptr(), place);
    }

    #[test]
    fn empty_updates_change_nothing() {
        let x = Tensor::from_slice(&[1u8, 2], &[2]).unwrap();
        let none = Tensor::zeros(DType::U8, &[0]).unwrap();
        let kernel = scatter(ScatterOp::Add, false, IndexMode::Fill);
        assert_eq!(run(&kernel, x, &[], none).to_vec::<u8>(), [1, 2]);
    }
}
