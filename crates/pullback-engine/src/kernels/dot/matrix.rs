//! Products of matrices: what to copy, how to divide the depth, and which blocks to compute.
//!
//! All of this depends on sizes and strides alone. The depth is divided into steps that fit the
//! caches, added one after the other; what the threads claim are blocks of the result. Where
//! there are few blocks and a great depth, the depth is divided among the threads as well: into
//! spans, whose sums are added in order.

use pulp::Simd;

use super::pack::{Lines, pack};
use super::tile::{self, Grid, Left, Right, Store};
use super::{Factor, Problem};
use crate::buffer::Buffer;
use crate::cost::{Cost, Pace};
use crate::error::Result;
use crate::kernels::common::arch;
use crate::kernels::parts::for_each_part;
use crate::threads;

/// What it takes to put one element where tiles read it.
const PACKING: Cost = Cost::flops(12);

/// Bytes of a row of one step of the depth: results that are added to cost more than operands that
/// come from the second cache.
const STEP_BYTES: usize = 8192;
/// The same where the left operand has so few rows that the right one is read but once.
const FLAT_STEP_BYTES: usize = 192;
/// Multiplications of a block of tiles, at least.
const WORTH: usize = 2 * Pace::Products.items_of_part(1);
/// Rows of the left operand that are computed at a time, in tiles.
const BLOCK_ROWS: usize = 8;
/// The same where there are so many that all threads have enough to do anyway.
const TALL_ROWS: usize = 16;
/// Columns of the right operand that are computed at a time, in tiles.
const BLOCK_COLUMNS: usize = 4;
/// The same for products of little depth, which write more than they compute.
const FLAT_COLUMNS: usize = 32;
/// Products of right operands of at most as many bytes are computed at once.
const NEAR_BYTES: usize = 16 << 10;
/// Right operands of more bytes than this are copied for products of so many rows: to copy them for
/// fewer, or smaller ones, takes longer than to read them where they lie does.
const FAR_BYTES: usize = 2 << 20;
const FAR_ROWS: usize = 512;
/// The depth that is one span where the threads divide the depth.
const SPAN: usize = 1024;

/// Writes the product to `out`, by rows.
pub(super) fn product<F: Factor>(
    problem: &Problem,
    lhs: &[F],
    rhs: &[F],
    out: &mut [F],
) -> Result<()> {
    let &Problem { rows, columns, depth, .. } = problem;
    if is_small::<F>(problem) {
        let start = [problem.lhs_at, problem.rhs_at];
        small_products(problem, lhs, rhs, std::iter::once(start), out);
        return Ok(());
    }
    let few = rows * columns * F::PARTS < 1 << 14 && depth >= 4 * SPAN;
    if !few || problem.work() < 4 * WORTH {
        return whole(problem, lhs, rhs, out);
    }
    let spans = depth.div_ceil(SPAN);
    let area = rows * columns;
    let mut sums = Buffer::scratch(F::DTYPE, spans * area)?;
    let failure = crate::sync::Mutex::new(None);
    for_each_part(sums.slice_mut::<F>(), area, |start, out| {
        let begin = start / area * SPAN;
        let part = Problem {
            depth: SPAN.min(depth - begin),
            lhs_at: problem.lhs_at + begin as isize * problem.lhs_depth,
            rhs_at: problem.rhs_at + begin as isize * problem.rhs_depth,
            ..*problem
        };
        if let Err(error) = whole(&part, lhs, rhs, out) {
            *failure.lock().expect("no thread panics here") = Some(error);
        }
    });
    if let Some(error) = failure.into_inner().expect("no thread panics here") {
        return Err(error);
    }
    let mut sums = sums.slice::<F>().chunks_exact(area);
    out.copy_from_slice(sums.next().expect("at least four spans"));
    for sum in sums {
        for (slot, &x) in out.iter_mut().zip(sum) {
            *slot = slot.plus(x);
        }
    }
    Ok(())
}

/// The same, with the whole depth for each block.
fn whole<F: Factor>(problem: &Problem, lhs: &[F], rhs: &[F], out: &mut [F]) -> Result<()> {
    let plan = Plan::new::<F>(problem);
    let &Problem { rows, columns, depth, .. } = problem;
    let shape = tile::shape::<F::Real>();
    let [tile_rows, tile_columns] = plan.tiles;
    let [lines_left, lines_right] = lines(problem, lhs, rhs);
    let buffer = |packed: bool, tiles: usize, width: usize| {
        let count = if packed { tiles * width * plan.step } else { 0 };
        Buffer::scratch(<F::Real as crate::dtype::Element>::DTYPE, count)
    };
    let mut left = buffer(plan.pack_left, tile_rows, shape.rows)?;
    let mut right = buffer(plan.pack_right, tile_columns, shape.columns)?;
    for begin in (0..depth).step_by(plan.step) {
        let depth = plan.step.min(depth - begin);
        let mut grid = in_place::<F>(problem, lhs, rhs, out);
        grid.depth = depth;
        grid.store = if begin > 0 { Store::Add } else { Store::Write };
        let fill = |lines: &Lines<F>, buffer: &mut Buffer, width: usize| {
            let width = width / F::PARTS;
            let sliver = width * depth;
            let cost = PACKING + Cost::bytes(2 * size_of::<F>());
            let slivers = (cost.items_of_part() / sliver).max(1);
            let count = lines.count.div_ceil(width) * sliver;
            let target = &mut buffer.slice_mut::<F>()[..count];
            for_each_part(target, slivers * sliver, |start, target| {
                for (i, target) in target.chunks_exact_mut(sliver).enumerate() {
                    let first = (start / sliver + i) * width;
                    pack(lines, first, width, begin, depth, target);
                }
            });
        };
        if plan.pack_left {
            fill(&lines_left, &mut left, shape.rows);
            let tile = (shape.rows * depth) as isize;
            let step = shape.rows as isize;
            let at = left.slice::<F::Real>().as_ptr();
            grid.left = Left { at, row: 1, tile, step, padded: true };
        } else {
            grid.left.at = grid.left.at.wrapping_offset(begin as isize * grid.left.step);
        }
        if plan.pack_right {
            fill(&lines_right, &mut right, shape.columns);
            let tile = (shape.columns * depth) as isize;
            let step = shape.columns as isize;
            let at = right.slice::<F::Real>().as_ptr();
            grid.right = Right { at, tile, step, padded: true };
        } else {
            grid.right.at = grid.right.at.wrapping_offset(begin as isize * grid.right.step);
        }
        let [block_rows, block_columns] = plan.block;
        let across = tile_columns.div_ceil(block_columns);
        threads::for_each(tile_rows.div_ceil(block_rows) * across, &|block| {
            let (row, column) = (block / across * block_rows, block % across * block_columns);
            // SAFETY: `in_place` has checked the operands that are not packed, and the packed ones
            // have just been filled. Blocks do not overlap, each is run once, and `out` is
            // borrowed mutably.
            unsafe {
                grid.block::<F>(
                    row..(row + block_rows).min(tile_rows),
                    column..(column + block_columns).min(tile_columns),
                );
            }
        });
    }
    debug_assert_eq!(out.len(), rows * columns);
    Ok(())
}

/// How a product is computed.
struct Plan {
    /// The tiles of the result.
    tiles: [usize; 2],
    /// The tiles of one block.
    block: [usize; 2],
    /// The depth that is computed at a time.
    step: usize,
    pack_left: bool,
    pack_right: bool,
}

impl Plan {
    fn new<F: Factor>(problem: &Problem) -> Plan {
        let &Problem { rows, columns, depth, .. } = problem;
        let size = size_of::<F::Real>();
        let shape = tile::shape::<F::Real>();
        let (tall, wide) = (rows * F::PARTS, columns * F::PARTS);
        let tiles = [tall.div_ceil(shape.rows), wide.div_ceil(shape.columns)];
        let once = tall < 2 * shape.rows && problem.work() >= WORTH;
        let most = if once { FLAT_STEP_BYTES } else { STEP_BYTES };
        let steps = depth.div_ceil(most / size);
        let step = depth.div_ceil(steps);
        // Rows of the left operand are read as well where they lie.
        let pack_left = problem.lhs_depth != 1 && wide > 2 * shape.columns;
        let large = step * wide * size > FAR_BYTES && tall >= FAR_ROWS;
        let pack_right = problem.rhs_column != 1 || large;
        let tile = shape.rows * shape.columns * step;
        let across = if step < tile::FLAT { FLAT_COLUMNS } else { BLOCK_COLUMNS };
        let down = if tiles[0] >= 8 * TALL_ROWS { TALL_ROWS } else { BLOCK_ROWS };
        let mut block = [down, across.min(tiles[1])];
        block[0] = block[0].max(WORTH.div_ceil(tile * block[1]));
        Plan { tiles, block, step, pack_left, pack_right }
    }
}

fn lines<'a, F>(problem: &Problem, lhs: &'a [F], rhs: &'a [F]) -> [Lines<'a, F>; 2] {
    let p = problem;
    [
        Lines { elements: lhs, at: p.lhs_at, count: p.rows, line: p.lhs_row, step: p.lhs_depth },
        Lines {
            elements: rhs,
            at: p.rhs_at,
            count: p.columns,
            line: p.rhs_column,
            step: p.rhs_depth,
        },
    ]
}

/// The product with both operands where they are.
fn in_place<F: Factor>(problem: &Problem, lhs: &[F], rhs: &[F], out: &mut [F]) -> Grid<F::Real> {
    let &Problem { rows, columns, depth, lhs_at, rhs_at, .. } = problem;
    let &Problem { lhs_row, lhs_depth, rhs_depth, rhs_column, .. } = problem;
    within(lhs.len(), lhs_at, [(rows, lhs_row), (depth, lhs_depth)]);
    within(rhs.len(), rhs_at, [(depth, rhs_depth), (columns, rhs_column)]);
    assert_eq!(out.len(), rows * columns, "result");
    let shape = tile::shape::<F::Real>();
    let parts = F::PARTS as isize;
    let row = lhs_row * parts;
    Grid {
        rows: rows * F::PARTS,
        columns: columns * F::PARTS,
        depth,
        left: Left {
            at: lhs.as_ptr().cast::<F::Real>().wrapping_offset(lhs_at * parts),
            row,
            tile: row * (shape.rows / F::PARTS) as isize,
            step: lhs_depth * parts,
            padded: false,
        },
        right: Right {
            at: rhs.as_ptr().cast::<F::Real>().wrapping_offset(rhs_at * parts),
            tile: shape.columns as isize,
            step: rhs_depth * parts,
            padded: false,
        },
        out: out.as_mut_ptr().cast(),
        out_row: columns * F::PARTS,
        store: Store::Write,
    }
}

/// The columns that a tile of a product has on this processor: right operands in panels of so many
/// are read from the first element to the last.
pub(in crate::kernels) fn panel<F: Factor>() -> usize {
    tile::shape::<F::Real>().columns / F::PARTS
}

/// Writes a product to `out`, by rows, or adds it there, on the calling thread. The operands are read
/// where they lie; the columns of the right one are side by side.
pub(in crate::kernels) fn product_in_place<F: Factor>(
    problem: &Problem,
    lhs: &[F],
    rhs: &[F],
    out: &mut [F],
    add: bool,
) {
    assert_eq!(problem.rhs_column, 1, "columns side by side");
    let mut grid = in_place::<F>(problem, lhs, rhs, out);
    if add {
        grid.store = Store::Add;
    }
    let shape = tile::shape::<F::Real>();
    let (rows, columns) = (grid.rows.div_ceil(shape.rows), grid.columns.div_ceil(shape.columns));
    // SAFETY: `in_place` has checked where the operands lie, and `out` is borrowed mutably.
    unsafe { grid.block::<F>(0..rows, 0..columns) }
}

/// Sees that all elements of an operand are among `count`.
fn within(count: usize, at: isize, axes: [(usize, isize); 2]) {
    let (mut least, mut greatest) = (at, at);
    for (size, stride) in axes {
        let reach = (size as isize - 1) * stride;
        least += reach.min(0);
        greatest += reach.max(0);
    }
    assert!(0 <= least && greatest < count as isize, "an operand of a product lies outside");
}

/// Whether a product is computed at once, of operands where they lie.
pub(super) fn is_small<F: Factor>(problem: &Problem) -> bool {
    let &Problem { columns, depth, .. } = problem;
    depth * columns * size_of::<F>() <= NEAR_BYTES
        && depth * size_of::<F::Real>() <= STEP_BYTES
        && problem.work() <= 2 * WORTH
}

/// Computes small products, given by where their operands begin, into `out`, one after another.
pub(super) fn small_products<F: Factor>(
    problem: &Problem,
    lhs: &[F],
    rhs: &[F],
    starts: impl Iterator<Item = [isize; 2]>,
    out: &mut [F],
) {
    arch().dispatch(Small { problem, lhs, rhs, starts, out });
}

struct Small<'a, F, I> {
    problem: &'a Problem,
    lhs: &'a [F],
    rhs: &'a [F],
    starts: I,
    out: &'a mut [F],
}

impl<F: Factor, I: Iterator<Item = [isize; 2]>> pulp::WithSimd for Small<'_, F, I> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Small { problem, lhs, rhs, starts, out } = self;
        let shape = tile::shape_of::<F::Real, S>();
        let tiles = |count: usize, size: usize| 0..(count * F::PARTS).div_ceil(size);
        let [rows, columns] =
            [tiles(problem.rows, shape.rows), tiles(problem.columns, shape.columns)];
        let results = out.chunks_exact_mut(problem.rows * problem.columns);
        let mut turned = Vec::new();
        for (out, [lhs_at, rhs_at]) in results.zip(starts) {
            let mut problem = Problem { lhs_at, rhs_at, ..*problem };
            let mut rhs = rhs;
            if problem.rhs_column != 1 {
                let Problem { columns, depth, .. } = problem;
                let [_, lines] = lines(&problem, lhs, rhs);
                turned.resize(columns * depth, F::ZERO);
                pack(&lines, 0, columns, 0, depth, &mut turned);
                rhs = &turned;
                problem =
                    Problem { rhs_at: 0, rhs_depth: columns as isize, rhs_column: 1, ..problem };
            }
            let grid = in_place::<F>(&problem, lhs, rhs, out);
            // SAFETY: `in_place` has checked where the operands lie, and `out` is borrowed mutably.
            unsafe { tile::block::<F, S>(simd, &grid, rows.clone(), columns.clone()) }
        }
    }
}
