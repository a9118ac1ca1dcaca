//! Plans that compute every entry along leading axes from the same entry of their inputs alone.
//!
//! What `vmap` makes of a function of a few numbers is such a plan: slices, products, sums and
//! paddings of arrays with many entries of few elements. Step after step it would pass over memory
//! for each; where there is code, a lane computes an entry, whose elements are values in
//! registers. Where there is none, the steps run. The results are the same.

use std::sync::{Arc, Mutex, PoisonError};

use smallvec::{SmallVec, smallvec};

use super::reduce::{ROUNDS, Reduce, ReduceOp, lanes_of};
use super::{Form, Kernel, Tensors};
use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::{self, Shape, Strides};
use crate::native::{self, Entries, EntryCode, EntryPlan, Mode, Reach, Target, Written};
use crate::plan::Plan;
use crate::tensor::Tensor;
use crate::threads;

/// A plan, and what it is for one entry.
pub struct Entrywise {
    /// Computes all entries.
    pub whole: Plan,
    /// Computes one: all leading axes have size 1. What is reduced over leading axes is not yet.
    pub entry: Plan,
    /// The leading axes. Those of inputs have these sizes, or 1; inputs of rank 0 stand for all.
    pub lead: Shape,
    /// For each result how it is reduced over the last `reduced` of the leading axes, if it is.
    pub folds: Vec<Option<ReduceOp>>,
    /// How many leading axes are reduced.
    pub reduced: usize,
    codes: Mutex<Vec<(Key, State)>>,
}

impl Entrywise {
    /// A kernel without code yet.
    pub fn new(
        whole: Plan,
        entry: Plan,
        lead: Shape,
        folds: Vec<Option<ReduceOp>>,
        reduced: usize,
    ) -> Entrywise {
        Entrywise { whole, entry, lead, folds, reduced, codes: Mutex::default() }
    }
}

impl std::fmt::Debug for Entrywise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plan = self.entry.to_string().replace('\n', "\n      ");
        write!(f, "entrywise{:?} {:?} {{ {plan} }}", &self.lead[..], self.folds)
    }
}

/// What code is compiled for: how the entries of each input lie, and whether what is reduced is
/// written by columns.
type Key = (SmallVec<[Reach; 8]>, bool);

enum State {
    /// So many entries were computed without code.
    Waiting(usize),
    Compiled(Arc<EntryCode>),
    /// There is no code.
    Impossible,
}

/// Entries from which on compiling pays.
const PAYS_AFTER: usize = 512;
/// Steps that are worth a thread's while, over all vectors of entries.
const PART: usize = 1 << 15;
/// Entries that code computes at a time.
const LANES: usize = 16;

impl Kernel for Entrywise {
    fn name(&self) -> &'static str {
        "entrywise"
    }

    fn form(&self) -> Form<'_> {
        Form::Plan(&self.whole)
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        match self.run_code(&inputs)? {
            Some(results) => Ok(results),
            None => self.whole.run(inputs),
        }
    }
}

/// An input, and how its entries are walked.
struct Source {
    x: Tensor,
    /// The shape of an entry.
    entry: Shape,
    /// Steps along the leading axes, in elements.
    steps: Strides,
}

/// How entries are walked: the axes that all inputs can take as one are one.
struct Walk {
    sizes: Shape,
    /// Steps along those axes, for each input.
    steps: Vec<Strides>,
}

impl Entrywise {
    /// The results by code; none if there is none for these inputs, or it failed.
    fn run_code(&self, inputs: &Tensors) -> Result<Option<Tensors>> {
        let entries = layout::count(&self.lead);
        if entries == 0 || !matches!(native::mode(), Mode::Auto | Mode::Native) {
            return Ok(None);
        }
        let mut sources = vec![];
        for input in inputs {
            sources.push(self.source(input)?);
        }
        let kept = self.lead.len() - self.reduced;
        let sums = self.folds.iter().any(Option::is_some).then(|| self.summed(&sources, kept));
        let by_columns = sums.as_ref().is_some_and(Option::is_none);
        let walk = sums.flatten().unwrap_or_else(|| {
            merge(&self.lead, sources.iter().map(|source| &source.steps[..]).collect())
        });
        if let Some(results) = self.walked(&sources, &walk, by_columns)? {
            return Ok(Some(results));
        }
        // There may be no registers for what is accumulated.
        if by_columns || !self.folds.iter().any(Option::is_some) {
            return Ok(None);
        }
        let walk = merge(&self.lead, sources.iter().map(|source| &source.steps[..]).collect());
        self.walked(&sources, &walk, true)
    }

    /// How the entries of an input lie: those that do not lie one after another, or are the same
    /// all along an axis, are copied.
    fn source(&self, input: &Tensor) -> Result<Source> {
        let rank = self.lead.len();
        if input.rank() == 0 {
            let steps = Strides::from_elem(0, rank);
            return Ok(Source { x: input.clone(), entry: Shape::new(), steps });
        }
        let shape = input.shape();
        let entry = Shape::from(&shape[rank..]);
        let width = layout::count(&entry) as isize;
        let steps_of = |x: &Tensor| -> Strides {
            let strides = x.layout().strides;
            let sizes = shape[..rank].iter().zip(&strides);
            sizes.map(|(&size, &stride)| if size == 1 { 0 } else { stride }).collect()
        };
        let steps = steps_of(input);
        let row_major = layout::row_major(&entry);
        let own = &input.layout().strides[rank..];
        let is_packed =
            (0..entry.len()).all(|axis| entry[axis] == 1 || own[axis] == row_major[axis]);
        let last = (0..rank).rev().find(|&axis| shape[axis] != 1);
        let follows = last.is_none_or(|axis| steps[axis] == 0 || steps[axis] == width);
        if is_packed && follows && steps.iter().all(|&step| step >= 0) {
            return Ok(Source { x: input.clone(), entry, steps });
        }
        // Axes along which all entries are the same stay so.
        let limit: Shape = shape
            .iter()
            .enumerate()
            .map(|(axis, &size)| if axis < rank && steps[axis] == 0 { size.min(1) } else { size })
            .collect();
        let zeros = Shape::from_elem(0, shape.len());
        let ones = Shape::from_elem(1, shape.len());
        let copy = input.slice(&zeros, &limit, &ones)?.contiguous()?;
        let x = copy.broadcast(shape, &(0..shape.len()).collect::<Shape>())?;
        let steps = steps_of(&x);
        Ok(Source { x, entry, steps })
    }

    /// The walk whose last axis is all that is reduced, if there is one, and it is no longer than
    /// what one accumulator takes.
    fn summed(&self, sources: &[Source], kept: usize) -> Option<Walk> {
        let part = |range: std::ops::Range<usize>| {
            let steps = sources.iter().map(|source| &source.steps[range.clone()]);
            merge(&self.lead[range.clone()], steps.collect())
        };
        let (outer, reduced) = (part(0..kept), part(kept..self.lead.len()));
        let shortest = lanes_of(DType::F64) * ROUNDS;
        if reduced.sizes.len() != 1 || reduced.sizes[0] > shortest {
            return None;
        }
        let steps = outer.steps.into_iter().zip(reduced.steps);
        Some(Walk {
            sizes: outer.sizes.into_iter().chain(reduced.sizes).collect(),
            steps: steps.map(|(outer, inner)| outer.into_iter().chain(inner).collect()).collect(),
        })
    }

    fn walked(&self, sources: &[Source], walk: &Walk, by_columns: bool) -> Result<Option<Tensors>> {
        let last = walk.sizes.len() - 1;
        let reach = |steps: &Strides| match (steps[last], steps.iter().all(|&step| step == 0)) {
            (_, true) => Reach::All,
            (0, _) => Reach::Row,
            _ => Reach::Entry,
        };
        let key = (walk.steps.iter().map(reach).collect(), by_columns);
        let Some(code) = self.code(sources, key) else { return Ok(None) };
        let job = Job { entrywise: self, code: &code, sources, walk };
        job.run()
    }

    fn code(&self, sources: &[Source], key: Key) -> Option<Arc<EntryCode>> {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = codes.iter().position(|(other, _)| *other == key);
        let at = known.unwrap_or_else(|| {
            codes.push((key.clone(), State::Waiting(0)));
            codes.len() - 1
        });
        let state = &mut codes[at].1;
        if let State::Waiting(computed) = state {
            *computed = computed.saturating_add(layout::count(&self.lead));
            if *computed < PAYS_AFTER && native::mode() == Mode::Auto {
                return None;
            }
            let ones = Shape::from_elem(1, self.lead.len());
            let inputs = sources.iter().zip(&key.0).map(|(source, &reach)| {
                let shape = match source.x.rank() {
                    0 => Shape::new(),
                    _ => ones.iter().chain(&source.entry).copied().collect(),
                };
                (source.x.dtype(), shape, reach)
            });
            let code = EntryCode::compile(&EntryPlan {
                plan: &self.entry,
                inputs: &inputs.collect::<Vec<_>>(),
                folds: &self.folds,
                by_columns: key.1,
                lead: self.lead.len(),
            });
            *state = code.map_or(State::Impossible, |code| State::Compiled(Arc::new(code)));
        }
        match state {
            State::Compiled(code) => Some(code.clone()),
            _ => None,
        }
    }
}

/// Neighbouring axes as one, as far as all inputs can take them so.
fn merge(shape: &[usize], steps: Vec<&[isize]>) -> Walk {
    let mut sizes = Shape::new();
    let mut merged: Vec<Strides> = vec![Strides::new(); steps.len()];
    for axis in (0..shape.len()).filter(|&axis| shape[axis] != 1) {
        let joins = !sizes.is_empty()
            && merged.iter().zip(&steps).all(|(merged, steps)| {
                merged.last() == Some(&(steps[axis] * shape[axis] as isize))
            });
        if joins {
            *sizes.last_mut().expect("not empty") *= shape[axis];
            for (merged, steps) in merged.iter_mut().zip(&steps) {
                *merged.last_mut().expect("as long as sizes") = steps[axis];
            }
        } else {
            sizes.push(shape[axis]);
            for (merged, steps) in merged.iter_mut().zip(&steps) {
                merged.push(steps[axis]);
            }
        }
    }
    if sizes.is_empty() {
        sizes.push(1);
        merged.iter_mut().for_each(|merged| merged.push(0));
    }
    Walk { sizes, steps: merged }
}

/// A run of code.
struct Job<'a> {
    entrywise: &'a Entrywise,
    code: &'a EntryCode,
    sources: &'a [Source],
    walk: &'a Walk,
}

impl Job<'_> {
    fn run(&self) -> Result<Option<Tensors>> {
        let sizes = &self.walk.sizes;
        let last = sizes.len() - 1;
        let length = sizes[last];
        let rows = if last > 0 { sizes[last - 1] } else { 1 };
        let outers = layout::count(&sizes[..last.saturating_sub(1)]);
        let entries = outers * rows * length;
        let mut buffers: Vec<Buffer> = vec![];
        for (dtype, entry, written) in self.code.outputs() {
            let count = match written {
                Written::Sums(_) => outers * rows,
                _ => entries,
            };
            buffers.push(Buffer::new(dtype, count * layout::count(entry))?);
        }
        let targets: Vec<(Target, usize, usize, Written)> = buffers
            .iter_mut()
            .zip(self.code.outputs())
            .map(|(buffer, (dtype, entry, written))| {
                let target = Target::row(buffer.bytes_mut());
                (target, dtype.size(), layout::count(entry), written)
            })
            .collect();
        // A part is some rows, or a piece of one where rows are long and not summed.
        let is_summed = targets.iter().any(|(.., written)| matches!(written, Written::Sums(_)));
        let part = (PART * LANES / self.code.steps.max(1)).next_multiple_of(4 * LANES);
        let piece = if is_summed { length } else { part.min(length) };
        let pieces = length.div_ceil(piece);
        let together = if pieces > 1 { 1 } else { (part / length).clamp(1, rows) };
        let groups = rows.div_ceil(together);
        let failed = std::sync::atomic::AtomicBool::new(false);
        threads::for_each(outers * groups * pieces, &|n| {
            let (rest, first) = (n / pieces, n % pieces * piece);
            let (outer, row) = (rest / groups, rest % groups * together);
            let inputs = self.inputs(outer, row, first);
            let row_at = outer * rows + row;
            let entry_at = row_at * length + first;
            let mut places: SmallVec<[Target; 16]> = SmallVec::new();
            for &(target, size, width, written) in &targets {
                match written {
                    Written::Entries(_) => {
                        places.push(target.part(entry_at * width, length * width, size));
                    }
                    Written::Columns(_) => places.extend(
                        (0..width).map(|k| target.part(k * entries + entry_at, length, size)),
                    ),
                    Written::Sums(_) => places
                        .extend((0..width).map(|k| target.part(row_at * width + k, width, size))),
                }
            }
            let shape = [together.min(rows - row), piece.min(length - first)];
            // SAFETY: parts have entries and rows of their own.
            if !unsafe { self.code.run(shape, &inputs, &places) } {
                failed.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        });
        if failed.into_inner() {
            return Ok(None);
        }
        let results = buffers.into_iter().zip(self.code.outputs()).zip(&self.entrywise.folds);
        results
            .map(|((buffer, output), fold)| self.result(buffer, output, *fold))
            .collect::<Result<_>>()
            .map(Some)
    }

    /// The inputs from an entry on.
    fn inputs(&self, outer: usize, row: usize, first: usize) -> SmallVec<[Entries<'_>; 8]> {
        let sizes = &self.walk.sizes;
        let last = sizes.len() - 1;
        let entries = self.sources.iter().zip(&self.walk.steps).map(|(source, steps)| {
            let (mut rest, mut at) = (outer, source.x.layout().offset as isize);
            for axis in (0..last.saturating_sub(1)).rev() {
                at += (rest % sizes[axis]) as isize * steps[axis];
                rest /= sizes[axis];
            }
            let step = if last > 0 { steps[last - 1] } else { 0 };
            at += row as isize * step + first as isize * steps[last];
            let size = source.x.dtype().size();
            let bytes = &source.x.buffer_bytes()[at as usize * size..];
            Entries { bytes, stride: step as usize * size }
        });
        entries.collect()
    }

    /// A result, reduced if it is to be.
    fn result(
        &self,
        buffer: Buffer,
        (dtype, entry, written): (DType, &Shape, Written),
        fold: Option<ReduceOp>,
    ) -> Result<Tensor> {
        let Entrywise { lead, reduced, .. } = self.entrywise;
        let kept = &lead[..lead.len() - reduced];
        let shape = |lead: &[usize]| lead.iter().chain(entry).copied().collect::<Shape>();
        match (written, fold) {
            (Written::Columns(_), Some(op)) => {
                let width = layout::count(entry);
                let sizes: Shape = std::iter::once(width).chain(lead.iter().copied()).collect();
                let columns = Tensor::from_buffer(dtype, &sizes, buffer);
                let axes = (1 + kept.len()..sizes.len()).collect();
                let sums = Reduce { op, axes }.run(smallvec![columns])?.remove(0);
                let order: Shape = (1..=kept.len()).chain([0]).collect();
                sums.transpose(&order)?.reshape(&shape(kept))
            }
            (Written::Sums(_), _) => Ok(Tensor::from_buffer(dtype, &shape(kept), buffer)),
            _ => Ok(Tensor::from_buffer(dtype, &shape(lead), buffer)),
        }
    }
}
