//! `shift_right_arithmetic`: the first shifted right by the second, keeping its sign.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: the first shifted right by the second, keeping its sign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShiftRightArithmetic;

/// Elementwise: the first shifted right by the second, keeping its sign.
pub fn shift_right_arithmetic(x: &Array, y: &Array) -> Result<Array> {
    bind1(ShiftRightArithmetic, &[x, y])
}

impl Binary for ShiftRightArithmetic {
    const NAME: &'static str = "shift_right_arithmetic";
    const KERNEL: ScalarOp = ScalarOp::ShiftRightArithmetic;
    const DOMAINS: [Domain; 2] = [Domain::Whole(0, 100), Domain::Whole(0, 8)];
    const ACCEPTS: Accepts = Accepts::Integer;
}
