//! Copies between strided layouts.
//!
//! Axes are joined where both sides allow it, then there are three ways: rows that lie together on
//! both sides are copied whole; where the source runs along another axis than the target, squares
//! are transposed in registers, a cache line of each side at a time; all else goes element by
//! element. Large copies are cut into parts for the threads.

use bytemuck::Pod;

use super::common::{Walk, merged};
use super::parts::{for_each_item, for_each_part, part_of};
use crate::layout::{self, Layout, Shape, Strides};
use crate::tensor::Tensor;

mod square;

use square::transpose_plane;

/// Bytes of a cache line.
const LINE: usize = 64;
/// Rows and columns from which on squares are transposed.
const SHORTEST: usize = 4;

/// Copies all elements of `source` to the places in `target` given by offset and strides, which
/// are those of a box in a row-major array, perhaps in steps.
pub(crate) fn copy_tensor(
    source: &Tensor,
    target: &mut [u8],
    target_offset: usize,
    target_strides: &[isize],
) {
    let layout = source.layout();
    match source.dtype().size() {
        1 => copy::<u8>(source, &layout, target, target_offset, target_strides),
        2 => copy::<u16>(source, &layout, target, target_offset, target_strides),
        4 => copy::<u32>(source, &layout, target, target_offset, target_strides),
        8 => copy::<u64>(source, &layout, target, target_offset, target_strides),
        16 => copy::<[u64; 2]>(source, &layout, target, target_offset, target_strides),
        // Elements without size have nothing to copy.
        _ => {}
    }
}

/// Bytes of a part of a copy of so many: the system's copies are best at a megabyte and more.
pub(super) fn part_of_copy(bytes: usize) -> usize {
    if bytes < 4 << 20 { 8 * part_of(1) } else { 1 << 20 }
}

/// Copies bytes that lie together.
pub(crate) fn copy_bytes(source: &[u8], target: &mut [u8]) {
    assert_eq!(source.len(), target.len(), "bytes to copy");
    for_each_part(target, part_of_copy(target.len()), |start, target| {
        target.copy_from_slice(&source[start..][..target.len()]);
    });
}

/// Transposes a plane of elements of `size` bytes: element `r * down + c` of the target becomes
/// that at `at + c * across + r` of the source.
pub(crate) fn transpose_bytes(
    size: usize,
    source: &[u8],
    from: (isize, isize),
    target: &mut [u8],
    down: usize,
    shape: [usize; 2],
) {
    fn plane<T: Pod>(
        source: &[u8],
        from: (isize, isize),
        target: &mut [u8],
        down: usize,
        shape: [usize; 2],
    ) {
        let (source, target) = (bytemuck::cast_slice(source), bytemuck::cast_slice_mut(target));
        transpose_plane::<T>(source, from, target, down, shape);
    }
    match size {
        1 => plane::<u8>(source, from, target, down, shape),
        2 => plane::<u16>(source, from, target, down, shape),
        4 => plane::<u32>(source, from, target, down, shape),
        8 => plane::<u64>(source, from, target, down, shape),
        16 => plane::<[u64; 2]>(source, from, target, down, shape),
        _ => {}
    }
}

fn copy<T: Pod + Send + Sync>(
    source: &Tensor,
    layout: &Layout,
    target: &mut [u8],
    target_offset: usize,
    target_strides: &[isize],
) {
    let (shape, [from, to]) = merged(&layout.shape, [&layout.strides, target_strides]);
    if shape.contains(&0) {
        return;
    }
    let source: &[T] = bytemuck::cast_slice(source.buffer_bytes());
    let target = &mut bytemuck::cast_slice_mut::<u8, T>(target)[target_offset..];
    let job = Job { source, at: layout.offset as isize, target, shape, from, to };
    let part = part_of(size_of::<T>());
    if job.count() < 2 * part || !job.is_nested() {
        return job.run();
    }
    let mut jobs = Vec::new();
    job.cut(2 * part, &mut jobs);
    for_each_item(jobs, Job::run);
}

/// A copy to be done; the first element is at the start of `target`.
struct Job<'a, T> {
    source: &'a [T],
    at: isize,
    target: &'a mut [T],
    shape: Shape,
    from: Strides,
    to: Strides,
}

impl<'a, T: Pod> Job<'a, T> {
    fn count(&self) -> usize {
        layout::count(&self.shape)
    }

    /// Whether the entries along each axis of the target lie apart, so that cutting along an axis
    /// cuts the target in pieces.
    fn is_nested(&self) -> bool {
        let mut extent = 1;
        self.shape.iter().zip(&self.to).rev().all(|(&size, &step)| {
            let fits = step >= extent;
            extent += step * (size as isize - 1);
            fits
        })
    }

    /// The axis that the source runs along, where it is another than that of the target, and both
    /// are long enough.
    fn crossing(&self) -> Option<usize> {
        let (&columns, outer) = self.shape.split_last()?;
        let is_crossed = self.to[outer.len()] == 1 && !matches!(self.from[outer.len()], 0 | 1);
        if !is_crossed || columns < SHORTEST {
            return None;
        }
        (0..outer.len()).find(|&axis| self.from[axis] == 1 && outer[axis] >= SHORTEST)
    }

    /// Cuts into jobs of about `part` elements.
    fn cut(mut self, part: usize, jobs: &mut Vec<Job<'a, T>>) {
        let count = self.count();
        if count <= part || self.shape.is_empty() {
            return jobs.push(self);
        }
        let inner = count / self.shape[0];
        if inner > part && self.shape.len() > 1 && self.crossing() != Some(0) {
            let (size, step_to, step_from) =
                (self.shape.remove(0), self.to.remove(0), self.from.remove(0));
            let mut rest = self.target;
            for i in 0..size {
                let (target, later) = rest.split_at_mut(rest.len().min(step_to as usize));
                rest = later;
                let at = self.at + i as isize * step_from;
                let (shape, from, to) = (self.shape.clone(), self.from.clone(), self.to.clone());
                Job { source: self.source, at, target, shape, from, to }.cut(part, jobs);
            }
            return;
        }
        // Some cache lines of the source, where it runs along this axis.
        let lines = if self.crossing() == Some(0) { 4 * LINE / size_of::<T>() } else { 1 };
        let entries = (part / inner).max(1).next_multiple_of(lines);
        let size = self.shape[0];
        let mut rest = self.target;
        for first in (0..size).step_by(entries) {
            let mut shape = self.shape.clone();
            shape[0] = entries.min(size - first);
            let (target, later) = rest.split_at_mut(rest.len().min(entries * self.to[0] as usize));
            rest = later;
            let at = self.at + first as isize * self.from[0];
            let (from, to) = (self.from.clone(), self.to.clone());
            jobs.push(Job { source: self.source, at, target, shape, from, to });
        }
    }

    fn run(mut self) {
        if let Some(axis) = self.crossing() {
            let columns = self.shape.pop().expect("a crossed job has two axes");
            let (across, _) = (self.from.pop(), self.to.pop());
            let (rows, down) = (self.shape.remove(axis), self.to.remove(axis) as usize);
            self.from.remove(axis);
            let across = across.expect("as many strides as axes");
            for [at, to] in Walk::new(&self.shape, [&self.from, &self.to], [self.at, 0]) {
                let target = &mut self.target[to as usize..];
                transpose_plane(self.source, (at, across), target, down, [rows, columns]);
            }
            return;
        }
        if let ([.., count, times], [.., 1, 0], [.., pitch, 1]) =
            (&self.shape[..], &self.from[..], &self.to[..])
            && *pitch == *times as isize
        {
            let (count, times) = (*count, *times);
            for steps in [&mut self.from, &mut self.to] {
                steps.truncate(steps.len() - 2);
            }
            self.shape.truncate(self.shape.len() - 2);
            for [at, to] in Walk::new(&self.shape, [&self.from, &self.to], [self.at, 0]) {
                let source = &self.source[at as usize..][..count];
                repeat_each(source, times, &mut self.target[to as usize..][..count * times]);
            }
            return;
        }
        let row = self.shape.pop().unwrap_or(1);
        let (step_from, step_to) = (self.from.pop().unwrap_or(1), self.to.pop().unwrap_or(1));
        for [at, to] in Walk::new(&self.shape, [&self.from, &self.to], [self.at, 0]) {
            let target = &mut self.target[to as usize..];
            match (step_from, step_to) {
                (1, 1) => target[..row].copy_from_slice(&self.source[at as usize..][..row]),
                (0, 1) => target[..row].fill(self.source[at as usize]),
                (_, 1) => {
                    for (i, slot) in target[..row].iter_mut().enumerate() {
                        *slot = self.source[(at + i as isize * step_from) as usize];
                    }
                }
                _ => {
                    for i in 0..row {
                        let from = (at + i as isize * step_from) as usize;
                        target[i * step_to as usize] = self.source[from];
                    }
                }
            }
        }
    }
}

/// Each element as often as given, one after the other.
fn repeat_each<T: Pod>(source: &[T], times: usize, target: &mut [T]) {
    fn fixed<T: Pod, const TIMES: usize>(source: &[T], target: &mut [T]) {
        for (&value, slots) in source.iter().zip(target.as_chunks_mut::<TIMES>().0) {
            *slots = [value; TIMES];
        }
    }
    match times {
        2 => fixed::<T, 2>(source, target),
        3 => fixed::<T, 3>(source, target),
        4 => fixed::<T, 4>(source, target),
        8 => fixed::<T, 8>(source, target),
        _ => {
            for (&value, slots) in source.iter().zip(target.chunks_exact_mut(times)) {
                slots.fill(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parts::tests::on_any_number_of_threads;
    use super::*;
    use crate::dtype::Element;

    /// Compares with reading one element after the other.
    fn check<T: Element + PartialEq + std::fmt::Debug>(x: &Tensor) {
        let copied = on_any_number_of_threads(|| x.contiguous().unwrap().to_vec::<T>());
        let (source, layout) = (x.buffer_slice::<T>(), x.layout());
        let walk = Walk::new(&layout.shape, [&layout.strides], [layout.offset as isize]);
        assert!(copied.iter().zip(walk).all(|(&value, [at])| value == source[at as usize]));
    }

    fn views<T: Element + PartialEq + std::fmt::Debug>(value: impl Fn(usize) -> T) {
        for shape in [[1, 3, 5], [4, 9, 7], [2, 70, 130], [40, 33, 65], [3, 0, 4], [1, 300, 257]] {
            let values: Vec<T> = (0..layout::count(&shape)).map(&value).collect();
            let x = Tensor::from_slice(&values, &shape).unwrap();
            for axes in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                let y = x.transpose(&axes).unwrap();
                check::<T>(&y);
                check::<T>(&y.reverse(&[0, 2]).unwrap());
                let part = y.slice(&[0, 0, 0], y.shape(), &[1, 2, 1]).unwrap();
                check::<T>(&part);
                check::<T>(
                    &y.broadcast(&[2, shape[axes[0]], shape[axes[1]], shape[axes[2]]], &[1, 2, 3])
                        .unwrap(),
                );
            }
        }
    }

    #[test]
    fn views_of_every_width_are_copied_in_order() {
        views(|i| i as u8);
        views(|i| i as u16);
        views(|i| i as u32);
        views(|i| i as u64);
        views(|i| num_complex::Complex::new(i as f64, 1.0));
    }

    #[test]
    fn elements_repeated_in_place() {
        let values: Vec<u16> = (0..20_000).collect();
        let x = Tensor::from_slice(&values, &[4, 5000]).unwrap();
        for times in [1, 2, 3, 4, 5, 8, 100] {
            check::<u16>(&x.broadcast(&[4, 5000, times], &[0, 1]).unwrap());
            let columns = x.transpose(&[1, 0]).unwrap();
            check::<u16>(&columns.broadcast(&[5000, 4, times], &[0, 1]).unwrap());
        }
    }

    #[test]
    fn boxes_in_a_larger_array() {
        let values: Vec<u32> = (0..200 * 300).collect();
        let x = Tensor::from_slice(&values, &[200, 300]).unwrap().transpose(&[1, 0]).unwrap();
        let target = on_any_number_of_threads(|| {
            let mut target = vec![u32::MAX; 400 * 900];
            copy_tensor(&x, bytemuck::cast_slice_mut(&mut target), 901, &[900, 3]);
            target
        });
        for (i, &value) in target.iter().enumerate() {
            let (row, column) = (i / 900, i % 900);
            let inside = (1..=300).contains(&row) && column % 3 == 1 && column < 600;
            let expected = if inside { (column / 3 * 300 + row - 1) as u32 } else { u32::MAX };
            assert_eq!(value, expected, "{row} {column}");
        }
    }
}
