//! Operands copied into the order in which tiles read them.
//!
//! A sliver is what one row or column of tiles needs: for each step of the depth, the numbers of
//! its rows or columns side by side, and zeros for those that are not there.

use super::Factor;
use crate::kernels::copy::transpose_bytes;

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
    if lines.step == 1 {
        let (from, to) = (bytemuck::cast_slice(lines.elements), bytemuck::cast_slice_mut(sliver));
        let shape = [depth, there];
        return transpose_bytes(size_of::<F>(), from, (at, lines.line), to, width, shape);
    }
    for line in 0..there {
        let from = at + line as isize * lines.line;
        for (step, to) in sliver.chunks_exact_mut(width).enumerate() {
            to[line] = lines.elements[(from + step as isize * lines.step) as usize];
        }
    }
}
