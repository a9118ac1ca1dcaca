//! The QR decomposition by Householder reflections, with the signs of LAPACK.

use faer::linalg::matmul::matmul;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, Mat, MatMut, MatRef};

use super::{Matrices, PAR, Scalar, is_finite, load, store};

pub(crate) fn decompose<T: Scalar>(
    of: Matrices,
    columns: usize,
    a: &[T],
    q: &mut [T],
    r: &mut [T],
) {
    let (m, n, size, area) = (of.rows, of.columns, of.size(), of.area());
    let mut work = Mat::<T>::zeros(m, n);
    let mut product = Mat::<T>::zeros(m, columns);
    for index in 0..of.count {
        let a = &a[index * area..(index + 1) * area];
        let q = &mut q[index * m * columns..(index + 1) * m * columns];
        let r = &mut r[index * columns * n..(index + 1) * columns * n];
        if !a.iter().all(|&v| is_finite(v)) {
            q.fill(T::NAN);
            for (at, slot) in r.iter_mut().enumerate() {
                *slot = if at / n <= at % n { T::NAN } else { T::ZERO };
            }
            continue;
        }
        load(&mut work, a);
        let mut panels = Vec::new();
        for start in (0..size).step_by(PANEL) {
            let end = (start + PANEL).min(size);
            let (left, right) = work.as_mut().split_at_col_mut(end);
            let panel = Panel::factor(left.submatrix_mut(start, start, m - start, end - start));
            if n > end {
                panel.apply(right.subrows_mut(start, m - start), true);
            }
            panels.push((start, panel));
        }
        product.fill(T::ZERO);
        for i in 0..columns {
            product[(i, i)] = T::ONE;
        }
        for (start, panel) in panels.iter().rev() {
            // Columns before the panel are still those of the identity.
            let part = product.as_mut().submatrix_mut(*start, *start, m - start, columns - start);
            panel.apply(part, false);
        }
        store(q, product.as_ref());
        store(r, work.as_ref().subrows(0, columns));
        for i in 0..columns {
            r[i * n..i * n + i.min(n)].fill(T::ZERO);
        }
    }
}

/// Columns whose reflections are applied together.
const PANEL: usize = 32;

/// The product of some reflections, `I - V T Vᴴ`.
struct Panel<T> {
    v: Mat<T>,
    t: Mat<T>,
}

impl<T: Scalar> Panel<T> {
    /// Reduces the columns of `a` to triangular form.
    fn factor(mut a: MatMut<'_, T>) -> Panel<T> {
        let (m, n) = a.shape();
        let mut v = Mat::<T>::zeros(m, n);
        let mut t = Mat::<T>::zeros(n, n);
        for k in 0..n {
            let tau = reflect(a.rb_mut(), k);
            v[(k, k)] = T::ONE;
            for i in k + 1..m {
                v[(i, k)] = a[(i, k)];
            }
            // The rest of the panel: A -= conj(tau) v (vᴴ A).
            for j in k + 1..n {
                let product = adjoint_product(v.as_ref(), k, a.rb(), j, k).times(tau.conjugated());
                for i in k..m {
                    a[(i, j)] = a[(i, j)].minus(v[(i, k)].times(product));
                }
            }
            // Column k of T: -tau T (Vᴴ v).
            let mut column = [T::ZERO; PANEL];
            for (j, slot) in column[..k].iter_mut().enumerate() {
                *slot = adjoint_product(v.as_ref(), j, v.as_ref(), k, k);
            }
            for i in 0..k {
                let sum = (i..k).fold(T::ZERO, |sum, j| sum.plus(t[(i, j)].times(column[j])));
                t[(i, k)] = T::ZERO.minus(tau.times(sum));
            }
            t[(k, k)] = tau;
        }
        Panel { v, t }
    }

    /// Applies the reflections, or their adjoint, from the left.
    fn apply(&self, target: MatMut<'_, T>, adjoint: bool) {
        let (k, n) = (self.v.ncols(), target.ncols());
        let (mut inner, mut scaled) = (Mat::<T>::zeros(k, n), Mat::<T>::zeros(k, n));
        let v = self.v.as_ref();
        matmul(inner.as_mut(), Accum::Replace, v.adjoint(), target.rb(), T::ONE, PAR);
        if adjoint {
            let t = self.t.as_ref().adjoint();
            matmul(scaled.as_mut(), Accum::Replace, t, inner.as_ref(), T::ONE, PAR);
        } else {
            let t = self.t.as_ref();
            matmul(scaled.as_mut(), Accum::Replace, t, inner.as_ref(), T::ONE, PAR);
        }
        matmul(target, Accum::Add, v, scaled.as_ref(), T::ZERO.minus(T::ONE), PAR);
    }
}

/// `aᵢᴴ bⱼ`, of column `i` of `a` and column `j` of `b` from row `from` on.
fn adjoint_product<T: Scalar>(
    a: MatRef<'_, T>,
    i: usize,
    b: MatRef<'_, T>,
    j: usize,
    from: usize,
) -> T {
    (from..a.nrows())
        .fold(T::ZERO, |sum, row| sum.plus(a[(row, i)].conjugated().times(b[(row, j)])))
}

/// Replaces column `k` from the diagonal on by the multiple of the unit vector it is reflected
/// to, and, below it, the vector of the reflection `I - tau v vᴴ`; the result is tau.
fn reflect<T: Scalar>(mut a: MatMut<'_, T>, k: usize) -> T {
    let m = a.nrows();
    let (re, im) = a[(k, k)].parts();
    let below = norm((k + 1..m).flat_map(|i| <[f64; 2]>::from(a[(i, k)].parts())));
    if below == 0.0 && im == 0.0 {
        return T::ZERO;
    }
    let beta = -re.hypot(im).hypot(below).copysign(re);
    // v = x / (alpha - beta)
    let (dr, di) = (re - beta, im);
    let length = dr.hypot(di);
    let (ur, ui) = (dr / length, -di / length);
    for i in k + 1..m {
        let (xr, xi) = a[(i, k)].parts();
        let (xr, xi) = (xr / length, xi / length);
        a[(i, k)] = T::from_parts(xr * ur - xi * ui, xr * ui + xi * ur);
    }
    a[(k, k)] = T::from_parts(beta, 0.0);
    T::from_parts((beta - re) / beta, -im / beta)
}

/// The Euclidean norm, also where squares overflow or vanish.
fn norm(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let squares: f64 = values.clone().map(|v| v * v).sum();
    if squares.is_finite() && squares > 1e-280 {
        return squares.sqrt();
    }
    let scale = values.clone().fold(0.0f64, |scale, v| scale.max(v.abs()));
    if scale == 0.0 {
        return 0.0;
    }
    scale * values.map(|v| (v / scale) * (v / scale)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, identity, one, product, sample};
    use super::*;

    fn run<T: Scalar>(a: &[T], m: usize, n: usize, columns: usize) -> (Vec<T>, Vec<T>) {
        let (mut q, mut r) = (vec![T::ZERO; m * columns], vec![T::ZERO; columns * n]);
        decompose(one(m, n), columns, a, &mut q, &mut r);
        (q, r)
    }

    fn check<T: Scalar>(a: &[T], m: usize, n: usize) {
        for k in [m.min(n), m] {
            let (q, r) = run(a, m, n, k);
            assert_close(&product(&q, &r, [m, k, n]), a, "Q R");
            assert_close(&product(&adjoint(&q, [m, k]), &q, [k, m, k]), &identity(k), "Qᴴ Q");
            for i in 0..k.min(n) {
                assert!(r[i * n + i].parts().1 == 0.0 || i + 1 == m);
                assert!(r[i * n..i * n + i].iter().all(|&v| v == T::ZERO));
            }
        }
    }

    fn check_sizes<T: Scalar>() {
        for (m, n) in [(1, 1), (3, 3), (5, 2), (2, 5), (40, 40), (70, 20), (20, 70), (80, 70)] {
            check::<T>(&sample(m * n), m, n);
        }
        check(&[T::ZERO; 12], 4, 3);
        check(&[T::ONE; 12], 3, 4);
    }

    #[test]
    fn the_product_is_the_matrix() {
        check_sizes::<f32>();
        check_sizes::<f64>();
        check_sizes::<Complex<f32>>();
        check_sizes::<Complex<f64>>();
    }

    #[test]
    fn the_signs_are_those_of_lapack() {
        // Printed by `jnp.linalg.qr`.
        let (q, r) = run(&[1.0f64, 2.0, 3.0, 4.0], 2, 2, 2);
        let known =
            [-0.31622776601683794, -0.9486832980505138, -0.9486832980505138, 0.316227766016838];
        assert_close(&q, &known, "q");
        let known = [-3.1622776601683795, -4.427188724235731, 0.0, -0.6324555320336751];
        assert_close(&r, &known, "r");
    }

    #[test]
    fn nan_and_empty_matrices() {
        let (q, _) = run(&[f32::INFINITY, 1.0], 2, 1, 2);
        assert!(q.iter().all(|v| v.is_nan()));
        let (q, _) = run::<f32>(&[], 2, 0, 2);
        assert_eq!(q, [1.0, 0.0, 0.0, 1.0]);
    }
}
