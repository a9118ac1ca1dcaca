//! `slice`: a part of each axis, in steps.

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
use crate::primitives::rules::{number, pad};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots, one,
    with_one_entry,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Elements `start..limit` of every axis, in steps of `step`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slice {
    /// The first element of each axis.
    pub start: Shape,
    /// The end of each axis, not included.
    pub limit: Shape,
    /// The step along each axis; `None` is 1 everywhere.
    pub step: Option<Shape>,
}

/// Elements `start..limit` of every axis of `x`, in steps of `step`.
///
/// # Errors
/// If the bounds are not within `x`, or a step is zero.
pub fn slice(x: &Array, start: &[usize], limit: &[usize], step: Option<&[usize]>) -> Result<Array> {
    let step = step.filter(|step| step.iter().any(|&n| n != 1)).map(Shape::from);
    if step.is_none() && start.iter().all(|&n| n == 0) && limit == x.shape() {
        return Ok(x.clone());
    }
    bind1(Slice { start: start.into(), limit: limit.into(), step }, &[x])
}

impl Slice {
    fn step(&self) -> Shape {
        self.step.clone().unwrap_or_else(|| Shape::from_elem(1, self.start.len()))
    }
}

impl Primitive for Slice {
    fn name(&self) -> &str {
        "slice"
    }

    fn params(&self) -> Params {
        vec![
            ("limit_indices", Param::sizes(&self.limit)),
            ("start_indices", Param::sizes(&self.start)),
            ("strides", self.step.as_ref().map_or(Param::None, |step| Param::sizes(step))),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        let step = self.step();
        let rank = x.rank();
        let fits = self.start.len() == rank
            && self.limit.len() == rank
            && step.len() == rank
            && (0..rank).all(|a| {
                self.start[a] <= self.limit[a] && self.limit[a] <= x.shape[a] && step[a] > 0
            });
        if !fits {
            return Err(Error::type_error(
                self.name(),
                format!(
                    "start {}, limit {} and step {} do not fit an operand of shape {}",
                    ShapeText(&self.start),
                    ShapeText(&self.limit),
                    ShapeText(&step),
                    ShapeText(&x.shape)
                ),
            ));
        }
        let shape: Shape =
            (0..rank).map(|a| (self.limit[a] - self.start[a]).div_ceil(step[a])).collect();
        Ok(one(x.with_shape(&shape)))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    /// Zeros around and between.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let x = inputs[0].aval();
        let step = self.step();
        linear_transpose(ct, |ct| {
            let config: Vec<_> = (0..x.rank())
                .map(|a| {
                    let covered = match ct.shape()[a] {
                        0 => 0,
                        n => 1 + (n - 1) * step[a],
                    };
                    let after = x.shape[a] - self.start[a] - covered;
                    (self.start[a] as i64, after as i64, step[a] - 1)
                })
                .collect();
            pad(ct, &number(0.0, ct), &config)
        })
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let mapped = axes[0].unwrap_or(0);
        let (mut start, mut limit) = (self.start.clone(), self.limit.clone());
        let mut step = self.step();
        start.insert(mapped, 0);
        limit.insert(mapped, axis.size);
        step.insert(mapped, 1);
        Ok((one(slice(x[0], &start, &limit, Some(&step))?), one(Some(mapped))))
    }

    fn for_one_entry(&self, lead: usize, x: &[Aval], _: &[Aval]) -> Option<Op> {
        let step = self.step();
        let is_whole = |axis: usize| {
            (self.start[axis], self.limit[axis], step[axis]) == (0, x[0].shape[axis], 1)
        };
        let limit = with_one_entry(&self.limit, lead);
        (0..lead).all(is_whole).then(|| Slice { limit, ..self.clone() }.into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let view =
            View::Slice { start: self.start.clone(), limit: self.limit.clone(), step: self.step() };
        Ok(one(plan.view(view, x[0])))
    }
}

impl Listed for Slice {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Slice {
            start: params.sizes("start_indices")?,
            limit: params.sizes("limit_indices")?,
            step: params.optional_sizes("strides")?,
        })
    }

    fn samples() -> Vec<Sample> {
        let sample =
            |shape: &[usize], start: &[usize], limit: &[usize], step: Option<&[usize]>, dtype| {
                let op =
                    Slice { start: start.into(), limit: limit.into(), step: step.map(Shape::from) };
                Sample::new(op, [Input::real(shape, dtype)])
            };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[5], &[1], &[4], None, dtype),
                    sample(&[5, 4], &[0, 1], &[5, 4], Some(&[2, 3]), dtype),
                    sample(&[3], &[1], &[1], None, dtype),
                    sample(&[0], &[0], &[0], None, dtype),
                    sample(&[1], &[0], &[1], None, dtype),
                ]
            })
            .collect()
    }
}
