//! `asin`: the inverse sine, in radians.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{one, rsqrt, square, sub};
use crate::trace::bind1;

/// Elementwise: the inverse sine, in radians.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asin;

/// Elementwise: the inverse sine, in radians.
pub fn asin(x: &Array) -> Result<Array> {
    bind1(Asin, &[x])
}

impl Unary for Asin {
    const NAME: &'static str = "asin";
    const KERNEL: ScalarOp = ScalarOp::Asin;
    const DOMAIN: Domain = Domain::Real(-0.9, 0.9);

    /// 1 / √(1 - x²).
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        rsqrt(&sub(&one(x), &square(x)?)?)
    }
}
