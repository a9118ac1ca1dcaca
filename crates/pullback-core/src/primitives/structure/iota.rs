//! `iota`: whole numbers counting along one axis.

use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape, kernels};

use crate::array::Array;
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::{Avals, Listed, Primitive, Sample, Slots, one};
use crate::trace::bind1;

/// What to count.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Iota {
    /// The type of the result.
    pub dtype: DType,
    /// The shape of the result.
    pub shape: Shape,
    /// The axis along which the elements count from zero.
    pub axis: usize,
}

/// 0, 1, 2, ... along `axis` of an array of the given shape.
///
/// # Errors
/// If the axis is not there, or the type is not one of numbers.
pub fn iota(dtype: DType, shape: &[usize], axis: usize) -> Result<Array> {
    bind1(Iota { dtype, shape: shape.into(), axis }, &[])
}

impl Primitive for Iota {
    fn name(&self) -> &str {
        "iota"
    }

    fn params(&self) -> Params {
        vec![
            ("dimension", Param::Int(self.axis as i64)),
            ("dtype", Param::DType(self.dtype)),
            ("shape", Param::sizes(&self.shape)),
            ("sharding", Param::None),
        ]
    }

    fn infer(&self, _: &[Aval]) -> Result<Avals> {
        super::check_axes(self.name(), &[self.axis], self.shape.len())?;
        if !self.dtype.is_integer() && !self.dtype.is_inexact() {
            return Err(Error::DType {
                function: self.name().into(),
                dtype: self.dtype,
                accepted: "integer, floating and complex types",
            });
        }
        Ok(one(Aval::new(&self.shape, self.dtype)))
    }

    fn lower(&self, plan: &mut Lowering, _: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let Iota { dtype, shape, axis } = self.clone();
        Ok(plan.kernel(kernels::structural::Iota { dtype, shape, axis }, &[]))
    }
}

impl Listed for Iota {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Iota {
            dtype: params.dtype("dtype")?,
            shape: params.sizes("shape")?,
            axis: params.size("dimension")?,
        })
    }

    fn samples() -> Vec<Sample> {
        let numbers = DType::NUMERIC.iter().filter(|&&dtype| dtype != DType::Bool);
        numbers
            .map(|&dtype| Sample::new(Iota { dtype, shape: [2, 3][..].into(), axis: 1 }, []))
            .collect()
    }
}
