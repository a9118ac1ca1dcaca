//! Runs programs tile by tile.
//!
//! Inputs are prepared once: a scalar fills a tile, contiguous elements are read where they
//! lie, and the axes of all other layouts are merged as far as possible, so that their tiles
//! are gathered from long rows. Then every chunk of tiles is independent of the others.

use std::sync::Arc;

use bytemuck::{bytes_of, bytes_of_mut, cast_slice, cast_slice_mut};
use smallvec::SmallVec;

use super::program::{Element, Place, Program};
use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::Tensors;
use crate::layout::{self, Layout, Shape, Strides, merge_axes};
use crate::native::{Argument, Code, Form, Target};
use crate::scratch::with_scratch;
use crate::sync::Mutex;
use crate::tensor::Tensor;
use crate::threads;

mod crossed;
mod rows;
mod strided;

use rows::form_of;
pub(crate) use rows::run_rows_into;
use strided::{Strided, fill};

/// Bytes of a tile of the widest type in a program.
const TILE_BYTES: usize = 2048;

/// Runs a program; see [`Program::run`].
pub(crate) fn run(program: &Program, mut inputs: Tensors, shape: &[usize]) -> Result<Tensors> {
    if shape.is_empty() {
        let mut results = Tensors::new();
        run_scalars(program, &inputs, &mut results);
        return Ok(results);
    }
    let count = layout::checked_count(shape).ok_or_else(|| Error::TooLarge {
        elements: shape.iter().map(|&d| d as u128).product(),
        dtype: program.outputs.first().copied().unwrap_or(DType::Float0),
    })?;
    debug_assert_eq!(inputs.len(), program.inputs.len());
    if count == 1 {
        let numbers = inputs.iter().map(|input| input.reshape(&[])).collect::<Result<Tensors>>()?;
        let mut results = Tensors::new();
        run_scalars(program, &numbers, &mut results);
        return results.iter().map(|result| result.reshape(shape)).collect();
    }

    if count > 0 {
        localize(&mut inputs)?;
    }
    let form = form_of(&inputs, shape);
    let mut code = if count > 0 { program.codes.get(program, &[], form, count) } else { None };
    if let Some(few) = code.as_ref().filter(|_| count <= program.part)
        && let Some(arguments) = in_order(&inputs)
    {
        let mut results = Tensors::new();
        if all_at_once(program, few, &arguments, (shape, count), &mut results)? {
            return Ok(results);
        }
        // It would fail again.
        code = None;
    }
    // What code may have to be computed again keeps its inputs.
    let keeps = code.as_ref().is_some_and(|code| code.may_fail);
    let (mut buffers, donated) = donate(program, &mut inputs, if keeps { 0 } else { count });
    for (buffer, &dtype) in buffers.iter_mut().zip(&program.outputs) {
        if buffer.is_none() {
            *buffer = Some(Buffer::new(dtype, count)?);
        }
    }
    let mut buffers: SmallVec<[Buffer; 4]> = buffers.into_iter().flatten().collect();
    if count > 0 {
        let outputs = buffers.iter_mut().map(Buffer::bytes_mut).collect();
        compute(program, code, &inputs, &donated, shape, form, outputs);
    }
    let tensors = program.outputs.iter().zip(buffers);
    Ok(tensors.map(|(&dtype, buffer)| Tensor::from_buffer(dtype, shape, buffer)).collect())
}

/// Runs a program into outputs that are there already, each of as many elements as the shape has.
pub(crate) fn run_into(
    program: &Program,
    mut inputs: Tensors,
    shape: &[usize],
    mut outputs: SmallVec<[&mut [u8]; 4]>,
) -> Result<()> {
    let count = layout::count(shape);
    if count == 0 {
        return Ok(());
    }
    localize(&mut inputs)?;
    let form = form_of(&inputs, shape);
    let mut code = program.codes.get(program, &[], form, count);
    if let Some(few) = code.as_ref().filter(|_| count <= program.part)
        && let Some(arguments) = in_order(&inputs)
    {
        if at_once(few, &arguments, count, outputs.iter_mut().map(|output| &mut **output)) {
            return Ok(());
        }
        code = None;
    }
    let donated: SmallVec<[Option<usize>; 4]> = inputs.iter().map(|_| None).collect();
    compute(program, code, &inputs, &donated, shape, form, outputs);
    Ok(())
}

/// Computes all elements of the outputs; `donated` says which inputs lie in one.
fn compute(
    program: &Program,
    code: Option<Arc<Code>>,
    inputs: &Tensors,
    donated: &[Option<usize>],
    shape: &[usize],
    form: Form,
    outputs: Outputs,
) {
    let count = layout::count(shape);
    let tile = (TILE_BYTES / program.widest).min(count);
    let mut job = Job::new(program, code, inputs, donated, shape, tile);
    job.only_by_rows = form.per_row != 0 || form.pairs != 0;
    job.by_rows = job.only_by_rows || job.has_rows();
    job.run(count, outputs);
}

/// Runs a program over few elements, where its inputs are left as they are; the results are added to
/// `results`. False if it is not such a program, or cannot be run so.
pub(crate) fn run_few(
    program: &Program,
    inputs: &[Tensor],
    shape: &[usize],
    results: &mut Tensors,
) -> Result<bool> {
    if shape.is_empty() {
        run_scalars(program, inputs, results);
        return Ok(true);
    }
    let Some(count) = layout::checked_count(shape) else { return Ok(false) };
    if !(2..=program.part).contains(&count) {
        return Ok(false);
    }
    let Some(arguments) = in_order(inputs) else { return Ok(false) };
    match program.codes.made(form_of(inputs, shape)) {
        Some(code) => all_at_once(program, code, &arguments, (shape, count), results),
        None => Ok(false),
    }
}

/// Runs code over few elements into new tensors. False if some results are not right.
fn all_at_once(
    program: &Program,
    code: &Code,
    arguments: &[Argument],
    (shape, count): (&[usize], usize),
    results: &mut Tensors,
) -> Result<bool> {
    let mut buffers: SmallVec<[Buffer; 2]> = SmallVec::new();
    for &dtype in &program.outputs {
        buffers.push(Buffer::new(dtype, count)?);
    }
    if !at_once(code, arguments, count, buffers.iter_mut().map(Buffer::bytes_mut)) {
        return Ok(false);
    }
    for (&dtype, buffer) in program.outputs.iter().zip(buffers) {
        results.push(Tensor::from_buffer(dtype, shape, buffer));
    }
    Ok(true)
}

/// Inputs as arguments of code, if all are scalars or lie in order.
fn in_order(inputs: &[Tensor]) -> Option<SmallVec<[Argument<'_>; 4]>> {
    let mut arguments = SmallVec::new();
    for input in inputs {
        arguments.push(match input.rank() {
            0 => Argument::Scalar(input),
            _ => Argument::Elements(input.bytes().filter(|_| !input.is_repeated())?, 0),
        });
    }
    Some(arguments)
}

/// Runs code over few elements, without what is prepared for parts. False if some results are not
/// right.
fn at_once<'a>(
    code: &Code,
    arguments: &[Argument],
    count: usize,
    outputs: impl Iterator<Item = &'a mut [u8]>,
) -> bool {
    let targets: SmallVec<[Target; 2]> = outputs.map(Target::row).collect();
    // SAFETY: the targets are slices that this call has for itself.
    unsafe { code.run([1, count], arguments, &targets) }
}

/// Runs a program on scalars: each value has a place on the stack, and nothing is allocated.
fn run_scalars(program: &Program, inputs: &[Tensor], results: &mut Tensors) {
    let outputs = program.outputs.len();
    let mut values: SmallVec<[Element; 16]> = SmallVec::new();
    values.resize(outputs + program.slots, Element([0; 2]));
    for instruction in &program.instructions {
        let operand = |n: usize| -> &[u8] {
            let Some(&(place, size)) = instruction.operands.get(n) else { return &[] };
            let bytes = match place {
                Place::Input(input) => inputs[input].buffer_bytes(),
                Place::Constant(constant) => program.constants[constant].buffer_bytes(),
                Place::Output(output) => bytes_of(&values[output]),
                Place::Slot(slot) => bytes_of(&values[outputs + slot]),
            };
            &bytes[..size]
        };
        let operands = [operand(0), operand(1), operand(2)];
        let mut result = Element([0; 2]);
        instruction.kernel.run(
            instruction.op,
            &operands[..instruction.operands.len()],
            &mut bytes_of_mut(&mut result)[..instruction.size],
        );
        match instruction.target {
            Place::Output(output) => values[output] = result,
            Place::Slot(slot) => values[outputs + slot] = result,
            Place::Input(_) | Place::Constant(_) => {}
        }
    }
    for (&dtype, value) in program.outputs.iter().zip(&values) {
        results.push(value.tensor(dtype));
    }
}

/// Takes the buffers of inputs that no one else holds for outputs of the same size of elements.
/// Returns the buffers taken, and for each input the output that has its buffer.
fn donate(
    program: &Program,
    inputs: &mut Tensors,
    count: usize,
) -> (SmallVec<[Option<Buffer>; 4]>, SmallVec<[Option<usize>; 4]>) {
    let mut buffers: SmallVec<[Option<Buffer>; 4]> = program.outputs.iter().map(|_| None).collect();
    let mut donated = SmallVec::new();
    for input in inputs.iter_mut() {
        let size = input.dtype().size();
        let fits = |k: &usize| buffers[*k].is_none() && program.outputs[*k].size() == size;
        let mut to = (0..buffers.len()).find(fits);
        if input.is_repeated() || size == 0 || input.count() != count {
            to = None;
        }
        if let Some(k) = to {
            let empty = Tensor::scalar_from_bytes(DType::Float0, &[]);
            match std::mem::replace(input, empty).into_buffer() {
                Ok(buffer) => buffers[k] = Some(buffer),
                Err(tensor) => {
                    *input = tensor;
                    to = None;
                }
            }
        }
        donated.push(to);
    }
    (buffers, donated)
}

/// Copies inputs whose rows take an element of many cache lines each, and whose neighbours other
/// rows take: a copy that transposes in registers is faster than reading them one by one. Of those
/// that run along one axis, blocks are transposed instead, when they are needed.
fn localize(inputs: &mut Tensors) -> Result<()> {
    const LONG_ROW: usize = 32;
    const MANY: usize = 4096;
    let mut axis = None;
    for input in inputs.iter_mut() {
        if input.rank() < 2 || input.count() < MANY || input.is_contiguous() {
            continue;
        }
        let Layout { shape, strides, .. } = input.layout();
        let across = strides[strides.len() - 1].unsigned_abs() * input.dtype().size();
        let own = crossed::crossing(&shape, &strides);
        if own.is_some() && (axis.is_none() || axis == own) {
            axis = own;
            continue;
        }
        let scattered = across >= 64 && shape[shape.len() - 1] > LONG_ROW;
        // Only where a neighbour exists that another row would read.
        if scattered && strides.iter().any(|stride| stride.unsigned_abs() == 1) {
            *input = input.contiguous()?;
        }
    }
    Ok(())
}

/// Where the elements of an input come from.
enum Source<'a> {
    /// One element, and the tile of the shared memory that holds it, repeated.
    Repeated(Tensor, usize),
    Contiguous(&'a [u8]),
    Strided(Strided<'a>),
    /// The elements are in the buffer of this output until it is written.
    Donated(usize),
}

/// A program with its prepared inputs.
struct Job<'a> {
    program: &'a Program,
    code: Option<Arc<Code>>,
    sources: SmallVec<[Source<'a>; 4]>,
    /// Tiles of constants, then of scalar inputs.
    shared: Vec<Line>,
    /// Lines of one tile.
    pitch: usize,
    /// Elements of one tile.
    tile: usize,
    /// The axes that strided inputs are walked along.
    sizes: Shape,
    /// Where tiles end at the end of rows, the length of those.
    row: Option<usize>,
    /// Whether code reads strided inputs along rows where they lie.
    by_rows: bool,
    /// Whether it is made for that, and not for tiles.
    only_by_rows: bool,
    /// Elements that are run by one thread before it takes the next ones.
    chunk: usize,
    /// The axis that an input runs along, if it does so across the rows.
    crossed: Option<usize>,
}

impl<'a> Job<'a> {
    fn new(
        program: &'a Program,
        code: Option<Arc<Code>>,
        inputs: &'a Tensors,
        donated: &[Option<usize>],
        shape: &[usize],
        tile: usize,
    ) -> Job<'a> {
        let pitch = (tile * program.widest).div_ceil(size_of::<Line>());
        let mut shared = Vec::new();
        let mut shared_tiles = 0;
        // Code has its scalars in the list of its arguments.
        let is_shared = code.as_ref().is_none_or(|code| code.may_fail);
        let mut share = |size: usize, element: &[u8]| {
            if !is_shared {
                return 0;
            }
            shared.resize((shared_tiles + 1) * pitch, Line::default());
            let bytes: &mut [u8] = cast_slice_mut(&mut shared[shared_tiles * pitch..]);
            fill(size, &mut bytes[..tile * size], element);
            shared_tiles += 1;
            shared_tiles - 1
        };
        for constant in &program.constants {
            share(constant.dtype().size(), constant.buffer_bytes());
        }
        let mut sources: SmallVec<[Source; 4]> = SmallVec::new();
        for (input, donated) in inputs.iter().zip(donated) {
            let size = input.dtype().size();
            sources.push(if let Some(output) = donated {
                Source::Donated(*output)
            } else if input.is_repeated() {
                let start = input.layout().offset * size;
                let element = &input.buffer_bytes()[start..start + size];
                let value = Tensor::scalar_from_bytes(input.dtype(), element);
                Source::Repeated(value, share(size, element))
            } else if let Some(bytes) = input.bytes() {
                Source::Contiguous(bytes)
            } else {
                let Layout { strides, offset, .. } = input.layout();
                Source::Strided(Strided { bytes: input.buffer_bytes(), offset, strides })
            });
        }
        let mut strided: SmallVec<[&mut Strides; 4]> = sources
            .iter_mut()
            .filter_map(|source| match source {
                Source::Strided(strided) => Some(&mut strided.strides),
                _ => None,
            })
            .collect();
        let sizes = merge_axes(shape, &mut strided);
        let row = sizes.last().copied().filter(|&row| !strided.is_empty() && row >= tile);
        drop(strided);
        let mut chunk = program.part.next_multiple_of(tile);
        let crossing = |(source, dtype): (&Source, &DType)| match source {
            Source::Strided(strided) => {
                Some((crossed::crossing(&sizes, &strided.strides)?, dtype.size()))
            }
            _ => None,
        };
        let crossed = sources.iter().zip(&program.inputs).find_map(crossing);
        if let Some((axis, size)) = crossed {
            chunk = crossed::chunk(&sizes, axis, size);
        }
        let crossed = crossed.map(|(axis, _)| axis);
        let (by_rows, only_by_rows) = (false, false);
        Job {
            program,
            code,
            sources,
            shared,
            pitch,
            tile,
            sizes,
            row,
            by_rows,
            only_by_rows,
            chunk,
            crossed,
        }
    }

    /// Lines of scratch memory for the tiles of a thread.
    fn lines_of_tiles(&self) -> usize {
        let gathered = self.sources.iter().filter(|source| source.is_gathered()).count();
        (self.program.slots + gathered) * self.pitch
    }

    /// The tiles of slots, and of sources that are gathered.
    fn tiles<'t>(&self, lines: &'t mut [Line]) -> [SmallVec<[&'t mut [u8]; 8]>; 2] {
        let mut tiles = lines.chunks_exact_mut(self.pitch).map(cast_slice_mut);
        let slots = tiles.by_ref().take(self.program.slots).collect();
        [slots, tiles.collect()]
    }

    /// Computes all elements of the outputs, `count` of each.
    fn run(&self, count: usize, outputs: Outputs) {
        let chunk = self.chunk;
        if count <= chunk {
            return self.run_chunk(0, count, outputs);
        }
        let chunks = count.div_ceil(chunk);
        let mut parts: Vec<Mutex<Outputs>> = Vec::new();
        parts.resize_with(chunks, || Mutex::new(Outputs::new()));
        for (mut rest, &dtype) in outputs.into_iter().zip(&self.program.outputs) {
            for part in &mut parts {
                let (now, later) = rest.split_at_mut((chunk * dtype.size()).min(rest.len()));
                rest = later;
                part.get_mut().expect("no thread has run yet").push(now);
            }
        }
        threads::for_each(chunks, &|i| {
            // Each chunk is run once, so its lock is always free.
            let outputs = std::mem::take(&mut *parts[i].lock().expect("no thread has failed"));
            let start = i * chunk;
            self.run_chunk(start, (count - start).min(chunk), outputs);
        });
    }

    /// Computes elements `start..start + count`, which are all that `outputs` have.
    fn run_chunk(&self, start: usize, count: usize, mut outputs: Outputs) {
        let is_strided = |source: &Source| matches!(source, Source::Strided(_));
        let has_strided = self.sources.iter().any(is_strided);
        if !has_strided && self.run_code(start, count, &[], &mut outputs)
            || has_strided && self.by_rows && self.run_rows(start, count, &mut outputs)
        {
            return;
        }
        if let Some(axis) = self.crossed {
            return self.run_crossed(axis, start, count, &mut outputs);
        }
        let none: SmallVec<[Option<&[u8]>; 6]> = SmallVec::from_elem(None, self.sources.len());
        with_scratch(self.lines_of_tiles(), |scratch: &mut [Line]| {
            let mut tiles = self.tiles(scratch);
            let (mut at, end) = (start, start + count);
            while at < end {
                let mut len = self.tile.min(end - at);
                if let Some(row) = self.row {
                    len = len.min(row - at % row);
                }
                let mut targets = Outputs::new();
                for (rest, &dtype) in outputs.iter_mut().zip(&self.program.outputs) {
                    let (now, later) = std::mem::take(rest).split_at_mut(len * dtype.size());
                    *rest = later;
                    targets.push(now);
                }
                self.run_tile(at, len, &none, &mut tiles, &mut targets);
                at += len;
            }
        });
    }

    /// Computes elements `at..at + len`. Inputs that have been put together are given.
    fn run_tile<'t>(
        &self,
        at: usize,
        len: usize,
        filled: &[Option<&'t [u8]>],
        [slots, gathered]: &mut [SmallVec<[&'t mut [u8]; 8]>; 2],
        targets: &mut [&'t mut [u8]],
    ) {
        let mut tiles = gathered.iter_mut();
        let mut inputs: SmallVec<[&[u8]; 6]> = SmallVec::new();
        for (n, (source, &dtype)) in self.sources.iter().zip(&self.program.inputs).enumerate() {
            let size = dtype.size();
            let tile = if source.is_gathered() { tiles.next() } else { None };
            if let Some(elements) = filled[n] {
                inputs.push(elements);
                continue;
            }
            inputs.push(match (source, tile) {
                // Code computes in place.
                (Source::Donated(_), Some(_)) if self.code.is_some() => &[],
                (Source::Donated(output), Some(tile)) => {
                    tile[..len * size].copy_from_slice(targets[*output]);
                    tile
                }
                (Source::Strided(strided), Some(tile)) => {
                    strided.tile(size, &self.sizes, at, &mut tile[..len * size])
                }
                (Source::Contiguous(bytes), _) => &bytes[at * size..],
                (Source::Repeated(_, index), _) => self.shared_tile(*index),
                // A gathered source has its tile.
                (Source::Donated(_) | Source::Strided(_), None) => &[],
            });
        }
        if self.run_code(at, len, &inputs, targets) {
            return;
        }
        for instruction in &self.program.instructions {
            let size = instruction.size;
            let target: &mut [u8] = match instruction.target {
                Place::Slot(slot) => std::mem::take(&mut slots[slot]),
                Place::Output(output) => std::mem::take(&mut targets[output]),
                Place::Input(_) | Place::Constant(_) => &mut [],
            };
            let operand = |n: usize| -> &[u8] {
                let Some(&(place, size)) = instruction.operands.get(n) else { return &[] };
                let bytes: &[u8] = match place {
                    Place::Input(input) => inputs[input],
                    Place::Constant(constant) => self.shared_tile(constant),
                    Place::Slot(slot) => slots[slot],
                    Place::Output(output) => targets[output],
                };
                &bytes[..len * size]
            };
            let operands = [operand(0), operand(1), operand(2)];
            instruction.kernel.run(
                instruction.op,
                &operands[..instruction.operands.len()],
                &mut target[..len * size],
            );
            match instruction.target {
                Place::Slot(slot) => slots[slot] = target,
                Place::Output(output) => targets[output] = target,
                Place::Input(_) | Place::Constant(_) => {}
            }
        }
    }

    /// Computes elements `at..at + len` by code, if there is any and it succeeds; `tiles` holds
    /// the elements of strided inputs.
    fn run_code(&self, at: usize, len: usize, tiles: &[&[u8]], targets: &mut [&mut [u8]]) -> bool {
        let Some(code) = self.code.as_ref().filter(|_| !self.only_by_rows) else { return false };
        let sources = self.sources.iter().zip(&self.program.inputs).enumerate();
        let arguments: SmallVec<[Argument; 8]> = sources
            .map(|(n, (source, dtype))| match source {
                Source::Repeated(value, _) => Argument::Scalar(value),
                Source::Contiguous(bytes) => Argument::Elements(&bytes[at * dtype.size()..], 0),
                Source::Strided(_) => Argument::Elements(tiles[n], 0),
                Source::Donated(output) => Argument::InPlace(*output),
            })
            .collect();
        let targets: SmallVec<[Target; 4]> =
            targets.iter_mut().map(|target| Target::row(target)).collect();
        // SAFETY: the targets are slices that this call has for itself.
        unsafe { code.run([1, len], &arguments, &targets) }
    }

    fn shared_tile(&self, index: usize) -> &[u8] {
        self.shared.get(index * self.pitch..(index + 1) * self.pitch).map_or(&[], cast_slice)
    }
}

impl Source<'_> {
    /// Whether tiles are copied to scratch memory before they are read.
    fn is_gathered(&self) -> bool {
        matches!(self, Source::Strided(_) | Source::Donated(_))
    }
}

/// The current part of each output.
type Outputs<'a> = SmallVec<[&'a mut [u8]; 4]>;

/// A cache line; the unit and the alignment of tiles.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

impl Default for Line {
    fn default() -> Line {
        Line([0; 64])
    }
}

#[cfg(test)]
mod tests;
