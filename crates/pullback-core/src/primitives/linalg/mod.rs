//! Decompositions of matrices, and triangular systems. Matrices lie in the last two axes; all
//! others are axes of a stack.
//!
//! The derivatives are the standard ones; see M. Giles 2008, "Collected matrix derivative results
//! for forward and reverse mode algorithmic differentiation". Each is that of what the operation
//! computes: a decomposition that reads one triangle only does not depend on the other.

use pullback_engine::{DType, Shape};

use super::Op;
use super::reduction::dot_general::DotDims;
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::primitives::rules::{
    add, broadcast_in_dim, conj, convert_element_type, div, dot_general, eq, ge, gt, iota,
    move_axis, mul, number, one as unit, real, reduce_sum, select, slice, sub, transpose,
    zeros_like,
};
use crate::trace::batch::{BatchAxes, BatchAxis};
use crate::trace::bind;

pub mod cholesky;
pub mod eigh;
pub mod lu;
pub mod qr;
pub mod svd;
pub mod triangular_solve;

/// The types that decompositions are there for.
const FIELDS: [DType; 4] = [DType::F32, DType::F64, DType::C64, DType::C128];

/// The one operand as a stack of matrices: rows and columns.
fn matrix<'a>(function: &str, inputs: &'a [Aval]) -> Result<(&'a Aval, usize, usize)> {
    let [x] = inputs else {
        return Err(super::operand_count(function, 1, inputs.len()));
    };
    let (m, n) = dimensions(function, x)?;
    Ok((x, m, n))
}

fn dimensions(function: &str, x: &Aval) -> Result<(usize, usize)> {
    if !FIELDS.contains(&x.dtype) {
        return Err(Error::DType {
            function: function.into(),
            dtype: x.dtype,
            accepted: "float32, float64, complex64 and complex128",
        });
    }
    match x.shape[..] {
        [.., m, n] => Ok((m, n)),
        _ => Err(Error::type_error(
            function,
            format!("needs an array of at least two dimensions, got {x}"),
        )),
    }
}

fn square<'a>(function: &str, inputs: &'a [Aval]) -> Result<(&'a Aval, usize)> {
    match matrix(function, inputs)? {
        (x, m, n) if m == n => Ok((x, n)),
        (x, ..) => Err(Error::value_error(
            function,
            format!("the last two dimensions must be equal, got {x}"),
        )),
    }
}

/// What is known of a stack like that of `x`, of something else than its matrices.
fn stacked(x: &Aval, last: &[usize], dtype: DType) -> Aval {
    let stack = &x.shape[..x.rank() - 2];
    Aval::new(&stack.iter().chain(last).copied().collect::<Shape>(), dtype)
}

/// An operation on a stack of matrices: the mapped axis is one more of the stack.
fn batch_stack(op: impl Into<Op>, x: &Array, axis: BatchAxis) -> Result<(Arrays, BatchAxes)> {
    let x = move_axis(x, axis.unwrap_or(0), 0)?;
    let y = bind(op, &[&x])?;
    let axes = BatchAxes::from_elem(Some(0), y.len());
    Ok((y, axes))
}

/// The products of matrices, stack by stack.
fn matmul(x: &Array, y: &Array) -> Result<Array> {
    let rank = x.rank();
    let stack: Shape = (0..rank - 2).collect();
    let dims = DotDims {
        lhs_contract: [rank - 1].into_iter().collect(),
        rhs_contract: [rank - 2].into_iter().collect(),
        lhs_batch: stack.clone(),
        rhs_batch: stack,
    };
    dot_general(x, y, dims, None)
}

/// The matrices transposed.
fn transposed(x: &Array) -> Result<Array> {
    let rank = x.rank();
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 2, rank - 1);
    transpose(x, &order)
}

/// The elements conjugated, if complex.
fn conjugated(x: &Array) -> Result<Array> {
    if x.dtype().is_complex() { conj(x) } else { Ok(x.clone()) }
}

/// The matrices transposed and conjugated.
fn adjoint(x: &Array) -> Result<Array> {
    conjugated(&transposed(x)?)
}

/// The real part, also of what is real.
fn real_part(x: &Array) -> Result<Array> {
    if x.dtype().is_complex() { real(x) } else { Ok(x.clone()) }
}

/// Row and column numbers of matrices like those of `x`, for the whole stack.
fn row_and_column(shape: &[usize]) -> Result<(Array, Array)> {
    let rank = shape.len();
    let last = &shape[rank - 2..];
    let axes = [rank - 2, rank - 1];
    let count = |axis| broadcast_in_dim(&iota(DType::I32, last, axis)?, shape, &axes);
    Ok((count(0)?, count(1)?))
}

/// The lower triangles, with or without the diagonal, and zeros above.
fn lower_part(x: &Array, diagonal: bool) -> Result<Array> {
    let (row, column) = row_and_column(x.shape())?;
    let below = if diagonal { ge(&row, &column)? } else { gt(&row, &column)? };
    select(&below, x, &zeros_like(x)?)
}

/// The upper triangles, with or without the diagonal, and zeros below.
fn upper_part(x: &Array, diagonal: bool) -> Result<Array> {
    let (row, column) = row_and_column(x.shape())?;
    let above = if diagonal { ge(&column, &row)? } else { gt(&column, &row)? };
    select(&above, x, &zeros_like(x)?)
}

/// The diagonals, and zeros elsewhere.
fn diagonal_part(x: &Array) -> Result<Array> {
    let (row, column) = row_and_column(x.shape())?;
    select(&eq(&row, &column)?, x, &zeros_like(x)?)
}

/// The lower triangle with half the diagonal: what, added to its adjoint, is a Hermitian matrix.
fn half(x: &Array) -> Result<Array> {
    let diagonal = diagonal_part(x)?;
    sub(&lower_part(x, true)?, &mul(&diagonal, &number(0.5, x))?)
}

/// The Hermitian matrices with the lower or upper triangle of `x`.
fn hermitian(x: &Array, lower: bool) -> Result<Array> {
    let x = if lower { x.clone() } else { adjoint(x)? };
    let half = half(&x)?;
    add(&half, &adjoint(&half)?)
}

/// The identity matrices like `x`, which is square.
fn identity_like(x: &Array) -> Result<Array> {
    let (row, column) = row_and_column(x.shape())?;
    convert_element_type(&eq(&row, &column)?, x.dtype())
}

/// The elements of the diagonals.
fn diagonal(x: &Array) -> Result<Array> {
    let rank = x.rank();
    reduce_sum(&diagonal_part(x)?, &[rank - 2])
}

/// A vector for each matrix as the factor of its columns.
fn of_columns(v: &Array, shape: &[usize]) -> Result<Array> {
    let rank = shape.len();
    let axes: Vec<usize> = (0..rank - 2).chain([rank - 1]).collect();
    broadcast_in_dim(v, shape, &axes)
}

/// A vector for each matrix as the factor of its rows.
fn of_rows(v: &Array, shape: &[usize]) -> Result<Array> {
    let rank = shape.len();
    let axes: Vec<usize> = (0..rank - 1).collect();
    broadcast_in_dim(v, shape, &axes)
}

/// `1 / (v_j - v_i)` in row `i` and column `j`, and zeros on the diagonal.
fn inverse_differences(v: &Array) -> Result<Array> {
    let n = v.shape()[v.rank() - 1];
    let shape: Shape = v.shape().iter().copied().chain([n]).collect();
    let differences = sub(&of_columns(v, &shape)?, &of_rows(v, &shape)?)?;
    let identity = identity_like(&differences)?;
    let inverse = div(&unit(v), &add(&differences, &identity)?)?;
    sub(&inverse, &identity)
}

/// Rows `rows` and columns `columns`, each from the first up to and without the second.
fn block(x: &Array, rows: [usize; 2], columns: [usize; 2]) -> Result<Array> {
    let rank = x.rank();
    let mut start = Shape::from_elem(0, rank);
    let mut limit = Shape::from_slice(x.shape());
    (start[rank - 2], limit[rank - 2]) = (rows[0], rows[1]);
    (start[rank - 1], limit[rank - 1]) = (columns[0], columns[1]);
    slice(x, &start, &limit, None)
}

/// A real array as one of the type given.
fn in_type(x: &Array, dtype: DType) -> Result<Array> {
    convert_element_type(x, dtype)
}
