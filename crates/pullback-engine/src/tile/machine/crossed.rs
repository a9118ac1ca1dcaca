//! Programs over inputs whose elements run across the rows of the result.
//!
//! Reading such an input along rows takes an element of another cache line each time. So blocks of
//! some rows and columns are transposed in registers, and the program is run over one block after
//! the other. Blocks of one input are transposed into an output, in place of which code computes;
//! those of others into memory that fits the first-level cache.

use bytemuck::cast_slice_mut;
use smallvec::SmallVec;

use super::{Job, Line, Outputs, Source, Strided};
use crate::kernels::copy::transpose_bytes;
use crate::native::{Argument, Target};
use crate::scratch::with_scratch;
use crate::threads;

/// Sizes of the axes that are crossed from which on transposing pays.
const SHORTEST: usize = 16;
/// Bytes of the blocks of all inputs, which fit the first-level cache.
const BLOCK_BYTES: usize = 16 << 10;
/// Bytes of the blocks of an input that lies in an output, which fit the second-level cache.
const IN_PLACE_BYTES: usize = 256 << 10;
/// Rows of a block for code, which takes all rows at once.
const ROWS: usize = 64;
/// Elements of a chunk, where so few are whole cache lines of an input.
const CHUNK: usize = 64 << 10;
/// Bytes of an output from which on it is written past the caches, which it would only fill.
const STREAMED: usize = 8 << 20;
/// Bytes of a cache line.
const LINE: usize = 64;

/// The axis before the last that elements run along, if there is one, and both are long enough for
/// squares.
pub(super) fn crossing(sizes: &[usize], strides: &[isize]) -> Option<usize> {
    let (last, outer) = sizes.split_last()?;
    if *last < SHORTEST || matches!(strides[outer.len()], 0 | 1) {
        return None;
    }
    (0..outer.len()).rev().find(|&axis| strides[axis] == 1 && outer[axis] >= SHORTEST)
}

/// The elements of a chunk: whole entries of an axis that an input runs along, of which whole cache
/// lines of the input, or where entries are large as many as make blocks of equal height, and one
/// for each thread.
pub(super) fn chunk(sizes: &[usize], axis: usize, size: usize) -> usize {
    let entry: usize = sizes[axis + 1..].iter().product();
    let line = LINE / size.clamp(1, LINE);
    let whole = CHUNK / entry / line * line;
    if whole >= ROWS || axis + 2 == sizes.len() {
        return whole.max(line) * entry;
    }
    let threads = if axis == 0 { threads::num_threads() } else { 1 };
    sizes[axis].div_ceil(sizes[axis].div_ceil(ROWS).max(threads)) * entry
}

/// Some rows and columns of the result.
#[derive(Clone, Copy)]
struct Block {
    /// The axis of rows; that of columns is the last.
    axis: usize,
    /// The position of the first element in row-major order.
    at: usize,
    rows: usize,
    /// Elements from row to row.
    pitch: usize,
    columns: usize,
}

/// An input whose blocks are put where those of an output will be.
#[derive(Clone, Copy)]
struct InPlace {
    input: usize,
    output: usize,
}

impl Job<'_> {
    /// Whether blocks of an input are put together, those of which lie elsewhere than in rows.
    fn is_blocked(&self, source: &Source, axis: usize) -> bool {
        match source {
            Source::Strided(strided) => {
                strided.strides[self.sizes.len() - 1] != 1 || strided.strides[axis] < 0
            }
            _ => false,
        }
    }

    /// Computes elements `start..start + count`, which are whole entries of the axis that is
    /// crossed, and all that `outputs` have.
    pub(super) fn run_crossed(
        &self,
        axis: usize,
        start: usize,
        count: usize,
        outputs: &mut Outputs,
    ) {
        let (height, row) = (self.sizes[axis], self.sizes[self.sizes.len() - 1]);
        let pitch: usize = self.sizes[axis + 1..].iter().product();
        let streams = self.streams(row);
        let in_place = if streams { None } else { self.in_place(axis) };
        let dtypes = self.sources.iter().zip(&self.program.inputs).enumerate();
        let blocked = dtypes.filter(|(_, (source, _))| self.is_blocked(source, axis));
        let blocked: SmallVec<[(usize, usize); 4]> =
            blocked.map(|(n, (_, dtype))| (n, dtype.size())).collect();
        // Those that need memory of their own.
        let is_in_place = |n: usize| in_place.is_some_and(|it| it.input == n);
        let own = || blocked.iter().filter(|&&(n, _)| !is_in_place(n)).map(|&(_, size)| size);
        let (sizes, narrow) = (own().sum::<usize>(), blocked.iter().map(|&(_, size)| size).min());
        // Whole squares, and without code whole tiles, row by row.
        let side = LINE / narrow.unwrap_or(1).max(1);
        let high = ROWS.max(side);
        let (rows, columns) = match &self.code {
            None => (side, self.tile),
            Some(_) if sizes == 0 => (high, IN_PLACE_BYTES / (high * narrow.unwrap_or(1).max(1))),
            Some(_) => (high, BLOCK_BYTES / (high * sizes)),
        };
        let narrowest = self.program.outputs.iter().map(|dtype| dtype.size()).min();
        let whole = if streams { LINE / narrowest.unwrap_or(LINE).max(1) } else { 1 };
        let columns = columns.max(1).next_multiple_of(side.max(whole)).min(row);
        let mut lines: usize = own().map(|size| (rows * columns * size).div_ceil(LINE)).sum();
        if streams {
            let sizes: usize = self.program.outputs.iter().map(|dtype| dtype.size()).sum();
            lines += rows * columns * sizes / LINE;
        }
        with_scratch(self.lines_of_tiles() + lines, |scratch: &mut [Line]| {
            let (tiles, blocks) = scratch.split_at_mut(self.lines_of_tiles());
            let (mut at, end) = (start / pitch, (start + count) / pitch);
            while at < end {
                let rows = rows.min(height - at % height).min(end - at);
                let first = at * pitch;
                for from in (first..first + pitch).step_by(row) {
                    for column in (0..row).step_by(columns) {
                        let columns = columns.min(row - column);
                        let block = Block { axis, at: from + column, rows, pitch, columns };
                        let memory = [&mut *tiles, &mut *blocks];
                        self.run_block(block, start, memory, (streams, in_place), outputs);
                    }
                }
                at += rows;
            }
        });
        if streams {
            stream::finish();
        }
    }

    /// Whether outputs are written past the caches: where they are large, and whole cache lines.
    fn streams(&self, row: usize) -> bool {
        let count: usize = self.sizes.iter().product();
        let is_donated = |source: &Source| matches!(source, Source::Donated(_));
        self.code.is_some()
            && !self.sources.iter().any(is_donated)
            && self.program.outputs.iter().all(|dtype| {
                count * dtype.size() >= STREAMED && (row * dtype.size()).is_multiple_of(LINE)
            })
    }

    /// The input that lies in an output, if one of them can: code that may fail needs it again.
    fn in_place(&self, axis: usize) -> Option<InPlace> {
        if self.code.as_ref().is_none_or(|code| code.may_fail) {
            return None;
        }
        let is_taken = |output: usize| {
            self.sources.iter().any(|source| matches!(source, Source::Donated(n) if *n == output))
        };
        let sizes = || self.program.outputs.iter().map(|dtype| dtype.size());
        self.sources.iter().zip(&self.program.inputs).enumerate().find_map(|(input, it)| {
            let (source, dtype) = it;
            let fits = |(output, size): (usize, usize)| size == dtype.size() && !is_taken(output);
            let output =
                sizes().enumerate().position(fits).filter(|_| self.is_blocked(source, axis))?;
            Some(InPlace { input, output })
        })
    }

    /// Computes a block of outputs that begin at element `start`, with memory for tiles and for
    /// blocks of inputs.
    fn run_block(
        &self,
        block: Block,
        start: usize,
        [tiles, blocks]: [&mut [Line]; 2],
        (streams, in_place): (bool, Option<InPlace>),
        outputs: &mut Outputs,
    ) {
        let Block { axis, at, rows, pitch, columns } = block;
        let mut rest: &mut [u8] = cast_slice_mut(blocks);
        let mut filled: SmallVec<[Option<&[u8]>; 6]> = SmallVec::new();
        for (n, (source, &dtype)) in self.sources.iter().zip(&self.program.inputs).enumerate() {
            let output = in_place.and_then(|it| (it.input == n).then_some(it.output));
            filled.push(match (source, output) {
                (Source::Strided(strided), Some(output)) => {
                    let target = &mut outputs[output][(at - start) * dtype.size()..];
                    strided.block(dtype.size(), &self.sizes, block, (target, pitch));
                    None
                }
                (Source::Strided(strided), _) if self.is_blocked(source, axis) => {
                    let bytes = rows * columns * dtype.size();
                    let (now, later) =
                        std::mem::take(&mut rest).split_at_mut(bytes.next_multiple_of(LINE));
                    rest = later;
                    let now = &mut now[..bytes];
                    strided.block(dtype.size(), &self.sizes, block, (now, columns));
                    Some(now)
                }
                _ => None,
            });
        }
        if streams {
            // The results of the block lie in memory of its own first.
            let (mut own, mut parts) = (Block { pitch: columns, ..block }, Outputs::new());
            own.at = start;
            for dtype in &self.program.outputs {
                let bytes = rows * columns * dtype.size();
                let (now, later) = std::mem::take(&mut rest).split_at_mut(bytes);
                rest = later;
                parts.push(now);
            }
            if self.run_code_on(block, (start, own), &filled, None, &mut parts) {
                let each = outputs.iter_mut().zip(parts).zip(&self.program.outputs);
                for ((output, part), dtype) in each {
                    let size = dtype.size();
                    for (n, part) in part.chunks(columns * size).enumerate() {
                        let from = (at - start + n * pitch) * size;
                        stream::copy(part, &mut output[from..][..part.len()]);
                    }
                }
                return;
            }
        } else if self.run_code_on(block, (start, block), &filled, in_place, outputs) {
            return;
        }
        for row in 0..rows {
            for column in (0..columns).step_by(self.tile) {
                let len = self.tile.min(columns - column);
                let at = at + row * pitch + column;
                let mut targets: Outputs = Outputs::new();
                for (output, dtype) in outputs.iter_mut().zip(&self.program.outputs) {
                    targets.push(&mut output[(at - start) * dtype.size()..][..len * dtype.size()]);
                }
                let parts = filled.iter().zip(&self.program.inputs).map(|(block, dtype)| {
                    let size = dtype.size();
                    block.map(|block| &block[(row * columns + column) * size..][..len * size])
                });
                let parts: SmallVec<[Option<&[u8]>; 6]> = parts.collect();
                self.run_tile(at, len, &parts, &mut self.tiles(tiles), &mut targets);
            }
        }
    }

    /// Computes a block by code, if there is any and it succeeds; `filled` holds the inputs that do
    /// not lie in rows. The outputs, which begin at element `start`, have it where `own` says.
    fn run_code_on(
        &self,
        block: Block,
        (start, own): (usize, Block),
        filled: &[Option<&[u8]>],
        in_place: Option<InPlace>,
        outputs: &mut Outputs,
    ) -> bool {
        let Some(code) = &self.code else { return false };
        let Block { axis, at, rows, pitch, columns } = block;
        let row = self.sizes[self.sizes.len() - 1];
        let mut arguments: SmallVec<[Argument; 8]> = SmallVec::new();
        // Whether rows follow each other without gaps in all that the code reads and writes.
        let mut is_dense = columns == pitch && columns == own.pitch;
        for (n, (source, dtype)) in self.sources.iter().zip(&self.program.inputs).enumerate() {
            let size = dtype.size();
            let output = in_place.and_then(|it| (it.input == n).then_some(it.output));
            arguments.push(match (source, filled[n], output) {
                (.., Some(output)) => Argument::InPlace(output),
                (_, Some(elements), _) => Argument::Elements(elements, columns * size),
                (Source::Repeated(value, _), ..) => Argument::Scalar(value),
                (Source::Contiguous(bytes), ..) => {
                    Argument::Elements(&bytes[at * size..], pitch * size)
                }
                (Source::Donated(output), ..) => Argument::InPlace(*output),
                (Source::Strided(strided), ..) => {
                    let from = strided.row_start(&self.sizes, at / row) + at % row;
                    let step = strided.strides[axis] as usize;
                    is_dense &= step == columns;
                    Argument::Elements(&strided.bytes[from * size..], step * size)
                }
            });
        }
        let targets: SmallVec<[Target; 4]> = outputs
            .iter_mut()
            .zip(&self.program.outputs)
            .map(|(output, dtype)| {
                Target::row(output).part(own.at - start, own.pitch, dtype.size())
            })
            .collect();
        let shape = if is_dense { [1, rows * columns] } else { [rows, columns] };
        // SAFETY: the targets are slices that this call has for itself.
        unsafe { code.run(shape, &arguments, &targets) }
    }
}

impl Strided<'_> {
    /// Copies a block, row after row, to a target with so many elements from row to row.
    fn block(
        &self,
        size: usize,
        sizes: &[usize],
        block: Block,
        (target, pitch): (&mut [u8], usize),
    ) {
        let Block { axis, at, rows, columns, .. } = block;
        let last = sizes.len() - 1;
        let (row, across, down) = (sizes[last], self.strides[last], self.strides[axis]);
        let start = self.row_start(sizes, at / row) as isize + (at % row) as isize * across;
        if down == 1 {
            let shape = [rows, columns];
            return transpose_bytes(size, self.bytes, (start, across), target, pitch, shape);
        }
        for (n, target) in target.chunks_mut(pitch * size).take(rows).enumerate() {
            let target = &mut target[..columns * size];
            self.row(size, start + n as isize * down, across, target);
        }
    }
}

/// Copies that leave the caches as they are.
mod stream {
    /// Copies whole cache lines to where one begins.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn copy(source: &[u8], target: &mut [u8]) {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};
        const WIDTH: usize = size_of::<__m128i>();
        assert!(target.as_ptr().addr().is_multiple_of(WIDTH), "a target of whole cache lines");
        assert!(source.len() == target.len() && source.len().is_multiple_of(WIDTH));
        for at in (0..source.len()).step_by(WIDTH) {
            // SAFETY: both have a register's bytes there, and the target is aligned to one. Before
            // other threads may read the target, `finish` is called.
            unsafe {
                let value = _mm_loadu_si128(source.as_ptr().add(at).cast());
                _mm_stream_si128(target.as_mut_ptr().add(at).cast(), value);
            }
        }
    }

    /// Orders the copies of this thread before all that it does from now on.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn finish() {
        // SAFETY: every processor of this architecture has this instruction.
        #[allow(unused_unsafe)]
        unsafe {
            std::arch::x86_64::_mm_sfence();
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn copy(source: &[u8], target: &mut [u8]) {
        target.copy_from_slice(source);
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn finish() {}
}

#[cfg(test)]
mod tests {
    use smallvec::smallvec;

    use crate::dtype::{DType, Element};
    use crate::native::{Mode, set_mode};
    use crate::tensor::Tensor;
    use crate::tile::{ProgramBuilder, ScalarOp};

    /// Adds views of arrays, and compares with the sum of what they hold copied out.
    fn check<T: Element + PartialEq>(views: &[Tensor], value: &Tensor) {
        let sum = |inputs: &[Tensor]| {
            let mut builder = ProgramBuilder::new();
            let mut sum = builder.constant(value);
            for _ in inputs {
                let input = builder.input(T::DTYPE);
                sum = builder.op(ScalarOp::Add, &[sum, input]);
            }
            let program = builder.finish(&[sum]);
            let y = program.run(inputs.iter().cloned().collect(), inputs[0].shape()).unwrap();
            y[0].to_vec::<T>()
        };
        let copies: Vec<Tensor> = views.iter().map(|x| x.contiguous().unwrap()).collect();
        for mode in [Mode::Tile, Mode::Native] {
            set_mode(mode);
            assert!(sum(views) == sum(&copies), "views of shape {:?}", views[0].shape());
        }
        set_mode(Mode::Auto);
    }

    fn views<T: Element + PartialEq>(value: impl Fn(usize) -> T) {
        for shape in [[16, 16, 16], [40, 33, 70], [3, 130, 65], [1, 200, 129], [17, 5, 90]] {
            let array = |axes: [usize; 3], seed: usize| {
                // The array that is of this shape with its axes in this order.
                let mut own = [0; 3];
                (0..3).for_each(|n| own[axes[n]] = shape[n]);
                let values: Vec<T> =
                    (0..own.iter().product()).map(|i| value(i * 7 + seed)).collect();
                Tensor::from_slice(&values, &own).unwrap().transpose(&axes).unwrap()
            };
            let one = Tensor::scalar(value(1));
            let plain = array([0, 1, 2], 5);
            let row = array([0, 1, 2], 3).slice(&[0, 0, 0], &[1, 1, shape[2]], &[1, 1, 1]).unwrap();
            let row = row.reshape(&[shape[2]]).unwrap().broadcast(&shape, &[2]).unwrap();
            for axes in [[0, 2, 1], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
                let x = array(axes, 1);
                check::<T>(std::slice::from_ref(&x), &one);
                check::<T>(&[plain.clone(), x.clone(), row.clone()], &one);
                check::<T>(&[x.clone(), array(axes, 9), array([2, 1, 0], 4)], &one);
                check::<T>(&[x.clone(), plain.reverse(&[0, 2]).unwrap()], &one);
                check::<T>(&[x.reverse(&[2]).unwrap(), plain.reverse(&[1]).unwrap()], &one);
                check::<T>(&[x.reverse(&[0, 1]).unwrap(), x], &one);
            }
        }
    }

    #[test]
    fn views_across_rows_of_every_width() {
        views(|i| i as u8);
        views(|i| i as i16);
        views(|i| (i % 4096) as f32);
        views(|i| i as i64);
        views(|i| num_complex::Complex::new((i % 1000) as f64, 1.0));
    }

    #[test]
    fn large_results_are_written_past_the_caches() {
        let (rows, columns) = (1408, 1501);
        let values: Vec<f32> = (0..rows * columns).map(|i| (i % 8191) as f32).collect();
        let x = Tensor::from_slice(&values, &[rows, columns]).unwrap();
        let x = x.transpose(&[1, 0]).unwrap();
        check::<f32>(std::slice::from_ref(&x), &Tensor::scalar(2.0f32));
        let y = x.slice(&[1, 64], &[columns, rows], &[1, 1]).unwrap();
        check::<f32>(&[y.clone(), y], &Tensor::scalar(2.0f32));
    }

    #[test]
    fn many_wide_inputs_across_rows() {
        type C = num_complex::Complex<f64>;
        let values: Vec<C> = (0..20 * 50).map(|i| C::new(i as f64, 2.0)).collect();
        let x = Tensor::from_slice(&values, &[20, 50]).unwrap().transpose(&[1, 0]).unwrap();
        check::<C>(&vec![x; 20], &Tensor::scalar(C::new(1.0, 0.0)));
    }

    #[test]
    fn nothing_across_rows() {
        let x = Tensor::zeros(DType::F32, &[0, 20]).unwrap();
        check::<f32>(&[x.transpose(&[1, 0]).unwrap()], &Tensor::scalar(1.0f32));
        let mut builder = ProgramBuilder::new();
        let input = builder.input(DType::F32);
        let program = builder.finish(&[input]);
        let y = program.run(smallvec![x.transpose(&[1, 0]).unwrap()], &[20, 0]).unwrap();
        assert_eq!(y[0].shape(), [20, 0]);
    }
}
