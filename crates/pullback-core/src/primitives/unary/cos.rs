//! `cos`: the cosine, in radians.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::{mul, neg, sin};
use crate::trace::{Tangent, bind1};

/// Elementwise: the cosine, in radians.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cos;

/// Elementwise: the cosine, in radians.
pub fn cos(x: &Array) -> Result<Array> {
    bind1(Cos, &[x])
}

impl Unary for Cos {
    const NAME: &'static str = "cos";
    const KERNEL: ScalarOp = ScalarOp::Cos;

    /// -dx sin x.
    fn tangent(&self, x: &Array, dx: &Array, _: &Array) -> Result<Tangent> {
        Ok(Tangent::Value(neg(&mul(dx, &sin(x)?)?)?))
    }
}
