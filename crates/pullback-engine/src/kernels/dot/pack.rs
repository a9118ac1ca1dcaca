//! Operands copied into the order in which tiles read them.
//!
//! A sliver is what one row or column of tiles needs: for each step of the depth, the numbers of
//! its rows or columns side by side, and zeros for those that are not there.

use super::Factor;

/// A matrix of lines, which become the rows or columns of tiles, and steps along the depth.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a, F> {
    pub elements: &'a [F],
    pub at: isize,
    pub count: usize,
    pub line: isize,
    pub step: isize,
}

/// Writes the sliver of lines from `first` on, `width` of them, at `depth` steps from `begin` on.
pub(super) fn pack<F: Factor>(
    lines: &Lines<F>,
    first: usize,
    width: usize,
    begin: usize,
    depth: usize,
    sliver: &mut [F],
) {
    let there = (lines.count - first).min(width);
    let at = lines.at + first as isize * lines.line + begin as isize * lines.step;
    let sliver = &mut sliver[..depth * width];
    if there < width {
        sliver.fill(F::ZERO);
    }
    if lines.line == 1 {
        for (step, to) in sliver.chunks_exact_mut(width).enumerate() {
            let from = (at + step as isize * lines.step) as usize;
            to[..there].copy_from_slice(&lines.elements[from..from + there]);
        }
        return;
    }
    let mut line = 0;
    if lines.step == 1 {
        // Squares are turned in registers.
        while line + SIDE <= there {
            let from: [usize; SIDE] =
                std::array::from_fn(|i| (at + (line + i) as isize * lines.line) as usize);
            let rows = from.map(|from| lines.elements[from..from + depth].as_chunks::<SIDE>());
            for (square, to) in sliver.chunks_exact_mut(SIDE * width).enumerate() {
                let square: [[F; SIDE]; SIDE] = std::array::from_fn(|i| rows[i].0[square]);
                for (step, to) in to.chunks_exact_mut(width).enumerate() {
                    let column: [F; SIDE] = std::array::from_fn(|i| square[i][step]);
                    to[line..line + SIDE].copy_from_slice(&column);
                }
            }
            let begin = depth - depth % SIDE;
            for (i, (_, rest)) in rows.iter().enumerate() {
                for (step, &x) in rest.iter().enumerate() {
                    sliver[(begin + step) * width + line + i] = x;
                }
            }
            line += SIDE;
        }
    }
    for line in line..there {
        let from = at + line as isize * lines.line;
        for (step, to) in sliver.chunks_exact_mut(width).enumerate() {
            to[line] = lines.elements[(from + step as isize * lines.step) as usize];
        }
    }
}

/// Rows and columns of the squares that are turned.
const SIDE: usize = 4;
