//! `argmax`, `argmin`: where along an axis the largest or smallest element is.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use crate::array::{Array, Arrays};
use crate::aval::{Aval, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::structure::check_axes;
use crate::primitives::unary::Accepts;
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

use super::reduce_sum::{batched, without};

/// The first position of the extreme along an axis; what is not a number counts as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArgReduce {
    /// Whether the largest is looked for, or the smallest.
    pub max: bool,
    /// The axis that goes.
    pub axis: usize,
    /// The type of the positions.
    pub index_dtype: DType,
}

/// The position of the largest element along `axis`.
///
/// # Errors
/// If the axis is not there or has size 0, or the positions are not of an integer type.
pub fn argmax(x: &Array, axis: usize, index_dtype: DType) -> Result<Array> {
    bind1(ArgReduce { max: true, axis, index_dtype }, &[x])
}

/// The position of the smallest element along `axis`.
///
/// # Errors
/// If the axis is not there or has size 0, or the positions are not of an integer type.
pub fn argmin(x: &Array, axis: usize, index_dtype: DType) -> Result<Array> {
    bind1(ArgReduce { max: false, axis, index_dtype }, &[x])
}

impl Primitive for ArgReduce {
    fn name(&self) -> &str {
        if self.max { "argmax" } else { "argmin" }
    }

    fn params(&self) -> Params {
        vec![("axes", Param::sizes(&[self.axis])), ("index_dtype", Param::DType(self.index_dtype))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        Accepts::Ordered.check(self.name(), x.dtype)?;
        check_axes(self.name(), &[self.axis], x.rank())?;
        if !self.index_dtype.is_integer() {
            return Err(Error::type_error(
                self.name(),
                format!("index_dtype must be an integer type, but got {}", self.index_dtype),
            ));
        }
        if x.shape[self.axis] == 0 {
            return Err(Error::value_error(
                self.name(),
                format!(
                    "argmin and argmax require non-empty reduced dimension, got shape {} and \
                     axis {}",
                    ShapeText(&x.shape),
                    self.axis
                ),
            ));
        }
        Ok(one(Aval::new(&without(&x.shape, &[self.axis]), self.index_dtype)))
    }

    /// Positions have no derivative.
    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), x)?;
        let dy = Tangent::zero(&y);
        Ok((one(y), one(dy)))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let (shifted, to) = batched(&[self.axis], axes[0].unwrap_or(0));
        let y = bind1(ArgReduce { axis: shifted[0], ..self.clone() }, &[x[0]])?;
        Ok((one(y), one(Some(to))))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let ArgReduce { max, axis, index_dtype } = self.clone();
        Ok(plan.kernel(kernels::arg_reduce::ArgReduce { max, axis, index_dtype }, x))
    }
}

impl Listed for ArgReduce {
    fn from_params(name: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let axes: Shape = params.sizes("axes")?;
        let &[axis] = &axes[..] else { return Err(params.invalid("axes")) };
        Ok(ArgReduce { max: name == "argmax", axis, index_dtype: params.dtype("index_dtype")? })
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for max in [true, false] {
            for &dtype in DType::NUMERIC.iter().filter(|&&dtype| Accepts::Ordered.has(dtype)) {
                let cases: [(&[usize], usize, DType); 4] = [
                    (&[5], 0, DType::I32),
                    (&[2, 3, 4], 1, DType::I64),
                    (&[0, 2], 1, DType::I32),
                    (&[1], 0, DType::U8),
                ];
                for (shape, axis, index_dtype) in cases {
                    let op = ArgReduce { max, axis, index_dtype };
                    samples.push(Sample::new(op, [Input::real(shape, dtype)]));
                }
            }
        }
        samples
    }
}
