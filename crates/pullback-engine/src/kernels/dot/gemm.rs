//! The one call into the `gemm` crate.

use super::Problem;

/// Writes the product of two strided matrices to `out`, by rows. The element type is one of
/// the four that `gemm` knows: f32, f64 and their complex types; others panic.
pub(super) fn product<T: Copy + 'static>(
    problem: &Problem,
    lhs: &[T],
    rhs: &[T],
    out: &mut [T],
    one: T,
) {
    let &Problem { rows, columns, depth, lhs_at, rhs_at, .. } = problem;
    let &Problem { lhs_row, lhs_depth, rhs_depth, rhs_column, .. } = problem;
    if rows == 0 || columns == 0 || depth == 0 {
        return;
    }
    // Strides are positive, so the last element of an operand is the one furthest away.
    let last = |at: isize, sizes: [usize; 2], strides: [isize; 2]| {
        assert!(at >= 0 && strides[0] > 0 && strides[1] > 0, "strides of an operand");
        let steps = (sizes[0] - 1) as isize * strides[0] + (sizes[1] - 1) as isize * strides[1];
        (at + steps) as usize
    };
    assert!(last(lhs_at, [rows, depth], [lhs_row, lhs_depth]) < lhs.len(), "left operand");
    assert!(last(rhs_at, [depth, columns], [rhs_depth, rhs_column]) < rhs.len(), "right operand");
    assert_eq!(out.len(), rows * columns, "result");
    // SAFETY: `gemm` reads `rows * depth` and `depth * columns` elements at the given strides,
    // all of which the assertions above place within the two slices, and writes the `rows *
    // columns` elements of `out`, which no other reference can reach while it is borrowed
    // mutably. With `read_dst` false it reads none of them.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            out.as_mut_ptr(),
            1,
            columns as isize,
            false,
            lhs.as_ptr().offset(lhs_at),
            lhs_depth,
            lhs_row,
            rhs.as_ptr().offset(rhs_at),
            rhs_column,
            rhs_depth,
            one,
            one,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
