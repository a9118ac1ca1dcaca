//! `psum`: the sum over the entries of mapped axes.

use pullback_engine::plan::Slot;

use super::{AxisNames, axis_size, names_param, others, read_names, times, unbound};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::reduce_sum;
use crate::primitives::structure::{linear_jvp, linear_transpose};
use crate::primitives::unary::Accepts;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Listed, Operand, Primitive, Sample, Slots, one, operand_count,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{AxisName, bind1};

/// Sum over the entries of the axes named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Psum {
    /// The axes, distinct.
    pub axes: AxisNames,
}

/// The sum of `x` over the entries of the mapped axes named; every entry gets it. An array that
/// no transformation knows is multiplied by the number of entries.
///
/// # Errors
/// If an axis of that name is not being mapped, or the elements are not numbers.
pub fn psum(x: &Array, axes: &[AxisName]) -> Result<Array> {
    let mut size = 1;
    for name in axes {
        size *= axis_size("psum", name)?;
    }
    if axes.is_empty() {
        return Ok(x.clone());
    }
    if x.tensor().is_some() {
        return times(x, size);
    }
    bind1(Psum { axes: axes.into() }, &[x])
}

impl Primitive for Psum {
    fn name(&self) -> &str {
        "psum"
    }

    fn params(&self) -> Params {
        vec![("axes", names_param(&self.axes)), ("axis_index_groups", Param::None)]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(operand_count(self.name(), 1, inputs.len()));
        };
        Accepts::Number.check(self.name(), x.dtype)?;
        Ok(one(x.clone()))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    /// Every entry went into the sum that every entry got.
    fn transpose(&self, ct: &[Cotangent], _: &[Operand]) -> Result<Cotangents> {
        linear_transpose(ct, |ct| psum(ct, &self.axes))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        Ok((one(psum(x[0], &self.axes)?), one(axes[0])))
    }

    fn batch_collective(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let sum = match axes[0] {
            Some(mapped) => reduce_sum(x[0], &[mapped])?,
            None => times(x[0], axis.size)?,
        };
        Ok((one(psum(&sum, &others(&self.axes, axis))?), one(None)))
    }

    fn uses_axis(&self, name: &AxisName) -> bool {
        self.axes.contains(name)
    }

    fn lower(&self, _: &mut Lowering, _: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Err(unbound(self.name(), &self.axes[0]))
    }
}

impl Listed for Psum {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Psum { axes: read_names(params, "axes")? })
    }

    fn samples() -> Vec<Sample> {
        vec![]
    }
}
