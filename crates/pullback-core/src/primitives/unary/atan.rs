//! `atan`: the inverse tangent, in radians.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{add, div, one, square};
use crate::trace::bind1;

/// Elementwise: the inverse tangent, in radians.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Atan;

/// Elementwise: the inverse tangent, in radians.
pub fn atan(x: &Array) -> Result<Array> {
    bind1(Atan, &[x])
}

impl Unary for Atan {
    const NAME: &'static str = "atan";
    const KERNEL: ScalarOp = ScalarOp::Atan;
    const DOMAIN: Domain = Domain::Real(-0.9, 0.9);

    /// 1 / (1 + x²).
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        div(&one(x), &add(&one(x), &square(x)?)?)
    }
}
