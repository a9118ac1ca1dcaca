//! `sign`: the sign: -1, 0 or 1; for complex numbers x / |x|.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the sign: -1, 0 or 1; for complex numbers x / |x|.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sign;

/// Elementwise: the sign: -1, 0 or 1; for complex numbers x / |x|.
pub fn sign(x: &Array) -> Result<Array> {
    bind1(Sign, &[x])
}

impl Unary for Sign {
    const NAME: &'static str = "sign";
    const KERNEL: ScalarOp = ScalarOp::Sign;
    const DOMAIN: Domain = Domain::Real(0.3, 2.0);
    const ACCEPTS: Accepts = Accepts::Number;

    /// Flat wherever it is smooth.
    fn tangent(&self, _: &Array, _: &Array, y: &Array) -> Result<Tangent> {
        Ok(Tangent::zero(y))
    }
}
