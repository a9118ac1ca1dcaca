//! Blocks of a product, computed in tiles that stay in registers.
//!
//! A tile takes one number of each of its rows and a few vectors of a row of the right operand at
//! a time. Each element is a chain of fused products in the order of the depth, so it has the
//! same bits whichever tile it falls into.
//!
//! A complex number is two real ones: its row of the left operand counts as two, of real and of
//! imaginary parts, and its column of the right operand as two. Where a tile is stored they are
//! put together.

use std::ops::Range;

use bytemuck::Zeroable;
use pulp::Simd;

use super::Factor;
use super::lanes::Real;
use crate::kernels::common::arch;

/// Rows and columns of a register tile, in real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    pub rows: usize,
    pub columns: usize,
}

/// The register tile of this processor for numbers of a type.
pub(super) fn shape<R: Real>() -> Shape {
    struct Ask<R>(std::marker::PhantomData<R>);
    impl<R: Real> pulp::WithSimd for Ask<R> {
        type Output = Shape;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> Shape {
            shape_of::<R, S>()
        }
    }
    arch().dispatch(Ask::<R>(std::marker::PhantomData))
}

/// The register tile of an instruction set: as many vectors as leave some registers for operands.
#[inline(always)]
pub(super) fn shape_of<R: Real, S: Simd>() -> Shape {
    let lanes = R::lanes::<S>();
    match size_of::<R::Vector<S>>() {
        64 => Shape { rows: 8, columns: 2 * lanes },
        32 => Shape { rows: 6, columns: 2 * lanes },
        _ => Shape { rows: 4, columns: 4 * lanes },
    }
}

/// Where tiles find the left operand: steps from row to row, from tile to tile, and along the
/// depth. A row of complex numbers has its imaginary parts beside the real ones. What is `padded`
/// has the rows of a tile side by side, and as many in the last one.
#[derive(Clone, Copy)]
pub(super) struct Left<R> {
    pub at: *const R,
    pub row: isize,
    pub tile: isize,
    pub step: isize,
    pub padded: bool,
}

/// Where tiles find the right operand: steps from tile to tile, and along the depth. What is
/// `padded` has columns to fill the last tile.
#[derive(Clone, Copy)]
pub(super) struct Right<R> {
    pub at: *const R,
    pub tile: isize,
    pub step: isize,
    pub padded: bool,
}

/// A product whose blocks can be computed one by one; sizes are in real numbers.
#[derive(Clone, Copy)]
pub(super) struct Grid<R> {
    pub rows: usize,
    pub columns: usize,
    pub depth: usize,
    pub left: Left<R>,
    pub right: Right<R>,
    /// The first element of the result, and the step from row to row.
    pub out: *mut R,
    pub out_row: usize,
    pub store: Store,
}

/// What becomes of what stands where a product is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Store {
    /// It is overwritten.
    Write,
    /// The product is added to it.
    Add,
    /// The product is subtracted from it.
    Subtract,
}

impl Store {
    #[inline(always)]
    fn of<R: Real, S: Simd>(
        self,
        simd: S,
        before: impl FnOnce() -> R::Vector<S>,
        product: R::Vector<S>,
    ) -> R::Vector<S> {
        match self {
            Store::Write => product,
            Store::Add => R::sum(simd, before(), product),
            Store::Subtract => R::difference(simd, before(), product),
        }
    }
}

// SAFETY: it is but pointers; who calls `block` answers for what they point to.
unsafe impl<R> Sync for Grid<R> {}
// SAFETY: as above.
unsafe impl<R> Send for Grid<R> {}

impl<R: Real> Grid<R> {
    /// Computes a block, given as ranges of tiles.
    ///
    /// # Safety
    /// Both operands and the result must be where the grid says, for all its rows, columns and
    /// depth, and no one else may read or write this block of the result.
    pub(super) unsafe fn block<F: Factor<Real = R>>(
        &self,
        tile_rows: Range<usize>,
        tile_columns: Range<usize>,
    ) {
        arch().dispatch(Block::<F> { grid: *self, tile_rows, tile_columns });
    }
}

/// Two real matrices to be multiplied: where each begins, and the steps along its rows and columns.
/// The rows of the right one are contiguous, and can be read for whole tiles.
#[derive(Clone, Copy)]
pub(in crate::kernels) struct Pair<R> {
    pub left: *const R,
    pub left_row: isize,
    pub left_column: isize,
    pub right: *const R,
    pub right_row: isize,
}

/// Subtracts a product from the matrix at `out`, of `rows` and `columns`, on the calling thread.
///
/// # Safety
/// The operands must be there to be read, and the result, which no one else reads or writes, to be
/// written.
pub(in crate::kernels) unsafe fn subtract_product<F: Factor<Real = F> + Real>(
    [rows, depth, columns]: [usize; 3],
    pair: Pair<F>,
    out: *mut F,
    out_row: usize,
) {
    let shape = shape::<F>();
    let Pair { left, left_row, left_column, right, right_row } = pair;
    let grid = Grid {
        rows,
        columns,
        depth,
        left: Left {
            at: left,
            row: left_row,
            tile: left_row * shape.rows as isize,
            step: left_column,
            padded: false,
        },
        right: Right { at: right, tile: shape.columns as isize, step: right_row, padded: true },
        out,
        out_row,
        store: Store::Subtract,
    };
    let tiles = [0..rows.div_ceil(shape.rows), 0..columns.div_ceil(shape.columns)];
    let [down, across] = tiles;
    // SAFETY: passed on.
    unsafe { grid.block::<F>(down, across) }
}

struct Block<F: Factor> {
    grid: Grid<F::Real>,
    tile_rows: Range<usize>,
    tile_columns: Range<usize>,
}

impl<F: Factor> pulp::WithSimd for Block<F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // SAFETY: who made the block has promised so.
        unsafe { block::<F, S>(simd, &self.grid, self.tile_rows, self.tile_columns) }
    }
}

/// Computes a block of the grid with the instructions at hand.
///
/// # Safety
/// As for [`Grid::block`].
#[inline(always)]
pub(super) unsafe fn block<F: Factor, S: Simd>(
    simd: S,
    grid: &Grid<F::Real>,
    tile_rows: Range<usize>,
    tile_columns: Range<usize>,
) {
    // SAFETY: passed on. The sizes are those that `shape` tells.
    unsafe {
        match size_of::<<F::Real as Real>::Vector<S>>() {
            64 => tiles::<F, S, 8, 2>(simd, grid, tile_rows, tile_columns),
            32 => tiles::<F, S, 6, 2>(simd, grid, tile_rows, tile_columns),
            _ => tiles::<F, S, 4, 4>(simd, grid, tile_rows, tile_columns),
        }
    }
}

/// Products of less depth are written by rows.
pub(super) const FLAT: usize = 64;

/// All tiles of a block.
///
/// # Safety
/// As for [`Grid::block`].
#[inline(always)]
unsafe fn tiles<F: Factor, S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    grid: &Grid<F::Real>,
    tile_rows: Range<usize>,
    tile_columns: Range<usize>,
) {
    let lanes = F::Real::lanes::<S>();
    let width = VECTORS * lanes;
    // Little depth is written more than it is read, so rows of the result are finished one after
    // the other; else each part of the right operand serves all rows while it is at hand.
    let by_rows = grid.depth < FLAT;
    let (outer, inner) =
        if by_rows { (tile_rows, tile_columns) } else { (tile_columns, tile_rows) };
    for first in outer {
        for second in inner.clone() {
            let (i, j) = if by_rows { (first, second) } else { (second, first) };
            let (row, column) = (i * ROWS, j * width);
            let place = Place {
                left: grid.left.at.wrapping_offset(i as isize * grid.left.tile),
                right: grid.right.at.wrapping_offset(j as isize * grid.right.tile),
                out: grid.out.wrapping_add(row / F::PARTS * grid.out_row + column),
                rows: (grid.rows - row).min(ROWS),
                columns: (grid.columns - column).min(width),
            };
            // SAFETY: passed on; each has rows and vectors enough for what is there.
            unsafe {
                match (place.columns == width || grid.right.padded, grid.left.padded) {
                    (true, true) => tile::<F, S, ROWS, VECTORS, true, true>(simd, grid, place),
                    (false, true) => tile::<F, S, ROWS, VECTORS, true, false>(simd, grid, place),
                    (true, false) if place.rows > 4 || ROWS == 4 => {
                        tile::<F, S, ROWS, VECTORS, false, true>(simd, grid, place)
                    }
                    (true, false) => tile::<F, S, 4, VECTORS, false, true>(simd, grid, place),
                    (false, false) => match (place.rows > 4, place.columns > lanes) {
                        (true, true) => {
                            tile::<F, S, ROWS, VECTORS, false, false>(simd, grid, place)
                        }
                        (true, false) => tile::<F, S, ROWS, 1, false, false>(simd, grid, place),
                        (false, true) => tile::<F, S, 4, VECTORS, false, false>(simd, grid, place),
                        (false, false) => tile::<F, S, 4, 1, false, false>(simd, grid, place),
                    },
                }
            }
        }
    }
}

/// One tile: where its operands and its result begin, and how much of it there is.
struct Place<R> {
    left: *const R,
    right: *const R,
    out: *mut R,
    rows: usize,
    columns: usize,
}

/// Computes a tile. `LEFT` and `RIGHT` tell that the operand has all rows, or all columns.
///
/// # Safety
/// As for [`Grid::block`], for what the place tells.
#[inline(always)]
unsafe fn tile<
    F: Factor,
    S: Simd,
    const ROWS: usize,
    const VECTORS: usize,
    const LEFT: bool,
    const RIGHT: bool,
>(
    simd: S,
    grid: &Grid<F::Real>,
    place: Place<F::Real>,
) {
    let lanes = F::Real::lanes::<S>();
    let Place { mut left, mut right, out, rows, columns } = place;
    // Rows that are not there are taken to be the last one, and not stored.
    let offsets: [isize; ROWS] = std::array::from_fn(|r| match (LEFT, r.min(rows - 1)) {
        (true, _) => r as isize,
        (false, r) => (r / F::PARTS) as isize * grid.left.row + (r % F::PARTS) as isize,
    });
    let left_step = if LEFT { ROWS as isize } else { grid.left.step };
    // The lanes of each vector that are there.
    let masks: [_; VECTORS] =
        std::array::from_fn(|v| F::Real::first(simd, columns.saturating_sub(v * lanes).min(lanes)));
    let zero = F::Real::splat(simd, F::Real::zeroed());
    let mut sums = [[zero; VECTORS]; ROWS];
    for _ in 0..grid.depth {
        // SAFETY: the caller answers for all of the depth, for `rows` rows or, where `LEFT`, all,
        // and for `columns` columns or, where `RIGHT`, all.
        let b: [_; VECTORS] = std::array::from_fn(|v| unsafe {
            let from = right.wrapping_add(v * lanes);
            match RIGHT {
                true => from.cast::<<F::Real as Real>::Vector<S>>().read_unaligned(),
                false => F::Real::load(simd, masks[v], from),
            }
        });
        for r in 0..ROWS {
            // SAFETY: as above.
            let a = F::Real::splat(simd, unsafe { *left.wrapping_offset(offsets[r]) });
            for v in 0..VECTORS {
                sums[r][v] = F::Real::accumulate(simd, sums[r][v], a, b[v]);
            }
        }
        right = right.wrapping_offset(grid.right.step);
        left = left.wrapping_offset(left_step);
    }
    if F::PARTS == 2 {
        for [re, im] in sums.as_chunks_mut::<2>().0 {
            join::<F::Real, _>(re, im);
        }
    }
    for r in (0..ROWS).step_by(F::PARTS) {
        if r >= rows {
            break;
        }
        let row = out.wrapping_add(r / F::PARTS * grid.out_row);
        for v in 0..VECTORS {
            let to = row.wrapping_add(v * lanes);
            // SAFETY: the row is one of the result, of which the caller has `columns` columns to
            // itself.
            unsafe {
                if columns >= (v + 1) * lanes {
                    let to = to.cast::<<F::Real as Real>::Vector<S>>();
                    let sum = grid.store.of::<F::Real, S>(simd, || to.read_unaligned(), sums[r][v]);
                    to.write_unaligned(sum);
                } else if columns > v * lanes {
                    let before = || F::Real::load(simd, masks[v], to);
                    let sum = grid.store.of::<F::Real, S>(simd, before, sums[r][v]);
                    F::Real::store(simd, masks[v], to, sum);
                }
            }
        }
    }
}

/// Makes complex numbers, in place of `re`, of the products with the real and with the imaginary
/// parts of the left operand.
#[inline(always)]
fn join<R: Real, V: bytemuck::Pod>(re: &mut [V], im: &[V]) {
    let (re, im): (&mut [R], &[R]) = (bytemuck::cast_slice_mut(re), bytemuck::cast_slice(im));
    for (re, im) in re.as_chunks_mut::<2>().0.iter_mut().zip(im.as_chunks::<2>().0) {
        *re = [re[0].minus(im[1]), re[1].plus(im[0])];
    }
}
