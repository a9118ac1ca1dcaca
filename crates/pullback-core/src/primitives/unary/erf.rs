//! `erf`: the error function.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::{exp, mul, neg, number, square};
use crate::trace::bind1;

/// Elementwise: the error function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Erf;

/// Elementwise: the error function.
pub fn erf(x: &Array) -> Result<Array> {
    bind1(Erf, &[x])
}

impl Unary for Erf {
    const NAME: &'static str = "erf";
    const KERNEL: ScalarOp = ScalarOp::Erf;
    const ACCEPTS: Accepts = Accepts::Float;

    /// 2/√π exp(-x²).
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        mul(&number(std::f64::consts::FRAC_2_SQRT_PI, x), &exp(&neg(&square(x)?)?)?)
    }
}
