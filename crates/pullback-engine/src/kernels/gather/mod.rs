//! Gather: windows of an operand at positions that an array gives.

use bytemuck::Pod;
use smallvec::smallvec;

use super::common::{Walk, arch, merged, walk, with_size};
use super::parts::{for_each_part, part_of};
use super::places::{BLOCK, Line, OUTSIDE, Places, Start, Starts, with_starts};
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::{self, Shape, Strides};
use crate::tensor::Tensor;

#[cfg(test)]
mod tests;

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
    /// Whether negative indices count from the end.
    pub from_end: bool,
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
        let starts = Starts::of(indices, self.name())?;
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
        let mut buffer = Buffer::new(dtype, count.ok_or(too_large)?)?;
        if shape.contains(&0) {
            return Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)]);
        }

        let from = operand.layout();
        let axes = |axes: &[usize], strides: &[isize]| -> Strides {
            axes.iter().map(|&axis| strides[axis]).collect()
        };
        let window_strides = [axes(&window_dims, &from.strides), axes(&self.offset_dims, &strides)];
        let (window, [window_from, window_to]) =
            merged(&window, window_strides.each_ref().map(|strides| &strides[..]));
        let batch_strides = axes(&unset, &strides);
        let (merged_batch, [batch_to]) = merged(batch, [&batch_strides]);
        let places = Places {
            shape: operand.shape(),
            strides: &from.strides,
            offset: from.offset,
            windows: &self.slice_sizes,
            index_map: &self.start_index_map,
            batching: &self.operand_batching_dims,
            indices_batching: &self.start_indices_batching_dims,
            clip: self.mode != IndexMode::Fill,
            from_end: self.from_end,
            batch,
            starts: &starts,
        };
        let fill = self.fill.unwrap_or_else(|| default_fill(dtype));
        with_size!(dtype.size(), T => Windows::<T> {
            source: bytemuck::cast_slice(operand.buffer_bytes()),
            fill: bytemuck::pod_read_unaligned(&fill[..dtype.size()]),
            places: &places,
            window: &window,
            window_from: &window_from,
            window_to: &window_to,
            batch: &merged_batch,
            batch_to: &batch_to,
        }
        .gather(bytemuck::cast_slice_mut(buffer.bytes_mut())), else ());
        Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)])
    }
}

/// Windows of an operand, and where they go in the result.
struct Windows<'a, T> {
    source: &'a [T],
    /// Stands for the elements of windows that are not within the operand.
    fill: T,
    places: &'a Places<'a>,
    window: &'a [usize],
    window_from: &'a [isize],
    window_to: &'a [isize],
    batch: &'a [usize],
    batch_to: &'a [isize],
}

impl<T: Pod + Send + Sync> Windows<'_, T> {
    fn gather(&self, target: &mut [T]) {
        let count = self.places.count();
        let elements = target.len() / count;
        let batch_step = match (self.batch, self.batch_to) {
            ([], _) => elements,
            ([_], &[step]) => step as usize,
            _ => 0,
        };
        if batch_step == elements && self.window_to == &layout::row_major(self.window)[..] {
            // The windows of the result follow each other.
            let windows = part_of(size_of::<T>() * elements);
            for_each_part(target, windows * elements, |start, target| {
                self.gather_windows(start / elements, elements, target);
            });
        } else if batch_step == 1 {
            // One element of every window after the other: as many rows as windows have elements.
            let mut places = vec![OUTSIDE; count];
            let part = part_of(size_of::<usize>());
            for_each_part(&mut places, part, |start, places| self.places.find(start, places));
            let rows = part_of(size_of::<T>() * count);
            for_each_part(target, rows * count, |start, target| {
                let walk = Walk::from(self.window, [self.window_from], [0], start / count);
                for (row, [at]) in target.chunks_mut(count).zip(walk) {
                    for (slot, &place) in row.iter_mut().zip(&places) {
                        let inside = place != OUTSIDE;
                        let from = if inside { place.wrapping_add_signed(at) } else { OUTSIDE };
                        *slot = self.source.get(from).copied().unwrap_or(self.fill);
                    }
                }
            });
        } else {
            self.gather_scattered(target);
        }
    }

    /// Windows from number `first` on, each of as many elements as given, one after the other.
    fn gather_windows(&self, first: usize, elements: usize, target: &mut [T]) {
        if elements == 1 {
            let is_taken = self.places.each_line(first, target.len(), |line, along, range| {
                let target = &mut target[range.start - first..range.end - first];
                with_starts!(self.places.starts, range, starts => {
                    self.take(line, along, starts, target)
                });
            });
            if is_taken {
                return;
            }
        }
        let step = self.window_from.first().copied().unwrap_or(1);
        let mut places = [OUTSIDE; BLOCK];
        for (n, target) in target.chunks_mut(BLOCK * elements).enumerate() {
            let places = &mut places[..target.len() / elements];
            self.places.find(first + n * BLOCK, places);
            if elements == 1 {
                for (slot, &place) in target.iter_mut().zip(&*places) {
                    *slot = self.source.get(place).copied().unwrap_or(self.fill);
                }
                continue;
            }
            for (out, &place) in target.chunks_exact_mut(elements).zip(&*places) {
                if place == OUTSIDE {
                    out.fill(self.fill);
                } else if step == 1 && self.window.len() == 1 {
                    out.copy_from_slice(&self.source[place..place + elements]);
                } else {
                    let walk = Walk::new(self.window, [self.window_from], [place as isize]);
                    for (slot, [at]) in out.iter_mut().zip(walk) {
                        *slot = self.source[at as usize];
                    }
                }
            }
        }
    }

    /// Single elements at indices along a line, which is moved by `along` for the next index.
    fn take<I: Start>(&self, line: Line, along: isize, starts: &[I], target: &mut [T]) {
        let (fill, clip) = (self.fill, self.places.clip);
        if along == 0 && line.is_short() {
            let table = &self.source[line.base..=line.base + line.last];
            return arch().dispatch(Take { table, line, fill, clip, starts, target });
        }
        let mut base = line.base as isize;
        for (&start, slot) in starts.iter().zip(target) {
            let start = line.counted(start);
            let clamped = start.clamp(0, line.last as i64);
            let at = base + clamped as isize * line.step;
            *slot = if clip || start == clamped { self.source[at as usize] } else { fill };
            base += along;
        }
    }

    /// Windows whose elements are apart from each other in the result.
    fn gather_scattered(&self, target: &mut [T]) {
        let mut places = [OUTSIDE; BLOCK];
        let mut to = Walk::new(self.batch, [self.batch_to], [0]);
        for first in (0..self.places.count()).step_by(BLOCK) {
            let places = &mut places[..(self.places.count() - first).min(BLOCK)];
            self.places.find(first, places);
            for (&place, [to]) in places.iter().zip(&mut to) {
                let strides = [self.window_from, self.window_to];
                walk(self.window, strides, [place as isize, to], |[at, to]| {
                    let element =
                        if place == OUTSIDE { self.fill } else { self.source[at as usize] };
                    target[to as usize] = element;
                });
            }
        }
    }
}

/// Elements of a table at indices along it.
struct Take<'a, T, I> {
    table: &'a [T],
    line: Line,
    fill: T,
    clip: bool,
    starts: &'a [I],
    target: &'a mut [T],
}

impl<T: Pod, I: Start> pulp::NullaryFnOnce for Take<'_, T, I> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Take { table, line, fill, clip, starts, target } = self;
        let (last, back) = (I::of(table.len() - 1), line.back);
        if size_of_val(table) <= SMALL_TABLE && 4 * starts.len() >= table.len() {
            prefetch(table);
        }
        let mut places = [I::Place::default(); BLOCK];
        for (starts, target) in starts.chunks(BLOCK).zip(target.chunks_mut(BLOCK)) {
            let mut inside = true;
            for (place, start) in places.iter_mut().zip(starts) {
                *place = start.place(back);
                inside &= *place <= last;
            }
            if inside {
                for (&place, slot) in places.iter().zip(target) {
                    // SAFETY: all places of this block were just seen to be in the table.
                    *slot = unsafe { *table.get_unchecked(I::at(place)) };
                }
                continue;
            }
            for (&start, slot) in starts.iter().zip(target) {
                let start = line.counted(start);
                let clamped = start.clamp(0, line.last as i64);
                let is_there = clip || start == clamped;
                *slot = if is_there { table[clamped as usize] } else { fill };
            }
        }
    }
}

/// Bytes of a table that the first-level cache holds.
const SMALL_TABLE: usize = 16 << 10;

/// Has all of a table read into the first-level cache, in order, as what looks elements up in none
/// would not.
#[inline(always)]
fn prefetch<T>(table: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..size_of_val(table)).step_by(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every processor of this architecture has this instruction, which reads nothing
        // that a program could see.
        #[allow(unused_unsafe)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(table.as_ptr().cast::<i8>().wrapping_add(line));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = table;
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
