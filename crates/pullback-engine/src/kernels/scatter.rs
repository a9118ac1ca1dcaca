//! Scatter: windows of updates written to, or combined with, an operand at positions that an
//! array gives.
//!
//! Updates are applied in row-major order of the positions, so that the result is the same on
//! every run also where windows overlap. Many updates of few elements are combined in several
//! tables, whose number follows from the sizes, and these with the operand one after the other.

use std::ops::Range;

use bytemuck::Pod;
use smallvec::smallvec;

use super::common::{Number, Walk, merged, owned_buffer, walk, with_number, with_size};
use super::gather::IndexMode;
use super::parts::{for_each_item, for_each_part, part_of};
use super::places::{BLOCK, Line, OUTSIDE, Places, Starts};
use super::{Kernel, Tensors};
use crate::cost::{Cost, TensorType};
use crate::error::Result;
use crate::layout::{self, Shape, Strides};
use crate::tensor::Tensor;
use crate::threads;

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
                    ScatterOp::Min => updates.combine(target, greatest, T::lesser, T::lesser),
                    ScatterOp::Max => updates.combine(target, least, T::greater, T::greater),
                    ScatterOp::Replace => {}
                }
                Ok(())
            })?;
        }
        Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)])
    }
}

/// Updates for each table, at least.
const TABLE_UPDATES: usize = 32 << 10;
/// Tables, at most.
const TABLES: usize = 16;
/// Elements of windows from which on threads share the rows of the target.
const SHARED_ROW: usize = 16;

/// Windows of updates, and where they go.
struct Updates<'a> {
    places: &'a Places<'a>,
    bytes: &'a [u8],
    batch: &'a [usize],
    batch_from: &'a [isize],
    offset: usize,
    window: &'a [usize],
    window_from: &'a [isize],
    window_to: &'a [isize],
}

impl Updates<'_> {
    /// Puts the updates in the place of elements.
    fn replace<T: Pod + Send + Sync>(&self, target: &mut [T]) {
        self.share(target, |_, new| new);
    }

    /// Combines the updates with elements. `nothing` is what updates may be combined with first,
    /// and their combinations then `join` the elements.
    fn combine<T: Pod + Send + Sync>(
        &self,
        target: &mut [T],
        nothing: Option<T>,
        combine: impl Fn(T, T) -> T + Copy + Sync,
        join: impl Fn(T, T) -> T + Copy + Sync,
    ) {
        let count = self.places.count();
        let updates = count * layout::count(self.window);
        let tables = (updates / TABLE_UPDATES.max(8 * target.len())).min(TABLES);
        let nothing = nothing.filter(|_| tables > 1 && self.shared_row().is_none());
        let Some(nothing) = nothing else {
            return self.share(target, combine);
        };
        let mut table = vec![nothing; tables * target.len()];
        let per_table = count.div_ceil(tables);
        for_each_item(table.chunks_mut(target.len()).enumerate(), |(n, table)| {
            let range = (n * per_table).min(count)..((n + 1) * per_table).min(count);
            self.apply(range, 0, table, combine);
        });
        let length = target.len();
        for_each_part(target, part_of(size_of::<T>() * tables), |start, target| {
            for table in table.chunks(length) {
                for (slot, &value) in target.iter_mut().zip(&table[start..]) {
                    *slot = join(*slot, value);
                }
            }
        });
    }

    /// The length of windows that are long rows of the target.
    fn shared_row(&self) -> Option<usize> {
        let Line { base, step, .. } = self.places.line()?;
        match (self.window, self.window_to) {
            (&[row], [1]) => {
                (row >= SHARED_ROW && base == 0 && step == row as isize).then_some(row)
            }
            _ => None,
        }
    }

    /// Applies all updates; where their windows are rows of the target, threads share these.
    fn share<T: Pod + Send + Sync>(
        &self,
        target: &mut [T],
        combine: impl Fn(T, T) -> T + Copy + Sync,
    ) {
        let count = self.places.count();
        let row = self.shared_row().unwrap_or(0);
        let parts = (count * row / TABLE_UPDATES).min(threads::num_threads());
        if parts < 2 {
            return self.apply(0..count, 0, target, combine);
        }
        // Each thread looks at all places, and applies the windows of its own rows in order.
        let rows = (target.len() / row).div_ceil(parts);
        for_each_part(target, rows * row, |start, target| {
            self.apply(0..count, start, target, combine);
        });
    }

    /// Applies the windows of a range to a target that begins at element `start`; those that are
    /// not within it are left out.
    fn apply<T: Pod>(
        &self,
        range: Range<usize>,
        start: usize,
        target: &mut [T],
        combine: impl Fn(T, T) -> T + Copy,
    ) {
        let source: &[T] = bytemuck::cast_slice(self.bytes);
        let mut from =
            Walk::from(self.batch, [self.batch_from], [self.offset as isize], range.start);
        let (mut places, mut values) = ([OUTSIDE; BLOCK], [T::zeroed(); BLOCK]);
        let mut next = range.start;
        while next < range.end {
            let count = (range.end - next).min(BLOCK);
            let places = &mut places[..count];
            if self.window.is_empty() {
                let values = match (self.batch, self.batch_from) {
                    ([_], [1]) => &source[self.offset + next..][..count],
                    _ => {
                        for (value, [at]) in values[..count].iter_mut().zip(&mut from) {
                            *value = source[at as usize];
                        }
                        &values[..count]
                    }
                };
                if !self.apply_indices(next, values, start, target, combine) {
                    self.places.find(next, places);
                    apply_elements(places, values, start, target, combine);
                }
            } else {
                self.places.find(next, places);
                for (&place, [at]) in places.iter().zip(&mut from) {
                    let to = place.wrapping_sub(start);
                    if place != OUTSIDE && to < target.len() {
                        self.apply_window(&source[at as usize..], &mut target[to..], combine);
                    }
                }
            }
            next += count;
        }
    }

    /// Applies single elements at indices that are places themselves, from number `first` on.
    /// Returns whether they are, and seldom repeat: else their places are better looked at.
    fn apply_indices<T: Pod>(
        &self,
        first: usize,
        values: &[T],
        start: usize,
        target: &mut [T],
        combine: impl Fn(T, T) -> T,
    ) -> bool {
        let is_place = |line: &Line| line.step == 1 && line.base == 0 && line.last < target.len();
        let Some(Line { last, .. }) = self.places.line().filter(is_place) else { return false };
        let (target, clip) = (&mut target[..=last], self.places.clip);
        let range = first..first + values.len();
        if start != 0 {
            return false;
        }
        match self.places.starts {
            Starts::I32(starts) => apply_at(&starts[range], clip, values, target, combine),
            Starts::I64(starts) => apply_at(&starts[range], clip, values, target, combine),
            Starts::Converted(_) => false,
        }
    }

    /// Applies one window, which begins at the first element of `target` and of `source`.
    fn apply_window<T: Pod>(
        &self,
        source: &[T],
        target: &mut [T],
        combine: impl Fn(T, T) -> T + Copy,
    ) {
        match (self.window, self.window_from, self.window_to) {
            (&[row], [1], [1]) => {
                for (slot, &update) in target[..row].iter_mut().zip(&source[..row]) {
                    *slot = combine(*slot, update);
                }
            }
            _ => {
                let strides = [self.window_from, self.window_to];
                walk(self.window, strides, [0, 0], |[from, to]| {
                    let slot = &mut target[to as usize];
                    *slot = combine(*slot, source[from as usize]);
                });
            }
        }
    }
}

/// Applies single elements at indices, unless many of these repeat the one before.
#[inline(always)]
fn apply_at<T: Pod, I: Copy + PartialEq>(
    indices: &[I],
    clip: bool,
    values: &[T],
    target: &mut [T],
    combine: impl Fn(T, T) -> T,
) -> bool
where
    i64: From<I>,
{
    let repeated = indices.iter().zip(&indices[1..]).filter(|(a, b)| a == b).count();
    if 4 * repeated > indices.len() {
        return false;
    }
    let last = target.len() as i64 - 1;
    for (&at, &value) in indices.iter().zip(values) {
        let at = i64::from(at);
        // A negative index is larger than any as an unsigned one.
        let at = if clip { at.clamp(0, last) } else { at } as usize;
        if let Some(slot) = target.get_mut(at) {
            *slot = combine(*slot, value);
        }
    }
    true
}

/// Applies single elements. What is combined stays in a register while places repeat.
fn apply_elements<T: Pod>(
    places: &[usize],
    values: &[T],
    start: usize,
    target: &mut [T],
    combine: impl Fn(T, T) -> T,
) {
    let (mut at, mut now) = (OUTSIDE, T::zeroed());
    for (&place, &value) in places.iter().zip(values) {
        if place != at {
            if let Some(slot) = target.get_mut(at.wrapping_sub(start)) {
                *slot = now;
            }
            at = place;
            if let Some(&slot) = target.get(at.wrapping_sub(start)) {
                now = slot;
            }
        }
        now = combine(now, value);
    }
    if let Some(slot) = target.get_mut(at.wrapping_sub(start)) {
        *slot = now;
    }
}

#[cfg(test)]
mod tests {
    use super::super::parts::tests::on_any_number_of_threads;
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

    const OPS: [ScatterOp; 6] = [
        ScatterOp::Replace,
        ScatterOp::Add,
        ScatterOp::Sub,
        ScatterOp::Mul,
        ScatterOp::Min,
        ScatterOp::Max,
    ];

    #[test]
    fn many_updates_agree_with_a_plain_loop() {
        let count = 100_000;
        let scrambled = |i: usize, limit: usize| i.wrapping_mul(2_654_435_761) % 1_000_003 % limit;
        for (size, sorted) in [(50, false), (50, true), (3000, true), (200_000, false)] {
            let mut at: Vec<i32> =
                (0..count).map(|i| scrambled(i, size + size / 10) as i32 - 2).collect();
            if sorted {
                at.sort();
            }
            let updates: Vec<i64> = (0..count as i64).map(|i| i * i % 1009 - 500).collect();
            let x: Vec<i64> = (0..size as i64).collect();
            for op in OPS {
                for mode in [IndexMode::Fill, IndexMode::Clip] {
                    let y = on_any_number_of_threads(|| {
                        let x = Tensor::from_slice(&x, &[size]).unwrap();
                        let updates = Tensor::from_slice(&updates, &[count]).unwrap();
                        run(&scatter(op, false, mode), x, &at, updates).to_vec::<i64>()
                    });
                    let mut expected = x.clone();
                    for (&at, &new) in at.iter().zip(&updates) {
                        let clamped = at.clamp(0, size as i32 - 1);
                        if mode == IndexMode::Clip || at == clamped {
                            let slot = &mut expected[clamped as usize];
                            *slot = match op {
                                ScatterOp::Replace => new,
                                ScatterOp::Add => slot.wrapping_add(new),
                                ScatterOp::Sub => slot.wrapping_sub(new),
                                ScatterOp::Mul => slot.wrapping_mul(new),
                                ScatterOp::Min => new.min(*slot),
                                ScatterOp::Max => new.max(*slot),
                            };
                        }
                    }
                    assert_eq!(y, expected, "{op:?} {mode:?} {size}");
                }
            }
        }
    }

    #[test]
    fn sums_have_the_same_bits_on_any_number_of_threads() {
        let count = 150_000;
        let updates: Vec<f32> = (0..count).map(|i| (i as f32).sin()).collect();
        let at: Vec<i32> = (0..count as i32).map(|i| i * 31 % 97).collect();
        for op in OPS {
            let y = on_any_number_of_threads(|| {
                let x = Tensor::full(&[100], &Tensor::scalar(-0.0f32)).unwrap();
                let updates = Tensor::from_slice(&updates, &[count]).unwrap();
                let y = run(&scatter(op, false, IndexMode::Fill), x, &at, updates).to_vec::<f32>();
                y.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            });
            // What no update meets stays as it is.
            assert_eq!(y[97..], [(-0.0f32).to_bits(); 3]);
        }
    }

    #[test]
    fn many_rows_agree_with_a_plain_loop() {
        // Few rows are summed in tables, many are shared by the threads.
        for rows in [300, 3000] {
            let (width, count) = (40, 5000);
            let at: Vec<i32> = (0..count).map(|i| i * 7919 % (rows + 10) - 4).collect();
            let updates: Vec<f32> = (0..count * width).map(|i| (i % 17) as f32).collect();
            let mut expected = vec![1.0f32; (rows * width) as usize];
            for (&at, update) in at.iter().zip(updates.chunks(width as usize)) {
                if (0..rows).contains(&at) {
                    let row = &mut expected[(at * width) as usize..][..width as usize];
                    row.iter_mut().zip(update).for_each(|(slot, &new)| *slot += new);
                }
            }
            let kernel = Scatter {
                inserted_window_dims: smallvec![0],
                ..scatter(ScatterOp::Add, true, IndexMode::Fill)
            };
            let y = on_any_number_of_threads(|| {
                let shape = [rows as usize, width as usize];
                let x = Tensor::full(&shape, &Tensor::scalar(1.0f32)).unwrap();
                let updates = Tensor::from_slice(&updates, &[count as usize, shape[1]]).unwrap();
                run(&kernel, x, &at, updates).to_vec::<f32>()
            });
            assert!(y == expected, "{rows} rows");
        }
    }

    #[test]
    fn empty_updates_change_nothing() {
        let x = Tensor::from_slice(&[1u8, 2], &[2]).unwrap();
        let none = Tensor::zeros(DType::U8, &[0]).unwrap();
        let kernel = scatter(ScatterOp::Add, false, IndexMode::Fill);
        assert_eq!(run(&kernel, x, &[], none).to_vec::<u8>(), [1, 2]);
    }
}
