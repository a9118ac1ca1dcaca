//! Elementwise programs whose results are reduced as they are computed.
//!
//! `sum(f(x))` reads `x` and writes one number: the values of `f` stay in registers. Where there
//! is no code for that, the program runs and its results are reduced one after another, which
//! gives the same bits: code accumulates in the order that `reduce` defines.
//!
//! What is reduced is one axis, made of neighbouring ones. If it is the last, each row is
//! accumulated over lanes; if not, each of its rows is combined, element by element, with what
//! the rows before came to.

use smallvec::SmallVec;

use super::common::merged;
use super::reduce::{Reduce, ReduceOp, lanes_of};
use super::{Kernel, Tensors};
use crate::cost::{Cost, TensorType, TensorTypes};
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::{self, Shape};
use crate::native::{self, Codes, Form, Mode};
use crate::tensor::Tensor;
use crate::tile::Program;

mod code;

use code::Run;

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

/// Fewer columns than this are reduced as one long row.
const NARROW: usize = 32;
/// Fewer elements than this are reduced before code would have begun.
const FEW: usize = 32;
/// Rows as short as this are reduced by a tree of their own.
const SHORT_ROW: usize = 16;
/// Rows of a lane that are combined at a time, where columns are reduced.
const TOGETHER: u8 = 4;
/// Operations on an element next to which reading and writing what rows come to is little.
const MANY: usize = 12;

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
        let mut form = Form { by_column: (axes.inner > 1) as u8, ..Form::default() };
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
        // Where many rows are combined, what they come to is read and written once for several.
        let mut several = None;
        if axes.length >= TOGETHER as usize * lanes_of(dtype) && self.takes_several() {
            let form = Form { by_column: TOGETHER, ..form };
            several = self.codes.get(&self.program, &self.outputs, form, count);
        }
        let several = several.as_deref().map(|code| (code, TOGETHER as usize));
        let run = Run { code: &code, several, axes: &axes, sources: &sources };
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

    /// Whether several rows are combined at a time, if columns are reduced.
    fn takes_several(&self) -> bool {
        let rows = self.program.inputs().len() * TOGETHER as usize;
        rows <= 16
            && self.program.instructions.len() <= MANY
            && self.outputs.iter().all(Option::is_some)
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
}

#[cfg(test)]
mod tests;
