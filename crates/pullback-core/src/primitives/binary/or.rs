//! `or`: the bits that either has; of bool the disjunction.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: the bits that either has; of bool the disjunction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Or;

/// Elementwise: the bits that either has; of bool the disjunction.
pub fn or(x: &Array, y: &Array) -> Result<Array> {
    bind1(Or, &[x, y])
}

impl Binary for Or {
    const NAME: &'static str = "or";
    const KERNEL: ScalarOp = ScalarOp::Or;
    const ACCEPTS: Accepts = Accepts::Bits;
}
