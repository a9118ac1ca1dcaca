//! `digamma`: the derivative of the logarithm of the gamma function.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::binary::polygamma::polygamma;
use crate::primitives::rules::one;
use crate::trace::bind1;

/// Elementwise: the derivative of the logarithm of the gamma function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Digamma;

/// Elementwise: the derivative of the logarithm of the gamma function.
pub fn digamma(x: &Array) -> Result<Array> {
    bind1(Digamma, &[x])
}

impl Unary for Digamma {
    const NAME: &'static str = "digamma";
    const KERNEL: ScalarOp = ScalarOp::Digamma;
    const DOMAIN: Domain = Domain::Real(0.4, 5.0);
    const ACCEPTS: Accepts = Accepts::Float;

    /// The trigamma function.
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        polygamma(&one(x), x)
    }
}
