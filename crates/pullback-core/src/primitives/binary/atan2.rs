//! `atan2`: the angle of the point (y, x), in radians.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{add, div, mul, neg, one, square};
use crate::primitives::unary::Accepts;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the angle of the point (y, x), in radians.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Atan2;

/// Elementwise: the angle of the point (y, x), in radians.
pub fn atan2(x: &Array, y: &Array) -> Result<Array> {
    bind1(Atan2, &[x, y])
}

impl Binary for Atan2 {
    const NAME: &'static str = "atan2";
    const KERNEL: ScalarOp = ScalarOp::Atan2;
    const DOMAINS: [Domain; 2] = [Domain::Real(0.3, 2.0), Domain::Real(0.3, 2.0)];
    const ACCEPTS: Accepts = Accepts::Float;

    /// With x the first operand: (y dx - x dy) / (x² + y²).
    fn jvp(&self, [x, y]: [&Array; 2], [dx, dy]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        let scale = div(&one(x), &add(&square(x)?, &square(y)?)?)?;
        let dz = dx.map(&dx.aval(), |dx| mul(dx, &mul(y, &scale)?))?;
        let dz = dz.plus(dy.map(&dy.aval(), |dy| mul(dy, &mul(&neg(x)?, &scale)?))?)?;
        Ok((atan2(x, y)?, dz))
    }
}
