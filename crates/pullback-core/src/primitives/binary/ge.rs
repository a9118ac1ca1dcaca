//! `ge`: whether the first is not less.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: whether the first is not less.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ge;

/// Elementwise: whether the first is not less.
pub fn ge(x: &Array, y: &Array) -> Result<Array> {
    bind1(Ge, &[x, y])
}

impl Binary for Ge {
    const NAME: &'static str = "ge";
    const KERNEL: ScalarOp = ScalarOp::Ge;
    const ACCEPTS: Accepts = Accepts::Ordered;
}
