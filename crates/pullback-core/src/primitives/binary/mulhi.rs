//! `mulhi`: the upper half of the full product.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::unary::Accepts;
use crate::trace::bind1;

/// Elementwise: the upper half of the full product.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mulhi;

/// Elementwise: the upper half of the full product.
pub fn mulhi(x: &Array, y: &Array) -> Result<Array> {
    bind1(Mulhi, &[x, y])
}

impl Binary for Mulhi {
    const NAME: &'static str = "mulhi";
    const KERNEL: ScalarOp = ScalarOp::MulHi;
    const ACCEPTS: Accepts = Accepts::Integer;
}
