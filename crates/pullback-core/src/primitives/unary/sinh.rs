//! `sinh`: the hyperbolic sine.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::cosh;
use crate::trace::bind1;

/// Elementwise: the hyperbolic sine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sinh;

/// Elementwise: the hyperbolic sine.
pub fn sinh(x: &Array) -> Result<Array> {
    bind1(Sinh, &[x])
}

impl Unary for Sinh {
    const NAME: &'static str = "sinh";
    const KERNEL: ScalarOp = ScalarOp::Sinh;

    /// cosh x.
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        cosh(x)
    }
}
