//! Convolutions with many taps and few places: the gradient with respect to a window.
//!
//! Places and taps change roles: there is a patch for every tap, of what lies under it at all
//! places, and the products of patches with the right operand are summed. The taps are cut into
//! parts, and sums over these are added in order.

use super::FITS;
use super::patches::Patches;
use super::{Axes, BLOCK, Operands, depthwise, winograd};
use crate::kernels::dot::{Factor, Problem, product};
use crate::scratch::with_scratch;
use crate::sync::Mutex;
use crate::threads;

/// More sums than this are not formed side by side.
const PARTS: usize = 8;
/// Where more than one of so many channels is spoilt by transforms, all are computed without.
const MOST_SPOILT: usize = 4;

/// Writes the result, `[places, inner, features]`.
pub(super) fn convolve<T: Factor, const LANES: usize>(
    operands: &Operands<T>,
    axes: &Axes,
    out: &mut [T],
) {
    let &Operands { outer, inner, features, groups, .. } = operands;
    let axes: Axes = axes.iter().map(|axis| axis.exchanged()).collect();
    let channels = inner / groups.batch;
    let columns = features / (groups.feature * groups.batch);
    if inner > 1 && groups.batch == inner && columns == 1 && groups.feature == 1 {
        return depthwise::gathered(operands, &axes, out);
    }
    if winograd::applies(operands, &axes) {
        let spoilt = winograd::gathered(operands, &axes, out);
        if spoilt.len() <= inner / MOST_SPOILT {
            return channels_of::<T, LANES>(operands, &axes, &spoilt, out);
        }
    }
    let share = |group: usize| Share {
        outer_from: if groups.feature > 1 { group * (outer / groups.feature) } else { 0 },
        outer: outer / groups.feature,
        channel_from: if groups.batch > 1 { group * channels } else { 0 },
        channels,
        column_from: group * columns,
        columns,
    };
    let shares: Vec<Share> = (0..groups.feature * groups.batch).map(share).collect();
    let sums = sums::<T, LANES>(operands, &axes, &shares);
    for (share, sum) in shares.iter().zip(sums) {
        let targets = out.chunks_exact_mut(features);
        for (target, values) in targets.zip(sum.chunks_exact(columns)) {
            target[share.column_from..][..columns].copy_from_slice(values);
        }
    }
}

/// Writes some channels of the result, of operands without groups.
fn channels_of<T: Factor, const LANES: usize>(
    operands: &Operands<T>,
    axes: &Axes,
    channels: &[usize],
    out: &mut [T],
) {
    let &Operands { outer, inner, features, .. } = operands;
    let share = |&channel: &usize| Share {
        outer_from: 0,
        outer,
        channel_from: channel,
        channels: 1,
        column_from: 0,
        columns: features,
    };
    let shares: Vec<Share> = channels.iter().map(share).collect();
    for (&channel, sum) in channels.iter().zip(sums::<T, LANES>(operands, axes, &shares)) {
        for (place, values) in sum.chunks_exact(features).enumerate() {
            out[(place * inner + channel) * features..][..features].copy_from_slice(values);
        }
    }
}

/// Which entries, channels and columns of the operands are multiplied with each other.
struct Share {
    outer_from: usize,
    outer: usize,
    channel_from: usize,
    channels: usize,
    column_from: usize,
    columns: usize,
}

/// The result of each share, `[places, channels, columns]`; they are of one size.
fn sums<T: Factor, const LANES: usize>(
    operands: &Operands<T>,
    axes: &Axes,
    shares: &[Share],
) -> Vec<Vec<T>> {
    let Some(&Share { outer, channels, columns, .. }) = shares.first() else { return vec![] };
    let &Operands { inner, features, .. } = operands;
    let taps: usize = axes.iter().map(|axis| axis.places).product();
    let stride = axes.iter().map(|axis| axis.size).product::<usize>() * inner;
    let places: usize = axes.iter().map(|axis| axis.taps).product();
    let rows = outer * taps;
    let width = places * channels;
    let in_block = (2 * BLOCK / width).clamp(64, 1024).min(rows);
    let blocks = rows.div_ceil(in_block);
    let parts = blocks.min(PARTS);
    let sums: Vec<Mutex<Vec<T>>> = (0..shares.len() * parts).map(|_| Mutex::default()).collect();
    threads::for_each(sums.len(), &|n| {
        let (share, part) = (&shares[n / parts], n % parts);
        let patches = Patches {
            source: &operands.lhs[share.outer_from * stride + share.channel_from..],
            stride,
            inner,
            channels,
            axes,
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
                    rhs_at: (first * features + share.column_from) as isize,
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
    let mut sums = sums.into_iter().map(|sum| sum.into_inner().expect("no thread has failed"));
    let whole = |_: &Share| {
        let mut whole = sums.next().expect("a sum for each part");
        for _ in 1..parts {
            add(&mut whole, &sums.next().expect("a sum for each part"));
        }
        whole
    };
    shares.iter().map(whole).collect()
}

fn add<T: Factor>(sum: &mut [T], values: &[T]) {
    for (slot, &value) in sum.iter_mut().zip(values) {
        *slot = slot.plus(value);
    }
}
