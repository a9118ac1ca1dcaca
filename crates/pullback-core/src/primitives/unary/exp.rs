//! `exp`: the exponential.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::trace::bind1;

/// Elementwise: the exponential.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exp;

/// Elementwise: the exponential.
pub fn exp(x: &Array) -> Result<Array> {
    bind1(Exp, &[x])
}

impl Unary for Exp {
    const NAME: &'static str = "exp";
    const KERNEL: ScalarOp = ScalarOp::Exp;

    /// y.
    fn derivative(&self, _: &Array, y: &Array) -> Result<Array> {
        Ok(y.clone())
    }
}
