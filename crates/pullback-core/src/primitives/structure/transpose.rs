//! `transpose`: the axes in another order.

use pullback_engine::kernels::view::View;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{check_axes, linear_jvp, linear_transpose};
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

/// Axis `i` of the result is axis `permutation[i]` of the operand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transpose {
    /// Every axis once.
    pub permutation: Shape,
}

/// `x` with the axes in the order given.
///
/// # Errors
/// If `permutation` does not name every axis once.
pub fn transpose(x: &Array, permutation: &[usize]) -> Result<Array> {
    if permutation.len() == x.rank() && permutation.iter().enumerate().all(|(i, &axis)| i == axis) {
        return Ok(x.clone());
    }
    bind1(Transpose { permutation: permutation.into() }, &[x])
}

impl Primitive for Transpose {
    fn name(&self) -> &str {
        "transpose"
    }

    fn params(&self) -> Params {
        vec![("permutation", Param::sizes(&self.permutation))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        check_axes(self.name(), &self.permutation, x.rank())?;
        if self.permutation.len() != x.rank() {
            return Err(Error::type_error(
                self.name(),
                format!(
                    "permutation {:?} is not one of the {} axes of {x}",
                    &self.permutation[..],
                    x.rank()
                ),
            ));
        }
        let shape: Shape = self.permutation.iter().map(|&axis| x.shape[axis]).collect();
        Ok(one(x.with_shape(&shape)))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    fn transpose(&self, ct: &[Cotangent], _: &[Operand]) -> Result<Cotangents> {
        let mut inverse = Shape::from_elem(0, self.permutation.len());
        for (to, &from) in self.permutation.iter().enumerate() {
            inverse[from] = to;
        }
        linear_transpose(ct, |ct| transpose(ct, &inverse))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let mapped = axes[0].unwrap_or(0);
        let shifted = self.permutation.iter().map(|&axis| axis + (axis >= mapped) as usize);
        let permutation: Shape = [mapped].into_iter().chain(shifted).collect();
        Ok((one(transpose(x[0], &permutation)?), one(Some(0))))
    }

    fn for_one_entry(&self, lead: usize, _: &[Aval], _: &[Aval]) -> Option<Op> {
        let is_kept = |axis| self.permutation.get(axis) == Some(&axis);
        (0..lead).all(is_kept).then(|| self.clone().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(one(plan.view(View::Transpose(self.permutation.clone()), x[0])))
    }
}

impl Listed for Transpose {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Transpose { permutation: params.sizes("permutation")? })
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], permutation: &[usize], dtype| {
            let op = Transpose { permutation: permutation.into() };
            Sample::new(op, [Input::real(shape, dtype)])
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[2, 3], &[1, 0], dtype),
                    sample(&[2, 3, 4], &[2, 0, 1], dtype),
                    sample(&[0, 3], &[1, 0], dtype),
                    sample(&[1, 3], &[1, 0], dtype),
                ]
            })
            .collect()
    }
}
