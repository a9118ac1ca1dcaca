//! Elementwise programs whose results are reduced as they are computed.
//!
//! `sum(f(x))` reads `x` and writes one number: the values of `f` stay in registers. Where there
//! is no code for that, the program runs and its results are reduced one after another, which
//! gives the same bits: code accumulates in the order that `reduce` defines.
//!
//! What is reduced is one axis, made of neighbouring ones. If it is the last, each row is
//! accumulated over lanes; if not, each of its rows is combined, element by element, with what
//! the rows before came to.

use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use super::common::{Number, merged};
use super::reduce::{self, ROUNDS, Reduce, ReduceOp, lanes_of};
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{Cost, TensorType, TensorTypes};
use crate::dtype::{DType, Element};
use crate::error::Result;
use crate::layout::{self, Shape};
use crate::native::{self, Argument, Code, Codes, Form, Mode, Target};
use crate::tensor::Tensor;
use crate::threads;
use crate::tile::Program;

/// Runs a program over arrays of one shape, and reduces results over axes.
pub struct Fold {
    /// The program.
    pub program: Program,
    /// The shape that it runs over.
    pub shape: Shape,
    /// The axes that are reduced, sorted and distinct.
    pub axes: Shape,
    /// For each result of the program, how it is reduced, or that it is kept as it is.
    pub outputs: Vec<Option<ReduceOp>>,
    codes: Codes,
}

impl Fold {
    /// The reductions, by result of the program, over the axes.
    pub fn new(
        program: Program,
        shape: Shape,
        axes: Shape,
        outputs: Vec<Option<ReduceOp>>,
    ) -> Fold {
        Fold { program, shape, axes, outputs, codes: Codes::default() }
    }
}

impl std::fmt::Debug for Fold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let program = self.program.to_string().replace('\n', "\n      ");
        write!(
            f,
            "fold{:?} {:?} over {:?} {{ {program} }}",
            &self.shape[..],
            self.outputs,
            self.axes
        )
    }
}

impl Kernel for Fold {
    fn name(&self) -> &'static str {
        "fold"
    }

    fn form(&self) -> super::Form<'_> {
        super::Form::Fold(self)
    }

    fn cost(&self, _: &[TensorType], outputs: &[TensorType]) -> Cost {
        let count = layout::count(&self.shape);
        let reduced = self.outputs.iter().zip(outputs).filter(|(op, _)| op.is_some());
        let reduced = reduced.map(|(_, output)| count.saturating_sub(output.count())).sum();
        self.program.cost() * count as f64 + Cost::flops(reduced)
    }

    fn infer(&self, _: &[TensorType]) -> Option<TensorTypes> {
        let kept = (0..self.shape.len()).filter(|axis| !self.axes.contains(axis));
        let reduced: Shape = kept.map(|axis| self.shape[axis]).collect();
        let outputs = self.program.outputs().iter().zip(&self.outputs);
        let shape = |op: &Option<ReduceOp>| if op.is_some() { &reduced } else { &self.shape };
        Some(outputs.map(|(&dtype, op)| TensorType::new(dtype, shape(op))).collect())
    }

    fn code_bytes(&self) -> usize {
        self.codes.bytes() + self.program.codes.bytes()
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        if let Some(results) = self.run_code(&inputs)? {
            return Ok(results);
        }
        let results = match self.program.is_identity() {
            true => inputs,
            false => self.program.run(inputs, &self.shape)?,
        };
        let reduced = results.into_iter().zip(&self.outputs).map(|(value, output)| match output {
            Some(op) => {
                let reduce = Reduce { op: *op, axes: self.axes.clone() };
                Ok(reduce.run([value].into_iter().collect())?.remove(0))
            }
            None => Ok(value),
        });
        reduced.collect()
    }
}

/// How an input is walked: over outer axes, the one that is reduced, and inner ones.
enum Source<'a> {
    /// One element for all.
    Repeated(Tensor),
    Walked {
        bytes: &'a [u8],
        size: usize,
        /// Steps along the axes of [`Axes::outer`], in elements.
        outer: SmallVec<[isize; 4]>,
        offset: usize,
        /// From row to row of what is reduced by columns.
        row: usize,
        /// Whether it has one element for each row.
        is_per_row: bool,
    },
}

/// The axes of a reduction.
struct Axes {
    outer: Shape,
    length: usize,
    inner: usize,
}

impl Axes {
    /// Whether rows are reduced one in each lane.
    fn is_short(&self) -> bool {
        self.inner == 1 && self.length <= SHORT_ROW
    }

    /// Whether rows follow each other without gaps, and so do elements that are one for each.
    fn follow_each_other(&self, sources: &[Source]) -> bool {
        sources.iter().all(|source| {
            let Source::Walked { outer, is_per_row, .. } = source else { return true };
            let mut expected = if *is_per_row { 1 } else { self.length as isize };
            self.outer.iter().zip(outer).rev().all(|(&size, &stride)| {
                let follows = size == 1 || stride == expected;
                expected *= size as isize;
                follows
            })
        })
    }
}

/// A run of code.
struct Run<'a> {
    code: &'a Code,
    axes: &'a Axes,
    sources: &'a [Source<'a>],
}

/// Fewer elements than this are reduced before code would have begun.
const FEW: usize = 512;
/// Rows as short as this are reduced by a tree of their own.
const SHORT_ROW: usize = 16;
/// Fewer columns than this are reduced as one long row.
const NARROW: usize = 32;
/// Columns that are reduced together: as many as keep their lanes in the second cache.
const WIDEST: usize = 512;

impl Fold {
    /// The axes, if code can go over them: those that are reduced are neighbours.
    fn axes(&self) -> Option<Axes> {
        let (first, last) = (*self.axes.first()?, *self.axes.last()?);
        let together = (first..last).all(|axis| self.shape[axis] == 1 || self.axes.contains(&axis));
        together.then(|| Axes {
            outer: self.shape[..first].into(),
            length: layout::count(&self.shape[first..=last]),
            inner: layout::count(&self.shape[last + 1..]),
        })
    }

    /// The type of what is reduced, if it is one and has code.
    fn reduced_type(&self) -> Option<DType> {
        let outputs = self.program.outputs().iter().zip(&self.outputs);
        let mut types = outputs.filter(|(_, op)| op.is_some()).map(|(dtype, _)| *dtype);
        let dtype = types.next()?;
        types.all(|other| other == dtype).then_some(dtype)
    }

    /// How the inputs are walked, if code can.
    fn sources<'a>(&self, inputs: &'a Tensors, axes: &Axes) -> Option<SmallVec<[Source<'a>; 4]>> {
        let (first, last) = (self.axes[0], self.axes[self.axes.len() - 1]);
        let mut sources = SmallVec::new();
        for input in inputs {
            let layout = input.layout();
            let size = input.dtype().size();
            if input.is_repeated() {
                let element = &input.buffer_bytes()[layout.offset * size..][..size];
                sources.push(Source::Repeated(Tensor::scalar_from_bytes(input.dtype(), element)));
                continue;
            }
            // The step along axes taken as one, if they have one.
            let step = |range: std::ops::Range<usize>| {
                let (sizes, [steps]) =
                    merged(&layout.shape[range.clone()], [&layout.strides[range]]);
                (sizes.len() <= 1).then(|| steps.first().copied().unwrap_or(0))
            };
            let (length, inner) = (step(first..last + 1)?, step(last + 1..layout.shape.len())?);
            // The axis that elements follow each other along, and the one that rows do.
            let (along, row) = if axes.inner == 1 { (length, 0) } else { (inner, length) };
            if !matches!(along, 0 | 1) || row < 0 || along == 0 && size < 4 {
                return None;
            }
            sources.push(Source::Walked {
                bytes: input.buffer_bytes(),
                size,
                outer: layout.strides[..first].iter().copied().collect(),
                offset: layout.offset,
                row: row as usize * size,
                is_per_row: along == 0,
            });
        }
        Some(sources)
    }

    /// The results by code; none if there is none for these inputs, or it failed.
    fn run_code(&self, inputs: &Tensors) -> Result<Option<Tensors>> {
        let count = layout::count(&self.shape);
        let is_wanted = match native::mode() {
            Mode::Tile | Mode::Oracle => false,
            Mode::Native => count > 0,
            Mode::Auto => count >= FEW,
        };
        let (true, Some(axes), Some(dtype)) = (is_wanted, self.axes(), self.reduced_type()) else {
            return Ok(None);
        };
        // Of these there are none that take long.
        let is_bits = |op: &ReduceOp| matches!(op, ReduceOp::And | ReduceOp::Or | ReduceOp::Xor);
        if self.outputs.iter().flatten().any(is_bits) {
            return Ok(None);
        }
        let is_short = axes.is_short();
        let copies = self.copies(inputs, &axes)?;
        let inputs = copies.as_ref().unwrap_or(inputs);
        let Some(sources) = self.sources(inputs, &axes) else { return Ok(None) };
        let mut form = Form { by_column: axes.inner > 1, ..Form::default() };
        if is_short {
            let is_reduced = self.outputs.iter().all(Option::is_some);
            if axes.length < 2 || !is_reduced || !axes.follow_each_other(&sources) {
                return Ok(None);
            }
            form.row = axes.length as u8;
        }
        for (n, source) in sources.iter().enumerate() {
            let bit = 1u64.checked_shl(n as u32).unwrap_or(0);
            let is_per_row = matches!(source, Source::Walked { is_per_row: true, .. });
            if is_per_row && !is_short || matches!(source, Source::Repeated(_)) {
                form.scalars |= bit;
            }
            if is_per_row {
                form.per_row |= bit;
            }
        }
        let Some(code) = self.codes.get(&self.program, &self.outputs, form, count) else {
            return Ok(None);
        };
        let run = Run { code: &code, axes: &axes, sources: &sources };
        match dtype {
            DType::F32 => self.reduced::<f32>(&run),
            DType::F64 => self.reduced::<f64>(&run),
            DType::I32 => self.reduced::<i32>(&run),
            DType::U32 => self.reduced::<u32>(&run),
            DType::I64 => self.reduced::<i64>(&run),
            DType::U64 => self.reduced::<u64>(&run),
            _ => Ok(None),
        }
    }

    /// The inputs without gaps, where rows are so short that walking them takes longer than
    /// copying.
    fn copies(&self, inputs: &Tensors, axes: &Axes) -> Result<Option<Tensors>> {
        let is_strided = |input: &Tensor| !input.is_repeated() && !input.is_contiguous();
        let is_slow = match axes.inner {
            1 if axes.is_short() => {
                let sources = self.sources(inputs, axes);
                sources.is_none_or(|sources| !axes.follow_each_other(&sources))
            }
            1 => false,
            inner => inner < NARROW,
        };
        if !is_slow || !inputs.iter().any(is_strided) {
            return Ok(None);
        }
        let copy = |input: &Tensor| match is_strided(input) {
            true => input.contiguous(),
            false => Ok(input.clone()),
        };
        inputs.iter().map(copy).collect::<Result<_>>().map(Some)
    }

    fn reduced<A: Number + Element>(&self, run: &Run) -> Result<Option<Tensors>> {
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
        (self.program.cost() + Cost::bytes(moved + kept)).items_of_part()
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
            let new = |op: &ReduceOp| vec![reduce::identity::<A>(*op); lanes * width];
            let mut blocks: Vec<Vec<Vec<A>>> = ops.iter().map(|_| vec![]).collect();
            let mut row = 0;
            while row < length {
                if row % block == 0 {
                    blocks.iter_mut().zip(ops).for_each(|(blocks, op)| blocks.push(new(op)));
                }
                // So many rows at once, one for each lane, or as one long row several times.
                let rest = (length - row).min(block - row % block);
                let (calls, long, rows) = match (is_dense, rest >= lanes) {
                    (true, true) => (rest / lanes, lanes * width, rest / lanes * lanes),
                    (true, false) => (1, rest * width, rest),
                    (false, _) => (rest.min(lanes), width, rest.min(lanes)),
                };
                let step = if is_dense { lanes } else { 1 };
                let mut arguments = run.columns(outer, first, row, step);
                let mut targets: SmallVec<[Target; 8]> = SmallVec::new();
                let mut kept_at = kept.iter().zip(sizes);
                let mut acc_at = blocks.iter_mut();
                for output in &self.outputs {
                    targets.push(match output {
                        None => {
                            let (target, size) = kept_at.next().expect("one for each kept result");
                            let at = (outer * length + row) * inner + first;
                            target.part(at, step * inner, *size)
                        }
                        Some(_) => {
                            let blocks = acc_at.next().expect("one for each reduction");
                            let acc = blocks.last_mut().expect("a block has begun");
                            let bytes: &mut [u8] = bytemuck::cast_slice_mut(acc);
                            let stride = if is_dense { 0 } else { width * size_of::<A>() };
                            Target { stride, ..Target::row(bytes) }
                        }
                    });
                }
                let combined = self.outputs.iter().enumerate().filter(|(_, op)| op.is_some());
                arguments.extend(combined.map(|(n, _)| Argument::InPlace(n)));
                // SAFETY: parts have columns of their own, of what is kept as well; what is
                // accumulated is this part's alone.
                if !unsafe { run.code.run([calls, long], &arguments, &targets) } {
                    failed.store(true, Ordering::Relaxed);
                }
                row += rows;
            }
            for ((op, blocks), output) in ops.iter().zip(&mut blocks).zip(&outputs) {
                let at = outer * inner + first;
                assert!((at + width) * size_of::<A>() <= output.bytes);
                // SAFETY: the numbers lie within the buffer, and belong to this part alone.
                let sums = unsafe {
                    std::slice::from_raw_parts_mut(output.start.cast::<A>().add(at), width)
                };
                reduce::finish_columns::<A>(*op, blocks, width, sums);
            }
        });
        !failed.into_inner()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parts::tests::on_any_number_of_threads;
    use crate::native::set_mode;
    use crate::tile::laws::{Random, any_layout, elements, same};
    use crate::tile::{ProgramBuilder, ScalarOp};

    /// Reductions of (x - y)² and of |x|, perhaps with x - y, which is kept.
    fn fold(dtype: DType, op: ReduceOp, shape: &[usize], axes: &[usize], keeps: bool) -> Fold {
        let mut program = ProgramBuilder::new();
        let (x, y) = (program.input(dtype), program.input(dtype));
        let difference = program.op(ScalarOp::Sub, &[x, y]);
        let square = program.op(ScalarOp::Square, &[difference]);
        let size = program.op(ScalarOp::Abs, &[x]);
        let (results, mut ops) = ([square, size, difference], vec![Some(op), Some(op), None]);
        ops.truncate(2 + keeps as usize);
        Fold::new(program.finish(&results[..ops.len()]), shape.into(), axes.into(), ops)
    }

    #[test]
    fn what_is_only_reduced_has_code_too() {
        if !native::is_available() {
            return;
        }
        let mut program = ProgramBuilder::new();
        let x = program.input(DType::F32);
        let sum = vec![Some(ReduceOp::Sum)];
        let fold = Fold::new(program.finish(&[x]), [1 << 16][..].into(), [0][..].into(), sum);
        let x = Tensor::zeros(DType::F32, &[1 << 16]).unwrap().contiguous().unwrap();
        let is_done = |_| {
            fold.run([x.clone()].into_iter().collect()).unwrap();
            fold.code_bytes() > 0
        };
        assert!((0..100).any(is_done), "a sum that is computed again and again");
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let cases: [(&[usize], &[usize]); 5] = [
            (&[200_000], &[0]),
            (&[300, 700], &[1]),
            (&[300, 700], &[0]),
            (&[50_000, 3], &[1]),
            (&[3, 2000, 40], &[1]),
        ];
        for dtype in [DType::F32, DType::F64] {
            for (shape, axes) in cases {
                let fold = fold(dtype, ReduceOp::Sum, shape, axes, axes.len() == shape.len());
                let count = layout::count(shape);
                let waves: Vec<f64> = (0..count).map(|n| (n as f64 * 0.37).sin()).collect();
                let x = Tensor::from_slice(&waves, shape).unwrap();
                let x = if dtype == DType::F64 {
                    x
                } else {
                    let halves: Vec<f32> = waves.iter().map(|&x| x as f32).collect();
                    Tensor::from_slice(&halves, shape).unwrap()
                };
                on_any_number_of_threads(|| {
                    let inputs = [x.clone(), x.clone()].into_iter().collect();
                    let results = fold.run(inputs).unwrap();
                    results.iter().map(|y| y.bytes().unwrap().to_vec()).collect::<Vec<_>>()
                });
            }
        }
    }

    #[test]
    fn code_reduces_as_the_kernels_do() {
        let mut random = Random(3);
        let cases: [(&[usize], &[usize]); 18] = [
            (&[50, 3], &[1]),
            (&[7, 16], &[1]),
            (&[2, 30, 8], &[2]),
            (&[1, 2], &[0, 1]),
            (&[40, 3], &[0]),
            (&[70, 700], &[0]),
            (&[2, 1500, 30], &[1]),
            (&[3, 5, 2, 9], &[1, 2]),
            (&[1100, 5], &[0]),
            (&[2, 3, 4, 100], &[1]),
            (&[300, 17], &[1]),
            (&[17], &[0]),
            (&[1000], &[0]),
            (&[5, 33], &[1]),
            (&[3, 2, 1500], &[2]),
            (&[2, 3, 40], &[1, 2]),
            (&[4, 1, 70], &[1, 2]),
            (&[70000], &[0]),
        ];
        for dtype in [DType::F32, DType::F64, DType::I32, DType::U32, DType::I64, DType::U64] {
            for op in [ReduceOp::Sum, ReduceOp::Prod, ReduceOp::Max, ReduceOp::Min] {
                for (shape, axes) in cases {
                    for keeps in [true, false, false] {
                        let fold = fold(dtype, op, shape, axes, keeps);
                        let inputs: Tensors =
                            (0..2).map(|_| any_layout(dtype, shape, &mut random)).collect();
                        set_mode(Mode::Native);
                        let code = fold.run(inputs.clone()).unwrap();
                        set_mode(Mode::Tile);
                        let expected = fold.run(inputs).unwrap();
                        set_mode(Mode::Auto);
                        for (x, y) in code.iter().zip(&expected) {
                            assert_eq!(x.shape(), y.shape());
                            for (x, y) in elements(x).iter().zip(&elements(y)) {
                                assert!(
                                    same(x, y),
                                    "{dtype:?} {op:?} {shape:?}: {:x?} {:x?}",
                                    x.buffer_bytes(),
                                    y.buffer_bytes()
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}
