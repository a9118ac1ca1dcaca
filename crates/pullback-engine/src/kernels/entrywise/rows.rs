//! Entries that are rows of elements, gone over several times while they are in a cache.

use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use super::{Entrywise, Source};
use crate::buffer::Buffer;
use crate::cost::Cost;
use crate::error::Result;
use crate::kernels::Tensors;
use crate::layout::{self, Shape, Strides};
use crate::native::{Entries, Reach, RowCode, Target};
use crate::tensor::Tensor;
use crate::threads;

impl Entrywise {
    pub(super) fn run_rows(&self, sources: &[Source], length: usize) -> Result<Option<Tensors>> {
        let entries = layout::count(&self.lead);
        let walk = self.walk(sources);
        let reach = |steps: &Strides| match steps.iter().all(|&step| step == 0) {
            true => Reach::All,
            false => Reach::Row,
        };
        let reaches: SmallVec<[Reach; 8]> = walk.steps.iter().map(reach).collect();
        let code = self.rows.get(reaches, self.seconds, |reaches| {
            let inputs = sources.iter().zip(reaches);
            let inputs: Vec<_> = inputs.map(|(x, &reach)| self.entry_of(x, reach)).collect();
            RowCode::compile(&self.entry, &inputs, length)
        });
        let Some(code) = code else { return Ok(None) };
        let mut buffers = vec![];
        for &(dtype, is_row) in code.outputs() {
            buffers.push(Buffer::new(dtype, entries * if is_row { length } else { 1 })?);
        }
        let targets: SmallVec<[Target; 4]> =
            buffers.iter_mut().map(|buffer| Target::row(buffer.bytes_mut())).collect();
        let last = walk.sizes.len() - 1;
        let rows = walk.sizes[last];
        // Rows that the code takes together stay so, unless a thread would have none.
        let dear = Cost::flops(length * code.steps).items_of_part();
        let share = rows.div_ceil(threads::num_threads()).max(dear);
        let part = dear.next_multiple_of(code.together).min(share).min(rows);
        let groups = rows.div_ceil(part);
        let failed = AtomicBool::new(false);
        threads::for_each(entries / rows * groups, &|n| {
            let (outer, row) = (n / groups, n % groups * part);
            let inputs: SmallVec<[Entries; 8]> = sources
                .iter()
                .zip(&walk.steps)
                .map(|(source, steps)| {
                    let step = steps[last] as usize;
                    let at = walk.start(source, steps, outer) + row * step;
                    let size = source.x.dtype().size();
                    let bytes = &source.x.buffer_bytes()[at * size..];
                    Entries { bytes, stride: step * size }
                })
                .collect();
            let at = outer * rows + row;
            let targets: SmallVec<[Target; 4]> = targets
                .iter()
                .zip(code.outputs())
                .map(|(target, &(dtype, is_row))| {
                    let width = if is_row { length } else { 1 };
                    target.part(at * width, width, dtype.size())
                })
                .collect();
            // SAFETY: parts have rows of their own.
            if !unsafe { code.run(part.min(rows - row), &inputs, &targets) } {
                failed.store(true, Ordering::Relaxed);
            }
        });
        if failed.into_inner() {
            return Ok(None);
        }
        let results = buffers.into_iter().zip(code.outputs()).zip(code.shapes());
        let results = results.map(|((buffer, &(dtype, _)), entry)| {
            let rest = &entry[self.lead.len()..];
            let shape: Shape = self.lead.iter().chain(rest).copied().collect();
            Tensor::from_buffer(dtype, &shape, buffer)
        });
        Ok(Some(results.collect()))
    }
}
