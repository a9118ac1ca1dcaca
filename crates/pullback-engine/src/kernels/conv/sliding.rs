//! Convolutions at many places: patches times taps.
//!
//! A left operand with holes is none to this form: places that see the same elements of it are a
//! convolution of their own, with those taps that do not fall into holes.

use super::FITS;
use super::patches::Patches;
use super::{Axes, Axis, BLOCK, Operands, depthwise, line, thin, winograd};
use crate::kernels::dot::{Factor, Problem, product};
use crate::kernels::parts::Shared;
use crate::layout::Shape;
use crate::scratch::with_scratch;
use crate::threads;

/// Writes the result, `[outer, places, features]`.
pub(super) fn convolve<T: Factor, const LANES: usize>(
    operands: &Operands<T>,
    axes: &Axes,
    out: &mut [T],
) {
    let phases: Vec<Vec<Phase>> = axes.iter().map(phases).collect();
    let whole: Vec<usize> = axes.iter().map(|axis| axis.places).collect();
    let out = Shared::new(out);
    let mut choice = vec![0; axes.len()];
    loop {
        let chosen: Vec<&Phase> = phases.iter().zip(&choice).map(|(all, &n)| &all[n]).collect();
        one_phase::<T, LANES>(operands, &whole, axes, &chosen, &out);
        let mut axis = axes.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            choice[axis] += 1;
            if choice[axis] < phases[axis].len() {
                break;
            }
            choice[axis] = 0;
        }
    }
}

/// The places `first, first + every, ...` of one axis, and the taps that they see elements under.
struct Phase {
    axis: Axis,
    first: usize,
    every: usize,
    first_tap: usize,
    every_tap: usize,
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The axis as axes without holes.
fn phases(axis: &Axis) -> Vec<Phase> {
    let Axis { dilation, low, places, stride, taps, step, .. } = *axis;
    let every = dilation / gcd(stride, dilation);
    let every_tap = dilation / gcd(step, dilation);
    let phase = |first: usize| {
        let offset = |tap: usize| (first * stride + tap * step) as i64 - low;
        let on = |&tap: &usize| offset(tap).rem_euclid(dilation as i64) == 0;
        let first_tap = (0..every_tap.min(taps)).find(on);
        let count = first_tap.map_or(0, |tap| (taps - tap).div_ceil(every_tap));
        let axis = Axis {
            dilation: 1,
            low: first_tap.map_or(0, |tap| -offset(tap) / dilation as i64),
            places: (places - first).div_ceil(every),
            stride: stride * every / dilation,
            taps: count,
            step: step * every_tap / dilation,
            ..*axis
        };
        Phase { axis, first, every, first_tap: first_tap.unwrap_or(0), every_tap }
    };
    (0..every.min(places)).map(phase).collect()
}

fn one_phase<T: Factor, const LANES: usize>(
    operands: &Operands<T>,
    whole: &[usize],
    unphased: &Axes,
    phases: &[&Phase],
    out: &Shared<T>,
) {
    let &Operands { outer, inner, features, groups, .. } = operands;
    let axes: Axes = phases.iter().map(|phase| phase.axis).collect();
    let places: usize = axes.iter().map(|axis| axis.places).product();
    let taps: usize = axes.iter().map(|axis| axis.taps).product();
    let channels = inner / groups.feature;
    let (rows, columns) =
        (outer / groups.batch * places, features / (groups.feature * groups.batch));
    let alone = phases.iter().all(|phase| phase.every == 1);
    // The row of the result that each row of this phase is.
    let target = |row: usize| -> usize {
        if alone {
            return row;
        }
        let (mut rest, mut scale, mut at) = (row, 1, 0);
        for (n, phase) in phases.iter().enumerate().rev() {
            at += (rest % phase.axis.places * phase.every + phase.first) * scale;
            rest /= phase.axis.places;
            scale *= whole[n];
        }
        at + rest * scale
    };
    let weights = chosen_taps(operands, unphased, phases, channels);
    let weights = weights.as_deref().unwrap_or(operands.rhs);
    if alone && inner > 1 && groups.feature == inner && columns == 1 && groups.batch == 1 {
        return depthwise::sliding(operands, &axes, weights, out);
    }
    if let ([axis], true) = (&axes[..], alone)
        && axis.step == 1
        && axis.taps > 0
        && groups.feature == 1
        && groups.batch == 1
    {
        return line::convolve::<T, LANES>(operands, axis, weights, out);
    }
    if alone
        && axes.len() > 1
        && features <= thin::FEATURES
        && channels >= 16
        && groups.feature == 1
        && groups.batch == 1
    {
        return thin::convolve(operands, &axes, weights, out);
    }
    if alone && winograd::applies(operands, &axes) {
        // SAFETY: the result is of one phase, so nothing else has it.
        let out = unsafe { out.part(0, rows * features) };
        return winograd::sliding::<T, LANES>(operands, &axes, out);
    }
    let stride = axes.iter().map(|axis| axis.size).product::<usize>() * inner;
    let depth = taps * channels;
    let in_block = (BLOCK / depth.max(1)).clamp(16, 1024);
    let blocks = rows.div_ceil(in_block);
    threads::for_each(groups.feature * groups.batch * blocks, &|n| {
        let (group, first) = (n / blocks, n % blocks * in_block);
        let count = in_block.min(rows - first);
        let outer_from = if groups.batch > 1 { group * (outer / groups.batch) } else { 0 };
        let channel_from = if groups.feature > 1 { group * channels } else { 0 };
        let patches = Patches {
            source: &operands.lhs[(outer_from * stride + channel_from).min(operands.lhs.len())..],
            stride,
            inner,
            channels,
            axes: &axes,
        };
        let multiply = |packed: &mut [T], out: &mut [T]| {
            if depth == 0 {
                return out.fill(T::ZERO);
            }
            let narrow = patches.is_narrow();
            match narrow {
                true => patches.pack_across(first, count, packed),
                false => patches.pack(first, packed),
            }
            let problem = Problem {
                rows: count,
                columns,
                depth,
                lhs_at: 0,
                rhs_at: (group * columns) as isize,
                lhs_row: if narrow { 1 } else { depth as isize },
                lhs_depth: if narrow { count as isize } else { 1 },
                rhs_depth: features as isize,
                rhs_column: 1,
            };
            product::<T, LANES>(&problem, packed, weights, out).expect(FITS);
        };
        if alone && columns == features {
            // SAFETY: rows of the result that no other block has.
            let out = unsafe { out.part(first * columns, count * columns) };
            return with_scratch(count * depth, |packed| multiply(packed, out));
        }
        with_scratch(count * (depth + columns), |scratch| {
            let (packed, block) = scratch.split_at_mut(count * depth);
            multiply(packed, block);
            for (row, values) in block.chunks_exact(columns).enumerate() {
                let at = target(first + row) * features + group * columns;
                // SAFETY: columns of one group in rows that no other block and no other phase has.
                unsafe { out.part(at, columns) }.copy_from_slice(values);
            }
        });
    });
}

/// The taps of a phase, `[taps, channels, features]`, unless it has all.
fn chosen_taps<T: Factor>(
    operands: &Operands<T>,
    axes: &Axes,
    phases: &[&Phase],
    channels: usize,
) -> Option<Vec<T>> {
    if phases.iter().zip(axes).all(|(phase, axis)| phase.axis.taps == axis.taps) {
        return None;
    }
    let size = channels * operands.features;
    let counts: Shape = phases.iter().map(|phase| phase.axis.taps).collect();
    let mut chosen = Vec::with_capacity(counts.iter().product::<usize>() * size);
    for n in 0..counts.iter().product::<usize>() {
        let (mut rest, mut scale, mut at) = (n, 1, 0);
        for (phase, axis) in phases.iter().zip(axes).rev() {
            at += (rest % phase.axis.taps * phase.every_tap + phase.first_tap) * scale;
            rest /= phase.axis.taps;
            scale *= axis.taps;
        }
        chosen.extend_from_slice(&operands.rhs[at * size..(at + 1) * size]);
    }
    Some(chosen)
}
