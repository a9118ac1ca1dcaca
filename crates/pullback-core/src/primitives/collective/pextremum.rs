//! `pmax` and `pmin`: the greatest and the least of the entries of mapped axes.

use pullback_engine::plan::Slot;

use super::psum::psum;
use super::{AxisNames, axis_size, names_param, others, read_names, unbound};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{
    broadcast_like, convert_element_type, div, eq, mul, reduce_max, reduce_min,
};
use crate::primitives::{Avals, Listed, Primitive, Sample, Slots, one, operand_count};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{AxisName, bind1};

/// The greatest or the least over the entries of the axes named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PExtremum {
    /// The axes, distinct.
    pub axes: AxisNames,
    /// Whether the greatest is meant.
    pub greatest: bool,
}

/// The greatest of the entries of `x` over the mapped axes named; every entry gets it.
///
/// # Errors
/// If an axis of that name is not being mapped.
pub fn pmax(x: &Array, axes: &[AxisName]) -> Result<Array> {
    extremum(x, axes, true)
}

/// The least of the entries of `x` over the mapped axes named; every entry gets it.
///
/// # Errors
/// If an axis of that name is not being mapped.
pub fn pmin(x: &Array, axes: &[AxisName]) -> Result<Array> {
    extremum(x, axes, false)
}

fn extremum(x: &Array, axes: &[AxisName], greatest: bool) -> Result<Array> {
    for name in axes {
        axis_size(if greatest { "pmax" } else { "pmin" }, name)?;
    }
    if axes.is_empty() || x.tensor().is_some() {
        return Ok(x.clone());
    }
    bind1(PExtremum { axes: axes.into(), greatest }, &[x])
}

impl Primitive for PExtremum {
    fn name(&self) -> &str {
        if self.greatest { "pmax" } else { "pmin" }
    }

    fn params(&self) -> Params {
        vec![("axes", names_param(&self.axes)), ("axis_index_groups", Param::None)]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        match inputs {
            [x] => Ok(one(x.clone())),
            _ => Err(operand_count(self.name(), 1, inputs.len())),
        }
    }

    /// The tangents of the entries that attain it, in equal shares.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), &[x[0]])?;
        let dy = dx[0].map(&y.aval().tangent(), |dx| {
            let attained = convert_element_type(&eq(x[0], &y)?, dx.dtype())?;
            let count = psum(&attained, &self.axes)?;
            psum(&mul(dx, &div(&attained, &broadcast_like(&count, &attained)?)?)?, &self.axes)
        })?;
        Ok((one(y), one(dy)))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        Ok((one(extremum(x[0], &self.axes, self.greatest)?), one(axes[0])))
    }

    fn batch_collective(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let whole = match (axes[0], self.greatest) {
            (Some(mapped), true) => reduce_max(x[0], &[mapped])?,
            (Some(mapped), false) => reduce_min(x[0], &[mapped])?,
            (None, _) => x[0].clone(),
        };
        Ok((one(extremum(&whole, &others(&self.axes, axis), self.greatest)?), one(None)))
    }

    fn uses_axis(&self, name: &AxisName) -> bool {
        self.axes.contains(name)
    }

    fn lower(&self, _: &mut Lowering, _: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Err(unbound(self.name(), &self.axes[0]))
    }
}

impl Listed for PExtremum {
    fn from_params(name: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(PExtremum { axes: read_names(params, "axes")?, greatest: name == "pmax" })
    }

    fn samples() -> Vec<Sample> {
        vec![]
    }
}
