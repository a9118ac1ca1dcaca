//! Entries of a few elements, one in each lane.

use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::{SmallVec, smallvec};

use super::{Entrywise, Source, Walk, merge};
use crate::buffer::Buffer;
use crate::cost::Cost;
use crate::dtype::DType;
use crate::error::Result;
use crate::kernels::reduce::{ROUNDS, Reduce, ReduceOp, lanes_of};
use crate::kernels::{Kernel, Tensors};
use crate::layout::{self, Shape, Strides};
use crate::native::{Entries, EntryCode, EntryPlan, Reach, Target, Written};
use crate::tensor::Tensor;
use crate::threads;

/// Entries that code computes at a time.
const LANES: usize = 16;

impl Entrywise {
    pub(super) fn run_lanes(&self, sources: &[Source]) -> Result<Option<Tensors>> {
        let is_reduced = self.folds.iter().any(Option::is_some);
        if is_reduced && let Some(walk) = self.summed(sources) {
            let results = self.walked(sources, &walk, false)?;
            if results.is_some() {
                return Ok(results);
            }
            // There may be no registers for what is accumulated.
        }
        self.walked(sources, &self.walk(sources), is_reduced)
    }

    /// The walk whose last axis is all that is reduced, if there is one, and it is no longer than
    /// what one accumulator takes.
    fn summed(&self, sources: &[Source]) -> Option<Walk> {
        let part = |range: std::ops::Range<usize>| {
            let steps = sources.iter().map(|source| Strides::from(&source.steps[range.clone()]));
            merge(&self.lead[range.clone()], steps.collect())
        };
        let kept = self.lead.len() - self.reduced;
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
        let key: (SmallVec<_>, bool) = (walk.steps.iter().map(reach).collect(), by_columns);
        let code = self.lanes.get(key, self.seconds, |(reaches, _)| {
            let inputs = sources.iter().zip(reaches);
            EntryCode::compile(&EntryPlan {
                plan: &self.entry,
                inputs: &inputs.map(|(x, &reach)| self.entry_of(x, reach)).collect::<Vec<_>>(),
                folds: &self.folds,
                by_columns,
                lead: self.lead.len(),
            })
        });
        let Some(code) = code else { return Ok(None) };
        Job { entrywise: self, code: &code, sources, walk }.run()
    }
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
        let part = Cost::flops(self.code.steps).items_of_part().next_multiple_of(4 * LANES);
        let piece = if is_summed { length } else { part.min(length) };
        let pieces = length.div_ceil(piece);
        let together = if pieces > 1 { 1 } else { (part / length).clamp(1, rows) };
        let groups = rows.div_ceil(together);
        let failed = AtomicBool::new(false);
        threads::for_each(outers * groups * pieces, &|n| {
            let (rest, first) = (n / pieces, n % pieces * piece);
            let (outer, row) = (rest / groups, rest % groups * together);
            let row_at = outer * rows + row;
            let inputs = self.inputs(row_at, first);
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
                failed.store(true, Ordering::Relaxed);
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

    /// The inputs from an entry of a row on.
    fn inputs(&self, row: usize, first: usize) -> SmallVec<[Entries<'_>; 8]> {
        let last = self.walk.sizes.len() - 1;
        let entries = self.sources.iter().zip(&self.walk.steps).map(|(source, steps)| {
            let at = self.walk.start(source, steps, row) + first * steps[last] as usize;
            let step = if last > 0 { steps[last - 1] } else { 0 };
            let size = source.x.dtype().size();
            let bytes = &source.x.buffer_bytes()[at * size..];
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
