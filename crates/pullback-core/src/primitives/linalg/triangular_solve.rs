//! `triangular_solve`: systems of linear equations with a triangular matrix.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{FIELDS, conjugated, dimensions, lower_part, matmul, transposed, upper_part};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{move_axis, neg, reshape};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Domain, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Which triangle of the matrix counts, and how. By default `X A = B` with the upper triangle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Triangle {
    /// Whether the matrix stands left of the unknown.
    pub left_side: bool,
    /// Which triangle of the matrix is read.
    pub lower: bool,
    /// Whether the matrix is transposed.
    pub transpose_a: bool,
    /// Whether the matrix is conjugated.
    pub conjugate_a: bool,
    /// Whether the diagonal is taken to be 1, and not read.
    pub unit_diagonal: bool,
}

/// Solves `op(A) X = B`, or `X op(A) = B`, for `X`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TriangularSolve {
    /// Which triangle of the matrix counts, and how.
    pub triangle: Triangle,
}

/// The `X` with `op(A) X = B`, or `X op(A) = B`, for each matrix `A` in the last two axes of `a`.
///
/// # Errors
/// If the matrices are not square, or those of `b` do not fit.
pub fn triangular_solve(a: &Array, b: &Array, triangle: Triangle) -> Result<Array> {
    bind1(TriangularSolve { triangle }, &[a, b])
}

impl TriangularSolve {
    /// What counts of the tangent of the matrix.
    fn part(&self, da: &Array) -> Result<Array> {
        let Triangle { lower, transpose_a, conjugate_a, unit_diagonal, .. } = self.triangle;
        let part =
            if lower { lower_part(da, !unit_diagonal) } else { upper_part(da, !unit_diagonal) }?;
        let part = if transpose_a { transposed(&part)? } else { part };
        if conjugate_a { conjugated(&part) } else { Ok(part) }
    }
}

impl Primitive for TriangularSolve {
    fn name(&self) -> &str {
        "triangular_solve"
    }

    fn params(&self) -> Params {
        let Triangle { left_side, lower, transpose_a, conjugate_a, unit_diagonal } = self.triangle;
        vec![
            ("conjugate_a", Param::Bool(conjugate_a)),
            ("left_side", Param::Bool(left_side)),
            ("lower", Param::Bool(lower)),
            ("transpose_a", Param::Bool(transpose_a)),
            ("unit_diagonal", Param::Bool(unit_diagonal)),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [a, b] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 2, inputs.len()));
        };
        if a.dtype != b.dtype {
            return Err(Error::DTypeMismatch {
                function: self.name().into(),
                lhs: a.dtype,
                rhs: b.dtype,
            });
        }
        let (m, n) = dimensions(self.name(), a)?;
        let (rows, columns) = dimensions(self.name(), b)?;
        let common = if self.triangle.left_side { rows } else { columns };
        let stack = |x: &Aval| Shape::from_slice(&x.shape[..x.rank() - 2]);
        if m != n || common != n || stack(a) != stack(b) {
            return Err(Error::type_error(
                self.name(),
                format!(
                    "needs square matrices and right-hand sides that fit them, stack by stack, got \
                     {a} and {b}"
                ),
            ));
        }
        Ok(one(b.clone().with_weak(false)))
    }

    /// d(A⁻¹ B) = A⁻¹ (dB - dA X).
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let [a, b] = [x[0], x[1]];
        let y = triangular_solve(a, b, self.triangle)?;
        let aval = y.aval();
        let from_a = dx[0].map(&aval, |da| {
            let da = self.part(da)?;
            let moved = if self.triangle.left_side { matmul(&da, &y)? } else { matmul(&y, &da)? };
            neg(&moved)
        })?;
        let right = from_a.plus(dx[1].clone())?;
        let dy = right.map(&aval, |right| triangular_solve(a, right, self.triangle))?;
        Ok((one(y), one(dy)))
    }

    /// The cotangent solves the transposed system.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let Some(a) = inputs[0].known() else {
            return Err(Error::NotLinear { primitive: self.name().into() });
        };
        let triangle = Triangle { transpose_a: !self.triangle.transpose_a, ..self.triangle };
        let solve = |ct: &Array| triangular_solve(a, ct, triangle);
        Ok([None, ct[0].as_ref().map(solve).transpose()?].into_iter().collect())
    }

    /// Where all entries have one matrix, their right-hand sides are those of one system.
    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        if let (None, Some(mapped)) = (axes[0], axes[1]) {
            let last = x[1].rank() - 1;
            let to = if self.triangle.left_side { last } else { last - 2 };
            let b = move_axis(x[1], mapped, to)?;
            let apart = Shape::from_slice(b.shape());
            let mut together = apart.clone();
            // The mapped axis follows the columns, or comes before the rows.
            let joined = if self.triangle.left_side { last - 1 } else { last - 2 };
            together[joined] *= together.remove(joined + 1);
            let y = triangular_solve(x[0], &reshape(&b, &together)?, self.triangle)?;
            return Ok((one(reshape(&y, &apart)?), one(Some(to))));
        }
        let front = |at: usize| at_axis(x[at], axes[at], axis.size, 0);
        Ok((one(triangular_solve(&front(0)?, &front(1)?, self.triangle)?), one(Some(0))))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let Triangle { left_side, lower, transpose_a, conjugate_a, unit_diagonal } = self.triangle;
        let how = kernels::linalg::Triangular {
            left_side,
            lower,
            transpose: transpose_a,
            conjugate: conjugate_a,
            unit_diagonal,
        };
        Ok(plan.kernel(kernels::linalg::TriangularSolve(how), x))
    }
}

impl Listed for TriangularSolve {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let triangle = Triangle {
            left_side: params.bool("left_side")?,
            lower: params.bool("lower")?,
            transpose_a: params.bool("transpose_a")?,
            conjugate_a: params.bool("conjugate_a")?,
            unit_diagonal: params.bool("unit_diagonal")?,
        };
        Ok(TriangularSolve { triangle })
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        let mut add = |bits: [bool; 5], a: &[usize], b: &[usize], dtype: DType| {
            let [left_side, lower, transpose_a, conjugate_a, unit_diagonal] = bits;
            let triangle = Triangle { left_side, lower, transpose_a, conjugate_a, unit_diagonal };
            // Both triangles are there, so that a rule that reads the wrong one is noticed.
            let a = Input::new(a, dtype, Domain::Definite);
            samples.push(Sample::new(TriangularSolve { triangle }, [a, Input::real(b, dtype)]));
        };
        for dtype in FIELDS {
            for code in 0..32 {
                let bits = [16, 8, 4, 2, 1].map(|bit| code & bit != 0);
                let b = if bits[0] { [3, 2] } else { [2, 3] };
                add(bits, &[3, 3], &b, dtype);
            }
            let left = [true, true, false, false, false];
            let right = [false; 5];
            add(left, &[2, 2, 2], &[2, 2, 3], dtype);
            add(right, &[2, 2, 2], &[2, 3, 2], dtype);
            add(left, &[0, 0], &[0, 2], dtype);
            add(left, &[2, 2], &[2, 0], dtype);
            add(left, &[1, 1], &[1, 1], dtype);
        }
        samples
    }
}
