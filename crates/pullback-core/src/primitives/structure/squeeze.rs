//! `squeeze`: axes of size 1 taken away.

use pullback_engine::kernels::view::View;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{check_axes, expand_dims, linear_jvp, linear_transpose};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Which axes go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Squeeze {
    /// Axes of size 1, increasing.
    pub axes: Shape,
}

/// `x` without the axes given, which have size 1.
///
/// # Errors
/// If an axis is not there, or has another size.
pub fn squeeze(x: &Array, axes: &[usize]) -> Result<Array> {
    if axes.is_empty() {
        return Ok(x.clone());
    }
    let mut axes: Shape = axes.into();
    axes.sort_unstable();
    bind1(Squeeze { axes }, &[x])
}

impl Squeeze {
    fn shape(&self, x: &[usize]) -> Shape {
        let kept = |axis: &usize| !self.axes.contains(axis);
        (0..x.len()).filter(kept).map(|axis| x[axis]).collect()
    }
}

impl Primitive for Squeeze {
    fn name(&self) -> &str {
        "squeeze"
    }

    fn params(&self) -> Params {
        vec![("dimensions", Param::sizes(&self.axes))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        check_axes(self.name(), &self.axes, x.rank())?;
        if self.axes.iter().any(|&axis| x.shape[axis] != 1) {
            return Err(Error::value_error(
                self.name(),
                format!(
                    "cannot select an axis to squeeze out which has size not equal to one, \
                     got {x} and axes {:?}",
                    &self.axes[..]
                ),
            ));
        }
        Ok(one(x.with_shape(&self.shape(&x.shape))))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    fn transpose(&self, ct: &[Cotangent], _: &[Operand]) -> Result<Cotangents> {
        linear_transpose(ct, |ct| expand_dims(ct, &self.axes))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let mapped = axes[0].unwrap_or(0);
        let kept: Vec<usize> =
            (0..x[0].rank() - 1).filter(|axis| !self.axes.contains(axis)).collect();
        let to = kept.iter().filter(|&&axis| axis < mapped).count();
        let shifted: Vec<usize> =
            self.axes.iter().map(|&axis| axis + (axis >= mapped) as usize).collect();
        Ok((one(squeeze(x[0], &shifted)?), one(Some(to))))
    }

    fn for_one_entry(&self, lead: usize, _: &[Aval], _: &[Aval]) -> Option<Op> {
        self.axes.iter().all(|&axis| axis >= lead).then(|| self.clone().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], y: &[Aval]) -> Result<Slots> {
        Ok(one(plan.view(View::Reshape(y[0].shape.clone()), x[0])))
    }
}

impl Listed for Squeeze {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Squeeze { axes: params.sizes("dimensions")? })
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], axes: &[usize], dtype| {
            Sample::new(Squeeze { axes: axes.into() }, [Input::real(shape, dtype)])
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[1], &[0], dtype),
                    sample(&[2, 1, 3, 1], &[1, 3], dtype),
                    sample(&[1, 0], &[0], dtype),
                ]
            })
            .collect()
    }
}
