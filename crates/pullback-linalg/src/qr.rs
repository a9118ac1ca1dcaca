//! The QR decomposition by Householder reflections, with the signs of LAPACK.

use faer::linalg::matmul::matmul;
use faer::prelude::Reborrow;
use faer::{Accum, Mat, MatMut, MatRef};

use super::rows::{BLOCK, Rows, dispatch};
use super::{Matrices, PAR, Scalar, all_finite, load, store};

/// Matrices of more columns are divided into panels.
const SMALL: usize = 128;
/// Columns whose reflections are applied together.
const PANEL: usize = 32;

/// Writes `R` and, if asked for, `Q`.
pub(crate) fn decompose<T: Scalar>(
    of: Matrices,
    columns: usize,
    a: &[T],
    mut q: Option<&mut [T]>,
    r: &mut [T],
) {
    let (m, n, area) = (of.rows, of.columns, of.area());
    let mut factor: Box<dyn Factor<T>> = if n <= SMALL && columns <= 2 * SMALL {
        Box::new(ByRows::new(m, n, columns))
    } else {
        Box::new(ByPanels::new(m, n, columns))
    };
    for index in 0..of.count {
        let a = &a[index * area..(index + 1) * area];
        let mut q = q.as_mut().map(|q| &mut q[index * m * columns..(index + 1) * m * columns]);
        let r = &mut r[index * columns * n..(index + 1) * columns * n];
        if !all_finite(a) {
            if let Some(q) = &mut q {
                q.fill(T::NAN);
            }
            for (at, slot) in r.iter_mut().enumerate() {
                *slot = if at / n <= at % n { T::NAN } else { T::ZERO };
            }
            continue;
        }
        factor.factor(a, r);
        for i in 0..columns {
            r[i * n..i * n + i.min(n)].fill(T::ZERO);
        }
        if let Some(q) = q {
            factor.form(q);
        }
    }
}

/// How a matrix is decomposed: first `R`, then, of the same matrix, `Q`.
trait Factor<T> {
    fn factor(&mut self, a: &[T], r: &mut [T]);
    fn form(&mut self, q: &mut [T]);
}

/// One reflection after the other, applied to whole rows.
struct ByRows<T> {
    columns: [usize; 2],
    work: Rows<T>,
    product: Rows<T>,
    reflections: Reflections<T>,
}

impl<T: Scalar> ByRows<T> {
    fn new(m: usize, n: usize, columns: usize) -> ByRows<T> {
        ByRows {
            columns: [n, columns],
            work: Rows::zeros(m, n),
            product: Rows::zeros(m, columns),
            reflections: Reflections::new(m, m.min(n)),
        }
    }
}

impl<T: Scalar> Factor<T> for ByRows<T> {
    fn factor(&mut self, a: &[T], r: &mut [T]) {
        self.work.load(a, self.columns[0]);
        dispatch(Triangulate { work: &mut self.work, reflections: &mut self.reflections });
        self.work.store(r, self.columns[0]);
    }

    fn form(&mut self, q: &mut [T]) {
        dispatch(Form { product: &mut self.product, reflections: &mut self.reflections });
        self.product.store(q, self.columns[1]);
    }
}

/// Some reflections `I - tau v vᴴ`, each of rows from its number on.
struct Reflections<T> {
    rows: usize,
    /// The vectors, one after another, with zeros for the rows before.
    v: Vec<T>,
    tau: Vec<T>,
    sums: Vec<[T; BLOCK]>,
}

impl<T: Scalar> Reflections<T> {
    fn new(rows: usize, count: usize) -> Reflections<T> {
        let (v, tau) = (vec![T::ZERO; rows * count], vec![T::ZERO; count]);
        Reflections { rows, v, tau, sums: Vec::new() }
    }
}

/// Makes a matrix upper triangular; what is below the diagonal is of no meaning then.
struct Triangulate<'a, T> {
    work: &'a mut Rows<T>,
    reflections: &'a mut Reflections<T>,
}

impl<T: Scalar> pulp::NullaryFnOnce for Triangulate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Triangulate { work, reflections } = self;
        let Reflections { rows, v, tau, sums } = reflections;
        for k in 0..tau.len() {
            let v = &mut v[k * *rows + k..(k + 1) * *rows];
            for (i, x) in v.iter_mut().enumerate() {
                *x = work.at(k + i, k);
            }
            let (beta, scale) = reflect(v);
            tau[k] = scale;
            if scale != T::ZERO {
                // Columns before this one are of no meaning, and this one is known.
                work.reflect(k, k, v, scale.conjugated(), sums);
            }
            work.set(k, k, beta);
        }
    }
}

/// The first columns of the product of all reflections.
struct Form<'a, T> {
    product: &'a mut Rows<T>,
    reflections: &'a mut Reflections<T>,
}

impl<T: Scalar> pulp::NullaryFnOnce for Form<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Form { product, reflections } = self;
        let Reflections { rows, v, tau, sums } = reflections;
        product.set_identity();
        for k in (0..tau.len()).rev() {
            // Columns before this one are still those of the identity.
            let v = &v[k * *rows + k..(k + 1) * *rows];
            product.reflect(k, k, v, tau[k], sums);
        }
    }
}

/// Panels of columns, whose reflections are applied to the other columns as one.
struct ByPanels<T> {
    work: Mat<T>,
    product: Mat<T>,
    panels: Vec<(usize, Panel<T>)>,
}

impl<T: Scalar> ByPanels<T> {
    fn new(m: usize, n: usize, columns: usize) -> ByPanels<T> {
        ByPanels { work: Mat::zeros(m, n), product: Mat::zeros(m, columns), panels: Vec::new() }
    }
}

impl<T: Scalar> Factor<T> for ByPanels<T> {
    fn factor(&mut self, a: &[T], r: &mut [T]) {
        let (work, panels) = (&mut self.work, &mut self.panels);
        let (m, n) = work.shape();
        load(work, a);
        panels.clear();
        for start in (0..m.min(n)).step_by(PANEL) {
            let end = (start + PANEL).min(m.min(n));
            let (left, right) = work.as_mut().split_at_col_mut(end);
            let panel = Panel::factor(left.submatrix_mut(start, start, m - start, end - start));
            if n > end {
                panel.apply(right.subrows_mut(start, m - start), true);
            }
            panels.push((start, panel));
        }
        store(r, work.as_ref().subrows(0, self.product.ncols()));
    }

    fn form(&mut self, q: &mut [T]) {
        let (m, columns) = self.product.shape();
        self.product.fill(T::ZERO);
        for i in 0..columns {
            self.product[(i, i)] = T::ONE;
        }
        for (start, panel) in self.panels.iter().rev() {
            // Columns before the panel are still those of the identity.
            let product = self.product.as_mut();
            let part = product.submatrix_mut(*start, *start, m - start, columns - start);
            panel.apply(part, false);
        }
        store(q, self.product.as_ref());
    }
}

/// The product of some reflections, `I - V T Vᴴ`.
struct Panel<T> {
    v: Mat<T>,
    t: Mat<T>,
}

impl<T: Scalar> Panel<T> {
    /// Reduces the columns of `a` to triangular form.
    fn factor(mut a: MatMut<'_, T>) -> Panel<T> {
        let (m, n) = a.shape();
        let mut work = Rows::zeros(m, n);
        for j in 0..n {
            for i in 0..m {
                work.set(i, j, a[(i, j)]);
            }
        }
        let mut reflections = Reflections::new(m, n);
        dispatch(Triangulate { work: &mut work, reflections: &mut reflections });
        for j in 0..n {
            for i in 0..m {
                a[(i, j)] = if i <= j { work.at(i, j) } else { T::ZERO };
            }
        }
        let v = MatRef::from_column_major_slice(&reflections.v, m, n).to_owned();
        let mut inner = Mat::<T>::zeros(n, n);
        matmul(inner.as_mut(), Accum::Replace, v.adjoint(), v.as_ref(), T::ONE, PAR);
        let mut t = Mat::<T>::zeros(n, n);
        for (k, &tau) in reflections.tau.iter().enumerate() {
            // Column k of T: -tau T (Vᴴ v).
            for i in 0..k {
                let sum = (i..k).fold(T::ZERO, |sum, j| sum.plus(t[(i, j)].times(inner[(j, k)])));
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

/// Replaces a vector by that of the reflection `I - tau v vᴴ` that leaves only its first element;
/// the results are that, and tau.
#[inline(always)]
fn reflect<T: Scalar>(x: &mut [T]) -> (T, T) {
    let first = x[0];
    x[0] = T::ONE;
    let (re, im) = first.parts();
    let below = norm(&x[1..]);
    if below == 0.0 && im == 0.0 {
        return (first, T::ZERO);
    }
    x[0] = first;
    let beta = -norm(x).copysign(re);
    x[0] = T::ONE;
    // v = x / (alpha - beta)
    let (dr, di) = (re - beta, im);
    if im == 0.0 {
        for x in &mut x[1..] {
            let (xr, xi) = x.parts();
            *x = T::from_parts(xr / dr, xi / dr);
        }
        return (T::from_parts(beta, 0.0), T::from_parts((beta - re) / beta, 0.0));
    }
    let length = dr.hypot(di);
    let (ur, ui) = (dr / length, -di / length);
    for x in &mut x[1..] {
        let (xr, xi) = x.parts();
        let (xr, xi) = (xr / length, xi / length);
        *x = T::from_parts(xr * ur - xi * ui, xr * ui + xi * ur);
    }
    (T::from_parts(beta, 0.0), T::from_parts((beta - re) / beta, -im / beta))
}

/// The Euclidean norm, also where squares overflow or vanish.
#[inline(always)]
fn norm<T: Scalar>(values: &[T]) -> f64 {
    // Several sums, which do not wait for each other.
    let mut sums = [0.0; 4];
    for (i, value) in values.iter().enumerate() {
        let (re, im) = value.parts();
        sums[i % 4] += re * re + im * im;
    }
    let squares: f64 = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    if squares.is_finite() && squares > 1e-280 {
        return squares.sqrt();
    }
    let largest = |scale: f64, value: &T| {
        let (re, im) = value.parts();
        scale.max(re.abs()).max(im.abs())
    };
    let scale = values.iter().fold(0.0, largest);
    if scale == 0.0 {
        return 0.0;
    }
    let scaled = values.iter().map(|value| {
        let (re, im) = value.parts();
        (re / scale).powi(2) + (im / scale).powi(2)
    });
    scale * scaled.sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, identity, one, product, sample};
    use super::*;

    fn run<T: Scalar>(a: &[T], m: usize, n: usize, columns: usize) -> (Vec<T>, Vec<T>) {
        let (mut q, mut r) = (vec![T::ZERO; m * columns], vec![T::ZERO; columns * n]);
        decompose(one(m, n), columns, a, Some(&mut q), &mut r);
        let mut alone = vec![T::ONE; columns * n];
        decompose(one(m, n), columns, a, None, &mut alone);
        assert!(alone == r || !all_finite(&r));
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
        for (m, n) in
            [(1, 1), (3, 3), (5, 2), (2, 5), (40, 40), (70, 20), (20, 70), (80, 70), (300, 280)]
        {
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
