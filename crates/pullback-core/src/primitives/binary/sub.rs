//! `sub`: the difference.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Operand::{Known, Linear};
use crate::primitives::rules::neg;
use crate::primitives::{Cotangent, Operand};
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the difference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sub;

/// Elementwise: the difference.
pub fn sub(x: &Array, y: &Array) -> Result<Array> {
    bind1(Sub, &[x, y])
}

impl Binary for Sub {
    const NAME: &'static str = "sub";
    const KERNEL: ScalarOp = ScalarOp::Sub;

    /// d(x - y) = dx - dy.
    fn jvp(&self, [x, y]: [&Array; 2], [dx, dy]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        Ok((sub(x, y)?, dx.clone().plus(dy.map(&dy.aval(), neg)?)?))
    }

    fn transpose(&self, ct: &Array, inputs: [&Operand; 2]) -> Result<[Cotangent; 2]> {
        match inputs {
            [Linear(_), Linear(_)] => Ok([Some(ct.clone()), Some(neg(ct)?)]),
            [Linear(_), Known(_)] => Ok([Some(ct.clone()), None]),
            [Known(_), Linear(_)] => Ok([None, Some(neg(ct)?)]),
            _ => Err(self.not_linear()),
        }
    }
}
