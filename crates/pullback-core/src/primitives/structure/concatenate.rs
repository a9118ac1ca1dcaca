//! `concatenate`: arrays one after another along one axis.

use pullback_engine::plan::Slot;
use pullback_engine::{DType, kernels};

use super::check_axes;
use crate::array::{Array, Arrays};
use crate::aval::{Aval, Shape};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::slice;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// The axis along which the operands follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Concatenate {
    /// The axis.
    pub axis: usize,
}

/// The arrays one after another along `axis`.
///
/// # Errors
/// If there is none, or they differ in type or in the size of another axis.
pub fn concatenate(x: &[&Array], axis: usize) -> Result<Array> {
    match x {
        [x] => Ok(Array::clone(x)),
        _ => bind1(Concatenate { axis }, x),
    }
}

impl Primitive for Concatenate {
    fn name(&self) -> &str {
        "concatenate"
    }

    fn params(&self) -> Params {
        vec![("dimension", Param::Int(self.axis as i64))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let Some(first) = inputs.first() else {
            return Err(Error::value_error(self.name(), "needs at least one array"));
        };
        check_axes(self.name(), &[self.axis], first.rank())?;
        let mut shape = first.shape.clone();
        for x in &inputs[1..] {
            if x.dtype != first.dtype {
                return Err(Error::DTypeMismatch {
                    function: self.name().into(),
                    lhs: first.dtype,
                    rhs: x.dtype,
                });
            }
            let fits = x.rank() == first.rank()
                && (0..x.rank()).all(|a| a == self.axis || x.shape[a] == first.shape[a]);
            if !fits {
                return Err(Error::type_error(
                    self.name(),
                    format!(
                        "cannot concatenate arrays with shapes that differ in dimensions other \
                         than the one being concatenated: concatenating along dimension {} for \
                         {first} and {x}",
                        self.axis
                    ),
                ));
            }
            shape[self.axis] += x.shape[self.axis];
        }
        let weak = inputs.iter().all(|x| x.weak);
        Ok(one(first.with_shape(&shape).with_weak(weak)))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = concatenate(x, self.axis)?;
        let dx = dx.iter().map(Tangent::instantiate).collect::<Result<Vec<_>>>()?;
        let dy = concatenate(&dx.iter().collect::<Vec<_>>(), self.axis)?;
        Ok((one(y), one(Tangent::Value(dy))))
    }

    /// Each operand gets its part.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let mut start = 0;
        inputs
            .iter()
            .map(|input| {
                let aval = input.aval();
                let from = start;
                start += aval.shape[self.axis];
                let Some(ct) = ct[0].as_ref().filter(|_| input.is_linear()) else {
                    return Ok(None);
                };
                let mut low = Shape::from_elem(0, aval.rank());
                let mut high = aval.shape.clone();
                low[self.axis] = from;
                high[self.axis] = start;
                slice(ct, &low, &high, None).map(Some)
            })
            .collect()
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let x = x
            .iter()
            .zip(axes)
            .map(|(x, a)| at_axis(x, *a, axis.size, 0))
            .collect::<Result<Vec<_>>>()?;
        let y = concatenate(&x.iter().collect::<Vec<_>>(), self.axis + 1)?;
        Ok((one(y), one(Some(0))))
    }

    fn for_one_entry(&self, lead: usize, _: &[Aval], _: &[Aval]) -> Option<Op> {
        (self.axis >= lead).then(|| self.clone().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel(kernels::structural::Concatenate { axis: self.axis }, x))
    }
}

impl Listed for Concatenate {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Concatenate { axis: params.size("dimension")? })
    }

    fn samples() -> Vec<Sample> {
        let sample = |axis, shapes: &[&[usize]], dtype| {
            Sample::new(Concatenate { axis }, shapes.iter().map(|shape| Input::real(shape, dtype)))
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [sample(0, &[&[2], &[3]], dtype), sample(1, &[&[2, 1], &[2, 3], &[2, 0]], dtype)]
            })
            .collect()
    }
}
