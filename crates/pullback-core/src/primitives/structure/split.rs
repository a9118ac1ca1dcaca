//! `split`: an array cut into parts along one axis.

use pullback_engine::kernels::view::View;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{check_axes, concatenate::concatenate};
use crate::array::{Array, Arrays};
use crate::aval::{Aval, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::zeros;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};

/// The parts of an array, one result each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Split {
    /// The sizes of the parts along the axis, which add up to that of the whole.
    pub sizes: Shape,
    /// The axis.
    pub axis: usize,
}

/// The parts of `x`, of the sizes given, one after another along `axis`.
///
/// # Errors
/// If the axis is not there, or the sizes do not add up to its size.
pub fn split(x: &Array, sizes: &[usize], axis: usize) -> Result<Arrays> {
    bind(Split { sizes: sizes.into(), axis }, &[x])
}

impl Split {
    fn part(&self, x: &[usize], size: usize) -> Shape {
        let mut shape = Shape::from_slice(x);
        shape[self.axis] = size;
        shape
    }
}

impl Primitive for Split {
    fn name(&self) -> &str {
        "split"
    }

    fn params(&self) -> Params {
        vec![("axis", Param::Int(self.axis as i64)), ("sizes", Param::sizes(&self.sizes))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        check_axes(self.name(), &[self.axis], x.rank())?;
        let total = self.sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size));
        if total != Some(x.shape[self.axis]) {
            return Err(Error::value_error(
                self.name(),
                format!(
                    "sum of sizes {} must be equal to dimension {} of the operand shape {}",
                    ShapeText(&self.sizes),
                    self.axis,
                    ShapeText(&x.shape)
                ),
            ));
        }
        Ok(self.sizes.iter().map(|&size| x.with_shape(&self.part(&x.shape, size))).collect())
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind(self.clone(), x)?;
        let dy = match &dx[0] {
            Tangent::Value(dx) if y.iter().any(|y| y.aval().is_differentiable()) => {
                bind(self.clone(), &[dx])?.into_iter().map(Tangent::Value).collect()
            }
            _ => y.iter().map(Tangent::zero).collect(),
        };
        Ok((y, dy))
    }

    /// The cotangents of the parts one after another.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let x = inputs[0].aval();
        let parts = ct
            .iter()
            .zip(&self.sizes)
            .map(|(ct, &size)| match ct {
                Some(ct) => Ok(ct.clone()),
                None => zeros(&x.with_shape(&self.part(&x.shape, size))),
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(one(Some(concatenate(&parts.iter().collect::<Vec<_>>(), self.axis)?)))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let mapped = axes[0].unwrap_or(0);
        let axis = self.axis + (self.axis >= mapped) as usize;
        let y = split(x[0], &self.sizes, axis)?;
        let axes = BatchAxes::from_elem(Some(mapped), y.len());
        Ok((y, axes))
    }

    fn for_one_entry(&self, lead: usize, _: &[Aval], _: &[Aval]) -> Option<Op> {
        (self.axis >= lead).then(|| self.clone().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], i: &[Aval], _: &[Aval]) -> Result<Slots> {
        let mut end = 0;
        let parts = self.sizes.iter().map(|&size| {
            let mut start = Shape::from_elem(0, i[0].rank());
            start[self.axis] = end;
            end += size;
            let limit = self.part(&i[0].shape, end);
            let step = Shape::from_elem(1, i[0].rank());
            plan.view(View::Slice { start, limit, step }, x[0])
        });
        Ok(parts.collect())
    }
}

impl Listed for Split {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Split { sizes: params.sizes("sizes")?, axis: params.size("axis")? })
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], sizes: &[usize], axis, dtype| {
            Sample::new(Split { sizes: sizes.into(), axis }, [Input::real(shape, dtype)])
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[5], &[2, 3], 0, dtype),
                    sample(&[2, 6], &[1, 0, 3, 2], 1, dtype),
                    sample(&[0, 2], &[1, 1], 1, dtype),
                    sample(&[1], &[1], 0, dtype),
                ]
            })
            .collect()
    }
}
