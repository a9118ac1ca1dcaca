//! `acos`: the inverse cosine, in radians.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{neg, one, rsqrt, square, sub};
use crate::trace::bind1;

/// Elementwise: the inverse cosine, in radians.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Acos;

/// Elementwise: the inverse cosine, in radians.
pub fn acos(x: &Array) -> Result<Array> {
    bind1(Acos, &[x])
}

impl Unary for Acos {
    const NAME: &'static str = "acos";
    const KERNEL: ScalarOp = ScalarOp::Acos;
    const DOMAIN: Domain = Domain::Real(-0.9, 0.9);

    /// -1 / √(1 - x²).
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        neg(&rsqrt(&sub(&one(x), &square(x)?)?)?)
    }
}
