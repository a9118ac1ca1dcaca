//! Gather: windows of an operand at positions that an array gives.

use smallvec::smallvec;

use super::common::{filled_buffer, integers, merged, walk, with_size};
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::{self, Shape, Strides};
use crate::tensor::Tensor;

/// What happens to a window that does not lie within the operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexMode {
    /// It is moved to where it fits.
    Clip,
    /// Reads give the fill value, writes are dropped.
    Fill,
    /// It does not occur. If it does all the same, reads are clipped and writes are dropped.
    PromiseInBounds,
}

/// Windows of the first input at the positions in the second, whose last axis is the index
/// vector. The names are those of XLA's gather.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gather {
    /// Axes of the result that run along the window.
    pub offset_dims: Shape,
    /// Axes of the operand along which the window has size 1, and that it lacks.
    pub collapsed_slice_dims: Shape,
    /// The operand axis of each component of the index vector.
    pub start_index_map: Shape,
    /// Axes of the operand that run along with axes of the indices.
    pub operand_batching_dims: Shape,
    /// Those axes of the indices.
    pub start_indices_batching_dims: Shape,
    /// The size of the window along each axis of the operand.
    pub slice_sizes: Shape,
    /// What happens out of bounds.
    pub mode: IndexMode,
    /// The bytes of the fill value; NaN, or an extreme integer, where there is none.
    pub fill: Option<[u8; 16]>,
}

impl Kernel for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let (operand, indices) = (&inputs[0], &inputs[1]);
        let dtype = operand.dtype();
        let starts = integers(indices, self.name())?;
        let batch = &indices.shape()[..indices.rank() - 1];
        let window_dims: Shape = (0..operand.rank())
            .filter(|dim| {
                !self.collapsed_slice_dims.contains(dim)
                    && !self.operand_batching_dims.contains(dim)
            })
            .collect();
        let window: Shape = window_dims.iter().map(|&dim| self.slice_sizes[dim]).collect();

        // The axes of the result are those of the window, and in between those of the batch.
        let mut shape: Shape = smallvec![0; batch.len() + window.len()];
        let unset: Vec<usize> =
            (0..shape.len()).filter(|axis| !self.offset_dims.contains(axis)).collect();
        for (&axis, &size) in self.offset_dims.iter().zip(&window) {
            shape[axis] = size;
        }
        for (&axis, &size) in unset.iter().zip(batch) {
            shape[axis] = size;
        }
        let strides = layout::row_major(&shape);
        let count = layout::checked_count(&shape);
        let too_large = crate::error::Error::TooLarge { elements: u128::MAX, dtype };
        let count = count.ok_or(too_large)?;
        let batch_strides: Strides = unset.iter().map(|&axis| strides[axis]).collect();
        let window_to: Strides = self.offset_dims.iter().map(|&axis| strides[axis]).collect();

        let operand_layout = operand.layout();
        let window_from: Strides =
            window_dims.iter().map(|&dim| operand_layout.strides[dim]).collect();
        let places = Places {
            shape: operand.shape(),
            strides: &operand_layout.strides,
            offset: operand_layout.offset,
            windows: &self.slice_sizes,
            index_map: &self.start_index_map,
            batching: &self.operand_batching_dims,
            indices_batching: &self.start_indices_batching_dims,
            clip: self.mode != IndexMode::Fill,
        };
        let from = places.find(batch, &starts);

        let mut buffer = Buffer::new(dtype, count)?;
        if count == 0 {
            return Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)]);
        }
        if from.contains(&OUTSIDE) {
            let fill = self.fill.unwrap_or_else(|| default_fill(dtype));
            buffer = filled_buffer(dtype, count, &fill)?;
        }
        with_size!(dtype.size(), T => {
            let source: &[T] = bytemuck::cast_slice(operand.buffer_bytes());
            let target: &mut [T] = bytemuck::cast_slice_mut(buffer.bytes_mut());
            let (sizes, [steps_from, steps_to]) = merged(&window, [&window_from, &window_to]);
            let (batch, [batch_strides]) = merged(batch, [&batch_strides]);
            let batch = &batch[..];
            let mut position = 0;
            match (&sizes[..], &steps_from[..], &steps_to[..]) {
                ([], ..) => walk(batch, [&batch_strides], [0], |[to]| {
                    if from[position] != OUTSIDE {
                        target[to as usize] = source[from[position]];
                    }
                    position += 1;
                }),
                (&[row], [1], [1]) => walk(batch, [&batch_strides], [0], |[to]| {
                    let at = from[position];
                    if at != OUTSIDE {
                        target[to as usize..to as usize + row]
                            .copy_from_slice(&source[at..at + row]);
                    }
                    position += 1;
                }),
                _ => walk(batch, [&batch_strides], [0], |[to]| {
                    if from[position] != OUTSIDE {
                        let start = [from[position] as isize, to];
                        walk(&sizes, [&steps_from, &steps_to], start, |[at, to]| {
                            target[to as usize] = source[at as usize];
                        });
                    }
                    position += 1;
                }),
            }
        }, else ());
        Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)])
    }
}

/// Stands for the position of a window that is not within the operand.
pub(super) const OUTSIDE: usize = usize::MAX;

/// Where windows of an operand begin, given index vectors.
pub(super) struct Places<'a> {
    /// The operand.
    pub shape: &'a [usize],
    pub strides: &'a [isize],
    pub offset: usize,
    /// The size of the window along each of its axes.
    pub windows: &'a [usize],
    /// The operand axis of each component of an index vector.
    pub index_map: &'a [usize],
    pub batching: &'a [usize],
    pub indices_batching: &'a [usize],
    /// Whether windows are moved to where they fit.
    pub clip: bool,
}

impl Places<'_> {
    /// The position of each window's first element, or `OUTSIDE`, for the index vectors `starts`
    /// that are laid out over the shape `batch`.
    pub(super) fn find(&self, batch: &[usize], starts: &[i64]) -> Vec<usize> {
        let vector = self.index_map.len();
        let mut found = Vec::with_capacity(layout::count(batch));
        // A window larger than the operand fits nowhere.
        let impossible = self.windows.iter().zip(self.shape).any(|(window, size)| window > size);
        let mut batching: Strides = smallvec![0; batch.len()];
        for (&dim, &axis) in self.batching.iter().zip(self.indices_batching) {
            // An operand axis of another size than the indices' is a caller's mistake, and would
            // read out of bounds.
            if self.shape[dim] >= batch[axis] {
                batching[axis] += self.strides[dim];
            }
        }
        if let (&[dim], []) = (self.index_map, self.batching) {
            let last = self.shape[dim].saturating_sub(self.windows[dim]) as i64;
            let (base, step) = (self.offset as isize, self.strides[dim]);
            found.extend(starts.iter().map(|&start| {
                let clamped = start.clamp(0, last);
                let inside = !impossible && (self.clip || start == clamped);
                if inside { (base + clamped as isize * step) as usize } else { OUTSIDE }
            }));
            return found;
        }
        let mut next = 0;
        walk(batch, [&batching], [self.offset as isize], |[base]| {
            let index = &starts[next..next + vector];
            next += vector;
            let mut at = base;
            let mut inside = !impossible;
            for (&start, &dim) in index.iter().zip(self.index_map) {
                let last = self.shape[dim].saturating_sub(self.windows[dim]) as i64;
                let start = if self.clip { start.clamp(0, last) } else { start };
                if (0..=last).contains(&start) {
                    at += start as isize * self.strides[dim];
                } else {
                    inside = false;
                }
            }
            found.push(if inside { at as usize } else { OUTSIDE });
        });
        found
    }
}

/// What is read out of bounds where no value is given.
fn default_fill(dtype: DType) -> [u8; 16] {
    let mut bytes = [0; 16];
    let mut set = |source: &[u8]| bytes[..source.len()].copy_from_slice(source);
    match dtype {
        DType::Bool => set(&[1]),
        DType::I4 => set(&(-8i8).to_ne_bytes()),
        DType::I8 => set(&i8::MIN.to_ne_bytes()),
        DType::I16 => set(&i16::MIN.to_ne_bytes()),
        DType::I32 => set(&i32::MIN.to_ne_bytes()),
        DType::I64 => set(&i64::MIN.to_ne_bytes()),
        DType::U4 => set(&[15]),
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => set(&[255; 8]),
        DType::F8E4M3Fn | DType::F8E5M2 => set(&[0x7f]),
        DType::BF16 => set(&half::bf16::NAN.to_ne_bytes()),
        DType::F16 => set(&half::f16::NAN.to_ne_bytes()),
        DType::F32 | DType::C64 => set(&f32::NAN.to_ne_bytes()),
        DType::F64 | DType::C128 => set(&f64::NAN.to_ne_bytes()),
        DType::Float0 | DType::KeyThreefry | DType::Stack => {}
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(mode: IndexMode) -> Gather {
        Gather {
            offset_dims: smallvec![1],
            collapsed_slice_dims: smallvec![],
            start_index_map: smallvec![0],
            operand_batching_dims: smallvec![],
            start_indices_batching_dims: smallvec![],
            slice_sizes: smallvec![3],
            mode,
            fill: None,
        }
    }

    fn run(gather: &Gather, x: &Tensor, indices: Tensor) -> Tensor {
        gather.run(smallvec![x.clone(), indices]).unwrap().remove(0)
    }

    #[test]
    fn windows_out_of_bounds() {
        let x = Tensor::from_slice(&[0.0f32, 1.0, 2.0, 3.0, 4.0], &[5]).unwrap();
        let indices = Tensor::from_slice(&[3i32, -1, 9, 1], &[4, 1]).unwrap();
        let clipped = [2.0, 3.0, 4.0, 0.0, 1.0, 2.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0];
        for mode in [IndexMode::Clip, IndexMode::PromiseInBounds] {
            assert_eq!(run(&rows(mode), &x, indices.clone()).to_vec::<f32>(), clipped);
        }
        let filled = run(&rows(IndexMode::Fill), &x, indices.clone()).to_vec::<f32>();
        assert!(filled[..9].iter().all(|v| v.is_nan()));
        assert_eq!(filled[9..], [1.0, 2.0, 3.0]);
        let mut fill = [0; 16];
        fill[..4].copy_from_slice(&7.0f32.to_ne_bytes());
        let gather = Gather { fill: Some(fill), ..rows(IndexMode::Fill) };
        assert_eq!(run(&gather, &x, indices).to_vec::<f32>()[..9], [7.0; 9]);
    }

    #[test]
    fn rows_of_a_strided_matrix() {
        let x = Tensor::from_slice(&[0i16, 1, 2, 3, 4, 5], &[2, 3]).unwrap();
        let gather = |slice_sizes: [usize; 2], collapsed: usize, map: usize| Gather {
            offset_dims: smallvec![1],
            collapsed_slice_dims: smallvec![collapsed],
            start_index_map: smallvec![map],
            operand_batching_dims: smallvec![],
            start_indices_batching_dims: smallvec![],
            slice_sizes: slice_sizes.as_slice().into(),
            mode: IndexMode::Fill,
            fill: None,
        };
        let take = Tensor::from_slice(&[1u8, 0, 1], &[3, 1]).unwrap();
        let y = run(&gather([1, 3], 0, 0), &x, take.clone());
        assert_eq!(y.to_vec::<i16>(), [3, 4, 5, 0, 1, 2, 3, 4, 5]);
        let t = x.transpose(&[1, 0]).unwrap();
        let y = run(&gather([1, 2], 0, 0), &t, take.clone());
        assert_eq!(y.to_vec::<i16>(), [1, 4, 0, 3, 1, 4]);
        // Columns: the window axis comes first in the result.
        let mut columns = gather([2, 1], 1, 1);
        columns.offset_dims = smallvec![0];
        assert_eq!(run(&columns, &x, take).to_vec::<i16>(), [1, 0, 1, 4, 3, 4]);
    }

    #[test]
    fn batched_elements() {
        let x = Tensor::from_slice(&[0u32, 1, 2, 3, 4, 5], &[2, 3]).unwrap();
        let gather = Gather {
            offset_dims: smallvec![],
            collapsed_slice_dims: smallvec![1],
            start_index_map: smallvec![1],
            operand_batching_dims: smallvec![0],
            start_indices_batching_dims: smallvec![0],
            slice_sizes: smallvec![1, 1],
            mode: IndexMode::Fill,
            fill: None,
        };
        let indices = Tensor::from_slice(&[2i64, 0, 5, 1], &[2, 2, 1]).unwrap();
        assert_eq!(run(&gather, &x, indices).to_vec::<u32>(), [2, 0, u32::MAX, 4]);
    }

    #[test]
    fn nothing_to_gather_from() {
        let x = Tensor::zeros(DType::F32, &[0]).unwrap();
        let gather = Gather { slice_sizes: smallvec![1], ..rows(IndexMode::Fill) };
        let y = run(&gather, &x, Tensor::from_slice(&[0i32], &[1, 1]).unwrap());
        assert!(y.item::<f32>().unwrap().is_nan());
        let y = run(&gather, &x, Tensor::zeros(DType::I32, &[0, 1]).unwrap());
        assert_eq!(y.shape(), [0, 1]);
    }
}
