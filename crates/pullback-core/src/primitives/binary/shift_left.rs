//! `shift_left`: the first shifted left by the second.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: the first shifted left by the second.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShiftLeft;

/// Elementwise: the first shifted left by the second.
pub fn shift_left(x: &Array, y: &Array) -> Result<Array> {
    bind1(ShiftLeft, &[x, y])
}

impl Binary for ShiftLeft {
    const NAME: &'static str = "shift_left";
    const KERNEL: ScalarOp = ScalarOp::ShiftLeft;
    const DOMAINS: [Domain; 2] = [Domain::Whole(0, 100), Domain::Whole(0, 8)];
    const ACCEPTS: Accepts = Accepts::Integer;
}
