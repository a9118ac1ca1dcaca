//! Reductions by code: of short rows, of rows in blocks, and of columns.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use super::{Axes, Fold, Source};
use crate::buffer::Buffer;
use crate::cost::{Cost, Pace};
use crate::dtype::Element;
use crate::error::Result;
use crate::kernels::Tensors;
use crate::kernels::common::Number;
use crate::kernels::reduce::{self, ROUNDS, ReduceOp, lanes_of};
use crate::layout::{self, Shape};
use crate::native::{Argument, Code, Target};
use crate::scratch::with_scratch;
use crate::tensor::Tensor;
use crate::threads;

/// Columns that are reduced together: as many as keep their lanes in the second cache.
const WIDEST: usize = 512;

/// A run of code.
pub(super) struct Run<'a> {
    pub(super) code: &'a Code,
    /// Code that combines so many rows of columns at a time, if there is.
    pub(super) several: Option<(&'a Code, usize)>,
    pub(super) axes: &'a Axes,
    pub(super) sources: &'a [Source<'a>],
}

impl Fold {
    pub(super) fn reduced<A: Number + Element>(&self, run: &Run) -> Result<Option<Tensors>> {
        let ops: SmallVec<[ReduceOp; 4]> = self.outputs.iter().flatten().copied().collect();
        let mut kept: SmallVec<[Buffer; 4]> = SmallVec::new();
        for (dtype, output) in self.program.outputs().iter().zip(&self.outputs) {
            if output.is_none() {
                kept.push(Buffer::new(*dtype, layout::count(&self.shape))?);
            }
        }
        let sums = layout::count(&run.axes.outer) * run.axes.inner;
        let mut sums: Vec<Buffer> =
            ops.iter().map(|_| Buffer::new(A::DTYPE, sums)).collect::<Result<_>>()?;
        let targets: SmallVec<[Target; 4]> =
            kept.iter_mut().map(|buffer| Target::row(buffer.bytes_mut())).collect();
        let sizes: SmallVec<[usize; 4]> = self.kept_sizes().collect();
        let done = match run.axes.inner {
            1 if run.axes.is_short() => self.by_lanes(run, &mut sums),
            1 => self.by_rows::<A>(run, &ops, &targets, &sizes, &mut sums),
            _ => self.by_columns::<A>(run, &ops, &targets, &sizes, &mut sums),
        };
        if !done {
            return Ok(None);
        }
        let shape: Shape = (0..self.shape.len())
            .filter(|axis| !self.axes.contains(axis))
            .map(|axis| self.shape[axis])
            .collect();
        let (mut kept, mut sums) = (kept.into_iter(), sums.into_iter());
        let results = self.program.outputs().iter().zip(&self.outputs).map(|(&dtype, output)| {
            let (buffer, shape) = match output {
                Some(_) => (sums.next(), &shape),
                None => (kept.next(), &self.shape),
            };
            Tensor::from_buffer(dtype, shape, buffer.expect("one for each result"))
        });
        Ok(Some(results.collect()))
    }

    /// Elements that a thread takes at a time.
    fn part(&self) -> usize {
        let moved: usize = self.program.inputs().iter().map(|dtype| dtype.size()).sum();
        let kept: usize = self.kept_sizes().sum();
        let cost = self.program.cost();
        match kept {
            0 => cost.items_of_part().min(Pace::Reading.items_of_part(moved)),
            _ => (cost + Cost::bytes(moved + kept)).items_of_part(),
        }
    }

    fn kept_sizes(&self) -> impl Iterator<Item = usize> {
        let outputs = self.program.outputs().iter().zip(&self.outputs);
        outputs.filter(|(_, output)| output.is_none()).map(|(dtype, _)| dtype.size())
    }

    /// Reduces short rows, one in each lane.
    fn by_lanes(&self, run: &Run, sums: &mut [Buffer]) -> bool {
        let length = run.axes.length;
        let rows = layout::count(&run.axes.outer);
        let targets: SmallVec<[Target; 4]> =
            sums.iter_mut().map(|buffer| Target::row(buffer.bytes_mut())).collect();
        let dtypes = self.program.outputs();
        let part = (self.part() / length).max(1);
        let failed = AtomicBool::new(false);
        threads::for_each(rows.div_ceil(part), &|n| {
            let (first, count) = (n * part, part.min(rows - n * part));
            let mut inputs: SmallVec<[Argument; 8]> = SmallVec::new();
            for source in run.sources {
                inputs.push(match source {
                    Source::Repeated(value) => Argument::Scalar(value),
                    Source::Walked { bytes, size, offset, is_per_row, .. } => {
                        let row = if *is_per_row { 1 } else { length };
                        Argument::Elements(&bytes[(offset + first * row) * size..], 0)
                    }
                });
            }
            let targets: SmallVec<[Target; 4]> = targets
                .iter()
                .zip(dtypes)
                .map(|(target, dtype)| target.part(first, 0, dtype.size()))
                .collect();
            // SAFETY: each part has numbers of its own.
            if !unsafe { run.code.run([1, count], &inputs, &targets) } {
                failed.store(true, Ordering::Relaxed);
            }
        });
        !failed.into_inner()
    }

    /// Reduces rows, each of which is cut in blocks.
    fn by_rows<A: Number + Element>(
        &self,
        run: &Run,
        ops: &[ReduceOp],
        kept: &[Target],
        sizes: &[usize],
        sums: &mut [Buffer],
    ) -> bool {
        let length = run.axes.length;
        let block = lanes_of(A::DTYPE) * ROUNDS;
        let blocks_of_row = length.div_ceil(block);
        let rows = layout::count(&run.axes.outer);
        // What each block comes to, in the sums themselves if there is one in a row.
        let mut partial: Vec<Vec<A>> = match blocks_of_row {
            1 => vec![],
            _ => ops.iter().map(|_| vec![A::ZERO; rows * blocks_of_row]).collect(),
        };
        let lines: SmallVec<[Target; 4]> = match blocks_of_row {
            1 => sums.iter_mut().map(|buffer| Target::row(buffer.bytes_mut())).collect(),
            _ => {
                partial.iter_mut().map(|line| Target::row(bytemuck::cast_slice_mut(line))).collect()
            }
        };
        let failed = AtomicBool::new(false);
        // A part is some rows that follow each other, or some blocks of one row.
        let part = self.part();
        let rows_of_part = (part / length).clamp(1, rows);
        let blocks_of_part = (part / block).max(1);
        let parts_of_row =
            if blocks_of_row == 1 { 1 } else { blocks_of_row.div_ceil(blocks_of_part) };
        let parts = rows.div_ceil(rows_of_part) * parts_of_row;
        threads::for_each(parts, &|part| {
            let (group, within) = (part / parts_of_row, part % parts_of_row);
            let last_row = ((group + 1) * rows_of_part).min(rows);
            let mut row = group * rows_of_part;
            while row < last_row {
                let count = run.regular(row, last_row);
                let call = |rows: usize, length: usize, block_at: usize| {
                    let element = block_at * block;
                    let blocks = (blocks_of_row > 1).then_some(block);
                    let inputs = run.rows(row, element, blocks);
                    let mut targets: SmallVec<[Target; 8]> = SmallVec::new();
                    let step = if blocks_of_row == 1 { length } else { block };
                    for (target, size) in kept.iter().zip(sizes) {
                        targets.push(target.part(row * run.axes.length + element, step, *size));
                    }
                    for line in &lines {
                        let at = row * blocks_of_row + block_at;
                        targets.push(line.part(at, 1, size_of::<A>()));
                    }
                    // SAFETY: parts have blocks of their own, and a block its elements of what is
                    // kept and its own number.
                    if !unsafe { run.code.run([rows, length], &inputs, &targets) } {
                        failed.store(true, Ordering::Relaxed);
                    }
                };
                if blocks_of_row == 1 {
                    call(count, length, 0);
                    row += count;
                    continue;
                }
                let first = within * blocks_of_part;
                let end = (first + blocks_of_part).min(blocks_of_row);
                let whole = end.min(length / block);
                call(whole.saturating_sub(first), block, first);
                if end > whole {
                    call(1, length % block, whole);
                }
                row += 1;
            }
        });
        for ((op, partial), sum) in ops.iter().zip(&partial).zip(sums) {
            reduce::finish_blocks::<A>(*op, partial, blocks_of_row, sum.slice_mut::<A>());
        }
        !failed.into_inner()
    }

    /// Reduces columns, some of them together: rows go to lanes in turn.
    fn by_columns<A: Number + Element>(
        &self,
        run: &Run,
        ops: &[ReduceOp],
        kept: &[Target],
        sizes: &[usize],
        sums: &mut [Buffer],
    ) -> bool {
        let Axes { length, inner, .. } = *run.axes;
        let most = lanes_of(A::DTYPE);
        let lanes = length.next_power_of_two().min(most);
        let block = most * ROUNDS;
        // Rows that follow each other without gaps are one long row.
        let is_dense = inner <= WIDEST && run.is_dense(inner);
        let width = if is_dense { inner } else { inner.div_ceil(inner.div_ceil(WIDEST)) };
        let tiles = inner.div_ceil(width);
        let outers = layout::count(&run.axes.outer);
        let outputs: SmallVec<[Target; 4]> =
            sums.iter_mut().map(|buffer| Target::row(buffer.bytes_mut())).collect();
        let failed = AtomicBool::new(false);
        threads::for_each(outers * tiles, &|part| {
            let (outer, first) = (part / tiles, part % tiles * width);
            let width = width.min(inner - first);
            let columns = Columns { outer, first, width, lanes, is_dense };
            with_scratch(ops.len() * lanes * width, |acc: &mut [A]| {
                let mut blocks: SmallVec<[reduce::Columns<A>; 2]> = SmallVec::new();
                blocks.resize_with(ops.len(), Default::default);
                for start in (0..length).step_by(block) {
                    let end = length.min(start + block);
                    for (acc, op) in acc.chunks_exact_mut(lanes * width).zip(ops) {
                        acc.fill(reduce::identity(*op));
                    }
                    if !self.combine_rows(run, &columns, start..end, (kept, sizes), acc) {
                        failed.store(true, Ordering::Relaxed);
                    }
                    let each = acc.chunks_exact_mut(lanes * width).zip(ops).zip(&mut blocks);
                    for ((acc, op), blocks) in each {
                        reduce::finish_columns::<A>(*op, blocks, acc, width, end == length);
                    }
                }
                for (acc, output) in acc.chunks_exact(lanes * width).zip(&outputs) {
                    let at = outer * inner + first;
                    assert!((at + width) * size_of::<A>() <= output.bytes);
                    // SAFETY: the numbers lie within the buffer, and belong to this part alone.
                    let sums = unsafe {
                        std::slice::from_raw_parts_mut(output.start.cast::<A>().add(at), width)
                    };
                    sums.copy_from_slice(&acc[..width]);
                }
            });
        });
        !failed.into_inner()
    }

    /// Combines some rows of columns with what the rows before, one for each lane, came to. False
    /// if some results are not right.
    fn combine_rows<A: Number + Element>(
        &self,
        run: &Run,
        columns: &Columns,
        rows: Range<usize>,
        (kept, sizes): (&[Target], &[usize]),
        acc: &mut [A],
    ) -> bool {
        let Columns { outer, first, width, lanes, is_dense } = *columns;
        let Axes { length, inner, .. } = *run.axes;
        let (mut row, mut is_right) = (rows.start, true);
        while row < rows.end {
            // So many rows at once, one for each lane, or as one long row several times.
            let rest = rows.end - row;
            let (code, turns) = match run.several {
                Some((code, turns)) if rest >= turns * lanes => (code, turns),
                _ => (run.code, 1),
            };
            let (calls, long, rows) = match (is_dense, rest >= lanes) {
                (true, true) => {
                    let calls = rest / (turns * lanes);
                    (calls, lanes * width, calls * turns * lanes)
                }
                (true, false) => (1, rest * width, rest),
                (false, _) => (rest.min(lanes), width, rest.min(turns * lanes)),
            };
            let step = if is_dense { turns * lanes } else { 1 };
            let mut arguments: SmallVec<[Argument; 8]> = SmallVec::new();
            for turn in 0..turns {
                arguments.extend(run.columns(outer, first, row + turn * lanes, step));
            }
            let mut targets: SmallVec<[Target; 8]> = SmallVec::new();
            let mut kept_at = kept.iter().zip(sizes);
            let mut acc_at = acc.chunks_exact_mut(lanes * width);
            for output in &self.outputs {
                targets.push(match output {
                    None => {
                        let (target, size) = kept_at.next().expect("one for each kept result");
                        target.part((outer * length + row) * inner + first, step * inner, *size)
                    }
                    Some(_) => {
                        let acc = acc_at.next().expect("one for each reduction");
                        let stride = if is_dense { 0 } else { width * size_of::<A>() };
                        Target { stride, ..Target::row(bytemuck::cast_slice_mut(acc)) }
                    }
                });
            }
            let combined = self.outputs.iter().enumerate().filter(|(_, op)| op.is_some());
            arguments.extend(combined.map(|(n, _)| Argument::InPlace(n)));
            // SAFETY: parts have columns of their own, of what is kept as well; what is
            // accumulated is this part's alone.
            is_right &= unsafe { code.run([calls, long], &arguments, &targets) };
            row += rows;
        }
        is_right
    }
}

/// Columns that are reduced together.
struct Columns {
    /// The index along the outer axes.
    outer: usize,
    /// The first of the columns, and how many they are.
    first: usize,
    width: usize,
    /// Rows that are accumulated apart.
    lanes: usize,
    /// Whether rows follow each other without gaps.
    is_dense: bool,
}

impl<'a> Run<'a> {
    /// Where a source begins for outer axes at an index, in elements.
    fn start(&self, source: &Source, mut outer: usize) -> usize {
        let Source::Walked { outer: strides, offset, .. } = source else { return 0 };
        let mut at = *offset as isize;
        for (&size, &stride) in self.axes.outer.iter().zip(strides).rev() {
            at += (outer % size) as isize * stride;
            outer /= size;
        }
        at as usize
    }

    /// So many rows from one on, before `end`, that are equally far apart in every source.
    fn regular(&self, row: usize, end: usize) -> usize {
        let (mut together, mut axis) = (1, self.axes.outer.len());
        while axis > 0 {
            let size = self.axes.outer[axis - 1];
            let joins = self.sources.iter().all(|source| match source {
                Source::Repeated(_) => true,
                Source::Walked { outer, .. } => {
                    let last = outer[outer.len() - 1];
                    let expected = last * together as isize;
                    last >= 0 && (size == 1 || axis == outer.len() || outer[axis - 1] == expected)
                }
            });
            if !joins {
                break;
            }
            together *= size;
            axis -= 1;
        }
        (together - row % together).min(end - row)
    }

    /// The arguments for rows from one on, or for blocks of so many elements of a single row.
    fn rows(
        &self,
        row: usize,
        element: usize,
        block: Option<usize>,
    ) -> SmallVec<[Argument<'a>; 8]> {
        let argument = |source: &'a Source<'a>| match source {
            Source::Repeated(value) => Argument::Scalar(value),
            Source::Walked { bytes, size, outer, is_per_row, .. } => {
                let start = self.start(source, row);
                // Rows that lie backwards are taken one by one.
                let next = outer.last().map_or(0, |&stride| stride.max(0) as usize * size);
                match (is_per_row, block) {
                    (true, None) => Argument::PerRow(&bytes[start * size..], next),
                    (true, Some(_)) => Argument::PerRow(&bytes[start * size..], 0),
                    (false, None) => Argument::Elements(&bytes[start * size..], next),
                    (false, Some(block)) => {
                        Argument::Elements(&bytes[(start + element) * size..], block * size)
                    }
                }
            }
        };
        self.sources.iter().map(argument).collect()
    }

    /// The arguments for columns from one on, for rows from one on and so many at a time.
    fn columns(
        &self,
        outer: usize,
        column: usize,
        at: usize,
        step: usize,
    ) -> SmallVec<[Argument<'a>; 8]> {
        let argument = |source: &'a Source<'a>| match source {
            Source::Repeated(value) => Argument::Scalar(value),
            Source::Walked { bytes, size, row, is_per_row, .. } => {
                let start = self.start(source, outer) * size + at * row;
                match is_per_row {
                    true => Argument::PerRow(&bytes[start..], step * row),
                    false => Argument::Elements(&bytes[start + column * size..], step * row),
                }
            }
        };
        self.sources.iter().map(argument).collect()
    }

    /// Whether rows of so many elements follow each other without gaps in every source.
    fn is_dense(&self, inner: usize) -> bool {
        self.sources.iter().all(|source| match source {
            Source::Repeated(_) => true,
            Source::Walked { size, row, is_per_row, .. } => !is_per_row && *row == inner * size,
        })
    }
}
