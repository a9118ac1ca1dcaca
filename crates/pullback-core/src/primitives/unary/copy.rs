//! `copy`: the same element.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::aval::Aval;
use crate::error::Result;
use crate::primitives::Cotangent;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the same element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Copy;

/// Elementwise: the same element.
pub fn copy(x: &Array) -> Result<Array> {
    bind1(Copy, &[x])
}

impl Unary for Copy {
    const NAME: &'static str = "copy";
    const KERNEL: ScalarOp = ScalarOp::Copy;
    const ACCEPTS: Accepts = Accepts::Opaque;

    /// Linear.
    fn tangent(&self, _: &Array, dx: &Array, _: &Array) -> Result<Tangent> {
        Ok(Tangent::Value(copy(dx)?))
    }

    fn transpose(&self, ct: &Array, _: &Aval) -> Result<Cotangent> {
        Ok(Some(ct.clone()))
    }
}
