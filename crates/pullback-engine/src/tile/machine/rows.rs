//! Code that reads inputs along rows where they lie, and writes rows of larger arrays.

use smallvec::SmallVec;

use super::{Job, Source};
use crate::kernels::Tensors;
use crate::layout::{self, Strides, merge_axes};
use crate::native::{Argument, Form, Target};
use crate::tensor::Tensor;
use crate::tile::program::Program;

/// Runs a program by code into rows of larger arrays: all axes but the last are one in the targets.
/// False if there is no code for inputs that lie like these, or some results are not right.
///
/// # Safety
/// The targets are memory that may be written, and that nothing else reads or writes meanwhile.
pub(crate) unsafe fn run_rows_into(
    program: &Program,
    inputs: &Tensors,
    shape: &[usize],
    targets: &[Target],
) -> bool {
    let (count, Some((&columns, outer))) = (layout::count(shape), shape.split_last()) else {
        return false;
    };
    if count == 0 {
        return true;
    }
    let number = |input: &Tensor| {
        let size = input.dtype().size();
        let element = || &input.buffer_bytes()[input.layout().offset * size..][..size];
        input.is_repeated().then(|| Tensor::scalar_from_bytes(input.dtype(), element()))
    };
    let numbers: SmallVec<[Option<Tensor>; 4]> = inputs.iter().map(number).collect();
    let mut form = Form::default();
    let mut arguments: SmallVec<[Argument; 4]> = SmallVec::new();
    for (n, (input, number)) in inputs.iter().zip(&numbers).enumerate() {
        let bit = 1u64.checked_shl(n as u32).unwrap_or(0);
        if let Some(number) = number {
            form.scalars |= bit;
            arguments.push(Argument::Scalar(number));
            continue;
        }
        let (size, layout) = (input.dtype().size(), input.layout());
        let mut steps = Strides::from(&layout.strides[..outer.len()]);
        let rows = merge_axes(outer, &mut [&mut steps]);
        let step = steps.first().copied().unwrap_or(0);
        if rows.len() > 1 || step < 0 {
            return false;
        }
        let (bytes, step) = (&input.buffer_bytes()[layout.offset * size..], step as usize * size);
        arguments.push(match layout.strides[outer.len()] {
            1 => Argument::Elements(bytes, step),
            2 if matches!(size, 4 | 8) && bit != 0 => {
                form.pairs |= bit;
                Argument::Elements(bytes, step)
            }
            0 if size >= 4 && bit != 0 => {
                form.scalars |= bit;
                form.per_row |= bit;
                Argument::PerRow(bytes, step)
            }
            _ => return false,
        });
    }
    let Some(code) = program.codes.get(program, &[], form, count) else { return false };
    // SAFETY: the caller says so of the targets.
    unsafe { code.run([count / columns, columns], &arguments, targets) }
}

/// What code is wanted for inputs: those that have the same element all along a row have another
/// scalar in each, if all inputs can be read along rows.
pub(super) fn form_of(inputs: &[Tensor], shape: &[usize]) -> Form {
    let bit = |n: usize| 1u64.checked_shl(n as u32).unwrap_or(0);
    let mut form = Form::default();
    let mut strided: SmallVec<[usize; 4]> = SmallVec::new();
    let mut strides: SmallVec<[Strides; 4]> = SmallVec::new();
    for (n, input) in inputs.iter().enumerate() {
        if input.is_repeated() {
            form.scalars |= bit(n);
        } else if !input.is_contiguous() {
            strided.push(n);
            strides.push(input.layout().strides);
        }
    }
    if strided.is_empty() {
        return form;
    }
    let sizes = merge_axes(shape, &mut strides.iter_mut().collect::<SmallVec<[_; 4]>>());
    let size = |n: &usize| inputs[*n].dtype().size();
    if !is_by_rows(&sizes, strides.iter().zip(strided.iter().map(size))) {
        return form;
    }
    for (&n, strides) in strided.iter().zip(&strides) {
        if strides.last() == Some(&2) {
            form.pairs |= bit(n);
        }
    }
    let repeated = strided.iter().zip(&strides).filter(|(_, strides)| strides.last() == Some(&0));
    for (&n, _) in repeated.clone() {
        form.per_row |= bit(n);
    }
    // Truth values and the like are gathered.
    let is_wide = |(&n, _): (&usize, &Strides)| n < 64 && inputs[n].dtype().size() >= 4;
    if !repeated.clone().all(is_wide) {
        form.per_row = 0;
    }
    form.scalars |= form.per_row;
    form
}

/// Rows shorter than this are gathered in tiles.
const SHORT_ROW: usize = 32;

/// Whether inputs, with the sizes of their elements, are read along rows, perhaps every second
/// element, or have the same element all along one.
fn is_by_rows<'a>(sizes: &[usize], inputs: impl Iterator<Item = (&'a Strides, usize)>) -> bool {
    let is_long = sizes.last().is_some_and(|&row| row >= SHORT_ROW);
    is_long
        && inputs.take(64).all(|(strides, size)| match strides.last() {
            Some(0 | 1) => true,
            Some(2) => matches!(size, 4 | 8),
            _ => false,
        })
}

impl Job<'_> {
    /// Whether strided inputs have their elements along rows.
    pub(super) fn has_rows(&self) -> bool {
        let strided = self.sources.iter().filter_map(|source| match source {
            Source::Strided(strided) => Some(&strided.strides),
            _ => None,
        });
        self.sizes.last().is_some_and(|&row| row >= SHORT_ROW)
            && strided.clone().all(|strides| strides.last() == Some(&1))
    }

    /// Computes elements `start..start + count` by code that reads all inputs along rows, if there
    /// is any and it succeeds.
    pub(super) fn run_rows(&self, start: usize, count: usize, outputs: &mut [&mut [u8]]) -> bool {
        let Some(code) = &self.code else { return false };
        let last = self.sizes.len() - 1;
        let row = self.sizes[last];
        let rows_together = if last > 0 { self.sizes[last - 1] } else { 1 };
        let (mut at, end) = (start, start + count);
        while at < end {
            let (index, within) = (at / row, at % row);
            let rows = ((end - at) / row).min(rows_together - index % rows_together);
            let (rows, length) = match within == 0 && rows > 0 {
                true => (rows, row),
                false => (1, (row - within).min(end - at)),
            };
            let mut is_forward = true;
            let sources = self.sources.iter().zip(&self.program.inputs);
            let mut arguments: SmallVec<[Argument; 8]> = SmallVec::new();
            for (source, dtype) in sources {
                let size = dtype.size();
                arguments.push(match source {
                    Source::Repeated(value, _) => Argument::Scalar(value),
                    Source::Contiguous(bytes) => {
                        Argument::Elements(&bytes[at * size..], row * size)
                    }
                    Source::Donated(output) => Argument::InPlace(*output),
                    Source::Strided(strided) => {
                        let step = if last > 0 { strided.strides[last - 1] } else { 0 };
                        is_forward &= step >= 0;
                        let step = step.max(0) as usize * size;
                        let from = strided.row_start(&self.sizes, index);
                        match strided.strides[last] {
                            0 => Argument::PerRow(&strided.bytes[from * size..], step),
                            along => {
                                let from = from + within * along as usize;
                                Argument::Elements(&strided.bytes[from * size..], step)
                            }
                        }
                    }
                });
            }
            // Rows that lie backwards are taken one by one.
            let rows = if is_forward { rows } else { 1 };
            let targets: SmallVec<[Target; 4]> = outputs
                .iter_mut()
                .zip(&self.program.outputs)
                .map(|(output, dtype)| Target::row(output).part(at - start, row, dtype.size()))
                .collect();
            // SAFETY: the targets are slices that this call has for itself.
            if !unsafe { code.run([rows, length], &arguments, &targets) } {
                return false;
            }
            at += rows * length;
        }
        true
    }
}
