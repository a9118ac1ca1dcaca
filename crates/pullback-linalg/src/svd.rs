//! The singular value decomposition.

use faer::diag::DiagMut;
use faer::linalg::svd::{ComputeSvdVectors, SvdParams, svd, svd_scratch};
use faer::{Mat, MatMut, Spec};

use super::bidiagonal::Bidiagonal;
use super::twisted::{self, LANES, Twisted};
use super::values::{self, largest};
use super::{DIVIDED, Matrices, PAR, Scalar, Scratch, Vectors, all_finite, load, qr, store};

pub(crate) fn decompose<T: Scalar>(
    of: Matrices,
    a: &[T],
    s: &mut [T::R],
    mut vectors: Option<Vectors<'_, T>>,
) {
    let (m, n, size, area) = (of.rows, of.columns, of.size(), of.area());
    let large = size >= values::LEAST;
    if vectors.is_none() && large {
        return values_only(of, a, s);
    }
    let full = vectors.as_ref().is_some_and(|vectors| vectors.full);
    let (left, right) = if full { (m, n) } else { (size, size) };
    // Those that are much longer than wide are made triangular first.
    let by_itself = large && T::BITS <= twisted::RESULT && m.max(n) < TALL * size;
    let mut reduced = by_itself.then(|| Bidiagonal::new(m.max(n), size));
    let mut direct = None;
    for index in 0..of.count {
        let a = &a[index * area..(index + 1) * area];
        let s = &mut s[index * size..(index + 1) * size];
        let vectors = vectors.as_mut().map(|Vectors { full, u, vh }| Vectors {
            full: *full,
            u: &mut u[index * m * left..(index + 1) * m * left],
            vh: &mut vh[index * right * n..(index + 1) * right * n],
        });
        if !all_finite(a) {
            fill_nan(s, vectors);
            continue;
        }
        match (&mut reduced, vectors) {
            (Some(reduced), Some(mut vectors)) => {
                if !of_single(reduced, [m, n], a, s, &mut vectors) {
                    let direct = direct.get_or_insert_with(|| Direct::new([m, n], Some(full)));
                    direct.decompose(a, s, Some(vectors));
                }
            }
            (_, vectors) => {
                let asked = vectors.is_some().then_some(full);
                let direct = direct.get_or_insert_with(|| Direct::new([m, n], asked));
                direct.decompose(a, s, vectors);
            }
        }
    }
}

fn fill_nan<T: Scalar>(s: &mut [T::R], vectors: Option<Vectors<'_, T>>) {
    s.fill(T::NAN_REAL);
    if let Some(Vectors { u, vh, .. }) = vectors {
        u.fill(T::NAN);
        vh.fill(T::NAN);
    }
}

/// What `faer` decomposes.
struct Direct<T> {
    params: Spec<SvdParams, T>,
    scratch: Scratch,
    work: Mat<T>,
    values: Vec<T>,
    u: Mat<T>,
    v: Mat<T>,
}

impl<T: Scalar> Direct<T> {
    /// With square factors, or not, if any are asked for.
    fn new([m, n]: [usize; 2], full: Option<bool>) -> Direct<T> {
        let size = m.min(n);
        let (asked, left, right) = match full {
            None => (ComputeSvdVectors::No, 0, 0),
            Some(false) => (ComputeSvdVectors::Thin, size, size),
            Some(true) => (ComputeSvdVectors::Full, m, n),
        };
        let mut params: Spec<SvdParams, T> = Default::default();
        params.recursion_threshold = DIVIDED;
        Direct {
            params,
            scratch: Scratch::new(svd_scratch::<T>(m, n, asked, asked, PAR, params)),
            work: Mat::zeros(m, n),
            values: vec![T::ZERO; size],
            u: Mat::zeros(m, left),
            v: Mat::zeros(n, right),
        }
    }

    fn decompose(&mut self, a: &[T], s: &mut [T::R], vectors: Option<Vectors<'_, T>>) {
        let Direct { params, scratch, work, values, u, v } = self;
        // Columns beyond the singular values are completed from what stands there.
        u.fill(T::ZERO);
        v.fill(T::ZERO);
        if s.is_empty() {
            // Nothing to decompose: any orthonormal columns will do.
            (0..u.ncols()).for_each(|i| u[(i, i)] = T::ONE);
            (0..v.ncols()).for_each(|i| v[(i, i)] = T::ONE);
        } else {
            load(work, a);
            let (diagonal, stack) = (DiagMut::from_slice_mut(values), scratch.stack());
            let asked = vectors.is_some();
            let (u, v) = (asked.then(|| u.as_mut()), asked.then(|| v.as_mut()));
            if svd(work.as_ref(), diagonal, u, v, PAR, stack, *params).is_err() {
                return fill_nan(s, vectors);
            }
        }
        for (slot, &value) in s.iter_mut().zip(values.iter()) {
            *slot = value.real_part();
        }
        if let Some(vectors) = vectors {
            store(vectors.u, u.as_ref());
            let n = v.nrows();
            for (i, row) in vectors.vh.chunks_exact_mut(n.max(1)).enumerate() {
                for (j, slot) in row.iter_mut().enumerate() {
                    *slot = v[(j, i)].conjugated();
                }
            }
        }
    }
}

/// Matrices that are so many times as long as wide are made triangular first.
const TALL: usize = 2;

/// The singular values alone: those of a bidiagonal matrix with the same.
fn values_only<T: Scalar>(of: Matrices, a: &[T], s: &mut [T::R]) {
    let (m, n, size, area) = (of.rows, of.columns, of.size(), of.area());
    let tall = m >= TALL * n;
    let mut triangle = vec![T::ZERO; if tall { n * n } else { 0 }];
    let mut reduced = Bidiagonal::new(if tall { n } else { m.max(n) }, size);
    for (a, s) in a.chunks_exact(area).zip(s.chunks_exact_mut(size)) {
        let a = if tall {
            let one = Matrices { count: 1, ..of };
            qr::decompose(one, n, a, None, &mut triangle);
            &triangle
        } else {
            a
        };
        if !reduced.reduce(a, m < n) {
            s.fill(T::NAN_REAL);
            continue;
        }
        let found = values::bidiagonal(&reduced.diagonal, &reduced.above, T::BITS);
        for (slot, value) in s.iter_mut().zip(found) {
            *slot = T::from_parts(value, 0.0).real_part();
        }
    }
}

/// Values and vectors in single precision; whether there are such as can be found by themselves.
///
/// With rows and columns of a bidiagonal matrix taken in turn, its values are those of a tridiagonal
/// one, whose diagonal is zero, and its vectors lie in one vector, element beside element.
fn of_single<T: Scalar>(
    reduced: &mut Bidiagonal<T>,
    [m, n]: [usize; 2],
    a: &[T],
    s: &mut [T::R],
    vectors: &mut Vectors<'_, T>,
) -> bool {
    let (size, wide) = (s.len(), m < n);
    if !reduced.reduce(a, wide) {
        return false;
    }
    let scale = largest(&reduced.diagonal).max(largest(&reduced.above));
    if scale == 0.0 {
        return false;
    }
    let scaled = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| x / scale).collect() };
    let (diagonal, above) = (scaled(&reduced.diagonal), scaled(&reduced.above));
    let intervals = values::intervals_of_bidiagonal(&diagonal, &above, twisted::BITS);
    let in_turn = diagonal.iter().zip(above.iter().chain(&[0.0]));
    let mut beside: Vec<f64> = in_turn.flat_map(|(&d, &e)| [d, e]).collect();
    beside.pop();
    let zeros = vec![0.0; 2 * size];
    let of = Twisted { diagonal: &zeros, beside: &beside, skipped: size };
    let Vectors { u, vh, .. } = vectors;
    let (left, right) = (u.len() / m, vh.len() / n);
    // The left vectors of a matrix are the right ones of its adjoint.
    let (mut short, mut long) = match wide {
        false => (Target::by_columns(vh, n, right), Target::by_rows(u, m, left)),
        true => (Target::by_rows(u, m, left), Target::by_columns(vh, n, right)),
    };
    let found = of.find(&intervals, &mut |first, z| {
        for (which, target) in [&mut short, &mut long].into_iter().enumerate() {
            let z = || z.iter().skip(which).step_by(2);
            let mut scale = [0.0; LANES];
            for z in z() {
                for lane in 0..LANES {
                    scale[lane] += z[lane] * z[lane];
                }
            }
            scale = scale.map(|squares| 1.0 / squares.sqrt());
            for lane in 0..LANES.min(size - first) {
                let column = size - 1 - first - lane;
                for (row, z) in z().enumerate() {
                    *target.at(row, column) = T::from_parts(z[lane] * scale[lane], 0.0);
                }
            }
        }
    });
    let Some(found) = found else { return false };
    for (slot, value) in s.iter_mut().rev().zip(found) {
        *slot = T::from_parts(value * scale, 0.0).real_part();
    }
    reduced.right.apply(short.complete(size), false);
    reduced.left.apply(long.complete(size), false);
    vh.iter_mut().for_each(|x| *x = x.conjugated());
    true
}

/// Where vectors are stored, as columns.
struct Target<'a, T> {
    elements: &'a mut [T],
    shape: [usize; 2],
    /// The elements from row to row, and from column to column.
    steps: [usize; 2],
}

impl<T: Scalar> Target<'_, T> {
    fn by_rows(elements: &mut [T], rows: usize, columns: usize) -> Target<'_, T> {
        Target { elements, shape: [rows, columns], steps: [columns, 1] }
    }

    fn by_columns(elements: &mut [T], rows: usize, columns: usize) -> Target<'_, T> {
        Target { elements, shape: [rows, columns], steps: [1, rows] }
    }

    fn at(&mut self, row: usize, column: usize) -> &mut T {
        &mut self.elements[row * self.steps[0] + column * self.steps[1]]
    }

    /// All of it, when the first rows and columns are known: the others are those of the identity.
    fn complete(&mut self, known: usize) -> MatMut<'_, T> {
        let [rows, columns] = self.shape;
        for row in 0..rows {
            for column in if row < known { known..columns } else { 0..columns } {
                *self.at(row, column) = if row == column { T::ONE } else { T::ZERO };
            }
        }
        match self.steps[1] == 1 {
            true => MatMut::from_row_major_slice_mut(self.elements, rows, columns),
            false => MatMut::from_column_major_slice_mut(self.elements, rows, columns),
        }
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{adjoint, assert_close, identity, one, product, sample};
    use super::*;

    fn check<T: Scalar>(a: &[T], m: usize, n: usize)
    where
        T::R: Into<f64>,
    {
        let size = m.min(n);
        for full in [false, true] {
            let (left, right) = if full { (m, n) } else { (size, size) };
            let (mut u, mut vh) = (vec![T::ZERO; m * left], vec![T::ZERO; right * n]);
            let mut s = vec![T::NAN_REAL; size];
            let vectors = Vectors { full, u: &mut u, vh: &mut vh };
            decompose(one(m, n), a, &mut s, Some(vectors));
            let s: Vec<f64> = s.iter().map(|&v| v.into()).collect();
            assert!(s.is_sorted_by(|a, b| a >= b) && s.iter().all(|&v| v >= 0.0));
            let mut middle = vec![T::ZERO; left * right];
            (0..size).for_each(|i| middle[i * right + i] = T::from_parts(s[i], 0.0));
            let us = product(&u, &middle, [m, left, right]);
            assert_close(&product(&us, &vh, [m, right, n]), a, "U S Vᴴ");
            let unit = product(&adjoint(&u, [m, left]), &u, [left, m, left]);
            assert_close(&unit, &identity(left), "Uᴴ U");
            let mut alone = vec![T::NAN_REAL; size];
            decompose(one(m, n), a, &mut alone, None);
            for (&alone, with) in alone.iter().zip(&s) {
                let alone: f64 = alone.into();
                assert!((alone - with).abs() < 1e-5 * (1.0 + s[0]), "{m} {n}: {alone} {with}");
            }
        }
    }

    fn check_sizes<T: Scalar>()
    where
        T::R: Into<f64>,
    {
        for (m, n) in [
            (1, 1),
            (2, 2),
            (5, 3),
            (3, 5),
            (30, 30),
            (60, 8),
            (8, 60),
            (40, 40),
            (50, 41),
            (41, 50),
            (90, 34),
            (130, 101),
            (67, 129),
        ] {
            check::<T>(&sample(m * n), m, n);
        }
        check(&[T::ZERO; 6], 2, 3);
        check(&[T::ONE; 6], 3, 2);
        // Values that are equal, or zero, and some that are not.
        for (m, n) in [(40, 40), (33, 45), (50, 36)] {
            check(&vec![T::ZERO; m * n], m, n);
            check(&vec![T::from_parts(0.1, 0.0); m * n], m, n);
            let unit: Vec<T> =
                (0..m * n).map(|at| if at / n == at % n { T::ONE } else { T::ZERO }).collect();
            check(&unit, m, n);
            let half = product(&sample::<T>(m * 20), &sample::<T>(20 * n), [m, 20, n]);
            check(&half, m, n);
        }
    }

    #[test]
    fn the_product_is_the_matrix() {
        check_sizes::<f32>();
        check_sizes::<f64>();
        check_sizes::<Complex<f32>>();
        check_sizes::<Complex<f64>>();
    }

    #[test]
    fn every_matrix_has_unitary_factors() {
        let (a, n) = (sample::<f32>(24), 3);
        let (mut u, mut vh, mut s) = (vec![0.0; n * 16], vec![0.0; n * 4], vec![0.0; n * 2]);
        let vectors = Vectors { full: true, u: &mut u, vh: &mut vh };
        decompose(Matrices { count: n, rows: 4, columns: 2 }, &a, &mut s, Some(vectors));
        for u in u.chunks_exact(16) {
            assert_close(&product(&adjoint(u, [4, 4]), u, [4, 4, 4]), &identity(4), "Uᴴ U");
        }
    }

    #[test]
    fn nan_and_empty_matrices() {
        let (mut u, mut vh, mut s) = ([0.0f64; 4], [0.0; 4], [0.0; 2]);
        let vectors = Vectors { full: true, u: &mut u, vh: &mut vh };
        decompose(one(2, 2), &[f64::NAN, 1.0, 2.0, 3.0], &mut s, Some(vectors));
        assert!(u.iter().chain(&vh).chain(&s).all(|v| v.is_nan()));
        let mut vh = [0.0f64; 4];
        let vectors = Vectors { full: true, u: &mut [], vh: &mut vh };
        decompose(one(0, 2), &[], &mut [], Some(vectors));
        assert_eq!(vh, [1.0, 0.0, 0.0, 1.0]);
    }
}
