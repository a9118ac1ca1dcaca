//! `div`: the quotient; of integers, rounded toward zero.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Operand::{Known, Linear};
use crate::primitives::rules::{mul, neg, one};
use crate::primitives::{Cotangent, Domain, Operand};
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the quotient; of integers, rounded toward zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Div;

/// Elementwise: the quotient; of integers, rounded toward zero.
pub fn div(x: &Array, y: &Array) -> Result<Array> {
    bind1(Div, &[x, y])
}

impl Binary for Div {
    const NAME: &'static str = "div";
    const KERNEL: ScalarOp = ScalarOp::Div;
    const DOMAINS: [Domain; 2] = [Domain::Real(-2.0, 2.0), Domain::Real(0.5, 2.0)];

    /// d(x/y) = (dx - dy x/y) / y.
    fn jvp(&self, [x, y]: [&Array; 2], [dx, dy]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        let z = div(x, y)?;
        let dz = dx.map(&dx.aval(), |dx| div(dx, y))?;
        let dz = dz.plus(dy.map(&dy.aval(), |dy| mul(&mul(&neg(dy)?, &z)?, &div(&one(y), y)?))?)?;
        Ok((z, dz))
    }

    fn transpose(&self, ct: &Array, inputs: [&Operand; 2]) -> Result<[Cotangent; 2]> {
        match inputs {
            [Linear(_), Known(y)] => Ok([Some(div(ct, y)?), None]),
            _ => Err(self.not_linear()),
        }
    }
}
