//! `shift_right_logical`: the first shifted right by the second, filled with zeros.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: the first shifted right by the second, filled with zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShiftRightLogical;

/// Elementwise: the first shifted right by the second, filled with zeros.
pub fn shift_right_logical(x: &Array, y: &Array) -> Result<Array> {
    bind1(ShiftRightLogical, &[x, y])
}

impl Binary for ShiftRightLogical {
    const NAME: &'static str = "shift_right_logical";
    const KERNEL: ScalarOp = ScalarOp::ShiftRightLogical;
    const DOMAINS: [Domain; 2] = [Domain::Whole(0, 100), Domain::Whole(0, 8)];
    const ACCEPTS: Accepts = Accepts::Integer;
}
