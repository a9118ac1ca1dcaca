//! `log1p`: the natural logarithm of one plus the element, exact near zero.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{add, div, one};
use crate::trace::bind1;

/// Elementwise: the natural logarithm of one plus the element, exact near zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log1p;

/// Elementwise: the natural logarithm of one plus the element, exact near zero.
pub fn log1p(x: &Array) -> Result<Array> {
    bind1(Log1p, &[x])
}

impl Unary for Log1p {
    const NAME: &'static str = "log1p";
    const KERNEL: ScalarOp = ScalarOp::Log1p;
    const DOMAIN: Domain = Domain::Real(-0.6, 4.0);

    /// 1 / (1 + x).
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        div(&one(x), &add(x, &one(x))?)
    }
}
