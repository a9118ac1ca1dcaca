//! `not`: the complement of all bits; of bool the negation.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the complement of all bits; of bool the negation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Not;

/// Elementwise: the complement of all bits; of bool the negation.
pub fn not(x: &Array) -> Result<Array> {
    bind1(Not, &[x])
}

impl Unary for Not {
    const NAME: &'static str = "not";
    const KERNEL: ScalarOp = ScalarOp::Not;
    const ACCEPTS: Accepts = Accepts::Bits;

    /// Flat wherever it is smooth.
    fn tangent(&self, _: &Array, _: &Array, y: &Array) -> Result<Tangent> {
        Ok(Tangent::zero(y))
    }
}
