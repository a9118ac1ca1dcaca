//! `pad`: a value put before, after and between the elements of each axis.

use pullback_engine::plan::Slot;
use pullback_engine::{DType, kernels};
use smallvec::SmallVec;

use super::{is_linear, move_axis};
use crate::array::{Array, Arrays};
use crate::aval::{Aval, Shape};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{broadcast_in_dim, number, reduce_sum, select, slice, sub};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// How much is put along one axis: before, after (negative takes away), and between neighbours.
pub type Padding = (i64, i64, usize);

/// The padding of each axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pad {
    /// One entry an axis.
    pub config: SmallVec<[Padding; 4]>,
}

/// `x` with `value` put around and between its elements; negative amounts take elements away.
///
/// # Errors
/// If there is not one entry for each axis, or less than nothing would be left.
pub fn pad(x: &Array, value: &Array, config: &[Padding]) -> Result<Array> {
    if config.len() == x.rank() && config.iter().all(|&padding| padding == (0, 0, 0)) {
        return Ok(x.clone());
    }
    bind1(Pad { config: config.into() }, &[x, value])
}

impl Primitive for Pad {
    fn name(&self) -> &str {
        "pad"
    }

    fn params(&self) -> Params {
        let entry = |&(low, high, interior): &Padding| Param::ints(&[low, high, interior as i64]);
        vec![("padding_config", Param::Tuple(self.config.iter().map(entry).collect()))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x, value] = inputs else {
            return Err(crate::primitives::operand_count("pad", 2, inputs.len()));
        };
        if x.dtype != value.dtype {
            return Err(Error::DTypeMismatch {
                function: "pad".into(),
                lhs: x.dtype,
                rhs: value.dtype,
            });
        }
        if self.config.len() != x.rank() || value.rank() != 0 {
            return Err(Error::value_error(
                "pad",
                format!(
                    "needs a scalar value and one padding for each axis of {x}, got {value} and {:?}",
                    &self.config[..]
                ),
            ));
        }
        let mut shape = Shape::new();
        for (&size, &(low, high, interior)) in x.shape.iter().zip(&self.config) {
            let between = (size.saturating_sub(1)).saturating_mul(interior) as i64;
            let padded =
                low.saturating_add(high).saturating_add(size as i64).saturating_add(between);
            let padded = usize::try_from(padded).map_err(|_| {
                Error::value_error(
                    "pad",
                    format!("padding {:?} leaves less than nothing of {x}", &self.config[..]),
                )
            })?;
            shape.push(padded);
        }
        Ok(one(x.with_shape(&shape).with_weak(x.weak && value.weak)))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = pad(x[0], x[1], &self.config)?;
        let dy = pad(&dx[0].instantiate()?, &dx[1].instantiate()?, &self.config)?;
        Ok((one(y), one(Tangent::Value(dy))))
    }

    /// The operand gets what lies in its places, the value the sum of all the rest.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let Some(ct) = &ct[0] else { return Ok([None, None].into_iter().collect()) };
        let zero = number(0.0, ct);
        let x = inputs[0].aval();
        let unpadded: Vec<Padding> =
            self.config.iter().map(|&(low, high, _)| (-low, -high, 0)).collect();
        let inner = pad(ct, &zero, &unpadded)?;
        let step: Shape = self.config.iter().map(|&(.., interior)| interior + 1).collect();
        let inner =
            slice(&inner, &Shape::from_elem(0, x.rank()), &inner.aval().shape, Some(&step))?;
        let all: Vec<usize> = (0..x.rank()).collect();
        let value = match is_linear(inputs, 1) {
            true => Some(sub(&reduce_sum(ct, &all)?, &reduce_sum(&inner, &all)?)?),
            false => None,
        };
        Ok([is_linear(inputs, 0).then_some(inner), value].into_iter().collect())
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let config: SmallVec<[Padding; 4]> =
            [(0, 0, 0)].into_iter().chain(self.config.iter().copied()).collect();
        let Some(value_axis) = axes[1] else {
            let operand = move_axis(x[0], axes[0].unwrap_or(0), 0)?;
            return Ok((one(pad(&operand, x[1], &config)?), one(Some(0))));
        };
        // Each entry has a value of its own: choose it wherever nothing of the operand lies.
        let operand = at_axis(x[0], axes[0], axis.size, 0)?;
        let value = move_axis(x[1], value_axis, 0)?;
        let padded = pad(&operand, &number(0.0, &operand), &config)?;
        let truth = broadcast_in_dim(&Array::from(true), operand.shape(), &[])?;
        let mask = pad(&truth, &Array::from(false), &config)?;
        let values = broadcast_in_dim(&value, padded.shape(), &[0])?;
        Ok((one(select(&mask, &padded, &values)?), one(Some(0))))
    }

    fn for_one_entry(&self, lead: usize, _: &[Aval], _: &[Aval]) -> Option<Op> {
        let fits = self.config.iter().take(lead).all(|&padding| padding == (0, 0, 0));
        fits.then(|| self.clone().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let kernel = kernels::structural::Pad {
            low: self.config.iter().map(|padding| padding.0).collect(),
            high: self.config.iter().map(|padding| padding.1).collect(),
            interior: self.config.iter().map(|padding| padding.2).collect(),
        };
        Ok(plan.kernel(kernel, x))
    }
}

impl Listed for Pad {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let config = params
            .rows("padding_config")?
            .into_iter()
            .map(|row| match row.as_slice() {
                &[low, high, interior] if interior >= 0 => Ok((low, high, interior as usize)),
                _ => Err(params.invalid("padding_config")),
            })
            .collect::<Result<_>>()?;
        Ok(Pad { config })
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], config: &[Padding], dtype| {
            let op = Pad { config: config.into() };
            Sample::new(op, [Input::real(shape, dtype), Input::real(&[], dtype)])
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[3], &[(1, 2, 0)], dtype),
                    sample(&[2, 3], &[(0, 1, 2), (-1, 2, 1)], dtype),
                    sample(&[0], &[(1, 1, 0)], dtype),
                    sample(&[1], &[(0, 2, 1)], dtype),
                ]
            })
            .collect()
    }
}
