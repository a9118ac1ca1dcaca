//! `lt`: whether the first is less.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: whether the first is less.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lt;

/// Elementwise: whether the first is less.
pub fn lt(x: &Array, y: &Array) -> Result<Array> {
    bind1(Lt, &[x, y])
}

impl Binary for Lt {
    const NAME: &'static str = "lt";
    const KERNEL: ScalarOp = ScalarOp::Lt;
    const ACCEPTS: Accepts = Accepts::Ordered;
}
