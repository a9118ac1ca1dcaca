//! `and`: the bits that both have; of bool the conjunction.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: the bits that both have; of bool the conjunction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct And;

/// Elementwise: the bits that both have; of bool the conjunction.
pub fn and(x: &Array, y: &Array) -> Result<Array> {
    bind1(And, &[x, y])
}

impl Binary for And {
    const NAME: &'static str = "and";
    const KERNEL: ScalarOp = ScalarOp::And;
    const ACCEPTS: Accepts = Accepts::Bits;
}
