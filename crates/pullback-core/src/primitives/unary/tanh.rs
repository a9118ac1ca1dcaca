//! `tanh`: the hyperbolic tangent.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::one_minus_square;
use crate::trace::bind1;

/// Elementwise: the hyperbolic tangent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tanh;

/// Elementwise: the hyperbolic tangent.
pub fn tanh(x: &Array) -> Result<Array> {
    bind1(Tanh, &[x])
}

impl Unary for Tanh {
    const NAME: &'static str = "tanh";
    const KERNEL: ScalarOp = ScalarOp::Tanh;
    const DOMAIN: Domain = Domain::Real(-1.2, 1.2);

    /// 1 - y².
    fn derivative(&self, _: &Array, y: &Array) -> Result<Array> {
        one_minus_square(y)
    }
}
