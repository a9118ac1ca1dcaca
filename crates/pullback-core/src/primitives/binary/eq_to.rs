//! `eq_to`: whether the two are equal in the total order of floating point numbers.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: whether the two are equal in the total order of floating point numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EqTo;

/// Elementwise: whether the two are equal in the total order of floating point numbers.
pub fn eq_to(x: &Array, y: &Array) -> Result<Array> {
    bind1(EqTo, &[x, y])
}

impl Binary for EqTo {
    const NAME: &'static str = "eq_to";
    const KERNEL: ScalarOp = ScalarOp::EqTo;
    const ACCEPTS: Accepts = Accepts::Real;
}
