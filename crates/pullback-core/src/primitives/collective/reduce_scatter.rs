//! `reduce_scatter`: the sum over a mapped axis, of which every entry gets its own part.

use pullback_engine::Shape;
use pullback_engine::plan::Slot;

use super::all_gather::all_gather;
use super::{axis_size, names_param, read_names, times, unbound};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{reduce_sum, reshape};
use crate::primitives::structure::{linear_jvp, linear_transpose};
use crate::primitives::unary::Accepts;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Listed, Operand, Primitive, Sample, Slots, one, operand_count,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{AxisName, bind1};

/// The parts of the sum, along an axis that goes, or one that becomes shorter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReduceScatter {
    /// The mapped axis.
    pub name: AxisName,
    /// How many entries it has.
    pub size: usize,
    /// The axis of the operand that is dealt out.
    pub dimension: usize,
    /// Whether an entry gets several elements of that axis, and keeps it.
    pub tiled: bool,
}

/// The sum of `x` over the entries of the mapped axis named, of which entry `i` gets what stands
/// at `i` along `dimension`; with `tiled`, the `i`-th of equal parts.
///
/// # Errors
/// If an axis of that name is not being mapped, or `dimension` cannot be dealt out evenly.
pub fn reduce_scatter(x: &Array, name: &AxisName, dimension: usize, tiled: bool) -> Result<Array> {
    let size = axis_size("psum_scatter", name)?;
    bind1(ReduceScatter { name: name.clone(), size, dimension, tiled }, &[x])
}

impl Primitive for ReduceScatter {
    fn name(&self) -> &str {
        "reduce_scatter"
    }

    fn params(&self) -> Params {
        vec![
            ("axis_index_groups", Param::None),
            ("axis_name", names_param(std::slice::from_ref(&self.name))),
            ("axis_size", Param::Int(self.size as i64)),
            ("scatter_dimension", Param::Int(self.dimension as i64)),
            ("tiled", Param::Bool(self.tiled)),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(operand_count(self.name(), 1, inputs.len()));
        };
        Accepts::Number.check(self.name(), x.dtype)?;
        let Some(&length) = x.shape.get(self.dimension) else {
            let axis = self.dimension as i64;
            return Err(Error::Axis { function: self.name().into(), axis, rank: x.rank() });
        };
        let even =
            if self.tiled { self.size > 0 && length % self.size == 0 } else { length == self.size };
        if !even {
            return Err(Error::value_error(
                self.name(),
                format!(
                    "axis {} of {x} cannot be dealt out to the {} entries of '{}'",
                    self.dimension, self.size, self.name
                ),
            ));
        }
        let mut shape = x.shape.clone();
        match self.tiled {
            true => shape[self.dimension] /= self.size,
            false => drop(shape.remove(self.dimension)),
        }
        Ok(one(x.with_shape(&shape)))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    fn transpose(&self, ct: &[Cotangent], _: &[Operand]) -> Result<Cotangents> {
        linear_transpose(ct, |ct| all_gather(ct, &self.name, self.dimension, self.tiled))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let x = at_axis(x[0], axes[0], axis.size, 0)?;
        let y = reduce_scatter(&x, &self.name, self.dimension + 1, self.tiled)?;
        Ok((one(y), one(Some(0))))
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
        let at = self.dimension;
        if !self.tiled {
            return Ok((one(sum), one(Some(at))));
        }
        let mut shape = Shape::from_slice(sum.shape());
        shape[at] /= axis.size;
        shape.insert(at, axis.size);
        Ok((one(reshape(&sum, &shape)?), one(Some(at))))
    }

    fn uses_axis(&self, name: &AxisName) -> bool {
        self.name == *name
    }

    fn lower(&self, _: &mut Lowering, _: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Err(unbound(self.name(), &self.name))
    }
}

impl Listed for ReduceScatter {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(ReduceScatter {
            name: read_names(params, "axis_name")?.remove(0),
            size: params.size("axis_size")?,
            dimension: params.size("scatter_dimension")?,
            tiled: params.bool("tiled")?,
        })
    }

    fn samples() -> Vec<Sample> {
        vec![]
    }
}
