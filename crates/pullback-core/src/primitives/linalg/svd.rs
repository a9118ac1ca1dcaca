//! `svd`: singular values and vectors of matrices.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;

use super::{
    FIELDS, adjoint, batch_stack, block, diagonal, diagonal_part, in_type, inverse_differences,
    matmul, matrix, of_columns, of_rows, real_part, stacked,
};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{
    add, concatenate, div, eq, mul, neg, number, one as unit, select, square, sub, zeros_like,
};
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};

/// `A = U diag(s) Vᴴ`. The results are the singular values in falling order and, if asked for,
/// `U` and `Vᴴ`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Svd {
    /// Whether `U` and `Vᴴ` are square.
    pub full_matrices: bool,
    /// Whether to compute more than the singular values.
    pub compute_uv: bool,
}

/// The singular values, and if asked for the singular vectors, of the matrices in the last two
/// axes of `x`.
///
/// # Errors
/// If there are no such axes, or the elements are neither floating nor complex.
pub fn svd(x: &Array, full_matrices: bool, compute_uv: bool) -> Result<Arrays> {
    bind(Svd { full_matrices, compute_uv }, &[x])
}

/// The tangents of the singular values, of `U` and of `V`, without any columns that belong to no
/// singular value (J. Townsend 2016, "Differentiating the singular value decomposition").
fn tangents(s: &Array, u: &Array, v: &Array, da: &Array) -> Result<[Array; 3]> {
    let dtype = da.dtype();
    let (u_adjoint, rank) = (adjoint(u)?, da.rank());
    let inner = matmul(&matmul(&u_adjoint, da)?, v)?;
    let ds = real_part(&diagonal(&inner)?)?;

    // F_ij = 1 / (s_j² - s_i²).
    let f = in_type(&inverse_differences(&square(s)?)?, dtype)?;
    let s = in_type(s, dtype)?;
    let by_columns = mul(&inner, &of_columns(&s, inner.shape())?)?;
    let by_rows = mul(&inner, &of_rows(&s, inner.shape())?)?;
    let turn_u = mul(&f, &add(&by_columns, &adjoint(&by_columns)?)?)?;
    let turn_v = mul(&f, &add(&by_rows, &adjoint(&by_rows)?)?)?;

    let is_zero = eq(&s, &zeros_like(&s)?)?;
    let inverse = div(&unit(&s), &select(&is_zero, &of_ones(&s)?, &s)?)?;
    let inverse = select(&is_zero, &zeros_like(&s)?, &inverse)?;
    let turn_u = match dtype.is_complex() {
        true => {
            // The phases of U and V are free together; all of their change is given to U.
            let phase = diagonal_part(&inner)?;
            let phase = sub(&phase, &adjoint(&phase)?)?;
            let phase = mul(&phase, &of_columns(&inverse, inner.shape())?)?;
            add(&turn_u, &mul(&phase, &number(0.5, &phase))?)?
        }
        false => turn_u,
    };
    let mut du = matmul(u, &turn_u)?;
    let mut dv = matmul(v, &turn_v)?;
    let (m, n, k) = (da.shape()[rank - 2], da.shape()[rank - 1], s.shape()[s.rank() - 1]);
    if m > k {
        let image = matmul(da, v)?;
        let beyond = sub(&image, &matmul(u, &matmul(&u_adjoint, &image)?)?)?;
        du = add(&du, &mul(&beyond, &of_columns(&inverse, beyond.shape())?)?)?;
    }
    if n > k {
        let image = matmul(&adjoint(da)?, u)?;
        let beyond = sub(&image, &matmul(v, &matmul(&adjoint(v)?, &image)?)?)?;
        dv = add(&dv, &mul(&beyond, &of_columns(&inverse, beyond.shape())?)?)?;
    }
    Ok([ds, du, dv])
}

fn of_ones(x: &Array) -> Result<Array> {
    crate::primitives::rules::broadcast_to(&unit(x), x.shape())
}

/// The tangent of orthonormal columns completed to a basis, from that of the first of them. The
/// further columns are any that complete it; they turn only as they have to.
fn completed(whole: &Array, first: &Array, dfirst: &Array) -> Result<Array> {
    let rank = whole.rank();
    let (m, n, k) = (whole.shape()[rank - 2], whole.shape()[rank - 1], first.shape()[rank - 1]);
    if n == k {
        return Ok(dfirst.clone());
    }
    let further = block(whole, [0, m], [k, n])?;
    let turned = neg(&matmul(first, &matmul(&adjoint(dfirst)?, &further)?)?)?;
    concatenate(&[dfirst, &turned], rank - 1)
}

impl Primitive for Svd {
    fn name(&self) -> &str {
        "svd"
    }

    fn params(&self) -> Params {
        vec![
            ("algorithm", Param::None),
            ("compute_uv", Param::Bool(self.compute_uv)),
            ("full_matrices", Param::Bool(self.full_matrices)),
            ("subset_by_index", Param::None),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let (x, m, n) = matrix("svd", inputs)?;
        let k = m.min(n);
        let s = stacked(x, &[k], x.dtype.real());
        if !self.compute_uv {
            return Ok(crate::primitives::one(s));
        }
        let (of_u, of_v) = if self.full_matrices { (m, n) } else { (k, k) };
        let (u, vt) = (stacked(x, &[m, of_u], x.dtype), stacked(x, &[of_v, n], x.dtype));
        Ok([s, u, vt].into_iter().collect())
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = svd(x[0], self.full_matrices && self.compute_uv, true)?;
        let (s, u, vt) = (&y[0], &y[1], &y[2]);
        let [m, n] = [u.shape()[u.rank() - 2], vt.shape()[vt.rank() - 1]];
        let mut dy: Tangents = match &dx[0] {
            Tangent::Zero(_) => y.iter().map(Tangent::zero).collect(),
            Tangent::Value(dx) => {
                let (k, v) = (m.min(n), adjoint(vt)?);
                let first_u = block(u, [0, m], [0, k])?;
                let first_v = block(&v, [0, n], [0, k])?;
                let [ds, du, dv] = tangents(s, &first_u, &first_v, dx)?;
                let du = completed(u, &first_u, &du)?;
                let dvt = adjoint(&completed(&v, &first_v, &dv)?)?;
                [ds, du, dvt].into_iter().map(Tangent::Value).collect()
            }
        };
        let mut y = y;
        if !self.compute_uv {
            y.truncate(1);
            dy.truncate(1);
        }
        Ok((y, dy))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        batch_stack(self.clone(), x[0], axes[0])
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], y: &[Aval]) -> Result<Slots> {
        let Svd { full_matrices: full, compute_uv } = *self;
        Ok(plan.kernel_many(kernels::linalg::Svd { full, compute_uv }, x, y.len()))
    }
}

impl Listed for Svd {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Svd {
            full_matrices: params.bool("full_matrices")?,
            compute_uv: params.bool("compute_uv")?,
        })
    }

    fn samples() -> Vec<Sample> {
        let shapes: [&[usize]; 7] =
            [&[3, 3], &[2, 3], &[4, 2], &[2, 3, 2], &[0, 2], &[0, 2, 2], &[1, 1]];
        let mut samples = vec![];
        for dtype in FIELDS {
            for shape in shapes {
                for (full_matrices, compute_uv) in [(false, true), (true, true), (true, false)] {
                    let op = Svd { full_matrices, compute_uv };
                    let sample = Sample::new(op, [Input::real(shape, dtype)]);
                    // Signs and phases of vectors are free, and may jump.
                    samples.push(if compute_uv { sample.jumping() } else { sample });
                }
            }
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::linalg::conjugated;
    use crate::primitives::rules::{real, reduce_sum};
    use crate::transforms::jvp;
    use pullback_engine::DType;

    /// A Aᴴ A by way of the decomposition: it does not depend on signs and phases.
    fn cube(x: &Array, full_matrices: bool) -> Result<Array> {
        let y = svd(x, full_matrices, true)?;
        let (s, rank) = (in_type(&y[0], x.dtype())?, x.rank());
        let (m, n) = (x.shape()[rank - 2], x.shape()[rank - 1]);
        let k = m.min(n);
        let u = block(&y[1], [0, m], [0, k])?;
        let vt = block(&y[2], [0, k], [0, n])?;
        let scaled = mul(&u, &of_columns(&mul(&s, &square(&s)?)?, u.shape())?)?;
        matmul(&scaled, &vt)
    }

    fn direct(x: &Array) -> Result<Array> {
        matmul(&matmul(x, &adjoint(x)?)?, x)
    }

    fn norm(x: &Array) -> f64 {
        let square = mul(x, &conjugated(x).unwrap()).unwrap();
        let square = if x.dtype().is_complex() { real(&square).unwrap() } else { square };
        reduce_sum(&square, &(0..x.rank()).collect::<Vec<_>>()).unwrap().to_f64().unwrap()
    }

    #[test]
    fn functions_of_the_whole_have_the_derivatives_they_should() {
        for dtype in [DType::F64, DType::C128] {
            for shape in [&[3, 3][..], &[4, 2], &[2, 4], &[2, 3, 2]] {
                let array = |seed| Input::real(shape, dtype).array(seed).unwrap();
                let (x, dx) = (array(1), array(2));
                for full in [false, true] {
                    let dx = || vec![Tangent::Value(dx.clone())];
                    let x = [x.clone()];
                    let (y, dy) = jvp(|x| Ok(vec![cube(&x[0], full)?]), &x, dx()).unwrap();
                    let (z, dz) = jvp(|x| Ok(vec![direct(&x[0])?]), &x, dx()).unwrap();
                    let (dy, dz) = (dy[0].instantiate().unwrap(), dz[0].instantiate().unwrap());
                    assert!(norm(&sub(&y[0], &z[0]).unwrap()) < 1e-20 * norm(&z[0]));
                    assert!(
                        norm(&sub(&dy, &dz).unwrap()) < 1e-18 * norm(&dz),
                        "{dtype} {shape:?} {full}"
                    );
                }
            }
        }
    }
}
