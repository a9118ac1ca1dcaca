//! `neg`: the negative.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::aval::Aval;
use crate::error::Result;
use crate::primitives::Cotangent;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the negative.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Neg;

/// Elementwise: the negative.
pub fn neg(x: &Array) -> Result<Array> {
    bind1(Neg, &[x])
}

impl Unary for Neg {
    const NAME: &'static str = "neg";
    const KERNEL: ScalarOp = ScalarOp::Neg;
    const ACCEPTS: Accepts = Accepts::Number;

    /// Linear.
    fn tangent(&self, _: &Array, dx: &Array, _: &Array) -> Result<Tangent> {
        Ok(Tangent::Value(neg(dx)?))
    }

    fn transpose(&self, ct: &Array, _: &Aval) -> Result<Cotangent> {
        Ok(Some(neg(ct)?))
    }
}
