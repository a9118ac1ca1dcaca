//! `add_any`: the sum of two cotangents.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Operand::{Known, Linear};
use crate::primitives::unary::Accepts;
use crate::primitives::{Cotangent, Operand};
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the sum of two cotangents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AddAny;

/// Elementwise: the sum of two cotangents.
pub fn add_any(x: &Array, y: &Array) -> Result<Array> {
    bind1(AddAny, &[x, y])
}

impl Binary for AddAny {
    const NAME: &'static str = "add_any";
    const KERNEL: ScalarOp = ScalarOp::Add;
    const ACCEPTS: Accepts = Accepts::Any;

    /// Linear.
    fn jvp(&self, [x, y]: [&Array; 2], [dx, dy]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        Ok((add_any(x, y)?, dx.clone().plus(dy.clone())?))
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
