//! `ceil`: the smallest whole number not below.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the smallest whole number not below.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ceil;

/// Elementwise: the smallest whole number not below.
pub fn ceil(x: &Array) -> Result<Array> {
    bind1(Ceil, &[x])
}

impl Unary for Ceil {
    const NAME: &'static str = "ceil";
    const KERNEL: ScalarOp = ScalarOp::Ceil;
    const DOMAIN: Domain = Domain::Real(0.1, 0.9);
    const ACCEPTS: Accepts = Accepts::Float;

    /// Flat wherever it is smooth.
    fn tangent(&self, _: &Array, _: &Array, y: &Array) -> Result<Tangent> {
        Ok(Tangent::zero(y))
    }
}
