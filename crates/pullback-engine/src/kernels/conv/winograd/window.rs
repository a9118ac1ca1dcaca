//! The gradient with respect to a window: sums over tiles of products of transforms.
//!
//! Channels and features are taken in groups whose sums stay in the second cache, and tiles in runs,
//! as many as make work for some threads. The sums of the runs are added in their order.

use super::transforms::{FULL, Images, Inputs, Matrices, Slopes, Windows, are_even};
use super::{PRODUCTS, real, tiled};
use crate::buffer::Buffer;
use crate::kernels::common::arch;
use crate::kernels::conv::{Axes, FITS, Operands};
use crate::kernels::dot::{Factor, Problem, Real, product_in_place};
use crate::kernels::parts::{Shared, for_each_part};
use crate::scratch::with_scratch;
use crate::sync::Mutex;
use crate::threads;

/// Channels, and features, of a group.
const GROUP: usize = 64;
/// Tiles that are transformed at a time.
const BLOCK: usize = 64;
/// Runs of tiles whose sums are formed side by side, at most.
const RUNS: usize = 4;
/// Groups times runs, unless there are more groups.
const PARTS: usize = 16;
/// Channels whose windows are made of sums at a time.
const CHUNK: usize = 8;

/// Writes the result, `[places, inner, features]`, for axes with places and taps exchanged. Gives
/// the channels that may be spoilt by what is not finite or much greater.
pub(in crate::kernels::conv) fn gathered<T: Factor>(
    operands: &Operands<T>,
    axes: &Axes,
    out: &mut [T],
) -> Vec<usize> {
    windows::<T::Real>(&real(operands), axes, bytemuck::cast_slice_mut(out))
}

fn windows<F: Factor + Real>(operands: &Operands<F>, axes: &Axes, out: &mut [F]) -> Vec<usize> {
    let &Operands { rhs, inner, features, .. } = operands;
    let zeros = vec![F::ZERO; inner.max(features)];
    let (images, tiles) = tiled(operands, axes, &zeros);
    let (size, low) = (tiles.places, [0; 2]);
    let slopes = Images { source: rhs, size, end: size, low, inner: features, zeros: &zeros };
    // Groups as even as can be.
    let even = |count: usize| count.div_ceil(count.div_ceil(GROUP));
    let (channels, columns) = (even(inner), even(features));
    let across = features.div_ceil(columns);
    let count = tiles.count();
    let blocks = count.div_ceil(BLOCK);
    let groups = inner.div_ceil(channels) * across;
    let runs = (PARTS / groups).clamp(1, RUNS).min(blocks);
    let matrix = channels * columns;
    let size = PRODUCTS * matrix;
    let mut sums = Buffer::scratch(F::DTYPE, groups * runs * size).expect(FITS);
    let own = |group: usize, of: usize, count: usize| group * of..((group + 1) * of).min(count);
    for_each_part(sums.slice_mut::<F>(), size, |start, sums| {
        let (group, run) = (start / size / runs, start / size % runs);
        let channels = own(group / across, channels, inner);
        let columns = own(group % across, columns, features);
        let (left, right) =
            (Matrices::new(BLOCK, channels.len()), Matrices::new(BLOCK, columns.len()));
        with_scratch(left.size() + right.size(), |scratch| {
            let (inputs, factors) = scratch.split_at_mut(left.size());
            let (from, to) = (run * blocks / runs, (run + 1) * blocks / runs);
            for block in from..to {
                let run = block * BLOCK..((block + 1) * BLOCK).min(count);
                arch().dispatch(Inputs {
                    images,
                    tiles,
                    run: run.clone(),
                    channels: channels.clone(),
                    matrices: left,
                    out: &mut *inputs,
                });
                arch().dispatch(Slopes {
                    images: slopes,
                    tiles,
                    run: run.clone(),
                    channels: columns.clone(),
                    matrices: right,
                    out: &mut *factors,
                });
                let problem = Problem {
                    rows: channels.len(),
                    columns: columns.len(),
                    depth: run.len(),
                    lhs_at: 0,
                    rhs_at: 0,
                    lhs_row: 1,
                    lhs_depth: left.row as isize,
                    rhs_depth: right.row as isize,
                    rhs_column: 1,
                };
                let pairs = inputs.chunks_exact(left.step).zip(factors.chunks_exact(right.step));
                for ((input, factor), sums) in pairs.zip(sums.chunks_exact_mut(matrix)) {
                    let sums = &mut sums[..channels.len() * columns.len()];
                    product_in_place(&problem, input, factor, sums, block > from);
                }
            }
        });
    });
    let sums = sums.slice::<F>();
    let half = F::HALF.expect("numbers that can be halved");
    let (out, spoilt) = (Shared::new(out), Mutex::new(vec![]));
    threads::for_each(inner.div_ceil(CHUNK), &|n| {
        for channel in n * CHUNK..((n + 1) * CHUNK).min(inner) {
            for group in 0..across {
                let own = own(group, columns, features);
                let first = (channel / channels * across + group) * runs;
                let at = channel % channels * own.len();
                let part = |run: usize| &sums[(first + run) * size + at..(first + run + 1) * size];
                let parts: [&[F]; RUNS] = std::array::from_fn(|run| part(run.min(runs - 1)));
                let mut energies = [[F::ZERO; FULL]; 9];
                arch().dispatch(Windows {
                    parts: &parts[..runs],
                    step: matrix,
                    half,
                    out: &out,
                    out_at: channel * features + own.start,
                    out_step: inner * features,
                    count: own.len(),
                    energies: energies.as_flattened_mut(),
                });
                if !are_even(energies.into_iter(), half) {
                    spoilt.lock().expect("no thread has failed").push(channel);
                }
            }
        }
    });
    let mut spoilt = spoilt.into_inner().expect("no thread has failed");
    spoilt.sort_unstable();
    spoilt.dedup();
    spoilt
}
