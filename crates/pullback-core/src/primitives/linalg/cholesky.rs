//! `cholesky`: the triangular factor of positive definite matrices.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;

use super::triangular_solve::{Triangle, triangular_solve};
use super::{FIELDS, batch_stack, half, hermitian, matmul, square};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::lower::Lowering;
use crate::primitives::{Avals, Domain, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// The lower triangular `L` with `L Lᴴ = A`, of which only the lower triangle is read; NaN where
/// there is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cholesky;

/// The lower triangular factors of the matrices in the last two axes of `x`.
///
/// # Errors
/// If the matrices are not square, or their elements neither floating nor complex.
pub fn cholesky(x: &Array) -> Result<Array> {
    bind1(Cholesky, &[x])
}

impl Primitive for Cholesky {
    fn name(&self) -> &str {
        "cholesky"
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let (x, _) = square("cholesky", inputs)?;
        Ok(one(x.clone().with_weak(false)))
    }

    /// dL = L Φ(L⁻¹ dA L⁻ᴴ), where Φ keeps the lower triangle and half the diagonal.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let l = cholesky(x[0])?;
        let dl = dx[0].map(&l.aval(), |dx| {
            let da = hermitian(dx, true)?;
            let left = Triangle { left_side: true, lower: true, ..Triangle::default() };
            let right = Triangle {
                lower: true,
                transpose_a: true,
                conjugate_a: l.dtype().is_complex(),
                ..Triangle::default()
            };
            let inner = triangular_solve(&l, &triangular_solve(&l, &da, right)?, left)?;
            matmul(&l, &half(&inner)?)
        })?;
        Ok((one(l), one(dl)))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        batch_stack(self.clone(), x[0], axes[0])
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel(kernels::linalg::Cholesky, x))
    }
}

impl Listed for Cholesky {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Cholesky)
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for dtype in FIELDS {
            for shape in [&[3, 3][..], &[2, 2, 2], &[0, 0], &[0, 2, 2], &[1, 1]] {
                let input = Input::new(shape, dtype, Domain::Definite);
                samples.push(Sample::new(Cholesky, [input]));
            }
        }
        samples
    }
}
