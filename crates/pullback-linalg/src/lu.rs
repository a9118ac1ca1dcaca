//! The LU decomposition with partial pivoting.

use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_unit_lower_triangular_in_place;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, Mat, MatMut};

use super::rows::{BLOCK, Rows, dispatch};
use super::{Matrices, PAR, Scalar, all_finite, load, store};

/// Real matrices of more columns are divided into blocks; complex ones at once, as products of
/// numbers in pairs are made better by `faer`.
const SMALL: usize = 256;

pub(crate) fn decompose<T: Scalar>(
    of: Matrices,
    a: &[T],
    factors: &mut [T],
    exchanges: &mut [i32],
    permutations: &mut [i32],
) {
    let (m, n, size, area) = (of.rows, of.columns, of.size(), of.area());
    let small = n <= if T::IS_REAL { SMALL } else { COLUMNS };
    let mut work = if small { Mat::new() } else { Mat::<T>::zeros(m, n) };
    let mut rows = if small { Rows::zeros(m, n) } else { Rows::zeros(0, 0) };
    let mut pivots = vec![0; size];
    let mut panel = vec![T::ZERO; m * BLOCK];
    for index in 0..of.count {
        let a = &a[index * area..(index + 1) * area];
        let factors = &mut factors[index * area..(index + 1) * area];
        if !all_finite(a) {
            factors.fill(T::NAN);
            pivots.iter_mut().enumerate().for_each(|(i, pivot)| *pivot = i);
        } else if small {
            rows.load(a, n);
            let (rows, pivots, panel) = (&mut rows, &mut pivots[..], &mut panel[..]);
            dispatch(ByRows { rows, columns: n, pivots, panel });
            rows.store(factors, n);
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
        let panel = &mut vec![T::ZERO; m * BLOCK][..];
        dispatch(ByRows { rows: &mut rows, columns: n, pivots, panel });
        for j in 0..n {
            for i in 0..m {
                a[(i, j)] = rows.at(i, j);
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

/// A matrix that is eliminated by the columns of one block after the other, which are stored one
/// after another meanwhile, in `panel`.
struct ByRows<'a, T> {
    rows: &'a mut Rows<T>,
    columns: usize,
    pivots: &'a mut [usize],
    panel: &'a mut [T],
}

impl<T: Scalar> pulp::NullaryFnOnce for ByRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let ByRows { rows, columns: n, pivots, panel } = self;
        let m = rows.count();
        let size = m.min(n);
        for begin in (0..size).step_by(BLOCK) {
            let (end, block) = ((begin + BLOCK).min(size), begin / BLOCK);
            let (pivots, height) = (&mut pivots[begin..end], m - begin);
            let panel = &mut panel[..height * BLOCK];
            rows.take_block(begin, block, panel);
            eliminate(panel, height, pivots);
            for (k, pivot) in pivots.iter_mut().enumerate() {
                *pivot += begin;
                rows.swap(begin + k, *pivot);
            }
            rows.put_block(begin, block, panel);
            // The other blocks, first of the rows of the panel itself.
            let factor = |i: usize, k: usize| panel[k * height + i];
            for k in 0..end - begin {
                let of = |i: usize| factor(i - begin, k);
                rows.subtract(begin + k, begin + k + 1..end, of, block + 1);
            }
            // With fewer columns than a block has there are no rows, or no columns, left.
            if end == begin + BLOCK {
                let factors = |i: usize| std::array::from_fn(|k| factor(i - begin, k));
                rows.subtract_block(begin, factors, block + 1);
            }
        }
    }
}

/// Eliminates the first columns of a panel, as many as there are pivots, with rows counted from its
/// first.
#[inline(always)]
fn eliminate<T: Scalar>(panel: &mut [T], height: usize, pivots: &mut [usize]) {
    for (k, slot) in pivots.iter_mut().enumerate() {
        let pivot = k + largest(&panel[k * height + k..(k + 1) * height]);
        *slot = pivot;
        if pivot != k {
            panel.chunks_exact_mut(height).for_each(|column| column.swap(k, pivot));
        }
        let (before, later) = panel.split_at_mut((k + 1) * height);
        let column = &mut before[k * height + k..];
        let divisor = column[0];
        // A column of zeros is left as it is: the factor is singular, and not NaN.
        if divisor == T::ZERO {
            continue;
        }
        let column = &mut column[1..];
        for x in &mut *column {
            *x = x.over(divisor);
        }
        for other in later.chunks_exact_mut(height) {
            let factor = other[k];
            for (to, &x) in other[k + 1..].iter_mut().zip(&*column) {
                *to = to.minus(factor.times(x));
            }
        }
    }
}

/// The place of the first of the largest elements.
#[inline(always)]
fn largest<T: Scalar>(column: &[T]) -> usize {
    let mut lanes = [T::ZERO.magnitude(); BLOCK];
    let (chunks, rest) = column.as_chunks::<BLOCK>();
    for chunk in chunks {
        for lane in 0..BLOCK {
            let size = chunk[lane].magnitude();
            lanes[lane] = if size > lanes[lane] { size } else { lanes[lane] };
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        let size = x.magnitude();
        *lane = if size > *lane { size } else { *lane };
    }
    let largest = lanes[1..].iter().fold(lanes[0], |a, &b| if b > a { b } else { a });
    column.iter().position(|x| x.magnitude() == largest).unwrap_or(0)
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
