//! `pow`: the first to the power of the second.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{broadcast_like, eq, log, mul, number, one, select, sub};
use crate::primitives::unary::Accepts;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the first to the power of the second.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pow;

/// Elementwise: the first to the power of the second.
pub fn pow(x: &Array, y: &Array) -> Result<Array> {
    bind1(Pow, &[x, y])
}

impl Binary for Pow {
    const NAME: &'static str = "pow";
    const KERNEL: ScalarOp = ScalarOp::Pow;
    const DOMAINS: [Domain; 2] = [Domain::Real(0.4, 2.0), Domain::Real(-2.0, 2.0)];
    const ACCEPTS: Accepts = Accepts::Inexact;

    /// d(x^y) = y x^(y-1) dx + x^y ln(x) dy.
    fn jvp(&self, [x, y]: [&Array; 2], [dx, dy]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        let z = pow(x, y)?;
        let dz = dx.map(&dx.aval(), |dx| {
            // x^(y-1) y, but 0 where y is 0, also at x = 0.
            let flat = eq(y, &number(0.0, y))?;
            let exponent = select(&flat, &broadcast_like(&one(y), y)?, y)?;
            let slope = mul(y, &pow(x, &sub(&exponent, &one(y))?)?)?;
            mul(dx, &slope)
        })?;
        let dz = dz.plus(dy.map(&dy.aval(), |dy| {
            // x^y ln x, whose limit at x = 0 is 0 for positive y.
            let zero = eq(x, &number(0.0, x))?;
            let base = select(&zero, &broadcast_like(&one(x), x)?, x)?;
            mul(dy, &mul(&log(&base)?, &z)?)
        })?)?;
        Ok((z, dz))
    }
}
