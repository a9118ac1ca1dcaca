//! `add`: the sum.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Operand::{Known, Linear};
use crate::primitives::unary::Accepts;
use crate::primitives::{Cotangent, Operand};
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the sum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Add;

/// Elementwise: the sum.
pub fn add(x: &Array, y: &Array) -> Result<Array> {
    bind1(Add, &[x, y])
}

impl Binary for Add {
    const NAME: &'static str = "add";
    const KERNEL: ScalarOp = ScalarOp::Add;
    const ACCEPTS: Accepts = Accepts::Any;

    /// d(x + y) = dx + dy.
    fn jvp(&self, [x, y]: [&Array; 2], [dx, dy]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        Ok((add(x, y)?, dx.clone().plus(dy.clone())?))
    }

    fn transpose(&self, ct: &Array, inputs: [&Operand; 2]) -> Result<[Cotangent; 2]> {
        match inputs {
            [Linear(_), Linear(_)] => Ok([Some(ct.clone()), Some(ct.clone())]),
            [Linear(_), Known(_)] => Ok([Some(ct.clone()), None]),
            [Known(_), Linear(_)] => Ok([None, Some(ct.clone())]),
            _ => Err(self.not_linear()),
        }
    }
}
