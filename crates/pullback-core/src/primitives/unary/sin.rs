//! `sin`: the sine, in radians.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::cos;
use crate::trace::bind1;

/// Elementwise: the sine, in radians.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sin;

/// Elementwise: the sine, in radians.
pub fn sin(x: &Array) -> Result<Array> {
    bind1(Sin, &[x])
}

impl Unary for Sin {
    const NAME: &'static str = "sin";
    const KERNEL: ScalarOp = ScalarOp::Sin;

    /// cos x.
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        cos(x)
    }
}
