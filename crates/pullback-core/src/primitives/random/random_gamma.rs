//! `random_gamma`: samples of the gamma distribution.

use pullback_engine::kernels;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::{check, layout_param};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::config;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::binary::random_gamma_grad::random_gamma_grad;
use crate::primitives::rules::{div, eq, exp, mul, number, select};
use crate::primitives::{Avals, Domain, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// A sample for each key and the parameter at its place, or its logarithm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomGamma {
    /// Whether the logarithm is wanted.
    pub log_space: bool,
    /// Which layout the streams have.
    pub partitionable: bool,
}

/// A sample of the gamma distribution, or its logarithm, for each key of `keys` and the parameter
/// of type f32 or f64 at its place in `a`.
///
/// # Errors
/// If `keys` are not keys, or not of the shape of `a`.
pub fn random_gamma(keys: &Array, a: &Array, log_space: bool) -> Result<Array> {
    let partitionable = config::threefry_partitionable();
    bind1(RandomGamma { log_space, partitionable }, &[keys, a])
}

impl Primitive for RandomGamma {
    fn name(&self) -> &str {
        "random_gamma"
    }

    fn params(&self) -> Params {
        let mut params = vec![("log_space", Param::Bool(self.log_space))];
        params.extend(layout_param(self.partitionable));
        params
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [keys, a] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 2, inputs.len()));
        };
        check(self, keys, DType::KeyThreefry)?;
        if !matches!(a.dtype, DType::F32 | DType::F64) || a.shape != keys.shape {
            return Err(Error::type_error(
                self.name(),
                format!("needs float32 or float64 parameters, one for each of {keys}, got {a}"),
            ));
        }
        Ok(one(a.clone().with_weak(false)))
    }

    /// How much each sample moves with its parameter, its probability kept.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), x)?;
        let dy = dx[1].map(&y.aval().tangent(), |da| {
            if !self.log_space {
                return mul(da, &random_gamma_grad(x[1], &y)?);
            }
            // The logarithm of a sample that is too small to be told from zero has one.
            let sample = exp(&y)?;
            let tiny = match sample.dtype() {
                DType::F64 => f64::MIN_POSITIVE,
                _ => f32::MIN_POSITIVE as f64,
            };
            let zero = eq(&sample, &number(0.0, &sample))?;
            let tiny = crate::primitives::rules::broadcast_like(&number(tiny, &sample), &sample)?;
            let sample = select(&zero, &tiny, &sample)?;
            mul(da, &div(&random_gamma_grad(x[1], &sample)?, &sample)?)
        })?;
        Ok((one(y), one(dy)))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let front = |at: usize| at_axis(x[at], axes[at], axis.size, 0);
        Ok((one(bind1(self.clone(), &[&front(0)?, &front(1)?])?), one(Some(0))))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let RandomGamma { log_space, partitionable } = *self;
        Ok(plan.kernel(kernels::random_gamma::RandomGamma { log_space, partitionable }, x))
    }
}

impl Listed for RandomGamma {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(RandomGamma {
            log_space: params.bool("log_space")?,
            partitionable: params.optional_bool("partitionable")?.unwrap_or(true),
        })
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for dtype in [DType::F32, DType::F64] {
            for (log_space, partitionable) in [(false, true), (true, false)] {
                for shape in [&[][..], &[0], &[1], &[3], &[2, 3]] {
                    let shape: Shape = shape.into();
                    let keys = Input::real(&shape, DType::KeyThreefry);
                    let a = Input::new(&shape, dtype, Domain::Real(0.3, 3.0));
                    let op = RandomGamma { log_space, partitionable };
                    // A sample jumps where another number is the first to be accepted.
                    samples.push(Sample::new(op, [keys, a]).jumping().fixed(&[1]));
                }
            }
        }
        samples
    }
}
