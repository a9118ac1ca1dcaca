//! `exp2`: two to the power of the element.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::{mul, number};
use crate::trace::bind1;

/// Elementwise: two to the power of the element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exp2;

/// Elementwise: two to the power of the element.
pub fn exp2(x: &Array) -> Result<Array> {
    bind1(Exp2, &[x])
}

impl Unary for Exp2 {
    const NAME: &'static str = "exp2";
    const KERNEL: ScalarOp = ScalarOp::Exp2;

    /// y ln 2.
    fn derivative(&self, _: &Array, y: &Array) -> Result<Array> {
        mul(y, &number(std::f64::consts::LN_2, y))
    }
}
