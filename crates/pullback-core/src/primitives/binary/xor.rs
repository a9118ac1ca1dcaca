//! `xor`: the bits that one has; of bool the exclusive disjunction.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: the bits that one has; of bool the exclusive disjunction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Xor;

/// Elementwise: the bits that one has; of bool the exclusive disjunction.
pub fn xor(x: &Array, y: &Array) -> Result<Array> {
    bind1(Xor, &[x, y])
}

impl Binary for Xor {
    const NAME: &'static str = "xor";
    const KERNEL: ScalarOp = ScalarOp::Xor;
    const ACCEPTS: Accepts = Accepts::Bits;
}
