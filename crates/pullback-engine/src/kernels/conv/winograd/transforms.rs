//! The transforms around the products, a vector of channels at a time.
//!
//! All of them are sums and differences, with halves where windows are concerned, so they round
//! little, and alike with any instruction set.

use std::ops::Range;

use pulp::Simd;

use super::{PLACES, PRODUCTS, Tiles};
use crate::kernels::dot::{Factor, Real};
use crate::kernels::parts::Shared;

/// Channels that rows of transformed tiles are filled up to: as many as the longest vector has.
pub(super) const FULL: usize = 16;
/// Elements between matrices of transformed tiles beyond their size, which keep the same element of
/// all of them from falling into one set of a cache.
const APART: usize = 16;

/// Sixteen matrices, one for each element of a transformed tile, with a row for each tile.
#[derive(Clone, Copy)]
pub(super) struct Matrices {
    /// From row to row.
    pub(super) row: usize,
    /// From matrix to matrix.
    pub(super) step: usize,
}

impl Matrices {
    /// Matrices with so many rows and columns.
    pub(super) fn new(rows: usize, columns: usize) -> Matrices {
        let row = columns.next_multiple_of(FULL);
        Matrices { row, step: rows * row + APART }
    }

    /// The elements of all of them.
    pub(super) fn size(self) -> usize {
        PRODUCTS * self.step
    }
}

/// Images with channels last, zero outside.
#[derive(Clone, Copy)]
pub(super) struct Images<'a, F> {
    /// `[outer, space, inner]`.
    pub(super) source: &'a [F],
    pub(super) size: [usize; 2],
    /// Where what is seen ends.
    pub(super) end: [usize; 2],
    /// The padding before.
    pub(super) low: [i64; 2],
    pub(super) inner: usize,
    /// What is outside: zeros, one for each channel.
    pub(super) zeros: &'a [F],
}

impl<'a, F> Images<'a, F> {
    /// Channels of the square of points of an image from a corner on.
    #[inline(always)]
    fn square<const N: usize>(
        &self,
        [entry, top, left]: [usize; 3],
        channels: &Range<usize>,
    ) -> [[&'a [F]; N]; N] {
        let at = |place: usize, n: usize, axis: usize| {
            let at = usize::try_from((place + n) as i64 - self.low[axis]).ok()?;
            (at < self.end[axis]).then_some(at)
        };
        let mut square = [[&self.zeros[channels.clone()]; N]; N];
        for (n, points) in square.iter_mut().enumerate() {
            let Some(line) = at(top, n, 0) else { continue };
            let line = (entry * self.size[0] + line) * self.size[1];
            for (n, point) in points.iter_mut().enumerate() {
                if let Some(column) = at(left, n, 1) {
                    *point = &self.source[(line + column) * self.inner..][channels.clone()];
                }
            }
        }
        square
    }
}

/// Writes `Bᵀ d B` of the squares `d` of 4x4 points that tiles see.
pub(super) struct Inputs<'a, 'b, F> {
    pub(super) images: Images<'a, F>,
    pub(super) tiles: Tiles,
    pub(super) run: Range<usize>,
    pub(super) channels: Range<usize>,
    pub(super) matrices: Matrices,
    pub(super) out: &'b mut [F],
}

impl<F: Factor + Real> pulp::WithSimd for Inputs<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Inputs { images, tiles, run, channels, matrices, out } = self;
        let (lanes, zero) = (F::lanes::<S>(), F::splat(simd, F::ZERO));
        for (n, tile) in run.enumerate() {
            let square = images.square::<4>(tiles.corner(tile), &channels);
            for k in (0..channels.len()).step_by(lanes) {
                let mut lines = [[zero; 4]; 4];
                for column in 0..4 {
                    let mut d = [zero; 4];
                    for row in 0..4 {
                        d[row] = load(simd, &square[row][column][k..]);
                    }
                    let values = seen::<F, S>(simd, d);
                    for row in 0..4 {
                        lines[row][column] = values[row];
                    }
                }
                for row in 0..4 {
                    let values = seen::<F, S>(simd, lines[row]);
                    for column in 0..4 {
                        let at = (row * 4 + column) * matrices.step + n * matrices.row + k;
                        store::<F, S>(&mut out[at..at + lanes], values[column]);
                    }
                }
            }
        }
    }
}

/// Writes `A y Aᵀ` of tiles `y` of 2x2 points.
pub(super) struct Slopes<'a, 'b, F> {
    pub(super) images: Images<'a, F>,
    pub(super) tiles: Tiles,
    pub(super) run: Range<usize>,
    pub(super) channels: Range<usize>,
    pub(super) matrices: Matrices,
    pub(super) out: &'b mut [F],
}

impl<F: Factor + Real> pulp::WithSimd for Slopes<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Slopes { images, tiles, run, channels, matrices, out } = self;
        let lanes = F::lanes::<S>();
        for (n, tile) in run.enumerate() {
            let square = images.square::<2>(tiles.corner(tile), &channels);
            for k in (0..channels.len()).step_by(lanes) {
                let [above, below] = &square;
                let left = [load(simd, &above[0][k..]), load(simd, &below[0][k..])];
                let right = [load(simd, &above[1][k..]), load(simd, &below[1][k..])];
                let (left, right) = (spread::<F, S>(simd, left), spread::<F, S>(simd, right));
                for row in 0..4 {
                    let values = spread::<F, S>(simd, [left[row], right[row]]);
                    for column in 0..4 {
                        let at = (row * 4 + column) * matrices.step + n * matrices.row + k;
                        store::<F, S>(&mut out[at..at + lanes], values[column]);
                    }
                }
            }
        }
    }
}

/// Writes the tiles `Aᵀ m A` of the result for some of its features, and adds their squares to the
/// energies of places, in lanes: `[tiles, 4, 16]`.
pub(super) struct Outputs<'a, F> {
    pub(super) tiles: Tiles,
    pub(super) run: Range<usize>,
    pub(super) products: &'a [F],
    /// From matrix to matrix of the products.
    pub(super) step: usize,
    /// All features of the result, and those of the products.
    pub(super) features: usize,
    pub(super) own: Range<usize>,
    pub(super) out: &'a Shared<'a, F>,
    pub(super) energies: &'a mut [F],
}

impl<F: Factor + Real> pulp::WithSimd for Outputs<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Outputs { tiles, run, products, step, features, own, out, energies } = self;
        let lanes = F::lanes::<S>();
        let zero = F::splat(simd, F::ZERO);
        let [height, width] = tiles.places;
        for (n, tile) in run.enumerate() {
            let [entry, top, left] = tiles.corner(tile);
            let energies = &mut energies[n * PLACES * FULL..][..PLACES * FULL];
            for k in (0..own.len()).step_by(lanes) {
                let there = lanes.min(own.len() - k);
                let lane = (own.start + k) % FULL;
                let at = n * own.len() + k;
                let mut lines = [[zero; 4]; 2];
                for column in 0..4 {
                    let mut m = [zero; 4];
                    for row in 0..4 {
                        let at = (row * 4 + column) * step + at;
                        m[row] = load(simd, &products[at..at + there]);
                    }
                    let [above, below] = folded::<F, S>(simd, m);
                    lines[0][column] = above;
                    lines[1][column] = below;
                }
                for row in 0..2 {
                    let values = folded::<F, S>(simd, lines[row]);
                    for column in 0..2 {
                        if top + row >= height || left + column >= width {
                            continue;
                        }
                        let place = (entry * height + top + row) * width + left + column;
                        // SAFETY: these features of a tile, which no one else has.
                        let to = unsafe { out.part(place * features + own.start + k, there) };
                        store::<F, S>(to, values[column]);
                        let energy = &mut energies[(row * 2 + column) * FULL + lane..][..lanes];
                        let before = load(simd, energy);
                        let sum = F::accumulate(simd, before, values[column], values[column]);
                        store::<F, S>(energy, sum);
                    }
                }
            }
        }
    }
}

/// Writes `G g Gᵀ` of windows `g`, `[9, channels, features]`, for some of the features:
/// `[16, channels, own features]`.
pub(super) struct Filters<'a, F> {
    pub(super) windows: &'a [F],
    pub(super) channels: usize,
    pub(super) features: usize,
    pub(super) own: Range<usize>,
    pub(super) half: F,
    pub(super) out: &'a mut [F],
}

impl<F: Factor + Real> pulp::WithSimd for Filters<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Filters { windows, channels, features, own, half, out } = self;
        let (lanes, zero) = (F::lanes::<S>(), F::splat(simd, F::ZERO));
        for channel in 0..channels {
            for k in (0..own.len()).step_by(lanes) {
                let there = lanes.min(own.len() - k);
                let mut lines = [[zero; 3]; 4];
                for column in 0..3 {
                    let mut g = [zero; 3];
                    for row in 0..3 {
                        let at = ((row * 3 + column) * channels + channel) * features;
                        g[row] = load(simd, &windows[at + own.start + k..][..there]);
                    }
                    let values = widened::<F, S>(simd, half, g);
                    for row in 0..4 {
                        lines[row][column] = values[row];
                    }
                }
                for row in 0..4 {
                    let values = widened::<F, S>(simd, half, lines[row]);
                    for column in 0..4 {
                        let at = ((row * 4 + column) * channels + channel) * own.len() + k;
                        store::<F, S>(&mut out[at..at + there], values[column]);
                    }
                }
            }
        }
    }
}

/// Writes the windows `Gᵀ m G` of sums of products over parts of the tiles, which are added one
/// after the other, for one channel and some of the features. Their squares are added to the
/// energies of places, in lanes: `[9, 16]`.
pub(super) struct Windows<'a, F> {
    /// What each part has for this channel, from matrix to matrix by `step`.
    pub(super) parts: &'a [&'a [F]],
    pub(super) step: usize,
    pub(super) half: F,
    /// Where each of the nine rows of the result is, by `out_step`.
    pub(super) out: &'a Shared<'a, F>,
    pub(super) out_at: usize,
    pub(super) out_step: usize,
    pub(super) count: usize,
    pub(super) energies: &'a mut [F],
}

impl<F: Factor + Real> pulp::WithSimd for Windows<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Windows { parts, step, half, out, out_at, out_step, count, energies } = self;
        let lanes = F::lanes::<S>();
        let zero = F::splat(simd, F::ZERO);
        for k in (0..count).step_by(lanes) {
            let there = lanes.min(count - k);
            let mut lines = [[zero; 4]; 3];
            for column in 0..4 {
                let mut m = [zero; 4];
                for row in 0..4 {
                    let at = (row * 4 + column) * step + k;
                    for (n, part) in parts.iter().enumerate() {
                        let sum = load(simd, &part[at..at + there]);
                        m[row] = if n == 0 { sum } else { F::sum(simd, m[row], sum) };
                    }
                }
                let values = gathered::<F, S>(simd, half, m);
                for row in 0..3 {
                    lines[row][column] = values[row];
                }
            }
            for row in 0..3 {
                let values = gathered::<F, S>(simd, half, lines[row]);
                for column in 0..3 {
                    let at = out_at + (row * 3 + column) * out_step + k;
                    // SAFETY: features of a channel, which no one else has.
                    store::<F, S>(unsafe { out.part(at, there) }, values[column]);
                    let lane = k % FULL;
                    let energy = &mut energies[(row * 3 + column) * FULL + lane..][..lanes];
                    let before = load(simd, energy);
                    let sum = F::accumulate(simd, before, values[column], values[column]);
                    store::<F, S>(energy, sum);
                }
            }
        }
    }
}

/// `Bᵀ`: what is multiplied with a widened filter.
#[inline(always)]
fn seen<F: Real, S: Simd>(simd: S, [a, b, c, d]: [F::Vector<S>; 4]) -> [F::Vector<S>; 4] {
    let (sum, difference) = (F::sum::<S>, F::difference::<S>);
    [difference(simd, a, c), sum(simd, b, c), difference(simd, c, b), difference(simd, b, d)]
}

/// `Aᵀ`: two elements of the result.
#[inline(always)]
fn folded<F: Real, S: Simd>(simd: S, [a, b, c, d]: [F::Vector<S>; 4]) -> [F::Vector<S>; 2] {
    let (sum, difference) = (F::sum::<S>, F::difference::<S>);
    [sum(simd, a, sum(simd, b, c)), difference(simd, difference(simd, b, c), d)]
}

/// `A`, the transpose of [`folded`].
#[inline(always)]
fn spread<F: Factor + Real, S: Simd>(simd: S, [a, b]: [F::Vector<S>; 2]) -> [F::Vector<S>; 4] {
    let zero = F::splat(simd, F::ZERO);
    [a, F::sum(simd, a, b), F::difference(simd, a, b), F::difference(simd, zero, b)]
}

/// `G`: a filter of three taps.
#[inline(always)]
fn widened<F: Factor + Real, S: Simd>(
    simd: S,
    half: F,
    [a, b, c]: [F::Vector<S>; 3],
) -> [F::Vector<S>; 4] {
    let half = F::splat(simd, half);
    let outer = F::accumulate(simd, F::splat(simd, F::ZERO), F::sum(simd, a, c), half);
    let inner = F::accumulate(simd, F::splat(simd, F::ZERO), b, half);
    [a, F::sum(simd, outer, inner), F::difference(simd, outer, inner), c]
}

/// `Gᵀ`, the transpose of [`widened`].
#[inline(always)]
fn gathered<F: Factor + Real, S: Simd>(
    simd: S,
    half: F,
    [a, b, c, d]: [F::Vector<S>; 4],
) -> [F::Vector<S>; 3] {
    let (zero, half) = (F::splat(simd, F::ZERO), F::splat(simd, half));
    let outer = F::accumulate(simd, zero, F::sum(simd, b, c), half);
    let inner = F::accumulate(simd, zero, F::difference(simd, b, c), half);
    [F::sum(simd, a, outer), inner, F::sum(simd, outer, d)]
}

/// The first elements, or all of them and zeros.
#[inline(always)]
fn load<F: Factor + Real, S: Simd>(simd: S, from: &[F]) -> F::Vector<S> {
    let lanes = F::lanes::<S>();
    if from.len() >= lanes {
        return bytemuck::pod_read_unaligned(bytemuck::cast_slice(&from[..lanes]));
    }
    let mut vector = F::splat(simd, F::ZERO);
    let lanes: &mut [F] = bytemuck::cast_slice_mut(std::slice::from_mut(&mut vector));
    lanes[..from.len()].copy_from_slice(from);
    vector
}

/// Writes the first elements of a vector: all, or as many as there is room for.
#[inline(always)]
fn store<F: Real, S: Simd>(to: &mut [F], vector: F::Vector<S>) {
    let lanes: &[F] = bytemuck::cast_slice(std::slice::from_ref(&vector));
    if to.len() >= F::lanes::<S>() {
        to[..F::lanes::<S>()].copy_from_slice(lanes);
    } else {
        to.copy_from_slice(&lanes[..to.len()]);
    }
}

/// Whether energies, given in lanes, are finite, and none so much less than another that the
/// rounding of that one would spoil it.
pub(super) fn are_even<F: Factor>(energies: impl Iterator<Item = [F; FULL]>, half: F) -> bool {
    let (mut least, mut most, mut all) = (F::GREATEST, F::ZERO, F::ZERO);
    for mut lanes in energies {
        let mut count = FULL / 2;
        while count > 0 {
            for lane in 0..count {
                lanes[lane] = lanes[lane].plus(lanes[lane + count]);
            }
            count /= 2;
        }
        let energy = lanes[0];
        least = if energy.is_below(least) { energy } else { least };
        most = if most.is_below(energy) { energy } else { most };
        all = all.plus(energy);
    }
    for _ in 0..2 * DIGITS {
        most = most.times(half);
    }
    all.minus(all) == F::ZERO && !least.is_below(most)
}

/// Binary digits that a place may lose to its neighbours.
const DIGITS: usize = 6;
