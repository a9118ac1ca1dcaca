//! `all_gather`: all entries of a mapped axis, in one array.

use pullback_engine::Shape;
use pullback_engine::plan::Slot;

use super::reduce_scatter::reduce_scatter;
use super::{axis_size, names_param, read_names, unbound};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{move_axis, reshape};
use crate::primitives::structure::{linear_jvp, linear_transpose};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Listed, Operand, Primitive, Sample, Slots, one, operand_count,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{AxisName, bind1};

/// The entries of the axis named, along a new axis or one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AllGather {
    /// The mapped axis.
    pub name: AxisName,
    /// How many entries it has.
    pub size: usize,
    /// The axis of the result that the entries are laid along.
    pub dimension: usize,
    /// Whether they are joined along an axis that is there, rather than stacked along a new one.
    pub tiled: bool,
}

/// The entries of `x` over the mapped axis named, stacked along a new axis `dimension`; with
/// `tiled`, joined along the axis `dimension` of `x`.
///
/// # Errors
/// If an axis of that name is not being mapped, or there is no such dimension.
pub fn all_gather(x: &Array, name: &AxisName, dimension: usize, tiled: bool) -> Result<Array> {
    let size = axis_size("all_gather", name)?;
    bind1(AllGather { name: name.clone(), size, dimension, tiled }, &[x])
}

/// The array with axes `at` and `at + 1` as one.
pub(super) fn merged(x: &Array, at: usize) -> Result<Array> {
    let mut shape = Shape::from_slice(x.shape());
    shape[at] *= shape.remove(at + 1);
    reshape(x, &shape)
}

impl Primitive for AllGather {
    fn name(&self) -> &str {
        "all_gather"
    }

    fn params(&self) -> Params {
        vec![
            ("all_gather_dimension", Param::Int(self.dimension as i64)),
            ("axis_index_groups", Param::None),
            ("axis_name", names_param(std::slice::from_ref(&self.name))),
            ("axis_size", Param::Int(self.size as i64)),
            ("tiled", Param::Bool(self.tiled)),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(operand_count(self.name(), 1, inputs.len()));
        };
        let rank = x.rank() + !self.tiled as usize;
        if self.dimension >= rank {
            let axis = self.dimension as i64;
            return Err(Error::Axis { function: self.name().into(), axis, rank });
        }
        let mut shape = x.shape.clone();
        match self.tiled {
            true => shape[self.dimension] *= self.size,
            false => shape.insert(self.dimension, self.size),
        }
        Ok(one(x.with_shape(&shape)))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    /// An entry went to a place of its own in the result of every entry.
    fn transpose(&self, ct: &[Cotangent], _: &[Operand]) -> Result<Cotangents> {
        linear_transpose(ct, |ct| reduce_scatter(ct, &self.name, self.dimension, self.tiled))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let x = at_axis(x[0], axes[0], axis.size, 0)?;
        let y = all_gather(&x, &self.name, self.dimension + 1, self.tiled)?;
        Ok((one(y), one(Some(0))))
    }

    fn batch_collective(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let stacked = match axes[0] {
            Some(mapped) => move_axis(x[0], mapped, self.dimension)?,
            None => at_axis(x[0], None, axis.size, self.dimension)?,
        };
        let y = if self.tiled { merged(&stacked, self.dimension)? } else { stacked };
        Ok((one(y), one(None)))
    }

    fn uses_axis(&self, name: &AxisName) -> bool {
        self.name == *name
    }

    fn lower(&self, _: &mut Lowering, _: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Err(unbound(self.name(), &self.name))
    }
}

impl Listed for AllGather {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(AllGather {
            name: read_names(params, "axis_name")?.remove(0),
            size: params.size("axis_size")?,
            dimension: params.size("all_gather_dimension")?,
            tiled: params.bool("tiled")?,
        })
    }

    fn samples() -> Vec<Sample> {
        vec![]
    }
}
