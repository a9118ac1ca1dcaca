//! `asinh`: the inverse hyperbolic sine.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{add, one, rsqrt, square};
use crate::trace::bind1;

/// Elementwise: the inverse hyperbolic sine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asinh;

/// Elementwise: the inverse hyperbolic sine.
pub fn asinh(x: &Array) -> Result<Array> {
    bind1(Asinh, &[x])
}

impl Unary for Asinh {
    const NAME: &'static str = "asinh";
    const KERNEL: ScalarOp = ScalarOp::Asinh;
    const DOMAIN: Domain = Domain::Real(-0.9, 0.9);

    /// 1 / √(x² + 1).
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        rsqrt(&add(&square(x)?, &one(x))?)
    }
}
