//! `reshape`: the same elements, in row-major order, under another shape.

use pullback_engine::kernels::view::View;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{linear_jvp, linear_transpose};
use crate::array::{Array, Arrays};
use crate::aval::{Aval, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::move_axis;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots, one,
    with_one_entry,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// The shape of the result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reshape {
    /// As many elements as the operand has.
    pub shape: Shape,
}

/// The elements of `x` in row-major order under another shape.
///
/// # Errors
/// If the shapes do not have the same number of elements.
pub fn reshape(x: &Array, shape: &[usize]) -> Result<Array> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    bind1(Reshape { shape: shape.into() }, &[x])
}

impl Primitive for Reshape {
    fn name(&self) -> &str {
        "reshape"
    }

    fn params(&self) -> Params {
        vec![
            ("dimensions", Param::None),
            ("new_sizes", Param::sizes(&self.shape)),
            ("sharding", Param::None),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        if pullback_engine::layout::checked_count(&self.shape) != Some(x.count()) {
            return Err(Error::type_error(
                self.name(),
                format!(
                    "cannot reshape array of shape {} (size {}) into shape {} (size {})",
                    ShapeText(&x.shape),
                    x.count(),
                    ShapeText(&self.shape),
                    self.shape.iter().map(|&n| n as u128).product::<u128>()
                ),
            ));
        }
        Ok(one(x.with_shape(&self.shape)))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        linear_transpose(ct, |ct| reshape(ct, &inputs[0].aval().shape))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let x = move_axis(x[0], axes[0].unwrap_or(0), 0)?;
        let shape: Shape = [axis.size].into_iter().chain(self.shape.iter().copied()).collect();
        Ok((one(reshape(&x, &shape)?), one(Some(0))))
    }

    fn for_one_entry(&self, lead: usize, x: &[Aval], _: &[Aval]) -> Option<Op> {
        let shape = with_one_entry(&self.shape, lead);
        let fits = x[0].shape.get(..lead) == self.shape.get(..lead);
        fits.then(|| Reshape { shape }.into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(one(plan.view(View::Reshape(self.shape.clone()), x[0])))
    }
}

impl Listed for Reshape {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Reshape { shape: params.sizes("new_sizes")? })
    }

    fn samples() -> Vec<Sample> {
        let sample = |from: &[usize], to: &[usize], dtype| {
            Sample::new(Reshape { shape: to.into() }, [Input::real(from, dtype)])
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[2, 3], &[3, 2], dtype),
                    sample(&[2, 3], &[6], dtype),
                    sample(&[1], &[], dtype),
                    sample(&[0, 3], &[2, 0], dtype),
                ]
            })
            .collect()
    }
}
