//! `igammac`: the regularized upper incomplete gamma function of a parameter and a bound.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use super::igamma::density;
use super::igamma_grad_a::igamma_grad_a;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{mul, neg};
use crate::primitives::unary::Accepts;
use crate::trace::{Tangent, bind1};

/// Elementwise: the regularized upper incomplete gamma function of a parameter and a bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Igammac;

/// Elementwise: the regularized upper incomplete gamma function of a parameter and a bound.
pub fn igammac(x: &Array, y: &Array) -> Result<Array> {
    bind1(Igammac, &[x, y])
}

impl Binary for Igammac {
    const NAME: &'static str = "igammac";
    const KERNEL: ScalarOp = ScalarOp::Igammac;
    const DOMAINS: [Domain; 2] = [Domain::Real(0.4, 3.0), Domain::Real(0.2, 4.0)];
    const ACCEPTS: Accepts = Accepts::Float;
    const FIXED: &'static [usize] = &[0];

    /// The derivatives of `igamma`, with the other sign.
    fn jvp(&self, [a, x]: [&Array; 2], [da, dx]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        let dz = da.map(&da.aval(), |da| mul(da, &neg(&igamma_grad_a(a, x)?)?))?;
        let dz = dz.plus(dx.map(&dx.aval(), |dx| mul(dx, &neg(&density(a, x)?)?))?)?;
        Ok((igammac(a, x)?, dz))
    }
}
