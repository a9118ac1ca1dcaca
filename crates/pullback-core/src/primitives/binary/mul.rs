//! `mul`: the product.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Operand::{Known, Linear};
use crate::primitives::unary::Accepts;
use crate::primitives::{Cotangent, Operand};
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the product.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mul;

/// Elementwise: the product.
pub fn mul(x: &Array, y: &Array) -> Result<Array> {
    bind1(Mul, &[x, y])
}

impl Binary for Mul {
    const NAME: &'static str = "mul";
    const KERNEL: ScalarOp = ScalarOp::Mul;
    const ACCEPTS: Accepts = Accepts::Any;

    /// d(xy) = dx y + x dy.
    fn jvp(&self, [x, y]: [&Array; 2], [dx, dy]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        let z = mul(x, y)?;
        Ok((z, dx.scaled_by(y)?.plus(dy.map(&dy.aval(), |dy| mul(x, dy))?)?))
    }

    fn transpose(&self, ct: &Array, inputs: [&Operand; 2]) -> Result<[Cotangent; 2]> {
        match inputs {
            [Linear(_), Known(y)] => Ok([Some(mul(ct, y)?), None]),
            [Known(x), Linear(_)] => Ok([None, Some(mul(x, ct)?)]),
            _ => Err(self.not_linear()),
        }
    }
}
