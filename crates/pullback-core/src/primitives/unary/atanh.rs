//! `atanh`: the inverse hyperbolic tangent.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{div, one, square, sub};
use crate::trace::bind1;

/// Elementwise: the inverse hyperbolic tangent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Atanh;

/// Elementwise: the inverse hyperbolic tangent.
pub fn atanh(x: &Array) -> Result<Array> {
    bind1(Atanh, &[x])
}

impl Unary for Atanh {
    const NAME: &'static str = "atanh";
    const KERNEL: ScalarOp = ScalarOp::Atanh;
    const DOMAIN: Domain = Domain::Real(-0.8, 0.8);

    /// 1 / (1 - x²).
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        div(&one(x), &sub(&one(x), &square(x)?)?)
    }
}
