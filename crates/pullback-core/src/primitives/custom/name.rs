//! `name`: the same array, under a name that policies of what to keep know it by.

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

/// The name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// What the array is called.
    pub name: Arc<str>,
}

/// `x`, called `name`.
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
            _ => Err(operand_count(self.name(), 1, inputs.len())),
        }
    }

    /// The tangent has no name: it is not among what is kept.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        Ok((one(name(x[0], &self.name)?), one(dx[0].clone())))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        Ok((one(name(x[0], &self.name)?), one(axes[0])))
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
        let dtypes = pullback_engine::DType::NUMERIC.iter();
        dtypes
            .flat_map(|&dtype| {
                [2, 0, 1]
                    .map(|n| Sample::new(Name { name: "a".into() }, [Input::real(&[n], dtype)]))
            })
            .collect()
    }
}
