//! `min`: the smaller; not a number if either is not.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::share;
use crate::primitives::unary::Accepts;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the smaller; not a number if either is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Min;

/// Elementwise: the smaller; not a number if either is not.
pub fn min(x: &Array, y: &Array) -> Result<Array> {
    bind1(Min, &[x, y])
}

impl Binary for Min {
    const NAME: &'static str = "min";
    const KERNEL: ScalarOp = ScalarOp::Min;
    const DOMAINS: [Domain; 2] = [Domain::Real(-2.0, -0.5), Domain::Real(0.0, 2.0)];
    const ACCEPTS: Accepts = Accepts::Any;

    /// The tangent of the operand taken; half of each where they are equal.
    fn jvp(&self, [x, y]: [&Array; 2], [dx, dy]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        let z = min(x, y)?;
        let dz = dx.scaled_by(&share(x, &z, y)?)?.plus(dy.scaled_by(&share(y, &z, x)?)?)?;
        Ok((z, dz))
    }
}
