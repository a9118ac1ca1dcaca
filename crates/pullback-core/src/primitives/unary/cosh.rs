//! `cosh`: the hyperbolic cosine.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::sinh;
use crate::trace::bind1;

/// Elementwise: the hyperbolic cosine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cosh;

/// Elementwise: the hyperbolic cosine.
pub fn cosh(x: &Array) -> Result<Array> {
    bind1(Cosh, &[x])
}

impl Unary for Cosh {
    const NAME: &'static str = "cosh";
    const KERNEL: ScalarOp = ScalarOp::Cosh;

    /// sinh x.
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        sinh(x)
    }
}
