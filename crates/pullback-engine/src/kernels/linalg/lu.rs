//! The LU decomposition with partial pivoting.

use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_unit_lower_triangular_in_place;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, Mat, MatMut};
use smallvec::smallvec;

use super::{Field, Output, PAR, dimensions, is_finite, load, store, with_field};
use crate::error::Result;
use crate::kernels::{Kernel, Tensors};
use crate::tensor::Tensor;

/// `P A = L U`: both factors in one matrix, without the unit diagonal of `L`; the row that each
/// row was exchanged with, counted from zero; and the permutation that the exchanges make.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lu;

impl Kernel for Lu {
    fn name(&self) -> &'static str {
        "lu"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        with_field!(x.dtype(), self.name(), T => decompose::<T>(&x))
    }
}

fn decompose<T: Field>(x: &Tensor) -> Result<Tensors> {
    let (batch, m, n) = dimensions(x);
    let size = m.min(n);
    let mut factors = Output::<T>::new(&batch, &[m, n])?;
    let mut exchanges = Output::<i32>::new(&batch, &[size])?;
    let mut permutations = Output::<i32>::new(&batch, &[m])?;
    let mut work = Mat::<T>::zeros(m, n);
    let mut pivots = vec![0; size];
    let source = x.as_slice::<T>().unwrap_or_default();
    for index in 0..crate::layout::count(&batch) {
        let a = &source[index * m * n..(index + 1) * m * n];
        if a.iter().all(|&v| is_finite(v)) {
            load(&mut work, a);
            factor(work.as_mut(), &mut pivots);
            store(factors.at(index), work.as_ref());
        } else {
            factors.at(index).fill(T::NAN);
            pivots.iter_mut().enumerate().for_each(|(i, pivot)| *pivot = i);
        }
        let permutation = permutations.at(index);
        permutation.iter_mut().enumerate().for_each(|(i, row)| *row = i as i32);
        for (i, (&pivot, slot)) in pivots.iter().zip(exchanges.at(index)).enumerate() {
            *slot = pivot as i32;
            permutation.swap(i, pivot);
        }
    }
    Ok(smallvec![factors.finish(), exchanges.finish(), permutations.finish()])
}

/// Columns that are eliminated one by one.
const PANEL: usize = 16;

/// Factors a matrix of any shape in place, halving its columns.
fn factor<T: Field>(mut a: MatMut<'_, T>, pivots: &mut [usize]) {
    let (m, n) = a.shape();
    let size = m.min(n);
    if n <= PANEL || size <= 1 {
        return panel(a, pivots);
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
fn exchange<T: Field>(mut a: MatMut<'_, T>, pivots: &[usize]) {
    for column in a.rb_mut().col_iter_mut() {
        let Some(column) = column.try_as_col_major_mut() else { continue };
        let column = column.as_slice_mut();
        for (i, &pivot) in pivots.iter().enumerate() {
            column.swap(i, pivot);
        }
    }
}

fn panel<T: Field>(mut a: MatMut<'_, T>, pivots: &mut [usize]) {
    let (m, n) = a.shape();
    // LAPACK's measure of a complex number, which needs no square root.
    let size_of = |v: T| {
        let (re, im) = v.parts();
        re.abs() + im.abs()
    };
    for k in 0..m.min(n) {
        let mut pivot = k;
        for i in k + 1..m {
            if size_of(a[(i, k)]) > size_of(a[(pivot, k)]) {
                pivot = i;
            }
        }
        pivots[k] = pivot;
        if pivot != k {
            for j in 0..n {
                (a[(k, j)], a[(pivot, j)]) = (a[(pivot, j)], a[(k, j)]);
            }
        }
        // A column of zeros is left as it is: the factor is singular, and not NaN.
        let divisor = a[(k, k)];
        if divisor == T::ZERO {
            continue;
        }
        for i in k + 1..m {
            a[(i, k)] = quotient(a[(i, k)], divisor);
        }
        for j in k + 1..n {
            let factor = a[(k, j)];
            for i in k + 1..m {
                a[(i, j)] = a[(i, j)].minus(a[(i, k)].times(factor));
            }
        }
    }
}

/// `a / b`, computed in double precision.
fn quotient<T: Field>(a: T, b: T) -> T {
    let ((ar, ai), (br, bi)) = (a.parts(), b.parts());
    if ai == 0.0 && bi == 0.0 {
        return T::from_parts(ar / br, 0.0);
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

    use super::super::tests::{assert_close, product, sample};
    use super::*;

    fn check<T: Field>(a: &[T], m: usize, n: usize) {
        let size = m.min(n);
        let x = Tensor::from_slice(a, &[m, n]).unwrap();
        let out = Lu.run(smallvec![x]).unwrap();
        let lu = out[0].to_vec::<T>();
        let permutation = out[2].to_vec::<i32>();
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

    fn check_sizes<T: Field>() {
        for (m, n) in [(1, 1), (3, 3), (5, 2), (2, 5), (40, 40), (70, 20), (20, 70), (33, 50)] {
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
        let x = Tensor::from_slice(&[0.0f64, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 9.0], &[3, 3]);
        let out = Lu.run(smallvec![x.unwrap()]).unwrap();
        assert_eq!(out[1].to_vec::<i32>(), [2, 2, 2]);
        assert_eq!(out[2].to_vec::<i32>(), [2, 0, 1]);
    }

    #[test]
    fn nan_and_empty_matrices() {
        let x = Tensor::from_slice(&[f32::NAN, 1.0, 2.0, 3.0], &[2, 2]).unwrap();
        let out = Lu.run(smallvec![x]).unwrap();
        assert!(out[0].to_vec::<f32>().iter().all(|v| v.is_nan()));
        let x = Tensor::from_slice::<f32>(&[], &[2, 0, 3]).unwrap();
        assert_eq!(Lu.run(smallvec![x]).unwrap()[1].shape(), [2, 0]);
        let x = Tensor::from_slice::<f32>(&[], &[2, 3, 0]).unwrap();
        assert_eq!(Lu.run(smallvec![x]).unwrap()[2].to_vec::<i32>(), [0, 1, 2, 0, 1, 2]);
    }
}
