//! `le`: whether the first is not greater.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: whether the first is not greater.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Le;

/// Elementwise: whether the first is not greater.
pub fn le(x: &Array, y: &Array) -> Result<Array> {
    bind1(Le, &[x, y])
}

impl Binary for Le {
    const NAME: &'static str = "le";
    const KERNEL: ScalarOp = ScalarOp::Le;
    const ACCEPTS: Accepts = Accepts::Ordered;
}
