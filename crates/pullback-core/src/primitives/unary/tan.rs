//! `tan`: the tangent, in radians.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{add, one, square};
use crate::trace::bind1;

/// Elementwise: the tangent, in radians.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tan;

/// Elementwise: the tangent, in radians.
pub fn tan(x: &Array) -> Result<Array> {
    bind1(Tan, &[x])
}

impl Unary for Tan {
    const NAME: &'static str = "tan";
    const KERNEL: ScalarOp = ScalarOp::Tan;
    const DOMAIN: Domain = Domain::Real(-1.2, 1.2);

    /// 1 + y².
    fn derivative(&self, _: &Array, y: &Array) -> Result<Array> {
        add(&square(y)?, &one(y))
    }
}
