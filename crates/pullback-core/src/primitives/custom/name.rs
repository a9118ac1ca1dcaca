//! `name`: the same array, under a name that policies of `checkpoint` know.

use std::sync::Arc;

use pullback_engine::plan::Slot;

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots, one, operand_count};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// A name for a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The name.
    pub name: Arc<str>,
}

/// `x`, under the name given.
///
/// # Errors
/// Those of the trace that records it.
pub fn name(x: &Array, name: &str) -> Result<Array> {
    bind1(Name { name: name.into() }, &[x])
}

impl Primitive for Name {
    fn name(&self) -> &str {
        "name"
    }

    fn params(&self) -> Params {
        vec![("name", Param::word(&*self.name))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        match inputs {
            [x] => Ok(one(x.clone())),
            _ => Err(operand_count("name", 1, inputs.len())),
        }
    }

    /// The name is that of the value, not of its tangent.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), x)?;
        let dy = match dx[0].is_zero() {
            true => Tangent::zero(&y),
            false => dx[0].clone(),
        };
        Ok((one(y), one(dy)))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        Ok((one(bind1(self.clone(), x)?), one(axes[0])))
    }

    fn lower(&self, _: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(one(x[0]))
    }
}

impl Listed for Name {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Name { name: params.word("name")?.into() })
    }

    fn samples() -> Vec<Sample> {
        let op = Name { name: "kept".into() };
        let dtypes = pullback_engine::DType::NUMERIC.iter();
        dtypes
            .flat_map(|&dtype| [2, 0, 1].map(|n| (n, dtype)))
            .map(|(n, dtype)| Sample::new(op.clone(), [Input::real(&[n], dtype)]))
            .collect()
    }
}
