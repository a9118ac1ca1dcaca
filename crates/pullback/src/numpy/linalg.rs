//! Linear algebra on matrices in the last two axes.

use pullback_core::primitives::linalg::cholesky::cholesky as cholesky_factor;
use pullback_core::primitives::linalg::eigh::eigh as eigen;
use pullback_core::primitives::linalg::lu::lu;
use pullback_core::primitives::linalg::qr::qr as qr_factors;
use pullback_core::primitives::linalg::svd::svd as singular;
use pullback_core::primitives::linalg::triangular_solve::{Triangle, triangular_solve};
use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Result, Shape};
use pullback_macros::api;

use super::arithmetic::{multiply, true_divide as divide};
use super::common::{broadcast, inexact, number, select};
use super::creation::eye;
use super::products::matmul;
use crate::api::ApiFn;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &INV_API,
    &SOLVE_API,
    &PINV_API,
    &DET_API,
    &SLOGDET_API,
    &CHOLESKY_API,
    &QR_API,
    &SVD_API,
    &SVDVALS_API,
    &EIGH_API,
    &EIGVALSH_API,
    &MATRIX_POWER_API,
    &MATRIX_TRANSPOSE_API,
];

fn square(function: &str, a: &Array) -> Result<usize> {
    match a.shape() {
        [.., n, m] if n == m => Ok(*n),
        _ => Err(Error::value_error(
            function,
            format!("needs square matrices in the last two axes, got {}", a.aval()),
        )),
    }
}

/// The matrices with their last two axes exchanged.
#[api]
pub fn matrix_transpose(x: &Array) -> Result<Array> {
    let rank = x.rank();
    if rank < 2 {
        return Err(Error::value_error(
            "matrix_transpose",
            format!("needs at least two axes, got {}", x.aval()),
        ));
    }
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 2, rank - 1);
    lax::transpose(x, &order)
}

fn adjoint(x: &Array) -> Result<Array> {
    let x = matrix_transpose(x)?;
    if x.dtype().is_complex() { lax::conj(&x) } else { Ok(x) }
}

fn diagonal(x: &Array) -> Result<Array> {
    super::creation::diagonal(x, 0, -2, -1)
}

/// The solution `x` of `a x = b`, by LU factors with partial pivoting.
#[api]
pub fn solve(a: &Array, b: &Array) -> Result<Array> {
    let vector = b.rank() == 1;
    let both = pullback_core::promote::promote_types("solve", &[&inexact(a)?, &inexact(b)?])?;
    let (a, b) = (both[0].clone(), both[1].clone());
    let n = square("solve", &a)?;
    let b = if vector { lax::expand_dims(&b, &[1])? } else { b };
    if b.rank() < 2 || b.shape()[b.rank() - 2] != n {
        return Err(Error::value_error(
            "solve",
            format!("the right hand side {} does not fit matrices {}", b.aval(), a.aval()),
        ));
    }
    let batch = pullback_core::promote::broadcast_shapes(
        "solve",
        &[&a.shape()[..a.rank() - 2], &b.shape()[..b.rank() - 2]],
    )?;
    let whole = |x: &Array| {
        let mut shape = Shape::from_slice(&batch);
        shape.extend_from_slice(&x.shape()[x.rank() - 2..]);
        broadcast(x, &shape)
    };
    let (a, b) = (whole(&a)?, whole(&b)?);
    let [factors, _, permutation] = lu(&a)?;
    // Row i of the permuted right hand side is row permutation[i]: a product with a matrix of
    // zeros and ones picks it, and has a derivative.
    let columns = lax::iota(
        DType::I32,
        &{
            let mut shape = Shape::from_slice(permutation.shape());
            shape.push(n);
            shape
        },
        permutation.rank(),
    )?;
    let last = permutation.rank();
    let rows = lax::expand_dims(&permutation, &[last])?;
    let rows = broadcast(&rows, columns.shape())?;
    let picks = lax::convert_element_type(&lax::eq(&rows, &columns)?, b.dtype())?;
    let b = matmul(&picks, &b, None)?;
    let triangle = |lower: bool| Triangle {
        left_side: true,
        lower,
        transpose_a: false,
        conjugate_a: false,
        unit_diagonal: lower,
    };
    let y = triangular_solve(&factors, &b, triangle(true))?;
    let x = triangular_solve(&factors, &y, triangle(false))?;
    if vector { lax::squeeze(&x, &[x.rank() - 1]) } else { Ok(x) }
}

/// The inverse of each matrix.
#[api]
pub fn inv(a: &Array) -> Result<Array> {
    let a = inexact(a)?;
    let n = square("inv", &a)?;
    let identity = lax::convert_element_type(&eye(n as i64, None, 0, Some(a.dtype()))?, a.dtype())?;
    solve(&a, &broadcast(&identity, a.shape())?)
}

/// The sign and the logarithm of the absolute value of each determinant.
#[api]
pub fn slogdet(a: &Array) -> Result<(Array, Array)> {
    let a = inexact(a)?;
    let n = square("slogdet", &a)?;
    let [factors, pivots, _] = lu(&a)?;
    let diagonal = diagonal(&factors)?;
    let last = diagonal.rank() - 1;
    let counting = lax::iota(DType::I32, pivots.shape(), last)?;
    let swaps = lax::convert_element_type(&lax::ne(&pivots, &counting)?, DType::I32)?;
    let odd = lax::rem(&lax::reduce_sum(&swaps, &[last])?, &Array::scalar(2i32))?;
    let parity = lax::sub(
        &number(1.0, &diagonal),
        &lax::mul(&number(2.0, &diagonal), &lax::convert_element_type(&odd, diagonal.dtype())?)?,
    )?;
    let signs = lax::sign(&diagonal)?;
    let mut sign = parity;
    for at in 0..n {
        let one = super::manipulation::part(&signs, last, at, at + 1)?;
        sign = lax::mul(&sign, &lax::squeeze(&one, &[last])?)?;
    }
    let logarithm = lax::reduce_sum(&lax::log(&lax::abs(&diagonal)?)?, &[last])?;
    Ok((sign, logarithm))
}

/// The determinant of each matrix.
#[api]
pub fn det(a: &Array) -> Result<Array> {
    let (sign, logarithm) = slogdet(a)?;
    multiply(&sign, &lax::convert_element_type(&lax::exp(&logarithm)?, sign.dtype())?)
}

/// The lower factor `l` of positive definite matrices `l l*`; with `upper` the upper one.
#[api(defaults(upper = false, symmetrize_input = true))]
pub fn cholesky(a: &Array, upper: bool, symmetrize_input: bool) -> Result<Array> {
    let mut a = inexact(a)?;
    square("cholesky", &a)?;
    if symmetrize_input {
        let sum = lax::add(&a, &adjoint(&a)?)?;
        a = lax::mul(&sum, &number(0.5, &sum))?;
    }
    let factor = cholesky_factor(&a)?;
    if upper { adjoint(&factor) } else { Ok(factor) }
}

/// Factors `q r` with orthonormal columns and an upper triangle.
#[api(defaults(mode = "reduced"))]
pub fn qr(a: &Array, mode: String) -> Result<(Array, Array)> {
    let full = match mode.as_str() {
        "reduced" => false,
        "complete" => true,
        other => {
            return Err(Error::value_error(
                "qr",
                format!("Unsupported QR decomposition mode '{other}'"),
            ));
        }
    };
    let [q, r] = qr_factors(&inexact(a)?, full)?;
    Ok((q, r))
}

/// Factors `u`, `s`, `vh` of each matrix, with singular values in descending order.
#[api(defaults(full_matrices = true))]
pub fn svd(a: &Array, full_matrices: bool) -> Result<(Array, Array, Array)> {
    let factors = singular(&inexact(a)?, full_matrices, true)?;
    Ok((factors[1].clone(), factors[0].clone(), factors[2].clone()))
}

/// The singular values of each matrix, in descending order.
#[api]
pub fn svdvals(x: &Array) -> Result<Array> {
    Ok(singular(&inexact(x)?, false, false)?.remove(0))
}

fn hermitian(a: &Array) -> Result<Array> {
    let a = inexact(a)?;
    square("eigh", &a)?;
    let sum = lax::add(&a, &adjoint(&a)?)?;
    lax::mul(&sum, &number(0.5, &sum))
}

/// Eigenvalues, ascending, and eigenvectors of Hermitian matrices.
#[api]
pub fn eigh(a: &Array) -> Result<(Array, Array)> {
    let [vectors, values] = eigen(&hermitian(a)?, true)?;
    Ok((values, vectors))
}

/// Eigenvalues of Hermitian matrices, ascending.
#[api]
pub fn eigvalsh(a: &Array) -> Result<Array> {
    Ok(eigh(a)?.0)
}

/// The pseudo-inverse of each matrix; singular values below `rtol` times the largest count as
/// zero. By default `rtol` is ten times the larger size times the precision of the type.
#[api]
pub fn pinv(a: &Array, rtol: Option<f64>) -> Result<Array> {
    let a = inexact(a)?;
    let [.., rows, columns] = a.shape() else {
        return Err(Error::value_error("pinv", format!("needs matrices, got {}", a.aval())));
    };
    let precision = if a.dtype().real() == DType::F64 { f64::EPSILON } else { f32::EPSILON as f64 };
    let rtol = rtol.unwrap_or(10.0 * *rows.max(columns) as f64 * precision);
    let factors = singular(&a, false, true)?;
    let (s, u, vh) = (&factors[0], &factors[1], &factors[2]);
    let last = s.rank() - 1;
    let largest = super::manipulation::part(s, last, 0, 1)?;
    let cutoff = broadcast(&lax::mul(&number(rtol, s), &largest)?, s.shape())?;
    let keep = lax::gt(s, &cutoff)?;
    let one = broadcast(&number(1.0, s), s.shape())?;
    let zero = broadcast(&number(0.0, s), s.shape())?;
    let inverse = select(&keep, &divide(&one, &select(&keep, s, &one)?)?, &zero)?;
    let column = lax::expand_dims(&lax::convert_element_type(&inverse, a.dtype())?, &[last + 1])?;
    matmul(&adjoint(vh)?, &multiply(&column, &adjoint(u)?)?, None)
}

/// The matrix times itself, `n` times; a negative `n` is that of the inverse.
#[api]
pub fn matrix_power(a: &Array, n: i64) -> Result<Array> {
    let size = square("matrix_power", a)?;
    let mut base = if n < 0 { inv(a)? } else { a.clone() };
    let mut rest = n.unsigned_abs();
    let mut result: Option<Array> = None;
    while rest > 0 {
        if rest & 1 == 1 {
            result = Some(match result {
                Some(result) => matmul(&result, &base, None)?,
                None => base.clone(),
            });
        }
        rest >>= 1;
        if rest > 0 {
            base = matmul(&base, &base, None)?;
        }
    }
    match result {
        Some(result) => Ok(result),
        None => broadcast(&eye(size as i64, None, 0, Some(a.dtype()))?, a.shape()),
    }
}
