//! `igamma`: the regularized lower incomplete gamma function of a parameter and a bound.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use super::igamma_grad_a::igamma_grad_a;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{exp, log, mul, one, sub};
use crate::primitives::unary::Accepts;
use crate::primitives::unary::lgamma::lgamma;
use crate::trace::{Tangent, bind1};

/// Elementwise: the regularized lower incomplete gamma function of a parameter and a bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Igamma;

/// Elementwise: the regularized lower incomplete gamma function of a parameter and a bound.
pub fn igamma(x: &Array, y: &Array) -> Result<Array> {
    bind1(Igamma, &[x, y])
}

/// xᵃ⁻¹ e⁻ˣ / Γ(a).
pub(super) fn density(a: &Array, x: &Array) -> Result<Array> {
    let power = mul(&sub(a, &one(a))?, &log(x)?)?;
    exp(&sub(&sub(&power, x)?, &lgamma(a)?)?)
}

impl Binary for Igamma {
    const NAME: &'static str = "igamma";
    const KERNEL: ScalarOp = ScalarOp::Igamma;
    const DOMAINS: [Domain; 2] = [Domain::Real(0.4, 3.0), Domain::Real(0.2, 4.0)];
    const ACCEPTS: Accepts = Accepts::Float;
    const FIXED: &'static [usize] = &[0];

    /// The density with respect to the bound: xᵃ⁻¹ e⁻ˣ / Γ(a).
    fn jvp(&self, [a, x]: [&Array; 2], [da, dx]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        let dz = da.map(&da.aval(), |da| mul(da, &igamma_grad_a(a, x)?))?;
        let dz = dz.plus(dx.map(&dx.aval(), |dx| mul(dx, &density(a, x)?))?)?;
        Ok((igamma(a, x)?, dz))
    }
}
