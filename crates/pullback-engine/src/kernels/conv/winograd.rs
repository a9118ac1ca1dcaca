//! Windows of 3x3 with fewer products: Winograd's minimal filtering.
//!
//! Two results of a filter of three taps need four products, not six (Winograd, *Arithmetic
//! Complexity of Computations*, 1980), so a tile of 2x2 results needs 16, not 36: `Aᵀ [(G g Gᵀ) ⊙
//! (Bᵀ d B)] A`, where `d` is the square of 4x4 points that the tile sees, and `g` the window. With
//! channels the 16 products are those of matrices, tiles by channels and channels by features (Lavin
//! and Gray, *Fast Algorithms for Convolutional Neural Networks*, 2016). The gradient with respect
//! to the window is the transpose, with as many products: `Gᵀ [Σ (Bᵀ d B) ⊙ (A y Aᵀ)] G`, summed
//! over tiles `y`.
//!
//! The constants are 0, 1 and ½, so an element is as exact as a sum of the products of all 16
//! points that its tile sees. (Larger tiles, whose constants are not, would save more and lose
//! digits.) But it is no more exact: where one place of a tile sees what is much greater than what
//! another sees, infinite or not a number, the other is spoilt. What a point holds is seen from at
//! least one place of its tile, so such tiles are known by the sums of squares at their places;
//! they are computed again, as direct sums.
//!
//! Tiles are taken in blocks whose transforms stay in the second cache. A thread transforms a
//! block, multiplies, and transforms back while the products are at hand.

use std::ops::Range;

use super::patches::Patches;
use super::{Axes, Axis, FITS, Operands};
use crate::buffer::Buffer;
use crate::kernels::common::arch;
use crate::kernels::dot::{Factor, Problem, Real, panel, product, product_in_place};
use crate::kernels::parts::{Shared, for_each_part};
use crate::scratch::with_scratch;
use crate::threads;

mod transforms;
mod window;

pub(super) use window::gathered;

use transforms::{FULL, Filters, Images, Inputs, Matrices, Outputs, are_even};

/// The products of a tile: one for each point that it sees.
const PRODUCTS: usize = 16;
/// The elements of a tile.
const PLACES: usize = 4;
/// Fewer channels or features than this are not worth the transforms.
const CHANNELS: usize = 16;
/// Fewer products than this, of the direct sums, are not worth the transforms either.
const WORTH: usize = 1 << 21;
/// Nor are windows that are transformed for fewer tiles.
const TILES: usize = 32;
/// Bytes of the transformed inputs of a block: what leaves room for the rest in a second cache.
const BLOCK_BYTES: usize = 384 << 10;
/// As many blocks there are at least, so that the threads end together, if each has as many tiles.
const BLOCKS: usize = 16;

/// Whether a convolution at these places, of operands without groups, is computed so.
pub(super) fn applies<T: Factor>(operands: &Operands<T>, axes: &Axes) -> bool {
    let &Operands { outer, inner, features, groups, .. } = operands;
    let plain =
        |axis: &Axis| axis.taps == 3 && axis.stride == 1 && axis.step == 1 && axis.dilation == 1;
    let is_plain = axes.len() == 2 && axes.iter().all(plain);
    if T::HALF.is_none() || !is_plain || groups.feature > 1 || groups.batch > 1 {
        return false;
    }
    let places = outer * axes[0].places * axes[1].places;
    let tiles = Tiles { outer, places: [axes[0].places, axes[1].places] }.count();
    let products = places.saturating_mul(9 * inner).saturating_mul(features);
    // Tiles that stick out of small images have places that no one asked for.
    let saves = 4 * PRODUCTS * tiles <= 3 * 9 * places;
    inner.min(features) >= CHANNELS && tiles >= TILES && products >= WORTH && saves
}

/// The tiles of 2x2 places, line by line, image by image.
#[derive(Clone, Copy)]
struct Tiles {
    outer: usize,
    places: [usize; 2],
}

impl Tiles {
    fn count(self) -> usize {
        let [height, width] = self.places;
        self.outer * height.div_ceil(2) * width.div_ceil(2)
    }

    /// The image of a tile, and its first place there.
    #[inline(always)]
    fn corner(self, tile: usize) -> [usize; 3] {
        let [height, width] = self.places.map(|places| places.div_ceil(2));
        let line = tile / width;
        [line / height, line % height * 2, tile % width * 2]
    }
}

/// Writes the result, `[outer, places, features]`.
pub(super) fn sliding<T: Factor, const LANES: usize>(
    operands: &Operands<T>,
    axes: &Axes,
    out: &mut [T],
) {
    let operands = real(operands);
    convolve::<T::Real, LANES>(&operands, axes, bytemuck::cast_slice_mut(out));
}

/// Operands of real numbers, as what they are.
fn real<'a, T: Factor>(operands: &Operands<'a, T>) -> Operands<'a, T::Real> {
    let &Operands { lhs, rhs, outer, inner, features, groups } = operands;
    let (lhs, rhs) = (bytemuck::cast_slice(lhs), bytemuck::cast_slice(rhs));
    Operands { lhs, rhs, outer, inner, features, groups }
}

/// The left operand, and its tiles.
fn tiled<'a, F>(operands: &Operands<'a, F>, axes: &Axes, zeros: &'a [F]) -> (Images<'a, F>, Tiles) {
    let pair = |of: fn(&Axis) -> usize| [of(&axes[0]), of(&axes[1])];
    let (size, low) = (pair(|axis| axis.size), [axes[0].low, axes[1].low]);
    let end = pair(|axis| {
        let end = (axis.places + axis.taps - 1) as i64 - axis.low;
        axis.size.min(usize::try_from(end).unwrap_or(0))
    });
    let images = Images { source: operands.lhs, size, end, low, inner: operands.inner, zeros };
    (images, Tiles { outer: operands.outer, places: pair(|axis| axis.places) })
}

fn convolve<F: Factor + Real, const LANES: usize>(
    operands: &Operands<F>,
    axes: &Axes,
    out: &mut [F],
) {
    let &Operands { rhs, inner, features, .. } = operands;
    let zeros = vec![F::ZERO; inner];
    let (images, tiles) = tiled(operands, axes, &zeros);
    let half = F::HALF.expect("numbers that can be halved");
    // Lanes of energies begin with each panel.
    let width = panel::<F>().max(FULL);
    let own = |start: usize| start..(start + width).min(features);
    // The filters of each panel of features: `[16, channels, own features]`.
    let size = PRODUCTS * inner;
    let mut filters = Buffer::scratch(F::DTYPE, size * features).expect(FITS);
    for_each_part(filters.slice_mut::<F>(), size * width, |start, out| {
        let own = own(start / size);
        arch().dispatch(Filters { windows: rhs, channels: inner, features, own, half, out });
    });
    let filters = filters.slice::<F>();

    let count = tiles.count();
    let row = inner.next_multiple_of(CHANNELS) * PRODUCTS * size_of::<F>();
    let blocks = count.div_ceil((BLOCK_BYTES / row).clamp(TILES, 4 * TILES));
    let in_block = count.div_ceil(blocks.max(BLOCKS.min(count.div_ceil(TILES))));
    let matrices = Matrices::new(in_block, inner);
    let results = Matrices::new(in_block, width);
    let out = Shared::new(out);
    threads::for_each(count.div_ceil(in_block), &|n| {
        let run = n * in_block..((n + 1) * in_block).min(count);
        let mut spoilt = vec![];
        let energies = in_block * PLACES * FULL;
        with_scratch(matrices.size() + results.size() + energies, |scratch| {
            let (inputs, scratch) = scratch.split_at_mut(matrices.size());
            let (products, energies) = scratch.split_at_mut(results.size());
            energies.fill(F::ZERO);
            arch().dispatch(Inputs {
                images,
                tiles,
                run: run.clone(),
                channels: 0..inner,
                matrices,
                out: &mut *inputs,
            });
            for start in (0..features).step_by(width) {
                let own = own(start);
                let problem = Problem {
                    rows: run.len(),
                    columns: own.len(),
                    depth: inner,
                    lhs_at: 0,
                    rhs_at: 0,
                    lhs_row: matrices.row as isize,
                    lhs_depth: 1,
                    rhs_depth: own.len() as isize,
                    rhs_column: 1,
                };
                let filters = filters[start * size..].chunks_exact(inner * own.len());
                let pairs = inputs.chunks_exact(matrices.step).zip(filters);
                for ((input, filter), out) in pairs.zip(products.chunks_exact_mut(results.step)) {
                    let out = &mut out[..run.len() * own.len()];
                    product_in_place(&problem, input, filter, out, false);
                }
                arch().dispatch(Outputs {
                    tiles,
                    run: run.clone(),
                    products,
                    step: results.step,
                    features,
                    own,
                    out: &out,
                    energies: &mut *energies,
                });
            }
            let energies = energies.as_chunks::<FULL>().0.chunks_exact(PLACES);
            for (tile, energies) in run.clone().zip(energies) {
                let [_, top, left] = tiles.corner(tile);
                let there =
                    |n: usize| top + n / 2 < tiles.places[0] && left + n % 2 < tiles.places[1];
                let energies = energies.iter().enumerate().filter(|&(n, _)| there(n));
                if !are_even(energies.map(|(_, &energy)| energy), half) {
                    spoilt.push(tile);
                }
            }
        });
        let width = tiles.places[1].div_ceil(2);
        for run in spoilt.chunk_by(|&a, &b| a + 1 == b && b % width > 0) {
            let run = run[0]..run[0] + run.len();
            directly::<F, LANES>(operands, axes, tiles, run, &out);
        }
    });
}

/// Computes tiles of one line by their definition.
fn directly<F: Factor + Real, const LANES: usize>(
    operands: &Operands<F>,
    axes: &Axes,
    tiles: Tiles,
    run: Range<usize>,
    out: &Shared<F>,
) {
    let &Operands { inner, features, .. } = operands;
    let [height, width] = tiles.places;
    let [entry, top, left] = tiles.corner(run.start);
    let stride = axes.iter().map(|axis| axis.size).product::<usize>() * inner;
    let patches = Patches { source: operands.lhs, stride, inner, channels: inner, axes };
    let depth = patches.depth();
    let count = (2 * run.len()).min(width - left);
    for line in top..(top + 2).min(height) {
        let first = (entry * height + line) * width + left;
        with_scratch(count * depth, |packed| {
            patches.pack(first, packed);
            let problem = Problem {
                rows: count,
                columns: features,
                depth,
                lhs_at: 0,
                rhs_at: 0,
                lhs_row: depth as isize,
                lhs_depth: 1,
                rhs_depth: features as isize,
                rhs_column: 1,
            };
            // SAFETY: places of tiles that no other block has.
            let out = unsafe { out.part(first * features, count * features) };
            product::<F, LANES>(&problem, packed, operands.rhs, out).expect(FITS);
        });
    }
}

#[cfg(test)]
mod tests;
