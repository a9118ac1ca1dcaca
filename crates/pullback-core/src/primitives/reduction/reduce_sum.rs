//! `reduce_sum`: the sum over axes.

use pullback_engine::kernels::reduce::ReduceOp;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::broadcast_in_dim;
use crate::primitives::structure::{check_axes, linear_jvp, linear_transpose};
use crate::primitives::unary::Accepts;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Sum over `axes`, which are sorted and distinct.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReduceSum {
    /// The axes that go.
    pub axes: Shape,
}

/// The sum of `x` over the axes given.
///
/// # Errors
/// If an axis is not there or named twice, or the elements are not numbers.
pub fn reduce_sum(x: &Array, axes: &[usize]) -> Result<Array> {
    if axes.is_empty() {
        return Ok(x.clone());
    }
    let mut axes: Shape = axes.into();
    axes.sort_unstable();
    bind1(ReduceSum { axes }, &[x])
}

/// What is left of a shape without `axes`.
pub(crate) fn without(shape: &[usize], axes: &[usize]) -> Shape {
    (0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).collect()
}

/// The axes that a mapped reduction goes over, and where its mapped axis comes to lie.
pub(crate) fn batched(axes: &[usize], mapped: usize) -> (Shape, usize) {
    let shifted: Shape = axes.iter().map(|&axis| axis + (axis >= mapped) as usize).collect();
    let to = mapped - shifted.iter().filter(|&&axis| axis < mapped).count();
    (shifted, to)
}

impl Primitive for ReduceSum {
    fn name(&self) -> &str {
        "reduce_sum"
    }

    fn params(&self) -> Params {
        vec![("axes", Param::sizes(&self.axes)), ("out_sharding", Param::None)]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        Accepts::Number.check(self.name(), x.dtype)?;
        check_axes(self.name(), &self.axes, x.rank())?;
        Ok(one(x.with_shape(&without(&x.shape, &self.axes))))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    /// Every element gets the cotangent of the sum it went into.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let x = inputs[0].aval();
        let kept: Vec<usize> = (0..x.rank()).filter(|axis| !self.axes.contains(axis)).collect();
        linear_transpose(ct, |ct| broadcast_in_dim(ct, &x.shape, &kept))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let (shifted, to) = batched(&self.axes, axes[0].unwrap_or(0));
        Ok((one(reduce_sum(x[0], &shifted)?), one(Some(to))))
    }

    fn widens(&self) -> bool {
        true
    }

    fn reduction(&self) -> Option<(ReduceOp, &[usize])> {
        Some((ReduceOp::Sum, &self.axes))
    }

    fn for_one_entry(&self, lead: usize, _: &[Aval], _: &[Aval]) -> Option<Op> {
        self.axes.iter().all(|&axis| axis >= lead).then(|| self.clone().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], inputs: &[Aval], _: &[Aval]) -> Result<Slots> {
        plan.reduction(ReduceOp::Sum, &self.axes, x[0], &inputs[0])
    }
}

impl Listed for ReduceSum {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(ReduceSum { axes: params.sizes("axes")? })
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], axes: &[usize], dtype| {
            Sample::new(ReduceSum { axes: axes.into() }, [Input::real(shape, dtype)])
        };
        let numbers = DType::NUMERIC.iter().filter(|&&dtype| Accepts::Number.has(dtype));
        numbers
            .flat_map(|&dtype| {
                [
                    sample(&[3], &[0], dtype),
                    sample(&[2, 3, 4], &[1], dtype),
                    sample(&[2, 3, 4], &[0, 2], dtype),
                    sample(&[2, 0], &[1], dtype),
                    sample(&[1], &[0], dtype),
                ]
            })
            .collect()
    }
}
