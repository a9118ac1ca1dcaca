//! `axis_index`: which entry of a mapped axis this is.

use pullback_engine::DType;
use pullback_engine::plan::Slot;

use super::{axis_size, read_name, unbound};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::iota;
use crate::primitives::{Avals, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::{AxisName, bind1};

/// The number of the entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AxisIndex {
    /// The axis.
    pub name: AxisName,
}

/// The number of this entry along the mapped axis named, counted from zero: a scalar of type i32.
///
/// # Errors
/// If an axis of that name is not being mapped.
pub fn axis_index(name: &AxisName) -> Result<Array> {
    axis_size("axis_index", name)?;
    bind1(AxisIndex { name: name.clone() }, &[])
}

impl Primitive for AxisIndex {
    fn name(&self) -> &str {
        "axis_index"
    }

    fn params(&self) -> Params {
        vec![("axis_name", Param::word(&*self.name.0))]
    }

    fn infer(&self, _: &[Aval]) -> Result<Avals> {
        Ok(one(Aval::new(&[], DType::I32)))
    }

    fn batch_collective(
        &self,
        _: &[&Array],
        _: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        Ok((one(iota(DType::I32, &[axis.size], 0)?), one(Some(0))))
    }

    fn uses_axis(&self, name: &AxisName) -> bool {
        self.name == *name
    }

    fn lower(&self, _: &mut Lowering, _: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Err(unbound(self.name(), &self.name))
    }
}

impl Listed for AxisIndex {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(AxisIndex { name: read_name(params.word("axis_name")?) })
    }

    fn samples() -> Vec<Sample> {
        vec![]
    }
}
