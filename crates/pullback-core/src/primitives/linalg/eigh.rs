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
        if !plan.is_used(0) {
            let values = plan.kernel(kernels::linalg::Eigh { vectors: false }, &[matrix])[0];
            return Ok([values, values].into_iter().collect());
        }
        Ok(plan.kernel_many(kernels::linalg::Eigh { vectors: true }, &[matrix], 2))
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
                    // Signs and phases of vectors are free, and may jump.
                    samples.push(sample.jumping());
                }
            }
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::linalg::{conjugated, of_columns};
    use crate::primitives::rules::{real, reduce_sum, square as squared, sub};
    use crate::transforms::jvp;
    use pullback_engine::DType;

    /// A³ by way of the decomposition: it does not depend on signs and phases.
    fn cube(x: &Array, lower: bool) -> Result<Array> {
        let [v, w] = eigh(x, lower)?;
        let w = in_type(&mul(&w, &squared(&w)?)?, v.dtype())?;
        matmul(&mul(&v, &of_columns(&w, v.shape())?)?, &adjoint(&v)?)
    }

    fn direct(x: &Array, lower: bool) -> Result<Array> {
        let x = hermitian(x, lower)?;
        matmul(&matmul(&x, &x)?, &x)
    }

    fn norm(x: &Array) -> f64 {
        let square = mul(x, &conjugated(x).unwrap()).unwrap();
        let square = if x.dtype().is_complex() { real(&square).unwrap() } else { square };
        reduce_sum(&square, &(0..x.rank()).collect::<Vec<_>>()).unwrap().to_f64().unwrap()
    }

    #[test]
    fn functions_of_the_whole_have_the_derivatives_they_should() {
        for dtype in [DType::F64, DType::C128] {
            for shape in [&[3, 3][..], &[2, 2, 2], &[1, 1]] {
                let array = |seed| Input::real(shape, dtype).array(seed).unwrap();
                let (x, dx) = ([array(1)], array(2));
                for lower in [false, true] {
                    let dx = || vec![Tangent::Value(dx.clone())];
                    let (y, dy) = jvp(|x| Ok(vec![cube(&x[0], lower)?]), &x, dx()).unwrap();
                    let (z, dz) = jvp(|x| Ok(vec![direct(&x[0], lower)?]), &x, dx()).unwrap();
                    let (dy, dz) = (dy[0].instantiate().unwrap(), dz[0].instantiate().unwrap());
                    assert!(norm(&sub(&y[0], &z[0]).unwrap()) < 1e-20 * norm(&z[0]));
                    assert!(
                        norm(&sub(&dy, &dz).unwrap()) < 1e-18 * norm(&dz),
                        "{dtype} {shape:?} {lower}"
                    );
                }
            }
        }
    }
}
