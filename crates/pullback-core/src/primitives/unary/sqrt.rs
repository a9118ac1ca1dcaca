//! `sqrt`: the square root.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{div, number};
use crate::trace::bind1;

/// Elementwise: the square root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sqrt;

/// Elementwise: the square root.
pub fn sqrt(x: &Array) -> Result<Array> {
    bind1(Sqrt, &[x])
}

impl Unary for Sqrt {
    const NAME: &'static str = "sqrt";
    const KERNEL: ScalarOp = ScalarOp::Sqrt;
    const DOMAIN: Domain = Domain::Real(0.3, 4.0);

    /// 1 / (2 y).
    fn derivative(&self, _: &Array, y: &Array) -> Result<Array> {
        div(&number(0.5, y), y)
    }
}
