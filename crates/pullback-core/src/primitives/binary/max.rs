//! `max`: the larger; not a number if either is not.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::share;
use crate::primitives::unary::Accepts;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the larger; not a number if either is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Max;

/// Elementwise: the larger; not a number if either is not.
pub fn max(x: &Array, y: &Array) -> Result<Array> {
    bind1(Max, &[x, y])
}

impl Binary for Max {
    const NAME: &'static str = "max";
    const KERNEL: ScalarOp = ScalarOp::Max;
    const DOMAINS: [Domain; 2] = [Domain::Real(-2.0, -0.5), Domain::Real(0.0, 2.0)];
    const ACCEPTS: Accepts = Accepts::Any;

    /// The tangent of the operand taken; half of each where they are equal.
    fn jvp(&self, [x, y]: [&Array; 2], [dx, dy]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        let z = max(x, y)?;
        let dz = dx.scaled_by(&share(x, &z, y)?)?.plus(dy.scaled_by(&share(y, &z, x)?)?)?;
        Ok((z, dz))
    }
}
