//! Decompositions of matrices and systems of equations, as programs have them.

use pullback_core::primitives::linalg::triangular_solve::{
    Triangle, triangular_solve as solve_triangle,
};
use pullback_core::primitives::rules;
use pullback_core::{Array, Error, Result, Shape};
use pullback_macros::api;

use crate::api::{ApiFn, Value};
use crate::flat::scan;
use crate::numpy::common::{broadcast, number, select, size_of};
use crate::numpy::creation::tril;
use crate::numpy::linalg::{adjoint, sizes, square, symmetrized};
use crate::numpy::manipulation::{matrix_transpose, part};
use crate::numpy::products::matmul;

/// The functions of this module.
pub static FUNCTIONS: &[&ApiFn] = &[
    &CHOLESKY_API,
    &EIGH_API,
    &LU_API,
    &LU_PIVOTS_TO_PERMUTATION_API,
    &QR_API,
    &SVD_API,
    &TRIANGULAR_SOLVE_API,
    &TRIDIAGONAL_SOLVE_API,
    &HOUSEHOLDER_PRODUCT_API,
    &ORMQR_API,
    &SYMMETRIC_PRODUCT_API,
];

/// The lower factor `l` of positive definite matrices `l l*`.
///
/// Matrices that are not positive definite give NaN.
///
/// ```
/// # use pullback::{Array, lax::linalg};
/// let a = Array::from([[4.0, 2.0], [2.0, 10.0]]);
/// assert_eq!(linalg::cholesky(&a, true)?, Array::from([[2.0, 0.0], [1.0, 3.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(symmetrize_input = true), keyword_only(symmetrize_input))]
pub fn cholesky(x: &Array, symmetrize_input: bool) -> Result<Array> {
    square("cholesky", x)?;
    match symmetrize_input {
        true => rules::cholesky(&symmetrized(x)?),
        false => rules::cholesky(x),
    }
}

/// The eigenvectors of Hermitian matrices, as columns, and their eigenvalues in rising order.
///
/// `lower` says which triangle is read, where the matrices are not symmetrized first.
///
/// ```
/// # use pullback::{Array, lax::linalg};
/// let (_, values) = linalg::eigh(&Array::from([[2.0, 1.0], [1.0, 2.0]]), true, true, true)?;
/// let values = values.to_vec::<f32>()?;
/// assert!((values[0] - 1.0).abs() < 1e-5 && (values[1] - 3.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(lower = true, symmetrize_input = true, sort_eigenvalues = true),
    keyword_only(lower),
    ignored(subset_by_index, implementation)
)]
pub fn eigh(
    x: &Array,
    lower: bool,
    symmetrize_input: bool,
    sort_eigenvalues: bool,
) -> Result<(Array, Array)> {
    let _ = sort_eigenvalues;
    square("eigh", x)?;
    let [v, w] = match symmetrize_input {
        true => rules::eigh(&symmetrized(x)?, lower)?,
        false => rules::eigh(x, lower)?,
    };
    Ok((v, w))
}

/// Lower and upper triangular factors in one matrix, the row that each row was exchanged with, and
/// the permutation that the exchanges make.
///
/// The lower factor has ones on its diagonal, which are left out.
///
/// ```
/// # use pullback::{Array, lax::linalg};
/// let (factors, pivots, permutation) = linalg::lu(&Array::from([[1.0, 2.0], [4.0, 4.0]]))?;
/// assert_eq!(factors, Array::from([[4.0, 4.0], [0.25, 1.0]]));
/// assert_eq!(pivots, Array::from([1, 1]));
/// assert_eq!(permutation, Array::from([1, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn lu(x: &Array) -> Result<(Array, Array, Array)> {
    let [factors, pivots, permutation] = rules::lu(x)?;
    Ok((factors, pivots, permutation))
}

/// The permutation that exchanges of rows make.
///
/// ```
/// # use pullback::{Array, lax::linalg};
/// let order = linalg::lu_pivots_to_permutation(&Array::from([2, 2]), 3)?;
/// assert_eq!(order, Array::from([2, 0, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn lu_pivots_to_permutation(pivots: &Array, permutation_size: i64) -> Result<Array> {
    let size = size_of("lu_pivots_to_permutation", permutation_size)?;
    let last = pivots.rank().checked_sub(1).ok_or_else(|| {
        Error::value_error("lu_pivots_to_permutation", "pivots must have an axis")
    })?;
    let count = pivots.shape()[last];
    let dtype = pivots.dtype();
    let mut shape = Shape::from_slice(pivots.shape());
    shape[last] = size;
    let start = rules::iota(dtype, &shape, last)?;
    let steps = [rules::move_axis(pivots, last, 0)?, rules::iota(dtype, &[count], 0)?];
    let (mut permutation, _) =
        scan("scan", &[start], &steps, Some(count), false, |carry, step| {
            let (row, other, place) = (&carry[0], rules::expand_dims(&step[0], &[last])?, &step[1]);
            let counted = rules::iota(dtype, row.shape(), last)?;
            let own = rules::eq(&counted, place)?;
            let others = rules::eq(&counted, &broadcast(&other, row.shape())?)?;
            let pick = |mask: &Array| -> Result<Array> {
                let picked = select(mask, row, &number(0.0, row))?;
                rules::expand_dims(&rules::reduce_sum(&picked, &[last])?, &[last])
            };
            let next = select(&own, &pick(&others)?, &select(&others, &pick(&own)?, row)?)?;
            Ok((vec![next], vec![]))
        })?;
    Ok(permutation.swap_remove(0))
}

/// Factors `q r` with orthonormal columns and an upper triangle.
///
/// ```
/// # use pullback::{Array, lax::linalg, numpy as jnp};
/// let a = Array::from([[0.0, 2.0], [3.0, 4.0]]);
/// let (q, r) = linalg::qr(&a, false, true)?;
/// let product = jnp::matmul(&q, &r, None)?;
/// assert!(jnp::allclose(&product, &a, &1e-5.into(), &1e-6.into(), false)?.to_bool()?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(pivoting = false, full_matrices = true), keyword_only(pivoting), ignored(use_magma))]
pub fn qr(x: &Array, pivoting: bool, full_matrices: bool) -> Result<(Array, Array)> {
    if pivoting {
        return Err(Error::unsupported("qr", "pivoting=True is not implemented"));
    }
    let [q, r] = rules::qr(x, full_matrices)?;
    Ok((q, r))
}

/// Factors `u`, `s`, `vh` of each matrix, with singular values in falling order; `s` alone
/// without `compute_uv`.
///
/// ```
/// # use pullback::{Array, api::Value, lax::linalg, numpy as jnp};
/// let a = Array::from([[0.0, 3.0], [4.0, 0.0]]);
/// let Value::Tuple(parts) = linalg::svd(&a, true, true)? else { panic!("it is a tuple") };
/// let expected = Array::from([4.0, 3.0]);
/// assert!(jnp::allclose(&parts[1], &expected, &1e-5.into(), &0.0.into(), false)?.to_bool()?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(full_matrices = true, compute_uv = true),
    keyword_only(full_matrices),
    ignored(subset_by_index, algorithm)
)]
pub fn svd(x: &Array, full_matrices: bool, compute_uv: bool) -> Result<Value> {
    let mut y = rules::svd(x, full_matrices, compute_uv)?.into_vec();
    if compute_uv {
        y.swap(0, 1);
        return Ok(Value::Tuple(y));
    }
    Ok(Value::Array(y.swap_remove(0)))
}

/// The solution of `a x = b`, or of `x a = b`, for triangular matrices.
///
/// ```
/// # use pullback::{Array, lax::linalg};
/// let (a, b) = (Array::from([[2.0, 0.0], [1.0, 4.0]]), Array::from([[2.0], [9.0]]));
/// let x = linalg::triangular_solve(&a, &b, true, true, false, false, false)?;
/// assert_eq!(x, Array::from([[1.0], [2.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(
        left_side = false,
        lower = false,
        transpose_a = false,
        conjugate_a = false,
        unit_diagonal = false
    ),
    keyword_only(left_side)
)]
pub fn triangular_solve(
    a: &Array,
    b: &Array,
    left_side: bool,
    lower: bool,
    transpose_a: bool,
    conjugate_a: bool,
    unit_diagonal: bool,
) -> Result<Array> {
    sizes("triangular_solve", a)?;
    let single = b.rank() + 1 == a.rank();
    let along = if left_side { a.rank() - 1 } else { a.rank() - 2 };
    let b = if single { rules::expand_dims(b, &[along])? } else { b.clone() };
    let conjugate_a = conjugate_a && a.dtype().is_complex();
    let triangle = Triangle { left_side, lower, transpose_a, conjugate_a, unit_diagonal };
    let x = solve_triangle(a, &b, triangle).map_err(|error| match error {
        Error::Type { function, message } => Error::Value { function, message },
        error => error,
    })?;
    if single { rules::squeeze(&x, &[along]) } else { Ok(x) }
}

/// The solution of systems with three diagonals: the one below, whose first element does not
/// count; the middle; and the one above, whose last does not. Rows are exchanged where that is
/// more precise.
///
/// ```
/// # use pullback::{Array, lax::linalg};
/// // 2 x = 2 and 4 y = 8
/// let (none, d) = (Array::from([0.0, 0.0]), Array::from([2.0, 4.0]));
/// let b = Array::from([[2.0], [8.0]]);
/// let x = linalg::tridiagonal_solve(&none, &d, &none, &b, false)?;
/// assert_eq!(x, Array::from([[1.0], [2.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(perturb_singular = false), keyword_only(perturb_singular))]
pub fn tridiagonal_solve(
    dl: &Array,
    d: &Array,
    du: &Array,
    b: &Array,
    perturb_singular: bool,
) -> Result<Array> {
    if perturb_singular {
        return Err(Error::unsupported("tridiagonal_solve", "perturb_singular=True"));
    }
    let (size, _) = sizes("tridiagonal_solve", b)?;
    let stack = &b.shape()[..b.rank() - 2];
    for diagonal in [dl, d, du] {
        if diagonal.shape() != &b.shape()[..b.rank() - 1] || diagonal.dtype() != b.dtype() {
            return Err(Error::value_error(
                "tridiagonal_solve",
                format!("the diagonal {} does not fit {}", diagonal.aval(), b.aval()),
            ));
        }
    }
    // One row at a time, each a column of the stack with an axis for the right sides.
    let rows = |x: &Array| rules::move_axis(x, stack.len(), 0);
    let wide = |x: &Array| rows(&rules::expand_dims(x, &[x.rank()])?);
    let zero = broadcast(&number(0.0, d), wide(d)?.shape())?;
    let below = {
        // Row i is eliminated with what row i + 1 has below the diagonal.
        let dl = wide(dl)?;
        let rest = part(&dl, 0, 1.min(size), size)?;
        rules::concatenate(&[&rest, &part(&zero, 0, 0, 1.min(size))?], 0)?
    };
    let next = |x: &Array| {
        let rest = part(x, 0, 1.min(size), size)?;
        rules::concatenate(&[&rest, &part(&rules::zeros_like(x)?, 0, 0, 1.min(size))?], 0)
    };
    let above = {
        let du = wide(du)?;
        let kept = part(&du, 0, 0, size.saturating_sub(1))?;
        rules::concatenate(&[&kept, &part(&zero, 0, 0, 1.min(size))?], 0)?
    };
    let (middle, right) = (wide(d)?, rows(b)?);
    if size == 0 {
        return Ok(b.clone());
    }
    let first = |x: &Array| rules::squeeze(&part(x, 0, 0, 1)?, &[0]);
    let carry = [first(&middle)?, first(&above)?, first(&right)?];
    let steps = [below, next(&middle)?, next(&above)?, next(&right)?];
    // The carried row has the elements p and q and the right side f; beside it stands the row
    // below. The one with the larger first element stays, the other goes on without it.
    let (_, kept) = scan("scan", &carry, &steps, Some(size), false, |carry, step| {
        let [p, q, f] = [&carry[0], &carry[1], &carry[2]];
        let [l, m, u, g] = [&step[0], &step[1], &step[2], &step[3]];
        let swap = rules::gt(&rules::abs(l)?, &rules::abs(p)?)?;
        let choose =
            |other: &Array, own: &Array| select(&broadcast(&swap, own.shape())?, other, own);
        let none = rules::zeros_like(u)?;
        let pivot = choose(l, p)?;
        let zero = rules::eq(&pivot, &number(0.0, &pivot))?;
        let safe = select(&zero, &number(1.0, &pivot), &pivot)?;
        let factor = rules::div(&choose(p, l)?, &safe)?;
        let stays = [choose(m, q)?, choose(u, &none)?, choose(g, f)?];
        let goes = [choose(q, m)?, choose(&none, u)?, choose(f, g)?];
        let left = |at: usize| {
            let taken = rules::mul(&broadcast(&factor, stays[at].shape())?, &stays[at])?;
            rules::sub(&goes[at], &taken)
        };
        let next = vec![left(0)?, left(1)?, left(2)?];
        let [second, third, side] = stays;
        Ok((next, vec![pivot, second, third, side]))
    })?;
    let backwards: Vec<Array> = kept.iter().map(|x| rules::rev(x, &[0])).collect::<Result<_>>()?;
    let nothing = rules::zeros_like(&first(&right)?)?;
    let (_, x) =
        scan("scan", &[nothing.clone(), nothing], &backwards, Some(size), false, |carry, row| {
            let [p, q, r, f] = [&row[0], &row[1], &row[2], &row[3]];
            let times = |x: &Array, y: &Array| rules::mul(&broadcast(x, y.shape())?, y);
            let known = rules::add(&times(q, &carry[0])?, &times(r, &carry[1])?)?;
            let x = rules::div(&rules::sub(f, &known)?, &broadcast(p, f.shape())?)?;
            Ok((vec![x.clone(), carry[0].clone()], vec![x]))
        })?;
    rules::move_axis(&rules::rev(&x[0], &[0])?, 0, stack.len())
}

/// The vectors of reflections, one a row in front: a one at their place, zeros before it.
fn reflectors(a: &Array) -> Result<Array> {
    let (rows, columns) = sizes("householder_product", a)?;
    let below = tril(a, -1)?;
    let identity =
        crate::numpy::creation::eye(rows as i64, Some(columns as i64), 0, Some(a.dtype()))?;
    let whole = rules::add(&below, &broadcast(&identity, a.shape())?)?;
    rules::move_axis(&whole, a.rank() - 1, 0)
}

/// `c` with reflections applied from the left, in the order given.
fn reflected(c: &Array, vectors: &Array, taus: &Array) -> Result<Array> {
    let count = vectors.shape()[0];
    let (mut y, _) = scan(
        "scan",
        std::slice::from_ref(c),
        &[vectors.clone(), taus.clone()],
        Some(count),
        false,
        |carry, step| {
            // c - τ v (v* c).
            let column = rules::expand_dims(&step[0], &[step[0].rank()])?;
            let shares = matmul(&adjoint(&column)?, &carry[0], None)?;
            let tau = rules::expand_dims(&step[1], &[step[1].rank(), step[1].rank() + 1])?;
            let moved = matmul(&column, &shares, None)?;
            let moved = rules::mul(&broadcast(&tau, moved.shape())?, &moved)?;
            Ok((vec![rules::sub(&carry[0], &moved)?], vec![]))
        },
    )?;
    Ok(y.swap_remove(0))
}

fn front(taus: &Array) -> Result<Array> {
    rules::move_axis(taus, taus.rank() - 1, 0)
}

/// The matrices with orthonormal columns that the reflections of a QR decomposition make: the
/// vectors below the diagonals of `a`, and their factors.
///
/// ```
/// # use pullback::{Array, lax::linalg};
/// // A reflection at the first axis, and none.
/// let (a, taus) = (Array::from([[0.0, 0.0], [0.0, 0.0]]), Array::from([2.0, 0.0]));
/// let q = linalg::householder_product(&a, &taus)?;
/// assert_eq!(q, Array::from([[-1.0, 0.0], [0.0, 1.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn householder_product(a: &Array, taus: &Array) -> Result<Array> {
    let (rows, columns) = sizes("householder_product", a)?;
    let k = taus.shape().last().copied().unwrap_or(0);
    let vectors = part(&reflectors(a)?, 0, 0, k.min(columns))?;
    let identity =
        crate::numpy::creation::eye(rows as i64, Some(columns as i64), 0, Some(a.dtype()))?;
    let identity = broadcast(&identity, a.shape())?;
    // The last reflection comes first.
    let (vectors, taus) = (rules::rev(&vectors, &[0])?, rules::rev(&front(taus)?, &[0])?);
    reflected(&identity, &vectors, &taus)
}

/// The product of `c` with the square matrices that the reflections of a QR decomposition make, or
/// their adjoints; from the left or from the right.
///
/// ```
/// # use pullback::{Array, lax::linalg};
/// // A reflection at the first axis, and none.
/// let (a, taus) = (Array::from([[0.0, 0.0], [0.0, 0.0]]), Array::from([2.0, 0.0]));
/// let c = Array::from([[1.0, 2.0], [3.0, 4.0]]);
/// let y = linalg::ormqr(&a, &taus, &c, true, false)?;
/// assert_eq!(y, Array::from([[-1.0, -2.0], [3.0, 4.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(left = true, transpose = false), keyword_only(left))]
pub fn ormqr(a: &Array, taus: &Array, c: &Array, left: bool, transpose: bool) -> Result<Array> {
    if !left {
        // c Q is the adjoint of Q* c*.
        return adjoint(&ormqr(a, taus, &adjoint(c)?, true, !transpose)?);
    }
    let k = taus.shape().last().copied().unwrap_or(0);
    let vectors = part(&reflectors(a)?, 0, 0, k)?;
    let taus = front(taus)?;
    match transpose {
        // The adjoint of a reflection has the factor conjugated.
        true => {
            let taus = if taus.dtype().is_complex() { rules::conj(&taus)? } else { taus };
            reflected(c, &vectors, &taus)
        }
        false => reflected(c, &rules::rev(&vectors, &[0])?, &rules::rev(&taus, &[0])?),
    }
}

/// `alpha a aᵀ + beta c`.
///
/// ```
/// # use pullback::{Array, lax::linalg};
/// let (a, c) = (Array::from([[1.0], [2.0]]), Array::from([[1.0, 0.0], [0.0, 1.0]]));
/// let y = linalg::symmetric_product(&a, &c, 2.0, 1.0, true)?;
/// assert_eq!(y, Array::from([[3.0, 4.0], [4.0, 9.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(alpha = 1.0, beta = 0.0, symmetrize_output = false), keyword_only(alpha))]
pub fn symmetric_product(
    a_matrix: &Array,
    c_matrix: &Array,
    alpha: f64,
    beta: f64,
    symmetrize_output: bool,
) -> Result<Array> {
    let product = matmul(a_matrix, &matrix_transpose(a_matrix)?, None)?;
    let product = rules::mul(&product, &number(alpha, &product))?;
    let sum = rules::add(&product, &rules::mul(c_matrix, &number(beta, c_matrix))?)?;
    if !symmetrize_output {
        return Ok(sum);
    }
    let lower = tril(&sum, 0)?;
    rules::add(&lower, &matrix_transpose(&tril(&sum, -1)?)?)
}
