//! Linear algebra on matrices in the last two axes.
//!
//! Solutions, inverses and determinants have derivatives of their own, which are made of further
//! solutions with the same factors, and stay finite where those of the factors do not.

use pullback_core::primitives::custom::stop_gradient::stop_gradient;
use pullback_core::primitives::linalg::lu::{lu, permuted_rows};
use pullback_core::primitives::linalg::triangular_solve::{Triangle, triangular_solve};
use pullback_core::primitives::rules as lax;
use pullback_core::trace::Tangent;
use pullback_core::{Array, DType, Error, Result, Shape, promote};
use pullback_macros::api;

use super::arithmetic::multiply;
use super::common::{axes_of, axis_of, broadcast, inexact, not_equal_itself, number, select};
use super::creation::eye;
use super::dtypes::integer;
use super::floats::epsilon;
use super::manipulation::{matrix_transpose as transposed, moveaxis, part, ravel};
use super::products::{self, dot};
use super::reductions::{self, Extreme, Sum};
use crate::api::{ApiFn, Arg, Axes, FromArg, Kind, Table, Value};
use crate::custom_rules::with_jvp;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &NORM_API,
    &VECTOR_NORM_API,
    &MATRIX_NORM_API,
    &INV_API,
    &SOLVE_API,
    &LSTSQ_API,
    &PINV_API,
    &DET_API,
    &SLOGDET_API,
    &COND_API,
    &MATRIX_RANK_API,
    &CHOLESKY_API,
    &QR_API,
    &SVD_API,
    &SVDVALS_API,
    &EIGH_API,
    &EIGVALSH_API,
    &MATRIX_POWER_API,
    &MULTI_DOT_API,
    &TENSORINV_API,
    &TENSORSOLVE_API,
    &MATRIX_TRANSPOSE_API,
    &MATMUL_API,
    &TENSORDOT_API,
    &VECDOT_API,
    &OUTER_API,
    &CROSS_API,
    &DIAGONAL_API,
    &TRACE_API,
];

pub(crate) fn square(function: &str, a: &Array) -> Result<usize> {
    match a.shape() {
        [.., n, m] if n == m => Ok(*n),
        _ => Err(Error::value_error(
            function,
            format!("argument must have shape [..., n, n], got {}", a.aval()),
        )),
    }
}

/// An error, unless an array has matrices to be decomposed.
fn matrices(function: &str, a: &Array) -> Result<()> {
    match a.rank() {
        0 | 1 => Err(Error::type_error(function, format!("needs matrices, got {}", a.aval()))),
        _ => Ok(()),
    }
}

/// The sizes of the matrices of an array.
pub(crate) fn sizes(function: &str, a: &Array) -> Result<(usize, usize)> {
    match a.shape() {
        [.., rows, columns] => Ok((*rows, *columns)),
        _ => Err(Error::value_error(function, format!("needs matrices, got {}", a.aval()))),
    }
}

/// Two arrays of one inexact type.
pub(crate) fn inexact_types(function: &str, x: &Array, y: &Array) -> Result<[Array; 2]> {
    let (dtype, weak) = promote::inexact_type(promote::result_type_of(function, &[x, y])?);
    Ok([promote::to_type(x, dtype, weak)?, promote::to_type(y, dtype, weak)?])
}

pub(crate) fn matmul_of(x: &Array, y: &Array) -> Result<Array> {
    products::matmul(x, y, None)
}

pub(crate) fn adjoint(x: &Array) -> Result<Array> {
    let x = transposed(x)?;
    if x.dtype().is_complex() { lax::conj(&x) } else { Ok(x) }
}

/// The mean of each matrix and its adjoint.
pub(crate) fn symmetrized(x: &Array) -> Result<Array> {
    let sum = lax::add(x, &adjoint(x)?)?;
    lax::div(&sum, &number(2.0, &sum))
}

fn diagonals(x: &Array) -> Result<Array> {
    super::creation::diagonal(x, 0, -2, -1)
}

fn traces(x: &Array) -> Result<Array> {
    reductions::sum(&diagonals(x)?, Sum::new().axis(-1))
}

/// The matrices, or other entries, repeated to a stack of the given shape.
pub(crate) fn stacked(x: &Array, stack: &[usize], own: usize) -> Result<Array> {
    let mut shape = Shape::from_slice(stack);
    shape.extend_from_slice(&x.shape()[x.rank() - own..]);
    broadcast(x, &shape)
}

/// The solution of `a x = b` with the factors of `a`, stack by stack.
pub(crate) fn lu_solve(lu: &Array, permutation: &Array, b: &Array) -> Result<Array> {
    let triangle = |lower: bool| Triangle {
        left_side: true,
        lower,
        unit_diagonal: lower,
        ..Triangle::default()
    };
    let y = triangular_solve(lu, &permuted_rows(b, permutation)?, triangle(true))?;
    triangular_solve(lu, &y, triangle(false))
}

/// The solution of `aᵀ x = b` with the factors of `a`, or of `aᴴ x = b`, stack by stack.
pub(crate) fn lu_solve_transposed(
    lu: &Array,
    permutation: &Array,
    b: &Array,
    adjoint: bool,
) -> Result<Array> {
    let triangle = |lower: bool| Triangle {
        left_side: true,
        lower,
        unit_diagonal: lower,
        transpose_a: true,
        conjugate_a: adjoint && lu.dtype().is_complex(),
    };
    let y = triangular_solve(lu, b, triangle(false))?;
    let y = triangular_solve(lu, &y, triangle(true))?;
    let last = permutation.rank() - 1;
    let counted = lax::iota(DType::I32, permutation.shape(), last)?;
    let inverse = lax::sort(&[permutation, &counted], last, true, 1)?;
    permuted_rows(&y, &inverse[1])
}

/// The solution `x` of `a x = b`. A `b` of one axis is one right side for all matrices; else its
/// columns are.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::linalg::solve;
///
/// # fn main() -> pullback::Result<()> {
/// let a = Array::from_slice(&[2.0f32, 0.0, 0.0, 4.0], &[2, 2])?;
/// let b = Array::from_slice(&[1.0f32, 2.0], &[2])?;
/// assert_eq!(solve(&a, &b)?.to_vec::<f32>()?, [0.5, 0.5]);
/// # Ok(())
/// # }
/// ```
#[api]
pub fn solve(a: &Array, b: &Array) -> Result<Array> {
    let wrong = format!("the right hand side {} does not fit matrices {}", b.aval(), a.aval());
    let [a, b] = inexact_types("solve", a, b)?;
    let n = square("solve", &a)?;
    let vector = b.rank() == 1;
    if !vector
        && a.rank() == b.rank() + 1
        && b.shape()[b.rank() - 1] == n
        && b.shape()[b.rank() - 2] != n
    {
        return Err(Error::value_error(
            "solve",
            format!(
                "invalid shapes {} and {}: for a stack of right sides of one axis each, use \
                 solve(a, b[..., None]).squeeze(-1)",
                a.aval(),
                b.aval()
            ),
        ));
    }
    let b = if vector { lax::expand_dims(&b, &[1])? } else { b };
    if b.rank() < 2 || b.shape()[b.rank() - 2] != n {
        return Err(Error::value_error("solve", wrong));
    }
    let stacks = [&a.shape()[..a.rank() - 2], &b.shape()[..b.rank() - 2]];
    if promote::broadcast_shapes("solve", &stacks).is_err() {
        return Err(Error::value_error("solve", wrong));
    }
    let x = solve_columns(&a, &b)?;
    if vector { lax::squeeze(&x, &[x.rank() - 1]) } else { Ok(x) }
}

/// The solution of systems whose right sides are columns.
///
/// Its derivative is the solution for `db - da x`, with the same factors.
fn solve_columns(a: &Array, b: &Array) -> Result<Array> {
    let stack = promote::broadcast_shapes(
        "solve",
        &[&a.shape()[..a.rank() - 2], &b.shape()[..b.rank() - 2]],
    )?;
    let factors = {
        let stack = stack.clone();
        move |a: &Array| -> Result<[Array; 2]> {
            let [lu, _, permutation] = lu(a)?;
            Ok([stacked(&lu, &stack, 2)?, stacked(&permutation, &stack, 1)?])
        }
    };
    let known = factors.clone();
    let b = stacked(b, &stack, 2)?;
    let mut x = with_jvp(
        "solve",
        &[a, &b],
        move |x| {
            let [lu, permutation] = factors(&x[0])?;
            Ok(vec![lu_solve(&lu, &permutation, &x[1])?])
        },
        move |x, dx| {
            let [lu, permutation] = known(&x[0])?;
            let y = lu_solve(&lu, &permutation, &x[1])?;
            let moved = dx[0].map(&y.aval(), |da| lax::neg(&matmul_of(da, &y)?))?;
            let dy = dx[1]
                .clone()
                .plus(moved)?
                .map(&y.aval().tangent(), |rest| lu_solve(&lu, &permutation, rest))?;
            Ok((vec![y], vec![dy]))
        },
    )?;
    Ok(x.swap_remove(0))
}

/// The inverse of each matrix.
///
/// That of a singular matrix has infinities or NaN.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let a = Array::from([[2.0, 0.0], [0.0, 4.0]]);
/// assert_eq!(linalg::inv(&a)?, Array::from([[0.5, 0.0], [0.0, 0.25]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn inv(a: &Array) -> Result<Array> {
    let a = inexact(a)?;
    let n = square("inv", &a)?;
    let identity = eye(n as i64, None, 0, Some(a.dtype()))?;
    solve(&a, &broadcast(&identity, a.shape())?)
}

/// The parity of the exchanges of rows: whether their number is odd.
fn is_odd(pivots: &Array) -> Result<Array> {
    let last = pivots.rank() - 1;
    let counted = lax::iota(DType::I32, pivots.shape(), last)?;
    let exchanged = lax::convert_element_type(&lax::ne(pivots, &counted)?, DType::I32)?;
    let count = lax::reduce_sum(&exchanged, &[last])?;
    lax::ne(&lax::rem(&count, &integer(2, DType::I32))?, &integer(0, DType::I32))
}

/// 1, or -1 where the condition holds, of the type of `like`.
fn sign_of(negative: &Array, like: &Array) -> Result<Array> {
    select(negative, &number(-1.0, like), &number(1.0, like))
}

/// The sign and the logarithm of the absolute value of each determinant.
///
/// That of a singular matrix has the sign 0 and the logarithm minus infinity.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let (sign, logarithm) = linalg::slogdet(&Array::from([[1.0, 2.0], [3.0, 4.0]]), None)?;
/// assert_eq!(sign, -1.0);
/// assert!((logarithm.to_f64()? - 2f64.ln()).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(result("SlogdetResult", "sign", "logabsdet"), keyword_only(method))]
pub fn slogdet(a: &Array, method: Option<&str>) -> Result<(Array, Array)> {
    if let Some(method) = method.filter(|method| !["lu", "qr"].contains(method)) {
        return Err(Error::value_error(
            "slogdet",
            format!("unknown method '{method}'; supported are 'lu' and 'qr'"),
        ));
    }
    let a = inexact(a)?;
    square("slogdet", &a)?;
    // Sign and logarithm, and the factors that they come from.
    let of_factors = |a: &Array| -> Result<[Array; 4]> {
        let [factors, pivots, permutation] = lu(a)?;
        let diagonal = diagonals(&factors)?;
        let last = diagonal.rank() - 1;
        let units = lax::sign(&diagonal)?;
        let sign = lax::reduce_prod(&units, &[last])?;
        let sign = lax::mul(&sign, &sign_of(&is_odd(&pivots)?, &sign)?)?;
        let logarithm = lax::reduce_sum(&lax::log(&lax::abs(&diagonal)?)?, &[last])?;
        Ok([sign, logarithm, factors, permutation])
    };
    let mut y = with_jvp(
        "slogdet",
        &[&a],
        move |x| {
            let [sign, logarithm, ..] = of_factors(&x[0])?;
            Ok(vec![sign, logarithm])
        },
        move |x, dx| {
            let [sign, logarithm, factors, permutation] = of_factors(&x[0])?;
            let mut tangents = vec![Tangent::zero(&sign), Tangent::zero(&logarithm)];
            if let Some(da) = dx[0].value() {
                // d log det A = tr A⁻¹ dA; the imaginary part turns the sign.
                let change = traces(&lu_solve(&factors, &permutation, da)?)?;
                tangents[1] = Tangent::Value(match change.dtype().is_complex() {
                    false => change,
                    true => {
                        let real = lax::real(&change)?;
                        let along = lax::convert_element_type(&real, change.dtype())?;
                        let turn = lax::mul(&lax::sub(&change, &along)?, &sign)?;
                        tangents[0] = Tangent::Value(turn);
                        real
                    }
                });
            }
            Ok((vec![sign, logarithm], tangents))
        },
    )?;
    Ok((y.swap_remove(0), y.swap_remove(0)))
}

/// The determinant of each matrix.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::linalg::det;
///
/// # fn main() -> pullback::Result<()> {
/// let a = Array::from_slice(&[2.0f32, 1.0, 4.0, 3.0], &[2, 2])?;
/// assert_eq!(det(&a)?.to_f64()?, 2.0);
/// # Ok(())
/// # }
/// ```
#[api]
pub fn det(a: &Array) -> Result<Array> {
    let a = inexact(a)?;
    match square("det", &a)? {
        n @ 1..=3 => eliminated(&a, n),
        0 => broadcast(&number(1.0, &a), &a.shape()[..a.rank() - 2]),
        _ => {
            let mut y = with_jvp(
                "det",
                &[&a],
                |x| {
                    let [factors, pivots, _] = lu(&x[0])?;
                    let diagonal = diagonals(&factors)?;
                    let product = lax::reduce_prod(&diagonal, &[diagonal.rank() - 1])?;
                    Ok(vec![lax::mul(&product, &sign_of(&is_odd(&pivots)?, &product)?)?])
                },
                |x, dx| match dx[0].value() {
                    Some(da) => {
                        let (y, solved) = cofactor_solve(&x[0], da)?;
                        Ok((vec![y], vec![Tangent::Value(traces(&solved)?)]))
                    }
                    None => {
                        let y = det(&x[0])?;
                        let flat = Tangent::zero(&y);
                        Ok((vec![y], vec![flat]))
                    }
                },
            )?;
            Ok(y.swap_remove(0))
        }
    }
}

/// The determinant of small matrices, by elimination with pivots, element by element.
fn eliminated(a: &Array, n: usize) -> Result<Array> {
    let rank = a.rank();
    let element = |i: usize, j: usize| {
        let row = part(a, rank - 2, i, i + 1)?;
        lax::squeeze(&part(&row, rank - 1, j, j + 1)?, &[rank - 2, rank - 1])
    };
    let mut rows = (0..n)
        .map(|i| (0..n).map(|j| element(i, j)).collect::<Result<Vec<_>>>())
        .collect::<Result<Vec<_>>>()?;
    let mut sign: Option<Array> = None;
    let mut product: Option<Array> = None;
    for step in 0..n {
        for other in step + 1..n {
            // The row with the larger element goes first.
            let size = |row: &[Array]| lax::abs(&row[step]);
            let swap = lax::gt(&size(&rows[other])?, &size(&rows[step])?)?;
            for column in 0..n {
                let (x, y) = (rows[step][column].clone(), rows[other][column].clone());
                rows[step][column] = select(&swap, &y, &x)?;
                rows[other][column] = select(&swap, &x, &y)?;
            }
            let turned = match &sign {
                None => sign_of(&swap, &rows[step][step])?,
                Some(sign) => select(&swap, &lax::neg(sign)?, sign)?,
            };
            sign = Some(turned);
        }
        let pivot = rows[step][step].clone();
        let zero = lax::eq(&pivot, &number(0.0, &pivot))?;
        let safe = select(&zero, &number(1.0, &pivot), &pivot)?;
        for other in step + 1..n {
            let factor = lax::div(&rows[other][step], &safe)?;
            let factor = select(&zero, &number(0.0, &factor), &factor)?;
            for column in step..n {
                let taken = lax::mul(&factor, &rows[step][column])?;
                rows[other][column] = lax::sub(&rows[other][column], &taken)?;
            }
        }
        product = Some(match product {
            None => pivot,
            Some(product) => lax::mul(&product, &pivot)?,
        });
    }
    match (product, sign) {
        (Some(product), Some(sign)) => lax::mul(&sign, &product),
        (Some(product), None) => Ok(product),
        (None, _) => Ok(number(1.0, a)),
    }
}

/// The determinant, and the products of `b` with the matrices of cofactors transposed: the
/// solution of `a x = b` times the determinant, finite also where that is zero but one row alone
/// depends on the others.
fn cofactor_solve(a: &Array, b: &Array) -> Result<(Array, Array)> {
    let rank = a.rank();
    let n = a.shape()[rank - 1];
    let [factors, pivots, permutation] = lu(a)?;
    let diagonal = diagonals(&factors)?;
    let last = diagonal.rank() - 1;
    let partial = lax::cumprod(&diagonal, last, false)?;
    let sign = sign_of(&is_odd(&pivots)?, &partial)?;
    let partial = lax::mul(&partial, &lax::expand_dims(&sign, &[last])?)?;
    let at = |at: usize| lax::squeeze(&part(&partial, last, at, at + 1)?, &[last]);
    let (before, whole) = (at(n - 2)?, at(n - 1)?);

    // The last pivot, which may be zero, is left out of the upper factor.
    let corner = lax::div(&number(1.0, &before), &before)?;
    let corner = lax::expand_dims(&corner, &[rank - 2, rank - 1])?;
    let place = {
        let shape = &a.shape()[rank - 2..];
        let (rows, columns) = (lax::iota(DType::I32, shape, 0)?, lax::iota(DType::I32, shape, 1)?);
        let end = integer(n as i128 - 1, DType::I32);
        lax::and(&lax::eq(&rows, &end)?, &lax::eq(&columns, &end)?)?
    };
    let factors = select(&place, &corner, &factors)?;
    let triangle = |lower: bool| Triangle {
        left_side: true,
        lower,
        unit_diagonal: lower,
        ..Default::default()
    };
    // Where more than one pivot is zero there is no solution, and all cofactors are zero.
    let mut ones = Shape::from_slice(a.shape());
    ones[rank - 1] = 1;
    let probe = broadcast(&number(1.0, a), &ones)?;
    let probe = triangular_solve(&factors, &probe, triangle(false))?;
    let lost = lax::not(&lax::is_finite(&match probe.dtype().is_complex() {
        true => lax::abs(&probe)?,
        false => probe,
    })?)?;
    let lost = lax::reduce_or(&lost, &[rank - 2, rank - 1])?;
    let lost = lax::expand_dims(&lost, &[rank - 2, rank - 1])?;
    let x = select(&lost, &number(0.0, b), b)?;
    let x = triangular_solve(&factors, &permuted_rows(&x, &permutation)?, triangle(true))?;
    let scale = lax::expand_dims(&whole, &[rank - 2, rank - 1])?;
    let (upper, lower) = (part(&x, rank - 2, 0, n - 1)?, part(&x, rank - 2, n - 1, n)?);
    let x = lax::concatenate(&[&lax::mul(&upper, &scale)?, &lower], rank - 2)?;
    let x = triangular_solve(&factors, &x, triangle(false))?;
    Ok((whole, select(&lost, &number(0.0, &x), &x)?))
}

/// The lower factor `l` of positive definite matrices `l l*`; with `upper` the upper one.
///
/// Matrices that are not positive definite give NaN.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let a = Array::from([[4.0, 2.0], [2.0, 10.0]]);
/// assert_eq!(linalg::cholesky(&a, false, true)?, Array::from([[2.0, 0.0], [1.0, 3.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(upper = false, symmetrize_input = true), keyword_only(upper))]
pub fn cholesky(a: &Array, upper: bool, symmetrize_input: bool) -> Result<Array> {
    let mut a = inexact(a)?;
    square("cholesky", &a)?;
    if symmetrize_input {
        a = symmetrized(&a)?;
    }
    let factor = lax::cholesky(&a)?;
    if upper { adjoint(&factor) } else { Ok(factor) }
}

/// Factors `q r` with orthonormal columns and an upper triangle; the latter alone for mode "r".
///
/// ```
/// # use pullback::{Array, api::Value, numpy::{self as jnp, linalg}};
/// let a = Array::from([[0.0, 2.0], [3.0, 4.0]]);
/// let Value::Tuple(parts) = linalg::qr(&a, "reduced")? else { panic!("it is a tuple") };
/// let product = jnp::matmul(&parts[0], &parts[1], None)?;
/// assert!(jnp::allclose(&product, &a, &1e-5.into(), &1e-6.into(), false)?.to_bool()?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(mode = "reduced"), result("QRResult", "Q", "R"))]
pub fn qr(a: &Array, mode: &str) -> Result<Value> {
    let full = match mode {
        "reduced" | "r" | "full" => false,
        "complete" => true,
        "raw" => return Err(Error::unsupported("qr", "the mode 'raw' is not implemented")),
        other => {
            return Err(Error::value_error(
                "qr",
                format!("Unsupported QR decomposition mode '{other}'"),
            ));
        }
    };
    matrices("qr", a)?;
    let [q, r] = lax::qr(&inexact(a)?, full)?;
    Ok(if mode == "r" { Value::Array(r) } else { Value::Tuple(vec![q, r]) })
}

/// Factors `u`, `s`, `vh` of each matrix, with singular values in descending order; `s` alone
/// without `compute_uv`.
///
/// ```
/// # use pullback::{Array, api::Value, numpy::{self as jnp, linalg}};
/// let a = Array::from([[0.0, 3.0], [4.0, 0.0]]);
/// let Value::Tuple(parts) = linalg::svd(&a, true, true, false)? else { panic!("it is a tuple") };
/// assert_eq!(parts.len(), 3);
/// let expected = Array::from([4.0, 3.0]);
/// assert!(jnp::allclose(&parts[1], &expected, &1e-5.into(), &0.0.into(), false)?.to_bool()?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(full_matrices = true, compute_uv = true, hermitian = false),
    ignored(subset_by_index),
    result("SVDResult", "U", "S", "Vh")
)]
pub fn svd(a: &Array, full_matrices: bool, compute_uv: bool, hermitian: bool) -> Result<Value> {
    let a = inexact(a)?;
    matrices("svd", &a)?;
    match (hermitian, compute_uv) {
        (true, true) => Ok(Value::Tuple(hermitian_svd(&a)?.into())),
        (true, false) => {
            let [_, w] = lax::eigh(&symmetrized(&a)?, true)?;
            let last = w.rank() - 1;
            let sorted = lax::sort(&[&lax::abs(&w)?], last, true, 1)?;
            Ok(Value::Array(lax::rev(&sorted[0], &[last])?))
        }
        (false, true) => {
            let [s, u, vh] = three(lax::svd(&a, full_matrices, true)?.into_vec());
            Ok(Value::Tuple(vec![u, s, vh]))
        }
        (false, false) => Ok(Value::Array(lax::svd(&a, false, false)?.swap_remove(0))),
    }
}

fn three(arrays: Vec<Array>) -> [Array; 3] {
    match arrays.try_into() {
        Ok(three) => three,
        Err(_) => unreachable!("'svd' has three results"),
    }
}

/// The singular value decomposition of Hermitian matrices, from their eigenvectors.
fn hermitian_svd(a: &Array) -> Result<[Array; 3]> {
    square("svd", a)?;
    let [v, w] = lax::eigh(&symmetrized(a)?, true)?;
    let last = w.rank() - 1;
    let counted = lax::iota(DType::I32, w.shape(), last)?;
    let sign = sign_of(&lax::lt(&w, &number(0.0, &w))?, &w)?;
    let sorted = lax::sort(&[&lax::abs(&w)?, &counted, &sign], last, true, 1)?;
    let [s, order, sign] =
        three(sorted.iter().map(|x| lax::rev(x, &[last])).collect::<Result<Vec<_>>>()?);
    let rows = lax::expand_dims(&order, &[last])?;
    let u = super::taking::take_along_axis(&v, &rows, Some(-1), None, None, true)?;
    let sign = lax::convert_element_type(&lax::expand_dims(&sign, &[last])?, u.dtype())?;
    let vh = adjoint(&lax::mul(&u, &sign)?)?;
    Ok([u, s, vh])
}

/// Singular values and vectors without those that belong to none.
fn thin_svd(a: &Array, hermitian: bool) -> Result<[Array; 3]> {
    if hermitian {
        return hermitian_svd(a);
    }
    let [s, u, vh] = three(lax::svd(a, false, true)?.into_vec());
    Ok([u, s, vh])
}

/// The singular values of each matrix, in descending order.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let s = linalg::svdvals(&Array::from([[0.0, 3.0], [4.0, 0.0]]))?.to_vec::<f32>()?;
/// assert!((s[0] - 4.0).abs() < 1e-5 && (s[1] - 3.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn svdvals(x: &Array) -> Result<Array> {
    matrices("svdvals", x)?;
    Ok(lax::svd(&inexact(x)?, false, false)?.swap_remove(0))
}

/// Eigenvalues, ascending, and eigenvectors of Hermitian matrices.
///
/// Eigenvectors are columns. `uplo` says which triangle is read, "L" or "U", where the matrices are
/// not symmetrized first.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let (values, vectors) = linalg::eigh(&Array::from([[2.0, 1.0], [1.0, 2.0]]), None, true)?;
/// let values = values.to_vec::<f32>()?;
/// assert!((values[0] - 1.0).abs() < 1e-5 && (values[1] - 3.0).abs() < 1e-5);
/// assert_eq!(vectors.shape(), [2, 2]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(symmetrize_input = true),
    rename(uplo = "UPLO"),
    result("EighResult", "eigenvalues", "eigenvectors")
)]
pub fn eigh(a: &Array, uplo: Option<&str>, symmetrize_input: bool) -> Result<(Array, Array)> {
    let lower = match uplo {
        None | Some("L") => true,
        Some("U") => false,
        Some(other) => {
            return Err(Error::value_error(
                "eigh",
                format!("UPLO must be one of None, 'L', or 'U', got {other}"),
            ));
        }
    };
    let mut a = inexact(a)?;
    square("eigh", &a)?;
    if symmetrize_input {
        a = symmetrized(&a)?;
    }
    let [vectors, values] = lax::eigh(&a, lower)?;
    Ok((values, vectors))
}

/// Eigenvalues of Hermitian matrices, ascending.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let a = Array::from([[2.0, 1.0], [1.0, 2.0]]);
/// let values = linalg::eigvalsh(&a, None, true)?.to_vec::<f32>()?;
/// assert!((values[0] - 1.0).abs() < 1e-5 && (values[1] - 3.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(uplo = "L", symmetrize_input = true),
    rename(uplo = "UPLO"),
    keyword_only(symmetrize_input)
)]
pub fn eigvalsh(a: &Array, uplo: Option<&str>, symmetrize_input: bool) -> Result<Array> {
    Ok(eigh(a, uplo, symmetrize_input)?.0)
}

/// The pseudo-inverse of each matrix; singular values below `rtol` times the largest count as
/// zero. By default `rtol` is ten times the larger size times the precision of the type.
///
/// ```
/// # use pullback::{Array, numpy::{self as jnp, linalg}};
/// let a = Array::from([[2.0, 0.0], [0.0, 0.0]]);
/// let expected = Array::from([[0.5, 0.0], [0.0, 0.0]]);
/// let y = linalg::pinv(&a, None, false, None)?;
/// assert!(jnp::allclose(&y, &expected, &1e-5.into(), &1e-6.into(), false)?.to_bool()?);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(hermitian = false), keyword_only(rcond))]
pub fn pinv(
    a: &Array,
    rtol: Option<&Array>,
    hermitian: bool,
    rcond: Option<&Array>,
) -> Result<Array> {
    if rtol.is_some() && rcond.is_some() {
        return Err(Error::value_error("pinv", "only one of rtol and rcond may be specified"));
    }
    let a = inexact(a)?;
    let (rows, columns) = sizes("pinv", &a)?;
    if rows == 0 || columns == 0 {
        return lax::zeros_like(&transposed(&a)?);
    }
    let rtol = match rtol.or(rcond) {
        Some(rtol) => stop_gradient(rtol)?,
        None => number(10.0 * rows.max(columns) as f64 * epsilon(a.dtype().real()), &lax::abs(&a)?),
    };
    let mut y = with_jvp(
        "pinv",
        &[&a, &rtol],
        move |x| Ok(vec![inverted(&x[0], &x[1], hermitian)?]),
        move |x, dx| {
            let p = pinv(&x[0], Some(&x[1]), hermitian, None)?;
            let Some(da) = dx[0].value() else {
                let flat = Tangent::zero(&p);
                return Ok((vec![p], vec![flat]));
            };
            let (a, da) = match hermitian {
                true => (symmetrized(&x[0])?, symmetrized(da)?),
                false => (x[0].clone(), da.clone()),
            };
            let dp = inverse_tangent(&a, &p, &da)?;
            Ok((vec![p], vec![Tangent::Value(dp)]))
        },
    )?;
    Ok(y.swap_remove(0))
}

fn inverted(a: &Array, rtol: &Array, hermitian: bool) -> Result<Array> {
    let [u, s, vh] = thin_svd(a, hermitian)?;
    let last = s.rank() - 1;
    let rtol = lax::expand_dims(rtol, &[rtol.rank()])?;
    let cutoff = multiply(&rtol, &part(&s, last, 0, 1)?)?;
    let small = super::logic::less_equal(&s, &cutoff)?;
    let safe = select(&small, &number(1.0, &s), &s)?;
    let inverse = select(&small, &number(0.0, &s), &lax::div(&number(1.0, &s), &safe)?)?;
    let inverse = lax::expand_dims(&lax::convert_element_type(&inverse, a.dtype())?, &[last + 1])?;
    matmul_of(&adjoint(&vh)?, &lax::mul(&inverse, &adjoint(&u)?)?)
}

/// dP = -P dA P + P Pᴴ dAᴴ (1 - A P) + (1 - P A) dAᴴ Pᴴ P (G. H. Golub, V. Pereyra 1973, "The
/// differentiation of pseudo-inverses and nonlinear least squares problems whose variables
/// separate").
fn inverse_tangent(a: &Array, p: &Array, da: &Array) -> Result<Array> {
    let (ph, dah) = (adjoint(p)?, adjoint(da)?);
    let direct = matmul_of(&matmul_of(p, da)?, p)?;
    let s = matmul_of(&matmul_of(p, &ph)?, &dah)?;
    let t = matmul_of(&dah, &matmul_of(&ph, p)?)?;
    let s = lax::sub(&s, &matmul_of(&matmul_of(&s, a)?, p)?)?;
    let t = lax::sub(&t, &matmul_of(p, &matmul_of(a, &t)?)?)?;
    lax::sub(&lax::add(&s, &t)?, &direct)
}

/// The `x` for which `a x` is closest to `b`, by the sum of squares; also the sums of the squares
/// that are left, the rank of `a`, and its singular values.
///
/// Singular values below `rcond` times the largest count as zero. With `numpy_resid` the second
/// result is empty where NumPy's is.
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::linalg::lstsq;
///
/// # fn main() -> pullback::Result<()> {
/// let a = Array::from_slice(&[1.0f32, 0.0, 1.0, 1.0, 1.0, 2.0], &[3, 2])?;
/// let b = Array::from_slice(&[1.0f32, 3.0, 5.0], &[3])?;
/// let (x, _, rank, _) = lstsq(&a, &b, None, false)?;
/// let x = x.to_vec::<f32>()?;
/// assert!((x[0] - 1.0).abs() < 1e-5 && (x[1] - 2.0).abs() < 1e-5);
/// assert_eq!(rank.to_i64()?, 2);
/// # Ok(())
/// # }
/// ```
#[api(defaults(numpy_resid = false), keyword_only(numpy_resid))]
pub fn lstsq(
    a: &Array,
    b: &Array,
    rcond: Option<f64>,
    numpy_resid: bool,
) -> Result<(Array, Array, Array, Array)> {
    let [a, b] = inexact_types("lstsq", a, b)?;
    if a.shape().first() != b.shape().first() {
        return Err(Error::value_error(
            "lstsq",
            format!("leading dimensions must match, got {} and {}", a.aval(), b.aval()),
        ));
    }
    if a.rank() != 2 || b.rank() > 2 {
        return Err(Error::type_error(
            "lstsq",
            format!("needs a matrix and one or two axes, got {} and {}", a.aval(), b.aval()),
        ));
    }
    let vector = b.rank() == 1;
    let b = if vector { lax::expand_dims(&b, &[1])? } else { b };
    let (m, n) = (a.shape()[0], a.shape()[1]);
    let precision = epsilon(a.dtype().real());
    let (x, rank, s) = if a.count() == 0 {
        let x = broadcast(&number(0.0, &a), &[n, b.shape()[1]])?;
        let s = broadcast(&number(0.0, &a), &[0])?;
        (x, Array::constant(0.0, promote::default_int()), s)
    } else {
        let rcond = match rcond {
            None => precision * m.max(n) as f64,
            Some(rcond) if rcond < 0.0 => precision,
            Some(rcond) => rcond,
        };
        let [u, s, vh] = thin_svd(&a, false)?;
        let positive = lax::gt(&s, &number(0.0, &s))?;
        let cutoff = lax::mul(&number(rcond, &s), &part(&s, 0, 0, 1)?)?;
        let counts = lax::and(&positive, &lax::ge(&s, &cutoff)?)?;
        let rank = reductions::sum(&counts, Sum::new())?;
        let safe = select(&counts, &s, &number(1.0, &s))?;
        let inverse = select(&counts, &lax::div(&number(1.0, &s), &safe)?, &number(0.0, &s))?;
        let inverse = lax::convert_element_type(&lax::expand_dims(&inverse, &[1])?, a.dtype())?;
        let projected = matmul_of(&adjoint(&u)?, &b)?;
        (matmul_of(&adjoint(&vh)?, &lax::mul(&inverse, &projected)?)?, rank, s)
    };
    let empty = numpy_resid && (m <= n || rank.to_i64()? < n as i64);
    let residuals = match empty {
        true => broadcast(&Array::constant(0.0, promote::default_float()), &[0])?,
        false => {
            let rest = lax::sub(&b, &matmul_of(&a, &x)?)?;
            reductions::sum(&squares(&rest)?, Sum::new().axis(0))?
        }
    };
    let x = if vector { lax::squeeze(&x, &[1])? } else { x };
    Ok((x, residuals, rank, s))
}

/// The squares of the magnitudes.
fn squares(x: &Array) -> Result<Array> {
    match x.dtype().is_complex() {
        true => lax::real(&lax::mul(x, &lax::conj(x)?)?),
        false => lax::mul(x, x),
    }
}

/// Which norm to take.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let x = Array::from([3.0, -4.0]);
/// assert_eq!(linalg::norm(&x, Some(1.into()), None, false)?, 7.0);
/// assert_eq!(linalg::norm(&x, Some(f64::INFINITY.into()), None, false)?, 4.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// A number, infinite ones among them.
    Number(f64),
    /// "fro": the root of the sum of squares.
    Frobenius,
    /// "nuc": the sum of the singular values.
    Nuclear,
    /// Another word, which names none.
    Unknown(String),
}

impl FromArg for Option<Order> {
    const KIND: Kind = Kind::Any;

    fn from_arg(arg: Arg) -> Option<Self> {
        Some(match arg {
            Arg::None | Arg::Missing => None,
            Arg::Str(word) => Some(Order::from(word.as_str())),
            arg => Some(Order::Number(arg.array()?.to_f64().ok()?)),
        })
    }
}

impl From<f64> for Order {
    fn from(order: f64) -> Order {
        Order::Number(order)
    }
}

impl From<i64> for Order {
    fn from(order: i64) -> Order {
        Order::Number(order as f64)
    }
}

impl From<i32> for Order {
    fn from(order: i32) -> Order {
        Order::Number(order as f64)
    }
}

impl From<&str> for Order {
    fn from(word: &str) -> Order {
        match word {
            "fro" | "f" => Order::Frobenius,
            "nuc" => Order::Nuclear,
            word => Order::Unknown(word.to_string()),
        }
    }
}

impl From<Order> for Arg {
    fn from(order: Order) -> Arg {
        match order {
            Order::Number(order) => Arg::Float(order),
            Order::Frobenius => Arg::Str("fro".into()),
            Order::Nuclear => Arg::Str("nuc".into()),
            Order::Unknown(word) => Arg::Str(word),
        }
    }
}

fn over(axes: &[usize], keepdims: bool) -> Sum {
    let axes = Axes(axes.iter().map(|&axis| axis as i64).collect());
    Sum { axis: Some(axes), keepdims, ..Sum::default() }
}

fn extreme_over(x: &Array, axes: &[usize], keepdims: bool, largest: bool) -> Result<Array> {
    let axes = Axes(axes.iter().map(|&axis| axis as i64).collect());
    let options = Extreme { axis: Some(axes), keepdims, ..Extreme::default() };
    match largest {
        // A norm of nothing is zero.
        true => reductions::max(x, Extreme { initial: Some(Array::from(0)), ..options }),
        false => reductions::min(x, options),
    }
}

fn euclidean(x: &Array, axes: &[usize], keepdims: bool) -> Result<Array> {
    lax::sqrt(&reductions::sum(&squares(x)?, over(axes, keepdims))?)
}

/// The length of vectors along an axis, or the norm of matrices along two, or the root of the sum
/// of all squares.
///
/// For vectors `ord` is the power that is summed, for matrices 1, 2, -1, -2, infinities, "fro" or
/// "nuc".
///
/// ```
/// use pullback::Array;
/// use pullback::numpy::linalg::norm;
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[3.0f32, -4.0], &[2])?;
/// assert_eq!(norm(&x, None, None, false)?.to_f64()?, 5.0);
/// assert_eq!(norm(&x, Some(f64::INFINITY.into()), None, false)?.to_f64()?, 4.0);
/// # Ok(())
/// # }
/// ```
#[api(defaults(keepdims = false))]
pub fn norm(x: &Array, ord: Option<Order>, axis: Option<&Axes>, keepdims: bool) -> Result<Array> {
    let x = inexact(x)?;
    let axes = match axis {
        None if ord.is_none() => {
            return euclidean(&x, &(0..x.rank()).collect::<Vec<_>>(), keepdims);
        }
        None => (0..x.rank()).collect(),
        Some(_) => axes_of("norm", axis, x.rank())?,
    };
    match axes[..] {
        [_] => norm_of_vectors(&x, ord, &axes, keepdims),
        [row, column] => norm_of_matrices(&x, ord, [row, column], keepdims),
        _ => Err(Error::value_error(
            "norm",
            format!("improper number of axes: {axes:?}; a vector has one axis, a matrix two"),
        )),
    }
}

fn unknown(ord: &Order, what: &str) -> Error {
    let ord = match ord {
        Order::Number(ord) => ord.to_string(),
        Order::Frobenius => "fro".into(),
        Order::Nuclear => "nuc".into(),
        Order::Unknown(word) => word.clone(),
    };
    Error::value_error("norm", format!("invalid order '{ord}' for {what} norm"))
}

fn norm_of_vectors(x: &Array, ord: Option<Order>, axes: &[usize], keepdims: bool) -> Result<Array> {
    let ord = match ord {
        None => 2.0,
        Some(Order::Number(ord)) => ord,
        Some(ord) => return Err(unknown(&ord, "vector")),
    };
    if ord == 2.0 {
        return euclidean(x, axes, keepdims);
    }
    let size = lax::abs(x)?;
    if ord.is_infinite() {
        return extreme_over(&size, axes, keepdims, ord > 0.0);
    }
    if ord == 0.0 {
        let present = lax::ne(x, &number(0.0, x))?;
        let options = Sum { dtype: Some(size.dtype()), ..over(axes, keepdims) };
        return reductions::sum(&present, options);
    }
    if ord == 1.0 {
        return reductions::sum(&size, over(axes, keepdims));
    }
    let powers = lax::pow(&size, &number(ord, &size))?;
    let total = reductions::sum(&powers, over(axes, keepdims))?;
    lax::pow(&total, &number(1.0 / ord, &total))
}

fn norm_of_matrices(
    x: &Array,
    ord: Option<Order>,
    [row, column]: [usize; 2],
    keepdims: bool,
) -> Result<Array> {
    let ord = match ord {
        None | Some(Order::Frobenius) => return euclidean(x, &[row, column], keepdims),
        Some(ord) => ord,
    };
    // Sums along one axis, then an extreme along the other, which may have moved up.
    let sums = |along: usize, other: usize, largest: bool| {
        let sums = reductions::sum(&lax::abs(x)?, over(&[along], keepdims))?;
        let other = if !keepdims && other > along { other - 1 } else { other };
        extreme_over(&sums, &[other], keepdims, largest)
    };
    match ord {
        Order::Number(1.0) => sums(row, column, true),
        Order::Number(-1.0) => sums(row, column, false),
        Order::Number(f64::INFINITY) => sums(column, row, true),
        Order::Number(f64::NEG_INFINITY) => sums(column, row, false),
        Order::Number(2.0) | Order::Number(-2.0) | Order::Nuclear => {
            let axes = Axes(vec![row as i64, column as i64]);
            let s = svdvals(&moveaxis(x, &axes, &Axes(vec![-2, -1]))?)?;
            let last = [s.rank() - 1];
            let y = match ord {
                Order::Number(2.0) => extreme_over(&s, &last, false, true)?,
                Order::Number(_) => extreme_over(&s, &last, false, false)?,
                _ => reductions::sum(&s, over(&last, false))?,
            };
            if keepdims { lax::expand_dims(&y, &[row, column]) } else { Ok(y) }
        }
        ord => Err(unknown(&ord, "matrix")),
    }
}

/// The length of vectors along an axis, or along several as if they were one.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let x = Array::from([[3.0, 4.0], [6.0, 8.0]]);
/// let y = linalg::vector_norm(&x, Some(&1.into()), false, Some(2.into()))?;
/// assert_eq!(y, Array::from([5.0, 10.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(keepdims = false, ord = 2), keyword_only(axis))]
pub fn vector_norm(
    x: &Array,
    axis: Option<&Axes>,
    keepdims: bool,
    ord: Option<Order>,
) -> Result<Array> {
    let x = inexact(x)?;
    let axes = axes_of("vector_norm", axis, x.rank())?;
    norm_of_vectors(&x, ord, &axes, keepdims)
}

/// The norm of the matrices in the last two axes.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let a = Array::from([[1.0, 2.0], [2.0, 4.0]]);
/// assert_eq!(linalg::matrix_norm(&a, false, Some("fro".into()))?, 5.0);
/// assert_eq!(linalg::matrix_norm(&a, false, Some(1.into()))?, 6.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(keepdims = false, ord = "fro"), keyword_only(keepdims))]
pub fn matrix_norm(x: &Array, keepdims: bool, ord: Option<Order>) -> Result<Array> {
    norm(x, ord, Some(&Axes(vec![-2, -1])), keepdims)
}

/// How much larger an error of a solution can be than that of its right side, by the norm `p`.
///
/// Without `p` it is the quotient of the largest singular value and the smallest.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let a = Array::from([[4.0, 0.0], [0.0, 2.0]]);
/// assert!((linalg::cond(&a, None)?.to_f64()? - 2.0).abs() < 1e-5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn cond(x: &Array, p: Option<Order>) -> Result<Array> {
    let (rows, columns) = sizes("cond", x)?;
    if rows == 0 || columns == 0 {
        return Err(Error::value_error(
            "cond",
            format!("input array must not be empty; got {}", x.aval()),
        ));
    }
    let of_values = |numerator: usize, denominator: usize| {
        let s = svdvals(x)?;
        let last = s.rank() - 1;
        let at = |at: usize| lax::squeeze(&part(&s, last, at, at + 1)?, &[last]);
        lax::div(&at(numerator)?, &at(denominator)?)
    };
    let end = rows.min(columns) - 1;
    let y = match p {
        None | Some(Order::Number(2.0)) => of_values(0, end)?,
        Some(Order::Number(-2.0)) => of_values(end, 0)?,
        p => {
            square("cond", x)?;
            let of = |x: &Array| norm(x, p.clone(), Some(&Axes(vec![-2, -1])), false);
            multiply(&of(x)?, &of(&inv(x)?)?)?
        }
    };
    let rank = x.rank();
    let given = match x.dtype().is_inexact() {
        true => lax::reduce_or(&not_equal_itself(x)?, &[rank - 2, rank - 1])?,
        false => Array::from(false),
    };
    let lost = super::logic::logical_and(&not_equal_itself(&y)?, &lax::not(&given)?)?;
    select(&lost, &number(f64::INFINITY, &y), &y)
}

/// The number of singular values above `rtol`, which by default depends on the largest.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let a = Array::from([[1.0, 2.0], [2.0, 4.0]]);
/// assert_eq!(linalg::matrix_rank(&a, None, false, None)?, 1);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(hermitian = false), rename(m = "M"), keyword_only(hermitian))]
pub fn matrix_rank(
    m: &Array,
    rtol: Option<&Array>,
    hermitian: bool,
    tol: Option<&Array>,
) -> Result<Array> {
    if rtol.is_some() && tol.is_some() {
        return Err(Error::value_error("matrix_rank", "only one of tol or rtol may be specified"));
    }
    let a = inexact(m)?;
    if a.rank() < 2 {
        let present = lax::ne(&a, &number(0.0, &a))?;
        let some = lax::reduce_or(&present, &(0..a.rank()).collect::<Vec<_>>())?;
        return lax::convert_element_type(&some, DType::I32);
    }
    let Value::Array(s) = svd(&a, false, false, hermitian)? else {
        unreachable!("without vectors there is one result")
    };
    let last = s.rank() - 1;
    let (rows, columns) = sizes("matrix_rank", &a)?;
    let rtol = match rtol.or(tol) {
        Some(rtol) => rtol.clone(),
        None => {
            let largest = reductions::max(&s, Extreme::new().axis(-1))?;
            let factor = rows.max(columns) as f64 * epsilon(s.dtype());
            lax::mul(&largest, &number(factor, &largest))?
        }
    };
    let above = super::logic::greater(&s, &lax::expand_dims(&rtol, &[rtol.rank()])?)?;
    reductions::sum(&above, over(&[last], false))
}

/// The matrix times itself, `n` times; a negative `n` is that of the inverse.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let a = Array::from([[1, 1], [0, 1]]);
/// assert_eq!(linalg::matrix_power(&a, 5)?, Array::from([[1, 5], [0, 1]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn matrix_power(a: &Array, n: i64) -> Result<Array> {
    if a.rank() < 2 || a.shape()[a.rank() - 1] != a.shape()[a.rank() - 2] {
        return Err(Error::type_error(
            "matrix_power",
            format!("needs square matrices in the last two axes, got {}", a.aval()),
        ));
    }
    let size = a.shape()[a.rank() - 1];
    let mut base = if n < 0 { inv(a)? } else { a.clone() };
    let mut rest = n.unsigned_abs();
    let mut result: Option<Array> = None;
    while rest > 0 {
        if rest & 1 == 1 {
            result = Some(match result {
                Some(result) => matmul_of(&result, &base)?,
                None => base.clone(),
            });
        }
        rest >>= 1;
        if rest > 0 {
            base = matmul_of(&base, &base)?;
        }
    }
    match result {
        Some(result) => Ok(result),
        None => broadcast(&eye(size as i64, None, 0, Some(a.dtype()))?, a.shape()),
    }
}

/// The product of several matrices, in the order that takes the fewest multiplications. The first
/// and the last may be vectors.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let (x, a) = (Array::from([1, 10]), Array::from([[1, 2], [3, 4]]));
/// assert_eq!(linalg::multi_dot(&[x.clone(), a, x])?, 451);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(), ignored(precision))]
pub fn multi_dot(arrays: &[Array]) -> Result<Array> {
    let count = arrays.len();
    if count < 2 {
        return Err(Error::value_error(
            "multi_dot",
            format!("requires at least two arrays; got {count}"),
        ));
    }
    let flat = |at: usize| at == 0 || at == count - 1;
    let types = || {
        let types: Vec<_> = arrays.iter().map(|x| x.aval().to_string()).collect();
        types.join(", ")
    };
    if (0..count).any(|at| arrays[at].rank() != 2 && !(flat(at) && arrays[at].rank() == 1)) {
        return Err(Error::value_error(
            "multi_dot",
            format!(
                "all arrays must be two-dimensional, but for the first and last, which may be \
                 one-dimensional; got {}",
                types()
            ),
        ));
    }
    if arrays.windows(2).any(|x| x[0].shape().last() != x[1].shape().first()) {
        return Err(Error::value_error(
            "multi_dot",
            format!(
                "the last dimension of each array must match the first of the following one, got {}",
                types()
            ),
        ));
    }
    let rows = |x: &Array| if x.rank() == 2 { x.shape()[0] } else { 1 };
    let mut bounds = vec![rows(&arrays[0])];
    bounds.extend(arrays[1..].iter().map(|x| x.shape()[0]));
    bounds.push(match arrays[count - 1].rank() {
        2 => arrays[count - 1].shape()[1],
        _ => 1,
    });
    // The least cost of the product of matrices i..=j, and where it is cut last.
    let mut cost = vec![vec![0u128; count]; count];
    let mut cut = vec![vec![0usize; count]; count];
    for length in 1..count {
        for i in 0..count - length {
            let j = i + length;
            let of = |k: usize, cost: &[Vec<u128>]| {
                let own = bounds[i] as u128 * bounds[k + 1] as u128 * bounds[j + 1] as u128;
                cost[i][k] + cost[k + 1][j] + own
            };
            let best = (i..j).min_by_key(|&k| of(k, &cost)).unwrap_or(i);
            cost[i][j] = of(best, &cost);
            cut[i][j] = best;
        }
    }
    fn product(arrays: &[Array], cut: &[Vec<usize>], i: usize, j: usize) -> Result<Array> {
        if i == j {
            return Ok(arrays[i].clone());
        }
        let k = cut[i][j];
        dot(&product(arrays, cut, i, k)?, &product(arrays, cut, k + 1, j)?, None)
    }
    product(arrays, &cut, 0, count - 1)
}

/// The inverse of a tensor as a map from its last axes to its first `ind`.
///
/// ```
/// # use pullback::numpy::{self as jnp, linalg};
/// let a = jnp::reshape(&jnp::eye(4, None, 0, None)?, [2, 2, 4], "C", None)?;
/// assert_eq!(linalg::tensorinv(&a, 2)?.shape(), [4, 2, 2]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(ind = 2))]
pub fn tensorinv(a: &Array, ind: i64) -> Result<Array> {
    let cut = usize::try_from(ind).ok().filter(|&ind| ind > 0).ok_or_else(|| {
        Error::value_error("tensorinv", format!("ind must be a positive integer; got {ind}"))
    })?;
    let (to, from) = a.shape().split_at(cut.min(a.rank()));
    let (rows, columns) = (super::common::product(to), super::common::product(from));
    if rows != columns {
        return Err(Error::value_error(
            "tensorinv",
            format!(
                "the product of the first {ind} sizes must be that of the others, got {}",
                a.aval()
            ),
        ));
    }
    let inverse = inv(&lax::reshape(a, &[rows, columns])?)?;
    lax::reshape(&inverse, &[from, to].concat())
}

/// The tensor `x` for which the sums of products of `a` with it over its axes are `b`.
///
/// ```
/// # use pullback::{Array, numpy::{self as jnp, linalg}};
/// let a = jnp::reshape(&jnp::eye(4, None, 0, None)?, [2, 2, 2, 2], "C", None)?;
/// let b = Array::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(linalg::tensorsolve(&a, &b, None)?, b);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn tensorsolve(a: &Array, b: &Array, axes: Option<&Axes>) -> Result<Array> {
    let a = match axes {
        None => a.clone(),
        Some(axes) => {
            let axes = axes_of("tensorsolve", Some(axes), a.rank())?;
            let order = (0..a.rank()).filter(|axis| !axes.contains(axis)).chain(axes.clone());
            lax::transpose(a, &order.collect::<Vec<_>>())?
        }
    };
    if a.rank() < b.rank() || &a.shape()[..b.rank()] != b.shape() {
        return Err(Error::value_error(
            "tensorsolve",
            format!("the leading shape of a must be that of b, got {} and {}", a.aval(), b.aval()),
        ));
    }
    let shape = Shape::from_slice(&a.shape()[b.rank()..]);
    let size = super::common::product(&shape);
    if size != b.count() {
        return Err(Error::value_error(
            "tensorsolve",
            format!(
                "the sizes of the solution and of b must agree, got {} and {}",
                size,
                b.count()
            ),
        ));
    }
    let x = solve(&lax::reshape(&a, &[size, size])?, &ravel(b, "C")?)?;
    lax::reshape(&x, &shape)
}

/// The matrices with their last two axes exchanged.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let a = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(linalg::matrix_transpose(&a)?, Array::from([[1, 3], [2, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn matrix_transpose(x: &Array) -> Result<Array> {
    transposed(x)
}

/// The product of matrices in the last two axes; other axes broadcast together.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let (a, b) = (Array::from([[1, 2], [3, 4]]), Array::from([[0, 1], [1, 0]]));
/// assert_eq!(linalg::matmul(&a, &b, None)?, Array::from([[2, 1], [4, 3]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(preferred_element_type), ignored(precision))]
pub fn matmul(x1: &Array, x2: &Array, preferred_element_type: Option<DType>) -> Result<Array> {
    products::matmul(x1, x2, preferred_element_type)
}

/// The sum of products over axes of both; see [`products::tensordot`].
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(linalg::tensordot(&x, &x, 2.into(), None)?, 30);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(axes = 2),
    keyword_only(axes, preferred_element_type),
    ignored(precision, out_sharding)
)]
pub fn tensordot(
    x1: &Array,
    x2: &Array,
    axes: Table,
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    products::tensordot(x1, x2, axes, preferred_element_type)
}

/// The sums of products along an axis, the elements of `x1` conjugated.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let (x, y) = (Array::from([[1, 2], [3, 4]]), Array::from([1, 10]));
/// assert_eq!(linalg::vecdot(&x, &y, -1, None)?, Array::from([21, 43]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1), keyword_only(axis, preferred_element_type), ignored(precision))]
pub fn vecdot(
    x1: &Array,
    x2: &Array,
    axis: i64,
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    products::vecdot(x1, x2, axis, preferred_element_type)
}

/// The products of every element of one vector with every element of another.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let y = linalg::outer(&Array::from([1, 2]), &Array::from([3, 4]))?;
/// assert_eq!(y, Array::from([[3, 4], [6, 8]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn outer(x1: &Array, x2: &Array) -> Result<Array> {
    if x1.rank() != 1 || x2.rank() != 1 {
        return Err(Error::value_error(
            "outer",
            format!("input arrays must be one-dimensional, got {} and {}", x1.aval(), x2.aval()),
        ));
    }
    products::outer(x1, x2, ())
}

/// The cross product of vectors of three components along an axis.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// let (x, y) = (Array::from([1, 0, 0]), Array::from([0, 1, 0]));
/// assert_eq!(linalg::cross(&x, &y, -1)?, Array::from([0, 0, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = -1), keyword_only(axis))]
pub fn cross(x1: &Array, x2: &Array, axis: i64) -> Result<Array> {
    for x in [x1, x2] {
        if x.shape()[axis_of("cross", axis, x.rank())?] != 3 {
            return Err(Error::value_error(
                "cross",
                format!("needs vectors of three components, got {} and {}", x1.aval(), x2.aval()),
            ));
        }
    }
    products::cross(x1, x2, -1, -1, -1, Some(axis))
}

/// The diagonals of the matrices in the last two axes.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// assert_eq!(linalg::diagonal(&Array::from([[1, 2], [3, 4]]), 0)?, Array::from([1, 4]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(offset = 0), keyword_only(offset))]
pub fn diagonal(x: &Array, offset: i64) -> Result<Array> {
    super::creation::diagonal(x, offset, -2, -1)
}

/// The sums of the diagonals of the matrices in the last two axes.
///
/// ```
/// # use pullback::{Array, numpy::linalg};
/// assert_eq!(linalg::trace(&Array::from([[1, 2], [3, 4]]), 0, None)?, 5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(offset = 0), keyword_only(offset))]
pub fn trace(x: &Array, offset: i64, dtype: Option<DType>) -> Result<Array> {
    let options = Sum { dtype, ..Sum::new().axis(-1) };
    reductions::sum(&super::creation::diagonal(x, offset, -2, -1)?, options)
}
