//! Convolutions with many taps and few places: the gradient with respect to a window.
//!
//! Places and taps change roles: there is a patch for every tap, of what lies under it at all
//! places, and the products of patches with the right operand are summed. The taps are cut into
//! parts, and sums over these are added in order.

use std::sync::Mutex;

use super::FITS;
use super::patches::Patches;
use super::{Axes, BLOCK, Operands, depthwise};
use crate::kernels::dot::{Factor, Problem, product};
use crate::scratch::with_scratch;
use crate::threads;

/// More sums than this are not formed side by side.
const PARTS: usize = 8;

/// Writes the result, `[places, inner, features]`.
pub(super) fn convolve<T: Factor, const LANES: usize>(
    operands: &Operands<T>,
    axes: &Axes,
    out: &mut [T],
) {
    let &Operands { outer, inner, features, groups, .. } = operands;
    let axes: Axes = axes.iter().map(|axis| axis.exchanged()).collect();
    let taps: usize = axes.iter().map(|axis| axis.places).product();
    let channels = inner / groups.batch;
    let columns = features / (groups.feature * groups.batch);
    if inner > 1 && groups.batch == inner && columns == 1 && groups.feature == 1 {
        return depthwise::gathered(operands, &axes, out);
    }
    let stride = axes.iter().map(|axis| axis.size).product::<usize>() * inner;
    let rows = outer / groups.feature * taps;
    let all_groups = groups.feature * groups.batch;
    let places: usize = axes.iter().map(|axis| axis.taps).product();
    let width = places * channels;
    let in_block = (2 * BLOCK / width).clamp(64, 1024).min(rows);
    let blocks = rows.div_ceil(in_block);
    let parts = blocks.min(PARTS);
    let sums: Vec<Mutex<Vec<T>>> = (0..all_groups * parts).map(|_| Mutex::default()).collect();
    threads::for_each(sums.len(), &|n| {
        let (group, part) = (n / parts, n % parts);
        let outer_from = if groups.feature > 1 { group * (outer / groups.feature) } else { 0 };
        let channel_from = if groups.batch > 1 { group * channels } else { 0 };
        let patches = Patches {
            source: &operands.lhs[outer_from * stride + channel_from..],
            stride,
            inner,
            channels,
            axes: &axes,
        };
        let mut sum = vec![T::ZERO; width * columns];
        // Blocks are dealt out in runs, as evenly as can be.
        let (from, to) = (part * blocks / parts, (part + 1) * blocks / parts);
        with_scratch(in_block * width + sum.len(), |scratch| {
            let (packed, block) = scratch.split_at_mut(in_block * width);
            for n in from..to {
                let first = n * in_block;
                let count = in_block.min(rows - first);
                let packed = &mut packed[..count * width];
                let narrow = patches.is_narrow();
                match narrow {
                    true => patches.pack_across(first, count, packed),
                    false => patches.pack(first, packed),
                }
                let problem = Problem {
                    rows: width,
                    columns,
                    depth: count,
                    lhs_at: 0,
                    rhs_at: (first * features + group * columns) as isize,
                    lhs_row: if narrow { count as isize } else { 1 },
                    lhs_depth: if narrow { 1 } else { width as isize },
                    rhs_depth: features as isize,
                    rhs_column: 1,
                };
                let target = if n == from { &mut sum[..] } else { &mut block[..] };
                product::<T, LANES>(&problem, packed, operands.rhs, target).expect(FITS);
                if n > from {
                    add(&mut sum, block);
                }
            }
        });
        *sums[n].lock().expect("no thread has failed") = sum;
    });
    for (n, sum) in sums.into_iter().enumerate() {
        let (group, part) = (n / parts, n % parts);
        let sum = sum.into_inner().expect("no thread has failed");
        let targets = out.chunks_exact_mut(features);
        for (target, values) in targets.zip(sum.chunks_exact(columns)) {
            let target = &mut target[group * columns..(group + 1) * columns];
            match part {
                0 => target.copy_from_slice(values),
                _ => add(target, values),
            }
        }
    }
}

fn add<T: Factor>(sum: &mut [T], values: &[T]) {
    for (slot, &value) in sum.iter_mut().zip(values) {
        *slot = slot.plus(value);
    }
}
