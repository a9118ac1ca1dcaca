//! `log`: the natural logarithm.

use pullback_engine::tile::ScalarOp;

use super::Unary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{div, one};
use crate::trace::bind1;

/// Elementwise: the natural logarithm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log;

/// Elementwise: the natural logarithm.
pub fn log(x: &Array) -> Result<Array> {
    bind1(Log, &[x])
}

impl Unary for Log {
    const NAME: &'static str = "log";
    const KERNEL: ScalarOp = ScalarOp::Log;
    const DOMAIN: Domain = Domain::Real(0.3, 4.0);

    /// 1 / x.
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        div(&one(x), x)
    }
}
