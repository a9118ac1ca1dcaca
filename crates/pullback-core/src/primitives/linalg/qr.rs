//! `qr`: orthonormal columns and an upper triangular factor of matrices.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;

use super::triangular_solve::{Triangle, triangular_solve};
use super::{
    FIELDS, adjoint, batch_stack, block, diagonal_part, lower_part, matmul, matrix, stacked,
};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{add, concatenate, mul, neg, number, sub};
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};

/// `A = Q R`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Qr {
    /// Whether `Q` is square, or has only as many columns as `A` has to offer.
    pub full_matrices: bool,
}

/// The factors `Q` and `R` of the matrices in the last two axes of `x`.
///
/// # Errors
/// If there are no such axes, or the elements are neither floating nor complex.
pub fn qr(x: &Array, full_matrices: bool) -> Result<[Array; 2]> {
    let wrong = |_| Error::Program { message: "'qr' must have two results".into() };
    bind(Qr { full_matrices }, &[x])?.into_vec().try_into().map_err(wrong)
}

/// The tangents of the factors of a matrix that has no more columns than rows, for `Q` with as
/// many columns: with `dX = dA R⁻¹` and `M = Qᴴ dX`, `Ω = Qᴴ dQ` is the anti-Hermitian matrix that
/// has the lower triangle of `M`, dQ = dX - Q (M - Ω) and dR = (M - Ω) R (S. Walter, L. Lehmann
/// 2010, "Algorithmic differentiation of linear algebra functions with application in optimum
/// experimental design").
fn tall_tangents(q: &Array, r: &Array, da: &Array) -> Result<[Array; 2]> {
    let dx = triangular_solve(r, da, Triangle::default())?;
    let inner = matmul(&adjoint(q)?, &dx)?;
    let below = lower_part(&inner, false)?;
    let mut turn = sub(&below, &adjoint(&below)?)?;
    if inner.dtype().is_complex() {
        // The diagonal of R stays real, so that of Q turns.
        let diagonal = diagonal_part(&inner)?;
        let imaginary = sub(&diagonal, &adjoint(&diagonal)?)?;
        turn = add(&turn, &mul(&imaginary, &number(0.5, &imaginary))?)?;
    }
    let rest = sub(&inner, &turn)?;
    Ok([sub(&dx, &matmul(q, &rest)?)?, matmul(&rest, r)?])
}

/// The tangents of the factors of any matrix.
fn tangents(q: &Array, r: &Array, a: &Array, da: &Array) -> Result<[Array; 2]> {
    let rank = a.rank();
    let (m, n) = (a.shape()[rank - 2], a.shape()[rank - 1]);
    if m < n {
        // The first columns determine Q, and so the rest of R.
        let head = |x: &Array| block(x, [0, m], [0, m]);
        let tail = |x: &Array| block(x, [0, m], [m, n]);
        let [dq, dr] = tall_tangents(q, &head(r)?, &head(da)?)?;
        let moved = matmul(&adjoint(&dq)?, &tail(a)?)?;
        let rest = add(&moved, &matmul(&adjoint(q)?, &tail(da)?)?)?;
        return Ok([dq, concatenate(&[&dr, &rest], rank - 1)?]);
    }
    let columns = q.shape()[rank - 1];
    if columns == n {
        return tall_tangents(q, r, da);
    }
    // The further columns of Q are any that complete it; they turn only as they have to.
    let thin = block(q, [0, m], [0, n])?;
    let further = block(q, [0, m], [n, m])?;
    let [dq, dr] = tall_tangents(&thin, &block(r, [0, n], [0, n])?, da)?;
    let turned = neg(&matmul(&thin, &matmul(&adjoint(&dq)?, &further)?)?)?;
    let dq = concatenate(&[&dq, &turned], rank - 1)?;
    let nothing = crate::primitives::rules::zeros_like(&block(r, [n, m], [0, n])?)?;
    Ok([dq, concatenate(&[&dr, &nothing], rank - 2)?])
}

impl Primitive for Qr {
    fn name(&self) -> &str {
        "qr"
    }

    fn params(&self) -> Params {
        vec![
            ("full_matrices", Param::Bool(self.full_matrices)),
            ("pivoting", Param::Bool(false)),
            ("use_magma", Param::None),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let (x, m, n) = matrix("qr", inputs)?;
        let k = if self.full_matrices { m } else { m.min(n) };
        Ok([stacked(x, &[m, k], x.dtype), stacked(x, &[k, n], x.dtype)].into_iter().collect())
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let [q, r] = qr(x[0], self.full_matrices)?;
        let tangents = match &dx[0] {
            Tangent::Zero(_) => [Tangent::zero(&q), Tangent::zero(&r)],
            Tangent::Value(dx) => tangents(&q, &r, x[0], dx)?.map(Tangent::Value),
        };
        Ok(([q, r].into_iter().collect(), tangents.into_iter().collect()))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        batch_stack(self.clone(), x[0], axes[0])
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let full = self.full_matrices;
        if !plan.is_used(0) {
            let r = plan.kernel(kernels::linalg::Qr { full, q: false }, x)[0];
            return Ok([r, r].into_iter().collect());
        }
        Ok(plan.kernel_many(kernels::linalg::Qr { full, q: true }, x, 2))
    }
}

impl Listed for Qr {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Qr { full_matrices: params.bool("full_matrices")? })
    }

    fn samples() -> Vec<Sample> {
        let shapes: [&[usize]; 7] =
            [&[3, 3], &[2, 3], &[4, 2], &[2, 3, 2], &[0, 2], &[0, 2, 2], &[1, 1]];
        let mut samples = vec![];
        for dtype in FIELDS {
            for shape in shapes {
                for full_matrices in [false, true] {
                    let op = Qr { full_matrices };
                    let sample = Sample::new(op, [Input::real(shape, dtype)]);
                    // Further columns of Q are any that complete it.
                    let free = full_matrices && shape[shape.len() - 2] > shape[shape.len() - 1];
                    samples.push(if free { sample.jumping() } else { sample });
                }
            }
        }
        samples
    }
}
