//! Systems of equations with a triangular matrix.

use faer::linalg::triangular_solve as system;
use faer::{Conj, MatMut, MatRef};

use super::{Matrices, PAR, Scalar};

/// Which system of equations to solve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Triangular {
    /// Whether `A` stands left of the unknown.
    pub left_side: bool,
    /// Which triangle of `A` is read.
    pub lower: bool,
    /// Whether `op` transposes.
    pub transpose: bool,
    /// Whether `op` conjugates.
    pub conjugate: bool,
    /// Whether the diagonal of `A` is taken to be 1, and not read.
    pub unit_diagonal: bool,
}

pub(crate) fn solve<T: Scalar>(of: Matrices, how: Triangular, a: &[T], b: &mut [T]) {
    let (rows, columns) = (of.rows, of.columns);
    let n = if how.left_side { rows } else { columns };
    if of.area() == 0 {
        return;
    }
    let conj = if how.conjugate { Conj::Yes } else { Conj::No };
    // X op(A) = B is op(A)ᵀ Xᵀ = Bᵀ.
    let transposed = how.transpose == how.left_side;
    for (a, b) in a.chunks_exact(n * n).zip(b.chunks_exact_mut(rows * columns)) {
        let a = MatRef::from_row_major_slice(a, n, n);
        let b = MatMut::from_row_major_slice_mut(b, rows, columns);
        let a = if transposed { a.transpose().as_dyn_stride() } else { a.as_dyn_stride() };
        let b = if how.left_side {
            b.as_dyn_stride_mut()
        } else {
            b.transpose_mut().as_dyn_stride_mut()
        };
        match (how.lower != transposed, how.unit_diagonal) {
            (true, false) => system::solve_lower_triangular_in_place_with_conj(a, conj, b, PAR),
            (true, true) => system::solve_unit_lower_triangular_in_place_with_conj(a, conj, b, PAR),
            (false, false) => system::solve_upper_triangular_in_place_with_conj(a, conj, b, PAR),
            (false, true) => {
                system::solve_unit_upper_triangular_in_place_with_conj(a, conj, b, PAR)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{assert_close, one, product, sample};
    use super::*;

    fn check<T: Scalar>(n: usize, m: usize) {
        let mut a = sample::<T>(n * n);
        for i in 0..n {
            // Well conditioned, and so comparable.
            a[i * n + i] = a[i * n + i].plus(T::from_parts(n as f64, 0.0));
        }
        for flags in 0..32u32 {
            let flag = |at: u32| flags >> at & 1 == 1;
            let how = Triangular {
                left_side: flag(0),
                lower: flag(1),
                transpose: flag(2),
                conjugate: flag(3),
                unit_diagonal: flag(4),
            };
            if how.unit_diagonal && n > 5 {
                continue;
            }
            let of = if how.left_side { one(n, m) } else { one(m, n) };
            let b = sample::<T>(n * m);
            let mut x = b.clone();
            solve(of, how, &a, &mut x);
            let op: Vec<T> = (0..n * n)
                .map(|at| {
                    let (i, j) = if how.transpose { (at % n, at / n) } else { (at / n, at % n) };
                    let kept = if how.lower { j <= i } else { i <= j };
                    let value = match (i == j, kept) {
                        (true, _) if how.unit_diagonal => T::ONE,
                        (_, true) => a[i * n + j],
                        _ => T::ZERO,
                    };
                    if how.conjugate { value.conjugated() } else { value }
                })
                .collect();
            let back = match how.left_side {
                true => product(&op, &x, [n, n, m]),
                false => product(&x, &op, [m, n, n]),
            };
            assert_close(&back, &b, &format!("{how:?} {n} {m}"));
        }
    }

    #[test]
    fn every_side_and_triangle() {
        for (n, m) in [(1, 1), (2, 3), (5, 1), (37, 9)] {
            check::<f32>(n, m);
            check::<f64>(n, m);
            check::<Complex<f32>>(n, m);
            check::<Complex<f64>>(n, m);
        }
    }

    #[test]
    fn singular_and_empty_systems() {
        let how = Triangular {
            left_side: true,
            lower: true,
            transpose: false,
            conjugate: false,
            unit_diagonal: false,
        };
        let mut x = [1.0f64];
        solve(one(1, 1), how, &[0.0], &mut x);
        assert_eq!(x, [f64::INFINITY]);
        solve::<f32>(Matrices { count: 2, rows: 0, columns: 3 }, how, &[], &mut []);
    }
}
