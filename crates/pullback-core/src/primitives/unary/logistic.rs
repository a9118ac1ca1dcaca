//! `logistic`: the logistic function 1 / (1 + exp(-x)).

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::{mul, one, sub};
use crate::trace::bind1;

/// Elementwise: the logistic function 1 / (1 + exp(-x)).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Logistic;

/// Elementwise: the logistic function 1 / (1 + exp(-x)).
pub fn logistic(x: &Array) -> Result<Array> {
    bind1(Logistic, &[x])
}

impl Unary for Logistic {
    const NAME: &'static str = "logistic";
    const KERNEL: ScalarOp = ScalarOp::Logistic;

    /// y (1 - y).
    fn derivative(&self, _: &Array, y: &Array) -> Result<Array> {
        mul(y, &sub(&one(y), y)?)
    }
}
