//! `rsqrt`: the reciprocal of the square root.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{div, mul, number};
use crate::trace::bind1;

/// Elementwise: the reciprocal of the square root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rsqrt;

/// Elementwise: the reciprocal of the square root.
pub fn rsqrt(x: &Array) -> Result<Array> {
    bind1(Rsqrt, &[x])
}

impl Unary for Rsqrt {
    const NAME: &'static str = "rsqrt";
    const KERNEL: ScalarOp = ScalarOp::Rsqrt;
    const DOMAIN: Domain = Domain::Real(0.3, 4.0);

    /// -y / (2 x).
    fn derivative(&self, x: &Array, y: &Array) -> Result<Array> {
        mul(&number(-0.5, y), &div(y, x)?)
    }
}
