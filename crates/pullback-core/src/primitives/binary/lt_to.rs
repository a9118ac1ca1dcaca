//! `lt_to`: whether the first is less in the total order.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: whether the first is less in the total order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LtTo;

/// Elementwise: whether the first is less in the total order.
pub fn lt_to(x: &Array, y: &Array) -> Result<Array> {
    bind1(LtTo, &[x, y])
}

impl Binary for LtTo {
    const NAME: &'static str = "lt_to";
    const KERNEL: ScalarOp = ScalarOp::LtTo;
    const ACCEPTS: Accepts = Accepts::Real;
}
