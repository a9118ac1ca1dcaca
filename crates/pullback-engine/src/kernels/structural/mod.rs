//! Kernels that only move elements: concatenation, padding, slices at computed positions, and
//! the ramp that counts along an axis.

use bytemuck::Pod;
use half::{bf16, f16};
use num_complex::Complex;
use smallvec::{SmallVec, smallvec};

use super::common::{build, integers, owned_buffer, with_size};
use super::copy::{copy_tensor, part_of_copy};
use super::parts::{for_each_part, part_of};
use super::{Form, Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{TensorType, TensorTypes};
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
use crate::layout::{self, Layout, Shape};
use crate::tensor::Tensor;

#[cfg(test)]
mod tests;

/// One tensor after the other along an axis; any number of inputs from one on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Concatenate {
    /// The axis along which sizes add up.
    pub axis: usize,
}

impl Kernel for Concatenate {
    fn name(&self) -> &'static str {
        "concatenate"
    }

    fn form(&self) -> Form<'_> {
        Form::Rearrangement
    }

    fn infer(&self, inputs: &[TensorType]) -> Option<TensorTypes> {
        let mut whole = inputs[0].clone();
        whole.shape[self.axis] = inputs.iter().map(|x| x.shape[self.axis]).sum();
        Some(smallvec![whole])
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        if inputs.len() == 1 {
            return Ok(inputs);
        }
        let dtype = inputs[0].dtype();
        let mut shape = Shape::from(inputs[0].shape());
        shape[self.axis] = inputs.iter().map(|x| x.shape()[self.axis]).sum();
        let elements = layout::checked_count(&shape);
        let too_large = Error::TooLarge { elements: u128::MAX, dtype };
        let mut buffer = Buffer::new(dtype, elements.ok_or(too_large)?)?;
        let strides = layout::row_major(&shape);
        if let ([a, b], 2, 1) = (&inputs[..], shape[self.axis], strides[self.axis])
            && let (Some(a), Some(b)) = (a.bytes(), b.bytes())
            && a.len() == b.len()
        {
            with_size!(dtype.size(), T => interleave::<T>(
                bytemuck::cast_slice(a),
                bytemuck::cast_slice(b),
                bytemuck::cast_slice_mut(buffer.bytes_mut()),
            ), else ());
            return Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)]);
        }
        let inner = strides[self.axis] as usize * dtype.size();
        let runs: Option<Vec<(&[u8], usize)>> =
            inputs.iter().map(|x| Some((x.bytes()?, x.shape()[self.axis] * inner))).collect();
        if let Some(mut runs) = runs {
            runs.retain(|&(_, run)| run > 0);
            if runs.iter().all(|&(_, run)| run >= SHORTEST_RUN) {
                join(&runs, buffer.bytes_mut());
                return Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)]);
            }
        }
        let mut offset = 0;
        for x in &inputs {
            copy_tensor(x, buffer.bytes_mut(), offset, &strides);
            offset += x.shape()[self.axis] * strides[self.axis] as usize;
        }
        Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)])
    }
}

/// Bytes from which on a run is copied by itself.
const SHORTEST_RUN: usize = 64;

/// Runs of so many bytes of each source in turn.
fn join(sources: &[(&[u8], usize)], target: &mut [u8]) {
    let all: usize = sources.iter().map(|(_, run)| run).sum();
    for_each_part(target, part_of_copy(target.len()), |start, mut target| {
        let (mut round, mut skipped) = (start / all.max(1), start % all.max(1));
        while !target.is_empty() {
            for &(source, run) in sources {
                if skipped >= run {
                    skipped -= run;
                    continue;
                }
                let count = (run - skipped).min(target.len());
                let (now, later) = target.split_at_mut(count);
                now.copy_from_slice(&source[round * run + skipped..][..count]);
                (target, skipped) = (later, 0);
            }
            round += 1;
        }
    });
}

/// Elements of both in turn.
fn interleave<T: Pod + Send + Sync>(a: &[T], b: &[T], target: &mut [T]) {
    for_each_part(target.as_chunks_mut::<2>().0, part_of(2 * size_of::<T>()), |start, pairs| {
        for (pair, (&a, &b)) in pairs.iter_mut().zip(a[start..].iter().zip(&b[start..])) {
            *pair = [a, b];
        }
    });
}

/// Adds elements before, after and between those of the first input; the second input is the
/// scalar they are copies of. Negative amounts before and after crop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pad {
    /// Elements to add before each axis.
    pub low: SmallVec<[i64; 4]>,
    /// Elements to add after each axis.
    pub high: SmallVec<[i64; 4]>,
    /// Elements to add between neighbours along each axis.
    pub interior: SmallVec<[usize; 4]>,
}

impl Kernel for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn form(&self) -> Form<'_> {
        Form::Rearrangement
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let (x, value) = (&inputs[0], &inputs[1]);
        let rank = x.rank();
        let mut shape = Shape::new();
        // The elements of x that remain, and where the first of them goes.
        let (mut start, mut limit) = (Shape::new(), Shape::new());
        let mut first = Shape::new();
        for axis in 0..rank {
            let size = x.shape()[axis] as i128;
            let step = self.interior[axis] as i128 + 1;
            let (low, high) = (self.low[axis] as i128, self.high[axis] as i128);
            let spread = if size == 0 { 0 } else { (size - 1) * step + 1 };
            let total = (low + spread + high).max(0);
            // Element i lies at low + i * step.
            let begin = (-low).max(0).div_euclid(step) + ((-low).max(0) % step != 0) as i128;
            let end = if total <= low { 0 } else { (total - 1 - low) / step + 1 };
            let (begin, end) = (begin.min(size), end.min(size));
            shape.push(usize::try_from(total).unwrap_or(usize::MAX));
            start.push(begin as usize);
            limit.push(end.max(begin) as usize);
            first.push((low + begin * step).max(0) as usize);
        }
        let dtype = x.dtype();
        let too_large = Error::TooLarge { elements: u128::MAX, dtype };
        let count = layout::checked_count(&shape).ok_or(too_large)?;
        let kept = x.slice(&start, &limit, &Shape::from_elem(1, rank))?;
        if kept.shape() == &shape[..] {
            return Ok(smallvec![kept]);
        }
        let element = value.contiguous()?;
        let element = element.bytes().unwrap_or(&[0; 16]);
        let mut buffer = Buffer::new(dtype, count)?;
        let size = dtype.size();
        with_size!(size, T => Padding::<T> {
            source: bytemuck::cast_slice(kept.buffer_bytes()),
            kept: kept.layout(),
            value: bytemuck::pod_read_unaligned(&element[..size]),
            shape: &shape,
            first: &first,
            interior: &self.interior,
        }
        .write(bytemuck::cast_slice_mut(buffer.bytes_mut())), else ());
        Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)])
    }
}

/// Writes a padded array row by row, every element once.
struct Padding<'a, T> {
    source: &'a [T],
    /// The elements that are kept.
    kept: Layout,
    value: T,
    /// The shape of the result.
    shape: &'a [usize],
    /// Where the first element that is kept goes.
    first: &'a [usize],
    /// Elements between those that are kept.
    interior: &'a [usize],
}

impl<T: Pod + Send + Sync> Padding<'_, T> {
    fn write(&self, target: &mut [T]) {
        let row = self.shape.last().copied().unwrap_or(1);
        for_each_part(target, part_of(size_of::<T>()), |start, target| {
            let mut rest = target;
            let mut at = start;
            while !rest.is_empty() {
                let within = at % row;
                let (now, later) = rest.split_at_mut((row - within).min(rest.len()));
                match self.row_of(at / row) {
                    Some(from) => self.write_row(from, within, now),
                    None => now.fill(self.value),
                }
                at += now.len();
                rest = later;
            }
        });
    }

    /// Where the elements of a row of the result begin, if it has any.
    fn row_of(&self, mut row: usize) -> Option<isize> {
        if self.kept.count() == 0 {
            return None;
        }
        let mut from = self.kept.offset as isize;
        for axis in (0..self.shape.len().saturating_sub(1)).rev() {
            let at = (row % self.shape[axis]).checked_sub(self.first[axis])?;
            let step = self.interior[axis] + 1;
            if at % step != 0 || at / step >= self.kept.shape[axis] {
                return None;
            }
            from += (at / step) as isize * self.kept.strides[axis];
            row /= self.shape[axis];
        }
        Some(from)
    }

    /// Elements from number `within` on of a row whose own begin at `from` in the source.
    fn write_row(&self, from: isize, within: usize, target: &mut [T]) {
        let Some(last) = self.shape.len().checked_sub(1) else {
            target[0] = self.source[from as usize];
            return;
        };
        let (first, step) = (self.first[last], self.interior[last] + 1);
        let (kept, stride) = (self.kept.shape[last], self.kept.strides[last]);
        if step == 1 {
            let begin = first.clamp(within, within + target.len()) - within;
            let end = (first + kept).clamp(within, within + target.len()) - within;
            target[..begin].fill(self.value);
            target[end..].fill(self.value);
            let skipped = (within + begin).saturating_sub(first);
            let from = from + skipped as isize * stride;
            let own = &mut target[begin..end];
            if stride == 1 && !own.is_empty() {
                own.copy_from_slice(&self.source[from as usize..][..own.len()]);
            } else {
                for (i, slot) in own.iter_mut().enumerate() {
                    *slot = self.source[(from + i as isize * stride) as usize];
                }
            }
            return;
        }
        target.fill(self.value);
        let skipped = within.saturating_sub(first).div_ceil(step);
        for i in skipped..kept {
            let Some(slot) = target.get_mut(first + i * step - within) else { break };
            *slot = self.source[(from + i as isize * stride) as usize];
        }
    }
}

/// The index along one axis, at every position of a shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Iota {
    /// The type of the result.
    pub dtype: DType,
    /// The shape of the result.
    pub shape: Shape,
    /// The axis to count along.
    pub axis: usize,
}

impl Kernel for Iota {
    fn name(&self) -> &'static str {
        "iota"
    }

    fn form(&self) -> Form<'_> {
        Form::Constant
    }

    fn infer(&self, _: &[TensorType]) -> Option<TensorTypes> {
        Some(smallvec![TensorType { dtype: self.dtype, shape: self.shape.clone() }])
    }

    fn run(&self, _inputs: Tensors) -> Result<Tensors> {
        fn ramp<T: Element>(n: usize, f: impl Fn(usize) -> T + Sync) -> Result<Tensor> {
            build::<T>(&[n], |out| {
                for_each_part(out, part_of(size_of::<T>()), |start, out| {
                    for (i, slot) in out.iter_mut().enumerate() {
                        *slot = f(start + i);
                    }
                })
            })
        }
        if layout::checked_count(&self.shape) == Some(0) {
            return Ok(smallvec![Tensor::zeros(self.dtype, &self.shape)?]);
        }
        let n = self.shape[self.axis];
        let line = match self.dtype {
            DType::Bool => ramp(n, |i| Bool::from(i != 0)),
            DType::I8 => ramp(n, |i| i as i8),
            DType::I16 => ramp(n, |i| i as i16),
            DType::I32 => ramp(n, |i| i as i32),
            DType::I64 => ramp(n, |i| i as i64),
            DType::U8 => ramp(n, |i| i as u8),
            DType::U16 => ramp(n, |i| i as u16),
            DType::U32 => ramp(n, |i| i as u32),
            DType::U64 => ramp(n, |i| i as u64),
            DType::BF16 => ramp(n, |i| bf16::from_f32(i as f32)),
            DType::F16 => ramp(n, |i| f16::from_f32(i as f32)),
            DType::F32 => ramp(n, |i| i as f32),
            DType::F64 => ramp(n, |i| i as f64),
            DType::C64 => ramp(n, |i| Complex::new(i as f32, 0.0)),
            DType::C128 => ramp(n, |i| Complex::new(i as f64, 0.0)),
            dtype => Err(Error::DType { operation: "iota", dtype }),
        }?;
        // All other axes repeat the one line.
        Ok(smallvec![line.broadcast(&self.shape, &[self.axis])?])
    }
}

/// A window of the first input whose position is computed: one integer scalar for each axis,
/// moved to where the window fits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DynamicSlice {
    /// The shape of the window.
    pub sizes: Shape,
}

impl Kernel for DynamicSlice {
    fn name(&self) -> &'static str {
        "dynamic_slice"
    }

    fn infer(&self, inputs: &[TensorType]) -> Option<TensorTypes> {
        Some(smallvec![TensorType { dtype: inputs[0].dtype, shape: self.sizes.clone() }])
    }

    fn is_view(&self) -> bool {
        true
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = &inputs[0];
        let start = start_indices(&inputs[1..], x.shape(), &self.sizes, self.name())?;
        let limit: Shape = (0..x.rank()).map(|axis| start[axis] + self.sizes[axis]).collect();
        Ok(smallvec![x.slice(&start, &limit, &Shape::from_elem(1, x.rank()))?])
    }
}

/// The first input with the second in place of a window whose position is computed, as for
/// [`DynamicSlice`]. The operand is overwritten where no one else holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DynamicUpdateSlice;

impl Kernel for DynamicUpdateSlice {
    fn name(&self) -> &'static str {
        "dynamic_update_slice"
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn run(&self, mut inputs: Tensors) -> Result<Tensors> {
        let x = inputs.remove(0);
        let (update, indices) = (&inputs[0], &inputs[1..]);
        let start = start_indices(indices, x.shape(), update.shape(), self.name())?;
        let (dtype, shape) = (x.dtype(), Shape::from(x.shape()));
        if update.shape() == &shape[..] {
            return Ok(smallvec![update.clone()]);
        }
        let strides = layout::row_major(&shape);
        let offset = (0..shape.len()).map(|axis| start[axis] * strides[axis] as usize).sum();
        let mut buffer = owned_buffer(x)?;
        if update.count() > 0 {
            copy_tensor(update, buffer.bytes_mut(), offset, &strides);
        }
        Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)])
    }
}

/// Where a window of `sizes` begins in `shape`, after clamping.
fn start_indices(
    indices: &[Tensor],
    shape: &[usize],
    sizes: &[usize],
    operation: &'static str,
) -> Result<Shape> {
    let mut start = Shape::new();
    for (axis, index) in indices.iter().enumerate() {
        let last = shape[axis].saturating_sub(sizes[axis]);
        let index = integers(index, operation)?.first().copied().unwrap_or(0);
        start.push(index.clamp(0, last as i64) as usize);
    }
    Ok(start)
}
