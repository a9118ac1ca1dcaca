//! `nextafter`: the next number from the first toward the second.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::{Tangent, bind1};

/// Elementwise: the next number from the first toward the second.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nextafter;

/// Elementwise: the next number from the first toward the second.
pub fn nextafter(x: &Array, y: &Array) -> Result<Array> {
    bind1(Nextafter, &[x, y])
}

impl Binary for Nextafter {
    const NAME: &'static str = "nextafter";
    const KERNEL: ScalarOp = ScalarOp::Nextafter;
    const ACCEPTS: Accepts = Accepts::Float;

    /// The next number moves with the first operand; the second only tells the direction.
    fn jvp(&self, [x, y]: [&Array; 2], [dx, _]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        Ok((nextafter(x, y)?, dx.clone()))
    }
}
