//! `floor`: the largest whole number not above.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the largest whole number not above.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Floor;

/// Elementwise: the largest whole number not above.
pub fn floor(x: &Array) -> Result<Array> {
    bind1(Floor, &[x])
}

impl Unary for Floor {
    const NAME: &'static str = "floor";
    const KERNEL: ScalarOp = ScalarOp::Floor;
    const DOMAIN: Domain = Domain::Real(0.1, 0.9);
    const ACCEPTS: Accepts = Accepts::Float;

    /// Flat wherever it is smooth.
    fn tangent(&self, _: &Array, _: &Array, y: &Array) -> Result<Tangent> {
        Ok(Tangent::zero(y))
    }
}
