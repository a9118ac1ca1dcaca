//! `lu`: lower and upper triangular factors of matrices with their rows exchanged.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::triangular_solve::{Triangle, triangular_solve};
use super::{
    FIELDS, batch_stack, block, identity_like, lower_part, matmul, matrix, stacked, upper_part,
};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::lower::Lowering;
use crate::primitives::indexing::gather::{Gather, GatherDims, IndexMode};
use crate::primitives::rules::{add, expand_dims, number, pad};
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{bind, bind1};

/// `P A = L U`. The results are both factors in one matrix, without the unit diagonal of `L`; the
/// row that each row was exchanged with; and the permutation that the exchanges make.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lu;

/// The factors, the exchanges and the permutations of the matrices in the last two axes of `x`.
///
/// # Errors
/// If there are no such axes, or the elements are neither floating nor complex.
pub fn lu(x: &Array) -> Result<[Array; 3]> {
    let wrong = |_| Error::Program { message: "'lu' must have three results".into() };
    bind(Lu, &[x])?.into_vec().try_into().map_err(wrong)
}

/// The rows of `x` in the order of `permutation`, stack by stack.
///
/// # Errors
/// If the permutations are not those of a stack like `x`.
pub fn permuted_rows(x: &Array, permutation: &Array) -> Result<Array> {
    let stack: Shape = (0..x.rank() - 2).collect();
    let rows = x.rank() - 2;
    let dims = GatherDims {
        offset_dims: [rows + 1].into_iter().collect(),
        collapsed_slice_dims: [rows].into_iter().collect(),
        start_index_map: [rows].into_iter().collect(),
        operand_batching_dims: stack.clone(),
        start_indices_batching_dims: stack,
    };
    let mut sizes: Shape = x.shape().iter().map(|&size| size.min(1)).collect();
    sizes[rows + 1] = x.shape()[rows + 1];
    let vectors = expand_dims(permutation, &[permutation.rank()])?;
    bind1(Gather::new(dims, sizes, IndexMode::PromiseInBounds), &[x, &vectors])
}

/// Square matrices of size `size` with those of `x` in the corner, and zeros around.
fn cornered(x: &Array, size: usize) -> Result<Array> {
    let rank = x.rank();
    let mut config = vec![(0, 0, 0); rank];
    for axis in [rank - 2, rank - 1] {
        config[axis].1 = size as i64 - x.shape()[axis] as i64;
    }
    pad(x, &number(0.0, x), &config)
}

/// The tangent of the factors: with `M = L⁻¹ P dA U⁻¹`, dL = L tril(M) without the diagonal, and
/// dU = triu(M) U. Factors that are not square are completed with ones on the diagonal.
fn tangent(lu: &Array, permutation: &Array, da: &Array) -> Result<Array> {
    let (m, n) = (lu.shape()[lu.rank() - 2], lu.shape()[lu.rank() - 1]);
    let k = m.min(n);
    let below = lower_part(&cornered(&block(lu, [0, m], [0, k])?, m)?, false)?;
    let l = add(&below, &identity_like(&below)?)?;
    let above = upper_part(&cornered(&block(lu, [0, k], [0, n])?, n)?, true)?;
    let ones = identity_like(&above)?;
    // Ones only where the factor has no diagonal of its own.
    let own = cornered(&block(&ones, [0, k], [0, k])?, n)?;
    let u = add(&above, &crate::primitives::rules::sub(&ones, &own)?)?;
    let left =
        Triangle { left_side: true, lower: true, unit_diagonal: true, ..Triangle::default() };
    let solved = triangular_solve(&l, &permuted_rows(da, permutation)?, left)?;
    let inner = triangular_solve(&u, &solved, Triangle::default())?;
    let dl = matmul(&l, &lower_part(&inner, false)?)?;
    let du = matmul(&upper_part(&inner, true)?, &u)?;
    add(&dl, &du)
}

impl Primitive for Lu {
    fn name(&self) -> &str {
        "lu"
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let (x, m, n) = matrix("lu", inputs)?;
        let index = |size| stacked(x, &[size], DType::I32);
        Ok([x.clone().with_weak(false), index(m.min(n)), index(m)].into_iter().collect())
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let [factors, pivots, permutation] = lu(x[0])?;
        let dlu = dx[0].map(&factors.aval(), |da| tangent(&factors, &permutation, da))?;
        let flat = [Tangent::zero(&pivots), Tangent::zero(&permutation)];
        let tangents = [dlu].into_iter().chain(flat).collect();
        Ok(([factors, pivots, permutation].into_iter().collect(), tangents))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        batch_stack(self.clone(), x[0], axes[0])
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel_many(kernels::linalg::Lu, x, 3))
    }
}

impl Listed for Lu {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Lu)
    }

    fn samples() -> Vec<Sample> {
        let shapes: [&[usize]; 7] =
            [&[3, 3], &[2, 3], &[4, 2], &[2, 2, 2], &[0, 2], &[0, 2, 2], &[1, 1]];
        let mut samples = vec![];
        for dtype in FIELDS {
            for shape in shapes {
                samples.push(Sample::new(Lu, [Input::real(shape, dtype)]));
            }
        }
        samples
    }
}
