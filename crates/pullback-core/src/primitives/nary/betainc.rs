//! `regularized_incomplete_beta`: the share of a beta distribution below a bound.

use pullback_engine::DType;
use pullback_engine::plan::Slot;
use pullback_engine::tile::ScalarOp;

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::lower::Lowering;
use crate::primitives::binary::{align, broadcast_shapes};
use crate::primitives::rules::{add, broadcast_like, exp, log, log1p, mul, neg, one as unit, sub};
use crate::primitives::unary::Accepts;
use crate::primitives::unary::lgamma::lgamma;
use crate::primitives::{Avals, Domain, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

const NAME: &str = "regularized_incomplete_beta";

/// No parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Betainc;

/// Elementwise: the share of the beta distribution with parameters `a` and `b` that lies below `x`.
///
/// # Errors
/// If the types differ, are not floating, or the shapes do not fit.
pub fn betainc(a: &Array, b: &Array, x: &Array) -> Result<Array> {
    bind1(Betainc, &[a, b, x])
}

impl Primitive for Betainc {
    fn name(&self) -> &str {
        NAME
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [a, b, x] = inputs else {
            return Err(crate::primitives::operand_count(NAME, 3, inputs.len()));
        };
        Accepts::Float.check(NAME, a.dtype)?;
        for other in [b, x] {
            if other.dtype != a.dtype {
                let (lhs, rhs) = (a.dtype, other.dtype);
                return Err(Error::DTypeMismatch { function: NAME.into(), lhs, rhs });
            }
        }
        let shape = broadcast_shapes(NAME, &a.shape, &b.shape)?;
        let shape = broadcast_shapes(NAME, &shape, &x.shape)?;
        Ok(one(Aval { shape, dtype: a.dtype, weak: a.weak && b.weak && x.weak }))
    }

    /// The density with respect to the bound: xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b).
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        if !dx[0].is_zero() || !dx[1].is_zero() {
            return Err(Error::value_error(
                "betainc",
                "gradient with respect to a and b is not supported",
            ));
        }
        let [a, b, x] = [x[0], x[1], x[2]];
        let y = betainc(a, b, x)?;
        let dy = dx[2].map(&y.aval().tangent(), |dx| {
            let beta = sub(&add(&lgamma(a)?, &lgamma(b)?)?, &lgamma(&add(a, b)?)?)?;
            let upper = mul(&sub(b, &unit(b))?, &log1p(&neg(x)?)?)?;
            let lower = mul(&sub(a, &unit(a))?, &log(x)?)?;
            let density = exp(&sub(&add(&upper, &lower)?, &beta)?)?;
            broadcast_like(&mul(dx, &density)?, &y)
        })?;
        Ok((one(y), one(dy)))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let (x, at) = align(x, axes, axis)?;
        Ok((one(betainc(&x[0], &x[1], &x[2])?), one(Some(at))))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], i: &[Aval], o: &[Aval]) -> Result<Slots> {
        plan.elementwise(ScalarOp::Betainc, x, i, &o[0])
    }

    fn scalar_op(&self) -> Option<ScalarOp> {
        Some(ScalarOp::Betainc)
    }

    fn accepts(&self, dtype: DType) -> bool {
        Accepts::Float.has(dtype)
    }
}

impl Listed for Betainc {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Betainc)
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for &dtype in DType::NUMERIC.iter().filter(|&&dtype| Accepts::Float.has(dtype)) {
            let parameter = |shape: &[usize]| Input::new(shape, dtype, Domain::Real(0.5, 3.0));
            let bound = |shape: &[usize]| Input::new(shape, dtype, Domain::Real(0.1, 0.9));
            for [a, b, x] in [
                [&[2, 3][..], &[2, 3], &[2, 3]],
                [&[], &[], &[0]],
                [&[1], &[], &[1]],
                [&[], &[3], &[3]],
            ] {
                let sample = Sample::new(Betainc, [parameter(a), parameter(b), bound(x)]);
                samples.push(sample.fixed(&[0, 1]));
            }
        }
        samples
    }
}
