//! `gt`: whether the first is greater.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: whether the first is greater.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gt;

/// Elementwise: whether the first is greater.
pub fn gt(x: &Array, y: &Array) -> Result<Array> {
    bind1(Gt, &[x, y])
}

impl Binary for Gt {
    const NAME: &'static str = "gt";
    const KERNEL: ScalarOp = ScalarOp::Gt;
    const ACCEPTS: Accepts = Accepts::Ordered;
}
