//! `lgamma`: the logarithm of the absolute value of the gamma function.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::digamma;
use crate::trace::bind1;

/// Elementwise: the logarithm of the absolute value of the gamma function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lgamma;

/// Elementwise: the logarithm of the absolute value of the gamma function.
pub fn lgamma(x: &Array) -> Result<Array> {
    bind1(Lgamma, &[x])
}

impl Unary for Lgamma {
    const NAME: &'static str = "lgamma";
    const KERNEL: ScalarOp = ScalarOp::Lgamma;
    const DOMAIN: Domain = Domain::Real(0.4, 5.0);
    const ACCEPTS: Accepts = Accepts::Float;

    /// the digamma function.
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        digamma(x)
    }
}
