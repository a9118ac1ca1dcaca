//! `rev`: axes in reverse order.

use pullback_engine::kernels::view::View;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{check_axes, linear_jvp, linear_transpose};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Which axes are reversed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rev {
    /// Distinct axes.
    pub axes: Shape,
}

/// `x` with the axes given in reverse order.
pub fn rev(x: &Array, axes: &[usize]) -> Result<Array> {
    bind1(Rev { axes: axes.into() }, &[x])
}

impl Primitive for Rev {
    fn name(&self) -> &str {
        "rev"
    }

    fn params(&self) -> Params {
        vec![("dimensions", Param::sizes(&self.axes))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        check_axes(self.name(), &self.axes, x.rank())?;
        Ok(one(x.clone()))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    fn transpose(&self, ct: &[Cotangent], _: &[Operand]) -> Result<Cotangents> {
        linear_transpose(ct, |ct| rev(ct, &self.axes))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let mapped = axes[0].unwrap_or(0);
        let shifted: Vec<usize> =
            self.axes.iter().map(|&axis| axis + (axis >= mapped) as usize).collect();
        Ok((one(rev(x[0], &shifted)?), one(Some(mapped))))
    }

    fn for_one_entry(&self, lead: usize, _: &[Aval], _: &[Aval]) -> Option<Op> {
        self.axes.iter().all(|&axis| axis >= lead).then(|| self.clone().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(one(plan.view(View::Reverse(self.axes.clone()), x[0])))
    }
}

impl Listed for Rev {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Rev { axes: params.sizes("dimensions")? })
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], axes: &[usize], dtype| {
            Sample::new(Rev { axes: axes.into() }, [Input::real(shape, dtype)])
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[3], &[0], dtype),
                    sample(&[2, 3], &[1], dtype),
                    sample(&[0], &[0], dtype),
                    sample(&[1], &[0], dtype),
                ]
            })
            .collect()
    }
}
