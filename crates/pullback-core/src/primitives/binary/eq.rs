//! `eq`: whether the two are equal.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: whether the two are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eq;

/// Elementwise: whether the two are equal.
pub fn eq(x: &Array, y: &Array) -> Result<Array> {
    bind1(Eq, &[x, y])
}

impl Binary for Eq {
    const NAME: &'static str = "eq";
    const KERNEL: ScalarOp = ScalarOp::Eq;
    const ACCEPTS: Accepts = Accepts::Any;
}
