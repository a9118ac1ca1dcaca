//! `ne`: whether the two differ.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: whether the two differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ne;

/// Elementwise: whether the two differ.
pub fn ne(x: &Array, y: &Array) -> Result<Array> {
    bind1(Ne, &[x, y])
}

impl Binary for Ne {
    const NAME: &'static str = "ne";
    const KERNEL: ScalarOp = ScalarOp::Ne;
    const ACCEPTS: Accepts = Accepts::Any;
}
