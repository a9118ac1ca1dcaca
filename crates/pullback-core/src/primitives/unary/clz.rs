//! `clz`: the number of leading bits that are zero.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the number of leading bits that are zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Clz;

/// Elementwise: the number of leading bits that are zero.
pub fn clz(x: &Array) -> Result<Array> {
    bind1(Clz, &[x])
}

impl Unary for Clz {
    const NAME: &'static str = "clz";
    const KERNEL: ScalarOp = ScalarOp::Clz;
    const ACCEPTS: Accepts = Accepts::Integer;

    /// Flat wherever it is smooth.
    fn tangent(&self, _: &Array, _: &Array, y: &Array) -> Result<Tangent> {
        Ok(Tangent::zero(y))
    }
}
