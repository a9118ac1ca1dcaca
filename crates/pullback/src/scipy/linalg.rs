//! Linear algebra, with the names and meanings of `jax.scipy.linalg`.

use pullback_core::primitives::custom::stop_gradient::stop_gradient;
use pullback_core::primitives::linalg::triangular_solve::{Triangle, triangular_solve};
use pullback_core::primitives::rules as lax;
use pullback_core::trace::Tangent;
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::api;

use crate::api::{ApiFn, Arg, Axes, FromArg, Kind, Value};
use crate::custom_rules::with_jvp;
use crate::lax::linalg::lu_pivots_to_permutation;
use crate::numpy::arithmetic::{multiply, power, true_divide};
use crate::numpy::common::{inexact, number, select};
use crate::numpy::creation::{diag, eye, tril, triu};
use crate::numpy::linalg::{
    Order, adjoint, inexact_types, lu_solve as solve_with, lu_solve_transposed, matmul_of,
    matrix_norm, sizes, square, stacked, symmetrized,
};
use crate::numpy::{self, manipulation::part};

/// The functions of this module.
pub static FUNCTIONS: &[&ApiFn] = &[
    &CHOLESKY_API,
    &CHO_FACTOR_API,
    &CHO_SOLVE_API,
    &SVD_API,
    &DET_API,
    &EIGH_API,
    &EIGH_TRIDIAGONAL_API,
    &INV_API,
    &LU_FACTOR_API,
    &LU_SOLVE_API,
    &LU_API,
    &QR_API,
    &QR_MULTIPLY_API,
    &SOLVE_API,
    &SOLVE_TRIANGULAR_API,
    &EXPM_API,
    &EXPM_FRECHET_API,
    &POLAR_API,
];

/// The lower factor `l` of positive definite matrices `l l*`, or the upper one `u` of `u* u`.
/// The other triangle is not read.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::linalg::cholesky;
///
/// let a = Array::from([[4.0f32, 0.0], [0.0, 9.0]]);
/// assert_eq!(cholesky(&a, true)?, Array::from([[2.0f32, 0.0], [0.0, 3.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(lower = false),
    ignored(overwrite_a, check_finite),
    order(a, lower, overwrite_a, check_finite)
)]
pub fn cholesky(a: &Array, lower: bool) -> Result<Array> {
    let a = inexact(a)?;
    square("cholesky", &a)?;
    match lower {
        true => lax::cholesky(&a),
        false => adjoint(&lax::cholesky(&adjoint(&a)?)?),
    }
}

/// The factor of [`cholesky`], and which of the two it is: what [`cho_solve`] takes.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::linalg::{cho_factor, cho_solve};
///
/// let a = Array::from([[4.0f32, 0.0], [0.0, 9.0]]);
/// let x = cho_solve(&cho_factor(&a, false)?, &Array::from([8.0f32, 18.0]))?;
/// assert_eq!(x, Array::from([2.0f32, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(lower = false),
    ignored(overwrite_a, check_finite),
    order(a, lower, overwrite_a, check_finite)
)]
pub fn cho_factor(a: &Array, lower: bool) -> Result<(Array, bool)> {
    Ok((cholesky(a, lower)?, lower))
}

/// A function of matrices and right sides, for all of a stack: right sides that are vectors are
/// given one column.
fn on_columns(
    function: &str,
    a: &Array,
    b: &Array,
    f: impl FnOnce(&Array, &Array) -> Result<Array>,
) -> Result<Array> {
    let n = square(function, a)?;
    let vectors = b.rank() == 1 || (a.rank() == b.rank() + 1 && b.shape()[b.rank() - 1] == n);
    let columns = if vectors { lax::expand_dims(b, &[b.rank()])? } else { b.clone() };
    if columns.rank() < 2 || columns.shape()[columns.rank() - 2] != n {
        return Err(Error::value_error(
            function,
            format!("the right side {} does not fit matrices {}", b.aval(), a.aval()),
        ));
    }
    let stack = promote::broadcast_shapes(
        function,
        &[&a.shape()[..a.rank() - 2], &columns.shape()[..columns.rank() - 2]],
    )?;
    let x = f(&stacked(a, &stack, 2)?, &stacked(&columns, &stack, 2)?)?;
    if vectors { lax::squeeze(&x, &[x.rank() - 1]) } else { Ok(x) }
}

/// The solution of `a x = b` with the factor of `a`.
fn solve_with_root(root: &Array, b: &Array, lower: bool) -> Result<Array> {
    let adjoint = |adjoint: bool| Triangle {
        left_side: true,
        lower,
        transpose_a: adjoint,
        conjugate_a: adjoint && root.dtype().is_complex(),
        unit_diagonal: false,
    };
    let y = triangular_solve(root, b, adjoint(!lower))?;
    triangular_solve(root, &y, adjoint(lower))
}

/// The solution of `a x = b` with what [`cho_factor`] gave for `a`.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::linalg::{cho_factor, cho_solve};
///
/// # fn main() -> pullback::Result<()> {
/// let a = Array::from_slice(&[4.0f32, 0.0, 0.0, 9.0], &[2, 2])?;
/// let x = cho_solve(&cho_factor(&a, true)?, &Array::from([8.0f32, 9.0]))?;
/// assert_eq!(x.to_vec::<f32>()?, [2.0, 1.0]);
/// # Ok(())
/// # }
/// ```
#[api(ignored(overwrite_b, check_finite), order(c_and_lower, b, overwrite_b, check_finite))]
pub fn cho_solve(c_and_lower: &(Array, bool), b: &Array) -> Result<Array> {
    let (root, lower) = c_and_lower;
    let [root, b] = inexact_types("cho_solve", root, b)?;
    on_columns("cho_solve", &root, &b, |root, b| solve_with_root(root, b, *lower))
}

/// Factors `u`, `s`, `vh` of each matrix, with singular values in falling order; `s` alone
/// without `compute_uv`.
///
/// ```
/// use pullback::Array;
/// use pullback::api::Value;
/// use pullback::scipy::linalg::svd;
///
/// let a = Array::from([[4.0f32, 0.0], [0.0, 9.0]]);
/// let Value::Array(s) = svd(&a, true, false)? else { panic!("it is one array") };
/// assert_eq!(s, Array::from([9.0f32, 4.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(full_matrices = true, compute_uv = true),
    ignored(overwrite_a, check_finite, lapack_driver),
    order(a, full_matrices, compute_uv, overwrite_a, check_finite, lapack_driver)
)]
pub fn svd(a: &Array, full_matrices: bool, compute_uv: bool) -> Result<Value> {
    crate::lax::linalg::svd(&inexact(a)?, full_matrices, compute_uv)
}

/// The determinant of each matrix.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::linalg::det;
///
/// let a = Array::from([[1.0f32, 2.0], [3.0, 4.0]]);
/// assert!((det(&a)?.to_vec::<f32>()?[0] + 2.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(overwrite_a, check_finite), order(a, overwrite_a, check_finite))]
pub fn det(a: &Array) -> Result<Array> {
    numpy::linalg::det(a)
}

/// The inverse of each matrix.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::linalg::inv;
///
/// let a = Array::from([[2.0f32, 0.0], [0.0, 4.0]]);
/// assert_eq!(inv(&a)?, Array::from([[0.5f32, 0.0], [0.0, 0.25]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(overwrite_a, check_finite), order(a, overwrite_a, check_finite))]
pub fn inv(a: &Array) -> Result<Array> {
    numpy::linalg::inv(a)
}

/// Eigenvalues, rising, and eigenvectors of Hermitian matrices; with a positive definite `b` those
/// of `a v = w b v` (`kind` 1), `a b v = w v` (2) or `b a v = w v` (3). The eigenvalues alone with
/// `eigvals_only`.
///
/// ```
/// use pullback::Array;
/// use pullback::api::Value;
/// use pullback::scipy::linalg::eigh;
///
/// let a = Array::from([[4.0f32, 0.0], [0.0, 9.0]]);
/// let Value::Array(w) = eigh(&a, None, true, true, None, 1)? else { panic!("it is one array") };
/// assert_eq!(w, Array::from([4.0f32, 9.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(lower = true, eigvals_only = false, kind = 1),
    rename(kind = "type"),
    ignored(overwrite_a, overwrite_b, turbo, check_finite),
    order(a, b, lower, eigvals_only, overwrite_a, overwrite_b, turbo, eigvals, type, check_finite)
)]
pub fn eigh(
    a: &Array,
    b: Option<&Array>,
    lower: bool,
    eigvals_only: bool,
    eigvals: Option<&Axes>,
    kind: i64,
) -> Result<Value> {
    if !(1..=3).contains(&kind) {
        return Err(Error::value_error("eigh", "type must be 1, 2, or 3"));
    }
    if eigvals.is_some() {
        return Err(Error::unsupported("eigh", "only eigvals=None is implemented"));
    }
    square("eigh", a)?;
    let [v, w] = match b {
        None => lax::eigh(&symmetrized(&inexact(a)?)?, lower)?,
        Some(b) => {
            let [a, b] = inexact_types("eigh", a, b)?;
            square("eigh", &b)?;
            let stack = promote::broadcast_shapes(
                "eigh",
                &[&a.shape()[..a.rank() - 2], &b.shape()[..b.rank() - 2]],
            )?;
            eigh_pair(&stacked(&a, &stack, 2)?, &stacked(&b, &stack, 2)?, lower, kind)?
        }
    };
    Ok(if eigvals_only { Value::Array(w) } else { Value::Tuple(vec![w, v]) })
}

/// Eigenvectors and eigenvalues of one Hermitian matrix with regard to another, which is `l l*`:
/// they are those of `l⁻¹ a l⁻*`, or of `l* a l`.
fn eigh_pair(a: &Array, b: &Array, lower: bool, kind: i64) -> Result<[Array; 2]> {
    let root = lax::cholesky(&symmetrized(b)?)?;
    let conjugate_a = root.dtype().is_complex();
    let left = Triangle { left_side: true, lower: true, ..Triangle::default() };
    let a = symmetrized(a)?;
    let reduced = match kind {
        1 => {
            let half = triangular_solve(&root, &a, left)?;
            let right = Triangle { left_side: false, transpose_a: true, conjugate_a, ..left };
            triangular_solve(&root, &half, right)?
        }
        _ => matmul_of(&matmul_of(&adjoint(&root)?, &a)?, &root)?,
    };
    let [v, w] = lax::eigh(&symmetrized(&reduced)?, lower)?;
    let v = match kind {
        3 => matmul_of(&root, &v)?,
        _ => triangular_solve(&root, &v, Triangle { transpose_a: true, conjugate_a, ..left })?,
    };
    Ok([v, w])
}

/// Eigenvalues, rising, and eigenvectors of a Hermitian matrix with the diagonal `d` and `e` next
/// to it: all of them, or with `select` "i" those with numbers from the first to the last of
/// `select_range`.
///
/// ```
/// use pullback::Array;
/// use pullback::api::Value;
/// use pullback::scipy::linalg::eigh_tridiagonal;
///
/// let (d, e) = (Array::from([2.0f32, 2.0]), Array::from([1.0f32]));
/// let w = eigh_tridiagonal(&d, &e, true, "a", None)?;
/// let Value::Array(w) = w else { panic!("it is one array") };
/// let w = w.to_vec::<f32>()?;
/// assert!((w[0] - 1.0).abs() < 1e-5 && (w[1] - 3.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(eigvals_only = false, select = "a"), keyword_only(eigvals_only), ignored(tol, key))]
pub fn eigh_tridiagonal(
    d: &Array,
    e: &Array,
    eigvals_only: bool,
    select: &str,
    select_range: Option<&Axes>,
) -> Result<Value> {
    let [d, e] = inexact_types("eigh_tridiagonal", d, e)?;
    let n = match (d.shape(), e.shape()) {
        ([n], [m]) if *n == m + 1 => *n,
        _ => {
            return Err(Error::value_error(
                "eigh_tridiagonal",
                format!("diagonals {} and {} do not fit", d.aval(), e.aval()),
            ));
        }
    };
    let beside = match e.dtype().is_complex() {
        true => lax::conj(&e)?,
        false => e.clone(),
    };
    let beside = lax::add(&diag(&e, -1)?, &diag(&beside, 1)?)?;
    let [v, w] = lax::eigh(&lax::add(&diag(&d, 0)?, &beside)?, true)?;
    let (first, last) = match (select, select_range.map(|range| &range.0[..])) {
        ("a", _) => (0, n),
        ("i", Some(&[first, last])) if 0 <= first && first <= last && last < n as i64 => {
            (first as usize, last as usize + 1)
        }
        ("i", _) => {
            return Err(Error::value_error(
                "eigh_tridiagonal",
                format!("for select='i', select_range must be within 0 and {n}"),
            ));
        }
        ("v", _) => return Err(Error::unsupported("eigh_tridiagonal", "select='v'")),
        (other, _) => {
            let message = format!("'select must have a value in {{'a', 'i', 'v'}}, got {other}");
            return Err(Error::value_error("eigh_tridiagonal", message));
        }
    };
    let w = part(&w, 0, first, last)?;
    Ok(match eigvals_only {
        true => Value::Array(w),
        false => Value::Tuple(vec![w, part(&v, 1, first, last)?]),
    })
}

/// Lower and upper triangular factors in one matrix, and the row that each row was exchanged
/// with: what [`lu_solve`] takes.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::linalg::lu_factor;
///
/// let (lu, rows) = lu_factor(&Array::from([[0.0f32, 2.0], [4.0, 8.0]]))?;
/// assert_eq!(lu, Array::from([[4.0f32, 8.0], [0.0, 2.0]]));
/// assert_eq!(rows, Array::from([1, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(ignored(overwrite_a, check_finite), order(a, overwrite_a, check_finite))]
pub fn lu_factor(a: &Array) -> Result<(Array, Array)> {
    let [factors, pivots, _] = lax::lu(&inexact(a)?)?;
    Ok((factors, pivots))
}

/// The solution of `a x = b` with what [`lu_factor`] gave for `a`; of `aᵀ x = b` for a `trans` of
/// 1, and of `a* x = b` for 2.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::linalg::{lu_factor, lu_solve};
///
/// let a = Array::from([[0.0f32, 2.0], [4.0, 8.0]]);
/// let x = lu_solve(&lu_factor(&a)?, &Array::from([2.0f32, 12.0]), 0)?;
/// assert_eq!(x, Array::from([1.0f32, 1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(trans = 0),
    ignored(overwrite_b, check_finite),
    order(lu_and_piv, b, trans, overwrite_b, check_finite)
)]
pub fn lu_solve(lu_and_piv: &(Array, Array), b: &Array, trans: i64) -> Result<Array> {
    if !(0..=2).contains(&trans) {
        let message = format!("'trans' value must be 0, 1, or 2, got {trans}");
        return Err(Error::value_error("lu_solve", message));
    }
    let (factors, pivots) = lu_and_piv;
    let [factors, b] = inexact_types("lu_solve", factors, b)?;
    let n = square("lu_solve", &factors)?;
    let permutation = lu_pivots_to_permutation(pivots, n as i64)?;
    on_columns("lu_solve", &factors, &b, |factors, b| {
        let permutation = stacked(&permutation, &b.shape()[..b.rank() - 2], 1)?;
        match trans {
            0 => solve_with(factors, &permutation, b),
            _ => lu_solve_transposed(factors, &permutation, b, trans == 2),
        }
    })
}

/// Factors `p`, `l`, `u` of each matrix: a permutation, a lower triangle with ones on its diagonal
/// and an upper triangle. With `permute_l` the first two are multiplied.
///
/// ```
/// use pullback::Array;
/// use pullback::api::Value;
/// use pullback::scipy::linalg::lu;
///
/// let a = Array::from([[0.0f32, 2.0], [4.0, 8.0]]);
/// let Value::Tuple(factors) = lu(&a, false)? else { panic!("it is a tuple") };
/// assert_eq!(factors[2], Array::from([[4.0f32, 8.0], [0.0, 2.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(permute_l = false),
    ignored(overwrite_a, check_finite),
    order(a, permute_l, overwrite_a, check_finite)
)]
pub fn lu(a: &Array, permute_l: bool) -> Result<Value> {
    let a = inexact(a)?;
    let (m, n) = sizes("lu", &a)?;
    let k = m.min(n);
    let [factors, _, permutation] = lax::lu(&a)?;
    let rank = a.rank();
    let places = lax::iota(permutation.dtype(), &[permutation.shape(), &[m]].concat(), rank - 1)?;
    // Row i of the matrix is where the permutation has it.
    let p = lax::eq(&places, &lax::expand_dims(&permutation, &[rank - 1])?)?;
    let p = lax::convert_element_type(&p, a.dtype().real())?;
    let p = adjoint(&p)?;
    let ones = eye(m as i64, Some(k as i64), 0, Some(a.dtype()))?;
    let l = part(&tril(&factors, -1)?, rank - 1, 0, k)?;
    let l = lax::add(&l, &stacked(&ones, &a.shape()[..rank - 2], 2)?)?;
    let u = part(&triu(&factors, 0)?, rank - 2, 0, k)?;
    Ok(Value::Tuple(match permute_l {
        true => vec![matmul_of(&lax::convert_element_type(&p, a.dtype())?, &l)?, u],
        false => vec![p, l, u],
    }))
}

/// Factors `q r` with orthonormal columns and an upper triangle, for mode "full" or "economic";
/// the latter alone for "r".
///
/// ```
/// use pullback::{Array, numpy as jnp};
/// use pullback::api::Value;
/// use pullback::scipy::linalg::qr;
///
/// let a = Array::from([[3.0f32, 1.0], [4.0, 2.0]]);
/// let Value::Tuple(factors) = qr(&a, "full", false)? else { panic!("it is a tuple") };
/// let product = jnp::matmul(&factors[0], &factors[1], None)?.to_vec::<f32>()?;
/// assert!((product[0] - 3.0).abs() < 1e-5 && (product[3] - 2.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(mode = "full", pivoting = false),
    ignored(overwrite_a, lwork, check_finite),
    order(a, overwrite_a, lwork, mode, pivoting, check_finite)
)]
pub fn qr(a: &Array, mode: &str, pivoting: bool) -> Result<Value> {
    if !["full", "r", "economic"].contains(&mode) {
        let message = format!("Unsupported QR decomposition mode '{mode}'");
        return Err(Error::value_error("qr", message));
    }
    let (q, r) = crate::lax::linalg::qr(&inexact(a)?, pivoting, mode != "economic")?;
    Ok(Value::Tuple(if mode == "r" { vec![r] } else { vec![q, r] }))
}

/// `c q`, or `q c` for mode "left", with the orthonormal columns `q` of [`qr`]; and its `r`.
///
/// ```
/// use pullback::{Array, numpy as jnp};
/// use pullback::scipy::linalg::qr_multiply;
///
/// let a = Array::from([[3.0f32, 1.0], [4.0, 2.0]]);
/// let one = Array::from([[1.0f32, 0.0], [0.0, 1.0]]);
/// let (product, r) = qr_multiply(&a, &one, "right", false, false)?;
/// let back = jnp::matmul(&product, &r, None)?.to_vec::<f32>()?;
/// assert!((back[0] - 3.0).abs() < 1e-5 && (back[3] - 2.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(mode = "right", pivoting = false, conjugate = false),
    ignored(overwrite_a, overwrite_c),
    order(a, c, mode, pivoting, conjugate, overwrite_a, overwrite_c)
)]
pub fn qr_multiply(
    a: &Array,
    c: &Array,
    mode: &str,
    pivoting: bool,
    conjugate: bool,
) -> Result<(Array, Array)> {
    if pivoting {
        return Err(Error::unsupported("qr_multiply", "pivoting=True is not implemented"));
    }
    if !["left", "right"].contains(&mode) {
        let message = format!("mode must be 'right' or 'left', got '{mode}'");
        return Err(Error::value_error("qr_multiply", message));
    }
    let left = mode == "left";
    let [a, c] = inexact_types("qr_multiply", a, c)?;
    let (m, n) = sizes("qr_multiply", &a)?;
    let vector = c.rank() == 1;
    let matrix = if vector { lax::expand_dims(&c, &[left as usize])? } else { c.clone() };
    let (rows, columns) = sizes("qr_multiply", &matrix)?;
    if (left && rows != m.min(n)) || (!left && columns != m) {
        let message = format!("{} does not fit the factor of {}", c.aval(), a.aval());
        return Err(Error::value_error("qr_multiply", message));
    }
    let [mut q, r] = lax::qr(&a, false)?;
    if conjugate && q.dtype().is_complex() {
        q = lax::conj(&q)?;
    }
    let y = if left { matmul_of(&q, &matrix)? } else { matmul_of(&matrix, &q)? };
    Ok((if vector { lax::reshape(&y, &[y.count()])? } else { y }, r))
}

/// The solution `x` of `a x = b`. For `assume_a` "pos" the matrices are positive definite, and
/// the triangle that `lower` says is read.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::linalg::solve;
///
/// let a = Array::from([[4.0f32, 0.0], [0.0, 9.0]]);
/// let x = solve(&a, &Array::from([8.0f32, 18.0]), false, "pos")?;
/// assert_eq!(x, Array::from([2.0f32, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(lower = false, assume_a = "gen"),
    ignored(overwrite_a, overwrite_b, debug, check_finite),
    order(a, b, lower, overwrite_a, overwrite_b, debug, check_finite, assume_a)
)]
pub fn solve(a: &Array, b: &Array, lower: bool, assume_a: &str) -> Result<Array> {
    match assume_a {
        "gen" | "sym" | "her" => numpy::linalg::solve(a, b),
        "pos" => {
            let [a, b] = inexact_types("solve", a, b)?;
            on_columns("solve", &a, &b, |a, b| solve_positive(a, b, lower))
        }
        other => Err(Error::value_error(
            "solve",
            format!("Expected assume_a to be one of 'gen', 'sym', 'her', 'pos'; got '{other}'"),
        )),
    }
}

/// The solution for positive definite matrices. Its derivative is the solution for `db - da x`,
/// with the same factor.
fn solve_positive(a: &Array, b: &Array, lower: bool) -> Result<Array> {
    let root = move |a: &Array| cholesky(&stop_gradient(a)?, lower);
    let mut x = with_jvp(
        "solve",
        &[a, b],
        move |x| Ok(vec![solve_with_root(&root(&x[0])?, &x[1], lower)?]),
        move |x, dx| {
            let root = root(&x[0])?;
            let y = solve_with_root(&root, &x[1], lower)?;
            let moved = dx[0].map(&y.aval(), |da| lax::neg(&matmul_of(da, &y)?))?;
            let dy = dx[1]
                .clone()
                .plus(moved)?
                .map(&y.aval().tangent(), |rest| solve_with_root(&root, rest, lower))?;
            Ok((vec![y], vec![dy]))
        },
    )?;
    Ok(x.swap_remove(0))
}

/// Whether a matrix is transposed.
#[derive(Clone, Debug, PartialEq)]
pub enum Trans {
    /// As it is: 0 or "N".
    None,
    /// Transposed: 1 or "T".
    Transposed,
    /// Transposed and conjugate: 2 or "C".
    Adjoint,
    /// Anything else, which says nothing.
    Unknown(String),
}

impl FromArg for Trans {
    const KIND: Kind = Kind::Any;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::Int(number) => Some(Trans::from(number)),
            Arg::Str(word) => Some(Trans::from(word.as_str())),
            _ => None,
        }
    }
}

impl From<i64> for Trans {
    fn from(number: i64) -> Trans {
        match number {
            0 => Trans::None,
            1 => Trans::Transposed,
            2 => Trans::Adjoint,
            other => Trans::Unknown(other.to_string()),
        }
    }
}

impl From<i32> for Trans {
    fn from(number: i32) -> Trans {
        Trans::from(number as i64)
    }
}

impl From<&str> for Trans {
    fn from(word: &str) -> Trans {
        match word {
            "N" => Trans::None,
            "T" => Trans::Transposed,
            "C" => Trans::Adjoint,
            other => Trans::Unknown(other.to_string()),
        }
    }
}

/// The solution of `a x = b` for triangular matrices, or of `aᵀ x = b` or `a* x = b`.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::linalg::solve_triangular;
///
/// # fn main() -> pullback::Result<()> {
/// let a = Array::from_slice(&[2.0f32, 0.0, 1.0, 4.0], &[2, 2])?;
/// let x = solve_triangular(&a, &Array::from([2.0f32, 5.0]), "N", true, false)?;
/// assert_eq!(x.to_vec::<f32>()?, [1.0, 1.0]);
/// # Ok(())
/// # }
/// ```
#[api(
    defaults(trans = 0, lower = false, unit_diagonal = false),
    ignored(overwrite_b, debug, check_finite),
    order(a, b, trans, lower, unit_diagonal, overwrite_b, debug, check_finite)
)]
pub fn solve_triangular(
    a: &Array,
    b: &Array,
    trans: impl Into<Trans>,
    lower: bool,
    unit_diagonal: bool,
) -> Result<Array> {
    let (transpose_a, conjugate) = match trans.into() {
        Trans::None => (false, false),
        Trans::Transposed => (true, false),
        Trans::Adjoint => (true, true),
        Trans::Unknown(other) => {
            let message = format!("Invalid 'trans' value {other}");
            return Err(Error::value_error("solve_triangular", message));
        }
    };
    let [a, b] = inexact_types("solve_triangular", a, b)?;
    let conjugate_a = conjugate && a.dtype().is_complex();
    let triangle = Triangle { left_side: true, lower, transpose_a, conjugate_a, unit_diagonal };
    on_columns("solve_triangular", &a, &b, |a, b| triangular_solve(a, b, triangle))
}

/// Coefficients of the numerator of the exponential's rational approximation of a degree, which
/// are those of the denominator but for signs, and the norm up to which it is precise: N. Higham
/// 2005, "The scaling and squaring method for the matrix exponential revisited".
const SINGLE: (&[f64], f64) = (
    &[17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0],
    3.925_724_783_138_66,
);
const DOUBLE: (&[f64], f64) = (
    &[
        64764752532480000.0,
        32382376266240000.0,
        7771770303897600.0,
        1187353796428800.0,
        129060195264000.0,
        10559470521600.0,
        670442572800.0,
        33522128640.0,
        1323241920.0,
        40840800.0,
        960960.0,
        16380.0,
        182.0,
        1.0,
    ],
    5.371920351148152,
);

/// The exponential of each matrix. Matrices too large to be scaled by `max_squarings` halvings
/// give NaN.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::linalg::expm;
///
/// # fn main() -> pullback::Result<()> {
/// let a = Array::from_slice(&[0.0f32, 3.0, 0.0, 0.0], &[2, 2])?;
/// assert_eq!(expm(&a, false, 16)?.to_vec::<f32>()?, [1.0, 3.0, 0.0, 1.0]);
/// # Ok(())
/// # }
/// ```
#[api(
    defaults(upper_triangular = false, max_squarings = 16),
    rename(a = "A"),
    keyword_only(upper_triangular)
)]
pub fn expm(a: &Array, upper_triangular: bool, max_squarings: i64) -> Result<Array> {
    let a = inexact(a)?;
    let n = square("expm", &a)?;
    let (coefficients, bound) = match a.dtype() {
        DType::F32 | DType::C64 => SINGLE,
        DType::F64 | DType::C128 => DOUBLE,
        other => return Err(Error::type_error("expm", format!("{other} is not supported"))),
    };
    let size = matrix_norm(&a, true, Some(Order::Number(1.0)))?;
    let halvings = {
        let ratio = lax::div(&stop_gradient(&size)?, &number(bound, &size))?;
        // Of a matrix of zeros the logarithm is minus infinity.
        lax::max(&lax::floor(&numpy::transcendental::log2(&ratio)?)?, &number(0.0, &size))?
    };
    let scale = lax::convert_element_type(&power(&number(2.0, &halvings), &halvings)?, a.dtype())?;
    let a = true_divide(&a, &scale)?;
    let ones = stacked(&eye(n as i64, None, 0, Some(a.dtype()))?, &a.shape()[..a.rank() - 2], 2)?;

    // Even powers and odd ones apart: the latter change sign in the denominator.
    let square = matmul_of(&a, &a)?;
    let mut even = multiply(&ones, &number(coefficients[0], &ones))?;
    let mut odd = multiply(&ones, &number(coefficients[1], &ones))?;
    let mut powers = ones;
    for pair in coefficients[2..].chunks(2) {
        powers = matmul_of(&powers, &square)?;
        even = lax::add(&even, &lax::mul(&powers, &number(pair[0], &powers))?)?;
        odd = lax::add(&odd, &lax::mul(&powers, &number(pair[1], &powers))?)?;
    }
    let odd = matmul_of(&a, &odd)?;
    let (over, under) = (lax::add(&even, &odd)?, lax::sub(&even, &odd)?);
    let mut y = match upper_triangular {
        true => solve_triangular(&under, &over, Trans::None, false, false)?,
        false => numpy::linalg::solve(&under, &over)?,
    };
    for step in 0..max_squarings {
        let more = lax::gt(&halvings, &number(step as f64, &halvings))?;
        let squared = matmul_of(&y, &y)?;
        y = select(&more, &squared, &y)?;
    }
    let lost = lax::gt(&halvings, &number(max_squarings as f64, &halvings))?;
    select(&lost, &number(f64::NAN, &y), &y)
}

/// The exponential of each matrix and its derivative in the direction `e`; the latter alone
/// without `compute_expm`.
///
/// ```
/// use pullback::Array;
/// use pullback::api::Value;
/// use pullback::scipy::linalg::expm_frechet;
///
/// let zero = Array::from([[0.0f32, 0.0], [0.0, 0.0]]);
/// let e = Array::from([[1.0f32, 2.0], [3.0, 4.0]]);
/// let Value::Array(dy) = expm_frechet(&zero, &e, false)? else { panic!("it is one array") };
/// assert_eq!(dy, e);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(compute_expm = true),
    rename(a = "A", e = "E"),
    keyword_only(method),
    ignored(method),
    order(A, E, method, compute_expm)
)]
pub fn expm_frechet(a: &Array, e: &Array, compute_expm: bool) -> Result<Value> {
    let [a, e] = inexact_types("expm_frechet", a, e)?;
    square("expm_frechet", &a)?;
    if a.shape() != e.shape() {
        return Err(Error::value_error(
            "expm_frechet",
            format!("expected A and E to be the same shape, got {} and {}", a.aval(), e.aval()),
        ));
    }
    let (y, dy) = pullback_core::transforms::jvp(
        |x: &[Array]| Ok(vec![expm(&x[0], false, 16)?]),
        &[a],
        vec![Tangent::Value(e)],
    )?;
    let dy = dy[0].instantiate()?;
    Ok(match compute_expm {
        true => Value::Tuple(vec![y[0].clone(), dy]),
        false => Value::Array(dy),
    })
}

/// A unitary matrix `u` and a positive semidefinite one `p`, of which each matrix is the product
/// `u p`, or `p u` for `side` "left".
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::linalg::polar;
///
/// let a = Array::from([[0.0f32, -2.0], [3.0, 0.0]]);
/// let (u, p) = polar(&a, "right", "svd")?;
/// let (u, p) = (u.to_vec::<f32>()?, p.to_vec::<f32>()?);
/// assert!((u[1] + 1.0).abs() < 1e-5 && (p[0] - 3.0).abs() < 1e-5 && (p[3] - 2.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(side = "right", method = "qdwh"),
    keyword_only(method),
    ignored(eps, max_iterations)
)]
pub fn polar(a: &Array, side: &str, method: &str) -> Result<(Array, Array)> {
    let right = match side {
        "right" => true,
        "left" => false,
        _ => {
            let message = "The argument `side` must be either 'right' or 'left'";
            return Err(Error::value_error("polar", message));
        }
    };
    let a = inexact(a)?;
    let (m, n) = sizes("polar", &a)?;
    match method {
        "svd" => (),
        "qdwh" if (m >= n) == right => (),
        "qdwh" => {
            let message = format!("method='qdwh' takes no {} with side='{side}'", a.aval());
            return Err(Error::unsupported("polar", message));
        }
        other => {
            let message = format!("Unknown polar decomposition method {other}");
            return Err(Error::value_error("polar", message));
        }
    }
    let factors = lax::svd(&a, false, true)?;
    let (s, u, vh) = (&factors[0], &factors[1], &factors[2]);
    let s = lax::convert_element_type(&lax::expand_dims(s, &[s.rank()])?, a.dtype())?;
    let unitary = matmul_of(u, vh)?;
    let definite = match right {
        true => matmul_of(&adjoint(vh)?, &multiply(&s, vh)?)?,
        false => matmul_of(u, &multiply(&s, &adjoint(u)?)?)?,
    };
    Ok((unitary, definite))
}
