//! `one_minus_square`: one minus the square, as the derivative of the hyperbolic tangent needs it.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::{mul, number};
use crate::trace::bind1;

/// Elementwise: one minus the square, as the derivative of the hyperbolic tangent needs it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OneMinusSquare;

/// Elementwise: one minus the square, as the derivative of the hyperbolic tangent needs it.
pub fn one_minus_square(x: &Array) -> Result<Array> {
    bind1(OneMinusSquare, &[x])
}

impl Unary for OneMinusSquare {
    const NAME: &'static str = "one_minus_square";
    const KERNEL: ScalarOp = ScalarOp::OneMinusSquare;
    const ACCEPTS: Accepts = Accepts::Number;

    /// -2 x.
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        mul(&number(-2.0, x), x)
    }
}
