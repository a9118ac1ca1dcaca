//! `all_to_all`: every entry deals out its parts, and gets one from every entry.

use pullback_engine::Shape;
use pullback_engine::plan::Slot;

use super::all_gather::merged;
use super::{axis_size, read_name, unbound};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{move_axis, reshape, transpose};
use crate::primitives::structure::{linear_jvp, linear_transpose};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Listed, Operand, Primitive, Sample, Slots, one, operand_count,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{AxisName, bind1};

/// Deals out along one axis, and lays what comes along another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AllToAll {
    /// The mapped axis.
    pub name: AxisName,
    /// How many entries it has.
    pub size: usize,
    /// The axis of the operand that is dealt out.
    pub split: usize,
    /// The axis of the result along which the parts that come are laid.
    pub concat: usize,
    /// Whether parts are several elements long and joined, rather than one and stacked.
    pub tiled: bool,
}

/// Entry `i` of the mapped axis named gets, from every entry, what stands at `i` along its axis
/// `split`, stacked along a new axis `concat`; with `tiled`, the `i`-th of equal parts, joined
/// along the axis `concat`.
///
/// # Errors
/// If an axis of that name is not being mapped, or `split` cannot be dealt out evenly.
pub fn all_to_all(
    x: &Array,
    name: &AxisName,
    split: usize,
    concat: usize,
    tiled: bool,
) -> Result<Array> {
    let size = axis_size("all_to_all", name)?;
    bind1(AllToAll { name: name.clone(), size, split, concat, tiled }, &[x])
}

impl Primitive for AllToAll {
    fn name(&self) -> &str {
        "all_to_all"
    }

    fn params(&self) -> Params {
        vec![
            ("axis_index_groups", Param::None),
            ("axis_name", Param::word(&*self.name.0)),
            ("concat_axis", Param::Int(self.concat as i64)),
            ("split_axis", Param::Int(self.split as i64)),
            ("tiled", Param::Bool(self.tiled)),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(operand_count(self.name(), 1, inputs.len()));
        };
        for axis in [self.split, self.concat] {
            if axis >= x.rank() {
                let (axis, rank) = (axis as i64, x.rank());
                return Err(Error::Axis { function: self.name().into(), axis, rank });
            }
        }
        let length = x.shape[self.split];
        let even = match self.tiled {
            true => self.size > 0 && length % self.size == 0,
            false => length == self.size,
        };
        if !even {
            return Err(Error::value_error(
                self.name(),
                format!(
                    "axis {} of {x} cannot be dealt out to the {} entries of '{}'",
                    self.split, self.size, self.name
                ),
            ));
        }
        let mut shape = x.shape.clone();
        match self.tiled {
            true => {
                shape[self.split] /= self.size;
                shape[self.concat] *= self.size;
            }
            false => {
                shape.remove(self.split);
                shape.insert(self.concat, self.size);
            }
        }
        Ok(one(x.with_shape(&shape)))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    /// Parts go back the way they came.
    fn transpose(&self, ct: &[Cotangent], _: &[Operand]) -> Result<Cotangents> {
        linear_transpose(ct, |ct| all_to_all(ct, &self.name, self.concat, self.split, self.tiled))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let x = at_axis(x[0], axes[0], axis.size, 0)?;
        let y = all_to_all(&x, &self.name, self.split + 1, self.concat + 1, self.tiled)?;
        Ok((one(y), one(Some(0))))
    }

    fn batch_collective(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let mut x = match axes[0] {
            Some(mapped) => move_axis(x[0], mapped, 0)?,
            None => at_axis(x[0], None, axis.size, 0)?,
        };
        // Axis 0 is that of the senders; `receivers` comes to be that of the receivers.
        let receivers = self.split + 1;
        if self.tiled {
            let mut shape = Shape::from_slice(x.shape());
            shape[receivers] /= axis.size;
            shape.insert(receivers, axis.size);
            x = reshape(&x, &shape)?;
        }
        let mut order: Vec<usize> = (1..x.rank()).filter(|&axis| axis != receivers).collect();
        order.insert(self.concat, 0);
        order.insert(0, receivers);
        let y = transpose(&x, &order)?;
        let y = if self.tiled { merged(&y, self.concat + 1)? } else { y };
        Ok((one(y), one(Some(0))))
    }

    fn uses_axis(&self, name: &AxisName) -> bool {
        self.name == *name
    }

    fn lower(&self, _: &mut Lowering, _: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Err(unbound(self.name(), &self.name))
    }
}

impl Listed for AllToAll {
    fn from_params(_: &str, params: &ParamReader, outputs: &[Aval]) -> Result<Self> {
        let (concat, tiled) = (params.size("concat_axis")?, params.bool("tiled")?);
        let name = read_name(params.word("axis_name")?);
        // The text does not say the size where parts are joined; it is that of the axis around.
        let size = match (tiled, outputs) {
            (false, [y]) if concat < y.rank() => y.shape[concat],
            _ => axis_size("all_to_all", &name)?,
        };
        Ok(AllToAll { name, size, split: params.size("split_axis")?, concat, tiled })
    }

    fn samples() -> Vec<Sample> {
        vec![]
    }
}
