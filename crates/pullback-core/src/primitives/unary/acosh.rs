//! `acosh`: the inverse hyperbolic cosine.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{add, mul, one, rsqrt, sub};
use crate::trace::bind1;

/// Elementwise: the inverse hyperbolic cosine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Acosh;

/// Elementwise: the inverse hyperbolic cosine.
pub fn acosh(x: &Array) -> Result<Array> {
    bind1(Acosh, &[x])
}

impl Unary for Acosh {
    const NAME: &'static str = "acosh";
    const KERNEL: ScalarOp = ScalarOp::Acosh;
    const DOMAIN: Domain = Domain::Real(1.2, 4.0);

    /// 1 / (√(x - 1) √(x + 1)).
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        mul(&rsqrt(&sub(x, &one(x))?)?, &rsqrt(&add(x, &one(x))?)?)
    }
}
