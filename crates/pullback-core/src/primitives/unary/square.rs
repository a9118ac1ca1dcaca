//! `square`: the square.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::{mul, number};
use crate::trace::bind1;

/// Elementwise: the square.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Square;

/// Elementwise: the square.
pub fn square(x: &Array) -> Result<Array> {
    bind1(Square, &[x])
}

impl Unary for Square {
    const NAME: &'static str = "square";
    const KERNEL: ScalarOp = ScalarOp::Square;
    const ACCEPTS: Accepts = Accepts::Number;

    /// 2 x.
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        mul(&number(2.0, x), x)
    }
}
