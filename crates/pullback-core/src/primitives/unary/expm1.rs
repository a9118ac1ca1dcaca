//! `expm1`: the exponential less one, exact near zero.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::{add, one};
use crate::trace::bind1;

/// Elementwise: the exponential less one, exact near zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expm1;

/// Elementwise: the exponential less one, exact near zero.
pub fn expm1(x: &Array) -> Result<Array> {
    bind1(Expm1, &[x])
}

impl Unary for Expm1 {
    const NAME: &'static str = "expm1";
    const KERNEL: ScalarOp = ScalarOp::Expm1;

    /// y + 1.
    fn derivative(&self, _: &Array, y: &Array) -> Result<Array> {
        add(y, &one(y))
    }
}
