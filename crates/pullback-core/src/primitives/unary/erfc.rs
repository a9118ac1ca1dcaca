//! `erfc`: the complement of the error function.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::{exp, mul, neg, number, square};
use crate::trace::bind1;

/// Elementwise: the complement of the error function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Erfc;

/// Elementwise: the complement of the error function.
pub fn erfc(x: &Array) -> Result<Array> {
    bind1(Erfc, &[x])
}

impl Unary for Erfc {
    const NAME: &'static str = "erfc";
    const KERNEL: ScalarOp = ScalarOp::Erfc;
    const ACCEPTS: Accepts = Accepts::Float;

    /// -2/√π exp(-x²).
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        mul(&number(-std::f64::consts::FRAC_2_SQRT_PI, x), &exp(&neg(&square(x)?)?)?)
    }
}
