//! `eigh`: eigenvectors and eigenvalues of Hermitian matrices.

use pullback_engine::kernels;
use pullback_engine::kernels::view::View;
use pullback_engine::plan::Slot;
use pullback_engine::tile::ScalarOp;

use super::{
    FIELDS, adjoint, batch_stack, diagonal, hermitian, in_type, inverse_differences, matmul,
    real_part, square, stacked,
};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::mul;
use crate::primitives::{Avals, Domain, Input, Listed, Primitive, Sample, Slots};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};

/// `A V = V diag(w)`. The results are the eigenvectors, as columns, and the eigenvalues in rising
/// order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eigh {
    /// Which triangle of the matrix is read.
    pub lower: bool,
}

/// The eigenvectors and eigenvalues of the Hermitian matrices in the last two axes of `x`.
///
/// # Errors
/// If the matrices are not square, or their elements neither floating nor complex.
pub fn eigh(x: &Array, lower: bool) -> Result<[Array; 2]> {
    let wrong = |_| Error::Program { message: "'eigh' must have two results".into() };
    bind(Eigh { lower }, &[x])?.into_vec().try_into().map_err(wrong)
}

impl Primitive for Eigh {
    fn name(&self) -> &str {
        "eigh"
    }

    fn params(&self) -> Params {
        vec![
            ("algorithm", Param::None),
            ("lower", Param::Bool(self.lower)),
            ("sort_eigenvalues", Param::Bool(true)),
            ("subset_by_index", Param::None),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let (x, n) = square("eigh", inputs)?;
        Ok([stacked(x, &[n, n], x.dtype), stacked(x, &[n], x.dtype.real())].into_iter().collect())
    }

    /// With M = Vᴴ dA V: dw is the diagonal of M, and dV = V (F ∘ M) with
    /// F_ij = 1 / (w_j - w_i).
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let [v, w] = eigh(x[0], self.lower)?;
        let tangents = match &dx[0] {
            Tangent::Zero(_) => [Tangent::zero(&v), Tangent::zero(&w)],
            Tangent::Value(dx) => {
                let da = hermitian(dx, self.lower)?;
                let inner = matmul(&matmul(&adjoint(&v)?, &da)?, &v)?;
                let f = in_type(&inverse_differences(&w)?, v.dtype())?;
                let dv = matmul(&v, &mul(&f, &inner)?)?;
                [Tangent::Value(dv), Tangent::Value(real_part(&diagonal(&inner)?)?)]
            }
        };
        Ok(([v, w].into_iter().collect(), tangents.into_iter().collect()))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        batch_stack(self.clone(), x[0], axes[0])
    }

    /// The kernel reads the lower triangle, which is the upper one of the adjoint.
    fn lower(&self, plan: &mut Lowering, x: &[Slot], i: &[Aval], _: &[Aval]) -> Result<Slots> {
        let mut matrix = x[0];
        if !self.lower {
            let rank = i[0].rank();
            let mut order: pullback_engine::Shape = (0..rank).collect();
            order.swap(rank - 2, rank - 1);
            matrix = plan.view(View::Transpose(order), matrix);
            if i[0].dtype.is_complex() {
                matrix = plan.elementwise(ScalarOp::Conj, &[matrix], &i[..1], &i[0])?[0];
            }
        }
        Ok(plan.kernel_many(kernels::linalg::Eigh, &[matrix], 2))
    }
}

impl Listed for Eigh {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Eigh { lower: params.bool("lower")? })
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for dtype in FIELDS {
            for shape in [&[3, 3][..], &[2, 2, 2], &[0, 0], &[0, 2, 2], &[1, 1]] {
                for lower in [true, false] {
                    let input = Input::new(shape, dtype, Domain::Definite);
                    let sample = Sample::new(Eigh { lower }, [input]);
                    // The phases of complex vectors are free.
                    samples.push(if dtype.is_complex() { sample.jumping() } else { sample });
                }
            }
        }
        samples
    }
}
