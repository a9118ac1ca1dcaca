//! Elementwise programs whose results are reduced as they are computed.
//!
//! `sum(f(x))` reads `x` and writes one number: the values of `f` stay in registers. Where there
//! is no code for that, the program runs and its results are reduced one after another, which
//! gives the same bits: code accumulates in the order that `reduce` defines.

use std::sync::Mutex;

use bytemuck::cast_slice_mut;
use smallvec::SmallVec;

use super::common::{Number, Walk};
use super::reduce::{self, ROUNDS, Reduce, ReduceOp};
use super::{Form, Kernel, Tensors};
use crate::buffer::Buffer;
use crate::dtype::{DType, Element};
use crate::error::Result;
use crate::layout::{self, Layout, Shape, Strides};
use crate::native::{self, Argument, Code, Codes, Lanes, Mode, lanes_of};
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

    fn form(&self) -> Form<'_> {
        Form::Fold(self)
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        if let Some(results) = self.run_code(&inputs)? {
            return Ok(results);
        }
        let results = self.program.run(inputs, &self.shape)?;
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

/// How an input is walked.
enum Source<'a> {
    Repeated(Tensor),
    /// One element for each row, or the elements of each row one after another.
    Rows {
        tensor: &'a Tensor,
        layout: Layout,
        strides: Strides,
        is_scalar: bool,
    },
}

/// Rows of elements that are reduced, and the axes over which there are rows.
struct Rows<'a> {
    kept: Shape,
    length: usize,
    sources: SmallVec<[Source<'a>; 4]>,
}

impl Fold {
    /// The type of what is reduced, if code can: all results have one, and the last axes are
    /// reduced to their end.
    fn reduced_type(&self) -> Option<DType> {
        let first = *self.axes.first()?;
        let trailing = (first..self.shape.len())
            .all(|axis| self.shape[axis] == 1 || self.axes.contains(&axis));
        let outputs = self.program.outputs().iter().zip(&self.outputs);
        let mut types = outputs.filter(|(_, op)| op.is_some()).map(|(dtype, _)| *dtype);
        let dtype = types.next()?;
        (trailing && types.all(|other| other == dtype)).then_some(dtype)
    }

    fn rows<'a>(&self, inputs: &'a Tensors) -> Option<Rows<'a>> {
        let first = self.axes[0];
        let length = layout::count(&self.shape[first..]);
        let mut sources = SmallVec::new();
        for input in inputs {
            if input.is_repeated() {
                let layout = input.layout();
                let size = input.dtype().size();
                let element = &input.buffer_bytes()[layout.offset * size..][..size];
                sources.push(Source::Repeated(Tensor::scalar_from_bytes(input.dtype(), element)));
                continue;
            }
            let layout = input.layout();
            let row = Layout {
                shape: layout.shape[first..].into(),
                strides: layout.strides[first..].into(),
                offset: 0,
            };
            let is_scalar =
                row.shape.iter().zip(&row.strides).all(|(&size, &stride)| size == 1 || stride == 0);
            if !is_scalar && !row.is_contiguous() {
                return None;
            }
            let strides = layout.strides[..first].into();
            sources.push(Source::Rows { tensor: input, layout, strides, is_scalar });
        }
        Some(Rows { kept: self.shape[..first].into(), length, sources })
    }

    /// The results by code; none if there is none for these inputs, or it failed.
    fn run_code(&self, inputs: &Tensors) -> Result<Option<Tensors>> {
        let Some(dtype) = self.reduced_type() else { return Ok(None) };
        let count = layout::count(&self.shape);
        let Some(rows) = self.rows(inputs).filter(|rows| count > 0 && rows.suit_code()) else {
            return Ok(None);
        };
        let mut scalars = 0u64;
        for (n, source) in rows.sources.iter().enumerate() {
            let is_scalar =
                matches!(source, Source::Repeated(_) | Source::Rows { is_scalar: true, .. });
            scalars |= (is_scalar as u64).checked_shl(n as u32).unwrap_or(0);
        }
        let Some(code) = self.codes.get(&self.program, &self.outputs, scalars, count) else {
            return Ok(None);
        };
        match dtype {
            DType::F32 => self.folded::<f32, 32>(&code, &rows),
            DType::F64 => self.folded::<f64, 16>(&code, &rows),
            DType::I32 => self.folded::<i32, 32>(&code, &rows),
            DType::U32 => self.folded::<u32, 32>(&code, &rows),
            DType::I64 => self.folded::<i64, 16>(&code, &rows),
            DType::U64 => self.folded::<u64, 16>(&code, &rows),
            _ => Ok(None),
        }
    }

    fn folded<A: Number + Element, const LANES: usize>(
        &self,
        code: &Code,
        rows: &Rows,
    ) -> Result<Option<Tensors>> {
        debug_assert_eq!(LANES, lanes_of(A::DTYPE));
        let row_count = layout::count(&rows.kept);
        let block = LANES * ROUNDS;
        let blocks_of_row = rows.length.div_ceil(block);
        let blocks = row_count * blocks_of_row;
        let folds = self.outputs.iter().filter(|output| output.is_some()).count();
        let mut kept: SmallVec<[Buffer; 4]> = SmallVec::new();
        for (dtype, output) in self.program.outputs().iter().zip(&self.outputs) {
            if output.is_none() {
                kept.push(Buffer::new(*dtype, row_count * rows.length)?);
            }
        }
        // What each block comes to, for one fold after another.
        let mut lanes: Vec<Lanes> = vec![Lanes([0; 128]); blocks * folds];
        let starts: Vec<SmallVec<[isize; 4]>> = rows.starts();
        // A part is some rows, or some blocks of one row.
        let in_part = (PART / rows.length.min(block)).max(1);
        let parts = blocks.div_ceil(in_part);
        let mut work: Vec<Mutex<Part>> = Vec::with_capacity(parts);
        {
            let mut lanes = lanes.as_mut_slice();
            let mut rest: SmallVec<[&mut [u8]; 4]> =
                kept.iter_mut().map(Buffer::bytes_mut).collect();
            for part in 0..parts {
                let first = part * in_part;
                let last = (first + in_part).min(blocks);
                let elements: usize =
                    (first..last).map(|at| rows.block(at % blocks_of_row, block).1).sum();
                let (now, later) = lanes.split_at_mut((last - first) * folds);
                lanes = later;
                let mut outputs: SmallVec<[&mut [u8]; 4]> = SmallVec::new();
                for (rest, size) in rest.iter_mut().zip(self.kept_sizes()) {
                    let (now, later) = std::mem::take(rest).split_at_mut(elements * size);
                    *rest = later;
                    outputs.push(now);
                }
                work.push(Mutex::new(Part { first, lanes: now, outputs }));
            }
            let failed = std::sync::atomic::AtomicBool::new(false);
            threads::for_each(parts, &|n| {
                // Each part is run once, so its lock is always free.
                let mut part = work[n].lock().expect("no thread has failed");
                let done =
                    self.run_part(code, rows, &starts, &mut part, blocks_of_row, block, folds);
                failed.fetch_or(!done, std::sync::atomic::Ordering::Relaxed);
            });
            drop(work);
            if failed.into_inner() {
                return Ok(None);
            }
        }
        self.collect::<A, LANES>(rows, &lanes, blocks_of_row, kept).map(Some)
    }

    fn kept_sizes(&self) -> impl Iterator<Item = usize> {
        let outputs = self.program.outputs().iter().zip(&self.outputs);
        outputs.filter(|(_, output)| output.is_none()).map(|(dtype, _)| dtype.size())
    }

    fn run_part(
        &self,
        code: &Code,
        rows: &Rows,
        starts: &[SmallVec<[isize; 4]>],
        part: &mut Part,
        blocks_of_row: usize,
        block: usize,
        folds: usize,
    ) -> bool {
        let mut done = true;
        for (n, lanes) in part.lanes.chunks_exact_mut(folds).enumerate() {
            let (row, within) =
                ((part.first + n) / blocks_of_row, (part.first + n) % blocks_of_row);
            let (start, length) = rows.block(within, block);
            let scalars: SmallVec<[Tensor; 4]> = rows.scalars(&starts[row]);
            let mut scalars = scalars.iter();
            let sources = rows.sources.iter().zip(&starts[row]);
            let arguments: SmallVec<[Argument; 8]> = sources
                .map(|(source, &at)| match source {
                    Source::Repeated(value) => Argument::Scalar(value),
                    Source::Rows { is_scalar: true, .. } => {
                        Argument::Scalar(scalars.next().expect("one for each of these sources"))
                    }
                    Source::Rows { tensor, .. } => {
                        let size = tensor.dtype().size();
                        Argument::Elements(&tensor.buffer_bytes()[(at as usize + start) * size..])
                    }
                })
                .collect();
            let mut outputs: SmallVec<[&mut [u8]; 4]> = SmallVec::new();
            for (rest, size) in part.outputs.iter_mut().zip(self.kept_sizes()) {
                let (now, later) = std::mem::take(rest).split_at_mut(length * size);
                *rest = later;
                outputs.push(now);
            }
            done &= code.run(length, &arguments, &mut outputs, lanes);
        }
        done
    }

    /// The results: what was kept, and the blocks of each row as one element.
    fn collect<A: Number + Element, const LANES: usize>(
        &self,
        rows: &Rows,
        lanes: &[Lanes],
        blocks_of_row: usize,
        kept: SmallVec<[Buffer; 4]>,
    ) -> Result<Tensors> {
        let axes = 0..self.shape.len();
        let shape: Shape =
            axes.filter(|axis| !self.axes.contains(axis)).map(|axis| self.shape[axis]).collect();
        let folds = self.outputs.iter().filter(|output| output.is_some()).count();
        let row_count = layout::count(&rows.kept);
        let (mut kept, mut fold) = (kept.into_iter(), 0);
        let mut results = Tensors::new();
        for (&dtype, output) in self.program.outputs().iter().zip(&self.outputs) {
            let Some(op) = output else {
                let buffer = kept.next().expect("one for each result that is kept");
                results.push(Tensor::from_buffer(dtype, &self.shape, buffer));
                continue;
            };
            let own = lanes.iter().skip(fold).step_by(folds);
            let blocks: Vec<[A; LANES]> = own
                .map(|lanes| {
                    let mut block = [A::ZERO; LANES];
                    cast_slice_mut::<A, u8>(&mut block).copy_from_slice(&lanes.0);
                    block
                })
                .collect();
            let mut buffer = Buffer::new(dtype, row_count)?;
            reduce::finish(*op, &blocks, blocks_of_row, buffer.slice_mut::<A>());
            results.push(Tensor::from_buffer(dtype, &shape, buffer));
            fold += 1;
        }
        Ok(results)
    }
}

/// Elements that are worth a thread's while.
const PART: usize = 1 << 14;

/// Blocks that one thread reduces, one after another.
struct Part<'a> {
    first: usize,
    lanes: &'a mut [Lanes],
    outputs: SmallVec<[&'a mut [u8]; 4]>,
}

/// Elements of a row that take as long as a call of code for it.
const LONG_ROW: usize = 512;

impl Rows<'_> {
    /// Whether code is faster, or asked for. The shortest rows are reduced by a tree of their own.
    fn suit_code(&self) -> bool {
        let pays = self.length >= LONG_ROW || layout::count(&self.kept) == 1;
        self.length > 16 && (pays || native::mode() == Mode::Native)
    }

    /// Where a block of a row begins, and how long it is.
    fn block(&self, n: usize, size: usize) -> (usize, usize) {
        let start = n * size;
        (start, size.min(self.length - start))
    }

    /// For each row, where it begins in each source.
    fn starts(&self) -> Vec<SmallVec<[isize; 4]>> {
        let rows = layout::count(&self.kept);
        let mut starts = vec![SmallVec::new(); rows];
        for source in &self.sources {
            match source {
                Source::Repeated(_) => starts.iter_mut().for_each(|row| row.push(0)),
                Source::Rows { layout, strides, .. } => {
                    let walk = Walk::new(&self.kept, [strides], [layout.offset as isize]);
                    for (row, [at]) in starts.iter_mut().zip(walk) {
                        row.push(at);
                    }
                }
            }
        }
        starts
    }

    /// The elements of a row in sources that have one for each row.
    fn scalars(&self, starts: &[isize]) -> SmallVec<[Tensor; 4]> {
        let sources = self.sources.iter().zip(starts);
        let scalar = |(source, &at): (&Source, &isize)| match source {
            Source::Rows { tensor, is_scalar: true, .. } => {
                let size = tensor.dtype().size();
                let element = &tensor.buffer_bytes()[at as usize * size..][..size];
                Some(Tensor::scalar_from_bytes(tensor.dtype(), element))
            }
            _ => None,
        };
        sources.filter_map(scalar).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::set_mode;
    use crate::tile::laws::{Random, any_layout, elements, same};
    use crate::tile::{ProgramBuilder, ScalarOp};

    /// Reductions of (x - y)², which is kept, and of |x|.
    fn fold(dtype: DType, op: ReduceOp, shape: &[usize], axes: &[usize]) -> Fold {
        let mut program = ProgramBuilder::new();
        let (x, y) = (program.input(dtype), program.input(dtype));
        let difference = program.op(ScalarOp::Sub, &[x, y]);
        let square = program.op(ScalarOp::Square, &[difference]);
        let size = program.op(ScalarOp::Abs, &[x]);
        let program = program.finish(&[square, size, difference]);
        Fold::new(program, shape.into(), axes.into(), vec![Some(op), Some(op), None])
    }

    #[test]
    fn code_reduces_as_the_kernels_do() {
        let mut random = Random(3);
        let cases: [(&[usize], &[usize]); 7] = [
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
                    let fold = fold(dtype, op, shape, axes);
                    for _ in 0..3 {
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
                                assert!(same(x, y), "{dtype:?} {op:?} {shape:?}: {x:?} {y:?}");
                            }
                        }
                    }
                }
            }
        }
    }
}
