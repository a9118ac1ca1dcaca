//! `log2`: the logarithm to base two.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{div, mul, number, one};
use crate::trace::bind1;

/// Elementwise: the logarithm to base two.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log2;

/// Elementwise: the logarithm to base two.
pub fn log2(x: &Array) -> Result<Array> {
    bind1(Log2, &[x])
}

impl Unary for Log2 {
    const NAME: &'static str = "log2";
    const KERNEL: ScalarOp = ScalarOp::Log2;
    const DOMAIN: Domain = Domain::Real(0.3, 4.0);

    /// 1 / (x ln 2).
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        div(&one(x), &mul(x, &number(std::f64::consts::LN_2, x))?)
    }
}
