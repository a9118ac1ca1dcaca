//! The LU decomposition with partial pivoting.

use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_unit_lower_triangular_in_place;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, Mat, MatMut};

use super::rows::{BLOCK, PANEL, Rows, dispatch};
use super::{Matrices, PAR, Scalar, all_finite, load, store};

/// Matrices of more columns are divided into blocks.
const SMALL: usize = 256;

pub(crate) fn decompose<T: Scalar>(
    of: Matrices,
    a: &[T],
    factors: &mut [T],
    exchanges: &mut [i32],
    permutations: &mut [i32],
) {
    let (m, n, size, area) = (of.rows, of.columns, of.size(), of.area());
    let small = n <= SMALL;
    let mut work = if small { Mat::new() } else { Mat::<T>::zeros(m, n) };
    let mut rows = if small { Rows::zeros(m, n) } else { Rows::zeros(0, 0) };
    let mut pivots = vec![0; size];
    let mut column = vec![T::ZERO; m];
    for index in 0..of.count {
        let a = &a[index * area..(index + 1) * area];
        let factors = &mut factors[index * area..(index + 1) * area];
        if !all_finite(a) {
            factors.fill(T::NAN);
            pivots.iter_mut().enumerate().for_each(|(i, pivot)| *pivot = i);
        } else if small {
            rows.load(a, n);
            let (rows, pivots, column) = (&mut rows, &mut pivots[..], &mut column[..]);
            dispatch(ByRows { rows, columns: n, lower: factors, pivots, column });
        } else {
            load(&mut work, a);
            factor(work.as_mut(), &mut pivots);
            store(factors, work.as_ref());
        }
        let permutation = &mut permutations[index * m..(index + 1) * m];
        permutation.iter_mut().enumerate().for_each(|(i, row)| *row = i as i32);
        let exchanges = &mut exchanges[index * size..(index + 1) * size];
        for (i, (&pivot, slot)) in pivots.iter().zip(exchanges).enumerate() {
            *slot = pivot as i32;
            permutation.swap(i, pivot);
        }
    }
}

/// Columns that are eliminated row by row where a matrix is divided.
const COLUMNS: usize = 32;

/// Factors a matrix of any shape in place, halving its columns.
fn factor<T: Scalar>(mut a: MatMut<'_, T>, pivots: &mut [usize]) {
    let (m, n) = a.shape();
    let size = m.min(n);
    if n <= COLUMNS || size <= 1 {
        let mut rows = Rows::zeros(m, n);
        for j in 0..n {
            for i in 0..m {
                rows.set(i, j, a[(i, j)]);
            }
        }
        let (mut factors, mut column) = (vec![T::ZERO; m * n], vec![T::ZERO; m]);
        let (lower, rows, column) = (&mut factors[..], &mut rows, &mut column[..]);
        dispatch(ByRows { rows, columns: n, lower, pivots, column });
        for j in 0..n {
            for i in 0..m {
                a[(i, j)] = factors[i * n + j];
            }
        }
        return;
    }
    let half = size / 2;
    let (first, second) = pivots.split_at_mut(half);
    factor(a.rb_mut().subcols_mut(0, half), first);
    exchange(a.rb_mut().subcols_mut(half, n - half), first);
    {
        let (left, right) = a.rb_mut().split_at_col_mut(half);
        let (above, below) = left.rb().split_at_row(half);
        let (mut top, bottom) = right.split_at_row_mut(half);
        solve_unit_lower_triangular_in_place(above, top.rb_mut(), PAR);
        matmul(bottom, Accum::Add, below, top.rb(), T::ZERO.minus(T::ONE), PAR);
    }
    factor(a.rb_mut().submatrix_mut(half, half, m - half, n - half), second);
    exchange(a.subrows_mut(half, m - half).subcols_mut(0, half), second);
    for pivot in second {
        *pivot += half;
    }
}

/// Exchanges row `i` with row `pivots[i]`, in order.
fn exchange<T: Scalar>(mut a: MatMut<'_, T>, pivots: &[usize]) {
    for column in a.rb_mut().col_iter_mut() {
        let Some(column) = column.try_as_col_major_mut() else { continue };
        let column = column.as_slice_mut();
        for (i, &pivot) in pivots.iter().enumerate() {
            column.swap(i, pivot);
        }
    }
}

/// A matrix that is eliminated row by row. Its factors go to `lower`, stored by rows: what is below
/// the diagonal at once, as the columns of `rows` are overwritten block by block, the rest last.
struct ByRows<'a, T> {
    rows: &'a mut Rows<T>,
    columns: usize,
    lower: &'a mut [T],
    pivots: &'a mut [usize],
    column: &'a mut [T],
}

impl<T: Scalar> pulp::NullaryFnOnce for ByRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let ByRows { rows, columns: n, lower, pivots, column } = self;
        let m = rows.count();
        // LAPACK's measure of a complex number, which needs no square root.
        let size_of = |v: T| {
            let (re, im) = v.parts();
            re.abs() + im.abs()
        };
        let blocks = n.div_ceil(BLOCK);
        for begin in (0..m.min(n)).step_by(PANEL) {
            let end = (begin + PANEL).min(m.min(n));
            // The columns of the panel lie in one block, which is kept up to date.
            let block = begin / BLOCK;
            for k in begin..end {
                let (mut pivot, mut largest) = (k, size_of(rows.at(k, k)));
                for i in k + 1..m {
                    let size = size_of(rows.at(i, k));
                    let is_larger = size > largest;
                    pivot = if is_larger { i } else { pivot };
                    largest = if is_larger { size } else { largest };
                }
                pivots[k] = pivot;
                if pivot != k {
                    rows.swap(k, pivot);
                    let (before, after) = lower.split_at_mut(pivot * n);
                    let earlier = before[k * n..k * n + k].iter_mut().zip(after);
                    earlier.for_each(|(a, b)| std::mem::swap(a, b));
                }
                // A column of zeros is left as it is: the factor is singular, and not NaN.
                let divisor = rows.at(k, k);
                for i in k + 1..m {
                    let x = rows.at(i, k);
                    let x = if divisor == T::ZERO { x } else { quotient(x, divisor) };
                    column[i] = x;
                    lower[i * n + k] = x;
                }
                if divisor != T::ZERO {
                    rows.subtract(k, k + 1..m, |i| column[i], |_| block..block + 1);
                }
            }
            // The other blocks, first of the rows of the panel itself.
            for k in begin..end {
                rows.subtract(k, k + 1..end, |i| lower[i * n + k], |_| block + 1..blocks);
            }
            if end == begin + PANEL {
                let factors = |i: usize| std::array::from_fn(|p| lower[i * n + begin + p]);
                rows.subtract_panel(begin, factors, |_| block + 1);
            } else {
                for k in begin..end {
                    rows.subtract(k, end..m, |i| lower[i * n + k], |_| block + 1..blocks);
                }
            }
        }
        for i in 0..m {
            let first = i.min(n);
            lower[i * n + first..(i + 1) * n].copy_from_slice(&rows.row(i)[first..n]);
        }
    }
}

/// `a / b`, computed in double precision.
#[inline(always)]
fn quotient<T: Scalar>(a: T, b: T) -> T {
    let ((ar, ai), (br, bi)) = (a.parts(), b.parts());
    if bi == 0.0 {
        return T::from_parts(ar / br, ai / br);
    }
    // Scaled by the greater part of the divisor, which could overflow when squared.
    let scale = br.abs().max(bi.abs());
    let (br, bi) = (br / scale, bi / scale);
    let norm = br * br + bi * bi;
    T::from_parts((ar * br + ai * bi) / norm / scale, (ai * br - ar * bi) / norm / scale)
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{assert_close, one, product, sample};
    use super::*;

    fn run<T: Scalar>(a: &[T], of: Matrices) -> (Vec<T>, Vec<i32>, Vec<i32>) {
        let mut factors = vec![T::ZERO; a.len()];
        let mut exchanges = vec![-1; of.count * of.size()];
        let mut permutations = vec![-1; of.count * of.rows];
        decompose(of, a, &mut factors, &mut exchanges, &mut permutations);
        (factors, exchanges, permutations)
    }

    fn check<T: Scalar>(a: &[T], m: usize, n: usize) {
        let size = m.min(n);
        let (lu, _, permutation) = run(a, one(m, n));
        let (mut l, mut u) = (vec![T::ZERO; m * size], vec![T::ZERO; size * n]);
        for i in 0..m {
            for j in 0..n {
                if j < i {
                    l[i * size + j] = lu[i * n + j];
                } else {
                    u[i * n + j] = lu[i * n + j];
                }
            }
            if i < size {
                l[i * size + i] = T::ONE;
            }
        }
        let expected: Vec<T> =
            permutation.iter().flat_map(|&row| a[row as usize * n..][..n].to_vec()).collect();
        assert_close(&product(&l, &u, [m, size, n]), &expected, "P A = L U");
    }

    fn check_sizes<T: Scalar>() {
        for (m, n) in
            [(1, 1), (3, 3), (5, 2), (2, 5), (40, 40), (70, 20), (20, 70), (33, 50), (300, 290)]
        {
            check::<T>(&sample(m * n), m, n);
        }
    }

    #[test]
    fn the_product_of_the_factors_is_the_permuted_matrix() {
        check_sizes::<f32>();
        check_sizes::<f64>();
        check_sizes::<Complex<f32>>();
        check_sizes::<Complex<f64>>();
        check(&[0.0f64; 16], 4, 4);
        check(&[1.0f64, 2.0, 2.0, 4.0], 2, 2);
    }

    #[test]
    fn pivots_are_exchanges() {
        let x = [0.0f64, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 9.0];
        let (_, exchanges, permutation) = run(&x, one(3, 3));
        assert_eq!(exchanges, [2, 2, 2]);
        assert_eq!(permutation, [2, 0, 1]);
    }

    #[test]
    fn nan_and_empty_matrices() {
        let (factors, ..) = run(&[f32::NAN, 1.0, 2.0, 3.0], one(2, 2));
        assert!(factors.iter().all(|v| v.is_nan()));
        let (_, _, permutation) = run::<f32>(&[], Matrices { count: 2, rows: 3, columns: 0 });
        assert_eq!(permutation, [0, 1, 2, 0, 1, 2]);
    }
}
