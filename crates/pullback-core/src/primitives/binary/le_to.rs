//! `le_to`: whether the first is not greater in the total order.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: whether the first is not greater in the total order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeTo;

/// Elementwise: whether the first is not greater in the total order.
pub fn le_to(x: &Array, y: &Array) -> Result<Array> {
    bind1(LeTo, &[x, y])
}

impl Binary for LeTo {
    const NAME: &'static str = "le_to";
    const KERNEL: ScalarOp = ScalarOp::LeTo;
    const ACCEPTS: Accepts = Accepts::Real;
}
